"""Two readers: the second answers blind, a difference is settled by a third person with a reason, and that is the label."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from casework import second_reader, tasks
from casework.errors import (
    AssigneeNotAllowed,
    BadInput,
    MissingField,
    NotVisible,
    SecondPersonRequired,
    UnknownTransition,
)
from casework.events import history
from casework.models import CaseWarning, Outcome, Task, Verification
from casework.plan_models import SecondReading
from casework.second_readings import hidden_reports, reading_of, shown_reading
from casework.states import ReadingState, TaskState
from casework.tasks import Assignment, Report
from tests.casework_world import MODEL, NOW

SECOND = Report(outcome=Outcome.NOT_SUBSTANTIATED, note="流水与名单一致")


def reported_by_town(session, world) -> Task:
    """A task that `town_a` has reported as substantiated."""
    warning = session.scalars(select(CaseWarning).where(CaseWarning.finding_id == "f-a")).one()
    given = Assignment(assignee_id=world.users["town_a"])
    boss, worker = world.actor(session, "supervisor"), world.actor(session, "town_a")
    task = tasks.open_from_warning(session, boss, warning.id, given, models={MODEL.id: MODEL}, at=NOW)
    tasks.accept(session, worker, task.id, at=NOW)
    found = Report(outcome=Outcome.SUBSTANTIATED, note="已退回", amount_fen=100)
    return tasks.report(session, worker, task.id, found, at=NOW)


def asked(session, world, task: Task) -> SecondReading:
    boss = world.actor(session, "supervisor")
    return second_reader.ask(session, boss, task.id, reader_id=world.users["supervisor2"], at=NOW)


def answered(session, world, task: Task, found: Report = SECOND) -> SecondReading:
    return second_reader.answer(session, world.actor(session, "supervisor2"), task.id, found, at=NOW)


def test_the_second_is_blind_until_the_answer_and_the_first_until_the_end(world):
    with world.sessions.begin() as session:
        task = reported_by_town(session, world)
        asked(session, world, task)
        second, first, boss = (world.actor(session, who) for who in ("supervisor2", "town_a", "supervisor"))
        assert hidden_reports(session, second, [task.id]) == {task.id}
        assert hidden_reports(session, boss, [task.id]) == frozenset()
        assert shown_reading(session, first, task) is None
        answered(session, world, task)
        assert hidden_reports(session, second, [task.id]) == frozenset()
        assert shown_reading(session, first, task) is None
        assert shown_reading(session, boss, task).outcome is Outcome.NOT_SUBSTANTIATED
        tasks.approve(session, boss, task.id, comment="以流水为准", outcome=Outcome.NOT_SUBSTANTIATED, at=NOW)
        assert shown_reading(session, first, task).settled_outcome is Outcome.NOT_SUBSTANTIATED


def test_nothing_closes_before_the_second_answer(world):
    with world.sessions.begin() as session:
        task = reported_by_town(session, world)
        asked(session, world, task)
        with pytest.raises(UnknownTransition, match="待第二人核查"):
            tasks.approve(session, world.actor(session, "supervisor"), task.id, comment="同意", at=NOW)


def test_two_equal_answers_stand(world):
    with world.sessions.begin() as session:
        task = reported_by_town(session, world)
        asked(session, world, task)
        answered(session, world, task, Report(outcome=Outcome.SUBSTANTIATED, note="属实"))
        tasks.approve(session, world.actor(session, "supervisor"), task.id, comment=None, at=NOW)
        reading = reading_of(session, task.id)
        assert (reading.state, reading.first_outcome) == (ReadingState.SETTLED, Outcome.SUBSTANTIATED)
        assert session.scalars(select(Verification)).one().outcome is Outcome.SUBSTANTIATED


def test_a_difference_is_settled_with_a_reason_and_becomes_the_label(world):
    with world.sessions.begin() as session:
        task = reported_by_town(session, world)
        reading = asked(session, world, task)
        answered(session, world, task)
        boss = world.actor(session, "supervisor")
        for outcome, comment in ((None, "同意"), (Outcome.IRREGULAR_RECTIFIED, " ")):
            with pytest.raises(MissingField), session.begin_nested():
                tasks.approve(session, boss, task.id, comment=comment, outcome=outcome, at=NOW)
        session.expire_all()
        tasks.approve(session, boss, task.id, comment="手续补齐", outcome=Outcome.IRREGULAR_RECTIFIED, at=NOW)
        assert task.state is TaskState.CLOSED
        assert (reading.first_outcome, reading.outcome, reading.settled_outcome) == (
            Outcome.SUBSTANTIATED,
            Outcome.NOT_SUBSTANTIATED,
            Outcome.IRREGULAR_RECTIFIED,
        )
        assert session.scalars(select(Verification)).one().outcome is Outcome.IRREGULAR_RECTIFIED
        steps = [(event.action, event.fields.get("comment")) for event in history(session, reading)]
        assert steps == [("create", None), ("read_blind", None), ("settle", "手续补齐")]


def test_neither_reader_decides_and_the_reader_does_not_do_the_task(world):
    with world.sessions.begin() as session:
        task = reported_by_town(session, world)
        asked(session, world, task)
        answered(session, world, task)
        second = world.actor(session, "supervisor2")
        with pytest.raises(SecondPersonRequired), session.begin_nested():
            tasks.approve(session, second, task.id, comment="x", outcome=Outcome.SUBSTANTIATED, at=NOW)
        with pytest.raises(SecondPersonRequired):
            tasks.send_back(session, second, task.id, comment="x", at=NOW)
        boss = world.actor(session, "supervisor")
        tasks.send_back(session, boss, task.id, comment="请补流水", at=NOW)
        with pytest.raises(SecondPersonRequired):
            tasks.reassign(session, boss, task.id, assignee_id=world.users["supervisor2"], at=NOW)


def test_only_the_one_asked_answers_and_once(world):
    with world.sessions.begin() as session:
        task = reported_by_town(session, world)
        with pytest.raises(NotVisible):
            answered(session, world, task)
        asked(session, world, task)
        for who in ("supervisor", "town_a", "town_b"):
            with pytest.raises(NotVisible):
                second_reader.answer(session, world.actor(session, who), task.id, SECOND, at=NOW)
        answered(session, world, task)
        with pytest.raises(UnknownTransition):
            answered(session, world, task)


def test_who_may_be_asked(world):
    with world.sessions.begin() as session:
        task = reported_by_town(session, world)
        boss = world.actor(session, "supervisor")
        for who in ("town_a", "town_b", "liaison", "leader", "clerk"):
            with pytest.raises(AssigneeNotAllowed):
                second_reader.ask(session, boss, task.id, reader_id=world.users[who], at=NOW)
        asked(session, world, task)
        second_reader.ask(session, boss, task.id, reader_id=world.users["supervisor"], at=NOW)
        assert reading_of(session, task.id).reader_id == world.users["supervisor"]
        second_reader.answer(session, boss, task.id, SECOND, at=NOW)
        with pytest.raises(UnknownTransition):
            second_reader.ask(session, boss, task.id, reader_id=world.users["supervisor2"], at=NOW)


def test_an_outcome_cannot_be_changed_without_a_second_reader(world):
    with world.sessions.begin() as session:
        task = reported_by_town(session, world)
        boss = world.actor(session, "supervisor")
        with pytest.raises(BadInput, match="没有第二人"):
            tasks.approve(session, boss, task.id, comment="x", outcome=Outcome.NOT_SUBSTANTIATED, at=NOW)
