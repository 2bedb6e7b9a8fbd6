"""The office's side of the mailbox: publish what the public intake may know, fetch letters, leave answers.

A letter is taken in one transaction and removed after it. Whatever is interrupted in between is taken up again
without counting twice. What cannot be opened or read is set aside in `refused/`, never thrown away; what fails for
another reason (a full disk, a database that is away) stays for the next exchange and holds no other letter up.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from casework.attachments import attach
from casework.channel_models import IntakePoint, MailboxComplaint, MailboxLetter
from casework.errors import BadInput, CaseworkError, NotVisible
from casework.follow_ups import answer, progress, progress_of
from casework.intake import CLOCKS_DIFFER, Message, Triage, receive
from casework.letters import make_folder, open_letter, public_of, read_dropped
from casework.mailbox import (
    LETTERS,
    MOST_BYTES_OF_LETTER,
    REFUSED,
    SHARED,
    UPWARD,
    WORDS_IF_REFUSED,
    Answer,
    Letter,
    Line,
    Mailbox,
    Point,
)
from casework.models import Complaint
from casework.sealing import Sealer
from casework.upward import NoWayUp, pass_up, public_key
from ml.serving import Served
from registers.pseudonyms import load_key

CHANNEL: Final = "web"
_WAITS: Final = timedelta(days=14)
_AT_ONCE: Final = 100
_FAILURES: Final = (
    SQLAlchemyError, OSError, MemoryError, ArithmeticError, ValueError, TypeError, LookupError,
)  # fmt: skip
"""What a letter may run into besides refusal: it stays, and the others are taken."""
_LOG: Final = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Office:
    """What the office's side works with. division: its own code. triage: the model that serves."""

    home: Path
    sessions: sessionmaker[Session]
    sealer: Sealer
    triage: Served[Triage]
    division: str

    @property
    def private_key(self) -> bytes:
        """Opens the letters; made on first use, and never in the mailbox."""
        return load_key(self.home, "mailbox")


def exchange(office: Office, mailbox: Mailbox, *, at: datetime) -> Mapping[str, int]:
    """Publish, fetch and answer once: how many `complaints`, `additions`, `upward`, `refused`, `postponed` and
    `answers`.

    Raises `UnsafeMailbox` for a mailbox with folders that lead elsewhere.
    """
    mailbox.refuse_links()
    publish(office, mailbox)
    for folder in (LETTERS, UPWARD):
        make_folder(mailbox.folder / folder, mode=SHARED)
    counts = Counter(complaints=0, additions=0, upward=0, refused=0, postponed=0)
    for path in mailbox.waiting(LETTERS):
        counts[_one(mailbox, path, partial(_letter, office, mailbox, path, at=at))] += 1
    for path in mailbox.waiting(UPWARD):
        counts[_one(mailbox, path, partial(_upward, office, path, at=at))] += 1
    return counts | {"answers": leave_answers(office, mailbox)}


def publish(office: Office, mailbox: Mailbox) -> None:
    """Give the public intake the office's open points and public keys."""
    with office.sessions() as session:
        query = select(IntakePoint).where(IntakePoint.active.is_(True)).order_by(IntakePoint.id)
        points = [Point(one.token, one.name, one.division, one.about) for one in session.scalars(query)]
    try:
        upward = public_key(office.home)
    except NoWayUp:
        upward = None
    mailbox.publish(points, office_key=public_of(office.private_key), upward_key=upward)


def leave_answers(office: Office, mailbox: Mailbox) -> int:
    """Renew the answers to complaints that have proceeded; their number.

    Some at a time: a transaction that is open keeps others from writing, so none is while a seal is made.
    """
    renewed, last = 0, 0
    while True:
        with office.sessions.begin() as session:
            changed, last, more = _changed(session, after=last)
        for told, known in changed:
            mailbox.leave(told, office.sealer.open(known.code, bound_to=told.receipt))
        with office.sessions.begin() as session:
            for told, known in changed:
                session.get_one(MailboxComplaint, known.complaint_id).answered = _digest(told)
        renewed += len(changed)
        if not more:
            return renewed


