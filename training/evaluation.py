"""How good an order is, with intervals that say how little small samples tell.

Beside every figure stand two baselines: a random order, and the number of findings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from ml.matrix import Floats

RESAMPLES: Final = 200
_Z95: Final = 1.959964


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval and the number of cases behind it; NaN = cannot tell."""

    value: float
    low: float
    high: float
    cases: int


@dataclass(frozen=True)
class Ranking:
    """How one order does against the truth.

    Attributes:
        precision: share of true ones among the first k (Wilson interval).
        recall: share of the true ones that are among the first k (Wilson interval).
        auc: chance that a true one stands before a false one (bootstrap interval).
        average_precision: precision averaged over the places of the true ones (bootstrap interval).
    """

    name: str
    k: int
    precision: Estimate
    recall: Estimate
    auc: Estimate
    average_precision: Estimate


def wilson(successes: float, cases: int) -> Estimate:
    """Share with Wilson's 95 % interval (Wilson 1927), which holds for few cases and for shares near 0 and 1."""
    if cases == 0:
        return Estimate(np.nan, 0.0, 1.0, 0)
    share = successes / cases
    centre = share + _Z95**2 / (2 * cases)
    half = _Z95 * np.sqrt(share * (1 - share) / cases + _Z95**2 / (4 * cases**2))
    scale = 1 + _Z95**2 / cases
    return Estimate(share, float((centre - half) / scale), float((centre + half) / scale), cases)


def rank_quality(score: Floats, truth: Floats, *, k: int, name: str, seed: int = 0) -> Ranking:
    """How well `score` (higher = first) puts the ones of `truth` (1 or 0) first; both of shape (cases,).

    Equal scores share their places, so an order without ties is never invented.
    """
    k = min(k, len(score))
    found = _expected_in_top(score, truth, k=k)
    return Ranking(
        name=name,
        k=k,
        precision=wilson(found, k),
        recall=wilson(found, int(truth.sum())),
        auc=_bootstrap(roc_auc_score, score, truth, seed=seed),
        average_precision=_bootstrap(average_precision_score, score, truth, seed=seed),
    )


def random_order(truth: Floats, *, k: int) -> Ranking:
    """What a random order gives on average: every case stands anywhere with the same chance."""
    k = min(k, len(truth))
    share = float(truth.mean()) if len(truth) else np.nan
    exact = Estimate(share, share, share, len(truth))
    reach = k / len(truth) if len(truth) else np.nan
    half = Estimate(0.5, 0.5, 0.5, len(truth))
    return Ranking("random", k, exact, Estimate(reach, reach, reach, int(truth.sum())), half, exact)


def against_truth(
    scores: pd.DataFrame, truth: Iterable[str], *, k: int, orders: Sequence[str] = ("risk", "anomaly", "hits")
) -> list[Ranking]:
    """Each column of `orders` against the entities that are truly wrong, beside a random order.

    Args:
        scores: columns `entity_id` and `orders`; one row per entity.
        truth: ids of the entities with wrongdoing (known for a simulated county only).
    """
    wrong = scores["entity_id"].isin(set(truth)).to_numpy().astype(np.float64)
    rankings = [
        rank_quality(scores[name].to_numpy(dtype=np.float64), wrong, k=k, name=name) for name in orders
    ]
    return [*rankings, random_order(wrong, k=k)]


def calibration_error(probability: Floats, truth: Floats, *, bins: int = 10) -> float:
    """Expected calibration error over bins of equal size; NaN without probabilities."""
    if len(truth) == 0 or np.isnan(probability).any():
        return float("nan")
    order = np.argsort(probability, kind="stable")
    parts = np.array_split(order, min(bins, len(order)))
    gaps = [len(part) * abs(probability[part].mean() - truth[part].mean()) for part in parts]
    return float(np.sum(gaps) / len(order))


def metrics(rankings: Iterable[Ranking], *, prefix: str = "") -> dict[str, float]:
    """The figures by name, for a tracking store; what cannot be told is left out."""
    named: dict[str, float] = {}
    for ranking in rankings:
        for measure in ("precision", "recall", "auc", "average_precision"):
            estimate: Estimate = getattr(ranking, measure)
            at = f"_at_{ranking.k}" if measure in {"precision", "recall"} else ""
            name = f"{prefix}{ranking.name}_{measure}{at}"
            named |= {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}
    return without_unknown(named)


def brier(probability: Floats, truth: Floats) -> float:
    """Mean squared error of the probabilities; NaN without probabilities."""
    if len(truth) == 0 or np.isnan(probability).any():
        return float("nan")
    return float(brier_score_loss(truth, probability))


def without_unknown(figures: Mapping[str, float]) -> dict[str, float]:
    """Figures that are numbers."""
    return {name: float(value) for name, value in figures.items() if np.isfinite(value)}


def _expected_in_top(score: Floats, truth: Floats, *, k: int) -> float:
    """True ones among the first k, on average over the orders of equal scores."""
    if k == 0:
        return 0.0
    last = np.sort(score)[::-1][k - 1]
    above, level = score > last, score == last
    return float(truth[above].sum() + truth[level].mean() * (k - above.sum()))


def _bootstrap(
    measure: Callable[[Floats, Floats], float], score: Floats, truth: Floats, *, seed: int
) -> Estimate:
    if not 0 < truth.sum() < len(truth):
        return Estimate(np.nan, np.nan, np.nan, len(truth))
    random = np.random.default_rng(seed)
    values = []
    for _ in range(RESAMPLES):
        rows = random.integers(0, len(truth), len(truth))
        if 0 < truth[rows].sum() < len(truth):
            values.append(float(measure(truth[rows], score[rows])))
    low, high = np.percentile(values, [2.5, 97.5])
    return Estimate(float(measure(truth, score)), float(low), float(high), len(truth))
