"""Weekly plans over the home of the settings: drawn, and what they showed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select

from api.routes_plans import PLAN_KEY
from casework.database import open_engine, sessions
from casework.migrations import upgrade
from casework.models import Entity, Score
from casework.plan_results import PlanResults, plan_results
from casework.plans import cases_of, propose, week_of
from casework.roles import COUNTY, PLAN_MACHINE, Actor, Role
from casework.watchlist import place_names
from cunjian import console
from cunjian.settings import Settings
from ml.survey import Told
from registers.pseudonyms import load_key


@dataclass(frozen=True)
class Proposed:
    """A plan as it was drawn; it does not say which cases came from the list."""

    plan_id: int
    division: str
    name: str
    week: date
    as_of: date
    state: str
    villages: tuple[str, ...]
    simulated: bool


def propose_stage(settings: Settings, *, on: date, division: str | None, at: datetime) -> list[Proposed]:
    """Draw the week's plan of one county, or of every scored county of the office; those drawn before stay.

    Raises:
        BadInput: nothing is scored yet, or not a county.
    """
    upgrade(settings.database)
    secret, week = load_key(settings.home, PLAN_KEY), week_of(on)
    office = division or _own_office(settings)
    with sessions(open_engine(settings.database)).begin() as session:
        county = func.substr(Score.village_code, 1, COUNTY)
        villages = (Score.entity == Entity.VILLAGE, Score.village_code.startswith(office, autoescape=True))
        scored = select(county).where(*villages).distinct()
        codes = sorted(session.scalars(scored)) or [office]
        names = place_names(session, codes)
        found = []
        for code in codes:
            plan = propose(session, PLAN_MACHINE, division=code, week=week, secret=secret, at=at)
            found.append(
                Proposed(
                    plan_id=plan.id,
                    division=code,
                    name=names.get(code, code),
                    week=plan.week,
                    as_of=plan.as_of,
                    state=plan.state.value,
                    villages=tuple(case.village_code for case in cases_of(session, plan) if not case.removed),
                    simulated=plan.simulated,
                )
            )
    return found


def results_stage(settings: Settings, *, until: date, division: str | None) -> PlanResults:
    """What the verified plans of a county, or of all the office, say up to a day."""
    upgrade(settings.database)
    office = Actor(id=None, name="命令行", role=Role.LEADER, division=division or _own_office(settings))
    with sessions(open_engine(settings.database)).begin() as session:
        return plan_results(session, office, until=until)


def print_proposed(plans: Sequence[Proposed]) -> None:
    for plan in plans:
        mark = "（模拟数据）" if plan.simulated else ""
        state = "等人确认" if plan.state == "proposed" else "已确认"
        console.say(
            f"{plan.name} {plan.week} 当周核实计划{mark}：{len(plan.villages)} 个村，用 {plan.as_of} 的分数，{state}；"
            f"在网页“核实计划”里确认和派发"
        )


def print_results(found: PlanResults) -> None:
    told = found.results
    rows = [
        ["清单上的，核实后属实的占多少", said(told.precision)],
        ["清单以外的，若核实会属实的占多少", said(told.below)],
        ["全部村中，若核实会属实的占多少", said(told.prevalence)],
        ["当周会属实的，有多少已在清单上", said(told.recall)],
        ["随机请两人核查的，结果一致的占多少", said(found.agreement)],
    ]
    mark = "（模拟数据）" if found.simulated else ""
    console.show_table(
        f"核实成效{mark}：{found.weeks} 周，{found.drawn} 个中 {found.decided} 个有明确结果",
        ["", "95% 区间或界限"],
        rows,
    )


def said(told: Told) -> str:
    """A share in words: an interval, one bound, or that it cannot be told yet."""
    if told.bound == "both":
        return f"{told.value:.0%}（{told.low:.0%} 至 {told.high:.0%}，{told.cases} 个）"
    if told.bound == "at_most":
        return f"不超过 {told.high:.0%}（{told.cases} 个）"
    if told.bound == "at_least":
        return f"不低于 {told.low:.0%}（{told.cases} 个）"
    return "还说不清"


def _own_office(settings: Settings) -> str:
    from cunjian.service import office_division  # noqa: PLC0415  # brings the whole web service with it

    return office_division(settings)
