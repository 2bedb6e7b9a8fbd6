"""Both engines give the same rows: every case of every model, and a simulated county through the lake."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import get_args

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from case_world import worlds
from pyspark.sql import SparkSession
from sqlglot import exp

from cunjian.imports import Refused, import_path
from features.compute import feature_set
from features.dictionary import Entity
from registers.catalogue import load_catalogue
from registers.engine import DuckDBEngine, Engine
from registers.importing import import_file
from registers.lake import Lake
from registers.query import bind
from registers.spark import SparkEngine
from registers.values import id_check_digit
from simulation.run import simulate
from supervision.catalogue import CASE_DAY, Model, load_models
from supervision.derived.catalogue import keep_derived
from supervision.runner import run_models
from supervision.runs import Run
from tests.engines import assert_same_rows

pytestmark = pytest.mark.xdist_group("spark")

MODELS = list(load_models().values())
DAY = date(2024, 12, 31)
EARLIER = date(2024, 3, 31)
DEAD = "99010119500101001" + id_check_digit("99010119500101001")
DEATHS = f"身份证号,村代码,死亡日期,登记日期\n{DEAD},990101001201,2025-01-10,2025-01-20\n"
Pair = tuple[DuckDBEngine, SparkEngine]


@pytest.fixture(scope="module")
def case_engines(spark: SparkSession) -> Iterator[dict[date, Pair]]:
    """Both engines over the cases of all models, by the day on which the cases are judged."""
    pairs = {
        day: (
            DuckDBEngine.from_rows(rows, as_of=day),
            SparkEngine.from_rows(rows, as_of=day, session=spark),
        )
        for day, rows in worlds(MODELS, load_catalogue()).items()
    }
    yield pairs
    for pair in pairs.values():
        for engine in pair:
            engine.close()


def tables(engine: Engine, model: Model) -> dict[str, pa.Table]:
    """What the SQL of a model gives, before anything is left out as not computable."""
    parameters = {**model.parameter_values, "as_of": engine.as_of}
    queries = model.queries
    keep_derived(engine, model.derived)
    found = {}
    for part, query in (("population", queries.population), ("evidence", queries.evidence)):
        engine.keep(part, bind(query, parameters))
        columns = [exp.column(name) for name in query.tree.named_selects]
        found[part] = engine.query(exp.select(*columns).from_(part))
    return found | {"findings": engine.query(bind(queries.findings, parameters))}


def compare(model: Model, pair: Pair) -> set[str]:
    """Compare all that the SQL of a model gives; the levels that its findings reach."""
    expected, found = (tables(engine, model) for engine in pair)
    for part, table in expected.items():
        assert_same_rows(found[part], table, what=f"{model.id} {part} on {pair[0].as_of}")
    return set(expected["findings"]["level"].to_pylist())


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.id)
def test_every_case_of_every_model(model: Model, case_engines: dict[date, Pair], spark: SparkSession) -> None:
    levels: set[str] = set()
    for day in sorted({case.as_of for case in model.cases}):
        levels |= compare(model, case_engines[day])
    for case in model.cases:  # what a case shows alone and not among the others is compared alone
        if not {expected.level for expected in case.expect.values() if expected.level} <= levels:
            with (
                DuckDBEngine.from_rows(case.given, as_of=case.as_of) as embedded,
                SparkEngine.from_rows(case.given, as_of=case.as_of, session=spark) as cluster,
            ):
                levels |= compare(model, (embedded, cluster))
    assert levels >= set(model.levels)  # equal, and not because both are empty


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated county in a lake, its history known by the days on which rows were recorded."""
    folder = tmp_path_factory.mktemp("county")
    county = folder / "simulated"
    simulate(county, villages=6, seed=11, start=date(2023, 12, 1), end=DAY, wrongdoing_rate=0.9, inbox=0)
    reports = import_path(county, home=folder, catalogue=load_catalogue(), delivered_on=DAY, backfill=True)
    assert not [report for report in reports if isinstance(report, Refused)]
    return folder


@pytest.fixture(scope="module")
def county_engines(home: Path, spark: SparkSession) -> Iterator[Pair]:
    with (
        DuckDBEngine(Lake(home), as_of=DAY) as embedded,
        SparkEngine(Lake(home), as_of=DAY, session=spark) as cluster,
    ):
        yield embedded, cluster


