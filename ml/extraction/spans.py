"""A stretch of a message and what it means."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Kind(StrEnum):
    """What a stretch of text is. `ACCUSED` and `SENDER` lie over the others; of the others no two overlap."""

    AMOUNT = "amount"
    DATE = "date"
    PLACE = "place"
    VILLAGE = "village"
    PERSON = "person"
    POST = "post"
    UNIT = "unit"
    PROGRAMME = "programme"
    PHONE = "phone"
    ACCOUNT = "account"
    IDENTIFIER = "identifier"
    ACCUSED = "accused"
    SENDER = "sender"


@dataclass(frozen=True)
class Money:
    """An amount in fen.

    Attributes:
        least: the amount, or the lower end of a range; None where the text is vague (几十万).
        most: the upper end of a range, else equal to `least`; None for "多" and "上" as well.
        per: what a rate is per ("亩", "人月" for 每人每月); None for a sum. A rate is never added to a sum.
    """

    least: int | None
    most: int | None
    per: str | None = None


@dataclass(frozen=True)
class Period:
    """Days from `first` to `last`, both included. A lunar month is such a period."""

    first: date
    last: date


@dataclass(frozen=True)
class Places:
    """Division codes that a name may stand for; one code when the text or the office decides."""

    codes: tuple[str, ...]


Value = Money | Period | Places | str | None
"""A programme's value is the category of the register, a post's the post of the register."""


@dataclass(frozen=True)
class Span:
    """``text[start:end]`` of the message as given. `confidence` in [0, 1]: how far the rule can be trusted."""

    kind: Kind
    start: int
    end: int
    value: Value = None
    confidence: float = 0.9

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise ValueError(f"a span from {self.start} to {self.end} holds no text")


def without_overlap(spans: Iterable[Span]) -> list[Span]:
    """The spans in order of place; of those that overlap the longest stays, and the surer of two alike."""
    kept: list[Span] = []
    taken: set[int] = set()
    for span in sorted(spans, key=lambda span: (span.start - span.end, -span.confidence, span.start)):
        if taken.isdisjoint(range(span.start, span.end)):
            taken.update(range(span.start, span.end))
            kept.append(span)
    return sorted(kept, key=lambda span: span.start)
