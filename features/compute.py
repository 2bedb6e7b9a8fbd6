"""Matrices of features as of a day: one row an entity, one column a feature, NaN where it cannot be told.

A matrix is always computed whole and filtered afterwards, because peers and shared accounts lie outside the rows
that somebody asks for: `feature_set(engine, "village").only(codes)`. The day is the engine's `as_of`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

import pandas as pd

from features.coverage import Coverage
from features.dictionary import (
    ENTITY_NAMES,
    Entity,
    EntityDefinition,
    Feature,
    FeatureError,
    Group,
    Query,
    definition_hash,
    dictionary,
    load_entity,
    load_groups,
)
from features.normalise import robust_z, shrink, typical_values
from features.peers import county_of, peer_groups
from registers.engine import Engine
from registers.query import bind

DECIMALS: Final = 9
"""The last bits of a sum of doubles depend on the order of threads; rounding makes a matrix repeatable."""


class NothingToDescribe(FeatureError):
    """No register that lists the entities holds data."""


@dataclass(frozen=True)
class FeatureSet:
    """A matrix of features.

    Attributes:
        entity: what a row is.
        as_of: the day; nothing that became known or happened later is in any value.
        values: float64, entity id × feature name; raw values as the dictionary explains them, NaN = cannot tell.
        counts: the cases behind each value, same shape; NaN for features that are not shrunk.
        typical: the median of the entity's peers, same shape; what `values` is to be read beside.
        standardised: robust z-scores among peers after shrinkage, same shape; see `normalised`.
        peers: label of the peer group by entity id.
        villages: village code by entity id.
        definition_hash: names the definitions; a model trained on other ones must refuse this matrix.
    """

    entity: Entity
    as_of: date
    values: pd.DataFrame
    counts: pd.DataFrame
    typical: pd.DataFrame
    standardised: pd.DataFrame
    peers: pd.Series[str]
    villages: pd.Series[str]
    definition_hash: str

    def normalised(self) -> pd.DataFrame:
        """How far each value lies from the peers: robust z-scores clipped to ±10, positive = above the peers."""
        return self.standardised

    def only(self, entity_ids: Collection[str]) -> FeatureSet:
        """The rows of some entities, in the order given; peers and scores stay those of the whole matrix.

        Raises:
            KeyError: an id that is not in the matrix.
        """
        ids = list(entity_ids)
        frames = {
            name: getattr(self, name).loc[ids]
            for name in ("values", "counts", "typical", "standardised", "peers", "villages")
        }
        return replace(self, **frames)


def feature_set(engine: Engine, entity: Entity) -> FeatureSet:
    """Compute all features of all entities as of the engine's day.

    A group whose registers hold no data gives columns of NaN; so does a county for which one of them holds none.

    Raises:
        NothingToDescribe: no register that lists the entities holds data.
    """
    features = dictionary(entity)
    definition = load_entity(entity)
    coverage = Coverage(engine)
    villages = _population(engine, definition, coverage)
    values, counts = _matrices(engine, entity, villages, coverage)
    peers = _peers(engine, definition, villages, coverage)
    shrunk = shrink(values, counts, peers, features)
    return FeatureSet(
        entity=entity,
        as_of=engine.as_of,
        values=values,
        counts=counts,
        typical=typical_values(values, peers, county_of(villages)),
        standardised=robust_z(shrunk, peers, villages, features),
        peers=peers,
        villages=villages,
        definition_hash=definition_hash(entity),
    )


def villages_of(engine: Engine, entity: Entity) -> dict[str, tuple[str, ...]]:
    """All villages that each entity had to do with, in order; empty for entities that belong to one village."""
    coverage = Coverage(engine)
    found: dict[str, set[str]] = {}
    for query in load_entity(entity).places:
        if coverage.readable(query.needs):
            for entity_id, code in _run(engine, query)["village_code"].dropna().items():
                found.setdefault(str(entity_id), set()).add(str(code))
    return {entity_id: tuple(sorted(codes)) for entity_id, codes in found.items()}


def _population(engine: Engine, definition: EntityDefinition, coverage: Coverage) -> pd.Series[str]:
    readable = [query for query in definition.populations if coverage.readable(query.needs)]
    if not readable:
        wanted = "、".join(
            engine.catalogue[register].name for query in definition.populations for register in query.needs
        )
        raise NothingToDescribe(f"没有{ENTITY_NAMES[definition.entity]}可以打分，请先导入{wanted}之一")
    rows = pd.concat([_run(engine, query) for query in readable])
    rows = rows[~rows.index.duplicated()].sort_index()
    return rows["village_code"].astype("str").rename("village_code")


def _matrices(
    engine: Engine, entity: Entity, villages: pd.Series[str], coverage: Coverage
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Values and counts, both entity × feature."""
    values, counts = [], []
    for group in load_groups(entity):
        columns = _columns(engine, group, villages, coverage)
        values.append(columns[[feature.name for feature in group.features]])
        counts.append(
            pd.DataFrame({f.name: _count(columns, f) for f in group.features}, index=villages.index)
        )
    return pd.concat(values, axis="columns"), pd.concat(counts, axis="columns")


def _count(columns: pd.DataFrame, feature: Feature) -> pd.Series[float]:
    if feature.shrink is None:
        return pd.Series(float("nan"), index=columns.index)
    return columns[feature.shrink.count]


def _columns(engine: Engine, group: Group, villages: pd.Series[str], coverage: Coverage) -> pd.DataFrame:
    """The columns of one group for all entities; NaN where a register that it needs says nothing."""
    if not coverage.readable(group.query.needs):
        names = [name for name in group.query.parsed.tree.named_selects if name != "entity_id"]
        return pd.DataFrame(float("nan"), index=villages.index, columns=names)
    found = _run(engine, group.query)
    if not found.index.is_unique:
        raise FeatureError(f"{group.id}.yaml: the query gives more than one row an entity")
    columns = found.astype("float64").round(DECIMALS).reindex(villages.index)
    counties = coverage.counties(group.query.needs)
    return columns if counties is None else columns.where(county_of(villages).isin(counties), axis="index")


def _peers(
    engine: Engine, definition: EntityDefinition, villages: pd.Series[str], coverage: Coverage
) -> pd.Series[str]:
    query, attributes = definition.peers.query, definition.peers.attributes
    if coverage.readable(query.needs):
        properties = _run(engine, query)
    else:
        properties = pd.DataFrame(columns=[attribute.name for attribute in attributes], dtype="str")
    return peer_groups(villages, properties, attributes)


def _run(engine: Engine, query: Query) -> pd.DataFrame:
    """The rows of a query by entity id. Rows without an id, which no entity can own, are left out."""
    table = engine.query(bind(query.parsed, {**query.values, "as_of": engine.as_of}))
    rows: pd.DataFrame = table.to_pandas()
    return rows[rows["entity_id"].notna()].set_index("entity_id")
