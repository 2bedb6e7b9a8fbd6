"""What the clerk does with groups of copies: look at the copies, take one out, merge two cases of one event."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final, TypeVar

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.orm import Session, aliased

from casework.access import sees_complaint
from casework.channel_models import Attachment, FollowUp
from casework.complaints import facts_of, locked_complaint, visible_complaint
from casework.errors import BadInput, NotVisible
from casework.events import move
from casework.group_index import index_alone, share
from casework.group_models import ComplaintCopy, GroupExemplar
from casework.inbox_models import KeywordHit
from casework.models import Complaint
from casework.raising import copy_presses, doubtful, pressing
from casework.roles import Actor
from casework.scope import visible_complaints
from casework.states import ComplaintAction, ComplaintState

MOST_BESIDE: Final = 100
_Lead, _Pressing = aliased(Complaint), aliased(Complaint)
BesideT = TypeVar("BesideT", Attachment, FollowUp)


def copy_counts(session: Session, lead_ids: Iterable[int]) -> dict[int, int]:
    """Number of copies of each lead that has any."""
    query = select(ComplaintCopy.lead_id, func.count()).where(ComplaintCopy.lead_id.in_(list(lead_ids)))
    return dict(session.execute(query.group_by(ComplaintCopy.lead_id)).all())


def pressing_copies(session: Session, lead_ids: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """What presses in copies of each lead, for leads of which one does (ids of `ml.triage.labels.URGENCIES`)."""
    query = (
        select(ComplaintCopy.lead_id, Complaint.presses)
        .join(Complaint, Complaint.id == ComplaintCopy.complaint_id)
        .join(_Lead, _Lead.id == ComplaintCopy.lead_id)
        .where(
            ComplaintCopy.lead_id.in_(list(lead_ids)),
            ComplaintCopy.complaint_id.in_(select(_Pressing.id).where(pressing(_Pressing))),
            copy_presses(Complaint, _Lead),
        )
        .distinct()
    )
    found: dict[int, set[str]] = {}
    for lead, urgencies in session.execute(query):
        found.setdefault(lead, set()).update(urgencies.split("+"))
    return {lead: tuple(sorted(urgencies)) for lead, urgencies in found.items()}


def doubted_in_copies(session: Session, lead_ids: Iterable[int]) -> set[int]:
    """Leads that the model takes for no key matter, but a copy of them for one, or for one that a person must judge."""
    copy = aliased(Complaint)
    of_lead = exists().where(
        ComplaintCopy.lead_id == Complaint.id,
        copy.id == ComplaintCopy.complaint_id,
        doubtful(copy),
    )
    query = select(Complaint.id).where(
        Complaint.id.in_(list(lead_ids)),
        ~doubtful(Complaint),
        of_lead.correlate(Complaint),
    )
    return set(session.scalars(query))


def keywords_of_copies(session: Session, lead_ids: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """Keywords of the office that copies of each lead hold and the lead does not, for leads of which one does."""
    own = aliased(KeywordHit)
    of_lead = exists().where(own.complaint_id == ComplaintCopy.lead_id, own.word == KeywordHit.word)
    query = (
        select(ComplaintCopy.lead_id, KeywordHit.word)
        .join(KeywordHit, KeywordHit.complaint_id == ComplaintCopy.complaint_id)
        .where(ComplaintCopy.lead_id.in_(list(lead_ids)), ~of_lead)
        .distinct()
    )
    found: dict[int, set[str]] = {}
    for lead, word in session.execute(query):
        found.setdefault(lead, set()).add(word)
    return {lead: tuple(sorted(words)) for lead, words in found.items()}


def lead_of(session: Session, complaint_id: int) -> int | None:
    """The first message of the group of a copy; None for one that has its own case."""
    return session.scalar(select(ComplaintCopy.lead_id).where(ComplaintCopy.complaint_id == complaint_id))


def copies_page(
    session: Session, actor: Actor, lead_id: int, *, page: int, size: int
) -> tuple[list[Complaint], int]:
    """Copies of a visible lead that this person may see: first what presses, then what holds a keyword that the lead
    does not, then what triage rates above the others."""
    visible_complaint(session, actor, lead_id)
    of_lead = ComplaintCopy.lead_id == lead_id
    news = keywords_of_copies(session, [lead_id]).get(lead_id, ())
    holds_news = exists().where(KeywordHit.complaint_id == Complaint.id, KeywordHit.word.in_(news))
    total = session.scalar(select(func.count()).select_from(ComplaintCopy).where(of_lead)) or 0
    rows = session.scalars(
        select(Complaint)
        .join(ComplaintCopy, ComplaintCopy.complaint_id == Complaint.id)
        .where(of_lead)
        .order_by(
            (Complaint.presses != "").desc(),
            holds_news.desc(),
            Complaint.key_probability.desc(),
            Complaint.id,
        )
        .offset((page - 1) * size)
        .limit(size)
    ).all()
    return [row for row in rows if sees_complaint(actor, facts_of(row))], total


def of_copies(
    session: Session, actor: Actor, lead_id: int, table: type[BesideT]
) -> list[tuple[BesideT, str]]:
    """Attachments, or questions and additions, of the copies of a lead that this person may see, the newest first.

    Each with the receipt of its copy; `MOST_BESIDE` at most, because a mailing has thousands of copies.
    """
    visible_complaint(session, actor, lead_id)
    query = (
        select(table, Complaint.receipt)
        .join(Complaint, Complaint.id == table.complaint_id)
        .join(ComplaintCopy, ComplaintCopy.complaint_id == table.complaint_id)
        .where(ComplaintCopy.lead_id == lead_id, visible_complaints(actor))
        .order_by(table.id.desc())
        .limit(MOST_BESIDE)
    )
    return [(row, receipt) for row, receipt in session.execute(query)]


def split(session: Session, actor: Actor, complaint_id: int, *, at: datetime) -> Complaint:
    """Take a copy out of its group: it becomes a case of its own, by which later copies of it are recognised."""
    complaint = locked_complaint(session, actor, complaint_id)
    move(session, complaint, ComplaintAction.SPLIT, actor=actor, at=at)
    complaint.office = None
    session.execute(delete(ComplaintCopy).where(ComplaintCopy.complaint_id == complaint.id))
    index_alone(session, complaint)
    return complaint


def merge(session: Session, actor: Actor, complaint_id: int, *, lead_id: int, at: datetime) -> Complaint:
    """Join a case that waits for review, with its copies, to another one: the clerk saw that they are one event.

    A lead that named no place takes that of the other, so that nobody of that place sees it.
    """
    both = {row_id: locked_complaint(session, actor, row_id) for row_id in sorted({complaint_id, lead_id})}
    complaint, lead = both[complaint_id], both[lead_id]
    if lead_id == complaint_id or lead.state is ComplaintState.COPY:
        raise BadInput("lead", "请选择另一件首件")
    if lead.division != complaint.division or lead.simulated != complaint.simulated:
        raise NotVisible
    if complaint.about and lead.about and complaint.about != lead.about:
        raise BadInput("lead", "两件反映的不是同一个村或单位，不能并为一件")
    move(session, complaint, ComplaintAction.MERGE, actor=actor, at=at, fields={"lead": lead_id})
    lead.about = lead.about or complaint.about
    for table in (ComplaintCopy, GroupExemplar):
        session.execute(update(table).where(table.lead_id == complaint.id).values(lead_id=lead_id))
    session.add(ComplaintCopy(complaint_id=complaint.id, lead_id=lead_id))
    session.flush()
    share(session, lead_id, office=lead.office, about=lead.about)
    return complaint
