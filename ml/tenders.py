"""A score of tenders from the screens of their bids: no training, no labels, a direction for each screen."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from scipy.stats import chi2, rankdata

from ml.errors import FeatureMismatch
from ml.matrix import Floats

WEIGHTS: Final = {"CV": 4.0, "SPD": 2.0, "SKEW": 1.0}
"""Each screen counts half of the one before. Chosen once for all data (benchmarks/tenders.py)."""

_FEW: Final = 3
"""Bids from which a tender helps to say what is usual."""
_FLOOR: Final = 1e-300


def screen_score(screens: pd.DataFrame) -> Floats:
    """How suspicious the bids of each tender look beside the other tenders given, in (0, 1); higher = more.

    Every screen becomes a tail probability on its suspicious side, the probabilities become ranks among the tenders
    given, and the score is their weighted average. The directions come from the literature and are the same
    everywhere:

    - `CV` low: a cartel's cover bids stay close above the winner's, and prices no longer follow costs (Abrantes-Metz
      et al. 2006; Imhof 2018). The first screen, because it needs no winner and no lowest-price rule.
    - `SPD` low: the same, seen at the ends of the bids.
    - `SKEW` low: cover bids bunch above, the agreed winner stands alone below (Imhof, Karagök & Rutz 2018).

    A low dispersion of two or three bids is easily chance and that of ten is not. So `CV` and `SPD` are judged as
    variances with BIDS − 1 degrees of freedom against the median tender (chi-squared); `SPD` is first divided by
    the share (n − 1)/(n + 1) of the range that n evenly drawn bids reach.

    `DIFFP` and `RD` are left out because they presume that the lowest bid wins, which the Italian average-price rule
    denies; `KURT` and `KSTEST` because with fewer than ten bids they mostly measure their number.

    Use it to choose what to look at among tenders of one place and kind. Not for tenders where everybody must offer
    one fixed price, nor to compare scores of different batches: it ranks within one.

    Args:
        screens: what `features.tender.screens` returns: columns `BIDS`, `CV`, `SPD`, `SKEW` at least, NaN allowed.

    Returns:
        One value a row. A missing screen, or one that is equal for all, counts as the middle (0.5): it says nothing.

    Raises:
        FeatureMismatch: a column is missing.
    """
    wanted = ["BIDS", *WEIGHTS]
    if missing := [name for name in wanted if name not in screens.columns]:
        raise FeatureMismatch(
            f"screens lack {', '.join(missing)}; take them from features.tender.screens", missing=missing
        )
    bids = screens["BIDS"].to_numpy(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        reach = np.where(bids > 1, (bids - 1) / (bids + 1), np.nan)
        suspicion = {
            "CV": _low_for_so_many(screens["CV"].to_numpy(np.float64), bids),
            "SPD": _low_for_so_many(screens["SPD"].to_numpy(np.float64) / reach, bids),
            "SKEW": -screens["SKEW"].to_numpy(np.float64),
        }
    ranks = np.column_stack([_ranks(suspicion[name]) for name in WEIGHTS])
    return np.asarray(np.average(ranks, axis=1, weights=list(WEIGHTS.values())))


def _low_for_so_many(dispersion: Floats, bids: Floats) -> Floats:
    """Log odds that the usual dispersion gives more than this one, for so many bids; NaN stays NaN."""
    known = ~np.isnan(dispersion)
    usual = dispersion[known & (bids >= _FEW)]
    if not len(usual):
        usual = dispersion[known]
    middle = float(np.median(usual)) if len(usual) else np.nan
    freedom = np.where(bids > 1, bids - 1, np.nan)
    squares = freedom * (dispersion / middle) ** 2 if middle > 0 else np.full_like(dispersion, np.nan)
    more = np.maximum(chi2.sf(squares, freedom), _FLOOR)
    less = np.maximum(chi2.cdf(squares, freedom), _FLOOR)
    return np.asarray(np.log(more) - np.log(less))


def _ranks(values: Floats) -> Floats:
    """Mean ranks in (0, 1), ties alike; 0.5 for what is missing."""
    known = ~np.isnan(values)
    ranks = np.full(len(values), 0.5)
    ranks[known] = rankdata(values[known]) / (known.sum() + 1)
    return ranks
