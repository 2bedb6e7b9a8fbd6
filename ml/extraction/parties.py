"""Who is accused and who writes: candidates are scored by what stands around them. At most one of each is proposed.

Marks are what stands around a candidate, never a name; their weights are learnt (`training.extraction`).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Final

from ml.extraction.modality import Misdeed, Modality
from ml.extraction.spans import Kind, Span

_LAID: Final = re.compile(
    "村支两委|村两委|两委(?:班子)?|村委会|村委|村支部|村干部|村领导|镇领导|工作人员|开发商|施工[方队]|承包[商人户]|包工头|工头|监理|项目部|采石场|养[猪殖]户|养[猪鸡]场|砂场|沙场|煤老板|老板|物业(?:公司)?"
    "|拆迁[办队]|乡政府|镇政府|县政府|村支书|支书|村书记|村主任|村长|校长|中介|城管|交警|驾校|中心校|村医|专干|选委会|邻居家?|超市|渔政|村里当家的|村里管钱的|村里(?=[^,，。人有的]{0,3}(?:说|不|把|要|收|没|卖|只|扣|拿))|镇里(?=的)"
)
_ADDRESSED_BEFORE: Final = re.compile(
    r"(?:尊敬的|敬爱的|恳?请求?|希望|盼望?|[乞祈]?求|要求|督促|感谢|谢谢|麻烦|望|建议|协调|呼吁|[向跟找]|通过|到)[^,，。;；!！?？\n]{0,4}$"
)
_ADDRESSED_BEHIND: Final = re.compile(
    r"(?:同志|领导|您|你们?|大人)?[,，:：;；!！]?\s*[你您]们?好|[:：]\s*$|[:：]\s*(?=\n)"
)
_ACCUSED_BEFORE: Final = re.compile(
    r"(?:举报|控告|投诉|检举|揭发|揭露|曝光|状告|实名|查处|严查|查一?查|整治|被|因为?|由于)[^,，。;；!！?？\n]{0,12}$"
)
_TOLD_BEFORE: Final = re.compile(r"(?:反映|反应|关于|针对|对于|要求)[^,，。;；!！?？\n]{0,12}$")
_DOES: Final = re.compile(
    r"[^,，。;；!！?？\n]{0,10}?(?:不作为|乱|私自|擅自|违|强|占|贪|套|挪|截|扣|骗|收了?|要了?|拖欠|欠|不(?:公|给|管|发|承认|处理|解决|让|还|认)|没有|没|未|拒|欺|假|打|威胁|利用|把|将|拿|吃|分|卖|开设|说|问题|作风|包庇|漠视|勾结|毁|砍|排放|污染|规定|制造|施工|涨价|不)"
)
_SELF: Final = re.compile(
    r"(?:(?:我们?|本人|俺们?)(?:均|都|就)?(?:是|系)|本人(?=[A-Z\u4e00-\u9fff][^,，。;；!！?？\n]{1,20}[人民](?:[,，。\s名]|$)))(?:来自|住在|属于|原)?"
)
_NAMED_SELF: Final = re.compile(
    r"(?:(?:我|本人|俺)(?:名叫|名|叫)(?!做|你)|(?:申请|举报|反映|投诉|控告|联系|报告|来信)人(?:姓名)?[:：为是]\s{0,2}|本人(?=[\u4e00-\u9fff]{2,3}(?:原|[,，:： ]|\d)))"
)
_SELF_END: Final = re.compile(
    r"(?=[,，。;；!！?？\n(（:：]|我|的?心声|今天|现在)|(?:村民|居民|农民工?|民工|群众|业主|家长|职工|员工|学生|教师|老师|老人|驾驶员|司机|企业)(?!委员会|小组|代表)"
)
_SIGNED: Final = re.compile(
    r"(?P<name>[\u4e00-\u9fff]{2,4})\s*(?:[,，]?\s*(?:\d{4}年\d{1,2}月\d{1,2}日|\d{4}[-./]\d{1,2}[-./]\d{1,2}))?\s*$"
)
_VILLAGER: Final = re.compile(
    r"的?(?:一名|一个|一位|全体|[\d几多十百]{1,5}名)?(?:普通)?(?:村民|居民|农民|群众|业主|职工)(?!小?组|委员会|代表|自治|自建)"
)
_START: Final = "\n,，。;；!！?？:： "
_CLASS: Final = (
    ("village", re.compile(r"村|支书|组长|社区|居委|小组|队长|会计|支委|文书")),
    (
        "above",
        re.compile(r"县长|市长|省长|厅长|县委|市委|省委|省长|区长|国务院|纪委|上级|厅$|人民政府|省|领导"),
    ),
    ("office", re.compile(r"局|办|所|政府|法院|处|站|委")),
    ("school", re.compile(r"学|园|校")),
    ("hospital", re.compile(r"医|卫生|诊")),
    ("firm", re.compile(r"公司|集团|厂|物业|开发商|老板|施工|商|合作社|银行|场")),
    ("post", re.compile(r"书记|主任|长$|员$")),
)


def sender(text: str, spans: Sequence[Span]) -> Span | None:
    """The stretch by which the writer names himself, the name before the village, or None."""
    people = [
        span
        for span in spans
        if span.kind == Kind.PERSON and span.end - span.start >= 2 and "某" not in text[span.start : span.end]
    ]
    for cue in _NAMED_SELF.finditer(text):
        if found := next((span for span in people if span.start == cue.end()), None):
            return _party(Kind.SENDER, found.start, found.end, 0.8)
    for cue in _SELF.finditer(text):
        end = _SELF_END.search(text, cue.end(), cue.end() + 40)
        stop = end.end() if end else min(len(text), cue.end() + 40)
        if stop - cue.end() >= 3 and not text.startswith(
            ("不", "想", "要", "在", "说", "很", "否", "为", "因"), cue.end()
        ):
            named = next((span for span in people if cue.end() < span.start <= stop), None)
            return _party(Kind.SENDER, *((named.start, named.end) if named else (cue.end(), stop)), 0.7)
    for span in people:
        villager = re.search(r"(?:村民|居民|业主|农民|民工)$", text[max(0, span.start - 2) : span.start])
        if villager and text[span.end : span.end + 1] in tuple(",，、。:;("):
            return _party(Kind.SENDER, span.start, span.end, 0.5)
    return _signed(text, people) or _villagers(text, spans)


def _signed(text: str, people: Sequence[Span]) -> Span | None:
    signed = _SIGNED.search(text, max(0, len(text) - 40))
    found = next((span for span in people if signed and span.end == signed.end("name")), None)
    return _party(Kind.SENDER, found.start, found.end, 0.6) if found else None


def _villagers(text: str, spans: Sequence[Span]) -> Span | None:
    """石桥村三组村民 at the beginning: place, village and what they are called."""
    for span in spans:
        if (
            span.kind in {Kind.VILLAGE, Kind.PLACE}
            and span.start < 40
            and (called := _VILLAGER.match(text, span.end))
        ):
            before = next(
                (near for near in spans if near.kind == Kind.PLACE and near.end == span.start), span
            )
            return _party(Kind.SENDER, before.start, called.end(), 0.4)
    return None


def accused(text: str, spans: Sequence[Span], told: Sequence[Misdeed], *, writer: Span | None) -> Span | None:
    """The person, post, unit or kind of people that the message is most likely against, at its first mention."""
    weights = shipped_weights()
    scored = [(score(marks, weights), span) for span, marks in candidates(text, spans, told, writer=writer)]
    points, best = max(scored, key=lambda item: (item[0], -item[1].start), default=(-math.inf, None))
    if best is None or points < 0:
        return None
    first = text.find(text[best.start : best.end])
    return _party(Kind.ACCUSED, first, first + best.end - best.start, 1 / (1 + math.exp(-points)))


def score(marks: Collection[str], weights: Mapping[str, float]) -> float:
    """Sum of the weights of a candidate's marks; from 0 on a candidate is proposed."""
    return sum(weights.get(mark, 0.0) for mark in marks)


