"""Reading and reviewing complaints: a person confirms or corrects what the model proposed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from casework import audit
from casework.access import ComplaintFacts, default_office, office_may_handle, sees_complaint
from casework.errors import BadInput, NotVisible
from casework.events import locked, move
from casework.fields import FIELDS, field_id
from casework.group_index import share
from casework.group_models import ComplaintCopy
from casework.inbox_models import KeywordHit, ReviewLabel, UrgencyLabel
from casework.models import Complaint
from casework.raising import copy_presses, doubtful, pressing, raised_by_ledger, raised_by_sender
from casework.receipts import in_groups, is_receipt, plain_digits
from casework.roles import Actor, is_division
from casework.scope import visible_complaints
from casework.states import ComplaintAction, ComplaintState
from ml.triage.labels import CLASSES, NATURES

_Copy, _Lead = aliased(Complaint), aliased(Complaint)
_LABELS: Final[dict[ComplaintState, type[ReviewLabel | UrgencyLabel]]] = {
    ComplaintState.TRIAGED: UrgencyLabel,
    ComplaintState.KEY_MATTER: ReviewLabel,
    ComplaintState.NOT_KEY: ReviewLabel,
}
_ACCUSE_NOBODY: Final = ("consultation", "suggestion")
_QUOTED: Final = re.compile(r"[「“\"'『]([^「」“”\"'『』]+)[」”\"'』]")


@dataclass(frozen=True, kw_only=True)
class Review:
    """What the clerk decided.

    official_class: None leaves it as it was decided before, else as the model has it, as far as that fits: a key matter
    is a 检举控告 by definition, and where the model took for one what is none, the class stays unknown.
    office: where a key matter goes; None takes `access.default_office`.
    """

    key: bool
    nature: str
    field: str
    official_class: str | None = None
    office: str | None = None
    comment: str | None = None


def proposed_review(complaint: Complaint) -> Review:
    """The model's proposal as a review that a person may confirm with one key.

    A key matter accuses somebody: where the model reads a question or a suggestion, its nature is an accusation.
    """
    return _proposed(complaint, key=bool(complaint.model_key))


def corrected_review(complaint: Complaint, choice: str) -> Review:
    """The proposal with one thing put right: "key", "not_key", "field:<field id>" or "class:<class>".

    Raises `BadInput` for others.
    """
    what, _, answer = choice.partition(":")
    if what == "field" and answer in FIELDS:
        return replace(proposed_review(complaint), field=answer)
    if what == "class" and answer in CLASSES:
        return replace(_proposed(complaint, key=answer == CLASSES[0]), official_class=answer)
    if choice not in ("key", "not_key"):
        raise BadInput("choice", "请选择：关键事项、非关键事项、一个类别，或一个领域")
    return _proposed(complaint, key=choice == "key")


def _proposed(complaint: Complaint, *, key: bool) -> Review:
    nature = complaint.model_nature if complaint.model_nature in NATURES else "appeal_for_help"
    if key and nature in _ACCUSE_NOBODY:
        nature = "accusation"
    return Review(key=key, nature=nature, field=field_id(complaint.model_field))


def deciding_words(complaint: Complaint) -> list[str]:
    """The words of the model's reasons that occur in the text, longest first, for highlighting."""
    named = {word for reason in complaint.reasons for word in (_QUOTED.findall(reason) or [reason])}
    return sorted((word for word in named if word in complaint.work_text), key=len, reverse=True)


