"""Every feature has a worked example; Benford is checked against its definition."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from math import log10
from random import Random

import pytest
from worked_rows import AS_OF, ROWS
from worked_values import EXPECTED

from features.compute import FeatureSet, feature_set
from features.dictionary import dictionary
from registers.engine import DuckDBEngine

pytestmark = pytest.mark.xdist_group("feature values")  # one worker makes what these tests share

CASES = [
    (entity, entity_id, name, value)
    for entity, ids in EXPECTED.items()
    for entity_id, values in ids.items()
    for name, value in values.items()
]


@pytest.fixture(scope="module")
def computed() -> dict[str, FeatureSet]:
    with DuckDBEngine.from_rows(ROWS, as_of=AS_OF) as engine:
        return {entity: feature_set(engine, entity) for entity in ("village", "official", "supplier")}


@pytest.mark.parametrize(("entity", "entity_id", "name", "value"), CASES)
def test_value_is_as_worked_out_by_hand(computed, entity, entity_id, name, value):
    assert computed[entity].values.loc[entity_id, name] == pytest.approx(value, abs=1e-8, nan_ok=True)


@pytest.mark.parametrize("entity", ["village", "official", "supplier"])
def test_every_feature_has_a_worked_example(entity):
    worked = {name for values in EXPECTED[entity].values() for name in values}
    assert worked == set(dictionary(entity))


def _ledger_of(amounts: list[int]) -> dict[str, list[dict[str, object]]]:
    return {
        "ledger_entry": [
            {"village_code": "990101100200", "voucher_no": str(i), "line_no": 1, "flow": "expense",
             "entry_date": AS_OF - timedelta(days=i % 300), "amount_fen": amount}
            for i, amount in enumerate(amounts)
        ]
    }  # fmt: skip


def _benford(amounts: list[int]) -> tuple[float, float]:
    """Mean absolute deviation and chi-square by row, straight from the definition over all ninety cells."""
    hits = Counter(f"{amount}0"[:2] for amount in amounts)
    expected = {digits: log10(1 + 1 / digits) for digits in range(10, 100)}
    actual = {digits: hits[str(digits)] / len(amounts) for digits in expected}
    mad = sum(abs(actual[d] - expected[d]) for d in expected) / 90
    return mad, sum((actual[d] - expected[d]) ** 2 / expected[d] for d in expected)


@pytest.mark.parametrize("low", [1, 2000])  # with one-digit amounts; with digits that never occur
def test_benford_follows_its_definition(low):
    random = Random(3)  # noqa: S311  seeded, no secret
    amounts = [random.randrange(low, 4000) for _ in range(1000)]
    with DuckDBEngine.from_rows(_ledger_of(amounts), as_of=AS_OF) as engine:
        values = feature_set(engine, "village").values.iloc[0]
    assert (values["benford_mad"], values["benford_chi_square"]) == pytest.approx(_benford(amounts), abs=1e-8)


def test_benford_is_unknown_under_a_thousand_rows():
    with DuckDBEngine.from_rows(_ledger_of(list(range(10, 1009))), as_of=AS_OF) as engine:
        values = feature_set(engine, "village").values.iloc[0]
    assert values[["benford_mad", "benford_chi_square"]].isna().all()


def test_nothing_to_describe_is_said_by_name():
    with (
        DuckDBEngine.from_rows({"company": []}, as_of=date(2025, 1, 1)) as engine,
        pytest.raises(ValueError, match="行政区划"),
    ):
        feature_set(engine, "village")
