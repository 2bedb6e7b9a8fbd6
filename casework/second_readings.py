"""Second readings: another person's own answer to a task, blind to the first; two answers that differ are settled.

The reader sees the task and its guide, never the first report before having answered; the first does not see the
second answer before the task is closed. What was settled becomes the task's outcome, and so the label.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework.errors import BadInput, SecondPersonRequired
from casework.events import locked, move
from casework.models import Outcome, Task
from casework.plan_models import SecondReading
from casework.roles import Actor
from casework.states import ReadingAction, ReadingState, TaskState
from casework.working_days import local_date


def reading_of(session: Session, task_id: int) -> SecondReading | None:
    """The second reading of a task, if one was asked for."""
    return session.scalar(select(SecondReading).where(SecondReading.task_id == task_id))


def hidden_reports(session: Session, actor: Actor, task_ids: Collection[int]) -> frozenset[int]:
    """Tasks whose report this person may not see yet, because their own answer is still to come."""
    return frozenset(
        session.scalars(
            select(SecondReading.task_id).where(
                SecondReading.task_id.in_(task_ids),
                SecondReading.reader_id == actor.id,
                SecondReading.state == ReadingState.ASKED,
            )
        )
    )


def shown_reading(session: Session, actor: Actor, task: Task) -> SecondReading | None:
    """The second reading as far as this person may see that it exists: the reader always, the first at the end."""
    reading = reading_of(session, task.id)
    if reading is None or actor.id == reading.reader_id or task.state is TaskState.CLOSED:
        return reading
    return None if actor.id in (task.assignee_id, task.reported_by) else reading


def refuse_reader(session: Session, user_id: int | None, task_id: int) -> None:
    """Raise `SecondPersonRequired` for the second reader of a task: whoever answers does not also decide or do it."""
    reading = reading_of(session, task_id)
    if reading is not None and reading.reader_id == user_id:
        raise SecondPersonRequired(ReadingAction.READ)


def settle(
    session: Session,
    actor: Actor,
    task: Task,
    *,
    outcome: Outcome | None,
    comment: str | None,
    at: datetime,
) -> None:
    """Before a task closes: nothing without a second reading; two equal answers stand; else a third person decides.

    Sets the task's outcome. Raises `UnknownTransition` while the second answer is missing, `MissingField` when the
    two differ and no outcome or reason is given, and `SecondPersonRequired` for either of the two readers.
    """
    waiting = reading_of(session, task.id)
    if waiting is None:
        if outcome is not None and outcome is not task.outcome:
            raise BadInput("outcome", "没有第二人核查，不能改动报告结果；有疑问请退回继续核查")
        return
    reading = locked(session, SecondReading, waiting.id)
    agree = reading.state is not ReadingState.READ or reading.outcome is task.outcome
    if actor.id in (task.reported_by, task.assignee_id):
        raise SecondPersonRequired(ReadingAction.SETTLE)
    move(
        session,
        reading,
        ReadingAction.AGREE if agree else ReadingAction.SETTLE,
        actor=actor,
        at=at,
        fields={} if agree else {"outcome": outcome.value if outcome else None, "comment": comment},
        earlier_actor=reading.reader_id,
    )
    final = task.outcome if agree else outcome
    reading.first_outcome, reading.settled_outcome = task.outcome, final
    reading.settled_on = local_date(at)
    task.outcome = final
