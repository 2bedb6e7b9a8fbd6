"""Risk score: how likely people are to confirm something here, learnt from what they confirmed before."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final, Self

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from ml.anomaly import AnomalyModel
from ml.boosting import CANDIDATES, CONFIRMED_ONLY, FEW_CASES, Boosted, Cases, Trees, choose_trees, learn
from ml.calibration import Band, Calibration, Logistic, band_from_json, calibrate, calibration_from_json
from ml.errors import ModelError
from ml.likeness import Likeness, likeness_to_others
from ml.matrix import Direction, Floats, Integers, Matrix, column_names, frame_like, numeric, signs, squashed

MIN_PER_CLASS: Final = 10
"""Confirmed and refuted cases below which there is no probability."""
MIN_TO_CHOOSE: Final = 50
"""Confirmed and refuted cases from which left-out ones choose the trees; with fewer the choice is chance."""
MAX_WEIGHT: Final = 20.0
"""One case never speaks for more than so many, however unlikely its choice was."""
FLATTENED: Final = 0.5
"""Power of the selection weights in learning: whole ones cost more by chance than they correct, as the model sees the
anomaly score by which cases were chosen (Shimodaira 2000). The probability is calibrated with whole ones."""

LIKENESS: Final = "likeness.npz"
TREES: Final = "risk.txt"
ABOUT: Final = "risk.json"
_FORMAT: Final = 3


class RiskModel(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Anomaly score, plus likeness to confirmed cases, plus gradient-boosted trees as far as cases carry them.

    Without a confirmed case the order is that of the anomaly score; from the first one, rows like it move up.
    With fifty confirmed and fifty refuted ones, kind and number of trees are those that predict left-out cases
    best, and may be none. Rows that nobody verified stand for refuted cases, faintly. `score` orders;
    `probability` is calibrated on verified cases, each weighted by one over the chance that it was chosen
    (in learning by the root of that), and NaN while there are too few.
    Columns with a direction can only raise (lower) the risk as they rise, the anomaly score held fixed.

    Rows with the same index label are the same entity and are never split between learning and checking.

    Args:
        directions: "up" or "down" for columns whose effect is certain.
        random_state: seed; the same rows and seed give the same model, bit for bit.

    Example:
        >>> rows = pd.DataFrame({"share": [0.1, 0.2, 0.15, 0.12, 0.9], "days": [1, 2, 2, 1, 40]})
        >>> model = RiskModel().fit(rows, [float("nan")] * 5)
        >>> int(model.score(rows).argmax()), bool(np.isnan(model.probability(rows)).all())
        (4, True)
    """

    feature_names_in_: npt.NDArray[np.object_]
    n_features_in_: int
    anomaly_: AnomalyModel
    likeness_: Likeness | None
    boosted_: Boosted
    calibration_: Calibration | None
    band_: Band | None
    rounds_: int
    confirmed_: int
    refuted_: int

    def __init__(self, *, directions: Mapping[str, Direction] | None = None, random_state: int = 0) -> None:
        self.directions = directions
        self.random_state = random_state

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.target_tags.required = True
        return tags

    def fit(
        self,
        X: Matrix,
        y: Sequence[float] | Floats | pd.Series,
        propensity: Sequence[float] | Floats | None = None,
    ) -> Self:
        """Learn from `X`, shape (rows, columns), and outcomes.

        Args:
            X: numeric, NaN where one cannot tell.
            y: 1 confirmed, 0 refuted, NaN not verified or undecided; shape (rows,).
            propensity: chance in (0, 1] with which the row was chosen for verification, NaN where it was not
                a draw (a complaint, a campaign); shape (rows,).

        Raises:
            FeatureMismatch: a column appears twice, or a direction names no column.
            ValueError: other values of `y` or `propensity`, other lengths, not numeric, or infinite values.
        """
        values, names = numeric(X), column_names(X)
        outcome = _outcomes(y, rows=len(values))
        weight = _selection_weights(propensity, rows=len(values))
        self.feature_names_in_ = np.array(names, dtype=object)
        self.n_features_in_ = len(names)
        self.anomaly_ = AnomalyModel(directions=self.directions, random_state=self.random_state).fit(X)
        self.confirmed_, self.refuted_ = int((outcome == 1).sum()), int((outcome == 0).sum())
        self.likeness_, self.boosted_ = None, Boosted(Logistic(0.0, 1.0), None)
        self.calibration_, self.band_, self.rounds_ = None, None, 0
        if 0 < self.confirmed_ < len(outcome):
            self._learn(
                values, anomaly=self.anomaly_.margin(X), y=outcome, weight=weight, entities=_entities(X)
            )
        return self

    def _learn(
        self, values: Floats, *, anomaly: Floats, y: Floats, weight: Floats, entities: Integers
    ) -> None:
        sign = signs(list(self.feature_names_in_), self.directions)
        self.likeness_, likeness = likeness_to_others(
            values,
            np.flatnonzero(y == 1),
            entities=entities,
            sign=sign,
            random=np.random.default_rng(self.random_state),
        )
        cases = Cases.of(
            values,
            anomaly=anomaly,
            start=anomaly + likeness,
            y=y,
            weight=weight**FLATTENED,
            entities=entities,
            seed=self.random_state,
        )
        directions, candidates = sign.tolist(), self._candidates()
        trees = candidates[0]
        if min(self.confirmed_, self.refuted_) >= MIN_PER_CLASS:
            trees, left_out = choose_trees(cases, candidates, directions=directions, seed=self.random_state)
            self._calibrate(left_out[cases.verified], cases.where(cases.verified), whole=weight[~np.isnan(y)])
        self.rounds_ = trees[1]
        self.boosted_ = learn(cases, directions=directions, trees=trees, seed=self.random_state)

    def _candidates(self) -> Sequence[Trees]:
        """The trees that may be learnt, for so many confirmed and refuted cases."""
        if min(self.confirmed_, self.refuted_) >= MIN_TO_CHOOSE:
            return CANDIDATES
        return (CONFIRMED_ONLY if self.refuted_ < MIN_PER_CLASS else FEW_CASES,)

    def _calibrate(self, left_out: Floats, verified: Cases, *, whole: Floats) -> None:
        weight = whole / whole.mean()
        self.calibration_ = calibrate(left_out, verified.y, weight=weight, fold=verified.fold)
        self.band_ = Band.around(
            self.calibration_,
            left_out,
            verified.y,
            weight=weight,
            entities=verified.entities,
            seed=self.random_state,
        )

    def score(self, X: Matrix, y: object = None) -> Floats:  # noqa: ARG002  # scikit-learn's convention
        """Rank order of risk in [0, 1], higher = look sooner; not a probability; shape (rows,).

        Raises:
            FeatureMismatch: columns other than those of `fit`, in any order.
        """
        return squashed(self.margin(X))

    def probability(self, X: Matrix) -> Floats:
        """Calibrated probability that people confirm the case, NaN while labels are too few; shape (rows,)."""
        return self.calibrated(self.margin(X))[:, 0]

    def probability_interval(self, X: Matrix) -> Floats:
        """Low and high bound (95 %) of `probability`, NaN while labels are too few; shape (rows, 2).

        It tells how much the verified cases leave open about the curve from margin to probability; it does not
        tell how much other cases would have changed the margin of a row.
        """
        return self.calibrated(self.margin(X))[:, 1:]

    def calibrated(self, margin: Floats) -> Floats:
        """`probability` and its low and high bound for margins of this model, NaN while labels are too few.

        Shape (rows, 3).
        """
        if self.calibration_ is None or self.band_ is None:
            return np.full((len(margin), 3), np.nan)
        probability = self.calibration_.probability(margin)
        return np.column_stack([probability, self.band_.interval(margin, probability)])

    def margin(self, X: Matrix) -> Floats:
        """The score before it is put into [0, 1]: log-odds of anomaly and likeness, plus trees; shape (rows,)."""
        check_is_fitted(self)
        return self._margin(numeric(X, names=list(self.feature_names_in_)), anomaly=self.anomaly_.margin(X))

    def _margin(self, values: Floats, *, anomaly: Floats) -> Floats:
        start = anomaly if self.likeness_ is None else anomaly + self.likeness_.score(values)
        return self.boosted_.margin(values, anomaly, start)

    def contributions(self, X: Matrix) -> pd.DataFrame:
        """What each column adds to the margin of each row; shape and index of `X`.

        Contributions of the trees are LightGBM's `pred_contrib` (Shapley values); the part of the anomaly score
        is divided among the columns that make the row unlike the others, in proportion; that of the likeness
        among the columns by which the row is more or less like confirmed cases than usual rows are.
        """
        check_is_fitted(self)
        values = numeric(X, names=list(self.feature_names_in_))
        anomaly, slope = self.anomaly_.margin(X), self.boosted_.base.slope
        direct, through_anomaly = self.boosted_.contributions(values, anomaly)
        if self.likeness_ is not None:
            direct = direct + slope * self.likeness_.contributions(values)
        unlike = np.maximum(self.anomaly_.contributions(X).to_numpy(), 0)
        total = unlike.sum(axis=1, keepdims=True)
        share = np.divide(unlike, total, out=np.zeros_like(unlike), where=total > 0)
        parts = direct + share * (through_anomaly + slope * anomaly)[:, None]
        return frame_like(X, parts, columns=list(self.feature_names_in_))

    def to_files(self) -> dict[str, bytes]:
        """The fitted model as plain files: LightGBM's text, arrays without pickle, and JSON."""
        check_is_fitted(self)
        about = {
            "format": _FORMAT,
            "columns": list(self.feature_names_in_),
            "directions": dict(self.directions or {}),
            "random_state": self.random_state,
            "base": self.boosted_.base.to_json(),
            "calibration": self.calibration_.to_json() if self.calibration_ else None,
            "band": self.band_.to_json() if self.band_ else None,
            "rounds": self.rounds_,
            "confirmed": self.confirmed_,
            "refuted": self.refuted_,
        }
        text = json.dumps(about, ensure_ascii=False, sort_keys=True, indent=1)
        files = self.anomaly_.to_files() | {ABOUT: text.encode() + b"\n"}
        if self.likeness_ is not None:
            files[LIKENESS] = self.likeness_.to_bytes()
        if self.boosted_.trees is not None:
            files[TREES] = self.boosted_.trees.model_to_string().encode()
        return files

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """The model that `to_files` wrote; read them through `ml.bundle`, which checks their signature.

        Raises:
            ModelError: files of another model.
        """
        if ABOUT not in files:
            raise ModelError(f"not the files of a risk model: {ABOUT} is missing")
        about = json.loads(files[ABOUT])
        if about.get("format") != _FORMAT:
            raise ModelError(
                f"a risk model of format {about.get('format', 1)}, this version reads {_FORMAT}; train again"
            )
        model = cls(directions=about["directions"], random_state=about["random_state"])
        model.anomaly_ = AnomalyModel.from_files(files)
        model.feature_names_in_ = np.array(about["columns"], dtype=object)
        model.n_features_in_ = len(about["columns"])
        model.likeness_ = Likeness.from_bytes(files[LIKENESS]) if LIKENESS in files else None
        base = Logistic(about["base"]["intercept"], about["base"]["slope"])
        trees = lgb.Booster(model_str=files[TREES].decode()) if TREES in files else None
        model.boosted_ = Boosted(base, trees)
        model.calibration_ = calibration_from_json(about["calibration"]) if about["calibration"] else None
        model.band_ = band_from_json(about["band"])
        model.rounds_, model.confirmed_, model.refuted_ = (
            about["rounds"],
            about["confirmed"],
            about["refuted"],
        )
        return model


