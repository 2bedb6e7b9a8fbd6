"""Some parts of a county's registers: what a nightly run computes again of a model that splits.

The rows of the parts are kept once on an engine; every model that splits the same way reads them instead of the whole
register.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
from sqlglot import exp

from registers.engine import Engine
from registers.lake import META_COLUMNS
from registers.query import columns_read
from supervision.catalogue import Model, Partition

PART_DIGITS: Final = {"town": 9, "county": 6}
"""How many digits of a division code name a part."""


@dataclass(frozen=True)
class Parts:
    """Some parts of a model that splits, on an engine where `keep_parts` has kept their rows.

    values: villages, towns or counties by their codes, or subjects.
    """

    partition: Partition
    values: frozenset[str]

    @property
    def _result_column(self) -> str:
        return "subject_id" if self.partition.by == "subject" else "village_code"

    def hold(self, row: Mapping[str, object]) -> bool:
        """Whether a finding, or another row with `subject_id` and `village_code`, lies in one of the parts."""
        return part_of(self.partition, str(row[self._result_column])) in self.values

    def narrowed(self, query: exp.Query) -> exp.Query:
        """The query, reading of each partitioned register only the rows of these parts."""

        def narrow(node: exp.Expr) -> exp.Expr:
            column = self.partition.registers.get(node.name) if isinstance(node, exp.Table) else None
            if column is None:
                return node
            kept = exp.to_table(_rows_of(self.partition.by, node.name, column))
            return exp.alias_(kept, node.alias_or_name, table=True)

        narrowed = query.transform(narrow, copy=False)
        assert isinstance(narrowed, exp.Query)  # noqa: S101  the root is no table
        return narrowed

    def only(self, population: exp.Query) -> exp.Query:
        """The rows of a population that lie in these parts."""
        rows = exp.select("subject_id", "village_code")
        rows = rows.from_(population.subquery("whole", copy=False), copy=False)
        wanted = _is_wanted(self.partition.by, exp.column(self._result_column, "whole"))
        return rows.where(wanted, copy=False)


def part_of(partition: Partition, value: str) -> str:
    """The part of a village code or subject."""
    digits = PART_DIGITS.get(partition.by)
    return value[:digits] if digits else value


def keep_parts(
    engine: Engine,
    by: str,
    values: Collection[str],
    models: Iterable[Model],
    *,
    only_population: bool = False,
) -> None:
    """Keep the rows that models which split `by` (village, town, county, subject) read of some parts.

    only_population: nothing but the subjects will be asked for.
    """
    engine.keep_table(_values_of(by), pa.table({"value": pa.array(sorted(values), pa.string())}))
    needed: dict[tuple[str, str], set[str]] = {}
    for model in models:
        split = model.partition.registers if model.partition else {}
        read = columns_read(model.queries.population) if only_population else model.registers
        for register, column in split.items():
            if register in read:
                needed.setdefault((register, column), set()).update(read[register])
    for (register, column), columns in sorted(needed.items()):
        rows = exp.select(*sorted(columns - META_COLUMNS.keys()), *META_COLUMNS).from_(register)
        rows = rows.where(_is_wanted(by, exp.column(column, register)))
        engine.keep(_rows_of(by, register, column), rows)


def _is_wanted(by: str, value: exp.Expr) -> exp.Expr:
    if digits := PART_DIGITS.get(by):
        start, length = exp.Literal.number(1), exp.Literal.number(digits)
        value = exp.Substring(this=value, start=start, length=length)
    wanted = exp.select("1").from_(exp.alias_(exp.to_table(_values_of(by)), "w", table=True))
    return exp.Exists(this=wanted.where(exp.column("value", "w").eq(value)))


def _values_of(by: str) -> str:
    return f"part_values_{by}"


def _rows_of(by: str, register: str, column: str) -> str:
    return f"part_rows_{by}_{register}_{column}"
