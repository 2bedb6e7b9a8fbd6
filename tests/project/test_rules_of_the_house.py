"""Rules that hold for the whole tree; each says what to do when it fails."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = (
    "registers",
    "supervision",
    "features",
    "ml",
    "training",
    "casework",
    "api",
    "cunjian",
    "simulation",
)
LOGIC = ("registers", "supervision", "features", "ml", "training", "casework")
MOST_LINES = 400
SQL = re.compile(r"\b(SELECT|INSERT INTO|DELETE FROM|UPDATE)\b\s")


def sources(*packages: str) -> Iterator[tuple[Path, ast.Module]]:
    for package in packages:
        yield from _parsed(package)


@cache
def _parsed(package: str) -> list[tuple[Path, ast.Module]]:
    paths = sorted((ROOT / package).rglob("*.py"))
    return [(path.relative_to(ROOT), ast.parse(path.read_text(encoding="utf-8"))) for path in paths]


def test_no_sql_is_formatted_as_text() -> None:
    """Bind parameters in the tree (registers/query.py) or pass them to the driver."""
    found = [
        f"{path}:{node.lineno}"
        for path, tree in sources(*PACKAGES, "benchmarks")
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        and SQL.search(
            "".join(v.value for v in node.values if isinstance(v, ast.Constant) and isinstance(v.value, str))
        )
    ]
    assert found == []


def test_no_clock_in_logic() -> None:
    """`as_of` and `at` are passed in; only the command line and the edge of HTTP know what day it is."""
    clocks = {"today", "now", "utcnow", "time"}
    found = [
        f"{path}:{node.lineno}"
        for path, tree in sources(*LOGIC)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in clocks
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in {"date", "datetime", "time"}
    ]
    assert found == []


def test_files_stay_short() -> None:
    """Over 400 lines there is more than one job in a file: split it."""
    long = [
        str(path.relative_to(ROOT))
        for package in (*PACKAGES, "benchmarks", "tests")
        for path in sorted((ROOT / package).rglob("*.py"))
        if len(path.read_text(encoding="utf-8").splitlines()) > MOST_LINES
    ]
    assert long == []


def test_no_broad_except_swallows_errors() -> None:
    """An error is raised, turned into a named one, or counted; never passed over."""
    found = [
        f"{path}:{node.lineno}"
        for path, tree in sources(*PACKAGES)
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and (
            node.type is None
            or (isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"})
        )
        and not any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
    ]
    assert found == []


def test_the_readmes_commands_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for readme in ("README.md", "README.zh-CN.md"):
        for command in re.findall(r"make (\w+)", (ROOT / readme).read_text(encoding="utf-8")):
            assert re.search(rf"^{command}:", makefile, re.MULTILINE), f"{readme}: make {command}"
    assert "make check" in ci
    assert "make test" in ci


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("registers/values.py", "import supervision.catalogue"),
        ("supervision/runs.py", "import features.compute"),
        ("features/dictionary.py", "import ml.bundle"),
        ("ml/bundle.py", "import casework.roles"),
        ("casework/roles.py", "import api.app"),
        ("casework/roles.py", "import training.train"),
        ("training/dataset.py", "import casework.roles"),
        ("simulation/run.py", "import supervision.catalogue"),
        ("ml/bundle.py", "import simulation.run"),
    ],
)
def test_a_bad_import_is_caught(module: str, line: str, tmp_path: Path) -> None:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    broken = tmp_path / module
    broken.write_text(broken.read_text(encoding="utf-8") + f"\n{line}\n", encoding="utf-8")
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [str(lint), "--no-cache"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stdout
    assert line.split()[1].partition(".")[0] in done.stdout
