"""What both ways of taking complaints from the public share: the form with its work, and the brake on guessing codes.

`pages_public` writes into the office's database, `public_app` into the mailbox of another network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Final, Protocol

from fastapi import Request, UploadFile
from fastapi.responses import HTMLResponse

from api.problems import KINDS, TooManyAttempts
from api.rendering import render
from api.throttle import LoginThrottle
from api.work import WorkMeter
from casework.attachments import MOST_BYTES, MOST_FILES
from casework.errors import BadInput, CaseworkError, NotVisible
from casework.receipts import is_receipt, plain_digits

LONGEST_CONTACT: Final = 200
_NOBODY: Final = "unknown"


class FormPoint(Protocol):
    """What the form shows of a point."""

    @property
    def token(self) -> str: ...
    @property
    def name(self) -> str: ...


class Counter(Protocol):
    """What stands behind the form: the clock, the work that submissions cost, the brake on guessing."""

    @property
    def clock(self) -> Callable[[], datetime]: ...
    @property
    def work(self) -> WorkMeter: ...
    @property
    def throttle(self) -> LoginThrottle: ...


def form_page(
    request: Request,
    counter: Counter,
    point: FormPoint,
    *,
    text: str = "",
    contact: str = "",
    again: bool = False,
    problem: CaseworkError | None = None,
) -> HTMLResponse:
    """The form with a fresh challenge; what was typed stays in it when it comes back."""
    at = counter.clock()
    bits = counter.work.bits(address_of(request), at=at)
    page = {
        "point": point,
        "challenge": counter.work.challenge(place=point.token, bits=bits, at=at),
        "text": text,
        "contact": contact,
        "again": again,
        "problem": str(problem) if problem else "",
        "most_files": MOST_FILES,
    }
    return render(request, "public_form.html", page, status=_status(problem) if problem else 200)


def read_files(files: Sequence[UploadFile] | None) -> list[bytes]:
    """The files that came with a form, no more of each than shows that it is too big. Raises `BadInput` for too many."""
    given = [file for file in files or [] if file.size]
    if len(given) > MOST_FILES:
        raise BadInput("file", f"附件至多 {MOST_FILES} 个")
    return [file.file.read(MOST_BYTES + 1) for file in given]


@contextmanager
def guessing_stopped(counter: Counter, receipt: str) -> Iterator[None]:
    """Count wrong codes of a receipt, and refuse it after too many.

    The brake is on the receipt and not on the address: guessing codes stops, a village is not shut out.
    """
    key = ("receipt", plain_digits(receipt)[:12])
    if counter.throttle.is_blocked(key, at=counter.clock()):
        raise TooManyAttempts
    try:
        yield
    except NotVisible:
        if is_receipt(receipt):
            counter.throttle.note_failure(key, at=counter.clock())
        raise


def refused_query(request: Request, error: CaseworkError, *, receipt: str) -> HTMLResponse:
    """The page that asks for number and code again, and says why."""
    why = "回执号或查询码不对，请核对"
    if isinstance(error, TooManyAttempts):
        why = "查询码错误次数过多，请 15 分钟后再试"
    page = {"problem": why, "receipt": receipt}
    return render(request, "public_progress.html", page, status=_status(error))


def address_of(request: Request) -> str:
    """The sender's address, known to the work meter alone."""
    return request.client.host if request.client else _NOBODY


def _status(error: CaseworkError) -> int:
    return KINDS[type(error)].status if type(error) in KINDS else 422
