"""Groups of messages that are copies of one another but for small edits: MinHash and banding, in numpy.

A mailing of 50,000 equal messages costs no more than 50,000 different ones: members of a bucket are compared
with the first of the bucket and with their neighbour, never all with all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ml.triage.ngrams import Characters

SHINGLE: Final = 3
BANDS: Final = 32
ROWS_PER_BAND: Final = 4
THRESHOLD: Final = 0.6
"""Share of common shingles (Jaccard, estimated) from which two messages count as copies."""

_SEED: Final = 20_261_122
_BATCH: Final = 4_096

Signatures = NDArray[np.uint32]


def group_near_duplicates(texts: Sequence[str]) -> NDArray[np.int64]:
    """Return for each text the index of the first text of its group; a text without copies is its own group.

    ``texts`` should be normalised. Two texts are joined when at least `THRESHOLD` of their 3-character
    shingles are estimated to be common, and groups are closed over such pairs. Texts shorter than a shingle
    are joined only when equal; empty ones never. The same texts always give the same groups.
    """
    long_enough, signatures = _signed(texts)
    return _grouped(texts, long_enough, signatures)


def group_beside(texts: Sequence[str], others: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return `group_near_duplicates` of the texts alone, and of the texts with the others behind them.

    Of these two the second is coarser on the texts only where one of the others is a copy of two that are no copies of
    each other. It costs little more than the first.
    """
    every = [*texts, *others]
    long_enough, signatures = _signed(every)
    own = int(np.searchsorted(long_enough, len(texts)))
    alone = _grouped(texts, long_enough[:own], signatures[:own])
    return alone, _grouped(every, long_enough, signatures)


def _signed(texts: Sequence[str]) -> tuple[NDArray[np.int64], Signatures]:
    """Return the places of the texts that are long enough for a signature, and these."""
    places = np.flatnonzero([len(text) >= SHINGLE for text in texts])
    if len(places) == 0:
        return places, np.empty((0, BANDS * ROWS_PER_BAND), dtype=np.uint32)
    return places, minhash([texts[int(place)] for place in places])


def _grouped(
    texts: Sequence[str], long_enough: NDArray[np.int64], signatures: Signatures
) -> NDArray[np.int64]:
    groups = np.arange(len(texts), dtype=np.int64)
    _join_equal_short(texts, groups)
    if len(long_enough) == 0:
        return groups
    labels = _connected(signatures)
    first = np.full(labels.max() + 1, len(texts), dtype=np.int64)
    np.minimum.at(first, labels, long_enough)
    groups[long_enough] = first[labels]
    return groups


def _join_equal_short(texts: Sequence[str], groups: NDArray[np.int64]) -> None:
    first: dict[str, int] = {}
    for index, text in enumerate(texts):
        if 0 < len(text) < SHINGLE:
            groups[index] = first.setdefault(text, index)


def minhash(texts: Sequence[str], *, hashes: int = BANDS * ROWS_PER_BAND) -> Signatures:
    """Return the MinHash signatures, one row a text: the least value of its shingles under each hash.

    Each text must have at least `SHINGLE` characters. hashes: how many, at most ``BANDS * ROWS_PER_BAND``.
    """
    generator = np.random.default_rng(_SEED)
    factors = generator.integers(1, 2**63, size=BANDS * ROWS_PER_BAND, dtype=np.uint64) | np.uint64(1)
    offsets = generator.integers(0, 2**63, size=BANDS * ROWS_PER_BAND, dtype=np.uint64)
    factors, offsets = factors[:hashes], offsets[:hashes]
    parts = []
    for start in range(0, len(texts), _BATCH):
        keys, rows = Characters.of(texts[start : start + _BATCH]).ngrams(SHINGLE)
        keys ^= keys >> np.uint64(29)
        starts = np.flatnonzero(np.diff(rows, prepend=-1))
        part = np.empty((len(starts), len(factors)), dtype=np.uint32)
        for column, (factor, offset) in enumerate(zip(factors, offsets, strict=True)):
            hashed = ((keys * factor + offset) >> np.uint64(32)).astype(np.uint32)
            part[:, column] = np.minimum.reduceat(hashed, starts)
        parts.append(part)
    return np.concatenate(parts)


def _connected(signatures: Signatures) -> NDArray[np.int64]:
    """Return a component number per signature, joining pairs that share a band and reach `THRESHOLD`."""
    left, right = zip(*(_candidates(band) for band in np.split(signatures, BANDS, axis=1)), strict=True)
    pairs = np.unique(np.stack([np.concatenate(left), np.concatenate(right)]), axis=1)
    kept = [
        chunk[:, (signatures[chunk[0]] == signatures[chunk[1]]).mean(axis=1) >= THRESHOLD]
        for chunk in np.array_split(pairs, max(1, pairs.shape[1] // 100_000), axis=1)
    ]
    edges = np.concatenate(kept, axis=1)
    size = len(signatures)
    graph = coo_array((np.ones(edges.shape[1], dtype=np.int8), (edges[0], edges[1])), shape=(size, size))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _candidates(band: Signatures) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return pairs of rows that agree in the whole band: each with the bucket's first and with its neighbour."""
    order = np.lexsort(band.T[::-1])
    in_order = band[order]
    same = np.concatenate([[False], (in_order[1:] == in_order[:-1]).all(axis=1)])
    position = np.arange(len(order))
    bucket_start = np.maximum.accumulate(np.where(same, 0, position))
    left = np.concatenate([order[bucket_start[same]], order[position[same] - 1]])
    right = np.concatenate([order[same], order[same]])
    return left, right
