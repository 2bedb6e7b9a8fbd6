"""People and posts by rule: a surname before a post, a name behind one, 某某; and programmes by what people call them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

import rjieba

from ml.extraction import word_lists as words
from ml.extraction.spans import Kind, Span
from ml.triage import mask_terms as terms

_HAN: Final = r"[\u4e00-\u9fff]"
_POSTS: Final = re.compile(
    rf"(?:{words.POST})(?![室办们部])(?<![市县区镇乡]长(?=[\u4e00-\u9fff]{{1,2}}(?:[乡镇村路区]|街道|中学|小学)))"
)
_OFFICE_OF: Final = re.compile(r"局|办(?!理|了|的)|站|所|中心|科(?!技)|股(?!份)")
_ANONYMISED: Final = re.compile(rf"{terms.FAMILY}(?:某{{1,3}}|[xX*×]{{1,3}}(?![xX*×]))")
_BEFORE_POST: Final = re.compile(rf"(?P<name>老?{terms.FAMILY}{_HAN}{{0,2}}?)(?={words.POST})")
_AFTER_POST: Final = re.compile(
    rf"(?:{words.POST}|村民|包工头|老板)(?P<name>老{terms.FAMILY}(?!是|的|板)|{terms.FAMILY}{_HAN}{{1,2}})"
)
_AFTER_SELF: Final = re.compile(
    rf"(?:我叫|我名叫|名叫|申请人|反映人|举报人|落款|我名)[:：是]?\s?(?P<name>{terms.FAMILY}{_HAN}{{1,2}})(?!{_HAN})"
)
_OFFICES: Final = re.compile(
    rf"[村镇乡县市区]?(?:{'|'.join(words.OFFICES)})"
    r"(?:管理|服务|监督|监察|检查|执法)?(?:站|所|局|办公室|办(?![理事公法证完好案个])|中心|大队|委员会|委(?!托|员|屈)|处(?!理|罚|分|于|境))"
)
_LETTER_BEFORE: Final = re.compile(rf"(?:{_HAN}|[A-Za-z0-9])$")
_MAY_STAND_BEFORE: Final = frozenset("的是由与叫找向对被让请跟同及给为长员任计记望敬恳和兼原问求到村镇乡社")


def people(text: str) -> Iterator[Span]:
    """Posts and the names beside them in the folded ``text``; they may overlap with what the tagger finds."""
    for match in _POSTS.finditer(text):
        yield Span(Kind.POST, match.start(), match.end(), post_of(match[0]), 0.7)
        if match[0][0] == "村" and len(match[0]) > 2:  # 石桥村支书 is a village and its 支书
            yield Span(Kind.POST, match.start() + 1, match.end(), post_of(match[0]), 0.65)
    for match in _OFFICES.finditer(text):
        yield Span(Kind.UNIT, match.start(), match.end(), None, 0.8)
    for match in _ANONYMISED.finditer(text):
        yield Span(Kind.PERSON, match.start(), match.end(), None, 0.8)
    for match in _BEFORE_POST.finditer(text):
        before = text[max(0, match.start() - 1) : match.start()]
        if (not before or not _LETTER_BEFORE.search(before) or before in _MAY_STAND_BEFORE) and is_name(
            match["name"]
        ):
            yield Span(Kind.PERSON, match.start("name"), match.end("name"), None, 0.75)
    for pattern in (_AFTER_POST, _AFTER_SELF):
        for match in pattern.finditer(text):
            name = match["name"]
            if (
                len(name) == 3
                and name[0] != "老"
                and not _closes(text, match.end("name"))
                and begins_a_word(name[-1] + text[match.end("name") : match.end("name") + 1])
            ):
                name = name[:-1]
            if is_name(name):
                yield Span(Kind.PERSON, match.start("name"), match.start("name") + len(name), None, 0.7)


def programmes(text: str, names: Mapping[str, str] | None = None) -> Iterator[Span]:
    """Programmes in the folded ``text``. ``names``: name in the register → category, beside what people call them."""
    lexicon, longest = _lexicon(tuple(sorted((names or {}).items())))
    place = 0
    while place < len(text):
        length = next(
            (n for n in range(min(longest, len(text) - place), 1, -1) if text[place : place + n] in lexicon),
            0,
        )
        if length and not _OFFICE_OF.match(text, place + length):
            yield Span(Kind.PROGRAMME, place, place + length, lexicon[text[place : place + length]], 0.9)
        place += length or 1


def post_of(word: str) -> str | None:
    """Post of the register `official` that a word stands for, by the longest name it ends with."""
    found = [
        (len(name), post)
        for post, names in words.POST_OF_REGISTER.items()
        for name in names
        if word.endswith(name)
    ]
    return max(found)[1] if found else None


@lru_cache(maxsize=8)
def _lexicon(names: tuple[tuple[str, str], ...]) -> tuple[dict[str, str], int]:
    lexicon = {name: category for category, called in words.PROGRAMMES.items() for name in called}
    lexicon.update({name: category for name, category in names if len(name) >= 2})
    return lexicon, max(map(len, lexicon))


def _closes(text: str, place: int) -> bool:
    return not text[place : place + 1] or not re.match(_HAN, text[place : place + 1])


@lru_cache(maxsize=65_536)
def begins_a_word(text: str) -> bool:
    """Whether a character is a function word, or the start of a common word with the next (贪 of 张三贪污)."""
    if text[0] in terms.NEVER_IN_A_PLACE + terms.SELDOM_IN_A_PLACE:
        return True
    return len(text) == 2 and bool(rjieba.has_word(text)) and rjieba.suggest_freq(text) >= terms.COMMON_FROM


@lru_cache(maxsize=65_536)
def is_name(candidate: str) -> bool:
    """Whether a surname with what follows reads as a name and not as a word (高兴, 方面, 全体)."""
    given = candidate.removeprefix("老")
    if len(given) == 1:
        return True
    if any(character in terms.NEVER_IN_A_PLACE for character in given[1:]):
        return False
    first, part = rjieba.tag(given)[0]
    if len(first) == 1 or part in {"nr", "nrt", "nrfg"}:
        return True
    return not rjieba.has_word(first) or rjieba.suggest_freq(first) < terms.COMMON_FROM
