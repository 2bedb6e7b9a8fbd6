"""Character n-grams as integers: up to four characters of 16 bits fill a uint64 exactly, so nothing is hashed.

All texts of a batch are one array; n-grams of every length come from shifts of it, without a Python loop over
characters. Texts must lie in the basic plane, which `ml.triage.text.normalise` sees to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

LONGEST: Final = 4
"""Characters of the longest n-gram; a fifth would not fit into 64 bits."""

Keys = NDArray[np.uint64]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Characters:
    """The characters of many texts in one array, each text followed by `LONGEST` zeros."""

    codes: Keys
    rows: Rows
    """Which text a character belongs to."""

    @classmethod
    def of(cls, texts: Sequence[str]) -> Characters:
        gap = "\0" * LONGEST
        joined = gap.join((*texts, ""))
        codes = np.frombuffer(joined.encode("utf-16-le", errors="replace"), dtype="<u2").astype(np.uint64)
        lengths = np.fromiter((len(text) + LONGEST for text in texts), dtype=np.int64, count=len(texts))
        return cls(codes, np.repeat(np.arange(len(texts), dtype=np.int64), lengths))

    def ngrams(self, size: int) -> tuple[Keys, Rows]:
        """Return the key of every n-gram of ``size`` characters and the text that it stands in."""
        count = max(0, len(self.codes) - size + 1)
        keys = np.zeros(count, dtype=np.uint64)
        whole = np.ones(count, dtype=bool)
        for offset in range(size):
            part = self.codes[offset : offset + count]
            keys |= part << np.uint64(16 * (LONGEST - 1 - offset))
            whole &= part != 0
        return keys[whole], self.rows[:count][whole]


def key_of(ngram: str) -> int:
    """Return the key of one n-gram of one to `LONGEST` characters of the basic plane."""
    units = ngram.encode("utf-16-be").ljust(2 * LONGEST, b"\0")
    if not ngram or len(units) != 2 * LONGEST:
        raise ValueError(f"an n-gram has 1 to {LONGEST} characters of the basic plane, not {len(ngram)}")
    return int.from_bytes(units, "big")


def keys_of(ngrams: Iterable[str]) -> Keys:
    """Return the keys of many n-grams, in their order."""
    return np.fromiter((key_of(ngram) for ngram in ngrams), dtype=np.uint64)
