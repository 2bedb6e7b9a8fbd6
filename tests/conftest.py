"""Fixtures that several parts share."""

from __future__ import annotations

pytest_plugins = ["tests.conftest_pg", "tests.casework_world"]
