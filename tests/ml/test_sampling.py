"""The weekly draw: top of every town, a quota with exact chances over all the rest, the same for the same seed."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ml.sampling import BAND_WEIGHTS, MOST_HARD, Candidate, draw, inclusion_chances, systematic

TOWNS = ("t1", "t2", "t3")


def county(villages: int = 60, *, seed: int = 0) -> list[Candidate]:
    random = np.random.default_rng(seed)
    return [
        Candidate(
            id=f"v{number:03d}",
            town=TOWNS[number % 3],
            risk=float(random.uniform()),
            anomaly=float(random.uniform()),
        )
        for number in range(villages)
    ]


CAPACITY = dict.fromkeys(TOWNS, 4)


def test_the_top_of_every_town_is_in_for_certain_and_the_quota_beside_it():
    candidates = county()
    drawn = draw(candidates, capacity=CAPACITY, seed=1)
    top = [case for case in drawn.cases if case.by == "score"]
    quota = [case for case in drawn.cases if case.by == "quota"]
    for town in TOWNS:
        first = sorted((c for c in candidates if c.town == town), key=lambda c: -c.risk)[:4]
        assert {case.id for case in top if case.town == town} == {c.id for c in first}
    assert {case.propensity for case in top} == {1.0}
    assert len(quota) == 3  # a fifth of twelve, rounded up
    assert sum(drawn.below) == 48
    assert {case.id for case in top}.isdisjoint(case.id for case in quota)


def test_at_least_one_case_is_drawn_by_chance():
    drawn = draw(county(), capacity=dict.fromkeys(TOWNS, 0), seed=1)
    assert [case.by for case in drawn.cases] == ["quota"]


def test_the_same_seed_draws_the_same_whatever_the_order_and_another_seed_draws_others():
    candidates = county()
    one = draw(candidates, capacity=CAPACITY, seed=1)
    assert draw(candidates[::-1], capacity=CAPACITY, seed=1) == one
    others = {tuple(c.id for c in draw(candidates, capacity=CAPACITY, seed=s).cases) for s in range(20)}
    assert len(others) > 10


def test_each_case_is_drawn_as_often_as_its_propensity_says():
    """4,000 draws; every village's frequency within five standard errors of the chance that is written down."""
    candidates = county(30)
    draws = 4_000
    times: Counter[str] = Counter()
    chance: dict[str, float] = {}
    for seed in range(draws):
        for case in draw(candidates, capacity=dict.fromkeys(TOWNS, 2), seed=seed).cases:
            times[case.id] += 1
            chance[case.id] = case.propensity
    assert set(chance) == {candidate.id for candidate in candidates}, "everybody can be drawn"
    for village, p in chance.items():
        assert abs(times[village] / draws - p) <= 5 * np.sqrt(p * (1 - p) / draws) + 1e-12, village


def test_higher_bands_are_drawn_more_often():
    by_band: dict[int, float] = {}
    for seed in range(200):
        for case in draw(county(), capacity=CAPACITY, seed=seed).cases:
            if case.band is not None:
                by_band[case.band] = case.propensity
    assert [by_band[band] for band in range(5)] == sorted(by_band.values(), reverse=True)
    assert by_band[0] == pytest.approx(BAND_WEIGHTS[0] / BAND_WEIGHTS[-1] * by_band[4], rel=0.2)


def test_the_order_of_a_plan_does_not_tell_how_a_case_was_chosen():
    cases = draw(county(), capacity=CAPACITY, seed=3).cases
    assert list(cases) == sorted(cases, key=lambda case: (case.town, case.id))


def test_equal_scores_are_put_in_an_order_by_chance():
    same = [Candidate(id=f"v{n}", town="t1", risk=0.5, anomaly=0.5) for n in range(6)]
    first = {
        next(case.id for case in draw(same, capacity={"t1": 1}, seed=seed).cases if case.by == "score")
        for seed in range(60)
    }
    assert len(first) == 6


def test_few_cases_are_read_by_two_the_hardest_first():
    odd = Candidate(id="odd", town="t1", risk=0.99, anomaly=0.0)
    candidates = [c for c in county() if c.risk < 0.99]
    drawn = draw([*candidates, odd], capacity=CAPACITY, seed=1)
    assert next(case.hard for case in drawn.cases if case.id == "odd") == "unlike"
    hard = [case for case in drawn.cases if case.hard in ("near", "unlike")]
    assert len(hard) <= np.ceil(MOST_HARD * len(drawn.cases))
    calm = [Candidate(id=f"v{n:03d}", town="t1", risk=n / 100, anomaly=n / 100) for n in range(100)]
    why = Counter(
        case.hard for seed in range(300) for case in draw(calm, capacity={"t1": 8}, seed=seed).cases
    )
    assert why["unlike"] == 0
    assert why["near"] >= 300
    assert 0.07 < why["random"] / (why["random"] + why[None]) < 0.13


@settings(max_examples=300, deadline=None)
@given(
    weights=st.lists(st.sampled_from(BAND_WEIGHTS), min_size=1, max_size=40),
    size=st.integers(1, 40),
    start=st.floats(0, 1, exclude_max=True),
)
@example(weights=[5.0, 5.0, 5.0, 5.0], size=4, start=0.9999999999999998)
def test_chances_add_up_and_so_many_are_drawn(weights, size, start):
    size = min(size, len(weights))
    chances = inclusion_chances(weights, size=size)
    assert chances.sum() == pytest.approx(size)
    assert ((chances > 0) & (chances <= 1)).all()
    taken = systematic(chances, order=list(range(len(weights))), start=start)
    assert len(taken) == len(set(taken)) == size


def test_nobody_to_draw_from_is_an_empty_plan():
    drawn = draw([], capacity=CAPACITY, seed=1)
    assert drawn.cases == ()
    assert sum(drawn.below) == 0


@pytest.mark.parametrize(
    ("candidates", "capacity", "share"),
    [
        (county(3), {"t1": -1}, 0.2),
        (county(3), {"t1": 1}, 1.5),
        ([*county(3), county(3)[0]], {"t1": 1}, 0.2),
    ],
)
def test_what_makes_no_sense_is_refused(candidates, capacity, share):
    with pytest.raises(ValueError, match=r"cannot be negative|between 0 and 1|twice"):
        draw(candidates, capacity=capacity, seed=1, quota_share=share)
