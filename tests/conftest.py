"""Fixtures that several parts share, and the rule that CI skips nothing silently."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator

import pytest

pytest_plugins = ["tests.conftest_pg", "tests.conftest_spark", "tests.casework_world"]

os.environ["CUNJIAN_HOME"] = tempfile.mkdtemp(prefix="cunjian-tests-")  # never the developer's own home

_LABELS = "tests/training/test_label_files.py"
MAY_SKIP_IN_CI: dict[str, str] = {
    f"{_LABELS}::test_ids_are_of_the_board_and_spans_within_its_texts": "the board data is not in the repository",
    f"{_LABELS}::test_the_repository_holds_no_text_of_the_board": "the board data is not in the repository",
}
"""Test id → why CI may skip it. Everything else that is skipped there fails."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if os.environ.get("CI") and report.skipped and item.nodeid not in MAY_SKIP_IN_CI:
        report.outcome = "failed"
        report.longrepr = f"skipped in CI without a listed reason: {report.longrepr}"
    return report
