"""What a tender model is made of: forests shallow and deep, boosted trees and the directional score, by vote.

Which depth suits a place cannot be known before: thousands of noisy tenders want shallow trees, a few hundred that
resemble one another deep ones. So all are grown, each without one part of the tenders, and the parts left out say
how much each member counts (ensemble selection, Caruana et al. 2004).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import lightgbm as lgb
import numpy as np
import numpy.typing as npt
from scipy.special import logit
from sklearn.ensemble import ExtraTreesClassifier

from ml.calibration import Logistic
from ml.matrix import Floats, Integers

PARTS: Final = 10
"""Parts of the tenders; each member is grown once without each part, and all ten serve together."""
MEMBERS: Final = ("deep_forest", "shallow_forest", "boosted", "directional")
FORESTS: Final = {"deep_forest": 1, "shallow_forest": 8}
"""Tenders that a leaf holds at least."""
FIRST_VOTES: Final = 2
"""Votes that every member has from the start."""
TENDERS_PER_VOTE: Final = 10
"""Each so many tenders give one more vote, to the member that helps most: few tenders hardly tell members apart."""
MOST_VOTES: Final = 40

_TREES: Final = 20
_COLUMNS_PER_SPLIT: Final = 0.3
_ROUNDS: Final = 100
_BOOSTED: Final[dict[str, object]] = {
    "objective": "binary",
    "learning_rate": 0.05,
    "num_leaves": 8,
    "min_data_in_leaf": 10,
    "feature_fraction": 0.3,
    "lambda_l2": 5.0,
    "bagging_freq": 1,
    "bagging_fraction": 0.7,
    "max_bin": 63,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}
_SURE: Final = 0.01
"""No member is surer than this, so that one tender does not decide the votes."""


@dataclass(frozen=True)
class Forest:
    """Trees as one table of nodes; a leaf is its own child, so every row walks the same steps.

    Attributes:
        feature: column that a node compares; shape (nodes,).
        threshold: a row goes left when its float32 value is at most this; shape (nodes,).
        children: left and right child; shape (nodes, 2).
        share: share of confirmed tenders in a node, both outcomes weighing the same; shape (nodes,).
        roots: first node of each tree; shape (trees,).
        depth: steps after which every row stands on a leaf.
    """

    feature: npt.NDArray[np.int32]
    threshold: Floats
    children: npt.NDArray[np.int32]
    share: Floats
    roots: npt.NDArray[np.int32]
    depth: int

    @classmethod
    def grow(cls, values: Floats, y: Floats, *, leaf: int, seed: int) -> Forest:
        """Extremely randomised trees (Geurts et al. 2006) on `values`, shape (tenders, columns), without NaN."""
        grown = ExtraTreesClassifier(
            _TREES, min_samples_leaf=leaf, max_features=_COLUMNS_PER_SPLIT, class_weight="balanced", random_state=seed
        ).fit(values, y)  # fmt: skip
        tables = [tree.tree_ for tree in grown.estimators_]
        roots = np.cumsum([0, *(table.node_count for table in tables)])
        children = [_children(table, int(root)) for table, root in zip(tables, roots, strict=False)]
        return cls(
            feature=np.maximum(np.concatenate([table.feature for table in tables]), 0).astype(np.int32),
            threshold=np.concatenate([table.threshold for table in tables]),
            children=np.concatenate(children).astype(np.int32),
            share=np.concatenate([_confirmed_share(table.value) for table in tables]),
            roots=roots[:-1].astype(np.int32),
            depth=max(table.max_depth for table in tables),
        )

    def probability(self, values: Floats) -> Floats:
        """Mean share of the leaves that each row falls into; shape (rows,)."""
        total = np.zeros(len(values))
        for nodes in self._walks(values):
            total += self.share[nodes[-1]]
        return total / len(self.roots)

    def contributions(self, values: Floats) -> Floats:
        """What each column adds to `probability`, shape of `values`: steps of the share, by column of the split."""
        added = np.zeros(values.shape)
        rows = np.arange(len(values))
        for nodes in self._walks(values):
            for node, child in pairwise(nodes):
                np.add.at(added, (rows, self.feature[node]), self.share[child] - self.share[node])
        return added / len(self.roots)

    def _walks(self, values: Floats) -> Iterator[list[npt.NDArray[np.int32]]]:
        """For every tree the node of each row, from the root to the leaf."""
        compared, rows = values.astype(np.float32), np.arange(len(values))
        for root in self.roots:
            nodes = [np.full(len(values), root, dtype=np.int32)]
            for _ in range(self.depth):
                node = nodes[-1]
                right = compared[rows, self.feature[node]] > self.threshold[node]
                nodes.append(self.children[node, right.astype(np.int32)])
            yield nodes

    def to_arrays(self, name: str) -> dict[str, npt.NDArray[np.generic]]:
        """The forest as arrays whose names start with `name`, for `from_arrays`."""
        return {
            f"{name}_feature": self.feature,
            f"{name}_threshold": self.threshold,
            f"{name}_children": self.children,
            f"{name}_share": self.share,
            f"{name}_roots": self.roots,
            f"{name}_depth": np.array(self.depth, dtype=np.int64),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[np.generic]], name: str) -> Forest:
        """The forest that `to_arrays` wrote."""
        return cls(
            feature=arrays[f"{name}_feature"].astype(np.int32),
            threshold=arrays[f"{name}_threshold"].astype(np.float64),
            children=arrays[f"{name}_children"].astype(np.int32),
            share=arrays[f"{name}_share"].astype(np.float64),
            roots=arrays[f"{name}_roots"].astype(np.int32),
            depth=int(arrays[f"{name}_depth"]),
        )


def boost(values: Floats, y: Floats, *, seed: int) -> lgb.Booster:
    """LightGBM's trees on `values`, shape (tenders, columns); one regularised configuration for all places."""
    data = lgb.Dataset(values, y, weight=balanced(y))
    return lgb.train(_BOOSTED | {"seed": seed}, data, num_boost_round=_ROUNDS)


