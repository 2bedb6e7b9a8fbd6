"""Reading one message: every span, the parties, and the misdeeds with the way they are told."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from ml.extraction.amounts import amounts
from ml.extraction.contacts import contacts
from ml.extraction.dates import dates
from ml.extraction.folding import fold
from ml.extraction.gazetteer import Gazetteer
from ml.extraction.modality import Misdeed, misdeeds
from ml.extraction.parties import accused, party_at_first, sender, shipped_party_tagger, tagged_parties
from ml.extraction.people import people, post_of, programmes
from ml.extraction.spans import Kind, Period, Span, without_overlap
from ml.extraction.tagging import Tagger, features_of, shipped_tagger, spans_of
from ml.extraction.word_lists import POSTS

_REPEATED: Final = {Kind.PERSON: 2, Kind.VILLAGE: 3, Kind.UNIT: 3, Kind.PLACE: 3}
"""Kinds of which every further occurrence counts too, and the fewest characters for that."""
NOWHERE: Final = Gazetteer()


@dataclass(frozen=True)
class Reading:
    """What a message says. Offsets count in the text as given.

    Attributes:
        spans: stretches of which no two overlap, in order.
        divisions: divisions of the register that are named, also inside a longer span (石桥村 in 石桥村村委会).
        accused: who the message is most likely against.
        sender: how the writer names himself.
        misdeeds: words of misconduct and how each is told.
    """

    spans: tuple[Span, ...]
    divisions: tuple[Span, ...]
    accused: Span | None
    sender: Span | None
    misdeeds: tuple[Misdeed, ...]

    def of(self, kind: Kind) -> tuple[Span, ...]:
        """Spans of one kind."""
        return tuple(span for span in self.spans if span.kind == kind)

    @property
    def period(self) -> Period | None:
        """From the first to the last day that the message names, or None."""
        periods = [span.value for span in self.spans if isinstance(span.value, Period)]
        return Period(min(p.first for p in periods), max(p.last for p in periods)) if periods else None


def read(
    text: str,
    *,
    as_of: date,
    gazetteer: Gazetteer = NOWHERE,
    office: str = "",
    programme_names: Mapping[str, str] | None = None,
    tagger: Tagger | None = None,
    party_tagger: Tagger | None = None,
) -> Reading:
    """Read a message as it came in. It never raises on any text and takes time in proportion to its length.

    Args:
        text: the message; beyond `ml.extraction.folding.MOST_CHARACTERS` it is not read.
        as_of: the day it came in; "去年" counts from it.
        gazetteer: names of divisions; without them places are found by their endings only and have no code.
        office: division code of the office that received it; decides between villages of one name.
        programme_names: programmes of the register: name → category.
        tagger: weights for names; those of the package by default.
        party_tagger: weights for who is accused and who writes; those of the package by default.
    """
    folded = fold(text)
    divisions = tuple(gazetteer.spans(folded, office=office))
    certain = [*dates(folded, as_of=as_of), *contacts(folded)]
    taken = _places_of(certain)
    certain += [span for span in amounts(folded) if taken.isdisjoint(range(span.start, span.end))]
    certain += programmes(folded, programme_names)
    taken = _places_of(certain)
    ruled = list(people(folded))
    features = features_of(folded)
    tagged = [
        span
        for span in spans_of(folded, (tagger or shipped_tagger()).tag(features))
        if _fits(folded, span, divisions, ruled)
    ]
    named = [*tagged, *ruled, *divisions]
    named = [span for span in named if taken.isdisjoint(range(span.start, span.end))]
    spans = without_overlap([*certain, *named])
    spans = without_overlap([*spans, *_again(folded, spans)])
    spans = [_with_value(folded, span, divisions) for span in spans]
    told = tuple(misdeeds(folded))
    seen = tagged_parties(folded, features, party_tagger or shipped_party_tagger())
    said = accused(folded, spans)
    against = said or party_at_first(folded, seen.get(Kind.ACCUSED))
    writer = sender(folded, spans) or seen.get(Kind.SENDER)
    if writer and said and writer.start < said.end and said.start < writer.end:
        writer = None
    return Reading(tuple(spans), divisions, against, writer, told)


def _places_of(spans: Sequence[Span]) -> set[int]:
    return {place for span in spans for place in range(span.start, span.end)}


def _fits(text: str, span: Span, divisions: Sequence[Span], ruled: Sequence[Span]) -> bool:
    """Whether what the tagger found may stand beside what the register and the rules say.

    It may hold a division (石桥村三组, 石桥村村委会) but not cut one; a place holds no village; a post ends in one; it does
    not swallow a post or a name beside one.
    """
    if span.kind == Kind.POST and not text[span.start : span.end].endswith(POSTS):
        return False
    swallowed = {
        inside.kind
        for inside in ruled
        if span.start <= inside.start and inside.end <= span.end and inside.end - inside.start > 1
    }
    if swallowed & {Kind.PERSON, Kind.POST} - {span.kind}:
        return False
    for division in divisions:
        if division.start < span.end and span.start < division.end:
            holds = span.start <= division.start and division.end <= span.end
            if not holds or (span.kind == Kind.PLACE and division.kind == Kind.VILLAGE):
                return False
    return True


def _again(text: str, spans: Sequence[Span]) -> Iterator[Span]:
    """Further occurrences of names found once."""
    taken = _places_of(spans)
    known = {
        text[span.start : span.end]: span
        for span in spans
        if span.end - span.start >= _REPEATED.get(span.kind, 99)
    }
    if not known:
        return
    pattern = re.compile("|".join(map(re.escape, sorted(known, key=len, reverse=True))))
    for match in pattern.finditer(text):
        if taken.isdisjoint(range(match.start(), match.end())):
            yield Span(known[match[0]].kind, match.start(), match.end(), None, 0.6)


def _with_value(text: str, span: Span, divisions: Sequence[Span]) -> Span:
    """A village or place with the codes of the register's division inside it; a post with that of the register."""
    if span.value is not None or span.kind not in {Kind.VILLAGE, Kind.PLACE, Kind.POST}:
        return span
    if span.kind == Kind.POST:
        return Span(span.kind, span.start, span.end, post_of(text[span.start : span.end]), span.confidence)
    inside = [d for d in divisions if span.start <= d.start and d.end <= span.end]
    if not inside:
        return span
    return Span(span.kind, span.start, span.end, inside[-1].value, inside[-1].confidence)
