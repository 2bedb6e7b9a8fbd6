"""The anomaly model: what it must rank first, what must not move it, and its life as plain files."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.ensemble import IsolationForest
from sklearn.exceptions import NotFittedError
from sklearn.metrics import roc_auc_score

from ml.anomaly import AnomalyModel
from ml.errors import FeatureMismatch, ModelError
from ml.forest import Forest
from tests.ml.synthetic import blob


@pytest.mark.parametrize("rows", [12, 60, 400])
def test_odd_rows_score_above_usual_ones(rows: int) -> None:
    X, odd = blob(rows=rows, odd=2)
    score = AnomalyModel().fit(X).score(X)
    assert score[odd == 1].min() > score[odd == 0].max()
    assert ((score >= 0) & (score <= 1)).all()


def test_values_that_are_odd_only_together_are_found() -> None:
    """Two columns rise together; a row where they do not is usual in each column alone."""
    random = np.random.default_rng(0)
    line = random.uniform(-3, 3, 300)
    X = pd.DataFrame(
        {"a": line, "b": line + random.normal(0, 0.1, 300), "c": line + random.normal(0, 0.1, 300)}
    )
    X.loc[299] = [2.0, -2.0, 2.0]
    assert AnomalyModel().fit(X).score(X).argmax() == 299


def test_same_seed_same_model_and_other_seed_another() -> None:
    X, _ = blob()
    files = [AnomalyModel(random_state=seed).fit(X).to_files() for seed in (3, 3, 4)]
    assert files[0] == files[1]
    assert files[0] != files[2]


def test_files_bring_back_the_same_scores() -> None:
    X, _ = blob()
    X = X.mask(np.random.default_rng(1).random(X.shape) < 0.05)
    model = AnomalyModel(directions={"c0": "up"}).fit(X)
    back = AnomalyModel.from_files(model.to_files())
    assert np.array_equal(model.score(X), back.score(X))
    assert back.get_params() == model.get_params()


def test_files_of_another_model_are_refused() -> None:
    with pytest.raises(ModelError, match=r"anomaly\.json"):
        AnomalyModel.from_files({"risk.json": b"{}"})


def test_a_row_scores_alone_as_among_others() -> None:
    X, _ = blob()
    model = AnomalyModel().fit(X)
    together = model.score(X)
    alone = [model.score(X.iloc[[row]])[0] for row in (0, 100, 199)]
    assert np.array_equal(alone, together[[0, 100, 199]])


def test_order_and_surplus_of_columns() -> None:
    X, _ = blob()
    model = AnomalyModel().fit(X)
    assert np.array_equal(model.score(X[X.columns[::-1]]), model.score(X))
    with pytest.raises(FeatureMismatch, match="missing 'c4'; unexpected 'new'") as refused:
        model.score(X.rename(columns={"c4": "new"}))
    assert (refused.value.missing, refused.value.unexpected) == (("c4",), ("new",))


def test_constant_missing_and_heavy_tailed_columns_do_no_harm() -> None:
    X, odd = blob()
    X["constant"], X["unknown"] = 7.0, np.nan
    X["heavy"] = np.random.default_rng(2).standard_cauchy(len(X)) * 1e6
    score = AnomalyModel().fit(X).score(X)
    assert np.isfinite(score).all()
    assert roc_auc_score(odd, score) == 1.0


def test_a_constant_or_missing_matrix_tells_nothing_apart() -> None:
    X = pd.DataFrame({"a": [1.0] * 5, "b": [np.nan] * 5})
    assert np.array_equal(AnomalyModel().fit(X).score(X), [0.5] * 5)


def test_a_missing_value_is_never_more_suspicious_than_a_usual_one() -> None:
    X, _ = blob(odd=0)
    model = AnomalyModel().fit(X)
    usual = X.median().to_frame().T
    unknown = pd.DataFrame(np.nan, index=[0], columns=X.columns)
    assert model.score(unknown) == model.score(usual)


def test_only_the_suspicious_side_counts() -> None:
    X, _ = blob(odd=0)
    low, high = X.median().to_frame().T, X.median().to_frame().T
    low["c0"], high["c0"] = -9.0, 9.0
    usual = X.median().to_frame().T
    for direction, harmless, suspicious in (("up", low, high), ("down", high, low)):
        model = AnomalyModel(directions={"c0": direction}).fit(X)
        assert model.score(harmless) == model.score(usual)
        assert model.score(suspicious) > model.score(usual)
    both = AnomalyModel().fit(X)
    assert min(both.score(low)[0], both.score(high)[0]) > both.score(usual)[0]


def test_contributions_name_the_odd_column_and_removing_it_lowers_the_score() -> None:
    X, _ = blob(odd=0, columns=6)
    X.loc[10, "c3"] = 12.0
    model = AnomalyModel().fit(X)
    assert model.contributions(X).loc[10].idxmax() == "c3"
    mended = X.copy()
    mended.loc[10, "c3"] = X["c3"].median()
    assert model.score(mended)[10] < model.score(X)[10]
    assert model.contributions(X).index.equals(X.index)


def test_taking_away_the_three_strongest_columns_lowers_the_score_of_flagged_rows() -> None:
    X, _ = blob(rows=300, columns=12, odd=0)
    model = AnomalyModel().fit(X)
    score = model.score(X)
    flagged = np.argsort(-score)[:15]
    strongest = np.argsort(-model.contributions(X).to_numpy(), axis=1)[flagged, :3]
    mended = X.to_numpy(copy=True)
    mended[flagged[:, None], strongest] = X.median().to_numpy()[strongest]
    assert (model.score(pd.DataFrame(mended, columns=X.columns))[flagged] < score[flagged]).all()


def test_contributions_follow_the_margin() -> None:
    X, _ = blob(rows=300, columns=12)
    model = AnomalyModel().fit(X)
    assert np.corrcoef(model.contributions(X).sum(axis=1), model.margin(X))[0, 1] > 0.98


def test_contributions_of_usual_and_missing_values_are_zero() -> None:
    X, _ = blob(odd=0)
    X.loc[5, "c1"] = np.nan
    contributions = AnomalyModel(directions={"c0": "up"}).fit(X).contributions(X)
    assert contributions.loc[5, "c1"] == 0
    assert (contributions.loc[X["c0"] < X["c0"].median(), "c0"] == 0).all()


def test_scikit_learn_conventions() -> None:
    X, _ = blob()
    model = AnomalyModel(random_state=7)
    with pytest.raises(NotFittedError):
        model.score(X)
    assert clone(model).get_params()["random_state"] == 7
    assert model.fit(X) is model
    assert np.array_equal(model.score_samples(X), -model.score(X))
    assert list(model.feature_names_in_) == list(X.columns)
    assert np.array_equal(AnomalyModel(random_state=7).fit(X.to_numpy()).score(X.to_numpy()), model.score(X))


@pytest.mark.parametrize(
    ("X", "words"),
    [
        (pd.DataFrame({"a": ["x", "y"]}), "not numeric"),
        (pd.DataFrame({"a": [1.0, np.inf]}), "'a' holds an infinite value"),
        (pd.DataFrame({"a": [1.0]}), "at least two rows"),
        (pd.DataFrame(index=[1, 2]), "at least two rows and one column"),
        (np.zeros(3), "1 dimension"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused(X: pd.DataFrame, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        AnomalyModel().fit(X)


def test_ambiguous_columns_and_directions_are_refused() -> None:
    with pytest.raises(FeatureMismatch, match="'a' appears twice"):
        AnomalyModel().fit(pd.DataFrame(np.zeros((3, 2)), columns=["a", "a"]))
    with pytest.raises(FeatureMismatch, match="'b', which is not a column"):
        AnomalyModel(directions={"b": "up"}).fit(pd.DataFrame({"a": [1.0, 2.0]}))
    with pytest.raises(ValueError, match="use up, down or both"):
        AnomalyModel(directions={"a": "high"}).fit(pd.DataFrame({"a": [1.0, 2.0]}))


@settings(max_examples=15, deadline=None)
@given(
    rows=st.integers(2, 700),
    columns=st.integers(1, 6),
    distinct=st.integers(1, 50),
    seed=st.integers(0, 2**31 - 1),
)
def test_the_forest_equals_scikit_learns(rows: int, columns: int, distinct: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    X = (
        random.integers(0, distinct, (rows, columns))
        * random.normal(size=columns)
        * 10.0 ** random.integers(-3, 9)
    )
    theirs = IsolationForest(n_estimators=20, max_samples=min(256, rows), random_state=seed).fit(X)
    new = random.normal(size=(50, columns)) * X.std()
    for asked in (X, new):
        ours = Forest.of_sklearn(theirs).score(asked)
        assert np.abs(ours + theirs.score_samples(asked)).max() < 1e-9


@settings(max_examples=15, deadline=None)
@given(shift=st.floats(-1e6, 1e6), scale=st.floats(1e-3, 1e6), seed=st.integers(0, 1000))
def test_units_do_not_matter_to_the_order(shift: float, scale: float, seed: int) -> None:
    X, odd = blob(rows=80, odd=3, seed=seed)
    score = AnomalyModel(n_estimators=50).fit(X * scale + shift).score(X * scale + shift)
    assert roc_auc_score(odd, score) == 1.0
