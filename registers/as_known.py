"""What every engine shares: what a lake holds, and each register as a query that shows it as known on one day.

A row is visible when it was known by `as_of`, was not yet replaced by then, and its event is not later. A date
that lies after `as_of` (a completion, a cancellation) has not happened yet and reads as NULL, unless the
catalogue says that the column may lie ahead (the end of a lease). The queries are trees in one dialect; an engine
only says where the rows lie and writes the tree down in its own words.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from types import TracebackType
from typing import Self

import pyarrow as pa
from sqlglot import exp

from registers.catalogue import Catalogue, Column, Register
from registers.lake import META_COLUMNS, Batch, Lake
from registers.query import literal


@dataclass(frozen=True)
class Stock:
    """What a lake held at one moment; everything that an engine says refers to it.

    Attributes:
        state: a hash of what the engine reads: equal states give equal results.
        simulated: whether anything in it is simulated.
        registers: the registers that hold data.
        delivered: the day on which each was last delivered, not after `as_of`.
        sources: the source file of each batch.
        files: paths of the row files by register.
        closed: paths of the closure files by register.
        batches: ids of the batches by register.
    """

    state: str
    simulated: bool
    registers: frozenset[str]
    delivered: Mapping[str, date]
    sources: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Sequence[str]] = field(default_factory=dict)
    closed: Mapping[str, Sequence[str]] = field(default_factory=dict)
    batches: Mapping[str, Sequence[str]] = field(default_factory=dict)


def take_stock(
    lake: Lake, *, catalogue: Catalogue, as_of: date, only: Mapping[str, Collection[str]] | None = None
) -> Stock:
    """What the lake holds now, read again for as long as imports are committed meanwhile.

    `only` names the batches by register that an earlier moment saw; later ones are then left out.
    """
    while True:
        state = lake.state()
        registers = lake.registers() & catalogue.keys()
        batches = {
            name: [b for b in lake.batches(name) if only is None or b.batch_id in only.get(name, ())]
            for name in registers
        }
        batches = {name: found for name, found in batches.items() if any(batch.files for batch in found)}
        stock = Stock(
            state=state,
            simulated=lake.simulated(),
            registers=frozenset(batches),
            delivered={name: day for name in batches if (day := _delivered(batches[name], as_of))},
            sources={batch.batch_id: batch.source_file for found in batches.values() for batch in found},
            files={name: lake.files_of(found) for name, found in batches.items()},
            closed={name: lake.closures_of(found) for name, found in batches.items()},
            batches={name: [batch.batch_id for batch in found] for name, found in batches.items()},
        )
        if lake.state() == state:
            return stock


def given_stock(registers: Collection[str], *, as_of: date) -> Stock:
    """The stock of an engine over given rows."""
    return Stock(
        state="given",
        simulated=False,
        registers=frozenset(registers),
        delivered=dict.fromkeys(registers, as_of),
    )


class RegisterViews(ABC):
    """An engine's registers, each shown as a view from the first query on that reads it."""

    def __init__(self, stock: Stock, *, catalogue: Catalogue, as_of: date) -> None:
        self.catalogue = catalogue
        self.as_of = as_of
        self.state = stock.state
        self.simulated = stock.simulated
        self.registers = stock.registers
        self.delivered = stock.delivered
        self.sources = stock.sources
        self.batches = stock.batches
        self._stock = stock
        self._shown: set[str] = set()

    @abstractmethod
    def close(self) -> None:
        """Give back what the engine holds."""

    @abstractmethod
    def _show_view(self, name: str, select: exp.Select) -> None:
        """Make a query readable under a name."""

    @abstractmethod
    def _source(self, register: Register) -> exp.Select:
        """The stored or given rows of a register that holds data, with the types of the catalogue."""

    @abstractmethod
    def _closures(self, register: Register) -> exp.Table:
        """The closures of a register that has some, as a relation of `row_id` and `known_to`."""

    def _show(self, select: exp.Query) -> None:
        """Show the registers that a query reads."""
        named = {table.name for table in select.find_all(exp.Table)} & self.catalogue.keys()
        for register_id in sorted(named - self._shown):
            self._show_register(self.catalogue[register_id])
            self._shown.add(register_id)

    def _show_register(self, register: Register) -> None:
        self._show_view(register.id, self._as_known(register))

    def _as_known(self, register: Register) -> exp.Select:
        source = self._source(register) if register.id in self.registers else _no_rows(register)
        closures = self._closures(register) if self._stock.closed.get(register.id) else None
        return _as_known(register, source, closures=closures, as_of=self.as_of)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def plain_types(table: pa.Table) -> pa.Table:
    """The same rows in the few types that every engine gives: int64, float64, bool, string, date32.

    Sums of integers are 128 bits wide in one engine, days become timestamps at midnight in the other.

    Raises:
        pyarrow.ArrowInvalid: a sum that does not fit into 64 bits, a timestamp that is not midnight.
        TypeError: a type that has no plain one, such as an interval or a list.
    """
    return table.cast(pa.schema([pa.field(f.name, _plain_type(f)) for f in table.schema]))


