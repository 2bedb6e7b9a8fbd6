"""Choosing the vocabulary of triage: what many distinct messages share, and no name of a person or a place.

A term stays when
- it stood in at least `FEWEST_MESSAGES` messages, near-copies counted once;
- it stood in messages of at least `FEWEST_CITIES` cities, and at most `MOST_OF_ONE_CITY` of them are one city's:
  names of streets, estates and firms are many times in one city's messages and hardly in any other's;
- masking takes it away in at most `MOST_MASKED` of the messages that hold it: what is mostly masked (a surname,
  half of a village's name) is a piece of a name where it was left.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

import rjieba

from ml.triage.masking import PLACEHOLDERS
from ml.triage.vocabulary import Vocabulary
from training.board import Message

NGRAM_SIZES: Final = (1, 2)
FEWEST_MESSAGES: Final = 20
FEWEST_CITIES: Final = 3
MOST_OF_ONE_CITY: Final = 0.9
MOST_MASKED: Final = 0.25

_NGRAM = re.compile(rf"[\u4e00-\u9fff{''.join(PLACEHOLDERS)}]+|[^\s]")
_WORD = re.compile(r"[\u4e00-\u9fff]{2,8}")

Terms = Callable[[str], set[str]]


def choose_vocabulary(messages: Sequence[Message]) -> Vocabulary:
    """Return the vocabulary of distinct messages; the caller has removed near-copies."""
    return Vocabulary(len(messages), _chosen(messages, _ngrams), _chosen(messages, _words))


def _ngrams(text: str) -> set[str]:
    found = {text[start : start + size] for size in NGRAM_SIZES for start in range(len(text) - size + 1)}
    return {ngram for ngram in found if _NGRAM.fullmatch(ngram)}


def _words(text: str) -> set[str]:
    return {word for word in rjieba.cut(text) if _WORD.fullmatch(word)}


def _chosen(messages: Sequence[Message], terms_of: Terms) -> dict[str, int]:
    counts: Counter[str] = Counter()
    cities: dict[str, Counter[str]] = {}
    for message in messages:
        terms = terms_of(message.masked)
        counts.update(terms)
        if message.city is not None:
            for term in terms:
                cities.setdefault(term, Counter())[message.city] += 1
    frequent = {
        term
        for term, count in counts.items()
        if count >= FEWEST_MESSAGES and _is_widespread(cities.get(term, Counter()))
    }
    unmasked: Counter[str] = Counter()
    for message in messages:
        unmasked.update(terms_of(message.normalised) & frequent)
    return {
        term: counts[term] for term in sorted(frequent) if counts[term] >= (1 - MOST_MASKED) * unmasked[term]
    }


def _is_widespread(cities: Counter[str]) -> bool:
    return len(cities) >= FEWEST_CITIES and max(cities.values()) <= MOST_OF_ONE_CITY * cities.total()
