"""The tables of casework. Behaviour lives in the modules beside; here are columns, keys and nothing else."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    Date,
    Float,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    UniqueConstraint,
    func,
    literal_column,
)
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column, relationship

from casework.access import SubjectType, TaskKind
from casework.columns import RowId, UTCDateTime, by_value
from casework.roles import Role
from casework.states import (
    ComplaintState,
    ContactState,
    DraftState,
    PlanState,
    PromotionState,
    ReadingState,
    TaskState,
    WarningState,
)


class Entity(StrEnum):
    """What a score or an outcome is about: what `ml.kinds.SCORED_NAMES` lists."""

    VILLAGE = "village"
    OFFICIAL = "official"
    SUPPLIER = "supplier"
    TENDER = "tender"


class Outcome(StrEnum):
    """What people found. The first two train as 1, the third as 0, the others as missing."""

    SUBSTANTIATED = "substantiated"
    IRREGULAR_RECTIFIED = "irregular_rectified"
    NOT_SUBSTANTIATED = "not_substantiated"
    DATA_ERROR = "data_error"
    CANNOT_DETERMINE = "cannot_determine"


class SelectedBy(StrEnum):
    """Why someone looked; only score and quota carry a propensity and serve estimates."""

    SCORE = "score"
    QUOTA = "quota"
    COMPLAINT = "complaint"
    SAME_PROBLEM = "same_problem"
    CAMPAIGN = "campaign"


class Origin(StrEnum):
    """What a task was opened from."""

    WARNING = "warning"
    COMPLAINT = "complaint"
    PLAN = "plan"


Json = dict[str, Any]
Code = String(12)


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UTCDateTime,
        date: Date,
        float: Float(53),
        int: BigInteger,
        Json: JSON,
        list[str]: JSON,
        list[int]: JSON,
        list[Json]: JSON,
        **{
            kind: by_value(kind)
            for kind in (
                Role, ComplaintState, WarningState, TaskState, TaskKind, SubjectType, Entity, Outcome,
                SelectedBy, Origin, DraftState, PromotionState, PlanState, ReadingState, ContactState,
            )
        },
    }  # fmt: skip


class Versioned:
    """Two writers of one row collide (`StaleDataError`) even where no row lock is held."""

    version: Mapped[int] = mapped_column(sort_order=1)

    @declared_attr.directive
    @classmethod
    def __mapper_args__(cls) -> Json:
        return {"version_id_col": cls.version}


class User(Base):
    """A local account. An account is switched off, never deleted: its actions stay readable."""

    __tablename__ = "user_account"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    login: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(64))
    password_hash: Mapped[str] = mapped_column(String(256))
    role: Mapped[Role]
    division: Mapped[str] = mapped_column(Code)
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]


class LoginSession(Base):
    """A signed-in browser or machine; only the hash of its token is kept."""

    __tablename__ = "login_session"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(RowId, ForeignKey("user_account.id"), index=True)
    csrf: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)


class Place(Base):
    """Names of divisions, for people and for locating complaints."""

    __tablename__ = "place"
    code: Mapped[str] = mapped_column(Code, primary_key=True)
    name: Mapped[str] = mapped_column(String(128))


class OfficialPost(Base):
    """Post and managing authority of an official; the name stays in the identity vault."""

    __tablename__ = "official_post"
    person_key: Mapped[str] = mapped_column(String(64), primary_key=True)
    village_code: Mapped[str] = mapped_column(Code)
    post: Mapped[str] = mapped_column(String(64))
    managing_level: Mapped[int]


class Score(Base):
    """One entity's scores as of one day. `village_code`: its village, or that it had most to do with.

    `name`: of a supplier; names of persons stay in the identity vault.
    """

    __tablename__ = "score"
    __table_args__ = (UniqueConstraint("entity", "entity_id", "as_of"),)
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    entity: Mapped[Entity]
    entity_id: Mapped[str] = mapped_column(String(64))
    name: Mapped[str | None] = mapped_column(String(256))
    village_code: Mapped[str] = mapped_column(Code, index=True)
    managing_level: Mapped[int]
    as_of: Mapped[date] = mapped_column(index=True)
    probability: Mapped[float | None]
    probability_low: Mapped[float | None]
    probability_high: Mapped[float | None]
    risk: Mapped[float]
    percentile: Mapped[float]
    anomaly: Mapped[float]
    hits: Mapped[int]
    peer_group: Mapped[str] = mapped_column(String(128))
    reasons: Mapped[list[Json]]
    bundle_version: Mapped[str] = mapped_column(String(64))
    feature_hash: Mapped[str] = mapped_column(String(64))
    simulated: Mapped[bool]


class ScorePlace(Base):
    """A further village of an entity that is not of one village: who covers it may see the score."""

    __tablename__ = "score_place"
    score_id: Mapped[int] = mapped_column(RowId, ForeignKey("score.id"), primary_key=True)
    village_code: Mapped[str] = mapped_column(Code, primary_key=True)


class CaseWarning(Versioned, Base):
    """A finding of a supervision model that people must look at. One row per finding, whatever the run."""

    __tablename__ = "warning"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    finding_id: Mapped[str] = mapped_column(String(64), unique=True)
    model_id: Mapped[str] = mapped_column(String(128), index=True)
    model_version: Mapped[int]
    model_name: Mapped[str] = mapped_column(String(128))
    field: Mapped[str] = mapped_column(String(32))
    subject_type: Mapped[SubjectType]
    subject_id: Mapped[str] = mapped_column(String(64), index=True)
    village_code: Mapped[str] = mapped_column(Code, index=True)
    managing_level: Mapped[int]
    level: Mapped[str] = mapped_column(String(8))
    level_rank: Mapped[int]
    first_on: Mapped[date | None]
    last_on: Mapped[date | None]
    amount_fen: Mapped[int | None]
    rows: Mapped[int]
    reason: Mapped[str]
    measures: Mapped[Json]
    legal_basis: Mapped[list[Json]]
    simulated: Mapped[bool]
    first_run: Mapped[str] = mapped_column(String(64))
    last_run: Mapped[str] = mapped_column(String(64))
    state: Mapped[WarningState]
    proposed_by: Mapped[int | None] = mapped_column(RowId, ForeignKey("user_account.id"))


class WarningOfficial(Base):
    """Officials whom a warning concerns."""

    __tablename__ = "warning_official"
    warning_id: Mapped[int] = mapped_column(RowId, ForeignKey("warning.id"), primary_key=True)
    person_key: Mapped[str] = mapped_column(String(64), primary_key=True, index=True)


class Complaint(Versioned, Base):
    """One message of a citizen. The original is sealed; people work with `work_text`."""

    __tablename__ = "complaint"
    __table_args__ = (UniqueConstraint("division", "channel", "message_id"),)
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    receipt: Mapped[str] = mapped_column(String(16), unique=True)
    channel: Mapped[str] = mapped_column(String(32))
    message_id: Mapped[str] = mapped_column(String(128))
    received_at: Mapped[datetime]
    division: Mapped[str] = mapped_column(Code, index=True)
    about: Mapped[str | None] = mapped_column(Code)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    sender_digest: Mapped[str | None] = mapped_column(String(32), index=True)
    """Keyed hash of how to reach the sender, of this office alone (`casework.duplicates`); None where unknown."""
    delivery_digest: Mapped[str | None] = mapped_column(String(32))
    """Keyed hash of sender, text and files as delivered: tells a message sent again from another under its number."""
    work_text: Mapped[str]
    simulated: Mapped[bool]
    key_probability: Mapped[float | None]
    model_key: Mapped[bool | None]
    abstain: Mapped[bool | None]
    model_nature: Mapped[str | None] = mapped_column(String(32))
    model_field: Mapped[str | None] = mapped_column(String(32))
    topic: Mapped[str | None] = mapped_column(String(32))
    official_class: Mapped[str | None] = mapped_column(String(16))
    urgency: Mapped[str] = mapped_column(String(64), default="")
    """Ids of `ml.triage.labels.URGENCIES`, joined by "+"; empty where nothing presses."""
    no_substance: Mapped[bool] = mapped_column(default=False)
    spam: Mapped[bool] = mapped_column(default=False)
    reasons: Mapped[list[str]]
    triage_model: Mapped[str | None] = mapped_column(String(64))
    nature: Mapped[str | None] = mapped_column(String(32))
    field: Mapped[str | None] = mapped_column(String(32))
    decided_class: Mapped[str | None] = mapped_column(String(16))
    decided_urgency: Mapped[str | None] = mapped_column(String(64))
    """As `urgency`, by a person; None while nobody has said so."""
    office: Mapped[str | None] = mapped_column(Code, index=True)
    state: Mapped[ComplaintState]

    @hybrid_property
    def presses(self) -> str:
        """What presses: as a person decided, else as the model said; ids as in `urgency`."""
        return self.urgency if self.decided_urgency is None else self.decided_urgency

    @presses.inplace.expression
    @classmethod
    def _presses(cls) -> ColumnElement[str]:
        return func.coalesce(cls.decided_urgency, cls.urgency)


PRESSING = Complaint.presses != literal_column("''")
Index("ix_complaint_pressing", Complaint.id, sqlite_where=PRESSING, postgresql_where=PRESSING)
"""The few that press are found without a look at the many copies of a mailing; see `casework.raising.pressing`."""


class Task(Versioned, Base):
    """What one person is to check and how, by when, and what came of it."""

    __tablename__ = "task"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    kind: Mapped[TaskKind]
    origin: Mapped[Origin]
    origin_id: Mapped[int] = mapped_column(RowId, index=True)
    title: Mapped[str] = mapped_column(String(200))
    guide: Mapped[Json]
    office: Mapped[str] = mapped_column(Code, index=True)
    about: Mapped[str | None] = mapped_column(Code)
    managing_level: Mapped[int]
    entity: Mapped[Entity | None]
    entity_id: Mapped[str | None] = mapped_column(String(64))
    assignee_id: Mapped[int] = mapped_column(RowId, ForeignKey("user_account.id"), index=True)
    created_by: Mapped[int] = mapped_column(RowId, ForeignKey("user_account.id"))
    created_at: Mapped[datetime]
    due_on: Mapped[date]
    due_provisional: Mapped[bool]
    selected_by: Mapped[SelectedBy]
    propensity: Mapped[float | None]
    reported_by: Mapped[int | None] = mapped_column(RowId, ForeignKey("user_account.id"))
    outcome: Mapped[Outcome | None]
    amount_fen: Mapped[int | None]
    note: Mapped[str | None]
    state: Mapped[TaskState]
    assignee: Mapped[User] = relationship(foreign_keys=[assignee_id], lazy="joined", innerjoin=True)


class Verification(Base):
    """An outcome, the row that training reads. `source`: "task:<id>", or the name of the import."""

    __tablename__ = "verification"
    __table_args__ = (
        UniqueConstraint(
            "entity", "entity_id", "selected_on", "selected_by", "source", name="uq_verification_row"
        ),
    )
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    entity: Mapped[Entity]
    entity_id: Mapped[str] = mapped_column(String(64))
    selected_on: Mapped[date]
    selected_by: Mapped[SelectedBy]
    propensity: Mapped[float | None]
    decided_on: Mapped[date]
    outcome: Mapped[Outcome]
    amount_fen: Mapped[int | None]
    note: Mapped[str]
    source: Mapped[str] = mapped_column(String(64))


class ModelDraft(Versioned, Base):
    """A supervision model that a county wrote. `scope`: the division in which it is in force, None when it is not."""

    __tablename__ = "model_draft"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    model_id: Mapped[str] = mapped_column(String(128), index=True)
    model_version: Mapped[int]
    name: Mapped[str] = mapped_column(String(128))
    division: Mapped[str] = mapped_column(Code, index=True)
    scope: Mapped[str | None] = mapped_column(Code, index=True)
    author_id: Mapped[int] = mapped_column(RowId, ForeignKey("user_account.id"))
    checker_id: Mapped[int | None] = mapped_column(RowId, ForeignKey("user_account.id"))
    reason: Mapped[str | None]
    content: Mapped[str]
    content_hash: Mapped[str] = mapped_column(String(16))
    trial: Mapped[Json | None]
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    state: Mapped[DraftState]


class Event(Base):
    """One step of one machine, with the state before and after."""

    __tablename__ = "event"
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    entity: Mapped[str] = mapped_column(String(32))
    entity_id: Mapped[int] = mapped_column(RowId, index=True)
    action: Mapped[str] = mapped_column(String(32))
    previous: Mapped[str | None] = mapped_column(String(32))
    new: Mapped[str] = mapped_column(String(32))
    actor_id: Mapped[int | None] = mapped_column(RowId, ForeignKey("user_account.id"))
    role: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime]
    fields: Mapped[Json]
