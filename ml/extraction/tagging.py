"""Tagging characters with a linear-chain model: places, villages, people, posts, units, programmes.

What a character is tagged by: its class and the classes around it (ending of a place or a unit, surname, cue, digit),
the word and its part of speech, and characters and words that are frequent in the language. A character or word that
fewer than `training.extraction.FEWEST` messages use is no feature, so that the weights hold no one's name.
The weights are JSON; the path is found by Viterbi (Rabiner 1989) here, without the library that trained them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np
import rjieba
from numpy.typing import NDArray

from ml.extraction import word_lists as words
from ml.extraction.places import named_places
from ml.extraction.spans import Kind, Span
from ml.triage import mask_terms as terms

OUTSIDE: Final = "O"
KINDS: Final = (Kind.PLACE, Kind.VILLAGE, Kind.PERSON, Kind.POST, Kind.UNIT, Kind.PROGRAMME)
_CLASSES: Final[tuple[tuple[str, frozenset[str]], ...]] = (
    ("above", frozenset("省市县区镇乡州")),
    ("village", frozenset("村屯寨社")),
    ("group", frozenset("组队")),
    ("spot", frozenset("路街巷弄苑园场桥湖河山")),
    ("unit", frozenset("局厅所院站厂校司办部委处店行")),
    ("surname", frozenset(terms.SURNAMES)),
    ("grammar", frozenset(terms.NEVER_IN_A_PLACE + terms.SELDOM_IN_A_PLACE)),
    ("number", frozenset("0123456789〇零一二三四五六七八九十百千万")),
    ("mark", frozenset("、,，。.;；:：!！?？()（）\"“”'《》¶")),
)
_LEXICONS: Final = (
    ("post", frozenset(words.POSTS)),
    ("programme", frozenset(name for names in words.PROGRAMMES.values() for name in names)),
    ("unit", frozenset(words.UNIT_ENDINGS)),
    ("suffix", frozenset((*terms.PLACE_WORDS, "村民小组"))),
    ("cue", frozenset((*words.ACCUSING_CUES, *words.ADDRESSING_CUES, *words.SENDER_CUES))),
    ("kin", frozenset((*terms.KINSHIP, "村民", "居民", "老板", "同志", "本人", "我叫", "名叫", "申请人"))),
    ("deed", frozenset(terms.DEEDS)),
)  # fmt: skip
_HAN: Final = re.compile(r"[\u4e00-\u9fff]")
_ENDINGS: Final = frozenset({"above", "village", "group", "spot", "unit"})


@dataclass(frozen=True)
class Tagger:
    """Weights of a linear-chain model.

    Attributes:
        labels: ``O`` and ``B-`` and ``I-`` of each kind.
        states: feature → weight per label, shape (labels,).
        moves: weight of one label after another, shape (labels, labels).
    """

    labels: tuple[str, ...]
    states: Mapping[str, NDArray[np.float32]]
    moves: NDArray[np.float32]

    @classmethod
    def from_json(cls, text: str) -> Tagger:
        """Weights as `training.extraction` writes them."""
        stored = json.loads(text)
        labels = tuple(stored["labels"])
        states = {}
        for feature, weights in stored["states"].items():
            row = np.zeros(len(labels), dtype=np.float32)
            for number, weight in weights.items():
                row[int(number)] = weight
            states[feature] = row
        return cls(labels, states, np.array(stored["moves"], dtype=np.float32))

    def tag(self, features: Sequence[Sequence[str]]) -> list[str]:
        """The likeliest label of each character. ``features``: those of each character."""
        if not features:
            return []
        scores = np.zeros((len(features), len(self.labels)), dtype=np.float32)
        for place, named in enumerate(features):
            known = [self.states[feature] for feature in named if feature in self.states]
            scores[place] = np.sum(known, axis=0) if known else 0
        behind = np.zeros(scores.shape, dtype=np.intp)
        best = scores[0]
        for place in range(1, len(scores)):
            ways = best[:, None] + self.moves
            behind[place] = ways.argmax(axis=0)
            best = ways.max(axis=0) + scores[place]
        path = [int(best.argmax())]
        for place in range(len(scores) - 1, 0, -1):
            path.append(int(behind[place][path[-1]]))
        return [self.labels[number] for number in reversed(path)]


@cache
def shipped_tagger() -> Tagger:
    """The weights that come with the package."""
    return Tagger.from_json((files("ml.extraction") / "tagger.json").read_text(encoding="utf-8"))


def spans_of(text: str, labels: Sequence[str]) -> list[Span]:
    """Spans of the folded ``text`` by the labels of its characters; an ``I-`` without its ``B-`` begins a span too.

    A stretch without a Chinese character is none: the tagger has not learnt other languages.
    """
    spans: list[Span] = []
    start, kind = 0, OUTSIDE
    for place, label in enumerate([*labels, OUTSIDE]):
        here = label.partition("-")[2] or OUTSIDE
        ends = kind != OUTSIDE and (here != kind or label.startswith("B-"))
        if ends and _HAN.search(text, start, place):
            spans.append(Span(Kind(kind), start, place, None, 0.75))
        if label.startswith("B-") or here != kind:
            start = place
        kind = here
    return spans


def features_of(text: str) -> list[list[str]]:
    """Names of the features of each character of the folded ``text``."""
    text = "".join("¶" if character.isspace() else character for character in text)
    classes = [_classes(character) for character in text]
    segments = _segments(text)
    lexicon = _lexicon(text)
    ahead, behind, ruled = _endings(text), _endings(text[::-1])[::-1], _ruled(text)
    padded = f"^^{text}$$"
    features = []
    for place in range(len(text)):
        names = ["bias", *lexicon[place], *segments[place], *ruled[place]]
        names.extend(f"a={name}" for name in ahead[place])
        names.extend(f"z={name}" for name in behind[place])
        for offset in (-2, -1, 0, 1, 2):
            character = padded[place + 2 + offset]
            names.append(f"c{offset}={character}")
            if 0 <= place + offset < len(text):
                names.extend(f"k{offset}={name}" for name in classes[place + offset])
        names.append(f"b-1={padded[place + 1 : place + 3]}")
        names.append(f"b0={padded[place + 2 : place + 4]}")
        features.append(names)
    return features


@cache
def _classes(character: str) -> tuple[str, ...]:
    found = [name for name, members in _CLASSES if character in members]
    if character.isascii() and character.isalpha():
        found.append("letter")
    return tuple(found)


def _endings(text: str) -> list[list[str]]:
    """The nearest ending of a place or a unit within nine characters, and how far, unless a mark or grammar stands between."""
    rows: list[list[str]] = []
    nearest: tuple[str, ...] = ()
    distance = 0
    for character in reversed(text):
        classes = _classes(character)
        distance += 1
        if "mark" in classes:
            nearest = ()
        rows.append([f"{name}{min(distance, 9)}" for name in nearest] if distance <= 9 else [])
        found = tuple(name for name in classes if name in _ENDINGS)
        if found or "grammar" in classes:
            nearest, distance = found or ("grammar",), 0
    return rows[::-1]


def _ruled(text: str) -> list[list[str]]:
    """Where the rules of `ml.extraction.places` see a place."""
    rows: list[list[str]] = [[] for _ in text]
    for span in named_places(text):
        for place in range(span.start, span.end):
            rows[place].append(f"r={span.kind}{'B' if place == span.start else 'I'}")
        if span.end < len(text):
            rows[span.end].append(f"r-1={span.kind}")
        if span.start:
            rows[span.start - 1].append(f"r+1={span.kind}")
    return rows


def _segments(text: str) -> list[list[str]]:
    """Place in the word, part of speech, the word itself, and the words before and behind."""
    tagged = rjieba.tag(text)
    if sum(len(word) for word, _ in tagged) != len(text):
        return [[] for _ in text]
    rows: list[list[str]] = []
    for number, (word, part) in enumerate(tagged):
        before = tagged[number - 1] if number else ("^", "^")
        behind = tagged[number + 1] if number + 1 < len(tagged) else ("$", "$")
        around = [
            f"w={word}",
            f"t={part}",
            f"w-1={before[0]}",
            f"t-1={before[1]}",
            f"w+1={behind[0]}",
            f"t+1={behind[1]}",
        ]
        for place in range(len(word)):
            position = (
                "S" if len(word) == 1 else "B" if place == 0 else "E" if place == len(word) - 1 else "M"
            )
            rows.append([f"p={position}", f"pt={position}{part}", *around])
    return rows


def _lexicon(text: str) -> list[list[str]]:
    """Words of the lists that cover a character, longest first, and where in the word it stands."""
    rows: list[list[str]] = [[] for _ in text]
    for name, members in _LEXICONS:
        longest = max(map(len, members))
        place = 0
        while place < len(text):
            length = next(
                (
                    n
                    for n in range(min(longest, len(text) - place), 0, -1)
                    if text[place : place + n] in members
                ),
                0,
            )
            for inside in range(length):
                rows[place + inside].append(f"l={name}{'B' if inside == 0 else 'I'}")
            if length:
                if place:
                    rows[place - 1].append(f"l+1={name}")
                if place + length < len(text):
                    rows[place + length].append(f"l-1={name}")
            place += length or 1
    return rows
