"""Every supervision model, every rule of the house: a new model is covered the moment its file is there."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import cache

import pytest

from registers.catalogue import load_catalogue
from registers.engine import DuckDBEngine
from supervision.cases import Answer, answers, failures
from supervision.catalogue import Case, Model, load_models
from supervision.computability import Computability
from supervision.model_run import ModelRun

MODELS = list(load_models().values())
CATALOGUE = load_catalogue()
Rows = dict[str, list[dict[str, object]]]
CASES = [  # the first of each kind; all cases are run on both engines by test_spark_equality.py
    pytest.param(model, next(case for case in model.cases if case.kind == kind), id=f"{model.id}: {kind}")
    for model in MODELS
    for kind in ("hit", "boundary", "exclusion")
]
each_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.id)
each_case = pytest.mark.parametrize(("model", "case"), CASES)


def rows_of(case: Case) -> Rows:
    return {register: [dict(row) for row in rows] for register, rows in case.given.items()}


def ask(model: Model, case: Case, rows: Mapping[str, Sequence[Mapping[str, object]]]) -> dict[str, Answer]:
    with DuckDBEngine.from_rows(rows, as_of=case.as_of) as engine:
        return answers(engine, model, case.expect)


def stated(case: Case) -> dict[str, Answer]:
    """The answers that a case states: those of its rows as given, by `test_its_own_cases_hold`."""
    return {subject: (expected.verdict, expected.level) for subject, expected in case.expect.items()}


@cache
def proof_registers(model_id: str) -> frozenset[object]:
    """The registers whose rows prove the model's first hit."""
    model = load_models()[model_id]
    hit = next(case for case in model.cases if case.kind == "hit")
    return frozenset(row["register"] for row in _evidence(model, hit) if row["role"] == "proof")


@each_model
def test_its_own_cases_hold(model: Model) -> None:
    assert failures(model) == []


@each_model
def test_has_a_case_of_every_kind_and_a_hit_for_every_level(model: Model) -> None:
    kinds = {case.kind for case in model.cases}
    assert kinds == {"hit", "clear", "boundary", "exclusion", "not_computable"}
    levels = {expected.level for case in model.cases for expected in case.expect.values()}
    assert levels >= set(model.levels)


@each_model
def test_a_boundary_case_shows_both_sides(model: Model) -> None:
    for case in (case for case in model.cases if case.kind == "boundary"):
        assert len({(e.verdict, e.level) for e in case.expect.values()}) == 2, case.name


@each_case
def test_never_sees_the_future(model: Model, case: Case) -> None:
    """Rows dated or known after the day, copied from rows that matter, change nothing."""
    rows = rows_of(case)
    for register, given in rows.items():
        later = case.as_of + timedelta(days=1)
        event = CATALOGUE[register].event_date
        known_later = [
            {**row, "row_id": f"{register}:later{i}", "known_from": later} for i, row in enumerate(given)
        ]
        happens_later = [
            {**row, event: later, "row_id": f"{register}:future{i}"} for i, row in enumerate(given)
        ]
        rows[register] = given + known_later + happens_later
    assert ask(model, case, rows) == stated(case)


@each_case
def test_row_order_does_not_matter(model: Model, case: Case) -> None:
    rows = rows_of(case)
    for given in rows.values():
        random.Random(7).shuffle(given)  # noqa: S311
    assert ask(model, case, rows) == stated(case)


@each_case
def test_a_duplicated_row_in_a_joined_register_changes_nothing(model: Model, case: Case) -> None:
    rows = rows_of(case)
    proof = proof_registers(model.id)
    for register, given in rows.items():
        if register not in proof:
            rows[register] = given + [{**row, "row_id": f"{register}:twin{i}"} for i, row in enumerate(given)]
    assert ask(model, case, rows) == stated(case)


