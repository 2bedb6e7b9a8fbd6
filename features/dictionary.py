"""The dictionary of features: one YAML file a group in `features/sets/<entity>/`, checked when it is loaded.

A group is one query with one row an entity, and the features among its columns: label, unit, meaning, direction,
and how far small counts are drawn to the peers. `docs/how-to/add-a-feature.md` says how to write one. The same
definitions serve training at past dates and scoring today; `definition_hash` names them in a bundle.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

import yaml
from pydantic import Field, field_validator, model_validator

from registers.catalogue import load_catalogue
from registers.definitions import Parameter, Strict, read_yaml
from registers.query import ParsedQuery, QueryError, columns_read, parse_query
from registers.same_person import check_links

SETS_FOLDER: Final = Path(__file__).parent / "sets"
ENTITY_FILE: Final = "entity.yaml"
META_COLUMNS: Final = frozenset({"row_id"})

Entity = Literal["village", "official", "supplier"]
ENTITY_NAMES: Final[Mapping[Entity, str]] = {"village": "村", "official": "干部", "supplier": "供应商"}
"""Everything that is scored, and what people call it; whoever deals with all of them goes through this."""
ENTITIES: Final[tuple[Entity, ...]] = tuple(ENTITY_NAMES)
Direction = Literal["up", "down", "both"]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Needs = Mapping[str, tuple[str, ...]]


class FeatureError(ValueError):
    """A feature file that does not load; the message names file, part and mend."""


@dataclass(frozen=True)
class Unit:
    """A unit: its Chinese name, the range of its values, and the least difference that means anything.

    `floor` is the smallest scale that a robust z-score divides by, so that a village is not odd because its peers
    happen to be all alike.
    """

    label: str
    floor: float
    low: float
    high: float


_ANY: Final = float("inf")
UNITS: Final[Mapping[str, Unit]] = {
    "share": Unit("占比", floor=0.01, low=0, high=1),
    "rare_share": Unit("占比", floor=0.002, low=0, high=1),
    "share_difference": Unit("占比之差", floor=0.01, low=-1, high=1),
    "ratio": Unit("倍", floor=0.02, low=-_ANY, high=_ANY),
    "deviation": Unit("偏差", floor=0.001, low=0, high=1),
    "day": Unit("天", floor=2, low=-_ANY, high=_ANY),
    "month": Unit("个月", floor=6, low=0, high=_ANY),
    "yuan": Unit("元", floor=100, low=-_ANY, high=_ANY),
    "yuan_per_resident": Unit("元/人", floor=5, low=-_ANY, high=_ANY),
    "per_thousand_residents": Unit("人/千人", floor=1, low=0, high=1000),
    "count": Unit("个", floor=0.5, low=0, high=_ANY),
    "flag": Unit("是否", floor=0.5, low=0, high=1),
}


class Shrink(Strict):
    """How a value from few cases is drawn to the peers' mean: `weight` counts as that many cases of the mean."""

    count: Name
    weight: Annotated[float, Field(gt=0)]


class Feature(Strict):
    """One column of a matrix, as the dictionary explains it. `direction`: which way is more suspicious."""

    name: Name
    label: Annotated[str, Field(min_length=2)]
    unit: str
    direction: Direction
    meaning: Annotated[str, Field(min_length=6)]
    shrink: Shrink | None = None
    group: str
    needs: Needs

    @field_validator("unit")
    @classmethod
    def _known_unit(cls, unit: str) -> str:
        if unit not in UNITS:
            raise ValueError(f"unit {unit!r} is not one of {', '.join(UNITS)}")
        return unit


class Query(Strict):
    """A query with the registers and columns that it reads, checked when the file is loaded."""

    needs: Annotated[Needs, Field(min_length=1)]
    sql: str
    parameters: Mapping[str, Parameter] = {}
    source: str
    first_line: int = 1

    @property
    def values(self) -> dict[str, int | float]:
        return {name: parameter.value for name, parameter in self.parameters.items()}

    @cached_property
    def parsed(self) -> ParsedQuery:
        """The checked tree. Raises `QueryError` for SQL outside the subset or a column that is not declared."""
        catalogue = load_catalogue()
        for register, columns in self.needs.items():
            known = {c.name for c in catalogue[register].lake_columns} if register in catalogue else set()
            missing = sorted(set(columns) - known)
            if missing or not known:
                raise QueryError(self.source, None, f"needs: no {register}.{', '.join(missing) or '*'}")
        query = parse_query(
            self.sql,
            source=self.source,
            relations=self.needs,
            parameters=self.parameters,
            date_columns=_date_columns(self.needs),
            first_line=self.first_line,
        )
        check_links(query)
        for register, read in columns_read(query).items():
            own = {column.name for column in catalogue[register].lake_columns}
            undeclared = sorted((read & own) - set(self.needs[register]) - META_COLUMNS)
            if undeclared:
                raise QueryError(
                    self.source, None, f"declare {register}: {', '.join(undeclared)} under needs"
                )
        return query


