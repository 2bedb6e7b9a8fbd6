"""The public pages over the office's own database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from api.context import Services
from api.pages_public import Desk, Point
from api.routes_complaints import take_in
from casework.attachments import attach, hash_of
from casework.follow_ups import Progress, answer, progress, query_code
from casework.intake import Message
from casework.mailbox import Submitted
from casework.points import point_by_token
from casework.upward import send_up

CHANNEL: Final = "web"


class OfficeDesk:
    """The desk of one transaction. What is refused half-way leaves nothing behind."""

    def __init__(self, svc: Services, session: Session) -> None:
        self._svc, self._session = svc, session

    def point(self, token: str) -> Point:
        return point_by_token(self._session, token)

    def complain(
        self, token: str, *, message_id: str, text: str, contact: str, files: Sequence[bytes], at: datetime
    ) -> Submitted:
        svc, session, point = self._svc, self._session, self.point(token)
        message = Message(
            channel=CHANNEL, message_id=message_id, text=text, sender=contact or None,
            division=point.division, about=point.about, received_at=at, enclosed=hash_of(files),
        )  # fmt: skip
        with session.begin_nested():
            accepted = take_in(session, svc, [message])[0]
            if files and not accepted.redelivered:
                attach(session, svc.home, accepted.complaint_id, files, sealer=svc.sealer, at=at)
        return Submitted(accepted.receipt, query_code(svc.home, accepted.receipt), accepted.differs)

    def report_up(self, report: str) -> str:
        return send_up(self._session, self._svc.home, report, at=self._svc.clock())

    def progress(self, *, receipt: str, code: str) -> Progress:
        return progress(self._session, self._svc.home, receipt=receipt, code=code)

    def add(self, *, receipt: str, code: str, text: str, at: datetime) -> Progress:
        answer(self._session, self.progress(receipt=receipt, code=code), text, sealer=self._svc.sealer, at=at)
        self._session.flush()
        return self.progress(receipt=receipt, code=code)


@contextmanager
def office_desk(svc: Services) -> Iterator[Desk]:
    """A desk with a transaction of its own: committed when it closes, undone on an error."""
    with svc.sessions.begin() as session:
        yield OfficeDesk(svc, session)
