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
    **{
        f"tests/ml/{test}-check_array_api_input(array_namespace=numpy,expect_only_array_outputs=False)]": (
            "scikit-learn runs this check only under SCIPY_ARRAY_API, which we do not use"
        )
        for test in (
            "test_anomaly_conventions.py::test_scikit_learns_own_checks[AnomalyModel(n_estimators=10)",
            "test_risk_few_labels.py::test_checks_of_scikit_learn[BinaryOutcome()",
        )
    },
}
"""Test id → why CI may skip it. Everything else that is skipped there fails."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    expected_failure = hasattr(report, "wasxfail")  # pytest calls it skipped; it did run
    if os.environ.get("CI") and report.skipped and not expected_failure and item.nodeid not in MAY_SKIP_IN_CI:
        report.outcome = "failed"
        report.longrepr = f"skipped in CI without a listed reason: {report.longrepr}"
    return report
