"""Outcomes: what people found, as rows for training and for the closed loop."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Final

import pandas as pd
from sqlalchemy import String, cast, literal, select
from sqlalchemy.orm import Session

from casework.access import SubjectType
from casework.models import (
    CaseWarning,
    Entity,
    Origin,
    Outcome,
    SelectedBy,
    Task,
    Verification,
)
from casework.working_days import local_date

FRAME_COLUMNS = (
    "entity", "entity_id", "selected_on", "selected_by", "propensity", "decided_on", "outcome",
)  # fmt: skip

CONFIRMED: Final[Mapping[Outcome, bool]] = {
    Outcome.SUBSTANTIATED: True,
    Outcome.IRREGULAR_RECTIFIED: True,
    Outcome.NOT_SUBSTANTIATED: False,
}
"""Outcomes that say whether the matter was there; the others say nothing about the model."""


SCORED_SUBJECTS: Final[Mapping[SubjectType, Entity]] = {
    SubjectType.COMPANY: Entity.SUPPLIER,
    SubjectType.TENDER: Entity.TENDER,
}
"""Subjects of warnings, other than officials, that are scored themselves."""
SUBJECT_OF: Final = {entity: subject for subject, entity in SCORED_SUBJECTS.items()}


@dataclass(frozen=True, kw_only=True)
class VerifiedWarning:
    """A warning that people looked into to the end, and whether they confirmed it."""

    model_id: str
    subject_id: str
    village_code: str
    decided_on: date
    confirmed: bool


@dataclass(frozen=True, kw_only=True)
class PastVerification:
    """An outcome from before this system, or from another one."""

    entity: Entity
    entity_id: str
    selected_on: date
    selected_by: SelectedBy
    propensity: float | None
    decided_on: date
    outcome: Outcome
    amount_fen: int | None = None
    note: str = ""


def add_outcome(session: Session, task: Task, *, decided_on: date) -> None:
    """Keep the outcome of a closed task; a task without an entity (no village known) teaches nothing.

    What was found about a company or a tender counts for its village and for itself, as its finding does.
    """
    if task.entity is None or task.entity_id is None or task.outcome is None:
        return
    about = {task.entity: task.entity_id}
    if task.origin is Origin.WARNING:
        warning = session.get_one(CaseWarning, task.origin_id)
        if warning.subject_type in SCORED_SUBJECTS:
            about[SCORED_SUBJECTS[warning.subject_type]] = warning.subject_id
    for entity, entity_id in about.items():
        found = PastVerification(
            entity=entity,
            entity_id=entity_id,
            selected_on=local_date(task.created_at),
            selected_by=task.selected_by,
            propensity=task.propensity,
            decided_on=decided_on,
            outcome=task.outcome,
            amount_fen=task.amount_fen,
            note=task.note or "",
        )
        session.add(Verification(**asdict(found), source=f"task:{task.id}"))


def import_verifications(session: Session, past: Iterable[PastVerification], *, source: str) -> int:
    """Add outcomes that are not there yet; return how many were added. The same rows twice add nothing."""
    known = {
        tuple(row)
        for row in session.execute(
            select(
                Verification.entity,
                Verification.entity_id,
                Verification.selected_on,
                Verification.selected_by,
            ).where(Verification.source == source)
        )
    }
    added = 0
    for row in past:
        key = (row.entity, row.entity_id, row.selected_on, row.selected_by)
        if key not in known:
            session.add(Verification(**asdict(row), source=source))
            known.add(key)
            added += 1
    session.flush()
    return added


def verification_frame(session: Session) -> pd.DataFrame:
    """All outcomes with the columns `FRAME_COLUMNS` (entity, selected_by and outcome as text), oldest first."""
    rows = session.scalars(select(Verification).order_by(Verification.decided_on, Verification.id))
    frame = pd.DataFrame(
        [
            (
                row.entity.value,
                row.entity_id,
                row.selected_on,
                row.selected_by.value,
                row.propensity,
                row.decided_on,
                row.outcome.value,
            )
            for row in rows
        ],
        columns=list(FRAME_COLUMNS),
    )
    return frame.astype({"propensity": "float64"})


def verified_warnings(session: Session, *, division: str = "") -> list[VerifiedWarning]:
    """Warnings of a division whose tasks ended with a clear answer, oldest decision first."""
    source = literal("task:").concat(cast(Task.id, String))
    rows = session.execute(
        select(
            CaseWarning.model_id,
            CaseWarning.subject_id,
            CaseWarning.village_code,
            Verification.decided_on,
            Verification.outcome,
        )
        .join(Task, (Task.origin == Origin.WARNING) & (Task.origin_id == CaseWarning.id))
        .join(Verification, (Verification.source == source) & (Verification.entity == Task.entity))
        .where(
            Verification.outcome.in_(CONFIRMED),
            CaseWarning.village_code.startswith(division, autoescape=True),
        )
        .order_by(Verification.decided_on, Verification.id)
    )
    return [
        VerifiedWarning(
            model_id=row.model_id,
            subject_id=row.subject_id,
            village_code=row.village_code,
            decided_on=row.decided_on,
            confirmed=CONFIRMED[row.outcome],
        )
        for row in rows
    ]


def confirmed_companies(session: Session) -> list[tuple[str, date]]:
    """Companies whose warnings people confirmed, and when: what a contractor's credit falls with."""
    source = literal("task:").concat(cast(Task.id, String))
    confirmed = [outcome for outcome, was_there in CONFIRMED.items() if was_there]
    rows = session.execute(
        select(CaseWarning.subject_id, Verification.decided_on)
        .join(Task, (Task.origin == Origin.WARNING) & (Task.origin_id == CaseWarning.id))
        .join(Verification, (Verification.source == source) & (Verification.entity == Task.entity))
        .where(CaseWarning.subject_type == SubjectType.COMPANY, Verification.outcome.in_(confirmed))
        .order_by(Verification.decided_on, CaseWarning.subject_id)
    )
    return [(row.subject_id, row.decided_on) for row in rows]
