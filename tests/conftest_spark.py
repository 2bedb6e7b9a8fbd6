"""One Spark session for all tests of the second engine: a few threads here, nothing reachable from outside."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pyspark.sql import SparkSession

from registers.spark import local_session

SMALL = {
    "spark.driver.memory": "2g",
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",  # quick to start
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",  # compiling a plan costs more than running it on so few rows
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}


@pytest.fixture(scope="session")
def spark() -> Iterator[SparkSession]:
    """Tests that use it carry `xdist_group("spark")`, so that one worker alone starts it."""
    session = local_session(SMALL, cores="2")
    yield session
    session.stop()
