"""The risk model from the first confirmed case on, its intervals, and scikit-learn's own checks."""

from __future__ import annotations

from typing import Self

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from ml.boosting import CANDIDATES, GENTLE, STRONG, Cases, choose_trees, learn
from ml.calibration import Band, Isotonic, Logistic, calibrate
from ml.matrix import Floats
from ml.risk import RiskModel
from tests.ml.test_risk_model import learnable


def two_kinds(*, seed: int) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Usual rows, 20 wrong ones and 20 as odd but harmless; with 1 for the wrong and 1 for the odd ones."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(440, 5))
    values[400:420, :2] += 4
    values[420:, 2:4] += 4
    wrong, odd = np.zeros(440), np.zeros(440)
    wrong[400:420], odd[400:] = 1, 1
    return pd.DataFrame(values, columns=list("abcde")), wrong, odd


@pytest.mark.parametrize("confirmed", [1, 3, 8])
def test_from_the_first_confirmed_case_on_rows_like_it_come_first(confirmed: int) -> None:
    X, _, odd = two_kinds(seed=0)
    new, new_wrong, _ = two_kinds(seed=1)
    y = np.full(len(X), np.nan)
    y[400 : 400 + confirmed] = 1
    model = RiskModel().fit(X, y)
    unlabelled = np.isnan(y)
    assert roc_auc_score(new_wrong, model.score(new)) > 0.99
    assert roc_auc_score(new_wrong, model.anomaly_.score(new)) < 0.98
    assert roc_auc_score(odd[unlabelled], model.score(X)[unlabelled]) > 0.8
    assert np.isnan(model.probability(X)).all()
    assert np.isnan(model.probability_interval(X)).all()


def test_nothing_but_confirmed_cases_leaves_the_order_of_the_anomaly_score() -> None:
    X, _, _ = two_kinds(seed=0)
    model = RiskModel().fit(X, np.ones(len(X)))
    assert np.array_equal(model.margin(X), model.anomaly_.margin(X))


def test_few_confirmed_among_refuted_ones_do_not_lose_the_anomaly_score() -> None:
    X, _, odd = two_kinds(seed=0)
    y = np.full(len(X), np.nan)
    y[400:403] = 1
    y[:60] = 0
    rest = np.isnan(y)
    assert roc_auc_score(odd[rest], RiskModel().fit(X, y).score(X)[rest]) > 0.9


@pytest.mark.parametrize(
    ("confirmed", "refuted", "rounds", "told"),
    [(3, 0, 200, False), (20, 9, 200, False), (3, 30, 20, False), (10, 10, 20, True), (49, 300, 20, True)],
)
def test_trees_with_cases_too_few_to_choose_by(
    *, confirmed: int, refuted: int, rounds: int, told: bool
) -> None:
    X, _, _ = two_kinds(seed=0)
    y = np.full(len(X), np.nan)
    y[:refuted], y[400 - confirmed : 400] = 0, 1
    model = RiskModel().fit(X, y)
    assert model.rounds_ == rounds
    assert np.isfinite(model.probability(X)).all() == told


def test_columns_that_say_nothing_do_no_harm() -> None:
    X, y = learnable()
    wider = X.assign(empty=np.nan, same=3.0, half=X["a"].where(np.arange(len(X)) % 2 == 0))
    model = RiskModel(directions={"empty": "up", "same": "down"}).fit(wider, y)
    assert np.isfinite(model.margin(wider)).all()
    assert (model.contributions(wider)[["empty", "same"]].abs() < 1e-9).all(axis=None)
    assert roc_auc_score(y, model.score(wider)) > 0.85


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000), entities=st.integers(6, 40))
def test_an_entity_is_never_split_between_learning_and_checking(seed: int, entities: int) -> None:
    random = np.random.default_rng(seed)
    rows = 3 * entities
    entity = random.integers(0, entities, rows)
    y = random.choice([0.0, 1.0, np.nan], rows)
    cases = Cases.of(
        random.normal(size=(rows, 2)),
        anomaly=np.zeros(rows),
        start=np.zeros(rows),
        y=y,
        weight=np.ones(rows),
        entities=entity,
        seed=seed,
    )
    folds = pd.Series(cases.fold).groupby(cases.entities).nunique()
    assert (folds == 1).all()


def test_a_case_chosen_seldom_weighs_more() -> None:
    X, y = learnable(rows=1_000)
    seldom = [np.where(y == one, 0.2, 1.0) for one in (1, 0)]
    confirmed_seldom, refuted_seldom = (
        RiskModel().fit(X, y, propensity=p).probability(X).mean() for p in seldom
    )
    assert confirmed_seldom > y.mean() + 0.1
    assert refuted_seldom < y.mean() - 0.1


