"""The clerk's side of the channels: points and their QR codes, telephone, hotline exports, questions, attachments."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path
from secrets import token_urlsafe
from typing import Annotated, Final

from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.context import Db, Services, Svc
from api.rendering import go_to, render
from api.routes_complaints import take_in
from api.security import Requires
from casework import follow_ups, points
from casework.access import Permission
from casework.attachments import MEDIA_TYPES, opened
from casework.errors import BadInput
from casework.follow_ups import query_code
from casework.hotline import read_export, receipts_csv
from casework.intake import Message
from casework.roles import Actor
from casework.upward import goes_up, send_up
from casework.working_days import local_date

router = APIRouter(include_in_schema=False)
Text = Annotated[str, Form()]
Clerk = Annotated[Actor, Depends(Requires(Permission.REVIEW_COMPLAINT))]
Submitter = Annotated[Actor, Depends(Requires(Permission.SUBMIT_COMPLAINT))]
Reader = Annotated[Actor, Depends(Requires(Permission.READ_COMPLAINT))]
MOST_BYTES: Final = 50_000_000


@router.get("/points")
def show_points(request: Request, session: Db, svc: Svc, actor: Clerk) -> HTMLResponse:
    page = {"rows": points.points(session, actor), "base": _public_address(request, svc)}
    return render(request, "points.html", page)


@router.post("/points")
def open_point(session: Db, svc: Svc, actor: Clerk, name: Text, about: Text = "") -> RedirectResponse:
    points.open_point(session, actor, name=name, about=about.strip() or None, at=svc.clock())
    return go_to("/points")


@router.get("/points/{point_id}/qr.svg")
def show_qr(point_id: int, request: Request, session: Db, svc: Svc, actor: Clerk) -> Response:
    point = points.point_of(session, actor, point_id)
    code = points.qr_svg(f"{_public_address(request, svc)}r/{point.token}")
    return Response(code, media_type="image/svg+xml")


@router.post("/points/{point_id}/close")
def close_point(point_id: int, session: Db, svc: Svc, actor: Clerk) -> RedirectResponse:
    points.close_point(session, actor, point_id, at=svc.clock())
    return go_to("/points")


@router.get("/phone")
def show_phone(request: Request, _actor: Submitter) -> HTMLResponse:
    return render(request, "phone.html", {"message_id": token_urlsafe(16)})


@router.post("/phone")
def write_down_call(
    *,
    request: Request,
    session: Db,
    svc: Svc,
    actor: Submitter,
    message_id: Text,
    text: Text,
    contact: Text = "",
    about: Text = "",
    upward: Text = "",
) -> HTMLResponse:
    """A call as the clerk heard it; the receipt and the code are read out to the caller."""
    place = about.strip() or None
    if upward == "yes" or goes_up(place, division=actor.division):
        digest = send_up(session, svc.home, f"{contact}\n{place or ''}\n{text}", at=svc.clock())
        return render(request, "phone.html", {"digest": digest, "message_id": token_urlsafe(16)})
    message = Message(
        channel="phone", message_id=message_id, text=text, sender=contact.strip() or None, division=actor.division,
        about=place, received_at=svc.clock(),
    )  # fmt: skip
    (accepted,) = take_in(session, svc, [message])
    page = {
        "receipt": accepted.receipt,
        "code": query_code(svc.home, accepted.receipt),
        "differs": accepted.differs,
        "message_id": token_urlsafe(16),
    }
    return render(request, "phone.html", page)


@router.get("/hotline")
def show_hotline(request: Request, svc: Svc, _actor: Submitter) -> HTMLResponse:
    today = local_date(svc.clock())
    return render(request, "hotline.html", {"since": today, "until": today})


@router.post("/hotline")
def take_in_export(
    request: Request, session: Db, svc: Svc, actor: Submitter, file: Annotated[UploadFile, File()]
) -> HTMLResponse:
    """Rows that can be read become complaints, once each; the others are shown with their number and the reason."""
    content = file.file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise BadInput("file", f"文件超过 {MOST_BYTES // 1_000_000} MB，请分批")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export"
        path.write_bytes(content)
        export = read_export(path, division=actor.division, at=svc.clock())
    accepted = take_in(session, svc, export.messages)
    today = local_date(svc.clock())
    days = [min(local_date(message.received_at), today) for message in export.messages]
    page = {
        "taken": sum(not answer.redelivered for answer in accepted),
        "known": sum(answer.redelivered and not answer.differs for answer in accepted),
        "in_use": [
            one.message_id for one, told in zip(export.messages, accepted, strict=True) if told.differs
        ],
        "refused": export.refused,
        "since": min(days, default=today),
        "until": max(days, default=today),
    }
    return render(request, "hotline.html", page)


@router.get("/hotline/receipts.csv")
def give_receipts_back(session: Db, svc: Svc, actor: Clerk, since: date, until: date) -> Response:
    """For the hotline, which tells its callers."""
    content = receipts_csv(session, actor, svc.home, since=since, until=until, at=svc.clock())
    named = f'attachment; filename="hotline-receipts-{since}-{until}.csv"'
    return Response(content, media_type="text/csv", headers={"Content-Disposition": named})


@router.post("/complaints/{complaint_id}/ask")
def ask_sender(complaint_id: int, session: Db, svc: Svc, actor: Reader, text: Text) -> RedirectResponse:
    follow_ups.ask(session, actor, complaint_id, text, at=svc.clock())
    return go_to(f"/complaints/{complaint_id}")


@router.get("/attachments/{attachment_id}")
def show_attachment(attachment_id: int, session: Db, svc: Svc, actor: Reader) -> Response:
    attachment, content = opened(session, actor, svc.home, attachment_id, sealer=svc.sealer)
    named = f'attachment; filename="{attachment.id}.{attachment.kind}"'
    return Response(content, media_type=MEDIA_TYPES[attachment.kind], headers={"Content-Disposition": named})


def _public_address(request: Request, svc: Services) -> str:
    """Where villagers find the public pages."""
    return svc.intake.public_address or str(request.base_url)
