"""Days, months and seasons of the simulated period."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final

SPRING_FESTIVAL: Final = (0.13, 0.13, 0.06, 0.07, 0.07, 0.08, 0.08, 0.06, 0.07, 0.06, 0.07, 0.12)
"""Share of a year's ordinary spending by month: before the Spring Festival, and at the end of the year."""
FLOOD_SEASON: Final = (0.01, 0.01, 0.03, 0.08, 0.14, 0.22, 0.22, 0.14, 0.07, 0.04, 0.02, 0.02)
BUILDING_SEASON: Final = (0.02, 0.02, 0.08, 0.11, 0.11, 0.08, 0.07, 0.08, 0.12, 0.14, 0.12, 0.05)
EVEN: Final = (1 / 12,) * 12


@dataclass(frozen=True, slots=True)
class Period:
    """The simulated days, both ends included."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end - self.start < timedelta(days=364):
            raise ValueError("simulate at least one year: end must be 364 days or more after start")

    def __contains__(self, day: date) -> bool:
        return self.start <= day <= self.end

    def months(self) -> Iterator[date]:
        """First days of the months that begin in the period or hold its start."""
        month = self.start.replace(day=1)
        while month <= self.end:
            yield month
            month = next_month(month)

    def years(self) -> range:
        return range(self.start.year, self.end.year + 1)

    def any_day(self, rnd: Random) -> date:
        return self.start + timedelta(days=rnd.randrange((self.end - self.start).days + 1))


def next_month(month: date, *, steps: int = 1) -> date:
    """The first day of the month `steps` later (earlier when negative)."""
    index = month.year * 12 + month.month - 1 + steps
    return date(index // 12, index % 12 + 1, 1)


def day_in(rnd: Random, month: date, *, first: int = 1, last: int = 28) -> date:
    return month.replace(day=rnd.randint(first, last))


def seasonal_day(rnd: Random, year: int, weights: tuple[float, ...]) -> date:
    """A day of the year, its month drawn by weight."""
    month = rnd.choices(range(1, 13), weights)[0]
    return date(year, month, rnd.randint(1, 28))


def after(rnd: Random, day: date, *, least: int, most: int) -> date:
    return day + timedelta(days=rnd.randint(least, most))


def working_day(day: date) -> date:
    """The day itself, or the Monday after a weekend."""
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() >= 5 else 0)


def age(birth: date, on: date) -> int:
    return on.year - birth.year - ((on.month, on.day) < (birth.month, birth.day))
