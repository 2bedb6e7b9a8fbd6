"""The state machines, each one table `(state, action) → Move`, and the one pure function that steps them.

Every pair that is not in a table raises `UnknownTransition`. A program may only sort what came in
(`Machine.TRIAGE`); every move that confirms, sends or closes belongs to a person, and closing to a second one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, Generic, TypeVar

from casework.errors import MissingField, RoleNotAllowed, SecondPersonRequired, UnknownTransition
from casework.roles import Actor, Machine, Role


class ComplaintState(StrEnum):
    RECEIVED = "received"
    TRIAGED = "triaged"
    COPY = "copy"
    NOT_KEY = "not_key"
    TRANSFERRED = "transferred"
    KEY_MATTER = "key_matter"
    IN_TASK = "in_task"
    CLOSED = "closed"


class ComplaintAction(StrEnum):
    TRIAGE = "triage"
    LOCATE = "locate"
    SET_URGENCY = "set_urgency"
    JOIN = "join"
    SPLIT = "split"
    MERGE = "merge"
    CONFIRM_KEY = "confirm_key"
    DECLINE_KEY = "decline_key"
    TRANSFER = "transfer"
    RETURN = "return"
    OPEN_TASK = "open_task"
    CLOSE = "close"


class WarningState(StrEnum):
    OPEN = "open"
    IN_TASK = "in_task"
    SET_ASIDE_PROPOSED = "set_aside_proposed"
    SET_ASIDE = "set_aside"
    CLOSED = "closed"


class WarningAction(StrEnum):
    OPEN_TASK = "open_task"
    CLOSE = "close"
    PROPOSE_SET_ASIDE = "propose_set_aside"
    APPROVE_SET_ASIDE = "approve_set_aside"
    REFUSE_SET_ASIDE = "refuse_set_aside"
    REOPEN = "reopen"


class TaskState(StrEnum):
    ASSIGNED = "assigned"
    CHECKING = "checking"
    REPORTED = "reported"
    CLOSED = "closed"


class TaskAction(StrEnum):
    ACCEPT = "accept"
    REASSIGN = "reassign"
    REPORT = "report"
    RETURN = "return"
    APPROVE = "approve"


class DraftState(StrEnum):
    """Of a supervision model that a county wrote. Published: in force in its division; adopted: above as well."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    PUBLISHED = "published"
    ADOPTED = "adopted"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class DraftAction(StrEnum):
    RECORD_TRIAL = "record_trial"
    SUBMIT = "submit"
    PUBLISH = "publish"
    REJECT = "reject"
    ADOPT = "adopt"
    WITHDRAW = "withdraw"
    RETIRE = "retire"
    SUPERSEDE = "supersede"


class PlanState(StrEnum):
    """Of a week's verification plan."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"


class PlanAction(StrEnum):
    ADD_CASE = "add_case"
    REMOVE_CASE = "remove_case"
    CONFIRM = "confirm"


class ReadingState(StrEnum):
    """Of a second person's own answer to a task, given without sight of the first."""

    ASKED = "asked"
    READ = "read"
    SETTLED = "settled"


class ReadingAction(StrEnum):
    ASK_OTHER = "ask_other"
    READ = "read_blind"
    AGREE = "agree"
    SETTLE = "settle"


class PromotionState(StrEnum):
    """Of the request that a trained model shall serve. Serving: the pointer names it; at most one a kind."""

    REQUESTED = "requested"
    SERVING = "serving"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    ENDED = "ended"
    ROLLED_BACK = "rolled_back"


class PromotionAction(StrEnum):
    APPROVE = "approve"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    REPLACE = "replace"
    ROLL_BACK = "roll_back"


class ContactState(StrEnum):
    """Of the request to see how a sender can be reached. Granted opens it to the one who asked, for a limited time."""

    REQUESTED = "requested"
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class ContactAction(StrEnum):
    APPROVE = "approve"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"


StateT = TypeVar("StateT", bound=StrEnum)
ActionT = TypeVar("ActionT", bound=StrEnum)


@dataclass(frozen=True)
class Move(Generic[StateT]):
    """Where an action leads, who may take it, and the fields it must bring.

    second_person: the actor must differ from the one who took the earlier step (reported, proposed).
    """

    to: StateT
    roles: frozenset[Role | Machine]
    needs: tuple[str, ...] = ()
    second_person: bool = False


