"""Models that counties write: drafts, their trials, publication by a second person, adoption above."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from sqlalchemy.orm import Session

from api.context import Db, Services, Svc
from api.draft_schemas import (
    DecisionBody,
    DraftDetail,
    DraftPage,
    DraftRow,
    NewDraft,
    SubmitBody,
    TrialBody,
)
from api.security import Requires
from api.views import events
from casework import drafts
from casework.access import Permission
from casework.drafts import Desk
from casework.models import ModelDraft
from casework.roles import Actor
from casework.states import DraftState
from supervision.published import shipped_ids

router = APIRouter(prefix="/api/drafts", tags=["自建模型"])
Reader = Annotated[Actor, Depends(Requires(Permission.READ_MODELS))]
Writer = Annotated[Actor, Depends(Requires(Permission.WRITE_DRAFT))]
Decider = Annotated[Actor, Depends(Requires(Permission.DECIDE_DRAFT))]
Adopter = Annotated[Actor, Depends(Requires(Permission.ADOPT_DRAFT))]


@router.get("", summary="自建模型列表：新的在前")
def read_drafts(
    session: Db,
    actor: Reader,
    state: DraftState | None = None,
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
    size: Annotated[int, Query(ge=1, le=200)] = 50,
) -> DraftPage:
    found, total = drafts.drafts_page(session, actor, state=state, page=page, size=size)
    return DraftPage(total=total, page=page, rows=[DraftRow.model_validate(draft) for draft in found])


@router.post("", status_code=201, summary="保存草稿：须能加载，自带用例全部成立")
def create_draft(body: NewDraft, session: Db, svc: Svc, actor: Writer) -> DraftDetail:
    draft = drafts.create(session, actor, body.content, desk=desk_of(svc), at=svc.clock())
    return _detail(session, draft)


@router.get("/{draft_id}", summary="一份自建模型：全文、试运行结果、过程")
def read_draft(draft_id: int, session: Db, actor: Reader) -> DraftDetail:
    return _detail(session, drafts.visible_draft(session, actor, draft_id))


@router.put("/{draft_id}/trial", summary="存入这份草稿的试运行结果")
def record_trial(draft_id: int, body: TrialBody, session: Db, svc: Svc, actor: Writer) -> DraftDetail:
    trial = body.model_dump(mode="json")
    return _detail(session, drafts.record_trial(session, actor, draft_id, trial, at=svc.clock()))


@router.post("/{draft_id}/submit", summary="提交审核：写明理由，须已有试运行结果")
def submit_draft(draft_id: int, body: SubmitBody, session: Db, svc: Svc, actor: Writer) -> DraftDetail:
    return _detail(session, drafts.submit(session, actor, draft_id, reason=body.reason, at=svc.clock()))


@router.post("/{draft_id}/withdraw", summary="作者撤回尚未生效的草稿")
def withdraw_draft(draft_id: int, body: DecisionBody, session: Db, svc: Svc, actor: Writer) -> DraftDetail:
    draft = drafts.withdraw(session, actor, draft_id, comment=body.comment, at=svc.clock())
    return _detail(session, draft)


@router.post("/{draft_id}/publish", summary="在本区划发布（须非作者）")
def publish_draft(draft_id: int, body: DecisionBody, session: Db, svc: Svc, actor: Decider) -> DraftDetail:
    draft = drafts.publish(session, actor, draft_id, comment=body.comment, desk=desk_of(svc), at=svc.clock())
    return _detail(session, draft)


@router.post("/{draft_id}/reject", summary="退回不发布（须非作者）")
def reject_draft(draft_id: int, body: DecisionBody, session: Db, svc: Svc, actor: Decider) -> DraftDetail:
    return _detail(session, drafts.reject(session, actor, draft_id, comment=body.comment, at=svc.clock()))


@router.post("/{draft_id}/adopt", summary="上级市、省采用下级已发布的模型")
def adopt_draft(draft_id: int, body: DecisionBody, session: Db, svc: Svc, actor: Adopter) -> DraftDetail:
    draft = drafts.adopt(session, actor, draft_id, comment=body.comment, home=svc.home, at=svc.clock())
    return _detail(session, draft)


@router.post("/{draft_id}/retire", summary="停用生效中的模型")
def retire_draft(draft_id: int, body: DecisionBody, session: Db, svc: Svc, actor: Adopter) -> DraftDetail:
    draft = drafts.retire(session, actor, draft_id, comment=body.comment, home=svc.home, at=svc.clock())
    return _detail(session, draft)


def desk_of(svc: Services) -> Desk:
    return Desk(home=svc.home, taken=shipped_ids())


def _detail(session: Session, draft: ModelDraft) -> DraftDetail:
    row = DraftRow.model_validate(draft).model_dump()
    return DraftDetail.model_validate(
        {**row, "content": draft.content, "trial": draft.trial, "history": events(session, draft)}
    )
