"""The parts of which the scores are made, each on values small enough to check by hand."""

from __future__ import annotations

import numpy as np
import pytest

from ml.boosting import GENTLE, Cases, learn
from ml.calibration import Logistic
from ml.ellipsoid import SHRINKAGE, Ellipsoid
from ml.forest import Forest, expected_path_length
from ml.neighbours import Neighbours
from ml.tails import BINS, Tails


def test_surprise_by_hand() -> None:
    """Among 0, 0, 1 and 2 widths: two of four rows reach 1, one reaches 2; beyond all, one in n + 1."""
    X = np.array([[0.0], [0.0], [1.0], [2.0]])
    asked = np.array([[-1.0], [0.0], [1.0], [2.0], [4.0]])
    at_least = (np.array([4, 4, 2, 1, 0]) + 1) / 5
    at_most = (np.array([0, 2, 3, 4, 4]) + 1) / 5
    for sign, tail in ((1, at_least), (-1, at_most)):
        score = Tails.of(X, core=X[:3], sign=np.array([sign])).score(asked)
        assert score == pytest.approx(-np.log(tail))
    rare = (np.array([0, 2, 1, 0, 0]) + 1) / (3 + BINS)
    both = Tails.of(X, core=X[:3], sign=np.array([0])).score(asked)
    assert both == pytest.approx(-np.log(np.minimum(at_least, at_most) * rare) / 2)


def test_all_beyond_the_reach_is_equally_far() -> None:
    X = np.random.default_rng(0).normal(size=(100, 2))
    tails = Tails.of(X, core=X, sign=np.zeros(2, dtype=int))
    assert tails.score(np.array([[5.0, -5.0]])) == tails.score(np.array([[900.0, -900.0]]))


def test_a_value_equal_to_the_threshold_goes_left() -> None:
    forest = Forest(
        feature=np.zeros((1, 3), dtype=np.int32),
        threshold=np.array([[1.0, np.inf, np.inf]], dtype=np.float32),
        path=np.array([[0.0, 1.0, 3.0]]),
        expected_path=2.0,
    )
    assert forest.score(np.array([[1.0], [1.001]])) == pytest.approx([2**-0.5, 2**-1.5])


def test_expected_path_lengths_of_the_paper() -> None:
    assert expected_path_length(np.array([1, 2, 256])) == pytest.approx([0, 1, 10.2448], abs=1e-4)


def test_distance_is_to_the_nearest_row_of_a_sample() -> None:
    near = Neighbours(rows=np.array([[[0.0, 0.0]], [[3.0, 4.0]]]))
    assert near.score(np.array([[0.0, 1.0], [3.0, 4.0]])) == pytest.approx([1 / np.sqrt(2), 0], abs=1e-3)


def test_the_ellipsoid_sees_values_that_do_not_go_together() -> None:
    line = np.linspace(-1, 1, 50)
    shape = Ellipsoid.of(np.column_stack([line, line]))
    along, across = shape.score(np.array([[0.5, 0.5], [0.5, -0.5]]))
    assert across > 2 * along
    assert shape.score(np.array([[0.0, 0.0]])) == pytest.approx([0], abs=1e-6)


def test_the_ellipsoid_of_equal_rows_is_a_sphere() -> None:
    shape = Ellipsoid.of(np.ones((5, 3)))
    assert shape.score(np.array([[1.0, 1.0, 1.0], [2.0, 1.0, 1.0]])) == pytest.approx(
        [0, np.sqrt(1 / SHRINKAGE / 3)], rel=1e-6
    )


def test_contributions_of_distances_and_tails_add_up_to_their_scores() -> None:
    X = np.random.default_rng(0).normal(size=(50, 4))
    near = Neighbours.sample(X, random=np.random.RandomState(0))
    assert near.contributions(X).sum(axis=1) == pytest.approx(near.score(X), abs=1e-3)
    shape = Ellipsoid.of(X)
    assert shape.contributions(X).sum(axis=1) == pytest.approx(shape.score(X))
    tails = Tails.of(X, core=X, sign=np.zeros(4, dtype=int))
    assert tails.per_column(X).mean(axis=1) == pytest.approx(tails.score(X))


def test_contributions_of_the_forest_add_up_to_the_shortened_path() -> None:
    X = np.random.default_rng(0).normal(size=(300, 4))
    forest = Forest.grow(X, trees=20, seed=0)
    score = forest.score(X)
    shortened = forest.expected_path * (1 + np.log2(score))
    slope = score * np.log(2) / forest.expected_path
    assert forest.contributions(X).sum(axis=1) == pytest.approx(shortened * slope)


def test_trees_add_to_the_anomaly_score_and_do_not_repeat_it() -> None:
    """Where the anomaly score tells all, the log-odds of line and trees together must stay as steep as the truth."""
    random = np.random.default_rng(0)
    rows = 3_000
    anomaly = random.normal(size=rows)
    y = (random.random(rows) < 1 / (1 + np.exp(-2 * anomaly))).astype(float)
    cases = Cases.of(
        random.normal(size=(rows, 3)),
        anomaly=anomaly,
        start=anomaly,
        y=y,
        weight=np.ones(rows),
        entities=np.arange(rows),
        seed=0,
    )
    model = learn(cases, directions=[0, 0, 0], trees=(GENTLE, 60), seed=0)
    margin = model.margin(cases.values, cases.anomaly, cases.start)
    assert Logistic.fit(margin, cases.y, weight=cases.weight, prior=0.0).slope == pytest.approx(1, abs=0.2)
