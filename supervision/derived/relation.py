"""What a derived relation is: a name, a version, columns, the registers behind it, and a pure function."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import pyarrow as pa

from registers.catalogue import load_catalogue
from registers.definitions import Parameter
from registers.engine import Engine
from registers.query import ParsedQuery, bind, columns_read, parse_query
from registers.same_person import check_links

Row = dict[str, Any]
Numbers = Mapping[str, int | float]
ARROW_TYPES: Mapping[str, pa.DataType] = {
    "VARCHAR": pa.string(),
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "DATE": pa.date32(),
}


class Source:
    """The rows of a relation's queries as of the engine's day, and what people found out so far."""

    def __init__(
        self,
        engine: Engine,
        queries: Mapping[str, ParsedQuery],
        numbers: Numbers,
        *,
        outcomes: pa.Table | None,
        as_of: date | None,
    ) -> None:
        self._engine = engine
        self._queries = queries
        self._numbers = numbers
        self._as_of = as_of
        self.outcomes: list[Row] = outcomes.to_pylist() if outcomes is not None else []

    @property
    def as_of(self) -> date:
        """The engine's day. Raises `AttributeError` for a relation that does not say that it counts days."""
        if self._as_of is None:
            raise AttributeError("set build_counts_days on the relation, or a nightly run will not renew it")
        return self._as_of

    def rows(self, query: str) -> list[Row]:
        """The rows of one of the relation's queries, in an order that does not depend on how they are stored."""
        bound = bind(self._queries[query], {**self._numbers, "as_of": self._engine.as_of})
        table = self._engine.query(bound)
        rows: list[Row] = table.sort_by([(name, "ascending") for name in table.column_names]).to_pylist()
        return rows


@dataclass(frozen=True)
class Derived:
    """A derived relation.

    Attributes:
        name: under which SQL reads it; no register has it.
        version: changes when the computation does; part of the hash of every model that reads the relation.
        about: what one row is and how it is computed, in Chinese, for the catalogue page.
        columns: names and SQL types.
        texts: the queries over registers, by name, in the subset of `registers.query`.
        reads: the registers that the queries read.
        parameters: every number of the computation.
        build: the rows, from the rows of the queries and the numbers. No clock, no chance, no order of rows.
    """

    name: str
    version: int
    about: str
    columns: Mapping[str, str]
    texts: Mapping[str, str]
    reads: Collection[str]
    parameters: Mapping[str, Parameter]
    build: Callable[[Source, Numbers], Sequence[Row]]
    build_counts_days: bool = False
    """Whether `build` reads `source.as_of`."""

    @cached_property
    def counts_days(self) -> bool:
        """Whether the relation changes with the day alone, its registers staying as they are."""
        return self.build_counts_days or any("as_of" in query.parameters for query in self.queries.values())

    @cached_property
    def queries(self) -> dict[str, ParsedQuery]:
        """The checked queries. Raises `QueryError` for SQL outside the subset."""
        parsed = {
            name: parse_query(
                text, source=f"{self.name} {name}", relations=self.reads, parameters=self.parameters
            )
            for name, text in self.texts.items()
        }
        for query in parsed.values():
            check_links(query)
        return parsed

    @cached_property
    def registers(self) -> dict[str, tuple[str, ...]]:
        """The registers and columns that the queries read."""
        catalogue = load_catalogue()
        found: dict[str, set[str]] = {}
        for query in self.queries.values():
            for register, names in columns_read(query).items():
                known = {column.name for column in catalogue[register].lake_columns}
                found.setdefault(register, set()).update(names & known)
        return {register: tuple(sorted(found[register])) for register in sorted(found)}

    @property
    def numbers(self) -> dict[str, int | float]:
        return {name: parameter.value for name, parameter in self.parameters.items()}

    def compute(
        self, engine: Engine, parameters: Numbers | None = None, *, outcomes: pa.Table | None = None
    ) -> pa.Table:
        """The relation as of the engine's day, rows in the order of their values.

        Args:
            engine: whose registers are read.
            parameters: numbers that differ from the relation's own.
            outcomes: columns `company_id`, `confirmed_on`: findings that people confirmed, for relations that weigh
                them (`contractor_credit`); without it nothing counts as confirmed.

        Raises:
            KeyError: a parameter that the relation does not have.
        """
        numbers = self.numbers
        for name, value in (parameters or {}).items():
            if name not in numbers:
                raise KeyError(f"{self.name} has no parameter {name!r}; it has {', '.join(numbers)}")
            numbers[name] = value
        as_of = engine.as_of if self.build_counts_days else None
        source = Source(engine, self.queries, numbers, outcomes=outcomes, as_of=as_of)
        rows = self.build(source, numbers)
        schema = pa.schema([(name, ARROW_TYPES[kind]) for name, kind in self.columns.items()])
        ordered = in_order([{name: row[name] for name in self.columns} for row in rows])
        return pa.Table.from_pylist(ordered, schema=schema)


def in_order(rows: list[Row]) -> list[Row]:
    """Rows by the values of their columns from left to right, NULL last."""
    return sorted(
        rows, key=lambda row: tuple((value is None, "" if value is None else value) for value in row.values())
    )
