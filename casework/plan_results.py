"""What the verified plans say: precision and recall of the list, and how far two readers agree.

Only cases of confirmed plans that came from the top of the list or from the random quota; what a complaint, the same
problem elsewhere or a campaign led to stays out. Towns are pooled, because one town has too few cases.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.models import Outcome, SelectedBy, Task
from casework.outcomes import CONFIRMED
from casework.plan_models import Plan, PlanCase, SecondReading
from casework.roles import TOWN, Actor
from casework.scope import visible_plans
from casework.states import PlanState, ReadingState, TaskState
from ml.survey import LEAST_CASES, Answer, Results, Told, estimate, kappa, share

WEEKS: Final = 52
"""Plans of so many weeks are put together."""


@dataclass(frozen=True)
class TownResult:
    """Precision of the list in one town with enough decided cases."""

    town: str
    precision: Told


@dataclass(frozen=True)
class PlanResults:
    """The figures of some weeks.

    Attributes:
        weeks: how many plans were confirmed.
        drawn: cases of these plans from the list or the quota.
        decided: those with a clear answer; the rest is open, was removed, or could not be told.
        removed: cases that a supervisor took out.
        results: precision, prevalence and recall over all towns.
        towns: towns with at least `LEAST_CASES` decided cases of the list; the others are in the pooled figures only.
        agreement: share of the doubly read cases, picked by chance, on which both said the same.
        kappa: agreement beyond chance over all doubly read cases; hard ones are among them, so it is a low figure.
        simulated: some plan rests on simulated data.
    """

    weeks: int
    drawn: int
    decided: int
    removed: int
    results: Results
    towns: tuple[TownResult, ...]
    agreement: Told
    kappa: Told
    simulated: bool


@dataclass(frozen=True)
class _Case:
    town: str
    quota: bool
    propensity: float
    label: float
    removed: bool


def plan_results(session: Session, actor: Actor, *, until: date, weeks: int = WEEKS) -> PlanResults:
    """The figures of the visible plans of the weeks up to a day."""
    plans = session.scalars(
        select(Plan).where(
            visible_plans(actor),
            Plan.state == PlanState.CONFIRMED,
            Plan.week <= until,
            Plan.week > until - timedelta(weeks=weeks),
        )
    ).all()
    cases = _cases(session, [plan.id for plan in plans])
    top = np.array([case.label for case in cases if not case.quota])
    quota = [case for case in cases if case.quota]
    answer = Answer(
        top=top,
        quota=np.array([case.label for case in quota]),
        propensity=np.array([case.propensity for case in quota]),
        below=sum(sum(plan.below) for plan in plans),
    )
    pairs = _pairs(session, [plan.id for plan in plans])
    by_chance = np.array([float(one == other) for one, other, why in pairs if why == "random"])
    return PlanResults(
        weeks=len({plan.week for plan in plans}),
        drawn=len(cases),
        decided=sum(not np.isnan(case.label) for case in cases),
        removed=sum(case.removed for case in cases),
        results=estimate(answer),
        towns=tuple(_towns([case for case in cases if not case.quota])),
        agreement=share(by_chance),
        kappa=kappa([one for one, _, _ in pairs], [other for _, other, _ in pairs]),
        simulated=any(plan.simulated for plan in plans),
    )


def _cases(session: Session, plan_ids: Sequence[int]) -> list[_Case]:
    rows = session.execute(
        select(PlanCase, Task.outcome, Task.state)
        .outerjoin(Task, Task.id == PlanCase.task_id)
        .where(
            PlanCase.plan_id.in_(plan_ids),
            PlanCase.selected_by.in_((SelectedBy.SCORE, SelectedBy.QUOTA)),
        )
        .order_by(PlanCase.id)
    )
    return [
        _Case(
            town=case.village_code[:TOWN],
            quota=case.selected_by is SelectedBy.QUOTA,
            propensity=case.propensity or np.nan,
            label=_label(outcome) if state is TaskState.CLOSED else np.nan,
            removed=case.removed,
        )
        for case, outcome, state in rows
    ]


def _label(outcome: Outcome | None) -> float:
    told = CONFIRMED.get(outcome) if outcome else None
    return np.nan if told is None else float(told)


def _towns(listed: Sequence[_Case]) -> list[TownResult]:
    found = []
    for town in sorted({case.town for case in listed}):
        told = share(np.array([case.label for case in listed if case.town == town]))
        if told.cases >= LEAST_CASES:
            found.append(TownResult(town, told))
    return found


def _pairs(session: Session, plan_ids: Sequence[int]) -> list[tuple[str, str, str]]:
    """What the first and the second said of each settled case, and why two read it."""
    rows = session.execute(
        select(SecondReading.first_outcome, SecondReading.outcome, SecondReading.why)
        .join(PlanCase, PlanCase.task_id == SecondReading.task_id)
        .where(PlanCase.plan_id.in_(plan_ids), SecondReading.state == ReadingState.SETTLED)
        .order_by(SecondReading.id)
    )
    return [(_meaning(first), _meaning(second), why) for first, second, why in rows]


def _meaning(outcome: Outcome | None) -> str:
    """Confirmed, refuted or undecided: the finer words do not change what a model learns."""
    told = CONFIRMED.get(outcome) if outcome else None
    return "undecided" if told is None else "confirmed" if told else "refuted"
