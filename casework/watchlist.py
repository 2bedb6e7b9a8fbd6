"""Watchlists: where to look first, and the detail behind one score. A score is a reason to look, not a verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from casework.access import RiskFacts, sees_all_of, sees_risk
from casework.errors import NotVisible
from casework.models import (
    CaseWarning,
    Complaint,
    Entity,
    Json,
    OfficialPost,
    Place,
    Score,
    ScorePlace,
    WarningOfficial,
)
from casework.outcomes import SUBJECT_OF
from casework.roles import Actor, covers
from casework.scope import lies_in, visible_risks, visible_scores
from casework.states import WarningState
from features.peers import MINIMUM_PEERS
from ml.inputs import HITS

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


@dataclass(frozen=True, kw_only=True)
class Watched:
    """One row, as one person may see it.

    Attributes:
        villages: codes of its villages within the person's division, that it had most to do with first.
        place: what people call them.
        post: of an official.
        level: the gravest visible warning at work, None without one.
        hits, reasons: of the score; of what also has villages or warnings that this person does not see, the
            visible warnings only, and no reason that tells of findings.
        whole: False for such a row.
        peers: how many of its peers were scored that day.
    """

    score: Score
    villages: tuple[str, ...]
    place: str
    post: str | None
    level: str | None
    hits: int
    reasons: Sequence[Json]
    whole: bool
    peers: int

    @property
    def village_code(self) -> str:
        """Its village, or that of the person's division that it had most to do with."""
        return self.villages[0]

    @property
    def few_peers(self) -> bool:
        """Whether so few were compared that a percentile says little."""
        return self.peers < MINIMUM_PEERS


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
        visible_scores(actor, wanted.entity),
        Score.as_of == as_of,
        Score.percentile >= wanted.min_percentile,
    ]
    if wanted.town is not None:
        conditions.append(lies_in(wanted.town, wanted.entity))
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
    if score is None or not sees_risk(actor, facts_of(session, [score])[score.id]):
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


def facts_of(session: Session, scores: Sequence[Score]) -> dict[int, RiskFacts]:
    """What access to each score depends on, by its id."""
    further: dict[int, list[str]] = {score.id: [] for score in scores}
    query = select(ScorePlace).where(ScorePlace.score_id.in_(further)).order_by(ScorePlace.village_code)
    for place in session.scalars(query):
        further[place.score_id].append(place.village_code)
    return {
        score.id: RiskFacts(
            village_code=score.village_code, managing_level=score.managing_level, also_in=further[score.id]
        )
        for score in scores
    }


def _described(session: Session, actor: Actor, scores: Sequence[Score], *, entity: Entity) -> list[Watched]:
    facts = facts_of(session, scores)
    villages = {
        score_id: tuple(
            code for code in (of_one.village_code, *of_one.also_in) if covers(actor.division, code)
        )
        for score_id, of_one in facts.items()
    }
    names = place_names(session, [code for codes in villages.values() for code in codes[:1]])
    keys = [score.entity_id for score in scores]
    posts: dict[str, str] = {}
    if entity is Entity.OFFICIAL:
        query = select(OfficialPost.person_key, OfficialPost.post).where(OfficialPost.person_key.in_(keys))
        posts = dict(session.execute(query).all())
    levels = _gravest(session, actor, keys, entity=entity)
    counted = _counted(session, actor, keys, entity=entity) if entity in SUBJECT_OF else {}
    peers = _peers(session, scores)
    rows = []
    for score in scores:
        visible, all_of_it = counted.get(score.entity_id, (0, 0))
        whole = sees_all_of(actor, facts[score.id]) and visible == all_of_it
        rows.append(
            Watched(
                score=score,
                villages=villages[score.id],
                place=_called(villages[score.id], names),
                post=posts.get(score.entity_id),
                level=levels.get(score.entity_id),
                hits=score.hits if whole else visible,
                reasons=[r for r in score.reasons if whole or not r["feature"].startswith(HITS)],
                whole=whole,
                peers=peers[score.as_of, score.peer_group],
            )
        )
    return rows


def _called(villages: Sequence[str], names: Mapping[str, str]) -> str:
    first = names.get(villages[0], villages[0])
    return first if len(villages) == 1 else f"{first}等 {len(villages)} 个村"


def _counted(
    session: Session, actor: Actor, keys: Sequence[str], *, entity: Entity
) -> dict[str, tuple[int, int]]:
    """Warnings about each supplier or tender: those that the actor sees, and all."""
    visible = case((visible_risks(actor, CaseWarning), 1), else_=0)
    query = (
        select(CaseWarning.subject_id, func.sum(visible), func.count())
        .where(CaseWarning.subject_type == SUBJECT_OF[entity], CaseWarning.subject_id.in_(keys))
        .group_by(CaseWarning.subject_id)
    )
    return {key: (int(seen), int(all_of_it)) for key, seen, all_of_it in session.execute(query)}


def _peers(session: Session, scores: Sequence[Score]) -> dict[tuple[date, str], int]:
    """How many were scored beside each, by day and peer group."""
    if not scores:
        return {}
    query = (
        select(Score.as_of, Score.peer_group, func.count())
        .where(
            Score.entity == scores[0].entity,
            Score.as_of == scores[0].as_of,
            Score.peer_group.in_({score.peer_group for score in scores}),
        )
        .group_by(Score.as_of, Score.peer_group)
    )
    return {(day, group): number for day, group, number in session.execute(query)}


def _gravest(session: Session, actor: Actor, keys: Sequence[str], *, entity: Entity) -> dict[str, str]:
    """Level of the gravest visible warning at work per entity."""
    key = {
        Entity.VILLAGE: CaseWarning.village_code,
        Entity.OFFICIAL: WarningOfficial.person_key,
    }.get(entity, CaseWarning.subject_id)
    query = (
        select(key, func.max(CaseWarning.level_rank))
        .where(visible_risks(actor, CaseWarning), CaseWarning.state.in_(_AT_WORK), key.in_(keys))
        .group_by(key)
    )
    if entity is Entity.OFFICIAL:
        query = query.join(WarningOfficial, WarningOfficial.warning_id == CaseWarning.id)
    if entity in SUBJECT_OF:
        query = query.where(CaseWarning.subject_type == SUBJECT_OF[entity])
    return {name: _LEVELS[rank] for name, rank in session.execute(query)}
