"""Figures that decide which model serves: checked against known values."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from training.evaluation import (
    against_truth,
    brier,
    calibration_error,
    metrics,
    random_order,
    rank_quality,
    wilson,
)


def test_wilson_equals_published_values() -> None:
    """Newcombe 1998, table I: 81 of 263 and 0 of 20."""
    estimate = wilson(81, 263)
    assert (estimate.low, estimate.high) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert (wilson(0, 20).low, wilson(0, 20).high) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert (wilson(0, 0).low, wilson(0, 0).high, wilson(0, 0).cases) == (0.0, 1.0, 0)


@given(cases=st.integers(1, 10_000), share=st.floats(0, 1))
def test_wilson_holds_its_share(cases: int, share: float) -> None:
    estimate = wilson(round(share * cases), cases)
    assert -1e-9 <= estimate.low <= estimate.value + 1e-9
    assert estimate.value - 1e-9 <= estimate.high <= 1 + 1e-9


def test_precision_and_recall_at_k() -> None:
    score, truth = np.array([0.9, 0.8, 0.7, 0.6, 0.5]), np.array([1.0, 0.0, 1.0, 0.0, 1.0])
    ranking = rank_quality(score, truth, k=3, name="risk")
    assert (ranking.precision.value, ranking.recall.value) == pytest.approx((2 / 3, 2 / 3))
    assert ranking.auc.value == pytest.approx(0.5)
    assert rank_quality(score, truth, k=50, name="risk").k == 5


@settings(max_examples=50, deadline=None)
@given(
    cases=st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=60).filter(
        lambda cases: len({truth for _, truth in cases}) == 2
    )
)
def test_areas_equal_scikit_learns(cases: list[tuple[int, bool]]) -> None:
    score, truth = (np.array(part, dtype=float) for part in zip(*cases, strict=True))
    ranking = rank_quality(score, truth, k=1, name="risk")
    assert ranking.auc.value == pytest.approx(roc_auc_score(truth, score))
    assert ranking.average_precision.value == pytest.approx(average_precision_score(truth, score))


def test_the_interval_of_an_area_narrows_with_the_cases() -> None:
    widths = []
    for cases in (40, 4000):
        random = np.random.default_rng(0)
        truth = (random.random(cases) < 0.3).astype(float)
        auc = rank_quality(truth + random.normal(size=cases), truth, k=1, name="risk").auc
        assert auc.low < auc.value < auc.high
        widths.append(auc.high - auc.low)
    assert widths[1] < widths[0] / 5


def test_equal_scores_share_their_places() -> None:
    """Two true ones among ten cases of one score: a list of five holds one of them on average."""
    truth = np.array([1.0, 1.0] + [0.0] * 8)
    for order in (truth, truth[::-1].copy()):
        assert rank_quality(np.zeros(10), order, k=5, name="hits").precision.value == pytest.approx(0.2)


def test_a_random_order_has_the_share_of_the_whole() -> None:
    truth = np.array([1.0] * 3 + [0.0] * 7)
    ranking = random_order(truth, k=4)
    assert (ranking.precision.value, ranking.recall.value, ranking.auc.value) == (0.3, 0.4, 0.5)


def test_orders_stand_beside_each_other_and_a_random_one() -> None:
    scores = pd.DataFrame({"entity_id": list("abcd"), "risk": [4, 3, 2, 1], "hits": [0, 0, 0, 1]})
    rankings = against_truth(scores, ["a", "b", "unknown"], k=2, orders=("risk", "hits"))
    assert [(ranking.name, round(ranking.precision.value, 3)) for ranking in rankings] == [
        ("risk", 1.0),
        ("hits", 0.333),
        ("random", 0.5),
    ]
    named = metrics(rankings, prefix="truth_")
    assert named["truth_risk_precision_at_2"] == 1.0
    assert named["truth_risk_precision_at_2_low"] < 1.0


def test_one_class_has_no_auc_and_is_left_out_of_the_figures() -> None:
    rankings = [rank_quality(np.array([1.0, 2.0]), np.zeros(2), k=1, name="risk")]
    assert np.isnan(rankings[0].auc.value)
    assert not any("auc" in name for name in metrics(rankings))


def test_calibration_error_and_brier() -> None:
    probability, truth = np.repeat([0.2, 0.8], 50), np.repeat([0.0, 1.0], 50)
    assert calibration_error(probability, truth) == pytest.approx(0.2)
    assert brier(probability, truth) == pytest.approx(0.04)
    exact = np.array([0.0] * 4 + [1.0] + [0.0] + [1.0] * 4)
    assert calibration_error(np.repeat([0.2, 0.8], 5), exact, bins=2) == pytest.approx(0)
    assert np.isnan(calibration_error(np.array([np.nan]), np.array([1.0])))
    assert np.isnan(brier(np.array([np.nan]), np.array([1.0])))
