"""A message as read and linked, for the page and the API: nothing that the reader may not see."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import date
from typing import Final

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from api.rendering import money, words
from casework.message_reading import Proposal, Understood
from casework.watchlist import place_names
from ml.extraction.modality import Modality
from ml.extraction.spans import Kind, Money, Period, Span

KIND_NAMES: Final = {
    Kind.AMOUNT: "金额",
    Kind.DATE: "时间",
    Kind.PLACE: "地点",
    Kind.VILLAGE: "村（社区、组）",
    Kind.PERSON: "人名",
    Kind.POST: "职务",
    Kind.UNIT: "单位",
    Kind.PROGRAMME: "补贴和项目",
    Kind.PHONE: "电话",
    Kind.ACCOUNT: "账号",
    Kind.IDENTIFIER: "证件号",
}


class _Answer(BaseModel):
    model_config = ConfigDict(from_attributes=True, extra="forbid")


class SpanRow(_Answer):
    kind: str = Field(description="类别", examples=["金额"])
    text: str = Field(description="原文用语", examples=["三万多元"])
    meaning: str | None = Field(description="换算后的含义", examples=["30,000.00 元以上"])
    confidence: float = Field(description="规则的可靠程度，0 到 1", examples=[0.95])


class ProposalRow(_Answer):
    what: str = Field(examples=["干部"])
    label: str = Field(examples=["干部 Pa0000…，党支部书记（2021-03-01 至今）"])
    stretch: str = Field(description="原文用语", examples=["村支书"])
    tier: str = Field(description="A、B、C；C 级仅供人工核对，不作为依据", examples=["B"])
    why: str = Field(examples=["村、职务和任期相符，未写姓名"])
    accused: bool = Field(description="是否为被反映人", examples=[True])


class VillageRow(_Answer):
    code: str = Field(examples=["330102001001"])
    name: str = Field(examples=["石桥村"])


class ReadingAnswer(_Answer):
    villages: list[VillageRow] = Field(description="所涉村（社区）")
    first_on: date | None = Field(description="所述时间的起始", examples=["2018-03-01"])
    last_on: date | None = Field(description="所述时间的结束", examples=["2018-05-31"])
    accused: str | None = Field(description="被反映人（单位），由规则推断，须人工确认", examples=["村支书"])
    told: list[str] = Field(description="所述问题的表达方式", examples=[["克扣：听说"]])
    spans: list[SpanRow] = Field(description="文中要点")
    proposals: list[ProposalRow] = Field(description="与登记簿的对应（A、B 级）")
    hints: list[ProposalRow] = Field(description="仅供核对的对应（C 级）")


def reading_answer(session: Session, understood: Understood) -> ReadingAnswer:
    """The answer on one message. The stretch by which the sender names himself is left out."""
    reading, text = understood.reading, understood.text
    names = place_names(session, list(understood.villages))
    period = reading.period
    accused = reading.accused
    return ReadingAnswer(
        villages=[VillageRow(code=code, name=names.get(code, code)) for code in understood.villages],
        first_on=period.first if period else None,
        last_on=period.last if period else None,
        accused=text[accused.start : accused.end] if accused else None,
        told=list(_told(understood)),
        spans=[_span_row(text, span) for span in reading.spans if not _of_sender(span, reading.sender)],
        proposals=[_proposal_row(row) for row in understood.proposals],
        hints=[_proposal_row(row) for row in understood.hints],
    )


def _of_sender(span: Span, sender: Span | None) -> bool:
    return sender is not None and span.kind == Kind.PERSON and sender.start <= span.start < sender.end


def _told(understood: Understood) -> Iterable[str]:
    rows = [
        f"{understood.text[deed.start : deed.end]}：{words(deed.modality)}"
        for deed in understood.reading.misdeeds
        if deed.modality != Modality.ASSERTED
    ]
    return dict.fromkeys(rows)


def _span_row(text: str, span: Span) -> SpanRow:
    return SpanRow(
        kind=KIND_NAMES[span.kind],
        text=text[span.start : span.end],
        meaning=_meaning(span),
        confidence=span.confidence,
    )


def _meaning(span: Span) -> str | None:
    if isinstance(span.value, Period):
        first, last = span.value.first, span.value.last
        return str(first) if first == last else f"{first} 至 {last}"
    if isinstance(span.value, Money):
        return _money(span.value)
    return None


def _money(value: Money) -> str:
    if value.least is None:
        amount = "数额不确定"
    elif value.most is None:
        amount = f"{money(value.least)}以上"
    else:
        amount = (
            money(value.least) if value.least == value.most else f"{money(value.least)}至 {money(value.most)}"
        )
    return f"{amount}（每{value.per}）" if value.per else amount


def _proposal_row(proposal: Proposal) -> ProposalRow:
    return ProposalRow(**asdict(proposal))
