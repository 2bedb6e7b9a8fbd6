"""Masking: names, places, phones, ID numbers and figures become placeholders before anything is counted.

Text is masked for the model, not for reading: the rules would rather take a harmless word too many than leave
a name after its cue. A name without any cue can stay in the text; it reaches no feature either, because the
vocabulary holds no n-gram of fewer than ten messages and none that is a name (`ml.triage.vocabulary`).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import rjieba

from ml.triage import mask_terms as terms

PERSON: Final = "Ⓟ"
PLACE: Final = "Ⓛ"
CONTACT: Final = "Ⓒ"
IDENTIFIER: Final = "Ⓘ"
NUMBER: Final = "Ⓝ"
PLACEHOLDERS: Final = {
    PERSON: "〔人名〕",
    PLACE: "〔地名〕",
    CONTACT: "〔联系方式〕",
    IDENTIFIER: "〔证件号〕",
    NUMBER: "〔数字〕",
}
"""Each placeholder with the words that stand for it on screen."""

_HAN: Final = r"[\u4e00-\u9fff]"
_NO_HAN_BEFORE: Final = r"(?<![\u4e00-\u9fff])"

_CONTACTS = re.compile(
    r"https?://[\x21-\x7e]+|www\.[\x21-\x7e]+|[\w.+*-]+@[\w-]+\.[\w.]+"
    r"|\[(?:电话|手机|邮箱|网址)\]"
    r"|(?:qq|微信|v信|薇信)(?:号码?)?[:是]*[a-z0-9_-]{5,20}"
    r"|(?<!\d)(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)"
    r"|(?<!\d)\(?0\d{2,3}\)?[- ]?\d{7,8}(?!\d)",
    re.ASCII,
)
_IDENTIFIERS = re.compile(
    r"\[(?:身份证号?|证件号?|银行卡号?|车牌号?|账号)\]|\*{4,}"
    r"|(?<!\d)\d{17}[\dx](?!\d)|(?<!\d)\d{15}(?!\d)|(?<!\d)\d{4}(?: ?\d{4}){3}(?: ?\d{1,3})?(?!\d)"
    r"|[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][a-z][·.\- ]?(?=[a-z0-9]*\d)[a-z0-9]{5,6}(?![a-z0-9])",
    re.ASCII,
)
_NUMBERS = re.compile(
    r"\d+(?:[.,:/\-]\d+)*|[〇零一二三四五六七八九十百]{2,}(?=[年月日号]|[多余几]?[千万亿元])"
)

_PLACE_CHARACTER: Final = rf"(?![{terms.NEVER_IN_A_PLACE}]){_HAN}"
_PLAIN_PLACE_CHARACTER: Final = rf"(?![{terms.NEVER_IN_A_PLACE}{terms.SELDOM_IN_A_PLACE}]){_HAN}"
_PLACES = re.compile(
    rf"(?P<name>[a-z]\d{{0,2}}"
    rf"|(?<=[省市县区州镇乡道村])(?:{_PLACE_CHARACTER}){{1,6}}?"
    rf"|(?:{_NO_HAN_BEFORE}|(?<=[在于到往去至住是由从向对据和及与的为叫赴离经自位报映]))(?:{_PLAIN_PLACE_CHARACTER}){{1,6}}?)"
    rf"(?P<ending>{'|'.join(terms.PLACE_WORDS)}|{terms.PLACE_CHARACTERS})"
)
_VILLAGES = re.compile(
    rf"(?P<before>{terms.BEFORE_A_VILLAGE})(?P<name>(?:(?![{terms.NEVER_IN_A_VILLAGE}])[\u4e00-\u9fff{PLACE}]){{1,12}}?)村"
    rf"(?=的|村|[支民委主]|干部|两委|[,。]|$)"
)
_NO_PART_OF_A_PLACE = re.compile(rf".*(?:{terms.ROLES_AND_VERBS})")
_NO_VILLAGE = re.compile(rf"(?:{terms.NO_VILLAGE})")
_LARGER_UNIT = re.compile(r"(?:[省市县区州镇乡]|街道)(?!$)")
_REGIONS = re.compile(rf"(?:{terms.REGIONS})")

_COMMON_PERSON_FROM: Final = 1_000
_NAME_TAGS: Final = frozenset({"nr", "nrt", "nrfg", "ns", "nz"})
_DOING_TAGS: Final = frozenset({"v", "vn", "d", "p", "c"})
_ANONYMISED = re.compile(rf"{terms.FAMILY}(?:某{{1,3}}|[x*○×]{{1,3}}(?![x*×]))")
_BEFORE_TITLE = re.compile(
    rf"(?:{_NO_HAN_BEFORE}|(?<=[的是由与叫找向对被让请跟同及给为长员]))"
    rf"(?P<name>{terms.FAMILY}{_HAN}{{0,2}}?)(?=[副总]?(?:{terms.TITLES}))"
)
_AFTER_CUE = re.compile(rf"(?P<cue>(?:{terms.NAME_CUES})[:叫是]?)(?P<name>{terms.FAMILY}{_HAN}{{1,2}})")
_BEFORE_SIGN = re.compile(
    rf"{_NO_HAN_BEFORE}(?P<name>{terms.FAMILY}{_HAN}{{1,2}}?)"
    rf"(?=等(?:{NUMBER}?[人名位]|同志)|夫妇|夫妻|兄弟|父子|家族|一家|的?(?:{'|'.join(terms.KINSHIP)})|{'|'.join(terms.DEEDS)}"
    rf"|的?(?:联系电话|电话|手机|身份证)|[:,]?[{CONTACT}{IDENTIFIER}]|[,。]?(?:{NUMBER}[年月日]?){{0,3}}$)"
)
_IN_A_LIST = re.compile(rf"(?<={PERSON}[、,])(?P<name>{terms.FAMILY}{_HAN}{{1,2}}?)(?=[、,。等和及])")


def mask(text: str) -> str:
    """Return normalised ``text`` with every personal name, place, contact, identifier and figure replaced.

    ``text`` comes from `ml.triage.text.normalise`. Each replaced stretch becomes one of `PLACEHOLDERS`; the
    kind of place stays (``Ⓛ村``), since a village and an estate are different matters.
    """
    text = _CONTACTS.sub(CONTACT, text)
    text = _IDENTIFIERS.sub(IDENTIFIER, text)
    text = _PLACES.sub(_without_place_name, text)
    text = _REGIONS.sub(PLACE, _VILLAGES.sub(_without_village_name, text))
    text = _NUMBERS.sub(NUMBER, text)
    return _mask_persons(text)


def readable(masked: str) -> str:
    """Return ``masked`` with placeholders written out for people: ``Ⓟ`` as 〔人名〕."""
    for sign, words in PLACEHOLDERS.items():
        masked = masked.replace(sign, words)
    return masked


def _without_place_name(match: re.Match[str]) -> str:
    name, ending = match["name"], match["ending"]
    lead = _NO_PART_OF_A_PLACE.match(name)
    start = lead.end() if lead else 0
    if start == len(name) or is_no_place(name[start:], ending):
        return match[0]
    return name[:start] + PLACE + ending


def _without_village_name(match: re.Match[str]) -> str:
    name = match["name"]
    if _NO_VILLAGE.fullmatch(name) or _NO_PART_OF_A_PLACE.match(name) or _LARGER_UNIT.search(name):
        return match[0]
    if _says_something(name):
        return match[0]
    return f"{match['before']}{PLACE}村"


@lru_cache(maxsize=65_536)
def _says_something(name: str) -> bool:
    """Whether there is a verb or a count in it (勾结, 退休, 一名), so that it is more than a name."""
    words = rjieba.tag(name)
    return any(tag in _DOING_TAGS | {"m"} and len(word) > 1 for word, tag in words) and len(words) > 1


@lru_cache(maxsize=65_536)
def is_no_place(name: str, ending: str) -> bool:
    """Whether what stands before the ending of a place makes a common word of it (贫困村) and not a name."""
    if name[-1] + ending in terms.ALWAYS_A_WORD or name in terms.SELDOM_IN_A_PLACE:
        return True
    words = terms.NO_PLACE.get(ending, frozenset())
    return name in words or any(name.endswith(word) for word in words if len(word) > 1)


def _mask_persons(text: str) -> str:
    """Mask who is named after a cue, there and wherever else the text has the same name."""
    found: set[str] = set()
    text = _ANONYMISED.sub(PERSON, text)
    for rule in (_AFTER_CUE, _BEFORE_TITLE, _BEFORE_SIGN):
        text = rule.sub(lambda match: _without_name(match, found), text)
    previous = ""
    while previous != text:
        previous, text = text, _IN_A_LIST.sub(lambda match: _without_name(match, found), text)
    for name in sorted(found, key=len, reverse=True):
        text = text.replace(name, PERSON)
    return text


def _without_name(match: re.Match[str], found: set[str]) -> str:
    """Replace the name that the match's candidate begins with, and note it if it is a full one."""
    candidate = match["name"]
    start, end = (place - match.start() for place in match.span("name"))
    if not _is_name(candidate):
        return match[0]
    if match.re is _AFTER_CUE and _takes_too_much(candidate, match.string[match.end() : match.end() + 1]):
        candidate, end = candidate[:-1], end - 1
    if len(candidate) > 1:
        found.add(candidate)
    return match[0][:start] + PERSON + match[0][end:]


