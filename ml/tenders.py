"""Scores of tenders from the screens of their bids: a directional one without labels, and a model trained per place.

`screen_score` needs no labels: each screen has a direction. `TenderModel` learns from tenders that people judged in
one place; what it learns does not carry over to another country or rule of award.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from typing import Final, Self

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit, logit
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from ml.calibration import Band, Calibration, Logistic, band_from_json, calibrate, calibration_from_json
from ml.errors import FeatureMismatch, ModelError
from ml.matrix import Floats, column_names, frame_like, numeric
from ml.tender_directional import WEIGHTS, Directional
from ml.tender_members import (
    FORESTS,
    MEMBERS,
    PARTS,
    Forest,
    balanced,
    boost,
    dealt,
    directional_line,
    kept_off_the_ends,
    log_odds,
    votes,
)

MIN_PER_OUTCOME: Final = 10
"""Confirmed and refuted tenders below which nothing is learnt: the score is the directional one."""

ARRAYS: Final = "tender.npz"
ABOUT: Final = "tender.json"


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
    return Directional.of(_needing(screens)).score(screens)


class TenderModel(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """How much the bids of a tender look like those of tenders that people confirmed as rigged, in one place.

    Forests of two depths, boosted trees and the directional score vote; how much each counts is settled on tenders
    left out of learning, as are the point from which a tender is called suspicious (score 0.5, where both kinds of
    error weigh the same) and the probability. Never on tenders that are scored later. With fewer than ten confirmed
    or ten refuted tenders the score is the directional one and there is no probability.

    Use it for tenders of the place and the rule of award that it was trained on. It is no proof of collusion.

    Args:
        random_state: seed; the same rows and seed give the same model, bit for bit.
    """

    feature_names_in_: npt.NDArray[np.object_]
    n_features_in_: int
    directional_: Directional
    typical_: Floats
    forests_: dict[str, list[Forest]]
    boosters_: list[lgb.Booster]
    lines_: list[Logistic]
    votes_: Floats
    curve_: Logistic | None
    calibration_: Calibration | None
    band_: Band | None
    confirmed_: int
    refuted_: int

    def __init__(self, *, random_state: int = 0) -> None:
        self.random_state = random_state

    def fit(self, X: pd.DataFrame, y: Sequence[float] | Floats | pd.Series) -> Self:
        """Learn from screens and outcomes.

        Args:
            X: what `features.tender.screens` returns, NaN allowed; shape (tenders, screens).
            y: 1 confirmed, 0 refuted, NaN not judged; shape (tenders,).

        Raises:
            FeatureMismatch: a column appears twice, or `BIDS`, `CV`, `SPD` or `SKEW` is missing.
            ValueError: other values of `y`, another length, not numeric, or infinite values.
        """
        values, names, outcome = numeric(X), column_names(X), _outcomes(y, rows=len(X))
        self.directional_ = Directional.of(_needing(X))
        self.feature_names_in_, self.n_features_in_ = np.array(names, dtype=object), len(names)
        judged = ~np.isnan(outcome)
        self.confirmed_, self.refuted_ = int((outcome == 1).sum()), int((outcome == 0).sum())
        self.typical_ = _medians(values)
        self.forests_, self.boosters_, self.lines_ = {name: [] for name in FORESTS}, [], []
        self.votes_, self.curve_, self.calibration_ = np.zeros(len(MEMBERS)), None, None
        self.band_ = None
        if min(self.confirmed_, self.refuted_) >= MIN_PER_OUTCOME:
            self._learn(values[judged], outcome[judged], self.directional_.score(X)[judged])
        return self

    def _learn(self, values: Floats, y: Floats, directional: Floats) -> None:
        part = dealt(y, seed=self.random_state)
        left_out = np.empty((len(y), len(MEMBERS)))
        for number in range(PARTS):
            out = part == number
            seed = self.random_state * PARTS + number
            filled = self._filled(values[~out])
            for name, leaf in FORESTS.items():
                self.forests_[name].append(Forest.grow(filled, y[~out], leaf=leaf, seed=seed))
            self.boosters_.append(boost(values[~out], y[~out], seed=seed))
            self.lines_.append(directional_line(directional[~out], y[~out]))
            left_out[out] = self._of_part(number, values[out], directional[out])
        self.votes_ = votes(left_out, y)
        odds = log_odds(left_out, self.votes_)
        self.curve_ = Logistic.fit(odds, y, weight=balanced(y), prior=1.0)
        alike = np.ones(len(y))
        self.calibration_ = calibrate(odds, y, weight=alike, fold=part)
        self.band_ = Band.around(
            self.calibration_, odds, y, weight=alike, entities=np.arange(len(y)), seed=self.random_state
        )

    def score(self, X: pd.DataFrame, y: object = None) -> Floats:  # noqa: ARG002  # scikit-learn's convention
        """How suspicious each tender is, in [0, 1], from 0.5 on more like confirmed ones; shape (tenders,).

        0.5 is where missing a rigged tender and troubling an honest one weigh the same. It orders tenders; the
        chance that people confirm one is `probability`.

        Raises:
            FeatureMismatch: columns other than those of `fit`, in any order.
        """
        self._check(X)
        if self.curve_ is None:
            return self.directional_.score(X)
        return self.curve_.probability(log_odds(self.members(X), self.votes_))

    def predict(self, X: pd.DataFrame) -> npt.NDArray[np.bool_]:
        """Whether a tender looks more like confirmed ones than like refuted ones; shape (tenders,)."""
        return np.asarray(self.score(X) >= 0.5)

    def probability(self, X: pd.DataFrame) -> Floats:
        """Calibrated probability that people confirm the tender, NaN while too few are judged; shape (tenders,)."""
        return self._calibrated(X)[:, 0]

    def probability_interval(self, X: pd.DataFrame) -> Floats:
        """Low and high bound (95 %) of `probability`, NaN while too few are judged; shape (tenders, 2).

        It tells how much the judged tenders leave open about the curve, as `RiskModel.probability_interval` does.
        """
        return self._calibrated(X)[:, 1:]

    def _calibrated(self, X: pd.DataFrame) -> Floats:
        self._check(X)
        if self.calibration_ is None or self.band_ is None:
            return np.full((len(X), 3), np.nan)
        odds = log_odds(self.members(X), self.votes_)
        probability = self.calibration_.probability(odds)
        return np.column_stack([probability, self.band_.interval(odds, probability)])

    def members(self, X: pd.DataFrame) -> Floats:
        """Probability of each of MEMBERS where both outcomes are alike common; shape (tenders, members)."""
        check_is_fitted(self)
        values = numeric(X, names=list(self.feature_names_in_))
        directional = self.directional_.score(X)
        parts = [self._of_part(number, values, directional) for number in range(len(self.lines_))]
        return np.asarray(np.mean(parts, axis=0))

    def contributions(self, X: pd.DataFrame) -> pd.DataFrame:
        """By how much each screen raises the members' weighted mean; shape and index of `X`.

        Forests: steps of the share along each path, by column of the split. Boosted trees: LightGBM's Shapley values
        and the directional score: ranks above the middle, both in proportion to what they add to the probability.
        """
        check_is_fitted(self)
        names = list(self.feature_names_in_)
        values = numeric(X, names=names)
        by_rank = np.zeros(values.shape)
        weights = np.array(list(WEIGHTS.values())) / sum(WEIGHTS.values())
        by_rank[:, [names.index(name) for name in WEIGHTS]] = (self.directional_.ranks(X) - 0.5) * weights
        if not self.lines_:
            return frame_like(X, by_rank, columns=names)
        added, filled, member = (
            np.zeros(values.shape),
            self._filled(values),
            dict(zip(MEMBERS, self.votes_, strict=True)),
        )
        for name, forests in self.forests_.items():
            added += member[name] * np.mean([forest.contributions(filled) for forest in forests], axis=0)
        for booster in self.boosters_:
            shapley = np.asarray(booster.predict(values, pred_contrib=True))
            added += member["boosted"] / PARTS * _in_probability(shapley[:, :-1], base=shapley[:, -1])
        directional = self.directional_.score(X)
        for curve in self.lines_:
            raised = curve.probability(logit(directional)) - curve.probability(np.zeros(len(X)))
            added += member["directional"] / PARTS * _in_proportion(by_rank, total=raised)
        return frame_like(X, added, columns=names)

    def to_files(self) -> dict[str, bytes]:
        """The fitted model as plain files: LightGBM's text, arrays without pickle, and JSON."""
        check_is_fitted(self)
        about = {
            "columns": list(self.feature_names_in_),
            "random_state": self.random_state,
            "middle": dict(self.directional_.middle),
            "lines": [curve.to_json() for curve in self.lines_],
            "curve": self.curve_.to_json() if self.curve_ else None,
            "calibration": self.calibration_.to_json() if self.calibration_ else None,
            "band": self.band_.to_json() if self.band_ else None,
            "confirmed": self.confirmed_,
            "refuted": self.refuted_,
        }
        arrays: dict[str, npt.NDArray[np.generic]] = {"typical": self.typical_, "votes": self.votes_}
        arrays |= {f"known_{name}": known for name, known in self.directional_.known.items()}
        for name, forests in self.forests_.items():
            for number, forest in enumerate(forests):
                arrays |= forest.to_arrays(f"{name}_{number}")
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **arrays)
        text = json.dumps(about, ensure_ascii=False, sort_keys=True, indent=1)
        boosted = {_trees(number): b.model_to_string().encode() for number, b in enumerate(self.boosters_)}
        return {ABOUT: text.encode() + b"\n", ARRAYS: buffer.getvalue()} | boosted

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
            parts = range(len(about["lines"]))
            boosters = [lgb.Booster(model_str=files[_trees(number)].decode()) for number in parts]
        except KeyError as error:
            raise ModelError(f"not the files of a tender model: {error.args[0]} is missing") from error
        model = cls(random_state=about["random_state"])
        model.feature_names_in_ = np.array(about["columns"], dtype=object)
        model.n_features_in_ = len(about["columns"])
        known = {name: arrays[f"known_{name}"].astype(np.float64) for name in WEIGHTS}
        model.directional_ = Directional(about["middle"], known)
        model.typical_, model.votes_ = (
            arrays["typical"].astype(np.float64),
            arrays["votes"].astype(np.float64),
        )
        model.forests_ = {
            name: [Forest.from_arrays(arrays, f"{name}_{number}") for number in parts] for name in FORESTS
        }
        model.boosters_, model.lines_ = boosters, [_logistic(stored) for stored in about["lines"]]
        model.curve_ = _logistic(about["curve"]) if about["curve"] else None
        model.calibration_ = calibration_from_json(about["calibration"]) if about["calibration"] else None
        model.band_ = band_from_json(about["band"])
        model.confirmed_, model.refuted_ = about["confirmed"], about["refuted"]
        return model

    def _check(self, X: pd.DataFrame) -> None:
        check_is_fitted(self)
        numeric(X, names=list(self.feature_names_in_))

    def _filled(self, values: Floats) -> Floats:
        return np.asarray(np.where(np.isnan(values), self.typical_, values))

    def _of_part(self, number: int, values: Floats, directional: Floats) -> Floats:
        """Probabilities of the members grown without a part; shape (tenders, members)."""
        filled = self._filled(values)
        found = [self.forests_[name][number].probability(filled) for name in FORESTS]
        found.append(np.asarray(self.boosters_[number].predict(values), dtype=np.float64))
        found.append(self.lines_[number].probability(logit(directional)))
        return kept_off_the_ends(np.column_stack(found))


