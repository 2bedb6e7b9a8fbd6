"""The pages that people read. Each is one look; what they change is in `api.page_actions`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy.orm import Session

from api.context import Db, Services, Svc
from api.reading_views import reading_answer
from api.rendering import go_to, render
from api.security import Requires, open_to_all
from api.views import evidence_by_finding, task_history
from casework import complaints, contacts, tasks, warnings
from casework.access import (
    Permission,
    SubjectType,
    TaskKind,
    allows,
    default_office,
)
from casework.attachments import NOT_OPEN, attachments_of
from casework.channel_models import Attachment, FollowUp
from casework.duplicates import standings
from casework.events import history
from casework.fields import FIELDS, QUICK_FIELDS
from casework.follow_ups import thread_of
from casework.grouping import (
    MOST_BESIDE,
    copies_page,
    copy_counts,
    doubted_in_copies,
    keywords_of_copies,
    lead_of,
    of_copies,
    pressing_copies,
)
from casework.guides import guide_for
from casework.ledger_meeting import complaints_beside, meeting, raise_sentences
from casework.lexicon import words_found
from casework.message_reading import understand
from casework.models import CaseWarning, Complaint, Outcome, Task, User
from casework.plan_models import SecondReading
from casework.raising import added_to
from casework.roles import TOWN, Actor
from casework.scope import visible_complaints
from casework.second_readings import hidden_reports, shown_reading
from casework.similar import earlier_cases, maybe_same_event
from casework.states import (
    COMPLAINT_TRANSITIONS,
    TASK_TRANSITIONS,
    WARNING_TRANSITIONS,
    ComplaintState,
    TaskAction,
    TaskState,
    actions_from,
)
from casework.watchlist import place_names
from casework.working_days import local_date
from ml.triage.labels import CLASSES, NATURES, URGENCIES

router = APIRouter(include_in_schema=False)
PAGE_SIZE: Final = 25
MOST_ALIKE: Final = 100
QUICK_CLASSES: Final = {"申诉": "s", "批评建议": "p", "业务范围外": "o"}
QUICK_URGENCIES: Final = {
    "threat_to_life": "l", "retaliation": "r", "group_event": "g", "money_moving": "m", "none": "u",
}  # fmt: skip
"""Classes and urgencies with their keys in the inbox; a key matter (K) is a 检举控告."""
_FIRST_PAGES: Final = (
    (Permission.READ_WATCHLIST, "/villages"),
    (Permission.READ_COMPLAINT, "/inbox"),
    (Permission.READ_TASK, "/tasks"),
    (Permission.READ_MODELS, "/models"),
)
Page = Annotated[int, Query(ge=1, le=10_000)]
Reader = Annotated[Actor, Depends(Requires(Permission.READ_WATCHLIST))]


@router.get("/login", dependencies=[Depends(open_to_all)])
def show_login(request: Request) -> HTMLResponse:
    return render(request, "login.html", {})


@router.get("/", response_model=None)
def show_start(
    request: Request, actor: Annotated[Actor, Depends(Requires(Permission.OWN_SESSION))]
) -> HTMLResponse | RedirectResponse:
    """The first page of a role; roles without case content get a page that says where their work is."""
    for permission, path in _FIRST_PAGES:
        if allows(actor, permission):
            return go_to(path)
    return render(request, "start.html", {})


@router.get("/warnings/{warning_id}")
def show_warning(
    warning_id: int,
    request: Request,
    session: Db,
    svc: Svc,
    actor: Annotated[Actor, Depends(Requires(Permission.READ_WARNING))],
) -> HTMLResponse:
    warning = warnings.visible_warning(session, actor, warning_id)
    page = {
        "warning": warning,
        "place": place_names(session, [warning.village_code]).get(warning.village_code, warning.village_code),
        "guide": guide_for(svc.models.get(warning.model_id), kind=TaskKind.VERIFICATION),
        "evidence": evidence_by_finding(svc.home, [warning]).get(warning.finding_id, []),
        "history": history(session, warning),
        "actions": actions_from(WARNING_TRANSITIONS, warning.state, role=actor.role),
        "assignees": _assignees_of_warning(session, actor, warning),
        "beside": complaints_beside(session, visible_complaints(actor), warning),
    }
    return render(request, "warning.html", page)


@router.get("/warnings/{warning_id}/alike")
def show_warnings_alike(
    warning_id: int,
    request: Request,
    session: Db,
    actor: Annotated[Actor, Depends(Requires(Permission.READ_WARNING))],
) -> HTMLResponse:
    """The same problem elsewhere: warnings of the model that this person may see, the most like this one first."""
    warning = warnings.visible_warning(session, actor, warning_id)
    found = warnings.warnings_alike(session, actor, warning_id, division="", limit=MOST_ALIKE)
    codes = [warning.village_code, *(alike.warning.village_code for alike in found)]
    page = {"warning": warning, "rows": found, "places": place_names(session, codes), "most": MOST_ALIKE}
    return render(request, "alike.html", page)


@router.get("/inbox", response_model=None)
def show_inbox(
    *,
    request: Request,
    session: Db,
    actor: Annotated[Actor, Depends(Requires(Permission.READ_COMPLAINT))],
    state: str = "",
    spam: bool = False,
    added: bool = False,
    receipt: str = "",
    page: Page = 1,
    decided: int | None = None,
) -> HTMLResponse | RedirectResponse:
    """Opens on what waits: for review, or, for those who do not review, to be given to somebody. `state=all`: all.

    `decided`: the complaint that this person has just answered, to be told what was stored.
    """
    if receipt and (named := complaints.visible_by_receipt(session, actor, receipt)):
        return go_to(f"/complaints/{named.id}")
    reviews = allows(actor, Permission.REVIEW_COMPLAINT)
    waits = ComplaintState.TRIAGED if reviews else ComplaintState.KEY_MATTER
    asked = ComplaintState(state) if state in set(ComplaintState) else None
    wanted = asked if state or spam or added else waits
    found, total = complaints.inbox(
        session, actor, state=wanted, spam=spam, added=added, page=page, size=PAGE_SIZE
    )
    rows = [(row, complaints.deciding_words(row), complaints.proposed_review(row)) for row in found]
    ids = [row.id for row in found]
    shown = {
        "rows": rows,
        "places": place_names(session, [row.about for row in found if row.about]),
        "copies": copy_counts(session, ids),
        "pressing": pressing_copies(session, ids),
        "standings": standings(session, found, visible=visible_complaints(actor)),
        "keywords": words_found(session, ids),
        "copies_keywords": keywords_of_copies(session, ids),
        "copies_doubted": doubted_in_copies(session, ids),
        "raised": raise_sentences(session, actor, found),
        "quick_fields": QUICK_FIELDS,
        "quick_classes": QUICK_CLASSES,
        "quick_urgencies": QUICK_URGENCIES,
        "added": added_to(session, actor, ids),
        "decided": complaints.decided_now(session, actor, decided),
        "spam": spam,
        "only_added": added,
        "receipt": receipt,
        "total": total,
        "page": page,
        "size": PAGE_SIZE,
    }
    states = [ComplaintState.TRIAGED, ComplaintState.KEY_MATTER, ComplaintState.IN_TASK]
    return render(
        request,
        "inbox.html",
        shown | {"wanted": wanted, "states": states, "reviews": reviews},
    )


@router.get("/complaints/{complaint_id}")
def show_complaint(
    *,
    complaint_id: int,
    request: Request,
    session: Db,
    svc: Svc,
    actor: Annotated[Actor, Depends(Requires(Permission.READ_COMPLAINT))],
    page: Page = 1,
) -> HTMLResponse:
    return complaint_page(request, session, svc, actor, complaint_id, page=page)


def complaint_page(
    request: Request,
    session: Session,
    svc: Services,
    actor: Actor,
    complaint_id: int,
    *,
    page: int = 1,
    refused_place: tuple[str, str] = ("", ""),
    status: int = 200,
) -> HTMLResponse:
    """The page of a complaint. refused_place: what was written as its place, and why it is none."""
    complaint = complaints.visible_complaint(session, actor, complaint_id)
    understood = understand(session, actor, complaint, home=svc.home, vault=svc.vault, at=svc.clock())
    shown = {
        "complaint": complaint,
        "reading": reading_answer(session, understood),
        "found": complaints.deciding_words(complaint),
        "proposal": complaints.proposed_review(complaint),
        "place": place_names(session, [complaint.about or ""]).get(complaint.about or ""),
        "office": complaint.office or default_office(complaint.about, received_in=complaint.division),
        "natures": NATURES,
        "fields": FIELDS,
        "classes": CLASSES,
        "urgencies": URGENCIES,
        "history": history(session, complaint),
        "actions": actions_from(COMPLAINT_TRANSITIONS, complaint.state, role=actor.role),
        "assignees": _assignees_of_complaint(session, actor, complaint),
        "ledger": meeting(session, actor, complaint, home=svc.home),
        "earlier": earlier_cases(session, actor, complaint_id),
        "files": attachments_of(session, complaint_id),
        "not_open": NOT_OPEN,
        "thread": thread_of(session, complaint_id),
        "added": bool(added_to(session, actor, [complaint_id])),
        "may_ask": allows(actor, Permission.REVIEW_COMPLAINT) or allows(actor, Permission.ACT_COMPLAINT),
        "refused_place": refused_place,
        **_contact_of(session, actor, complaint, at=svc.clock()),
        **_group_of(session, actor, complaint, page=page),
    }
    return render(request, "complaint.html", shown, status=status)


def _contact_of(session: Session, actor: Actor, complaint: Complaint, *, at: datetime) -> dict[str, object]:
    """This person's requests to see how the sender is reached, and who could approve one."""
    if not allows(actor, Permission.ASK_CONTACT):
        return {"contact_requests": [], "who_decides": ""}
    return {
        "contact_requests": contacts.of_complaint(session, actor, complaint, at=at),
        "who_decides": contacts.who_decides(session, actor, complaint),
    }


