"""Cues: who holds public power, what is alleged, and both in one sentence.

Single words say little (everybody writes 书记 in the salutation); "村干部" and "侵占" in one sentence say much.
The cues are features beside n-grams and words, with weights learned from labels; they decide nothing alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from ml.triage.labels import URGENCIES
from ml.triage.masking import PERSON


@dataclass(frozen=True)
class Group:
    """Words that stand for one kind of actor or deed; `label` is how a reason names it."""

    label: str
    words: tuple[str, ...]


def _group(label: str, words: str) -> Group:
    return Group(label, tuple(words.split()))


ACTORS: Final = {
    "cadre": _group(
        "村居干部",
        "村支书 村主任 村干部 支书 组长 村委 居委会 村长 村官 社区干部 社区主任 社区书记 村会计 队长",
    ),
    "office": _group(
        "行政机关",
        "政府 街道办 国土 建设局 规划局 城管 住建 环保局 民政 人社 劳动局 税务 工商 运管 水利局 林业局 农业局 财政局 安监 质监 房管 信访 拆迁办"
        " 指挥部 征拆 征收办 管理局 管理所 管委会",
    ),
    "police": _group("公安司法", "公安 派出所 民警 警察 交警 法院 法官 检察院 执法 协警 辅警"),
    "school": _group("学校与教师", "学校 校长 老师 教师 班主任 教育局 中学 小学 幼儿园"),
    "hospital": _group("医疗机构", "医院 医生 院长 卫生院 卫生局 疾控"),
    "official": _group(
        "公职人员",
        "领导 干部 公务员 工作人员 官员 局长 镇长 乡长 县长 书记 主任 国企 事业单位 国有 局里 党员",
    ),
    "private": _group(
        "民营主体", "开发商 物业 公司 老板 培训机构 商家 中介 房东 业主 4s店 装修 厂家 银行 移动 联通"
    ),
}
DEEDS: Final = {
    "taking": _group(
        "侵占挪用",
        "贪污 侵占 挪用 截留 克扣 虚报 冒领 套取 骗取 私分 中饱私囊 据为己有 瓜分 公款 吞 贪",
    ),
    "bribery": _group(
        "收送财物", "受贿 行贿 红包 送礼 回扣 吃拿卡要 好处费 收钱 贿赂 索要 打点 请客 烟酒 收受"
    ),
    "favour": _group(
        "优亲厚友、弄虚作假",
        "关系户 优亲厚友 内定 暗箱 黑箱 走后门 人情 亲戚 不公平 不公正 弄虚作假 造假 虚假 假 偏袒 有关系 托关系",
    ),
    "shelter": _group(
        "包庇勾结", "保护伞 包庇 勾结 串通 打招呼 撑腰 纵容 庇护 官商 后台 通风报信 袒护 睁只眼 睁一只眼"
    ),
    "charging": _group("违规收费", "收费 强制 强行 摊派 罚款 补课 订 收取 交钱 不开票 票据 收据 乱收 强迫"),
    "force": _group("滥用权力", "滥用 以权 权力 强拆 打人 殴打 威胁 恐吓 报复 拘留 强占 霸占 野蛮 逼 骗"),
    "opacity": _group(
        "不公开、不合规",
        "公示 公开 账目 公布 去向 查账 招标 招投标 挂靠 审批 违规 违法 违纪 违建",
    ),
    "neglect": _group("不履职", "不作为 推诿 敷衍 推脱 拒绝 不理 失职 渎职 懒 玩 上班时间 踢皮球 态度"),
    "inquiry": _group("要求查处", "举报 检举 查处 严惩 严查 纪委 追究 实名 查清 腐败 反腐"),
}
CUES: Final = (*ACTORS, *DEEDS, *(f"{actor}*{deed}" for actor in ACTORS for deed in DEEDS))
"""All cue ids in the order of their columns: actors, deeds, and every actor with every deed in one sentence."""

_TOLD = "举报|投诉|上访|信访|反映|告状|检举"
_SOON = "即将|马上|准备|正在|明天|后天|本周|近日|下周|就要"
SIGNS: Final = {
    "threat_to_life": re.compile(
        "自杀|轻生|跳楼|跳河|农药|不想活|活不下去|寻死|同归于尽|人命|生命危险|生命安全|危及生命|救命|病危|弄死|打死|杀了|杀人|杀死|砍"
        "|持刀|捅|家暴|坍塌|倒塌|垮塌|塌方|滑坡|停药|断药|无钱治|没钱治|等死|危在旦夕|奄奄一息|随时(?:会|可能|有)(?:倒|塌|垮)"
    ),
    "retaliation": re.compile(
        f"报复|(?:威胁|恐吓|威逼|扬言).{{0,20}}(?:{_TOLD})|(?:{_TOLD}).{{0,30}}(?:威胁|恐吓|扬言|打我|殴打|辞退|开除|骚扰|拘留|抓)"
        f"|泄露.{{0,10}}(?:{_TOLD}|信息|姓名)|(?:{_TOLD})人.{{0,6}}(?:信息|姓名|电话)|穿小鞋|不敢(?:署名|实名|留名|透露)|匿名|保密"
    ),
    "group_event": re.compile(
        "集体(?:上访|维权|罢工|罢课|停课|停运|抗议|请愿|静坐)|群体性?事件|上访|聚集|堵(?:路|门|车|住)|罢工|罢运|罢课|游行|静坐"
        "|围堵|围攻|横幅|请愿|示威"
    ),
    "money_moving": re.compile(
        f"跑路|卷款|逃跑|携款|转移(?:资产|财产|资金)|(?:{_SOON}).{{0,10}}"
        "(?:签|招标|开标|投标|发包|拨|付款|支付|发放|竞拍|拍卖|转让|打款|结算)|(?:叫停|暂停)(?:招标|拨付|支付)"
    ),
}  # fmt: skip
"""What may press, by the ids of `ml.triage.labels.URGENCIES`, in masked text."""

_SENTENCE_END = re.compile(r"[。!?;]")
_SALUTATION = re.compile(rf"尊敬的|{PERSON}(?:书记|市长|县长|区长|厅长|局长)")
_GROUPS_OF: Final[dict[str, list[str]]] = {}
for _id, _found in (ACTORS | DEEDS).items():
    for _word in _found.words:
        _GROUPS_OF.setdefault(_word, []).append(_id)
_WORDS = re.compile("|".join(sorted(_GROUPS_OF, key=len, reverse=True)))


def cues_of(masked: str) -> set[str]:
    """Return the ids of the cues in masked text (see `ml.triage.masking.mask`); salutations do not count."""
    cues: set[str] = set()
    for sentence in _SENTENCE_END.split(_SALUTATION.sub("", masked)):
        groups = {group for word in _WORDS.findall(sentence) for group in _GROUPS_OF[word]}
        cues |= groups
        cues |= {f"{actor}*{deed}" for actor in groups & ACTORS.keys() for deed in groups & DEEDS.keys()}
    return cues


def label_of(cue: str) -> str:
    """Return the words for a cue or a sign: "村居干部" or "同一句中有“村居干部”与“侵占挪用”"."""
    if cue in SIGNS:
        return f"有“{URGENCIES[cue]}”方面的话"
    actor, _, deed = cue.partition("*")
    if deed:
        return f"同一句中有“{ACTORS[actor].label}”与“{DEEDS[deed].label}”"
    return f"有“{(ACTORS | DEEDS)[cue].label}”方面的词"
