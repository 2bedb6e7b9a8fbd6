"""How like texts are in what they speak of: cosine of character 2- and 3-grams, rare ones weighing more.

For offering people earlier cases and messages on one event. It proposes; copies are `ml.triage.copies`' business.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ml.triage.copies import compact
from ml.triage.ngrams import Characters

_SIZES: Final = (2, 3)


def likeness(texts: Sequence[str]) -> csr_array:
    """Return rows of length one for texts: the product of two rows is their cosine, in [0, 1].

    An n-gram weighs (1 + log count) x log((1 + texts) / (1 + texts with it)) + 1, as in the usual TF-IDF.
    """
    characters = Characters.of([compact(text) for text in texts])
    parts = [characters.ngrams(size) for size in _SIZES]
    keys = np.concatenate([keys for keys, _ in parts])
    rows = np.concatenate([rows for _, rows in parts])
    names, columns = np.unique(keys, return_inverse=True)
    matrix = csr_array(
        (np.ones(len(rows)), (rows, columns)), shape=(len(texts), max(1, len(names))), dtype=np.float64
    )
    matrix.sum_duplicates()
    found_in = np.bincount(matrix.indices, minlength=matrix.shape[1])
    rarity = np.log((1 + len(texts)) / (1 + found_in)) + 1
    matrix.data = (1 + np.log(matrix.data)) * rarity[matrix.indices]
    owner = np.repeat(np.arange(len(texts)), np.diff(matrix.indptr))
    lengths = np.sqrt(np.bincount(owner, weights=matrix.data**2, minlength=len(texts)))
    matrix.data /= lengths[owner]
    return matrix


def likest(texts: Sequence[str], *, to: int) -> NDArray[np.float64]:
    """Return the likeness of each text to the one at place ``to``; to itself it is 1 (0 for an empty text)."""
    matrix = likeness(texts)
    return np.asarray((matrix @ matrix[[to]].T).toarray()).ravel()


def spread_out(texts: Sequence[str], *, number: int) -> list[int]:
    """Return places of ``number`` texts that are little like one another: the first, then ever the least like those taken."""
    if not texts:
        return []
    matrix = likeness(texts)
    taken = [0]
    nearest = np.asarray((matrix @ matrix[[0]].T).toarray()).ravel()
    while len(taken) < min(number, len(texts)):
        nearest[taken] = np.inf
        taken.append(int(nearest.argmin()))
        nearest = np.maximum(nearest, np.asarray((matrix @ matrix[[taken[-1]]].T).toarray()).ravel())
    return taken