@dataclass(frozen=True, kw_only=True)
class Change(Generic[StateT]):
    """A step that is allowed: what the event row records. `fields` carries no personal data."""

    previous: StateT
    new: StateT
    action: str
    actor: Actor
    at: datetime
    fields: Mapping[str, object] = field(default_factory=dict)


_MACHINE: Final = frozenset({Machine.TRIAGE})
_CLERK: Final = frozenset({Role.CLERK})
_SUPERVISOR: Final = frozenset({Role.SUPERVISOR})
_CHECKERS: Final = frozenset({Role.LIAISON, Role.SUPERVISOR})
_TECHNICIAN: Final = frozenset({Role.TECHNICIAN})
_APPROVERS: Final = frozenset({Role.LEADER, Role.SUPERVISOR})
_ASKERS: Final = frozenset({Role.CLERK, Role.SUPERVISOR})
_DRAFT_CHECKERS: Final = frozenset({Role.SUPERVISOR, Role.TECHNICIAN})

COMPLAINT_TRANSITIONS: Final[Mapping[tuple[ComplaintState, ComplaintAction], Move[ComplaintState]]] = {
    (ComplaintState.RECEIVED, ComplaintAction.TRIAGE): Move(ComplaintState.TRIAGED, _MACHINE),
    (ComplaintState.TRIAGED, ComplaintAction.LOCATE): Move(ComplaintState.TRIAGED, _CLERK, ("about",)),
    (ComplaintState.TRIAGED, ComplaintAction.SET_URGENCY): Move(ComplaintState.TRIAGED, _CLERK, ("urgency",)),
    (ComplaintState.COPY, ComplaintAction.SET_URGENCY): Move(ComplaintState.COPY, _CLERK, ("urgency",)),
    (ComplaintState.NOT_KEY, ComplaintAction.SET_URGENCY): Move(ComplaintState.NOT_KEY, _CLERK, ("urgency",)),
    (ComplaintState.KEY_MATTER, ComplaintAction.SET_URGENCY): Move(
        ComplaintState.KEY_MATTER, _CLERK, ("urgency",)
    ),
    (ComplaintState.RECEIVED, ComplaintAction.JOIN): Move(ComplaintState.COPY, _MACHINE, ("lead",)),
    (ComplaintState.COPY, ComplaintAction.SPLIT): Move(ComplaintState.TRIAGED, _CLERK),
    (ComplaintState.TRIAGED, ComplaintAction.MERGE): Move(ComplaintState.COPY, _CLERK, ("lead",)),
    (ComplaintState.TRIAGED, ComplaintAction.CONFIRM_KEY): Move(
        ComplaintState.KEY_MATTER, _CLERK, ("nature", "field", "office")
    ),
    (ComplaintState.TRIAGED, ComplaintAction.DECLINE_KEY): Move(
        ComplaintState.NOT_KEY, _CLERK, ("nature", "field")
    ),
    (ComplaintState.NOT_KEY, ComplaintAction.DECLINE_KEY): Move(
        ComplaintState.NOT_KEY, _CLERK, ("nature", "field")
    ),
    (ComplaintState.NOT_KEY, ComplaintAction.CONFIRM_KEY): Move(
        ComplaintState.KEY_MATTER, _CLERK, ("nature", "field", "office")
    ),
    (ComplaintState.NOT_KEY, ComplaintAction.TRANSFER): Move(
        ComplaintState.TRANSFERRED, _CLERK, ("destination",)
    ),
    (ComplaintState.KEY_MATTER, ComplaintAction.RETURN): Move(
        ComplaintState.TRIAGED, _SUPERVISOR, ("comment",)
    ),
    (ComplaintState.KEY_MATTER, ComplaintAction.OPEN_TASK): Move(ComplaintState.IN_TASK, _SUPERVISOR),
    (ComplaintState.IN_TASK, ComplaintAction.CLOSE): Move(
        ComplaintState.CLOSED, _SUPERVISOR, ("outcome",), second_person=True
    ),
}

