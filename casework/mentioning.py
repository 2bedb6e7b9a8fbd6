"""Whether a body or its head is only mentioned in a message, and not complained of. Pure; unsure is no.

A mention is a mere one where it is plain that the sender addressed the body (向镇政府反映过, 找过镇长), asks it to act (请镇纪委
调查), speaks of its money (镇政府拨的修路款), its promise to help, or its door, or writes to it (尊敬的镇长：). Each mention is
judged by itself. Where the text holds a word of collusion, or somebody of the body (他们, 领导) acts later on, or a misdeed
behind a mention has no doer, no mention counts as mere. The model of who is accused is not asked: it names one party at most and finds
too few to keep a message from the body that it is against (`docs/decisions/0021`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice
from typing import Final

_CLAUSE_END: Final = re.compile(r"[,，。;；!！?？:：\n ]")
_SENTENCE_END: Final = re.compile(r"[。;；!！?？\n]")
_TAIL: Final = re.compile(
    r"(?:[的和、与]?(?:人民政府|政府|党委|党政|纪委|监委|监察|纪检|信访|副?书记|副?[镇乡]长|主任|所长|领导|干部|同志|工作人员|的人|[办室]公?室?"
    r"|大厅|中心|办事处|部门|班子|们))*"
)
_MEANT: Final = r"(?:了|过|我们?|咱们?|俺们?|本|当地|所在|该|贵|各位|各级|有关|相关|您|尊敬的|[几多数两三四五六七八九十\d]+次)*"
_TIMES: Final = r"(?:好?[几多数一两二三四五六七八九十百\d]+[次回趟遍]|无数次|很多次)"
_OFTEN: Final = rf"(?:{_TIMES}|反复|一直|都|也|曾经?|已经?|又|再|去|来|进行|实名|书面|电话|当面|亲自|分别)*"

_BESIDE_IT: Final = r"(?:[^查举投追、和,]{1,8}[、和]){0,3}"  # 向村委会、镇政府反映
_TO: Final = re.compile(rf"(?:向|找|到|去|跟|给|和|同|往|对){_BESIDE_IT}{_MEANT}$")
_SAY: Final = re.compile(
    rf"{_OFTEN}(?:找(?:人|领导|部门|工作人员){{0,2}})?{_OFTEN}(?:反映|反应|举报|检举|投诉|控告|申诉|信访|上访|咨询|询问|求助|报告|汇报|报案|报过案|打过?电话"
    r"|说[过明了]|讲[过了]|提[过出]|问[过了]|写过?信|递交|提交|[讨要]个?说法)"
)
_WENT: Final = re.compile(rf"(?:[找去到跑](?:过|了)|{_TIMES}(?:去|到)?[找去到]){_MEANT}$")
_ENDS: Final = re.compile(rf"(?:{_TIMES})?(?:了|过)?$")
_ASKED: Final = re.compile(
    rf"(?:请求?|恳请|恳求|敬请|烦请|希望|盼望?|期盼|望|求|要求|建议|麻烦|拜托|劳烦){_BESIDE_IT}{_MEANT}$"
)
_DO: Final = re.compile(
    r"(?:能够?|可以|尽快|早日|认真|严肃|彻底|马上|立即|立刻|及时|依法|好好|一定|[帮为给替]我们?|下来|来|去)*(?:对[^,]{1,15}?(?:进行|予以|给予|加以))?"
    r"(?:调查|核查|核实|彻查|严查|查处|查一?[查下]|查清|查明|查|处理|解决|协调|介入|督办|关注|出面|管一?管|重视|答复|回复|给个?(?:说法|答复|公道|交代)"
    r"|主持公道|为民做主|做主|明察|帮助|帮忙|帮|派人|来人|过问|救助)"
)
_GAVE: Final = re.compile(
    r"(?:已经?|曾|每年|[今去前]年|\d{4}年)*(?:[给向为][^,给向为拨]{1,8})?(?:下拨|划拨|拨付|拨款|拨)"
)
_PROMISED: Final = re.compile(
    r"(?:曾经?|已经?|都|也|口头|当面)*(?:(?:答应|承诺|许诺|保证|表示)[过了]?|[说讲][过了]?(?=一定|要|会|马上|尽快))"
    r"(?:一定|要|会|马上|尽快|去|来|[帮为给替]?(?:我们?|村民|群众|大家))*(?:解决|处理|调查|查(?![过无])|修|协调|派人|帮(?=[我忙助]))"
)
_GREETED_BEFORE: Final = re.compile(rf"(?:尊敬的|敬爱的|亲爱的|各位|致|谢谢|感谢|辛苦){_MEANT}$")
_GREETED: Final = re.compile(r"[:：,， ]{0,2}(?:您们?好|你们?好)")
_BESIDE: Final = re.compile(r"(?:大?院?)(?:门口|门前|门外|旁|附近|对面|隔壁|后面|背后|楼下)")

_ONE: Final = re.compile(r"我|本人|俺|咱|村民|群众|大家|百姓|乡亲|家人")
_OTHERS: Final = re.compile(
    r"支书|书记|主任|会计|文书|出纳|干部|两委|村委|居委|[队组社]长|老板|承包|公司|[他她其]"
)
_AGAINST: Final = re.compile(
    r"包庇|袒护|护着|偏袒|撑腰|相护|保护伞|勾结|串通|合伙|[一同]伙|一条裤|通风报信|泄[露漏]|透露|走漏|告密|报复|威胁|恐吓|压[着下了案]|推诿|推[脱卸]|推来推去"
    r"|皮球|敷衍|糊弄|搪塞|和稀泥|[不乱]作为|失职|渎职|赶出|赶走|撵|轰出|骂|自查|自己的?人|官僚|拒[收绝]|不受理|不予?立案|后台|靠山|有关系|打招呼|上面有人"
    r"|找上门|知道是(?:我|谁)|(?:结果|后来|马上|第二天)[^。]{0,10}(?:知道|晓得|听说)了?|传到[^。]{0,6}(?:耳|那)"
    r"|指使|默许|纵容|授意|入股|亲信|刁难|卡[着住要]|被卡"
)
_SOMEBODY: Final = re.compile(
    r"(?<![村组队省市县区级])领导|[他她]们|对方|工作人员|办事员|接待|那边|里面的?人|您(?!们?好)|你们?(?!们?好)"
)
_DEED: Final = re.compile(
    r"收[了受钱下]|索要|要钱|罚|扣|截留|挪用|贪|骗|套取|打[了人]|假|吃拿|好处|红包|回扣|送[礼钱了]|烟|酒|请客|私分|乱收"
)

_NEAR: Final = 40
"""Characters before and behind a mention in which its cue stands."""
_MOST: Final = 20
"""Mentions, or somebodies behind them, beyond which none is judged: nobody writes so plainly so often."""


def merely_mentioned(text: str, mentions: Sequence[tuple[int, int]]) -> list[bool]:
    """For each mention of a body, ``text[start:end]`` in order of place, whether it is a mere one. ``text`` is folded."""
    wholes: list[tuple[int, int]] = []
    whole_of = []
    for start, end in mentions:
        if not wholes or start >= wholes[-1][1]:  # else a part of the one before: 镇政府和镇长
            tail = _TAIL.match(text, end)
            wholes.append((start, tail.end() if tail else end))
        whole_of.append(len(wholes) - 1)
    judged = [len(wholes) <= _MOST and _is_mere(text, start, end) for start, end in wholes]
    mere = [whole for whole, is_mere in zip(wholes, judged, strict=True) if is_mere]
    if mere and (_AGAINST.search(text) or _goes_on_about_it(text, mere, wholes)):
        judged = [False] * len(wholes)
    return [judged[number] for number in whole_of]


def _is_mere(text: str, start: int, end: int) -> bool:
    before, after = _clause_before(text, start), _clause_behind(text, end)
    for cue, act in ((_TO, _SAY), (_WENT, _ENDS), (_ASKED, _DO)):
        found = cue.search(before, max(0, len(before) - _NEAR))
        if found and act.match(after[:_NEAR]) and not _is_another(before[: found.start()]):
            return True
    if gave := _GAVE.match(after):
        return _is_told_of_others(after[gave.end() :])
    if promised := _PROMISED.match(after):
        return not _OTHERS.search(after, promised.end())
    if before == "":
        return bool(_GREETED.match(text, end) or _BESIDE.match(after))
    greeted = after == "" and _GREETED_BEFORE.search(before, max(0, len(before) - _NEAR))
    return bool(greeted or _BESIDE.match(after))


def _is_another(subject: str) -> bool:
    """Whether somebody else than the sender did it: 支书找过镇长, but 支书打人，我找过镇长."""
    others = [found.end() for found in _OTHERS.finditer(subject)]
    return bool(others) and not _ONE.search(subject, others[-1])


def _is_told_of_others(clause: str) -> bool:
    """Whether each misdeed in it has another doer before it: 镇政府拨的款被支书冒领."""
    return all(
        _OTHERS.search(clause, 0, deed.start()) or "村" in clause[: deed.start()]
        for deed in _DEED.finditer(clause)
    )


def _goes_on_about_it(text: str, mere: Sequence[tuple[int, int]], wholes: Sequence[tuple[int, int]]) -> bool:
    """Whether somebody of the body does something behind a mere mention, or a misdeed in its sentence has no doer."""
    somebodies = [one.span() for one in islice(_SOMEBODY.finditer(text, mere[0][1]), _MOST + 1)]
    beside = [(start, end) for start, end in somebodies if not any(a <= start < b for a, b in wholes)]
    if len(somebodies) > _MOST or not all(_is_mere(text, start, end) for start, end in beside):
        return True
    starts = [start for start, _ in mere]
    ends_at = 0
    for _, end in mere:
        if end <= ends_at:
            continue  # in a sentence that was looked through
        stop = _SENTENCE_END.search(text, end)
        ends_at = stop.start() if stop else len(text)
        first = end + len(_clause_behind(text, end)) + 1
        while first < ends_at:
            clause = _clause_behind(text, first)
            holds_one = any(first <= start < first + len(clause) for start in starts)
            if not holds_one and not _is_told_of_others(clause):
                return True
            first += len(clause) + 1
    return False


def _clause_before(text: str, start: int) -> str:
    ends = [end.end() for end in _CLAUSE_END.finditer(text, 0, start)]
    return text[ends[-1] if ends else 0 : start]


def _clause_behind(text: str, end: int) -> str:
    stop = _CLAUSE_END.search(text, end)
    return text[end : stop.start() if stop else len(text)]
