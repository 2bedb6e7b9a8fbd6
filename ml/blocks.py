"""Work on many rows: block by block, on all cores, with results that do not depend on the other rows."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
import numpy.typing as npt
from joblib import cpu_count
from threadpoolctl import threadpool_limits

from ml.matrix import Floats

ROWS: Final = 4_096
"""Rows that are worked on at once: with a hundred columns they stay near the core."""
_TILE: Final = 256


def by_blocks(work: Callable[[Floats], Floats], X: Floats, *, width: int) -> Floats:
    """`work(X)` of shape (rows, `width`), where every row of the result depends on the same row of `X` only.

    NumPy lets other threads run while it computes, so blocks are spread over the cores; BLAS keeps to one each.
    """
    result = np.empty((len(X), width))
    starts = range(0, len(X), ROWS)

    def fill(start: int) -> None:
        result[start : start + ROWS] = work(X[start : start + ROWS])

    with threadpool_limits(limits=1, user_api="blas"):
        if len(starts) <= 1:
            for start in starts:
                fill(start)
            return result
        with ThreadPoolExecutor(min(cpu_count(), len(starts))) as threads:
            list(threads.map(fill, starts))
    return result


def product(X: Floats, matrix: Floats) -> npt.NDArray[np.float32]:
    """`X @ matrix` in float32, where a row's result is the same, bit for bit, alone and among others.

    BLAS sums in another order for other shapes; tiles of one shape, the last filled up with zeros, prevent it.
    """
    X, matrix = X.astype(np.float32), np.ascontiguousarray(matrix, dtype=np.float32)
    result = np.empty((len(X), matrix.shape[1]), dtype=np.float32)
    whole = len(X) - len(X) % _TILE
    for start in range(0, whole, _TILE):
        np.matmul(X[start : start + _TILE], matrix, out=result[start : start + _TILE])
    if rest := len(X) - whole:
        tile = np.zeros((_TILE, X.shape[1]), dtype=np.float32)
        tile[:rest] = X[whole:]
        result[whole:] = (tile @ matrix)[:rest]
    return result
