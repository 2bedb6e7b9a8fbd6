"""How suspicious screens are beside what is usual: a direction for each, no training, no labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from scipy.stats import chi2

from ml.matrix import Floats

WEIGHTS: Final = {"CV": 4.0, "SPD": 2.0, "SKEW": 1.0}
"""Each screen counts half of the one before. Chosen once for all data (benchmarks/tenders.py)."""

_FEW: Final = 3
"""Bids from which a tender helps to say what is usual."""
_FLOOR: Final = 1e-300


@dataclass(frozen=True)
class Directional:
    """The usual dispersion of some tenders and the sorted suspicion of each screen, to which others are compared."""

    middle: Mapping[str, float]
    known: Mapping[str, Floats]

    @classmethod
    def of(cls, screens: pd.DataFrame) -> Directional:
        """What is usual among the tenders given."""
        bids = _column(screens, "BIDS")
        middle = {name: _usual(_dispersion(screens, name), bids) for name in ("CV", "SPD")}
        suspicion = cls(middle, {}).suspicion(screens)
        return cls(middle, {name: np.sort(found[~np.isnan(found)]) for name, found in suspicion.items()})

    def suspicion(self, screens: pd.DataFrame) -> dict[str, Floats]:
        """The screens turned so that higher is more suspicious; NaN stays NaN."""
        bids = _column(screens, "BIDS")
        return {
            "CV": _low_for_so_many(_dispersion(screens, "CV"), bids, usual=self.middle["CV"]),
            "SPD": _low_for_so_many(_dispersion(screens, "SPD"), bids, usual=self.middle["SPD"]),
            "SKEW": -_column(screens, "SKEW"),
        }

    def ranks(self, screens: pd.DataFrame) -> Floats:
        """The rank of each screen among the tenders known, in (0, 1), in the order of WEIGHTS; 0.5 where missing."""
        suspicion = self.suspicion(screens)
        return np.column_stack([_rank(suspicion[name], self.known[name]) for name in WEIGHTS])

    def score(self, screens: pd.DataFrame) -> Floats:
        """Weighted mean of the ranks; see `screen_score`."""
        return np.asarray(np.average(self.ranks(screens), axis=1, weights=list(WEIGHTS.values())))


def _column(screens: pd.DataFrame, name: str) -> Floats:
    return np.asarray(screens[name], dtype=np.float64)


def _dispersion(screens: pd.DataFrame, name: str) -> Floats:
    """`CV`, or `SPD` divided by the share of the range that so many evenly drawn bids reach."""
    found, bids = _column(screens, name), _column(screens, "BIDS")
    if name == "CV":
        return found
    reach = np.where(bids > 1, (bids - 1) / (bids + 1), np.nan)
    return np.asarray(found / reach)


def _usual(dispersion: Floats, bids: Floats) -> float:
    """The median tender's dispersion, of tenders with enough bids if there are any; 0 where nothing is known."""
    known = ~np.isnan(dispersion)
    usual = dispersion[known & (bids >= _FEW)]
    if not len(usual):
        usual = dispersion[known]
    return float(np.median(usual)) if len(usual) else 0.0


def _low_for_so_many(dispersion: Floats, bids: Floats, *, usual: float) -> Floats:
    """Log odds that the usual dispersion gives more than this one, for so many bids; NaN stays NaN."""
    freedom = np.where(bids > 1, bids - 1, np.nan)
    squares = freedom * (dispersion / usual) ** 2 if usual > 0 else np.full_like(dispersion, np.nan)
    more = np.maximum(chi2.sf(squares, freedom), _FLOOR)
    less = np.maximum(chi2.cdf(squares, freedom), _FLOOR)
    return np.asarray(np.log(more) - np.log(less))


def _rank(values: Floats, known: Floats) -> Floats:
    """Mean ranks among the sorted `known`, in (0, 1), ties alike; 0.5 for what is missing."""
    below, upto = np.searchsorted(known, values, "left"), np.searchsorted(known, values, "right")
    rank = (below + upto + 1) / 2 / (len(known) + 1)
    return np.where(np.isnan(values) | (len(known) == 0), 0.5, np.clip(rank, 0.0, 1.0))
