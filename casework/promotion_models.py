"""The table of requests that a trained model shall serve."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from casework.columns import RowId
from casework.models import Base, Json, Versioned
from casework.states import PromotionState


class ModelPromotion(Versioned, Base):
    """A request that a trained model shall serve, and what became of it; a rollback is a row of its own.

    gates: what the report said on the day of the request. previous: the version that a rollback leads to.
    override: why the approver let it serve although a gate stood in the way. rollback_of: the row that was undone.
    """

    __tablename__ = "model_promotion"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(32), index=True)
    model_version: Mapped[str] = mapped_column(String(32))
    report_digest: Mapped[str | None] = mapped_column(String(64))
    gates: Mapped[list[Json]]
    reason: Mapped[str]
    requested_by: Mapped[int] = mapped_column(RowId, ForeignKey("user_account.id"))
    requested_at: Mapped[datetime]
    decided_by: Mapped[int | None] = mapped_column(RowId, ForeignKey("user_account.id"))
    decided_at: Mapped[datetime | None]
    comment: Mapped[str | None]
    override: Mapped[str | None]
    previous: Mapped[str | None] = mapped_column(String(32))
    rollback_of: Mapped[int | None] = mapped_column(RowId, ForeignKey("model_promotion.id"))
    state: Mapped[PromotionState]
