"""How far a row lies from the nearest of a few usual rows, averaged over many small random samples.

A distance sees what an isolation forest cannot: values that are each usual and unusual together. Samples are
small, so that anomalies standing together do not vouch for each other; each looks at half the columns, so that
no column rules. References: Sugiyama, Borgwardt, "Rapid distance-based outlier detection via sampling",
NeurIPS 2013; Lazarevic, Kumar, "Feature bagging for outlier detection", KDD 2005.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.spatial.distance import cdist

from ml.matrix import Floats

SAMPLES: Final = 64
ROWS_PER_SAMPLE: Final = 12
SHARE_OF_COLUMNS: Final = 0.5


@dataclass(frozen=True)
class Neighbours:
    """Small samples of rows, each with the columns that it looks at.

    Attributes:
        rows: shape (samples, rows per sample, columns per sample).
        columns: positions of the columns of each sample; shape (samples, columns per sample).
    """

    rows: Floats
    columns: npt.NDArray[np.int64]

    @classmethod
    def sample(cls, X: Floats, *, random: np.random.RandomState) -> Neighbours:
        """Samples of `X`, shape (rows, columns), scaled so that columns can be compared."""
        width = max(1, int(np.ceil(SHARE_OF_COLUMNS * X.shape[1])))
        size = min(ROWS_PER_SAMPLE, len(X))
        columns = [np.sort(random.choice(X.shape[1], width, replace=False)) for _ in range(SAMPLES)]
        rows = [X[np.ix_(random.choice(len(X), size, replace=False), chosen)] for chosen in columns]
        return cls(rows=np.stack(rows), columns=np.stack(columns))

    def score(self, X: Floats) -> Floats:
        """Mean distance of each row to its nearest one in every sample, per root of columns compared."""
        total = np.zeros(len(X))
        for rows, columns in zip(self.rows, self.columns, strict=True):
            total += np.sqrt(cdist(X[:, columns], rows, "sqeuclidean").min(axis=1))
        return np.asarray(total / (len(self.rows) * np.sqrt(self.columns.shape[1])))

    def contributions(self, X: Floats) -> Floats:
        """What each column adds to the score of each row; shape of `X`; the columns of a row add up to its score."""
        parts = np.zeros_like(X)
        for rows, columns in zip(self.rows, self.columns, strict=True):
            squares = cdist(X[:, columns], rows, "sqeuclidean")
            nearest = squares.argmin(axis=1)
            distance = np.sqrt(squares.min(axis=1))[:, None]
            gaps = (X[:, columns] - rows[nearest]) ** 2
            parts[:, columns] += np.divide(gaps, distance, out=np.zeros_like(gaps), where=distance > 0)
        return np.asarray(parts / (len(self.rows) * np.sqrt(self.columns.shape[1])))

    def to_arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """The samples as named arrays, for `from_arrays`."""
        return {"neighbours_rows": self.rows, "neighbours_columns": self.columns}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[np.generic]]) -> Neighbours:
        """The samples that `to_arrays` wrote."""
        return cls(
            rows=arrays["neighbours_rows"].astype(np.float64),
            columns=arrays["neighbours_columns"].astype(np.int64),
        )
