"""Fitting the linear heads of triage, with what unlabelled messages know folded into their weights.

Besides its features a message gets its place in a latent space (truncated SVD over all messages, labelled or
not), so that a word never seen in a labelled message borrows the weight of those that keep it company. The
latent place is linear in the features: w.x + v.(P'x) = (w + P v).x, so a fitted head is folded back into one
weight per feature, and the shipped model knows nothing of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack
from sklearn.decomposition import TruncatedSVD
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from ml.triage.features import Features
from ml.triage.heads import Head

DIMENSIONS: Final = 100
KEY_COST: Final = 5.0
URGENCY_COST: Final = 2.0
CHOICE_COST: Final = 0.3
UNSURE_WEIGHT: Final = 0.5
"""Weight of a label on which a reader hesitated or two differed."""


@dataclass(frozen=True)
class LatentSpace:
    """The projection P: features x `DIMENSIONS`, scaled so that a message's place has length one on average."""

    projection: NDArray[np.float64]

    @classmethod
    def of(cls, matrix: csr_array, *, features: Features, seed: int) -> LatentSpace:
        """Learn the space from the n-grams and words of distinct messages; cues, signs and openings take no part."""
        terms = csr_array(matrix[:, : features.first_cue])
        svd = TruncatedSVD(DIMENSIONS, n_iter=3, random_state=seed).fit(terms)
        places = terms @ svd.components_.T
        scale = np.sqrt((places**2).sum(axis=1).mean())
        projection = np.zeros((matrix.shape[1], DIMENSIONS))
        projection[: features.first_cue] = svd.components_.T / scale
        return cls(projection)

    def extend(self, matrix: csr_array) -> csr_array:
        """Return features with the latent place beside them."""
        return csr_array(hstack([matrix, csr_array(matrix @ self.projection)], format="csr"))

    def fold(self, weights: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return weights of the extended features (rows) as weights of the features alone."""
        size = len(self.projection)
        return np.asarray(weights[:size] + self.projection @ weights[size:], dtype=np.float32)


def fit_key_head(
    extended: csr_array, keys: NDArray[np.bool_], *, sure: NDArray[np.bool_], space: LatentSpace, seed: int
) -> Head:
    """Fit the key head by logistic regression; its score is a log-odds before calibration."""
    model = LogisticRegression(C=KEY_COST, solver="liblinear", random_state=seed, max_iter=1000)
    model.fit(extended, keys, sample_weight=np.where(sure, 1.0, UNSURE_WEIGHT))
    return Head(("key",), space.fold(model.coef_.T), np.asarray(model.intercept_, dtype=np.float64))


def fit_urgency_head(
    extended: csr_array,
    pressing: NDArray[np.bool_],
    *,
    weights: NDArray[np.float64],
    urgency: str,
    space: LatentSpace,
    seed: int,
) -> Head:
    """Fit a head for one urgency by logistic regression; the few that have it weigh as much as all others."""
    model = LogisticRegression(
        C=URGENCY_COST, solver="liblinear", class_weight="balanced", random_state=seed, max_iter=1000
    )
    model.fit(extended, pressing, sample_weight=weights)
    return Head((urgency,), space.fold(model.coef_.T), np.asarray(model.intercept_, dtype=np.float64))


def side_by_side(heads: Sequence[Head]) -> Head:
    """Return heads of one label each as one head of all of them."""
    return Head(
        tuple(head.labels[0] for head in heads),
        np.concatenate([head.weights for head in heads], axis=1),
        np.concatenate([head.intercepts for head in heads]),
    )


def fit_choice_head(
    extended: csr_array,
    answers: NDArray[np.str_],
    *,
    weights: NDArray[np.float64],
    space: LatentSpace,
    seed: int,
) -> Head:
    """Fit a head that chooses one of several labels; rare labels weigh as much as common ones."""
    model = LinearSVC(C=CHOICE_COST, class_weight="balanced", random_state=seed)
    model.fit(extended, answers, sample_weight=weights)
    labels = tuple(str(label) for label in model.classes_)
    return Head(labels, space.fold(model.coef_.T), np.asarray(model.intercept_, dtype=np.float64))
