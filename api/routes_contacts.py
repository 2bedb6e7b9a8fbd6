"""Sealed contacts of senders: asked for by one person, opened by another, for a limited time."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from api.contact_schemas import (
    ApproveContactBody,
    AskedAnswer,
    ContactAnswer,
    ContactRequestRow,
    ContactRequestsAnswer,
    ReasonBody,
    RefuseContactBody,
)
from api.context import Db, Svc
from api.security import Requires
from casework import contacts
from casework.access import Permission
from casework.complaints import visible_complaint
from casework.contacts import Listed
from casework.roles import Actor

router = APIRouter(prefix="/api/contacts", tags=["反映人联系方式"])
Reader = Annotated[Actor, Depends(Requires(Permission.READ_CONTACT_REQUESTS))]
Asker = Annotated[Actor, Depends(Requires(Permission.ASK_CONTACT))]
Decider = Annotated[Actor, Depends(Requires(Permission.DECIDE_CONTACT))]


@router.get("", summary="自己的申请，以及可以批准的申请")
def read_contact_requests(session: Db, svc: Svc, actor: Reader) -> ContactRequestsAnswer:
    return ContactRequestsAnswer(rows=[_row(one) for one in contacts.listed(session, actor, at=svc.clock())])


@router.post("/complaints/{complaint_id}", status_code=201, summary="申请查看一件反映的联系方式")
def ask_contact(complaint_id: int, body: ReasonBody, session: Db, svc: Svc, actor: Asker) -> AskedAnswer:
    at = svc.clock()
    contacts.ask(session, actor, complaint_id, reason=body.reason, at=at)
    complaint = visible_complaint(session, actor, complaint_id)
    return AskedAnswer(
        request=_row(contacts.of_complaint(session, actor, complaint, at=at)[0]),
        who_decides=contacts.who_decides(session, actor, complaint),
    )


@router.post("/{request_id}/approve", summary="批准（须非申请人）：申请人此后 24 小时内可以查看")
def approve_contact(
    request_id: int, body: ApproveContactBody, session: Db, svc: Svc, actor: Decider
) -> ContactRequestRow:
    contacts.approve(session, actor, request_id, comment=body.comment, at=svc.clock())
    return _one(session, svc, actor, request_id)


@router.post("/{request_id}/refuse", summary="不批准，或收回已批准的，写明原因（须非申请人）")
def refuse_contact(
    request_id: int, body: RefuseContactBody, session: Db, svc: Svc, actor: Decider
) -> ContactRequestRow:
    contacts.refuse(session, actor, request_id, comment=body.comment, at=svc.clock())
    return _one(session, svc, actor, request_id)


@router.post("/{request_id}/withdraw", summary="申请人撤回申请，或提前结束查看")
def withdraw_contact(request_id: int, session: Db, svc: Svc, actor: Asker) -> ContactRequestRow:
    contacts.withdraw(session, actor, request_id, at=svc.clock())
    return _one(session, svc, actor, request_id)


@router.post("/{request_id}/look", summary="查看联系方式：限申请人，限批准后 24 小时内，每次留痕")
def look_at_contact(request_id: int, session: Db, svc: Svc, actor: Asker) -> ContactAnswer:
    found = contacts.look(session, actor, request_id, sealer=svc.sealer, at=svc.clock())
    return ContactAnswer(contact=found.text or None, opened_until=found.until)


def _one(session: Db, svc: Svc, actor: Actor, request_id: int) -> ContactRequestRow:
    return _row(contacts.one(session, actor, request_id, at=svc.clock()))


def _row(one: Listed) -> ContactRequestRow:
    given = {"receipt": one.receipt, "state": one.stands, "actions": sorted(one.actions)}
    names = ContactRequestRow.model_fields.keys() - given.keys()
    return ContactRequestRow.model_validate({name: getattr(one.request, name) for name in names} | given)
