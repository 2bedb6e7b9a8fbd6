"""Work on many rows: block by block, on all cores, with results that do not depend on the other rows."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
from joblib import cpu_count
from threadpoolctl import threadpool_limits

from ml.matrix import Floats

ROWS: Final = 4_096
"""Rows that are worked on at once: with a hundred columns they stay near the core."""
_FINENESS: Final = 2.0**18


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


def product(X: Floats, matrix: Floats) -> Floats:
    """`X @ matrix` for |X| < 16 and at most 1,024 columns, bit for bit the same for a row alone and among others.

    BLAS sums in an order that depends on the shape and on the place of a row in it. So both sides are rounded (to
    four millionths, and to a millionth of the largest entry): whole numbers of 22 and 21 bits, whose products and
    sums a float64 holds exactly in whatever order.
    """
    largest = float(np.abs(matrix).max(initial=0.0))
    unit = 2.0 ** (np.ceil(np.log2(largest)) - 20) if largest > 0 else 1.0
    whole = np.rint(X * _FINENESS)
    return np.asarray((whole @ np.rint(matrix / unit)) * (unit / _FINENESS))
