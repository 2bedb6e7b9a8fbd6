"""How a sender is reached lies sealed with the complaint; it takes two people to see it, and for a limited time.

One who handles the complaint asks, with the reason. Another, of the same office or one above and never of the line that
the complaint speaks of, approves or declines. Only the one who asked then sees the contact, until the time is up; every
step and every look is in the audit log. Nobody sees the original of the text this way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import and_, case, or_, select
from sqlalchemy.orm import Session

from casework import audit
from casework.access import Permission, may_decide_contact, require
from casework.accounts import actor_of
from casework.complaints import locked_complaint, visible_complaint
from casework.contact_models import ContactRequest
from casework.errors import BadInput, MissingField, NotVisible, OfficeNotAllowed
from casework.events import locked, move, record, record_start
from casework.models import Complaint, Place, User
from casework.roles import CITY, COUNTY, PROVINCE, ROLE_NAMES, TOWN, VILLAGE, Actor, Role
from casework.scope import decidable_contacts
from casework.sealing import Sealer, sender_of
from casework.states import CONTACT_TRANSITIONS, ContactAction, ContactState, actions_from, step

OPEN_FOR: Final = timedelta(hours=24)
"""How long the one who asked may look, from the approval on."""
ASKED_FOR: Final = timedelta(days=7)
"""A request that nobody decided on by then lapses."""
LAPSED: Final = "lapsed"
MOST_LISTED: Final = 100
LONGEST: Final = 2_000
_ABOVE: Final = {VILLAGE: TOWN, TOWN: COUNTY, COUNTY: CITY, CITY: PROVINCE}
_DECIDERS: Final = (Role.SUPERVISOR, Role.LEADER)


@dataclass(frozen=True)
class Listed:
    """A request as one person sees it. stands: a `ContactState`, or `LAPSED`. actions: what this person may do now."""

    request: ContactRequest
    receipt: str
    about: str | None
    stands: str
    own: bool
    may_look: bool
    actions: frozenset[ContactAction]


@dataclass(frozen=True)
class Contact:
    """text: how the sender is reached; empty where nothing was left. until: when it closes again."""

    text: str
    until: datetime


def ask(session: Session, actor: Actor, complaint_id: int, *, reason: str, at: datetime) -> ContactRequest:
    """Ask to see how the sender of a complaint in sight is reached.

    Raises `OfficeNotAllowed`, with whom to turn to, where there is nobody who could approve.
    """
    require(actor, Permission.ASK_CONTACT)
    complaint = locked_complaint(session, actor, complaint_id)
    if not reason.strip():
        raise MissingField(["reason"])
    _check_length(reason)
    for row in _of_complaint(session, actor, complaint_id):
        if stands(row, at) in (ContactState.REQUESTED, ContactState.GRANTED):
            raise BadInput("complaint", "这一件您已经申请过，正在等待批准或仍在可查看的时间内")
    if not _deciders(session, actor, complaint):
        raise OfficeNotAllowed(_nobody(session, actor))
    row = ContactRequest(
        complaint_id=complaint.id,
        division=actor.division,
        reason=reason.strip(),
        requested_by=_id(actor),
        requested_at=at,
        state=ContactState.REQUESTED,
    )
    session.add(row)
    record_start(session, row, actor=actor, at=at)
    return row


def approve(session: Session, actor: Actor, request_id: int, *, comment: str, at: datetime) -> ContactRequest:
    """Another person opens the contact to the one who asked, for `OPEN_FOR` from now."""
    row = _decided(session, actor, request_id, ContactAction.APPROVE, comment=comment, at=at)
    row.opened_until = at + OPEN_FOR
    return row


def refuse(session: Session, actor: Actor, request_id: int, *, comment: str, at: datetime) -> ContactRequest:
    """Another person declines, or takes back what was approved, with the reason."""
    return _decided(session, actor, request_id, ContactAction.REFUSE, comment=comment, at=at)


def withdraw(session: Session, actor: Actor, request_id: int, *, at: datetime) -> ContactRequest:
    """The one who asked takes the request back, or gives up what was approved."""
    require(actor, Permission.ASK_CONTACT)
    row = _visible(session, actor, request_id)
    if row.requested_by != actor.id:
        raise OfficeNotAllowed("只有申请人本人可以撤回")
    move(session, row, ContactAction.WITHDRAW, actor=actor, at=at)
    return row


def look(session: Session, actor: Actor, request_id: int, *, sealer: Sealer, at: datetime) -> Contact:
    """How the sender is reached, for the one who asked while it is open.

    Every call is a row of the audit log. Raises `NotVisible` for everybody else and when the complaint is no longer theirs
    to see, `BadInput` when it was not approved or the time is up, `SealBroken` where the seal does not open.
    """
    require(actor, Permission.ASK_CONTACT)
    row = _visible(session, actor, request_id)
    if row.requested_by != actor.id:
        raise NotVisible
    complaint = visible_complaint(session, actor, row.complaint_id)
    if stands(row, at) != ContactState.GRANTED or row.opened_until is None:
        raise BadInput("request", "还没有批准，或可查看的时间已过；如仍需要，请重新申请")
    audit.record(
        session,
        at=at,
        actor=actor,
        action="open_contact",
        target=f"complaint/{complaint.id}",
        detail={"request": row.id, "approved_by": row.decided_by},
    )
    return Contact(sender_of(sealer.open(complaint.sealed, bound_to=complaint.receipt)), row.opened_until)


def listed(session: Session, actor: Actor, *, at: datetime) -> list[Listed]:
    """Own requests and those that this person may decide on; what waits for this person first, then the newest."""
    require(actor, Permission.READ_CONTACT_REQUESTS)
    waits = and_(ContactRequest.state == ContactState.REQUESTED, ContactRequest.requested_at > at - ASKED_FOR)
    is_open = and_(ContactRequest.state == ContactState.GRANTED, ContactRequest.opened_until > at)
    rows = session.execute(
        select(ContactRequest, Complaint.receipt, Complaint.about)
        .join(Complaint, Complaint.id == ContactRequest.complaint_id)
        .where(or_(ContactRequest.requested_by == actor.id, decidable_contacts(actor)))
        .order_by(case((or_(waits, is_open), 0), else_=1), ContactRequest.id.desc())
        .limit(MOST_LISTED)
    ).all()
    found = [_listed(actor, row, receipt=receipt, about=about, at=at) for row, receipt, about in rows]
    return sorted(found, key=lambda one: ContactAction.APPROVE not in one.actions)


def one(session: Session, actor: Actor, request_id: int, *, at: datetime) -> Listed:
    """One request for the one who asked or may decide; else `NotVisible`."""
    row = _visible(session, actor, request_id)
    complaint = session.get_one(Complaint, row.complaint_id)
    return _listed(actor, row, receipt=complaint.receipt, about=complaint.about, at=at)


def of_complaint(session: Session, actor: Actor, complaint: Complaint, *, at: datetime) -> list[Listed]:
    """This person's own requests on one complaint, newest first."""
    return [
        _listed(actor, row, receipt=complaint.receipt, about=complaint.about, at=at)
        for row in _of_complaint(session, actor, complaint.id)
    ]