class Group(Strict):
    """One file: a query, and the features among its columns."""

    id: Name
    entity: Entity
    name: str
    query: Query
    features: Annotated[tuple[Feature, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _columns_are_selected(self) -> Self:
        selected = set(self.query.parsed.tree.named_selects)
        wanted = (
            {"entity_id"}
            | {f.name for f in self.features}
            | {f.shrink.count for f in self.features if f.shrink}
        )
        if wanted != selected:
            odd = ", ".join(sorted(wanted ^ selected))
            raise ValueError(
                f"the query must select entity_id, the features and their counts, no more: see {odd}"
            )
        return self


class PeerAttribute(Strict):
    """A property that peers share. Values are in order, so that neighbours merge when there are too few."""

    name: Name
    values: Annotated[Mapping[str, str], Field(min_length=2)]


class Peers(Strict):
    query: Query
    attributes: Annotated[tuple[PeerAttribute, ...], Field(min_length=1)]


class EntityDefinition(Strict):
    """Who is in a matrix (the union of the populations that can be read), and who is whose peer.

    `places` give all villages that an entity had to do with (`entity_id`, `village_code`), for entities that are not
    of one village: they decide who may look at a score, never a value.
    """

    entity: Entity
    populations: Annotated[tuple[Query, ...], Field(min_length=1)]
    peers: Peers
    places: tuple[Query, ...] = ()


def dictionary(entity: Entity) -> dict[str, Feature]:
    """All features of an entity by name, in the order of the matrix columns."""
    return {feature.name: feature for group in load_groups(entity) for feature in group.features}


def definition_hash(entity: Entity) -> str:
    """A hash of everything that decides the values of a matrix: queries, parameters, features, peers."""
    parts = [load_entity(entity), *load_groups(entity)]
    exclude = {"first_line", "source", "label", "meaning", "places"}
    content = [_without(part.model_dump(mode="json"), exclude) for part in parts]
    floors = {name: unit.floor for name, unit in UNITS.items()}
    text = json.dumps([content, floors], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@cache
def load_groups(entity: Entity, folder: Path = SETS_FOLDER) -> tuple[Group, ...]:
    """Read and check every group of an entity. Raises `FeatureError` on the first that does not load."""
    paths = sorted(path for path in (folder / entity).glob("*.yaml") if path.name != ENTITY_FILE)
    groups = tuple(load_group(path) for path in paths)
    owner: dict[str, str] = {}
    for group in groups:
        for feature in group.features:
            if feature.name in owner:
                raise FeatureError(f"{group.id}.yaml: {owner[feature.name]}.yaml has {feature.name} already")
            owner[feature.name] = group.id
    return groups


def load_group(path: Path) -> Group:
    """Read and check one group file."""
    text = path.read_text(encoding="utf-8")
    try:
        content = _mapping(text)
        query = {key: content.pop(key) for key in ("needs", "sql", "parameters") if key in content}
        own = {"group": path.stem, "needs": query.get("needs")}
        content["features"] = [feature | own for feature in content.get("features", [])]
        place = {"source": path.name, "first_line": _line_after(text, "sql:")}
        group = Group.model_validate(content | {"query": query | place})
    except (ValueError, yaml.YAMLError) as error:
        raise FeatureError(f"{path.name}: {error}") from error
    if (group.entity, group.id) != (path.parent.name, path.stem):
        raise FeatureError(
            f"{path.name}: the file is {group.entity}/{group.id}; name entity, id and file alike"
        )
    return group


@cache
def load_entity(entity: Entity, folder: Path = SETS_FOLDER) -> EntityDefinition:
    """Read and check who is in an entity's matrix and who is whose peer."""
    path = folder / entity / ENTITY_FILE
    try:
        content = _mapping(path.read_text(encoding="utf-8"))
        shared = {"source": f"{entity}/{ENTITY_FILE}", "parameters": content.pop("parameters", {})}
        attributes = content["peers"].pop("attributes")
        content["peers"] = {"query": content["peers"] | shared, "attributes": attributes}
        for part in ("populations", "places"):
            content[part] = [query | shared for query in content.get(part, ())]
        definition = EntityDefinition.model_validate(content)
        for query in (*definition.populations, *definition.places, definition.peers.query):
            _ = query.parsed
    except KeyError as error:
        raise FeatureError(f"{entity}/{ENTITY_FILE}: {error} is missing") from error
    except (ValueError, yaml.YAMLError) as error:
        raise FeatureError(f"{entity}/{ENTITY_FILE}: {error}") from error
    return definition


def _mapping(text: str) -> dict[str, Any]:
    content = read_yaml(text)
    if not isinstance(content, dict):
        raise FeatureError("write one mapping: id, entity, name, needs, sql, features")
    return content


def _line_after(text: str, key: str) -> int:
    """The number of the line after the one that starts with a key, where its block begins."""
    return next((i for i, line in enumerate(text.splitlines(), start=2) if line.startswith(key)), 1)


def _date_columns(needs: Needs) -> set[str]:
    catalogue = load_catalogue()
    return {c.name for register in needs for c in catalogue[register].columns if c.sql_type == "DATE"}


def _without(value: Any, names: set[str]) -> Any:
    """A JSON value without the keys that change no number."""
    if isinstance(value, dict):
        return {key: _without(item, names) for key, item in value.items() if key not in names}
    if isinstance(value, list):
        return [_without(item, names) for item in value]
    return value
