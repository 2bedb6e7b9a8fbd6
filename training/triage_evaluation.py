"""Figures of triage: how well it ranks, decides and is calibrated, with their spread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    average_precision_score,
    f1_score,
    precision_recall_curve,
    precision_score,
    recall_score,
)

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Figure:
    """A measured value with its interval: over folds the middle 95 %, over a test set a bootstrap of 95 %."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def over_folds(values: Sequence[float]) -> Figure:
    """Return the mean over folds, with the range that holds the middle 95 % of them."""
    low, high = np.quantile(values, [0.025, 0.975])
    return Figure(float(np.mean(values)), float(low), float(high))


def bootstrapped(
    measure: Callable[[NDArray[np.int64]], float], size: int, *, seed: int, rounds: int = 1_000
) -> Figure:
    """Return ``measure`` of all ``size`` rows, with the middle 95 % over samples drawn with replacement."""
    generator = np.random.default_rng(seed)
    drawn = [measure(generator.integers(size, size=size)) for _ in range(rounds)]
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return Figure(float(measure(np.arange(size))), float(low), float(high))


def best_threshold(keys: Bools, scores: Floats) -> float:
    """Return the score from which on to say yes so that F1 is highest."""
    precision, recall, thresholds = precision_recall_curve(keys, scores)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-12)
    return float(thresholds[min(int(f1.argmax()), len(thresholds) - 1)])


def calibration(keys: Bools, scores: Floats) -> tuple[float, float]:
    """Return slope and offset of a logistic curve from held-out scores to probabilities (Platt)."""
    model = LogisticRegression(C=1e6).fit(scores[:, None], keys)
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def calibration_error(keys: Bools, probability: Floats, *, bins: int = 10) -> float:
    """Return the expected calibration error over ``bins`` of equal width."""
    place = np.minimum((probability * bins).astype(int), bins - 1)
    gaps = np.bincount(place, weights=probability - keys, minlength=bins)
    return float(np.abs(gaps).sum() / len(keys))


def ranking_figures(keys: Bools, probability: Floats, *, threshold: float, seed: int) -> dict[str, Figure]:
    """Return F1, precision, recall and average precision on a test set, bootstrapped over its messages."""
    said = probability >= threshold
    measures: dict[str, Callable[[NDArray[np.int64]], float]] = {
        "F1": lambda rows: float(f1_score(keys[rows], said[rows], zero_division=0)),
        "precision": lambda rows: float(precision_score(keys[rows], said[rows], zero_division=0)),
        "recall": lambda rows: float(recall_score(keys[rows], said[rows], zero_division=0)),
        "average precision": lambda rows: float(average_precision_score(keys[rows], probability[rows])),
    }
    return {name: bootstrapped(measure, len(keys), seed=seed) for name, measure in measures.items()}


def f1_figure(truth: Bools, said: Bools, *, seed: int) -> Figure:
    """Return F1 of a yes or no, with its bootstrap interval."""
    return bootstrapped(
        lambda rows: float(f1_score(truth[rows], said[rows], zero_division=0)),
        len(truth), seed=seed, rounds=200,
    )  # fmt: skip


def urgency_figures(
    urgency: str, truth: Bools, said: Bools, scores: Floats, *, seed: int
) -> dict[str, Figure]:
    """Return precision, recall and average precision of a rare urgency, each with its bootstrap interval."""
    measures: dict[str, Callable[[NDArray[np.int64]], float]] = {
        "precision": lambda rows: float(precision_score(truth[rows], said[rows], zero_division=0)),
        "recall": lambda rows: float(recall_score(truth[rows], said[rows], zero_division=0)),
        "average precision": lambda rows: (
            float(average_precision_score(truth[rows], scores[rows])) if truth[rows].any() else 0.0
        ),
    }
    return {
        f"{urgency} {name}": bootstrapped(measure, len(truth), seed=seed, rounds=200)
        for name, measure in measures.items()
    }


def macro_f1_figure(
    truth: NDArray[np.str_], answers: NDArray[np.str_], *, seed: int, rounds: int = 1_000
) -> Figure:
    """Return `macro_f1` with its bootstrap interval."""
    return bootstrapped(
        lambda rows: macro_f1(truth[rows], answers[rows]), len(truth), seed=seed, rounds=rounds
    )


def macro_f1(truth: NDArray[np.str_], answers: NDArray[np.str_]) -> float:
    """Return F1 averaged over the labels that occur in the truth."""
    return float(f1_score(truth, answers, labels=np.unique(truth), average="macro", zero_division=0))
