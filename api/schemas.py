"""Bodies of requests and answers. The descriptions and examples here are the published interface."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from casework.access import SubjectType, TaskKind
from casework.duplicates import Duplicate
from casework.models import Entity, Origin, Outcome, SelectedBy
from casework.roles import Role
from casework.states import ComplaintState, TaskState, WarningAction, WarningState

NOTE = "分数只是查看的理由，不是结论。"


class _Answer(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Login(_Request):
    login: str = Field(max_length=64, examples=["supervisor"])
    password: str = Field(max_length=256, examples=["a-long-password"])


class Token(_Answer):
    token: str = Field(description="随后以 Authorization: Bearer 提交", examples=["q3f0Yw…"])
    role: Role = Field(examples=["supervisor"])
    division: str = Field(examples=["330102"])


class Me(_Answer):
    name: str = Field(examples=["监督检查人员"])
    role: Role = Field(examples=["supervisor"])
    division: str = Field(description="管辖区划代码", examples=["330102"])


class Reason(_Answer):
    feature: str = Field(examples=["payee_concentration"])
    label: str = Field(examples=["收款方集中度"])
    sentence: str = Field(examples=["收款方集中度 0.62，同类村一般为 0.18"])
    contribution: float = Field(examples=[0.31])


class WatchRow(_Answer):
    entity: Entity = Field(examples=["village"])
    entity_id: str = Field(
        description="村代码、干部的代号、供应商的信用代码，或招标编号", examples=["330102001001"]
    )
    name: str | None = Field(description="供应商名称", examples=[None])
    village_code: str = Field(description="所在村；供应商为本人辖区内往来最多的村", examples=["330102001001"])
    villages: list[str] = Field(
        description="本人辖区内的村；供应商可有多个，往来最多的在前", examples=[["330102001001"]]
    )
    place: str = Field(examples=["石桥村"])
    post: str | None = Field(description="干部职务", examples=["secretary"])
    as_of: date = Field(examples=["2026-10-31"])
    probability: float | None = Field(description="查实概率；标注太少时为空", examples=[0.42])
    probability_low: float | None = Field(
        description="查实概率 95% 区间的下限；没有概率，或分数早于有区间之时，为空", examples=[0.31]
    )
    probability_high: float | None = Field(description="查实概率 95% 区间的上限", examples=[0.55])
    percentile: float = Field(description="在同类中的百分位，0–100", examples=[98.5])
    risk: float = Field(description="排序分，0–1，越高越应先看", examples=[0.91])
    hits: int = Field(description="模型命中数；whole 为假时只数本人可见的", examples=[3])
    whole: bool = Field(
        description="假：另有本人看不到的村或预警，命中和理由只含看得到的部分", examples=[True]
    )
    peers: int = Field(description="同类共有几个；太少时百分位说明不了多少", examples=[42])
    level: str | None = Field(description="在办预警的最高等级", examples=["red"])
    peer_group: str = Field(examples=["平原·中等规模"])
    reasons: list[Reason]
    simulated: bool = Field(description="是否模拟数据", examples=[True])


class WatchlistPage(_Answer):
    note: str = Field(default=NOTE, examples=[NOTE])
    as_of: date | None = Field(examples=["2026-10-31"])
    total: int = Field(examples=[1])
    page: int = Field(examples=[1])
    rows: list[WatchRow]


class LegalBasis(_Answer):
    title: str = Field(examples=["社会救助暂行办法"])
    article: str = Field(examples=["第六十八条"])
    to_be_confirmed: bool = Field(default=False, description="待法律人员核定", examples=[False])


class WarningRow(_Answer):
    id: int = Field(examples=[17])
    finding_id: str = Field(examples=["f3a91c0d2b7e"])
    model_id: str = Field(examples=["assistance_paid_after_death"])
    model_name: str = Field(examples=["死亡后继续发放救助金"])
    field: str = Field(examples=["assistance"])
    subject_type: SubjectType = Field(examples=["person"])
    subject_id: str = Field(examples=["P0a1b2c3d4e5f60718293"])
    village_code: str = Field(examples=["330102001001"])
    level: str = Field(examples=["yellow"])
    reason: str = Field(examples=["死亡 30 天后仍发放 2 笔，共 1,200.00 元"])
    amount_fen: int | None = Field(description="涉及金额，单位分", examples=[120000])
    first_on: date | None = Field(examples=["2026-03-05"])
    last_on: date | None = Field(examples=["2026-04-05"])
    state: WarningState = Field(examples=["open"])
    simulated: bool = Field(examples=[True])


class WarningPage(_Answer):
    total: int = Field(examples=[1])
    page: int = Field(examples=[1])
    rows: list[WarningRow]


class EvidenceRow(_Answer):
    register_id: str = Field(description="登记簿", examples=["subsidy_payment"])
    row_id: str = Field(examples=["subsidy_payment:9f2c4e6a8b0d1f35"])
    role: str = Field(description="proof 证明行，context 背景行", examples=["proof"])
    occurred_on: date | None = Field(examples=["2026-03-05"])
    amount_fen: int | None = Field(examples=[60000])
    key: dict[str, Any] = Field(examples=[{"programme_id": "DB"}])
    source_file: str = Field(examples=["救助发放2026.xlsx"])
    source_row: int = Field(examples=[118])


class EventRow(_Answer):
    action: str = Field(examples=["open_task"])
    previous: str | None = Field(examples=["open"])
    new: str = Field(examples=["in_task"])
    role: str = Field(examples=["supervisor"])
    at: datetime = Field(examples=["2026-11-22T01:30:00Z"])
    fields: dict[str, Any] = Field(examples=[{}])


class WarningDetail(WarningRow):
    measures: dict[str, Any] = Field(examples=[{"payments": 2}])
    legal_basis: list[LegalBasis]
    guide: dict[str, Any] = Field(examples=[{"check": ["核对死亡证明与户籍注销日期"]}])
    evidence: list[EvidenceRow]
    history: list[EventRow]


class AlikeRow(_Answer):
    warning: WarningRow
    similarity: float = Field(description="0–1，越高越像", examples=[0.83])
    shared: list[str] = Field(description="与样本的共同之处", examples=[["同一乡镇", "等级相同"]])


class AlikeAnswer(_Answer):
    note: str = Field(default=NOTE, examples=[NOTE])
    rows: list[AlikeRow]


class ScoreDetail(_Answer):
    note: str = Field(default=NOTE, examples=[NOTE])
    score: WatchRow
    warnings: list[WarningRow]
    evidence: list[EvidenceRow]


class WarningActionBody(_Request):
    action: WarningAction = Field(examples=["propose_set_aside"])
    comment: str | None = Field(default=None, max_length=2000, examples=["死亡登记日期有误，待民政更正"])


class NewTask(_Request):
    assignee_id: int = Field(examples=[3])
    kind: TaskKind = Field(default=TaskKind.VERIFICATION, examples=["verification"])
    working_days: int = Field(default=15, ge=1, le=250, description="办理期限（工作日）", examples=[15])
    selected_by: Literal[SelectedBy.SCORE, SelectedBy.SAME_PROBLEM, SelectedBy.CAMPAIGN] = Field(
        default=SelectedBy.SCORE, description="为何查看；随机抽查只由每周计划产生", examples=["score"]
    )


class NewComplaint(_Request):
    channel: str = Field(pattern=r"^[a-z0-9_]{1,32}$", examples=["web"])
    message_id: str = Field(min_length=1, max_length=128, examples=["web-20261122-0001"])
    text: str = Field(
        min_length=1, max_length=20_000, examples=["反映村里低保名单里有村干部亲戚，家里有车有房。"]
    )
    sender: str | None = Field(
        default=None, max_length=200, description="联系方式，封存", examples=["13800000000"]
    )
    about: str | None = Field(
        default=None,
        description="被反映的村或单位区划代码；正文写到其上级机关或负责人的，以上级为准",
        examples=["330102001001"],
    )


class Receipt(_Answer):
    receipt: str = Field(description="回执号，可电话念读，末位为校验位", examples=["2026-4821-3957"])
    code: str = Field(description="查询码：凭回执号和它查询进展，请一并告知反映人", examples=["482139"])
    duplicate: bool = Field(description="此消息以前已收到", examples=[False])


class TriageAnswer(_Answer):
    key_probability: float | None = Field(examples=[0.93])
    key: bool | None = Field(examples=[True])
    abstain: bool | None = Field(description="模型没有把握，须人工判断", examples=[False])
    nature: str | None = Field(examples=["accusation"])
    field: str | None = Field(examples=["assistance"])
    topic: str | None = Field(examples=["社会救助"])
    official_class: str | None = Field(
        description="检举控告、申诉、批评建议或业务范围外", examples=["检举控告"]
    )
    urgency: list[str] = Field(
        description="threat_to_life、retaliation、group_event、money_moving", examples=[["retaliation"]]
    )
    no_substance: bool = Field(description="疑似无实质内容", examples=[False])
    spam: bool = Field(description="疑似垃圾信息，搁置待看，不删除", examples=[False])
    reasons: list[str] = Field(description="起决定作用的词", examples=[["低保", "亲戚"]])
    model: str | None = Field(examples=["base-1"])


class ComplaintRow(_Answer):
    id: int = Field(examples=[5])
    receipt: str = Field(examples=["2026-4821-3957"])
    channel: str = Field(examples=["sms"])
    received_at: datetime = Field(examples=["2026-11-22T01:30:00Z"])
    about: str | None = Field(examples=["330102001001"])
    state: ComplaintState = Field(examples=["triaged"])
    text: str = Field(description="工作用文本，已隐去反映人信息", examples=["反映村里低保名单……"])
    copies: int = Field(description="同批来信的件数（不含本件），并入本件办理", examples=[12])
    duplicate: Duplicate = Field(
        description="repeat 重复件（同一联系方式就同一件事再次反映）、copy 与较早来信相同（他人所写或不知何人）、none",
        examples=["repeat"],
    )
    earlier: int | None = Field(description="重复件的前一件；copy 的首件；无或您无权看为空", examples=[3])
    repeats: int = Field(description="同批来信（含本件）中的重复件数", examples=[2])
    senders: int = Field(description="同批来信（含本件）中已知的不同联系方式数", examples=[5])
    copies_urgency: list[str] = Field(
        description="同批来信中紧急的情形（人工判定的，否则模型认为的），代码同 triage.urgency；无则为空",
        examples=[["retaliation"]],
    )
    keywords: list[str] = Field(description="命中的本机关关键词", examples=[["低保"]])
    copies_keywords: list[str] = Field(
        description="同批来信命中、而本件没有的本机关关键词；无则为空", examples=[["小舅子"]]
    )
    copies_doubted: bool = Field(
        description="模型不认为本件是关键事项，但同批来信中有它认为可能是的", examples=[False]
    )
    nature: str | None = Field(description="人工审核结果", examples=["accusation"])
    field: str | None = Field(description="人工审核结果", examples=["assistance"])
    official_class: str | None = Field(
        description="人工审核结果：检举控告、申诉、批评建议或业务范围外；未定为空", examples=["检举控告"]
    )
    urgency: list[str] | None = Field(
        description="人工判定的紧急情形，代码同 triage.urgency；判为不紧急是空列表，未判定为空值",
        examples=[["group_event"]],
    )
    office: str | None = Field(description="承办单位区划", examples=["330102001"])
    triage: TriageAnswer
    simulated: bool = Field(examples=[True])


class ComplaintPage(_Answer):
    total: int = Field(examples=[1])
    page: int = Field(examples=[1])
    rows: list[ComplaintRow]


class ComplaintDetail(ComplaintRow):
    history: list[EventRow]


class TransferBody(_Request):
    destination: str = Field(min_length=1, max_length=128, examples=["县民政局"])


class CommentBody(_Request):
    comment: str = Field(min_length=1, max_length=2000, examples=["请补充调取银行流水"])


class ApproveBody(_Request):
    comment: str | None = Field(default=None, max_length=2000, examples=["同意办结"])
    outcome: Outcome | None = Field(
        default=None, description="两人核查结果不一致时的认定结果，须写理由", examples=["not_substantiated"]
    )


class ReassignBody(_Request):
    assignee_id: int = Field(examples=[4])


class ReportBody(_Request):
    outcome: Outcome = Field(examples=["irregular_rectified"])
    note: str = Field(min_length=1, max_length=10_000, examples=["已核对，两笔款项已退回，附凭证。"])
    amount_fen: int | None = Field(default=None, ge=0, description="挽回金额，单位分", examples=[120000])


class TaskRow(_Answer):
    id: int = Field(examples=[9])
    kind: TaskKind = Field(examples=["data_check"])
    origin: Origin = Field(examples=["warning"])
    title: str = Field(examples=["死亡后继续发放救助金"])
    about: str | None = Field(examples=["330102001001"])
    assignee_id: int = Field(examples=[3])
    due_on: date = Field(examples=["2026-12-11"])
    due_provisional: bool = Field(description="期限跨入尚未公布放假安排的年份", examples=[False])
    state: TaskState = Field(examples=["assigned"])
    outcome: Outcome | None = Field(examples=[None])


class TaskPage(_Answer):
    total: int = Field(examples=[1])
    page: int = Field(examples=[1])
    rows: list[TaskRow]


class TaskDetail(TaskRow):
    guide: dict[str, Any] = Field(examples=[{"check": ["核对死亡证明与户籍注销日期"]}])
    note: str | None = Field(examples=[None])
    amount_fen: int | None = Field(examples=[None])
    history: list[EventRow]


class ModelRow(_Answer):
    id: str = Field(examples=["assistance_paid_after_death"])
    version: int = Field(examples=[1])
    name: str = Field(examples=["死亡后继续发放救助金"])
    field: str = Field(examples=["assistance"])
    what: str = Field(examples=["死亡登记满宽限期后，该人名下仍有救助金发放。"])
    why: str = Field(examples=["可能存在冒领、虚报，或经办人未及时停发。"])


class BundleRow(_Answer):
    kind: str = Field(examples=["risk_village"])
    version: str | None = Field(description="在用版本；空为尚未启用", examples=["20261031-1"])


class ModelsAnswer(_Answer):
    supervision: list[ModelRow]
    bundles: list[BundleRow]
    triage: str = Field(description="分拣模型版本", examples=["base-1"])


class AccountRow(_Answer):
    id: int = Field(examples=[2])
    login: str = Field(examples=["supervisor"])
    name: str = Field(examples=["监督检查人员"])
    role: Role = Field(examples=["supervisor"])
    division: str = Field(examples=["330102"])
    active: bool = Field(examples=[True])


class AccountsAnswer(_Answer):
    rows: list[AccountRow]


class AuditRow(_Answer):
    id: int = Field(examples=[1201])
    at: datetime = Field(examples=["2026-11-22T01:30:00Z"])
    user_id: int | None = Field(examples=[2])
    role: str | None = Field(examples=["supervisor"])
    action: str = Field(examples=["look"])
    target: str = Field(examples=["/api/warnings/17"])
    detail: dict[str, Any] = Field(examples=[{"permission": "read_warning"}])
    batch_id: int | None = Field(description="封存批次；空为尚未封存", examples=[6])


class AuditPage(_Answer):
    total: int = Field(examples=[1])
    page: int = Field(examples=[1])
    rows: list[AuditRow]


class ChainFault(_Answer):
    batch: int | None = Field(examples=[6])
    problem: str = Field(examples=["内容与封存时不一致"])


class ChainAnswer(_Answer):
    intact: bool = Field(examples=[True])
    head: str = Field(description="链头，请每日抄存到系统之外", examples=["9b1d…"])
    faults: list[ChainFault]


class Health(_Answer):
    status: str = Field(examples=["ok"])
