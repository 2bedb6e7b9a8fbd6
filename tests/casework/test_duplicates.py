"""A repeat is the same sender on the same matter again; many people's same text is none, nor is what nobody signed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from casework import grouping, training_labels
from casework.audit_models import AuditEntry
from casework.duplicates import Duplicate, contact_of, sender_digest, standings
from casework.intake import receive
from casework.models import Complaint
from casework.scope import visible_complaints
from casework.sealing import Sealer
from casework.states import ComplaintState
from casework.urgency import decide_urgency
from tests.casework.test_inbox import MAILING, TEXTS
from tests.casework_world import COUNTY, NOW, TOWN_A, VILLAGE_A, VILLAGE_B, KeywordTriage, message

ONE, OTHER, THIRD = "13800000001", "13900000002", "wang@example.com"
REWRITTEN = "石桥村的征地补偿款还是没有公开，账目没有贴出来，多报的三亩地到底给了谁，请查一查"


def take_in(session, world, *given, **all_of_them) -> list[int]:
    """Complaints of (text, sender) or (text, sender, what else), a minute apart."""
    known = session.query(Complaint).count()
    messages = [
        message(
            text,
            number=known + number,
            sender=sender,
            **({"received_at": NOW + timedelta(minutes=known + number)} | all_of_them | dict(*changes)),
        )
        for number, (text, sender, *changes) in enumerate(given, start=1)
    ]
    answers = receive(
        session, messages, sealer=world.sealer, triage=KeywordTriage(), triage_version="base-1", at=NOW
    )
    return [answer.complaint_id for answer in answers]


def read(session, world, ids, *, who="clerk"):
    rows = [session.get_one(Complaint, row_id) for row_id in ids]
    found = standings(session, rows, visible=visible_complaints(world.actor(session, who)))
    return [found[row_id] for row_id in ids]


def said(session, world, ids, *, who="clerk") -> list[tuple[str, int | None]]:
    return [(one.duplicate.value, one.earlier) for one in read(session, world, ids, who=who)]


# --- who writes --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "contact"),
    [
        ("13800000001", "13800000001"),
        ("王某 138-0000-0001", "13800000001"),
        ("＋86 138 0000 0001", "13800000001"),
        ("电话：+8613800000001，微信同号", "13800000001"),
        ("0571-8888 6666", "057188886666"),
        ("Wang@Example.com", "wang@example.com"),
        ("匿名", None),
        ("", None),
        ("11111111", None),
        ("12345", None),
    ],
)
def test_a_contact_is_a_telephone_number_or_an_address_in_one_spelling(given, contact):
    assert contact_of(given) == contact


def test_a_digest_needs_the_key_and_belongs_to_one_office():
    sealer = Sealer(b"k" * 32)
    digest = sender_digest(sealer, "138 0000 0001", division=COUNTY)
    assert digest == sender_digest(sealer, ONE, division=COUNTY)
    assert ONE not in digest
    assert digest != sender_digest(sealer, ONE, division=TOWN_A)
    assert digest != sender_digest(Sealer(b"x" * 32), ONE, division=COUNTY)
    assert sender_digest(sealer, "不便透露", division=COUNTY) is None
    assert sender_digest(sealer, None, division=COUNTY) is None


# --- the same text -----------------------------------------------------------------------------------------


def test_of_one_mailing_only_what_a_sender_says_again_is_a_repeat(world):
    with world.sessions.begin() as session:
        lead, again, other, unknown, third = take_in(
            session, world, (MAILING, ONE), (MAILING + "谢谢", "+86 138 0000 0001"), (MAILING + "求查", OTHER),
            (MAILING + "盼复", None), (MAILING + "请查", "王 138-0000-0001"),
        )  # fmt: skip
        assert said(session, world, [lead, again, other, unknown, third]) == [
            ("none", None), ("repeat", lead), ("copy", lead), ("copy", lead), ("repeat", again),
        ]  # fmt: skip
        (first,) = read(session, world, [lead])
        assert (first.repeats, first.senders) == (2, 2)


def test_without_a_sender_it_is_a_copy_and_no_repeat(world):
    with world.sessions.begin() as session:
        lead, copy, alone = take_in(
            session, world, (MAILING, None), (MAILING + "谢谢", None), (TEXTS[2], None)
        )
        assert said(session, world, [lead, copy, alone]) == [("none", None), ("copy", lead), ("none", None)]
        (first,) = read(session, world, [lead])
        assert (first.repeats, first.senders) == (0, 0)


def test_the_flag_follows_what_the_clerk_takes_out_and_joins(world):
    with world.sessions.begin() as session:
        lead, copy, apart = take_in(
            session, world, (MAILING, ONE), (MAILING + "谢谢", OTHER), (TEXTS[2], ONE)
        )
        clerk = world.actor(session, "clerk")
        grouping.split(session, clerk, copy, at=NOW)
        assert said(session, world, [copy, apart]) == [("none", None), ("none", None)]
        grouping.merge(session, clerk, apart, lead_id=lead, at=NOW)
        assert said(session, world, [lead, apart]) == [("none", None), ("repeat", lead)]
        assert read(session, world, [lead])[0].repeats == 1


def test_the_first_of_a_group_repeats_an_earlier_message_that_was_joined_to_it(small_world):
    with small_world.sessions.begin() as session:
        early, late = take_in(session, small_world, (TEXTS[2], ONE), (MAILING, ONE))
        grouping.merge(session, small_world.actor(session, "clerk"), early, lead_id=late, at=NOW)
        assert said(session, small_world, [late, early]) == [("repeat", early), ("copy", late)]


# --- other words -------------------------------------------------------------------------------------------


def test_the_same_sender_in_other_words_on_the_same_event_is_a_repeat(world):
    with world.sessions.begin() as session:
        first, other, again, elsewhere = take_in(
            session, world, (MAILING, ONE), (REWRITTEN, OTHER), (REWRITTEN + "，已经第二次写信了", ONE), (TEXTS[3], ONE)
        )  # fmt: skip
        assert session.get_one(Complaint, again).state is ComplaintState.COPY  # of the other's
        assert said(session, world, [first, other, again, elsewhere]) == [
            ("none", None), ("none", None), ("repeat", first), ("none", None),
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "days_before", "duplicate"),
    [
        ({}, 59, Duplicate.REPEAT),
        ({}, 61, Duplicate.NONE),
        ({"about": VILLAGE_A}, 0, Duplicate.REPEAT),
        ({"about": VILLAGE_B}, 0, Duplicate.NONE),
        ({"simulated": False}, 0, Duplicate.NONE),
    ],
)
def test_another_village_or_a_long_time_makes_another_matter(small_world, changes, days_before, duplicate):
    text = REWRITTEN.replace("石桥村的", "")
    first = {"about": VILLAGE_A, "received_at": NOW - timedelta(days=days_before)}
    with small_world.sessions.begin() as session:
        _, again = take_in(
            session, small_world, (MAILING.replace("石桥村", ""), ONE, first), (text, ONE, changes)
        )
        assert read(session, small_world, [again])[0].duplicate is duplicate


def test_nobody_learns_of_an_earlier_message_that_they_may_not_see(small_world):
    with small_world.sessions.begin() as session:
        first, again = take_in(session, small_world, (MAILING, ONE), (REWRITTEN, ONE))
        row = session.get_one(Complaint, again)
        row.state, row.office = ComplaintState.KEY_MATTER, TOWN_A
        session.flush()
        assert said(session, small_world, [again]) == [("repeat", first)]
        assert said(session, small_world, [again], who="town_a") == [("none", None)]


# --- labels ------------------------------------------------------------------------------------------------


def test_the_flag_goes_out_with_the_labels_and_the_sender_does_not(world):
    with world.sessions.begin() as session:
        ids = take_in(session, world, (MAILING, ONE), (MAILING + "谢谢", ONE), (MAILING + "求查", THIRD))
        for row_id in ids:
            decide_urgency(session, world.actor(session, "clerk"), row_id, [], at=NOW)
        rows = training_labels.label_rows(session)
        assert [row["duplicate"] for row in rows] == ["none", "repeat", "copy"]
        digests = session.scalars(select(Complaint.sender_digest)).all()
        assert len(set(digests)) == 2
        written = f"{rows} {[(row.target, row.detail) for row in session.scalars(select(AuditEntry))]}"
        assert not any(secret in written for secret in (ONE, THIRD, *digests))