def test_left_out_cases_choose_strong_trees_where_columns_act_together_and_cases_are_many() -> None:
    random = np.random.default_rng(0)
    X = random.normal(size=(3_000, 4))
    y = (np.sin(3 * X[:, 0]) * X[:, 1] > 0).astype(float)
    cases = Cases.of(
        X, anomaly=X[:, 2], start=X[:, 2], y=y, weight=np.ones(3_000), entities=np.arange(3_000), seed=0
    )
    (kind, rounds), left_out = choose_trees(cases, CANDIDATES, directions=[0] * 4, seed=0)
    gentle = learn(cases.where(cases.fold > 0), directions=[0] * 4, trees=(GENTLE, rounds), seed=0)
    out = cases.where(cases.fold == 0)
    assert kind == STRONG
    own = left_out[cases.fold == 0]
    assert roc_auc_score(out.y, own) > roc_auc_score(out.y, gentle.margin(out.values, out.anomaly, out.start))


def test_an_interval_holds_the_probability_and_narrows_with_cases() -> None:
    new, _ = learnable(rows=300, seed=9)
    widths = []
    for rows in (60, 1_200):
        X, y = learnable(rows=rows)
        model = RiskModel().fit(X, y)
        interval, probability = model.probability_interval(new), model.probability(new)
        assert (interval[:, 0] <= probability).all()
        assert (probability <= interval[:, 1]).all()
        assert ((interval >= 0) & (interval <= 1)).all()
        widths.append(np.ptp(interval, axis=1).mean())
        back = RiskModel.from_files(model.to_files())
        assert np.array_equal(back.probability_interval(new), interval)
    assert widths[1] < widths[0] / 2


def test_a_band_covers_the_true_curve_about_as_often_as_it_says() -> None:
    """Twenty made-up sets of 200 cases; the share of margins at which the truth lies within is not far from 95 %."""
    inside = []
    for seed in range(20):
        random = np.random.default_rng(seed)
        margin = random.normal(size=200)
        truth = Logistic(-0.5, 1.2)
        y = (random.random(200) < truth.probability(margin)).astype(float)
        weight, asked = np.ones(200), np.linspace(-1.5, 1.5, 50)
        curve = calibrate(margin, y, weight=weight, fold=np.arange(200) % 5)
        band = Band.around(curve, margin, y, weight=weight, entities=np.arange(200), seed=0)
        low, high = band.interval(asked, curve.probability(asked)).T
        inside.append(((low <= truth.probability(asked)) & (truth.probability(asked) <= high)).mean())
    assert 0.85 <= np.mean(inside) <= 1


@pytest.mark.parametrize(
    ("shape", "kind"),
    [(lambda m: np.where(m > 0.5, 0.7, 0.05), Isotonic), (Logistic(-1.0, 0.7).probability, Logistic)],
)
def test_left_out_cases_choose_the_curve(shape: object, kind: type) -> None:
    random = np.random.default_rng(0)
    margin = random.normal(size=2_000)
    y = (random.random(2_000) < shape(margin)).astype(float)  # type: ignore[operator]
    weight, fold = np.ones(2_000), np.arange(2_000) % 5
    assert isinstance(calibrate(margin, y, weight=weight, fold=fold), kind)
    few = slice(0, 100)
    assert isinstance(calibrate(margin[few], y[few], weight=weight[few], fold=fold[few]), Logistic)


def test_few_cases_never_make_a_probability_certain() -> None:
    margin = np.linspace(-3, 3, 20)
    curve = calibrate(margin, (margin > 0).astype(float), weight=np.ones(20), fold=np.arange(20) % 5)
    assert 0.01 < curve.probability(np.array([-3.0]))[0] < curve.probability(np.array([3.0]))[0] < 0.99


class BinaryOutcome(RiskModel):
    """Turns the class labels of scikit-learn's checks into 1 and 0; everything else is the model's."""

    def fit(self, X: object, y: object = None, propensity: Floats | None = None) -> Self:
        if y is None:
            raise ValueError("requires y to be passed, but the target y is None")
        labels = np.asarray(y)
        outcome = np.zeros(len(labels)) if not len(labels) else (labels == labels.flat[0]).astype(float)
        return super().fit(X, outcome, propensity)  # type: ignore[arg-type]


EXPECTED_FAILURES = {
    "check_n_features_in_after_fitting": "another set of columns is named, in FeatureMismatch",
}


@parametrize_with_checks([BinaryOutcome()], expected_failed_checks=lambda _: EXPECTED_FAILURES)
def test_checks_of_scikit_learn(estimator: BinaryOutcome, check: object) -> None:
    check(estimator)  # type: ignore[operator]
