"""Pre-checks answer what a full run says once the payment is in: for every model, on its own cases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

import pytest

from registers.catalogue import load_catalogue
from registers.engine import DuckDBEngine
from supervision.catalogue import Case, Model, load_models
from supervision.computability import Computability
from supervision.model_run import ModelRun
from supervision.precheck.desk import Answer, Desk
from supervision.precheck.index import Index, build_index
from supervision.precheck.plan import PAYMENT_REGISTERS, ROW_ID, Plans
from supervision.regions import Regions

CATALOGUE = load_catalogue()
PLANS = Plans(load_models().values(), CATALOGUE)
ASKED = [
    pytest.param(register, question.model, id=f"{register}-{question.model.id}")
    for register, plan in PLANS.by_register.items()
    for question in plan.questions
]
ROWS_A_CASE = 1
"""Of each case, so many rows that prove something and so many that do not are proposed as payments."""

Given = Mapping[str, Sequence[Mapping[str, object]]]
Finding = tuple[str, str, str]
DAY = date(2025, 6, 30)


def test_most_models_that_payments_can_prove_are_asked():
    assert {
        register: len(plan.questions) >= 5 for register, plan in PLANS.by_register.items()
    } == dict.fromkeys(PAYMENT_REGISTERS, True)
    assert all(unchecked.why for plan in PLANS.by_register.values() for unchecked in plan.unchecked)


@pytest.mark.parametrize(("register", "model"), ASKED)
def test_the_answer_equals_a_full_run_with_the_payment_in(register: str, model: Model, tmp_path: Path):
    hits, plans = 0, Plans([model], CATALOGUE)
    for number, case in enumerate(model.cases):
        for place, expected, obstacle in proposals(model, case, register):
            answer = asked_without(plans, case, register, place, home=tmp_path / f"{number}-{place}")
            found = {(hit.subject_id, hit.village_code, hit.level) for hit in answer.hits}
            where = f"{case.name}: row {place}"
            assert [silent.why for silent in answer.unknown] == ([obstacle] if obstacle else []), where
            assert found == expected, where
            levels = {level for _, _, level in expected}
            look = "look" if levels or obstacle else "yes"
            assert answer.verdict == ("stop" if "red" in levels else look), where
            hits += len(found)
    assert hits, f"no case of {model.id} is proven by a row of {register}"


def proposals(model: Model, case: Case, register: str) -> Iterator[tuple[int, set[Finding], str | None]]:
    """Rows of a case by place, the findings of a full run that each proves, and why there are none to be had."""
    with DuckDBEngine.from_rows(case.given, as_of=case.as_of) as engine:
        run = ModelRun(engine, model, Computability(engine, [model]))
        findings = {f["finding_id"]: (f["subject_id"], f["village_code"], f["level"]) for f in run.findings}
        proven: dict[str, set[Finding]] = {}
        for row in run.evidence().to_pylist():
            if row["role"] == "proof":
                proven.setdefault(row["row_id"], set()).add(findings[row["finding_id"]])
        left = {True: ROWS_A_CASE, False: ROWS_A_CASE}
        for place, row in enumerate(case.given.get(register, ())):
            event = row[CATALOGUE[register].event_date]
            expected = proven.get(str(row.get(ROW_ID, f"{register}:{place + 1:016x}")), set())
            if isinstance(event, date) and event <= case.as_of and left[bool(expected)]:
                left[bool(expected)] -= 1
                yield place, expected, run.obstacle(str(row["village_code"]))


def asked_without(plans: Plans, case: Case, register: str, place: int, *, home: Path) -> Answer:
    """The answer for one row of a case over an index of the other rows."""
    rows = list(case.given[register])
    payment = {name: value for name, value in rows.pop(place).items() if name in columns_of(register)}
    desk = desk_over(home, {**case.given, register: rows}, plans, as_of=case.as_of)
    return desk.ask(register, payment, as_of=case.as_of)


def columns_of(register: str) -> set[str]:
    return {column.name for column in CATALOGUE[register].lake_columns}


def desk_over(home: Path, given: Given, plans: Plans, *, as_of: date = DAY) -> Desk:
    with DuckDBEngine.from_rows(given, as_of=as_of) as engine:
        folder = build_index(engine, plans, home)
    return Desk(Index(folder, plans, CATALOGUE), plans, CATALOGUE, Regions())
