"""How far a row lies from the nearest of a few usual rows, averaged over many small random samples.

A distance sees rows that lie alone between or beside the groups that the others form. Samples are small and
drawn from the core of the usual rows, so that anomalies standing together do not vouch for each other.
Reference: Pang, Ting, Albrecht, "LeSiNN: detecting anomalies by identifying least similar nearest neighbours",
ICDM workshops 2015, from which the number and size of the samples are taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ml.blocks import product
from ml.matrix import Floats

SAMPLES: Final = 50
ROWS_PER_SAMPLE: Final = 8


@dataclass(frozen=True)
class Neighbours:
    """Small samples of rows; `rows` has the shape (rows per sample, samples, columns)."""

    rows: Floats

    @classmethod
    def sample(cls, core: Floats, *, random: np.random.RandomState) -> Neighbours:
        """Samples of `core`, shape (rows, columns), scaled so that columns can be compared."""
        size = min(ROWS_PER_SAMPLE, len(core))
        chosen = [random.choice(len(core), size, replace=False) for _ in range(SAMPLES)]
        return cls(rows=core[np.column_stack(chosen)])

    def score(self, X: Floats) -> Floats:
        """Mean distance of each row to its nearest one in every sample, per root of columns; shape (rows,)."""
        size, samples, columns = self.rows.shape
        flat = self.rows.reshape(-1, columns)
        shift = product(X, -2 * flat.T)
        shift += (flat**2).sum(axis=1)
        shift = shift.reshape(len(X), size, samples)
        nearest = shift[:, 0].copy()
        for row in range(1, size):
            np.minimum(nearest, shift[:, row], out=nearest)
        squares = nearest + (X * X).sum(axis=1, keepdims=True)
        return np.asarray(np.sqrt(np.maximum(squares, 0)).mean(axis=1) / np.sqrt(columns))

    def contributions(self, X: Floats) -> Floats:
        """What each column adds to the score of each row; shape of `X`; the columns of a row add up to its score."""
        parts = np.zeros_like(X)
        for sample in self.rows.transpose(1, 0, 2):
            squares = np.stack([((X - row) ** 2).sum(axis=1) for row in sample], axis=1)
            gaps = (X - sample[squares.argmin(axis=1)]) ** 2
            distance = np.sqrt(squares.min(axis=1))[:, None]
            parts += np.divide(gaps, distance, out=np.zeros_like(gaps), where=distance > 0)
        return np.asarray(parts / (self.rows.shape[1] * np.sqrt(X.shape[1])))

    def to_arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """The samples as named arrays, for `from_arrays`."""
        return {"neighbours_rows": self.rows}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[np.generic]]) -> Neighbours:
        """The samples that `to_arrays` wrote."""
        return cls(rows=arrays["neighbours_rows"].astype(np.float64))
