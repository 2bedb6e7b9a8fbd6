"""Reading warnings and setting them aside; looking into one is a task (`casework.tasks`)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from casework.access import RiskFacts, sees_risk
from casework.errors import NotVisible
from casework.events import locked, recorded
from casework.models import CaseWarning, Entity, WarningOfficial
from casework.roles import Actor
from casework.scope import visible_risks
from casework.states import WARNING_TRANSITIONS, WarningAction, WarningState, step


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
    """One page of the visible warnings and their number, the gravest first."""
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
            func.coalesce(CaseWarning.amount_fen, 0).desc(),
            CaseWarning.id,
        )
        .offset((page - 1) * size)
        .limit(size)
    ).all()
    return rows, total


def warnings_of(session: Session, actor: Actor, *, entity: Entity, entity_id: str) -> Sequence[CaseWarning]:
    """The visible warnings of a village, or those that concern an official, the gravest first."""
    query = select(CaseWarning).where(visible_risks(actor, CaseWarning))
    if entity is Entity.VILLAGE:
        query = query.where(CaseWarning.village_code == entity_id)
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
    visible_warning(session, actor, warning_id)
    warning = locked(session, CaseWarning, warning_id)
    change = step(
        WARNING_TRANSITIONS,
        warning.state,
        action,
        actor=actor,
        at=at,
        fields={"comment": comment},
        earlier_actor=warning.proposed_by,
    )
    warning.proposed_by = actor.id if action is WarningAction.PROPOSE_SET_ASIDE else None
    warning.state = recorded(session, warning, change)
    return warning
