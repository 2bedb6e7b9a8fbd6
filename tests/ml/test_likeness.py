"""Likeness to confirmed cases: on values that can be checked by hand, and what must hold for any values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.likeness import MAX_CASES, Likeness, likeness_to_others


def likeness(values: np.ndarray, confirmed: list[int], sign: list[int] | None = None) -> Likeness:
    return Likeness.to_rows(
        values,
        np.array(confirmed),
        sign=np.array(sign or [0] * values.shape[1]),
        random=np.random.default_rng(0),
    )


def usual(rows: int = 200, columns: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, columns))


def log_mean_nearness(value: float, others: np.ndarray) -> float:
    return float(np.log(np.exp(-np.abs(value - others)).mean()))


def test_log_ratio_by_hand() -> None:
    """Values of deviation 1, two of them cases, the others usual: near a case gains over halfway between both."""
    values = np.array([-1.0, -1.0, 1.0, 1.0, 0.0]) * np.sqrt(1.25)
    found = likeness(values[:, None], [0, 2])
    asked = [0.0, float(np.sqrt(1.25))]
    raw = found.score(np.array(asked)[:, None]) * found.spread + found.centre
    by_hand = [log_mean_nearness(a, values[[0, 2]]) - log_mean_nearness(a, values[[1, 3, 4]]) for a in asked]
    assert raw == pytest.approx(by_hand)


@pytest.mark.parametrize("sign", [[0, 0, 0], [1, 1, 1]])
def test_usual_rows_are_not_alike_for_lying_near_everything(sign: list[int]) -> None:
    """Two kinds of odd rows, one confirmed: the other kind is told from it, but no more unlike it than usual rows."""
    values = np.vstack([usual(), [[6, 0, 0], [0, 6, 0]]])
    score = likeness(values, [200], sign).score(values)
    assert score[200] > score[201] >= np.median(score[:200])


def test_a_row_like_one_of_two_kinds_of_case_counts() -> None:
    values = np.vstack([usual(), [[4, 0, 0], [0, -4, 0]]])
    found = likeness(values, [200, 201])
    near_one, between = found.score(np.array([[4.0, 0.0, 0.0], [2.0, -2.0, 0.0]]))
    assert near_one > between > found.score(values[:200]).mean()


def test_no_row_is_compared_with_its_own_entity() -> None:
    values = np.vstack([usual(), [[4, 4, 4], [4.1, 4, 4], [4, 4.1, 4]]])
    entities = np.array([*range(200), 200, 200, 201])
    confirmed = np.array([200, 201, 202])
    found, to_others = likeness_to_others(
        values, confirmed, entities=entities, sign=np.zeros(3, int), random=np.random.default_rng(0)
    )
    only_the_third = found.score(values, not_to=np.tile([True, True, False], (203, 1)))
    assert to_others[200:202] == pytest.approx(only_the_third[200:202])
    assert to_others[:200] == pytest.approx(found.score(values[:200]))


def test_the_only_confirmed_entity_is_as_alike_as_the_mean() -> None:
    values = np.vstack([usual(), [[4, 4, 4]]])
    found, to_others = likeness_to_others(
        values,
        np.array([200]),
        entities=np.arange(201),
        sign=np.zeros(3, int),
        random=np.random.default_rng(0),
    )
    assert to_others[200] == 0
    assert found.score(values)[200] > found.score(values)[:200].max()


def test_many_confirmed_cases_are_sampled() -> None:
    values = usual(rows=500)
    found, _ = likeness_to_others(
        values,
        np.arange(200),
        entities=np.arange(500),
        sign=np.zeros(3, int),
        random=np.random.default_rng(0),
    )
    assert found.cases.shape == (MAX_CASES, 3)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), step=st.floats(0, 10), column=st.integers(0, 2))
def test_more_suspicious_is_never_less_alike(seed: int, step: float, column: int) -> None:
    values, sign = usual(seed=seed), [1, -1, 1]
    found = likeness(values, [0, 1], sign)
    moved = values.copy()
    moved[:, column] += sign[column] * step
    assert (found.score(moved) >= found.score(values) - 1e-12).all()


def test_without_a_direction_both_sides_are_unlike() -> None:
    values = np.vstack([usual(), [[6, 0, 0]]])
    at_it, beyond, short = likeness(values, [200]).score(np.array([[6.0, 0, 0], [9.0, 0, 0], [3.0, 0, 0]]))
    assert at_it > max(beyond, short)


def test_constant_and_empty_columns_change_nothing() -> None:
    values = usual()
    wider = np.column_stack([values, np.full(200, 7.0), np.full(200, np.nan)])
    assert likeness(wider, [3, 4]).score(wider) == pytest.approx(likeness(values, [3, 4]).score(values))


def test_a_missing_value_stands_for_the_median() -> None:
    values = usual()
    found = likeness(values, [0])
    gap, median = values.copy(), values.copy()
    gap[5, 1], median[5, 1] = np.nan, np.median(values[:, 1])
    assert found.score(gap)[5] == found.score(median)[5]


def test_rows_that_are_all_alike_are_told_apart_by_nothing() -> None:
    assert likeness(np.ones((5, 2)), [0]).score(np.array([[1.0, 1.0], [9.0, np.nan]])).tolist() == [0, 0]


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), cases=st.integers(1, 6))
def test_contributions_add_up_and_files_bring_the_numbers_back(seed: int, cases: int) -> None:
    values = usual(seed=seed)
    found = likeness(values, list(range(cases)), [1, 0, -1])
    rest = found.score(values) - found.contributions(values).sum(axis=1)
    assert np.ptp(rest) < 1e-9
    back = Likeness.from_bytes(found.to_bytes())
    assert np.array_equal(back.score(values), found.score(values))
    assert back.to_bytes() == found.to_bytes()


def test_the_column_that_makes_a_row_unlike_the_case_takes_from_it_and_the_shared_one_adds() -> None:
    values = np.vstack([usual(), [[6, 6, 0]]])
    parts = likeness(values, [200]).contributions(np.array([[6.0, -6.0, 0.0]]))[0]
    assert parts.argmin() == 1
    assert parts.argmax() == 0
