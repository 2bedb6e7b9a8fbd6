"""Conditions read without an engine say what the engine says, or nothing."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st

from registers.catalogue import load_catalogue
from registers.query import to_sql
from supervision.catalogue import load_models
from supervision.precheck.conditions import UNKNOWN, plainly_false, value_of
from supervision.precheck.plan import Plans
from supervision.precheck.reach import _Reader

ROWS = st.fixed_dictionaries({
    "amount": st.none() | st.integers(-3, 3),
    "other": st.none() | st.integers(-3, 3),
    "flow": st.none() | st.sampled_from(["expense", "income", ""]),
    "paid": st.none() | st.booleans(),
    "day": st.none() | st.dates(date(2025, 1, 1), date(2025, 1, 5)),
    "begins": st.none() | st.dates(date(2025, 1, 1), date(2025, 1, 5)),
})  # fmt: skip
TYPES = {
    "amount": "BIGINT",
    "other": "BIGINT",
    "flow": "VARCHAR",
    "paid": "BOOLEAN",
    "day": "DATE",
    "begins": "DATE",
}
CONDITIONS = (
    "flow = 'expense'", "flow <> 'expense'", "amount >= $least", "amount < other", "NOT amount = other",
    "flow IN ('expense', 'income')", "NOT flow IN ('expense', '')", "amount IN (1, other)", "flow IS NULL",
    "NOT flow IS NULL", "date_diff('day', begins, day) <= $least", "date_diff('day', begins, day) > -2",
    "(amount > 1 OR flow = 'expense')", "NOT (amount > 1 OR flow IS NULL)", "paid", "NOT paid", "day > begins",
)  # fmt: skip


def engine_says(text: str, row: dict[str, object]) -> object:
    columns = ", ".join(f"CAST(${name} AS {kind}) AS {name}" for name, kind in TYPES.items())
    found = duckdb.execute(f"SELECT {text.replace('$least', '1')} FROM (SELECT {columns})", row).fetchone()
    assert found
    return found[0]


@pytest.mark.parametrize("text", CONDITIONS)
@given(row=ROWS)
def test_as_the_engine(text: str, row: dict[str, object]) -> None:
    condition = sqlglot.parse_one(text, dialect="duckdb")
    assert value_of(condition, row, {"least": 1}) == engine_says(text, row)


@pytest.mark.parametrize(
    "text", ["regexp_matches(flow, 'x')", "coalesce(flow, 'a') = 'a'", "amount = 'a'", "missing = 1"]
)
def test_what_is_not_read_is_left_to_the_engine(text: str) -> None:
    condition = sqlglot.parse_one(text, dialect="duckdb")
    row = {"flow": "x", "amount": 1}
    assert value_of(condition, row, {}) is UNKNOWN
    assert not plainly_false(condition, row, {})


def test_most_conditions_of_models_are_read() -> None:
    plans = Plans(load_models().values(), load_catalogue())
    sieves = [s for plan in plans.by_register.values() for q in plan.questions for s in q.sieves]
    conditions = {to_sql(c): c for sieve in sieves for c in sieve.conditions}
    samples = {"DATE": date(2025, 1, 1), "BIGINT": 5, "DOUBLE": 0.5, "BOOLEAN": True, "VARCHAR": "x"}
    row = {c.name: samples[c.sql_type] for r in plans.by_register for c in load_catalogue()[r].lake_columns}
    numbers = {p: 4 for model in plans.models for p in model.parameters} | {"as_of": date(2025, 1, 2)}
    left = [text for text, c in conditions.items() if value_of(c, row, numbers) is UNKNOWN]
    assert all("REGEXP" in text for text in left), left


MODEL_SQL = """
  WITH entries AS (
    SELECT l.village_code, l.entry_date, l.amount_fen, l.row_id,
           sum(l.amount_fen) OVER (PARTITION BY l.village_code, l.entry_date) AS day_fen
    FROM ledger_entry AS l WHERE l.flow = 'expense'
  ),
  statements AS (
    SELECT f.village_code, max(f.flow_on) AS last_on, max(f.row_id) AS row_id FROM bank_flow AS f GROUP BY f.village_code
  )
  SELECT e.village_code AS subject_id, e.village_code, e.entry_date AS occurred_on, e.amount_fen, e.row_id
  FROM entries AS e JOIN statements AS s ON s.village_code = e.village_code
  WHERE {condition}
"""


@pytest.mark.parametrize(
    ("condition", "asked"),
    [
        ("e.amount_fen >= 5", "amount_fen >= 5"),  # the row's own value, whatever is summed beside it
        ("e.day_fen >= 5", None),  # a sum of other rows too
        ("e.entry_date > DATE '2025-01-01' OR e.amount_fen = 1", None),
        ("date_diff('day', e.entry_date, s.last_on) >= 45", "DATE_DIFF('DAY', entry_date, $as_of) >= 45"),
        ("date_diff('day', e.entry_date, s.last_on) <= 45", None),  # a later day asks less of the payment
        ("date_diff('day', s.last_on, e.entry_date) >= 45", None),
    ],
)
def test_what_a_payment_must_fulfil_is_read_through_with_and_windows(
    condition: str, asked: str | None
) -> None:
    tree = sqlglot.parse_one(MODEL_SQL.format(condition=condition), dialect="duckdb")
    reader = _Reader(load_catalogue())
    evidence = reader.read(tree)
    (place,) = {origin.place for origin in reader.origins_of(evidence, "row_id")}
    told = [to_sql(one) for one in reader.sieve(place).conditions]
    expected = ["flow = 'expense'", *([asked] if asked else [])]
    assert [text for text in told if "OR" not in text] == expected