def _group_of(session: Session, actor: Actor, complaint: Complaint, *, page: int) -> dict[str, object]:
    """The copies of a case, or the case of a copy; and what a clerk may find to be the same event."""
    lead = lead_of(session, complaint.id)
    copies, total = copies_page(session, actor, complaint.id, page=page, size=PAGE_SIZE)
    reviews = allows(actor, Permission.REVIEW_COMPLAINT) and lead is None
    return {
        "lead": lead,
        "standing": standings(session, [complaint], visible=visible_complaints(actor))[complaint.id],
        "lead_visible": lead is not None and complaints.is_visible(session, actor, lead),
        "copies": copies,
        "copies_total": total,
        "pressing": pressing_copies(session, [complaint.id]).get(complaint.id, ()),
        "copies_keywords": keywords_of_copies(session, [complaint.id]).get(complaint.id, ()),
        "copies_doubted": bool(doubted_in_copies(session, [complaint.id])),
        "keywords_in": words_found(session, [copy.id for copy in copies]),
        "copies_page": page,
        "files_beside": of_copies(session, actor, complaint.id, Attachment),
        "thread_beside": of_copies(session, actor, complaint.id, FollowUp),
        "most_beside": MOST_BESIDE,
        "copies_size": PAGE_SIZE,
        "events": maybe_same_event(session, actor, complaint.id) if reviews else [],
    }