def directional_line(directional: Floats, y: Floats) -> Logistic:
    """The curve from the directional score, in (0, 1), to log-odds where both outcomes are alike common."""
    return Logistic.fit(logit(directional), y, weight=balanced(y), prior=1.0)


def balanced(y: Floats) -> Floats:
    """Weights that let both outcomes count the same, 1 on average; shape of `y`."""
    share = y.mean()
    return np.asarray(np.where(y > 0, 0.5 / share, 0.5 / (1 - share)))


def dealt(y: Floats, *, seed: int) -> Integers:
    """A part per tender, confirmed ones and others spread evenly; shape of `y`."""
    shuffled = np.random.default_rng(seed).permutation(len(y))
    order = shuffled[np.argsort(-y[shuffled], kind="stable")]
    part = np.empty(len(y), dtype=np.int64)
    part[order] = np.arange(len(y)) % PARTS
    return part


def votes(left_out: Floats, y: Floats) -> Floats:
    """How much each member counts, 1 in all, by its probabilities for tenders left out, shape (tenders, members)."""
    weight = balanced(y)
    given = np.full(left_out.shape[1], float(FIRST_VOTES))
    for _ in range(min(MOST_VOTES, len(y) // TENDERS_PER_VOTE)):
        tried = (given + np.eye(len(given))) / (given.sum() + 1)
        losses = [_loss(left_out @ counts, y, weight=weight) for counts in tried]
        given[int(np.argmin(losses))] += 1
    return np.asarray(given / given.sum())


def kept_off_the_ends(probability: Floats) -> Floats:
    """A member's probabilities, none of them quite sure."""
    return np.clip(probability, _SURE, 1 - _SURE)


def log_odds(probabilities: Floats, counts: Sequence[float] | Floats) -> Floats:
    """Log-odds of the members' weighted mean, from shape (tenders, members) to (tenders,)."""
    return np.asarray(logit(probabilities @ np.asarray(counts)))


def _loss(probability: Floats, y: Floats, *, weight: Floats) -> float:
    return float(np.average(-np.log(np.where(y > 0, probability, 1 - probability)), weights=weight))


def _children(table: object, root: int) -> npt.NDArray[np.int64]:
    left = np.asarray(table.children_left)  # type: ignore[attr-defined]
    right = np.asarray(table.children_right)  # type: ignore[attr-defined]
    own = np.arange(len(left))
    pair = np.column_stack([np.where(left < 0, own, left), np.where(right < 0, own, right)])
    return np.asarray(pair + root)


def _confirmed_share(value: Floats) -> Floats:
    """Second class among both, from scikit-learn's node values, shape (nodes, 1, 2)."""
    both: Floats = value[:, 0, :]
    return np.asarray(both[:, 1] / both.sum(axis=1))
