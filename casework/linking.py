"""What a message names, linked to the registers: officials in that village at that time, programmes, projects. Pure.

Tiers: A  village, post and time fit one official, and the name is his or hers;
       B  village and post and time fit one official, or village and name do, but not all three;
       C  the name alone, or a fit that several share: a hint that is never shown as a finding by itself.
A link is a proposal for a person to confirm. It says nothing on whether the message is true.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from ml.extraction.folding import fold
from ml.extraction.people import post_of
from ml.extraction.reading import Reading
from ml.extraction.spans import Kind, Period, Places, Span

NEAR: Final = timedelta(days=92)
"""A term or a project counts as of a period that lies within a quarter of it: people date loosely."""
_FEWEST_SHARED: Final = 4


class Tier(StrEnum):
    A = "A"
    B = "B"
    C = "C"


class Target(StrEnum):
    OFFICIAL = "official"
    PROGRAMME = "programme"
    PROJECT = "project"


@dataclass(frozen=True)
class Term:
    """One post of one official, from the register `official`."""

    person_key: str
    village_code: str
    post: str
    first: date
    last: date | None


@dataclass(frozen=True)
class Programme:
    """One programme of the register `subsidy_programme`."""

    programme_id: str
    name: str
    category: str
    first: date
    last: date | None


@dataclass(frozen=True)
class Project:
    """One works project of the register `project`."""

    project_id: str
    village_code: str
    name: str
    kind: str
    first: date
    last: date | None


@dataclass(frozen=True)
class Entries:
    """Register rows that a message may speak of: those of the villages it names, and the programmes."""

    terms: Sequence[Term] = ()
    programmes: Sequence[Programme] = ()
    projects: Sequence[Project] = ()


@dataclass(frozen=True)
class Link:
    """A stretch of the message and the register entry it may mean.

    Attributes:
        target: kind of the entry.
        entry: its key: person_key, programme_id, project_id.
        tier: how far the link goes, see above.
        why: what fitted, in Chinese, without a name.
        span: the stretch.
        accused: whether the stretch is part of who the message is against.
    """

    target: Target
    entry: str
    tier: Tier
    why: str
    span: Span
    accused: bool = False


def villages_of(reading: Reading, *, about: str | None = None) -> tuple[str, ...]:
    """Codes of the villages that the message is about: as the form or the clerk says, else as named and decided."""
    if about is not None and len(about) == 12:
        return (about,)
    found = [
        span.value.codes
        for span in reading.divisions
        if isinstance(span.value, Places) and span.kind == Kind.VILLAGE
    ]
    return tuple(dict.fromkeys(code for codes in found for code in codes if len(codes) == 1))


def link(
    text: str,
    reading: Reading,
    entries: Entries,
    *,
    villages: Sequence[str],
    as_of: date,
    names: Mapping[str, str] | None = None,
) -> list[Link]:
    """Links of a message to the entries, the surest first; the accused's before others of the same tier.

    Args:
        text: the message as read.
        reading: what `ml.extraction.reading.read` says of it.
        entries: register rows known on ``as_of``.
        villages: codes that the message is about (`villages_of`); none of them, no links but programmes.
        as_of: the day it came in; the period where the message names none.
        names: person_key → name, of those officials whose names the reader may see. Without it names are not compared.
    """
    folded = fold(text)
    period = reading.period or Period(as_of, as_of)
    links = [
        *_officials(
            folded, reading, [t for t in entries.terms if t.village_code in villages], period, names or {}
        ),
        *_programmes(folded, reading, entries.programmes, period),
        *_projects(folded, [p for p in entries.projects if p.village_code in villages], period),
    ]
    best: dict[tuple[Target, str], Link] = {}
    for found in sorted(links, key=lambda link: (link.tier, not link.accused, link.span.start)):
        best.setdefault((found.target, found.entry), found)
    return list(best.values())


def _officials(
    text: str, reading: Reading, terms: Sequence[Term], period: Period, names: Mapping[str, str]
) -> list[Link]:
    links = []
    for post, person in _mentions(reading):
        span = person or post
        if span is None or _is_addressed(text, span):
            continue
        named = text[person.start : person.end] if person else None
        wanted = post_of(text[post.start : post.end]) if post else None
        accused = _within(span, reading.accused)
        for keys, tier, why in _fits(terms, wanted, named, period, names):
            sure = tier if len(keys) == 1 else Tier.C
            links += [Link(Target.OFFICIAL, key, sure, why, span, accused) for key in sorted(keys)]
    return links


def _fits(
    terms: Sequence[Term], post: str | None, named: str | None, period: Period, names: Mapping[str, str]
) -> Iterator[tuple[set[str], Tier, str]]:
    """Officials who fit a mention, with how far and why; at most one group."""
    serving = [term for term in terms if _meets(term.first, term.last, period)]
    in_post = {term.person_key for term in serving if post is not None and term.post == post}
    called = {
        key for key in {term.person_key for term in terms} if named and _same_name(named, names.get(key))
    }
    serving_called = called & {term.person_key for term in serving}
    full = named is not None and len(named.removeprefix("老")) > 1

    if in_post & called:
        why = "村、职务、任期和姓名相符" if full else "村、职务、任期和姓氏相符"
        yield in_post & called, Tier.A if full else Tier.B, why
    elif serving_called and full:
        yield serving_called, Tier.B, "村和姓名相符，职务未写或不同"
    elif serving_called or called:
        yield serving_called or called, Tier.C, "仅姓氏相符" if serving_called else "姓名相符，但不在任期内"
    elif named is not None and any(key in names for key in in_post):
        yield in_post, Tier.C, "村、职务和任期相符，姓名不同"
    elif in_post:
        yield in_post, Tier.B, "村、职务和任期相符，未核对姓名" if named else "村、职务和任期相符，未写姓名"


def _mentions(reading: Reading) -> list[tuple[Span | None, Span | None]]:
    """Posts and people of a message, those side by side together."""
    posts, people = reading.of(Kind.POST), reading.of(Kind.PERSON)
    pairs: list[tuple[Span | None, Span | None]] = []
    paired: set[int] = set()
    for post in posts:
        beside = next((p for p in people if p.end == post.start or p.start == post.end), None)
        if beside:
            paired.add(beside.start)
        pairs.append((post, beside))
    return [*pairs, *((None, person) for person in people if person.start not in paired)]


def _same_name(named: str, name: str | None) -> bool:
    """Equal names; a surname alone (王书记, 老周) with that surname."""
    if not name:
        return False
    plain = named.removeprefix("老")
    return name.startswith(plain) if len(plain) == 1 else name == plain


def _is_addressed(text: str, span: Span) -> bool:
    """尊敬的陈书记：您好 is to whom one writes, not about whom."""
    return (
        "敬" in text[max(0, span.start - 4) : span.start]
        or "好" in text[span.end : span.end + 7].split("。", maxsplit=1)[0]
    )


def _within(span: Span, accused: Span | None) -> bool:
    return accused is not None and accused.start < span.end and span.start < accused.end


def _programmes(text: str, reading: Reading, programmes: Sequence[Programme], period: Period) -> list[Link]:
    links = []
    for span in reading.of(Kind.PROGRAMME):
        for programme in programmes:
            if not _meets(programme.first, programme.last, period):
                continue
            if text[span.start : span.end] == fold(programme.name):
                links.append(Link(Target.PROGRAMME, programme.programme_id, Tier.A, "项目名称相同", span))
            elif span.value == programme.category:
                alone = sum(p.category == programme.category for p in programmes) == 1
                tier = Tier.B if alone else Tier.C
                links.append(Link(Target.PROGRAMME, programme.programme_id, tier, "同类项目", span))
    return links


def _projects(text: str, projects: Sequence[Project], period: Period) -> list[Link]:
    """By the longest stretch that the message shares with the project's name."""
    links = []
    for project in projects:
        shared = _longest_shared(fold(project.name), text)
        if shared is None:
            continue
        span = Span(Kind.UNIT, shared[0], shared[1], None, 0.6)
        in_time = _meets(project.first, project.last, period)
        whole = shared[1] - shared[0] == len(project.name)
        tier = Tier.A if whole and in_time else Tier.B if in_time or whole else Tier.C
        why = "村内工程，名称相同" if whole else "村内工程，名称部分相同"
        links.append(
            Link(Target.PROJECT, project.project_id, tier, why + ("" if in_time else "，时间不符"), span)
        )
    return links


def _longest_shared(name: str, text: str) -> tuple[int, int] | None:
    """Where in the text the longest run of a name stands, if it has `_FEWEST_SHARED` characters."""
    for length in range(len(name), _FEWEST_SHARED - 1, -1):
        for start in range(len(name) - length + 1):
            place = text.find(name[start : start + length])
            if place >= 0:
                return place, place + length
    return None


def _meets(first: date, last: date | None, period: Period) -> bool:
    """Whether the days of a term or a project and the period lie within `NEAR` of each other."""
    return first - NEAR <= period.last and (last is None or period.first <= last + NEAR)