@router.get("/tasks")
def show_tasks(
    *,
    request: Request,
    session: Db,
    svc: Svc,
    actor: Annotated[Actor, Depends(Requires(Permission.READ_TASK))],
    state: str = "",
    page: Page = 1,
) -> HTMLResponse:
    wanted = TaskState(state) if state in set(TaskState) else None
    found, total = tasks.tasks_page(session, actor, state=wanted, page=page, size=PAGE_SIZE)
    places = place_names(session, [task.about for task in found if task.about])
    shown = {
        "hidden": hidden_reports(session, actor, [task.id for task in found]),
        "rows": found,
        "places": places,
        "total": total,
        "page": page,
        "size": PAGE_SIZE,
    }
    return render(
        request,
        "tasks.html",
        shown | {"wanted": wanted, "states": list(TaskState), "today": local_date(svc.clock())},
    )


@router.get("/tasks/{task_id}")
def show_task(
    task_id: int,
    request: Request,
    session: Db,
    svc: Svc,
    actor: Annotated[Actor, Depends(Requires(Permission.READ_TASK))],
) -> HTMLResponse:
    task = tasks.visible_task(session, actor, task_id)
    reading = shown_reading(session, actor, task)
    hidden = bool(hidden_reports(session, actor, [task_id]))
    page = {
        "task": task,
        "place": place_names(session, [task.about or ""]).get(task.about or "", task.about),
        "history": task_history(session, actor, task),
        "actions": _task_actions(task, actor) - _not_for_reader(reading, actor),
        "hidden": hidden,
        "reading": reading,
        "outcomes": list(Outcome),
        "overdue": task.state is not TaskState.CLOSED and task.due_on < local_date(svc.clock()),
    }
    return render(request, "task.html", page)


def _not_for_reader(reading: SecondReading | None, actor: Actor) -> set[str]:
    """Whoever answers as the second person does not decide."""
    if reading is None or reading.reader_id != actor.id:
        return set()
    return {TaskAction.APPROVE.value, TaskAction.RETURN.value, TaskAction.REASSIGN.value}


def _assignees_of_warning(
    session: Session, actor: Actor, warning: CaseWarning
) -> list[tuple[TaskKind, User]]:
    """Who may get which kind of task on this warning."""
    if not allows(actor, Permission.ACT_WARNING):
        return []
    official = warning.subject_type is SubjectType.OFFICIAL
    kinds = [TaskKind.VERIFICATION] if official else [TaskKind.VERIFICATION, TaskKind.DATA_CHECK]
    return [
        (kind, user)
        for kind in kinds
        for user in tasks.possible_assignees(
            session,
            actor,
            kind=kind,
            office=actor.division,
            about=warning.village_code,
            managing_level=warning.managing_level,
        )
    ]


def _assignees_of_complaint(session: Session, actor: Actor, complaint: Complaint) -> list[User]:
    if not allows(actor, Permission.ACT_COMPLAINT) or complaint.office is None:
        return []
    return tasks.possible_assignees(
        session,
        actor,
        kind=TaskKind.VERIFICATION,
        office=complaint.office,
        about=complaint.about,
        managing_level=TOWN,
    )


def _task_actions(task: Task, actor: Actor) -> set[str]:
    """What this person may do with this task now: own work as assignee, decisions on others' reports."""
    offered = set(actions_from(TASK_TRANSITIONS, task.state, role=actor.role))
    if task.assignee_id != actor.id:
        offered -= {TaskAction.ACCEPT, TaskAction.REPORT}
    if task.reported_by == actor.id:
        offered -= {TaskAction.APPROVE, TaskAction.RETURN}
    return {action.value for action in offered}
