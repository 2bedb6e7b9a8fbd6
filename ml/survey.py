"""What a plan with a random quota says of all: precision of the list, share of the wrong ones, recall of the list.

Only cases count whose chance of being chosen is known. Few cases give a bound on one side instead of a number that
means nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from scipy.stats import beta
from scipy.stats import t as student

from ml.matrix import Floats

LEAST_CASES: Final = 30
"""Decided cases below which a share is told by a bound on one side only."""
LEAST_EACH: Final = 3
"""Confirmed and refuted cases below which a share is told by a bound on one side only."""
LEVEL: Final = 0.95

Bound = Literal["both", "at_most", "at_least", "unknown"]


@dataclass(frozen=True)
class Told:
    """A share and how surely it is known, at 95 %.

    Attributes:
        value: the estimate; NaN unless `bound` is "both".
        low: the interval or the bound begins here.
        high: the interval or the bound ends here.
        bound: "both" an interval; "at_most" and "at_least" one bound, the other side is 0 or 1; "unknown" nothing.
        cases: decided cases behind it.
        confirmed: how many of them people confirmed.
    """

    value: float
    low: float
    high: float
    bound: Bound
    cases: int
    confirmed: int


UNKNOWN: Final = Told(np.nan, 0.0, 1.0, "unknown", 0, 0)


@dataclass(frozen=True)
class Answer:
    """What people found about the cases of some weeks; NaN = not decided or not to be told.

    Attributes:
        top: 1 confirmed, 0 refuted, of the cases that led the lists; shape (top cases,).
        quota: the same of the random cases; shape (quota cases,).
        propensity: with which each random case was drawn; shape (quota cases,).
        below: entities below the top, added up over the weeks.
    """

    top: Floats
    quota: Floats
    propensity: Floats
    below: int


@dataclass(frozen=True)
class Results:
    """Attributes:
    precision: share confirmed among the first of the lists.
    below: share that people would confirm among all others.
    prevalence: the same among all, the first and the others together.
    recall: of all that people would confirm, the share that led the lists.
    """

    precision: Told
    below: Told
    prevalence: Told
    recall: Told


def estimate(answer: Answer) -> Results:
    """Precision, prevalence and recall of the lists of some weeks.

    The share below the top is the Hájek mean of the random cases, weighted by one over their chances. Its interval is
    that of Clopper and Pearson (1934) at the effective number of cases, which carries exact intervals over to weighted
    samples (Korn & Graubard 1998); a bound on one side uses Kish's (Σw)²/Σw², which needs no variance. Recall
    and prevalence follow from it: the first of the lists were all looked at, so only the rest is uncertain; where
    some of the first are not decided, both parts are bounded at 97.5 % (Bonferroni). Undecided cases are taken to be
    like the decided ones of their kind.
    """
    precision = share(answer.top)
    weights = 1 / answer.propensity
    below = share(answer.quota, weights=weights)
    listed = len(answer.top)
    if below.bound == "unknown" or (listed and precision.bound == "unknown"):
        return Results(precision, below, UNKNOWN, UNKNOWN)
    found = float(np.nansum(answer.top))
    all_decided = not np.isnan(answer.top).any()
    level = LEVEL if all_decided else (1 + LEVEL) / 2
    part = share(answer.quota, weights=weights, level=level)
    if all_decided:
        low = high = found
    else:
        bounds = share(answer.top, level=level)
        low, high = bounds.low * listed, bounds.high * listed
    middle = _mean(answer.top, np.ones(listed)) * listed if listed else 0.0
    rest = _mean(answer.quota, weights) * answer.below
    everyone = listed + answer.below
    both = part.bound == "both" and (all_decided or precision.bound == "both")
    cases, confirmed = precision.cases + below.cases, precision.confirmed + below.confirmed
    prevalence = _told(
        (middle + rest) / everyone,
        (low + part.low * answer.below) / everyone,
        (high + part.high * answer.below) / everyone,
        both=both,
        cases=cases,
        confirmed=confirmed,
    )
    recall = _told(
        middle / (middle + rest) if middle + rest else np.nan,
        low / (low + part.high * answer.below) if low else 0.0,
        high / (high + part.low * answer.below) if high else (0.0 if part.low else 1.0),
        both=both,
        cases=cases,
        confirmed=confirmed,
    )
    return Results(precision, below, prevalence, recall)


def share(found: Floats, *, weights: Floats | None = None, level: float = LEVEL) -> Told:
    """Weighted share of ones with an exact interval at the effective number of cases; NaN is left out.

    Fewer than LEAST_CASES decided, or fewer than LEAST_EACH of either kind, give one bound: an upper one while less
    than half is confirmed, else a lower one.

    Args:
        found: 1, 0 or NaN; shape (cases,).
        weights: positive; shape (cases,); all alike by default.
    """
    decided = ~np.isnan(found)
    y = found[decided]
    w = np.ones(len(y)) if weights is None else weights[decided]
    if len(y) == 0:
        return UNKNOWN
    value = float((w * y).sum() / w.sum())
    ones = int(y.sum())
    few = len(y) < LEAST_CASES or min(ones, len(y) - ones) < LEAST_EACH
    effective = _kish(w) if few or weights is None else _effective(y, w, value)
    tail = (1 - level) if few else (1 - level) / 2
    low, high = _clopper_pearson(value * effective, effective, tail=tail)
    if not few:
        return Told(value, low, high, "both", len(y), ones)
    if value <= 0.5:
        return Told(np.nan, 0.0, high, "at_most", len(y), ones)
    return Told(np.nan, low, 1.0, "at_least", len(y), ones)


def kappa(one: Sequence[str], other: Sequence[str], *, seed: int = 0, resamples: int = 2_000) -> Told:
    """Agreement of two readers beyond chance (Cohen 1960) with a bootstrap interval over cases; in [-1, 1].

    `confirmed` counts the cases on which the two agree. Fewer than LEAST_CASES pairs, or readers who both only ever
    said one thing, give "unknown".
    """
    first, second = np.asarray(one, dtype=object), np.asarray(other, dtype=object)
    agreed = int((first == second).sum())
    value = _kappa(first, second)
    if len(first) < LEAST_CASES or np.isnan(value):
        return Told(np.nan, -1.0, 1.0, "unknown", len(first), agreed)
    random = np.random.default_rng(seed)
    rows = random.integers(0, len(first), (resamples, len(first)))
    low, high = np.nanpercentile([_kappa(first[row], second[row]) for row in rows], [2.5, 97.5])
    return Told(value, float(low), float(high), "both", len(first), agreed)


def _kappa(first: np.ndarray, second: np.ndarray) -> float:
    if len(first) == 0:
        return np.nan
    kinds = set(first) | set(second)
    by_chance = sum(float((first == kind).mean() * (second == kind).mean()) for kind in kinds)
    return (float((first == second).mean()) - by_chance) / (1 - by_chance) if by_chance < 1 else np.nan


def _kish(w: Floats) -> float:
    return float(w.sum() ** 2 / (w**2).sum())


def _effective(y: Floats, w: Floats, value: float) -> float:
    """Cases of a plain sample with the same variance (linearised), at most as many as there are."""
    cases = len(y)
    variance = float((w**2 * (y - value) ** 2).sum() / w.sum() ** 2) * cases / (cases - 1)
    shrink = float((student.ppf(0.975, np.inf) / student.ppf(0.975, cases - 1)) ** 2)
    return min(float(cases), value * (1 - value) / variance * shrink)


def _mean(found: Floats, weights: Floats) -> float:
    decided = ~np.isnan(found)
    return float((weights[decided] * found[decided]).sum() / weights[decided].sum()) if decided.any() else 0.0


def _clopper_pearson(successes: float, cases: float, *, tail: float) -> tuple[float, float]:
    """Bounds that are each missed with chance `tail` at most; successes need not be whole."""
    low = float(beta.ppf(tail, successes, cases - successes + 1)) if successes > 0 else 0.0
    high = float(beta.ppf(1 - tail, successes + 1, cases - successes)) if successes < cases else 1.0
    return low, high


def _told(value: float, low: float, high: float, *, both: bool, cases: int, confirmed: int) -> Told:
    """An interval, or the one bound that says more; both bounds trivial = unknown."""
    if both:
        return Told(value, low, high, "both", cases, confirmed)
    if low <= 0 and high >= 1:
        return Told(np.nan, 0.0, 1.0, "unknown", cases, confirmed)
    if low >= 1 - high:
        return Told(np.nan, low, 1.0, "at_least", cases, confirmed)
    return Told(np.nan, 0.0, high, "at_most", cases, confirmed)
