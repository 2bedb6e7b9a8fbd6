"""What a task tells its assignee to check, taken from the supervision model that raised the warning."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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


PLAN_LINES: Final = 8
"""Lines of the guide of a case of the weekly plan: the same number for all, so that nothing shows who was suspected."""
MOST_SPECIFIC: Final = 4
_USUAL: Final = (
    "核对近一年收支凭证与银行流水，抽查大额支出",
    "核对补贴、救助发放名单与实际领取人",
    "查看在建、完工项目的合同、变更、付款和验收",
    "查看资产、土地出租合同与租金到账情况",
    "核对用工名单、天数与本人确认",
    "查看采购比价、验收和入库记录",
    "核对用印登记与所盖文件",
    "查看公开内容与会议记录，听取三户以上村民意见",
)


def plan_guide(models: Iterable[Model]) -> Json:
    """The guide of a case of the weekly plan. It depends on the village alone, never on how the case was chosen.

    models: those with warnings at work in the village, the gravest first; their first check takes the place of a
    usual one.
    """
    specific = list(dict.fromkeys(model.guide.check[0] for model in models if model.guide.check))
    specific = specific[:MOST_SPECIFIC]
    check = sorted([*_USUAL[: PLAN_LINES - len(specific)], *specific])
    return {
        "check": check,
        "evidence": ["凭证与流水复印件", "谈话或询问记录", "实地查看照片", "核查情况说明"],
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
