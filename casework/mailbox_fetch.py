"""The office's side of the mailbox: publish what the public intake may know, fetch letters, leave answers.

A letter is taken in one transaction and removed after it. Whatever is interrupted in between is taken up again
without counting twice. What cannot be opened or read is set aside in `refused/`, never thrown away; what fails for
another reason (a full disk, a database that is away) stays for the next exchange and holds no other letter up.
"""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from casework.attachments import attach
from casework.channel_models import IntakePoint, MailboxComplaint, MailboxLetter
from casework.errors import CaseworkError
from casework.follow_ups import answer, progress, progress_of
from casework.intake import Message, Triage, receive
from casework.letters import make_folder, open_letter, public_of
from casework.mailbox import LETTERS, SHARED, UPWARD, Answer, Letter, Line, Mailbox, Point
from casework.models import Complaint
from casework.sealing import Sealer
from casework.upward import NoWayUp, pass_up, public_key
from ml.serving import Served
from registers.pseudonyms import load_key

CHANNEL: Final = "web"
REFUSED: Final = "refused"
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
    """
    publish(office, mailbox)
    for folder in (LETTERS, UPWARD):
        make_folder(mailbox.folder / folder, mode=SHARED)
    counts = Counter(complaints=0, additions=0, upward=0, refused=0, postponed=0)
    for path in mailbox.waiting(LETTERS):
        counts[_fetch(office, mailbox, path)] += 1
    for path in mailbox.waiting(UPWARD):
        with office.sessions.begin() as session:
            pass_up(session, office.home, path.read_bytes(), at=at)
        path.unlink()
        counts["upward"] += 1
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
    """Renew the answers to complaints that have proceeded; their number."""
    renewed = 0
    with office.sessions.begin() as session:
        rows = select(MailboxComplaint, Complaint).join(
            Complaint, Complaint.id == MailboxComplaint.complaint_id
        )
        for known, complaint in session.execute(rows.order_by(Complaint.id)):
            found = progress_of(session, complaint)
            thread = [Line(entry.at, entry.by is not None, entry.text) for entry in found.thread]
            told = Answer(found.receipt, found.received_at, found.words, thread)
            digest = hashlib.sha256(told.to_json().encode()).hexdigest()
            if digest != known.answered:
                mailbox.leave(told, office.sealer.open(known.code, bound_to=complaint.receipt))
                known.answered = digest
                renewed += 1
    return renewed


def _fetch(office: Office, mailbox: Mailbox, path: Path) -> str:
    """Take one letter; what it counts as."""
    try:
        letter = Letter.of(open_letter(path.read_bytes(), office.private_key))
        with office.sessions.begin() as session:
            if session.get(MailboxLetter, letter.message_id) is None:
                session.add(MailboxLetter(message_id=letter.message_id, at=letter.at))
                _take(session, office, letter)
    except CaseworkError as error:
        _LOG.warning("mailbox: %s set aside, %s", path.name, type(error).__name__)
        make_folder(mailbox.folder / REFUSED, mode=0o600)
        path.rename(mailbox.folder / REFUSED / path.name)
        return "refused"
    except (SQLAlchemyError, OSError) as error:
        _LOG.error("mailbox: %s stays for the next exchange, %s", path.name, type(error).__name__)
        return "postponed"
    path.unlink(missing_ok=True)
    return "complaints" if letter.kind == "complaint" else "additions"


def _take(session: Session, office: Office, letter: Letter) -> None:
    if letter.kind == "addition":
        found = progress(session, office.home, receipt=letter.receipt, code=letter.code)
        answer(session, found, letter.text, sealer=office.sealer, at=letter.at)
        return
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
    )
    if accepted.duplicate:
        return
    attach(session, office.home, accepted.complaint_id, letter.files, sealer=office.sealer, at=letter.at)
    session.add(
        MailboxComplaint(
            complaint_id=accepted.complaint_id,
            code=office.sealer.seal(letter.code, bound_to=letter.receipt),
        )
    )
