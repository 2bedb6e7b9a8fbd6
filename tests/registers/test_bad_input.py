"""Every broken file of the benchmark: what is shown, what is counted, and what the lake then holds."""

from __future__ import annotations

import csv
import stat
from datetime import date
from pathlib import Path

import pytest

from benchmarks.bad_input_cases import all_cases
from benchmarks.deliveries import Case, deliver
from registers.lake import Lake

CASES = all_cases()


def test_there_are_enough_cases_and_each_has_its_own_name() -> None:
    assert len({case.what for case in CASES}) == len(CASES) >= 45


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_what_a_person_sees_and_that_no_row_is_lost(case: Case, tmp_path: Path) -> None:
    before = Lake(tmp_path).state()
    outcome = deliver(case, tmp_path)
    assert outcome.counts == case.counts, outcome
    assert case.sees in outcome.sees
    assert outcome.nothing_lost
    if outcome.counts is None and len(case.deliveries) == 1:
        assert Lake(tmp_path).state() == before, "a refused file leaves no trace in the lake"
    if outcome.report and outcome.report.quarantine_file:
        check_quarantine(tmp_path / outcome.report.quarantine_file, rows=outcome.report.quarantined)
    assert not (tmp_path / "staging").exists()


def check_quarantine(path: Path, *, rows: int) -> None:
    """Only the owner may read it; each row has its number and reason; no spreadsheet runs what is in it."""
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    header, *held = list(csv.reader(path.read_text("utf-8-sig").splitlines()))
    assert header[:2] == ["行号", "原因"]
    assert len(held) == rows
    assert all(number.isdigit() and reason for number, reason, *_ in held)
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in held for cell in row)


@pytest.mark.parametrize(
    ("what", "column", "value"),
    [
        ("表头单位为万元", "amount_fen", 50_000),
        ("表头单位为万元，单元格写明元", "amount_fen", 50_000),
        ("公式已算出结果", "amount_fen", 50_000),
        ("金额全角", "amount_fen", 50_000),
        ("金额 1,234.50", "amount_fen", 123_450),
        ("金额 3.5万元", "amount_fen", 3_500_000),
        ("金额大写", "amount_fen", 50_000),
        ("金额带二进制误差", "amount_fen", 50_030),
        ("日期为汉字", "pay_date", date(2024, 5, 10)),
        ("日期为 Excel 序号", "pay_date", date(2024, 5, 10)),
        ("夹有空字节（NUL）", "programme_id", "DB"),
        ("更正：后来的文件改了金额", "amount_fen", 60_000),
        ("引用的项目后到，再次导入原文件", "amount_fen", 50_000),
    ],
)
def test_what_was_accepted_means_what_was_written(
    what: str, column: str, value: object, tmp_path: Path, ask: object
) -> None:
    case = next(case for case in CASES if case.what == what)
    home = tmp_path / "home"
    deliver(case, home)
    rows = ask(f"SELECT {column} AS value FROM subsidy_payment", as_of=date(2024, 12, 31))
    assert value in [row["value"] for row in rows]
