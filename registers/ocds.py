"""Open Contracting Data Standard (OCDS): releases as JSON lines, or a release package, read as tables of registers.

One line is a release or a compiled release; `read_ocds` shows the file as the table of one register, so that import,
quarantine, provenance and versions are those of every other file. The number of a row is that of its line times
10,000 plus its place in the line. Nothing is made up: what a release does not say stays empty, and a row without a
required value is set aside, unless the importer is given the value for the whole file.

Sources: OCDS 1.1 release schema, bid statistics and details extension 1.1, lots extension 1.1.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final

import pyarrow as pa

from registers.processes import (
    Note,
    Process,
    Row,
    award_item_rows,
    bid_rows,
    contract_rows,
    processes,
    tender_rows,
)
from registers.tables import ReadError, RejectedRow, TableFile, TextBatch

ROWS_PER_BATCH = 20_000
PLACES_IN_LINE = 10_000
LONGEST_LINE = 16 << 20  # characters; a longer first line is a package in one line
CHUNK = 1 << 20
NO_RELEASES = "不是开放合同数据：找不到 releases 或 records，也不是每行一个 JSON"
CUT_OFF = "开放合同数据不完整或有一段读不出来，请重新导出"
_ARRAY = re.compile(r'"(?:releases|records)"\s*:\s*\[')

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "tender": (
        "tender_id", "buyer_id", "agency_id", "title", "category", "item_class", "method", "method_details", "criterion",
        "estimate_fen", "published_on", "deadline_on", "status", "awarded_on", "award_fen", "bidders", "notice_days",
        "awards", "winners", "award_status", "currency",
    ),
    "bid": (
        "tender_id", "bid_no", "bidder_id", "submitted_on", "amount_fen", "status", "decided_on", "won", "members",
        "minutes_late",
    ),
    "award_item": ("tender_id", "award_no", "supplier_id", "item_class", "awarded_on", "suppliers"),
    "contract": (
        "contract_id", "kind", "title", "counterparty_id", "amount_fen", "signed_on", "start_on", "end_on", "method",
    ),
}  # fmt: skip
"""The columns of each register that releases fill, in the order in which the registers are imported."""

_ROWS: Final[Mapping[str, Callable[[Process], Iterator[Row | Note]]]] = {
    "tender": tender_rows,
    "bid": bid_rows,
    "award_item": award_item_rows,
    "contract": contract_rows,
}


def is_ocds(path: Path) -> bool:
    """Whether a file begins like a JSON object."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")


def read_ocds(path: Path, register: str) -> TableFile:
    """The rows of one register in a file of releases, batch by batch; memory does not grow with the file.

    Unreadable lines are rejected once, with the register `tender`. Amounts are in units of which a hundred make the
    register's smallest (yuan for CNY), as in every other table.

    Raises:
        ReadError: the register has no rows in releases, or (while reading) a package that is cut off.
    """
    if register not in COLUMNS:
        raise ReadError("开放合同数据（JSON）只能导入招标项目、投标、中标品目和合同")
    table = TableFile(list(COLUMNS[register]), iter(()))
    table.batches = _batches(path, register, table)
    return table


def registers_in(path: Path) -> list[str]:
    """The registers of which a file has rows; the tender register always, so that bad lines are reported."""
    found = {"tender"}
    for _, content in _numbered(path):
        if isinstance(content, dict):
            found |= {name for name in COLUMNS if name not in found and _has_rows(name, content)}
        if len(found) == len(COLUMNS):
            break
    return [name for name in COLUMNS if name in found]


def _has_rows(register: str, release: dict[str, Any]) -> bool:
    return any(isinstance(row, dict) for process in processes(release) for row in _ROWS[register](process))


def _batches(path: Path, register: str, table: TableFile) -> Iterator[TextBatch]:
    notes: Counter[str] = Counter()
    numbered = _rows(path, register, table, notes)
    while rows := list(islice(numbered, ROWS_PER_BATCH)):
        columns = [
            pa.array([row.get(name, "") for _, row in rows], pa.string()) for name in COLUMNS[register]
        ]
        yield TextBatch(columns, pa.array([number for number, _ in rows], pa.int64()))
    table.notes.append(f"行号 = 文件行号 × {PLACES_IN_LINE} + 行内序号")
    table.notes += [f"{note}（{count} 处）" for note, count in sorted(notes.items())]


def _rows(path: Path, register: str, table: TableFile, notes: Counter[str]) -> Iterator[tuple[int, Row]]:
    for line, content in _numbered(path):
        if isinstance(content, str):
            if register == "tender":
                table.rejected.append(RejectedRow(line * PLACES_IN_LINE, content, ()))
            continue
        place = 0
        for process in processes(content):
            for row in _ROWS[register](process):
                if isinstance(row, Note):
                    notes[row.text] += 1
                    continue
                if place == PLACES_IN_LINE:
                    raise ReadError(f"第 {line} 行的记录超过 {PLACES_IN_LINE} 条，请按招标项目分行")
                yield line * PLACES_IN_LINE + place, row
                place += 1


def _numbered(path: Path) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """Each release with the number of its line (in a package: its place), or why a line cannot be used."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        if _is_lines(file):
            for number, line in enumerate(file, start=1):
                if line.strip():
                    for release in _of_line(line):
                        yield number, release
        else:
            for number, document in enumerate(_package(file), start=1):
                yield number, _checked(document)


def _is_lines(file: IO[str]) -> bool:
    """Whether the first line that is not blank ends like an object; the file is rewound."""
    line = "\n"
    while line and not line.strip():
        line = file.readline(LONGEST_LINE)
    file.seek(0)
    if len(line) == LONGEST_LINE:
        return False
    return line.rstrip().endswith("}")  # also when it is broken; the first line of a printed package never is


def _of_line(line: str) -> Iterator[dict[str, Any] | str]:
    try:
        content = json.loads(line, parse_float=Decimal)
    except ValueError:
        yield "这一行不是完整的 JSON"
        return
    inner = [content.get(name) for name in ("releases", "records")] if isinstance(content, dict) else []
    documents = next((part for part in inner if isinstance(part, list)), [content])
    for document in documents:
        yield _checked(document)


def _checked(document: object) -> dict[str, Any] | str:
    """A release, or that of a record; or why there is none."""
    if isinstance(document, dict) and isinstance(document.get("compiledRelease"), dict):
        document = document["compiledRelease"]
    if (
        not isinstance(document, dict)
        or not isinstance(document.get("ocid"), str)
        or not document["ocid"].strip()
    ):
        return "没有招标过程编号（ocid）"
    return document


def _package(file: IO[str]) -> Iterator[object]:
    """The documents of the `releases` or `records` of a package, one at a time."""
    decoder = json.JSONDecoder(parse_float=Decimal)
    buffer = ""
    while not (start := _ARRAY.search(buffer)):
        chunk = file.read(CHUNK)
        if not chunk or len(buffer) > LONGEST_LINE:
            raise ReadError(NO_RELEASES)
        buffer += chunk
    buffer = buffer[start.end() :]
    while not (buffer := buffer.lstrip(" \t\r\n,")).startswith("]"):
        try:
            document, end = decoder.raw_decode(buffer)
        except ValueError as error:
            chunk = file.read(CHUNK)
            if not chunk or len(buffer) > 4 * LONGEST_LINE:
                raise ReadError(CUT_OFF) from error
            buffer += chunk
            continue
        yield document
        buffer = buffer[end:]