def _changed(session: Session, *, after: int) -> tuple[list[tuple[Answer, MailboxComplaint]], int, bool]:
    """The next complaints of which the mailbox tells an old answer; the last one looked at, and if there are more."""
    query = (
        select(MailboxComplaint, Complaint)
        .join(Complaint, Complaint.id == MailboxComplaint.complaint_id)
        .where(Complaint.id > after)
        .order_by(Complaint.id)
        .limit(_AT_ONCE)
    )
    rows = session.execute(query).all()
    changed = []
    for known, complaint in rows:
        found = progress_of(session, complaint)
        thread = [Line(entry.at, entry.by is not None, entry.text) for entry in found.thread]
        told = Answer(found.receipt, found.received_at, found.words, thread)
        if _digest(told) != known.answered:
            changed.append((told, known))
    session.expunge_all()
    return changed, rows[-1][1].id if rows else after, len(rows) == _AT_ONCE


def _digest(told: Answer) -> str:
    return hashlib.sha256(told.to_json().encode()).hexdigest()


def _one(mailbox: Mailbox, path: Path, take: Callable[[], str]) -> str:
    """Take one file and remove it; what it counts as."""
    try:
        counted = take()
    except _Early:
        return "postponed"
    except CaseworkError as error:
        _LOG.warning("mailbox: %s set aside, %s", path.name, type(error).__name__)
        make_folder(mailbox.folder / REFUSED, mode=0o600)
        with suppress(FileNotFoundError):
            path.rename(mailbox.folder / REFUSED / path.name)
        return "refused"
    except _FAILURES as error:  # its name only: the message could hold what was written
        _LOG.error("mailbox: %s stays for the next exchange, %s", path.name, type(error).__name__)
        return "postponed"
    path.unlink(missing_ok=True)
    return counted


class _Early(Exception):
    """An addition came before its complaint, which may have been postponed or be on its way."""


def _upward(office: Office, path: Path, *, at: datetime) -> str:
    sealed = read_dropped(path, most=MOST_BYTES_OF_LETTER)
    with office.sessions.begin() as session:
        pass_up(session, office.home, sealed, at=at)
    return "upward"


def _letter(office: Office, mailbox: Mailbox, path: Path, *, at: datetime) -> str:
    sealed = read_dropped(path, most=MOST_BYTES_OF_LETTER)
    letter = Letter.of(open_letter(sealed, office.private_key), until=at + CLOCKS_DIFFER)
    try:
        _enter(office, letter, at=at)
    except CaseworkError:
        if letter.kind == "complaint":
            _say_refused(office, mailbox, letter)
        raise
    return "complaints" if letter.kind == "complaint" else "additions"


def _enter(office: Office, letter: Letter, *, at: datetime) -> None:
    with office.sessions.begin() as session:
        if session.get(MailboxLetter, letter.message_id) is None:
            session.add(MailboxLetter(message_id=letter.message_id, at=letter.at))
            if letter.kind == "addition":
                _add(session, office, letter, at=at)
            else:
                _take(session, office, letter, at=at)


def _say_refused(office: Office, mailbox: Mailbox, letter: Letter) -> None:
    """Tell the sender of a complaint that could not be taken, unless their receipt and code open one that was."""
    with office.sessions() as session, suppress(NotVisible):
        progress(session, office.home, receipt=letter.receipt, code=letter.code)
        return
    mailbox.leave(Answer(letter.receipt, letter.at, WORDS_IF_REFUSED), letter.code)


def _add(session: Session, office: Office, letter: Letter, *, at: datetime) -> None:
    """The codes of letters have ten digits, those that the office gives out six: other complaints are out of reach."""
    try:
        found = progress(session, office.home, receipt=letter.receipt, code=letter.code)
    except NotVisible:
        if at - letter.at < _WAITS:
            raise _Early from None
        raise
    answer(session, found, letter.text, sealer=office.sealer, at=letter.at)


def _take(session: Session, office: Office, letter: Letter, *, at: datetime) -> None:
    point = session.scalar(select(IntakePoint).where(IntakePoint.token == letter.token))
    message = Message(
        channel=CHANNEL, message_id=letter.message_id, text=letter.text, sender=letter.contact or None,
        division=point.division if point else office.division, about=point.about if point else None,
        received_at=letter.at, receipt=letter.receipt,
    )  # fmt: skip
    (accepted,) = receive(
        session,
        [message],
        sealer=office.sealer,
        triage=office.triage.model,
        triage_version=office.triage.version,
        at=at,
    )
    if accepted.differs:
        raise BadInput("message_id", "消息编号已用于另一件反映")
    if accepted.redelivered:
        return
    attach(session, office.home, accepted.complaint_id, letter.files, sealer=office.sealer, at=letter.at)
    session.add(
        MailboxComplaint(
            complaint_id=accepted.complaint_id,
            code=office.sealer.seal(letter.code, bound_to=letter.receipt),
        )
    )
