"""The weekly verification plan of a county: drawn, edited with a reason, confirmed by a person, and then tasks.

Nobody is shown how a case was chosen: neither the plan's page nor a task tells the top of the list from the random
quota. What is in hand or was verified within a year stays out.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from casework import audit, second_reader
from casework.access import TaskFacts, TaskKind, may_decide_plan, sees_plan
from casework.errors import BadInput, MissingField, NotVisible, OfficeNotAllowed
from casework.events import locked, move, record_start
from casework.guides import Models, plan_guide
from casework.models import CaseWarning, Entity, Origin, Place, Score, SelectedBy, Task, Verification
from casework.plan_models import Plan, PlanCase, TownCapacity
from casework.roles import COUNTY, TOWN, VILLAGE, Actor, Machine, covers, is_division
from casework.scope import visible_plans
from casework.states import PlanAction, PlanState, TaskState, WarningState
from casework.tasks import Assignment, hand_over, new_task
from ml.sampling import Candidate, draw
from supervision.catalogue import Model

DEFAULT_CAPACITY: Final = 2
"""Cases of the list that a town can look at in a week, unless a supervisor sets another number."""
MOST_CAPACITY: Final = 50
REST_DAYS: Final = 365
"""A village verified within so many days is not drawn again."""
WORKING_DAYS: Final = 15
BY_HAND: Final = frozenset({SelectedBy.COMPLAINT, SelectedBy.SAME_PROBLEM, SelectedBy.CAMPAIGN})
"""Why a person may add a case; such cases have no known chance and stay out of the estimates."""


@dataclass(frozen=True, kw_only=True)
class Hands:
    """Who does what in a confirmed plan. by_town: town code → user id. second_reader: for cases read by two."""

    by_town: Mapping[str, int]
    second_reader: int | None = None


def week_of(day: date) -> date:
    """The Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def propose(
    session: Session, actor: Actor, *, division: str, week: date, secret: bytes, at: datetime
) -> Plan:
    """Draw the plan of a county for a week from the newest scores known by its Sunday; a plan drawn before is kept.

    The seed is a keyed hash of county and week: nobody can draw again until they like the result, and nobody without
    the key can foresee it.

    Raises:
        BadInput: not a county, not a Monday, or nothing is scored yet.
        OfficeNotAllowed: another county.
    """
    if len(division) != COUNTY or not is_division(division):
        raise BadInput("division", "核实计划以县（市、区）为单位，请写 6 位区划代码")
    if week.weekday() != 0:
        raise BadInput("week", "周以星期一的日期表示")
    if actor.role is not Machine.PLANNER and not may_decide_plan(actor, division):
        raise OfficeNotAllowed("只有本县或上级的监督检查人员可以起草本县的核实计划")
    if (known := plan_of(session, division, week)) is not None:
        return known
    scores = _newest_scores(session, division, until=week + timedelta(days=6))
    if not scores:
        raise BadInput("division", "本县还没有分数，请先运行模型并打分")
    plan = Plan(
        division=division,
        week=week,
        as_of=scores[0].as_of,
        seed=hmac.new(secret, f"{division}|{week}".encode(), hashlib.sha256).hexdigest()[:16],
        bundle_version=scores[0].bundle_version,
        below=[],
        simulated=any(score.simulated for score in scores),
        created_at=at,
        state=PlanState.PROPOSED,
    )
    try:
        with session.begin_nested():
            session.add(plan)
            session.flush()
    except IntegrityError:  # someone else drew it at the same moment
        return _required(plan_of(session, division, week))
    _draw_cases(session, plan, scores)
    record_start(session, plan, actor=actor, at=at)
    return plan


def plan_of(session: Session, division: str, week: date) -> Plan | None:
    """The plan of a county for a week."""
    return session.scalar(select(Plan).where(Plan.division == division, Plan.week == week))


def plans_page(session: Session, actor: Actor, *, page: int, size: int) -> tuple[Sequence[Plan], int]:
    """One page of the visible plans and their number, the newest week first."""
    condition = visible_plans(actor)
    total = session.scalar(select(func.count()).select_from(Plan).where(condition)) or 0
    query = select(Plan).where(condition).order_by(Plan.week.desc(), Plan.division)
    return session.scalars(query.offset((page - 1) * size).limit(size)).all(), total


def visible_plan(session: Session, actor: Actor, plan_id: int) -> Plan:
    """The plan, or `NotVisible`."""
    plan = session.get(Plan, plan_id)
    if plan is None or not sees_plan(actor, plan.division):
        raise NotVisible
    return plan


