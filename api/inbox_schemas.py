"""Bodies of the clerk's decisions on a complaint, and of answers about a complaint beside the ledger."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from api.schemas import WarningRow, _Answer, _Request

Urgency = Literal["threat_to_life", "retaliation", "group_event", "money_moving"]


class NotComputable(_Answer):
    model_id: str = Field(examples=["subsistence_car_or_houses"])
    name: str = Field(examples=["有车有房仍领低保"])
    reason: str = Field(examples=["缺登记表：车辆"])


class LedgerAnswer(_Answer):
    """登记数据对同村同领域的回答；`answer` 为 hits（有疑点）、missing（数据不全）、nothing（已查未见），未关联时为 not_linked。"""

    answer: str = Field(examples=["hits"])
    village: str | None = Field(default=None, examples=["330102001001"])
    field: str | None = Field(default=None, examples=["assistance"])
    as_of: date | None = Field(default=None, description="运行截至日", examples=["2026-10-31"])
    hits: list[WarningRow] = Field(default=[], description="您可以打开的疑点")
    hidden: int = Field(default=0, description="计入优先、但您无权打开的疑点数", examples=[0])
    not_computable: list[NotComputable] = Field(default=[], description="因数据缺失无法计算的模型")
    clear: int = Field(default=0, description="无疑点的模型数", examples=[3])
    not_applicable: int = Field(default=0, examples=[1])


class ReviewBody(_Request):
    """`confirm` 为真时采用模型建议；否则须给出 key、nature、field。"""

    confirm: bool = Field(default=False, examples=[False])
    key: bool | None = Field(default=None, examples=[True])
    nature: str | None = Field(default=None, examples=["accusation"])
    field: str | None = Field(default=None, examples=["assistance"])
    official_class: str | None = Field(
        default=None,
        description="类别：检举控告、申诉、批评建议或业务范围外；关键事项只能是检举控告；空则依模型，模型的不合则为未定",
        examples=["申诉"],
    )
    office: str | None = Field(
        default=None, description="承办单位；空则为被反映单位的上一级", examples=["330102001"]
    )
    comment: str | None = Field(default=None, max_length=2000, examples=["涉及优亲厚友"])


class UrgencyBody(_Request):
    urgency: list[Urgency] = Field(
        description="紧急情形：危及人身安全、打击报复、群体事件、资金即将转移；空列表为不紧急",
        examples=[["group_event"]],
    )
