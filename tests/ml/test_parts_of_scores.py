"""The parts of which the scores are made, each on values small enough to check by hand."""

from __future__ import annotations

import numpy as np
import pytest

from ml.boosting import GENTLE, Cases, learn
from ml.calibration import Logistic
from ml.forest import Forest, expected_path_length
from ml.neighbours import Neighbours
from ml.tails import Tails


def test_tail_probabilities_by_hand() -> None:
    """Among 1, 2, 2, 3: one row in four reaches 3, three in four reach 2; beyond all, one in n + 1."""
    X = np.array([[1.0], [2.0], [2.0], [3.0]])
    asked = np.array([[0.0], [1.0], [2.0], [2.5], [3.0], [9.0]])
    at_least = [1, 1, 0.75, 0.25, 0.25, 0.2]
    at_most = [0.2, 0.25, 0.75, 0.75, 1, 1]
    for sign, tail in ((1, at_least), (-1, at_most), (0, np.minimum(at_least, at_most))):
        score = Tails.of(X, sign=np.array([sign])).score(asked)
        assert score == pytest.approx(-np.log(tail))


def test_tails_of_many_values_stay_exact_at_the_ends() -> None:
    X = np.arange(20_000, dtype=float)[:, None]
    tails = Tails.of(X, sign=np.array([1]))
    assert len(tails.knots) <= 1_024
    for value in (19_999, 19_900, 10_000, 100):
        exact = (20_000 - value) / 20_000
        assert np.exp(-tails.score(np.array([[float(value)]])))[0] == pytest.approx(exact, abs=0.005)
    assert np.exp(-tails.score(np.array([[19_900.0]])))[0] == pytest.approx(100 / 20_000, rel=1e-9)


def test_a_value_equal_to_the_threshold_goes_left() -> None:
    forest = Forest(
        feature=np.zeros(3, dtype=np.int32),
        threshold=np.array([1.0, 0.0, 0.0]),
        children=np.array([[1, 2], [1, 1], [2, 2]], dtype=np.int32),
        path=np.array([0.0, 1.0, 3.0]),
        roots=np.zeros(1, dtype=np.int32),
        depth=1,
        expected_path=2.0,
    )
    assert forest.score(np.array([[1.0], [1.001]])) == pytest.approx([2**-0.5, 2**-1.5])


def test_expected_path_lengths_of_the_paper() -> None:
    assert expected_path_length(np.array([1, 2, 256])) == pytest.approx([0, 1, 10.2448], abs=1e-4)


def test_distance_is_to_the_nearest_row_of_a_sample() -> None:
    near = Neighbours(rows=np.array([[[0.0, 0.0], [3.0, 4.0]]]), columns=np.array([[0, 2]]))
    assert near.score(np.array([[0.0, 99.0, 1.0], [3.0, -99.0, 4.0]])) == pytest.approx([1 / np.sqrt(2), 0])


def test_contributions_of_distances_and_tails_add_up_to_their_scores() -> None:
    X = np.random.default_rng(0).normal(size=(50, 4))
    near = Neighbours.sample(X, random=np.random.RandomState(0))
    assert near.contributions(X).sum(axis=1) == pytest.approx(near.score(X))
    tails = Tails.of(X, sign=np.zeros(4, dtype=int))
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
    model = learn(cases, directions=[0, 0, 0], kind=GENTLE, rounds=60, seed=0)
    margin = model.margin(cases.values, cases.anomaly, cases.start)
    assert Logistic.fit(margin, cases.y, weight=cases.weight, prior=0.0).slope == pytest.approx(1, abs=0.2)
