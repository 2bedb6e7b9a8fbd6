"""The one door to the identity vault: a person with the permission, for objects in sight, with an audit row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
    """What to call each official of these scores: the name for those who may see it, else a mask."""
    facts = [
        (score.entity_id, RiskFacts(village_code=score.village_code, managing_level=score.managing_level))
        for score in officials
    ]
    return {key: masked(key) for key, _ in facts} | revealed(session, actor, facts, vault=vault, at=at)


def revealed(
    session: Session,
    actor: Actor,
    officials: Iterable[tuple[str, RiskFacts]],
    *,
    vault: Vault,
    at: datetime,
) -> dict[str, str]:
    """Names by person key of those officials that the actor may see, whatever is passed; of nobody without the
    permission. One audit row names every key that was opened."""
    if not allows(actor, Permission.REVEAL_IDENTITY):
        return {}
    keys = list(dict.fromkeys(key for key, facts in officials if sees_risk(actor, facts)))
    if not keys:
        return {}
    audit.record(
        session, at=at, actor=actor, action="reveal", target="identity", detail={"person_keys": keys}
    )
    return {key: identity.name for key, identity in vault.reveal(keys).items() if identity.name}
