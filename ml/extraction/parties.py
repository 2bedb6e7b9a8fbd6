"""Who is accused and who writes. At most one of each is proposed, for a person to confirm.

A linear-chain model over characters sees them: beside the features of names (`ml.extraction.tagging`) a character is known by
whether it stands in the subject, how far on it stands, and how near words of misdeeds and of telling (举报, 关于) are.
Where writers name themselves in a usual way, rules find them first.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Final

from ml.extraction.spans import Kind, Span
from ml.extraction.tagging import Tagger, spans_of

PARTIES: Final = (Kind.ACCUSED, Kind.SENDER)
_TOLD: Final = re.compile(
    "乱|违|强|占|贪|套|挪|截|扣|骗|收费|补课|拖欠|不作为|失职|勾结|包庇|污染|打|欺|假|腐|利用|克扣|垄断|举报|投诉|反映|控告|关于"
)
_STEP: Final = 3
_FAR: Final = 5
"""Distances are told in steps of `_STEP` characters, up to `_FAR` of them."""
_LONGEST: Final = 40
"""A longer stretch names nobody."""
_SUBJECT_TOO: Final = ("c0=", "w=")
"""Features that count apart in the subject."""
_SELF: Final = re.compile(
    r"(?:(?:我们?|本人|俺们?)(?:均|都|就)?(?:是|系)|本人(?=[A-Z\u4e00-\u9fff][^,，。;；!！?？\n]{1,20}[人民](?:[,，。\s名]|$)))(?:来自|住在|属于|原)?"
)
_NAMED_SELF: Final = re.compile(
    r"(?:(?:我|本人|俺)(?:名叫|名|叫)(?!做|你)|(?<!被)(?:申请|举报|反映|投诉|控告|联系|报告|来信)人(?:姓名)?[:：为是]\s{0,2}|本人(?=[\u4e00-\u9fff]{2,3}(?:原|[,，:： ]|\d)))"
)
_NAMED_ACCUSED: Final = re.compile(
    r"被(?:(?:举报|反映|投诉|控告|检举)人|告人?(?=[:：]))(?:姓名)?[:：为是]?\s{0,2}"
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


@cache
def shipped_party_tagger() -> Tagger:
    """The weights that come with the package."""
    return Tagger.from_json((files("ml.extraction") / "party_tagger.json").read_text(encoding="utf-8"))


def party_features(text: str, names: Sequence[Sequence[str]]) -> list[list[str]]:
    """Names of the features of each character of the folded ``text``; ``names``: those that `features_of` gave."""
    subject = max(text.find("\n"), 0)
    told = [match.start() for match in _TOLD.finditer(text)]
    rows = []
    for place, known in enumerate(names):
        after = bisect_left(told, place)
        ahead = told[after] - place if after < len(told) else _STEP * _FAR
        behind = place - told[after - 1] if after else _STEP * _FAR
        row = [
            *known,
            "subject" if place < subject else "body",
            f"ahead={min(ahead // _STEP, _FAR)}",
            f"behind={min(behind // _STEP, _FAR)}",
            f"far={min(place // 40, 6)}",
        ]
        if place < subject:
            row.extend(f"s:{name}" for name in known if name.startswith(_SUBJECT_TOO))
        rows.append(row)
    return rows


def tagged_parties(text: str, names: Sequence[Sequence[str]], tagger: Tagger) -> dict[Kind, Span]:
    """The first stretch of each party in the folded ``text``, if the model sees one."""
    found: dict[Kind, Span] = {}
    for span in spans_of(text, tagger.tag(party_features(text, names))):
        if span.end - span.start <= _LONGEST:
            found.setdefault(span.kind, span)
    return found


def party_at_first(text: str, seen: Span | None) -> Span | None:
    """The same words where the folded ``text`` has them first."""
    if seen is None:
        return None
    first = text.find(text[seen.start : seen.end])
    return _party(seen.kind, first, first + seen.end - seen.start, seen.confidence)


def accused(text: str, spans: Sequence[Span]) -> Span | None:
    """Who stands behind 被举报人, or None."""
    people = {span.start: span for span in spans if span.kind == Kind.PERSON}
    for cue in _NAMED_ACCUSED.finditer(text):
        if found := people.get(cue.end()):
            return _party(Kind.ACCUSED, found.start, found.end, 0.8)
    return None


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


def _party(kind: Kind, start: int, end: int, confidence: float) -> Span:
    return Span(kind, start, end, None, round(confidence, 2))
