"""From a margin to a probability of confirmation, learnt on cases that were not used to learn the margin.

Two curves: logistic (Platt 1999, with his targets, so that few cases never give certainty) and a monotone step curve
(isotonic regression; Zadrozny, Elkan 2002), which assumes no shape but needs hundreds of cases (Niculescu-Mizil,
Caruana 2005). Left-out cases choose. A band around the curve says how much other cases could have moved it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression

from ml.matrix import Floats, Integers

ISOTONIC_FROM: Final = 300
"""Cases (effective number, Kish 1965) from which the step curve is tried."""
RESAMPLES: Final = 400
"""Resampled sets of cases behind a band."""
LEVEL: Final = 0.95
"""Share of them within the band at every margin."""

_NEWTON_STEPS: Final = 50
_KNOTS: Final = 65


@dataclass(frozen=True)
class Logistic:
    """probability = 1 / (1 + exp(-(intercept + slope · margin))), slope never below zero."""

    intercept: float
    slope: float

    @classmethod
    def fit(
        cls, margin: Floats, y: Floats, *, weight: Floats, prior: float, prior_slope: float = 1.0
    ) -> Logistic:
        """The curve through cases `y` in [0, 1]; `prior` cases pull the slope to `prior_slope`."""
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

    @classmethod
    def platt(cls, margin: Floats, y: Floats, *, weight: Floats) -> Logistic:
        """The curve through cases `y` (1 or 0), each class drawn in by one case of the other (Platt 1999)."""
        ones, zeros = weight @ y, weight @ (1 - y)
        targets = np.where(y > 0, (ones + 1) / (ones + 2), 1 / (zeros + 2))
        return cls.fit(margin, targets, weight=weight, prior=1.0)

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
        """The curve through cases `y` (1 or 0); never nearer to certainty than one case in n + 2."""
        least = 1 / (effective_cases(weight) + 2)
        fitted = IsotonicRegression(y_min=least, y_max=1 - least).fit(margin, y, sample_weight=weight)
        return cls(tuple(map(float, fitted.X_thresholds_)), tuple(map(float, fitted.y_thresholds_)))

    def probability(self, margin: Floats) -> Floats:
        """Probability of each margin; shape (rows,)."""
        return np.interp(margin, self.margin, self.share)

    def to_json(self) -> dict[str, object]:
        """The curve as JSON, for `calibration_from_json`."""
        return {"kind": "isotonic", "margin": list(self.margin), "share": list(self.share)}


Calibration = Logistic | Isotonic


@dataclass(frozen=True)
class Band:
    """Between what bounds the curve would lie, had other cases been verified; straight between margins, flat beyond.

    It tells of the cases behind the curve, not of those behind the margin.
    """

    margin: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]

    @classmethod
    def around(
        cls, curve: Calibration, margin: Floats, y: Floats, *, weight: Floats, entities: Integers, seed: int
    ) -> Band:
        """Percentiles over curves through entities drawn with replacement (bootstrap, Efron 1979).

        Args:
            curve: the curve of the cases, whose kind the others share.
            entities: a number per case; those of one entity are drawn together.
        """
        random = np.random.default_rng(seed)
        knots = np.unique(np.quantile(margin, np.linspace(0, 1, _KNOTS)))
        numbers, entity = np.unique(entities, return_inverse=True)
        curves = np.empty((RESAMPLES, len(knots)))
        for row in range(RESAMPLES):
            times = np.bincount(random.integers(0, len(numbers), len(numbers)), minlength=len(numbers))[
                entity
            ]
            drawn = times > 0
            again = _fit(type(curve), margin[drawn], y[drawn], weight=(weight * times)[drawn])
            curves[row] = again.probability(knots)
        tail = (1 - LEVEL) / 2
        low, high = np.quantile(curves, [tail, 1 - tail], axis=0)
        return cls(tuple(map(float, knots)), tuple(map(float, low)), tuple(map(float, high)))

    def interval(self, margin: Floats, probability: Floats) -> Floats:
        """Low and high per row, shape (rows, 2), never without the `probability` itself."""
        low = np.minimum(np.interp(margin, self.margin, self.low), probability)
        high = np.maximum(np.interp(margin, self.margin, self.high), probability)
        return np.column_stack([low, high])

    def to_json(self) -> dict[str, list[float]]:
        """The band as JSON: the arguments of the class."""
        return {"margin": list(self.margin), "low": list(self.low), "high": list(self.high)}


def calibrate(margin: Floats, y: Floats, *, weight: Floats, fold: Integers) -> Calibration:
    """The curve with the smaller log-loss on left-out folds; logistic below ISOTONIC_FROM cases.

    Args:
        margin: from models that had not seen the case.
        fold: the part with which a case is left out; shape (cases,).
    """
    if effective_cases(weight) < ISOTONIC_FROM:
        return Logistic.platt(margin, y, weight=weight)
    kinds: tuple[type[Calibration], ...] = (Logistic, Isotonic)
    losses = [_left_out_loss(kind, margin, y, weight=weight, fold=fold) for kind in kinds]
    return _fit(kinds[int(np.argmin(losses))], margin, y, weight=weight)


def effective_cases(weight: Floats) -> float:
    """So many cases of equal weight say as much as these (Kish 1965)."""
    return float(weight.sum() ** 2 / (weight @ weight))


def calibration_from_json(stored: Mapping[str, object]) -> Calibration:
    """The curve that `to_json` wrote."""
    match stored:
        case {"kind": "logistic", "intercept": float(intercept), "slope": float(slope)}:
            return Logistic(intercept, slope)
        case {"kind": "isotonic", "margin": list(margin), "share": list(share)}:
            return Isotonic(tuple(margin), tuple(share))
    raise ValueError(f"unknown calibration {stored.get('kind')!r}")


def band_from_json(stored: Mapping[str, Sequence[float]] | None) -> Band | None:
    """The band that `to_json` wrote, or none."""
    return Band(**{name: tuple(of) for name, of in stored.items()}) if stored else None


def _fit(kind: type[Calibration], margin: Floats, y: Floats, *, weight: Floats) -> Calibration:
    if kind is Logistic:
        return Logistic.platt(margin, y, weight=weight)
    return Isotonic.fit(margin, y, weight=weight)


def _left_out_loss(
    kind: type[Calibration], margin: Floats, y: Floats, *, weight: Floats, fold: Integers
) -> float:
    probability = np.empty(len(y))
    for part in np.unique(fold):
        out = fold == part
        curve = _fit(kind, margin[~out], y[~out], weight=weight[~out])
        probability[out] = np.clip(curve.probability(margin[out]), 1e-9, 1 - 1e-9)
    return float(np.average(-np.log(np.where(y > 0, probability, 1 - probability)), weights=weight))
