"""The how-to pages walked: what they show is loaded and run. (Registers and models: beside their own tests.)"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path

import pytest

from casework.errors import MissingField, UnknownTransition
from casework.roles import Actor, Role
from casework.states import Move, step
from features.dictionary import load_groups
from registers.engine import DuckDBEngine
from registers.query import bind

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"


def block(page: str, language: str, number: int = 0) -> str:
    """A fenced block of a page."""
    text = (HOW_TO / page).read_text(encoding="utf-8")
    return re.findall(rf"^ *```{language}\n(.*?)^ *```", text, flags=re.DOTALL | re.MULTILINE)[number]


def test_the_shown_feature_loads_and_computes(tmp_path: Path) -> None:
    path = tmp_path / "village" / "ledger_payment.yaml"
    path.parent.mkdir()
    path.write_text(block("add-a-feature.md", "yaml"), encoding="utf-8")
    (group,) = load_groups("village", tmp_path)
    paid = {"village_code": "V1", "entry_date": date(2025, 5, 1), "flow": "expense", "line_no": 1}
    rows = [
        paid | {"voucher_no": "1", "amount_fen": 3000, "payment_method": "cash"},
        paid | {"voucher_no": "2", "amount_fen": 1000, "payment_method": "bank"},
        paid | {"voucher_no": "3", "amount_fen": 9000, "payment_method": None},
    ]
    with DuckDBEngine.from_rows({"ledger_entry": rows}, as_of=date(2025, 6, 30)) as engine:
        values = engine.query(
            bind(group.query.parsed, {**group.query.values, "as_of": engine.as_of})
        ).to_pylist()
    assert values == [{"entity_id": "V1", "payments": 2.0, "cash_share": 0.75}]


def test_the_shown_state_can_be_entered_and_left() -> None:
    class ComplaintState(StrEnum):
        IN_TASK = "in_task"
        SUSPENDED = "suspended"

    class ComplaintAction(StrEnum):
        SUSPEND = "suspend"
        RESUME = "resume"

    names = {"ComplaintState": ComplaintState, "ComplaintAction": ComplaintAction, "Move": Move}
    moves = block("add-a-state.md", "python", 1)
    table = eval(f"{{{moves}}}", {**names, "_SUPERVISOR": frozenset({Role.SUPERVISOR})})  # noqa: S307  our own page
    about = {
        "actor": Actor(id=1, name="甲", role=Role.SUPERVISOR, division="990101"),
        "at": datetime(2026, 1, 5, tzinfo=UTC),
    }
    change = step(
        table, ComplaintState.IN_TASK, ComplaintAction.SUSPEND, fields={"comment": "等待判决"}, **about
    )
    assert change.new is ComplaintState.SUSPENDED
    assert step(table, change.new, ComplaintAction.RESUME, **about).new is ComplaintState.IN_TASK
    with pytest.raises(MissingField):
        step(table, ComplaintState.IN_TASK, ComplaintAction.SUSPEND, **about)
    with pytest.raises(UnknownTransition):
        step(table, ComplaintState.SUSPENDED, ComplaintAction.SUSPEND, **about)
