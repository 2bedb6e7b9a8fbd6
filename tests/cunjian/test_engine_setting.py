"""The setting that chooses the engine, and what is said when Spark cannot run here."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError
from pyspark.sql import SparkSession
from sqlglot import exp

from cunjian.report import error_line
from cunjian.settings import Settings
from cunjian.stages import open_lake
from registers.catalogue import load_catalogue
from registers.engine import DuckDBEngine
from registers.importing import import_file
from registers.lake import Lake
from registers.spark import SparkEngine, SparkUnavailable, check_java, local_session

DAY = date(2025, 6, 30)
DIVISIONS = "区划代码,名称,级别,生效日期\n990101001201,某村,村,2020-01-01\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    path = tmp_path / "division.csv"
    path.write_text(DIVISIONS, encoding="utf-8")
    import_file(
        path,
        lake=Lake(tmp_path),
        catalogue=load_catalogue(),
        delivered_on=date(2025, 2, 1),
        register="division",
    )
    return tmp_path


@pytest.mark.xdist_group("spark")
def test_the_setting_chooses_the_engine(
    home: Path, spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUNJIAN_HOME", str(home))
    select = exp.select("division_code", "name").from_("division")
    names = {}
    for name, kind in (("duckdb", DuckDBEngine), ("spark", SparkEngine)):
        monkeypatch.setenv("CUNJIAN_ENGINE", name)
        with open_lake(Settings(), as_of=DAY) as engine:
            assert isinstance(engine, kind)
            names[name] = engine.query(select).to_pylist()
    assert names["spark"] == names["duckdb"] == [{"division_code": "990101001201", "name": "某村"}]


def test_another_engine_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUNJIAN_ENGINE", "sqlite")
    with pytest.raises(ValidationError, match="engine"):
        Settings()


def test_without_pyspark_it_says_what_to_install(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(SparkUnavailable, match=r"pip install 'cunjian\[spark\]'"):
        open_lake(Settings(home=home, engine="spark"), as_of=DAY)
    with pytest.raises(SparkUnavailable, match="CUNJIAN_ENGINE"):
        local_session()


def test_without_java_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SparkUnavailable, match=r"没有找到 Java.*default-jre-headless"):
        check_java()


@pytest.mark.parametrize("said", ['openjdk version "11.0.2"', 'java version "1.8.0_202"', "broken"])
def test_an_old_java_is_refused(said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text(f"#!/bin/sh\necho '{said}' >&2\n", encoding="utf-8")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(SparkUnavailable, match="Java 版本过低或无法运行"):
        check_java()


def test_the_command_line_shows_the_mend() -> None:
    assert error_line(SparkUnavailable("没有找到 Java")) == "错误：没有找到 Java"
