"""Deadlines on the Chinese working calendar, from an editable table of holidays and shifted working days."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import cache
from importlib.resources import files
from typing import Final

import yaml
from pydantic import BaseModel, ConfigDict

CHINA: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
_SATURDAY: Final = 5


def local_date(at: datetime) -> date:
    """The calendar day in China at that moment."""
    return at.astimezone(CHINA).date()


class _Span(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    first: date
    last: date

    def days(self) -> Iterator[date]:
        return (self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1))


class _Year(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    provisional: bool
    source: str
    holidays: list[_Span]
    working_weekends: list[date]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    years: dict[int, _Year]


@dataclass(frozen=True)
class Deadline:
    """A due date; `provisional` when a year on the way to it has no published holiday table."""

    due_on: date
    provisional: bool


class WorkingCalendar:
    """Working days by the table; a year without an entry has its weekends only and counts as provisional."""

    def __init__(self, table: _Table) -> None:
        self._holidays = {d for y in table.years.values() for span in y.holidays for d in span.days()}
        self._worked = {d for y in table.years.values() for d in y.working_weekends}
        self._published = {number for number, y in table.years.items() if not y.provisional}

    def is_working(self, day: date) -> bool:
        return day in self._worked or (day.weekday() < _SATURDAY and day not in self._holidays)

    def deadline(self, start: date, *, working_days: int) -> Deadline:
        """The day on which the `working_days`-th working day after `start` falls; the start itself is not counted.

        Raises ValueError below 1.
        """
        if working_days < 1:
            raise ValueError("a deadline lies at least one working day ahead")
        day, left = start, working_days
        while left:
            day += timedelta(days=1)
            left -= self.is_working(day)
        years = range(start.year, day.year + 1)
        return Deadline(day, provisional=any(year not in self._published for year in years))


@cache
def working_calendar() -> WorkingCalendar:
    """The calendar of `casework/holidays.yaml`."""
    text = files("casework").joinpath("holidays.yaml").read_text(encoding="utf-8")
    return WorkingCalendar(_Table.model_validate(yaml.safe_load(text)))
