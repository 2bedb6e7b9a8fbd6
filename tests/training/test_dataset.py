"""From outcomes to rows: labels, time, and nothing from the future."""

from __future__ import annotations

from datetime import date
from functools import cache

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from features.compute import FeatureSet
from ml.errors import FeatureMismatch
from ml.inputs import HIT_COLUMNS
from tests.ml.synthetic import feature_set, findings
from training.dataset import HORIZON_DAYS, OutcomesInvalid, build_dataset, labelled

AS_OF = date(2025, 6, 30)


def outcome(entity_id: str = "v0001", **other: object) -> dict[str, object]:
    usual = {
        "entity": "village",
        "entity_id": entity_id,
        "selected_on": date(2025, 2, 10),
        "selected_by": "score",
        "propensity": 0.5,
        "decided_on": date(2025, 3, 1),
        "outcome": "substantiated",
    }
    return usual | other


def outcomes(*rows: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(outcome()))


@cache
def known_on(day: date) -> tuple[FeatureSet, pa.Table]:
    """Features that tell the day they were computed for, and one finding from 2025 on."""
    features, _ = feature_set(rows=6, odd=1, as_of=day)
    features.standardised["late_days"] = float(day.toordinal())
    found = [{"village_code": "v0001"}] if day >= date(2025, 1, 1) else []
    return features, findings(found)


@pytest.mark.parametrize(
    ("result", "label"),
    [
        ("substantiated", [1.0]),
        ("irregular_rectified", [1.0]),
        ("not_substantiated", [0.0]),
        ("data_error", []),
        ("cannot_determine", []),
    ],
)
def test_what_an_outcome_means(result: str, label: list[float]) -> None:
    table = outcomes(outcome(outcome=result))
    assert labelled(table, entity="village", as_of=AS_OF)["label"].tolist() == label


@pytest.mark.parametrize(
    ("decided_on", "counts"),
    [
        (date(2025, 2, 10), True),
        (date(2025, 2, 9), False),
        (date(2025, 6, 30), True),
        (date(2025, 7, 1), False),
        (None, False),
    ],
)
def test_an_outcome_counts_from_the_day_it_is_known(decided_on: date | None, counts: bool) -> None:
    table = outcomes(outcome(decided_on=decided_on))
    assert len(labelled(table, entity="village", as_of=AS_OF)) == counts


@pytest.mark.parametrize(("days", "counts"), [(HORIZON_DAYS, True), (HORIZON_DAYS + 1, False)])
def test_an_outcome_counts_within_the_horizon(days: int, counts: bool) -> None:
    selected = date(2024, 1, 1)
    decided = date.fromordinal(selected.toordinal() + days)
    table = outcomes(outcome(selected_on=selected, decided_on=decided))
    assert len(labelled(table, entity="village", as_of=AS_OF)) == counts


def test_only_drawn_cases_have_a_propensity() -> None:
    ways = ["score", "quota", "complaint", "same_problem", "campaign"]
    table = labelled(outcomes(*(outcome(selected_by=way) for way in ways)), entity="village", as_of=AS_OF)
    by_way = table.set_index("selected_by")["propensity"]
    assert by_way[["score", "quota"]].tolist() == [0.5, 0.5]
    assert by_way[["complaint", "same_problem", "campaign"]].isna().all()


def test_rows_show_what_was_known_when_the_case_was_chosen() -> None:
    table = outcomes(
        outcome("v0001"), outcome("v0002", selected_on=date(2024, 12, 30), decided_on=date(2025, 1, 9))
    )
    data = build_dataset(table, entity="village", as_of=AS_OF, features_at=known_on, snapshots="quarter")
    shown = {
        day: data.inputs.loc[name, "late_days"]
        for name, day in (("v0001", "2025-01-01"), ("v0002", "2024-10-01"))
    }
    assert shown == {day: date.fromisoformat(day).toordinal() for day in shown}
    assert data.inputs.loc["v0001", "hits_assistance"] == 1
    assert data.inputs.loc["v0002", list(HIT_COLUMNS)].sum() == 0


