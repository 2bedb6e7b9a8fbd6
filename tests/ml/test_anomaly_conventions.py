"""scikit-learn's own checks of an estimator, and properties that hold whatever the rows are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator
from sklearn.metrics import roc_auc_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from ml.anomaly import AnomalyModel
from ml.blocks import ROWS, by_blocks, product
from ml.errors import ModelError
from tests.ml.synthetic import blob

_NAMES = "other columns raise FeatureMismatch, which names them and is no ValueError"
EXPECTED_TO_FAIL = {
    "check_n_features_in_after_fitting": _NAMES,
    "check_outliers_train": _NAMES,
    "check_outliers_train(readonly_memmap=True)": _NAMES,
}


def expected_to_fail(_: BaseEstimator) -> dict[str, str]:
    return EXPECTED_TO_FAIL


@parametrize_with_checks([AnomalyModel(n_estimators=10)], expected_failed_checks=expected_to_fail)
def test_scikit_learns_own_checks(estimator: BaseEstimator, check) -> None:  # type: ignore[no-untyped-def]
    check(estimator)


def test_predict_calls_the_share_outliers_that_was_asked_for() -> None:
    X, odd = blob(rows=200, odd=10)
    model = AnomalyModel(contamination=0.05).fit(X)
    assert np.array_equal(model.predict(X) == -1, odd == 1)
    back = AnomalyModel.from_files(model.to_files())
    assert np.array_equal(back.decision_function(X), model.decision_function(X))


def test_files_of_the_earlier_design_are_refused() -> None:
    X, _ = blob(rows=30)
    files = AnomalyModel(n_estimators=5).fit(X).to_files()
    files["anomaly.json"] = files["anomaly.json"].replace(b'"format": 2', b'"format": 1')
    with pytest.raises(ModelError, match="train again"):
        AnomalyModel.from_files(files)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000), rows=st.integers(2, 60), columns=st.integers(1, 8))
def test_order_of_rows_and_columns_asked_about_does_not_matter(seed: int, rows: int, columns: int) -> None:
    random = np.random.default_rng(seed)
    X = pd.DataFrame(random.normal(size=(rows, columns)), columns=[f"c{i}" for i in range(columns)])
    X = X.mask(random.random(X.shape) < 0.1)
    model = AnomalyModel(n_estimators=10).fit(X)
    order = random.permutation(rows)
    moved = X.iloc[order, random.permutation(columns)]
    assert np.array_equal(model.margin(moved), model.margin(X)[order])
    assert np.array_equal(model.margin(X.iloc[:1]), model.margin(X)[:1])


def test_a_row_scores_alone_as_in_the_last_of_several_blocks() -> None:
    X, _ = blob(rows=ROWS + 77, columns=9)
    model = AnomalyModel(n_estimators=10).fit(X)
    assert np.array_equal(model.margin(X.iloc[-3:]), model.margin(X)[-3:])


def test_products_do_not_depend_on_other_rows() -> None:
    random = np.random.default_rng(0)
    X, matrix = random.normal(size=(700, 130)), random.normal(size=(130, 400))
    together = product(X, matrix)
    assert together == pytest.approx(X @ matrix, abs=1e-3)
    for row in (0, 300, 699):
        assert np.array_equal(product(X[row : row + 1], matrix)[0], together[row])


def test_blocks_cover_every_row_once_and_errors_come_out() -> None:
    X = np.arange(3.0 * ROWS + 5)[:, None]
    assert np.array_equal(by_blocks(lambda rows: rows + 1, X, width=1), X + 1)
    assert by_blocks(lambda rows: rows, X[:0], width=1).shape == (0, 1)

    def refuse(rows: np.ndarray) -> np.ndarray:
        raise ValueError(f"{len(rows)} rows")

    with pytest.raises(ValueError, match="rows"):
        by_blocks(refuse, X, width=1)


@pytest.mark.parametrize(
    "extra", ["constant", "copies of a row", "binary", "rare category", "more columns than rows"]
)
def test_awkward_matrices_keep_the_odd_rows_on_top(extra: str) -> None:
    X, odd = blob(rows=120, odd=3, columns=6)
    random = np.random.default_rng(1)
    if extra == "constant":
        X[["k", "l"]] = 1.0
    elif extra == "copies of a row":
        X.iloc[:80] = X.iloc[0].to_numpy()
    elif extra == "binary":
        X["b"] = (random.random(120) < 0.5).astype(float)
    elif extra == "rare category":
        X["r"] = random.choice([0.0, 1.0, 2.0], 120, p=[0.9, 0.08, 0.02])
    else:
        X = pd.concat([X] * 30, axis=1).set_axis([f"c{i}" for i in range(180)], axis=1)
    assert roc_auc_score(odd, AnomalyModel().fit(X).score(X)) == 1.0


def test_a_rare_category_is_more_suspicious_than_a_common_one() -> None:
    values = np.array([0.0] * 170 + [1.0] * 25 + [2.0] * 5)
    X = pd.DataFrame({"kind": values, "noise": np.random.default_rng(0).normal(size=200)})
    model = AnomalyModel().fit(X)
    asked = pd.DataFrame({"kind": [0.0, 1.0, 2.0], "noise": 0.0})
    assert (np.diff(model.score(asked)) > 0).all()


@pytest.mark.parametrize(("direction", "way"), [("up", 1.0), ("down", -1.0)])
def test_tails_and_distances_rise_towards_the_suspicious_side(direction: str, way: float) -> None:
    """Far out counts more than half-way; the forest and the whole may step sideways, but never back to usual."""
    X, _ = blob(odd=0)
    model = AnomalyModel(directions={"c0": direction}).fit(X)  # type: ignore[dict-item]
    asked = pd.DataFrame([X.median()] * 6)
    asked["c0"] = X["c0"].median() + way * np.array([0, 1, 2, 3, 4, 5.0])
    assert (np.diff(model.parts(asked)[:, -1]) >= 0).all()
    score = model.score(asked)
    assert score[0] < score[2] < score[4]
    assert (score[1:] > score[0]).all()


def test_the_ellipsoid_puts_values_that_do_not_go_together_on_top_where_the_forest_does_not() -> None:
    random = np.random.default_rng(0)
    common = random.normal(size=(400, 1))
    X = pd.DataFrame(common + random.normal(scale=0.1, size=(400, 8))).add_prefix("c")
    X.iloc[396:] = np.tile([0.7, -0.7], 4)
    truth = np.arange(400) >= 396
    forest, ellipsoid = AnomalyModel().fit(X).parts(X)[:, :2].T
    assert roc_auc_score(truth, ellipsoid) == 1.0
    assert roc_auc_score(truth, forest) < 1.0
