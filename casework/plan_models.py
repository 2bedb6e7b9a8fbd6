"""The tables of weekly verification plans and of second readers."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Float, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from casework.columns import RowId
from casework.models import Base, Code, Entity, Outcome, SelectedBy, User, Versioned
from casework.states import PlanState, ReadingState


class TownCapacity(Base):
    """How many cases of the list a town can look at in a week; a town without a row has the default."""

    __tablename__ = "town_capacity"
    town: Mapped[str] = mapped_column(Code, primary_key=True)
    cases: Mapped[int]
    by: Mapped[int] = mapped_column(RowId, ForeignKey("user_account.id"))
    at: Mapped[datetime]


class Plan(Versioned, Base):
    """One week's plan of a county. week: its Monday. below: entities below the top per score band."""

    __tablename__ = "verification_plan"
    __table_args__ = (UniqueConstraint("division", "week"),)
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    division: Mapped[str] = mapped_column(Code, index=True)
    week: Mapped[date] = mapped_column(index=True)
    as_of: Mapped[date]
    seed: Mapped[str] = mapped_column(String(32))
    bundle_version: Mapped[str] = mapped_column(String(64))
    below: Mapped[list[int]]
    simulated: Mapped[bool]
    created_at: Mapped[datetime]
    confirmed_by: Mapped[int | None] = mapped_column(RowId, ForeignKey("user_account.id"))
    state: Mapped[PlanState]


class PlanCase(Base):
    """One case of a plan. selected_by, propensity, band and hard are shown to nobody who verifies."""

    __tablename__ = "plan_case"
    __table_args__ = (UniqueConstraint("plan_id", "entity", "entity_id"),)
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    plan_id: Mapped[int] = mapped_column(RowId, ForeignKey("verification_plan.id"), index=True)
    entity: Mapped[Entity]
    entity_id: Mapped[str] = mapped_column(String(64))
    village_code: Mapped[str] = mapped_column(Code)
    selected_by: Mapped[SelectedBy]
    propensity: Mapped[float | None] = mapped_column(Float(53))
    band: Mapped[int | None]
    hard: Mapped[str | None] = mapped_column(String(16))
    removed: Mapped[bool]
    reason: Mapped[str | None]
    task_id: Mapped[int | None] = mapped_column(RowId, ForeignKey("task.id"), index=True)


class SecondReading(Versioned, Base):
    """A second person's own answer to a task. first_outcome: what the first had said, kept when it was settled."""

    __tablename__ = "second_reading"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    task_id: Mapped[int] = mapped_column(RowId, ForeignKey("task.id"), unique=True)
    reader_id: Mapped[int] = mapped_column(RowId, ForeignKey("user_account.id"), index=True)
    why: Mapped[str] = mapped_column(String(16))
    outcome: Mapped[Outcome | None]
    note: Mapped[str | None]
    first_outcome: Mapped[Outcome | None]
    settled_outcome: Mapped[Outcome | None]
    settled_on: Mapped[date | None]
    state: Mapped[ReadingState]
    reader: Mapped[User] = relationship(foreign_keys=[reader_id], lazy="joined", innerjoin=True)
