"""Where a register says anything at all: without it a zero would look like "nothing found" instead of "cannot tell"."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from features.dictionary import Needs
from features.peers import COUNTY_DIGITS
from registers.catalogue import Register
from registers.engine import Engine

NOT_PLACED: Final = frozenset({"company"})
"""Registers whose village says something else than whose rows they hold: a firm trades beyond its seat."""


class Coverage:
    """The counties in which each register holds rows, read once for a matrix."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._counties: dict[str, frozenset[str] | None] = {}

    def readable(self, needs: Needs) -> bool:
        """Whether every register needed has data."""
        return self._engine.registers.issuperset(needs)

    def counties(self, needs: Needs) -> frozenset[str] | None:
        """Counties for which every register needed holds rows; None when no register is placed by village."""
        placed = [found for register in needs if (found := self._of(register)) is not None]
        return frozenset.intersection(*placed) if placed else None

    def _of(self, register: str) -> frozenset[str] | None:
        if register not in self._counties:
            self._counties[register] = _read_counties(self._engine, self._engine.catalogue[register])
        return self._counties[register]


def _read_counties(engine: Engine, register: Register) -> frozenset[str] | None:
    """Counties with rows; None when rows are not placed by village, or leave the village empty."""
    if register.village_column is None or register.id in NOT_PLACED:
        return None
    code = exp.column(register.village_column)
    county = exp.alias_(
        exp.func("SUBSTRING", code, exp.Literal.number(1), exp.Literal.number(COUNTY_DIGITS)), "county"
    )
    table = engine.query(exp.select(county).distinct().from_(register.id))
    found = frozenset(value for value in table.column("county").to_pylist() if value)
    return found or None
