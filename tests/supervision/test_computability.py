"""When a model says that it cannot tell: by county, by village, and never as "clear"."""

from __future__ import annotations

from datetime import date, timedelta

from registers.engine import DuckDBEngine
from supervision.catalogue import load_models
from supervision.runner import run_models

DAY = date(2025, 6, 30)
SEAL = load_models()["seal_unapproved"]
FILLED, NEVER = "990101100201", "990201100201"  # villages of two counties


def uses(village: str, **approval: object) -> list[dict[str, object]]:
    """Forty uses of the seal in a village."""
    return [
        {
            "seal_use_id": f"{village}-{n}", "village_code": village, "seal": "committee", "document_kind": "contract",
            "used_on": DAY - timedelta(days=n), "keeper_key": "K", **approval,
        }
        for n in range(40)
    ]  # fmt: skip


def verdicts(rows: list[dict[str, object]], as_of: date = DAY) -> dict[str, dict[str, object]]:
    with DuckDBEngine.from_rows({"seal_use": rows}, as_of=as_of) as engine:
        run = run_models(engine, [SEAL])
    return {row["village_code"]: row for row in run.verdicts.to_pylist()}


def test_a_column_that_one_county_never_fills_accuses_nobody_there() -> None:
    filled = uses(FILLED, approver_key="A", approved_on=DAY - timedelta(days=90))
    found = verdicts(filled + uses(NEVER))
    assert (found[FILLED]["clear"], found[FILLED]["not_computable"]) == (1, 0)
    assert (found[NEVER]["hit"], found[NEVER]["not_computable"]) == (0, 1)
    assert "从未填写" in str(found[NEVER]["reason"])


def test_a_county_without_news_is_stale_while_its_neighbour_is_not() -> None:
    old = [{**row, "used_on": row["used_on"] - timedelta(days=400)} for row in uses(NEVER, approver_key="A")]  # type: ignore[operator]
    fresh = uses(FILLED, approver_key="A", approved_on=DAY - timedelta(days=90))
    found = verdicts(fresh + old)
    assert found[FILLED]["not_computable"] == 0
    assert "没有新数据" in str(found[NEVER]["reason"])


def test_a_village_of_a_county_without_rows_is_not_clear() -> None:
    divisions = [
        {"division_code": code, "name": "村", "level": "village", "valid_from": DAY}
        for code in (FILLED, NEVER)
    ]
    rows = {"seal_use": uses(FILLED, approver_key="A"), "division": divisions}
    with DuckDBEngine.from_rows(rows, as_of=DAY) as engine:
        found = {row["village_code"]: row for row in run_models(engine, [SEAL]).verdicts.to_pylist()}
    assert (found[NEVER]["clear"], found[NEVER]["not_computable"]) == (0, 1)
    assert "没有本县到这一天的数据" in str(found[NEVER]["reason"])
