"""What people change from pages: forms in, one step of casework, back to the page they came from."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from api.context import Db, Svc
from api.pages import complaint_page
from api.problems import KINDS, TooManyAttempts, WrongPassword, refused
from api.rendering import go_to, render
from api.routes_session import checked_sign_in
from api.security import COOKIE, Requires, open_to_all
from casework import complaints, second_reader, tasks, warnings
from casework.access import Permission, TaskKind
from casework.accounts import SESSION_LENGTH, sign_out
from casework.errors import BadInput
from casework.message_reading import confirm_place
from casework.models import Outcome
from casework.roles import Actor
from casework.states import ComplaintState, WarningAction
from registers.values import BadValue, parse_amount_fen

router = APIRouter(include_in_schema=False)
Text = Annotated[str, Form()]
Reviewer = Annotated[Actor, Depends(Requires(Permission.REVIEW_COMPLAINT))]
Worker = Annotated[Actor, Depends(Requires(Permission.WORK_TASK))]
Decider = Annotated[Actor, Depends(Requires(Permission.DECIDE_TASK))]


@router.post("/login", dependencies=[Depends(open_to_all)])
def log_in(request: Request, svc: Svc, login: Text, password: Text) -> Response:
    try:
        signed_in = checked_sign_in(svc, login=login, password=password, request=request)
    except (WrongPassword, TooManyAttempts) as error:
        status = KINDS[type(error)].status
        return render(request, "login.html", {"problem": str(error), "login": login}, status=status)
    answer = go_to("/")
    answer.set_cookie(
        COOKIE,
        signed_in.token,
        max_age=int(SESSION_LENGTH.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=svc.secure_cookies,
    )
    return answer


@router.post("/logout")
def log_out(
    request: Request,
    session: Db,
    _actor: Annotated[Actor, Depends(Requires(Permission.OWN_SESSION))],
) -> RedirectResponse:
    sign_out(session, request.cookies.get(COOKIE, ""))
    answer = go_to("/login")
    answer.delete_cookie(COOKIE)
    return answer


@router.post("/complaints/{complaint_id}/confirm")
def confirm_proposal(complaint_id: int, session: Db, svc: Svc, actor: Reviewer) -> RedirectResponse:
    """One key: what the model proposed is right."""
    complaint = complaints.visible_complaint(session, actor, complaint_id)
    complaints.review(session, actor, complaint_id, complaints.proposed_review(complaint), at=svc.clock())
    return go_to(f"/inbox?state={ComplaintState.TRIAGED}&decided={complaint_id}")


@router.post("/complaints/{complaint_id}/place", response_model=None)
def confirm_or_correct_place(
    *, request: Request, complaint_id: int, session: Db, svc: Svc, actor: Reviewer, about: Text = ""
) -> Response:
    """The proposed place or one written by hand; what is none comes back on the page with the reason."""
    try:
        confirm_place(session, actor, complaint_id, about=about, at=svc.clock())
    except BadInput as error:
        kind = refused(request, session, error)
        why = (about, str(error))
        with svc.sessions.begin() as again:
            return complaint_page(
                request, again, svc, actor, complaint_id, refused_place=why, status=kind.status
            )
    return go_to(f"/complaints/{complaint_id}")


@router.post("/complaints/{complaint_id}/review")
def correct_proposal(
    *,
    complaint_id: int,
    session: Db,
    svc: Svc,
    actor: Reviewer,
    key: Text,
    nature: Text,
    field: Text,
    official_class: Text = "",
    office: Text = "",
    comment: Text = "",
) -> RedirectResponse:
    decided = complaints.Review(
        key=key == "yes",
        nature=nature,
        field=field,
        official_class=official_class or None,
        office=office or None,
        comment=comment or None,
    )
    complaints.review(session, actor, complaint_id, decided, at=svc.clock())
    return go_to(f"/inbox?state={ComplaintState.TRIAGED}")


@router.post("/complaints/{complaint_id}/transfer")
def transfer_complaint(
    complaint_id: int, session: Db, svc: Svc, actor: Reviewer, destination: Text
) -> RedirectResponse:
    complaints.transfer(session, actor, complaint_id, destination=destination, at=svc.clock())
    return go_to(f"/complaints/{complaint_id}")


@router.post("/complaints/{complaint_id}/return")
def return_complaint(
    complaint_id: int,
    session: Db,
    svc: Svc,
    actor: Annotated[Actor, Depends(Requires(Permission.ACT_COMPLAINT))],
    comment: Text,
) -> RedirectResponse:
    complaints.return_to_clerk(session, actor, complaint_id, comment=comment, at=svc.clock())
    return go_to("/inbox")


@router.post("/complaints/{complaint_id}/tasks")
def open_task_on_complaint(
    complaint_id: int,
    session: Db,
    svc: Svc,
    actor: Annotated[Actor, Depends(Requires(Permission.ACT_COMPLAINT))],
    assignee_id: Annotated[int, Form()],
) -> RedirectResponse:
    given = tasks.Assignment(assignee_id=assignee_id)
    task = tasks.open_from_complaint(session, actor, complaint_id, given, at=svc.clock())
    return go_to(f"/tasks/{task.id}")


@router.post("/warnings/{warning_id}/tasks")
def open_task_on_warning(
    warning_id: int,
    session: Db,
    svc: Svc,
    actor: Annotated[Actor, Depends(Requires(Permission.ACT_WARNING))],
    assignment: Text,
) -> RedirectResponse:
    """assignment: "<kind>:<user id>", one choice of the page's list."""
    kind, _, user_id = assignment.partition(":")
    if kind not in set(TaskKind) or not user_id.isdecimal():
        raise BadInput("assignment", "请选择任务类型和承办人")
    given = tasks.Assignment(assignee_id=int(user_id), kind=TaskKind(kind))
    task = tasks.open_from_warning(session, actor, warning_id, given, models=svc.models, at=svc.clock())
    return go_to(f"/tasks/{task.id}")


