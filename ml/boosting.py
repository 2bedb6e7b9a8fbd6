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

GENTLE: Final = "gentle"
"""Eight leaves cut at random values (Geurts 2006): few confirmed cases cannot be learnt by heart."""
STRONG: Final = "strong"
"""LightGBM's own 31 leaves, cut at the best values."""
Trees = tuple[str, int]
"""Kind and number of trees."""
CONFIRMED_ONLY: Final[Trees] = (GENTLE, 200)
"""Trees where (nearly) nothing was refuted: confirmed cases are certain, and more trees change little."""
FEW_CASES: Final[Trees] = (GENTLE, 20)
"""Trees with cases of both kinds too few to choose by: checks miss things, and more trees learn that by heart."""
CANDIDATES: Final[Sequence[Trees]] = (
    *((GENTLE, rounds) for rounds in (0, 20, 50, 100, 200, 400)),
    *((STRONG, rounds) for rounds in (20, 50, 100, 200)),
)
"""Trees among which left-out cases choose when there are many; none = the start alone."""
UNVERIFIED_WEIGHT: Final = 1.0
"""Rows that nobody verified count together as so many refuted cases for each verified one."""
MAX_UNVERIFIED: Final = 20_000
START_SLOPE: Final = 0.5
"""Log-odds for a standard deviation of anomaly score or likeness, before cases have spoken."""
START_PRIOR: Final = 50.0
"""Cases that it takes to move that slope half-way to their own."""
LEAST_START_SLOPE: Final = 0.05
"""Anomaly score and likeness always break ties."""

_FOLDS: Final = 5
_LEARNING: Final[dict[str, object]] = {
    "objective": "binary",
    "learning_rate": 0.05,
    "lambda_l2": 1.0,
    "feature_fraction": 0.7,
    "min_sum_hessian_in_leaf": 1e-6,
    "monotone_constraints_method": "intermediate",
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}
_KINDS: Final[dict[str, dict[str, object]]] = {
    GENTLE: {"num_leaves": 8, "extra_trees": True},
    STRONG: {"num_leaves": 31},
}


@dataclass(frozen=True)
class Boosted:
    """Log-odds of a case: a line through its start, plus trees (None = no trees).

    The start is the anomaly margin plus the likeness to confirmed cases (none before there are any).
    """

    base: Logistic
    trees: lgb.Booster | None

    def margin(self, values: Floats, anomaly: Floats, start: Floats, *, rounds: int | None = None) -> Floats:
        """Log-odds per row of `values`, shape (rows, columns), with the first `rounds` trees (None = all)."""
        margin = self.base.log_odds(start)
        if self.trees is None or rounds == 0:
            return margin
        inputs = np.column_stack([values, anomaly])
        added = self.trees.predict(inputs, raw_score=True, num_iteration=-1 if rounds is None else rounds)
        return margin + np.asarray(added, dtype=np.float64)

    def contributions(self, values: Floats, anomaly: Floats) -> tuple[Floats, Floats]:
        """What the trees add by each column, shape of `values`, and by the anomaly margin, shape (rows,)."""
        if self.trees is None:
            return np.zeros_like(values), np.zeros(len(values))
        parts = np.asarray(self.trees.predict(np.column_stack([values, anomaly]), pred_contrib=True))
        return parts[:, :-2], parts[:, -2]


@dataclass(frozen=True)
class Cases:
    """Verified rows, then unverified ones as weak refuted cases; all arrays have one entry per row.

    Attributes:
        values: shape (rows, columns).
        anomaly: margin of the anomaly score.
        start: that margin plus the likeness to confirmed cases of other entities.
        y: 1 confirmed, 0 refuted or unverified.
        weight: verified rows weigh 1 on average.
        verified: whether people looked.
        entities: a number per entity.
        fold: which part a row is left out with; the same for all rows of one entity.
    """

    values: Floats
    anomaly: Floats
    start: Floats
    y: Floats
    weight: Floats
    verified: npt.NDArray[np.bool_]
    entities: Integers
    fold: Integers

    @classmethod
    def of(
        cls,
        values: Floats,
        *,
        anomaly: Floats,
        start: Floats,
        y: Floats,
        weight: Floats,
        entities: Integers,
        seed: int,
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
            start=start[rows],
            y=outcome,
            weight=np.concatenate([strong, np.full(len(unverified), weak)]),
            verified=np.arange(len(rows)) < len(verified),
            entities=entities[rows],
            fold=_folds(entities[rows], outcome, random=random),
        )

    def where(self, rows: npt.NDArray[np.bool_]) -> Cases:
        """The cases for which `rows` holds."""
        return Cases(
            values=self.values[rows],
            anomaly=self.anomaly[rows],
            start=self.start[rows],
            y=self.y[rows],
            weight=self.weight[rows],
            verified=self.verified[rows],
            entities=self.entities[rows],
            fold=self.fold[rows],
        )


def learn(cases: Cases, *, directions: Sequence[int], trees: Trees, seed: int) -> Boosted:
    """Trees on `cases`; `directions` holds +1, -1 or 0 per column."""
    kind, rounds = trees
    line = Logistic.fit(cases.start, cases.y, weight=cases.weight, prior=START_PRIOR, prior_slope=START_SLOPE)
    base = Logistic(line.intercept, max(line.slope, LEAST_START_SLOPE))
    if rounds == 0:
        return Boosted(base, None)
    parameters = (
        _LEARNING
        | _KINDS[kind]
        | {
            "seed": seed,
            "min_data_in_leaf": int(np.clip(cases.y.sum() / 4, 1, 20)),
            "monotone_constraints": [*directions, 1],
        }
    )
    data = lgb.Dataset(
        np.column_stack([cases.values, cases.anomaly]),
        cases.y,
        weight=cases.weight,
        init_score=base.log_odds(cases.start),
    )
    return Boosted(base, lgb.train(parameters, data, num_boost_round=rounds))


def choose_trees(
    cases: Cases, candidates: Sequence[Trees], *, directions: Sequence[int], seed: int
) -> tuple[Trees, Floats]:
    """Of the candidates the one that predicts left-out cases best, and every case's margin by it when left out."""
    margins = np.zeros((len(candidates), len(cases.y)))
    most = {kind: max(rounds for other, rounds in candidates if other == kind) for kind, _ in candidates}
    for fold in np.unique(cases.fold):
        out = cases.fold == fold
        models = {
            kind: learn(cases.where(~out), directions=directions, trees=(kind, rounds), seed=seed)
            for kind, rounds in most.items()
        }
        for row, (kind, rounds) in enumerate(candidates):
            margins[row, out] = models[kind].margin(
                cases.values[out], cases.anomaly[out], cases.start[out], rounds=rounds
            )
    best = int(np.argmin([_loss(margin, cases) for margin in margins]))
    return candidates[best], margins[best]


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
