"""Tasks: opened from a warning, a key matter or a weekly plan, worked by one person, decided by another, closing what they came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from casework import audit, second_readings
from casework.access import (
    SubjectType,
    TaskFacts,
    TaskKind,
    may_receive,
    sees_task,
)
from casework.accounts import actor_of
from casework.complaints import locked_complaint
from casework.errors import AssigneeNotAllowed, BadInput, NotVisible
from casework.events import locked, move, record, record_start
from casework.guides import COMPLAINT_GUIDE, Models, guide_for
from casework.models import (
    CaseWarning,
    Complaint,
    Entity,
    Json,
    Origin,
    Outcome,
    SelectedBy,
    Task,
    User,
)
from casework.outcomes import add_outcome
from casework.roles import TOWN, VILLAGE, Actor, Role
from casework.scope import visible_tasks, within
from casework.states import (
    COMPLAINT_TRANSITIONS,
    TASK_TRANSITIONS,
    WARNING_TRANSITIONS,
    ComplaintAction,
    TaskAction,
    TaskState,
    WarningAction,
    step,
)
from casework.warnings import locked_warning
from casework.working_days import local_date, working_calendar


@dataclass(frozen=True, kw_only=True)
class Assignment:
    """Who gets a task, of what kind, with how many working days; and why it was chosen.

    propensity: the chance with which the object was chosen, for score and quota only.
    """

    assignee_id: int
    kind: TaskKind = TaskKind.VERIFICATION
    working_days: int = 15
    selected_by: SelectedBy = SelectedBy.SCORE
    propensity: float | None = None


@dataclass(frozen=True, kw_only=True)
class Report:
    """What the assignee found. amount_fen: money recovered."""

    outcome: Outcome
    note: str
    amount_fen: int | None = None


def open_from_warning(
    session: Session, actor: Actor, warning_id: int, given: Assignment, *, models: Models, at: datetime
) -> Task:
    """Open a task on a warning and move the warning on. A warning about an official is never a data check."""
    warning = locked_warning(session, actor, warning_id)
    about_official = warning.subject_type is SubjectType.OFFICIAL
    if about_official and given.kind is TaskKind.DATA_CHECK:
        raise AssigneeNotAllowed("预警对象是干部，只能作为核查任务交监督检查人员")
    change = step(WARNING_TRANSITIONS, warning.state, WarningAction.OPEN_TASK, actor=actor, at=at)
    task = new_task(
        actor,
        given,
        origin=(Origin.WARNING, warning.id),
        title=warning.model_name,
        guide=guide_for(models.get(warning.model_id), kind=given.kind),
        facts=TaskFacts(
            kind=given.kind,
            office=actor.division,
            about=warning.village_code,
            managing_level=warning.managing_level,
            assignee_id=given.assignee_id,
        ),
        target=(Entity.OFFICIAL, warning.subject_id)
        if about_official
        else (Entity.VILLAGE, warning.village_code),
        at=at,
    )
    hand_over(session, task, given.assignee_id)
    record(session, warning, change)
    record_start(session, task, actor=actor, at=at)
    return task


def open_from_complaint(
    session: Session, actor: Actor, complaint_id: int, given: Assignment, *, at: datetime
) -> Task:
    """Open a verification on a key matter. It is never a data check: accusations do not go to a station."""
    complaint = locked_complaint(session, actor, complaint_id)
    if given.kind is not TaskKind.VERIFICATION:
        raise AssigneeNotAllowed("检举控告不得交监察联络站")
    change = step(COMPLAINT_TRANSITIONS, complaint.state, ComplaintAction.OPEN_TASK, actor=actor, at=at)
    is_village = complaint.about is not None and len(complaint.about) == VILLAGE
    task = new_task(
        actor,
        given,
        origin=(Origin.COMPLAINT, complaint.id),
        title=f"关键事项 {complaint.receipt}",
        guide=COMPLAINT_GUIDE,
        facts=TaskFacts(
            kind=given.kind,
            office=complaint.office or actor.division,
            about=complaint.about,
            managing_level=TOWN,
            assignee_id=given.assignee_id,
        ),
        target=(Entity.VILLAGE, complaint.about) if is_village and complaint.about else None,
        at=at,
    )
    task.selected_by, task.propensity = SelectedBy.COMPLAINT, None
    hand_over(session, task, given.assignee_id)
    record(session, complaint, change)
    record_start(session, task, actor=actor, at=at)
    return task


def accept(session: Session, actor: Actor, task_id: int, *, at: datetime) -> Task:
    """The assignee starts to check."""
    task = _own_task(session, actor, task_id)
    move(session, task, TaskAction.ACCEPT, actor=actor, at=at)
    return task


def report(session: Session, actor: Actor, task_id: int, found: Report, *, at: datetime) -> Task:
    """The assignee writes what was found; someone else decides on it."""
    task = _own_task(session, actor, task_id)
    if found.amount_fen is not None and found.amount_fen < 0:
        raise BadInput("amount_fen", "挽回金额不能为负数")
    fields = {"outcome": found.outcome.value, "note": found.note, "amount_fen": found.amount_fen}
    move(session, task, TaskAction.REPORT, actor=actor, at=at, fields=fields)
    task.outcome, task.note, task.amount_fen = found.outcome, found.note, found.amount_fen
    task.reported_by = actor.id
    return task


def reassign(session: Session, actor: Actor, task_id: int, *, assignee_id: int, at: datetime) -> Task:
    """Give the task to someone else before it is reported."""
    task = locked_task(session, actor, task_id)
    change = step(
        TASK_TRANSITIONS,
        task.state,
        TaskAction.REASSIGN,
        actor=actor,
        at=at,
        fields={"assignee": assignee_id},
    )
    second_readings.refuse_reader(session, assignee_id, task_id)
    hand_over(session, task, assignee_id)
    record(session, task, change)
    return task


def send_back(session: Session, actor: Actor, task_id: int, *, comment: str, at: datetime) -> Task:
    """A second person returns the report for more checking."""
    task = locked_task(session, actor, task_id)
    second_readings.refuse_reader(session, actor.id, task_id)
    move(
        session,
        task,
        TaskAction.RETURN,
        actor=actor,
        at=at,
        fields={"comment": comment},
        earlier_actor=task.reported_by,
    )
    return task


def approve(
    session: Session,
    actor: Actor,
    task_id: int,
    *,
    comment: str | None,
    at: datetime,
    outcome: Outcome | None = None,
) -> Task:
    """Another person closes the task, and with it the warning or complaint; the outcome becomes a label.

    outcome: what holds where two readers disagree (`casework.second_readings`); needed then, with a comment.
    """
    audit.hold(session)  # in one line with deliveries: a closed case takes no more copies
    task = locked_task(session, actor, task_id)
    change = step(
        TASK_TRANSITIONS,
        task.state,
        TaskAction.APPROVE,
        actor=actor,
        at=at,
        fields={"comment": comment},
        earlier_actor=task.reported_by,
    )
    second_readings.settle(session, actor, task, outcome=outcome, comment=comment, at=at)
    record(session, task, change)
    _close_origin(session, task, actor=actor, at=at)
    add_outcome(session, task, decided_on=local_date(at))
    session.flush()
    return task


def tasks_page(
    session: Session, actor: Actor, *, state: TaskState | None, page: int, size: int
) -> tuple[Sequence[Task], int]:
    """One page of the visible tasks and their number, the most urgent first, closed ones last."""
    conditions: list[ColumnElement[bool]] = [visible_tasks(actor)]
    if state is not None:
        conditions.append(Task.state == state)
    total = session.scalar(select(func.count()).select_from(Task).where(*conditions)) or 0
    rows = session.scalars(
        select(Task)
        .where(*conditions)
        .order_by(Task.state == TaskState.CLOSED, Task.due_on, Task.id)
        .offset((page - 1) * size)
        .limit(size)
    ).all()
    return rows, total


def visible_task(session: Session, actor: Actor, task_id: int) -> Task:
    """The task, or `NotVisible`."""
    task = session.get(Task, task_id)
    if task is None or not sees_task(actor, facts_of(task)):
        raise NotVisible
    return task


def locked_task(session: Session, actor: Actor, task_id: int) -> Task:
    """The task, locked before it is judged whether the actor sees it; or `NotVisible`."""
    task = locked(session, Task, task_id)
    if not sees_task(actor, facts_of(task)):
        raise NotVisible
    return task


def facts_of(task: Task) -> TaskFacts:
    return TaskFacts(
        kind=task.kind,
        office=task.office,
        about=task.about,
        managing_level=task.managing_level,
        assignee_id=task.assignee_id,
    )


def possible_assignees(
    session: Session,
    actor: Actor,
    *,
    kind: TaskKind,
    office: str,
    about: str | None,
    managing_level: int,
) -> list[User]:
    """Active people of the actor's jurisdiction who may receive such a task."""
    users = session.scalars(
        select(User)
        .where(
            User.active,
            User.role.in_([Role.SUPERVISOR, Role.LIAISON]),
            within(User.division, actor.division),
        )
        .order_by(User.id)
    )
    return [
        user
        for user in users
        if may_receive(
            actor_of(user),
            TaskFacts(
                kind=kind, office=office, about=about, managing_level=managing_level, assignee_id=user.id
            ),
        )
        is None
    ]


