"""What changed in the lake between two moments: which values of a column stand in rows that look different now.

A row looks different when its file came later, when a later closure replaced it, or when one of its dates was passed
meanwhile. Too many values is an answer, too few is not: whoever asks computes the parts with these values again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from sqlglot import exp

from registers.as_known import days_that_show, typed_columns
from registers.catalogue import Catalogue, Register
from registers.engine import connect, read_parquet
from registers.lake import Batch, Lake
from registers.query import literal, to_sql


@dataclass(frozen=True)
class Moment:
    """A day, and the batches that the lake held, by register."""

    as_of: date
    batches: Mapping[str, Collection[str]]


class Changes:
    """The rows of a lake that look different at a later moment. Use as a context manager.

    Raises:
        ValueError: `later` lacks a batch of `earlier`, or lies before it.
    """

    def __init__(self, lake: Lake, *, catalogue: Catalogue, earlier: Moment, later: Moment) -> None:
        if later.as_of < earlier.as_of:
            raise ValueError(f"{later.as_of} lies before {earlier.as_of}")
        self._lake = lake
        self._catalogue = catalogue
        self._earlier = earlier
        self._later = later
        self._connection = connect(spill=lake.home / "spill")
        self._kept: dict[str, bool] = {}

    def __enter__(self) -> Changes:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    @property
    def next_day(self) -> bool:
        """Whether the day itself moved."""
        return self._later.as_of != self._earlier.as_of

    def any_in(self, register_id: str) -> bool:
        """Whether any row of the register looks different."""
        return self._keep_changed(register_id)

    def values(self, register_id: str, column: str) -> set[str]:
        """The values of a column in the rows that look different, as they are and as they were."""
        if not self._keep_changed(register_id):
            return set()
        select = exp.select(column).distinct().from_(f"changed_{register_id}")
        rows = self._connection.sql(to_sql(select)).fetchall()
        return {str(value) for (value,) in rows if value is not None}

    def _keep_changed(self, register_id: str) -> bool:
        """Keep the changed rows of a register as a table; whether there are any."""
        if register_id not in self._kept:
            register = self._catalogue[register_id]
            parts = [part for part in self._changed(register) if part is not None]
            self._kept[register_id] = False
            if parts:
                create = exp.Create(
                    this=exp.to_table(f"changed_{register_id}"), kind="TABLE", expression=_union(parts)
                )
                self._connection.sql(to_sql(create))
                some = exp.select("1").from_(f"changed_{register_id}").limit(1)
                self._kept[register_id] = bool(self._connection.sql(to_sql(some)).fetchall())
        return self._kept[register_id]

    def _changed(self, register: Register) -> list[exp.Select | None]:
        known = set(self._earlier.batches.get(register.id, ()))
        wanted = set(self._later.batches.get(register.id, ()))
        if known - wanted:
            raise ValueError(f"register {register.id}: batches of the earlier moment are gone")
        batches = {batch.batch_id: batch for batch in self._lake.batches(register.id)}
        old = [batches[i] for i in sorted(known)]
        new = [batches[i] for i in sorted(wanted - known)]
        return [
            self._rows(register, new),
            self._closed(register, [*old, *new], closing=new),
            self._overtaken(register, old),
        ]

    def _rows(self, register: Register, batches: Collection[Batch]) -> exp.Select | None:
        files = [str(self._lake.root / file) for batch in batches for file in batch.files]
        if not files:
            return None
        present = set(self._connection.read_parquet(files, union_by_name=True).columns)
        return exp.select(*typed_columns(register, present=present)).from_(read_parquet(files))

    def _closed(
        self, register: Register, batches: Collection[Batch], *, closing: Collection[Batch]
    ) -> exp.Select | None:
        """Rows that new closures replace."""
        closures = [str(self._lake.root / batch.closures) for batch in closing if batch.closures]
        rows = self._rows(register, batches)
        if rows is None or not closures:
            return None
        return _star(rows).where(_closed_by(closures))

    def _overtaken(self, register: Register, batches: Collection[Batch]) -> exp.Select | None:
        """Old rows that a day between the two shows differently: one on which they, or a value, come to light or go."""
        rows = self._rows(register, batches)
        if rows is None or not self.next_day:
            return None
        passed = [self._between(exp.column(name, "r")) for name in days_that_show(register)]
        closures = [str(self._lake.root / batch.closures) for batch in batches if batch.closures]
        if closures:
            passed.append(_closed_by(closures, self._between(exp.column("known_to", "c"))))
        return _star(rows).where(exp.or_(*passed))

    def _between(self, day: exp.Expr) -> exp.Expr:
        return exp.and_(day > literal(self._earlier.as_of), day <= literal(self._later.as_of))


def moment(lake: Lake, *, as_of: date) -> Moment:
    """A day and what the lake holds now."""
    return Moment(
        as_of, {name: [b.batch_id for b in lake.batches(name)] for name in sorted(lake.registers())}
    )


def _star(rows: exp.Select) -> exp.Select:
    return exp.select("r.*").from_(rows.subquery("r"))


def _closed_by(closures: Collection[str], *conditions: exp.Expr) -> exp.Exists:
    same_row = exp.EQ(this=exp.column("row_id", "c"), expression=exp.column("row_id", "r"))
    closing = exp.select("1").from_(exp.alias_(read_parquet(closures), "c", table=True))
    return exp.Exists(this=closing.where(same_row, *conditions))


def _union(parts: list[exp.Select]) -> exp.Query:
    first, *others = parts
    whole: exp.Query = first
    for part in others:
        whole = exp.union(whole, part, distinct=False)
    return whole
