"""Endings of the names of places and what is none of them."""

from __future__ import annotations

import re
from typing import Final

from ml.triage import mask_terms as terms

ABOVE_VILLAGE: Final = r"自治[区州县]|地区|街道(?!办)|高新区|开发区|新区|[省市县区镇乡州](?![长委民府级场容公])|市区"
VILLAGE: Final = r"(?:行政|自然)村|社区|大队|村(?!长|委|支书|干部?|里|部|组|上|民|官|霸|医|镇|庄|卫|小学|两委|集体|支部|党|内|容|规|道|主任|书记|会计|人|口|级|落|民?小组)|村(?=民|组|两委|委|支书|干部|主任|书记|会计|党|支部|人|小学|卫|集体|里)|屯|寨"
GROUP: Final = r"(?:村民)?[小]?组(?!长|织|成|建|装|合|团|件|民|员|阁|里|内|上|集体)|(?:村民)?组(?=长|民|员|里|内)|[坝湾冲垅塝](?=组)"
SPOT: Final = (
    "大道|小区|公寓|花园|家园|山庄|大厦|广场|佳苑|名都|名城|新城|水库|煤矿|景区|机场|工业园|产业园|园区|步行街|商业街|商贸城|商业乐园|互通|高速"
    "|[路街巷弄苑里](?![面人上边过线灯口段程障费子途头径基局])"
)
_STOP: Final = re.compile(
    rf"[^\u4e00-\u9fff]|[{terms.NEVER_IN_A_PLACE}{terms.SELDOM_IN_A_PLACE}]|{terms.ROLES_AND_VERBS}"
    r"|位于|地处|坐落|家住|现住|居住|原住|来自|本人|我们|尊敬|领导|属于|属|住|居(?!民)|咨询|询问|请问|投诉|解决|针对|反应|揭露|曝光|强烈|协调|帮助|村民|进驻|前任|现任|希望|重视"
    r"|介绍|推荐|发生|附近|一个|一名|整个|上级|今年|去年|前年|离|距|距离|经过|途经|途径|从|至|到|往|去|回|靠近|管理|支持|改造|建设|修建|维修|严查|依据|邻县|临县|邻|最近|出口|导致|涉及|涉嫌"
)
_SUFFIX: Final = {"above": re.compile(ABOVE_VILLAGE), "village": re.compile(VILLAGE), "group": re.compile(GROUP), "spot": re.compile(SPOT)}
NO_NAME: Final = {
    **{ending: set(words) for ending, words in terms.NO_PLACE.items()},
}