def _outcomes(y: Sequence[float] | Floats | pd.Series, *, rows: int) -> Floats:
    outcome = np.asarray(y, dtype=np.float64)
    if outcome.shape != (rows,):
        raise ValueError(f"y must have one value per row: {rows} rows, y of shape {outcome.shape}")
    if not np.isin(outcome[~np.isnan(outcome)], (0.0, 1.0)).all():
        raise ValueError("y holds a value other than 1 (confirmed), 0 (refuted) and NaN (not verified)")
    return outcome


def _selection_weights(propensity: Sequence[float] | Floats | None, *, rows: int) -> Floats:
    """One over the chance of being chosen, at most MAX_WEIGHT; 1 where a row was not drawn by chance."""
    if propensity is None:
        return np.ones(rows)
    chance = np.asarray(propensity, dtype=np.float64)
    if chance.shape != (rows,):
        raise ValueError(f"propensity must have one value per row: {rows} rows, shape {chance.shape}")
    known = chance[~np.isnan(chance)]
    if not ((known > 0) & (known <= 1)).all():
        raise ValueError("a propensity must lie above 0 and not above 1, or be NaN where nothing was drawn")
    return np.nan_to_num(np.minimum(1 / chance, MAX_WEIGHT), nan=1.0)


def _entities(X: Matrix) -> Integers:
    """A number per row, the same for rows with the same index label."""
    if not isinstance(X, pd.DataFrame):
        return np.arange(len(X))
    return np.asarray(pd.factorize(X.index)[0], dtype=np.int64)
