"""One spelling for reading without moving a character: offsets in the folded text are offsets in the message."""

from __future__ import annotations

from typing import Final

from ml.triage.traditional import TO_SIMPLIFIED

MOST_CHARACTERS: Final = 10_000
"""Longer messages are read up to here."""

_WIDE: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_SPACES: Final = dict.fromkeys((0x3000, 0xA0, 0x09), ord(" "))
_FORMS: Final = str.maketrans("﹑﹐﹒○◯", "、,.〇〇")
_HALVES: Final = dict.fromkeys(range(0xD800, 0xE000), 0xFFFD)  # of surrogate pairs: no library takes them
_FOLD: Final = {**TO_SIMPLIFIED, **_WIDE, **_SPACES, **_FORMS, **_HALVES}


def fold(text: str) -> str:
    """Half-width, simplified, as long as the text: character for character."""
    return text[:MOST_CHARACTERS].translate(_FOLD)
