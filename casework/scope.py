"""The rules of `casework.access` as SQL conditions, for lists. A test holds both to the same answers."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, exists, false, func, literal, or_
from sqlalchemy.orm import InstrumentedAttribute

from casework.access import OFFICE_STATES, Permission, TaskKind, allows
from casework.contact_models import ContactRequest
from casework.models import CaseWarning, Complaint, Entity, ModelDraft, Score, ScorePlace, Task
from casework.plan_models import Plan
from casework.roles import Actor, Role, is_division


def visible_risks(actor: Actor, table: type[CaseWarning]) -> ColumnElement[bool]:
    """Rows of warnings for which `access.sees_risk` is true."""
    if not allows(actor, Permission.READ_WARNING):
        return false()
    return and_(within(table.village_code, actor.division), table.managing_level >= len(actor.division))


def visible_scores(actor: Actor, entity: Entity) -> ColumnElement[bool]:
    """Scores of an entity for which `access.sees_risk` is true."""
    if not allows(actor, Permission.READ_WARNING):
        return false()
    return and_(
        Score.entity == entity,
        lies_in(actor.division, entity),
        Score.managing_level >= len(actor.division),
    )


def lies_in(division: str, entity: Entity) -> ColumnElement[bool]:
    """Scores of an entity that has to do with a village of the division; only suppliers have more than one."""
    own = within(Score.village_code, division)
    if entity is not Entity.SUPPLIER:
        return own
    further = exists().where(ScorePlace.score_id == Score.id, within(ScorePlace.village_code, division))
    return or_(own, further)


def visible_complaints(actor: Actor, of: type[Complaint] = Complaint) -> ColumnElement[bool]:
    """Complaints for which `access.sees_complaint` is true. of: the table, or an alias of it."""
    if not allows(actor, Permission.READ_COMPLAINT):
        return false()
    not_spoken_of = _does_not_speak_of(actor, of.about)
    if actor.role is Role.CLERK:
        return and_(within(of.division, actor.division), not_spoken_of)
    return and_(of.state.in_(OFFICE_STATES), within(of.office, actor.division), not_spoken_of)


def visible_tasks(actor: Actor) -> ColumnElement[bool]:
    """Tasks for which `access.sees_task` is true."""
    if not allows(actor, Permission.READ_TASK):
        return false()
    own = Task.assignee_id == actor.id
    if actor.role is Role.LIAISON:
        return and_(Task.kind == TaskKind.DATA_CHECK, own)
    return and_(
        or_(within(Task.office, actor.division), own),
        Task.managing_level >= len(actor.division),
        _does_not_speak_of(actor, Task.about),
    )


def decidable_contacts(actor: Actor) -> ColumnElement[bool]:
    """Requests, joined with their complaints, for which `access.may_decide_contact` is true."""
    if not allows(actor, Permission.DECIDE_CONTACT):
        return false()
    return and_(within(ContactRequest.division, actor.division), _does_not_speak_of(actor, Complaint.about))


def visible_drafts(actor: Actor) -> ColumnElement[bool]:
    """Drafts for which `access.sees_draft` is true."""
    if not allows(actor, Permission.READ_MODELS):
        return false()
    if not is_division(actor.division):
        return false()
    scope = ModelDraft.scope
    in_force = and_(scope.is_not(None), func.substr(literal(actor.division), 1, func.length(scope)) == scope)
    return or_(within(ModelDraft.division, actor.division), in_force)


def visible_plans(actor: Actor) -> ColumnElement[bool]:
    """Plans for which `access.sees_plan` is true."""
    return within(Plan.division, actor.division) if allows(actor, Permission.READ_PLAN) else false()


def within(
    column: InstrumentedAttribute[str] | InstrumentedAttribute[str | None], division: str
) -> ColumnElement[bool]:
    """The code in `column` lies in `division`; a malformed division holds nothing."""
    return column.startswith(division, autoescape=True) if is_division(division) else false()


def _does_not_speak_of(actor: Actor, about: InstrumentedAttribute[str | None]) -> ColumnElement[bool]:
    actor_division = literal(actor.division)
    return or_(about.is_(None), func.substr(actor_division, 1, func.length(about)) != about)
