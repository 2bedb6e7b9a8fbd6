"""From a margin to a probability of confirmation, learnt on cases that were not used to learn the margin.

Few cases: a logistic curve (Platt 1999). Many: a monotone step curve (isotonic regression), which assumes no
shape but needs the numbers (Niculescu-Mizil, Caruana 2005: from about a thousand cases).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression

from ml.matrix import Floats

ISOTONIC_FROM: Final = 1_000
_NEWTON_STEPS: Final = 50


@dataclass(frozen=True)
class Logistic:
    """probability = 1 / (1 + exp(-(intercept + slope · margin))), slope never below zero."""

    intercept: float
    slope: float

    @classmethod
    def fit(
        cls, margin: Floats, y: Floats, *, weight: Floats, prior: float, prior_slope: float = 1.0
    ) -> Logistic:
        """The curve through cases `y` (1 or 0); `prior` pulls the slope to `prior_slope`, as so many cases would."""
        intercept, slope = 0.0, prior_slope
        for _ in range(_NEWTON_STEPS):
            p = expit(intercept + slope * margin)
            gap, bend = weight * (p - y), weight * p * (1 - p)
            gradient = np.array([gap.sum(), gap @ margin + prior * (slope - prior_slope)])
            cross = bend @ margin
            curvature = np.array([[bend.sum() + 1e-9, cross], [cross, bend @ margin**2 + prior + 1e-9]])
            step = np.clip(np.linalg.solve(curvature, gradient), -2, 2)
            intercept, slope = intercept - float(step[0]), slope - float(step[1])
            if np.abs(step).max() < 1e-10:
                break
        if slope < 0:
            share = np.clip(np.average(y, weights=weight), 1e-6, 1 - 1e-6)
            return cls(float(np.log(share / (1 - share))), 0.0)
        return cls(intercept, slope)

    def log_odds(self, margin: Floats) -> Floats:
        """Log-odds of each margin; shape (rows,)."""
        return self.intercept + self.slope * margin

    def probability(self, margin: Floats) -> Floats:
        """Probability of each margin; shape (rows,)."""
        return np.asarray(expit(self.log_odds(margin)))

    def to_json(self) -> dict[str, object]:
        """The curve as JSON, for `calibration_from_json`."""
        return {"kind": "logistic", "intercept": self.intercept, "slope": self.slope}


@dataclass(frozen=True)
class Isotonic:
    """A rising curve through points, straight between them and flat beyond."""

    margin: tuple[float, ...]
    share: tuple[float, ...]

    @classmethod
    def fit(cls, margin: Floats, y: Floats, *, weight: Floats) -> Isotonic:
        """The curve through cases `y` (1 or 0)."""
        fitted = IsotonicRegression(y_min=0, y_max=1).fit(margin, y, sample_weight=weight)
        return cls(tuple(map(float, fitted.X_thresholds_)), tuple(map(float, fitted.y_thresholds_)))

    def probability(self, margin: Floats) -> Floats:
        """Probability of each margin; shape (rows,)."""
        return np.interp(margin, self.margin, self.share)

    def to_json(self) -> dict[str, object]:
        """The curve as JSON, for `calibration_from_json`."""
        return {"kind": "isotonic", "margin": list(self.margin), "share": list(self.share)}


Calibration = Logistic | Isotonic


def calibrate(margin: Floats, y: Floats, *, weight: Floats) -> Calibration:
    """The curve that suits the number of cases; `margin` from models that had not seen the cases."""
    if len(y) >= ISOTONIC_FROM:
        return Isotonic.fit(margin, y, weight=weight)
    return Logistic.fit(margin, y, weight=weight, prior=1.0)


def calibration_from_json(stored: Mapping[str, object]) -> Calibration:
    """The curve that `to_json` wrote."""
    match stored:
        case {"kind": "logistic", "intercept": float(intercept), "slope": float(slope)}:
            return Logistic(intercept, slope)
        case {"kind": "isotonic", "margin": list(margin), "share": list(share)}:
            return Isotonic(tuple(margin), tuple(share))
    raise ValueError(f"unknown calibration {stored.get('kind')!r}")
