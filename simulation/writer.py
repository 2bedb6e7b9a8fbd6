"""Sheets on disk: one file a register, the long ones one a year, in the encodings that departments send."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from operator import attrgetter
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TextIO

import numpy as np
from openpyxl import Workbook

from registers.catalogue import load_catalogue
from simulation.mess import Style, cells
from simulation.records import REGISTERS, Record, Rows
from simulation.timeline import Period

BY_YEAR: Final = {
    "ledger_entry": "posted_on",
    "subsidy_payment": "pay_date",
    "labour_day": "pay_date",
    "payroll": "pay_date",
    "bank_flow": "flow_on",
    "social_insurance": "paid_on",
}
"""Long registers come in one file a year, by the year in which a row was recorded."""
GB18030: Final = frozenset(
    {"kinship", "death", "contract", "lease", "payroll", "disability", "vehicle", "land_parcel"}
)
XLSX: Final = frozenset({"subsidy_programme"})
ZIP_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


@dataclass(slots=True)
class SheetFile:
    """A file being written; `handle` is None for a workbook, whose few rows wait in `waiting`."""

    register: str
    path: Path
    delivered_on: date
    handle: TextIO | None
    waiting: list[Sequence[str]]
    rows: int = 0


class SheetWriter:
    """Writes rows village by village; holds open files and no rows (but those of the small workbook)."""

    def __init__(self, folder: Path, *, period: Period, seed: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        catalogue = load_catalogue()
        self._folder = folder
        self._period = period
        self._styles = {
            name: Style.choose(catalogue[name], np.random.default_rng([seed, number]))
            for number, name in enumerate(REGISTERS)
        }
        self._files: dict[tuple[str, int | None], SheetFile] = {}
        self.mess: Counter[str] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._files.values():
            if file.handle is not None:
                file.handle.close()
            elif error is None:
                _write_workbook(file.path, file.waiting)

    @property
    def files(self) -> list[SheetFile]:
        """All files, those of one register in order of delivery."""
        return sorted(
            self._files.values(), key=lambda file: (REGISTERS.index(file.register), file.delivered_on)
        )

    def write(self, rows: Rows, *, rng: np.random.Generator) -> None:
        """Append the rows of a village (or of a county's shared part) to the files of their registers."""
        for register, records in rows.by_register():
            for year, part in _by_year(register, records).items():
                self._append(register, year, part, rng=rng)

    def _append(
        self, register: str, year: int | None, records: list[Record], *, rng: np.random.Generator
    ) -> None:
        file = self._files.get((register, year)) or self._open(register, year)
        columns = cells(self._styles[register], records, rng=rng, counts=self.mess)
        lines = list(zip(*columns, strict=True))
        file.rows += len(lines)
        if file.handle is None:
            file.waiting.extend(lines)
        else:
            csv.writer(file.handle).writerows(lines)

    def _open(self, register: str, year: int | None) -> SheetFile:
        headers = self._styles[register].headers
        stem = register if year is None else f"{register}_{year}"
        end = self._period.end
        delivered = end if year is None else min(end, date(year, 12, 31))
        if register in XLSX:
            file = SheetFile(register, self._folder / f"{stem}.xlsx", delivered, None, [headers])
        else:
            path = self._folder / f"{stem}.csv"
            encoding = "gb18030" if register in GB18030 else "utf-8-sig"
            handle = path.open("w", encoding=encoding, newline="")
            csv.writer(handle).writerow(headers)
            file = SheetFile(register, path, delivered, handle, [])
        self._files[register, year] = file
        return file


def _by_year(register: str, records: list[Record]) -> dict[int | None, list[Record]]:
    """The rows by year of recording for the long registers, else all under None; nothing for no rows."""
    if register not in BY_YEAR:
        return {None: records} if records else {}
    recorded = attrgetter(BY_YEAR[register])
    parts: dict[int | None, list[Record]] = {}
    for record in records:
        parts.setdefault(recorded(record).year, []).append(record)
    return parts


def _write_workbook(path: Path, lines: Sequence[Sequence[str]]) -> None:
    """An .xlsx whose bytes depend on its cells alone: openpyxl stamps the time of writing, so it is taken out."""
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet("Sheet1")
    for line in lines:
        sheet.append(list(line))
    buffer = io.BytesIO()
    workbook.save(buffer)
    with zipfile.ZipFile(buffer) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"1980-01-01T00:00:00Z", content)
            target.writestr(zipfile.ZipInfo(name, ZIP_EPOCH), content)
