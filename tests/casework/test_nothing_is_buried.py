"""What a copy, an addition or a message sent again brings reaches a person: in the clerk's inbox and at the office."""

from __future__ import annotations

from dataclasses import replace
from threading import Barrier, Thread

import pytest
from sqlalchemy import select

from casework import complaints, follow_ups, grouping, lexicon
from casework.errors import BadInput, NotVisible, UnknownTransition
from casework.intake import receive
from casework.message_reading import confirm_place
from casework.models import Complaint
from casework.states import ComplaintState
from tests.casework.test_inbox import MAILING, TEXTS, add, listed, take_in
from tests.casework_world import COUNTY, NOW, TOWN_A, VILLAGE_A, VILLAGE_B, KeywordTriage, message

ACCUSING = MAILING + "被村会计贪污了三万多元"


def shelf(session, actor, **which) -> list[int]:
    return [
        row.id for row in complaints.inbox(session, actor, **{"state": None, **which}, page=1, size=10)[0]
    ]


def lead_ids(session, ids) -> list[int | None]:
    return [grouping.lead_of(session, one) for one in ids]


# --- key matters behind other messages ---------------------------------------------------------------------


def test_a_key_matter_is_a_case_of_its_own_when_what_it_resembles_was_put_aside(world):
    with world.sessions.begin() as session:
        (asked,) = take_in(session, world, MAILING)
        clerk = world.actor(session, "clerk")
        decided = complaints.corrected_review(session.get_one(Complaint, asked), "not_key")
        complaints.review(session, clerk, asked, decided, at=NOW)
        copy, accusing, doubted = take_in(
            session, world, MAILING + "谢谢", ACCUSING, MAILING + "好像不对", start=2
        )
        assert lead_ids(session, [copy, accusing, doubted]) == [asked, None, accusing]


def test_a_case_stands_with_the_doubted_ones_when_the_model_takes_a_copy_for_a_key_matter(world):
    with world.sessions.begin() as session:
        lead, copy, other = take_in(session, world, MAILING, ACCUSING, TEXTS[2])
        clerk = world.actor(session, "clerk")
        assert lead_ids(session, [copy]) == [lead]
        assert listed(session, clerk) == [lead, other]
        assert grouping.doubted_in_copies(session, [lead, other]) == {lead}


# --- places ------------------------------------------------------------------------------------------------


def test_after_a_clerk_set_the_place_a_message_on_another_village_is_no_copy(world):
    without = MAILING.replace("石桥村", "我们村")
    with world.sessions.begin() as session:
        (lead,) = take_in(session, world, without)
        confirm_place(session, world.actor(session, "clerk"), lead, about=VILLAGE_A, at=NOW)
        elsewhere, same, unnamed = take_in(
            session, world, without.replace("我们村", "柳林村"), MAILING, without + "谢谢", start=2
        )
        assert lead_ids(session, [elsewhere, same, unnamed]) == [None, lead, lead]
        assert session.get_one(Complaint, elsewhere).about == VILLAGE_B


# --- copies at the office ----------------------------------------------------------------------------------


def test_the_office_of_a_case_reads_its_copies_as_long_as_the_case_is_its(world):
    with world.sessions.begin() as session:
        lead, early = take_in(session, world, ACCUSING, ACCUSING + "谢谢")
        clerk, town = world.actor(session, "clerk"), world.actor(session, "town_a")
        decided = complaints.corrected_review(session.get_one(Complaint, lead), "key")
        complaints.review(session, clerk, lead, decided, at=NOW)
        assert session.get_one(Complaint, lead).office == TOWN_A
        late, evidence = take_in(
            session, world, ACCUSING + "求查", "石桥村这件事我有合同的照片为证，请看附件", start=3
        )
        grouping.merge(session, clerk, evidence, lead_id=lead, at=NOW)
        rows, total = grouping.copies_page(session, town, lead, page=1, size=10)
        assert (sorted(row.id for row in rows), total) == ([early, late, evidence], 3)
        assert listed(session, town) == [lead]
        for one in (early, late, evidence):
            assert complaints.visible_complaint(session, town, one).id == one
        grouping.split(session, clerk, early, at=NOW)
        with pytest.raises(NotVisible):
            complaints.visible_complaint(session, town, early)
        complaints.return_to_clerk(session, town, lead, comment="材料不全", at=NOW)
        for one in (lead, late, evidence):
            with pytest.raises(NotVisible):
                complaints.visible_complaint(session, town, one)


def test_a_copy_never_reaches_those_it_speaks_of(world):
    with world.sessions.begin() as session:
        lead, copy = take_in(session, world, ACCUSING, ACCUSING + "谢谢")
        clerk, other = world.actor(session, "clerk"), world.actor(session, "town_b")
        decided = complaints.corrected_review(session.get_one(Complaint, lead), "key")
        complaints.review(session, clerk, lead, decided, at=NOW)
        session.get_one(Complaint, copy).about = TOWN_A
        session.flush()
        for actor in (world.actor(session, "town_a"), other):
            with pytest.raises(NotVisible):
                complaints.visible_complaint(session, actor, copy)


NOWHERE = ACCUSING.replace("石桥村", "我们")


