"""What is installed is what is in the tree."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_every_package_is_listed() -> None:
    roots = {name.partition(".")[0] for name in CONFIG["tool"]["setuptools"]["packages"]}
    there = {
        str(init.parent.relative_to(ROOT)).replace("/", ".")
        for root in roots
        for init in (ROOT / root).rglob("__init__.py")
    }
    assert set(CONFIG["tool"]["setuptools"]["packages"]) == there


def test_every_data_file_is_covered_by_a_pattern() -> None:
    """YAML, templates and shipped parameters travel with the package."""
    for package in CONFIG["tool"]["setuptools"]["packages"]:
        folder = ROOT / package.replace(".", "/")
        patterns = CONFIG["tool"]["setuptools"]["package-data"].get(package, [])
        covered = {path for pattern in patterns for path in folder.glob(pattern)}
        nested = {sub for sub in folder.rglob("__init__.py") if sub.parent != folder}
        for path in folder.rglob("*"):
            inside_other = any(sub.parent in path.parents for sub in nested)
            if path.is_file() and path.suffix not in {".py", ".pyc"} and not inside_other:
                owner = ROOT / package.partition(".")[0]
                root_patterns = CONFIG["tool"]["setuptools"]["package-data"].get(
                    package.partition(".")[0], []
                )
                covered_by_root = {p for pattern in root_patterns for p in owner.glob(pattern)}
                assert path in covered | covered_by_root, path
