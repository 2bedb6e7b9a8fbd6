"""How far a row lies from the core of the usual rows, where columns that move together count once.

A Mahalanobis distance sees what an isolation forest, which looks at one column at a time, cannot: values that are
each usual and do not go together. The covariance is that of the core only, so that anomalies do not stretch it
(as in Rousseeuw, Van Driessen, "A fast algorithm for the minimum covariance determinant estimator", Technometrics
1999), and is drawn towards a sphere, so that few rows, many columns and copies of columns do no harm (Ledoit,
Wolf, "A well-conditioned estimator for large-dimensional covariance matrices", JMVA 2004).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from ml.blocks import product
from ml.matrix import Floats

SHRINKAGE: Final = 0.2
"""Weight of the sphere. 0.1 to 0.5 ranked the sets of benchmarks/anomaly.py alike."""


@dataclass(frozen=True)
class Ellipsoid:
    """Centre and precision (inverse covariance) of the core; shapes (columns,) and (columns, columns)."""

    centre: Floats
    precision: Floats

    @classmethod
    def of(cls, core: Floats) -> Ellipsoid:
        """The ellipsoid of `core`, shape (rows, columns) without NaN, scaled so that columns can be compared."""
        centre = core.mean(axis=0)
        away, columns = core - centre, core.shape[1]
        with threadpool_limits(limits=1, user_api="blas"):
            covariance = away.T @ away / len(core)
            size = np.trace(covariance) / columns
            sphere = (size if size > 0 else 1.0) * np.eye(columns)
            precision = np.linalg.inv((1 - SHRINKAGE) * covariance + SHRINKAGE * sphere)
        return cls(centre=centre, precision=(precision + precision.T) / 2)

    def score(self, X: Floats) -> Floats:
        """Distance of each row from the centre in the metric of the core, per root of columns; shape (rows,)."""
        away = X - self.centre
        squares = (away * product(away, self.precision)).sum(axis=1)
        return np.asarray(np.sqrt(np.maximum(squares, 0) / X.shape[1]))

    def contributions(self, X: Floats) -> Floats:
        """What each column adds to the score of each row; shape of `X`; the columns of a row add up to its score.

        Less than nothing for a column that the others explain.
        """
        away = X - self.centre
        squares = away * product(away, self.precision)
        distance = np.sqrt(np.maximum(squares.sum(axis=1, keepdims=True), 0) * X.shape[1])
        return np.asarray(np.divide(squares, distance, out=np.zeros_like(squares), where=distance > 0))

    def to_arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """The ellipsoid as named arrays, for `from_arrays`."""
        return {"ellipsoid_centre": self.centre, "ellipsoid_precision": self.precision}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[np.generic]]) -> Ellipsoid:
        """The ellipsoid that `to_arrays` wrote."""
        return cls(
            centre=arrays["ellipsoid_centre"].astype(np.float64),
            precision=arrays["ellipsoid_precision"].astype(np.float64),
        )
