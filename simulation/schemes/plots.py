"""What every scheme needs: who plots, from when, how boldly; and small helpers to choose people and days."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from simulation.records import Record
from simulation.village import Household, Resident, Truth, Village


@dataclass(frozen=True, slots=True)
class Plot:
    """An official who does wrong from `start` on; `intensity` in (0, 1) is how much of it."""

    village: Village
    official: Resident
    start: date
    intensity: float

    @property
    def end(self) -> date:
        return self.village.period.end

    def count(self, least: int, most: int) -> int:
        """More when bolder."""
        return least + round((most - least) * self.intensity)

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self.intensity

    def day(self, *, margin: int = 60) -> date:
        """A day of the plot, at least `margin` days before the period ends so that payments are on file."""
        span = max(1, (self.end - self.start).days - margin)
        return self.start + timedelta(days=self.village.rnd.randrange(span))

    def relatives(self) -> list[Resident]:
        """Grown relatives in other households, none of them an official."""
        officials = self.village.official_ids()
        return [kin for kin in self.village.kin_apart(self.official) if kin.id_number not in officials]

    def confidant(self) -> Resident:
        """A relative elsewhere in the village if there is one, else someone at home, else the official."""
        at_home = [
            resident
            for resident in self.official.household.residents
            if resident is not self.official and resident.died is None and resident.age(self.start) >= 18
        ]
        return next(iter([*self.relatives(), *at_home]), self.official)

    def truth(
        self, scheme: str, rows: list[tuple[str, Record]], *, fen: int, days: list[date], subjects: list[str]
    ) -> Truth:
        """The truth row of a planted scheme; `days` are the days of its acts."""
        return Truth(
            scheme=scheme,
            kind="scheme",
            first_on=min(days),
            last_on=max(days),
            amount_fen=fen,
            officials=(self.official,),
            subjects=tuple(dict.fromkeys(subjects)),
            register_rows=rows,
        )


@dataclass(frozen=True, slots=True)
class Scheme:
    """A kind of wrongdoing: how it is planted, by whom (posts with weights), how far it shows (0 to 1), its field."""

    id: str
    plant: Callable[[Plot], Truth | None]
    posts: dict[str, int]
    shows: float
    field: str


def without_support(village: Village, *, least_wealth: float) -> list[Household]:
    """Households of some wealth that draw no subsistence allowance, no public pay and hold no post."""
    taken = {row.person_key for row in village.rows.subsidy_payment if row.programme_id in {"MZ01", "MZ02"}}
    taken |= {row.person_key for row in village.rows.payroll} | village.official_ids()
    return [
        household
        for household in village.households
        if household.wealth > least_wealth
        and household.head.died is None
        and not any(resident.id_number in taken for resident in household.residents)
    ]
