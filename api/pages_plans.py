"""The pages of weekly plans: draw, edit, confirm; capacity of towns; what the verified plans say."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy.orm import Session

from api.context import Db, Svc
from api.plan_schemas import ProposeBody
from api.rendering import go_to, render
from api.routes_plans import draw_plan
from api.security import Requires
from casework import plans, tasks
from casework.access import Permission, TaskKind, may_decide_plan
from casework.accounts import user_names
from casework.errors import BadInput
from casework.events import history
from casework.models import SelectedBy, User
from casework.plan_models import Plan, PlanCase
from casework.plan_results import WEEKS, plan_results
from casework.roles import COUNTY, TOWN, Actor, covers
from casework.states import PlanState
from casework.watchlist import place_names
from casework.working_days import local_date
from ml.sampling import QUOTA_SHARE
from ml.survey import LEAST_CASES

router = APIRouter(include_in_schema=False)
PAGE_SIZE: Final = 25
BY_HAND_WORDS: Final = {
    SelectedBy.COMPLAINT: "来信反映",
    SelectedBy.SAME_PROBLEM: "同类问题",
    SelectedBy.CAMPAIGN: "专项整治",
}
Page = Annotated[int, Query(ge=1, le=10_000)]
Text = Annotated[str, Form()]
Reader = Annotated[Actor, Depends(Requires(Permission.READ_PLAN))]
Decider = Annotated[Actor, Depends(Requires(Permission.DECIDE_PLAN))]


@router.get("/plans")
def show_plans(request: Request, session: Db, svc: Svc, actor: Reader, page: Page = 1) -> HTMLResponse:
    found, total = plans.plans_page(session, actor, page=page, size=PAGE_SIZE)
    week = plans.week_of(local_date(svc.clock()))
    towns = plans.capacities(session, actor.division)
    drawn = plans.plan_of(session, actor.division, week) is not None
    may_draw = len(actor.division) == COUNTY and may_decide_plan(actor, actor.division)
    return render(
        request,
        "plans.html",
        {
            "rows": found,
            "total": total,
            "page": page,
            "size": PAGE_SIZE,
            "week": week,
            "offers_draw": may_draw and not drawn,
            "decides": may_draw,
            "towns": towns,
            "places": place_names(session, [*towns, *(plan.division for plan in found)]),
            "quota_share": QUOTA_SHARE,
            "rest_days": plans.REST_DAYS,
            "most": plans.MOST_CAPACITY,
        },
    )


@router.post("/plans")
def draw_this_week(session: Db, svc: Svc, actor: Decider) -> RedirectResponse:
    return _back(draw_plan(session, svc, actor, ProposeBody()).id)


@router.get("/plans/results")
def show_results(request: Request, session: Db, svc: Svc, actor: Reader) -> HTMLResponse:
    found = plan_results(session, actor, until=local_date(svc.clock()))
    page = {
        "found": found,
        "places": place_names(session, [town.town for town in found.towns]),
        "weeks": WEEKS,
        "least": LEAST_CASES,
    }
    return render(request, "plan_results.html", page)


@router.post("/plans/capacity/{town}")
def change_capacity(
    town: str, session: Db, svc: Svc, actor: Decider, cases: Annotated[int, Form()]
) -> RedirectResponse:
    plans.set_capacity(session, actor, town, cases=cases, at=svc.clock())
    return go_to("/plans")


@router.get("/plans/{plan_id}")
def show_plan(plan_id: int, request: Request, session: Db, actor: Reader) -> HTMLResponse:
    plan = plans.visible_plan(session, actor, plan_id)
    cases = plans.cases_of(session, plan)
    towns: dict[str, list[PlanCase]] = {}
    for case in cases:
        towns.setdefault(case.village_code[:TOWN], []).append(case)
    open_to_change = plan.state is PlanState.PROPOSED and may_decide_plan(actor, plan.division)
    assignees = {
        town: _assignees(session, actor, plan, village=inside[0].village_code)
        for town, inside in towns.items()
        if open_to_change
    }
    inside_county = {user.id: user for found in assignees.values() for user in found}.values()
    page = {
        "plan": plan,
        "towns": towns,
        "active": {town: [c for c in inside if not c.removed] for town, inside in towns.items()},
        "places": place_names(session, [plan.division, *towns, *(case.village_code for case in cases)]),
        "people": user_names(session, [plan.confirmed_by]),
        "changes": open_to_change,
        "assignees": assignees,
        "readers": [user for user in inside_county if covers(user.division, plan.division)],
        "read_by_two": sum(case.hard is not None and not case.removed for case in cases),
        "by_hand": BY_HAND_WORDS,
        "history": history(session, plan),
    }
    return render(request, "plan.html", page)


@router.post("/plans/{plan_id}/cases")
def add_case(
    *,
    plan_id: int,
    session: Db,
    svc: Svc,
    actor: Decider,
    village: Text,
    selected_by: Annotated[SelectedBy, Form()],
    reason: Text,
) -> RedirectResponse:
    plans.add_case(
        session,
        actor,
        plan_id,
        village=village.strip(),
        selected_by=selected_by,
        reason=reason,
        at=svc.clock(),
    )
    return _back(plan_id)


@router.post("/plans/{plan_id}/cases/{case_id}/remove")
def remove_case(
    *, plan_id: int, case_id: int, session: Db, svc: Svc, actor: Decider, reason: Text
) -> RedirectResponse:
    plans.remove_case(session, actor, plan_id, case_id, reason=reason, at=svc.clock())
    return _back(plan_id)


async def submitted_hands(request: Request) -> plans.Hands:
    """Who does what, from a form with one field `town_<code>` a town, and `second_reader`."""
    form = {name: str(value) for name, value in (await request.form()).items() if value}
    by_town = {
        name.removeprefix("town_"): _number(value) for name, value in form.items() if name.startswith("town_")
    }
    second = form.get("second_reader")
    return plans.Hands(by_town=by_town, second_reader=_number(second) if second else None)


@router.post("/plans/{plan_id}/confirm")
def confirm_plan(
    *,
    plan_id: int,
    session: Db,
    svc: Svc,
    actor: Decider,
    hands: Annotated[plans.Hands, Depends(submitted_hands)],
) -> RedirectResponse:
    plans.confirm(session, actor, plan_id, hands, models=svc.models, at=svc.clock())
    return _back(plan_id)


def _assignees(session: Session, actor: Actor, plan: Plan, *, village: str) -> list[User]:
    return tasks.possible_assignees(
        session,
        actor,
        kind=TaskKind.VERIFICATION,
        office=plan.division,
        about=village,
        managing_level=TOWN,
    )


def _number(value: str) -> int:
    if not value.isdecimal():
        raise BadInput("assignee", "请选择承办人")
    return int(value)


def _back(plan_id: int) -> RedirectResponse:
    return go_to(f"/plans/{plan_id}")
