"""One migrated MLflow database for all tests: creating its tables takes seconds, copying it none."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from training import registry


@pytest.fixture(scope="session")
def _migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mlflow") / "mlruns"
    registry.open_registry(folder).search_registered_models()
    return folder


@pytest.fixture
def new_mlruns(_migrated: Path, tmp_path: Path) -> Callable[[str], Path]:
    """A fresh registry under the name given."""
    return lambda name: Path(shutil.copytree(_migrated, tmp_path / name))


@pytest.fixture
def mlruns(new_mlruns: Callable[[str], Path]) -> Path:
    return new_mlruns("mlruns")
