"""Bodies of answers about a complaint beside the ledger and its group."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from api.schemas import WarningRow, _Answer


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
