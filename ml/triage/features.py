"""Features of masked messages: character n-grams, words, cues and signs, as one sparse matrix.

Columns are the n-grams of the vocabulary, then its words, then `ml.triage.lexicon.CUES` and `SIGNS`. N-grams and words are
weighted as (1 + log count) x rarity, and each of the two blocks has length one per message, so that a long
petition and an SMS weigh the same. Which message a feature value belongs to depends on nothing but the message:
a value computed in a batch equals the one computed alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import rjieba
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack

from ml.triage.lexicon import CUES, SIGNS, cues_of
from ml.triage.ngrams import Characters, keys_of
from ml.triage.text import opening
from ml.triage.vocabulary import Vocabulary

CUE_VALUE: Final = 0.18
"""Value of a cue that is present. Three or four are on average: all cues together weigh a third of a block."""

SIGN_VALUE: Final = 1.0
"""Value of a sign that is found once; further finds count by their logarithm."""

_CUE_COLUMN: Final = {cue: column for column, cue in enumerate(CUES)}


class Features:
    """The feature matrix of a vocabulary."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        keys = keys_of(vocabulary.ngrams)
        self._order = np.argsort(keys)
        self._keys = keys[self._order]
        self._sizes = sorted({len(ngram) for ngram in vocabulary.ngrams})
        self._word_column = {word: column for column, word in enumerate(vocabulary.words)}
        self.names: tuple[str, ...] = (*vocabulary.ngrams, *vocabulary.words, *CUES, *SIGNS)
        """What each column stands for."""

    @property
    def first_word(self) -> int:
        """The column of the first word; n-grams stand before it."""
        return len(self._vocabulary.ngrams)

    @property
    def first_cue(self) -> int:
        """The column of the first cue; words stand before it."""
        return self.first_word + len(self._vocabulary.words)

    @property
    def word_shares(self) -> NDArray[np.float64]:
        """In which share of the counted messages each word stood."""
        counts = np.fromiter(self._vocabulary.words.values(), dtype=np.float64)
        return np.asarray(counts / self._vocabulary.messages, dtype=np.float64)

    def matrix(self, masked: Sequence[str]) -> csr_array:
        """Return the features of masked messages: one row each, `len(names)` columns, float32."""
        blocks = [
            _weighted(self._ngram_counts(masked), self._vocabulary.ngram_rarity),
            _weighted(self._word_counts(masked), self._vocabulary.word_rarity),
            _cue_values(masked),
            _sign_values(masked),
        ]
        return csr_array(hstack(blocks, format="csr", dtype=np.float32))

    def known(self, with_opening: csr_array) -> NDArray[np.int64]:
        """Return how many features of the whole message each row of `with_opening` holds."""
        return np.asarray(np.diff(csr_array(with_opening[:, : len(self.names)]).indptr), dtype=np.int64)

    def with_opening(self, masked: Sequence[str]) -> csr_array:
        """Return `matrix` of the messages and, in as many columns again, of their openings alone."""
        return csr_array(
            hstack([self.matrix(masked), self.matrix([opening(text) for text in masked])], format="csr")
        )

    def _ngram_counts(self, masked: Sequence[str]) -> csr_array:
        characters = Characters.of(masked)
        found_rows, found_columns = [], []
        for size in self._sizes:
            keys, rows = characters.ngrams(size)
            place = np.minimum(np.searchsorted(self._keys, keys), len(self._keys) - 1)
            known = self._keys[place] == keys
            found_rows.append(rows[known])
            found_columns.append(self._order[place[known]])
        return _counted(
            np.concatenate(found_rows), np.concatenate(found_columns), shape=(len(masked), len(self._keys))
        )

    def _word_counts(self, masked: Sequence[str]) -> csr_array:
        column_of = self._word_column.get
        columns = [
            [column for word in rjieba.cut(text) if (column := column_of(word)) is not None]
            for text in masked
        ]
        lengths = np.fromiter((len(found) for found in columns), dtype=np.int64, count=len(masked))
        rows = np.repeat(np.arange(len(masked)), lengths)
        flat = np.fromiter((column for found in columns for column in found), dtype=np.int64)
        return _counted(rows, flat, shape=(len(masked), len(self._word_column)))


def _counted(rows: NDArray[np.int64], columns: NDArray[np.int64], *, shape: tuple[int, int]) -> csr_array:
    cells, counts = np.unique(rows * shape[1] + columns, return_counts=True)
    starts = np.searchsorted(cells, np.arange(shape[0] + 1) * shape[1])
    return _csr(counts.astype(np.float64), cells % max(1, shape[1]), starts, shape=shape)


def _weighted(counts: csr_array, rarity: NDArray[np.float64]) -> csr_array:
    rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    values = (1 + np.log(counts.data)) * rarity[counts.indices]
    lengths = np.sqrt(np.bincount(rows, weights=values**2, minlength=counts.shape[0]))
    return _csr(values / lengths[rows], counts.indices, counts.indptr, shape=counts.shape)


def _cue_values(masked: Sequence[str]) -> csr_array:
    columns = [sorted(_CUE_COLUMN[cue] for cue in cues_of(text)) for text in masked]
    ends = np.cumsum([0, *(len(found) for found in columns)])
    flat = np.fromiter((column for found in columns for column in found), dtype=np.int64)
    return _csr(np.full(len(flat), CUE_VALUE), flat, ends, shape=(len(masked), len(CUES)))


def _sign_values(masked: Sequence[str]) -> csr_array:
    counts = [[len(sign.findall(text)) for sign in SIGNS.values()] for text in masked]
    found = np.array(counts, dtype=np.float64).reshape(len(masked), len(SIGNS))
    return csr_array(SIGN_VALUE * np.log2(1 + found))


def _csr(
    values: NDArray[np.float64],
    columns: NDArray[np.integer],
    starts: NDArray[np.integer],
    *,
    shape: tuple[int, int],
) -> csr_array:
    """Build the array with 32-bit indices, which liblinear asks for."""
    return csr_array((values, columns.astype(np.int32), starts.astype(np.int32)), shape=shape)