def _own_task(session: Session, actor: Actor, task_id: int) -> Task:
    task = locked_task(session, actor, task_id)
    if task.assignee_id != actor.id:
        raise NotVisible
    return task


def new_task(
    actor: Actor,
    given: Assignment,
    *,
    origin: tuple[Origin, int],
    title: str,
    guide: Json,
    facts: TaskFacts,
    target: tuple[Entity, str] | None,
    at: datetime,
) -> Task:
    """A task that is not stored yet: `hand_over` gives it to its assignee and stores it."""
    if given.propensity is not None and not 0 < given.propensity <= 1:
        raise BadInput("propensity", "抽中概率应大于 0 且不超过 1")
    if given.working_days < 1:
        raise BadInput("working_days", "办理期限至少一个工作日")
    deadline = working_calendar().deadline(local_date(at), working_days=given.working_days)
    return Task(
        kind=facts.kind,
        origin=origin[0],
        origin_id=origin[1],
        title=title,
        guide=guide,
        office=facts.office,
        about=facts.about,
        managing_level=facts.managing_level,
        entity=target[0] if target else None,
        entity_id=target[1] if target else None,
        created_by=actor.id,
        created_at=at,
        due_on=deadline.due_on,
        due_provisional=deadline.provisional,
        selected_by=given.selected_by,
        propensity=given.propensity if given.selected_by in (SelectedBy.SCORE, SelectedBy.QUOTA) else None,
        state=TaskState.ASSIGNED,
    )


def hand_over(session: Session, task: Task, assignee_id: int) -> None:
    """Set the assignee and store the task, or raise `AssigneeNotAllowed`."""
    user = session.get(User, assignee_id)
    if user is None or not user.active:
        raise AssigneeNotAllowed("没有这个账号或账号已停用")
    task.assignee_id = assignee_id
    refusal = may_receive(actor_of(user), facts_of(task))
    if refusal is not None:
        raise AssigneeNotAllowed(refusal)
    session.add(task)


def _close_origin(session: Session, task: Task, *, actor: Actor, at: datetime) -> None:
    fields = {"outcome": task.outcome.value if task.outcome else None, "task": task.id}
    if task.origin is Origin.PLAN:
        return
    closing: tuple[CaseWarning | Complaint, StrEnum] = (
        (locked(session, CaseWarning, task.origin_id), WarningAction.CLOSE)
        if task.origin is Origin.WARNING
        else (locked(session, Complaint, task.origin_id), ComplaintAction.CLOSE)
    )
    move(session, *closing, actor=actor, at=at, fields=fields, earlier_actor=task.reported_by)