def _plain_type(field: pa.Field) -> pa.DataType:
    kind = field.type
    if pa.types.is_integer(kind) or pa.types.is_null(kind):
        return pa.int64()
    if pa.types.is_decimal(kind):
        return pa.int64() if kind.scale == 0 else pa.float64()
    if pa.types.is_floating(kind):
        return pa.float64()
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return pa.string()
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return pa.date32()
    if pa.types.is_boolean(kind):
        return kind
    raise TypeError(f"column {field.name} is of type {kind}; select numbers, text, dates or truth values")


def days_that_show(register: Register) -> list[str]:
    """The date columns on whose day a row of the register comes to light, or a value of it: those of `_as_known`."""
    hidden = (c.name for c in register.lake_columns if c.sql_type == "DATE" and not c.future)
    with_others = (c.known_with for c in register.lake_columns if c.known_with)
    return sorted({"known_from", register.event_date, *hidden, *with_others})


def typed_columns(register: Register, *, present: Collection[str] | None = None) -> list[exp.Expr]:
    """Every column of a register cast to its type; NULL for those that an older file lacks."""
    return [
        exp.alias_(
            exp.cast(exp.column(name) if present is None or name in present else exp.null(), kind), name
        )
        for name, kind in _sql_types(register).items()
    ]


def arrow_schema(register: Register) -> pa.Schema:
    """The columns of a register in the lake and their Arrow types."""
    return pa.schema([(name, _arrow_type(kind)) for name, kind in _sql_types(register).items()])


def given_rows(register: Register, rows: Sequence[Mapping[str, object]]) -> pa.Table:
    """A few rows as the lake would hold them. Raises `KeyError` for a column that the register lacks."""
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
    return pa.Table.from_pylist(full, schema=arrow_schema(register))


def _delivered(batches: Iterable[Batch], as_of: date) -> date | None:
    """The latest delivery by `as_of`; history that was loaded later covers the days before it."""
    days = [
        min(day, as_of) for b in batches if (day := date.fromisoformat(b.delivered_on)) <= as_of or b.backfill
    ]
    return max(days, default=None)


def _no_rows(register: Register) -> exp.Select:
    nothing = (exp.alias_(exp.cast(exp.null(), kind), name) for name, kind in _sql_types(register).items())
    return exp.select(*nothing).where(exp.false())


def _as_known(
    register: Register, source: exp.Select, *, closures: exp.Table | None, as_of: date
) -> exp.Select:
    day = literal(as_of)
    rows = exp.select(*(_as_of_column(column, day) for column in register.lake_columns), *META_COLUMNS)
    rows = rows.from_(source.subquery("r"))
    rows = rows.where(exp.column("known_from", "r") <= day)
    event = exp.column(register.event_date, "r")
    rows = rows.where(exp.or_(event.is_(exp.null()), event <= day))
    if closures is not None:
        same_row = exp.EQ(this=exp.column("row_id", "c"), expression=exp.column("row_id", "r"))
        replaced = exp.select("1").from_(exp.alias_(closures, "c", table=True))
        replaced = replaced.where(same_row, exp.column("known_to", "c") <= day)
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


def _sql_types(register: Register) -> dict[str, str]:
    return {column.name: column.sql_type for column in register.lake_columns} | META_COLUMNS


def _arrow_type(sql_type: str) -> pa.DataType:
    types = {"BOOLEAN": pa.bool_(), "BIGINT": pa.int64(), "DOUBLE": pa.float64(), "DATE": pa.date32()}
    return types.get(sql_type, pa.string())
