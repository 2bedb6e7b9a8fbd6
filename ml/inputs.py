"""What the models see of a village, an official or a supplier: comparable features, and what supervision models found.

The same functions make the rows of training and the rows of scoring. No date, place, name or id is an input.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa

from features.compute import FeatureSet
from features.dictionary import Direction, Feature
from ml.kinds import Scored
from supervision.catalogue import FIELD_NAMES, LEVEL_RANK

HITS: Final = "hits_"
"""What the names of columns and reasons begin with that tell of findings."""
HIT_COLUMNS: Final = tuple(f"{HITS}{part}" for part in (*FIELD_NAMES, *LEVEL_RANK))
"""Findings about the entity, counted per field and per level."""

_SUBJECTS: Final[Mapping[Scored, str]] = {"supplier": "company", "tender": "tender"}
"""What supervision models call the subject that is scored."""


@dataclass(frozen=True)
class Hit:
    """What a person needs to know of one finding about an entity."""

    finding_id: str
    model_name: str
    field: str
    level: str
    level_rank: int
    reason: str


def hits_by_entity(findings: pa.Table, *, entity: Scored) -> dict[str, list[Hit]]:
    """The findings about every village (by place), official (as subject or as person concerned), supplier or
    tender (as subject), worst first.
    """
    hits: dict[str, list[Hit]] = {}
    for row in findings.to_pylist():
        hit = Hit(**{name: row[name] for name in Hit.__dataclass_fields__})
        for entity_id in _concerned(row, entity):
            hits.setdefault(entity_id, []).append(hit)
    for of_one in hits.values():
        of_one.sort(key=lambda hit: (-hit.level_rank, hit.finding_id))
    return hits


def model_inputs(features: FeatureSet, hits: Mapping[str, list[Hit]]) -> pd.DataFrame:
    """Inputs of the risk model: the normalised features and the columns of HIT_COLUMNS; one row per entity."""
    normalised = features.normalised()
    counts = np.zeros((len(normalised), len(HIT_COLUMNS)))
    column = {name: place for place, name in enumerate(HIT_COLUMNS)}
    row_of = normalised.index.astype(str).get_indexer(pd.Index(hits, dtype=str))
    for row, of_one in zip(row_of, hits.values(), strict=True):
        if row < 0:
            continue  # found about someone who is not scored
        for hit in of_one:
            counts[row, column[f"{HITS}{hit.field}"]] += 1
            counts[row, column[f"{HITS}{hit.level}"]] += 1
    counted = pd.DataFrame(counts, index=normalised.index, columns=list(HIT_COLUMNS))
    return pd.concat([normalised, counted], axis="columns")


def hits_total(inputs: pd.DataFrame) -> pd.Series:
    """Findings about every row of the inputs of the risk model."""
    return inputs[[f"hits_{level}" for level in LEVEL_RANK]].sum(axis="columns")


def feature_directions(dictionary: Mapping[str, Feature], columns: pd.Index) -> dict[str, Direction]:
    """The directions of `columns` that are features."""
    return {str(name): dictionary[str(name)].direction for name in columns if str(name) in dictionary}


def input_directions(dictionary: Mapping[str, Feature], columns: pd.Index) -> dict[str, Direction]:
    """The directions of the inputs of the risk model: more findings never lower a risk."""
    found: dict[str, Direction] = {str(name): "up" for name in columns if name in HIT_COLUMNS}
    return feature_directions(dictionary, columns) | found


def _concerned(row: Mapping[str, object], entity: Scored) -> Iterator[str]:
    if entity == "village":
        yield str(row["village_code"])
        return
    if entity in _SUBJECTS:
        if row["subject_type"] == _SUBJECTS[entity]:
            yield str(row["subject_id"])
        return
    keys = {str(key) for key in json.loads(str(row["official_keys"] or "[]"))}
    if row["subject_type"] == "official":
        keys.add(str(row["subject_id"]))
    yield from sorted(keys)
