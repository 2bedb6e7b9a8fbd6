"""Who may do and see what: division ∧ managing authority ∧ assignment. Pure, and closed unless opened here.

Three questions, asked in this order:
  1. does the role hold the permission (`GRANTS`)?
  2. does the object lie in the actor's division, and may an office of this level look at it
     (`managing_level`: 干部管理权限 as the longest division code that may look)?
  3. is it the actor's by assignment (own task, own office)?
A complaint never reaches the body it speaks of or anything below it (`_speaks_of`).
`casework.scope` says the same in SQL; a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from casework.errors import NotPermitted
from casework.roles import CITY, COUNTY, PROVINCE, TOWN, Actor, Role, covers
from casework.states import ComplaintState


class Permission(StrEnum):
    READ_WATCHLIST = "read_watchlist"
    READ_WARNING = "read_warning"
    ACT_WARNING = "act_warning"
    SUBMIT_COMPLAINT = "submit_complaint"
    READ_COMPLAINT = "read_complaint"
    REVIEW_COMPLAINT = "review_complaint"
    ACT_COMPLAINT = "act_complaint"
    READ_TASK = "read_task"
    WORK_TASK = "work_task"
    DECIDE_TASK = "decide_task"
    READ_PLAN = "read_plan"
    DECIDE_PLAN = "decide_plan"
    REVEAL_IDENTITY = "reveal_identity"
    READ_CONTACT_REQUESTS = "read_contact_requests"
    ASK_CONTACT = "ask_contact"
    DECIDE_CONTACT = "decide_contact"
    READ_MODELS = "read_models"
    WRITE_DRAFT = "write_draft"
    DECIDE_DRAFT = "decide_draft"
    ADOPT_DRAFT = "adopt_draft"
    READ_ROOM = "read_room"
    REQUEST_PROMOTION = "request_promotion"
    DECIDE_PROMOTION = "decide_promotion"
    ROLL_BACK_MODEL = "roll_back_model"
    CHECK_PAYMENT = "check_payment"
    READ_ACCOUNTS = "read_accounts"
    READ_AUDIT = "read_audit"
    OWN_SESSION = "own_session"


class TaskKind(StrEnum):
    DATA_CHECK = "data_check"
    VERIFICATION = "verification"


class SubjectType(StrEnum):
    VILLAGE = "village"
    OFFICIAL = "official"
    PERSON = "person"
    HOUSEHOLD = "household"
    COMPANY = "company"
    TENDER = "tender"


_P = Permission
GRANTS: Final[dict[Role, frozenset[Permission]]] = {
    Role.CLERK: frozenset(
        {
            _P.OWN_SESSION, _P.SUBMIT_COMPLAINT, _P.READ_COMPLAINT, _P.REVIEW_COMPLAINT,
            _P.READ_CONTACT_REQUESTS, _P.ASK_CONTACT,
        }
    ),
    Role.SUPERVISOR: frozenset(
        {
            _P.OWN_SESSION, _P.READ_WATCHLIST, _P.READ_WARNING, _P.ACT_WARNING, _P.READ_COMPLAINT,
            _P.ACT_COMPLAINT, _P.READ_TASK, _P.WORK_TASK, _P.DECIDE_TASK, _P.REVEAL_IDENTITY, _P.READ_MODELS,
            _P.DECIDE_DRAFT, _P.ADOPT_DRAFT, _P.CHECK_PAYMENT, _P.READ_PLAN, _P.DECIDE_PLAN, _P.READ_ROOM,
            _P.DECIDE_PROMOTION, _P.ROLL_BACK_MODEL, _P.READ_CONTACT_REQUESTS, _P.ASK_CONTACT, _P.DECIDE_CONTACT,
        }
    ),
    Role.LIAISON: frozenset({_P.OWN_SESSION, _P.READ_TASK, _P.WORK_TASK}),
    Role.LEADER: frozenset(
        {
            _P.OWN_SESSION, _P.READ_WATCHLIST, _P.READ_WARNING, _P.READ_COMPLAINT, _P.READ_TASK,
            _P.READ_MODELS, _P.READ_PLAN, _P.READ_ROOM, _P.DECIDE_PROMOTION, _P.ROLL_BACK_MODEL,
            _P.READ_CONTACT_REQUESTS, _P.DECIDE_CONTACT,
        }
    ),
    Role.TECHNICIAN: frozenset(
        {
            _P.OWN_SESSION, _P.READ_MODELS, _P.WRITE_DRAFT, _P.DECIDE_DRAFT, _P.CHECK_PAYMENT, _P.READ_ROOM,
            _P.REQUEST_PROMOTION, _P.ROLL_BACK_MODEL,
        }
    ),
    Role.SYSTEM_ADMIN: frozenset({_P.OWN_SESSION}),
    Role.SECURITY_ADMIN: frozenset({_P.OWN_SESSION, _P.READ_ACCOUNTS}),
    Role.AUDIT_ADMIN: frozenset({_P.OWN_SESSION, _P.READ_AUDIT}),
}  # fmt: skip

OFFICE_STATES: Final = frozenset(
    {ComplaintState.KEY_MATTER, ComplaintState.IN_TASK, ComplaintState.CLOSED, ComplaintState.COPY}
)
"""A complaint is the office's in these, where it has one; a copy has that of the case behind which it stands."""


