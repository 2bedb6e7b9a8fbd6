"""The public intake as a process of its own: the form, the receipt and what became of it, over a mailbox.

It holds no database, no model and no key that opens a complaint; on a network that is open to everybody there is
nothing else to steal. The addresses and pages are those of `api.pages_public`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, File, Form, Request, UploadFile
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

from api import problems
from api.problems import TooManyAttempts
from api.public_forms import (
    LONGEST_CONTACT,
    address_of,
    form_page,
    guessing_stopped,
    read_files,
    refused_query,
)
from api.rendering import render
from api.security import SecurityHeaders, check_declared, open_to_all
from api.throttle import LoginThrottle
from api.work import WorkMeter
from casework.errors import BadInput, CaseworkError, NotVisible
from casework.mailbox import Answer, Mailbox, must_go_up

router = APIRouter(include_in_schema=False)
Text = Annotated[str, Form()]


@dataclass(frozen=True, kw_only=True)
class Desk:
    """The parts of the running public intake."""

    mailbox: Mailbox
    clock: Callable[[], datetime]
    work: WorkMeter
    throttle: LoginThrottle


def desk_of(request: Request) -> Desk:
    found: Desk = request.app.state.desk
    return found


Open = Annotated[Desk, Depends(desk_of)]


@router.get("/r/{token}", dependencies=[Depends(open_to_all)])
def show_form(token: str, request: Request, desk: Open) -> HTMLResponse:
    return form_page(request, desk, desk.mailbox.point(token))


@router.post("/r/{token}", dependencies=[Depends(open_to_all)])
def submit_form(
    *,
    token: str,
    request: Request,
    desk: Open,
    challenge: Text = "",
    nonce: Text = "",
    text: Text = "",
    contact: Text = "",
    upward: Text = "",
    files: Annotated[list[UploadFile] | None, File()] = None,
) -> HTMLResponse:
    """A complaint for the office, or a report for the level above. Whoever must work first gets the form back."""
    point = desk.mailbox.point(token)
    at, address = desk.clock(), address_of(request)
    solved = desk.work.solved(challenge, nonce, place=token, at=at)
    if solved is None or solved.bits < desk.work.bits(address, at=at):
        return form_page(request, desk, point, text=text, contact=contact, again=True)
    desk.work.note(address, at=at)
    try:
        contents = read_files(files)
        if upward == "yes" or must_go_up(point):
            if contents:
                raise BadInput("file", "直达上级的反映不收附件，请去掉附件后再提交")
            shown: dict[str, object] = {
                "digest": desk.mailbox.report_up(text, contact=contact[:LONGEST_CONTACT], point=point)
            }
        else:
            receipt, code = desk.mailbox.complain(
                point,
                message_id=solved.message_id,
                text=text,
                contact=contact[:LONGEST_CONTACT],
                files=contents,
                at=at,
            )
            shown = {"receipt": receipt, "code": code}
    except CaseworkError as error:
        return form_page(request, desk, point, text=text, contact=contact, problem=error)
    return render(request, "public_receipt.html", {"point": point, **shown})


@router.get("/receipts", dependencies=[Depends(open_to_all)])
def show_query(request: Request) -> HTMLResponse:
    return render(request, "public_progress.html", {})


@router.post("/receipts", dependencies=[Depends(open_to_all)])
def show_progress(request: Request, desk: Open, receipt: Text, code: Text) -> HTMLResponse:
    try:
        found = _answer(desk, receipt=receipt, code=code)
    except (NotVisible, TooManyAttempts) as error:
        return refused_query(request, error, receipt=receipt)
    return render(request, "public_progress.html", {"found": found, "receipt": receipt, "code": code})


@router.post("/receipts/answer", dependencies=[Depends(open_to_all)])
def add_answer(*, request: Request, desk: Open, receipt: Text, code: Text, text: Text) -> HTMLResponse:
    """What the sender adds is told back as taken; it stands in the thread when the office has fetched it."""
    try:
        found = _answer(desk, receipt=receipt, code=code)
    except (NotVisible, TooManyAttempts) as error:
        return refused_query(request, error, receipt=receipt)
    page = {"found": found, "receipt": receipt, "code": code}
    try:
        desk.mailbox.add(found, code, text, at=desk.clock())
    except BadInput as error:
        refused = page | {"problem": str(error), "text": text}
        return render(request, "public_progress.html", refused, status=problems.KINDS[BadInput].status)
    return render(request, "public_progress.html", page | {"added": True})


def create_public_app(folder: Path, *, clock: Callable[[], datetime]) -> FastAPI:
    """The public intake over the mailbox in `folder`. clock: aware current time."""
    app = FastAPI(title="村鉴 反映问题", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.desk = Desk(mailbox=Mailbox(folder), clock=clock, work=WorkMeter(), throttle=LoginThrottle())
    check_declared([router])
    app.include_router(router)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    problems.install(app)
    app.add_middleware(SecurityHeaders)
    return app


def _answer(desk: Desk, *, receipt: str, code: str) -> Answer:
    with guessing_stopped(desk, receipt):
        return desk.mailbox.answer(receipt, code)
