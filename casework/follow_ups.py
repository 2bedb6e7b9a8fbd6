"""The sender's side after the receipt: what became of it, and questions both ways, by receipt number and query code.

A receipt number alone can be guessed; the query code is six digits of a keyed hash of it and needs no storage. What
the sender is shown is a word of four, never whom the case is with; what the sender writes is sealed like a complaint.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from casework import audit
from casework.access import Permission, allows
from casework.channel_models import FollowUp, MailboxComplaint
from casework.complaints import visible_complaint
from casework.errors import BadInput, NotPermitted, NotVisible
from casework.grouping import lead_of
from casework.intake import check_text
from casework.models import Complaint
from casework.receipts import digits_of, in_groups, is_receipt, plain_digits
from casework.redaction import redact_for_work
from casework.roles import Actor
from casework.sealing import Sealer, load_sealer
from casework.states import ComplaintState
from registers.pseudonyms import load_key

LONGEST: Final = 2_000
MOST_ANSWERS: Final = 20
_WORDS: Final = {
    ComplaintState.RECEIVED: "已收到",
    ComplaintState.TRIAGED: "已收到",
    ComplaintState.NOT_KEY: "已登记",
    ComplaintState.TRANSFERRED: "已转有关单位办理",
    ComplaintState.KEY_MATTER: "正在办理",
    ComplaintState.IN_TASK: "正在办理",
    ComplaintState.CLOSED: "已办结",
}


@dataclass(frozen=True)
class Progress:
    """What the sender may know. thread: questions and answers, oldest first."""

    complaint_id: int
    receipt: str
    received_at: datetime
    words: str
    thread: Sequence[FollowUp]


def query_code(home: Path, receipt: str) -> str:
    """Six digits that belong to a receipt number, given to the sender with it."""
    digest = hmac.new(load_key(home, "query"), digits_of(receipt).encode(), hashlib.sha256).digest()
    return f"{int.from_bytes(digest[:8], 'big') % 1_000_000:06d}"


def progress(session: Session, home: Path, *, receipt: str, code: str) -> Progress:
    """The state of a complaint for its sender. Raises `NotVisible`, whether number or code is wrong."""
    given = plain_digits(code)
    if not is_receipt(receipt):
        raise NotVisible
    complaint = session.scalar(select(Complaint).where(Complaint.receipt == in_groups(receipt)))
    if complaint is None or not hmac.compare_digest(_code_of(session, home, complaint), given):
        raise NotVisible
    return progress_of(session, complaint)


def progress_of(session: Session, complaint: Complaint) -> Progress:
    """What the sender of a complaint may know, for whoever has checked that it is the sender."""
    lead = session.get_one(Complaint, lead_of(session, complaint.id) or complaint.id)
    return Progress(
        complaint.id,
        complaint.receipt,
        complaint.received_at,
        _WORDS[lead.state],
        thread_of(session, complaint.id),
    )


def _code_of(session: Session, home: Path, complaint: Complaint) -> str:
    """The query code that was given out with a receipt: the public intake's own, or that of `query_code`."""
    by_mailbox = session.get(MailboxComplaint, complaint.id)
    if by_mailbox is None:
        return query_code(home, complaint.receipt)
    return load_sealer(home).open(by_mailbox.code, bound_to=complaint.receipt)


def answer(session: Session, found: Progress, text: str, *, sealer: Sealer, at: datetime) -> FollowUp:
    """Keep what the sender adds: sealed, and redacted for those who work on it."""
    check_addition(text)
    if sum(entry.by is None for entry in found.thread) >= MOST_ANSWERS:
        raise BadInput("text", "补充次数过多，请另行反映")
    entry = FollowUp(
        complaint_id=found.complaint_id,
        text=redact_for_work(text),
        sealed=sealer.seal(text, bound_to=found.receipt),
        by=None,
        at=at,
    )
    session.add(entry)
    audit.record(session, at=at, actor=None, action="answered", target=f"complaint/{found.complaint_id}")
    return entry


def ask(session: Session, actor: Actor, complaint_id: int, text: str, *, at: datetime) -> FollowUp:
    """Put a question to the sender, who reads it with receipt and code."""
    complaint = visible_complaint(session, actor, complaint_id)
    if not (allows(actor, Permission.REVIEW_COMPLAINT) or allows(actor, Permission.ACT_COMPLAINT)):
        raise NotPermitted(Permission.ACT_COMPLAINT)
    check_addition(text)
    entry = FollowUp(complaint_id=complaint.id, text=text.strip(), sealed=None, by=actor.id, at=at)
    session.add(entry)
    audit.record(session, at=at, actor=actor, action="asked", target=f"complaint/{complaint_id}")
    return entry


def thread_of(session: Session, complaint_id: int) -> Sequence[FollowUp]:
    """Questions and answers of one message, oldest first. The caller has checked that it may be seen."""
    query = select(FollowUp).where(FollowUp.complaint_id == complaint_id)
    return session.scalars(query.order_by(FollowUp.id)).all()


def check_addition(text: str) -> None:
    """Raise `BadInput` for a question or addition that is empty, too long, or cannot be stored."""
    check_text(text, longest=LONGEST)
