"""Server-rendered pages: one template environment, filters that turn values into words for people."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from fastapi import Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates
from markupsafe import Markup, escape

from casework.complaints import FIELDS, NATURES
from casework.roles import ROLE_NAMES
from casework.working_days import CHINA

WORDS: Final[Mapping[str, str]] = {
    "red": "红色", "yellow": "黄色", "blue": "蓝色",
    "received": "已收", "triaged": "待审核", "not_key": "非关键事项", "transferred": "已转办",
    "key_matter": "关键事项", "in_task": "核查中", "closed": "已办结",
    "open": "待处理", "set_aside_proposed": "拟暂存", "set_aside": "暂存待查",
    "assigned": "待接收", "checking": "核查中", "reported": "待审核",
    "data_check": "数据核对", "verification": "核查",
    "substantiated": "属实", "irregular_rectified": "有不规范，已整改", "not_substantiated": "不属实",
    "data_error": "数据错误", "cannot_determine": "无法认定",
    "create": "登记", "triage": "自动分拣", "confirm_key": "确认关键事项", "decline_key": "判为非关键事项",
    "transfer": "转办", "return": "退回", "open_task": "派发任务", "close": "办结", "accept": "接收",
    "report": "报告结果", "approve": "审核通过", "reassign": "改派", "propose_set_aside": "提出暂存",
    "approve_set_aside": "同意暂存", "refuse_set_aside": "不同意暂存", "reopen": "重新处理",
    "secretary": "书记", "director": "主任", "deputy": "副职", "member": "委员", "accountant": "会计",
    "cashier": "出纳", "supervisor": "监督人员", "group_leader": "组长", "town_staff": "乡镇干部",
    "sms": "短信", "web": "网页", "phone": "电话", "visit": "来访",
    **NATURES, **FIELDS,
}  # fmt: skip

_FOLDER: Final = Path(__file__).parent
_templates = Jinja2Templates(directory=_FOLDER / "templates")


def words(value: object) -> str:
    """The Chinese word for an id; what has none stays as it is."""
    return WORDS.get(str(value), str(value)) if value is not None else "—"


def money(fen: int | None) -> str:
    """Fen as yuan with thousands separators."""
    return "—" if fen is None else f"{fen / 100:,.2f} 元"


def moment(at: datetime | date | None) -> str:
    """A moment in China's time, to the minute; a day as it is."""
    if isinstance(at, datetime):
        return at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
    return at.isoformat() if at else "—"


def share(value: float | None) -> str:
    """A share of one as a percentage."""
    return "—" if value is None else f"{value:.0%}"


def highlight(text: str, found: Sequence[str]) -> Markup:
    """The text with the words that decided marked; everything is escaped."""
    if not found:
        return escape(text)
    pattern = re.compile("|".join(re.escape(word) for word in found))
    parts: list[Markup] = []
    end = 0
    for match in pattern.finditer(text):
        parts += [escape(text[end : match.start()]), Markup("<mark>{}</mark>").format(match.group())]
        end = match.end()
    return Markup("").join([*parts, escape(text[end:])])


_templates.env.filters.update(words=words, money=money, moment=moment, share=share, highlight=highlight)
_templates.env.globals["role_names"] = {role.value: name for role, name in ROLE_NAMES.items()}


def render(request: Request, template: str, values: Mapping[str, Any], *, status: int = 200) -> HTMLResponse:
    """A page; who is signed in and the session's token come from the request."""
    signed_in: dict[str, Any] = {
        "actor": getattr(request.state, "actor", None),
        "csrf": getattr(request.state, "csrf", ""),
        "may": getattr(request.state, "may", frozenset()),
        "simulated": getattr(request.state, "simulated", False),
    }
    return _templates.TemplateResponse(request, template, {**signed_in, **values}, status_code=status)
