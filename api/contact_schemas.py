"""Bodies of requests and answers about sealed contacts of senders."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field


class _Body(BaseModel):
    model_config = ConfigDict(from_attributes=True, extra="forbid")


class ContactRequestRow(_Body):
    id: int = Field(examples=[5])
    complaint_id: int = Field(examples=[12])
    receipt: str = Field(description="回执号", examples=["2026-4821-3957"])
    state: str = Field(
        description="requested 待批准，granted 已批准，refused 未批准，withdrawn 已撤回，lapsed 已到期",
        examples=["requested"],
    )
    reason: str = Field(description="为什么要联系反映人", examples=["需要向反映人核实发放日期"])
    requested_by: int = Field(examples=[2])
    requested_at: datetime = Field(examples=["2026-11-22T01:30:00Z"])
    decided_by: int | None = Field(examples=[7])
    decided_at: datetime | None = Field(examples=["2026-11-22T02:30:00Z"])
    comment: str | None = Field(description="批准意见，或不批准的原因", examples=["同意"])
    opened_until: datetime | None = Field(description="可查看至", examples=["2026-11-23T02:30:00Z"])
    actions: list[str] = Field(description="您现在可以做的", examples=[["approve", "refuse"]])


class ContactRequestsAnswer(_Body):
    rows: list[ContactRequestRow]


class AskedAnswer(_Body):
    request: ContactRequestRow
    who_decides: str = Field(description="由谁批准", examples=["由本单位另一位监督检查人员或领导批准。"])


class ContactAnswer(_Body):
    contact: str | None = Field(description="反映人的联系方式；没有留下时为空", examples=["13800000000"])
    opened_until: datetime = Field(examples=["2026-11-23T02:30:00Z"])


class ReasonBody(_Body):
    reason: str = Field(min_length=1, max_length=2000, examples=["需要向反映人核实发放日期"])


class ApproveContactBody(_Body):
    comment: str = Field(default="", max_length=2000, examples=["同意"])


class RefuseContactBody(_Body):
    comment: str = Field(min_length=1, max_length=2000, examples=["可先通过回执号提问"])
