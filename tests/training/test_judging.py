"""Judging on made-up cases where the right answer is known."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from sklearn.metrics import roc_auc_score

from ml.risk import RiskModel
from supervision.catalogue import FIELD_NAMES
from tests.ml.synthetic import AS_OF, features_dictionary
from tests.training.test_train_and_promote import known_on, past_outcomes
from training.back_test import fit_risk
from training.dataset import Dataset, build_dataset
from training.judging import (
    LEAST_TO_JUDGE,
    agreement,
    area,
    calibrate_against,
    compare,
    cross_fitted,
    drawn_cases,
    resampled,
    slices,
    unseen,
)

FIELDS = [f"hits_{field}" for field in FIELD_NAMES]


def table(*, towns: list[str], y: np.ndarray) -> pd.DataFrame:
    cases = pd.DataFrame(
        {"entity_id": [f"e{n}" for n in range(len(y))], "y": y, "town": towns, "peers": "平原"}
    )
    return cases.assign(**dict.fromkeys(FIELDS, 0.0))


def verdicts(cases: pd.DataFrame, score: np.ndarray) -> dict[str, str]:
    return {one.name: one.verdict for one in slices(cases, score)}


def test_a_town_flagged_twice_as_often_as_confirmed_stands_out_and_a_fair_one_does_not() -> None:
    """Sixty cases a town, a third confirmed in each; the score puts all of town A first."""
    random = np.random.default_rng(0)
    y = np.tile([1.0, 0.0, 0.0], 60)
    towns = [f"33010200{town}" for town in "123" for _ in range(60)]
    cases = table(towns=towns, y=y)
    biased = random.random(180) + np.where(cases["town"] == "330102001", 2, 0)
    found = verdicts(cases, biased)
    assert (found["330102001"], found["330102002"], found["330102003"]) == ("over", "under", "under")
    assert set(verdicts(cases, y + random.random(180) / 2).values()) == {"even"}
    flagged = next(one for one in slices(cases, biased) if one.name == "330102001")
    assert flagged.flagged.value == 1.0
    assert flagged.confirmed.value == pytest.approx(1 / 3)


def test_more_towns_to_compare_ask_for_more_evidence() -> None:
    """False alarms over all towns stay below the five in a hundred that one comparison would give."""
    alarms = 0
    for seed in range(200):
        random = np.random.default_rng(seed)
        y = (random.random(300) < 0.3).astype(float)
        cases = table(towns=[f"3301020{n // 20:02d}" for n in range(300)], y=y)
        alarms += any(
            verdict in ("over", "under") for verdict in verdicts(cases, random.random(300)).values()
        )
    assert binomtest(alarms, 200, 0.05, alternative="greater").pvalue > 0.001


def test_a_town_with_few_cases_is_never_judged() -> None:
    y = np.array([1.0] * 9 + [0.0] * 31)
    cases = table(towns=["330102001"] * 9 + ["330102002"] * 31, y=y)
    found = verdicts(cases, -np.arange(40.0)[::-1])
    assert found["330102001"] == "too_few"
    assert LEAST_TO_JUDGE > 9


def test_a_paired_comparison_sees_what_is_there_and_nothing_else() -> None:
    random = np.random.default_rng(1)
    truth = (random.random(300) < 0.4).astype(float)
    entities = [f"e{n // 2}" for n in range(300)]
    good, poor = truth + random.normal(size=300), random.normal(size=300)
    better = compare(good, poor, truth, entities, seed=0)
    assert better is not None
    assert better.auc.low > 0
    assert better.average_precision.low > 0
    assert better.auc.value == pytest.approx(roc_auc_score(truth, good) - roc_auc_score(truth, poor))
    same = compare(good, good, truth, entities, seed=0)
    assert same is not None
    assert (same.auc.low, same.auc.value, same.auc.high) == (0, 0, 0)
    assert compare(good[:9], poor[:9], truth[:9], entities[:9], seed=0) is None
    assert compare(good, poor, np.ones(300), entities, seed=0) is None


def test_areas_with_ties_are_those_of_the_library() -> None:
    random = np.random.default_rng(2)
    truth = (random.random(100) < 0.5).astype(float)
    score = random.integers(0, 5, 100).astype(float)
    assert area(score, truth) == pytest.approx(roc_auc_score(truth, score))


@pytest.mark.parametrize(("distortion", "honest"), [(1.0, True), (3.0, False)])
def test_honest_probabilities_are_told_from_boastful_ones(distortion: float, honest: bool) -> None:
    random = np.random.default_rng(3)
    right = random.beta(2, 2, 400)
    truth = (random.random(400) < right).astype(float)
    odds = (right / (1 - right)) ** distortion
    found = calibrate_against(odds / (1 + odds), truth, seed=0)
    assert found is not None
    assert (found.error.value <= found.by_chance) is honest
    assert sum(one.found.cases for one in found.bins) == 400
    assert [one.said for one in found.bins] == sorted(one.said for one in found.bins)


def test_there_is_no_calibration_without_probabilities() -> None:
    assert calibrate_against(np.full(50, np.nan), np.ones(50), seed=0) is None
    assert calibrate_against(np.full(5, 0.5), np.ones(5), seed=0) is None


def test_agreement_of_orders() -> None:
    score = np.arange(10.0)
    same = agreement(score, score * 2, k=4, change="x")
    assert (same.rank_correlation, same.overlap) == (pytest.approx(1), 1)
    turned = agreement(score, -score, k=4, change="x")
    assert (turned.rank_correlation, turned.overlap) == (pytest.approx(-1), 0)


def test_agreement_beyond_chance_is_zero_for_random_orders_however_long_the_list() -> None:
    random = np.random.default_rng(0)
    for k in (5, 20):
        drawn = [agreement(random.random(30), random.random(30), k=k, change="x") for _ in range(400)]
        assert np.mean([one.beyond_chance for one in drawn]) == pytest.approx(0, abs=0.05)
    everybody = agreement(np.arange(5.0), np.arange(5.0), k=20, change="x")
    assert (everybody.overlap, np.isnan(everybody.beyond_chance)) == (1, True)
    assert agreement(np.arange(30.0), np.arange(30.0), k=20, change="x").beyond_chance == 1


@pytest.fixture(scope="module")
def data() -> Dataset:
    return build_dataset(past_outcomes(), entity="village", as_of=AS_OF, features_at=known_on)


def test_a_case_is_scored_by_a_model_that_never_saw_its_entity(data: Dataset) -> None:
    """The spy keeps which outcomes every model of a fold was given; each held-out entity must lack its own."""
    features, _ = known_on(AS_OF)
    cases = drawn_cases(data, features)
    assert len(cases) == 80
    seen: list[set[str]] = []

    def spy(rows: Dataset) -> RiskModel:
        seen.append(set(rows.inputs.index[rows.y.notna()].astype(str)))
        return fit_risk(rows, dictionary=features_dictionary(), seed=0)

    scored = cross_fitted(data, cases, fit=spy, seed=0)
    assert not scored["score"].isna().any()
    everyone = set(cases["entity_id"])
    held = [everyone - known for known in seen]
    assert set.union(*held) == everyone
    assert sum(len(one) for one in held) == len(everyone)
    assert area(scored["score"].to_numpy(), cases["y"].to_numpy()) > 0.9


def test_cases_chosen_by_a_complaint_are_not_judged_on(data: Dataset) -> None:
    features, _ = known_on(AS_OF)
    outcomes = past_outcomes()
    outcomes.loc[:19, "selected_by"] = "complaint"
    other = build_dataset(outcomes, entity="village", as_of=AS_OF, features_at=known_on)
    assert len(drawn_cases(other, features)) == 60


def test_cases_of_the_champions_time_are_not_new_to_it(data: Dataset) -> None:
    features, _ = known_on(AS_OF)
    cases = drawn_cases(data, features)
    fresh = unseen(cases, champion_as_of=date(2025, 1, 1))
    assert (cases["selected_on"][fresh] > "2025-01-01").all()
    assert 0 < fresh.sum() < len(cases)


def test_resampling_draws_verified_entities_and_keeps_the_others(data: Dataset) -> None:
    drawn = resampled(data, seed=0)
    unverified = set(data.inputs.index[data.y.isna()])
    assert set(drawn.inputs.index[drawn.y.isna()]) == unverified
    verified = drawn.inputs.index[drawn.y.notna()]
    assert verified.duplicated().any()
    assert set(verified) < set(data.inputs.index[data.y.notna()])
    assert list(drawn.inputs.index) == list(drawn.y.index)
