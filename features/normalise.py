"""How far a value lies from its peers: shrinkage of small counts, then a robust z-score within the peer group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pandas as pd

from features.dictionary import UNITS, Feature
from features.peers import MINIMUM_PEERS, county_of

IQR_OF_NORMAL: Final = 1.349
"""Interquartile range of the standard normal distribution: makes the robust scale a standard deviation."""

CLIP: Final = 10.0
"""Scores beyond this say no more than "far outside"; clipping keeps one value from ruling a model."""


def shrink(
    values: pd.DataFrame, counts: pd.DataFrame, peers: pd.Series[str], features: Mapping[str, Feature]
) -> pd.DataFrame:
    """Draw values from few cases towards the mean of the peers.

    A value from n cases becomes (n·value + weight·mean) / (n + weight), where mean is the peers' mean weighted by
    n, and weight is the feature's own. Features without `shrink` and unknown values stay as they are.

    Args:
        values: float matrix, entity × feature.
        counts: the cases behind each value, same shape; NaN for features without `shrink`.
        peers: group label by entity.
        features: the dictionary.
    """
    shrunk = values.copy()
    for name in values.columns:
        rule = features[name].shrink
        if rule is None:
            continue
        count = counts[name].where(values[name].notna())
        total = count.groupby(peers).transform("sum")
        mean = (values[name] * count).groupby(peers).transform("sum") / total.where(total > 0)
        drawn = (count * values[name] + rule.weight * mean) / (count + rule.weight)
        shrunk[name] = drawn.where(mean.notna() & count.notna(), values[name])
    return shrunk


def typical_values(values: pd.DataFrame, groups: pd.Series[str], counties: pd.Series[str]) -> pd.DataFrame:
    """The median of each entity's peers (of its county where too few peers are known), shape of `values`."""
    return _of_peers(values, groups, counties, 0.5)


def robust_z(
    values: pd.DataFrame, peers: pd.Series[str], villages: pd.Series[str], features: Mapping[str, Feature]
) -> pd.DataFrame:
    """Standardise each feature within the peer group.

    z = (value − median) / max(IQR / 1.349, floor), clipped to ±10. The floor is the least meaningful difference
    of the feature's unit. Where fewer than `MINIMUM_PEERS` peers have a value, the county stands in for them; where
    the county has too few as well, z is NaN.

    Args:
        values: float matrix, entity × feature, after shrinkage.
        peers: group label by entity.
        villages: village code by entity.
        features: the dictionary.
    """
    counties = county_of(villages)
    middle = typical_values(values, peers, counties)
    spread = _of_peers(values, peers, counties, 0.75) - _of_peers(values, peers, counties, 0.25)
    floors = pd.Series({name: UNITS[features[name].unit].floor for name in values.columns}, dtype="float64")
    scale = (spread / IQR_OF_NORMAL).clip(lower=floors, axis="columns")
    return ((values - middle) / scale).clip(-CLIP, CLIP)


def _of_peers(
    values: pd.DataFrame, peers: pd.Series[str], counties: pd.Series[str], quantile: float
) -> pd.DataFrame:
    """A quantile over the peers with a known value, or over the county; NaN where both are too few."""
    near = _of_groups(values, peers, quantile)
    return near.fillna(_of_groups(values, counties, quantile))


def _of_groups(values: pd.DataFrame, groups: pd.Series[str], quantile: float) -> pd.DataFrame:
    grouped = values.groupby(groups)
    table = grouped.quantile(quantile).where(grouped.count() >= MINIMUM_PEERS)
    spread = table.reindex(groups.to_numpy())
    return spread.set_axis(values.index, axis="index")
