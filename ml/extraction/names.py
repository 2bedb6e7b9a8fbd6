"""Every stretch of a text that may be the name of a person, so that it can be hidden.

The tagger of names reads for meaning and leaves out what it is not sure of; here a harmless word too many is taken rather
than a name too few. Found are names of the tagger and the segmenter, names after and before words that go with people
(邻居, 证人, 家的, 可以作证), names standing alone between marks, transliterated names (买买提·吐尔逊), and what neighbours
call each other (刘老四, 王婶, 老周).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple

import rjieba

from ml.extraction import word_lists as words
from ml.extraction.people import begins_a_word, is_name
from ml.triage import mask_terms as terms


class Stretch(NamedTuple):
    """``text[start:end]`` is a name."""

    start: int
    end: int


_HAN: Final = r"[\u4e00-\u9fff]"
_DOT: Final = "·•・‧∙⋅"
_SURNAMES: Final = terms.SURNAMES + words.RARE_SURNAMES
_FAMILY: Final = rf"(?:{'|'.join(terms.COMPOUND_SURNAMES)}|[{_SURNAMES}])"
_PLAIN: Final = "".join(sorted(set(terms.SURNAMES) - set(words.SURNAMES_ALSO_WORDS)))
"""Surnames that seldom are a word of their own: these make a name without any cue."""
_DOTTED: Final = re.compile(rf"{_HAN}{{1,8}}(?:[{_DOT}]{_HAN}{{1,10}})+")
_SYLLABLES: Final = re.compile(
    rf"[{words.TRANSLITERATING}]{{0,5}}(?:{'|'.join(words.SYLLABLES)})[{words.TRANSLITERATING}]{{0,4}}"
)
_BEFORE_KIN: Final = re.compile(
    rf"(?P<name>{_FAMILY}{_HAN}{{0,2}}?)(?=(?:{'|'.join(words.KIN_TITLES)})(?!长|们|弟))"
)
_NEIGHBOURLY: Final = re.compile(
    rf"(?P<name>{_FAMILY}(?:老[大二三四五六七八九幺]|[二三四五六七八九][妹娃狗牛麻毛嫂姐哥叔爷婶丫蛋柱喜宝]子?|麻子|瘸子|聋子|瞎子|胖子|寡妇)|[老小阿][{_PLAIN}](?!{_HAN}*?(?:板|师|实|百姓|是|年|人|家|区|学|组|村|时|心|孩|麦|伙|产|型|路))"
    rf"|(?<![第十初])(?!周)[{_PLAIN}龙宫][二三四五六七八九](?![十百千万个年月日号人次亩元条家名位只头件组岁天块点户]))"
)
KIN: Final = "|".join(words.KIN)
"""Words for relatives, as a pattern."""
_SELF_CUES: Final = (
    "我叫|我名叫|名叫|俺叫|我是|俺是|我系|本人|本人叫|本人是|姓名|名字叫|举报人|反映人|投诉人|控告人|检举人|申请人|申诉人|来信人|信访人|上访人|报告人|联系人|落款|署名|签名|签字|签字人"
    "|联名人?|联名举报人?|代笔人?|执笔人?|此致|敬礼|收款人|户名|账户名|开户名|被征地人|承包人|承租人|户主"
)
_AFTER_CUE: Final = re.compile(
    rf"(?:{'|'.join(words.PEOPLE_WORDS)}|{KIN}|{_SELF_CUES})(?:家|家里|家的)?[:：,， \"“'（(]{{0,2}}(?:是|叫|为|有)?[:： ]?(?P<name>{_FAMILY}{_HAN}{{1,2}})"
)
_AFTER_VERB: Final = re.compile(
    rf"(?:有|找|问|叫|让|给|被|由|向|跟|和|与|同|及|把|将|替|帮|请|据|听|告|骂|打|欺负|殴打|打伤|打了|以|用|冒用|冒充|顶替|是|的|[、,，:：;；]|^)(?P<name>{_FAMILY}{_HAN}{{1,2}}?)"
    rf"(?=等{_HAN}?[人户]|家[的里有低]?|一家|夫妇|夫妻|两口子|父子|母子|兄弟|姐妹|名下|本人|的(?:低保|地|田|土地|房|宅基|钱|养老|补贴|名字|户口|身份|账|帐|卡|签名|手印|名义|丈夫|妻子|儿子|女儿|老婆|老公|父亲|母亲|弟弟|哥哥)"
    rf"|[、,，。;；:： (（)）]|可以?作?证|能作?证|愿意?作证|都?(?:可以|能够?|愿意?|会|敢)?(?:作证|证明|佐证|指证)|看见|看到|目睹|在场|知情|说|讲|告诉|反映|被|因为?|去年|今年|前年|系|是|死|病|残|家)"
)
_LIST_GAP: Final = r"(?:[、,，;；/ ]|和|与|及|以及|跟|还有){1,2}"
_NEXT_IN_LIST: Final = re.compile(rf"{_LIST_GAP}(?P<name>(?:(?!{words.POST})(?:{_FAMILY}){_HAN}{{1,2}}))")
_ALONE: Final = re.compile(
    rf"(?<![\u4e00-\u9fff0-9A-Za-z{_DOT}])(?P<name>{_FAMILY}{_HAN}{{1,2}})(?![\u4e00-\u9fff{_DOT}])"
)
_SPACED_OUT: Final = re.compile(rf"(?<!{_HAN})(?P<name>[{_SURNAMES}] {{1,2}}{_HAN})(?!{_HAN})")
_PLACE_BEHIND: Final = re.compile(
    r"[村镇乡县市省区路街组屯寨庄湾坪坝沟岭河湖山桥塘坡冲]|街道|社区|小区|公司|合作社|学校|小学|中学|医院|银行|水库|工程|项目|大桥|大道|大队|广场|政府"
)
_NO_NAME: Final = re.compile(
    r"谢谢|敬礼|此致|万元|白条|任何|任劳|全[村家体镇县都部年]|包括|向[县镇村市乡上]|和[其他我]|[高初][一二三]|母[不均]|原[来因]|周[一二三四五六日]"
)
_NO_NAME_BEHIND: Final = tuple("桥巷坝湾庄村沟坪里岭河屯坊寨冲塘店铺集的也都被没说有把还和在去来")
_NAME_TAGS: Final = frozenset({"nr", "nrt", "nrfg"})
_CONTENT_TAGS: Final = ("v", "p", "c", "d", "u", "r", "q", "m", "y", "f")
_OF_MANY: Final = frozenset(
    "王李张刘陈杨赵黄周吴徐孙马朱胡郭何林罗梁宋郑谢韩唐冯邓许曹彭吕苏卢蒋蔡魏丁薛叶余潘戴汪姚崔谭廖"
)
_MOST_COMMON: Final = 300
"""As `terms.COMMON_FROM`, for the most frequent surnames and behind words that go with people."""


def possible_names(text: str, *, tagged: Iterable[tuple[int, int]] = ()) -> list[Stretch]:
    """Stretches of the folded ``text`` that may name a person, in order, no two overlapping.

    tagged: what the tagger of names found. A name found once is found wherever it stands; so is its given part.
    """
    found = {Stretch(*span) for span in tagged if span[1] - span[0] > 1}
    found |= set(_dotted(text))
    found |= set(_segmented(text)) | {Stretch(*match.span()) for match in _SYLLABLES.finditer(text)}
    for rule in (_AFTER_CUE, _AFTER_VERB, _ALONE, _BEFORE_KIN, _NEIGHBOURLY, _SPACED_OUT):
        found |= {stretch for match in rule.finditer(text) if (stretch := _trimmed(text, match))}
    found = set(_without_overlap(found))
    while more := {stretch for one in found for stretch in _next_in_list(text, one)} - found:
        grown = set(_without_overlap(found | more))
        if grown == found:
            break
        found = grown
    return _without_overlap(found | set(_again(text, found)))


def _dotted(text: str) -> Iterator[Stretch]:
    """Names of two parts with a dot: from the last word before it to the first behind it, or as far as syllables go."""
    for match in _DOTTED.finditer(text):
        parts = re.split(rf"[{_DOT}]", match[0])
        first, last = parts[0], parts[-1]
        start = match.end() - len(last) - sum(len(part) + 1 for part in parts[1:-1]) - 1 - _tail(first)
        yield Stretch(start, match.end() - len(last) + _head(last))


def _tail(word: str) -> int:
    """How many of the last characters before the dot are the name's."""
    syllables = len(word) - len(word.rstrip(words.TRANSLITERATING))
    return max(min(len(word), syllables), len(rjieba.cut(word)[-1]))


