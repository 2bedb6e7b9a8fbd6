"""Trees on top of the anomaly score: what `ml.risk` learns, and how it checks itself on left-out cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from ml.calibration import Logistic
from ml.matrix import Floats, Integers

ROUNDS: Final = (0, 10, 20, 40, 60, 90, 120, 160, 200)
"""Numbers of trees among which the left-out cases choose; none = the anomaly score alone."""
UNVERIFIED_WEIGHT: Final = 1.0
"""Rows that nobody verified count together as so many refuted cases for each verified one."""
MAX_UNVERIFIED: Final = 20_000
ANOMALY_PRIOR: Final = 10.0
"""Cases that it takes to move the weight of the anomaly score half-way from where it starts."""
LEAST_ANOMALY_SLOPE: Final = 0.05
"""The anomaly score always breaks ties."""

_FOLDS: Final = 5
_LEARNING: Final[dict[str, object]] = {
    "objective": "binary",
    "learning_rate": 0.05,
    "num_leaves": 8,
    "lambda_l2": 1.0,
    "feature_fraction": 0.7,
    "monotone_constraints_method": "intermediate",
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}


@dataclass(frozen=True)
class Boosted:
    """Log-odds of a case: a line through its anomaly margin, plus trees (None = no trees)."""

    base: Logistic
    trees: lgb.Booster | None

    def margin(self, values: Floats, anomaly: Floats, *, rounds: int | None = None) -> Floats:
        """Log-odds per row of `values`, shape (rows, columns), with the first `rounds` trees (None = all)."""
        margin = self.base.log_odds(anomaly)
        if self.trees is None or rounds == 0:
            return margin
        inputs = np.column_stack([values, anomaly])
        added = self.trees.predict(inputs, raw_score=True, num_iteration=-1 if rounds is None else rounds)
        return margin + np.asarray(added, dtype=np.float64)

    def contributions(self, values: Floats, anomaly: Floats) -> tuple[Floats, Floats]:
        """What each column adds, shape of `values`, and what the anomaly margin adds, shape (rows,)."""
        through_anomaly = self.base.slope * anomaly
        if self.trees is None:
            return np.zeros_like(values), through_anomaly
        parts = np.asarray(self.trees.predict(np.column_stack([values, anomaly]), pred_contrib=True))
        return parts[:, :-2], through_anomaly + parts[:, -2]


@dataclass(frozen=True)
class Cases:
    """Verified rows, then unverified ones as weak refuted cases; all arrays have one entry per row.

    Attributes:
        values: shape (rows, columns).
        anomaly: margin of the anomaly score.
        y: 1 confirmed, 0 refuted or unverified.
        weight: verified rows weigh 1 on average.
        verified: whether people looked.
        fold: which part a row is left out with; the same for all rows of one entity.
    """

    values: Floats
    anomaly: Floats
    y: Floats
    weight: Floats
    verified: npt.NDArray[np.bool_]
    fold: Integers

    @classmethod
    def of(
        cls, values: Floats, *, anomaly: Floats, y: Floats, weight: Floats, entities: Integers, seed: int
    ) -> Cases:
        """The cases among rows with outcome `y` (1, 0, NaN = unverified) of `entities` (a number each)."""
        random = np.random.default_rng(seed)
        verified, unverified = np.flatnonzero(~np.isnan(y)), np.flatnonzero(np.isnan(y))
        if len(unverified) > MAX_UNVERIFIED:
            unverified = np.sort(random.choice(unverified, MAX_UNVERIFIED, replace=False))
        rows = np.concatenate([verified, unverified])
        weak = min(1.0, UNVERIFIED_WEIGHT * len(verified) / max(len(unverified), 1))
        strong = weight[verified] / weight[verified].mean()
        outcome = np.nan_to_num(y[rows], nan=0.0)
        return cls(
            values=values[rows],
            anomaly=anomaly[rows],
            y=outcome,
            weight=np.concatenate([strong, np.full(len(unverified), weak)]),
            verified=np.arange(len(rows)) < len(verified),
            fold=_folds(entities[rows], outcome, random=random),
        )

    def where(self, rows: npt.NDArray[np.bool_]) -> Cases:
        """The cases for which `rows` holds."""
        return Cases(
            values=self.values[rows],
            anomaly=self.anomaly[rows],
            y=self.y[rows],
            weight=self.weight[rows],
            verified=self.verified[rows],
            fold=self.fold[rows],
        )


def learn(cases: Cases, *, directions: Sequence[int], rounds: int, seed: int) -> Boosted:
    """So many trees on `cases`; `directions` holds +1, -1 or 0 per column."""
    line = Logistic.fit(cases.anomaly, cases.y, weight=cases.weight, prior=ANOMALY_PRIOR)
    base = Logistic(line.intercept, max(line.slope, LEAST_ANOMALY_SLOPE))
    if rounds == 0:
        return Boosted(base, None)
    parameters = _LEARNING | {
        "seed": seed,
        "min_data_in_leaf": int(np.clip(cases.y.sum() / 2, 3, 20)),
        "monotone_constraints": [*directions, 1],
    }
    data = lgb.Dataset(
        np.column_stack([cases.values, cases.anomaly]),
        cases.y,
        weight=cases.weight,
        init_score=base.log_odds(cases.anomaly),
    )
    return Boosted(base, lgb.train(parameters, data, num_boost_round=rounds))


def choose_rounds(cases: Cases, *, directions: Sequence[int], seed: int) -> tuple[int, Floats]:
    """The number of trees that predicts left-out cases best, and every case's margin when left out."""
    margins = np.zeros((len(ROUNDS), len(cases.y)))
    for fold in np.unique(cases.fold):
        out = cases.fold == fold
        model = learn(cases.where(~out), directions=directions, rounds=ROUNDS[-1], seed=seed)
        for row, rounds in enumerate(ROUNDS):
            margins[row, out] = model.margin(cases.values[out], cases.anomaly[out], rounds=rounds)
    best = int(np.argmin([_loss(margin, cases) for margin in margins]))
    return ROUNDS[best], margins[best]


def _loss(margin: Floats, cases: Cases) -> float:
    per_case = np.logaddexp(0.0, np.where(cases.y > 0, -margin, margin))
    return float(np.average(per_case, weights=cases.weight))


def _folds(entities: Integers, y: Floats, *, random: np.random.Generator) -> Integers:
    """A fold per row: entities dealt out in random order, those with a confirmed case first."""
    numbers, row_entity = np.unique(entities, return_inverse=True)
    confirmed = np.zeros(len(numbers))
    np.maximum.at(confirmed, row_entity, y)
    shuffled = random.permutation(len(numbers))
    dealt = shuffled[np.argsort(-confirmed[shuffled], kind="stable")]
    fold = np.empty(len(numbers), dtype=np.int64)
    fold[dealt] = np.arange(len(numbers)) % _FOLDS
    return fold[row_entity]
