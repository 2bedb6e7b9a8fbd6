"""The pages of trained models. The steps are those of `casework.promotions`; so are all their rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from api.context import Db, Svc
from api.rendering import go_to, render
from api.security import Requires
from casework import promotions
from casework.access import Permission, works_for_all
from casework.accounts import user_names
from casework.errors import NotVisible
from casework.roles import Actor
from features.dictionary import ENTITY_NAMES
from ml.kinds import KIND_NAMES, KINDS

router = APIRouter(include_in_schema=False)
Text = Annotated[str, Form()]
Reader = Annotated[Actor, Depends(Requires(Permission.READ_ROOM))]
Requester = Annotated[Actor, Depends(Requires(Permission.REQUEST_PROMOTION))]
Decider = Annotated[Actor, Depends(Requires(Permission.DECIDE_PROMOTION))]
Undoer = Annotated[Actor, Depends(Requires(Permission.ROLL_BACK_MODEL))]
ANSWER_NAMES: Final = {
    "pass": "通过",
    "fail": "未通过",
    "cannot_tell": "说不清",
    "not_applicable": "不适用",
}
REPORT_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; sandbox; base-uri 'none'; frame-ancestors 'none'"
)
"""A report is one page with its own style sheet and nothing else: no script, no form, no network."""


@router.get("/room")
def show_room(request: Request, session: Db, svc: Svc, actor: Reader) -> HTMLResponse:
    _for_all(actor, svc.registry)
    rows = promotions.promotions_of(session)
    kinds = [
        {
            "kind": kind,
            "name": KIND_NAMES[kind],
            "serving": promotions.serving_version(kind, registry=svc.registry),
            "challengers": promotions.challengers(kind, registry=svc.registry),
            "rows": [row for row in rows if row.kind == kind],
            "can_roll_back": any(
                row.kind == kind and row.state == "serving" and row.previous for row in rows
            ),
        }
        for kind in KINDS
    ]
    page = {
        "kinds": kinds,
        "people": user_names(session, [who for row in rows for who in (row.requested_by, row.decided_by)]),
        "offered": {row.id: promotions.offered(actor, row, office=svc.registry.office) for row in rows},
        "drift": _drift(svc.registry.home),
        "entity_names": ENTITY_NAMES,
        "blocked": {row.id: promotions.in_the_way(row.gates) for row in rows},
    }
    return render(request, "room.html", page)


@router.get("/room/{kind}/{version}")
def show_challenger(kind: str, version: str, request: Request, svc: Svc, actor: Reader) -> HTMLResponse:
    report = promotions.report_of(actor, kind, version, registry=svc.registry)
    page = {
        "report": report.figures,
        "name": KIND_NAMES[kind],
        "digest": report.digest,
        "answers": ANSWER_NAMES,
        "serving": promotions.serving_version(kind, registry=svc.registry),
    }
    return render(request, "room_model.html", page)


@router.get("/room/{kind}/{version}/report")
def show_report(kind: str, version: str, svc: Svc, actor: Reader) -> HTMLResponse:
    report = promotions.report_of(actor, kind, version, registry=svc.registry)
    return HTMLResponse(report.page, headers={"Content-Security-Policy": REPORT_POLICY})


@router.post("/room/{kind}/{version}/request")
def request_promotion(
    *, kind: str, version: str, session: Db, svc: Svc, actor: Requester, reason: Text
) -> RedirectResponse:
    promotions.request(session, actor, kind, version, reason=reason, registry=svc.registry, at=svc.clock())
    return go_to("/room")


@router.post("/room/promotions/{promotion_id}/approve")
def approve_promotion(
    *, promotion_id: int, session: Db, svc: Svc, actor: Decider, comment: Text, override: Text = ""
) -> RedirectResponse:
    promotions.approve(
        session, actor, promotion_id, comment=comment, override=override, registry=svc.registry, at=svc.clock()
    )  # fmt: skip
    return go_to("/room")


@router.post("/room/promotions/{promotion_id}/refuse")
def refuse_promotion(
    promotion_id: int, session: Db, svc: Svc, actor: Decider, comment: Text
) -> RedirectResponse:
    promotions.refuse(session, actor, promotion_id, comment=comment, registry=svc.registry, at=svc.clock())
    return go_to("/room")


@router.post("/room/promotions/{promotion_id}/withdraw")
def withdraw_promotion(
    promotion_id: int, session: Db, svc: Svc, actor: Requester, comment: Text
) -> RedirectResponse:
    promotions.withdraw(session, actor, promotion_id, comment=comment, registry=svc.registry, at=svc.clock())
    return go_to("/room")


@router.post("/room/{kind}/rollback")
def roll_back_model(kind: str, session: Db, svc: Svc, actor: Undoer, reason: Text) -> RedirectResponse:
    promotions.roll_back(session, actor, kind, reason=reason, registry=svc.registry, at=svc.clock())
    return go_to("/room")


def _drift(home: Path) -> dict[str, Any] | None:
    """The newest drift as `cunjian models drift` kept it; None before the first time."""
    try:
        found: dict[str, Any] = json.loads((home / "drift" / "latest.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return found


def _for_all(actor: Actor, registry: promotions.Registry) -> None:
    if not works_for_all(actor, office=registry.office):
        raise NotVisible
