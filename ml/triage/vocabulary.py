"""The vocabulary: which n-grams and words are features, and in how many messages each of them stood.

The counts are shipped beside the terms, so that the rule "nothing seen in fewer than ten messages" can be
checked on the file, and so that weights of rarity need no training data.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ml.triage.masking import PLACEHOLDERS

FLOOR: Final = 10
"""No n-gram or word of fewer distinct messages may be in a vocabulary: so no name or place leaks through it."""

_ALLOWED = re.compile(rf"[\u4e00-\u9fff{''.join(PLACEHOLDERS)}]+|.", re.DOTALL)


@dataclass(frozen=True)
class Vocabulary:
    """Terms with their counts of distinct messages, out of `messages`.

    Raises:
        ValueError: a term was seen in fewer than `FLOOR` messages, or holds more than Chinese and placeholders.
    """

    messages: int
    ngrams: Mapping[str, int]
    words: Mapping[str, int]

    def __post_init__(self) -> None:
        for term, count in (*self.ngrams.items(), *self.words.items()):
            if count < FLOOR:
                raise ValueError(
                    f"{term!r} was seen in {count} messages; a vocabulary holds none under {FLOOR}"
                )
            if not _ALLOWED.fullmatch(term):
                raise ValueError(f"{term!r} mixes Chinese with other characters; mask the text first")

    @cached_property
    def ngram_rarity(self) -> NDArray[np.float64]:
        """Inverse document frequency of each n-gram, smoothed as in scikit-learn."""
        return self._rarity(self.ngrams)

    @cached_property
    def word_rarity(self) -> NDArray[np.float64]:
        """Inverse document frequency of each word."""
        return self._rarity(self.words)

    def _rarity(self, terms: Mapping[str, int]) -> NDArray[np.float64]:
        counts = np.fromiter(terms.values(), dtype=np.float64, count=len(terms))
        return np.asarray(np.log((1 + self.messages) / (1 + counts)) + 1, dtype=np.float64)

    def to_json(self) -> bytes:
        """Return the vocabulary as JSON, in an order that does not depend on how it was built."""
        content = {
            "messages": self.messages,
            "ngrams": dict(sorted(self.ngrams.items())),
            "words": dict(sorted(self.words.items())),
        }
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"

    @classmethod
    def from_json(cls, content: bytes) -> Vocabulary:
        """Read what `to_json` wrote. Raises ValueError or KeyError when it is not a vocabulary."""
        read = json.loads(content)
        return cls(int(read["messages"]), read["ngrams"], read["words"])
