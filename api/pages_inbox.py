"""Pages of the clerk beside the inbox: copies and merging, keywords, and messages that are read twice."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from api.context import Db, Svc
from api.rendering import go_to, render
from api.security import Requires
from casework import blind_readings, complaints, grouping, lexicon
from casework.access import Permission
from casework.blind_readings import Answer
from casework.fields import FIELDS
from casework.roles import Actor
from casework.states import ComplaintState
from casework.urgency import NONE, decide_urgency
from ml.triage.labels import NATURES

router = APIRouter(include_in_schema=False)
Text = Annotated[str, Form()]
Clerk = Annotated[Actor, Depends(Requires(Permission.REVIEW_COMPLAINT))]


@router.post("/complaints/{complaint_id}/correct")
def correct_with_one_key(
    complaint_id: int, session: Db, svc: Svc, actor: Clerk, choice: Text
) -> RedirectResponse:
    """One key: key matter, no key matter, another class or field, the rest as proposed; or the urgency, and the case waits on.

    The inbox says what was stored.
    """
    what, _, named = choice.partition(":")
    if what == "urgency":
        decide_urgency(session, actor, complaint_id, [] if named == NONE else [named], at=svc.clock())
    else:
        complaint = complaints.visible_complaint(session, actor, complaint_id)
        decided = complaints.corrected_review(complaint, choice)
        complaints.review(session, actor, complaint_id, decided, at=svc.clock())
    return go_to(f"/inbox?state={ComplaintState.TRIAGED}&decided={complaint_id}")


@router.post("/complaints/{complaint_id}/urgency")
def set_urgency(
    complaint_id: int,
    session: Db,
    svc: Svc,
    actor: Clerk,
    urgency: Annotated[list[str] | None, Form()] = None,
) -> RedirectResponse:
    """What was ticked presses; nothing ticked: nothing does."""
    decide_urgency(session, actor, complaint_id, urgency or [], at=svc.clock())
    return go_to(f"/complaints/{complaint_id}")


@router.post("/complaints/{complaint_id}/split")
def split_copy(complaint_id: int, session: Db, svc: Svc, actor: Clerk) -> RedirectResponse:
    grouping.split(session, actor, complaint_id, at=svc.clock())
    return go_to(f"/complaints/{complaint_id}")


@router.post("/complaints/{complaint_id}/merge")
def merge_case(
    complaint_id: int, session: Db, svc: Svc, actor: Clerk, lead_id: Annotated[int, Form()]
) -> RedirectResponse:
    grouping.merge(session, actor, complaint_id, lead_id=lead_id, at=svc.clock())
    return go_to(f"/complaints/{lead_id}")


@router.get("/lexicon")
def show_lexicon(request: Request, session: Db, actor: Clerk) -> HTMLResponse:
    words = lexicon.as_text(lexicon.in_force(session, actor.division))
    return _lexicon_page(request, session, actor, words=words, note="", effect=None)


@router.post("/lexicon/effect")
def show_effect(request: Request, session: Db, actor: Clerk, words: Text, note: Text = "") -> HTMLResponse:
    """What the list would do to the cases that wait for review; nothing is saved."""
    effect = lexicon.effect(session, actor, lexicon.parse_keywords(words))
    return _lexicon_page(request, session, actor, words=words, note=note, effect=effect)


@router.post("/lexicon")
def save_lexicon(session: Db, svc: Svc, actor: Clerk, words: Text, note: Text) -> RedirectResponse:
    lexicon.save(session, actor, lexicon.parse_keywords(words), note=note, at=svc.clock())
    return go_to("/lexicon")


@router.post("/lexicon/{version_id}/restore")
def restore_lexicon(version_id: int, session: Db, svc: Svc, actor: Clerk) -> RedirectResponse:
    lexicon.restore(session, actor, version_id, at=svc.clock())
    return go_to("/lexicon")


@router.get("/readings")
def show_readings(request: Request, session: Db, actor: Clerk) -> HTMLResponse:
    found = blind_readings.next_case(session, actor)
    page = {
        "case": found[0] if found else None,
        "complaint": found[1] if found else None,
        "agreement": blind_readings.agreement(session, actor),
        "disagreements": blind_readings.disagreements(session, actor),
        "natures": NATURES,
        "fields": FIELDS,
        "most": blind_readings.MOST_PICKED,
    }
    return render(request, "readings.html", page)


@router.post("/readings/pick")
def pick_readings(session: Db, svc: Svc, actor: Clerk, number: Annotated[int, Form()]) -> RedirectResponse:
    blind_readings.pick(session, actor, number=number, at=svc.clock())
    return go_to("/readings")


@router.post("/readings/{case_id}")
def read_case(
    *, case_id: int, session: Db, svc: Svc, actor: Clerk, key: Text, nature: Text, field: Text
) -> RedirectResponse:
    answer = Answer(key=key == "yes", nature=nature, field=field)
    blind_readings.read(session, actor, case_id, answer, at=svc.clock())
    return go_to("/readings")


@router.post("/readings/{case_id}/settle")
def settle_case(
    *, case_id: int, session: Db, svc: Svc, actor: Clerk, key: Text, nature: Text, field: Text, reason: Text
) -> RedirectResponse:
    answer = Answer(key=key == "yes", nature=nature, field=field)
    blind_readings.settle(session, actor, case_id, answer, reason=reason, at=svc.clock())
    return go_to("/readings")


def _lexicon_page(
    request: Request, session: Db, actor: Actor, *, words: str, note: str, effect: lexicon.Effect | None
) -> HTMLResponse:
    page = {
        "words": words,
        "note": note,
        "effect": effect,
        "versions": lexicon.versions(session, actor),
    }
    return render(request, "lexicon.html", page)