def cases_of(session: Session, plan: Plan) -> Sequence[PlanCase]:
    """The cases of a plan by place: the order does not tell how they were chosen."""
    query = select(PlanCase).where(PlanCase.plan_id == plan.id)
    return session.scalars(query.order_by(PlanCase.village_code, PlanCase.entity_id)).all()


def add_case(
    session: Session,
    actor: Actor,
    plan_id: int,
    *,
    village: str,
    selected_by: SelectedBy,
    reason: str,
    at: datetime,
) -> PlanCase:
    """Put a village into the plan by hand, with the reason. Raises `BadInput` for one that is in it already."""
    plan = _own_plan(session, actor, plan_id)
    if selected_by not in BY_HAND:
        raise BadInput("selected_by", "人工加入的须写明是来信反映、同类问题还是专项整治")
    if len(village) != VILLAGE or not covers(plan.division, village) or session.get(Place, village) is None:
        raise BadInput("village", "本县没有这个村")
    fields = {"reason": reason, "village": village}
    move(session, plan, PlanAction.ADD_CASE, actor=actor, at=at, fields=fields)
    known = session.scalar(select(PlanCase).where(PlanCase.plan_id == plan.id, PlanCase.entity_id == village))
    if known is not None:
        raise BadInput("village", "这个村已在计划中" if not known.removed else "这个村已从计划中剔除")
    case = PlanCase(
        plan_id=plan.id,
        entity=Entity.VILLAGE,
        entity_id=village,
        village_code=village,
        selected_by=selected_by,
        propensity=None,
        removed=False,
        reason=reason,
    )
    session.add(case)
    session.flush()
    return case


def remove_case(
    session: Session, actor: Actor, plan_id: int, case_id: int, *, reason: str, at: datetime
) -> PlanCase:
    """Take a case out, with the reason. It stays on record, and the estimates count it as not decided."""
    plan = _own_plan(session, actor, plan_id)
    case = session.get(PlanCase, case_id)
    if case is None or case.plan_id != plan.id:
        raise NotVisible
    fields = {"reason": reason, "case": case_id}
    move(session, plan, PlanAction.REMOVE_CASE, actor=actor, at=at, fields=fields)
    if case.removed:
        raise BadInput("case", "这个村已从计划中剔除")
    case.removed, case.reason = True, reason
    return case


def confirm(
    session: Session, actor: Actor, plan_id: int, hands: Hands, *, models: Models, at: datetime
) -> list[Task]:
    """Make a task of every case that is left, and ask a second person for those that two read.

    Raises:
        MissingField: a town without an assignee, or a case that two read and no second reader.
        AssigneeNotAllowed: someone who may not receive the task, or one person in both parts.
    """
    plan = _own_plan(session, actor, plan_id)
    move(session, plan, PlanAction.CONFIRM, actor=actor, at=at)
    plan.confirmed_by = actor.id
    cases = [case for case in cases_of(session, plan) if not case.removed]
    if any(case.village_code[:TOWN] not in hands.by_town for case in cases):
        raise MissingField(["assignee"])
    if hands.second_reader is None and any(case.hard for case in cases):
        raise MissingField(["second_reader"])
    guides = _models_at_work(session, [case.village_code for case in cases], models)
    tasks = []
    for case in cases:
        task = _task_of(session, actor, plan, case, hands.by_town, guides=guides, at=at)
        if case.hard and hands.second_reader is not None:
            second_reader.ask(session, actor, task.id, reader_id=hands.second_reader, at=at, why=case.hard)
        tasks.append(task)
    return tasks


def capacities(session: Session, division: str) -> dict[str, int]:
    """What every town of a division can look at in a week."""
    towns = session.scalars(
        select(Place.code).where(
            func.length(Place.code) == TOWN, Place.code.startswith(division, autoescape=True)
        )
    )
    rows = session.execute(
        select(TownCapacity.town, TownCapacity.cases).where(
            TownCapacity.town.startswith(division, autoescape=True)
        )
    )
    return dict.fromkeys(sorted(towns), DEFAULT_CAPACITY) | dict(rows.all())


