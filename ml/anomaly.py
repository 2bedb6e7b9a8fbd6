"""Anomaly score: how unlike the others a row is, without any label."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_is_fitted

from ml.blocks import by_blocks
from ml.ellipsoid import Ellipsoid
from ml.errors import ModelError
from ml.forest import Forest
from ml.matrix import (
    Direction,
    Floats,
    Integers,
    Matrix,
    column_names,
    frame_like,
    medians,
    numeric,
    signs,
    squashed,
    widths,
)
from ml.neighbours import Neighbours
from ml.tails import REACH, Tails

WEIGHTS: Final = {"forest": 1 / 2, "ellipsoid": 1 / 6, "neighbours": 1 / 6, "tails": 1 / 6}
"""The parts of the score: the isolation forest is half of it, the others share the rest (docs/decisions/0014)."""

CORE: Final = 0.75
"""Share of the rows, the most usual to the forest, from which the other parts learn what is usual."""

_ROWS_OF_USUAL_PARTS: Final = 2_000
"""Rows of training from which the usual contribution of a column is taken."""

_ROUNDING: Final = 1e-12
_FORMAT: Final = 2

ARRAYS: Final = "anomaly.npz"
ABOUT: Final = "anomaly.json"


class AnomalyModel(OutlierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Isolation forest, joined by three looks at what its core of usual rows has in common.

    The forest sees rows that few splits set apart; a distance from the core sees values that do not go together;
    distances to small samples see rows that lie alone; tails see values far out or rare in a single column.

    Missing values say nothing: they stand for the median of their column. A constant column changes nothing.
    Of a column with a direction only the suspicious side counts. A row's score depends on that row alone.

    Use it on features comparable between rows (peer-normalised ones). Not for text, ids, or dates, and not to
    find near-copies: rows that are alike are usual to it.

    Args:
        directions: "up" or "down" for columns where only high or only low values are suspicious.
        n_estimators: trees of the isolation forest.
        contamination: share of the rows of training that `predict` calls outliers; it changes no score.
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
    offset_: float
    forest_: Forest
    ellipsoid_: Ellipsoid
    neighbours_: Neighbours
    tails_: Tails

    def __init__(
        self,
        *,
        directions: Mapping[str, Direction] | None = None,
        n_estimators: int = 200,
        contamination: float = 0.05,
        random_state: int = 0,
    ) -> None:
        self.directions = directions
        self.n_estimators = n_estimators
        self.contamination = contamination
        self.random_state = random_state

    def __sklearn_tags__(self) -> Tags:
        """What scikit-learn may ask of the model: it takes NaN."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def fit(self, X: Matrix, y: object = None) -> Self:  # noqa: ARG002  # scikit-learn's convention
        """Learn what is usual in `X`, shape (rows, columns), numeric, NaN where one cannot tell.

        Raises:
            FeatureMismatch: a column appears twice, or a direction names no column.
            ValueError: fewer than two rows, no column, not numeric, or infinite values.
        """
        values = numeric(X)
        if values.shape[0] < 2 or values.shape[1] < 1:
            raise ValueError(
                f"an anomaly needs at least two rows and one column, got {values.shape[0]} sample(s) and"
                f" {values.shape[1]} feature(s) (shape={values.shape}) while a minimum of 1 is required."
            )
        names = column_names(X)
        self.feature_names_in_ = np.array(names, dtype=object)
        self.n_features_in_ = len(names)
        self.sign_ = signs(names, self.directions)
        self.typical_ = medians(values)
        self.scale_ = _per_width(self._without_harmless_side(values))
        random = check_random_state(self.random_state)
        scaled = self._scaled(values)
        self.forest_ = Forest.grow(scaled, trees=self.n_estimators, seed=int(random.randint(2**31 - 1)))
        unusual = by_blocks(lambda rows: self.forest_.score(rows)[:, None], scaled, width=1)[:, 0]
        core = scaled[np.argsort(unusual, kind="stable")[: int(np.ceil(CORE * len(scaled)))]]
        self.ellipsoid_ = Ellipsoid.of(core)
        self.neighbours_ = Neighbours.sample(core, random=random)
        self.tails_ = Tails.of(scaled, core=core, sign=self.sign_)
        parts = by_blocks(self._parts, scaled, width=len(WEIGHTS))
        self.centre_, self.spread_ = parts.mean(axis=0), parts.std(axis=0)
        some = random.permutation(len(scaled))[:_ROWS_OF_USUAL_PARTS]
        self.usual_parts_ = self._taken_apart(scaled[some]).mean(axis=0)
        self.offset_ = float(np.percentile(-squashed(self._joined(parts)), 100 * self.contamination))
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

    def decision_function(self, X: Matrix) -> Floats:
        """`score_samples` less `offset_`: below 0 for what `predict` calls an outlier; shape (rows,)."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: Matrix) -> Integers:
        """scikit-learn's convention: -1 for an outlier, 1 for any other row; shape (rows,)."""
        return np.where(self.decision_function(X) < 0, -1, 1)

    def margin(self, X: Matrix) -> Floats:
        """The score before it is put into [0, 1], in standard deviations of training; shape (rows,)."""
        values = self._checked(X)
        return by_blocks(
            lambda rows: self._joined(self._parts(self._scaled(rows)))[:, None], values, width=1
        )[:, 0]

    def parts(self, X: Matrix) -> Floats:
        """Every part of the score in standard deviations of training, in the order of WEIGHTS; shape (rows, parts)."""
        raw = by_blocks(lambda rows: self._parts(self._scaled(rows)), self._checked(X), width=len(WEIGHTS))
        return np.asarray((raw - self.centre_) * self._weights() / np.array(list(WEIGHTS.values())))

    def contributions(self, X: Matrix) -> pd.DataFrame:
        """By how much each column raises the margin of each row above that of usual rows; shape and index of `X`.

        Every part of the score is taken apart exactly: path lengths by the columns of their splits, distances
        and surprise by column. 0 for a usual or missing value and for the harmless side.
        """
        values = self._checked(X)
        raised = by_blocks(self._raised, values, width=values.shape[1])
        return frame_like(X, raised, columns=list(self.feature_names_in_))

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
        parts = (self.forest_, self.ellipsoid_, self.neighbours_, self.tails_)
        arrays = own | {name: array for part in parts for name, array in part.to_arrays().items()}
        about = {
            "format": _FORMAT,
            "columns": list(self.feature_names_in_),
            "directions": dict(self.directions or {}),
            "n_estimators": self.n_estimators,
            "contamination": self.contamination,
            "offset": self.offset_,
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
            ModelError: files of another model, or of an earlier design of this one.
        """
        try:
            about = json.loads(files[ABOUT])
            with np.load(io.BytesIO(files[ARRAYS]), allow_pickle=False) as stored:
                arrays: dict[str, npt.NDArray[np.generic]] = {name: stored[name] for name in stored.files}
        except KeyError as error:
            raise ModelError(f"not the files of an anomaly model: {error.args[0]} is missing") from error
        if about.get("format") != _FORMAT:
            raise ModelError(
                f"an anomaly model of format {about.get('format', 1)}, this version reads {_FORMAT}; train again"
            )
        model = cls(
            directions=about["directions"],
            n_estimators=about["n_estimators"],
            contamination=about["contamination"],
            random_state=about["random_state"],
        )
        model.feature_names_in_ = np.array(about["columns"], dtype=object)
        model.n_features_in_ = len(about["columns"])
        for name in ("sign", "typical", "scale", "centre", "spread", "usual_parts"):
            setattr(model, f"{name}_", arrays[name])
        model.offset_ = about["offset"]
        model.forest_ = Forest.from_arrays(arrays)
        model.ellipsoid_ = Ellipsoid.from_arrays(arrays)
        model.neighbours_ = Neighbours.from_arrays(arrays)
        model.tails_ = Tails.from_arrays(arrays)
        return model

    def _checked(self, X: Matrix) -> Floats:
        check_is_fitted(self)
        return numeric(X, names=list(self.feature_names_in_))

    def _without_harmless_side(self, values: Floats) -> Floats:
        filled = np.where(np.isnan(values), self.typical_, values)
        filled = np.where(self.sign_ > 0, np.maximum(filled, self.typical_), filled)
        return np.asarray(np.where(self.sign_ < 0, np.minimum(filled, self.typical_), filled))

    def _scaled(self, values: Floats) -> Floats:
        """Widths from the usual value, at most REACH; 0 for a missing value and for the harmless side.

        No single column rules distances, and trees, which compare in float32, tell small numbers apart.
        """
        scaled = values - self.typical_
        scaled *= self.scale_
        unknown = np.isnan(scaled)
        if unknown.any():
            scaled[unknown] = 0.0
        low, high = np.where(self.sign_ > 0, 0.0, -REACH), np.where(self.sign_ < 0, 0.0, REACH)
        np.maximum(scaled, low, out=scaled)
        return np.minimum(scaled, high, out=scaled)

    def _parts(self, scaled: Floats) -> Floats:
        """The parts in the order of WEIGHTS, shape (rows, parts)."""
        parts = (self.forest_, self.ellipsoid_, self.neighbours_, self.tails_)
        return np.column_stack([part.score(scaled) for part in parts])

    def _joined(self, parts: Floats) -> Floats:
        return np.asarray(((parts - self.centre_) * self._weights()).sum(axis=1))

    def _weights(self) -> Floats:
        """Weight of each part per unit of its own scale; 0 for a part that tells no rows apart."""
        spread = np.where(self.spread_ > _ROUNDING * np.abs(self.centre_), self.spread_, np.inf)
        return np.array(list(WEIGHTS.values())) / spread

    def _taken_apart(self, scaled: Floats) -> Floats:
        """What each column adds to the margin, up to a constant; shape of `scaled`."""
        forest, ellipsoid, neighbours, tails = self._weights()
        return np.asarray(
            forest * self.forest_.contributions(scaled)
            + ellipsoid * self.ellipsoid_.contributions(scaled)
            + neighbours * self.neighbours_.contributions(scaled)
            + tails * self.tails_.per_column(scaled) / scaled.shape[1]
        )

    def _raised(self, values: Floats) -> Floats:
        scaled = self._scaled(values)
        return np.where(scaled == 0, 0.0, self._taken_apart(scaled) - self.usual_parts_)


def _per_width(usual: Floats) -> Floats:
    """One over the width of each column; 0 for a constant column."""
    width = widths(usual)
    return np.asarray(np.divide(1.0, width, out=np.zeros_like(width), where=width > 0))