def inbox(
    session: Session,
    actor: Actor,
    *,
    state: ComplaintState | None,
    spam: bool = False,
    added: bool = False,
    page: int,
    size: int,
) -> tuple[Sequence[Complaint], int]:
    """One page of the visible complaints and their number: key matters on top, then what the model doubts.

    What presses, itself or in a copy, stands beside the key matters until it is reviewed. Beside doubts stand messages with
    a keyword of the office, itself or in a copy, those with a copy that may be a key matter, and those of whose village
    and field a warning is at work; of equal ones what presses comes first, then what its sender added to, then those.

    Copies stand behind the first message of their group and are listed only when `state` asks for them. What the model
    takes for spam, with all its copies, is set aside until it is reviewed, unless it holds a keyword, a person found that
    it presses, or its sender added to it: `spam` lists that and nothing else. `added`: what senders added to, decided or not.
    """
    by_sender, holds_keyword = raised_by_sender(actor), _holds_keyword()
    set_aside = and_(
        Complaint.state == ComplaintState.TRIAGED,
        Complaint.spam.is_(True),
        func.coalesce(Complaint.decided_urgency, "") == "",
        ~_has_copy(_Copy.spam.is_(False)),
        ~holds_keyword,
        ~by_sender,
    )
    conditions: list[ColumnElement[bool]] = [visible_complaints(actor), set_aside if spam else ~set_aside]
    conditions.append(Complaint.state != ComplaintState.COPY if state is None else Complaint.state == state)
    if added:
        conditions.append(by_sender)
    raised = raised_by_ledger(actor)
    presses = or_(pressing(Complaint), Complaint.id.in_(_leads_of(copy_presses(_Copy, _Lead))))
    rank = case(
        (Complaint.state.in_([ComplaintState.NOT_KEY, ComplaintState.TRANSFERRED]), 0),
        (Complaint.state.in_([ComplaintState.KEY_MATTER, ComplaintState.IN_TASK]), 3),
        (Complaint.state == ComplaintState.CLOSED, 0),
        (presses, 2),
        (Complaint.abstain.is_(True), 1),
        (Complaint.model_key.is_(True), 2),
        (holds_keyword, 1),
        (_has_copy(doubtful(_Copy)), 1),
        (raised, 1),
        else_=0,
    )
    total = session.scalar(select(func.count()).select_from(Complaint).where(*conditions)) or 0
    rows = session.scalars(
        select(Complaint)
        .where(*conditions)
        .order_by(
            rank.desc(),
            presses.desc(),
            by_sender.desc(),
            raised.desc(),
            Complaint.key_probability.desc(),
            Complaint.id.desc(),
        )
        .offset((page - 1) * size)
        .limit(size)
    ).all()
    return rows, total


def _leads_of(copies: ColumnElement[bool]) -> Select[int]:
    """Leads of the copies that fulfil a condition on `_Copy` and `_Lead`, for a condition that few fulfil."""
    copy = select(ComplaintCopy.lead_id).join(_Copy, _Copy.id == ComplaintCopy.complaint_id)
    return copy.join(_Lead, _Lead.id == ComplaintCopy.lead_id).where(copies)


def _holds_keyword() -> ColumnElement[bool]:
    """A keyword of the office stands in the message or in a copy of it."""
    in_copy = Complaint.id.in_(_leads_of(_Copy.id.in_(select(KeywordHit.complaint_id))))
    return or_(exists().where(KeywordHit.complaint_id == Complaint.id), in_copy)