def set_capacity(session: Session, actor: Actor, town: str, *, cases: int, at: datetime) -> None:
    """Set what a town can look at in a week, from the next plan on. 0 leaves the town to the random quota only."""
    if len(town) != TOWN or session.get(Place, town) is None or not may_decide_plan(actor, town[:COUNTY]):
        raise NotVisible
    if not 0 <= cases <= MOST_CAPACITY:
        raise BadInput("cases", f"每周核实数应在 0 到 {MOST_CAPACITY} 之间")
    if actor.id is None:
        raise NotVisible
    session.merge(TownCapacity(town=town, cases=cases, by=actor.id, at=at))
    audit.record(
        session, at=at, actor=actor, action="change:capacity", target=f"town/{town}", detail={"cases": cases}
    )


def _newest_scores(session: Session, division: str, *, until: date) -> Sequence[Score]:
    inside = (Score.entity == Entity.VILLAGE, Score.village_code.startswith(division, autoescape=True))
    day = session.scalar(select(func.max(Score.as_of)).where(*inside, Score.as_of <= until))
    return session.scalars(select(Score).where(*inside, Score.as_of == day).order_by(Score.entity_id)).all()


def _draw_cases(session: Session, plan: Plan, scores: Sequence[Score]) -> None:
    resting = _resting(session, plan)
    free = [
        Candidate(id=score.entity_id, town=score.village_code[:TOWN], risk=score.risk, anomaly=score.anomaly)
        for score in scores
        if score.entity_id not in resting
    ]
    drawn = draw(free, capacity=capacities(session, plan.division), seed=int(plan.seed, 16))
    plan.below = list(drawn.below)
    session.add_all(
        PlanCase(
            plan_id=plan.id,
            entity=Entity.VILLAGE,
            entity_id=case.id,
            village_code=case.id,
            selected_by=SelectedBy(case.by),
            propensity=case.propensity,
            band=case.band,
            hard=case.hard,
            removed=False,
        )
        for case in drawn.cases
    )
    session.flush()


def _resting(session: Session, plan: Plan) -> set[str]:
    """Villages in hand, and those verified within the resting time."""
    in_hand = select(Task.entity_id).where(Task.entity == Entity.VILLAGE, Task.state != TaskState.CLOSED)
    recent = select(Verification.entity_id).where(
        Verification.entity == Entity.VILLAGE,
        Verification.decided_on > plan.week - timedelta(days=REST_DAYS),
        Verification.decided_on < plan.week + timedelta(days=7),
    )
    return {str(code) for query in (in_hand, recent) for code in session.scalars(query)}


def _models_at_work(session: Session, villages: Sequence[str], models: Models) -> dict[str, list[Model]]:
    """The models with warnings at work in each village, the gravest first."""
    rows = session.execute(
        select(CaseWarning.village_code, CaseWarning.model_id)
        .where(
            CaseWarning.village_code.in_(villages),
            CaseWarning.state.in_((WarningState.OPEN, WarningState.IN_TASK)),
        )
        .order_by(CaseWarning.level_rank.desc(), CaseWarning.model_id)
    )
    found: dict[str, list[Model]] = {}
    for village, model_id in rows:
        if model_id in models:
            found.setdefault(village, []).append(models[model_id])
    return found


def _task_of(
    session: Session,
    actor: Actor,
    plan: Plan,
    case: PlanCase,
    by_town: Mapping[str, int],
    *,
    guides: Mapping[str, Sequence[Model]],
    at: datetime,
) -> Task:
    assignee = by_town[case.village_code[:TOWN]]
    task = new_task(
        actor,
        Assignment(
            assignee_id=assignee,
            working_days=WORKING_DAYS,
            selected_by=case.selected_by,
            propensity=case.propensity,
        ),
        origin=(Origin.PLAN, case.id),
        title=f"每周核实（{plan.week.isoformat()} 当周）",
        guide=plan_guide(guides.get(case.village_code, ())),
        facts=TaskFacts(
            kind=TaskKind.VERIFICATION,
            office=plan.division,
            about=case.village_code,
            managing_level=TOWN,
            assignee_id=assignee,
        ),
        target=(case.entity, case.entity_id),
        at=at,
    )
    hand_over(session, task, assignee)
    record_start(session, task, actor=actor, at=at)
    case.task_id = task.id
    return task


def _own_plan(session: Session, actor: Actor, plan_id: int) -> Plan:
    """The plan, locked, for someone who may decide on it."""
    plan = visible_plan(session, actor, plan_id)
    if not may_decide_plan(actor, plan.division):
        raise OfficeNotAllowed("只有本县或上级的监督检查人员可以办理本县的核实计划")
    return locked(session, Plan, plan_id)


def _required(plan: Plan | None) -> Plan:
    if plan is None:
        raise NotVisible
    return plan
