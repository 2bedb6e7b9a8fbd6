"""Whether a model can be computed for a village at all: a register missing, stale, or with columns left empty.

"Cannot tell" is an answer of its own; it never looks like "clear".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlglot import exp

from registers.catalogue import Column, Register
from registers.engine import Engine
from supervision.catalogue import Model

COUNTY_DIGITS = 6
ROWS_TO_JUDGE_EMPTY = 30
ANYWHERE = "*"
"""In place of a county: the newest row of any."""


@dataclass
class RegisterState:
    """What one register holds: newest event by county, and by village how many rows and how many values."""

    latest: dict[str, date] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    filled: dict[str, dict[str, int]] = field(default_factory=dict)
    rows_in_county: Counter[str] = field(default_factory=Counter)
    filled_in_county: Counter[tuple[str, str]] = field(default_factory=Counter)


@dataclass(frozen=True)
class _Hurdle:
    """A register that a model needs. gaps: of each column with any, why, by village ("" for a register without)."""

    register: Register
    state: RegisterState | None
    gaps: Sequence[Mapping[str, str]]


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
        self._hurdles: dict[str, list[_Hurdle]] = {}
        self._gaps: dict[str, dict[str, Mapping[str, str]]] = {register: {} for register in self._states}
        self._stale: dict[tuple[str, str], str | None] = {}
        self._obstacles: dict[tuple[str, str], list[str | Mapping[str, str]]] = {}

    @property
    def villages(self) -> set[str]:
        """The villages that occur in any of the registers read."""
        return {village for state in self._states.values() for village in state.rows if village}

    def obstacle(self, model: Model, village: str) -> str | None:
        """Why the model cannot be computed for the village, as a Chinese sentence; None when it can be."""
        for found in self._obstacles_in(model, village[:COUNTY_DIGITS]):
            if isinstance(found, str):
                return found
            if village in found:
                return found[village]
        return None

    def _obstacles_in(self, model: Model, county: str) -> list[str | Mapping[str, str]]:
        """What stands in the model's way in a county, the first first: for all of it, or by village."""
        known = self._obstacles.get((model.content_hash, county))
        if known is None:
            known = self._obstacles[model.content_hash, county] = list(
                self._look_for_obstacles(model, county)
            )
        return known

    def _look_for_obstacles(self, model: Model, county: str) -> Iterator[str | Mapping[str, str]]:
        for hurdle in self._hurdles_of(model):
            register = hurdle.register
            if hurdle.state is None:
                yield f"没有“{register.name}”"
                continue
            if stale := self._why_stale(register, hurdle.state, county):
                yield stale
            for gaps in hurdle.gaps:
                yield gaps if register.village_column else gaps[""]

    def _hurdles_of(self, model: Model) -> list[_Hurdle]:
        if model.content_hash not in self._hurdles:
            self._hurdles[model.content_hash] = [
                self._hurdle(self._engine.catalogue[register], columns)
                for register, columns in model.needs.items()
            ]
        return self._hurdles[model.content_hash]

    def _hurdle(self, register: Register, columns: Iterable[str]) -> _Hurdle:
        state = self._states.get(register.id)
        if state is None:
            return _Hurdle(register, None, ())
        known = self._gaps[register.id]
        for name in columns:
            if name not in known:
                known[name] = _gaps(register, state, register[name])
        return _Hurdle(register, state, [known[name] for name in columns if known[name]])

    def _why_stale(self, register: Register, state: RegisterState, village: str) -> str | None:
        place = _county(register, village) if village else ANYWHERE
        if (register.id, place) not in self._stale:
            self._stale[register.id, place] = self._stale_in(register, state, place)
        return self._stale[register.id, place]

    def _stale_in(self, register: Register, state: RegisterState, place: str) -> str | None:
        if register.aged_by == "delivery":
            latest = self._engine.delivered.get(register.id)
            news = "交付"
        else:
            places = {place, ""} if place != ANYWHERE else set(state.latest)
            latest = max((state.latest[place] for place in places if place in state.latest), default=None)
            news = "新数据"
        if latest is None:
            return f"“{register.name}”没有本县到这一天的数据"
        age = (self._engine.as_of - latest).days
        if age > register.max_age_days:
            return f"“{register.name}”已有 {age} 天没有{news}（最多 {register.max_age_days} 天）"
        return None


def _gaps(register: Register, state: RegisterState, column: Column) -> dict[str, str]:
    """The villages that leave a column empty, or in whose county empty cells would speak if anybody ever filled it."""
    if column.required:
        return {}
    if column.empty == "gap":
        shares = {
            place: state.filled[column.name].get(place, 0) / rows
            for place, rows in state.rows.items()
            if rows
        }
        return {
            place: f"“{register.name}”的“{column.zh}”只填了 {share:.0%}（至少 {register.min_coverage:.0%}）"
            for place, share in shares.items()
            if share < register.min_coverage
        }
    if column.empty == "telling":
        never = f"“{register.name}”的“{column.zh}”从未填写"
        counties = {_county(register, place) for place in state.rows}
        unfilled = {
            county
            for county in counties
            if not state.filled_in_county[column.name, county]
            and state.rows_in_county[county] >= ROWS_TO_JUDGE_EMPTY
        }
        return {
            place: never
            for place, rows in state.rows.items()
            if rows and _county(register, place) in unfilled
        }
    return {}


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