@cache
def shipped_weights() -> Mapping[str, float]:
    """The weights that come with the package: mark → weight."""
    weights: Mapping[str, float] = json.loads(
        (files("ml.extraction") / "parties.json").read_text(encoding="utf-8")
    )
    return weights


def candidates(
    text: str, spans: Sequence[Span], told: Sequence[Misdeed], *, writer: Span | None
) -> list[tuple[Span, list[str]]]:
    """Who might be accused in the folded ``text``, each with the marks that speak for or against it."""
    found = [
        span
        for span in _candidates(text, spans)
        if not (writer and writer.start < span.end and span.start < writer.end)
    ]
    return [
        (span, _marks(text, span, spans, told, first=not number))
        for number, span in enumerate(sorted(found, key=lambda s: s.start))
    ]


def _marks(
    text: str, span: Span, spans: Sequence[Span], told: Sequence[Misdeed], *, first: bool
) -> list[str]:
    before, behind, itself = (
        text[max(0, span.start - 24) : span.start],
        text[span.end : span.end + 30],
        text[span.start : span.end],
    )
    mentions = text.count(itself)
    deeds = [
        deed.start - span.end
        for deed in told
        if deed.modality != Modality.NEGATED and _same_sentence(text, span.end, deed.start)
    ]
    marks = {
        "always": True,
        f"kind_{span.kind}": True,
        f"class_{next((name for name, pattern in _CLASS if pattern.search(itself)), 'other')}": True,
        "bare": len(itself) <= 3 and span.kind != Kind.PERSON,
        "with_post": span.kind == Kind.PERSON and _beside_post(span, spans),
        "addressed_before": bool(_ADDRESSED_BEFORE.search(before)),
        "addressed_behind": bool(_ADDRESSED_BEHIND.match(behind)),
        "accused_before": bool(_ACCUSED_BEFORE.search(before)),
        "told_before": bool(_TOLD_BEFORE.search(before)),
        "does": bool(_DOES.match(behind)),
        "of": behind.startswith("的"),
        "answers": bool(re.match(r"[^,，。]{0,4}(?:说|讲|回复|答复|称|告知)", behind)),
        "asked": bool(re.search(r"(?:找|问|向|跟|去|到|给|由|在|经)(?:了|过)?$", before)),
        "starts": not before or before[-1] in _START,
        "in_list": behind[:1] in tuple("、,，") and before[-1:] in tuple("、,，"),
        "subject": "\n" in text[:60] and span.start < text.find("\n"),
        "first": first,
        "again": mentions > 1,
        "often": mentions > 3,
        "deed": bool(deeds),
        "deed_near": any(distance < 12 for distance in deeds),
    }
    return [mark for mark, holds in marks.items() if holds]


