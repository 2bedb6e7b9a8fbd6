"""Bodies of the question before a payment and of its answer."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

NOTE = "结论只提示先核实再支付，不是对任何人的认定；由人核实后决定。"
_PAYMENT = {
    "programme_id": "DB01",
    "person_key": "11010519491231002X",
    "village_code": "330102001001",
    "period": "2026-11",
    "pay_date": "2026-11-20",
    "amount_fen": 60000,
}


class PaymentQuestion(BaseModel):
    model_config = ConfigDict(extra="forbid")

    in_register: Literal["subsidy_payment", "labour_day", "ledger_entry"] = Field(
        alias="register", description="支付将记入哪张登记表", examples=["subsidy_payment"]
    )
    columns: dict[str, str | int | float | bool | None] = Field(
        description="按登记表英文列名填写；人员列写身份证号，金额列写整数（分）；身份证号、账号只换成代号使用，不保存",
        max_length=40,
        examples=[_PAYMENT],
    )
    as_of: date | None = Field(
        default=None, description="核查日期，默认支付日期与索引日期中较晚者", examples=["2026-11-20"]
    )


class CitedLaw(BaseModel):
    title: str = Field(examples=["社会救助法"])
    article: str = Field(examples=["第四十六条"])
    to_be_confirmed: bool = Field(description="待法律人员核定", examples=[False])


class PaymentFinding(BaseModel):
    model_id: str = Field(examples=["assistance_paid_after_death"])
    model_name: str = Field(examples=["死亡后继续发放救助金"])
    level: Literal["red", "yellow", "blue"] = Field(examples=["red"])
    reason: str = Field(examples=["死亡登记满 30 天后仍发放 3 个月 3 笔，共 1,800.00 元"])
    law: list[CitedLaw]
    check: list[str] = Field(description="怎么核实", examples=[["核对死亡证明与户籍注销日期"]])
    clears_if: list[str] = Field(description="哪些情形可以排除", examples=[["死亡日期登记有误并已更正"]])


class SilentModel(BaseModel):
    model_id: str = Field(examples=["labour_rate_above_peers"])
    model_name: str = Field(examples=["工价明显高于同乡镇"])
    why: str = Field(examples=["要同全乡镇的数据比较"])


class PaymentAnswer(BaseModel):
    note: str = Field(default=NOTE, examples=[NOTE])
    answer: Literal["yes", "look", "stop"] = Field(
        description="yes 未见疑点；look 先看一看（黄、蓝色疑点，或没有一个模型算得出）；stop 先停下核实（红色疑点）",
        examples=["stop"],
    )
    as_of: date = Field(description="核查日期", examples=["2026-11-20"])
    data_as_of: date = Field(description="登记表数据截至", examples=["2026-11-20"])
    recorded: bool = Field(description="登记表里已有同一笔", examples=[False])
    simulated: bool = Field(description="是否模拟数据", examples=[True])
    checked: int = Field(description="算出了结果的模型数", examples=[13])
    findings: list[PaymentFinding]
    unknown: list[SilentModel] = Field(description="本村算不出的模型")
    unchecked: list[SilentModel] = Field(description="支付前不核查的模型，支付后由定期运行核查")
