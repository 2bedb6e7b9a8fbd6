"""How good an order is, with intervals that say how little small samples tell.

Beside every figure stand two baselines: a random order, and the number of findings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import brier_score_loss

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
    found = expected_in_top(score, truth, k=k)
    auc, average_precision = _resampled_areas(score, truth, seed=seed)
    return Ranking(
        name=name,
        k=k,
        precision=wilson(found, k),
        recall=wilson(found, int(truth.sum())),
        auc=auc,
        average_precision=average_precision,
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


def expected_in_top(score: Floats, truth: Floats, *, k: int) -> float:
    """True ones among the first k, on average over the orders of equal scores; both of shape (cases,)."""
    if k == 0:
        return 0.0
    last = np.sort(score)[::-1][k - 1]
    above, level = score > last, score == last
    return float(truth[above].sum() + truth[level].mean() * (k - above.sum()))


def _resampled_areas(score: Floats, truth: Floats, *, seed: int) -> tuple[Estimate, Estimate]:
    """AUC and average precision with bootstrap intervals; NaN while all cases are of one class."""
    cases = len(truth)
    if not 0 < truth.sum() < cases:
        unknown = Estimate(np.nan, np.nan, np.nan, cases)
        return unknown, unknown
    order = np.argsort(-score, kind="stable")
    level_starts = np.flatnonzero(np.diff(score[order], prepend=np.inf))
    random = np.random.default_rng(seed)
    resamples = [
        _areas(np.bincount(random.integers(0, cases, cases), minlength=cases), truth[order], level_starts)
        for _ in range(RESAMPLES)
    ]
    low, high = np.nanpercentile(resamples, [2.5, 97.5], axis=0)
    whole = _areas(np.ones(cases, dtype=np.int64), truth[order], level_starts)
    auc, average_precision = (
        Estimate(float(value), float(below), float(above), cases)
        for value, below, above in zip(whole, low, high, strict=True)
    )
    return auc, average_precision


def _areas(
    times: npt.NDArray[np.int64], truth: Floats, level_starts: npt.NDArray[np.intp]
) -> tuple[float, float]:
    """AUC and average precision of cases in descending order, each counted so many `times`; NaN for one class."""
    true = np.add.reduceat(times * truth, level_starts)
    false = np.add.reduceat(times * (1 - truth), level_starts)
    true_so_far, false_so_far = true.cumsum(), false.cumsum()
    if true_so_far[-1] == 0 or false_so_far[-1] == 0:
        return np.nan, np.nan
    auc = (false * (true_so_far - true / 2)).sum() / (true_so_far[-1] * false_so_far[-1])
    so_far = np.maximum(true_so_far + false_so_far, 1)
    return float(auc), float((true * true_so_far / so_far).sum() / true_so_far[-1])
