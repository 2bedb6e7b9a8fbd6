"""Replay of history quarter by quarter: what each order would have shown first, had it been used then.

On the first day of a quarter a model learns from what had been decided by that day, and orders the cases that people
drew (by score or quota) in the three months after. What they found later says how many of the first `capacity` were
confirmed. Beside the risk model stand the same model without selection weights, the anomaly score, the number of
findings, and a random order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import numpy as np
import pandas as pd

from features.dictionary import Entity, Feature
from ml.inputs import hits_by_entity, hits_total, model_inputs
from ml.matrix import Floats
from training.back_test import fit_risk
from training.dataset import DRAWN, FeaturesAt, build_dataset, labelled
from training.evaluation import Estimate, expected_in_top, wilson

ORDERS: Final = ("risk", "risk_unweighted", "anomaly", "hits")
"""The orders that are compared; a random one is added."""
RESAMPLES: Final = 1_000


@dataclass(frozen=True)
class Quarter:
    """One quarter.

    Attributes:
        start: its first day; nothing decided later was learnt from.
        learnt: verified cases that the models learnt from.
        cases: cases drawn in the quarter whose outcome says something.
        confirmed: how many of them people confirmed.
        precision: per order, the share confirmed among its first `capacity` cases (Wilson interval); empty when
            there were not more cases than that, so that every order would show them all.
        scores: all entities on that day, one column per order; index is the entity id.
        outcomes: 1 confirmed or 0 refuted by entity id, for the cases of the quarter.
        seen: entities that had been verified before.
    """

    start: date
    learnt: int
    cases: int
    confirmed: int
    precision: Mapping[str, Estimate]
    scores: pd.DataFrame = field(repr=False, compare=False)
    outcomes: pd.Series = field(repr=False, compare=False)
    seen: frozenset[str] = field(repr=False, compare=False)


@dataclass(frozen=True)
class Replay:
    """All quarters, and the figures pooled over those that say something.

    Attributes:
        capacity: cases that people could look at in a quarter.
        precision: per order, the share confirmed among the first `capacity` of each quarter.
        auc: per order, the chance that a confirmed case stands before a refuted one of the same quarter (bootstrap
            over cases, 95 %).
        gain: what the risk model's precision has over each other order (paired bootstrap over cases, 95 %).
    """

    entity: Entity
    capacity: int
    quarters: tuple[Quarter, ...]
    precision: Mapping[str, Estimate]
    auc: Mapping[str, Estimate]
    gain: Mapping[str, Estimate]


def replay(
    outcomes: pd.DataFrame,
    *,
    entity: Entity,
    as_of: date,
    features_at: FeaturesAt,
    dictionary: Mapping[str, Feature],
    capacity: int,
    seed: int,
    done: Callable[[int, int], None] | None = None,
) -> Replay:
    """Replay every quarter after the first selections, up to `as_of`.

    Args:
        outcomes: see `training.dataset`; later ones than `as_of` are ignored.
        features_at: called for the first days of quarters only, each more than once: cache it.
        capacity: cases that people can look at in a quarter.
        done: told after each quarter how many are done, of how many.

    Raises:
        OutcomesInvalid: the table of outcomes cannot be read.
        ValueError: a capacity below 1.
    """
    if capacity < 1:
        raise ValueError("a capacity is at least one case a quarter")
    known = labelled(outcomes, entity=entity, as_of=as_of)
    drawn = known[known["selected_by"].isin(DRAWN) & known["propensity"].notna()]
    days = _starts(known, drawn)
    quarters = []
    for number, day in enumerate(days, start=1):
        quarters.append(
            _quarter(
                outcomes,
                drawn,
                entity=entity,
                start=day,
                features_at=features_at,
                dictionary=dictionary,
                capacity=capacity,
                seed=seed,
            )
        )
        if done:
            done(number, len(days))
    return _pooled(entity, capacity, quarters, seed=seed)


def _starts(known: pd.DataFrame, drawn: pd.DataFrame) -> list[date]:
    """First days of the quarters with drawn cases, the quarter of the first selection left out."""
    if known.empty or drawn.empty:
        return []
    first = known["selected_on"].min().to_period("Q")
    periods = drawn["selected_on"].dt.to_period("Q").drop_duplicates().sort_values()
    return [period.start_time.date() for period in periods if period > first]


def _quarter(
    outcomes: pd.DataFrame,
    drawn: pd.DataFrame,
    *,
    entity: Entity,
    start: date,
    features_at: FeaturesAt,
    dictionary: Mapping[str, Feature],
    capacity: int,
    seed: int,
) -> Quarter:
    then = build_dataset(outcomes, entity=entity, as_of=start, features_at=features_at, snapshots="quarter")
    features, findings = features_at(start)
    inputs = model_inputs(features, hits_by_entity(findings, entity=entity))
    weighted = fit_risk(then, dictionary=dictionary, seed=seed)
    unweighted = fit_risk(then, dictionary=dictionary, seed=seed, weighted=False)
    scores = pd.DataFrame(
        {
            "risk": weighted.score(inputs),
            "risk_unweighted": unweighted.score(inputs),
            "anomaly": weighted.anomaly_.score(inputs),
            "hits": hits_total(inputs).to_numpy(),
        },
        index=inputs.index,
    )
    at = pd.Timestamp(start)
    within = (drawn["selected_on"] >= at) & (drawn["selected_on"] < at + pd.DateOffset(months=3))
    later = drawn[within & (drawn["decided_on"] > at)]
    asked = later[later["entity_id"].isin(scores.index)].drop_duplicates("entity_id")
    found = asked.set_index("entity_id")["label"]
    return Quarter(
        start=start,
        learnt=int(then.y.notna().sum()),
        cases=len(found),
        confirmed=int(found.sum()),
        precision=_precision(scores.loc[found.index], found.to_numpy(), capacity=capacity),
        scores=scores,
        outcomes=found,
        seen=frozenset(map(str, then.inputs.index[then.y.notna()])),
    )


def _precision(scores: pd.DataFrame, found: Floats, *, capacity: int) -> dict[str, Estimate]:
    if len(found) <= capacity:
        return {}
    shares = {
        name: wilson(expected_in_top(scores[name].to_numpy(dtype=np.float64), found, k=capacity), capacity)
        for name in ORDERS
    }
    return shares | {"random": wilson(float(found.mean()) * capacity, capacity)}


@dataclass(frozen=True)
class _Cases:
    """The cases of one quarter: per order a score, and what people found."""

    scores: Mapping[str, Floats]
    found: Floats

    def resampled(self, random: np.random.Generator) -> _Cases:
        rows = random.integers(0, len(self.found), len(self.found))
        return _Cases({name: score[rows] for name, score in self.scores.items()}, self.found[rows])

    def in_top(self, name: str, capacity: int) -> float:
        if name == "random":
            return float(self.found.mean()) * capacity
        return expected_in_top(self.scores[name], self.found, k=capacity)


def _pooled(entity: Entity, capacity: int, quarters: Sequence[Quarter], *, seed: int) -> Replay:
    cases = [
        _Cases(
            {name: q.scores.loc[q.outcomes.index, name].to_numpy(dtype=np.float64) for name in ORDERS},
            q.outcomes.to_numpy(dtype=np.float64),
        )
        for q in quarters
        if q.precision
    ]
    if not cases:
        return Replay(entity, capacity, tuple(quarters), {}, {}, {})
    looks = capacity * len(cases)
    names = (*ORDERS, "random")
    whole = _figures(cases, capacity)
    random = np.random.default_rng(seed)
    again = [_figures([one.resampled(random) for one in cases], capacity) for _ in range(RESAMPLES)]
    total = sum(len(one.found) for one in cases)
    return Replay(
        entity=entity,
        capacity=capacity,
        quarters=tuple(quarters),
        precision={name: wilson(whole[name, "found"], looks) for name in names},
        auc={
            name: _interval(whole[name, "auc"], [figures[name, "auc"] for figures in again], cases=total)
            for name in ORDERS
        },
        gain={
            name: _interval(
                (whole["risk", "found"] - whole[name, "found"]) / looks,
                [(figures["risk", "found"] - figures[name, "found"]) / looks for figures in again],
                cases=looks,
            )
            for name in names
            if name != "risk"
        },
    )


def _figures(cases: Sequence[_Cases], capacity: int) -> dict[tuple[str, str], float]:
    """Per order the confirmed ones among the first `capacity` of each quarter, and the AUC within quarters."""
    figures: dict[tuple[str, str], float] = {}
    for name in (*ORDERS, "random"):
        figures[name, "found"] = sum(one.in_top(name, capacity) for one in cases)
    for name in ORDERS:
        won, pairs = map(sum, zip(*(_pairs(one, name) for one in cases), strict=True))
        figures[name, "auc"] = won / pairs if pairs else np.nan
    return figures


def _pairs(cases: _Cases, name: str) -> tuple[float, int]:
    """Pairs of a confirmed and a refuted case that stand in the right order (half for equal scores), and all pairs."""
    score, found = cases.scores[name], cases.found == 1
    ahead = score[found][:, None] - score[~found][None, :]
    return float((ahead > 0).sum() + (ahead == 0).sum() / 2), ahead.size


def _interval(value: float, resampled: Sequence[float], *, cases: int) -> Estimate:
    if np.isnan(value):
        return Estimate(np.nan, np.nan, np.nan, cases)
    low, high = np.nanpercentile(resampled, [2.5, 97.5])
    return Estimate(value, float(low), float(high), cases)


def against_truth(
    replayed: Replay, truth_at: Callable[[date], set[str]], *, capacity: int
) -> Iterator[tuple[str, Estimate, Estimate]]:
    """Per order, precision and recall of its first `capacity` entities of each quarter, pooled over all quarters.

    Against the planted truth of a simulated county. Entities verified before stand aside: nobody lists them again.

    Args:
        truth_at: the entities with wrongdoing begun by a day.
    """
    for name in (*ORDERS, "random"):
        found = wrong = looks = 0.0
        for quarter in replayed.quarters:
            asked = quarter.scores[~quarter.scores.index.isin(quarter.seen)]
            truth = asked.index.isin(truth_at(quarter.start)).astype(np.float64)
            k = min(capacity, len(asked))
            found += (
                float(truth.mean()) * k
                if name == "random"
                else expected_in_top(asked[name].to_numpy(dtype=np.float64), truth, k=k)
            )
            wrong, looks = wrong + float(truth.sum()), looks + k
        yield name, wilson(found, int(looks)), wilson(found, int(wrong))
