"""Whether a model can be computed for a village at all: a register missing, stale, or with columns left empty.

"Cannot tell" is an answer of its own; it never looks like "clear".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from sqlglot import exp

from registers.catalogue import Register
from registers.engine import Engine
from supervision.catalogue import Model

COUNTY_DIGITS = 6
ROWS_TO_JUDGE_EMPTY = 30


@dataclass
class RegisterState:
    """What one register holds: newest event by county, and by village how many rows and how many values."""

    latest: dict[str, date] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    filled: dict[str, dict[str, int]] = field(default_factory=dict)
    rows_in_county: Counter[str] = field(default_factory=Counter)
    filled_in_county: Counter[tuple[str, str]] = field(default_factory=Counter)


class Computability:
    """Freshness and coverage of the registers that some models need, read once for a whole run."""

    def __init__(self, engine: Engine, models: Iterable[Model]) -> None:
        self._engine = engine
        needed: dict[str, set[str]] = {}
        for model in models:
            for register, columns in model.needs.items():
                needed.setdefault(register, set()).update(columns)
        self._states = {
            register: _read_state(engine, engine.catalogue[register], sorted(columns))
            for register, columns in needed.items()
            if register in engine.registers
        }

    @property
    def villages(self) -> set[str]:
        """The villages that occur in any of the registers read."""
        return {village for state in self._states.values() for village in state.rows if village}

    def obstacle(self, model: Model, village: str) -> str | None:
        """Why the model cannot be computed for the village, as a Chinese sentence; None when it can be."""
        for register_id, columns in model.needs.items():
            register = self._engine.catalogue[register_id]
            state = self._states.get(register_id)
            if state is None:
                return f"没有“{register.name}”"
            reason = self._stale(register, state, village) or _thin(register, state, columns, village)
            if reason:
                return reason
        return None

    def _stale(self, register: Register, state: RegisterState, village: str) -> str | None:
        if register.aged_by == "delivery":
            latest = self._engine.delivered.get(register.id)
            news = "交付"
        else:
            places = {_county(register, village), ""} if village else set(state.latest)
            latest = max((state.latest[place] for place in places if place in state.latest), default=None)
            news = "新数据"
        if latest is None:
            return f"“{register.name}”没有本县到这一天的数据"
        age = (self._engine.as_of - latest).days
        if age > register.max_age_days:
            return f"“{register.name}”已有 {age} 天没有{news}（最多 {register.max_age_days} 天）"
        return None


def _thin(register: Register, state: RegisterState, columns: Iterable[str], village: str) -> str | None:
    """A column that the village leaves empty, or one whose empty cells would speak if anybody ever filled it."""
    place = village if register.village_column else ""
    rows = state.rows.get(place, 0)
    for name in columns:
        column = register[name]
        if column.required or not rows:
            continue
        share = state.filled[name].get(place, 0) / rows
        if column.empty == "gap" and share < register.min_coverage:
            return f"“{register.name}”的“{column.zh}”只填了 {share:.0%}（至少 {register.min_coverage:.0%}）"
        county = _county(register, village)
        never_filled = (
            not state.filled_in_county[name, county] and state.rows_in_county[county] >= ROWS_TO_JUDGE_EMPTY
        )
        if column.empty == "telling" and never_filled:
            return f"“{register.name}”的“{column.zh}”从未填写"
    return None


def _read_state(engine: Engine, register: Register, columns: list[str]) -> RegisterState:
    place: exp.Expr = (
        exp.column(register.village_column) if register.village_column else exp.Literal.string("")
    )
    counts = [exp.alias_(exp.Count(this=exp.column(name)), f"filled_{name}") for name in columns]
    latest = exp.alias_(exp.Max(this=exp.column(register.event_date)), "latest")
    total = exp.alias_(exp.Count(this=exp.Star()), "total")
    select = exp.select(exp.alias_(place, "place"), total, latest, *counts).from_(register.id).group_by("1")
    state = RegisterState(filled={name: {} for name in columns})
    for row in engine.query(select).to_pylist():
        village = row["place"] or ""
        county = _county(register, village)
        state.rows[village] = row["total"]
        state.rows_in_county[county] += row["total"]
        for name in columns:
            state.filled[name][village] = row[f"filled_{name}"]
            state.filled_in_county[name, county] += row[f"filled_{name}"]
        if row["latest"] is not None:
            state.latest[county] = max(row["latest"], state.latest.get(county, date.min))
    return state


def _county(register: Register, village: str) -> str:
    return village[:COUNTY_DIGITS] if register.village_column else ""
