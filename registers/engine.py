"""Engines: what supervision and features ask of one, and the embedded one, DuckDB over the lake.

Every engine shows each register exactly as it was known on one day (`registers.as_known`). `registers.spark` is
the second one, for a cluster.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from itertools import count
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Protocol, Self

import duckdb
import pyarrow as pa
from sqlglot import exp

from registers.as_known import (
    RegisterViews,
    given_rows,
    given_stock,
    plain_types,
    take_stock,
    typed_columns,
)
from registers.catalogue import Catalogue, Register, load_catalogue
from registers.lake import Lake
from registers.query import DIALECT, to_sql

BOUNDED_MEMORY = "4GB"
KEPT_BYTES = 32_000_000
"""Files of a register up to this size (some million rows) are read into memory."""


class Engine(Protocol):
    """What supervision and features ask of an engine."""

    catalogue: Catalogue
    as_of: date

    @property
    def registers(self) -> frozenset[str]:
        """Registers that hold data; the others are views without rows."""
        ...

    @property
    def delivered(self) -> Mapping[str, date]:
        """The day on which each register was last delivered, not after `as_of`."""
        ...

    @property
    def state(self) -> str:
        """A hash of what the engine reads: equal states give equal results."""
        ...

    @property
    def simulated(self) -> bool:
        """Whether anything it reads is simulated."""
        ...

    @property
    def sources(self) -> Mapping[str, str]:
        """The source file of each batch."""
        ...

    @property
    def batches(self) -> Mapping[str, Sequence[str]]:
        """The ids of the batches that it reads, by register."""
        ...

    def query(self, select: exp.Query) -> pa.Table:
        """Run a bound query and return all of its rows."""
        ...

    def keep(self, name: str, select: exp.Query) -> None:
        """Compute a query once and make its rows readable under a name."""
        ...

    def keep_table(self, name: str, table: pa.Table) -> None:
        """Make an Arrow table readable under a name."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class _GivenRows:
    """Small databases in memory, all in one DuckDB that is started once: starting one costs more than asking it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._numbers = count()
        self._root: duckdb.DuckDBPyConnection | None = None
        self.views: dict[tuple[str, str, bool, date], str] = {}
        """Texts of views by catalogue, register, whether it holds rows, and day: they are the same in each database."""

    def open(self) -> tuple[str, duckdb.DuckDBPyConnection]:
        """A new, empty database: its name, and a connection that sees it alone."""
        with self._lock:
            if self._root is None:
                self._root = connect(threads=1)
            name = f"given_{next(self._numbers)}"
            connection = self._root.cursor()
        connection.execute("SET enable_progress_bar = false")
        connection.execute(f"ATTACH ':memory:' AS {name}")
        connection.execute(f"USE {name}")
        return name, connection

    def close(self, name: str, connection: duckdb.DuckDBPyConnection) -> None:
        connection.close()
        with self._lock:
            if self._root is not None:
                self._root.execute(f"DETACH DATABASE IF EXISTS {name}")


_GIVEN_ROWS = _GivenRows()


class DuckDBEngine(RegisterViews):
    """One connection to one lake, as of one day. Use as a context manager."""

    def __init__(
        self,
        lake: Lake,
        *,
        as_of: date,
        catalogue: Catalogue | None = None,
        threads: int | None = None,
        batches: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        """Open the lake as of a day; `batches` (ids by register) shows it as it was before later ones came."""
        known = catalogue or load_catalogue()
        stock = take_stock(lake, catalogue=known, as_of=as_of, only=batches)
        super().__init__(stock, catalogue=known, as_of=as_of)
        self._given = ""
        self._connection = connect(spill=lake.home / "spill", threads=threads)

    @classmethod
    def from_rows(
        cls,
        rows: Mapping[str, Sequence[Mapping[str, object]]],
        *,
        as_of: date,
        catalogue: Catalogue | None = None,
    ) -> Self:
        """An engine over a few given rows: for the cases of a model and for pre-checks.

        A row may leave columns out (NULL). Without `known_from` it was known on the day of its event; without
        `row_id` it is named by its place. A register with an empty list is there and holds nothing; one that is
        not named is missing.
        """
        engine = cls.__new__(cls)
        stock = given_stock(rows.keys(), as_of=as_of)
        RegisterViews.__init__(engine, stock, catalogue=catalogue or load_catalogue(), as_of=as_of)
        engine._given, engine._connection = _GIVEN_ROWS.open()
        for register_id, given in rows.items():
            table = given_rows(engine.catalogue[register_id], given)
            engine._connection.register(f"given_{register_id}", table)
        return engine

    def query(self, select: exp.Query) -> pa.Table:
        self._show(select)
        return plain_types(self._connection.sql(to_sql(select)).to_arrow_table())

    def keep(self, name: str, select: exp.Query) -> None:
        self._show(select)
        self._connection.sql(
            to_sql(exp.Create(this=exp.to_table(name), kind="TABLE", replace=True, expression=select))
        )

    def keep_table(self, name: str, table: pa.Table) -> None:
        self._connection.register(name, table)

    def close(self) -> None:
        if self._given:
            _GIVEN_ROWS.close(self._given, self._connection)
        else:
            self._connection.close()

    def _show_register(self, register: Register) -> None:
        if not self._given:
            super()._show_register(register)
            return
        key = (self.catalogue.content_hash, register.id, register.id in self.registers, self.as_of)
        if key not in _GIVEN_ROWS.views:
            view = exp.Create(
                this=exp.to_table(register.id), kind="VIEW", expression=self._as_known(register)
            )
            _GIVEN_ROWS.views[key] = to_sql(view)
        self._connection.sql(_GIVEN_ROWS.views[key])

    def _show_view(self, name: str, select: exp.Select) -> None:
        kind = "TABLE" if self._fits_in_memory(name) else "VIEW"
        self._connection.sql(to_sql(exp.Create(this=exp.to_table(name), kind=kind, expression=select)))

    def _fits_in_memory(self, register_id: str) -> bool:
        """A small register is read from its files once, not again for every query that names it."""
        files = self._stock.files.get(register_id)
        return files is not None and sum(Path(file).stat().st_size for file in files) <= KEPT_BYTES

    def _source(self, register: Register) -> exp.Select:
        if register.id not in self._stock.files:
            return exp.select(*typed_columns(register)).from_(f"given_{register.id}")
        files = list(self._stock.files[register.id])
        present = set(self._connection.read_parquet(files, union_by_name=True).columns)
        return exp.select(*typed_columns(register, present=present)).from_(read_parquet(files))

    def _closures(self, register: Register) -> exp.Table:
        return read_parquet(self._stock.closed[register.id])


def connect(*, spill: Path | None = None, threads: int | None = None) -> duckdb.DuckDBPyConnection:
    """A private in-memory DuckDB that reaches no network, keeps row order out of results, and spills to `spill`."""
    settings: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "preserve_insertion_order": False,
        "memory_limit": BOUNDED_MEMORY,
    }
    if spill is not None:
        spill.mkdir(parents=True, exist_ok=True)
        settings["temp_directory"] = str(spill)
    if threads is not None:
        settings["threads"] = threads
    connection = duckdb.connect(config=settings)
    connection.execute("SET enable_progress_bar = false")
    return connection


def read_parquet(files: Iterable[str]) -> exp.Table:
    """`read_parquet([…], union_by_name = TRUE)` as a relation: files of older catalogues may lack columns."""
    paths = exp.Array(expressions=[exp.Literal.string(file) for file in files])
    by_name = exp.EQ(this=exp.column("union_by_name"), expression=exp.true())
    return exp.Table(this=exp.func("read_parquet", paths, by_name, dialect=DIALECT))
