"""Whom to look at this week: the top of the list in every town, and a random quota from all the rest.

The quota is what makes estimates honest: everybody below the top has a chance above zero of being drawn, the chance is
kept with the case, and it is larger where more is expected. One draw serves all towns, because a town has too few
villages for bands of its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, Literal

import numpy as np

from ml.matrix import Floats

BAND_WEIGHTS: Final = (5.0, 4.0, 3.0, 2.0, 1.0)
"""Chance of one entity in each fifth of those below the top, highest scores first, as a ratio to the lowest fifth."""
QUOTA_SHARE: Final = 0.2
"""Random cases beside the top ones, as a share of what the towns can look at; at least one a draw."""
NEAR_PLACES: Final = 1
"""Cases so many places before or behind the last one of a town's top are hard to tell apart."""
UNLIKE: Final = 0.5
"""Risk and anomaly disagree on a case whose places among all differ by at least this share of the list."""
MOST_HARD: Final = 0.2
"""Hard cases that a second person reads as well, as a share of the plan, rounded up: the hardest first."""
CHECKED_AT_RANDOM: Final = 0.1
"""Share of the other cases that a second person reads as well, so that agreement can be estimated."""

By = Literal["score", "quota"]
Hard = Literal["near", "unlike", "random"]


@dataclass(frozen=True)
class Candidate:
    """An entity that may be looked at. risk, anomaly: its scores, higher = sooner."""

    id: str
    town: str
    risk: float
    anomaly: float


@dataclass(frozen=True)
class Drawn:
    """A case of the plan.

    Attributes:
        by: "score" for the top of a town's list, "quota" for the random draw.
        propensity: the chance in (0, 1] with which it came into the plan.
        band: fifth below the top, 0 = highest scores; None for the top.
        hard: why a second person reads it as well, None when nobody has to.
    """

    id: str
    town: str
    by: By
    propensity: float
    band: int | None
    hard: Hard | None


@dataclass(frozen=True)
class Draw:
    """What was drawn, and what it was drawn from.

    Attributes:
        cases: ordered by town and id, so that the order does not tell how a case was chosen.
        below: entities below the top, per band, highest scores first: the population that the quota speaks for.
    """

    cases: tuple[Drawn, ...]
    below: tuple[int, ...]