def who_decides(session: Session, actor: Actor, complaint: Complaint) -> str:
    """A sentence for the one who asks: who can approve, or whom to turn to where nobody can."""
    found = _deciders(session, actor, complaint)
    if not found:
        return _nobody(session, actor)
    nearest = max(len(user.division) for user in found)
    offices = {user.division for user in found if len(user.division) == nearest}
    roles = "或".join(ROLE_NAMES[role] for role in _DECIDERS if any(
        user.role is role and user.division in offices for user in found
    ))  # fmt: skip
    if actor.division in offices:
        return f"由本单位另一位{roles}批准。"
    place = "、".join(_called(session, office) for office in sorted(offices))
    return f"本单位没有可以批准的第二人，由上级批准：{place}的{roles}。"


def stands(row: ContactRequest, at: datetime) -> str:
    """The state of a request at a moment: as stored, or `LAPSED` once its time is up."""
    if row.state is ContactState.REQUESTED and at >= row.requested_at + ASKED_FOR:
        return LAPSED
    if row.state is ContactState.GRANTED and (row.opened_until is None or at >= row.opened_until):
        return LAPSED
    return row.state


def _decided(
    session: Session, actor: Actor, request_id: int, action: ContactAction, *, comment: str, at: datetime
) -> ContactRequest:
    require(actor, Permission.DECIDE_CONTACT)
    _check_length(comment)
    row = _visible(session, actor, request_id)
    change = step(
        CONTACT_TRANSITIONS, row.state, action, actor=actor, at=at,
        fields={"comment": comment.strip() or None}, earlier_actor=row.requested_by,
    )  # fmt: skip
    if stands(row, at) == LAPSED and row.state is ContactState.GRANTED:
        raise BadInput("request", "批准的查看时间已过，不用收回")
    if stands(row, at) == LAPSED:
        raise BadInput(
            "request", f"申请已超过 {ASKED_FOR.days} 天没有办理，已到期；如仍需要，请申请人重新申请"
        )
    if not _may_decide(session, actor, row):
        raise NotVisible
    record(session, row, change)
    row.decided_by, row.decided_at, row.comment = _id(actor), at, comment.strip() or None
    return row