def test_a_run_of_all_models_over_a_county(county_engines: Pair) -> None:
    expected, found = (run_models(engine, MODELS) for engine in county_engines)
    assert found.run_id == expected.run_id
    assert expected.findings.num_rows > 20
    assert_same_rows(
        found.findings.drop_columns("measures"), expected.findings.drop_columns("measures"), what="findings"
    )
    assert_same_rows(_measures(found), _measures(expected), what="measures")
    assert found.evidence.equals(expected.evidence)
    assert found.verdicts.equals(expected.verdicts)


@pytest.mark.parametrize("entity", get_args(Entity))
def test_features_of_a_county(county_engines: Pair, entity: Entity) -> None:
    expected, found = (feature_set(engine, entity) for engine in county_engines)
    for part in ("values", "counts", "typical", "standardised"):
        pd.testing.assert_frame_equal(getattr(found, part), getattr(expected, part), rtol=0, atol=1e-9)
    pd.testing.assert_series_equal(found.peers, expected.peers)


def test_every_register_as_it_was_known_on_an_earlier_day(home: Path, spark: SparkSession) -> None:
    with (
        DuckDBEngine(Lake(home), as_of=EARLIER) as embedded,
        SparkEngine(Lake(home), as_of=EARLIER, session=spark) as cluster,
    ):
        assert cluster.registers == embedded.registers
        for register in sorted(embedded.registers):
            names = [column.name for column in embedded.catalogue[register].lake_columns]
            select = exp.select("row_id", *names).from_(register)
            expected, found = (engine.query(select).sort_by("row_id") for engine in (embedded, cluster))
            assert found.equals(expected), register


def test_a_correction_closes_the_earlier_row(tmp_path: Path, spark: SparkSession) -> None:
    for text, day in ((DEATHS, date(2025, 2, 1)), (DEATHS.replace("01-10", "01-30"), date(2025, 6, 1))):
        path = tmp_path / f"death_{day}.csv"
        path.write_text(text, encoding="utf-8")
        import_file(path, lake=Lake(tmp_path), catalogue=load_catalogue(), delivered_on=day, register="death")
    select = exp.select("person_key", "death_date", "row_id").from_("death")
    for as_of, known in ((date(2025, 5, 31), date(2025, 1, 10)), (date(2025, 6, 1), date(2025, 1, 30))):
        with (
            DuckDBEngine(Lake(tmp_path), as_of=as_of) as embedded,
            SparkEngine(Lake(tmp_path), as_of=as_of, session=spark) as cluster,
        ):
            found = cluster.query(select)
            assert_same_rows(found, embedded.query(select), what=str(as_of))
            assert found["death_date"].to_pylist() == [known]
            assert dict(cluster.delivered) == dict(embedded.delivered)


def test_a_column_that_an_older_file_lacks_is_empty(tmp_path: Path, spark: SparkSession) -> None:
    """Files of an older catalogue hold fewer columns."""
    path = tmp_path / "death.csv"
    path.write_text(DEATHS, encoding="utf-8")
    import_file(
        path,
        lake=Lake(tmp_path),
        catalogue=load_catalogue(),
        delivered_on=date(2025, 2, 1),
        register="death",
    )
    for file in Lake(tmp_path).files("death"):
        pq.write_table(pq.read_table(file).drop_columns("source"), file)
    select = exp.select("person_key", "source").from_("death")
    with (
        DuckDBEngine(Lake(tmp_path), as_of=CASE_DAY) as embedded,
        SparkEngine(Lake(tmp_path), as_of=CASE_DAY, session=spark) as cluster,
    ):
        found = cluster.query(select)
        assert_same_rows(found, embedded.query(select), what="death")
        assert found["source"].to_pylist() == [None]


def _measures(run: Run) -> pa.Table:
    """One row a measure of a finding: numbers as doubles, everything else as text."""
    rows = [
        (finding["finding_id"], name, value)
        for finding in run.findings.to_pylist()
        for name, value in json.loads(finding["measures"]).items()
    ]
    numbers = [float(value) if isinstance(value, int | float) else None for _, _, value in rows]
    texts = [None if isinstance(value, int | float) else str(value) for _, _, value in rows]
    return pa.table(
        {
            "finding_id": pa.array([finding for finding, _, _ in rows], pa.string()),
            "measure": pa.array([name for _, name, _ in rows], pa.string()),
            "number": pa.array(numbers, pa.float64()),
            "text": pa.array(texts, pa.string()),
        }
    )
