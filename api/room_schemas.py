"""Bodies of requests and answers about trained models: what serves, what asks to, and their reports."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from casework.states import PromotionState

_REASON = "新模型在同样的案件上更好"


class _Body(BaseModel):
    model_config = ConfigDict(from_attributes=True, extra="forbid")


class ChallengerRow(_Body):
    version: str = Field(examples=["4"])
    as_of: str = Field(description="训练数据截至", examples=["2026-10-31"])
    reported_on: str = Field(description="报告日期", examples=["2026-11-01"])
    simulated: bool = Field(description="模拟数据", examples=[False])
    in_the_way: list[str] = Field(description="没有通过的门槛", examples=[["数据新"]])


class PromotionRow(_Body):
    id: int = Field(examples=[3])
    kind: str = Field(examples=["risk_village"])
    model_version: str = Field(examples=["4"])
    state: PromotionState = Field(examples=["requested"])
    reason: str = Field(examples=[_REASON])
    requested_by: int = Field(examples=[6])
    requested_at: datetime = Field(examples=["2026-11-22T01:30:00Z"])
    decided_by: int | None = Field(description="批准或不批准的人；回退时为空", examples=[4])
    decided_at: datetime | None = Field(examples=["2026-11-22T02:30:00Z"])
    comment: str | None = Field(examples=["同意"])
    override: str | None = Field(description="门槛没有全部通过而启用的理由", examples=[None])
    previous: str | None = Field(description="回退时退到的版本", examples=["3"])
    rollback_of: int | None = Field(description="被回退的记录", examples=[None])


class KindRow(_Body):
    kind: str = Field(examples=["risk_village"])
    serving: str | None = Field(description="现用版本", examples=["3"])
    challengers: list[ChallengerRow]
    promotions: list[PromotionRow]


class RoomAnswer(_Body):
    kinds: list[KindRow]


class ReportAnswer(_Body):
    kind: str = Field(examples=["risk_village"])
    version: str = Field(examples=["4"])
    digest: str = Field(description="报告内容的 SHA-256", examples=["0" * 64])
    figures: dict[str, Any] = Field(
        description="与报告页面相同的全部数字", examples=[{"data": {"rows": 300}}]
    )


class RequestBody(_Body):
    reason: str = Field(min_length=1, max_length=2000, examples=[_REASON])


class ApproveBody(_Body):
    comment: str = Field(min_length=1, max_length=2000, examples=["看过报告，同意"])
    override: str = Field(
        default="", max_length=2000, description="有门槛没有通过时，为什么仍然启用", examples=[""]
    )


class CommentBody(_Body):
    comment: str = Field(min_length=1, max_length=2000, examples=["核查结果还太少"])