@router.post("/warnings/{warning_id}/actions")
def act_on_warning(
    *,
    warning_id: int,
    session: Db,
    svc: Svc,
    actor: Annotated[Actor, Depends(Requires(Permission.ACT_WARNING))],
    action: Annotated[WarningAction, Form()],
    comment: Text = "",
) -> RedirectResponse:
    warnings.take_action(session, actor, warning_id, action, comment=comment or None, at=svc.clock())
    return go_to(f"/warnings/{warning_id}")


@router.post("/tasks/{task_id}/accept")
def accept_task(task_id: int, session: Db, svc: Svc, actor: Worker) -> RedirectResponse:
    tasks.accept(session, actor, task_id, at=svc.clock())
    return go_to(f"/tasks/{task_id}")


@router.post("/tasks/{task_id}/report")
def report_task(
    *,
    task_id: int,
    session: Db,
    svc: Svc,
    actor: Worker,
    outcome: Annotated[Outcome, Form()],
    note: Text,
    amount_yuan: Text = "",
) -> RedirectResponse:
    found = tasks.Report(outcome=outcome, note=note, amount_fen=_fen(amount_yuan))
    tasks.report(session, actor, task_id, found, at=svc.clock())
    return go_to(f"/tasks/{task_id}")


@router.post("/tasks/{task_id}/second-reading")
def report_second_reading(
    *,
    task_id: int,
    session: Db,
    svc: Svc,
    actor: Worker,
    outcome: Annotated[Outcome, Form()],
    note: Text,
) -> RedirectResponse:
    second_reader.answer(session, actor, task_id, tasks.Report(outcome=outcome, note=note), at=svc.clock())
    return go_to(f"/tasks/{task_id}")


@router.post("/tasks/{task_id}/approve")
def approve_task(
    *,
    task_id: int,
    session: Db,
    svc: Svc,
    actor: Decider,
    comment: Text = "",
    outcome: Annotated[Outcome | None, Form()] = None,
) -> RedirectResponse:
    tasks.approve(session, actor, task_id, comment=comment or None, outcome=outcome, at=svc.clock())
    return go_to(f"/tasks/{task_id}")


@router.post("/tasks/{task_id}/return")
def return_task(task_id: int, session: Db, svc: Svc, actor: Decider, comment: Text) -> RedirectResponse:
    tasks.send_back(session, actor, task_id, comment=comment, at=svc.clock())
    return go_to(f"/tasks/{task_id}")


def _fen(yuan: str) -> int | None:
    """Yuan as typed into a form, as fen; blank is None."""
    if not yuan.strip():
        return None
    try:
        return parse_amount_fen(yuan)
    except BadValue as error:
        raise BadInput("amount_yuan", str(error)) from error