WARNING_TRANSITIONS: Final[Mapping[tuple[WarningState, WarningAction], Move[WarningState]]] = {
    (WarningState.OPEN, WarningAction.OPEN_TASK): Move(WarningState.IN_TASK, _SUPERVISOR),
    (WarningState.IN_TASK, WarningAction.CLOSE): Move(
        WarningState.CLOSED, _SUPERVISOR, ("outcome",), second_person=True
    ),
    (WarningState.OPEN, WarningAction.PROPOSE_SET_ASIDE): Move(
        WarningState.SET_ASIDE_PROPOSED, _SUPERVISOR, ("comment",)
    ),
    (WarningState.SET_ASIDE_PROPOSED, WarningAction.APPROVE_SET_ASIDE): Move(
        WarningState.SET_ASIDE, _SUPERVISOR, second_person=True
    ),
    (WarningState.SET_ASIDE_PROPOSED, WarningAction.REFUSE_SET_ASIDE): Move(
        WarningState.OPEN, _SUPERVISOR, ("comment",), second_person=True
    ),
    (WarningState.SET_ASIDE, WarningAction.REOPEN): Move(WarningState.OPEN, _SUPERVISOR, ("comment",)),
}

TASK_TRANSITIONS: Final[Mapping[tuple[TaskState, TaskAction], Move[TaskState]]] = {
    (TaskState.ASSIGNED, TaskAction.ACCEPT): Move(TaskState.CHECKING, _CHECKERS),
    (TaskState.ASSIGNED, TaskAction.REASSIGN): Move(TaskState.ASSIGNED, _SUPERVISOR, ("assignee",)),
    (TaskState.CHECKING, TaskAction.REASSIGN): Move(TaskState.ASSIGNED, _SUPERVISOR, ("assignee",)),
    (TaskState.CHECKING, TaskAction.REPORT): Move(TaskState.REPORTED, _CHECKERS, ("outcome", "note")),
    (TaskState.REPORTED, TaskAction.RETURN): Move(
        TaskState.CHECKING, _SUPERVISOR, ("comment",), second_person=True
    ),
    (TaskState.REPORTED, TaskAction.APPROVE): Move(TaskState.CLOSED, _SUPERVISOR, second_person=True),
}

DRAFT_TRANSITIONS: Final[Mapping[tuple[DraftState, DraftAction], Move[DraftState]]] = {
    (DraftState.DRAFT, DraftAction.RECORD_TRIAL): Move(DraftState.DRAFT, _TECHNICIAN, ("trial",)),
    (DraftState.DRAFT, DraftAction.SUBMIT): Move(DraftState.SUBMITTED, _TECHNICIAN, ("reason", "trial")),
    (DraftState.DRAFT, DraftAction.WITHDRAW): Move(DraftState.WITHDRAWN, _TECHNICIAN, ("comment",)),
    (DraftState.SUBMITTED, DraftAction.WITHDRAW): Move(DraftState.WITHDRAWN, _TECHNICIAN, ("comment",)),
    (DraftState.SUBMITTED, DraftAction.PUBLISH): Move(
        DraftState.PUBLISHED, _DRAFT_CHECKERS, ("comment",), second_person=True
    ),
    (DraftState.SUBMITTED, DraftAction.REJECT): Move(
        DraftState.REJECTED, _DRAFT_CHECKERS, ("comment",), second_person=True
    ),
    (DraftState.PUBLISHED, DraftAction.ADOPT): Move(
        DraftState.ADOPTED, _SUPERVISOR, ("comment",), second_person=True
    ),
    (DraftState.ADOPTED, DraftAction.ADOPT): Move(
        DraftState.ADOPTED, _SUPERVISOR, ("comment",), second_person=True
    ),
    (DraftState.PUBLISHED, DraftAction.RETIRE): Move(DraftState.WITHDRAWN, _SUPERVISOR, ("comment",)),
    (DraftState.ADOPTED, DraftAction.RETIRE): Move(DraftState.WITHDRAWN, _SUPERVISOR, ("comment",)),
    (DraftState.PUBLISHED, DraftAction.SUPERSEDE): Move(DraftState.WITHDRAWN, _DRAFT_CHECKERS, ("comment",)),
}

PLAN_TRANSITIONS: Final[Mapping[tuple[PlanState, PlanAction], Move[PlanState]]] = {
    (PlanState.PROPOSED, PlanAction.ADD_CASE): Move(PlanState.PROPOSED, _SUPERVISOR, ("reason",)),
    (PlanState.PROPOSED, PlanAction.REMOVE_CASE): Move(PlanState.PROPOSED, _SUPERVISOR, ("reason",)),
    (PlanState.PROPOSED, PlanAction.CONFIRM): Move(PlanState.CONFIRMED, _SUPERVISOR),
}

