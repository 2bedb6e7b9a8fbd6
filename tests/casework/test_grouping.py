"""Copies of one message are one case: across deliveries, after a restart, two at once; and what is never joined."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import func, select

from casework import complaints, grouping, lexicon
from casework.database import open_engine, sessions
from casework.errors import BadInput, NotVisible, UnknownTransition
from casework.events import history
from casework.group_index import LOOK_BACK, MOST_EXEMPLARS
from casework.group_models import ComplaintCopy, GroupBand, GroupExemplar
from casework.intake import receive
from casework.models import Complaint, Event
from casework.receipts import is_receipt
from casework.states import ComplaintState
from ml.triage.copies import BANDS
from tests.casework_world import NOW, TOWN_A, VILLAGE_A, VILLAGE_B, KeywordTriage, message

MAILING = (
    "石桥村征地补偿款发放不公开，村支书的亲戚多报了三亩地，账目从来没有贴出来过，"
    "我们多次到镇里反映都没有人管，请上级派人来查一查。"
)
OTHER = "请问城乡居民医保今年什么时候可以缴费，在外地打工能不能在手机上交，需要带哪些材料。"


def take_in(session, world, *messages, at=NOW):
    triage = KeywordTriage()
    return receive(session, messages, sealer=world.sealer, triage=triage, triage_version="base-1", at=at)


def edited(seed: int) -> str:
    """The mailing with one character changed, a greeting or a signature, and a random ending."""
    draw = random.Random(seed)  # noqa: S311
    place = draw.randrange(30, len(MAILING))
    text = MAILING[:place] + draw.choice("的了是在们") + MAILING[place + 1 :]
    return draw.choice(["", "领导您好，", "尊敬的书记："]) + text + draw.choice(["", "谢谢", f"村民{seed}组"])


def leads(session) -> list[Complaint]:
    return list(
        session.scalars(
            select(Complaint).where(Complaint.state != ComplaintState.COPY).order_by(Complaint.id)
        )
    )


def test_a_mailing_over_several_deliveries_is_one_case_with_a_receipt_each(world):
    with world.sessions.begin() as session:
        first = take_in(session, world, *(message(edited(n), number=n) for n in range(60)))
    again = sessions(open_engine(world.url))  # as after a restart
    with again.begin() as session:
        rest = take_in(session, world, *(message(edited(n), number=n) for n in range(60, 120)))
        others = take_in(session, world, message(OTHER, number=900))
    with world.sessions.begin() as session:
        lead, other = leads(session)
        assert grouping.copy_counts(session, [lead.id, other.id]) == {lead.id: 119}
        receipts = [answer.receipt for answer in (*first, *rest, *others)]
        assert len(set(receipts)) == 121
        assert all(map(is_receipt, receipts))
        stored = session.scalars(select(Complaint)).all()
        assert {row.receipt for row in stored} == set(receipts)
        assert all(row.key_probability is not None for row in stored)
        rows, total = complaints.inbox(session, world.actor(session, "clerk"), state=None, page=1, size=10)
        assert ([row.id for row in rows], total) == ([lead.id, other.id], 2)
        assert grouping.lead_of(session, rest[-1].complaint_id) == lead.id
        assert session.scalar(select(func.count()).select_from(GroupExemplar)) <= MOST_EXEMPLARS + 1


def test_a_copy_records_its_way_and_its_lead(world):
    with world.sessions.begin() as session:
        answers = take_in(session, world, message(MAILING), message(edited(1), number=2))
        copy = session.get_one(Complaint, answers[1].complaint_id)
        steps = [(event.action, event.previous, event.new, event.fields) for event in history(session, copy)]
        assert steps == [
            ("create", None, "received", {}),
            ("join", "received", "copy", {"lead": answers[0].complaint_id}),
        ]


def test_two_deliveries_of_one_mailing_at_once_end_in_one_group(world):
    started = Barrier(2)

    def deliver(offset: int) -> None:
        started.wait()
        with world.sessions.begin() as session:
            take_in(session, world, *(message(edited(n), number=n) for n in range(offset, offset + 10)))

    threads = [Thread(target=deliver, args=(offset,)) for offset in (0, 100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    with world.sessions.begin() as session:
        assert len(leads(session)) == 1
        assert session.scalar(select(func.count()).select_from(ComplaintCopy)) == 19


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (MAILING, OTHER),
        (MAILING, MAILING.replace("石桥村", "柳林村")),
        ("村支书张三克扣低保", "村支书李四克扣低保"),
        ("！！！", "！！！"),
    ],
)
def test_what_is_never_joined(small_world, one, other):
    with small_world.sessions.begin() as session:
        take_in(session, small_world, message(one, number=1), message(other, number=2))
        assert len(leads(session)) == 2


def test_made_up_and_real_messages_and_those_of_two_offices_are_never_joined(small_world):
    with small_world.sessions.begin() as session:
        take_in(
            session,
            small_world,
            message(MAILING, number=1),
            message(MAILING, number=2, simulated=False),
            message(MAILING, number=3, division=TOWN_A),
        )
        assert len(leads(session)) == 3


def test_a_group_learns_its_village_from_a_copy_and_then_refuses_others(small_world):
    without = MAILING.replace("石桥村", "石乔村")  # misspelt: no village is found
    with small_world.sessions.begin() as session:
        take_in(session, small_world, message(without, number=1))
    with small_world.sessions.begin() as session:
        take_in(session, small_world, message(MAILING, number=2))
    with small_world.sessions.begin() as session:
        take_in(session, small_world, message(MAILING.replace("石桥村", "柳林村"), number=3))
        assert [lead.about for lead in leads(session)] == [VILLAGE_A, VILLAGE_B]


def test_the_same_words_are_copies_whatever_the_punctuation_and_width(small_world):
    with small_world.sessions.begin() as session:
        take_in(
            session,
            small_world,
            message("反映 低保，不公开！", number=1),
            message("反映低保不公开", number=2),
            message("反映低保不公开。。。", number=3),
        )
        assert len(leads(session)) == 1


def test_a_closed_case_and_a_quiet_group_take_no_more_copies(small_world):
    with small_world.sessions.begin() as session:
        take_in(session, small_world, message(MAILING, number=1))
        leads(session)[0].state = ComplaintState.CLOSED
    with small_world.sessions.begin() as session:
        take_in(session, small_world, message(MAILING, number=2))
        assert len(leads(session)) == 2
    late = NOW + LOOK_BACK + timedelta(days=1)
    with small_world.sessions.begin() as session:
        take_in(session, small_world, message(MAILING, number=3, received_at=late), at=late)
        assert len(leads(session)) == 3
        assert session.scalar(select(func.count()).select_from(GroupExemplar)) == 1
        assert session.scalar(select(func.count()).select_from(GroupBand)) <= BANDS


def test_what_comes_dated_ahead_drops_no_group_before_its_time(small_world):
    quiet = NOW - LOOK_BACK  # today is the last day on which a copy joins it
    with small_world.sessions.begin() as session:
        (first,) = take_in(session, small_world, message(MAILING, number=1, received_at=quiet))
    ahead = NOW + timedelta(days=1)
    with small_world.sessions.begin() as session:
        take_in(session, small_world, message(OTHER, number=2, received_at=ahead))
        take_in(session, small_world, message(OTHER, number=3, received_at=datetime(2099, 1, 1, tzinfo=UTC)))
        (copy,) = take_in(session, small_world, message(edited(1), number=4))
        assert grouping.lead_of(session, copy.complaint_id) == first.complaint_id


def put_aside(session, world, complaint_id, *, transferred=False):
    clerk = world.actor(session, "clerk")
    no = complaints.Review(key=False, nature="consultation", field="other")
    complaints.review(session, clerk, complaint_id, no, at=NOW)
    if transferred:
        complaints.transfer(session, clerk, complaint_id, destination="县民政局", at=NOW)


@pytest.mark.parametrize("transferred", [False, True])
def test_what_presses_is_a_case_of_its_own_when_the_first_one_is_put_aside(world, transferred):
    """Plain copies of it go on joining, and so does what presses no more than a case that was read and put aside."""
    pressing = "他们要报复写信的人"
    with world.sessions.begin() as session:
        (first,) = take_in(session, world, message(MAILING, number=1))
        put_aside(session, world, first.complaint_id, transferred=transferred)
    with world.sessions.begin() as session:
        texts = [MAILING + pressing, MAILING, *(edited(n) + pressing for n in range(60)), MAILING + "急"]
        own, plain, *rest, last = take_in(
            session, world, *(message(t, number=n) for n, t in enumerate(texts, 2))
        )
        case = session.get_one(Complaint, own.complaint_id)
        assert (case.state, case.urgency) == (ComplaintState.TRIAGED, "retaliation")
        assert {grouping.lead_of(session, one.complaint_id) for one in rest} == {case.id}
        for one in (plain, last):
            assert grouping.lead_of(session, one.complaint_id) == first.complaint_id
        rows, _ = complaints.inbox(session, world.actor(session, "clerk"), state=None, page=1, size=9)
        assert [row.id for row in rows] == [case.id, first.complaint_id]
        put_aside(session, world, case.id)
    with world.sessions.begin() as session:
        (again,) = take_in(session, world, message(MAILING + pressing + "！", number=99))
        assert grouping.lead_of(session, again.complaint_id) == case.id


def test_a_keyword_that_the_case_put_aside_does_not_hold_is_read(world):
    with world.sessions.begin() as session:
        words = lexicon.parse_keywords("写信的人\n征地")
        lexicon.save(session, world.actor(session, "clerk"), words, note="排查", at=NOW)
        (first,) = take_in(session, world, message(MAILING, number=1))
        put_aside(session, world, first.complaint_id)
    with world.sessions.begin() as session:
        texts = [MAILING + "要打死写信 的人", MAILING, edited(1)]
        taken = take_in(session, world, *(message(text, number=n) for n, text in enumerate(texts, 2)))
        own, *plain = (one.complaint_id for one in taken)
        assert session.get_one(Complaint, own).state is ComplaintState.TRIAGED
        assert lexicon.words_found(session, [own]) == {own: ["写信的人", "征地"]}
        assert [grouping.lead_of(session, one) for one in plain] == [first.complaint_id] * 2


def test_a_mailing_goes_on_as_one_group_after_its_first_one_is_put_aside(small_world):
    with small_world.sessions.begin() as session:
        (first,) = take_in(session, small_world, message(MAILING, number=0))
        put_aside(session, small_world, first.complaint_id)
    with small_world.sessions.begin() as session:
        take_in(session, small_world, *(message(edited(n), number=n) for n in range(1, 300)))
        assert [lead.id for lead in leads(session)] == [first.complaint_id]


def test_the_clerk_takes_a_copy_out_and_its_like_follow_it(world):
    odd = MAILING.replace("多报了三亩地", "领了别人的低保钱")
    with world.sessions.begin() as session:
        answers = take_in(session, world, message(MAILING, number=1), message(odd, number=2))
        lead, copy = (answer.complaint_id for answer in answers)
        assert grouping.lead_of(session, copy) == lead
        with pytest.raises(NotVisible):
            grouping.split(session, world.actor(session, "supervisor"), copy, at=NOW)
        clerk = world.actor(session, "clerk")
        assert grouping.split(session, clerk, copy, at=NOW).state is ComplaintState.TRIAGED
        with pytest.raises(UnknownTransition):
            grouping.split(session, clerk, copy, at=NOW)
        event = session.scalars(select(Event).where(Event.action == "split")).one()
        assert (event.actor_id, event.at) == (clerk.id, NOW)
    with world.sessions.begin() as session:
        more = take_in(session, world, message(odd, number=3), message(MAILING, number=4))
        assert [grouping.lead_of(session, answer.complaint_id) for answer in more] == [copy, lead]


def test_the_clerk_merges_two_cases_with_their_copies(world):
    other = "石桥村征地的钱哪里去了，支书家三亩变六亩"
    with world.sessions.begin() as session:
        texts = [MAILING, edited(1), other, other + "谢谢"]
        answers = take_in(session, world, *(message(text, number=n) for n, text in enumerate(texts)))
        one, _, two, _ = (answer.complaint_id for answer in answers)
        clerk = world.actor(session, "clerk")
        grouping.merge(session, clerk, two, lead_id=one, at=NOW)
        assert grouping.copy_counts(session, [one, two]) == {one: 3}
        with pytest.raises(BadInput):
            grouping.merge(session, clerk, one, lead_id=two, at=NOW)
    with world.sessions.begin() as session:
        more = take_in(session, world, message(other, number=9))
        assert grouping.lead_of(session, more[0].complaint_id) == one
        assert [row.id for row in leads(session)] == [one]


def test_cases_of_two_villages_are_not_merged(small_world):
    with small_world.sessions.begin() as session:
        answers = take_in(
            session, small_world, message(MAILING, number=1), message("柳林村" + OTHER, number=2)
        )
        clerk = small_world.actor(session, "clerk")
        with pytest.raises(BadInput):
            grouping.merge(session, clerk, answers[1].complaint_id, lead_id=answers[0].complaint_id, at=NOW)


def test_copies_are_shown_to_those_who_see_the_case(small_world):
    with small_world.sessions.begin() as session:
        answers = take_in(session, small_world, *(message(edited(n), number=n) for n in range(5)))
        lead = answers[0].complaint_id
        rows, total = grouping.copies_page(session, small_world.actor(session, "clerk"), lead, page=1, size=3)
        assert (len(rows), total) == (3, 4)
        with pytest.raises(NotVisible):
            grouping.copies_page(session, small_world.actor(session, "town_a"), lead, page=1, size=3)


def test_a_case_leaves_the_eyes_of_a_town_that_a_copy_names(world):
    """The lead names nobody and lies with the town; a copy says that it is about the town itself."""
    with world.sessions.begin() as session:
        lead = take_in(session, world, message(MAILING.replace("石桥村", "我们"), number=1))[0].complaint_id
        complaint = session.get_one(Complaint, lead)
        complaint.state, complaint.office = ComplaintState.KEY_MATTER, TOWN_A
        session.flush()
        town = world.actor(session, "town_a")
        assert complaints.visible_complaint(session, town, lead).about is None
    with world.sessions.begin() as session:
        take_in(session, world, message(MAILING.replace("石桥村", "清溪镇"), number=2))
        with pytest.raises(NotVisible):
            complaints.visible_complaint(session, town, lead)
        assert (
            complaints.visible_complaint(session, world.actor(session, "supervisor2"), lead).about == TOWN_A
        )