@each_case
def test_renaming_villages_changes_nothing(model: Model, case: Case) -> None:
    """Another code of the same shape: towns stay together, the answers move with the names."""

    def renamed(value: object) -> object:
        text = str(value)
        if text in villages:
            return f"99{text[2:-3]}{int(text[-3:]) + 500:03d}" if text.isdigit() else f"X{text}"
        return value

    rows = rows_of(case)
    villages = {
        str(row[column])
        for register, given in rows.items()
        for row in given
        if (column := CATALOGUE[register].village_column) and row.get(column)
    }
    moved: Rows = {r: [{k: renamed(v) for k, v in row.items()} for row in given] for r, given in rows.items()}
    subjects = {subject: str(renamed(subject)) for subject in case.expect}
    with DuckDBEngine.from_rows(moved, as_of=case.as_of) as engine:
        found = answers(engine, model, subjects.values())
    assert {subject: found[new] for subject, new in subjects.items()} == stated(case)


LINKING = [model for model in MODELS if "person_link" in model.registers]


@pytest.mark.parametrize("model", LINKING, ids=lambda model: model.id)
@pytest.mark.parametrize("tier", ["C", "withdrawn"])
def test_the_same_name_alone_is_never_a_finding(model: Model, tier: str) -> None:
    """With nothing but namesakes no model finds anything, whatever its cases say of linked persons."""
    for case in model.cases:
        rows = rows_of(case)
        for link in rows.get("person_link", []):
            link["tier"] = tier
        assert "hit" not in {verdict for verdict, _ in ask(model, case, rows).values()}, case.name


@each_model
def test_every_register_is_needed(model: Model) -> None:
    """Without any one of its registers the model cannot tell; it never answers clear."""
    case = next(case for case in model.cases if case.kind == "hit")
    for register in model.registers:
        rows = rows_of(case)
        del rows[register]
        found = ask(model, case, rows)
        assert {verdict for verdict, _ in found.values()} == {"not_computable"}, register


@each_model
def test_stale_streams_are_not_computable(model: Model) -> None:
    case = next(case for case in model.cases if case.kind == "hit")
    streams = [CATALOGUE[register] for register in model.registers if CATALOGUE[register].aged_by == "event"]
    if not streams:
        assert all(CATALOGUE[register].aged_by == "delivery" for register in model.registers)
        return
    much_later = case.as_of + timedelta(days=max(register.max_age_days for register in streams) + 400)
    with DuckDBEngine.from_rows(case.given, as_of=much_later) as engine:
        found = answers(engine, model, case.expect)
    assert "clear" not in {verdict for verdict, _ in found.values()}


@each_model
def test_every_hit_keeps_the_rows_that_prove_it(model: Model) -> None:
    case = next(case for case in model.cases if case.kind == "hit")
    evidence = _evidence(model, case)
    assert evidence
    assert all(row["row_id"] and row["register"] in model.registers for row in evidence)
    assert any(row["role"] == "proof" for row in evidence)


@each_model
def test_law_in_force_is_cited_for_the_day_of_the_act(model: Model) -> None:
    """On each of these days some clause was in force, or the doubt is written down."""
    for day in (date(2025, 6, 30), date(2026, 11, 1)):
        assert any(clause.in_force(day, day) for clause in model.legal_basis), day


def test_guides_are_not_copied_between_models() -> None:
    steps = [step for model in MODELS for step in model.guide.check]
    assert len(steps) == len(set(steps))


def test_few_models_rest_on_law_to_be_confirmed_alone() -> None:
    doubtful = [model.id for model in MODELS if all(clause.to_be_confirmed for clause in model.legal_basis)]
    assert len(doubtful) <= len(MODELS) / 5, doubtful


def _evidence(model: Model, case: Case) -> list[dict[str, object]]:
    with DuckDBEngine.from_rows(case.given, as_of=case.as_of) as engine:
        rows: list[dict[str, object]] = (
            ModelRun(engine, model, Computability(engine, [model])).evidence().to_pylist()
        )
    return rows
