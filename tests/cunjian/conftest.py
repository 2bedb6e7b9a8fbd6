"""A small simulated county that has gone through the whole main job once."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

DAY = "2024-12-31"


@dataclass(frozen=True)
class Office:
    """A home folder and the command line over it."""

    home: Path
    county: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "cunjian", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def copied_to(self, home: Path) -> Office:
        """Another home that holds what this one holds."""
        shutil.copytree(self.home, home)
        return Office(home, self.county)

    def json(self, *arguments: str) -> object:
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "CUNJIAN_HOME": str(self.home), "CUNJIAN_MLRUNS": str(self.home / "mlruns")}


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    county = tmp_path_factory.mktemp("county") / "simulated"
    office = Office(county.parent, county)
    done = office.run(
        "simulate",
        str(county),
        "--villages",
        "30",
        "--seed",
        "5",
        "--start",
        "2024-01-01",
        "--end",
        DAY,
        "--inbox",
        "40",
    )
    assert done.returncode == 0, done.stderr
    return county


@pytest.fixture(scope="session")
def imported(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Office:
    """A home with the county's registers; a test that does more with it takes a copy."""
    office = Office(tmp_path_factory.mktemp("home"), simulated)
    done = office.run("import", str(simulated), "--backfill")
    assert done.returncode == 0, done.stderr
    return office


@pytest.fixture
def empty_office(tmp_path: Path) -> Office:
    return Office(tmp_path / "home", tmp_path / "county")
