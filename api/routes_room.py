"""Trained models: what serves, challengers and their reports, promotion by two people, rollback by one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from api.context import Db, Svc
from api.room_schemas import (
    ApproveBody,
    ChallengerRow,
    CommentBody,
    KindRow,
    PromotionRow,
    ReportAnswer,
    RequestBody,
    RoomAnswer,
)
from api.security import Requires
from casework import promotions
from casework.access import Permission, works_for_all
from casework.errors import NotVisible
from casework.promotion_models import ModelPromotion
from casework.roles import Actor
from ml.kinds import KINDS

router = APIRouter(prefix="/api/room", tags=["训练的模型"])
Reader = Annotated[Actor, Depends(Requires(Permission.READ_ROOM))]
Requester = Annotated[Actor, Depends(Requires(Permission.REQUEST_PROMOTION))]
Decider = Annotated[Actor, Depends(Requires(Permission.DECIDE_PROMOTION))]
Undoer = Annotated[Actor, Depends(Requires(Permission.ROLL_BACK_MODEL))]


@router.get("", summary="各类模型：现用版本、候选、申请与更换记录")
def read_room(session: Db, svc: Svc, actor: Reader) -> RoomAnswer:
    if not works_for_all(actor, office=svc.registry.office):
        raise NotVisible
    return RoomAnswer(
        kinds=[
            KindRow(
                kind=kind,
                serving=promotions.serving_version(kind, registry=svc.registry),
                challengers=[
                    ChallengerRow.model_validate(one)
                    for one in promotions.challengers(kind, registry=svc.registry)
                ],
                promotions=[_row(one) for one in promotions.promotions_of(session, kind)],
            )
            for kind in KINDS
        ]
    )


@router.get("/{kind}/{version}", summary="一个候选的报告（数字）")
def read_model_report(kind: str, version: str, svc: Svc, actor: Reader) -> ReportAnswer:
    report = promotions.report_of(actor, kind, version, registry=svc.registry)
    return ReportAnswer(kind=kind, version=version, digest=report.digest, figures=dict(report.figures))


@router.post("/{kind}/{version}/request", status_code=201, summary="申请启用一个候选")
def request_promotion(
    *, kind: str, version: str, body: RequestBody, session: Db, svc: Svc, actor: Requester
) -> PromotionRow:
    row = promotions.request(
        session, actor, kind, version, reason=body.reason, registry=svc.registry, at=svc.clock()
    )
    return _row(row)


@router.post("/promotions/{promotion_id}/approve", summary="批准启用（须非申请人）")
def approve_promotion(
    promotion_id: int, body: ApproveBody, session: Db, svc: Svc, actor: Decider
) -> PromotionRow:
    row = promotions.approve(
        session, actor, promotion_id, comment=body.comment, override=body.override, registry=svc.registry,
        at=svc.clock(),
    )  # fmt: skip
    return _row(row)


@router.post("/promotions/{promotion_id}/refuse", summary="不批准，写明原因（须非申请人）")
def refuse_promotion(
    promotion_id: int, body: CommentBody, session: Db, svc: Svc, actor: Decider
) -> PromotionRow:
    row = promotions.refuse(
        session, actor, promotion_id, comment=body.comment, registry=svc.registry, at=svc.clock()
    )
    return _row(row)


@router.post("/promotions/{promotion_id}/withdraw", summary="申请人撤回")
def withdraw_promotion(
    promotion_id: int, body: CommentBody, session: Db, svc: Svc, actor: Requester
) -> PromotionRow:
    row = promotions.withdraw(
        session, actor, promotion_id, comment=body.comment, registry=svc.registry, at=svc.clock()
    )
    return _row(row)


@router.post("/{kind}/rollback", summary="回退到上一个版本：一人即可，留痕")
def roll_back_model(kind: str, body: RequestBody, session: Db, svc: Svc, actor: Undoer) -> PromotionRow:
    row = promotions.roll_back(
        session, actor, kind, reason=body.reason, registry=svc.registry, at=svc.clock()
    )
    return _row(row)


def _row(row: ModelPromotion) -> PromotionRow:
    return PromotionRow.model_validate({name: getattr(row, name) for name in PromotionRow.model_fields})
