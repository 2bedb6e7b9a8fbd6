"""The replay: every quarter knows only what was known then, judges drawn cases only, and adds up by hand."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from features.compute import FeatureSet
from tests.ml.synthetic import feature_set, features_dictionary, findings
from training.dataset import DRAWN
from training.replay import ORDERS, Quarter, Replay, against_truth, replay

pytestmark = pytest.mark.xdist_group("replay")  # one worker makes what these tests share

ROWS, ODD = 120, 40
AS_OF = date(2025, 12, 31)
STARTS = [date(2024, 1, 1), date(2024, 4, 1), date(2024, 7, 1), date(2024, 10, 1), date(2025, 1, 1)]
DICTIONARY = features_dictionary()


@cache
def known_on(day: date) -> tuple[FeatureSet, pa.Table]:
    features, odd = feature_set(rows=ROWS, odd=ODD, as_of=day)
    return features, findings([{"village_code": one} for one in odd[::3]])


def past(*, each: int = 16, by: str = "score") -> pd.DataFrame:
    """In each quarter so many cases, half of them wrong; decided forty days later."""
    _, odd = feature_set(rows=ROWS, odd=ODD)
    random = np.random.default_rng(3)
    rows = []
    for start in STARTS:
        wrong = random.choice(odd, each // 2, replace=False)
        right = random.choice([f"v{number:04d}" for number in range(ROWS - ODD)], each // 2, replace=False)
        for number, one in enumerate([*wrong, *right]):
            selected = start + timedelta(days=5 + number)
            rows.append(
                {
                    "entity": "village",
                    "entity_id": one,
                    "selected_on": selected,
                    "selected_by": by if number % 4 else "quota",
                    "propensity": 0.6 if number % 4 else 0.05,
                    "decided_on": selected + timedelta(days=40),
                    "outcome": "substantiated" if number < each // 2 else "not_substantiated",
                }
            )
    return pd.DataFrame(rows)


def replayed(
    outcomes: pd.DataFrame, *, as_of: date = AS_OF, capacity: int = 5, features_at=known_on
) -> Replay:
    return replay(
        outcomes,
        entity="village",
        as_of=as_of,
        features_at=features_at,
        dictionary=DICTIONARY,
        capacity=capacity,
        seed=0,
    )


@pytest.fixture(scope="module")
def usual() -> Replay:
    return replayed(past())


def test_quarters_after_the_first_are_replayed_with_what_had_been_decided(usual: Replay) -> None:
    assert [quarter.start for quarter in usual.quarters] == STARTS[1:]
    outcomes = past()
    for quarter in usual.quarters:
        decided = outcomes[pd.to_datetime(outcomes["decided_on"]) <= pd.Timestamp(quarter.start)]
        assert quarter.learnt == len(decided)
        assert quarter.cases == 16
        assert quarter.confirmed == 8


def test_what_was_decided_later_changes_no_score(usual: Replay) -> None:
    """Turn every outcome decided after the third quarter began: earlier scores stay, later ones do not."""
    outcomes = past()
    third = usual.quarters[2].start
    later = pd.to_datetime(outcomes["decided_on"]) > pd.Timestamp(third)
    turned = outcomes.copy()
    swap = {"substantiated": "not_substantiated", "not_substantiated": "substantiated"}
    turned.loc[later, "outcome"] = outcomes.loc[later, "outcome"].map(swap)
    other = replayed(turned)
    for before, after in zip(usual.quarters[:3], other.quarters[:3], strict=True):
        pd.testing.assert_frame_equal(before.scores, after.scores)
    assert not usual.quarters[3].scores["risk"].equals(other.quarters[3].scores["risk"])


def test_features_are_asked_for_on_first_days_of_quarters_and_never_ahead() -> None:
    asked: list[date] = []

    def watched(day: date) -> tuple[FeatureSet, pa.Table]:
        asked.append(day)
        return known_on(day)

    replayed(past(), features_at=watched)
    assert set(asked) == set(STARTS)
    newest = [max(asked[: place + 1]) for place in range(len(asked))]
    assert newest == sorted(newest)
    assert asked[0] == STARTS[1]


def test_outcomes_after_the_day_are_unknown() -> None:
    assert replayed(past(), as_of=STARTS[3]).quarters[-1].start == STARTS[2]


def test_only_drawn_cases_are_judged() -> None:
    outcomes = past(by="complaint")
    drawn = outcomes[outcomes["selected_by"].isin(DRAWN)]
    for quarter in replayed(outcomes, capacity=2).quarters:
        assert quarter.cases == 4
        assert set(quarter.outcomes.index) <= set(drawn["entity_id"])


def test_pooled_figures_are_the_sums_of_the_quarters(usual: Replay) -> None:
    for order in (*ORDERS, "random"):
        values = [quarter.precision[order].value for quarter in usual.quarters]
        assert usual.precision[order].value == pytest.approx(np.mean(values))
        assert usual.precision[order].cases == 20
    assert usual.precision["random"].value == 0.5
    assert usual.precision["risk"].value > 0.9
    assert usual.auc["risk"].value > 0.9
    assert usual.gain["random"].value == pytest.approx(usual.precision["risk"].value - 0.5)
    assert usual.gain["random"].low > 0


def test_selection_weights_make_a_difference_and_are_left_out_of_the_other_model(usual: Replay) -> None:
    last = usual.quarters[-1].scores
    assert not last["risk"].equals(last["risk_unweighted"])
    outcomes = past()
    outcomes["propensity"] = 0.3
    same = replayed(outcomes).quarters[-1].scores
    pd.testing.assert_series_equal(same["risk_unweighted"], last["risk_unweighted"])


def test_a_quarter_in_which_all_would_be_looked_at_says_nothing() -> None:
    found = replayed(past(each=4), capacity=4)
    assert [quarter.precision for quarter in found.quarters] == [{}] * 4
    assert (found.precision, found.auc, found.gain) == ({}, {}, {})


def test_nothing_verified_is_no_quarter() -> None:
    assert replayed(past().iloc[:0]).quarters == ()


def test_a_capacity_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        replayed(past(), capacity=0)


def test_the_truth_is_compared_by_hand() -> None:
    ids = ["a", "b", "c", "d", "e"]
    scores = pd.DataFrame({"risk": [5, 4, 3, 2, 1], "hits": [1, 2, 3, 4, 5]}, index=ids, dtype=float)
    scores = scores.assign(risk_unweighted=scores["risk"], anomaly=0.5)
    quarter = Quarter(date(2025, 1, 1), 0, 0, 0, {}, scores, pd.Series(dtype=float), frozenset({"a"}))
    told = Replay("village", 2, (quarter,), {}, {}, {})
    figures = {
        name: (p.value, r.value) for name, p, r in against_truth(told, lambda _: {"a", "b", "e"}, capacity=2)
    }
    assert figures == {
        "risk": (0.5, 0.5),  # b and c of b to e: b is wrong
        "risk_unweighted": (0.5, 0.5),
        "anomaly": (0.5, 0.5),  # all equal: two of four, on average one of the two wrong ones
        "hits": (0.5, 0.5),  # e and d
        "random": (0.5, 0.5),
    }
