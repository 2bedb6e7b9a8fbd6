"""A numeric matrix with named columns, checked the same way by every model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import issparse

from ml.errors import FeatureMismatch

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Direction = Literal["up", "down", "both"]
"""Which side of a feature is suspicious."""

_WIDTH_OF_NORMAL: Final = 2.5631
"""Distance between the first and the last decile of a normal distribution, in standard deviations."""

Matrix = pd.DataFrame | npt.NDArray[np.float64]


def column_names(X: Matrix) -> list[str]:
    """The names of the columns of `X`; an array's are `x0`, `x1`, …

    Raises:
        FeatureMismatch: a name appears twice.
    """
    if not isinstance(X, pd.DataFrame):
        return [f"x{index}" for index in range(np.asarray(X).shape[1])]
    names = [str(name) for name in X.columns]
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise FeatureMismatch(f"column {twice!r} appears twice; drop one", unexpected=[twice])
    return names


def numeric(X: Matrix, *, names: Sequence[str] | None = None) -> Floats:
    """`X` as float64 of shape (rows, columns); NaN stays and means "cannot tell".

    Args:
        names: the columns of training; those of `X` must be the same set and are put into this order.

    Raises:
        FeatureMismatch: columns other than `names`.
        ValueError: not two-dimensional, not numeric, or infinite.
        TypeError: a sparse matrix.
    """
    if issparse(X):
        raise TypeError("X is sparse; give a dense matrix: X.toarray()")
    if not isinstance(X, pd.DataFrame):
        X = np.asarray(X)
    if np.ndim(X) != 2:
        raise ValueError(
            f"X must have rows and columns, got {np.ndim(X)} dimension(s). Reshape your data: X.reshape(1, -1) is one row"
        )
    if not isinstance(X, pd.DataFrame) and np.iscomplexobj(X):
        raise ValueError("Complex data not supported")
    given = column_names(X)
    if names is not None and (len(given) != len(names) or set(given) != set(names)):
        raise FeatureMismatch.of_columns(expected=names, given=given)
    if isinstance(X, pd.DataFrame):
        X = X.set_axis(given, axis="columns")[list(names or given)]
        for name, dtype in X.dtypes.items():
            if not (pd.api.types.is_numeric_dtype(dtype) or pd.api.types.is_bool_dtype(dtype)):
                raise ValueError(f"column {name!r} is {dtype}, not numeric; encode it or leave it out")
        values = X.to_numpy(dtype=np.float64, na_value=np.nan)
    else:
        values = np.asarray(X, dtype=np.float64)
    if np.isinf(values).any():
        column = (names or given)[int(np.isinf(values).any(axis=0).argmax())]
        raise ValueError(f"column {column!r} holds an infinite value; make it NaN (cannot tell) or clip it")
    return np.ascontiguousarray(values)


def signs(names: Sequence[str], directions: Mapping[str, Direction] | None) -> Integers:
    """+1, -1 or 0 per column for "up", "down" and "both" (or not named); shape (columns,).

    Raises:
        FeatureMismatch: a direction is given for a column that is not there.
        ValueError: a direction other than the three.
    """
    directions = directions or {}
    if unknown := sorted(directions.keys() - set(names)):
        raise FeatureMismatch(f"direction for {unknown[0]!r}, which is not a column", unexpected=unknown)
    sign = {"up": 1, "down": -1, "both": 0}
    for name, direction in directions.items():
        if direction not in sign:
            raise ValueError(f"direction of {name!r} is {direction!r}; use up, down or both")
    return np.array([sign[directions.get(name, "both")] for name in names], dtype=np.int64)


def squashed(margin: Floats) -> Floats:
    """A margin put into [0, 1] without losing its order, however large; 0 becomes one half."""
    return np.asarray(0.5 * (1 + margin / (1 + np.abs(margin))))


def frame_like(X: Matrix, values: Floats, *, columns: Sequence[str]) -> pd.DataFrame:
    """`values` of shape (rows of `X`, columns) as a frame with the index of `X`."""
    index = X.index if isinstance(X, pd.DataFrame) else pd.RangeIndex(len(values))
    return pd.DataFrame(values, index=index, columns=list(columns))


def medians(values: Floats) -> Floats:
    """Median of each column over its known values; 0 for a column of which nothing is known."""
    empty = np.isnan(values).all(axis=0)
    found: Floats = np.nanmedian(np.where(empty, 0.0, values), axis=0)
    return found


def widths(filled: Floats) -> Floats:
    """Distance between the outer deciles of each column; if they are equal, what it would be for a normal one."""
    low, high = np.percentile(filled, [10, 90], axis=0)
    return np.asarray(np.where(high > low, high - low, _WIDTH_OF_NORMAL * filled.std(axis=0)))
