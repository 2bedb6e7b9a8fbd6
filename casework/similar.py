"""Cases like this one: three earlier ones as an explanation, and those that may be the same event.

Both are offers to a person. Nothing here joins anything, and nobody is offered what they may not see.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from casework.complaints import visible_complaint
from casework.models import Complaint
from casework.roles import Actor
from casework.scope import visible_complaints
from casework.states import ComplaintState
from ml.triage.likeness import likest

EARLIER_SHOWN: Final = 3
EVENT_FROM: Final = 0.1
"""Likeness from which two messages are offered as one event: chosen on half of the weak events of the board, where
0.89 of the offers were right (0.93 on the other half); see `benchmarks.grouping`."""

EVENT_WITHIN: Final = timedelta(days=60)
EVENTS_SHOWN: Final = 8
_READ: Final = 1_500
_LEAST: Final = 0.05


@dataclass(frozen=True)
class Similar:
    """A case and how like it is to the one in hand, 0 to 1."""

    complaint: Complaint
    likeness: float


def earlier_cases(session: Session, actor: Actor, complaint_id: int) -> list[Similar]:
    """The three most similar earlier cases that this person may see, among the newest ones."""
    complaint = visible_complaint(session, actor, complaint_id)
    candidates = _candidates(session, actor, Complaint.id < complaint.id)
    return _ranked(complaint, candidates, least=_LEAST)[:EARLIER_SHOWN]


def maybe_same_event(session: Session, actor: Actor, complaint_id: int) -> list[Similar]:
    """Open cases within 60 days that speak of much the same and not of another village, for the clerk to confirm."""
    complaint = visible_complaint(session, actor, complaint_id)
    conditions = [
        Complaint.id != complaint.id,
        Complaint.division == complaint.division,
        Complaint.simulated == complaint.simulated,
        Complaint.state != ComplaintState.CLOSED,
        Complaint.received_at >= complaint.received_at - EVENT_WITHIN,
        Complaint.received_at <= complaint.received_at + EVENT_WITHIN,
    ]
    if complaint.about is not None:
        conditions.append(or_(Complaint.about.is_(None), Complaint.about == complaint.about))
    candidates = _candidates(session, actor, *conditions)
    return _ranked(complaint, candidates, least=EVENT_FROM)[:EVENTS_SHOWN]


def newest_texts(session: Session, visible: ColumnElement[bool]) -> Sequence[str]:
    """Texts of the newest cases, by which rare words are told from common ones. visible: what the reader may see."""
    query = select(Complaint.work_text).where(visible, Complaint.state != ComplaintState.COPY)
    return session.scalars(query.order_by(Complaint.id.desc()).limit(_READ)).all()


def _candidates(session: Session, actor: Actor, *conditions: ColumnElement[bool]) -> Sequence[Complaint]:
    return session.scalars(
        select(Complaint)
        .where(visible_complaints(actor), Complaint.state != ComplaintState.COPY, *conditions)
        .order_by(Complaint.id.desc())
        .limit(_READ)
    ).all()


def _ranked(complaint: Complaint, candidates: Sequence[Complaint], *, least: float) -> list[Similar]:
    if not candidates:
        return []
    found = likest([complaint.work_text, *(candidate.work_text for candidate in candidates)], to=0)[1:]
    similar = [
        Similar(candidate, float(share))
        for candidate, share in zip(candidates, found, strict=True)
        if share >= least
    ]
    return sorted(similar, key=lambda one: (-one.likeness, -one.complaint.id))