READING_TRANSITIONS: Final[Mapping[tuple[ReadingState, ReadingAction], Move[ReadingState]]] = {
    (ReadingState.ASKED, ReadingAction.ASK_OTHER): Move(ReadingState.ASKED, _SUPERVISOR, ("assignee",)),
    (ReadingState.ASKED, ReadingAction.READ): Move(
        ReadingState.READ, _SUPERVISOR, ("outcome", "note"), second_person=True
    ),
    (ReadingState.READ, ReadingAction.AGREE): Move(ReadingState.SETTLED, _SUPERVISOR, second_person=True),
    (ReadingState.READ, ReadingAction.SETTLE): Move(
        ReadingState.SETTLED, _SUPERVISOR, ("outcome", "comment"), second_person=True
    ),
}

PROMOTION_TRANSITIONS: Final[Mapping[tuple[PromotionState, PromotionAction], Move[PromotionState]]] = {
    (PromotionState.REQUESTED, PromotionAction.APPROVE): Move(
        PromotionState.SERVING, _APPROVERS, ("comment",), second_person=True
    ),
    (PromotionState.REQUESTED, PromotionAction.REFUSE): Move(
        PromotionState.REFUSED, _APPROVERS, ("comment",), second_person=True
    ),
    (PromotionState.REQUESTED, PromotionAction.WITHDRAW): Move(
        PromotionState.WITHDRAWN, _TECHNICIAN, ("comment",)
    ),
    (PromotionState.SERVING, PromotionAction.REPLACE): Move(PromotionState.ENDED, _APPROVERS, ("comment",)),
    (PromotionState.SERVING, PromotionAction.ROLL_BACK): Move(
        PromotionState.ROLLED_BACK, _APPROVERS | _TECHNICIAN, ("comment",)
    ),
}


CONTACT_TRANSITIONS: Final[Mapping[tuple[ContactState, ContactAction], Move[ContactState]]] = {
    (ContactState.REQUESTED, ContactAction.APPROVE): Move(
        ContactState.GRANTED, _APPROVERS, second_person=True
    ),
    (ContactState.REQUESTED, ContactAction.REFUSE): Move(
        ContactState.REFUSED, _APPROVERS, ("comment",), second_person=True
    ),
    (ContactState.GRANTED, ContactAction.REFUSE): Move(
        ContactState.REFUSED, _APPROVERS, ("comment",), second_person=True
    ),
    (ContactState.REQUESTED, ContactAction.WITHDRAW): Move(ContactState.WITHDRAWN, _ASKERS),
    (ContactState.GRANTED, ContactAction.WITHDRAW): Move(ContactState.WITHDRAWN, _ASKERS),
}


def step(
    table: Mapping[tuple[StateT, ActionT], Move[StateT]],
    state: StateT,
    action: ActionT,
    *,
    actor: Actor,
    at: datetime,
    fields: Mapping[str, object] | None = None,
    earlier_actor: int | None = None,
) -> Change[StateT]:
    """Return the change that `action` makes from `state`, or raise by name. Touches nothing.

    fields: what the actor brings; a needed field that is absent, None or blank raises `MissingField`.
    earlier_actor: user id of the one who reported or proposed; moves with `second_person` refuse that person
    and refuse when nobody is known.
    """
    move = table.get((state, action))
    if move is None:
        raise UnknownTransition(state, action)
    if actor.role not in move.roles:
        raise RoleNotAllowed(actor.role, action)
    given = fields or {}
    missing = [name for name in move.needs if str(given.get(name) or "").strip() == ""]
    if missing:
        raise MissingField(missing)
    if move.second_person and (earlier_actor is None or actor.id is None or actor.id == earlier_actor):
        raise SecondPersonRequired(action)
    return Change(previous=state, new=move.to, action=action, actor=actor, at=at, fields=given)


def actions_from(
    table: Mapping[tuple[StateT, ActionT], Move[StateT]], state: StateT, *, role: Role | Machine
) -> tuple[ActionT, ...]:
    """The actions that this role may take from this state: what a page offers as buttons."""
    return tuple(action for (at, action), move in table.items() if at == state and role in move.roles)
