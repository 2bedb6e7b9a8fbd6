"""Divisions of the register in a text: names to codes.

A name that several villages bear is decided by the town or county named with it, else by the division of the office
that received the message; what stays open keeps all codes, each with its share of the confidence.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from ml.extraction.spans import Kind, Places, Span

_COMMITTEE: Final = re.compile(r"(?:村民|居民)?委员会$|[村居]委会$")
_VILLAGE_ENDING: Final = re.compile(r"(?:社区|村|居)$")
_TOWN_ENDING: Final = re.compile(r"(?:街道|办事处|镇|乡|县|市|区)$")
_VILLAGE: Final = 12
_SHORT: Final = 2
_LONGEST_NAME: Final = 16
_BEHIND_SHORT: Final = re.compile(
    r"村委|村支|村两委|支书|书记|主任|居委|大队|社区|村|党支部|党总支|两委|干部|会计"
)


@dataclass(frozen=True)
class Gazetteer:
    """Names of divisions → codes. Build it once with `of` and use it for every message.

    Attributes:
        codes: full names (石桥村) and names without what a committee adds (石桥村村民委员会 → 石桥村).
        short: names without their ending (石桥): read only where the text shows that a village is meant.
        lengths: lengths of the names, longest first.
    """

    codes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    short: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lengths: tuple[int, ...] = ()

    @classmethod
    def of(cls, names: Mapping[str, str], aliases: Mapping[str, str] | None = None) -> Gazetteer:
        """``names``: code → name of each division; ``aliases``: further name → code (old names, local names)."""
        full: defaultdict[str, set[str]] = defaultdict(set)
        short: defaultdict[str, set[str]] = defaultdict(set)
        for code, name in names.items():
            plain = _COMMITTEE.sub("", name.strip())
            if len(code) == _VILLAGE and name != plain and not _VILLAGE_ENDING.search(plain):
                plain += "社区" if "居" in name[len(plain) :] else "村"
            ending = _VILLAGE_ENDING if len(code) == _VILLAGE else _TOWN_ENDING
            stem = ending.sub("", plain)
            if len(plain) > _SHORT:
                full[plain].add(code)
            if len(stem) >= _SHORT and stem != plain:
                short[stem].add(code)
        for alias, code in (aliases or {}).items():
            full[alias].add(code)
        found = {name: tuple(sorted(codes)) for name, codes in full.items() if len(name) <= _LONGEST_NAME}
        stems = {name: tuple(sorted(codes)) for name, codes in short.items() if len(name) <= _LONGEST_NAME}
        lengths = sorted({len(name) for name in (*found, *stems)}, reverse=True)
        return cls(found, stems, tuple(lengths))

    def spans(self, text: str, *, office: str = "") -> Iterator[Span]:
        """Divisions named in the folded ``text``. ``office``: division code of the office that received it."""
        named = list(self._named(text))
        towns = {code for _, _, codes in named for code in codes if len(code) < _VILLAGE}
        for start, end, codes in named:
            kept = _decided(codes, towns=towns, office=office)
            kind = Kind.VILLAGE if len(kept[0]) == _VILLAGE else Kind.PLACE
            yield Span(kind, start, end, Places(kept), round(0.95 / len(kept), 3))

    def _named(self, text: str) -> Iterator[tuple[int, int, tuple[str, ...]]]:
        place, above = 0, ""
        while place < len(text):
            found = self._at(text, place, above=above)
            if found is None:
                place += 1
                continue
            end, codes = found
            yield place, end, codes
            above = codes[0] if len(codes[0]) < _VILLAGE else above
            place = end

    def _at(self, text: str, place: int, *, above: str) -> tuple[int, tuple[str, ...]] | None:
        for length in self.lengths:
            name = text[place : place + length]
            if len(name) < length:
                continue
            end = place + length
            if name in self.codes:
                return end, self.codes[name]
            if name in self.short:
                codes = self.short[name]
                behind_its_town = bool(above) and _ends_in_division(text, place)
                below = tuple(code for code in codes if behind_its_town and code.startswith(above))
                if below or (_BEHIND_SHORT.match(text, end) and any(len(code) == _VILLAGE for code in codes)):
                    return end, below or tuple(code for code in codes if len(code) == _VILLAGE)
        return None


def _ends_in_division(text: str, place: int) -> bool:
    return text[max(0, place - 1) : place] in {"镇", "乡", "道", "县", "市", "区"}


def _decided(codes: tuple[str, ...], *, towns: set[str], office: str) -> tuple[str, ...]:
    """The codes that lie in a division named in the text, else those of the office; all when neither decides."""
    for wanted in (
        [code for code in codes if any(code.startswith(town) and code != town for town in towns)],
        [code for code in codes if office and code.startswith(office)],
    ):
        if wanted:
            return tuple(wanted)
    return codes
