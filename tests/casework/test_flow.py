"""The whole way: complaint → closed, warning → closed, with two people; and what is refused on the way."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm.exc import StaleDataError

from casework import complaints, tasks, warnings
from casework.access import TaskKind
from casework.complaints import Review
from casework.errors import (
    AssigneeNotAllowed,
    BadInput,
    CaseworkError,
    NotVisible,
    SecondPersonRequired,
    UnknownTransition,
)
from casework.events import history
from casework.inbox_models import ReviewLabel
from casework.intake import receive
from casework.models import CaseWarning, Complaint, Outcome, SelectedBy, Task, Verification
from casework.receipts import is_receipt
from casework.states import ComplaintState, TaskState, WarningAction, WarningState
from casework.tasks import Assignment, Report
from tests.casework_world import COUNTY, MODEL, NOW, TOWN_A, TOWN_B, VILLAGE_A, KeywordTriage, message

KEY_TEXT = "石桥村村支书克扣补贴，亲戚都有低保。我叫王小明，13800000000"
LATER = NOW + timedelta(hours=1)
MODELS = {MODEL.id: MODEL}


def take_in(session, world, *messages):
    return receive(
        session, messages, sealer=world.sealer, triage=KeywordTriage(), triage_version="base-1", at=NOW
    )


def reviewed_key_matter(session, world) -> Complaint:
    accepted = take_in(session, world, message(KEY_TEXT))[0]
    decided = Review(key=True, nature="accusation", field="assistance", office=COUNTY)
    return complaints.review(session, world.actor(session, "clerk"), accepted.complaint_id, decided, at=NOW)


def reported_task(session, world) -> Task:
    """A verification on the first warning, reported by `supervisor`."""
    warning = session.scalars(select(CaseWarning).where(CaseWarning.finding_id == "f-a")).one()
    one = world.actor(session, "supervisor")
    given = Assignment(assignee_id=world.users["supervisor"], selected_by=SelectedBy.QUOTA, propensity=0.2)
    task = tasks.open_from_warning(session, one, warning.id, given, models=MODELS, at=NOW)
    tasks.accept(session, one, task.id, at=NOW)
    report = Report(outcome=Outcome.SUBSTANTIATED, note="流水已调取", amount_fen=120_000)
    return tasks.report(session, one, task.id, report, at=LATER)


def test_a_complaint_goes_from_receipt_to_closed(world):
    with world.sessions.begin() as session:
        accepted = take_in(session, world, message(KEY_TEXT, sender="13800000000"))[0]
        complaint = session.get_one(Complaint, accepted.complaint_id)
        assert is_receipt(accepted.receipt)
        assert (complaint.state, complaint.model_key, complaint.about) == (
            ComplaintState.TRIAGED,
            True,
            VILLAGE_A,
        )
        assert "王小明" not in complaint.work_text
        assert "13800000000" not in complaint.work_text
        assert world.sealer.open(complaint.sealed, bound_to=complaint.receipt) == f"13800000000\n{KEY_TEXT}"
    with world.sessions.begin() as session:
        proposal = complaints.proposed_review(session.get_one(Complaint, accepted.complaint_id))
        assert proposal == Review(key=True, nature="accusation", field="land_compensation")
        decided = Review(key=True, nature="accusation", field="assistance")
        complaints.review(session, world.actor(session, "clerk"), accepted.complaint_id, decided, at=NOW)
    with world.sessions.begin() as session:
        label = session.scalars(select(ReviewLabel)).one()
        assert (label.key, label.field, label.corrected, label.by) == (
            True,
            "assistance",
            True,
            world.users["clerk"],
        )
        office = world.actor(session, "town_a")
        given = Assignment(assignee_id=world.users["town_a"])
        task = tasks.open_from_complaint(session, office, accepted.complaint_id, given, at=NOW)
        assert (task.office, task.selected_by) == (TOWN_A, SelectedBy.COMPLAINT)
        tasks.accept(session, office, task.id, at=NOW)
        report = Report(outcome=Outcome.IRREGULAR_RECTIFIED, note="已退回")
        tasks.report(session, office, task.id, report, at=LATER)
        task_id = task.id
    with world.sessions.begin() as session:
        tasks.approve(session, world.actor(session, "supervisor"), task_id, comment="同意", at=LATER)
    with world.sessions.begin() as session:
        complaint = session.get_one(Complaint, accepted.complaint_id)
        assert complaint.state is ComplaintState.CLOSED
        steps = [(event.action, event.previous, event.new) for event in history(session, complaint)]
        assert steps == [
            ("create", None, "received"),
            ("triage", "received", "triaged"),
            ("confirm_key", "triaged", "key_matter"),
            ("open_task", "key_matter", "in_task"),
            ("close", "in_task", "closed"),
        ]
        outcome = session.scalars(select(Verification)).one()
        assert (outcome.entity_id, outcome.selected_by, outcome.propensity) == (
            VILLAGE_A,
            SelectedBy.COMPLAINT,
            None,
        )


def test_a_warning_closes_by_a_second_person_and_leaves_a_label(world):
    with world.sessions.begin() as session:
        task = reported_task(session, world)
        with pytest.raises(SecondPersonRequired):
            tasks.approve(session, world.actor(session, "supervisor"), task.id, comment=None, at=LATER)
        tasks.approve(session, world.actor(session, "supervisor2"), task.id, comment=None, at=LATER)
    with world.sessions.begin() as session:
        warning = session.scalars(select(CaseWarning).where(CaseWarning.finding_id == "f-a")).one()
        assert warning.state is WarningState.CLOSED
        row = session.scalars(select(Verification)).one()
        assert (row.outcome, row.amount_fen, row.propensity) == (Outcome.SUBSTANTIATED, 120_000, 0.2)
        assert (row.selected_on, row.decided_on) == (NOW.date(), NOW.date())


def test_a_returned_report_is_checked_again(world):
    with world.sessions.begin() as session:
        task = reported_task(session, world)
        tasks.send_back(session, world.actor(session, "supervisor2"), task.id, comment="补流水", at=LATER)
        assert task.state is TaskState.CHECKING
        with pytest.raises(UnknownTransition):
            tasks.approve(session, world.actor(session, "supervisor2"), task.id, comment=None, at=LATER)


def test_setting_aside_takes_two(world):
    with world.sessions.begin() as session:
        warning_id = session.scalars(select(CaseWarning.id).where(CaseWarning.finding_id == "f-a")).one()
        one, two = world.actor(session, "supervisor"), world.actor(session, "supervisor2")

        def take(actor, action, comment=None):
            return warnings.take_action(session, actor, warning_id, action, comment=comment, at=NOW).state

        assert take(one, WarningAction.PROPOSE_SET_ASIDE, "登记有误") is WarningState.SET_ASIDE_PROPOSED
        with pytest.raises(SecondPersonRequired):
            take(one, WarningAction.APPROVE_SET_ASIDE)
        assert take(two, WarningAction.APPROVE_SET_ASIDE) is WarningState.SET_ASIDE
        assert take(two, WarningAction.REOPEN, "新证据") is WarningState.OPEN


def test_the_same_message_twice_is_one_complaint(world):
    with world.sessions.begin() as session:
        first = take_in(session, world, message(KEY_TEXT))[0]
    with world.sessions.begin() as session:
        again, other = take_in(session, world, message("别的话"), message("另一件", number=2))
        assert (again.receipt, again.redelivered) == (first.receipt, True)
        assert not other.redelivered
        assert session.scalar(select(func.count()).select_from(Complaint)) == 2


def test_the_numbers_of_two_offices_are_two_messages_and_each_counts_once(world):
    given = [message("石桥村的路灯坏了", division=COUNTY), message("柳林村的水管漏了", division=TOWN_B)]
    with world.sessions.begin() as session:
        together = take_in(session, world, *given)
    with world.sessions.begin() as session:
        (third,) = take_in(session, world, message("桥断了", division=TOWN_A))
        again = take_in(session, world, *given)
        assert not any(one.redelivered for one in [*together, third])
        assert [(one.receipt, one.redelivered) for one in again] == [(one.receipt, True) for one in together]
        stored = session.execute(select(Complaint.division, Complaint.work_text).order_by(Complaint.id))
        assert [tuple(row) for row in stored] == [
            (COUNTY, "石桥村的路灯坏了"),
            (TOWN_B, "柳林村的水管漏了"),
            (TOWN_A, "桥断了"),
        ]


def test_two_gateways_delivering_at_once_end_with_one_complaint(world):
    receipts = []

    def deliver() -> None:
        started.wait()
        with world.sessions.begin() as session:
            receipts.append(take_in(session, world, message(KEY_TEXT))[0].receipt)

    started = Barrier(2)
    _together(deliver, deliver)
    assert len(receipts) == 2
    assert len(set(receipts)) == 1


def test_two_who_close_at_once_one_wins(world):
    with world.sessions.begin() as session:
        task_id = reported_task(session, world).id
    ended = []

    with world.sessions() as session:
        actor = world.actor(session, "supervisor2")

    def close() -> None:
        started.wait()
        try:
            with world.sessions.begin() as session:
                tasks.approve(session, actor, task_id, comment=None, at=LATER)
        except (CaseworkError, StaleDataError) as error:
            ended.append(type(error))
        else:
            ended.append("closed")

    started = Barrier(2)
    _together(close, close)
    assert sorted(map(str, ended)) == sorted(["closed", str(UnknownTransition)])
    with world.sessions.begin() as session:
        assert session.scalar(select(func.count()).select_from(Verification)) == 1


def test_a_stale_copy_cannot_be_written(world):
    """Without the row lock the version column still refuses the second writer."""
    with world.sessions.begin() as session:
        task_id = reported_task(session, world).id
    with world.sessions() as reader:
        stale = reader.get_one(Task, task_id)
        reader.expunge(stale)
    with world.sessions.begin() as session:
        session.get_one(Task, task_id).note = "先写"
    stale.note = "后写"
    with world.sessions() as session:
        session.add(stale)
        with pytest.raises(StaleDataError):
            session.flush()


def test_towns_do_not_see_each_other(world):
    with world.sessions.begin() as session:
        complaint = reviewed_key_matter(session, world)
        task = reported_task(session, world)
        stranger = world.actor(session, "town_b")
        warning_id = session.scalars(select(CaseWarning.id).where(CaseWarning.finding_id == "f-a")).one()
        looks = [
            lambda: complaints.visible_complaint(session, stranger, complaint.id),
            lambda: tasks.visible_task(session, stranger, task.id),
            lambda: warnings.visible_warning(session, stranger, warning_id),
            lambda: warnings.visible_warning(session, stranger, 10**9),
        ]
        for look in looks:
            with pytest.raises(NotVisible):
                look()


@pytest.mark.parametrize(
    ("who", "kind"),
    [
        ("town_b", TaskKind.VERIFICATION),
        ("clerk", TaskKind.VERIFICATION),
        ("leader", TaskKind.VERIFICATION),
        ("liaison", TaskKind.VERIFICATION),
        ("liaison", TaskKind.DATA_CHECK),
    ],
)
def test_a_key_matter_is_given_only_to_who_may_know(small_world, who, kind):
    with small_world.sessions.begin() as session:
        complaint = reviewed_key_matter(session, small_world)
        given = Assignment(assignee_id=small_world.users[who], kind=kind)
        with pytest.raises(AssigneeNotAllowed):
            tasks.open_from_complaint(
                session, small_world.actor(session, "supervisor"), complaint.id, given, at=NOW
            )


def test_a_station_gets_a_data_check_without_the_suspicion(small_world):
    with small_world.sessions.begin() as session:
        supervisor = small_world.actor(session, "supervisor")
        given = Assignment(assignee_id=small_world.users["liaison"], kind=TaskKind.DATA_CHECK)
        ids = dict(session.execute(select(CaseWarning.finding_id, CaseWarning.id)).all())
        task = tasks.open_from_warning(session, supervisor, ids["f-a"], given, models=MODELS, at=NOW)
        assert task.guide["check"] == list(MODEL.guide.check)
        assert not {"what", "innocent_reasons"} & set(task.guide)
        with pytest.raises(AssigneeNotAllowed):
            tasks.open_from_warning(session, supervisor, ids["f-o"], given, models=MODELS, at=NOW)


@pytest.mark.parametrize("office", [VILLAGE_A, TOWN_B, "abc", ""])
def test_a_key_matter_is_never_routed_to_whom_it_names(small_world, office):
    with small_world.sessions.begin() as session:
        accepted = take_in(session, small_world, message(KEY_TEXT))[0]
        decided = Review(key=True, nature="accusation", field="other", office=office or "x")
        with pytest.raises(BadInput):
            complaints.review(
                session, small_world.actor(session, "clerk"), accepted.complaint_id, decided, at=NOW
            )


@pytest.mark.parametrize(
    "changes",
    [
        {"text": "  "},
        {"text": "字" * 20_001},
        {"text": "a\x00b"},
        {"text": "\ud800"},
        {"message_id": " "},
        {"message_id": "x" * 129},
        {"division": "330"},
        {"about": "abc"},
    ],
)
def test_a_message_that_cannot_be_taken_is_refused_before_anything_is_stored(small_world, changes):
    bad = message(**({"text": "好"} | changes))
    with small_world.sessions.begin() as session:
        with pytest.raises(BadInput):
            take_in(session, small_world, message("先到", number=9), bad)
        assert session.scalar(select(func.count()).select_from(Complaint)) == 0


def test_key_matters_come_first_and_then_what_the_model_doubts(small_world):
    with small_world.sessions.begin() as session:
        texts = ["问一下医保", "好像不公开", "克扣工资款"]
        take_in(session, small_world, *(message(text, number=n) for n, text in enumerate(texts)))
        rows, total = complaints.inbox(
            session, small_world.actor(session, "clerk"), state=None, page=1, size=10
        )
        assert ([row.work_text for row in rows], total) == (["克扣工资款", "好像不公开", "问一下医保"], 3)
        assert complaints.deciding_words(rows[0]) == ["克扣"]


def test_only_the_assignee_works_on_a_task(small_world):
    with small_world.sessions.begin() as session:
        owner, colleague = (small_world.actor(session, who) for who in ("supervisor", "supervisor2"))
        warning_id = session.scalars(select(CaseWarning.id).where(CaseWarning.finding_id == "f-a")).one()
        given = Assignment(assignee_id=small_world.users["supervisor"])
        task = tasks.open_from_warning(session, owner, warning_id, given, models=MODELS, at=NOW)
        assert tasks.visible_task(session, colleague, task.id) is task
        with pytest.raises(NotVisible):
            tasks.accept(session, colleague, task.id, at=NOW)
        tasks.accept(session, owner, task.id, at=NOW)
        with pytest.raises(NotVisible):
            tasks.report(session, colleague, task.id, Report(outcome=Outcome.DATA_ERROR, note="无"), at=NOW)


def test_a_task_given_to_another_leaves_the_first(small_world):
    with small_world.sessions.begin() as session:
        supervisor = small_world.actor(session, "supervisor")
        warning_id = session.scalars(select(CaseWarning.id).where(CaseWarning.finding_id == "f-a")).one()
        given = Assignment(assignee_id=small_world.users["liaison"], kind=TaskKind.DATA_CHECK)
        task = tasks.open_from_warning(session, supervisor, warning_id, given, models=MODELS, at=NOW)
        tasks.reassign(session, supervisor, task.id, assignee_id=small_world.users["town_a"], at=NOW)
        with pytest.raises(NotVisible):
            tasks.accept(session, small_world.actor(session, "liaison"), task.id, at=NOW)
        with pytest.raises(AssigneeNotAllowed):
            tasks.reassign(session, supervisor, task.id, assignee_id=10**6, at=NOW)


def _together(*jobs) -> None:
    threads = [Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
