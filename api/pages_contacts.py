"""The pages of sealed contacts. The steps are those of `casework.contacts`; so are all their rules."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from api.context import Db, Svc
from api.rendering import go_to, render
from api.security import Requires
from casework import contacts
from casework.access import Permission
from casework.accounts import user_names
from casework.complaints import is_visible
from casework.roles import Actor
from casework.watchlist import place_names

router = APIRouter(include_in_schema=False)
Text = Annotated[str, Form()]
Reader = Annotated[Actor, Depends(Requires(Permission.READ_CONTACT_REQUESTS))]
Asker = Annotated[Actor, Depends(Requires(Permission.ASK_CONTACT))]
Decider = Annotated[Actor, Depends(Requires(Permission.DECIDE_CONTACT))]


@router.get("/contacts")
def show_contacts(request: Request, session: Db, svc: Svc, actor: Reader) -> HTMLResponse:
    rows = contacts.listed(session, actor, at=svc.clock())
    people = [who for one in rows for who in (one.request.requested_by, one.request.decided_by)]
    page = {
        "rows": rows,
        "people": user_names(session, people),
        "places": place_names(session, [one.about for one in rows if one.about]),
        "readable": {
            one.request.complaint_id for one in rows if is_visible(session, actor, one.request.complaint_id)
        },
    }
    return render(request, "contacts.html", page)


@router.post("/complaints/{complaint_id}/contact")
def ask_contact(complaint_id: int, session: Db, svc: Svc, actor: Asker, reason: Text) -> RedirectResponse:
    contacts.ask(session, actor, complaint_id, reason=reason, at=svc.clock())
    return go_to("/contacts")


@router.post("/contacts/{request_id}/approve")
def approve_contact(
    *, request_id: int, session: Db, svc: Svc, actor: Decider, comment: Text = ""
) -> RedirectResponse:
    contacts.approve(session, actor, request_id, comment=comment, at=svc.clock())
    return go_to("/contacts")


@router.post("/contacts/{request_id}/refuse")
def refuse_contact(request_id: int, session: Db, svc: Svc, actor: Decider, comment: Text) -> RedirectResponse:
    contacts.refuse(session, actor, request_id, comment=comment, at=svc.clock())
    return go_to("/contacts")


@router.post("/contacts/{request_id}/withdraw")
def withdraw_contact(request_id: int, session: Db, svc: Svc, actor: Asker) -> RedirectResponse:
    contacts.withdraw(session, actor, request_id, at=svc.clock())
    return go_to("/contacts")


@router.post("/contacts/{request_id}/look")
def look_at_contact(request_id: int, request: Request, session: Db, svc: Svc, actor: Asker) -> HTMLResponse:
    """The contact itself. A look is asked for each time (POST), so that no page opens it by the way."""
    found = contacts.look(session, actor, request_id, sealer=svc.sealer, at=svc.clock())
    one = contacts.one(session, actor, request_id, at=svc.clock())
    return render(request, "contact.html", {"found": found, "one": one})
