"""When a complaint and a warning raise each other in the lists of people, and a sender a case: conditions in SQL."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import ColumnElement, Select, and_, case, func, literal_column, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from casework.channel_models import FollowUp
from casework.fields import FIELD_OF_LABEL
from casework.group_models import ComplaintCopy
from casework.models import CaseWarning, Complaint
from casework.roles import Actor
from casework.scope import visible_complaints, within
from casework.states import ComplaintState, WarningState

AT_WORK: Final = (WarningState.OPEN, WarningState.IN_TASK, WarningState.SET_ASIDE_PROPOSED)
_Copy: Final = aliased(Complaint)
_NEWEST: Final = select(func.max(FollowUp.id)).group_by(FollowUp.complaint_id)
OPEN_CASES: Final = (ComplaintState.TRIAGED, ComplaintState.KEY_MATTER, ComplaintState.IN_TASK)


def raised_by_ledger(actor: Actor) -> ColumnElement[bool]:
    """A complaint of whose village and field a warning is at work, at a level that this person's office may look at."""
    return select(CaseWarning.id).where(meets(actor)).correlate(Complaint).exists()


def raised_by_sender(actor: Actor) -> ColumnElement[bool]:
    """A complaint to which its sender, or that of a copy that this person may see, added what no question followed."""
    return or_(_added_last(Complaint.id), Complaint.id.in_(_leads_of_added(actor)))


def added_to(session: Session, actor: Actor, complaint_ids: Iterable[int]) -> set[int]:
    """Those of the complaints, which the caller may see, that `raised_by_sender` raises."""
    query = select(Complaint.id).where(Complaint.id.in_(list(complaint_ids)), raised_by_sender(actor))
    return set(session.scalars(query))


def pressing(of: type[Complaint]) -> ColumnElement[bool]:
    """A complaint that presses, written as its index has it: with the empty text itself and no parameter."""
    return of.presses != literal_column("''")


def doubtful(of: type[Complaint]) -> ColumnElement[bool]:
    """A complaint that the model takes for a key matter or leaves to a person."""
    return or_(of.model_key.is_(True), of.abstain.is_(True))


def copy_presses(copy: type[Complaint], lead: type[Complaint]) -> ColumnElement[bool]:
    """A copy that presses. What a person said of its lead holds for it, too, where the model said the same of both."""
    said_of_lead = and_(
        lead.decided_urgency.is_not(None), copy.decided_urgency.is_(None), copy.urgency == lead.urgency
    )
    return and_(pressing(copy), ~said_of_lead)


def _leads_of_added(actor: Actor) -> Select[int]:
    return (
        select(ComplaintCopy.lead_id)
        .join(_Copy, _Copy.id == ComplaintCopy.complaint_id)
        .where(visible_complaints(actor, _Copy), _added_last(_Copy.id))
    )


def _added_last(complaint_id: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """The newest entry of the thread of one message is its sender's."""
    return complaint_id.in_(
        select(FollowUp.complaint_id).where(FollowUp.id.in_(_NEWEST), FollowUp.by.is_(None))
    )


def meets(actor: Actor) -> ColumnElement[bool]:
    """A warning at work and a complaint are of one village and one field, within the actor's division and level."""
    return and_(
        _in_one_place(),
        CaseWarning.state.in_(AT_WORK),
        CaseWarning.managing_level >= len(actor.division),
        within(CaseWarning.village_code, actor.division),
    )


def raised_by_complaints(visible: ColumnElement[bool]) -> ColumnElement[bool]:
    """A warning of whose village and field a complaint is open. visible: `scope.visible_complaints` of the person."""
    beside = select(Complaint.id).where(visible, Complaint.state.in_(OPEN_CASES), _in_one_place())
    return beside.correlate(CaseWarning).exists()


def field_of_complaint() -> ColumnElement[str]:
    """Field of a complaint: as reviewed, else as the model's label maps."""
    mapped = case(FIELD_OF_LABEL, value=Complaint.model_field, else_=Complaint.model_field)
    return func.coalesce(Complaint.field, mapped)


def _in_one_place() -> ColumnElement[bool]:
    """The warning's village is what the complaint speaks of, or lies in it, and the field is the same."""
    return and_(
        CaseWarning.village_code.startswith(Complaint.about), CaseWarning.field == field_of_complaint()
    )
