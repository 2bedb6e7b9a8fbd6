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
from casework.models import Entity
from casework.roles import Actor
from casework.watchlist import Wanted, Watched, score_of, towns_of, watchlist
from ml.kinds import SCORED_NAMES

router = APIRouter(include_in_schema=False)
PAGE_SIZE: Final = 25
Page = Annotated[int, Query(ge=1, le=10_000)]
Percentile = Annotated[float, Query(ge=0, le=100)]
Reader = Annotated[Actor, Depends(Requires(Permission.READ_WATCHLIST))]


@router.get("/villages")
@router.get("/officials")
@router.get("/suppliers")
@router.get("/tenders")
def show_watchlist(
    *,
    request: Request,
    session: Db,
    svc: Svc,
    actor: Reader,
    town: str = "",
    min_percentile: Percentile = 0,
    page: Page = 1,
) -> HTMLResponse:
    entity = Entity(request.scope["route"].path.strip("/").removesuffix("s"))
    wanted = Wanted(
        entity=entity, town=town or None, min_percentile=min_percentile, page=page, size=PAGE_SIZE
    )
    found = watchlist(session, actor, wanted)
    shown = {
        "entity": entity.value,
        "entity_name": SCORED_NAMES[entity.value],
        "list": found,
        "called": partial(_called, names=_names(session, svc, actor, found.rows)),
        "towns": towns_of(session, actor),
        "town": town,
        "min_percentile": min_percentile,
        "total": found.total,
        "page": page,
        "size": PAGE_SIZE,
    }
    return render(request, "watchlist.html", shown)


@router.get("/scores/{entity}/{entity_id:path}")
def show_score(
    *, entity: Entity, entity_id: str, request: Request, session: Db, svc: Svc, actor: Reader
) -> HTMLResponse:
    watched = score_of(session, actor, entity=entity, entity_id=entity_id)
    found = warnings.warnings_of(session, actor, entity=entity, entity_id=entity_id)
    names = _names(session, svc, actor, [watched])
    page = {
        "watched": watched,
        "name": _called(watched, names),
        "warnings": found,
        "evidence": evidence_by_finding(svc.home, found),
    }
    return render(request, "score.html", page)


def _called(watched: Watched, names: Mapping[str, str]) -> str:
    """What a page calls an entity: a village by its place, an official as `_names` says, a supplier by its name, a tender by its number."""
    score = watched.score
    if score.entity is Entity.VILLAGE:
        return watched.place
    return names.get(score.entity_id) or score.name or score.entity_id


def _names(session: Session, svc: Services, actor: Actor, rows: Sequence[Watched]) -> dict[str, str]:
    """Names of officials, for those who may open the vault; other entities have none there."""
    officials = [row.score for row in rows if row.score.entity is Entity.OFFICIAL]
    return official_names(session, actor, officials, vault=svc.vault, at=svc.clock()) if officials else {}