def _needing(screens: pd.DataFrame) -> pd.DataFrame:
    """`screens`, once it holds what the directional score reads."""
    if missing := [name for name in ("BIDS", *WEIGHTS) if name not in screens.columns]:
        raise FeatureMismatch(
            f"screens lack {', '.join(missing)}; take them from features.tender.screens", missing=missing
        )
    return screens


def _in_probability(added: Floats, *, base: Floats) -> Floats:
    """Log-odds that columns add to `base`, as what they add to the probability, in proportion."""
    return _in_proportion(added, total=expit(base + added.sum(axis=1)) - expit(base))


def _in_proportion(parts: Floats, *, total: Floats) -> Floats:
    """`parts` of each row, shape (rows, columns), scaled so that they sum to `total`."""
    sums = parts.sum(axis=1)
    factor = np.divide(total, sums, out=np.zeros_like(sums), where=sums != 0)
    return np.asarray(parts * factor[:, None])


def _medians(values: Floats) -> Floats:
    """Median of each column over its known values; 0 for a column of which nothing is known."""
    empty = np.isnan(values).all(axis=0)
    medians: Floats = np.nanmedian(np.where(empty, 0.0, values), axis=0)
    return medians


def _outcomes(y: Sequence[float] | Floats | pd.Series, *, rows: int) -> Floats:
    outcome = np.asarray(y, dtype=np.float64)
    if outcome.shape != (rows,):
        raise ValueError(f"y must have one value per tender: {rows} tenders, y of shape {outcome.shape}")
    if not np.isin(outcome[~np.isnan(outcome)], (0.0, 1.0)).all():
        raise ValueError("y holds a value other than 1 (confirmed), 0 (refuted) and NaN (not judged)")
    return outcome


def _logistic(stored: Mapping[str, float]) -> Logistic:
    return Logistic(float(stored["intercept"]), float(stored["slope"]))


def _trees(number: int) -> str:
    return f"tender_{number}.txt"
