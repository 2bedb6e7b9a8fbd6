"""Bringing results of the pipeline before people: findings become warnings, score files become watchlists.

Both are idempotent: publishing the same run or day again changes nothing. A warning keeps the state that people
gave it, whatever later runs find.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from casework import audit
from casework.access import managing_level
from casework.models import (
    CaseWarning,
    Entity,
    Event,
    Json,
    OfficialPost,
    Place,
    Score,
    ScorePlace,
    WarningOfficial,
)
from casework.roles import TOWN
from casework.runs import read_findings, read_scores, run_is_simulated
from casework.states import WarningState

_CHUNK: Final = 1_000


@dataclass(frozen=True, kw_only=True)
class Post:
    """An official's post. authority: 干部管理权限 as the register words it, or None."""

    person_key: str
    village_code: str
    post: str
    authority: str | None = None


@dataclass(frozen=True)
class Published:
    """How many rows a publication added and how many it brought up to date."""

    added: int
    updated: int


def publish_directory(session: Session, *, places: Mapping[str, str], posts: Iterable[Post]) -> None:
    """Replace the names of divisions and the posts of officials. An official with several posts keeps the first.

    places: division code → name. Publish this before runs and scores: their managing level comes from here.
    """
    session.execute(delete(Place))
    session.execute(delete(OfficialPost))
    first: dict[str, Post] = {}
    for post in posts:
        first.setdefault(post.person_key, post)
    place_rows = [{"code": code, "name": name} for code, name in places.items()]
    post_rows = [
        {
            "person_key": post.person_key,
            "village_code": post.village_code,
            "post": post.post,
            "managing_level": managing_level(post.authority),
        }
        for post in first.values()
    ]
    for place_chunk in _chunks(place_rows):
        session.execute(insert(Place), place_chunk)
    for post_chunk in _chunks(post_rows):
        session.execute(insert(OfficialPost), post_chunk)


def publish_run(session: Session, home: Path, run_id: str, *, at: datetime) -> Published:
    """Bring the findings of a run before people as warnings, in the caller's transaction.

    A finding seen before keeps its warning and its state; run, level, reason and figures become the newest.
    """
    simulated = run_is_simulated(home, run_id)
    levels = _managing_levels(session)
    added = updated = 0
    for findings in _chunks(read_findings(home, run_id).to_pylist()):
        known = dict(
            session.execute(
                select(CaseWarning.finding_id, CaseWarning.id).where(
                    CaseWarning.finding_id.in_([finding["finding_id"] for finding in findings])
                )
            ).all()
        )
        seen = [finding for finding in findings if finding["finding_id"] in known]
        fresh = [finding for finding in findings if finding["finding_id"] not in known]
        _update(session, seen, known=known, run_id=run_id, levels=levels)
        known |= _insert(session, fresh, run_id=run_id, simulated=simulated, levels=levels, at=at)
        _link_officials(session, findings, ids=known)
        added, updated = added + len(fresh), updated + len(seen)
    audit.record(
        session,
        at=at,
        actor=None,
        action="publish:run",
        target=f"run/{run_id}",
        detail={"added": added, "updated": updated},
    )
    return Published(added, updated)


def publish_scores(session: Session, home: Path, as_of: date, *, at: datetime) -> Published:
    """Replace the scores of a day by those of `home/scores/<as_of>`, in the caller's transaction."""
    levels = _managing_levels(session)
    removed = added = 0
    for entity in Entity:
        of_day = (Score.as_of == as_of, Score.entity == entity)
        session.execute(delete(ScorePlace).where(ScorePlace.score_id.in_(select(Score.id).where(*of_day))))
        removed += len(session.scalars(delete(Score).where(*of_day).returning(Score.id)).all())
        scored = read_scores(home, as_of, entity.value)
        for chunk in _chunks(scored.to_pylist() if scored else []):
            ids = session.scalars(
                insert(Score).returning(Score.id, sort_by_parameter_order=True),
                [_score_values(row, entity=entity, as_of=as_of, levels=levels) for row in chunk],
            ).all()
            places = [
                {"score_id": score_id, "village_code": code}
                for score_id, row in zip(ids, chunk, strict=True)
                for code in sorted(set(row["villages"] or ()) - {row["village_code"]})
            ]
            if places:
                session.execute(insert(ScorePlace), places)
            added += len(chunk)
    audit.record(
        session,
        at=at,
        actor=None,
        action="publish:scores",
        target=f"scores/{as_of.isoformat()}",
        detail={"rows": added},
    )
    return Published(max(added - removed, 0), min(added, removed))