def draw(
    candidates: Sequence[Candidate],
    *,
    capacity: Mapping[str, int],
    seed: int,
    quota_share: float = QUOTA_SHARE,
) -> Draw:
    """The top `capacity` of every town by risk, and beside it a random quota over all towns.

    The same candidates in any order, capacities and seed give the same draw. Equal scores are put in an order by
    chance. No candidates give an empty draw.

    Args:
        candidates: entities that are neither in hand nor verified recently; ids differ.
        capacity: cases a town can look at; towns that are not named have none, yet belong to the quota.
        quota_share: random cases as a share of the sum of the capacities, rounded up.

    Raises:
        ValueError: a negative capacity, a share outside [0, 1], or an id that appears twice.
    """
    _refuse_bad(candidates, capacity=capacity, quota_share=quota_share)
    random = Random(seed)  # noqa: S311  # has to be repeatable; nobody outside learns the seed
    ranked = sorted(candidates, key=lambda one: one.id)
    random.shuffle(ranked)
    ranked.sort(key=lambda one: -one.risk)
    top, near = _top(ranked, capacity)
    below = [one for one in ranked if one.id not in top]
    bands = [place * len(BAND_WEIGHTS) // len(below) for place in range(len(below))]
    size = min(max(1, math.ceil(quota_share * sum(capacity.values()))), len(below))
    chances = inclusion_chances([BAND_WEIGHTS[band] for band in bands], size=size)
    taken = systematic(chances, order=_spread(below, bands, random), start=random.random())
    cases = [_Chosen(one, "score", 1.0, None) for one in ranked if one.id in top]
    cases += [_Chosen(below[place], "quota", float(chances[place]), bands[place]) for place in taken]
    cases.sort(key=lambda case: (case.candidate.town, case.candidate.id))
    hard = _hard([case.candidate.id for case in cases], near=near, apart=_apart(candidates), random=random)
    return Draw(
        cases=tuple(
            Drawn(
                id=case.candidate.id,
                town=case.candidate.town,
                by=case.by,
                propensity=case.propensity,
                band=case.band,
                hard=hard.get(case.candidate.id),
            )
            for case in cases
        ),
        below=tuple(bands.count(band) for band in range(len(BAND_WEIGHTS))),
    )


_UNIT: Final = 2**40
"""Chances are laid end to end as whole numbers of this: nothing is drawn twice because of a rounding."""


def inclusion_chances(weights: Sequence[float], *, size: int) -> Floats:
    """Chances proportional to positive weights, none above 1, that add up to `size`; shape (weights,).

    What would be drawn more than once for certain is taken with chance 1, and the rest of `size` divided among the
    others (Särndal, Swensson & Wretman 1992, section 3.6.2).
    """
    weight = np.asarray(weights, dtype=np.float64)
    certain = np.zeros(len(weight), dtype=bool)
    chances = np.zeros(len(weight))
    while not certain.all():
        open_places = size - certain.sum()
        chances = np.where(certain, 1.0, weight * open_places / weight[~certain].sum())
        over = (chances > 1) & ~certain
        if not over.any():
            break
        certain |= over
    return np.minimum(chances, 1.0) if size else np.zeros(len(weight))


def systematic(chances: Floats, *, order: Sequence[int], start: float) -> list[int]:
    """Places drawn with exactly their chances, spread evenly over the order given (Madow 1949); ascending.

    Every place i has chance `chances[i]`, and any run of the order gets its expected number, rounded up or down.

    Args:
        chances: in [0, 1], adding up to a whole number n: so many places are drawn.
        order: all places, in the order over which the draw is spread.
        start: uniform in [0, 1).
    """
    parts = np.rint(chances[list(order)] * _UNIT).astype(np.int64)
    size = round(float(chances.sum()))
    partial = np.flatnonzero((parts > 0) & (parts < _UNIT))
    missing = size * _UNIT - int(parts.sum())  # by rounding: at most one for each part
    parts[partial[: abs(missing)]] += np.sign(missing)
    marks = int(start * _UNIT) + _UNIT * np.arange(size)
    return sorted(order[place] for place in np.searchsorted(np.cumsum(parts), marks, side="right"))


@dataclass(frozen=True)
class _Chosen:
    candidate: Candidate
    by: By
    propensity: float
    band: int | None


def _top(ranked: Sequence[Candidate], capacity: Mapping[str, int]) -> tuple[set[str], set[str]]:
    """Ids of every town's first `capacity`, and ids beside the place where the top ends."""
    towns: dict[str, list[str]] = {}
    for one in ranked:
        towns.setdefault(one.town, []).append(one.id)
    top: set[str] = set()
    near: set[str] = set()
    for town, ids in towns.items():
        cut = capacity.get(town, 0)
        top.update(ids[:cut])
        if 0 < cut < len(ids):
            near.update(ids[max(0, cut - NEAR_PLACES) : cut + NEAR_PLACES])
    return top, near


def _spread(below: Sequence[Candidate], bands: Sequence[int], random: Random) -> list[int]:
    """Places by band, within a band town by town, towns and the entities of one in an order by chance."""
    keys = {town: random.random() for town in sorted({one.town for one in below})}
    lots = {one.id: random.random() for one in sorted(below, key=lambda one: one.id)}
    return sorted(
        range(len(below)),
        key=lambda place: (bands[place], keys[below[place].town], lots[below[place].id]),
    )


def _apart(candidates: Sequence[Candidate]) -> dict[str, float]:
    """How far the place by risk lies from the place by anomaly, as a share of the list, by id."""
    by_risk = _shares([one.risk for one in candidates])
    by_anomaly = _shares([one.anomaly for one in candidates])
    return {one.id: float(gap) for one, gap in zip(candidates, np.abs(by_risk - by_anomaly), strict=True)}


def _shares(values: Sequence[float]) -> Floats:
    """Share of the values below each value, equal ones counted half; shape of `values`."""
    value = np.asarray(values, dtype=np.float64)
    ordered = np.sort(value)
    left, right = np.searchsorted(ordered, value, "left"), np.searchsorted(ordered, value, "right")
    return (left + right) / (2 * len(value))


def _hard(
    ids: Sequence[str], *, near: set[str], apart: Mapping[str, float], random: Random
) -> dict[str, Hard]:
    """Why a second person reads a case: the hardest ones, and some of the others by chance."""
    unlike = sorted((one for one in ids if apart[one] >= UNLIKE), key=lambda one: (-apart[one], one))
    close = [one for one in ids if one in near and one not in unlike]
    hardest = (unlike + close)[: math.ceil(MOST_HARD * len(ids))]
    found: dict[str, Hard] = {}
    for one in ids:
        by_chance = random.random() < CHECKED_AT_RANDOM
        if one in hardest:
            found[one] = "unlike" if one in unlike else "near"
        elif by_chance:
            found[one] = "random"
    return found


def _refuse_bad(candidates: Sequence[Candidate], *, capacity: Mapping[str, int], quota_share: float) -> None:
    if any(cases < 0 for cases in capacity.values()):
        raise ValueError("a capacity cannot be negative")
    if not 0 <= quota_share <= 1:
        raise ValueError(f"the quota is a share between 0 and 1, not {quota_share}")
    if len({one.id for one in candidates}) < len(candidates):
        raise ValueError("a candidate appears twice")
