"""Weekly verification plans, what they showed, and second readers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from sqlalchemy.orm import Session

from api.context import Db, Services, Svc
from api.plan_schemas import (
    AddCaseBody,
    AskReaderBody,
    CapacityAnswer,
    CapacityBody,
    ConfirmBody,
    PlanCaseRow,
    PlanDetail,
    PlanPage,
    PlanRow,
    ProposeBody,
    ReadingAnswer,
    ResultsAnswer,
)
from api.schemas import CommentBody, ReportBody
from api.security import Requires
from casework import plans, second_reader
from casework.access import Permission
from casework.plan_models import Plan
from casework.plan_results import plan_results
from casework.roles import Actor
from casework.tasks import Report
from casework.working_days import local_date
from registers.pseudonyms import load_key

router = APIRouter(prefix="/api", tags=["核实计划"])
PLAN_KEY = "plan"
Reader = Annotated[Actor, Depends(Requires(Permission.READ_PLAN))]
Decider = Annotated[Actor, Depends(Requires(Permission.DECIDE_PLAN))]


def draw_plan(session: Session, svc: Services, actor: Actor, given: ProposeBody) -> Plan:
    """The plan of a county and week; by default of the actor's own and of this week."""
    return plans.propose(
        session,
        actor,
        division=given.division or actor.division,
        week=given.week or plans.week_of(local_date(svc.clock())),
        secret=load_key(svc.home, PLAN_KEY),
        at=svc.clock(),
    )


@router.get("/plans", summary="每周核实计划，新的在前")
def read_plans(
    session: Db,
    actor: Reader,
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
    size: Annotated[int, Query(ge=1, le=200)] = 50,
) -> PlanPage:
    found, total = plans.plans_page(session, actor, page=page, size=size)
    return PlanPage(total=total, page=page, rows=[PlanRow.model_validate(plan) for plan in found])


@router.post("/plans", summary="起草一周的核实计划；同一周再起草不变")
def propose_plan(body: ProposeBody, session: Db, svc: Svc, actor: Decider) -> PlanDetail:
    return _detail(session, draw_plan(session, svc, actor, body))


@router.get("/plans/results", summary="核实成效：清单属实率、查全率，附区间")
def read_results(session: Db, svc: Svc, actor: Reader) -> ResultsAnswer:
    return ResultsAnswer.of(plan_results(session, actor, until=local_date(svc.clock())))


@router.get("/plans/capacity", summary="各乡镇每周能核实的个数")
def read_capacity(session: Db, actor: Reader) -> CapacityAnswer:
    return CapacityAnswer(towns=plans.capacities(session, actor.division))


@router.post("/plans/capacity/{town}", summary="改一个乡镇每周能核实的个数，从下一份计划起算")
def change_capacity(town: str, body: CapacityBody, session: Db, svc: Svc, actor: Decider) -> CapacityAnswer:
    plans.set_capacity(session, actor, town, cases=body.cases, at=svc.clock())
    return CapacityAnswer(towns=plans.capacities(session, actor.division))


@router.get("/plans/{plan_id}", summary="一份核实计划")
def read_plan(plan_id: int, session: Db, actor: Reader) -> PlanDetail:
    return _detail(session, plans.visible_plan(session, actor, plan_id))


@router.post("/plans/{plan_id}/cases", summary="人工加入一个村，写明理由")
def add_plan_case(plan_id: int, body: AddCaseBody, session: Db, svc: Svc, actor: Decider) -> PlanDetail:
    plans.add_case(session, actor, plan_id, **body.model_dump(), at=svc.clock())
    return _detail(session, plans.visible_plan(session, actor, plan_id))


@router.post("/plans/{plan_id}/cases/{case_id}/remove", summary="剔除一个村，写明理由")
def remove_plan_case(
    *, plan_id: int, case_id: int, body: CommentBody, session: Db, svc: Svc, actor: Decider
) -> PlanDetail:
    plans.remove_case(session, actor, plan_id, case_id, reason=body.comment, at=svc.clock())
    return _detail(session, plans.visible_plan(session, actor, plan_id))


@router.post("/plans/{plan_id}/confirm", summary="确认计划并派发任务")
def confirm_plan(plan_id: int, body: ConfirmBody, session: Db, svc: Svc, actor: Decider) -> PlanDetail:
    hands = plans.Hands(by_town=body.assignees, second_reader=body.second_reader_id)
    plans.confirm(session, actor, plan_id, hands, models=svc.models, at=svc.clock())
    return _detail(session, plans.visible_plan(session, actor, plan_id))


@router.post("/tasks/{task_id}/second-reader", summary="请第二人独立核查")
def ask_second_reader(
    task_id: int,
    body: AskReaderBody,
    session: Db,
    svc: Svc,
    actor: Annotated[Actor, Depends(Requires(Permission.DECIDE_TASK))],
) -> ReadingAnswer:
    reading = second_reader.ask(session, actor, task_id, reader_id=body.reader_id, at=svc.clock())
    return ReadingAnswer.model_validate(reading)


@router.post("/tasks/{task_id}/second-reading", summary="第二人报告自己的核查结果")
def report_second_reading(
    task_id: int,
    body: ReportBody,
    session: Db,
    svc: Svc,
    actor: Annotated[Actor, Depends(Requires(Permission.WORK_TASK))],
) -> ReadingAnswer:
    found = Report(**body.model_dump())
    return ReadingAnswer.model_validate(second_reader.answer(session, actor, task_id, found, at=svc.clock()))


def _detail(session: Session, plan: Plan) -> PlanDetail:
    cases = plans.cases_of(session, plan)
    return PlanDetail(
        **PlanRow.model_validate(plan).model_dump(),
        second_readers_needed=sum(case.hard is not None and not case.removed for case in cases),
        cases=[PlanCaseRow.model_validate(case) for case in cases],
    )
