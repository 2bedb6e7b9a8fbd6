"""What is scored, and the kinds of trained models: registered, promoted, served and shown under one id everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from features import tender
from features.dictionary import ENTITIES, ENTITY_NAMES, Entity, definition_hash

Scored = Entity | Literal["tender"]
"""Entities with feature sets, and tenders, whose screens come from their bids."""

SCORED_NAMES: Final[Mapping[Scored, str]] = {
    **{entity: ENTITY_NAMES[entity] for entity in ENTITIES},
    "tender": "招标项目",
}
"""Everything that has a score, and what people call it."""

FAMILIES: Final[Mapping[str, str]] = {"anomaly": "异常模型", "risk": "风险模型"}
"""The two models that every entity with features has, in the order in which they are trained."""
TENDER: Final = "tender"
"""The kind of the model of tenders, which has no other."""


def kind_of(family: str, entity: Entity) -> str:
    """The kind of a model of an entity: `risk_village`."""
    return f"{family}_{entity}"


ENTITY_OF_KIND: Final[Mapping[str, Entity]] = {
    kind_of(family, entity): entity for family in FAMILIES for entity in ENTITY_NAMES
}
"""The entity of every kind of model that scores one by its features."""

KIND_NAMES: Final[Mapping[str, str]] = {
    **{
        kind_of(family, entity): f"{entity_name}{name}"
        for family, name in FAMILIES.items()
        for entity, entity_name in ENTITY_NAMES.items()
    },
    TENDER: "招标模型",
    "triage": "来信分拣模型",
}
"""The Chinese name of every kind."""

KINDS: Final = tuple(KIND_NAMES)


def definitions_of(scored: Scored) -> str:
    """Hash of the definitions that the scores of an entity, or of tenders, are computed by now."""
    return tender.definition_hash() if scored == "tender" else definition_hash(scored)


def definitions_by_kind() -> dict[str, str]:
    """The same for every kind of model that reads such definitions."""
    by_kind = {kind: definitions_of(entity) for kind, entity in ENTITY_OF_KIND.items()}
    return by_kind | {TENDER: definitions_of("tender")}
