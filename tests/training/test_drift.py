"""Drift on made-up weeks: nothing moved, one thing moved, and chance is not taken for change."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from features.compute import FeatureSet
from tests.ml.synthetic import AS_OF, feature_set, features_dictionary
from training.drift import (
    LEAST_CASES,
    THRESHOLDS,
    WINDOW_WEEKS,
    Drift,
    feature_drift,
    outcome_drift,
    psi,
    psi_by_chance,
    score_drift,
    weeks_up_to,
)

DICTIONARY = features_dictionary()


def features(*, seed: int, rows: int = 300) -> FeatureSet:
    return feature_set(rows=rows, odd=0, seed=seed)[0]


def with_column(of: FeatureSet, name: str, values: np.ndarray) -> FeatureSet:
    return replace(of, standardised=of.standardised.assign(**{name: values}))


def alarmed(reference: FeatureSet, now: FeatureSet) -> dict[str, str]:
    return {
        one.feature: one.alarm for one in feature_drift(reference, now, dictionary=DICTIONARY) if one.alarm
    }


def test_psi_is_that_of_the_definition() -> None:
    """Ten bins of ten cases against all hundred in the first one, half a case added to each of eleven."""
    value, bins = psi(np.arange(100.0), np.zeros(100))
    assert bins == 11
    q = np.array([10.5] * 10 + [0.5]) / 105.5
    p = np.array([100.5] + [0.5] * 10) / 105.5
    assert value == pytest.approx(((p - q) * np.log(p / q)).sum())
    assert psi(np.arange(100.0), np.arange(100.0))[0] == 0


@pytest.mark.parametrize("constant", [np.zeros(50), np.full(50, np.nan)])
def test_a_constant_or_empty_column_has_not_drifted_from_itself(constant: np.ndarray) -> None:
    assert psi(constant, constant)[0] == 0


def test_only_the_column_that_moved_is_named() -> None:
    reference, now = features(seed=0), features(seed=1)
    moved = with_column(now, "late_days", now.standardised["late_days"].to_numpy() + 1.5)
    assert alarmed(reference, now) == {}
    found = alarmed(reference, moved)
    assert list(found) == ["late_days"]
    assert "平均补记天数" in found["late_days"]
    assert "PSI" in found["late_days"]


def test_a_register_that_fails_to_come_is_told_as_missing() -> None:
    reference, now = features(seed=0), features(seed=1)
    values = now.standardised["late_days"].to_numpy().copy()
    values[:90] = np.nan
    found = alarmed(reference, with_column(now, "late_days", values))
    assert list(found) == ["late_days"]
    assert "答不出的对象从 0% 变为 30%" in found["late_days"]


def test_few_villages_alone_raise_no_alarm() -> None:
    """With thirty villages PSI passes 0.25 by chance; of a thousand columns at most the stated share may alarm."""
    passed = alarms = 0
    for seed in range(200):
        found = feature_drift(
            features(seed=seed, rows=30), features(seed=seed + 1000, rows=30), dictionary=DICTIONARY
        )
        passed += sum(one.psi >= THRESHOLDS["psi"].value for one in found)
        alarms += any(one.alarm for one in found)
    assert passed > 200
    assert binomtest(alarms, 200, THRESHOLDS["chance"].value, alternative="greater").pvalue > 0.001


def test_the_limit_of_chance_falls_with_more_villages() -> None:
    limits = [psi_by_chance(11, before=n, now=n, chance=0.001) for n in (30, 300, 3000)]
    assert limits == sorted(limits, reverse=True)
    assert limits[0] == pytest.approx(limits[1] * 10)


def scores(day: int, risk: np.ndarray, version: str = "risk_village/1") -> tuple[date, pd.DataFrame]:
    return AS_OF + timedelta(weeks=day), pd.DataFrame({"risk": risk, "bundle_version": version})


def test_scores_are_compared_with_the_first_day_of_their_own_model() -> None:
    random = np.random.default_rng(0)
    first, alike, higher = (random.beta(2, 5, 300) for _ in range(3))
    stored = dict([scores(0, first), scores(1, alike), scores(2, higher * 0.5 + 0.4)])
    quiet, loud = score_drift(stored)
    assert quiet.alarm == ""
    assert "高分对象的比例" in loud.alarm
    assert (loud.since, loud.above > 0.5) == (AS_OF, True)
    promoted = dict([scores(0, first), scores(1, higher * 0.5 + 0.4, "risk_village/2")])
    assert score_drift(promoted) == []


def outcomes(shares: dict[int, float], *, per_week: int = 5, by: str = "score") -> pd.DataFrame:
    """`per_week` cases every week up to AS_OF; `shares`: weeks back from which on a share is confirmed."""
    rows = []
    for back in range(60, 0, -1):
        share = next(value for since, value in sorted(shares.items()) if back <= since)
        day = AS_OF - timedelta(weeks=back)
        for number in range(per_week):
            rows.append(
                {
                    "entity": "village",
                    "entity_id": f"v{back}-{number}",
                    "selected_on": day,
                    "selected_by": by,
                    "propensity": 1.0,
                    "decided_on": day + timedelta(days=3),
                    "outcome": "substantiated" if number < share * per_week else "not_substantiated",
                }
            )
    return pd.DataFrame(rows)


def test_a_list_that_finds_less_is_told_and_a_steady_one_is_not() -> None:
    steady = outcome_drift(outcomes({99: 0.6}), entity="village", as_of=AS_OF, weeks=8)
    assert len(steady) == 8
    assert not any(one.alarm for one in steady)
    assert steady[-1].precision.value == pytest.approx(0.6)
    worse = outcome_drift(outcomes({99: 0.6, WINDOW_WEEKS - 1: 0.2}), entity="village", as_of=AS_OF, weeks=8)
    assert "属实 2" in worse[-1].alarm
    assert "低于以前的 60%" in worse[-1].alarm
    better = outcome_drift(outcomes({99: 0.2, WINDOW_WEEKS - 1: 0.6}), entity="village", as_of=AS_OF, weeks=8)
    assert better[-1].alarm == ""


def test_nothing_is_said_of_few_cases_or_of_cases_that_the_score_did_not_choose() -> None:
    assert outcome_drift(outcomes({99: 0.6}, per_week=1), entity="village", as_of=AS_OF, weeks=8) == []
    by_complaint = outcomes({99: 0.6}, by="complaint")
    assert outcome_drift(by_complaint, entity="village", as_of=AS_OF, weeks=8) == []
    assert LEAST_CASES > WINDOW_WEEKS


def test_what_was_decided_later_is_not_known() -> None:
    table = outcomes({99: 0.6})
    table["decided_on"] = AS_OF + timedelta(days=1)
    assert outcome_drift(table, entity="village", as_of=AS_OF, weeks=8) == []


def test_weeks_end_with_the_day_asked_for() -> None:
    assert weeks_up_to(date(2025, 6, 30), weeks=2) == [date(2025, 6, 23), date(2025, 6, 30)]


def test_alarms_are_those_of_the_newest_week() -> None:
    reference, now = features(seed=0), features(seed=1)
    moved = with_column(now, "late_days", now.standardised["late_days"].to_numpy() + 1.5)
    old = feature_drift(reference, replace(moved, as_of=AS_OF - timedelta(weeks=1)), dictionary=DICTIONARY)
    new = feature_drift(reference, now, dictionary=DICTIONARY)
    drift = Drift("village", AS_OF, AS_OF, (*old, *new), (), (), ())
    assert drift.alarms == []
    assert len(replace(drift, features=tuple(old)).alarms) == 1


def test_every_threshold_says_why() -> None:
    assert all(one.why and one.value > 0 for one in THRESHOLDS.values())
