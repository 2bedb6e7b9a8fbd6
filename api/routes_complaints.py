"""Complaints: intake, triage result, review, and the webhook of the SMS gateway."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy.orm import Session

from api import sms
from api.context import Db, Services, Svc
from api.inbox_schemas import LedgerAnswer, ReviewBody, UrgencyBody
from api.problems import BadSignature, ChannelClosed
from api.schemas import (
    CommentBody,
    ComplaintDetail,
    ComplaintPage,
    NewComplaint,
    NewTask,
    Receipt,
    TaskDetail,
    TransferBody,
    TriageAnswer,
)
from api.security import Requires, open_to_all
from api.sms_schemas import RejectedSms, SentUpSms, SmsAnswer
from api.views import complaint_detail, complaint_rows, task_detail, triage_answer
from casework import audit, complaints, tasks
from casework.access import Permission
from casework.errors import BadInput, MissingField
from casework.follow_ups import query_code
from casework.intake import Accepted, Message, receive
from casework.ledger_meeting import meeting
from casework.models import Complaint
from casework.roles import Actor
from casework.states import ComplaintState
from casework.upward import NoWayUp, behind_mark, send_up_once
from casework.urgency import decide_urgency

router = APIRouter(prefix="/api/complaints", tags=["群众反映"])
webhooks = APIRouter(prefix="/webhooks", tags=["群众反映"])
SMS: Final = "sms"
NUMBER_IN_USE: Final = "消息编号已用于另一条内容或号码不同的反映，没有保存；请换编号重发"
EMPTY_BEHIND_MARK: Final = "“上级”后面没有内容，没有保存；请把内容写在同一条短信里"


@router.post("", status_code=201, summary="登记一件反映，返回回执号")
def submit_complaint(
    body: NewComplaint,
    session: Db,
    svc: Svc,
    actor: Annotated[Actor, Depends(Requires(Permission.SUBMIT_COMPLAINT))],
) -> Receipt:
    message = Message(**body.model_dump(), division=actor.division, received_at=svc.clock())
    (accepted,) = take_in(session, svc, [message])
    if accepted.differs:
        raise BadInput("message_id", NUMBER_IN_USE)
    return receipt_answer(svc, accepted)


@router.get("", summary="收件箱：关键事项在前")
def read_inbox(
    *,
    session: Db,
    actor: Annotated[Actor, Depends(Requires(Permission.READ_COMPLAINT))],
    state: ComplaintState | None = None,
    spam: Annotated[bool, Query(description="只列模型认为是垃圾信息、尚未审核的；其余情形不列这些")] = False,
    added: Annotated[bool, Query(description="只列反映人有新补充的，不论办到哪一步")] = False,
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
    size: Annotated[int, Query(ge=1, le=200)] = 50,
) -> ComplaintPage:
    found, total = complaints.inbox(session, actor, state=state, spam=spam, added=added, page=page, size=size)
    return ComplaintPage(total=total, page=page, rows=complaint_rows(session, actor, found))


@router.get("/{complaint_id}", summary="一件反映：工作用文本、分拣结果、过程")
def read_complaint(
    complaint_id: int,
    session: Db,
    actor: Annotated[Actor, Depends(Requires(Permission.READ_COMPLAINT))],
) -> ComplaintDetail:
    return complaint_detail(session, actor, complaints.visible_complaint(session, actor, complaint_id))


@router.get("/{complaint_id}/triage", summary="自动分拣结果与起决定作用的词")
def read_triage(
    complaint_id: int,
    session: Db,
    actor: Annotated[Actor, Depends(Requires(Permission.READ_COMPLAINT))],
) -> TriageAnswer:
    return triage_answer(complaints.visible_complaint(session, actor, complaint_id))


@router.get("/{complaint_id}/ledger", summary="反映与登记数据对照：疑点、缺数据或未见")
def read_ledger(
    complaint_id: int,
    session: Db,
    svc: Svc,
    actor: Annotated[Actor, Depends(Requires(Permission.READ_COMPLAINT))],
) -> LedgerAnswer:
    complaint = complaints.visible_complaint(session, actor, complaint_id)
    found = meeting(session, actor, complaint, home=svc.home)
    return LedgerAnswer.model_validate(found) if found else LedgerAnswer(answer="not_linked")


@router.post("/{complaint_id}/review", summary="审核：确认或更正自动分拣")
def review_complaint(
    complaint_id: int,
    body: ReviewBody,
    session: Db,
    svc: Svc,
    actor: Annotated[Actor, Depends(Requires(Permission.REVIEW_COMPLAINT))],
) -> ComplaintDetail:
    complaint = complaints.visible_complaint(session, actor, complaint_id)
    decided = decided_review(body, complaint)
    return complaint_detail(
        session, actor, complaints.review(session, actor, complaint_id, decided, at=svc.clock())
    )


@router.post("/{complaint_id}/urgency", summary="判定是否紧急，收件箱随即重新排序")
def set_urgency(
    complaint_id: int,
    body: UrgencyBody,
    session: Db,
    svc: Svc,
    actor: Annotated[Actor, Depends(Requires(Permission.REVIEW_COMPLAINT))],
) -> ComplaintDetail:
    decided = decide_urgency(session, actor, complaint_id, body.urgency, at=svc.clock())
    return complaint_detail(session, actor, decided)


@router.post("/{complaint_id}/transfer", summary="转办非关键事项")
def transfer_complaint(
    complaint_id: int,
    body: TransferBody,
    session: Db,
    svc: Svc,
    actor: Annotated[Actor, Depends(Requires(Permission.REVIEW_COMPLAINT))],
) -> ComplaintDetail:
    moved = complaints.transfer(session, actor, complaint_id, destination=body.destination, at=svc.clock())
    return complaint_detail(session, actor, moved)


@router.post("/{complaint_id}/return", summary="承办单位退回重新审核")
def return_complaint(
    complaint_id: int,
    body: CommentBody,
    session: Db,
    svc: Svc,
    actor: Annotated[Actor, Depends(Requires(Permission.ACT_COMPLAINT))],
) -> ComplaintDetail:
    back = complaints.return_to_clerk(session, actor, complaint_id, comment=body.comment, at=svc.clock())
    return complaint_detail(session, actor, back)


@router.post("/{complaint_id}/tasks", status_code=201, summary="由关键事项派发核查任务")
def open_task_on_complaint(
    complaint_id: int,
    body: NewTask,
    session: Db,
    svc: Svc,
    actor: Annotated[Actor, Depends(Requires(Permission.ACT_COMPLAINT))],
) -> TaskDetail:
    given = tasks.Assignment(**body.model_dump())
    task = tasks.open_from_complaint(session, actor, complaint_id, given, at=svc.clock())
    return task_detail(session, actor, task)


async def raw_body(request: Request) -> bytes:
    """The bytes as signed; read up to the limit of a delivery and no further."""
    received = bytearray()
    async for chunk in request.stream():
        received += chunk
        if len(received) > sms.MOST_BYTES:
            raise BadInput("body", "一次投递过大，请分批")
    return bytes(received)


@webhooks.post(
    "/sms",
    dependencies=[Depends(open_to_all)],
    summary="短信网关投递（上行短信）",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"type": "array", "items": {"type": "object"}},
                    "example": [
                        {
                            "mobile": "13800000000",
                            "content": "反映石桥村低保名单不公开",
                            "msgid": "20261122093000123",
                            "time": "2026-11-22 09:30:00",
                        }
                    ],
                }
            },
        }
    },
)
def receive_sms(
    request: Request, session: Db, svc: Svc, body: Annotated[bytes, Depends(raw_body)]
) -> SmsAnswer:
    """X-Timestamp 为 Unix 秒；X-Signature 为以共享密钥对 `X-Timestamp + "." + 请求体` 的 HMAC-SHA256（十六进制）。

    同一 msgid 重复投递只登记一次，返回同一回执号。也接受表单字段（mobile、content、msgid、time）。
    以“上级：”或“转上级：”开头的不登记，加密送上级机关，列在 sent_up。
    """
    _check_signature(request, svc, body)
    taken, rejected = sms.parse_delivery(body, content_type=request.headers.get("content-type", ""))
    plain = [one for one in taken if behind_mark(one.content) is None]
    messages = [
        Message(
            channel=SMS,
            message_id=one.message_id,
            text=one.content,
            sender=one.mobile or None,
            division=svc.intake.division,
            received_at=one.sent_at or svc.clock(),
        )
        for one in plain
    ]
    answers = list(zip(plain, take_in(session, svc, messages), strict=True))
    in_use = [sms.Rejected(one.index, NUMBER_IN_USE) for one, accepted in answers if accepted.differs]
    sent_up, not_sent = _pass_marked_up(session, svc, taken)
    refused = [RejectedSms.model_validate(refusal) for refusal in [*rejected, *in_use, *not_sent]]
    return SmsAnswer(
        receipts=[receipt_answer(svc, accepted) for _, accepted in answers if not accepted.differs],
        sent_up=sent_up,
        rejected=sorted(refused, key=lambda refusal: refusal.index),
    )


def _pass_marked_up(
    session: Session, svc: Services, taken: list[sms.Sms]
) -> tuple[list[SentUpSms], list[sms.Rejected]]:
    """Seal for the level above what begins with the agreed word; what cannot go up is told and not stored."""
    sent: list[SentUpSms] = []
    refused: list[sms.Rejected] = []
    marked = [one for one in taken if behind_mark(one.content) is not None]
    if marked:
        audit.hold(session)
    for one in marked:
        if not (behind_mark(one.content) or "").strip():
            refused.append(sms.Rejected(one.index, EMPTY_BEHIND_MARK))
            continue
        report = f"{one.mobile}\n\n{one.content}"  # as a call: contact, place, text
        sent_at = one.sent_at.isoformat() if one.sent_at else ""  # a counter may begin anew every day
        delivery = (svc.intake.division, SMS, one.message_id, sent_at)
        try:
            digest, duplicate = send_up_once(session, svc.home, report, delivery=delivery, at=svc.clock())
        except NoWayUp as error:
            refused.append(sms.Rejected(one.index, str(error)))
        else:
            sent.append(SentUpSms(index=one.index, digest=digest, duplicate=duplicate))
    return sent, refused


def receipt_answer(svc: Services, accepted: Accepted) -> Receipt:
    """What a channel tells the sender."""
    code = query_code(svc.home, accepted.receipt)
    return Receipt(receipt=accepted.receipt, code=code, duplicate=accepted.redelivered)


def take_in(session: Session, svc: Services, messages: list[Message]) -> list[Accepted]:
    """Receive messages with the application's own sealer and the triage model that serves now."""
    triage = svc.intake.triage()
    return receive(
        session,
        messages,
        sealer=svc.sealer,
        triage=triage.model,
        triage_version=triage.version,
        at=svc.clock(),
    )


def decided_review(body: ReviewBody, complaint: Complaint) -> complaints.Review:
    """The review that a body stands for: the model's proposal, or what the clerk put in its place."""
    proposal = complaints.proposed_review(complaint)
    if body.confirm:
        return replace(proposal, office=body.office, comment=body.comment)
    if body.key is None or not body.nature or not body.field:
        raise MissingField([name for name in ("key", "nature", "field") if getattr(body, name) in (None, "")])
    return complaints.Review(
        key=body.key,
        nature=body.nature,
        field=body.field,
        official_class=body.official_class or None,
        office=body.office,
        comment=body.comment,
    )


def _check_signature(request: Request, svc: Services, body: bytes) -> None:
    secret = svc.intake.sms_secret
    if secret is None:
        raise ChannelClosed
    signed = sms.is_signed(
        secret,
        timestamp=request.headers.get("X-Timestamp", ""),
        body=body,
        signature=request.headers.get("X-Signature", ""),
        now=svc.clock(),
    )
    if not signed:
        raise BadSignature
