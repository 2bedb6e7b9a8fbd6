"""The weekly plan: drawn once, edited with a reason, confirmed by a person; who verifies cannot tell how a case came in."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from casework import plans
from casework.access import TaskKind
from casework.audit_models import AuditEntry
from casework.errors import (
    AssigneeNotAllowed,
    BadInput,
    MissingField,
    NotVisible,
    OfficeNotAllowed,
    RoleNotAllowed,
    UnknownTransition,
)
from casework.events import history
from casework.guides import PLAN_LINES
from casework.models import Origin, SelectedBy, Task, Verification
from casework.plan_models import Plan, PlanCase, SecondReading
from casework.plans import Hands
from casework.roles import PLAN_MACHINE
from casework.states import PlanState, TaskState
from tests.casework.plan_world import (
    MODELS,
    SECRET,
    WEEK,
    confirmed,
    hands,
    more_villages,
    proposed,
    reported,
    scores_on,
)
from tests.casework_world import COUNTY, NOW, TOWN_A, TOWN_B, VILLAGE_A, VILLAGE_B


def test_a_plan_holds_the_top_of_each_town_and_a_random_quota(world):
    with world.sessions.begin() as session:
        more_villages(session)
        plan = proposed(session, world)
        cases = plans.cases_of(session, plan)
        top = {case.entity_id for case in cases if case.selected_by is SelectedBy.SCORE}
        assert top == {VILLAGE_A, f"{TOWN_A}200", VILLAGE_B, f"{TOWN_B}200"}
        quota = [case for case in cases if case.selected_by is SelectedBy.QUOTA]
        assert len(quota) == 1
        assert 0 < quota[0].propensity < 1
        assert {case.propensity for case in cases if case not in quota} == {1.0}
        assert (sum(plan.below), len(plan.below)) == (38, 5)
        assert (plan.state, plan.simulated) == (PlanState.PROPOSED, True)
        assert [case.village_code for case in cases] == sorted(case.village_code for case in cases)
        assert [event.action for event in history(session, plan)] == ["create"]


def test_drawing_again_in_the_same_week_changes_nothing(world):
    with world.sessions.begin() as session:
        more_villages(session)
        first = proposed(session, world)
        before = [(case.id, case.entity_id) for case in plans.cases_of(session, first)]
        again = proposed(session, world, who="supervisor2")
        assert again.id == first.id
        assert [(case.id, case.entity_id) for case in plans.cases_of(session, again)] == before
        assert len(session.scalars(select(Plan)).all()) == 1


def test_the_seed_is_kept_and_depends_on_the_week_and_the_key(world):
    with world.sessions.begin() as session:
        more_villages(session)
        first = proposed(session, world)
        later = proposed(session, world, week=WEEK + timedelta(days=7))
        other = plans.propose(
            session,
            PLAN_MACHINE,
            division=COUNTY,
            week=WEEK + timedelta(days=14),
            secret=b"another key",
            at=NOW,
        )
        assert len({first.seed, later.seed, other.seed}) == 3


def test_what_is_in_hand_or_was_verified_stays_out(world):
    with world.sessions.begin() as session:
        more_villages(session)
        tasks = confirmed(session, world, proposed(session, world))
        in_hand = {task.entity_id for task in tasks}
        later = proposed(session, world, week=WEEK + timedelta(days=7))
        assert in_hand.isdisjoint(case.entity_id for case in plans.cases_of(session, later))
        assert sum(later.below) + 4 == len(scores_on(session)) - len(in_hand)
        session.add(
            Verification(
                entity="village", entity_id=f"{TOWN_A}201", selected_on=WEEK, selected_by=SelectedBy.COMPLAINT,
                propensity=None, decided_on=WEEK, outcome="substantiated", note="", source="other",
            )
        )  # fmt: skip
        third = proposed(session, world, week=WEEK + timedelta(days=14))
        assert f"{TOWN_A}201" not in {case.entity_id for case in plans.cases_of(session, third)}
        much_later = proposed(session, world, week=WEEK + timedelta(days=7 * 60))
        assert f"{TOWN_A}201" in {case.entity_id for case in plans.cases_of(session, much_later)}


def test_confirming_makes_tasks_that_carry_how_they_were_chosen(world):
    with world.sessions.begin() as session:
        more_villages(session)
        plan = proposed(session, world)
        tasks = confirmed(session, world, plan)
        cases = {case.task_id: case for case in plans.cases_of(session, plan)}
        assert set(cases) == {task.id for task in tasks}
        for task in tasks:
            case = cases[task.id]
            assert (task.selected_by, task.propensity) == (case.selected_by, case.propensity)
            assert (task.entity_id, task.origin, task.kind) == (
                case.entity_id,
                Origin.PLAN,
                TaskKind.VERIFICATION,
            )
        assert plan.state is PlanState.CONFIRMED
        assert [event.action for event in history(session, plan)] == ["create", "confirm"]
        with pytest.raises(UnknownTransition):
            confirmed(session, world, plan)
        with pytest.raises(UnknownTransition):
            plans.remove_case(
                session,
                world.actor(session, "supervisor"),
                plan.id,
                next(iter(cases.values())).id,
                reason="已在办",
                at=NOW,
            )


def test_a_closed_task_of_the_quota_becomes_a_label_with_its_propensity(world):
    from casework import tasks as work  # noqa: PLC0415
    from casework.models import Outcome  # noqa: PLC0415

    with world.sessions.begin() as session:
        more_villages(session)
        plan = proposed(session, world)
        given = confirmed(session, world, plan)
        task = next(t for t in given if t.selected_by is SelectedBy.QUOTA)
        session.query(SecondReading).delete()
        reported(session, world, task, Outcome.NOT_SUBSTANTIATED)
        work.approve(session, world.actor(session, "supervisor"), task.id, comment=None, at=NOW)
        row = session.scalars(select(Verification)).one()
        assert (row.entity_id, row.selected_by, row.propensity) == (
            task.entity_id,
            SelectedBy.QUOTA,
            task.propensity,
        )
        assert task.state is TaskState.CLOSED


def test_all_tasks_of_a_plan_look_alike(world):
    """Title, deadline, kind and length of the guide do not tell the list from the quota."""
    with world.sessions.begin() as session:
        more_villages(session)
        tasks = confirmed(session, world, proposed(session, world))
        assert len({(t.title, t.kind, t.due_on, t.office, t.created_at) for t in tasks}) == 1
        assert {len(task.guide["check"]) for task in tasks} == {PLAN_LINES}
        assert {tuple(task.guide) for task in tasks} == {("check", "evidence")}
        special = next(task for task in tasks if task.entity_id == VILLAGE_A)
        assert "核对死亡证明与户籍注销日期" in special.guide["check"]  # it has a warning at work


def test_cases_are_added_and_removed_with_a_reason(world):
    with world.sessions.begin() as session:
        more_villages(session)
        actor = world.actor(session, "supervisor")
        plan = proposed(session, world)
        inside = {case.entity_id for case in plans.cases_of(session, plan)}
        outside = next(row.entity_id for row in scores_on(session) if row.entity_id not in inside)
        added = plans.add_case(
            session,
            actor,
            plan.id,
            village=outside,
            selected_by=SelectedBy.COMPLAINT,
            reason="群众反映",
            at=NOW,
        )
        gone = plans.cases_of(session, plan)[0]
        with pytest.raises(MissingField):
            plans.remove_case(session, actor, plan.id, gone.id, reason=" ", at=NOW)
        plans.remove_case(session, actor, plan.id, gone.id, reason="县里正在查", at=NOW)
        tasks = confirmed(session, world, plan)
        assert gone.entity_id not in {task.entity_id for task in tasks}
        by_hand = next(task for task in tasks if task.entity_id == outside)
        assert (by_hand.selected_by, by_hand.propensity) == (SelectedBy.COMPLAINT, None)
        assert added.task_id == by_hand.id
        assert [event.fields.get("reason") for event in history(session, plan)] == [
            None,
            "群众反映",
            "县里正在查",
            None,
        ]


@pytest.mark.parametrize("chosen", [SelectedBy.SCORE, SelectedBy.QUOTA])
def test_nobody_can_pass_a_case_off_as_drawn(world, chosen):
    with world.sessions.begin() as session:
        more_villages(session)
        plan = proposed(session, world)
        with pytest.raises(BadInput, match="人工加入"):
            plans.add_case(
                session,
                world.actor(session, "supervisor"),
                plan.id,
                village=f"{TOWN_A}215",
                selected_by=chosen,
                reason="x",
                at=NOW,
            )


def test_the_plan_is_the_countys(world):
    with world.sessions.begin() as session:
        more_villages(session)
        plan = proposed(session, world)
        for who, error in (
            ("town_a", OfficeNotAllowed),
            ("leader", OfficeNotAllowed),
            ("clerk", OfficeNotAllowed),
        ):
            with pytest.raises(error):
                proposed(session, world, who=who, week=WEEK + timedelta(days=7))
        for who in ("town_a", "liaison", "clerk", "technician"):
            with pytest.raises(NotVisible):
                plans.visible_plan(session, world.actor(session, who), plan.id)
            assert plans.plans_page(session, world.actor(session, who), page=1, size=10) == ([], 0)
        leader = world.actor(session, "leader")
        assert plans.visible_plan(session, leader, plan.id) is plan
        with pytest.raises((OfficeNotAllowed, RoleNotAllowed)):
            plans.confirm(session, leader, plan.id, hands(world), models=MODELS, at=NOW)


def test_a_plan_needs_hands_for_every_town_and_another_person_for_what_two_read(world):
    with world.sessions.begin() as session:
        more_villages(session)
        plan = proposed(session, world)
        actor = world.actor(session, "supervisor")
        assert any(case.hard for case in plans.cases_of(session, plan))
        everyone = hands(world)
        for given, error in (
            (
                Hands(by_town={TOWN_A: world.users["town_a"]}, second_reader=everyone.second_reader),
                MissingField,
            ),
            (Hands(by_town=everyone.by_town), MissingField),
            (
                Hands(by_town=everyone.by_town, second_reader=world.users["town_a"]),
                AssigneeNotAllowed,
            ),
            (
                Hands(
                    by_town=everyone.by_town | {TOWN_A: world.users["liaison"]},
                    second_reader=everyone.second_reader,
                ),
                AssigneeNotAllowed,
            ),
        ):
            with pytest.raises(error), session.begin_nested():
                plans.confirm(session, actor, plan.id, given, models=MODELS, at=NOW)
        assert session.scalars(select(Task)).all() == []
        session.refresh(plan)
        assert plan.state is PlanState.PROPOSED
        confirmed(session, world, plan)
        readings = session.scalars(select(SecondReading)).all()
        hard = session.scalars(select(PlanCase.task_id).where(PlanCase.hard.is_not(None))).all()
        assert sorted(reading.task_id for reading in readings) == sorted(hard)


def test_a_towns_capacity_counts_from_the_next_plan(world):
    with world.sessions.begin() as session:
        more_villages(session)
        actor = world.actor(session, "supervisor")
        plans.set_capacity(session, actor, TOWN_A, cases=5, at=NOW)
        plans.set_capacity(session, actor, TOWN_B, cases=0, at=NOW)
        assert plans.capacities(session, COUNTY) == {TOWN_A: 5, TOWN_B: 0}
        cases = plans.cases_of(session, proposed(session, world))
        top = [case.village_code[:9] for case in cases if case.selected_by is SelectedBy.SCORE]
        assert top == [TOWN_A] * 5
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "change:capacity")).first()
        assert (entry.target, entry.detail) == (f"town/{TOWN_A}", {"cases": 5})
        for who, cases_a_week, error in (
            ("town_a", 3, NotVisible),
            ("leader", 3, NotVisible),
            ("supervisor", -1, BadInput),
            ("supervisor", 51, BadInput),
        ):
            with pytest.raises(error):
                plans.set_capacity(session, world.actor(session, who), TOWN_A, cases=cases_a_week, at=NOW)


def test_without_scores_or_with_a_wrong_week_there_is_no_plan(small_world):
    with small_world.sessions.begin() as session:
        actor = small_world.actor(session, "supervisor")
        for division, week in (
            (COUNTY, WEEK + timedelta(days=1)),
            (TOWN_A, WEEK),
            (COUNTY, WEEK.replace(year=2020)),
        ):
            with pytest.raises(BadInput):
                plans.propose(session, actor, division=division, week=week, secret=SECRET, at=NOW)
