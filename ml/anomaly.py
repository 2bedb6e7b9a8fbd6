"""Anomaly score: how unlike the others a row is, without any label."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from ml.errors import ModelError
from ml.forest import Forest
from ml.matrix import (
    BLOCK_CELLS,
    Direction,
    Floats,
    Integers,
    Matrix,
    column_names,
    frame_like,
    numeric,
    signs,
    squashed,
)
from ml.neighbours import Neighbours
from ml.tails import Tails

WEIGHTS: Final = {"forest": 0.5, "neighbours": 0.35, "tails": 0.15}
"""The parts of the score; the isolation forest leads. Chosen once for all data (benchmarks/anomaly.py)."""

_ROWS_OF_USUAL_PARTS: Final = 2_000
"""Rows of training from which the usual contribution of a column is taken."""

_FAR: Final = 5.0
"""Widths beyond which a value is just far away: no single column rules trees or distances."""
_WIDTH_OF_NORMAL: Final = 2.5631
"""Distance between the first and the last decile of a normal distribution, in standard deviations."""

ARRAYS: Final = "anomaly.npz"
ABOUT: Final = "anomaly.json"


class AnomalyModel(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Isolation forest, joined by distances to small samples and by tail probabilities of single columns.

    Missing values say nothing: they stand for the median of their column. A constant column changes nothing.
    Of a column with a direction only the suspicious side counts. A row's score depends on that row alone.

    Use it on features comparable between rows (peer-normalised ones). Not for text, ids, or dates, and not to
    find near-copies: rows that are alike are usual to it.

    Args:
        directions: "up" or "down" for columns where only high or only low values are suspicious.
        n_estimators: trees of the isolation forest.
        random_state: seed; the same rows and seed give the same model, bit for bit.

    Example:
        >>> rows = pd.DataFrame({"share": [0.1, 0.2, 0.15, 0.12, 0.9], "days": [1, 2, 2, 1, 40]})
        >>> int(AnomalyModel().fit(rows).score(rows).argmax())
        4
    """

    feature_names_in_: npt.NDArray[np.object_]
    n_features_in_: int
    sign_: Integers
    typical_: Floats
    scale_: Floats
    centre_: Floats
    spread_: Floats
    usual_parts_: Floats
    forest_: Forest
    neighbours_: Neighbours
    tails_: Tails

    def __init__(
        self,
        *,
        directions: Mapping[str, Direction] | None = None,
        n_estimators: int = 300,
        random_state: int = 0,
    ) -> None:
        self.directions = directions
        self.n_estimators = n_estimators
        self.random_state = random_state

    def fit(self, X: Matrix, y: object = None) -> Self:  # noqa: ARG002  # scikit-learn's convention
        """Learn what is usual in `X`, shape (rows, columns), numeric, NaN where one cannot tell.

        Raises:
            FeatureMismatch: a column appears twice, or a direction names no column.
            ValueError: fewer than two rows, no column, not numeric, or infinite values.
        """
        values = numeric(X)
        if values.shape[0] < 2 or values.shape[1] < 1:
            raise ValueError(f"an anomaly needs at least two rows and one column, got {values.shape}")
        names = column_names(X)
        self.feature_names_in_ = np.array(names, dtype=object)
        self.n_features_in_ = len(names)
        self.sign_ = signs(names, self.directions)
        self.typical_ = _medians(values)
        usual = self._without_harmless_side(values)
        self.scale_ = _widths(usual)
        random = check_random_state(self.random_state)
        seed = int(random.randint(2**31 - 1))
        scaled = self._scaled(usual)
        self.forest_ = Forest.grow(scaled, trees=self.n_estimators, seed=seed)
        self.neighbours_ = Neighbours.sample(scaled, random=random)
        self.tails_ = Tails.of(usual, sign=self.sign_)
        parts = self._parts(usual)
        self.centre_, self.spread_ = parts.mean(axis=0), parts.std(axis=0)
        some = random.permutation(len(usual))[:_ROWS_OF_USUAL_PARTS]
        self.usual_parts_ = self._taken_apart(usual[some]).mean(axis=0)
        return self

    def score(self, X: Matrix, y: object = None) -> Floats:  # noqa: ARG002  # scikit-learn's convention
        """How unlike the rows of training each row is, in [0, 1], higher = more suspicious; shape (rows,).

        Half is a row as usual as the mean of training. It is a rank order, not a probability.

        Raises:
            FeatureMismatch: columns other than those of `fit`, in any order.
        """
        return squashed(self.margin(X))

    def score_samples(self, X: Matrix) -> Floats:
        """scikit-learn's sign: the negative of `score`, lower = more abnormal; shape (rows,)."""
        return -self.score(X)

    def margin(self, X: Matrix) -> Floats:
        """The score before it is put into [0, 1], in standard deviations of training; shape (rows,)."""
        return self._margin(self._prepared(X))

    def contributions(self, X: Matrix) -> pd.DataFrame:
        """By how much each column raises the margin of each row above that of usual rows; shape and index of `X`.

        Every part of the score is taken apart exactly: path lengths by the columns of their splits, distances
        and tail probabilities by column. 0 for a usual or missing value and for the harmless side.
        """
        prepared = self._prepared(X)
        raised = self._taken_apart(prepared) - self.usual_parts_
        return frame_like(
            X, np.where(prepared == self.typical_, 0.0, raised), columns=list(self.feature_names_in_)
        )

    def to_files(self) -> dict[str, bytes]:
        """The fitted model as plain files: arrays without pickle, and JSON."""
        check_is_fitted(self)
        own = {
            "sign": self.sign_,
            "typical": self.typical_,
            "scale": self.scale_,
            "centre": self.centre_,
            "spread": self.spread_,
            "usual_parts": self.usual_parts_,
        }
        arrays = own | self.forest_.to_arrays() | self.neighbours_.to_arrays() | self.tails_.to_arrays()
        about = {
            "columns": list(self.feature_names_in_),
            "directions": dict(self.directions or {}),
            "n_estimators": self.n_estimators,
            "random_state": self.random_state,
        }
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **arrays)
        text = json.dumps(about, ensure_ascii=False, sort_keys=True, indent=1)
        return {ARRAYS: buffer.getvalue(), ABOUT: text.encode() + b"\n"}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """The model that `to_files` wrote; read them through `ml.bundle`, which checks their signature.

        Raises:
            ModelError: files of another model.
        """
        try:
            about = json.loads(files[ABOUT])
            with np.load(io.BytesIO(files[ARRAYS]), allow_pickle=False) as stored:
                arrays: dict[str, npt.NDArray[np.generic]] = {name: stored[name] for name in stored.files}
        except KeyError as error:
            raise ModelError(f"not the files of an anomaly model: {error.args[0]} is missing") from error
        model = cls(
            directions=about["directions"],
            n_estimators=about["n_estimators"],
            random_state=about["random_state"],
        )
        model.feature_names_in_ = np.array(about["columns"], dtype=object)
        model.n_features_in_ = len(about["columns"])
        for name in ("sign", "typical", "scale", "centre", "spread", "usual_parts"):
            setattr(model, f"{name}_", arrays[name])
        model.forest_ = Forest.from_arrays(arrays)
        model.neighbours_ = Neighbours.from_arrays(arrays)
        model.tails_ = Tails.from_arrays(arrays)
        return model

    def _prepared(self, X: Matrix) -> Floats:
        check_is_fitted(self)
        return self._without_harmless_side(numeric(X, names=list(self.feature_names_in_)))

    def _without_harmless_side(self, values: Floats) -> Floats:
        filled = np.where(np.isnan(values), self.typical_, values)
        filled = np.where(self.sign_ > 0, np.maximum(filled, self.typical_), filled)
        return np.asarray(np.where(self.sign_ < 0, np.minimum(filled, self.typical_), filled))

    def _scaled(self, prepared: Floats) -> Floats:
        """Widths from the usual value; small numbers, so that trees, which compare in float32, tell them apart."""
        return np.clip((prepared - self.typical_) * self.scale_, -_FAR, _FAR)

    def _margin(self, prepared: Floats) -> Floats:
        return np.asarray((self._parts(prepared) - self.centre_) @ self._weights())

    def _weights(self) -> Floats:
        """Weight of each part per unit of its own scale; 0 for a part that tells no rows apart."""
        spread = np.where(self.spread_ > 0, self.spread_, np.inf)
        return np.array(list(WEIGHTS.values())) / spread

    def _taken_apart(self, prepared: Floats) -> Floats:
        """What each column adds to the margin, up to a constant; shape of `prepared`."""
        forest, neighbours, tails = self._weights()
        scaled = self._scaled(prepared)
        return np.asarray(
            forest * self.forest_.contributions(scaled)
            + neighbours * self.neighbours_.contributions(scaled)
            + tails * self.tails_.per_column(prepared) / prepared.shape[1]
        )

    def _parts(self, prepared: Floats) -> Floats:
        """The three parts in the order of WEIGHTS, shape (rows, 3)."""
        parts = np.empty((len(prepared), len(WEIGHTS)))
        rows = max(1, BLOCK_CELLS // prepared.shape[1])
        for start in range(0, len(prepared), rows):
            block = prepared[start : start + rows]
            scaled = self._scaled(block)
            parts[start : start + len(block)] = np.column_stack(
                [self.forest_.score(scaled), self.neighbours_.score(scaled), self.tails_.score(block)]
            )
        return parts


def _medians(values: Floats) -> Floats:
    """Median of each column over its known values; 0 for a column of which nothing is known."""
    empty = np.isnan(values).all(axis=0)
    medians: Floats = np.nanmedian(np.where(empty, 0.0, values), axis=0)
    return medians


def _widths(usual: Floats) -> Floats:
    """One over the width of each column between its outer deciles; 0 for a constant column."""
    low, high = np.percentile(usual, [10, 90], axis=0)
    width = np.where(high > low, high - low, _WIDTH_OF_NORMAL * usual.std(axis=0))
    return np.asarray(np.divide(1.0, width, out=np.zeros_like(width), where=width > 0))
