"""What a task tells its assignee to check, taken from the supervision model that raised the warning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from casework.access import TaskKind
from casework.models import Json
from supervision.catalogue import Model

Models = Mapping[str, Model]

COMPLAINT_GUIDE: Final[Json] = {
    "what": "群众反映的关键事项，须先核实再定性。",
    "check": [
        "对照反映内容列出可核实的人、事、时间、金额",
        "调取相关账目、凭证、公示和会议记录",
        "分别向知情人了解，不透露反映人和反映内容",
    ],
    "evidence": ["调取材料清单", "谈话记录", "核实情况说明"],
    "clears_if": ["账实相符且程序齐全", "反映事项不存在或与被反映人无关"],
    "innocent_reasons": [],
}


def guide_for(model: Model | None, *, kind: TaskKind) -> Json:
    """The guide as it is kept with a task. A data check gets what to compare, without why it is suspected.

    model: None when a warning's model has left the catalogue; the task then says to check the listed rows.
    """
    if model is None:
        return {
            "what": "",
            "check": ["核对所列登记行与原始凭证是否一致"],
            "evidence": ["原始凭证"],
            "clears_if": [],
        }
    guide: Json = {"check": list(model.guide.check), "evidence": list(model.guide.evidence)}
    if kind is TaskKind.VERIFICATION:
        guide |= {
            "what": model.what,
            "clears_if": list(model.guide.clears_if),
            "innocent_reasons": list(model.innocent_reasons),
        }
    return guide