def _score_values(row: Mapping[str, Any], *, entity: Entity, as_of: date, levels: Mapping[str, int]) -> Json:
    return {
        **{key: value for key, value in row.items() if key not in ("reasons", "villages")},
        "entity": entity,
        "as_of": as_of,
        "managing_level": levels.get(row["entity_id"], TOWN),
        "reasons": json.loads(row["reasons"]),
    }


def _insert(
    session: Session,
    findings: Sequence[Mapping[str, Any]],
    *,
    run_id: str,
    simulated: bool,
    levels: Mapping[str, int],
    at: datetime,
) -> dict[str, int]:
    """New warnings with their first event; returns finding id → warning id."""
    if not findings:
        return {}
    rows = [
        {
            **_latest_values(finding, run_id=run_id, levels=levels),
            "finding_id": finding["finding_id"],
            "model_id": finding["model_id"],
            "field": finding["field"],
            "subject_type": finding["subject_type"],
            "subject_id": finding["subject_id"],
            "village_code": finding["village_code"],
            "simulated": simulated,
            "first_run": run_id,
            "state": WarningState.OPEN,
            "version": 1,
        }
        for finding in findings
    ]
    ids = session.scalars(
        insert(CaseWarning).returning(CaseWarning.id, sort_by_parameter_order=True), rows
    ).all()
    session.execute(
        insert(Event),
        [
            {
                "entity": "warning",
                "entity_id": warning_id,
                "action": "create",
                "previous": None,
                "new": WarningState.OPEN.value,
                "actor_id": None,
                "role": "pipeline",
                "at": at,
                "fields": {"run": run_id},
            }
            for warning_id in ids
        ],
    )
    return {finding["finding_id"]: warning_id for finding, warning_id in zip(findings, ids, strict=True)}


def _update(
    session: Session,
    findings: Sequence[Mapping[str, Any]],
    *,
    known: Mapping[str, int],
    run_id: str,
    levels: Mapping[str, int],
) -> None:
    """Renew what a run says of warnings. Neither state nor version: a person at work is not disturbed."""
    if not findings:
        return
    values = [
        {"row": known[finding["finding_id"]], **_latest_values(finding, run_id=run_id, levels=levels)}
        for finding in findings
    ]
    columns = [name for name in values[0] if name != "row"]
    renew = (
        update(CaseWarning)
        .where(CaseWarning.id == bindparam("row"))
        .values({name: bindparam(f"new_{name}") for name in columns})
    )
    session.connection().execute(
        renew, [{"row": v["row"], **{f"new_{name}": v[name] for name in columns}} for v in values]
    )


def _latest_values(finding: Mapping[str, Any], *, run_id: str, levels: Mapping[str, int]) -> Json:
    """The columns that every run writes anew."""
    return {
        **{
            name: finding[name]
            for name in (
                "model_version", "model_name", "level", "level_rank", "first_on", "last_on", "amount_fen",
                "rows", "reason",
            )
        },
        "managing_level": min((levels.get(key, TOWN) for key in _officials(finding)), default=TOWN),
        "measures": json.loads(finding["measures"]),
        "legal_basis": json.loads(finding["legal_basis"]),
        "last_run": run_id,
    }  # fmt: skip


def _link_officials(
    session: Session, findings: Sequence[Mapping[str, Any]], *, ids: Mapping[str, int]
) -> None:
    """Officials whom the warnings concern, as of the newest run."""
    session.execute(delete(WarningOfficial).where(WarningOfficial.warning_id.in_(list(ids.values()))))
    links = {(ids[finding["finding_id"]], key) for finding in findings for key in _officials(finding)}
    if links:
        session.execute(
            insert(WarningOfficial),
            [{"warning_id": warning_id, "person_key": key} for warning_id, key in sorted(links)],
        )


def _officials(finding: Mapping[str, Any]) -> list[str]:
    """Keys of the officials whom a finding concerns, its subject included when it is one."""
    named: list[str] = json.loads(finding["official_keys"])
    return [*named, finding["subject_id"]] if finding["subject_type"] == "official" else named


def _managing_levels(session: Session) -> dict[str, int]:
    query = select(OfficialPost.person_key, OfficialPost.managing_level)
    return dict(session.execute(query).all())


def _chunks(rows: Sequence[Json]) -> Iterator[Sequence[Json]]:
    return (rows[start : start + _CHUNK] for start in range(0, len(rows), _CHUNK))
