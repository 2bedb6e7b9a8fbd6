"""The clerk corrects class and urgency: a label with who and when, seen in the order of the inbox, put right again."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from casework import complaints, grouping, training_labels
from casework.complaints import Review
from casework.errors import BadInput, NotVisible, RoleNotAllowed
from casework.events import history
from casework.inbox_models import ReviewLabel, UrgencyLabel
from casework.models import Complaint
from casework.states import ComplaintState
from casework.urgency import decide_urgency
from tests.casework.test_inbox import MAILING, TEXTS, listed, take_in
from tests.casework_world import NOW
from training.label_files import load_site

OBJECTION, QUESTION = "对村里的处分决定不服，请求复查", "请问医保在哪里交"
PRESSING = "有人扬言要报复写信的人"


def decide(session, world, complaint_id, **given) -> Complaint:
    review = Review(**{"key": False, "nature": "appeal_for_help", "field": "other"} | given)
    return complaints.review(session, world.actor(session, "clerk"), complaint_id, review, at=NOW)


def newest_label(session) -> ReviewLabel:
    return session.scalars(select(ReviewLabel).order_by(ReviewLabel.id.desc())).first()


# --- class -------------------------------------------------------------------------------------------------


def test_a_class_put_right_is_a_label_and_can_be_put_right_again(world):
    with world.sessions.begin() as session:
        (row_id,) = take_in(session, world, OBJECTION)
        clerk = world.actor(session, "clerk")
        proposed = complaints.corrected_review(session.get_one(Complaint, row_id), "class:申诉")
        assert (proposed.key, proposed.official_class) == (False, "申诉")
        complaint = complaints.review(session, clerk, row_id, proposed, at=NOW)
        assert (complaint.state, complaint.decided_class) == (ComplaintState.NOT_KEY, "申诉")
        assert complaint.official_class == "业务范围外"  # what the model said stays
        label = newest_label(session)
        assert (label.official_class, label.corrected, label.by, label.at) == ("申诉", True, clerk.id, NOW)
        assert decide(session, world, row_id).decided_class == "申诉"
        assert decide(session, world, row_id, official_class="批评建议").decided_class == "批评建议"
        assert complaint.state is ComplaintState.NOT_KEY
        assert decide(session, world, row_id, key=True).decided_class == "检举控告"
        told = [event.fields.get("official_class") for event in history(session, complaint)]
        assert told[-4:] == ["申诉", "申诉", "批评建议", "检举控告"]


@pytest.mark.parametrize(
    ("text", "given", "stored", "corrected"),
    [
        (QUESTION, {"nature": "consultation"}, "业务范围外", False),
        (QUESTION, {"nature": "consultation", "official_class": "业务范围外"}, "业务范围外", False),
        (QUESTION, {"nature": "consultation", "official_class": "批评建议"}, "批评建议", True),
        (QUESTION, {"nature": "consultation", "official_class": "检举控告"}, "检举控告", True),
        (QUESTION, {"key": True}, "检举控告", True),
        (
            "村里克扣补贴",
            {"key": True, "nature": "accusation", "field": "land_compensation"},
            "检举控告",
            False,
        ),
        ("村里克扣补贴", {}, None, True),
    ],
)
def test_the_class_of_a_review_fits_its_key_and_is_unknown_where_nobody_said(
    small_world, text, given, stored, corrected
):
    with small_world.sessions.begin() as session:
        (row_id,) = take_in(session, small_world, text)
        assert decide(session, small_world, row_id, **given).decided_class == stored
        assert (newest_label(session).official_class, newest_label(session).corrected) == (stored, corrected)


@pytest.mark.parametrize("given", [{"key": True, "official_class": "申诉"}, {"official_class": "投诉"}])
def test_a_class_that_is_none_or_contradicts_is_refused(small_world, given):
    with small_world.sessions.begin() as session:
        (row_id,) = take_in(session, small_world, QUESTION)
        with pytest.raises(BadInput, match="类别"):
            decide(session, small_world, row_id, **given)
        assert session.get_one(Complaint, row_id).state is ComplaintState.TRIAGED
        with pytest.raises(BadInput):
            complaints.corrected_review(session.get_one(Complaint, row_id), "class:投诉")


# --- urgency -----------------------------------------------------------------------------------------------


def test_an_urgency_put_right_moves_the_case_at_once_and_back_again(world):
    with world.sessions.begin() as session:
        doubted, asked, pressing = take_in(session, world, "好像补助少发了", QUESTION, PRESSING)
        clerk = world.actor(session, "clerk")
        assert listed(session, clerk) == [pressing, doubted, asked]
        decide_urgency(session, clerk, pressing, [], at=NOW)
        assert listed(session, clerk) == [doubted, pressing, asked]
        decide_urgency(session, clerk, asked, ["money_moving", "group_event"], at=NOW)
        assert listed(session, clerk) == [asked, doubted, pressing]
        row = session.get_one(Complaint, asked)
        assert (row.presses, row.urgency, row.state) == (
            "group_event+money_moving",
            "",
            ComplaintState.TRIAGED,
        )
        decide_urgency(session, clerk, pressing, ["retaliation"], at=NOW)
        decide_urgency(session, clerk, asked, [], at=NOW)
        assert listed(session, clerk) == [pressing, doubted, asked]
        labels = session.scalars(select(UrgencyLabel).order_by(UrgencyLabel.id)).all()
        assert [(one.complaint_id, one.urgency) for one in labels] == [
            (pressing, ""), (asked, "group_event+money_moving"), (pressing, "retaliation"), (asked, ""),
        ]  # fmt: skip
        assert {(one.by, one.at) for one in labels} == {(clerk.id, NOW)}
        told = [event.fields for event in history(session, row) if event.action == "set_urgency"]
        assert told == [{"urgency": "group_event+money_moving"}, {"urgency": "none"}]


def test_a_copy_of_which_a_person_said_that_nothing_presses_raises_its_case_no_more(world):
    with world.sessions.begin() as session:
        doubted, lead, copy = take_in(
            session, world, "好像补助少发了", MAILING, MAILING + "写信的人被扬言报复"
        )
        clerk = world.actor(session, "clerk")
        assert listed(session, clerk) == [lead, doubted]
        decide_urgency(session, clerk, copy, [], at=NOW)
        assert listed(session, clerk) == [doubted, lead]
        assert grouping.pressing_copies(session, [lead]) == {}
        decide_urgency(session, clerk, copy, ["group_event"], at=NOW)
        assert grouping.pressing_copies(session, [lead]) == {lead: ("group_event",)}


def test_only_a_clerk_who_sees_the_case_says_what_presses(small_world):
    with small_world.sessions.begin() as session:
        (row_id,) = take_in(session, small_world, QUESTION)
        clerk = small_world.actor(session, "clerk")
        with pytest.raises(BadInput, match="危及人身安全"):
            decide_urgency(session, clerk, row_id, ["hurry"], at=NOW)
        with pytest.raises(NotVisible):
            decide_urgency(session, small_world.actor(session, "supervisor"), row_id, [], at=NOW)
        decide(session, small_world, row_id, key=True)
        with pytest.raises(RoleNotAllowed):
            decide_urgency(session, small_world.actor(session, "supervisor"), row_id, [], at=NOW)
        assert decide_urgency(session, clerk, row_id, ["group_event"], at=NOW).presses == "group_event"


# --- labels ------------------------------------------------------------------------------------------------


def test_class_and_urgency_go_out_with_the_labels_and_are_learnt_from(world, tmp_path):
    with world.sessions.begin() as session:
        objection, key, plain, untold, _, copy = take_in(
            session, world, OBJECTION, TEXTS[0], QUESTION, "村里克扣补贴", MAILING, MAILING + "谢谢领导"
        )
        clerk = world.actor(session, "clerk")
        decide(session, world, objection, official_class="申诉")
        decide(session, world, objection, official_class="批评建议")
        decide(session, world, key, key=True)
        decide(session, world, plain)
        decide(session, world, untold)
        decide_urgency(session, clerk, key, ["retaliation"], at=NOW)
        decide_urgency(session, clerk, key, ["group_event", "retaliation"], at=NOW)
        decide_urgency(session, clerk, plain, [], at=NOW)
        decide_urgency(session, clerk, copy, ["money_moving"], at=NOW)
        for row in session.scalars(select(Complaint)):
            row.simulated = False
        session.flush()
        assert training_labels.export_labels(session, tmp_path / "labels.parquet") == 5
    rows = {row["complaint_id"]: row for row in pq.read_table(tmp_path / "labels.parquet").to_pylist()}
    assert [rows[one]["official_class"] for one in (objection, key, plain, untold, copy)] == [
        "批评建议", "检举控告", "业务范围外", None, None,
    ]  # fmt: skip
    assert [rows[one]["urgency"] for one in (objection, key, plain, untold, copy)] == [
        None, "retaliation+group_event", "none", None, "money_moving",
    ]  # fmt: skip
    assert (rows[copy]["source"], rows[copy]["key"], rows[copy]["by"]) == ("urgency", None, clerk.id)
    taught = {one.masked: one for one in load_site(tmp_path / "labels.parquet")}
    of = {row_id: taught[row["masked"]] for row_id, row in rows.items()}
    assert (of[key].official_class, of[key].urgency) == ("检举控告", ("retaliation", "group_event"))
    assert (of[plain].urgency, of[untold].urgency, of[untold].official_class) == ((), None, None)
    assert (of[copy].key, of[copy].nature, of[copy].urgency) == (None, None, ("money_moving",))


def test_what_is_said_of_the_first_message_of_a_mailing_holds_for_its_copies_that_press_alike(world):
    pressing = MAILING + "写信的人被扬言报复"
    with world.sessions.begin() as session:
        doubted, lead, _ = take_in(session, world, "好像补助少发了", pressing, pressing + "谢谢")
        clerk = world.actor(session, "clerk")
        decide_urgency(session, clerk, lead, [], at=NOW)
        assert listed(session, clerk) == [doubted, lead]
        assert grouping.pressing_copies(session, [lead]) == {}
        (more,) = take_in(session, world, pressing + "盼复", start=9)
        assert grouping.lead_of(session, more) == lead
        assert listed(session, clerk) == [doubted, lead]
        session.get_one(Complaint, more).urgency = "group_event"
        session.flush()
        assert listed(session, clerk) == [lead, doubted]
        assert grouping.pressing_copies(session, [lead]) == {lead: ("group_event",)}
