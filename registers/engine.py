"""The embedded engine: DuckDB over the lake, showing each register exactly as it was known on one day.

A row is visible when it was known by `as_of`, was not yet replaced by then, and its event is not later. A date
that lies after `as_of` (a completion, a cancellation) has not happened yet and reads as NULL, unless the
catalogue says that the column may lie ahead (the end of a lease).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import duckdb
import pyarrow as pa
from sqlglot import exp

from registers.catalogue import Catalogue, Column, Register, load_catalogue
from registers.lake import META_COLUMNS, Batch, Lake
from registers.query import DIALECT, literal, to_sql

BOUNDED_MEMORY = "4GB"


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

    def query(self, select: exp.Query) -> pa.Table:
        """Run a bound query and return all of its rows."""
        ...

    def keep(self, name: str, select: exp.Query) -> None:
        """Compute a query once and make its rows readable under a name."""
        ...

    def keep_table(self, name: str, table: pa.Table) -> None:
        """Make an Arrow table readable under a name."""
        ...


class DuckDBEngine:
    """One connection to one lake, as of one day. Use as a context manager."""

    def __init__(
        self,
        lake: Lake,
        *,
        as_of: date,
        catalogue: Catalogue | None = None,
        threads: int | None = None,
    ) -> None:
        self.catalogue = catalogue or load_catalogue()
        self.as_of = as_of
        self._take_stock(lake)
        while lake.state() != self.state:  # an import was committed meanwhile
            self._take_stock(lake)
        self._connection = connect(spill=lake.home / "spill", threads=threads)
        self._shown: set[str] = set()

    def _take_stock(self, lake: Lake) -> None:
        """What the lake holds now; everything that the engine says refers to this state."""
        self.state = lake.state()
        self.simulated = lake.simulated()
        self.registers = lake.registers() & self.catalogue.keys()
        batches = {name: lake.batches(name) for name in self.registers}
        self.sources = {batch.batch_id: batch.source_file for found in batches.values() for batch in found}
        self.delivered = {name: day for name in batches if (day := _delivered(batches[name], self.as_of))}
        self._files: dict[str, list[str]] | None = {name: lake.files(name) for name in self.registers}
        self._closed = {name: lake.closures(name) for name in self.registers}

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
        engine.catalogue = catalogue or load_catalogue()
        engine.as_of = as_of
        engine.registers = frozenset(rows)
        engine.sources = {}
        engine.delivered = dict.fromkeys(rows, as_of)
        engine.state = "given"
        engine.simulated = False
        engine._connection = connect()
        engine._files = None
        engine._closed = {}
        engine._shown = set()
        for register_id, given in rows.items():
            engine._connection.register(
                f"given_{register_id}", _given_rows(engine.catalogue[register_id], given)
            )
        return engine

    def query(self, select: exp.Query) -> pa.Table:
        self._show(select)
        return _plain_integers(self._connection.sql(to_sql(select)).to_arrow_table())

    def keep(self, name: str, select: exp.Query) -> None:
        self._show(select)
        self._connection.sql(
            to_sql(exp.Create(this=exp.to_table(name), kind="TABLE", replace=True, expression=select))
        )

    def keep_table(self, name: str, table: pa.Table) -> None:
        self._connection.register(name, table)

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _show(self, select: exp.Query) -> None:
        """Create the views of the registers that a query reads, the first time that one reads them."""
        named = {table.name for table in select.find_all(exp.Table)} & self.catalogue.keys()
        for register_id in sorted(named - self._shown):
            register = self.catalogue[register_id]
            closed = self._closed.get(register_id, ())
            view = _as_known(register, self._source(register), closed=closed, as_of=self.as_of)
            self._connection.sql(
                to_sql(exp.Create(this=exp.to_table(register_id), kind="VIEW", expression=view))
            )
            self._shown.add(register_id)

    def _source(self, register: Register) -> exp.Select:
        if register.id not in self.registers:
            return _no_rows(register)
        if self._files is None:
            return exp.select(*_typed_columns(register)).from_(f"given_{register.id}")
        files = self._files[register.id]
        present = set(self._connection.read_parquet(files, union_by_name=True).columns)
        return exp.select(*_typed_columns(register, present=present)).from_(read_parquet(files))


def _plain_integers(table: pa.Table) -> pa.Table:
    """Sums of integers are 128 bits wide in DuckDB and decimals in Arrow; every engine gives 64-bit integers here."""
    fields = [
        pa.field(f.name, pa.int64()) if pa.types.is_decimal(f.type) and f.type.scale == 0 else f
        for f in table.schema
    ]
    return table.cast(pa.schema(fields))


def _delivered(batches: Iterable[Batch], as_of: date) -> date | None:
    """The latest delivery by `as_of`; history that was loaded later covers the days before it."""
    days = [
        min(day, as_of) for b in batches if (day := date.fromisoformat(b.delivered_on)) <= as_of or b.backfill
    ]
    return max(days, default=None)


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


def _typed_columns(register: Register, *, present: set[str] | None = None) -> list[exp.Expr]:
    return [
        exp.alias_(
            exp.cast(exp.column(name) if present is None or name in present else exp.null(), kind), name
        )
        for name, kind in _sql_types(register).items()
    ]


def _no_rows(register: Register) -> exp.Select:
    nothing = (exp.alias_(exp.cast(exp.null(), kind), name) for name, kind in _sql_types(register).items())
    return exp.select(*nothing).where(exp.false())


def _as_known(register: Register, source: exp.Select, *, closed: Sequence[str], as_of: date) -> exp.Select:
    day = literal(as_of)
    rows = exp.select(*(_as_of_column(column, day) for column in register.lake_columns), *META_COLUMNS)
    rows = rows.from_(source.subquery("r"))
    rows = rows.where(exp.column("known_from", "r") <= day)
    event = exp.column(register.event_date, "r")
    rows = rows.where(exp.or_(event.is_(exp.null()), event <= day))
    if closed:
        same_row = exp.EQ(this=exp.column("row_id", "c"), expression=exp.column("row_id", "r"))
        closures = exp.alias_(read_parquet(closed), "c", table=True)
        replaced = exp.select("1").from_(closures).where(same_row, exp.column("known_to", "c") <= day)
        rows = rows.where(exp.Not(this=exp.Exists(this=replaced)))
    return rows


def _as_of_column(column: Column, day: exp.Expr) -> exp.Expr:
    value: exp.Expr = exp.column(column.name, "r")
    if column.sql_type == "DATE" and not column.future:
        happened = exp.column(column.name, "r") <= day
        return exp.alias_(exp.Case().when(happened, value), column.name)
    if column.known_with:
        happened = exp.column(column.known_with, "r") <= day
        before = literal(column.otherwise) if column.otherwise is not None else exp.null()
        unknown = exp.column(column.known_with, "r").is_(exp.null())
        return exp.alias_(exp.Case().when(exp.or_(happened, unknown), value).else_(before), column.name)
    return value


def _given_rows(register: Register, rows: Sequence[Mapping[str, object]]) -> pa.Table:
    names = [column.name for column in register.lake_columns]
    unknown = sorted({key for row in rows for key in row} - set(names) - set(META_COLUMNS))
    if unknown:
        raise KeyError(f"{register.id} has no column {', '.join(unknown)}")
    full = []
    for number, row in enumerate(rows, start=1):
        event = row.get(register.event_date)
        meta = {"row_id": f"{register.id}:{number:016x}", "batch_id": "given", "source_row": number}
        known = event if isinstance(event, date) else date.min + timedelta(days=1)
        full.append(dict.fromkeys(names) | meta | {"known_from": known} | dict(row))
    schema = pa.schema([(name, _arrow_type(kind)) for name, kind in _sql_types(register).items()])
    return pa.Table.from_pylist(full, schema=schema)


def _sql_types(register: Register) -> dict[str, str]:
    return {column.name: column.sql_type for column in register.lake_columns} | META_COLUMNS


def _arrow_type(sql_type: str) -> pa.DataType:
    types = {"BOOLEAN": pa.bool_(), "BIGINT": pa.int64(), "DOUBLE": pa.float64(), "DATE": pa.date32()}
    return types.get(sql_type, pa.string())
