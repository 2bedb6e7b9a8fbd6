"""Which groups of features move the scores most, for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from features.dictionary import Entity, Feature, load_groups
from supervision.catalogue import FIELD_NAMES
from supervision.pages import LEVEL_NAMES

MOST_FEATURES: Final = 15
HITS: Final = "hits_"


@dataclass(frozen=True)
class TopFeature:
    """A group of columns: its share of all that moves the scores of today, and the labels in it, heaviest first."""

    group: str
    labels: tuple[str, ...]
    share: float


def top_features(
    contributions: pd.DataFrame, *, dictionary: Mapping[str, Feature], entity: Entity
) -> tuple[TopFeature, ...]:
    """Groups of columns by their part of all absolute contributions, heaviest first; the findings are one group."""
    groups = {group.id: group.name for group in load_groups(entity)}
    weight = contributions.abs().mean()
    total = float(weight.sum())
    found: dict[str, list[tuple[float, str]]] = {}
    for column, value in weight.items():
        name = str(column)
        feature = dictionary.get(name)
        group = groups.get(feature.group, feature.group) if feature else "监督模型的线索"
        found.setdefault(group, []).append((float(value), feature.label if feature else _hits_label(name)))
    listed = [
        TopFeature(
            group=group,
            labels=tuple(label for value, label in sorted(members, reverse=True) if value > 0),
            share=sum(value for value, _ in members) / total if total else 0.0,
        )
        for group, members in found.items()
    ]
    return tuple(sorted(listed, key=lambda top: -top.share)[:MOST_FEATURES])


def _hits_label(column: str) -> str:
    part = column.removeprefix(HITS)
    return f"{FIELD_NAMES.get(part) or LEVEL_NAMES.get(part, part)}线索数"