def _head(word: str) -> int:
    """How many of the first characters behind the dot are the name's; one that begins a word is left out."""
    syllables = len(word) - len(word.lstrip(words.TRANSLITERATING))
    return max(min(syllables, 6), len(rjieba.cut(word)[0]))


def _segmented(text: str) -> Iterator[Stretch]:
    """What the segmenter takes for a name, and a surname of its own with the word behind it (刘 + 老四)."""
    tokens = list(_tokens(text))
    for number, (start, word, tag) in enumerate(tokens):
        following = tokens[number + 1 : number + 3]
        end = start + len(word)
        if _is_compound(word) and len(word) == 2 and following and re.match(_HAN, following[0][1]):
            yield Stretch(start, end + min(2, len(following[0][1])))
        elif tag in _NAME_TAGS and len(word) > 1 and _may_stand(text, start, end):
            if set(word) <= set(words.TRANSLITERATING) and rjieba.suggest_freq(word) < terms.COMMON_FROM:
                before = text[max(0, start - 6) : start]
                yield Stretch(start - len(before) + len(before.rstrip(words.TRANSLITERATING)), end)
            elif len(word) <= 3 + _is_compound(word) and word[0] in _SURNAMES and _is_possible(word):
                yield Stretch(start, end + _syllable_behind(text, end, word))
        elif len(word) == 1 and word in _SURNAMES and following and not _counted(text, start):
            length = _given(following, tag) if word in _PLAIN else _named(following[0])
            if length and _may_stand(text, start, end + length):
                yield Stretch(start, end + length)


