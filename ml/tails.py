"""How far out in its column a value lies: minus the logarithm of a tail probability.

Reference: Li et al., "ECOD: unsupervised outlier detection using empirical cumulative distribution
functions", TKDE 2022. Here the harmless side of a feature with a known direction does not count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ml.matrix import Floats, Integers

_KNOTS: Final = 1_024
_EXACT_AT_EACH_END: Final = 256


@dataclass(frozen=True)
class Tails:
    """Empirical tail probabilities of every column, at no more than 1,024 values each.

    Attributes:
        sign: which side counts: +1 high, -1 low, 0 both; shape (columns,).
        knots: values of all columns, one column after the other, ascending within it.
        at_most: share of the rows with at most this value, per knot.
        at_least: share of the rows with at least this value, per knot.
        ends: where each column's knots end; shape (columns,).
        floor: the smallest probability that so many rows can tell.
    """

    sign: Integers
    knots: Floats
    at_most: Floats
    at_least: Floats
    ends: Integers
    floor: float

    @classmethod
    def of(cls, X: Floats, *, sign: Integers) -> Tails:
        """The tails of `X`, shape (rows, columns) without NaN."""
        columns = [_distribution(X[:, index]) for index in range(X.shape[1])]
        knots, at_most, at_least = (np.concatenate(part) for part in zip(*columns, strict=True))
        ends = np.cumsum([len(column[0]) for column in columns])
        return cls(sign, knots, at_most, at_least, ends, floor=1 / (len(X) + 1))

    def score(self, X: Floats) -> Floats:
        """Mean over the columns of -log(tail probability), per row; 0 = in the middle of everything."""
        return np.asarray(self.per_column(X).mean(axis=1))

    def per_column(self, X: Floats) -> Floats:
        """-log(tail probability) of every value; shape of `X`."""
        scores = np.empty_like(X)
        start = 0
        for index, end in enumerate(self.ends.tolist()):
            scores[:, index] = self._column(X[:, index], slice(start, end), int(self.sign[index]))
            start = end
        return scores

    def _column(self, values: Floats, part: slice, sign: int) -> Floats:
        knots = self.knots[part]
        high = np.append(self.at_least[part], 0.0)[np.searchsorted(knots, values, side="left")]
        low = np.append(0.0, self.at_most[part])[np.searchsorted(knots, values, side="right")]
        tail = {1: high, -1: low, 0: np.minimum(high, low)}[sign]
        return np.asarray(-np.log(np.maximum(tail, self.floor)))

    def to_arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """The tails as named arrays, for `from_arrays`."""
        return {
            "tails_sign": self.sign,
            "tails_knots": self.knots,
            "tails_at_most": self.at_most,
            "tails_at_least": self.at_least,
            "tails_ends": self.ends,
            "tails_floor": np.array([self.floor]),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[np.generic]]) -> Tails:
        """The tails that `to_arrays` wrote."""
        return cls(
            sign=arrays["tails_sign"].astype(np.int64),
            knots=arrays["tails_knots"].astype(np.float64),
            at_most=arrays["tails_at_most"].astype(np.float64),
            at_least=arrays["tails_at_least"].astype(np.float64),
            ends=arrays["tails_ends"].astype(np.int64),
            floor=float(arrays["tails_floor"].astype(np.float64)[0]),
        )


def _distribution(values: Floats) -> tuple[Floats, Floats, Floats]:
    knots, counts = np.unique(values, return_counts=True)
    at_most = np.cumsum(counts) / len(values)
    at_least = np.cumsum(counts[::-1])[::-1] / len(values)
    if len(knots) <= _KNOTS:
        return knots, at_most, at_least
    last = len(knots) - 1
    middle = np.linspace(_EXACT_AT_EACH_END, last - _EXACT_AT_EACH_END, _KNOTS - 2 * _EXACT_AT_EACH_END)
    ends = np.arange(_EXACT_AT_EACH_END)
    kept = np.unique(np.concatenate([ends, middle.astype(np.int64), last - ends]))
    return knots[kept], at_most[kept], at_least[kept]
