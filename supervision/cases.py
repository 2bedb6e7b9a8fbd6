"""The cases of a model: sentences with given rows, run through the real engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import duckdb

from registers.catalogue import Catalogue
from registers.engine import DuckDBEngine, Engine
from supervision.catalogue import LEVEL_RANK, Case, Model, Verdict
from supervision.computability import Computability
from supervision.model_run import ModelRun

Answer = tuple[Verdict, str | None]
"""A verdict, and the level of a hit."""


def run_case(model: Model, case: Case, *, catalogue: Catalogue | None = None) -> dict[str, Answer]:
    """The answers for the subjects that the case speaks of."""
    with DuckDBEngine.from_rows(case.given, as_of=case.as_of, catalogue=catalogue) as engine:
        return answers(engine, model, case.expect)


def answers(engine: Engine, model: Model, subjects: Iterable[str]) -> dict[str, Answer]:
    """What a model says about some subjects on an engine."""
    return answers_of(ModelRun(engine, model, Computability(engine, [model])), model, subjects)


def answers_of(run: ModelRun, model: Model, subjects: Iterable[str]) -> dict[str, Answer]:
    """What a run of a model says about some subjects."""
    by_rank = sorted(run.findings, key=lambda finding: LEVEL_RANK[str(finding["level"])])
    levels = {
        str(finding["subject_id"]): str(finding["level"]) for finding in by_rank
    }  # the most serious one
    villages = {subject: village for village, members in run.population.items() for subject in members}
    return {subject: _answer(run, model, subject, levels, villages) for subject in subjects}


@dataclass(frozen=True)
class CaseFailure:
    """An expectation of a case that does not hold, or a case that could not be run (`error`)."""

    case: str
    subject: str = ""
    expected: Answer | None = None
    found: Answer | None = None
    error: str = ""

    def __str__(self) -> str:
        if self.expected is None or self.found is None:
            return f"“{self.case}”: {self.error}"
        verdict, level = self.expected
        return f"“{self.case}” {self.subject}: expected {verdict} {level or ''}, got {self.found}"


def case_failures(model: Model, case: Case) -> list[CaseFailure]:
    """The expectations of one case that do not hold."""
    try:
        found = run_case(model, case)
    except (KeyError, duckdb.Error) as error:
        return [CaseFailure(case.name, error=str(error))]
    wanted = {subject: (expected.verdict, expected.level) for subject, expected in case.expect.items()}
    return [
        CaseFailure(case.name, subject, expected, found[subject])
        for subject, expected in wanted.items()
        if found[subject] != expected
    ]


def failures(model: Model) -> list[str]:
    """A line for each expectation of the model's cases that does not hold."""
    return [f"{model.id}: {failure}" for case in model.cases for failure in case_failures(model, case)]


def _answer(
    run: ModelRun, model: Model, subject: str, levels: Mapping[str, str], villages: Mapping[str, str]
) -> Answer:
    if subject in levels:
        return "hit", levels[subject]
    village = villages.get(subject) or (subject if model.subject == "village" else "")
    if run.obstacle(village):
        return "not_computable", None
    return ("clear", None) if subject in villages else ("not_applicable", None)
