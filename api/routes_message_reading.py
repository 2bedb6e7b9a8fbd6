"""What a message says and what of it the registers know; which place it is about, as the clerk confirms."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from api.context import Db, Svc
from api.reading_views import ReadingAnswer, reading_answer
from api.schemas import ComplaintDetail
from api.security import Requires
from api.views import complaint_detail
from casework.access import Permission
from casework.complaints import visible_complaint
from casework.message_reading import confirm_place, understand
from casework.roles import Actor

router = APIRouter(prefix="/api/complaints", tags=["群众反映"])


class PlaceBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    about: str = Field(
        description="所涉村（社区、乡镇）的区划代码，或辖区内唯一的名称",
        examples=["330102001001"],
        max_length=64,
    )


@router.get("/{complaint_id}/reading", summary="文中要点，以及与登记簿的对应")
def read_reading(
    complaint_id: int,
    session: Db,
    svc: Svc,
    actor: Annotated[Actor, Depends(Requires(Permission.READ_COMPLAINT))],
) -> ReadingAnswer:
    complaint = visible_complaint(session, actor, complaint_id)
    understood = understand(session, actor, complaint, home=svc.home, vault=svc.vault, at=svc.clock())
    return reading_answer(session, understood)


@router.post("/{complaint_id}/place", summary="确认或更正所涉地点")
def place_complaint(
    complaint_id: int,
    body: PlaceBody,
    session: Db,
    svc: Svc,
    actor: Annotated[Actor, Depends(Requires(Permission.REVIEW_COMPLAINT))],
) -> ComplaintDetail:
    placed = confirm_place(session, actor, complaint_id, about=body.about, at=svc.clock())
    return complaint_detail(session, actor, placed)
