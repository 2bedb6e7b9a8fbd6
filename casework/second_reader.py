"""Asking a second person for their own answer to a task, and giving it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from casework.access import Permission, allows, sees_task
from casework.accounts import actor_of
from casework.errors import AssigneeNotAllowed, BadInput, NotVisible
from casework.events import locked, move, record_start
from casework.models import Task, User
from casework.plan_models import SecondReading
from casework.roles import Actor
from casework.second_readings import reading_of
from casework.states import ReadingAction, ReadingState, TaskState
from casework.tasks import Report, facts_of, locked_task, visible_task

BY_HAND = "by_hand"
"""Why of a reading that a supervisor asked for; the others are `ml.sampling.Hard`."""


def ask(
    session: Session, actor: Actor, task_id: int, *, reader_id: int, at: datetime, why: str = BY_HAND
) -> SecondReading:
    """Ask someone for a second answer, or ask someone else while the one asked has not answered.

    Raises `AssigneeNotAllowed` for whoever does the task, and for those who may not see it.
    """
    task = locked_task(session, actor, task_id)
    if task.state is TaskState.CLOSED:
        raise BadInput("task", "任务已办结，不能再安排第二人核查")
    _check_reader(session, task, reader_id)
    known = reading_of(session, task_id)
    if known is None:
        reading = SecondReading(task_id=task_id, reader_id=reader_id, why=why, state=ReadingState.ASKED)
        session.add(reading)
        record_start(session, reading, actor=actor, at=at)
        return reading
    reading = locked(session, SecondReading, known.id)
    move(session, reading, ReadingAction.ASK_OTHER, actor=actor, at=at, fields={"assignee": reader_id})
    reading.reader_id = reader_id
    return reading


def answer(session: Session, actor: Actor, task_id: int, found: Report, *, at: datetime) -> SecondReading:
    """The second person writes what they found. Only the one asked may, and never the one who does the task."""
    task = visible_task(session, actor, task_id)
    known = reading_of(session, task_id)
    if known is None or known.reader_id != actor.id:
        raise NotVisible
    reading = locked(session, SecondReading, known.id)
    move(
        session,
        reading,
        ReadingAction.READ,
        actor=actor,
        at=at,
        fields={"outcome": found.outcome.value, "note": found.note},
        earlier_actor=task.assignee_id,
    )
    reading.outcome, reading.note = found.outcome, found.note
    return reading


def _check_reader(session: Session, task: Task, reader_id: int) -> None:
    user = session.get(User, reader_id)
    if user is None or not user.active:
        raise AssigneeNotAllowed("没有这个账号或账号已停用")
    if reader_id in (task.assignee_id, task.reported_by):
        raise AssigneeNotAllowed("第二人不能是承办人")
    reader = actor_of(user)
    if not allows(reader, Permission.DECIDE_TASK) or not sees_task(reader, facts_of(task)):
        raise AssigneeNotAllowed("第二人须是能查看此任务的监督检查人员")
