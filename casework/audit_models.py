"""Tables of the audit log: entries, the sealed batches that they stand in, and the newest batch."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from casework.columns import RowId
from casework.models import Base, Json


class AuditEntry(Base):
    """One look or one change. Ids only, never a text, a name or a number of a person."""

    __tablename__ = "audit_entry"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    at: Mapped[datetime]
    user_id: Mapped[int | None] = mapped_column(RowId)
    role: Mapped[str | None] = mapped_column(String(32))
    action: Mapped[str] = mapped_column(String(32))
    target: Mapped[str] = mapped_column(String(128))
    detail: Mapped[Json]
    batch_id: Mapped[int | None] = mapped_column(RowId, ForeignKey("audit_batch.id"), index=True)


class AuditBatch(Base):
    """A sealed run of audit entries: its hash covers the entries and the batch before it."""

    __tablename__ = "audit_batch"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    sealed_at: Mapped[datetime]
    entries: Mapped[int]
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64), unique=True)


class AuditHead(Base):
    """The one row that names the newest batch; locking it puts batches in one line."""

    __tablename__ = "audit_head"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    hash: Mapped[str] = mapped_column(String(64))
