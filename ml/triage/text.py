"""Normalising: one spelling for what people type in many ways, before anything is masked or counted."""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Final

from ml.triage.traditional import TO_SIMPLIFIED

MAX_CHARACTERS: Final = 10_000
"""Longer messages are read up to here; the longest petition of the development data has 9,000."""

OPENING: Final = 60
"""The first sentence is read once more by itself, up to so many characters: there people say what it is about."""

_TAG = re.compile(
    r"<(?:script|style)\b.*?</(?:script|style)>|</?[a-zA-Z!][^<>]{0,400}>", re.DOTALL | re.IGNORECASE
)
# Outside the basic plane stand emoji and rare characters; inside it, pictographs, controls and joiners.
_NOT_READ = re.compile(
    r"[\U00010000-\U0010ffff\u2600-\u27bf\ud800-\uf8ff\ufe00-\ufe0f\u200b-\u200f\u2060\ufeff]"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SENTENCE_END = re.compile(r"[。!?;\n]")
_SPACE = re.compile(r"\s+")
_SPACE_IN_CHINESE = re.compile(r"(?<=[^\x00-\x7f]) | (?=[^\x00-\x7f])")


def opening(text: str) -> str:
    """Return how a normalised message begins: its first sentence, at most `OPENING` characters of it."""
    return _SENTENCE_END.split(text, maxsplit=1)[0][:OPENING]


def normalise(text: str) -> str:
    """Return ``text`` in one spelling: no HTML, half-width, simplified, lower case, no idle space, no emoji.

    The result has at most `MAX_CHARACTERS` characters, all of the basic plane, and normalising it again
    changes nothing.
    """
    text = text[: 2 * MAX_CHARACTERS]
    if "&" in text or "<" in text:
        text = _TAG.sub(" ", html.unescape(text))
    text = unicodedata.normalize("NFKC", text).lower().translate(TO_SIMPLIFIED)
    text = _CONTROL.sub(" ", _NOT_READ.sub("", text))
    text = _SPACE_IN_CHINESE.sub("", _SPACE.sub(" ", text))
    return text[:MAX_CHARACTERS].strip()