def _has_copy(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether a copy behind the case fulfils a condition on `_Copy` that most fulfil."""
    of_group = exists().where(
        ComplaintCopy.lead_id == Complaint.id, _Copy.id == ComplaintCopy.complaint_id, condition
    )
    return of_group.correlate(Complaint)


def visible_complaint(session: Session, actor: Actor, complaint_id: int) -> Complaint:
    """The complaint, or `NotVisible`."""
    complaint = session.get(Complaint, complaint_id)
    if complaint is None or not sees_complaint(actor, facts_of(complaint)):
        raise NotVisible
    return complaint


def locked_complaint(session: Session, actor: Actor, complaint_id: int) -> Complaint:
    """The complaint, locked before it is judged whether the actor sees it; or `NotVisible`.

    In one line with deliveries, which place copies behind it by its state, place and office.
    """
    audit.hold(session)
    complaint = locked(session, Complaint, complaint_id)
    if not sees_complaint(actor, facts_of(complaint)):
        raise NotVisible
    return complaint


def visible_by_receipt(session: Session, actor: Actor, typed: str) -> Complaint | None:
    """The complaint with the receipt number that somebody typed; None alike for one that is not theirs to see."""
    receipt = in_groups(plain_digits(typed))
    if not is_receipt(receipt):
        return None
    return session.scalar(select(Complaint).where(Complaint.receipt == receipt, visible_complaints(actor)))


def is_visible(session: Session, actor: Actor, complaint_id: int) -> bool:
    complaint = session.get(Complaint, complaint_id)
    return complaint is not None and sees_complaint(actor, facts_of(complaint))


def decided_now(session: Session, actor: Actor, complaint_id: int | None) -> Complaint | None:
    """A complaint that stands as this person decided, or waits with the urgency that they gave it, if they may see it."""
    complaint = None if complaint_id is None else session.get(Complaint, complaint_id)
    if complaint is None or not sees_complaint(actor, facts_of(complaint)):
        return None
    label = _LABELS.get(complaint.state)
    if label is None:
        return None
    newest = select(label.by).where(label.complaint_id == complaint.id)
    by = session.scalar(newest.order_by(label.id.desc()).limit(1))
    return complaint if by is not None and by == actor.id else None


def facts_of(complaint: Complaint) -> ComplaintFacts:
    return ComplaintFacts(
        division=complaint.division, about=complaint.about, office=complaint.office, state=complaint.state
    )


def review(session: Session, actor: Actor, complaint_id: int, decided: Review, *, at: datetime) -> Complaint:
    """Confirm or correct the model: step the complaint, keep the decision as a label, route a key matter."""
    complaint = locked_complaint(session, actor, complaint_id)
    if decided.nature not in NATURES:
        raise BadInput("nature", f"性质应为：{'、'.join(NATURES.values())}")
    if decided.field not in FIELDS:
        raise BadInput("field", f"领域应为：{'、'.join(FIELDS.values())}")
    official_class = _class(complaint, decided)
    office = _office(complaint, decided) if decided.key else None
    move(
        session,
        complaint,
        ComplaintAction.CONFIRM_KEY if decided.key else ComplaintAction.DECLINE_KEY,
        actor=actor,
        at=at,
        fields={
            "nature": decided.nature,
            "field": decided.field,
            "official_class": official_class,
            "office": office,
            "comment": decided.comment,
        },
    )
    proposal = proposed_review(complaint)
    session.add(
        ReviewLabel(
            complaint_id=complaint.id,
            key=decided.key,
            nature=decided.nature,
            field=decided.field,
            official_class=official_class,
            corrected=(decided.key, decided.nature, decided.field)
            != (proposal.key, proposal.nature, proposal.field)
            or official_class not in (None, CLASSES[0] if proposal.key else complaint.official_class),
            by=actor.id,
            at=at,
        )
    )
    complaint.nature, complaint.field = decided.nature, decided.field
    route(session, complaint, office)
    complaint.decided_class = official_class
    return complaint


def transfer(
    session: Session, actor: Actor, complaint_id: int, *, destination: str, at: datetime
) -> Complaint:
    """Hand a message that is no key matter to the body in charge of it."""
    complaint = locked_complaint(session, actor, complaint_id)
    fields = {"destination": destination}
    move(session, complaint, ComplaintAction.TRANSFER, actor=actor, at=at, fields=fields)
    return complaint


def return_to_clerk(
    session: Session, actor: Actor, complaint_id: int, *, comment: str, at: datetime
) -> Complaint:
    """The office sends a key matter back to review, with the reason."""
    complaint = locked_complaint(session, actor, complaint_id)
    move(session, complaint, ComplaintAction.RETURN, actor=actor, at=at, fields={"comment": comment})
    route(session, complaint, None)
    return complaint


def route(session: Session, complaint: Complaint, office: str | None) -> None:
    """Hand a case, with the copies behind it, to an office; None takes it back."""
    complaint.office = office
    share(session, complaint.id, office=office, about=complaint.about)


def _class(complaint: Complaint, decided: Review) -> str | None:
    """The class of a review, None where nobody knows it. Raises `BadInput` for one that is none or does not fit."""
    named = decided.official_class
    if named is not None and named not in CLASSES:
        raise BadInput("official_class", f"类别应为：{'、'.join(CLASSES)}")
    if decided.key:
        if named not in (None, CLASSES[0]):
            raise BadInput("official_class", f"关键事项的类别是{CLASSES[0]}；{named}请按非关键事项提交")
        return CLASSES[0]
    if named is not None:
        return named
    if complaint.state is ComplaintState.NOT_KEY:
        return complaint.decided_class
    return complaint.official_class if complaint.official_class in CLASSES[1:] else None


def _office(complaint: Complaint, decided: Review) -> str:
    office = decided.office or default_office(complaint.about, received_in=complaint.division)
    if not is_division(office) or not office_may_handle(office, about=complaint.about):
        raise BadInput("office", "承办单位应在被反映单位的上级，不得为其本身或下级")
    return office
