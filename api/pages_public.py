"""What villagers see without an account: the form of a point, the receipt, and what became of it.

The pages are the same over the office's database (`api.public_desk`) and over a mailbox on another network
(`api.public_app`): they know a desk only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Protocol

from fastapi import APIRouter, Depends, File, Form, Request, UploadFile
from fastapi.responses import HTMLResponse

from api.problems import KINDS, TooManyAttempts
from api.rendering import render
from api.security import open_to_all
from api.throttle import GuessThrottle
from api.work import WorkMeter
from casework.attachments import MOST_BYTES, MOST_FILES
from casework.errors import BadInput, CaseworkError, NotVisible
from casework.intake import check_text
from casework.mailbox import Submitted
from casework.receipts import is_receipt, plain_digits
from casework.upward import goes_up

LONGEST_CONTACT: Final = 200
MOST_SENT: Final = MOST_FILES * MOST_BYTES + 1_000_000
"""Bytes of a request: a form with all its files. No other page takes more."""
_NOBODY: Final = "unknown"


class Point(Protocol):
    """A point for complaints; see `casework.channel_models.IntakePoint`."""

    @property
    def token(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def division(self) -> str: ...
    @property
    def about(self) -> str | None: ...


class Found(Protocol):
    """What the sender may know of a complaint. The page shows its `words` and `thread`, too."""

    @property
    def receipt(self) -> str: ...


class Desk(Protocol):
    """Takes what villagers write. All raise `BadInput` for what is refused, `NotVisible` for what is not there."""

    def point(self, token: str, /) -> Point: ...
    def complain(
        self, token: str, *, message_id: str, text: str, contact: str, files: Sequence[bytes], at: datetime
    ) -> Submitted:
        """Receipt number and query code."""

    def report_up(self, report: str) -> str:
        """The hash of a report that was sealed for the level above."""

    def progress(self, *, receipt: str, code: str) -> Found: ...
    def add(self, *, receipt: str, code: str, text: str, at: datetime) -> Found:
        """What stands there after the sender added to it."""


@dataclass(frozen=True, kw_only=True)
class Public:
    """What the pages work with. desk: opened for one request. work: what submissions cost. throttle: for guesses."""

    desk: Callable[[], AbstractContextManager[Desk]]
    clock: Callable[[], datetime]
    work: WorkMeter
    throttle: GuessThrottle


@dataclass(frozen=True, kw_only=True)
class Typed:
    """What the form holds when it is shown. upward: the ticked box, without which the office would store the report.

    files: whether some had been chosen, which no browser keeps.
    """

    text: str = ""
    contact: str = ""
    upward: bool = False
    files: bool = False


EMPTY: Final = Typed()


def public_of(request: Request) -> Public:
    found: Public = request.app.state.public
    return found


Svc = Annotated[Public, Depends(public_of)]


def open_desk(svc: Svc) -> Iterator[Desk]:
    """The desk of one request: what it took is kept before the answer leaves."""
    with svc.desk() as desk:
        yield desk


AtDesk = Annotated[Desk, Depends(open_desk, scope="function")]
Text = Annotated[str, Form()]
router = APIRouter(include_in_schema=False)


@router.get("/r/{token}", dependencies=[Depends(open_to_all)])
def show_form(token: str, request: Request, svc: Svc, desk: AtDesk) -> HTMLResponse:
    return _form(request, svc, desk.point(token))


@router.post("/r/{token}", dependencies=[Depends(open_to_all)])
def submit_form(
    *,
    token: str,
    request: Request,
    svc: Svc,
    desk: AtDesk,
    challenge: Text = "",
    nonce: Text = "",
    text: Text = "",
    contact: Text = "",
    upward: Text = "",
    files: Annotated[list[UploadFile] | None, File()] = None,
) -> HTMLResponse:
    """A complaint, or a report that goes up unrecorded. Whoever must work first gets the form back with the text."""
    point, at, address = desk.point(token), svc.clock(), _address(request)
    typed = Typed(text=text, contact=contact, upward=upward == "yes", files=bool(_given(files)))
    solved = svc.work.solved(challenge, nonce, place=token, at=at)
    if solved is None or solved.bits < svc.work.bits(address, at=at):
        return _form(request, svc, point, typed=typed, again=True)
    svc.work.note(address, at=at)
    reachable = contact[:LONGEST_CONTACT]
    shown: dict[str, object] = {"point": point}
    try:
        contents = _read(files)
        if typed.upward or goes_up(point.about, division=point.division):
            if contents:
                raise BadInput("file", "直达上级的反映不收附件，请去掉附件后再提交")
            check_text(text)
            shown["digest"] = desk.report_up(f"{reachable}\n{point.name}\n{text}")
        else:
            shown["given"] = desk.complain(
                token, message_id=solved.message_id, text=text, contact=reachable, files=contents, at=at
            )
    except CaseworkError as error:
        return _form(request, svc, point, typed=typed, problem=error)
    return render(request, "public_receipt.html", shown)


@router.get("/receipts", dependencies=[Depends(open_to_all)])
def show_query(request: Request) -> HTMLResponse:
    return render(request, "public_progress.html", {})


@router.post("/receipts", dependencies=[Depends(open_to_all)])
def show_progress(request: Request, svc: Svc, desk: AtDesk, receipt: Text, code: Text) -> HTMLResponse:
    try:
        with _guessing_stopped(svc, receipt):
            found = desk.progress(receipt=receipt, code=code)
    except (NotVisible, TooManyAttempts) as error:
        return _refused(request, error, receipt=receipt)
    return render(request, "public_progress.html", {"found": found, "receipt": receipt, "code": code})


@router.post("/receipts/answer", dependencies=[Depends(open_to_all)])
def add_answer(
    *, request: Request, svc: Svc, desk: AtDesk, receipt: Text, code: Text, text: Text = ""
) -> HTMLResponse:
    """What the sender adds. A refused text stays in its field."""
    page: dict[str, object] = {"receipt": receipt, "code": code}
    try:
        with _guessing_stopped(svc, receipt):
            page["found"] = desk.progress(receipt=receipt, code=code)
        page["found"] = desk.add(receipt=receipt, code=code, text=text, at=svc.clock())
    except BadInput as error:
        refused = page | {"problem": str(error), "text": text}
        return render(request, "public_progress.html", refused, status=_status(error))
    except (NotVisible, TooManyAttempts) as error:
        return _refused(request, error, receipt=receipt)
    return render(request, "public_progress.html", page | {"added": True})


def _form(
    request: Request,
    svc: Public,
    point: Point,
    *,
    typed: Typed = EMPTY,
    again: bool = False,
    problem: CaseworkError | None = None,
) -> HTMLResponse:
    """The form with a fresh challenge; what was typed and ticked stays in it when it comes back."""
    at = svc.clock()
    bits = svc.work.bits(_address(request), at=at)
    page = {
        "point": point,
        "challenge": svc.work.challenge(place=point.token, bits=bits, at=at),
        "typed": typed,
        "again": again,
        "problem": str(problem) if problem else "",
        "most_files": MOST_FILES,
    }
    return render(request, "public_form.html", page, status=_status(problem) if problem else 200)


def _given(files: Sequence[UploadFile] | None) -> list[UploadFile]:
    return [file for file in files or [] if file.size]


def _read(files: Sequence[UploadFile] | None) -> list[bytes]:
    """The files that came with a form, no more of each than shows that it is too big."""
    given = _given(files)
    if len(given) > MOST_FILES:
        raise BadInput("file", f"附件至多 {MOST_FILES} 个")
    return [file.file.read(MOST_BYTES + 1) for file in given]


@contextmanager
def _guessing_stopped(svc: Public, receipt: str) -> Iterator[None]:
    """The brake is on the receipt and not on the address: guessing codes stops, a village is not shut out."""
    key = ("receipt", plain_digits(receipt)[:12])
    if svc.throttle.is_blocked(key, at=svc.clock()):
        raise TooManyAttempts
    try:
        yield
    except NotVisible:
        if is_receipt(receipt):
            svc.throttle.note_failure(key, at=svc.clock())
        raise


def _refused(request: Request, error: CaseworkError, *, receipt: str) -> HTMLResponse:
    """The page that asks for number and code again, and says why."""
    why = "回执号或查询码不对，请核对"
    if isinstance(error, TooManyAttempts):
        why = "查询码错误次数过多，请 15 分钟后再试"
    page = {"problem": why, "receipt": receipt}
    return render(request, "public_progress.html", page, status=_status(error))


def _status(error: CaseworkError) -> int:
    return KINDS[type(error)].status if type(error) in KINDS else 422


def _address(request: Request) -> str:
    """The sender's address, known to the work meter alone."""
    return request.client.host if request.client else _NOBODY
