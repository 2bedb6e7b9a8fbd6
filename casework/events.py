"""Steps in the database: lock the row, step the pure machine, write the event and the audit row with it.

task = locked(session, Task, task_id)
move(session, task, TaskAction.ACCEPT, actor=..., at=...)

Where checks must lie between the step and what it changes: `change = step(...)`, the checks, `record(session, task, change)`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, TypeVar, cast

from sqlalchemy import Table, insert, select
from sqlalchemy.orm import Session

from casework import audit
from casework.contact_models import ContactRequest
from casework.errors import NotVisible
from casework.models import CaseWarning, Complaint, Event, ModelDraft, Task
from casework.plan_models import Plan, SecondReading
from casework.promotion_models import ModelPromotion
from casework.roles import TRIAGE_MACHINE, Actor
from casework.states import (
    COMPLAINT_TRANSITIONS,
    CONTACT_TRANSITIONS,
    DRAFT_TRANSITIONS,
    PLAN_TRANSITIONS,
    PROMOTION_TRANSITIONS,
    READING_TRANSITIONS,
    TASK_TRANSITIONS,
    WARNING_TRANSITIONS,
    Change,
    ComplaintState,
    Move,
    step,
)

Row = CaseWarning | Complaint | Task | ModelDraft | ModelPromotion | Plan | SecondReading | ContactRequest
RowT = TypeVar(
    "RowT", CaseWarning, Complaint, Task, ModelDraft, ModelPromotion, Plan, SecondReading, ContactRequest
)
_NAMES: Final = {
    CaseWarning: "warning", Complaint: "complaint", Task: "task", ModelDraft: "model_draft",
    ModelPromotion: "model_promotion", Plan: "plan", SecondReading: "second_reading",
    ContactRequest: "contact_request",
}  # fmt: skip
_TRANSITIONS: Final[Mapping[type[Row], Mapping[tuple[Any, Any], Move[Any]]]] = {
    CaseWarning: WARNING_TRANSITIONS, Complaint: COMPLAINT_TRANSITIONS, Task: TASK_TRANSITIONS,
    ModelDraft: DRAFT_TRANSITIONS, ModelPromotion: PROMOTION_TRANSITIONS, Plan: PLAN_TRANSITIONS,
    SecondReading: READING_TRANSITIONS, ContactRequest: CONTACT_TRANSITIONS,
}  # fmt: skip


def locked(session: Session, table: type[RowT], row_id: int) -> RowT:
    """The row, locked until the end of the transaction and freshly read. Raises `NotVisible` when absent."""
    row = session.get(table, row_id, with_for_update={"of": table}, populate_existing=True)
    if row is None:
        raise NotVisible
    return row


def move(
    session: Session,
    row: Row,
    action: StrEnum,
    *,
    actor: Actor,
    at: datetime,
    fields: Mapping[str, object] | None = None,
    earlier_actor: int | None = None,
) -> None:
    """Take the step from the row's state (`step`, which raises by name), write it beside the row and set the new state."""
    table = _TRANSITIONS[type(row)]
    record(
        session,
        row,
        step(table, row.state, action, actor=actor, at=at, fields=fields, earlier_actor=earlier_actor),
    )


def record(session: Session, row: Row, change: Change[Any]) -> None:
    """Write a change beside the row and set the new state."""
    _add(
        session,
        row,
        action=change.action,
        previous=change.previous.value,
        new=change.new.value,
        actor=change.actor,
        at=change.at,
        fields=change.fields,
    )
    row.state = change.new


def record_start(session: Session, row: Row, *, actor: Actor, at: datetime) -> None:
    """The first event of a new row: it has no state before."""
    session.flush()
    _add(session, row, action="create", previous=None, new=row.state.value, actor=actor, at=at, fields={})


def record_arrivals(
    session: Session, arrivals: Sequence[tuple[int, Change[ComplaintState]]], *, at: datetime
) -> None:
    """The first two events of many new complaints at once: the start, and the change out of the first state."""
    name = _NAMES[Complaint]
    rows, audited = [], []
    for row_id, change in arrivals:
        fields = {key: value for key, value in change.fields.items() if value is not None}
        steps: tuple[tuple[str, str | None, str, Mapping[str, object]], ...] = (
            ("create", None, change.previous.value, {}),
            (change.action, change.previous.value, change.new.value, fields),
        )
        for action, previous, new, given in steps:
            rows.append(
                {
                    "entity": name, "entity_id": row_id, "action": action, "previous": previous, "new": new,
                    "actor_id": change.actor.id, "role": change.actor.role.value, "at": change.at, "fields": given,
                }
            )  # fmt: skip
            audited.append((f"change:{action}", f"{name}/{row_id}"))
    session.execute(insert(cast(Table, Event.__table__)), rows)  # the mapper would split them by what is None
    audit.record_many(session, at=at, actor=TRIAGE_MACHINE, rows=audited)


def history(session: Session, row: Row) -> list[Event]:
    """Events of a row, oldest first."""
    query = select(Event).where(Event.entity == _NAMES[type(row)], Event.entity_id == row.id)
    return list(session.scalars(query.order_by(Event.id)))


def _add(
    session: Session,
    row: Row,
    *,
    action: str,
    previous: str | None,
    new: str,
    actor: Actor,
    at: datetime,
    fields: Mapping[str, object],
) -> None:
    name = _NAMES[type(row)]
    session.add(
        Event(
            entity=name,
            entity_id=row.id,
            action=action,
            previous=previous,
            new=new,
            actor_id=actor.id,
            role=actor.role.value,
            at=at,
            fields={key: value for key, value in fields.items() if value is not None},
        )
    )
    audit.record(session, at=at, actor=actor, action=f"change:{action}", target=f"{name}/{row.id}")
