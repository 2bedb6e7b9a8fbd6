"""Whether a message is a copy of an earlier one but for small edits: shingles, band keys to find, similarity to decide.

`ml.triage.near_duplicates` groups a whole file at once; these are the parts for one message after another: band
keys go into an index that a database can hold, and what the index proposes is decided by the exact similarity.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ml.triage.near_duplicates import SHINGLE, minhash
from ml.triage.ngrams import Characters
from ml.triage.text import normalise

THRESHOLD: Final = 0.4
"""Share of common 3-character shingles (Jaccard) from which two messages are copies.

Chosen with the 6,013 distinct board messages in view, of which no two share more than 0.31, and a made mailing, in
which an SMS that lost one of its two sentences still shares 0.4 to 0.5 (0.5 was tried first and left 3 % outside).
"""

FLOOR: Final = 0.35
"""A copy of a copy must still share this much with the first of its group, so that chains do not wander."""

SHORTEST: Final = 10
"""With fewer shingles than this, one name is a third of the message: such texts are copies only when equal."""

BANDS: Final = 42
ROWS: Final = 3
"""Two texts that share 0.4 of their shingles agree in some band with probability 1 - (1 - 0.4³)⁴² = 0.94, two that
share half with 0.996, two that share a tenth with 0.04."""

Shingles = NDArray[np.uint64]
BandKeys = NDArray[np.int64]


def compact(text: str) -> str:
    """The text as copies are compared: one spelling (`normalise`), letters and digits only."""
    return "".join(filter(str.isalnum, normalise(text)))


def shingle_sets(compacted: Sequence[str]) -> list[Shingles]:
    """The sorted distinct shingles of each text; an empty text has none."""
    padded = [text.ljust(SHINGLE, "\u25a1") if text else "" for text in compacted]
    keys, rows = Characters.of(padded).ngrams(SHINGLE)
    ends = np.searchsorted(rows, np.arange(len(padded) + 1))
    return [np.unique(keys[ends[row] : ends[row + 1]]) for row in range(len(padded))]


def band_keys(compacted: Sequence[str], *, salts: Sequence[int]) -> BandKeys:
    """Keys of each text, one per band: (texts, `BANDS`), signed 64 bits. Texts must not be empty.

    salts: a number per text; only texts of equal salt can have a key in common.
    """
    signatures = minhash([text.ljust(SHINGLE, "\u25a1") for text in compacted], hashes=BANDS * ROWS)
    bands = signatures.reshape(len(signatures), BANDS, ROWS).astype(np.uint64)
    mixed = np.array(salts, dtype=np.uint64)[:, None] ^ np.arange(BANDS, dtype=np.uint64)[
        None, :
    ] << np.uint64(56)
    for row in range(ROWS):
        mixed = _mix(mixed ^ bands[:, :, row])
    return mixed.view(np.int64)


def similarity(one: Shingles, other: Shingles) -> float:
    """Jaccard similarity in [0, 1]; 1.0 or 0.0 when either is shorter than `SHORTEST`."""
    if min(len(one), len(other)) < SHORTEST:
        return float(len(one) > 0 and np.array_equal(one, other))
    common = len(np.intersect1d(one, other, assume_unique=True))
    return common / (len(one) + len(other) - common)


def _mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Steele, Lea and Flood's finalizer (splitmix64): every bit of the input reaches every bit of the key."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
