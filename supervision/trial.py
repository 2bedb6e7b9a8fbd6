"""A trial run: a draft model over history, beside the published one.

Before a draft is published its author and the person who checks it see what would change: which hits come, go and
stay, in which towns, how much work that is a week, what other models find already, and how much of what people have
verified bears it out.
"""

from __future__ import annotations

import calendar
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import date
from itertools import pairwise
from typing import Any, Final, NamedTuple

from registers.engine import Engine
from supervision.catalogue import Model
from supervision.regions import Regions
from supervision.runner import run_models

DAYS_A_WEEK: Final = 7
TOWN_DIGITS: Final = 9


class Hit(NamedTuple):
    """A subject of a village that a model speaks of."""

    subject_id: str
    village_code: str


class Verified(NamedTuple):
    """What people found out about a subject: whether the matter was confirmed."""

    hit: Hit
    confirmed: bool


@dataclass(frozen=True)
class Change:
    """Hits that the draft gains, keeps and loses against the published model; all are gained if there is none."""

    gained: int
    kept: int
    lost: int


@dataclass(frozen=True)
class TrialDay:
    """The answers of one day of history."""

    as_of: date
    total: Change
    by_town: Mapping[str, Change]
    levels: Mapping[str, int]
    not_computable_villages: int


@dataclass(frozen=True)
class Share:
    """So many of so many verified hits were confirmed; without any verified one there is no share."""

    verified: int
    confirmed: int

    @property
    def share(self) -> float | None:
        return self.confirmed / self.verified if self.verified else None


@dataclass(frozen=True)
class Trial:
    """What a trial run shows.

    Attributes:
        content_hash: of the draft that was tried.
        days: oldest first.
        tasks_per_week: hits a week that were not there on the day before, over the whole of history; None where one
            day is all there is.
        published_tasks_per_week: the same of the published model; None as well if there is none.
        overlap: share of the draft's newest hits whose subject another model finds too, by model, largest first.
        verified: of all hits that the draft ever made.
        published_verified: the same of the published model.
        newest_gained: hits of the newest day that the published model does not make.
        newest_lost: hits of the published model on the newest day that the draft does not make.
    """

    model_id: str
    content_hash: str
    days: tuple[TrialDay, ...]
    tasks_per_week: float | None
    published_tasks_per_week: float | None
    overlap: Mapping[str, float]
    verified: Share
    published_verified: Share
    newest_gained: tuple[Hit, ...]
    newest_lost: tuple[Hit, ...]

    def summary(self) -> dict[str, Any]:
        """The numbers without the hits themselves, as JSON: what is kept beside a draft."""
        return {
            "content_hash": self.content_hash,
            "days": [
                {
                    "as_of": day.as_of.isoformat(),
                    **asdict(day.total),
                    "levels": dict(day.levels),
                    "not_computable_villages": day.not_computable_villages,
                }
                for day in self.days
            ],
            "by_town": {town: asdict(change) for town, change in self.days[-1].by_town.items()},
            "tasks_per_week": self.tasks_per_week,
            "published_tasks_per_week": self.published_tasks_per_week,
            "overlap": dict(self.overlap),
            "verified": asdict(self.verified),
            "published_verified": asdict(self.published_verified),
        }


OpenDay = Callable[[date], AbstractContextManager[Engine]]
Done = Callable[[int, int], None]


