"""What verified plans say: only list and quota count, the settled outcome counts, and few cases give bounds."""

from __future__ import annotations

import math
from datetime import timedelta

from sqlalchemy import select

from casework import plans, second_reader, tasks
from casework.models import Outcome, SelectedBy, Task
from casework.plan_models import Plan, PlanCase, SecondReading
from casework.plan_results import plan_results
from casework.second_readings import reading_of
from casework.states import PlanState, ReadingState, TaskState
from casework.tasks import Report
from tests.casework.plan_world import WEEK, confirmed, more_villages, proposed, reported, scores_on
from tests.casework_world import COUNTY, NOW, TOWN_A


def close(session, world, task: Task, outcome: Outcome) -> None:
    """Report, answer as the second person where one is asked, approve."""
    reported(session, world, task, outcome)
    if reading_of(session, task.id) is not None:
        found = Report(outcome=outcome, note="一致")
        second_reader.answer(session, world.actor(session, "supervisor2"), task.id, found, at=NOW)
    tasks.approve(session, world.actor(session, "supervisor"), task.id, comment=None, at=NOW)


def test_only_list_and_quota_count(world):
    with world.sessions.begin() as session:
        more_villages(session)
        boss = world.actor(session, "supervisor")
        plan = proposed(session, world)
        inside = {case.entity_id for case in plans.cases_of(session, plan)}
        outside = next(row.entity_id for row in scores_on(session) if row.entity_id not in inside)
        plans.add_case(
            session, boss, plan.id, village=outside, selected_by=SelectedBy.COMPLAINT, reason="反映", at=NOW
        )
        gone = next(c for c in plans.cases_of(session, plan) if c.selected_by is SelectedBy.SCORE)
        plans.remove_case(session, boss, plan.id, gone.id, reason="县里正在查", at=NOW)
        given = confirmed(session, world, plan)
        before = plan_results(session, boss, until=WEEK)
        assert (before.weeks, before.drawn, before.decided, before.removed) == (1, 5, 0, 1)
        assert before.results.precision.bound == "unknown"
        for task in given:
            by_hand = task.selected_by is SelectedBy.COMPLAINT
            close(session, world, task, Outcome.SUBSTANTIATED if by_hand else Outcome.NOT_SUBSTANTIATED)
        after = plan_results(session, boss, until=WEEK)
        assert (after.drawn, after.decided) == (5, 4)
        precision = after.results.precision
        assert (precision.bound, precision.cases, precision.confirmed) == ("at_most", 3, 0)
        assert math.isnan(precision.value)
        assert after.simulated
        assert after.towns == ()


def test_a_plan_that_nobody_confirmed_and_one_out_of_time_say_nothing(world):
    with world.sessions.begin() as session:
        more_villages(session)
        boss = world.actor(session, "supervisor")
        plan = proposed(session, world)
        assert plan_results(session, boss, until=WEEK).weeks == 0
        confirmed(session, world, plan)
        assert plan_results(session, boss, until=WEEK).weeks == 1
        assert plan_results(session, boss, until=WEEK - timedelta(days=1)).weeks == 0
        assert plan_results(session, boss, until=WEEK + timedelta(weeks=60)).weeks == 0
        assert plan_results(session, world.actor(session, "town_a"), until=WEEK).weeks == 0


def a_year(session, world, *, confirmed_in_quota: int) -> None:
    """Closed cases of 40 weeks as rows: one of the list (every second confirmed) and one of the quota a week."""
    boss = world.users["supervisor"]
    for week in range(40):
        plan = Plan(
            division=COUNTY, week=WEEK - timedelta(weeks=week), as_of=WEEK, seed="0", bundle_version="1",
            below=[20, 20, 20, 20, 19], simulated=True, created_at=NOW, confirmed_by=boss,
            state=PlanState.CONFIRMED,
        )  # fmt: skip
        session.add(plan)
        session.flush()
        for by, wrong in ((SelectedBy.SCORE, week % 2 == 0), (SelectedBy.QUOTA, week < confirmed_in_quota)):
            outcome = Outcome.IRREGULAR_RECTIFIED if wrong else Outcome.NOT_SUBSTANTIATED
            task = Task(
                kind="verification", origin="plan", origin_id=0, title="x", guide={}, office=COUNTY,
                managing_level=9, assignee_id=boss, created_by=boss, created_at=NOW, due_on=WEEK,
                due_provisional=False, selected_by=by, outcome=outcome, state=TaskState.CLOSED,
            )  # fmt: skip
            session.add(task)
            session.flush()
            chance = 1.0 if by is SelectedBy.SCORE else 1 / 99
            session.add(
                PlanCase(
                    plan_id=plan.id, entity="village", entity_id=f"{TOWN_A}{week}{by}", village_code=f"{TOWN_A}001",
                    selected_by=by, propensity=chance, removed=False, task_id=task.id,
                )
            )  # fmt: skip
            if by is SelectedBy.SCORE:
                session.add(
                    SecondReading(
                        task_id=task.id, reader_id=world.users["supervisor2"], why="random",
                        outcome=Outcome.SUBSTANTIATED if wrong else Outcome.NOT_SUBSTANTIATED,
                        first_outcome=outcome, settled_outcome=outcome, state=ReadingState.SETTLED,
                    )
                )  # fmt: skip
    session.flush()


def test_the_figures_of_a_year_by_hand(world):
    """Half of 40 listed confirmed, 4 of 40 random ones: 99 others a week hold 9.9, so 0.5 / 10.4 was on the list."""
    with world.sessions.begin() as session:
        a_year(session, world, confirmed_in_quota=4)
        found = plan_results(session, world.actor(session, "supervisor"), until=WEEK)
        assert (found.weeks, found.drawn, found.decided) == (40, 80, 80)
        told = found.results
        assert told.precision.value == 0.5
        assert round(told.prevalence.value, 4) == round((20 + 0.1 * 99 * 40) / 4000, 4)
        assert round(told.recall.value, 4) == round(20 / (20 + 396), 4)
        assert told.recall.low < told.recall.value < told.recall.high
        assert [(town.town, town.precision.cases) for town in found.towns] == [(TOWN_A, 40)]
        assert found.agreement.bound == "at_least"  # forty of forty: a bound, not "100 %"
        assert found.kappa.value == 1.0


def test_nothing_confirmed_in_the_quota_gives_one_bound(world):
    with world.sessions.begin() as session:
        a_year(session, world, confirmed_in_quota=0)
        found = plan_results(session, world.actor(session, "leader"), until=WEEK)
        assert found.results.below.bound == "at_most"
        assert found.results.recall.bound == "at_least"
        assert math.isnan(found.results.recall.value)
        assert session.scalars(select(Plan.id)).first()
