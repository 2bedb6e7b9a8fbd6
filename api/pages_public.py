"""What villagers see without an account: the form of a point, the receipt, and what became of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from fastapi.responses import HTMLResponse

from api.context import Db, Services, Svc
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
from api.routes_complaints import take_in
from api.security import open_to_all
from casework.attachments import attach
from casework.errors import BadInput, CaseworkError, NotVisible
from casework.follow_ups import Progress, answer, progress, query_code
from casework.intake import Message
from casework.points import point_by_token
from casework.upward import goes_up, send_up

router = APIRouter(include_in_schema=False)
Text = Annotated[str, Form()]


@router.get("/r/{token}", dependencies=[Depends(open_to_all)])
def show_form(token: str, request: Request, session: Db, svc: Svc) -> HTMLResponse:
    return form_page(request, svc, point_by_token(session, token))


@router.post("/r/{token}", dependencies=[Depends(open_to_all)])
def submit_form(
    *,
    token: str,
    request: Request,
    session: Db,
    svc: Svc,
    challenge: Text = "",
    nonce: Text = "",
    text: Text = "",
    contact: Text = "",
    upward: Text = "",
    files: Annotated[list[UploadFile] | None, File()] = None,
) -> HTMLResponse:
    """A complaint, or a report that goes up unrecorded. Whoever must work first gets the form back with the text."""
    point = point_by_token(session, token)
    session.expunge(point)  # stays readable when the transaction is undone
    at, address = svc.clock(), address_of(request)
    solved = svc.work.solved(challenge, nonce, place=token, at=at)
    if solved is None or solved.bits < svc.work.bits(address, at=at):
        return form_page(request, svc, point, text=text, contact=contact, again=True)
    svc.work.note(address, at=at)
    try:
        contents = read_files(files)
        if upward == "yes" or goes_up(point.about, division=point.division):
            if contents:
                raise BadInput("file", "直达上级的反映不收附件，请去掉附件后再提交")
            digest = send_up(session, svc.home, f"{contact}\n{point.name}\n{text}", at=at)
            shown: dict[str, object] = {"point": point, "digest": digest}
        else:
            message = Message(
                channel="web", message_id=solved.message_id, text=text, sender=contact[:LONGEST_CONTACT] or None,
                division=point.division, about=point.about, received_at=at,
            )  # fmt: skip
            accepted = take_in(session, svc, [message])[0]
            if contents and not accepted.duplicate:
                attach(session, svc.home, accepted.complaint_id, contents, sealer=svc.sealer, at=at)
            shown = {
                "point": point,
                "receipt": accepted.receipt,
                "code": query_code(svc.home, accepted.receipt),
            }
    except CaseworkError as error:
        session.rollback()
        return form_page(request, svc, point, text=text, contact=contact, problem=error)
    return render(request, "public_receipt.html", shown)


@router.get("/receipts", dependencies=[Depends(open_to_all)])
def show_query(request: Request) -> HTMLResponse:
    return render(request, "public_progress.html", {})


@router.post("/receipts", dependencies=[Depends(open_to_all)])
def show_progress(request: Request, session: Db, svc: Svc, receipt: Text, code: Text) -> HTMLResponse:
    try:
        found = _progress(session, svc, receipt=receipt, code=code)
    except (NotVisible, TooManyAttempts) as error:
        return refused_query(request, error, receipt=receipt)
    return render(request, "public_progress.html", {"found": found, "receipt": receipt, "code": code})


@router.post("/receipts/answer", dependencies=[Depends(open_to_all)])
def add_answer(
    *, request: Request, session: Db, svc: Svc, receipt: Text, code: Text, text: Text
) -> HTMLResponse:
    found = _progress(session, svc, receipt=receipt, code=code)
    answer(session, found, text, sealer=svc.sealer, at=svc.clock())
    session.flush()
    found = progress(session, svc.home, receipt=receipt, code=code)
    return render(request, "public_progress.html", {"found": found, "receipt": receipt, "code": code})


def _progress(session: Db, svc: Services, *, receipt: str, code: str) -> Progress:
    with guessing_stopped(svc, receipt):
        return progress(session, svc.home, receipt=receipt, code=code)
