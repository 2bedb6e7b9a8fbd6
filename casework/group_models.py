"""Tables of groups of copies and of the index that finds them; see `casework.group_index`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from casework.columns import RowId
from casework.models import Base, Code


class ComplaintCopy(Base):
    """A complaint in state `copy` and the first message of its group, whose case is its case."""

    __tablename__ = "complaint_copy"
    complaint_id: Mapped[int] = mapped_column(RowId, ForeignKey("complaint.id"), primary_key=True)
    lead_id: Mapped[int] = mapped_column(RowId, ForeignKey("complaint.id"), index=True)


class GroupExemplar(Base):
    """A message by which copies are recognised. A group has few, however many copies it has.

    root_id: the message with which the chain of copies began: the lead, but for groups that a clerk has merged.
    text: compacted work text (`ml.triage.copies.compact`). last_at: when a copy came last.
    """

    __tablename__ = "group_exemplar"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    complaint_id: Mapped[int] = mapped_column(RowId, ForeignKey("complaint.id"), unique=True)
    lead_id: Mapped[int] = mapped_column(RowId, ForeignKey("complaint.id"), index=True)
    root_id: Mapped[int] = mapped_column(RowId, ForeignKey("complaint.id"))
    division: Mapped[str] = mapped_column(Code)
    text: Mapped[str] = mapped_column(String)
    last_at: Mapped[datetime] = mapped_column(index=True)


class GroupBand(Base):
    """One band key of an exemplar."""

    __tablename__ = "group_band"
    key: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    exemplar_id: Mapped[int] = mapped_column(
        RowId, ForeignKey("group_exemplar.id", ondelete="CASCADE"), primary_key=True, index=True
    )