def allows(actor: Actor, permission: Permission) -> bool:
    return isinstance(actor.role, Role) and permission in GRANTS.get(actor.role, frozenset())


def require(actor: Actor, permission: Permission) -> None:
    """Raise `NotPermitted` unless the actor's role holds the permission."""
    if not allows(actor, permission):
        raise NotPermitted(permission)


@dataclass(frozen=True, kw_only=True)
class RiskFacts:
    """What access to a score or a warning depends on. also_in: further villages of what is not of one village."""

    village_code: str
    managing_level: int = TOWN
    also_in: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class ComplaintFacts:
    """What access to a complaint depends on. `about`: code of the village or body it speaks of, if known."""

    division: str
    about: str | None
    office: str | None
    state: ComplaintState


@dataclass(frozen=True, kw_only=True)
class TaskFacts:
    """What access to a task depends on. `about`: the village or body that is checked."""

    kind: TaskKind
    office: str
    about: str | None
    managing_level: int
    assignee_id: int


@dataclass(frozen=True, kw_only=True)
class DraftFacts:
    """What access to a model that a county wrote depends on. scope: where it is in force, None when it is not."""

    division: str
    scope: str | None


def sees_draft(actor: Actor, facts: DraftFacts) -> bool:
    """An office sees drafts of its own and of offices below it, and every model in force where it works."""
    return allows(actor, Permission.READ_MODELS) and (
        covers(actor.division, facts.division)
        or (facts.scope is not None and covers(facts.scope, actor.division))
    )


def may_write_drafts(actor: Actor) -> bool:
    """Models are written in counties and above; a town or village has too few cases to learn from."""
    return allows(actor, Permission.WRITE_DRAFT) and len(actor.division) <= COUNTY


def may_decide_draft(actor: Actor, facts: DraftFacts) -> bool:
    """Publishing is for the division of the author."""
    return allows(actor, Permission.DECIDE_DRAFT) and actor.division == facts.division


def may_adopt_draft(actor: Actor, facts: DraftFacts) -> bool:
    """A city or province adopts what is in force in a division below it."""
    return (
        allows(actor, Permission.ADOPT_DRAFT)
        and len(actor.division) <= CITY
        and facts.scope is not None
        and covers(actor.division, facts.scope)
        and actor.division != facts.scope
    )


def may_retire_draft(actor: Actor, facts: DraftFacts) -> bool:
    """What is in force is taken out of force by the office that put it there, or one above."""
    return (
        allows(actor, Permission.ADOPT_DRAFT)
        and facts.scope is not None
        and covers(actor.division, facts.scope)
    )


def sees_plan(actor: Actor, division: str) -> bool:
    """A county's plan is for the county's office and those above: towns and stations see their own tasks only."""
    return allows(actor, Permission.READ_PLAN) and covers(actor.division, division)


def may_decide_plan(actor: Actor, division: str) -> bool:
    """A supervisor of the county or above draws up, edits and confirms its plan."""
    return allows(actor, Permission.DECIDE_PLAN) and covers(actor.division, division)


def works_for_all(actor: Actor, *, office: str) -> bool:
    """A trained model serves everybody here, so only people of the installation's own office, or above, handle it."""
    return allows(actor, Permission.READ_ROOM) and covers(actor.division, office)


def sees_risk(actor: Actor, facts: RiskFacts) -> bool:
    """Scores and warnings: inside the division, and the office stands high enough to manage the official.

    What has to do with several villages is seen by whoever covers one of them; of its rows each sees those of the
    own part only (`sees_all_of` tells whether that is everything).
    """
    return (
        allows(actor, Permission.READ_WARNING)
        and any(covers(actor.division, code) for code in (facts.village_code, *facts.also_in))
        and len(actor.division) <= facts.managing_level
    )


