"""Files as departments deliver them, put together in memory, and what the real import says to them.

Every person, village and company in here is made up (province 99 does not exist).
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from registers.catalogue import load_catalogue
from registers.importing import ImportRefused, import_file
from registers.lake import Lake
from registers.quality import QualityReport
from registers.values import credit_code_check, id_check_digit

DELIVERED = date(2024, 6, 30)
VILLAGE = "990101100201"
HEADERS = ("项目编码", "身份证号", "村代码", "所属月份", "发放日期", "发放金额", "银行账号")
Table = Sequence[Sequence[object]]
Counts = tuple[int, int, int, int, int]
"""rows in, accepted, unchanged, duplicates, quarantined"""


@dataclass(frozen=True)
class Delivery:
    """One file on one day."""

    name: str
    content: bytes
    on: date = DELIVERED
    backfill: bool = False


@dataclass(frozen=True)
class Case:
    """Deliveries in order; `sees` is part of what the last one shows, `counts` is None when it is refused whole."""

    what: str
    deliveries: tuple[Delivery, ...]
    counts: Counts | None
    sees: str = ""


@dataclass(frozen=True)
class Outcome:
    """What really happened."""

    sees: str
    report: QualityReport | None

    @property
    def counts(self) -> Counts | None:
        r = self.report
        return (r.rows_in, r.accepted, r.unchanged, r.duplicates, r.quarantined) if r else None

    @property
    def nothing_lost(self) -> bool:
        """Refused whole before anything was written, or every row is accounted for."""
        return self.report is None or self.report.balanced


def deliver(case: Case, home: Path) -> Outcome:
    """Import the files of a case into a home and say what its last delivery showed."""
    outcome = Outcome("", None)
    for delivery in case.deliveries:
        path = home / "inbox" / delivery.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(delivery.content)
        try:
            report = import_file(
                path,
                lake=Lake(home),
                catalogue=load_catalogue(),
                delivered_on=delivery.on,
                backfill=delivery.backfill,
            )
        except ImportRefused as refusal:
            outcome = Outcome(str(refusal), None)
        else:
            said = ["此前已导入，未作改动"] if report.already_imported else []
            outcome = Outcome("；".join([*said, *report.reasons, *report.notes]), report)
    return outcome


def person(number: int) -> str:
    """A valid ID number of nobody."""
    first17 = f"99010119800101{number:03d}"
    return first17 + id_check_digit(first17)


def company(number: int) -> str:
    """A valid credit code of no company."""
    first17 = f"91990101MA{number:07d}"
    return first17 + credit_code_check(first17)


def payment(number: int = 1, **changed: str) -> list[str]:
    """A row under `HEADERS`, with some cells changed."""
    row = {
        "项目编码": "DB",
        "身份证号": person(number),
        "村代码": VILLAGE,
        "所属月份": "2024-05",
        "发放日期": "2024-05-10",
        "发放金额": "500",
        "银行账号": f"62284804025648{number:05d}",
    }
    return list((row | changed).values())


def as_csv(rows: Table, *, encoding: str = "utf-8", delimiter: str = ",", ends: str = "\r\n") -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=ends).writerows(rows)
    return text.getvalue().encode(encoding)


def as_xlsx(*sheets: Table, cached: dict[str, str] | None = None) -> bytes:
    """A workbook; `cached` gives formulas the results that a spreadsheet program would have stored."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for number, rows in enumerate(sheets, start=1):
        sheet = book.create_sheet(f"表{number}")
        for row in rows:
            sheet.append(list(row))
    out = io.BytesIO()
    book.save(out)
    content = out.getvalue()
    for formula, result in (cached or {}).items():
        content = edited_xlsx(content, f"<f>{formula}</f><v />", f"<f>{formula}</f><v>{result}</v>")
    return content


def as_parquet(table: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue()


def file(name: str, content: bytes, *, on: date = DELIVERED, backfill: bool = False) -> tuple[Delivery, ...]:
    return (Delivery(name, content, on, backfill),)


def payments(*rows: Sequence[str], headers: Sequence[str] = HEADERS) -> tuple[Delivery, ...]:
    return file("subsidy_payment.csv", as_csv([headers, *rows]))


def large_file(rows: int) -> Case:
    """Many good rows and three bad ones: at the start, in the middle, at the end."""
    bad = {1, rows // 2, rows}
    body = "".join(
        f"DB{n // 600_000},{person(n % 1000)},{VILLAGE},"
        f"{1970 + n // 1000 % 600 // 12}-{n // 1000 % 12 + 1:02d},2024-05-10,"
        f"{'五百块' if n in bad else 500}\n"
        for n in range(1, rows + 1)
    )
    content = ("项目编码,身份证号,村代码,所属月份,发放日期,发放金额\n" + body).encode()
    return Case(
        f"{rows:,} 行的 CSV，其中 3 行的金额不是数",
        file("subsidy_payment.csv", content),
        (rows, rows - 3, 0, 0, 3),
        "发放金额：不是金额",
    )


def edited_xlsx(content: bytes, old: str, new: str) -> bytes:
    """A workbook with a text of its first sheet's XML replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            part = source.read(name)
            if name == "xl/worksheets/sheet1.xml":
                assert old.encode() in part, f"{old} is not in the sheet"
                part = part.replace(old.encode(), new.encode())
            target.writestr(name, part)
    return out.getvalue()
