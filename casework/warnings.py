"""Reading warnings and setting them aside; looking into one is a task (`casework.tasks`)."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from casework.access import RiskFacts, sees_risk
from casework.errors import NotVisible
from casework.events import locked, move
from casework.models import CaseWarning, Entity, WarningOfficial
from casework.outcomes import SUBJECT_OF
from casework.raising import raised_by_complaints
from casework.roles import Actor
from casework.scope import visible_complaints, visible_risks
from casework.states import WarningAction, WarningState
from supervision.same_problem import rank_alike


@dataclass(frozen=True)
class AlikeWarning:
    """A warning like another one. similarity: 0 to 1. shared: what the two have in common, in Chinese."""

    warning: CaseWarning
    similarity: float
    shared: tuple[str, ...]


def warnings_page(
    session: Session,
    actor: Actor,
    *,
    state: WarningState | None,
    level: str | None,
    village: str | None,
    page: int,
    size: int,
) -> tuple[Sequence[CaseWarning], int]:
    """One page of the visible warnings and their number, the gravest first; of equal ones those with a complaint."""
    conditions: list[ColumnElement[bool]] = [visible_risks(actor, CaseWarning)]
    if state is not None:
        conditions.append(CaseWarning.state == state)
    if level is not None:
        conditions.append(CaseWarning.level == level)
    if village is not None:
        conditions.append(CaseWarning.village_code.startswith(village, autoescape=True))
    total = session.scalar(select(func.count()).select_from(CaseWarning).where(*conditions)) or 0
    rows = session.scalars(
        select(CaseWarning)
        .where(*conditions)
        .order_by(
            CaseWarning.level_rank.desc(),
            raised_by_complaints(visible_complaints(actor)).desc(),
            func.coalesce(CaseWarning.amount_fen, 0).desc(),
            CaseWarning.id,
        )
        .offset((page - 1) * size)
        .limit(size)
    ).all()
    return rows, total


def warnings_of(session: Session, actor: Actor, *, entity: Entity, entity_id: str) -> Sequence[CaseWarning]:
    """The visible warnings of a village, about a supplier or a tender, or those that concern an official, the gravest first."""
    query = select(CaseWarning).where(visible_risks(actor, CaseWarning))
    if entity is Entity.VILLAGE:
        query = query.where(CaseWarning.village_code == entity_id)
    elif entity in SUBJECT_OF:
        query = query.where(
            CaseWarning.subject_type == SUBJECT_OF[entity], CaseWarning.subject_id == entity_id
        )
    else:
        query = query.join(WarningOfficial, WarningOfficial.warning_id == CaseWarning.id).where(
            WarningOfficial.person_key == entity_id
        )
    return session.scalars(query.order_by(CaseWarning.level_rank.desc(), CaseWarning.id)).all()


def visible_warning(session: Session, actor: Actor, warning_id: int) -> CaseWarning:
    """The warning, or `NotVisible`."""
    warning = session.get(CaseWarning, warning_id)
    if warning is None or not sees_risk(actor, facts_of(warning)):
        raise NotVisible
    return warning


def locked_warning(session: Session, actor: Actor, warning_id: int) -> CaseWarning:
    """The warning, locked before it is judged whether the actor sees it; or `NotVisible`."""
    warning = locked(session, CaseWarning, warning_id)
    if not sees_risk(actor, facts_of(warning)):
        raise NotVisible
    return warning


def warnings_alike(
    session: Session, actor: Actor, warning_id: int, *, division: str, limit: int
) -> list[AlikeWarning]:
    """Visible warnings of the same model in a division, the most like one of them first, itself left out.

    division: "" for all that the actor may see. Ranking is over all of them, `limit` cuts what is returned.
    """
    case = visible_warning(session, actor, warning_id)
    others = session.scalars(
        select(CaseWarning).where(
            visible_risks(actor, CaseWarning),
            CaseWarning.model_id == case.model_id,
            CaseWarning.id != case.id,
            CaseWarning.village_code.startswith(division, autoescape=True),
        )
    ).all()
    officials = _officials_of(session, [case, *others])
    by_finding = {other.finding_id: other for other in others}
    ranked = rank_alike(_as_finding(case, officials), [_as_finding(other, officials) for other in others])
    return [
        AlikeWarning(by_finding[alike.finding["finding_id"]], alike.similarity, alike.shared)
        for alike in ranked[:limit]
    ]


def _officials_of(session: Session, warnings: Sequence[CaseWarning]) -> dict[int, list[str]]:
    """Keys of the officials whom each warning concerns, by warning id."""
    found: dict[int, list[str]] = defaultdict(list)
    models = {warning.model_id for warning in warnings}
    for warning_id, key in session.execute(
        select(WarningOfficial.warning_id, WarningOfficial.person_key)
        .join(CaseWarning, CaseWarning.id == WarningOfficial.warning_id)
        .where(CaseWarning.model_id.in_(models))
    ):
        found[warning_id].append(key)
    return found


def _as_finding(warning: CaseWarning, officials: Mapping[int, list[str]]) -> dict[str, object]:
    """What the ranking reads of a finding."""
    return {
        "finding_id": warning.finding_id,
        "village_code": warning.village_code,
        "level": warning.level,
        "level_rank": warning.level_rank,
        "rows": warning.rows,
        "amount_fen": warning.amount_fen,
        "measures": json.dumps(warning.measures),
        "official_keys": json.dumps(officials.get(warning.id, [])),
    }


def facts_of(warning: CaseWarning) -> RiskFacts:
    return RiskFacts(village_code=warning.village_code, managing_level=warning.managing_level)


def take_action(
    session: Session,
    actor: Actor,
    warning_id: int,
    action: WarningAction,
    *,
    comment: str | None,
    at: datetime,
) -> CaseWarning:
    """Propose to set aside (暂存待查), decide on the proposal as a second person, or reopen."""
    warning = locked_warning(session, actor, warning_id)
    move(
        session,
        warning,
        action,
        actor=actor,
        at=at,
        fields={"comment": comment},
        earlier_actor=warning.proposed_by,
    )
    warning.proposed_by = actor.id if action is WarningAction.PROPOSE_SET_ASIDE else None
    return warning
