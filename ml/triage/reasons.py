"""Why a message got its key probability: the words and cues of the message that moved it most, in Chinese."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array

from ml.triage.features import Features
from ml.triage.lexicon import label_of

WORDS_SHOWN: Final = 4
CUES_SHOWN: Final = 2
COMMON: Final = 0.12
"""Words in more than this share of messages (我们, 问题) are never shown as a reason, whatever their weight."""

TOO_SHORT: Final = "可辨认的文字太少，请人工阅读"
NOTHING_TELLING: Final = "没有单独起决定作用的词"
UNSURE: Final = "把握不足，请人工判断"


class Reasons:
    """Reasons for the key head of one model."""

    def __init__(self, features: Features, *, key_weights: NDArray[np.float32]) -> None:
        self._names = features.names
        self._first_word = features.first_word
        self._first_cue = features.first_cue
        self._weights = diags_array(key_weights.astype(np.float64))
        self._to_words = _ngrams_within_words(features)
        self._telling = features.word_shares <= COMMON

    def of(
        self,
        matrix: csr_array,
        *,
        keys: NDArray[np.bool_],
        abstains: NDArray[np.bool_],
        too_short: NDArray[np.bool_],
    ) -> Iterator[tuple[str, ...]]:
        """Yield the reasons of each row of a feature matrix: what speaks for its answer; of an abstention, both sides.

        A word of the opening counts with what it adds there.
        """
        size = len(self._names)
        twice = csr_array(matrix @ self._weights)
        parts = csr_array(twice[:, :size] + twice[:, size:])
        words = self._word_contributions(matrix, parts)
        cues = csr_array(parts[:, self._first_cue :])
        for row in range(matrix.shape[0]):
            if too_short[row]:
                yield (TOO_SHORT,)
                continue
            sentences: list[str] = []
            if keys[row] or abstains[row]:
                sentences += self._cue_sentences(cues, row)
                sentences += self._word_sentence(words, row, sign=1)
            if abstains[row] or not keys[row]:
                sentences += self._word_sentence(words, row, sign=-1)
            yield (UNSURE, *sentences) if abstains[row] else tuple(sentences) or (NOTHING_TELLING,)

    def _word_contributions(self, matrix: csr_array, parts: csr_array) -> csr_array:
        """Return the contribution of each word present, with that of the n-grams inside it."""
        present = csr_array(matrix[:, self._first_word : self._first_cue])
        present.data[:] = 1
        inside = csr_array(parts[:, : self._first_word]) @ self._to_words
        whole = csr_array(parts[:, self._first_word : self._first_cue]) + inside
        return csr_array((present * whole) * self._telling)

    def _word_sentence(self, words: csr_array, row: int, *, sign: int) -> Iterator[str]:
        columns, values = _row(words, row)
        strongest = [
            int(place) for place in np.argsort(-sign * values, kind="stable") if sign * values[place] > 0
        ]
        shown = "、".join(
            f"“{self._names[self._first_word + columns[place]]}”" for place in strongest[:WORDS_SHOWN]
        )
        if shown:
            yield f"{shown}多见于{'关键事项' if sign > 0 else '一般诉求'}"

    def _cue_sentences(self, cues: csr_array, row: int) -> Iterator[str]:
        columns, values = _row(cues, row)
        for place in np.argsort(-values, kind="stable")[:CUES_SHOWN]:
            if values[place] > 0:
                yield label_of(self._names[self._first_cue + columns[place]])


def _ngrams_within_words(features: Features) -> csr_array:
    """Return which n-grams of two and more characters stand inside which words: n-grams x words."""
    column = {
        ngram: index for index, ngram in enumerate(features.names[: features.first_word]) if len(ngram) > 1
    }
    pairs = {
        (column[part], index)
        for index, word in enumerate(features.names[features.first_word : features.first_cue])
        for start in range(len(word))
        for end in range(start + 2, len(word) + 1)
        if (part := word[start:end]) in column
    }
    rows, columns = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2).T
    shape = (features.first_word, features.first_cue - features.first_word)
    return csr_array((np.ones(len(rows)), (rows, columns)), shape=shape)


def _row(matrix: csr_array, row: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    cells = slice(matrix.indptr[row], matrix.indptr[row + 1])
    return matrix.indices[cells], matrix.data[cells]