def run_trial(
    draft: Model,
    *,
    published: Model | None,
    others: Collection[Model],
    days: Sequence[date],
    open_day: OpenDay,
    verified: Collection[Verified] = (),
    division: str = "",
    regions: Regions | None = None,
    done: Done | None = None,
) -> Trial:
    """Run a draft over days of history.

    Args:
        draft: the model on trial.
        published: the version that people work with now; None for a new model.
        others: published models to compare with on the newest day; the draft's own id is left out.
        days: days to look at; see `quarter_ends`.
        open_day: the registers as they were known on a day.
        verified: what people have found out so far, each hit once.
        division: only villages whose code begins so.
        done: called with days done and days in all.

    Raises:
        ValueError: there is no day to look at.
    """
    if not days:
        raise ValueError("a trial needs at least one day of history")
    history = sorted(set(days))
    drafts: list[set[Hit]] = []
    before: list[set[Hit]] = []
    seen: list[TrialDay] = []
    overlap: dict[str, float] = {}
    for number, day in enumerate(history, start=1):
        with open_day(day) as engine:
            now, levels, unknown = _hits(engine, draft, division, regions)
            was = _hits(engine, published, division, regions)[0] if published else set()
            if day == history[-1]:
                rivals = [model for model in others if model.id != draft.id]
                overlap = _overlap(engine, now, rivals, regions)
        drafts.append(now)
        before.append(was)
        seen.append(TrialDay(day, _change(now, was), _by_town(now, was), levels, unknown))
        if done:
            done(number, len(history))
    return Trial(
        model_id=draft.id,
        content_hash=draft.content_hash,
        days=tuple(seen),
        tasks_per_week=_new_per_week(drafts, history),
        published_tasks_per_week=_new_per_week(before, history) if published else None,
        overlap=overlap,
        verified=_confirmed(set().union(*drafts), verified),
        published_verified=_confirmed(set().union(*before), verified),
        newest_gained=tuple(sorted(drafts[-1] - before[-1])),
        newest_lost=tuple(sorted(before[-1] - drafts[-1])),
    )


def quarter_ends(last: date, *, quarters: int) -> list[date]:
    """So many days a quarter apart, the last of them `last`; where a month is too short, its last day."""
    days = [last]
    for back in range(1, quarters):
        months = last.year * 12 + last.month - 1 - 3 * back
        year, month = months // 12, months % 12 + 1
        days.append(date(year, month, min(last.day, calendar.monthrange(year, month)[1])))
    return sorted(days)


def _hits(
    engine: Engine, model: Model, division: str, regions: Regions | None
) -> tuple[set[Hit], dict[str, int], int]:
    """The hits of a model in a division, their number by level, and in how many villages it could not tell."""
    run = run_models(engine, [model], regions=regions)
    rows = [row for row in run.findings.to_pylist() if row["village_code"].startswith(division)]
    unknown = [
        row
        for row in run.verdicts.to_pylist()
        if row["not_computable"] and row["village_code"].startswith(division)
    ]
    hits = {Hit(row["subject_id"], row["village_code"]) for row in rows}
    return hits, dict(Counter(row["level"] for row in rows)), len(unknown)


def _change(now: set[Hit], was: set[Hit]) -> Change:
    return Change(gained=len(now - was), kept=len(now & was), lost=len(was - now))


def _by_town(now: set[Hit], was: set[Hit]) -> dict[str, Change]:
    towns = sorted({hit.village_code[:TOWN_DIGITS] for hit in now | was})
    return {
        town: _change(
            {hit for hit in now if hit.village_code.startswith(town)},
            {hit for hit in was if hit.village_code.startswith(town)},
        )
        for town in towns
    }


def _overlap(
    engine: Engine, hits: set[Hit], others: Collection[Model], regions: Regions | None
) -> dict[str, float]:
    """The share of the hits that each other model makes too."""
    if not hits or not others:
        return {}
    found: dict[str, set[Hit]] = {}
    for row in run_models(engine, others, regions=regions).findings.to_pylist():
        found.setdefault(row["model_id"], set()).add(Hit(row["subject_id"], row["village_code"]))
    shares = {model: len(hits & theirs) / len(hits) for model, theirs in found.items() if hits & theirs}
    return dict(sorted(shares.items(), key=lambda item: (-item[1], item[0])))


def _new_per_week(hits: Sequence[set[Hit]], days: Sequence[date]) -> float | None:
    """Hits that were not there on the day before, a week; from the first day on, whose own hits are old work."""
    weeks = (days[-1] - days[0]).days / DAYS_A_WEEK
    if not weeks:
        return None
    new = sum(len(now - was) for was, now in pairwise(hits))
    return new / weeks


def _confirmed(hits: set[Hit], verified: Iterable[Verified]) -> Share:
    about = [item.confirmed for item in verified if item.hit in hits]
    return Share(verified=len(about), confirmed=sum(about))
