"""What presses in a complaint, as the clerk sees it: it stands in the place of what the model said, and is a label."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from casework.complaints import locked_complaint
from casework.errors import BadInput
from casework.events import move
from casework.inbox_models import UrgencyLabel
from casework.models import Complaint
from casework.roles import Actor
from casework.states import ComplaintAction
from ml.triage.labels import URGENCIES

NONE = "none"
"""In place of an id: nothing presses."""


def decide_urgency(
    session: Session, actor: Actor, complaint_id: int, urgency: Sequence[str], *, at: datetime
) -> Complaint:
    """Keep what the clerk says presses, nothing for an empty list; said again, the later word counts.

    The place in the inbox follows at once. Raises `BadInput` for what is none of `URGENCIES`.
    """
    complaint = locked_complaint(session, actor, complaint_id)
    if not set(urgency) <= URGENCIES.keys():
        raise BadInput("urgency", f"紧急情形应为：{'、'.join(URGENCIES.values())}，都没有的为不紧急")
    decided = "+".join(one for one in URGENCIES if one in urgency)
    fields = {"urgency": decided or NONE}
    move(session, complaint, ComplaintAction.SET_URGENCY, actor=actor, at=at, fields=fields)
    session.add(UrgencyLabel(complaint_id=complaint.id, urgency=decided, by=actor.id, at=at))
    complaint.decided_urgency = decided
    return complaint
