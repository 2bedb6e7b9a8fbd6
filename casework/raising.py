"""When a complaint and a warning raise each other in the lists of people: conditions in SQL."""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement, and_, case, func, select

from casework.fields import FIELD_OF_LABEL
from casework.models import CaseWarning, Complaint
from casework.roles import Actor
from casework.scope import within
from casework.states import ComplaintState, WarningState

AT_WORK: Final = (WarningState.OPEN, WarningState.IN_TASK, WarningState.SET_ASIDE_PROPOSED)
OPEN_CASES: Final = (ComplaintState.TRIAGED, ComplaintState.KEY_MATTER, ComplaintState.IN_TASK)


def raised_by_ledger(actor: Actor) -> ColumnElement[bool]:
    """A complaint of whose village and field a warning is at work, at a level that this person's office may look at."""
    return select(CaseWarning.id).where(meets(actor)).correlate(Complaint).exists()


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
