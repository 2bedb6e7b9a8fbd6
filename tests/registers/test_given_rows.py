"""Engines over given rows share one DuckDB and see nothing of each other."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import duckdb
import pyarrow as pa
import pytest
from sqlglot import exp

from registers.catalogue import Catalogue, load_catalogue
from registers.engine import DuckDBEngine

EARLY, LATE = date(2025, 3, 31), date(2025, 6, 30)
NAMES = exp.select("person_key").from_("death").order_by("person_key")


def deaths(*people: str, on: date = EARLY) -> dict[str, list[dict[str, object]]]:
    return {"death": [{"person_key": key, "death_date": on} for key in people]}


def people(engine: DuckDBEngine) -> list[str]:
    return engine.query(NAMES)["person_key"].to_pylist()


def test_two_open_at_once_have_rows_and_kept_tables_of_their_own() -> None:
    with (
        DuckDBEngine.from_rows(deaths("a"), as_of=LATE) as one,
        DuckDBEngine.from_rows(deaths("b", "c"), as_of=LATE) as other,
    ):
        assert (people(one), people(other)) == (["a"], ["b", "c"])
        one.keep("kept", NAMES)
        one.keep_table("table", pa.table({"n": [1]}))
        for name in ("kept", "table"):
            with pytest.raises(duckdb.CatalogException):
                other.query(exp.select("*").from_(name))
        assert one.query(exp.select("*").from_("kept"))["person_key"].to_pylist() == ["a"]


def databases(engine: DuckDBEngine) -> int:
    return len(engine.query(exp.select("database_name").from_("duckdb_databases()")))


def test_closing_one_leaves_the_others_and_nothing_behind() -> None:
    with DuckDBEngine.from_rows(deaths("a"), as_of=LATE) as one:
        before = databases(one)
        with DuckDBEngine.from_rows(deaths("b"), as_of=LATE) as other:
            other.keep("kept", NAMES)
            assert databases(one) == before + 1
        assert (people(one), databases(one)) == (["a"], before)


def test_the_day_and_the_catalogue_decide_what_is_shown() -> None:
    """Texts of views are kept; each day, each catalogue, and a register without rows has its own."""
    rows = deaths("a", on=date(2025, 5, 1))
    without = Catalogue({name: register for name, register in load_catalogue().items() if name != "death"})
    for _ in range(2):
        for as_of, found in ((EARLY, []), (LATE, ["a"])):
            with DuckDBEngine.from_rows(rows, as_of=as_of) as engine:
                assert people(engine) == found
            with DuckDBEngine.from_rows({}, as_of=as_of) as engine:
                assert people(engine) == []
        with (
            DuckDBEngine.from_rows({}, as_of=LATE, catalogue=without) as engine,
            pytest.raises(duckdb.CatalogException),
        ):
            people(engine)


def test_threads_have_engines_of_their_own() -> None:
    def ask(number: int) -> list[str]:
        with DuckDBEngine.from_rows(deaths(f"p{number:02d}"), as_of=LATE) as engine:
            return people(engine)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(40))) == [[f"p{number:02d}"] for number in range(40)]