def _tokens(text: str) -> Iterator[tuple[int, str, str]]:
    """Words with their place and tag. One that runs from the end of a place into a surname (村张 + 大山) is cut."""
    place = 0
    for word, tag in rjieba.tag(text):
        start = text.find(word, place)
        if start < 0:
            continue
        place = start + len(word)
        if len(word) == 2 and word[0] in "村镇乡组队屯社" and word[1] in _PLAIN and not rjieba.has_word(word):
            yield start, word[0], "n"
            yield start + 1, word[1], "nr"
        else:
            yield start, word, tag


def _is_compound(word: str) -> bool:
    return word[:2] in terms.COMPOUND_SURNAMES


def _syllable_behind(text: str, end: int, word: str) -> int:
    """A third character that the segmenter left over: 王建 + 国 at the end of a line."""
    alone = (
        len(word) == 2 and re.match(_HAN, text[end : end + 1]) and not re.match(_HAN, text[end + 1 : end + 2])
    )
    return 1 if alone and not begins_a_word(text[end]) and text[end] not in "家说的等某" else 0


def _counted(text: str, start: int) -> bool:
    """Whether a number stands before it: 一张, 3 段."""
    return bool(re.search(r"[0-9一二两三四五六七八九十几多每这那整]\s?$", text[max(0, start - 2) : start]))


def _named(following: tuple[int, str, str]) -> int:
    """Characters behind a surname that may be a word, where the segmenter takes them for a name (关 + 东升)."""
    _, word, tag = following
    return len(word) if tag in _NAME_TAGS and len(word) == 2 and word[0] not in _PLAIN else 0


def _given(following: list[tuple[int, str, str]], tag: str) -> int:
    """Characters of the given name in the words behind a surname of its own; 0 where they say something else."""
    _, word, part = following[0]
    if not re.fullmatch(rf"{_HAN}{{1,2}}", word):
        return 0
    if len(word) == 2:
        says = part.startswith(_CONTENT_TAGS) and rjieba.suggest_freq(word) >= _MOST_COMMON
        common = tag not in _NAME_TAGS and rjieba.suggest_freq(word) >= 10 * _MOST_COMMON
        return 0 if says or common else 2
    if word in terms.NEVER_IN_A_PLACE + terms.SELDOM_IN_A_PLACE or part.startswith(("u", "p", "c", "y")):
        return 0
    behind = following[1] if len(following) > 1 else (0, "", "x")
    if (
        re.fullmatch(_HAN, behind[1])
        and not begins_a_word(behind[1])
        and not behind[2].startswith(("u", "p", "c"))
    ):
        return 2
    return 1 if tag in _NAME_TAGS or part in _NAME_TAGS else 0


