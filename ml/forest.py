"""An isolation forest as plain arrays: grown by scikit-learn, kept and scored without it.

Reference: Liu, Ting, Zhou, "Isolation Forest", ICDM 2008. `Forest.score` equals the negative of
scikit-learn's `IsolationForest.score_samples` (tested to 1e-9).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import IsolationForest

from ml.matrix import Floats

MAX_SAMPLES: Final = 256
"""Rows per tree, as in the paper; more rows hide anomalies that stand together."""

_EULER_GAMMA: Final = 0.5772156649015329


@dataclass(frozen=True)
class Forest:
    """Trees filled up to complete binary trees: the children of node k are 2k + 1 and 2k + 2.

    Where a tree ends early its leaf is repeated below, always to the left, so every row walks the same steps and
    no table of children is needed. All arrays have the shape (trees, nodes).

    Attributes:
        feature: column that a node compares.
        threshold: a row goes left when its float32 value is at most this float32; infinite on a leaf.
        path: length of the path to a node, with the expected rest below it.
        expected_path: mean path length among the rows of a tree, to which lengths are compared.
    """

    feature: npt.NDArray[np.int32]
    threshold: npt.NDArray[np.float32]
    path: Floats
    expected_path: float

    @classmethod
    def grow(cls, X: Floats, *, trees: int, seed: int) -> Forest:
        """A forest of `trees` on `X` of shape (rows, columns) without NaN."""
        grown = IsolationForest(
            n_estimators=trees, max_samples=min(MAX_SAMPLES, len(X)), random_state=seed, n_jobs=1
        ).fit(X)
        return cls.of_sklearn(grown)

    @classmethod
    def of_sklearn(cls, fitted: IsolationForest) -> Forest:
        """The arrays of a fitted `IsolationForest` that uses all columns in every tree."""
        tables = [estimator.tree_ for estimator in fitted.estimators_]
        depth = max(table.max_depth for table in tables)
        filled = [_complete(table, depth) for table in tables]
        feature, threshold, path = (np.stack(part) for part in zip(*filled, strict=True))
        expected_path = float(expected_path_length(np.array([fitted.max_samples_]))[0])
        return cls(feature.astype(np.int32), _not_above(threshold), path, expected_path)

    def score(self, X: Floats) -> Floats:
        """Anomaly score of each row in (0, 1], higher = isolated sooner; X of shape (rows, columns)."""
        total = np.zeros(len(X))
        for tree, nodes in self._walks(X):
            for node in nodes:
                last = node
            total += self.path[tree].take(last)
        return np.asarray(np.exp2(-total / self._all_expected_paths()))

    def contributions(self, X: Floats) -> Floats:
        """By how much each column raises the score of each row; shape of `X`.

        A split that leaves a row with fewer companions than a usual split does shortens its path; the shortening
        belongs to the column of the split. Summed over the splits these are exactly the difference between the
        usual and the row's own path, here turned into score by the slope at the row.
        """
        shortened = np.zeros_like(X)
        rows = np.arange(len(X))
        for tree, nodes in self._walks(X):
            path, node = self.path[tree], next(nodes)
            for child in nodes:
                shortened[rows, self.feature[tree].take(node)] += path.take(node) - path.take(child)
                node = child
        slope = self.score(X) * np.log(2) / self._all_expected_paths()
        return np.asarray(shortened * slope[:, None])

    def _walks(self, X: Floats) -> Iterator[tuple[int, Iterator[npt.NDArray[np.intp]]]]:
        """Every tree, with the nodes on which the rows stand after each step, from the root to the last level."""
        values = np.ascontiguousarray(X.T, dtype=np.float32).ravel()
        rows = np.arange(len(X))
        steps = (self.feature.shape[1] + 1).bit_length() - 2
        for tree in range(len(self.feature)):
            first_value = self.feature[tree].astype(np.intp) * len(X)
            yield tree, _walk(values, rows, first_value, self.threshold[tree], steps)

    def _all_expected_paths(self) -> float:
        return max(len(self.feature) * self.expected_path, 1e-12)

    def to_arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """The forest as named arrays, for `from_arrays`."""
        return {
            "forest_feature": self.feature,
            "forest_threshold": self.threshold,
            "forest_path": self.path,
            "forest_expected_path": np.array([self.expected_path]),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[np.generic]]) -> Forest:
        """The forest that `to_arrays` wrote."""
        return cls(
            feature=arrays["forest_feature"].astype(np.int32),
            threshold=arrays["forest_threshold"].astype(np.float32),
            path=arrays["forest_path"].astype(np.float64),
            expected_path=float(arrays["forest_expected_path"].astype(np.float64)[0]),
        )


def expected_path_length(rows: npt.NDArray[np.integer]) -> Floats:
    """Mean length of an unsuccessful search in a binary tree of so many `rows` (equation 1 of the paper)."""
    count = np.asarray(rows, dtype=np.float64)
    many = np.maximum(count, 3)
    length = 2 * (np.log(many - 1) + _EULER_GAMMA) - 2 * (many - 1) / many
    return np.where(count <= 1, 0.0, np.where(count == 2, 1.0, length))


def _walk(
    values: npt.NDArray[np.float32],
    rows: npt.NDArray[np.intp],
    first_value: npt.NDArray[np.intp],
    threshold: npt.NDArray[np.float32],
    steps: int,
) -> Iterator[npt.NDArray[np.intp]]:
    """The node of each row after each step; the root is compared without looking up anything per row."""
    node = np.zeros(len(rows), dtype=np.intp)
    yield node
    for step in range(steps):
        if step == 0:
            own = values[first_value[0] : first_value[0] + len(rows)]
            right = own > threshold[0]
        else:
            at = first_value.take(node)
            at += rows
            right = values.take(at) > threshold.take(node)
        node = node * 2
        node += 1
        node += right
        yield node


def _complete(table: object, depth: int) -> tuple[npt.NDArray[np.intp], Floats, Floats]:
    """Column, threshold and path length of every node of one tree, filled up to `depth` levels of splits."""
    left = np.asarray(table.children_left)  # type: ignore[attr-defined]
    right = np.asarray(table.children_right)  # type: ignore[attr-defined]
    node = np.zeros(2 ** (depth + 1) - 1, dtype=np.intp)
    for level in range(depth):
        slots = np.arange(2**level - 1, 2 ** (level + 1) - 1)
        own = node[slots]
        node[2 * slots + 1] = np.where(left[own] < 0, own, left[own])
        node[2 * slots + 2] = np.where(left[own] < 0, own, right[own])
    leaf = left < 0
    feature = np.where(leaf, 0, np.asarray(table.feature))  # type: ignore[attr-defined]
    threshold = np.where(leaf, np.inf, np.asarray(table.threshold))  # type: ignore[attr-defined]
    above = np.asarray(table.compute_node_depths(), dtype=np.float64) - 1  # type: ignore[attr-defined]
    samples = np.asarray(table.n_node_samples, dtype=np.int64)  # type: ignore[attr-defined]
    path = np.asarray(above + expected_path_length(samples), dtype=np.float64)
    return feature[node], threshold[node], path[node]


def _not_above(threshold: Floats) -> npt.NDArray[np.float32]:
    """The largest float32 that is at most each threshold: a float32 exceeds both or neither."""
    near = threshold.astype(np.float32)
    return np.where(near > threshold, np.nextafter(near, np.float32(-np.inf)), near)
