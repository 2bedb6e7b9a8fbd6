"""A home of its own for each test, and the shortest way to deliver a file into it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import settings

from benchmarks.deliveries import as_csv
from registers.catalogue import Catalogue, load_catalogue
from registers.engine import DuckDBEngine
from registers.importing import import_file
from registers.lake import Lake
from registers.quality import QualityReport
from registers.query import bind, parse_query

settings.register_profile("no timing", deadline=None)
settings.load_profile("no timing")

Deliver = Callable[..., QualityReport]
Ask = Callable[..., list[dict[str, object]]]


@pytest.fixture
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def deliver(home: Path, tmp_path: Path, catalogue: Catalogue) -> Deliver:
    """deliver("division", rows, on=…): write the rows as CSV and import them."""

    def deliver_rows(
        register: str, rows: object, *, on: date = date(2024, 6, 30), name: str = "", **options: object
    ) -> QualityReport:
        path = tmp_path / (name or f"{register}.csv")
        path.write_bytes(rows if isinstance(rows, bytes) else as_csv(rows))
        return import_file(path, lake=Lake(home), catalogue=catalogue, delivered_on=on, **options)

    return deliver_rows


@pytest.fixture
def ask(home: Path) -> Ask:
    """ask("SELECT …", as_of=…): rows as they were known on a day."""

    def ask_engine(sql: str, *, as_of: date) -> list[dict[str, object]]:
        with DuckDBEngine(Lake(home), as_of=as_of) as engine:
            query = parse_query(sql, source="test", relations=engine.catalogue.keys())
            return engine.query(bind(query, {"as_of": as_of})).to_pylist()

    return ask_engine