def _takes_too_much(candidate: str, following: str) -> bool:
    """Whether the last character belongs to what follows (the 贪 of 张三贪污) and not to the name."""
    given = len(candidate) - (2 if _is_compound(candidate) else 1)
    return given == 2 and _begins_a_word(candidate[-1], following)


def _is_compound(candidate: str) -> bool:
    return len(candidate) > 2 and candidate[:2] in terms.COMPOUND_SURNAMES


@lru_cache(maxsize=65_536)
def _is_name(candidate: str) -> bool:
    """Whether a surname with what follows it reads as a name and not as common words (高兴, 方面的, 金额)."""
    if len(candidate) == 1 or _is_compound(candidate):
        return True
    first, *rest = rjieba.cut(candidate)
    return len(first) == 1 or not _is_common_word(first) or (first in terms.ALSO_NAMES and bool(rest))


@lru_cache(maxsize=65_536)
def _begins_a_word(last: str, following: str) -> bool:
    """Whether ``last`` is the start of a verb or a function word with what follows, or one by itself."""
    if last in terms.NEVER_IN_A_PLACE + terms.SELDOM_IN_A_PLACE:
        return True
    return (
        bool(following)
        and _is_common_word(last + following)
        and rjieba.tag(last + following)[0][1] in _DOING_TAGS
    )


@lru_cache(maxsize=65_536)
def _is_common_word(text: str) -> bool:
    """Whether the segmenter's dictionary counts ``text`` often: 方面 27,000 times, 胡金 twice.

    What it tags as a name (罗文, but also 谢谢 and 公正) must be far more frequent to count as a word.
    """
    tagged = rjieba.tag(text)
    if len(tagged) > 1 or not rjieba.has_word(text):
        return False
    floor = _COMMON_PERSON_FROM if tagged[0][1] in _NAME_TAGS else terms.COMMON_FROM
    return rjieba.suggest_freq(text) >= floor
