"""Why a score is high, in sentences: what differs from the peers, and what supervision models found.

A reason names one group of features through the one that says most, with the value and what is usual among the
peers; twenty columns of one thing are one reason. Reasons are grounds to look (疑点), never conclusions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from features.compute import FeatureSet
from features.dictionary import ENTITY_NAMES, Entity, Feature
from ml.inputs import HIT_COLUMNS, Hit
from ml.matrix import Floats
from supervision.catalogue import FIELD_NAMES

MOST: Final = 5
"""Reasons a person can weigh at a glance."""

_PEERS: Final[Mapping[Entity, str]] = {entity: f"同类{name}" for entity, name in ENTITY_NAMES.items()}
_SHARES_READ_AS_PERCENT: Final = ("占比", "比例", "比重", "率")
_MOST_DECIMALS: Final = 4


@dataclass(frozen=True)
class _Format:
    decimals: int
    suffix: str = ""
    factor: float = 1.0


_UNITS: Final[Mapping[str, _Format]] = {
    "share": _Format(2),
    "rare_share": _Format(1, "%", 100),
    "share_difference": _Format(2),
    "ratio": _Format(2),
    "deviation": _Format(4),
    "day": _Format(0, " 天"),
    "month": _Format(0, " 个月"),
    "yuan": _Format(0, " 元"),
    "yuan_per_resident": _Format(0, " 元/人"),
    "per_thousand_residents": _Format(1, " 人/千人"),
    "count": _Format(0),
    "flag": _Format(0),
}
_PERCENT: Final = _Format(0, "%", 100)


@dataclass(frozen=True)
class Reason:
    """One ground to look.

    Attributes:
        feature: name of the feature, or `hits_<field>`.
        label: its Chinese name.
        sentence: what a person reads.
        contribution: what it adds to the margin of the score; 0 where the model gives findings no weight.
    """

    feature: str
    label: str
    sentence: str
    contribution: float


def reasons(
    contributions: pd.DataFrame,
    *,
    features: FeatureSet,
    dictionary: Mapping[str, Feature],
    hits: Mapping[str, list[Hit]],
) -> dict[str, list[Reason]]:
    """At most five reasons per row of `contributions` (columns of the model, index of entities), strongest first.

    If anything was found, at least one reason says what.
    """
    names = [str(name) for name in contributions.columns if name in dictionary]
    counted = [str(name) for name in contributions.columns if name in HIT_COLUMNS]
    own = features.values.loc[contributions.index, names].to_numpy()
    usual = features.typical.loc[contributions.index, names].to_numpy()
    added, by_hits = contributions[names].to_numpy(), contributions[counted].to_numpy()
    described = [dictionary[name] for name in names]
    chosen: dict[str, list[Reason]] = {}
    for row, entity_id in enumerate(map(str, contributions.index)):
        differing = [
            Reason(
                feature=names[column],
                label=described[column].label,
                sentence=_compared(
                    described[column],
                    value=own[row, column],
                    usual=usual[row, column],
                    peers=_PEERS[features.entity],
                ),
                contribution=together,
            )
            for column, together in _strongest_groups(added[row], described, own=own[row], usual=usual[row])
        ]
        weights = dict(zip(counted, by_hits[row].tolist(), strict=True))
        found = hit_reasons(hits.get(entity_id, []), weights)
        chosen[entity_id] = strongest(differing, found)
    return chosen


def shown(value: float, feature: Feature, *, decimals: int | None = None) -> str:
    """A value of `feature` as people read it, with its unit: `62%`, `1,200 元`, `40 天`, `是`."""
    if feature.unit == "flag":
        return "是" if value >= 0.5 else "否"
    form = _format(feature)
    digits = form.decimals if decimals is None else decimals
    return f"{value * form.factor:,.{digits}f}{form.suffix}"


def _differs(feature: Feature, *, value: float, usual: float) -> bool:
    """Whether a person can see a difference to the suspicious side; a shrunken value may differ where none is."""
    if math.isnan(value) or math.isnan(usual):
        return not math.isnan(value)
    suspicious = {"up": value > usual, "down": value < usual, "both": True}[feature.direction]
    form = _format(feature)
    if not suspicious or abs(value - usual) * form.factor > 10.0**-form.decimals:
        return suspicious  # further apart than the last digit shown: no need to write the values out
    own, common = _told_apart(value, usual, feature)
    return own != common


def _compared(feature: Feature, *, value: float, usual: float, peers: str) -> str:
    if math.isnan(usual):
        return f"{feature.label} {shown(value, feature)}"
    own, common = _told_apart(value, usual, feature)
    return f"{feature.label} {own}，{peers}一般为 {common}"


def _told_apart(value: float, common: float, feature: Feature) -> tuple[str, str]:
    """Both values with as many decimals as it takes to see that they differ."""
    own = usual = ""
    for decimals in range(_format(feature).decimals, _MOST_DECIMALS + 1):
        own, usual = (shown(each, feature, decimals=decimals) for each in (value, common))
        if own != usual:
            break
    return own, usual


def _format(feature: Feature) -> _Format:
    if feature.unit == "share" and feature.label.endswith(_SHARES_READ_AS_PERCENT):
        return _PERCENT
    return _UNITS[feature.unit]


def _strongest_groups(
    added: Floats, features: Sequence[Feature], *, own: Floats, usual: Floats
) -> list[tuple[int, float]]:
    """The column that says most of each of the MOST strongest groups, with what its group adds together.

    Only columns count that raise the score and in which a person can see a difference.
    """
    groups: dict[str, list[int]] = {}
    for column in np.argsort(-added, kind="stable").tolist():
        feature = features[column]
        if added[column] > 0 and _differs(feature, value=own[column], usual=usual[column]):
            groups.setdefault(feature.group, []).append(column)
    together = [(columns[0], sum(float(added[column]) for column in columns)) for columns in groups.values()]
    return sorted(together, key=lambda group: -group[1])[:MOST]


def hit_reasons(hits: list[Hit], weights: Mapping[str, float]) -> list[Reason]:
    """One reason per field with findings; the weight of a level goes to the worst finding of that level."""
    by_field: dict[str, list[Hit]] = {}
    for hit in hits:
        by_field.setdefault(hit.field, []).append(hit)
    weight = {field: weights.get(f"hits_{field}", 0.0) for field in by_field}
    for level in {hit.level for hit in hits}:
        worst = next(hit for hit in hits if hit.level == level)
        weight[worst.field] += weights.get(f"hits_{level}", 0.0)
    return [_hit_reason(field, of_field, max(weight[field], 0.0)) for field, of_field in by_field.items()]


def _hit_reason(field: str, hits: list[Hit], weight: float) -> Reason:
    label = FIELD_NAMES[field]
    first = hits[0]
    told = f"{first.model_name}（{first.reason}）"
    sentence = f"{label}有 1 条线索：{told}" if len(hits) == 1 else f"{label}有 {len(hits)} 条线索，如{told}"
    return Reason(f"hits_{field}", label, sentence, float(weight))


def strongest(differing: list[Reason], found: list[Reason]) -> list[Reason]:
    together = sorted([*differing, *found], key=lambda reason: -reason.contribution)
    kept = together[:MOST]
    if found and not any(reason in kept for reason in found):
        kept = [*kept[: MOST - 1], found[0]]
    return kept
