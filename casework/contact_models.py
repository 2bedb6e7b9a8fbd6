"""The table of requests to see how a sender can be reached."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from casework.columns import RowId
from casework.models import Base, Code, Versioned
from casework.states import ContactState


class ContactRequest(Versioned, Base):
    """A request to open the sealed contact of one complaint, and what became of it.

    division: the asker's office when it was asked; who approves stands there or above. opened_until: when it closes again.
    """

    __tablename__ = "contact_request"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    complaint_id: Mapped[int] = mapped_column(RowId, ForeignKey("complaint.id"), index=True)
    division: Mapped[str] = mapped_column(Code)
    reason: Mapped[str] = mapped_column(String(2000))
    requested_by: Mapped[int] = mapped_column(RowId, ForeignKey("user_account.id"), index=True)
    requested_at: Mapped[datetime]
    decided_by: Mapped[int | None] = mapped_column(RowId, ForeignKey("user_account.id"))
    decided_at: Mapped[datetime | None]
    comment: Mapped[str | None] = mapped_column(String(2000))
    opened_until: Mapped[datetime | None]
    state: Mapped[ContactState]
