"""Places by their endings, for texts about places that no register at hand names: 花明楼镇 | 花明楼村郑家冲组.

The tagger (`ml.extraction.tagging`) takes these stretches as one of its features and judges better than they do alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

import rjieba

from ml.extraction.spans import Kind, Span
from ml.triage import mask_terms as terms
from ml.triage.masking import is_no_place

_ABOVE: Final = r"自治[区州县]|地区|街道(?!办)|(?:高新|开发|新)区|(?<!我)[省市县区镇乡州](?![长委府级场容公])(?!民(?!政))|市区"
_VILLAGES: Final = r"社区|大队|村(?!庄|镇|落|容|规|村|上(?!坳)|头|口|尾)|屯|寨"
_GROUPS: Final = r"村?民?小?组(?!织|成|建|装|合|团|件|阁)|生产队"
_SPOTS: Final = (
    "大道|小区|公寓|花园|家园|山庄|大厦|广场|佳苑|名都|名城|新城|水库|煤矿|景区|机场|工业园|产业园|园区|商贸城|商业乐园|互通"
    "|[路街巷弄苑](?![面人上边过线灯口段程障费子途头径基局])"
)
_ENDING: Final = re.compile(
    rf"(?P<village>{_VILLAGES})|(?P<group>{_GROUPS})|(?P<above>{_ABOVE})|(?P<spot>{_SPOTS})"
)
_HAN: Final = re.compile(r"[\u4e00-\u9fff]")
_STOP: Final = re.compile(
    rf"[{terms.NEVER_IN_A_PLACE}{terms.SELDOM_IN_A_PLACE}]|{terms.ROLES_AND_VERBS}"
    r"|位于|地处|坐落|[家现居原常]住|居住|来自|本人|尊敬|领导|属于|询问|请问|解决|针对|反应|曝光|协调|帮助|进驻|前任|现任|重视|发生|附近|一[个名家]"
    r"|整个|上级|[今去前明后]年|距离?|经过|途[经径]|至|离|靠近|管理|支持|改造|建设|修建|维修|邻县|最近|出口|导致|涉嫌|村民委员会|严肃|地址|连接|迁|隔壁|相邻|任职?"
)
_BOARD: Final = re.compile(r"[A-Z]\d{0,2}$")
_NUMBERED: Final = re.compile(r"(?:[\d一二三四五六七八九十]{1,3}[、/]?){1,4}$")
_LONGEST_STEM: Final = 6


def named_places(text: str) -> Iterator[Span]:
    """Places and villages of the folded ``text`` by their endings, neighbours joined: 花明楼镇 | 花明楼村郑家冲组."""
    open_span: Span | None = None
    for start, end, kind in _pieces(text):
        if open_span and open_span.end == start and open_span.kind == kind:
            open_span = Span(kind, open_span.start, end, None, open_span.confidence)
            continue
        if open_span:
            yield open_span
        open_span = Span(kind, start, end, None, 0.7)
    if open_span:
        yield open_span


def _pieces(text: str) -> Iterator[tuple[int, int, Kind]]:
    behind, last_kind = 0, None
    for match in _ENDING.finditer(text):
        if match.start() < behind:
            continue
        label = str(match.lastgroup)
        start = _start(text, match, behind)
        if start is None or start == match.start():
            continue
        kind = Kind.VILLAGE if label in {"village", "group"} else Kind.PLACE
        if (
            label == "group"
            and not (last_kind == Kind.VILLAGE and behind == start)
            and not _is_group(text[start : match.start()])
        ):
            continue
        yield start, match.end(), kind
        behind, last_kind = match.end(), kind


def _is_group(stem: str) -> bool:
    return (
        len(stem) >= 3
        and not _common(stem)
        and not any(word in stem for word in ("工作", "专案", "检查", "党", "小"))
    )


def _start(text: str, match: re.Match[str], behind: int) -> int | None:
    """Where the name before an ending begins; None when no name stands there."""
    end = match.start()
    before = text[max(behind, end - _LONGEST_STEM - 2) : end]
    if board := _BOARD.search(before):
        return end - len(board[0])
    if match.lastgroup == "group" and (numbered := _NUMBERED.search(before)):
        return end - len(numbered[0])
    stem = _han_tail(before)[-_LONGEST_STEM:]
    stem = _after_last_stop(stem, glued=end - len(stem) == behind and behind > 0)
    bounded = end - len(stem) == behind or len(stem) < _LONGEST_STEM
    if not bounded or len(stem) > 4:
        stem = _by_words(stem)
    if not stem or _is_no_name(stem, match[0]):
        return None
    return end - len(stem)


def _han_tail(text: str) -> str:
    place = len(text)
    while place and _HAN.match(text[place - 1]):
        place -= 1
    return text[place:]


def _after_last_stop(stem: str, *, glued: bool) -> str:
    """What follows the last word that is no part of a name; straight after a larger place 和平村 is a name."""
    place = 0
    for stop in _STOP.finditer(stem):
        if not (glued and stop.start() == 0 and stop[0] in terms.SELDOM_IN_A_PLACE):
            place = stop.end()
    return stem[place:]


def _by_words(stem: str) -> str:
    """The last words of a long stretch that make a name of two to four characters."""
    words = rjieba.cut(stem)
    name = ""
    for word in reversed(words):
        if len(word) + len(name) > 4 or (len(name) >= 2 and len(word) > 1):
            break
        name = word + name
    return name or stem[-3:]


@lru_cache(maxsize=65_536)
def _is_no_name(stem: str, ending: str) -> bool:
    alone = len(stem) == 1 and ending not in {"县", "市", "州"}
    return is_no_place(stem, ending) or alone or _common(stem + ending)


@lru_cache(maxsize=65_536)
def _common(word: str) -> bool:
    """Whether the segmenter holds the whole for a common word that is no name of a place."""
    tagged = rjieba.tag(word)
    return (
        len(tagged) == 1
        and tagged[0][1] not in {"ns", "nr", "nz", "nrt", "x", "m"}
        and bool(rjieba.has_word(word))
    )
