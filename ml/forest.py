"""An isolation forest as plain arrays: grown by scikit-learn, kept and scored without it.

Reference: Liu, Ting, Zhou, "Isolation Forest", ICDM 2008. `Forest.score` equals the negative of
scikit-learn's `IsolationForest.score_samples` (tested to 1e-9).
"""

from __future__ import annotations

from collections.abc import Mapping
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
    """All nodes of all trees in one table; a leaf is its own child, so every row walks the same steps.

    Attributes:
        feature: column that a node compares; shape (nodes,).
        threshold: a row goes left when its float32 value is at most this; shape (nodes,).
        children: left and right child; shape (nodes, 2).
        path: length of the path to a leaf, with the expected rest below it; shape (nodes,).
        roots: first node of each tree; shape (trees,).
        depth: steps after which every row stands on a leaf.
        expected_path: mean path length among the rows of a tree, to which lengths are compared.
    """

    feature: npt.NDArray[np.int32]
    threshold: Floats
    children: npt.NDArray[np.int32]
    path: Floats
    roots: npt.NDArray[np.int32]
    depth: int
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
        roots = np.cumsum([0, *(table.node_count for table in tables)], dtype=np.int32)
        children = [_children(table, int(root)) for table, root in zip(tables, roots, strict=False)]
        depths = [np.asarray(table.compute_node_depths(), dtype=np.float64) for table in tables]
        rest = [expected_path_length(table.n_node_samples) for table in tables]
        feature = np.concatenate([table.feature for table in tables])
        return cls(
            feature=np.maximum(feature, 0).astype(np.int32),
            threshold=np.concatenate([table.threshold for table in tables]),
            children=np.concatenate(children).astype(np.int32),
            path=np.concatenate([depth - 1 + more for depth, more in zip(depths, rest, strict=True)]),
            roots=roots[:-1],
            depth=max(table.max_depth for table in tables),
            expected_path=float(expected_path_length(np.array([fitted.max_samples_]))[0]),
        )

    def score(self, X: Floats) -> Floats:
        """Anomaly score of each row in (0, 1], higher = isolated sooner; X of shape (rows, columns)."""
        walk = _Walk(self, X)
        total = np.zeros(len(X))
        for root in self.roots:
            node = walk.start(root)
            for _ in range(self.depth):
                node = walk.step(node)
            total += walk.path.take(node)
        return np.asarray(np.exp2(-total / max(len(self.roots) * self.expected_path, 1e-12)))

    def contributions(self, X: Floats) -> Floats:
        """By how much each column raises the score of each row; shape of `X`.

        A split that leaves a row with fewer companions than a usual split does shortens its path; the shortening
        belongs to the column of the split. Summed over the splits these are exactly the difference between the
        usual and the row's own path, here turned into score by the slope at the row.
        """
        walk = _Walk(self, X)
        shortened = np.zeros_like(X)
        for root in self.roots:
            node = walk.start(root)
            for _ in range(self.depth):
                child = walk.step(node)
                shortened[walk.rows, walk.column.take(node)] += walk.path.take(node) - walk.path.take(child)
                node = child
        slope = self.score(X) * np.log(2) / max(len(self.roots) * self.expected_path, 1e-12)
        return np.asarray(shortened * slope[:, None])

    def to_arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """The forest as named arrays, for `from_arrays`."""
        return {
            "forest_feature": self.feature,
            "forest_threshold": self.threshold,
            "forest_children": self.children,
            "forest_path": self.path,
            "forest_roots": self.roots,
            "forest_shape": np.array([self.depth, self.expected_path]),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[np.generic]]) -> Forest:
        """The forest that `to_arrays` wrote."""
        depth, expected_path = arrays["forest_shape"].astype(np.float64)
        return cls(
            feature=arrays["forest_feature"].astype(np.int32),
            threshold=arrays["forest_threshold"].astype(np.float64),
            children=arrays["forest_children"].astype(np.int32),
            path=arrays["forest_path"].astype(np.float64),
            roots=arrays["forest_roots"].astype(np.int32),
            depth=int(depth),
            expected_path=float(expected_path),
        )


class _Walk:
    """One block of rows on their way down the trees.

    A node is known by twice its number, which is where its left child stands in the table of children. Indices
    are of NumPy's own width, and thresholds of the width of the values, so that no step converts anything:
    a float32 is at most a threshold exactly when it is at most the next float32 that is not above it.
    """

    def __init__(self, forest: Forest, X: Floats) -> None:
        self.rows = np.arange(len(X))
        self.values = np.ascontiguousarray(X.T, dtype=np.float32).ravel()
        self.children = forest.children.ravel().astype(np.intp) * 2
        self.column = np.repeat(forest.feature.astype(np.intp), 2)
        self.first_value = self.column * len(X)
        self.threshold = np.repeat(_not_above(forest.threshold), 2)
        self.path = np.repeat(forest.path, 2)

    def start(self, root: np.int32) -> npt.NDArray[np.intp]:
        """Every row on `root`."""
        return np.full(len(self.rows), 2 * int(root))

    def step(self, node: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        """The child of each row's node, by the value of its column; a leaf is its own child."""
        at = self.first_value.take(node)
        at += self.rows
        right = self.values.take(at) > self.threshold.take(node)
        return self.children.take(node + right)


def _not_above(threshold: Floats) -> npt.NDArray[np.float32]:
    """The largest float32 that is at most each threshold."""
    near = threshold.astype(np.float32)
    return np.where(near > threshold, np.nextafter(near, np.float32(-np.inf)), near)


def expected_path_length(rows: npt.NDArray[np.integer]) -> Floats:
    """Mean length of an unsuccessful search in a binary tree of so many `rows` (equation 1 of the paper)."""
    count = np.asarray(rows, dtype=np.float64)
    many = np.maximum(count, 3)
    length = 2 * (np.log(many - 1) + _EULER_GAMMA) - 2 * (many - 1) / many
    return np.where(count <= 1, 0.0, np.where(count == 2, 1.0, length))


def _children(table: object, root: int) -> npt.NDArray[np.int64]:
    left = np.asarray(table.children_left)  # type: ignore[attr-defined]
    right = np.asarray(table.children_right)  # type: ignore[attr-defined]
    own = np.arange(len(left))
    pair = np.column_stack([np.where(left < 0, own, left), np.where(right < 0, own, right)])
    return np.asarray(pair + root)
