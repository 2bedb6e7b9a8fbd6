"""Replay: train on what was known on an earlier day, and predict the cases chosen after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
import pandas as pd

from features.dictionary import Feature
from ml.inputs import hits_total, input_directions
from ml.risk import RiskModel
from training.dataset import DRAWN, Dataset, FeaturesAt, Snapshots, build_dataset
from training.evaluation import Ranking, brier, calibration_error, random_order, rank_quality

SHARE_TO_LEARN: Final = 0.7
"""The first part of past selections trains, the rest is predicted."""
LEAST_TO_JUDGE: Final = 10
"""Drawn cases below which a back-test says nothing."""


@dataclass(frozen=True)
class BackTest:
    """How the model would have done, on cases drawn by score or quota only.

    Attributes:
        cutoff: nothing known later was used for training; None = too few cases to test.
        rankings: risk, anomaly, number of findings, random order; empty = too few cases.
        calibration_error: of the probabilities; NaN = there were none.
        brier: mean squared error of the probabilities; NaN = there were none.
        cases: drawn cases after the cutoff.
    """

    cutoff: date | None
    rankings: tuple[Ranking, ...]
    calibration_error: float
    brier: float
    cases: int


def back_test(
    data: Dataset,
    outcomes: pd.DataFrame,
    *,
    features_at: FeaturesAt,
    dictionary: Mapping[str, Feature],
    snapshots: Snapshots,
    capacity: int,
    seed: int,
) -> BackTest:
    """One fold in time: the model as it would have been after seven tenths of the selections in `data`."""
    verified = data.selected_on.dropna().sort_values()
    if verified.empty:
        return _untested(0)
    cutoff = verified.iloc[int(SHARE_TO_LEARN * (len(verified) - 1))]
    later = ((data.selected_on > cutoff) & data.selected_by.isin(DRAWN)).to_numpy()
    y = data.y.to_numpy()[later]
    if len(y) < LEAST_TO_JUDGE or not 0 < y.sum() < len(y):
        return _untested(len(y))
    then = build_dataset(
        outcomes,
        entity=data.entity,
        as_of=cutoff.date(),
        features_at=features_at,
        snapshots=snapshots,
    )
    model = fit_risk(then, dictionary=dictionary, seed=seed)
    inputs = data.inputs[later]
    probability = model.probability(inputs)
    orders = {
        "risk": model.score(inputs),
        "anomaly": model.anomaly_.score(inputs),
        "hits": hits_total(inputs).to_numpy(),
    }
    ranked = [rank_quality(score, y, k=capacity, name=name, seed=seed) for name, score in orders.items()]
    return BackTest(
        cutoff=cutoff.date(),
        rankings=(*ranked, random_order(y, k=capacity)),
        calibration_error=calibration_error(probability, y),
        brier=brier(probability, y),
        cases=len(y),
    )


def fit_risk(
    data: Dataset, *, dictionary: Mapping[str, Feature], seed: int, weighted: bool = True
) -> RiskModel:
    """The risk model of a dataset, with the directions of the dictionary.

    weighted: by one over the chance with which a case was chosen; without it only for comparison.
    """
    directions = input_directions(dictionary, data.inputs.columns)
    model = RiskModel(directions=directions, random_state=seed)
    return model.fit(data.inputs, data.y, propensity=data.propensity.to_numpy() if weighted else None)


def _untested(cases: int) -> BackTest:
    return BackTest(cutoff=None, rankings=(), calibration_error=np.nan, brier=np.nan, cases=cases)
