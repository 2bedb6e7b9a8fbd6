"""Tables of the channels: points with a QR code, follow-up questions, attachments, what the mailbox brought, what an SMS
sent up."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from casework.columns import RowId, by_value
from casework.models import Base, Code


class ScanState(StrEnum):
    """Of an attachment: nobody opens it before a scanner has passed it.

    damaged, gone: its bytes do not open, or are not there; every scan tries again, because a key or a disk may come back.
    """

    QUARANTINED = "quarantined"
    CLEAN = "clean"
    INFECTED = "infected"
    DAMAGED = "damaged"
    GONE = "gone"


class IntakePoint(Base):
    """A village or unit with its own address and QR code for complaints. token: what the code holds, drawn at random.

    about: code of the village or town; None for a unit of the office's own level.
    """

    __tablename__ = "intake_point"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    token: Mapped[str] = mapped_column(String(16), unique=True)
    name: Mapped[str] = mapped_column(String(64))
    division: Mapped[str] = mapped_column(Code, index=True)
    about: Mapped[str | None] = mapped_column(Code)
    active: Mapped[bool]
    created_by: Mapped[int] = mapped_column(RowId, ForeignKey("user_account.id"))
    created_at: Mapped[datetime]


class FollowUp(Base):
    """A question of the office (by: who) or an answer of the sender (by: None, the original sealed)."""

    __tablename__ = "follow_up"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    complaint_id: Mapped[int] = mapped_column(RowId, ForeignKey("complaint.id"), index=True)
    text: Mapped[str] = mapped_column(String)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    by: Mapped[int | None] = mapped_column(RowId, ForeignKey("user_account.id"))
    at: Mapped[datetime]


class Attachment(Base):
    """A file that came with a complaint. The bytes lie sealed in the home under `name`."""

    __tablename__ = "attachment"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    complaint_id: Mapped[int] = mapped_column(RowId, ForeignKey("complaint.id"), index=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    kind: Mapped[str] = mapped_column(String(8))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    state: Mapped[ScanState] = mapped_column(by_value(ScanState), index=True)
    at: Mapped[datetime]


class MailboxComplaint(Base):
    """A complaint that came through the mailbox. code: the query code of its sender, sealed.

    answered: hash of the answer that lies in the mailbox.
    """

    __tablename__ = "mailbox_complaint"
    complaint_id: Mapped[int] = mapped_column(RowId, ForeignKey("complaint.id"), primary_key=True)
    code: Mapped[bytes] = mapped_column(LargeBinary)
    answered: Mapped[str | None] = mapped_column(String(64))


class MailboxLetter(Base):
    """A letter that was fetched: one that lies there still, as after a crash, is not taken twice."""

    __tablename__ = "mailbox_letter"
    message_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    at: Mapped[datetime]


class UpwardDelivery(Base):
    """An SMS that went up unrecorded, so that it goes up once. name: keyed hash of office, channel and message id.

    digest: hash of the sealed bytes, as in the audit log.
    """

    __tablename__ = "upward_delivery"
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
