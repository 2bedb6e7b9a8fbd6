"""The restricted SQL: what is refused, with place and mend, and that binding never changes a meaning."""

from __future__ import annotations

from datetime import date, timedelta

import duckdb
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from registers.query import QueryError, bind, columns_read, literal, parse_expression, parse_query, to_sql

DATABASE = duckdb.connect()
RELATIONS = ("person", "death", "subsidy_payment")


def parse(text: str, **options: object) -> object:
    return parse_query(text, source="model.yaml evidence", relations=RELATIONS, **options)


REFUSED = [
    ("SELECT * FROM person", 1, "name the columns"),
    ("SELECT p.* FROM person AS p", 1, "name the columns"),
    ("SELECT row_id\nFROM persn", None, "relation 'persn' is not declared"),
    ("SELECT row_id FROM read_csv('/etc/passwd')", None, "read_csv"),
    ("SELECT row_id FROM '/etc/passwd'", None, "not declared"),
    ("SELECT row_id FROM person\nWHERE birth_date < current_date", 2, "bind :as_of"),
    ("SELECT row_id FROM person\nWHERE birth_date < now()", 2, "not in the subset"),
    ("SELECT row_id FROM person WHERE today() > birth_date", 1, "not in the subset"),
    ("SELECT random() AS r FROM person", 1, "not in the subset"),
    ("SELECT getenv('HOME') AS h FROM person", 1, "getenv() is not in the subset"),
    ("SELECT row_id\nFROM person\nWHERE age > :limit", None, "parameter :limit is not declared"),
    ("SELECT a / b AS share FROM person", 1, "NULLIF"),
    ("SELECT a % b AS rest FROM person", 1, "NULLIF"),
    ("SELECT a / 0 AS share FROM person", 1, "NULLIF"),
    (
        "SELECT p.row_id FROM person AS p\nLEFT JOIN death AS d ON d.person_key = p.person_key\n"
        "WHERE d.row_id IS NULL",
        3,
        "NOT EXISTS",
    ),
    ("SELECT death_date - birth_date AS days FROM person", 1, "date_diff"),
    ("SELECT sum(area_mu) AS mu FROM person", 1, "round(sum"),
    (
        "WITH a AS (SELECT 2 * area_mu AS twice FROM person)\nSELECT sum(twice) OVER () AS mu FROM a",
        2,
        "round(sum",
    ),
    ("SELECT stddev_samp(age) AS s FROM person", 1, "round(sum"),
    ("SELECT row_id FROM person; SELECT row_id FROM death", 1, "exactly one SELECT"),
    ("DELETE FROM person", 1, "exactly one SELECT"),
    ("COPY person TO 'x.csv'", 1, "exactly one SELECT"),
    ("ATTACH 'x.db'", 1, "exactly one SELECT"),
    ("", 1, "exactly one SELECT"),
    ("SELECT row_id\nFROM person\nWHERE (age", None, "not SQL"),
]


@pytest.mark.parametrize(("text", "line", "mend"), REFUSED, ids=[text for text, _, _ in REFUSED])
def test_what_the_subset_refuses_says_where_and_how_to_mend(text: str, line: int | None, mend: str) -> None:
    with pytest.raises(QueryError) as refusal:
        parse(text, date_columns=("death_date", "birth_date"), decimal_columns=("area_mu",))
    assert mend in str(refusal.value)
    place = f"model.yaml evidence:{line}: " if line else "model.yaml evidence"
    assert str(refusal.value).startswith(place)


def test_rounded_sums_of_decimals_and_sums_of_whole_numbers_are_fine() -> None:
    parse(
        "SELECT round(sum(area_mu) OVER (), 2) AS mu, sum(age) AS years, avg(age) AS mean FROM person",
        decimal_columns=("area_mu",),
    )


def test_lines_count_from_the_line_of_the_file() -> None:
    with pytest.raises(QueryError, match="evidence:42:"):
        parse("SELECT row_id FROM person\nWHERE birth_date < current_date", first_line=41)


def test_a_relation_of_its_own_and_as_of_need_no_declaration() -> None:
    query = parse(
        "WITH dead AS (SELECT person_key FROM death WHERE death_date <= :as_of) SELECT person_key FROM dead"
    )
    assert query.relations == {"death"}
    assert query.parameters == {"as_of"}
    assert columns_read(query) == {"death": {"person_key", "death_date"}}


def test_a_missing_parameter_is_named() -> None:
    query = parse("SELECT row_id FROM person WHERE age > :limit", parameters=("limit",))
    with pytest.raises(KeyError, match="limit"):
        bind(query, {})


def test_an_expression_that_is_none_is_refused() -> None:
    with pytest.raises(QueryError, match="not an SQL expression"):
        parse_expression("count(", source="model.yaml finding")


VALUES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30),
    st.integers(-(2**62), 2**62),
    st.booleans(),
    st.dates(date(1000, 1, 1), date(9000, 1, 1)),
    st.floats(allow_nan=False, allow_infinity=False),
)


@given(value=VALUES)
@example("'; DROP TABLE person; --")
@example("\\'")
@example("''")
@example("' OR 1=1 --")
@example("$$")
@example(":as_of")
@example("?")
@example("/* */")
def test_a_bound_value_comes_back_as_it_went_in(value: object) -> None:
    query = parse("SELECT coalesce(:value) AS v, coalesce(:as_of) AS day", parameters=("value",))
    bound = bind(query, {"value": value, "as_of": date(2024, 1, 1)})
    found = DATABASE.sql(to_sql(bound)).fetchall()
    assert found == [(value, date(2024, 1, 1))]
    assert type(found[0][0]) is type(value)


@given(value=st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
@example("x' OR 'a' = 'a")
def test_binding_changes_no_other_part_of_the_query(value: str) -> None:
    text = "SELECT row_id FROM person WHERE name = :value AND birth_date <= :as_of"
    query = parse(text, parameters=("value",))
    bound = bind(query, {"value": value, "as_of": date(2024, 1, 1)})
    again = parse_query(to_sql(bound), source="again", relations=RELATIONS)
    assert again.relations == query.relations
    assert again.parameters == frozenset()
    assert to_sql(again.tree) == to_sql(bound)
    assert to_sql(query.tree) == to_sql(parse(text, parameters=("value",)).tree), (
        "the parsed query stays as it was"
    )


@pytest.mark.parametrize(
    ("value", "sql_type"),
    [
        (True, "BOOLEAN"),
        (1, "INTEGER"),
        (2**40, "BIGINT"),
        (1.0, "DOUBLE"),
        ("a", "VARCHAR"),
        (date(2024, 1, 1), "DATE"),
    ],
)
def test_literals_are_typed(value: bool | int | float | str | date, sql_type: str) -> None:
    assert DATABASE.sql(f"SELECT typeof({to_sql(literal(value))})").fetchall() == [(sql_type,)]


@given(day=st.dates(date(1900, 1, 1), date(2200, 1, 1)), days=st.integers(-4000, 4000))
def test_days_between_dates_are_counted_as_python_counts_them(day: date, days: int) -> None:
    query = parse("SELECT date_diff('day', :day, :other) AS days", parameters=("day", "other"))
    bound = bind(query, {"day": day, "other": day + timedelta(days), "as_of": day})
    assert DATABASE.sql(to_sql(bound)).fetchall() == [(days,)]
