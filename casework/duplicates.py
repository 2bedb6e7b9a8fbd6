"""Whether a message is a repeat (重复件): the same sender on the same matter again; many people's same text is none.

Senders are told apart by a keyed hash of how to reach them; nobody is shown it, and of two offices it differs. The same
matter is the same group of copies, as clerks leave it after joining and taking out, or what `casework.similar` would
offer as the same event. Read anew whenever it is shown, so that it follows what becomes of the group.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, func, select, union_all
from sqlalchemy.orm import Session

from casework.group_models import ComplaintCopy
from casework.models import Complaint
from casework.sealing import Sealer
from casework.similar import EVENT_FROM, EVENT_WITHIN, newest_texts
from ml.extraction.contacts import MAIL, MOBILE
from ml.triage.likeness import likeness
from registers.values import BadValue, clean, parse_phone

_MOBILE: Final = re.compile(rf"(?<![0-9])(?:\+?(?:00)?86[ -]?)?{MOBILE}")
_MAIL: Final = re.compile(MAIL)
_FEWEST_DIGITS: Final = 3
"""A number of fewer different digits (11111111) is written to fill the field and is nobody's."""

_CHUNK: Final = 500
_MOST_OF_A_SENDER: Final = 1_500


class Duplicate(StrEnum):
    """REPEAT: of the same sender. COPY: of an earlier message, by somebody else or nobody knows whom."""

    NONE = "none"
    COPY = "copy"
    REPEAT = "repeat"


@dataclass(frozen=True)
class Standing:
    """How a message stands to earlier ones.

    Attributes:
        duplicate: see `Duplicate`.
        earlier: the newest earlier message of the sender on the matter, or the first of the copies; None where there is
            none or the person may not see it.
        repeats: how many messages of the group are repeats.
        senders: how many senders of the group are known.
    """

    duplicate: Duplicate
    earlier: int | None
    repeats: int
    senders: int


def sender_digest(sealer: Sealer, sender: str | None, *, division: str) -> str | None:
    """The keyed hash of how to reach a sender; None for what names no telephone and no e-mail address."""
    contact = contact_of(sender or "")
    return sealer.digest(f"sender:{division}:{contact}") if contact else None


def contact_of(text: str) -> str | None:
    """The telephone number or else the e-mail address in what a sender gave, in one spelling; None without one."""
    plain = clean(text)
    found = _MOBILE.search(plain)
    try:
        phone = parse_phone(found.group() if found else plain)
    except BadValue:
        mail = _MAIL.search(plain)
        return mail.group().lower() if mail else None
    return phone if len(set(phone)) >= _FEWEST_DIGITS else None


def standings(
    session: Session, complaints: Sequence[Complaint], *, visible: ColumnElement[bool]
) -> dict[int, Standing]:
    """How each of the complaints stands to earlier ones, by id. visible: what the reader may see."""
    found: dict[int, Standing] = {}
    for start in range(0, len(complaints), _CHUNK):
        found |= _standings(session, complaints[start : start + _CHUNK], visible)
    return found


def _standings(
    session: Session, complaints: Sequence[Complaint], visible: ColumnElement[bool]
) -> dict[int, Standing]:
    leads = _leads(session, [complaint.id for complaint in complaints])
    counts = _counts(session, sorted(set(leads.values())))
    earlier = _in_group(session, complaints, leads)
    others = [one for one in complaints if one.sender_digest and one.id not in earlier]
    earlier |= _of_event(session, others, visible) if others else {}
    named = set(earlier.values()) | set(leads.values())
    seen = set(session.scalars(select(Complaint.id).where(Complaint.id.in_(named), visible)))
    found: dict[int, Standing] = {}
    for one in complaints:
        repeats, senders = counts[leads[one.id]]
        if one.id in earlier:
            duplicate, before = Duplicate.REPEAT, earlier[one.id]
        elif leads[one.id] != one.id:
            duplicate, before = Duplicate.COPY, leads[one.id]
        else:
            found[one.id] = Standing(Duplicate.NONE, None, repeats, senders)
            continue
        found[one.id] = Standing(duplicate, before if before in seen else None, repeats, senders)
    return found


