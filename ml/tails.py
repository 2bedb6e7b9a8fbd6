"""How far out in its column a value lies, and how rare it is there: minus logarithms of two probabilities.

References: Li et al., "ECOD: unsupervised outlier detection using empirical cumulative distribution functions",
TKDE 2022 (tail probability); Goldstein, Dengel, "Histogram-based outlier score", KI 2012 (share of the bin).
Far is judged among all rows, so that the farthest stay apart; rare is judged in the core of the usual rows, so
that anomalies do not make each other common. Of a column with a direction only how far out counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ml.matrix import Floats, Integers

REACH: Final = 5.0
"""Widths from the usual value that the table covers, to either side; the outermost bin takes all beyond."""
BINS: Final = 51


@dataclass(frozen=True)
class Tails:
    """One table for all columns: `surprise` of a value by column and bin, shape (columns, bins)."""

    surprise: Floats

    @classmethod
    def of(cls, X: Floats, *, core: Floats, sign: Integers) -> Tails:
        """The table of `X` and its `core`, shape (rows, columns) without NaN, in widths from the usual value.

        Args:
            sign: which side counts: +1 high, -1 low, 0 both; shape (columns,).
        """
        everyone, usual = _counts(X), _counts(core)
        at_most = np.cumsum(everyone, axis=1)
        at_least = np.cumsum(everyone[:, ::-1], axis=1)[:, ::-1]
        side = sign[:, None]
        tail = np.where(side > 0, at_least, np.where(side < 0, at_most, np.minimum(at_most, at_least)))
        far = -np.log((tail + 1) / (len(X) + 1))
        rare = -np.log((usual + 1) / (len(core) + BINS))
        return cls(np.where(side == 0, (far + rare) / 2, far))

    def score(self, X: Floats) -> Floats:
        """Mean surprise over the columns of each row; shape (rows,)."""
        return np.asarray(self.per_column(X).mean(axis=1))

    def per_column(self, X: Floats) -> Floats:
        """The surprise of every value; shape of `X`."""
        bins = _bins(X)
        bins += np.arange(X.shape[1]) * BINS
        return np.asarray(self.surprise.ravel().take(bins))

    def to_arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """The table as named arrays, for `from_arrays`."""
        return {"tails_surprise": self.surprise}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[np.generic]]) -> Tails:
        """The table that `to_arrays` wrote."""
        return cls(surprise=arrays["tails_surprise"].astype(np.float64))


def _bins(X: Floats) -> Integers:
    """The bin of every value; the usual value stands in the middle of one, not on an edge."""
    bins = np.rint(X * (BINS / (2 * REACH))).astype(np.int64)
    bins += BINS // 2
    return np.clip(bins, 0, BINS - 1, out=bins)


def _counts(X: Floats) -> Integers:
    """Rows per column and bin."""
    return np.stack([np.bincount(column, minlength=BINS) for column in _bins(X).T])
