"""Watchlists: where to look first, and the detail behind one score. A score is a reason to look, not a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from casework.access import RiskFacts, sees_risk
from casework.errors import NotVisible
from casework.models import CaseWarning, Complaint, Entity, OfficialPost, Place, Score, WarningOfficial
from casework.roles import Actor
from casework.scope import visible_risks
from casework.states import WarningState

_AT_WORK = (WarningState.OPEN, WarningState.IN_TASK, WarningState.SET_ASIDE_PROPOSED)
_LEVELS = {3: "red", 2: "yellow", 1: "blue"}


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What part of a watchlist to show.

    town: division code that bounds it within the actor's jurisdiction. min_percentile: 0–100, among peers.
    as_of: None for the newest day.
    """

    entity: Entity
    town: str | None = None
    min_percentile: float = 0.0
    as_of: date | None = None
    page: int = 1
    size: int = 50


@dataclass(frozen=True)
class Watched:
    """One row: the score, where it is, the official's post, and the gravest warning at work (None: none)."""

    score: Score
    place: str
    post: str | None
    level: str | None


@dataclass(frozen=True)
class Watchlist:
    """One page. as_of is None when nothing has been scored yet."""

    as_of: date | None
    total: int
    rows: Sequence[Watched]


def watchlist(session: Session, actor: Actor, wanted: Wanted) -> Watchlist:
    """The visible scores of one day, the highest risk first."""
    as_of = wanted.as_of or newest_day(session, wanted.entity)
    if as_of is None:
        return Watchlist(None, 0, [])
    conditions: list[ColumnElement[bool]] = [
        visible_risks(actor, Score),
        Score.entity == wanted.entity,
        Score.as_of == as_of,
        Score.percentile >= wanted.min_percentile,
    ]
    if wanted.town is not None:
        conditions.append(Score.village_code.startswith(wanted.town, autoescape=True))
    total = session.scalar(select(func.count()).select_from(Score).where(*conditions)) or 0
    scores = session.scalars(
        select(Score)
        .where(*conditions)
        .order_by(Score.risk.desc(), Score.percentile.desc(), Score.entity_id)
        .offset((wanted.page - 1) * wanted.size)
        .limit(wanted.size)
    ).all()
    return Watchlist(as_of, total, _described(session, actor, scores, entity=wanted.entity))


def score_of(
    session: Session, actor: Actor, *, entity: Entity, entity_id: str, as_of: date | None = None
) -> Watched:
    """One score with its place, or `NotVisible`."""
    day = as_of or newest_day(session, entity)
    score = session.scalar(
        select(Score).where(Score.entity == entity, Score.entity_id == entity_id, Score.as_of == day)
    )
    if score is None or not sees_risk(
        actor, RiskFacts(village_code=score.village_code, managing_level=score.managing_level)
    ):
        raise NotVisible
    return _described(session, actor, [score], entity=entity)[0]


def newest_day(session: Session, entity: Entity) -> date | None:
    return session.scalar(select(func.max(Score.as_of)).where(Score.entity == entity))


def place_names(session: Session, codes: Sequence[str]) -> dict[str, str]:
    """Names of the codes that are known."""
    query = select(Place.code, Place.name).where(Place.code.in_(set(codes)))
    return dict(session.execute(query).all())


def towns_of(session: Session, actor: Actor) -> list[Place]:
    """Towns within the actor's jurisdiction, for the filter of a watchlist."""
    query = select(Place).where(
        func.length(Place.code) == 9, Place.code.startswith(actor.division, autoescape=True)
    )
    return list(session.scalars(query.order_by(Place.code)))


def shows_simulated(session: Session) -> bool:
    """True when anything before people comes from a simulation; every page then says so."""
    return any(
        session.scalar(select(table.id).where(table.simulated).limit(1)) is not None
        for table in (Score, CaseWarning, Complaint)
    )


def _described(session: Session, actor: Actor, scores: Sequence[Score], *, entity: Entity) -> list[Watched]:
    names = place_names(session, [score.village_code for score in scores])
    keys = [score.entity_id for score in scores]
    posts: dict[str, str] = {}
    if entity is Entity.OFFICIAL:
        query = select(OfficialPost.person_key, OfficialPost.post).where(OfficialPost.person_key.in_(keys))
        posts = dict(session.execute(query).all())
    levels = _gravest(session, actor, keys, entity=entity)
    return [
        Watched(
            score,
            names.get(score.village_code, score.village_code),
            posts.get(score.entity_id),
            levels.get(score.entity_id),
        )
        for score in scores
    ]


def _gravest(session: Session, actor: Actor, keys: Sequence[str], *, entity: Entity) -> dict[str, str]:
    """Level of the gravest visible warning at work per village or official."""
    key = CaseWarning.village_code if entity is Entity.VILLAGE else WarningOfficial.person_key
    query = (
        select(key, func.max(CaseWarning.level_rank))
        .where(visible_risks(actor, CaseWarning), CaseWarning.state.in_(_AT_WORK), key.in_(keys))
        .group_by(key)
    )
    if entity is Entity.OFFICIAL:
        query = query.join(WarningOfficial, WarningOfficial.warning_id == CaseWarning.id)
    return {name: _LEVELS[rank] for name, rank in session.execute(query)}
