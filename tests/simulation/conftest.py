"""Simulated counties that the tests of this folder share, and a reader of their sheets."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import openpyxl
import pytest

from registers.catalogue import PARSERS, Register, load_catalogue
from registers.values import BadValue, parse_amount_fen
from simulation import SimulationSummary, schemes, simulate

Row = dict[str, object]


@dataclass(frozen=True, eq=False)
class County:
    """A county on disk. Registers are read back by the catalogue; rows that hold an unreadable cell are left out."""

    folder: Path
    summary: SimulationSummary

    def manifest(self) -> dict:
        return json.loads((self.folder / "manifest.json").read_text(encoding="utf-8"))

    @cache  # noqa: B019  the county lives as long as the session
    def rows(self, name: str) -> list[Row]:
        register = load_catalogue()[name]
        found = (read_row(register, texts) for texts in self.texts(name))
        return [row for row in found if row is not None]

    @cache  # noqa: B019
    def by_key(self, name: str) -> dict[tuple[str, ...], Row]:
        register = load_catalogue()[name]
        key = [column for column in register.key if register[column].derived_from is None]
        return {tuple(str(row[column]) for column in key): row for row in self.rows(name)}

    @cache  # noqa: B019
    def texts(self, name: str) -> list[dict[str, str]]:
        """The rows as the sheets write them, by the catalogue's column names."""
        return [
            row
            for entry in self.manifest()["files"]
            if entry["register"] == name
            for row in read_sheet(self.folder / entry["file"], name)
        ]

    def table(self, name: str) -> list[dict[str, str]]:
        with (self.folder / name).open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    def truths(self, kind: str, scheme: str | None = None) -> list[dict]:
        return [
            row | {"detail": json.loads(row["detail"])}
            for row in self.table("truth.csv")
            if row["kind"] == kind and scheme in (None, row["scheme"])
        ]

    def records(self, truth: dict, name: str) -> list[Row]:
        """The rows of one register that a truth row names, as far as they are readable."""
        keys = [tuple(key) for register, key in truth["detail"]["records"] if register == name]
        return [self.by_key(name)[key] for key in keys if key in self.by_key(name)]


def read_row(register: Register, texts: dict[str, str]) -> Row | None:
    row: Row = {}
    for column in register.file_columns:
        text = texts[column.name]
        if not text and column.required:
            return None
        try:
            row[column.name] = read_cell(register.id, column.name, text) if text else None
        except BadValue:
            return None
    return row


@cache
def read_cell(register: str, name: str, text: str) -> object:
    column = load_catalogue()[register][name]
    if column.type == "amount":
        return parse_amount_fen(text)
    if column.type == "enum":
        return column.enum_value(text)
    return PARSERS["text" if column.type == "party" else column.type](text)


def read_sheet(path: Path, register: str) -> list[dict[str, str]]:
    if path.suffix == ".xlsx":
        rows = openpyxl.load_workbook(path).active.iter_rows(values_only=True)
        lines = [[cell or "" for cell in row] for row in rows]
    else:
        content = path.read_bytes()
        encoding = "utf-8-sig" if content.startswith(b"\xef\xbb\xbf") else "gb18030"
        lines = list(csv.reader(content.decode(encoding).splitlines()))
    positions = load_catalogue()[register].find_columns(list(lines[0]))
    return [{name: line[place] for name, place in positions.items()} for line in lines[1:]]


def write_county(folder: Path, **changes: object) -> County:
    arguments = {
        "villages": 60,
        "seed": 4,
        "start": date(2023, 1, 1),
        "end": date(2024, 9, 30),
        "wrongdoing_rate": 0.95,
        "inbox": 150,
    }
    return County(folder, simulate(folder, **(arguments | changes)))


@pytest.fixture(scope="session")
def write():
    """`write_county`, for tests that want a county of their own."""
    return write_county


@pytest.fixture(scope="session")
def county(tmp_path_factory: pytest.TempPathFactory) -> County:
    """60 villages, nearly all with much wrongdoing: enough for every scheme and coincidence to occur."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schemes, "FEWEST_SCHEMES", 7)
        patch.setattr(schemes, "MOST_SCHEMES", 10)
        return write_county(tmp_path_factory.mktemp("county"))


@pytest.fixture(scope="session")
def clean_county(tmp_path_factory: pytest.TempPathFactory) -> County:
    """30 villages without wrongdoing."""
    return write_county(tmp_path_factory.mktemp("clean"), villages=30, wrongdoing_rate=0.0)
