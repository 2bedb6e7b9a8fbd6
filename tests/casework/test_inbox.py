"""The inbox: keywords with their effect, similar cases, reading twice, and labels for training."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from casework import blind_readings, complaints, follow_ups, grouping, lexicon, similar, training_labels
from casework.audit_models import AuditEntry
from casework.blind_readings import Answer
from casework.errors import BadInput, NotPermitted, NotVisible, SecondPersonRequired
from casework.fields import label_of
from casework.inbox_models import BlindCase, KeywordHit
from casework.intake import receive
from casework.models import Complaint
from casework.raising import added_to
from casework.roles import Role
from casework.states import ComplaintState
from tests.casework_world import COUNTY, NOW, TOWN_A, KeywordTriage, add_user, message
from training.label_files import load_site

TEXTS = (
    "石桥村的低保名单从来没有公示，村干部的家属家里有车有房也在名单上",
    "柳林村修路的工程没有招标，直接给了支书的小舅子",
    "请问城乡居民医保今年什么时候可以缴费",
    "小区楼下的烧烤摊半夜还在营业，油烟很大睡不着觉",
)
YES = Answer(key=True, nature="accusation", field="assistance")
NO = Answer(key=False, nature="consultation", field="other")


def take_in(session, world, *texts, start=1):
    given = [message(text, number=number) for number, text in enumerate(texts, start=start)]
    return [
        answer.complaint_id
        for answer in receive(
            session, given, sealer=world.sealer, triage=KeywordTriage(), triage_version="base-1", at=NOW
        )
    ]


def second_clerk(session, world) -> None:
    world.users["clerk2"] = add_user(session, "clerk2", Role.CLERK, COUNTY).id


# --- keywords ----------------------------------------------------------------------------------------------


def test_the_effect_of_a_list_is_shown_before_it_is_saved_and_is_what_happens(world):
    wanted = lexicon.parse_keywords("小舅子\n不存在的词\n低保")
    with world.sessions.begin() as session:
        ids = take_in(session, world, *TEXTS)
        clerk = world.actor(session, "clerk")
        shown = lexicon.effect(session, clerk, wanted)
        assert (shown.cases, dict(shown.counts)) == (4, {"小舅子": 1, "不存在的词": 0, "低保": 1})
        assert {row.id: words for row, words in shown.raised} == {ids[0]: ["低保"], ids[1]: ["小舅子"]}
        assert not session.scalars(select(KeywordHit)).all()
        version = lexicon.save(session, clerk, wanted, note="春节前排查", at=NOW)
        assert (version.by, version.at, version.note) == (clerk.id, NOW, "春节前排查")
    with world.sessions.begin() as session:
        assert lexicon.words_found(session, ids) == {ids[0]: ["低保"], ids[1]: ["小舅子"]}
        more = take_in(session, world, "他小－舅－子包了工程，这是另外一件事情", start=9)
        assert lexicon.words_found(session, more) == {more[0]: ["小舅子"]}
        rows, _ = complaints.inbox(session, world.actor(session, "clerk"), state=None, page=1, size=10)
        assert {row.id for row in rows[:3]} == {ids[0], ids[1], more[0]}
        assert all(not row.model_key for row in rows)  # a keyword decides nothing


def test_the_effect_counts_cases_and_a_copy_with_its_case(world):
    with world.sessions.begin() as session:
        mailing = [MAILING + thanks for thanks in ("", "谢谢", "谢谢领导")]
        lead, *copies, waiting, done = take_in(session, world, *mailing, TEXTS[0], TEXTS[1])
        clerk = world.actor(session, "clerk")
        decided = complaints.Review(key=False, nature="consultation", field="other")
        complaints.review(session, clerk, done, decided, at=NOW)
        wanted = lexicon.parse_keywords("征地\n低保\n修路")
        shown = lexicon.effect(session, clerk, wanted)
        assert (shown.cases, dict(shown.counts)) == (2, {"征地": 1, "低保": 1, "修路": 0})
        assert {row.id for row, _ in shown.raised} == {lead, waiting}
        lexicon.save(session, clerk, wanted, note="排查", at=NOW)
        assert set(session.scalars(select(KeywordHit.complaint_id))) == {lead, *copies, waiting}


def test_an_earlier_list_can_be_taken_up_again(world):
    with world.sessions.begin() as session:
        ids = take_in(session, world, *TEXTS)
        clerk = world.actor(session, "clerk")
        first = lexicon.save(session, clerk, lexicon.parse_keywords("低保"), note="一", at=NOW)
        second = lexicon.save(session, clerk, lexicon.parse_keywords("烧烤"), note="二", at=NOW)
        assert lexicon.words_found(session, ids) == {ids[3]: ["烧烤"]}
        shown = lexicon.effect(session, clerk, lexicon.parse_keywords("低保"))
        assert [words for _, words in shown.dropped] == [["烧烤"]]
        third = lexicon.restore(session, clerk, first.id, at=NOW)
        assert third.restores == first.id
        assert lexicon.words_found(session, ids) == {ids[0]: ["低保"]}
        assert [row.id for row in lexicon.versions(session, clerk)] == [third.id, second.id, first.id]


@pytest.mark.parametrize("text", ["钱", "低保 困难救助", "字" * 21])
def test_a_list_that_cannot_be_read_says_which_line(text):
    with pytest.raises(BadInput, match="第 2 行"):
        lexicon.parse_keywords(f"公示\n{text}")


def test_a_list_reads_back_as_it_was_written():
    text = "小舅子\n公示"
    assert lexicon.as_text(lexicon.parse_keywords(text)) == text


def test_only_clerks_of_the_office_keep_its_keywords(small_world):
    with small_world.sessions.begin() as session:
        version = lexicon.save(session, small_world.actor(session, "clerk"), [], note="空", at=NOW)
        with pytest.raises(NotPermitted):
            lexicon.save(session, small_world.actor(session, "supervisor"), [], note="空", at=NOW)
        other = add_user(session, "town_clerk", Role.CLERK, TOWN_A)
        small_world.users["town_clerk"] = other.id
        with pytest.raises(NotVisible):
            lexicon.restore(session, small_world.actor(session, "town_clerk"), version.id, at=NOW)
        with pytest.raises(BadInput):
            lexicon.save(session, small_world.actor(session, "clerk"), [], note=" ", at=NOW)


# --- similar cases -----------------------------------------------------------------------------------------


def test_the_three_nearest_earlier_cases_are_shown_the_nearest_first(world):
    with world.sessions.begin() as session:
        ids = take_in(session, world, *TEXTS, "石桥村低保名单为什么不公示，有车有房的家属也能领")
        found = similar.earlier_cases(session, world.actor(session, "clerk"), ids[-1])
        assert found[0].complaint.id == ids[0]
        assert len(found) <= 3
        assert [one.likeness for one in found] == sorted((one.likeness for one in found), reverse=True)
        assert similar.earlier_cases(session, world.actor(session, "clerk"), ids[0]) == []


def test_nobody_is_shown_a_case_that_they_may_not_see(small_world):
    with small_world.sessions.begin() as session:
        ids = take_in(session, small_world, TEXTS[0], TEXTS[0] + "，请查一查他们家到底有几辆车几套房")
        for complaint_id in ids:
            session.get_one(Complaint, complaint_id).state = ComplaintState.KEY_MATTER
        session.get_one(Complaint, ids[0]).office = COUNTY
        session.get_one(Complaint, ids[1]).office = TOWN_A
        assert similar.earlier_cases(session, small_world.actor(session, "town_a"), ids[1]) == []
        assert len(similar.earlier_cases(session, small_world.actor(session, "supervisor"), ids[1])) == 1


def test_the_same_event_is_offered_and_never_joined(small_world):
    texts = (
        "丽发新城旁边的搅拌站噪音大灰尘大，居民没法开窗，孩子天天咳嗽",
        "搅拌站就在丽发新城小区门口，水泥灰尘飞得到处都是，投诉多次没有用",
        TEXTS[2],
    )
    with small_world.sessions.begin() as session:
        ids = take_in(session, small_world, *texts)
        clerk = small_world.actor(session, "clerk")
        assert [one.complaint.id for one in similar.maybe_same_event(session, clerk, ids[0])] == [ids[1]]
        assert {session.get_one(Complaint, row).state for row in ids} == {ComplaintState.TRIAGED}


# --- reading twice -----------------------------------------------------------------------------------------


def test_two_read_blind_and_a_disagreement_is_settled(world):
    with world.sessions.begin() as session:
        second_clerk(session, world)
        take_in(session, world, *TEXTS, "好像有人把低保的钱领走了")
        one, two = world.actor(session, "clerk"), world.actor(session, "clerk2")
        cases = blind_readings.pick(session, one, number=2, at=NOW)
        unsure = session.get_one(Complaint, cases[0].complaint_id)
        assert unsure.key_probability == 0.5
        for case in cases:
            assert blind_readings.next_case(session, one)[0].id == case.id
            blind_readings.read(session, one, case.id, YES, at=NOW)
        assert blind_readings.next_case(session, one) is None
        assert blind_readings.disagreements(session, two) == []
        with pytest.raises(SecondPersonRequired):
            blind_readings.read(session, one, cases[0].id, NO, at=NOW)
        with pytest.raises(BadInput):
            blind_readings.settle(session, two, cases[0].id, NO, reason="先定", at=NOW)
        blind_readings.read(session, two, cases[0].id, YES, at=NOW)
        blind_readings.read(session, two, cases[1].id, NO, at=NOW)
        assert blind_readings.next_case(session, two) is None
        found = blind_readings.agreement(session, one)
        assert (found.cases, found.equal) == (2, 1)
        (open_one,) = blind_readings.disagreements(session, one)
        assert (open_one.case.id, [reading.key for reading in open_one.readings]) == (
            cases[1].id,
            [True, False],
        )
        blind_readings.settle(session, one, cases[1].id, YES, reason="写明了金额和人", at=NOW)
        with pytest.raises(BadInput):
            blind_readings.settle(session, one, cases[1].id, NO, reason="再定", at=NOW)
        settled = session.get_one(BlindCase, cases[1].id)
        assert (settled.key, settled.settled_by, settled.settled_at) == (True, one.id, NOW)
    with world.sessions.begin() as session:
        rows = training_labels.label_rows(session)
        assert sorted(row["source"] for row in rows) == ["agreed", "settled"]
        assert all(row["key"] for row in rows)


def test_who_decided_on_a_case_in_the_inbox_does_not_read_it_blind(world):
    with world.sessions.begin() as session:
        second_clerk(session, world)
        (row_id,) = take_in(session, world, TEXTS[0])
        one, two = world.actor(session, "clerk"), world.actor(session, "clerk2")
        (case,) = blind_readings.pick(session, one, number=1, at=NOW)
        decided = complaints.Review(key=True, nature="accusation", field="assistance")
        complaints.review(session, one, row_id, decided, at=NOW)
        assert blind_readings.next_case(session, one) is None
        with pytest.raises(SecondPersonRequired):
            blind_readings.read(session, one, case.id, YES, at=NOW)
        assert blind_readings.next_case(session, two)[0].id == case.id


def test_picked_messages_are_unlike_one_another(small_world):
    alike = [f"好像低保名单没有公开，第{word}次反映，不知道该找谁去问" for word in ("一", "二", "三")]
    with small_world.sessions.begin() as session:
        take_in(session, small_world, *alike, "好像修路的钱对不上，路只修了一半")
        cases = blind_readings.pick(session, small_world.actor(session, "clerk"), number=2, at=NOW)
        texts = [session.get_one(Complaint, case.complaint_id).work_text for case in cases]
        assert sum("修路" in text for text in texts) == 1


# --- labels ------------------------------------------------------------------------------------------------


def test_labels_carry_who_and_when_and_no_names(world, tmp_path):
    text = "我叫王小明，石桥村村支书张大山克扣补贴3200元，电话13800000000"
    with world.sessions.begin() as session:
        (row_id,) = take_in(session, world, text)
        clerk = world.actor(session, "clerk")
        decided = complaints.Review(key=False, nature="consultation", field="other")
        complaints.review(session, clerk, row_id, decided, at=NOW)
        session.get_one(Complaint, row_id).simulated = False
        assert training_labels.export_labels(session, tmp_path / "labels.parquet") == 1
    (row,) = pq.read_table(tmp_path / "labels.parquet").to_pylist()
    assert (row["complaint_id"], row["key"], row["source"], row["corrected"]) == (
        row_id,
        False,
        "review",
        True,
    )
    assert (row["by"], row["at"]) == (world.users["clerk"], NOW)
    assert (row["field"], row["model_field"]) == ("other", "other")
    assert [label_of(field) for field in ("land_compensation", "tender", "seal_use")] == [
        "land_requisition",
        "procurement_tender",
        None,
    ]
    (taught,) = load_site(tmp_path / "labels.parquet")
    assert (taught.masked, taught.key, taught.nature) == (row["masked"], False, "consultation")
    assert not any(part in row["masked"] for part in ("王小明", "张大山", "石桥", "3200", "13800000000"))


def test_a_look_at_nothing_personal_lies_in_the_audit_log(small_world):
    with small_world.sessions.begin() as session:
        take_in(session, small_world, *TEXTS)
        clerk = small_world.actor(session, "clerk")
        lexicon.save(session, clerk, lexicon.parse_keywords("张大山"), note="某人", at=NOW)
        blind_readings.pick(session, clerk, number=1, at=NOW)
        written = " ".join(f"{row.target} {row.detail}" for row in session.scalars(select(AuditEntry)))
        assert "张大山" not in written
        assert "低保" not in written


# --- one key -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("nature", "stored"),
    [
        ("consultation", "accusation"),
        ("suggestion", "accusation"),
        ("appeal_for_help", "appeal_for_help"),
        ("accusation", "accusation"),
    ],
)
@pytest.mark.parametrize("choice", ["key", "confirm", "field:assistance"])
def test_a_key_matter_of_one_key_neither_asks_nor_suggests(small_world, choice, nature, stored):
    with small_world.sessions.begin() as session:
        (row_id,) = take_in(session, small_world, TEXTS[2])
        complaint = session.get_one(Complaint, row_id)
        complaint.model_nature, complaint.model_key = nature, choice != "key"
        decided = (
            complaints.proposed_review(complaint)
            if choice == "confirm"
            else complaints.corrected_review(complaint, choice)
        )
        assert (decided.key, decided.nature) == (True, stored)
        assert complaints.corrected_review(complaint, "not_key").nature == nature


# --- what presses, and what is set aside --------------------------------------------------------------------


def test_what_presses_stands_above_what_is_doubted_until_it_is_reviewed(world):
    with world.sessions.begin() as session:
        doubted, _, pressing = take_in(
            session, world, "好像补助少发了", "请问医保在哪里交", "有人扬言要报复写信的人"
        )
        clerk = world.actor(session, "clerk")
        rows, _ = complaints.inbox(session, clerk, state=None, page=1, size=10)
        assert [row.id for row in rows][:2] == [pressing, doubted]
        decided = complaints.corrected_review(rows[0], "not_key")
        complaints.review(session, clerk, pressing, decided, at=NOW)
        rows, _ = complaints.inbox(session, clerk, state=None, page=1, size=10)
        assert rows[0].id == doubted


def test_spam_is_set_aside_and_not_lost(world):
    with world.sessions.begin() as session:
        spam, other = take_in(session, world, "恭喜您中奖五十万，请点开链接", "请问医保在哪里交")
        clerk = world.actor(session, "clerk")
        rows, total = complaints.inbox(session, clerk, state=None, page=1, size=10)
        assert ([row.id for row in rows], total) == ([other], 1)
        aside, total = complaints.inbox(session, clerk, state=None, spam=True, page=1, size=10)
        assert ([row.id for row in aside], total) == ([spam], 1)
        complaints.review(session, clerk, spam, complaints.corrected_review(aside[0], "key"), at=NOW)
        rows, _ = complaints.inbox(session, clerk, state=None, page=1, size=10)
        assert [row.id for row in rows] == [spam, other]
        assert complaints.inbox(session, clerk, state=None, spam=True, page=1, size=10)[1] == 0


MAILING = "石桥村征地补偿款发放不公开，多报了三亩地，账目从来没有贴出来过，我们多次到镇里反映都没有人管，请上级派人来查一查。"


def test_a_case_presses_when_one_of_its_copies_does(world):
    with world.sessions.begin() as session:
        doubted, lead, _ = take_in(session, world, "好像补助少发了", MAILING, MAILING + "写信的人被扬言报复")
        clerk = world.actor(session, "clerk")
        rows, total = complaints.inbox(session, clerk, state=None, page=1, size=10)
        assert ([row.id for row in rows], total) == ([lead, doubted], 2)
        assert grouping.pressing_copies(session, [lead, doubted]) == {lead: ("retaliation",)}


def test_a_case_with_a_copy_that_is_no_spam_is_not_set_aside(world):
    with world.sessions.begin() as session:
        lead, _ = take_in(session, world, MAILING + "恭喜中奖", MAILING)
        clerk = world.actor(session, "clerk")
        assert [row.id for row in complaints.inbox(session, clerk, state=None, page=1, size=10)[0]] == [lead]
        assert complaints.inbox(session, clerk, state=None, spam=True, page=1, size=10)[1] == 0


# --- what the sender added ---------------------------------------------------------------------------------


def add(session, world, complaint_id: int, text: str = "是2024年的名单") -> None:
    found = follow_ups.progress_of(session, session.get_one(Complaint, complaint_id))
    follow_ups.answer(session, found, text, sealer=world.sealer, at=NOW)


def listed(session, actor) -> list[int]:
    rows, _ = complaints.inbox(session, actor, state=None, page=1, size=10)
    return [row.id for row in rows]


def test_a_case_to_which_its_sender_added_comes_first_among_equals_until_somebody_asks(world):
    with world.sessions.begin() as session:
        pressing, older, newer = take_in(session, world, "有人扬言要报复写信的人", TEXTS[2], TEXTS[3])
        clerk = world.actor(session, "clerk")
        assert listed(session, clerk) == [pressing, newer, older]
        add(session, world, older)
        assert added_to(session, clerk, [pressing, newer, older]) == {older}
        assert listed(session, clerk) == [pressing, older, newer]
        follow_ups.ask(session, clerk, older, "哪个村？", at=NOW)
        assert added_to(session, clerk, [older]) == set()
        assert listed(session, clerk) == [pressing, newer, older]
        add(session, world, older)
        assert added_to(session, clerk, [older]) == {older}


def test_what_the_sender_of_a_copy_added_counts_for_the_case_of_those_who_see_the_copy(world):
    with world.sessions.begin() as session:
        lead, copy, other = take_in(session, world, MAILING, MAILING + "谢谢", MAILING + "求查")
        clerk = world.actor(session, "clerk")
        add(session, world, copy)
        follow_ups.ask(session, clerk, other, "哪一年？", at=NOW)  # of another sender: answers nothing
        assert added_to(session, clerk, [lead, copy, other]) == {lead, copy}
        first = session.get_one(Complaint, lead)
        first.state, first.office = ComplaintState.KEY_MATTER, TOWN_A
        session.flush()
        town = world.actor(session, "town_a")
        assert added_to(session, town, [lead]) == set()
        add(session, world, lead)
        assert added_to(session, town, [lead]) == {lead}
