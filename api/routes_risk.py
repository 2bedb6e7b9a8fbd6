"""Watchlists, scores and warnings."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api.context import Db, Svc
from api.schemas import (
    AlikeAnswer,
    AlikeRow,
    NewTask,
    ScoreDetail,
    TaskDetail,
    WarningActionBody,
    WarningDetail,
    WarningPage,
    WarningRow,
    WatchlistPage,
)
from api.security import Requires
from api.views import evidence_row, task_detail, warning_detail, watch_row
from casework import tasks, warnings
from casework.access import Permission
from casework.models import Entity
from casework.roles import Actor
from casework.runs import evidence_rows
from casework.states import WarningState
from casework.watchlist import Wanted, score_of, watchlist

router = APIRouter(prefix="/api", tags=["关注清单与预警"])
Page = Annotated[int, Query(ge=1, le=10_000)]
Size = Annotated[int, Query(ge=1, le=200)]
Division = Annotated[str | None, Query(pattern=r"^\d{2,12}$", description="区划代码前缀")]


@router.get("/watchlists/{entity}", summary="关注清单：村、干部、供应商或招标项目，按风险排序")
def read_watchlist(
    *,
    entity: Entity,
    session: Db,
    actor: Annotated[Actor, Depends(Requires(Permission.READ_WATCHLIST))],
    town: Division = None,
    min_percentile: Annotated[float, Query(ge=0, le=100)] = 0,
    as_of: date | None = None,
    page: Page = 1,
    size: Size = 50,
) -> WatchlistPage:
    wanted = Wanted(
        entity=entity, town=town, min_percentile=min_percentile, as_of=as_of, page=page, size=size
    )
    found = watchlist(session, actor, wanted)
    rows = [watch_row(watched) for watched in found.rows]
    return WatchlistPage(as_of=found.as_of, total=found.total, page=page, rows=rows)


@router.get("/scores/{entity}/{entity_id:path}", summary="一个分数：理由、预警与依据行")
def read_score(
    *,
    entity: Entity,
    entity_id: str,
    session: Db,
    svc: Svc,
    actor: Annotated[Actor, Depends(Requires(Permission.READ_WATCHLIST))],
    as_of: date | None = None,
) -> ScoreDetail:
    watched = score_of(session, actor, entity=entity, entity_id=entity_id, as_of=as_of)
    found = warnings.warnings_of(session, actor, entity=entity, entity_id=entity_id)
    return ScoreDetail(
        score=watch_row(watched),
        warnings=[WarningRow.model_validate(warning) for warning in found],
        evidence=[evidence_row(row) for row in evidence_rows(svc.home, found)],
    )


@router.get("/warnings", summary="预警列表")
def read_warnings(
    *,
    session: Db,
    actor: Annotated[Actor, Depends(Requires(Permission.READ_WARNING))],
    state: WarningState | None = None,
    level: Annotated[str | None, Query(pattern="^(red|yellow|blue)$")] = None,
    village: Division = None,
    page: Page = 1,
    size: Size = 50,
) -> WarningPage:
    found, total = warnings.warnings_page(
        session, actor, state=state, level=level, village=village, page=page, size=size
    )
    return WarningPage(total=total, page=page, rows=[WarningRow.model_validate(w) for w in found])


@router.get("/warnings/{warning_id}", summary="一条预警：依据、核查指引、过程")
def read_warning(
    warning_id: int,
    session: Db,
    svc: Svc,
    actor: Annotated[Actor, Depends(Requires(Permission.READ_WARNING))],
) -> WarningDetail:
    warning = warnings.visible_warning(session, actor, warning_id)
    return warning_detail(session, warning, evidence_rows(svc.home, [warning]), models=svc.models)


@router.get("/warnings/{warning_id}/alike", summary="同类问题：同一模型在辖区内的预警，最像的在前")
def read_warnings_alike(
    *,
    warning_id: int,
    session: Db,
    actor: Annotated[Actor, Depends(Requires(Permission.READ_WARNING))],
    division: Division = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> AlikeAnswer:
    found = warnings.warnings_alike(session, actor, warning_id, division=division or "", limit=limit)
    return AlikeAnswer(
        rows=[
            AlikeRow(
                warning=WarningRow.model_validate(alike.warning),
                similarity=alike.similarity,
                shared=list(alike.shared),
            )
            for alike in found
        ]
    )


@router.post("/warnings/{warning_id}/actions", summary="暂存待查：提出、同意、不同意、恢复")
def act_on_warning(
    warning_id: int,
    body: WarningActionBody,
    session: Db,
    svc: Svc,
    actor: Annotated[Actor, Depends(Requires(Permission.ACT_WARNING))],
) -> WarningRow:
    warning = warnings.take_action(
        session, actor, warning_id, body.action, comment=body.comment, at=svc.clock()
    )
    return WarningRow.model_validate(warning)


@router.post("/warnings/{warning_id}/tasks", status_code=201, summary="由预警派发任务")
def open_task_on_warning(
    warning_id: int,
    body: NewTask,
    session: Db,
    svc: Svc,
    actor: Annotated[Actor, Depends(Requires(Permission.ACT_WARNING))],
) -> TaskDetail:
    given = tasks.Assignment(**body.model_dump())
    task = tasks.open_from_warning(session, actor, warning_id, given, models=svc.models, at=svc.clock())
    return task_detail(session, actor, task)