def _candidates(text: str, spans: Sequence[Span]) -> list[Span]:
    """People with the post behind them, posts with their unit or village, units, and kinds of people."""
    named = {span.start: span for span in spans}
    ending = {span.end: span for span in spans}
    found = []
    for span in spans:
        if span.kind == Kind.PERSON:
            post = named.get(span.end)
            end = post.end if post and post.kind == Kind.POST else span.end
            found.append(Span(Kind.PERSON, span.start, end, None, span.confidence))
        elif span.kind == Kind.UNIT and not (span.end in named and named[span.end].kind == Kind.POST):
            found.append(span)
        elif span.kind == Kind.POST:
            before, behind = ending.get(span.start), named.get(span.end)
            beside = {near.kind for near in (before, behind) if near}
            if Kind.PERSON not in beside:
                whole = before is not None and before.kind in {Kind.UNIT, Kind.VILLAGE}
                found.append(
                    Span(
                        Kind.POST,
                        before.start if whole and before else span.start,
                        span.end,
                        None,
                        span.confidence,
                    )
                )
    taken = {place for span in spans if span.kind != Kind.PLACE for place in range(span.start, span.end)}
    found += [
        Span(Kind.UNIT, match.start(), match.end(), None, 0.5)
        for match in _LAID.finditer(text)
        if taken.isdisjoint(range(match.start(), match.end()))
    ]
    return found


def _same_sentence(text: str, start: int, deed: int) -> bool:
    return 0 <= deed - start <= 60 and not any(mark in text[start:deed] for mark in "。!?！？\n")


def _beside_post(span: Span, spans: Sequence[Span]) -> bool:
    posts = [near for near in spans if near.kind == Kind.POST]
    return any(near.end in {span.start, span.end} for near in posts)


def _party(kind: Kind, start: int, end: int, confidence: float) -> Span:
    return Span(kind, start, end, None, round(confidence, 2))