def sees_all_of(actor: Actor, facts: RiskFacts) -> bool:
    """Whether every village of a score lies in the actor's division."""
    return sees_risk(actor, facts) and all(
        covers(actor.division, code) for code in (facts.village_code, *facts.also_in)
    )


def sees_complaint(actor: Actor, facts: ComplaintFacts) -> bool:
    """A clerk sees what came in to the division; others only key matters routed to their office or below it."""
    if not allows(actor, Permission.READ_COMPLAINT) or _speaks_of(actor, facts.about):
        return False
    if actor.role is Role.CLERK:
        return covers(actor.division, facts.division)
    return facts.state in OFFICE_STATES and facts.office is not None and covers(actor.division, facts.office)


def may_decide_contact(actor: Actor, *, asked_in: str, about: str | None) -> bool:
    """Whether this person may let another see how a sender is reached: of the asker's office or above, never of the line
    that the complaint speaks of. Who asked and who decides are two people; `states.step` sees to that.
    """
    return (
        allows(actor, Permission.DECIDE_CONTACT)
        and covers(actor.division, asked_in)
        and not _speaks_of(actor, about)
    )


def meets_ledger(actor: Actor, facts: ComplaintFacts) -> bool:
    """Who sees a complaint is told what registers say of its village, if the village lies in the actor's division.

    Of warnings only the number and the gravest level; to open one takes `sees_risk`.
    """
    return sees_complaint(actor, facts) and facts.about is not None and covers(actor.division, facts.about)


def sees_task(actor: Actor, facts: TaskFacts) -> bool:
    """A liaison station sees only its own data checks; an office its own and those of offices below it."""
    if not allows(actor, Permission.READ_TASK):
        return False
    if actor.role is Role.LIAISON:
        return facts.kind is TaskKind.DATA_CHECK and facts.assignee_id == actor.id
    return (
        (covers(actor.division, facts.office) or facts.assignee_id == actor.id)
        and len(actor.division) <= facts.managing_level
        and not _speaks_of(actor, facts.about)
    )


def may_receive(assignee: Actor, facts: TaskFacts) -> str | None:
    """None when this person may be given the task, else the reason in Chinese."""
    if assignee.role is Role.LIAISON:
        if facts.kind is not TaskKind.DATA_CHECK:
            return "涉及检举控告或干部的核查不得交监察联络站"
        related = facts.about is not None and (
            covers(assignee.division, facts.about) or covers(facts.about, assignee.division)
        )
        return None if related else "不在该联络站所在区划"
    if assignee.role is not Role.SUPERVISOR:
        return "只有监督检查人员和监察联络站可以承办任务"
    if facts.about is not None and not covers(assignee.division, facts.about):
        return "不在其管辖区划内"
    return None if sees_task(assignee, facts) else "按干部管理权限或回避要求不能承办"


def default_office(about: str | None, *, received_in: str) -> str:
    """The office that handles a key matter unless a person routes it elsewhere: one level above what it names.

    A village goes to its town, a town to its county; without a place it stays where it was received.
    """
    if about is None:
        return received_in
    return {COUNTY: about[:CITY], TOWN: about[:COUNTY], CITY: about[:PROVINCE]}.get(len(about), about[:TOWN])


def office_may_handle(office: str, *, about: str | None) -> bool:
    """An office handles what lies below it, never itself and never what lies above."""
    return about is None or (covers(office, about) and office != about)


def reader_of(office: str | None, *, about: str | None) -> str | None:
    """The office, unless there is none or it may not handle what lies there."""
    return office if office and office_may_handle(office, about=about) else None


def managing_level(authority: str | None) -> int:
    """Length of the division code of the office that manages an official (干部管理权限 as the register words it).

    Village cadres without an entry are managed by the town; wording not understood is treated as the county's,
    so that it opens to fewer people and not to more.
    """
    if not authority:
        return TOWN
    for word, level in (("省", PROVINCE), ("市", CITY), ("县", COUNTY), ("区", COUNTY)):
        if word in authority:
            return level
    return TOWN if any(word in authority for word in ("镇", "乡", "街道")) else COUNTY


def _speaks_of(actor: Actor, about: str | None) -> bool:
    return about is not None and covers(about, actor.division)
