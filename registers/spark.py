"""The second engine: the same lake, catalogue and SQL on Apache Spark, for a city or province on a cluster.

It gives the same rows in the same types as the embedded engine (`tests/supervision/test_spark_equality.py`). It
joins the Spark session that the process has, as under `spark-submit`, or starts a local one.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import pyarrow as pa
from sqlglot import exp

from registers.as_known import (
    RegisterViews,
    arrow_schema,
    given_rows,
    given_stock,
    plain_types,
    take_stock,
    typed_columns,
)
from registers.catalogue import Catalogue, Register, load_catalogue
from registers.dialects import SPARK, spark_tree
from registers.lake import Lake
from registers.query import to_sql

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

JAVA_AT_LEAST: Final = 17

MEANING: Final[Mapping[str, str]] = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.caseSensitive": "false",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.constraintPropagation.enabled": "false",  # breaks (4.1) on EXISTS among the values of a UNION
}
"""Settings on which results depend; each engine sets them for itself, whatever the cluster's defaults are."""

LOCAL: Final[Mapping[str, str]] = {
    "spark.ui.enabled": "false",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "4g",
    "spark.sql.shuffle.partitions": "8",
    "spark.ui.showConsoleProgress": "false",
}
"""Settings of a session that is started here: one machine, nothing reachable from outside."""


class SparkUnavailable(RuntimeError):
    """PySpark or Java is missing. The message is Chinese and says what to install."""


def local_session(options: Mapping[str, str] | None = None, *, cores: str = "*") -> SparkSession:
    """The process's Spark session, or a new local one with `options` over the defaults.

    Raises:
        SparkUnavailable: PySpark is not installed, or there is no Java that can run it.
    """
    try:
        from pyspark.sql import SparkSession  # noqa: PLC0415  an optional extra
    except ImportError as error:
        raise SparkUnavailable(
            "没有安装 PySpark：请运行 pip install 'cunjian[spark]'，或把 CUNJIAN_ENGINE 设为 duckdb"
        ) from error
    if running := SparkSession.getActiveSession():
        return running
    check_java()
    builder = SparkSession.builder.appName("cunjian").master(os.environ.get("MASTER", f"local[{cores}]"))
    for name, value in {**LOCAL, **(options or {})}.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


class SparkEngine(RegisterViews):
    """A lake as of one day on Spark, in a session of its own. Use as a context manager."""

    def __init__(
        self,
        lake: Lake,
        *,
        as_of: date,
        catalogue: Catalogue | None = None,
        batches: Mapping[str, Collection[str]] | None = None,
        session: SparkSession | None = None,
    ) -> None:
        """Open the lake as of a day; `batches` (ids by register) shows it as it was before later ones came."""
        known = catalogue or load_catalogue()
        stock = take_stock(lake, catalogue=known, as_of=as_of, only=batches)
        super().__init__(stock, catalogue=known, as_of=as_of)
        self._begin(session)

    @classmethod
    def from_rows(
        cls,
        rows: Mapping[str, Sequence[Mapping[str, object]]],
        *,
        as_of: date,
        catalogue: Catalogue | None = None,
        session: SparkSession | None = None,
    ) -> Self:
        """An engine over a few given rows, read as `DuckDBEngine.from_rows` reads them."""
        engine = cls.__new__(cls)
        stock = given_stock(rows.keys(), as_of=as_of)
        RegisterViews.__init__(engine, stock, catalogue=catalogue or load_catalogue(), as_of=as_of)
        engine._begin(session)
        for register_id, given in rows.items():
            engine.keep_table(f"given_{register_id}", given_rows(engine.catalogue[register_id], given))
        return engine

    def query(self, select: exp.Query) -> pa.Table:
        self._show(select)
        return plain_types(self._frame(select).toArrow())

    def keep(self, name: str, select: exp.Query) -> None:
        self._show(select)
        self._forget(name)
        self._kept[name] = self._frame(select).persist()
        self._kept[name].createOrReplaceTempView(name)

    def keep_table(self, name: str, table: pa.Table) -> None:
        self._session.createDataFrame(table).createOrReplaceTempView(name)

    def close(self) -> None:
        """Give back what was kept; the cluster's session goes on."""
        for name in list(self._kept):
            self._forget(name)

    def _begin(self, session: SparkSession | None) -> None:
        self._session = (session or local_session()).newSession()
        for name, value in MEANING.items():
            self._session.conf.set(name, value)
        self._kept: dict[str, DataFrame] = {}
        columns = (column for register in self.catalogue.values() for column in register.lake_columns)
        self._doubles = frozenset(column.name for column in columns if column.sql_type == "DOUBLE")

    def _forget(self, name: str) -> None:
        if name in self._kept:
            self._kept.pop(name).unpersist()

    def _frame(self, select: exp.Query) -> DataFrame:
        return self._session.sql(to_sql(spark_tree(select, doubles=self._doubles), dialect=SPARK))

    def _show_view(self, name: str, select: exp.Select) -> None:
        self._frame(select).createOrReplaceTempView(name)

    def _source(self, register: Register) -> exp.Select:
        relation = f"given_{register.id}"
        if register.id in self._stock.files:
            relation = f"stored_{register.id}"
            self._read_parquet(relation, arrow_schema(register), self._stock.files[register.id])
        return exp.select(*typed_columns(register)).from_(relation)

    def _closures(self, register: Register) -> exp.Table:
        relation = f"closed_{register.id}"
        schema = pa.schema([("row_id", pa.string()), ("known_to", pa.date32())])
        self._read_parquet(relation, schema, self._stock.closed[register.id])
        return exp.to_table(relation)

    def _read_parquet(self, name: str, schema: pa.Schema, files: Sequence[str]) -> None:
        """Show Parquet files under a name; a column that an older file lacks reads as NULL."""
        from pyspark.sql.pandas.types import from_arrow_schema  # noqa: PLC0415  an optional extra

        paths = [f"file://{_literally(str(Path(file).resolve()))}" for file in files]
        frame = self._session.read.schema(from_arrow_schema(schema)).parquet(*paths)
        frame.createOrReplaceTempView(name)


def _literally(path: str) -> str:
    """A path in which no character stands for others."""
    return re.sub(r"([\\\[\]{}*?])", r"\\\1", path)


def check_java() -> None:
    """Raises `SparkUnavailable` when there is no Java, or one that is too old."""
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    mend = f"请安装 Java {JAVA_AT_LEAST} 或更高版本（Debian：apt-get install default-jre-headless），或把 CUNJIAN_ENGINE 设为 duckdb"
    if java is None or not Path(java).exists():
        raise SparkUnavailable(f"没有找到 Java：{mend}")
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr  # noqa: S603  the user's own Java
    version = re.search(r'version "(\d+)', said)
    if version is None or int(version.group(1)) < JAVA_AT_LEAST:
        raise SparkUnavailable(f"Java 版本过低或无法运行（{java}）：{mend}")
