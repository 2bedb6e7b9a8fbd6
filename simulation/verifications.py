"""Past verifications: which villages, officials and suppliers people went to check, and what they reported.

People choose by impression: how conspicuous the wrongdoing is, coincidences that look bad, and chance. The choice
by impression score and the random quota keep the probability with which each was chosen; a choice after a
complaint or because a neighbour had the same problem does not have one.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from random import Random
from typing import Final

from simulation.timeline import Period, after, next_month
from simulation.truth import Brief, Story

COLUMNS: Final = ("entity", "entity_id", "selected_on", "selected_by", "propensity", "decided_on", "outcome")
SCORE_SHARE: Final = {"village": 0.05, "official": 0.009, "supplier": 0.03}  # of all, expected a quarter
QUOTA_SHARE: Final = {"village": 0.02, "official": 0.0025, "supplier": 0.01}
COMPLAINT_SHARE: Final = {"village": 0.02, "official": 0.003, "supplier": 0.01}
REST_DAYS: Final = 400  # nobody is checked again within this time
IMPRESSION_NOISE: Final = {
    "village": 0.22,
    "official": 0.12,  # people know an official better than a village
    "supplier": 0.22,
}

FOUND: Final = {
    "substantiated": 72,
    "irregular_rectified": 12,
    "not_substantiated": 12,
    "cannot_determine": 4,
}
CLEAN: Final = {"not_substantiated": 86, "irregular_rectified": 2, "data_error": 7, "cannot_determine": 4}
SLOPPY_FOUND: Final = (
    40  # added to the weight of irregular_rectified in a village that does everything sloppily
)


@dataclass(slots=True)
class _Entity:
    """A village, an official or a supplier with what happened there."""

    kind: str
    id: str
    stories: Sequence[Story]
    sloppiness: float
    checked_on: date = field(default=date.min)

    def visible(self, on: date) -> float:
        """How bad it looks from outside at that day: wrongdoing begun by then and coincidences alike."""
        looks = [
            s.conspicuous * min(1.0, 0.3 + s.amount_fen / 8_000_000) for s in self.stories if s.first_on <= on
        ]
        return 1 - math.prod(1 - look for look in looks)

    def wrong(self, on: date) -> float:
        """The chance that a good check finds something: 0 when nothing wrong has begun by then."""
        begun = [s.conspicuous for s in self.stories if s.kind == "scheme" and s.first_on <= on]
        return 1 - math.prod(0.35 * (1 - c) for c in begun) if begun else 0.0


def write_verifications(path: Path, briefs: Sequence[Brief], *, period: Period, seed: int) -> int:
    """Write `verifications.csv` in order of decision; returns the number of rows.

    Checks still open at the end of the period are left out.
    """
    rows: list[tuple[str, ...]] = []
    kinds = {"village": _villages(briefs), "official": _officials(briefs), "supplier": _suppliers(briefs)}
    for kind, entities in kinds.items():
        rows += _verify(kind, entities, period=period, rnd=Random(f"{seed}:verifications:{kind}"))
    rows.sort(key=lambda row: (row[5], row[0], row[1]))
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(rows)
    return len(rows)


def _villages(briefs: Sequence[Brief]) -> list[_Entity]:
    return [_Entity("village", brief.code, brief.stories, brief.sloppiness) for brief in briefs]


def _officials(briefs: Sequence[Brief]) -> list[_Entity]:
    return [
        _Entity(
            "official",
            official,
            [story for story in brief.stories if official in story.officials],
            brief.sloppiness / 4,
        )
        for brief in briefs
        for official in brief.officials
    ]


def _suppliers(briefs: Sequence[Brief]) -> list[_Entity]:
    """Every unit that a village dealt with, with what it was part of in any village."""
    stories: dict[str, list[Story]] = {code: [] for brief in briefs for code in brief.suppliers}
    for brief in briefs:
        for story in brief.stories:
            for code in story.suppliers:
                stories[code].append(story)
    return [_Entity("supplier", code, stories[code], sloppiness=0.0) for code in sorted(stories)]


def _verify(kind: str, entities: list[_Entity], *, period: Period, rnd: Random) -> Iterator[tuple[str, ...]]:
    quarter = next_month(period.start.replace(day=1), steps=3)
    while quarter <= period.end:
        for entity, chosen_by, propensity in list(_choose(kind, entities, on=quarter, rnd=rnd)):
            selected_on = after(rnd, quarter, least=0, most=20)
            decided_on = after(rnd, selected_on, least=15, most=rnd.choice((60, 90, 120, 260)))
            entity.checked_on = quarter
            if decided_on <= period.end:
                outcome = _outcome(entity, selected_on, rnd)
                yield (
                    kind,
                    entity.id,
                    selected_on.isoformat(),
                    chosen_by,
                    "" if propensity is None else f"{propensity:.6f}",
                    decided_on.isoformat(),
                    outcome,
                )
        quarter = next_month(quarter, steps=3)


def _choose(
    kind: str, entities: list[_Entity], *, on: date, rnd: Random
) -> Iterator[tuple[_Entity, str, float | None]]:
    """This quarter's choice; each rested entity is drawn on its own, so that propensities are exact."""
    rested = [entity for entity in entities if (on - entity.checked_on).days > REST_DAYS]
    impressions = [
        min(1.0, max(0.0, entity.visible(on) + rnd.gauss(0, IMPRESSION_NOISE[kind]))) for entity in rested
    ]
    weights = [0.01 + impression**3 for impression in impressions]
    scale = SCORE_SHARE[kind] * len(rested) / (sum(weights) or 1.0)
    for entity, impression, weight in zip(rested, impressions, weights, strict=True):
        by_score = min(0.9, weight * scale)
        draw = rnd.random()
        if draw < by_score:
            yield entity, "score", by_score
        elif draw < by_score + (1 - by_score) * QUOTA_SHARE[kind]:
            yield entity, "quota", (1 - by_score) * QUOTA_SHARE[kind]
        elif rnd.random() < COMPLAINT_SHARE[kind] * (0.3 + 4 * impression):
            yield (
                entity,
                rnd.choice(("complaint", "complaint", "complaint", "same_problem", "campaign")),
                None,
            )


def _outcome(entity: _Entity, on: date, rnd: Random) -> str:
    """What people report: they miss some of what is there, and now and then find fault where nothing is."""
    if rnd.random() < entity.wrong(on):
        table: dict[str, float] = dict(FOUND)
    else:
        table = CLEAN | {
            "irregular_rectified": CLEAN["irregular_rectified"] + SLOPPY_FOUND * entity.sloppiness
        }
    return rnd.choices(list(table), list(table.values()))[0]
