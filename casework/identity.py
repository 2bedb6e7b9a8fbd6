"""The one door to the identity vault: a person with the permission, for objects in sight, with an audit row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session

from casework import audit
from casework.access import Permission, RiskFacts, allows, sees_risk
from casework.models import Score
from casework.roles import Actor


class Identity(Protocol):
    @property
    def name(self) -> str | None: ...


class Vault(Protocol):
    """What casework needs of `registers.identity.IdentityVault`."""

    def reveal(self, person_keys: Sequence[str], /) -> Mapping[str, Identity]: ...


def masked(person_key: str) -> str:
    """How a person is called by those who may not, or need not, know the name."""
    return f"干部 {person_key[:6]}…"


def official_names(
    session: Session, actor: Actor, officials: Sequence[Score], *, vault: Vault, at: datetime
) -> dict[str, str]:
    """What to call each official: the name for those who may see it, else a mask.

    officials: scores of officials. Only those that the actor may see are looked up, whatever is passed. One audit
    row names every key that was opened.
    """
    called = {score.entity_id: masked(score.entity_id) for score in officials}
    if not allows(actor, Permission.REVEAL_IDENTITY):
        return called
    keys = [
        score.entity_id
        for score in officials
        if sees_risk(actor, RiskFacts(village_code=score.village_code, managing_level=score.managing_level))
    ]
    if not keys:
        return called
    audit.record(
        session, at=at, actor=actor, action="reveal", target="identity", detail={"person_keys": keys}
    )
    found = vault.reveal(keys)
    return called | {key: identity.name for key, identity in found.items() if identity.name}
