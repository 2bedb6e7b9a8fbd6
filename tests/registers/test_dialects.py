"""The traps between the two engines: each expression gives the same on both, though sqlglot alone would not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pyarrow as pa
import pytest
import sqlglot
from pyspark.sql import SparkSession
from sqlglot import exp

from registers.dialects import spark_tree
from registers.engine import DuckDBEngine
from registers.query import DIALECT, QueryError, parse_query, to_sql
from registers.spark import SparkEngine
from tests.engines import assert_same_rows

spark_group = pytest.mark.xdist_group("spark")

DAY = date(2025, 6, 30)
VALUES = pa.table(
    {
        "n": pa.array([1, 2, 3, 4, 5, 6], pa.int64()),
        "a": pa.array([1, -7, None, 10, 3, 0], pa.int64()),
        "b": pa.array([2, 2, 3, None, 5, 4], pa.int64()),
        "x": pa.array([1.5, -2.5, 1.005, None, 0.5, 2.5], pa.float64()),
        "s": pa.array(["ab", "", None, "中文x", "b\\d", "a1\n"], pa.string()),
        "p": pa.array(["a_", "%", "x", None, "%\\d", "%1_"], pa.string()),
        "d": pa.array(
            [date(2024, 2, 29), date(2025, 6, 29), None, date(2023, 12, 31), date(2025, 1, 1), DAY]
        ),
        "e": pa.array([date(2025, 1, 28), DAY, date(2020, 1, 1), date(2024, 1, 1), None, date(2025, 5, 31)]),
        "f": pa.array([True, False, None, True, False, True]),
        "g": pa.array(["k", "k", "k", "m", "m", None], pa.string()),
    }
)
EACH_ROW = [
    "a / b", "a * 1.15 / 3", "a / 3.0", "a / NULLIF(b - 2, 0)", "a // b", "a % b",
    "floor(x)", "ceil(x)", "floor(a / b)", "round(x, 2)", "round(x)", "round(a * 100.0 / b, 1)", "sign(x)", "sign(a)",
    "CAST(x * 1.0 AS BIGINT)", "CAST(a / b AS INTEGER)", "CAST(round(x) AS BIGINT)", "CAST(a AS BIGINT)",
    "CAST(a > 1 AS INTEGER)", "CAST(f AS BIGINT)", "CAST(a AS VARCHAR)", "CAST(d AS VARCHAR)",
    "date_diff('day', d, e)", "date_diff('month', d, e)", "date_diff('year', d, e)",
    "date_trunc('month', d)", "date_trunc('quarter', d)", "date_trunc('year', d)", "date_trunc('week', d)",
    "date_trunc('day', d)", "date_trunc('month', d) = date_trunc('month', e)", "d >= date_trunc('month', e)",
    "CAST(date_trunc('month', d) AS VARCHAR)", "date_diff('day', date_trunc('month', d), e)",
    "d + 3", "d + INTERVAL 1 YEAR", "d + INTERVAL 1 MONTH", "e - INTERVAL 1 DAY", "d >= '2024-02-29'",
    "isodow(d)", "extract(isodow FROM d)", "extract(year FROM d)", "year(d)", "month(d)", "day(d)",
    "s || 'x'", "concat(s, 'x')", "s LIKE p", "s LIKE '%\\d'", "s LIKE 'a_'", "s ILIKE 'A%'",
    "regexp_full_match(s, '[a-z]+')", "regexp_full_match(s, 'a|ab')", "regexp_full_match(s, 'a1')",
    "regexp_matches(s, '\\d')", "substr(s, 1, 1)", "substr(s, -1, 1)", "length(s)", "position('b' IN s)",
    "starts_with(s, 'a')", "lower(s)", "upper(s)", "trim(s)",
    "log(b)", "ln(b)", "log(2, b)", "pow(a, 2)", "sqrt(b)", "exp(x)", "abs(a)",
    "greatest(a, b)", "least(d, e)", "coalesce(a, 0)", "nullif(a, 1)", "a IS DISTINCT FROM b", "f AND a > 1",
    "1", "1.5", "NULL", "a * 0.5",
    "sum(a) OVER (PARTITION BY g ORDER BY n)", "lag(a) OVER (ORDER BY s DESC)", "rank() OVER (ORDER BY a)",
    "row_number() OVER (ORDER BY a DESC, n)", "row_number() OVER (ORDER BY s, n)",
    "count(*) FILTER (WHERE a > 0) OVER (PARTITION BY g)", "sum(a) FILTER (WHERE f) OVER (PARTITION BY g)",
]  # fmt: skip
EACH_GROUP = [
    "sum(a)", "sum(a) * 100 / NULLIF(sum(b), 0)", "avg(a)", "avg(a * 0.5)", "avg(x)", "min(s)", "max(s)", "min(d)",
    "count(*)", "count(DISTINCT s)", "count(*) FILTER (WHERE f)", "count_if(a > 1)", "sum(a > 1)", "sum(a > 1 AND f)",
    "bool_and(f)", "bool_or(f)", "stddev_samp(x)",
    "quantile_cont(a, 0.25)", "quantile_cont(x, 0.5)", "percentile_cont(0.9) WITHIN GROUP (ORDER BY a)",
    "percentile_cont(0.9) WITHIN GROUP (ORDER BY a DESC)", "CAST(avg(a) AS BIGINT)",
    "string_agg(DISTINCT s, ',' ORDER BY s)", "string_agg(s, '、' ORDER BY s DESC)",
    "string_agg(DISTINCT s, ',' ORDER BY s) FILTER (WHERE f)", "sum(CASE WHEN f THEN 1 ELSE 0 END)",
]  # fmt: skip
QUERIES = {
    "beside another distinct": "SELECT g, count(DISTINCT n) AS c, string_agg(DISTINCT s, ',' ORDER BY s) AS t FROM v GROUP BY g",
    "group by place": "SELECT g, count(*) AS c FROM v GROUP BY 1",
    "order of groups with NULL": "SELECT g, max(a) AS m FROM v GROUP BY g ORDER BY m LIMIT 2",
    "qualify": "SELECT n FROM v QUALIFY row_number() OVER (PARTITION BY g ORDER BY a, n) = 1",
    "a rounding cast of a name": "WITH k AS (SELECT n, a / b AS r FROM v) SELECT n, CAST(r AS BIGINT) AS w FROM k",
    "a smaller value elsewhere": "SELECT n, (SELECT min(o.n) FROM v AS o WHERE o.g = v.g AND o.n > v.n) AS m FROM v",
    "exists among values": "SELECT n, EXISTS (SELECT 1 FROM v AS o WHERE o.d < v.e AND o.n <> v.n) AS m FROM v",
    "exists under or": "SELECT n FROM v WHERE a > 5 OR NOT EXISTS (SELECT 1 FROM v AS o WHERE o.a > v.a)",
    "exists in an aggregate": "SELECT g, count(CASE WHEN EXISTS (SELECT 1 FROM v AS o WHERE o.a > v.b) THEN 1 END) AS c FROM v GROUP BY g",
    "a subquery beside keys": "SELECT v.g, count(DISTINCT v.n) AS c, (SELECT max(o.a) FROM v AS o WHERE o.g = v.g) AS m FROM v GROUP BY v.g",
    "a subquery compared beside keys": "SELECT v.g, CASE WHEN (SELECT max(o.a) FROM v AS o WHERE o.g = v.g) > 5 THEN 1 ELSE 0 END AS m FROM v GROUP BY v.g",
    "exists beside keys": "SELECT v.g, count(*) AS c, EXISTS (SELECT 1 FROM v AS o WHERE o.s = v.g) AS m FROM v GROUP BY v.g",
    "exists among the values of a union": "WITH u AS (SELECT v.n, v.g, v.d, 0 AS z, coalesce(v.a, 0) AS a, CASE WHEN v.s = 'ab' AND v.p IS NULL THEN 1 ELSE 0 END AS m FROM v WHERE v.g <> 'x' UNION ALL SELECT v.n, v.g, v.d, v.a, v.a, CASE WHEN EXISTS (SELECT 1 FROM v AS o WHERE o.g = v.g AND o.n = v.n AND o.s <> 'x' AND o.d <= v.d) THEN 1 ELSE 0 END FROM v WHERE v.f) SELECT DISTINCT w.n, u.g, u.d, u.z, u.a, u.m FROM u JOIN (SELECT DISTINCT v.n, v.d, v.e FROM v) AS w ON w.n = u.n AND w.d <= u.d AND (w.e IS NULL OR w.e >= u.d) WHERE EXISTS (SELECT 1 FROM v AS o WHERE o.n = w.n AND o.g = u.g AND o.d <= u.d AND (o.e IS NULL OR o.e >= u.d))",
    "not in": "SELECT n FROM v WHERE s NOT IN (SELECT o.p FROM v AS o WHERE o.p IS NOT NULL)",
    "a running window of days": "SELECT n, sum(a) OVER (ORDER BY date_diff('day', DATE '2020-01-01', d) RANGE BETWEEN 30 PRECEDING AND CURRENT ROW) AS m FROM v WHERE d IS NOT NULL",
}  # fmt: skip


@pytest.fixture(scope="module")
def engines(spark: SparkSession) -> Iterator[tuple[DuckDBEngine, SparkEngine]]:
    with (
        DuckDBEngine.from_rows({}, as_of=DAY) as embedded,
        SparkEngine.from_rows({}, as_of=DAY, session=spark) as cluster,
    ):
        for engine in (embedded, cluster):
            engine.keep_table("v", VALUES)
        yield embedded, cluster


def parsed(sql: str) -> exp.Query:
    tree = sqlglot.parse_one(sql, read=DIALECT)
    assert isinstance(tree, exp.Query)
    return tree


def same_on_both(engines: tuple[DuckDBEngine, SparkEngine], sql: str) -> None:
    embedded, cluster = engines
    assert_same_rows(cluster.query(parsed(sql)), embedded.query(parsed(sql)), what=sql)


def listed(values: list[str]) -> str:
    """The values, each under its own text as name, so that a difference names the trap."""
    return ", ".join(f'{value} AS "{value}"' for value in values)


@spark_group
def test_each_row(engines: tuple[DuckDBEngine, SparkEngine]) -> None:
    same_on_both(engines, f"SELECT n, {listed(EACH_ROW)} FROM v")


@spark_group
@pytest.mark.parametrize("some", ["n > 0", "n > 99"], ids=["groups", "no rows"])
def test_each_group(some: str, engines: tuple[DuckDBEngine, SparkEngine]) -> None:
    same_on_both(engines, f"SELECT g, {listed(EACH_GROUP)} FROM v WHERE {some} GROUP BY g")
    same_on_both(engines, f"SELECT {listed(EACH_GROUP)} FROM v WHERE {some}")


@spark_group
@pytest.mark.parametrize("name", QUERIES)
def test_each_query(name: str, engines: tuple[DuckDBEngine, SparkEngine]) -> None:
    same_on_both(engines, QUERIES[name])


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        (
            "SELECT v.n FROM v WHERE EXISTS (SELECT 1 FROM v AS o WHERE o.g = v.g"
            " AND NOT EXISTS (SELECT 1 FROM v AS i WHERE i.n = o.n AND i.a = v.a))",
            "v.a lies two queries outside",
        ),
        ("SELECT string_agg(v.s, ',' ORDER BY v.n) AS t FROM v", "orders by its own value"),
        ("SELECT count(DISTINCT v.s) OVER (PARTITION BY v.g) AS t FROM v", "aggregate in a WITH"),
        ("SELECT substr(v.s, 0, 2) AS t FROM v", "counts from 1"),
        ("SELECT date_diff('week', v.d, v.e) AS t FROM v", "'day', 'month' or 'year'"),
        ("SELECT extract(week FROM v.d) AS t FROM v", "other parts differ"),
        ("SELECT CAST(v.a * 0.5 AS BIGINT) AS t FROM v", "round"),
        ("SELECT quantile(v.a, 0.5) AS t FROM v", "not in the subset"),
    ],
)
def test_what_cannot_be_equal_is_refused(sql: str, said: str) -> None:
    with pytest.raises(QueryError, match=said):
        parse_query(sql, source="test", relations=["v"])


@spark_group
def test_a_cast_of_a_column_with_decimals_rounds(spark: SparkSession) -> None:
    """Which columns hold decimals, the catalogue knows."""
    rows = {"house": [{"owner_id": "A", "registered_on": DAY, "area_m2": area} for area in (0.5, 1.5, 1.6)]}
    sql = "SELECT h.area_m2, CAST(h.area_m2 AS INTEGER) AS whole FROM house AS h"
    with (
        DuckDBEngine.from_rows(rows, as_of=DAY) as embedded,
        SparkEngine.from_rows(rows, as_of=DAY, session=spark) as cluster,
    ):
        same_on_both((embedded, cluster), sql)


def test_a_tree_is_left_as_it_was() -> None:
    tree = parsed("SELECT avg(v.a) / 2 AS r FROM v")
    before = to_sql(tree)
    assert "DOUBLE" in to_sql(spark_tree(tree), dialect="spark")
    assert to_sql(tree) == before