def _next_in_list(text: str, one: Stretch) -> Iterator[Stretch]:
    """The name that stands behind this one in a list."""
    match = _NEXT_IN_LIST.match(text, one.end)
    if match and (stretch := _trimmed(text, match)):
        yield stretch


def _again(text: str, found: Iterable[Stretch]) -> Iterator[Stretch]:
    """Further occurrences of names, and of given names of two characters that are no word."""
    known = {text[one.start : one.end] for one in found}
    known |= {
        name[1:]
        for name in known
        if len(name) == 3 and name[0] in _SURNAMES and not rjieba.has_word(name[1:])
    }
    known = {name for name in known if len(name) > 1}
    if known:
        pattern = re.compile("|".join(map(re.escape, sorted(known, key=len, reverse=True))))
        yield from (Stretch(*match.span()) for match in pattern.finditer(text))


def _trimmed(text: str, match: re.Match[str]) -> Stretch | None:
    """The candidate of a rule without a last character that begins the next word (贪 of 张三贪污), or None."""
    start, end = match.span("name")
    if end - start == 3 and text[start : start + 2] not in terms.COMPOUND_SURNAMES:
        following = text[end : end + 1]
        if (re.match(_HAN, following or " ") and begins_a_word(text[end - 1] + following)) or (
            text[end - 1] in "家说的等某被把和与在是有"
        ):
            end -= 1
    if match.re is _NEIGHBOURLY:
        return Stretch(start, end) if not _NO_NAME.match(text, start) else None
    if match.re is _BEFORE_KIN and end - start == 1:
        called = text[start + 1 : start + 3]
        sure = (len(called) == 2 and called in words.KIN_TITLES) or text[start] in _PLAIN
        return Stretch(start, end) if sure and not _counted(text, start) else None
    cued = match.re in (_AFTER_CUE, _BEFORE_KIN, _ALONE, _NEXT_IN_LIST)
    closed = not re.match(_HAN, text[end : end + 1] or " ")
    if (
        match.re is _AFTER_CUE
        and closed
        and (text[start - 1] in ":：" or not rjieba.has_word(text[start:end]))
    ):
        return Stretch(start, end)
    if (
        not _is_possible(text[start:end], cued=cued)
        or not _may_stand(text, start, end)
        or _counted(text, start)
    ):
        return None
    return Stretch(start, end)


def _may_stand(text: str, start: int, end: int) -> bool:
    """Whether it is not the beginning of a place or a body: 柳林 in 柳林村."""
    return not _PLACE_BEHIND.match(text, end) and not _NO_NAME.match(text, start)


@lru_cache(maxsize=65_536)
def _is_possible(name: str, *, cued: bool = False) -> bool:
    """Whether it can be a name, and is not rather a word that begins like one.

    cued: it stands behind a word that goes with people, where even a common word may be a name (证人高峰).
    """
    if len(name) < 2 or _NO_NAME.match(name) or any(char in "的了是在我你他她们这那不" for char in name[1:]):
        return False
    if name[1:] == "家" or (name[1] == "家" and name[2:] in _NO_NAME_BEHIND):
        return False
    if name[1:] in ("某", "某某", "某人"):
        return True
    tagged = rjieba.tag(name)
    if len(tagged) == 1:
        floor = _MOST_COMMON if cued or name[0] in _OF_MANY else terms.COMMON_FROM
        return not rjieba.has_word(name) or (tagged[0][1] in _NAME_TAGS and rjieba.suggest_freq(name) < floor)
    if cued or name[0] not in words.SURNAMES_ALSO_WORDS:
        return is_name(name)
    return any(tag in _NAME_TAGS and len(word) > 1 for word, tag in tagged)


def _without_overlap(found: Iterable[Stretch]) -> list[Stretch]:
    """In order; stretches that overlap become one, so that no part of a name stays."""
    joined: list[Stretch] = []
    for one in sorted(found):
        if joined and one.start < joined[-1].end:
            joined[-1] = Stretch(joined[-1].start, max(joined[-1].end, one.end))
        else:
            joined.append(one)
    return joined