@pytest.mark.parametrize("how", ["delivery", "merge", "place"])
def test_when_a_case_turns_out_to_be_about_its_office_the_copies_are_out_of_its_reach_too(world, how):
    with world.sessions.begin() as session:
        lead, early = take_in(session, world, NOWHERE, NOWHERE + "谢谢")
        clerk, town = world.actor(session, "clerk"), world.actor(session, "town_a")
        decided = replace(complaints.corrected_review(session.get_one(Complaint, lead), "key"), office=TOWN_A)
        complaints.review(session, clerk, lead, decided, at=NOW)
        assert complaints.visible_complaint(session, town, early).id == early
        if how == "place":
            complaints.return_to_clerk(session, town, lead, comment="退回", at=NOW)
            confirm_place(session, clerk, lead, about=TOWN_A, at=NOW)
        else:
            text = (
                NOWHERE.replace("我们", "清溪镇政府") if how == "delivery" else "清溪镇政府的账从来不给人看"
            )
            (other,) = take_in(session, world, text, start=3)
            if how == "merge":
                grouping.merge(session, clerk, other, lead_id=lead, at=NOW)
            assert lead_ids(session, [other]) == [lead]
        (late,) = take_in(session, world, NOWHERE + "求查", start=4)
        assert lead_ids(session, [late]) == [lead]
        for one in (lead, early, late):
            assert session.get_one(Complaint, one).about == TOWN_A
            with pytest.raises(NotVisible):
                complaints.visible_complaint(session, town, one)
        assert shelf(session, town, state=ComplaintState.COPY) == []


def test_two_clerks_who_merge_two_cases_into_each_other_leave_one(world):
    with world.sessions.begin() as session:
        one, other = take_in(session, world, TEXTS[0], TEXTS[3])
    together, refused = Barrier(2), []

    def merge(first: int, second: int) -> None:
        with world.sessions() as session:
            clerk = world.actor(session, "clerk")
        together.wait()
        try:
            with world.sessions.begin() as session:
                grouping.merge(session, clerk, first, lead_id=second, at=NOW)
        except (BadInput, UnknownTransition) as error:
            refused.append(type(error))

    threads = [Thread(target=merge, args=pair) for pair in ((one, other), (other, one))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    with world.sessions() as session:
        leads = [grouping.lead_of(session, row_id) for row_id in (one, other)]
        assert sorted(leads, key=str) in ([one, None], [other, None])
        waiting = select(Complaint.id).where(Complaint.state == ComplaintState.TRIAGED)
        assert session.scalars(waiting).all() == [
            row_id for row_id, lead in zip((one, other), leads, strict=True) if lead is None
        ]


# --- additions, keywords and spam --------------------------------------------------------------------------


def test_what_a_sender_adds_to_a_decided_case_is_listed_until_somebody_answers(world):
    with world.sessions.begin() as session:
        decided_case, waiting = take_in(session, world, TEXTS[2], TEXTS[3])
        clerk = world.actor(session, "clerk")
        decided = complaints.corrected_review(session.get_one(Complaint, decided_case), "not_key")
        complaints.review(session, clerk, decided_case, decided, at=NOW)
        assert shelf(session, clerk, added=True) == []
        add(session, world, decided_case)
        assert shelf(session, clerk, added=True) == [decided_case]
        assert shelf(session, clerk, state=ComplaintState.TRIAGED) == [waiting]
        follow_ups.ask(session, clerk, decided_case, "补充已收到", at=NOW)
        assert shelf(session, clerk, added=True) == []


@pytest.mark.parametrize("why", ["keyword", "urgency", "addition"])
def test_a_message_that_a_person_must_see_is_not_set_aside_as_spam(world, why):
    with world.sessions.begin() as session:
        (row_id,) = take_in(session, world, "恭喜您中奖，请到鱼塘承包处领取")
        clerk = world.actor(session, "clerk")
        assert shelf(session, clerk, spam=True) == [row_id]
        if why == "keyword":
            lexicon.save(session, clerk, lexicon.parse_keywords("鱼塘承包"), note="排查", at=NOW)
        elif why == "urgency":
            session.get_one(Complaint, row_id).decided_urgency = "retaliation"
            session.flush()
        else:
            add(session, world, row_id)
        assert (shelf(session, clerk, spam=True), shelf(session, clerk)) == ([], [row_id])


# --- the same number again ---------------------------------------------------------------------------------


def deliver(session, world, *given):
    return receive(
        session, given, sealer=world.sealer, triage=KeywordTriage(), triage_version="base-1", at=NOW
    )


@pytest.mark.parametrize(
    ("again", "differs"),
    [
        ({}, False),
        ({"text": TEXTS[0].replace("，", "，\n") + " "}, False),
        ({"text": TEXTS[1]}, True),
        ({"sender": "13800002222"}, True),
        ({"enclosed": "ab"}, True),
    ],
)
@pytest.mark.parametrize("at_once", [False, True])
def test_another_message_under_a_number_that_is_taken_is_told_from_the_same_one_sent_again(
    world, again, differs, at_once
):
    one = {"text": TEXTS[0], "sender": "13800001111"}
    first, second = (message(given.pop("text"), **given) for given in (dict(one), one | again))
    with world.sessions.begin() as session:
        if at_once:
            was, now = deliver(session, world, first, second)
        else:
            (was,), (now,) = deliver(session, world, first), deliver(session, world, second)
        assert (was.redelivered, was.differs) == (False, False)
        assert (now.redelivered, now.differs, now.complaint_id) == (True, differs, was.complaint_id)
        assert len(session.scalars(select(Complaint)).all()) == 1


def test_a_message_stored_before_there_were_digests_counts_as_the_same(world):
    with world.sessions.begin() as session:
        (was,) = deliver(session, world, message(TEXTS[0], division=COUNTY))
        session.get_one(Complaint, was.complaint_id).delivery_digest = None
        session.flush()
        (now,) = deliver(session, world, message(TEXTS[1], division=COUNTY))
        assert (now.redelivered, now.differs) == (True, False)
