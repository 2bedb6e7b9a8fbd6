"""Tasks: list, accept, report, and the second person's decision."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api.context import Db, Svc
from api.schemas import ApproveBody, CommentBody, ReassignBody, ReportBody, TaskDetail, TaskPage
from api.security import Requires
from api.views import task_detail, task_rows
from casework import tasks
from casework.access import Permission
from casework.roles import Actor
from casework.states import TaskState

router = APIRouter(prefix="/api/tasks", tags=["任务"])
Worker = Annotated[Actor, Depends(Requires(Permission.WORK_TASK))]
Decider = Annotated[Actor, Depends(Requires(Permission.DECIDE_TASK))]


@router.get("", summary="任务列表：先到期的在前")
def read_tasks(
    session: Db,
    actor: Annotated[Actor, Depends(Requires(Permission.READ_TASK))],
    state: TaskState | None = None,
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
    size: Annotated[int, Query(ge=1, le=200)] = 50,
) -> TaskPage:
    found, total = tasks.tasks_page(session, actor, state=state, page=page, size=size)
    return TaskPage(total=total, page=page, rows=task_rows(session, actor, found))


@router.get("/{task_id}", summary="一项任务：核查指引与过程")
def read_task(
    task_id: int, session: Db, actor: Annotated[Actor, Depends(Requires(Permission.READ_TASK))]
) -> TaskDetail:
    return task_detail(session, actor, tasks.visible_task(session, actor, task_id))


@router.post("/{task_id}/accept", summary="接收任务")
def accept_task(task_id: int, session: Db, svc: Svc, actor: Worker) -> TaskDetail:
    return task_detail(session, actor, tasks.accept(session, actor, task_id, at=svc.clock()))


@router.post("/{task_id}/report", summary="报告核查结果")
def report_task(task_id: int, body: ReportBody, session: Db, svc: Svc, actor: Worker) -> TaskDetail:
    found = tasks.Report(**body.model_dump())
    return task_detail(session, actor, tasks.report(session, actor, task_id, found, at=svc.clock()))


@router.post("/{task_id}/approve", summary="审核通过并办结（须非报告人）")
def approve_task(task_id: int, body: ApproveBody, session: Db, svc: Svc, actor: Decider) -> TaskDetail:
    task = tasks.approve(session, actor, task_id, comment=body.comment, outcome=body.outcome, at=svc.clock())
    return task_detail(session, actor, task)


@router.post("/{task_id}/return", summary="退回继续核查（须非报告人）")
def return_task(task_id: int, body: CommentBody, session: Db, svc: Svc, actor: Decider) -> TaskDetail:
    task = tasks.send_back(session, actor, task_id, comment=body.comment, at=svc.clock())
    return task_detail(session, actor, task)


@router.post("/{task_id}/reassign", summary="改派他人")
def reassign_task(task_id: int, body: ReassignBody, session: Db, svc: Svc, actor: Decider) -> TaskDetail:
    task = tasks.reassign(session, actor, task_id, assignee_id=body.assignee_id, at=svc.clock())
    return task_detail(session, actor, task)
