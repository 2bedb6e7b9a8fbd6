"""Whether a model can be computed for a village once a payment is in: the counts of a full run, kept in the index."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Self, cast

from registers.catalogue import Catalogue, Register
from registers.engine import Engine
from registers.lake import write_json
from supervision.computability import COUNTY_DIGITS, Computability, RegisterState


@dataclass(frozen=True)
class _Day:
    """What computability asks of an engine, without one."""

    catalogue: Catalogue
    as_of: date
    delivered: Mapping[str, date]


class Coverage(Computability):
    """The freshness and coverage of an index's day, for a payment of the same day or a later one."""

    def save(self, path: Path) -> None:
        """Write the counts to a file."""
        states = {
            name: {
                "latest": {place: day.isoformat() for place, day in state.latest.items()},
                "rows": state.rows,
                "filled": state.filled,
                "rows_in_county": state.rows_in_county,
                "filled_in_county": [[*key, count] for key, count in state.filled_in_county.items()],
            }
            for name, state in self._states.items()
        }
        delivered = {name: day.isoformat() for name, day in self._engine.delivered.items()}
        write_json(path, {"states": states, "delivered": delivered})

    @classmethod
    def load(cls, path: Path, catalogue: Catalogue, *, as_of: date) -> Self:
        """The counts of a file, judged as of a day."""
        content = json.loads(path.read_text(encoding="utf-8"))
        delivered = {name: date.fromisoformat(day) for name, day in content["delivered"].items()}
        coverage = cls.__new__(cls)
        coverage._engine = cast(Engine, _Day(catalogue, as_of, delivered))
        coverage._states = {name: _state(**state) for name, state in content["states"].items()}
        coverage._hurdles, coverage._stale, coverage._obstacles = {}, {}, {}
        coverage._gaps = {name: {} for name in coverage._states}
        return coverage

    def with_row(self, register: Register, row: Mapping[str, object], *, as_of: date) -> Coverage:
        """The counts of the row's village as they are with one row more; they speak of no other village."""
        changed = copy(self)
        delivered = {**self._engine.delivered, register.id: as_of}
        changed._engine = cast(Engine, _Day(self._engine.catalogue, as_of, delivered))
        changed._states = {**self._states, register.id: self._grown(register, row)}
        changed._hurdles, changed._stale, changed._obstacles = {}, {}, {}
        changed._gaps = {**self._gaps, register.id: {}}  # those of other registers are shared
        return changed

    def _grown(self, register: Register, row: Mapping[str, object]) -> RegisterState:
        old = self._states.get(register.id) or RegisterState()
        village = str(row[register.village_column] or "") if register.village_column else ""
        county = village[:COUNTY_DIGITS]
        grown = RegisterState()
        grown.rows[village] = old.rows.get(village, 0) + 1
        grown.rows_in_county[county] = old.rows_in_county[county] + 1
        for name, value in row.items():
            one = value is not None
            grown.filled[name] = {village: old.filled.get(name, {}).get(village, 0) + one}
            grown.filled_in_county[name, county] = old.filled_in_county[name, county] + one
        event = row[register.event_date]
        days = [day for day in (old.latest.get(county), event) if isinstance(day, date)]
        grown.latest = {county: max(days)} if days else {}
        return grown


def _state(
    latest: Mapping[str, str],
    rows: dict[str, int],
    filled: dict[str, dict[str, int]],
    rows_in_county: Mapping[str, int],
    filled_in_county: Iterable[tuple[str, str, int]],
) -> RegisterState:
    return RegisterState(
        latest={place: date.fromisoformat(day) for place, day in latest.items()},
        rows=rows,
        filled=filled,
        rows_in_county=Counter(rows_in_county),
        filled_in_county=Counter({(name, county): count for name, county, count in filled_in_county}),
    )
