"""The risk model: few labels lean on the anomaly score, many are learnt from; two numbers that never mix."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.metrics import roc_auc_score

from ml.calibration import Logistic, calibrate, calibration_from_json
from ml.errors import FeatureMismatch, ModelError
from ml.risk import RiskModel
from tests.ml.synthetic import blob


def learnable(rows: int = 600, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Rows whose outcome follows from two columns, and not from being unusual."""
    random = np.random.default_rng(seed)
    X = pd.DataFrame(random.normal(size=(rows, 4)), columns=["a", "b", "c", "d"])
    chance = 1 / (1 + np.exp(-(2.5 * X["a"] - 2.5 * (X["b"] > 0) - 0.5)))
    return X, (random.random(rows) < chance).astype(float).to_numpy()


@pytest.mark.parametrize("labels", [[], [0.0], [0.0] * 50])
def test_without_a_confirmed_case_the_order_is_that_of_the_anomaly_score(labels: list[float]) -> None:
    X, odd = blob()
    y = np.full(len(X), np.nan)
    y[: len(labels)] = labels
    model = RiskModel().fit(X, y)
    assert np.array_equal(np.argsort(model.score(X)), np.argsort(model.anomaly_.score(X)))
    assert np.isnan(model.probability(X)).all()
    assert model.score(X)[odd == 1].min() > model.score(X)[odd == 0].max()


def test_labels_teach_what_the_anomaly_score_cannot_know() -> None:
    (X, y), (new, truth) = learnable(seed=0), learnable(seed=1)
    model = RiskModel().fit(X, y)
    assert roc_auc_score(truth, model.score(new)) > roc_auc_score(truth, model.anomaly_.score(new)) + 0.2
    assert model.rounds_ > 0


def test_labels_that_say_nothing_leave_the_order_to_the_anomaly_score() -> None:
    X, _ = blob(rows=300, odd=0)
    y = np.random.default_rng(5).integers(0, 2, len(X)).astype(float)
    model = RiskModel().fit(X, y)
    assert np.abs(model.probability(X) - y.mean()).max() < 0.15


def test_confirmed_and_unverified_rows_are_enough() -> None:
    X, y = learnable()
    known = np.where((y == 1) & (np.arange(len(y)) < 300), 1.0, np.nan)
    model = RiskModel().fit(X, known)
    assert roc_auc_score(y[300:], model.score(X)[300:]) > 0.75
    assert np.isnan(model.probability(X)).all()


def test_probability_is_calibrated_on_new_cases() -> None:
    (X, y), (new, truth) = learnable(rows=1500, seed=2), learnable(rows=3000, seed=3)
    model = RiskModel().fit(X, y)
    probability = model.probability(new)
    for part in np.array_split(np.argsort(probability), 5):
        assert abs(probability[part].mean() - truth[part].mean()) < 0.08


def test_propensity_undoes_a_lopsided_choice() -> None:
    """Confirmed cases were four times as likely to be chosen; the weights bring the true share back."""
    X, y = learnable(rows=3000, seed=4)
    chance = np.where(y == 1, 0.6, 0.15)
    chosen = np.random.default_rng(0).random(len(y)) < chance
    known = np.where(chosen, y, np.nan)
    plain = RiskModel().fit(X, known).probability(X).mean()
    weighted = RiskModel().fit(X, known, propensity=np.where(chosen, chance, np.nan)).probability(X).mean()
    assert abs(weighted - y.mean()) < 0.04 < abs(plain - y.mean())


def test_one_unlikely_case_does_not_rule() -> None:
    X, y = learnable()
    propensity = np.full(len(y), 0.5)
    propensity[0] = 1e-9
    score = RiskModel().fit(X, y, propensity=propensity).score(X)
    assert roc_auc_score(y, score) > 0.85


def test_risk_never_falls_as_a_column_with_a_direction_rises() -> None:
    X, y = learnable()
    model = RiskModel(directions={"a": "up", "b": "down"}).fit(X, y)
    assert model.boosted_.trees is not None
    for column, sign in (("a", 1), ("b", -1)):
        rows = np.repeat(X.median().to_numpy()[None], 50, axis=0)
        rows[:, list(X.columns).index(column)] = np.linspace(-4, 4, 50)
        margin = model._margin(rows, anomaly=np.zeros(50))
        assert (np.diff(sign * margin) >= -1e-12).all()
        assert np.ptp(margin) > 0.1


def test_same_seed_same_files_and_files_bring_back_the_same_numbers() -> None:
    X, y = learnable()
    X = X.mask(np.random.default_rng(1).random(X.shape) < 0.1)
    models = [RiskModel(directions={"a": "up"}, random_state=3).fit(X, y) for _ in range(2)]
    assert models[0].to_files() == models[1].to_files()
    back = RiskModel.from_files(models[0].to_files())
    assert np.array_equal(back.score(X), models[0].score(X))
    assert np.array_equal(back.probability(X), models[0].probability(X))
    pd.testing.assert_frame_equal(back.contributions(X), models[0].contributions(X))
    assert clone(back).get_params() == models[0].get_params()


