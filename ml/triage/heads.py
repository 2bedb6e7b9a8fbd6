"""The learned part of a triage model: linear heads, and how a key score becomes a decision."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array


@dataclass(frozen=True)
class Head:
    """One linear question about a message.

    Attributes:
        labels: the answers; the key head has one, `flagged` takes any number, the others choose the best of several.
        weights: one row per feature, one column per label.
        intercepts: one per label.
    """

    labels: tuple[str, ...]
    weights: NDArray[np.float32]
    intercepts: NDArray[np.float64]

    def scores(self, matrix: csr_array) -> NDArray[np.float64]:
        """Return one score per message (row) and label (column)."""
        return np.asarray(matrix @ self.weights, dtype=np.float64) + self.intercepts

    def answers(self, matrix: csr_array) -> list[str]:
        """Return the best label of each message."""
        return [self.labels[best] for best in self.scores(matrix).argmax(axis=1)]

    def flagged(self, matrix: csr_array) -> list[tuple[str, ...]]:
        """Return the labels of each message whose score is not below zero."""
        return [
            tuple(label for label, said in zip(self.labels, row, strict=True) if said)
            for row in self.scores(matrix) >= 0
        ]


@dataclass(frozen=True)
class Decision:
    """From a key score to a probability, a decision and an abstention.

    Attributes:
        slope: with `offset`, probability = logistic(slope * score + offset), fitted on held-out scores.
        offset: see `slope`.
        threshold: from this probability on a message is called a key matter.
        unsure_from: the model abstains from this probability on,
        unsure_to: up to but below this one.
    """

    slope: float
    offset: float
    threshold: float
    unsure_from: float
    unsure_to: float

    def probability(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the calibrated probability of each score."""
        return np.asarray(1 / (1 + np.exp(-(self.slope * scores + self.offset))), dtype=np.float64)

    def unsure(self, probability: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return where the model abstains."""
        return np.asarray((probability >= self.unsure_from) & (probability < self.unsure_to), dtype=np.bool_)
