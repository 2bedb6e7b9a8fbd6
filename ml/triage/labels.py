"""The answers that triage gives, with the words for people. Ids are those of the labelling guideline."""

from __future__ import annotations

from typing import Final

NATURES: Final = {
    "accusation": "检举控告",
    "appeal_for_help": "求决",
    "consultation": "咨询",
    "suggestion": "建议",
}
FIELDS: Final = {
    "collective_funds": "集体资金账目",
    "assets_resources": "集体资产资源",
    "village_projects": "村级工程与基础设施",
    "procurement_tender": "采购与招投标",
    "labour": "劳务用工与工资",
    "assistance": "困难救助",
    "agri_subsidy": "惠农惠民补贴",
    "land_requisition": "征地拆迁补偿",
    "medical": "医疗医保",
    "education": "教育",
    "law_enforcement": "行政执法与司法",
    "official_conduct": "公职人员作风与廉洁",
    "election_governance": "村居选举与村务公开",
    "other": "其他",
}
CLASSES: Final = ("检举控告", "申诉", "批评建议", "业务范围外")
"""The official classes; a key matter is a 检举控告 by definition."""
URGENCIES: Final = {
    "threat_to_life": "危及人身安全",
    "retaliation": "打击报复",
    "group_event": "群体事件",
    "money_moving": "资金即将转移",
}
"""What presses: life in danger, harm because of reporting, a gathering, money about to move."""
TOPICS: Final = (
    "城乡建设",
    "环境保护",
    "交通运输",
    "教育文体",
    "劳动和社会保障",
    "商贸旅游",
    "卫生计生",
)
"""The seven topics of the message board; a topic says which department a message outside our scope belongs to."""
