"""The pages of what is scored: a list to begin with for each entity, and the reasons and evidence of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse
from sqlalchemy.orm import Session

from api.context import Db, Services, Svc
from api.rendering import render
from api.security import Requires
from api.views import evidence_by_finding
from casework import warnings
from casework.access import Permission
from casework.identity import official_names
from casework.models import Entity, Place
from casework.roles import Actor
from casework.watchlist import Wanted, Watched, Watchlist, score_of, towns_of, watchlist
from ml.kinds import SCORED_NAMES

router = APIRouter(include_in_schema=False)
PAGE_SIZE: Final = 25
Page = Annotated[int, Query(ge=1, le=10_000)]
Percentile = Annotated[float, Query(ge=0, le=100)]
Reader = Annotated[Actor, Depends(Requires(Permission.READ_WATCHLIST))]


@router.get("/villages")
def show_villages(
    *,
    request: Request,
    session: Db,
    actor: Reader,
    town: str = "",
    min_percentile: Percentile = 0,
    page: Page = 1,
) -> HTMLResponse:
    wanted = _wanted(Entity.VILLAGE, town=town, min_percentile=min_percentile, page=page)
    found = watchlist(session, actor, wanted)
    return _watchlist_page(request, wanted, found, towns=towns_of(session, actor), names={})


@router.get("/suppliers")
def show_suppliers(
    *,
    request: Request,
    session: Db,
    actor: Reader,
    town: str = "",
    min_percentile: Percentile = 0,
    page: Page = 1,
) -> HTMLResponse:
    wanted = _wanted(Entity.SUPPLIER, town=town, min_percentile=min_percentile, page=page)
    found = watchlist(session, actor, wanted)
    return _watchlist_page(request, wanted, found, towns=towns_of(session, actor), names={})


@router.get("/tenders")
def show_tenders(
    *,
    request: Request,
    session: Db,
    actor: Reader,
    town: str = "",
    min_percentile: Percentile = 0,
    page: Page = 1,
) -> HTMLResponse:
    wanted = _wanted(Entity.TENDER, town=town, min_percentile=min_percentile, page=page)
    found = watchlist(session, actor, wanted)
    return _watchlist_page(request, wanted, found, towns=towns_of(session, actor), names={})


@router.get("/officials")
def show_officials(
    *,
    request: Request,
    session: Db,
    svc: Svc,
    actor: Reader,
    town: str = "",
    min_percentile: Percentile = 0,
    page: Page = 1,
) -> HTMLResponse:
    wanted = _wanted(Entity.OFFICIAL, town=town, min_percentile=min_percentile, page=page)
    found = watchlist(session, actor, wanted)
    names = _names(session, svc, actor, found.rows)
    return _watchlist_page(request, wanted, found, towns=towns_of(session, actor), names=names)


@router.get("/scores/{entity}/{entity_id:path}")
def show_score(
    *, entity: Entity, entity_id: str, request: Request, session: Db, svc: Svc, actor: Reader
) -> HTMLResponse:
    watched = score_of(session, actor, entity=entity, entity_id=entity_id)
    found = warnings.warnings_of(session, actor, entity=entity, entity_id=entity_id)
    names = _names(session, svc, actor, [watched]) if entity is Entity.OFFICIAL else {}
    page = {
        "watched": watched,
        "name": _called(watched, names),
        "warnings": found,
        "evidence": evidence_by_finding(svc.home, found),
    }
    return render(request, "score.html", page)


def _wanted(entity: Entity, *, town: str, min_percentile: float, page: int) -> Wanted:
    return Wanted(entity=entity, town=town or None, min_percentile=min_percentile, page=page, size=PAGE_SIZE)


def _watchlist_page(
    request: Request, wanted: Wanted, found: Watchlist, *, towns: Sequence[Place], names: dict[str, str]
) -> HTMLResponse:
    page = {
        "entity": wanted.entity.value,
        "entity_name": SCORED_NAMES[wanted.entity.value],
        "list": found,
        "called": partial(_called, names=names),
        "towns": towns,
        "town": wanted.town or "",
        "min_percentile": wanted.min_percentile,
        "total": found.total,
        "page": wanted.page,
        "size": wanted.size,
    }
    return render(request, "watchlist.html", page)


def _called(watched: Watched, names: Mapping[str, str]) -> str:
    """What a page calls an entity: a village by its place, an official as `_names` says, a supplier by its name, a tender by its number."""
    score = watched.score
    if score.entity is Entity.VILLAGE:
        return watched.place
    return names.get(score.entity_id) or score.name or score.entity_id


def _names(session: Session, svc: Services, actor: Actor, rows: Sequence[Watched]) -> dict[str, str]:
    officials = [row.score for row in rows]
    return official_names(session, actor, officials, vault=svc.vault, at=svc.clock())
