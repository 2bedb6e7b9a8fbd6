"""Tables of the inbox: the clerks' keywords, what they hold urgent, and messages that are read twice for training."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from casework.columns import RowId
from casework.models import Base, Code, Json


class LexiconVersion(Base):
    """The keywords of an office as they stood from one moment on. The newest row is in force; none is changed.

    entries: [{"word": ...}]; earlier ones name a field, too, which never had an effect. restores: the earlier version whose words it takes up again.
    """

    __tablename__ = "lexicon_version"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    division: Mapped[str] = mapped_column(Code, index=True)
    entries: Mapped[list[Json]]
    note: Mapped[str] = mapped_column(String(500))
    restores: Mapped[int | None] = mapped_column(RowId, ForeignKey("lexicon_version.id"))
    by: Mapped[int] = mapped_column(RowId, ForeignKey("user_account.id"))
    at: Mapped[datetime]


class KeywordHit(Base):
    """A keyword that stands in a complaint: a person reads it, whatever the model says."""

    __tablename__ = "keyword_hit"
    complaint_id: Mapped[int] = mapped_column(RowId, ForeignKey("complaint.id"), primary_key=True)
    word: Mapped[str] = mapped_column(String(32), primary_key=True)


class ReviewLabel(Base):
    """What a person decided about a message: a label for retraining, with who and when.

    official_class: None where the person did not say.
    """

    __tablename__ = "review_label"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    complaint_id: Mapped[int] = mapped_column(RowId, ForeignKey("complaint.id"), index=True)
    key: Mapped[bool]
    nature: Mapped[str] = mapped_column(String(32))
    field: Mapped[str] = mapped_column(String(32))
    official_class: Mapped[str | None] = mapped_column(String(16))
    corrected: Mapped[bool]
    by: Mapped[int] = mapped_column(RowId, ForeignKey("user_account.id"))
    at: Mapped[datetime]


class UrgencyLabel(Base):
    """What presses in a message, as a person decided it: a label for retraining; the newest one of a message counts.

    urgency: ids of `ml.triage.labels.URGENCIES`, joined by "+"; empty where nothing presses.
    """

    __tablename__ = "urgency_label"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    complaint_id: Mapped[int] = mapped_column(RowId, ForeignKey("complaint.id"), index=True)
    urgency: Mapped[str] = mapped_column(String(64))
    by: Mapped[int] = mapped_column(RowId, ForeignKey("user_account.id"))
    at: Mapped[datetime]


class BlindCase(Base):
    """A message picked to be read by two people who do not know each other's answer nor the model's.

    key, nature, field: what was settled after a disagreement, by whom, when and why.
    """

    __tablename__ = "blind_case"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    complaint_id: Mapped[int] = mapped_column(RowId, ForeignKey("complaint.id"), unique=True)
    picked_by: Mapped[int] = mapped_column(RowId, ForeignKey("user_account.id"))
    picked_at: Mapped[datetime]
    key: Mapped[bool | None]
    nature: Mapped[str | None] = mapped_column(String(32))
    field: Mapped[str | None] = mapped_column(String(32))
    reason: Mapped[str | None] = mapped_column(String(500))
    settled_by: Mapped[int | None] = mapped_column(RowId, ForeignKey("user_account.id"))
    settled_at: Mapped[datetime | None]


class BlindReading(Base):
    """One reader's answer."""

    __tablename__ = "blind_reading"
    __table_args__ = (UniqueConstraint("case_id", "reader"),)
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    case_id: Mapped[int] = mapped_column(RowId, ForeignKey("blind_case.id"))
    reader: Mapped[int] = mapped_column(RowId, ForeignKey("user_account.id"))
    key: Mapped[bool]
    nature: Mapped[str] = mapped_column(String(32))
    field: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime]