def test_nobody_verified_rows_are_those_of_today_and_have_no_label() -> None:
    data = build_dataset(outcomes(outcome()), entity="village", as_of=AS_OF, features_at=known_on)
    assert data.y.dropna().to_dict() == {"v0001": 1.0}
    rest = data.inputs[data.y.isna()]
    assert sorted(rest.index) == ["v0000", "v0002", "v0003", "v0004", "v0005"]
    assert set(rest["late_days"]) == {float(AS_OF.toordinal())}
    assert data.selected_on[data.y.isna()].isna().all()
    assert set(data.selected_by) == {"score", ""}


@pytest.mark.parametrize("snapshots", ["day", "month", "quarter"])
def test_no_snapshot_is_later_than_the_selection(snapshots: str) -> None:
    asked: list[date] = []

    def remembered(day: date) -> tuple[FeatureSet, pa.Table]:
        asked.append(day)
        return known_on(day)

    table = outcomes(outcome(), outcome(selected_on=date(2025, 2, 11)), outcome(selected_on=date(2025, 4, 1)))
    build_dataset(table[:2], entity="village", as_of=AS_OF, features_at=remembered, snapshots=snapshots)
    assert asked[0] == AS_OF
    assert all(day <= date(2025, 2, 11) for day in asked[1:])
    assert len(asked) == 1 + {"day": 2, "month": 1, "quarter": 1}[snapshots]


def test_an_outcome_known_later_changes_nothing() -> None:
    now = outcomes(outcome(), outcome("v0002", outcome="not_substantiated"))
    later = pd.concat([now, outcomes(outcome("v0003", decided_on=date(2025, 8, 1)))])
    one, other = (
        build_dataset(table, entity="village", as_of=AS_OF, features_at=known_on) for table in (now, later)
    )
    assert one.data_hash == other.data_hash
    pd.testing.assert_frame_equal(one.inputs, other.inputs)


def test_without_outcomes_there_are_only_rows_of_today() -> None:
    data = build_dataset(outcomes(), entity="village", as_of=AS_OF, features_at=known_on)
    assert len(data.inputs) == 6
    assert data.y.isna().all()


def test_other_entities_and_entities_unknown_then_are_left_out() -> None:
    table = outcomes(outcome(entity="official"), outcome("v9999"))
    data = build_dataset(table, entity="village", as_of=AS_OF, features_at=known_on)
    assert data.y.notna().sum() == 0


def test_the_hash_tells_labels_and_values_apart() -> None:
    tables = [outcomes(outcome()), outcomes(outcome()), outcomes(outcome(outcome="not_substantiated"))]
    hashes = [
        build_dataset(table, entity="village", as_of=AS_OF, features_at=known_on).data_hash
        for table in tables
    ]
    assert hashes[0] == hashes[1] != hashes[2]


def test_features_with_other_definitions_are_refused() -> None:
    def changing(day: date) -> tuple[FeatureSet, pa.Table]:
        features, found = known_on(day)
        return type(features)(**{**features.__dict__, "definition_hash": str(day)}), found

    with pytest.raises(FeatureMismatch, match="2025-01-01"):
        build_dataset(outcomes(outcome()), entity="village", as_of=AS_OF, features_at=changing)


def test_a_table_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(OutcomesInvalid, match="no column 'outcome'"):
        labelled(outcomes().drop(columns="outcome"), entity="village", as_of=AS_OF)
    with pytest.raises(OutcomesInvalid, match="'guilty' does not exist"):
        labelled(outcomes(outcome(outcome="guilty")), entity="village", as_of=AS_OF)
    assert np.isnan(
        labelled(outcomes(outcome(propensity=None)), entity="village", as_of=AS_OF)["propensity"][0]
    )
