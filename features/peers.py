"""Peer groups: villages of one county that are alike in kind, size and terrain; officials with alike posts.

Groups are parts of a county that do not overlap, and each holds at least `MINIMUM_PEERS` entities unless the
county itself holds fewer: where a part is too small, it is merged with its smaller neighbour in the attribute's
order (hill with mountain, small with middle), and a county too small to be divided stays whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pandas as pd

from features.dictionary import PeerAttribute

MINIMUM_PEERS: Final = 8
COUNTY_DIGITS: Final = 6
UNKNOWN: Final = "未知"


def county_of(village_codes: pd.Series[str]) -> pd.Series[str]:
    """The six-digit county code of each village code."""
    return village_codes.str.slice(0, COUNTY_DIGITS)


def peer_groups(
    villages: pd.Series[str],
    properties: pd.DataFrame,
    attributes: Sequence[PeerAttribute],
    *,
    minimum: int = MINIMUM_PEERS,
) -> pd.Series[str]:
    """The peer group of each entity.

    Args:
        villages: village code by entity id.
        properties: one column an attribute by entity id; entities and values may be missing.
        attributes: in the order in which a county is divided.
        minimum: the least size of a group.

    Returns:
        A label by entity id, such as `330102 行政村·小型·丘陵/山区`.
    """
    known = properties.reindex(villages.index)
    labels = pd.Series("", index=villages.index, dtype="str", name="peers")
    for county, members in villages.groupby(county_of(villages)):
        _label(known.loc[members.index], attributes, minimum, f"{county} ", labels)
    return labels.str.rstrip(" ·")


def _label(
    members: pd.DataFrame,
    attributes: Sequence[PeerAttribute],
    minimum: int,
    prefix: str,
    labels: pd.Series[str],
) -> None:
    """Divide `members` by the first attribute, each part by the next ones, and write the labels of the last."""
    if not attributes:
        labels.loc[members.index] = prefix
        return
    attribute, *rest = attributes
    values = members[attribute.name].map(dict(attribute.values)).fillna(UNKNOWN)
    sizes = values.value_counts()
    parts = merge_neighbours(
        [(value, int(sizes[value])) for value in [*attribute.values.values(), UNKNOWN] if value in sizes],
        minimum=minimum,
    )
    for part in parts:
        undivided = part == [UNKNOWN] or (len(parts) == 1 and len(part) > 1)
        name = "" if undivided else "/".join(part) + "·"
        _label(members[values.isin(part)], rest, minimum, prefix + name, labels)


def merge_neighbours(sizes: Sequence[tuple[str, int]], *, minimum: int) -> list[list[str]]:
    """Merge the smallest part with its smaller neighbour until every part holds `minimum` or one is left.

    >>> merge_neighbours([("平原", 20), ("丘陵", 9), ("山区", 3)], minimum=8)
    [['平原'], ['丘陵', '山区']]
    """
    parts = [([name], size) for name, size in sizes]
    while len(parts) > 1:
        smallest = min(range(len(parts)), key=lambda place: parts[place][1])
        if parts[smallest][1] >= minimum:
            break
        beside = [place for place in (smallest - 1, smallest + 1) if 0 <= place < len(parts)]
        left, right = sorted((smallest, min(beside, key=lambda place: parts[place][1])))
        parts[left : right + 1] = [(parts[left][0] + parts[right][0], parts[left][1] + parts[right][1])]
    return [names for names, _ in parts]
