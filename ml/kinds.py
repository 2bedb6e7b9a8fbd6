"""The kinds of trained models: what is registered, promoted, served and shown under one id everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from features.dictionary import ENTITY_NAMES, Entity

FAMILIES: Final[Mapping[str, str]] = {"anomaly": "异常模型", "risk": "风险模型"}
"""The two models that every scored entity has, in the order in which they are trained."""


def kind_of(family: str, entity: Entity) -> str:
    """The kind of a model of an entity: `risk_village`."""
    return f"{family}_{entity}"


ENTITY_OF_KIND: Final[Mapping[str, Entity]] = {
    kind_of(family, entity): entity for family in FAMILIES for entity in ENTITY_NAMES
}
"""The entity of every kind of model that scores one."""

KIND_NAMES: Final[Mapping[str, str]] = {
    kind_of(family, entity): f"{entity_name}{name}"
    for family, name in FAMILIES.items()
    for entity, entity_name in ENTITY_NAMES.items()
} | {"triage": "来信分拣模型"}
"""The Chinese name of every kind."""

KINDS: Final = tuple(KIND_NAMES)