def test_a_model_without_labels_survives_its_files() -> None:
    X, _ = blob()
    model = RiskModel().fit(X, np.full(len(X), np.nan))
    back = RiskModel.from_files(model.to_files())
    assert np.array_equal(back.score(X), model.score(X))
    assert np.isnan(back.probability(X)).all()


def test_files_of_another_model_are_refused() -> None:
    X, _ = blob()
    with pytest.raises(ModelError, match=r"risk\.json"):
        RiskModel.from_files(RiskModel().fit(X, [np.nan] * len(X)).anomaly_.to_files())


def test_files_of_an_earlier_design_are_refused_by_name():
    files = RiskModel().fit(pd.DataFrame({"share": [0.1, 0.2, 0.9]}), [np.nan] * 3).to_files()
    about = json.loads(files["risk.json"])
    del about["format"]
    with pytest.raises(ModelError, match="format 1, this version reads 3; train again"):
        RiskModel.from_files(files | {"risk.json": json.dumps(about).encode()})


@pytest.mark.parametrize("labelled", [True, False])
def test_contributions_add_up_to_the_margin(labelled: bool) -> None:
    X, y = learnable()
    model = RiskModel().fit(X, y if labelled else np.full(len(y), np.nan))
    rest = model.margin(X) - model.contributions(X).sum(axis=1).to_numpy()
    unlike = (model.anomaly_.contributions(X) > 0).any(axis=1).to_numpy()
    assert np.ptp(rest[unlike]) < 1e-6


def test_rows_of_one_entity_are_left_out_together() -> None:
    """The same rows again under the same names must not make the left-out cases look easy."""
    random = np.random.default_rng(0)
    X = pd.DataFrame(random.normal(size=(60, 4)), index=[f"v{i}" for i in range(60)])
    y = random.integers(0, 2, 60).astype(float)
    copies = pd.concat([X] * 6)
    named = RiskModel().fit(copies, np.tile(y, 6))
    nameless = RiskModel().fit(copies.reset_index(drop=True), np.tile(y, 6))
    assert np.std(named.probability(X)) < 0.5 * np.std(nameless.probability(X))


def test_other_columns_are_refused_by_name() -> None:
    X, y = learnable()
    model = RiskModel().fit(X, y)
    for use in (model.score, model.probability, model.contributions):
        with pytest.raises(FeatureMismatch, match="unexpected 'e'"):
            use(X.assign(e=0.0))
    assert np.array_equal(model.score(X[["d", "c", "b", "a"]]), model.score(X))


@pytest.mark.parametrize(
    ("y", "propensity", "words"),
    [
        ([0.0, 1.0], None, "3 rows, y of shape"),
        ([0.0, 1.0, 2.0], None, "other than 1"),
        ([0.0, 1.0, np.nan], [0.5, 0.5], "propensity must have one value per row"),
        ([0.0, 1.0, np.nan], [0.5, 0.0, np.nan], "above 0"),
        ([0.0, 1.0, np.nan], [0.5, 1.1, np.nan], "not above 1"),
    ],
)
def test_labels_and_propensities_that_cannot_be_are_refused(
    y: list[float], propensity: list[float] | None, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        RiskModel().fit(pd.DataFrame({"a": [1.0, 2.0, 3.0]}), y, propensity=propensity)


@settings(max_examples=40, deadline=None)
@given(cases=st.integers(10, 2_500), slope=st.floats(-3, 3), seed=st.integers(0, 10_000))
def test_calibration_never_falls_and_survives_json(cases: int, slope: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    margin = random.normal(size=cases)
    y = (random.random(cases) < 1 / (1 + np.exp(-slope * margin))).astype(float)
    curve = calibrate(margin, y, weight=np.ones(cases), fold=np.arange(cases) % 5)
    probability = curve.probability(np.linspace(-20, 20, 200))
    assert (np.diff(probability) >= -1e-12).all()
    assert ((probability >= 0) & (probability <= 1)).all()
    assert calibration_from_json(curve.to_json()) == curve


def test_logistic_calibration_finds_the_curve() -> None:
    random = np.random.default_rng(0)
    margin = random.normal(size=20_000)
    y = (random.random(20_000) < 1 / (1 + np.exp(-(0.7 * margin - 1)))).astype(float)
    curve = Logistic.fit(margin, y, weight=np.ones(20_000), prior=0.0)
    assert (curve.intercept, curve.slope) == pytest.approx((-1, 0.7), abs=0.06)


def test_an_unknown_calibration_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown calibration 'spline'"):
        calibration_from_json({"kind": "spline"})