def _visible(session: Session, actor: Actor, request_id: int) -> ContactRequest:
    """The request, locked, for the one who asked and those who may decide; else `NotVisible`."""
    row = locked(session, ContactRequest, request_id)
    if row.requested_by != actor.id and not _may_decide(session, actor, row):
        raise NotVisible
    return row


def _may_decide(session: Session, actor: Actor, row: ContactRequest) -> bool:
    about = session.get_one(Complaint, row.complaint_id).about
    return may_decide_contact(actor, asked_in=row.division, about=about)


def _listed(actor: Actor, row: ContactRequest, *, receipt: str, about: str | None, at: datetime) -> Listed:
    own, now = row.requested_by == actor.id, stands(row, at)
    offered = actions_from(CONTACT_TRANSITIONS, row.state, role=actor.role) if now != LAPSED else ()
    actions = frozenset(action for action in offered if own is (action is ContactAction.WITHDRAW))
    return Listed(row, receipt, about, now, own, own and now == ContactState.GRANTED, actions)


def _of_complaint(session: Session, actor: Actor, complaint_id: int) -> Sequence[ContactRequest]:
    query = select(ContactRequest).where(
        ContactRequest.complaint_id == complaint_id, ContactRequest.requested_by == actor.id
    )
    return session.scalars(query.order_by(ContactRequest.id.desc())).all()


def _deciders(session: Session, actor: Actor, complaint: Complaint) -> list[User]:
    """Active accounts that could approve a request of this person."""
    offices = [actor.division[:length] for length in (*_ABOVE, PROVINCE) if length <= len(actor.division)]
    users = session.scalars(
        select(User).where(
            User.active, User.role.in_(_DECIDERS), User.division.in_(offices), User.id != actor.id
        )
    )
    return [
        user
        for user in users
        if may_decide_contact(actor_of(user), asked_in=actor.division, about=complaint.about)
    ]


def _nobody(session: Session, actor: Actor) -> str:
    above = _ABOVE.get(len(actor.division))
    roles = "或".join(ROLE_NAMES[role] for role in _DECIDERS)
    if above is None:
        return f"本单位没有可以批准的第二人。请联系安全管理员，在本单位开通另一个{roles}账号，由其批准。"
    place = _called(session, actor.division[:above])
    return f"本单位没有可以批准的第二人，应由上级（{place}）的{roles}批准，但上级还没有这样的账号。请联系安全管理员开通后再申请。"


def _called(session: Session, division: str) -> str:
    place = session.get(Place, division)
    return f"{place.name} {division}" if place else division


def _check_length(text: str) -> None:
    if len(text) > LONGEST:
        raise BadInput("comment", f"不超过 {LONGEST} 字")


def _id(actor: Actor) -> int:
    if actor.id is None:
        raise NotVisible
    return actor.id