def _leads(session: Session, ids: Sequence[int]) -> dict[int, int]:
    """The first message of the group of each, which is itself for most."""
    query = select(ComplaintCopy.complaint_id, ComplaintCopy.lead_id).where(
        ComplaintCopy.complaint_id.in_(ids)
    )
    return {one: one for one in ids} | dict(session.execute(query).all())


def _counts(session: Session, lead_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Of each group how many messages are repeats, and how many senders are known."""
    digest = Complaint.sender_digest
    behind = (
        select(ComplaintCopy.lead_id.label("lead"), digest.label("digest"))
        .join(Complaint, Complaint.id == ComplaintCopy.complaint_id)
        .where(ComplaintCopy.lead_id.in_(lead_ids))
    )
    first = select(Complaint.id.label("lead"), digest.label("digest")).where(Complaint.id.in_(lead_ids))
    member = union_all(behind, first).subquery()
    known, senders = func.count(member.c.digest), func.count(member.c.digest.distinct())
    rows = session.execute(select(member.c.lead, known, senders).group_by(member.c.lead))
    return {lead: (told - different, different) for lead, told, different in rows}


def _in_group(session: Session, complaints: Sequence[Complaint], leads: Mapping[int, int]) -> dict[int, int]:
    """The newest earlier message of the same sender in the group of each that has one."""
    digests = {one.sender_digest for one in complaints if one.sender_digest}
    lead_id = func.coalesce(ComplaintCopy.lead_id, Complaint.id)
    of_senders = (
        select(lead_id, Complaint.sender_digest, Complaint.received_at, Complaint.id)
        .outerjoin(ComplaintCopy, ComplaintCopy.complaint_id == Complaint.id)
        .where(Complaint.sender_digest.in_(digests))
    )
    rows = session.execute(of_senders).all() if digests else []
    found: dict[int, int] = {}
    for one in complaints:
        before = [
            (at, row_id)
            for lead, digest, at, row_id in rows
            if (lead, digest) == (leads[one.id], one.sender_digest)
            and (at, row_id) < (one.received_at, one.id)
        ]
        if before:
            found[one.id] = max(before)[1]
    return found


def _of_event(
    session: Session, complaints: Sequence[Complaint], visible: ColumnElement[bool]
) -> dict[int, int]:
    """The newest earlier message of the same sender that another group holds and that may be on the same event."""
    candidates = session.scalars(
        select(Complaint)
        .where(visible, Complaint.sender_digest.in_({one.sender_digest for one in complaints}))
        .order_by(Complaint.received_at.desc(), Complaint.id.desc())
        .limit(_MOST_OF_A_SENDER)
    ).all()
    pairs = [(one, other) for one in complaints for other in candidates if _may_repeat(one, other)]
    if not pairs:
        return {}
    texts = {message.id: message.work_text for pair in pairs for message in pair}
    place = {row_id: number for number, row_id in enumerate(texts)}
    matrix = likeness(
        [*texts.values(), *newest_texts(session, visible)]
    )  # the newest say which words are rare
    found: dict[int, int] = {}
    for one, other in pairs:
        alike = (matrix[[place[one.id]]] @ matrix[[place[other.id]]].T).sum() >= EVENT_FROM
        if alike and one.id not in found:
            found[one.id] = other.id
    return found


def _may_repeat(one: Complaint, other: Complaint) -> bool:
    """The other came before, from the same sender to the same office, and not on another village."""
    return (
        other.sender_digest == one.sender_digest
        and (other.received_at, other.id) < (one.received_at, one.id)
        and other.received_at >= one.received_at - EVENT_WITHIN
        and other.simulated == one.simulated
        and (one.about is None or other.about is None or one.about == other.about)
    )
