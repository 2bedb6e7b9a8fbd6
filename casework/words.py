"""The Chinese words for the ids of casework: levels, states, actions, outcomes, posts, channels, fields of a form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ml.triage.labels import URGENCIES

WORDS: Final[Mapping[str, str]] = {
    "red": "红色", "yellow": "黄色", "blue": "蓝色",
    "received": "已收", "triaged": "待审核", "not_key": "非关键事项", "transferred": "已转办",
    "key_matter": "关键事项", "in_task": "核查中", "closed": "已办结",
    "copy": "同批来信", "join": "并入同批", "split": "移出同批", "merge": "并为一件", "lead": "首件",
    "open": "待处理", "set_aside_proposed": "拟暂存", "set_aside": "暂存待查",
    "assigned": "待接收", "checking": "核查中", "reported": "待审核",
    "data_check": "数据核对", "verification": "核查",
    "substantiated": "属实", "irregular_rectified": "有不规范，已整改", "not_substantiated": "不属实",
    "data_error": "数据错误", "cannot_determine": "无法认定",
    "create": "登记", "triage": "自动分拣", "locate": "确认所涉地点", "set_urgency": "判定是否紧急", "confirm_key": "确认关键事项", "decline_key": "判为非关键事项",
    "transfer": "转办", "return": "退回", "open_task": "派发任务", "close": "办结", "accept": "接收",
    "report": "报告结果", "approve": "审核通过", "reassign": "改派", "propose_set_aside": "提出暂存",
    "approve_set_aside": "同意暂存", "refuse_set_aside": "不同意暂存", "reopen": "重新处理",
    "draft": "草稿", "submitted": "待审", "published": "已发布", "adopted": "上级已采用", "rejected": "未通过",
    "withdrawn": "已撤回", "record_trial": "记录试运行", "submit": "提交", "publish": "发布", "reject": "退回不发布",
    "adopt": "采用", "withdraw": "撤回", "retire": "停用", "supersede": "由新版本替代",
    "proposed": "待确认", "confirmed": "已确认", "add_case": "加入", "remove_case": "剔除", "confirm": "确认计划",
    "asked": "待第二人核查", "read": "第二人已核查", "settled": "已认定", "ask_other": "改由他人核查",
    "read_blind": "报告第二人核查结果", "agree": "两人一致", "settle": "认定结果",
    "requested": "待批准", "granted": "已批准，可查看", "lapsed": "已到期", "serving": "使用中", "refused": "未批准", "ended": "已被替换", "rolled_back": "已回退",
    "refuse": "不批准", "replace": "由另一版替换", "roll_back": "回退", "override": "破例理由",
    "secretary": "书记", "director": "主任", "deputy": "副职", "member": "委员", "accountant": "会计",
    "cashier": "出纳", "supervisor": "监督人员", "group_leader": "组长", "town_staff": "乡镇干部",
    "negated": "否认", "quoted": "引述", "ironical": "反话", "hearsay": "听说", "uncertain": "存疑", "asserted": "直陈",
    "sms": "短信", "web": "网页", "phone": "电话", "visit": "来访", "hotline": "热线",
    "about": "所涉地点", "urgency": "紧急情形", "official_class": "类别", "nature": "性质", "field": "领域", "office": "承办单位", "comment": "意见或理由", "destination": "转往单位",
    "reason": "理由", "trial": "试运行结果", "outcome": "结果", "note": "核查情况", "assignee": "承办人", "key": "是否关键事项",
    "second_reader": "第二人",
    "repeat": "重复件",
    **URGENCIES,
}  # fmt: skip


def probability_words(probability: float | None, low: float | None, high: float | None) -> str:
    """A probability with its band, as `12%（5%–23%）`; without the band where none was stored; — where unknown."""
    if probability is None:
        return "—"
    band = "" if low is None or high is None else f"（{_percent(low)}–{_percent(high)}）"
    return f"{_percent(probability)}{band}"


def _percent(share: float) -> str:
    """A whole percentage that never claims certainty by rounding."""
    if share < 0.005:
        return "不到 1%"
    return "99% 以上" if share >= 0.995 else f"{share:.0%}"


def word(value: str) -> str:
    """The Chinese word for an id; what has none stays as it is."""
    return WORDS.get(value, value)
