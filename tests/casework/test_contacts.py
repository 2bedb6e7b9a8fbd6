"""How a sender is reached is seen by one person whom another has let, for a day; everything else is refused."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from sqlalchemy import select

from casework import contacts
from casework.access import may_decide_contact
from casework.accounts import actor_of, create_user
from casework.audit import verify_chain
from casework.audit_models import AuditEntry
from casework.contact_models import ContactRequest
from casework.contacts import ASKED_FOR, OPEN_FOR
from casework.errors import (
    BadInput,
    MissingField,
    NotPermitted,
    NotVisible,
    OfficeNotAllowed,
    SecondPersonRequired,
    UnknownTransition,
)
from casework.events import history
from casework.intake import receive
from casework.models import Complaint, User
from casework.roles import Actor, Role
from casework.scope import decidable_contacts
from casework.sealing import sealed_text, sender_of
from casework.states import ComplaintState, ContactAction, ContactState
from tests.casework_world import COUNTY, NOW, PASSWORD, TOWN_A, TOWN_B, VILLAGE_A, KeywordTriage, message

CONTACT = "13800000000 李小梅"
TEXT = "石桥村村支书克扣补贴，请查。联系我 13911112222"
LATER = NOW + timedelta(hours=1)


def key_matter(world, *, about=VILLAGE_A, office=TOWN_A, sender=CONTACT, number=1) -> int:
    with world.sessions.begin() as session:
        (accepted,) = receive(
            session, [message(TEXT, sender=sender, about=about, number=number)], sealer=world.sealer,
            triage=KeywordTriage(), triage_version="base-1", at=NOW,
        )  # fmt: skip
        row = session.get_one(Complaint, accepted.complaint_id)
        row.about, row.office = about, office
        row.state = ComplaintState.KEY_MATTER if office else ComplaintState.TRIAGED
        return row.id


def does(world, who, action, *given, at=NOW, **more):
    with world.sessions.begin() as session:
        return action(session, world.actor(session, who), *given, at=at, **more)


def asked(world, complaint, *, who="supervisor", at=NOW) -> int:
    return does(world, who, contacts.ask, complaint, reason="核实发放日期", at=at).id


def looked(world, request, *, who="supervisor", at=LATER):
    return does(world, who, contacts.look, request, sealer=world.sealer, at=at)


def test_one_asks_another_approves_and_only_the_first_sees_it_for_a_day(world):
    request = asked(world, key_matter(world))
    with pytest.raises(BadInput):
        looked(world, request)
    does(world, "leader", contacts.approve, request, comment="同意", at=LATER)
    found = looked(world, request)
    assert (found.text, found.until) == (CONTACT, LATER + OPEN_FOR)
    assert looked(world, request, at=found.until - timedelta(seconds=1)).text == CONTACT
    with pytest.raises(BadInput, match="重新申请"):
        looked(world, request, at=found.until)
    for other in ("supervisor2", "town_a", "clerk"):
        with pytest.raises(NotVisible):
            looked(world, request, who=other)
    with pytest.raises(NotPermitted):
        looked(world, request, who="leader")


def test_every_step_and_every_look_is_in_the_log_without_the_contact(world):
    request = asked(world, key_matter(world))
    does(world, "supervisor2", contacts.approve, request, comment="")
    looked(world, request)
    looked(world, request)
    with world.sessions.begin() as session:
        entries = session.scalars(select(AuditEntry)).all()
        told = [(entry.action, entry.user_id) for entry in entries]
        asker, approver = world.users["supervisor"], world.users["supervisor2"]
        assert told.count(("open_contact", asker)) == 2
        assert ("change:create", asker) in told
        assert ("change:approve", approver) in told
        opened = next(entry for entry in entries if entry.action == "open_contact")
        assert opened.detail == {"request": request, "approved_by": approver}
        assert "13800000000" not in str([(entry.target, entry.detail) for entry in entries])
        row = session.get_one(ContactRequest, request)
        assert [event.action for event in history(session, row)] == ["create", "approve"]
        assert verify_chain(session) == []


def test_nobody_approves_or_refuses_an_own_request(world):
    request = asked(world, key_matter(world))
    for action in (contacts.approve, contacts.refuse):
        with pytest.raises(SecondPersonRequired):
            does(world, "supervisor", action, request, comment="自己")


def test_a_refusal_needs_a_reason_and_ends_the_request(world):
    request = asked(world, key_matter(world))
    with pytest.raises(MissingField):
        does(world, "leader", contacts.refuse, request, comment="  ")
    row = does(world, "leader", contacts.refuse, request, comment="先提问")
    assert (row.state, row.comment, row.decided_by) == (ContactState.REFUSED, "先提问", world.users["leader"])
    with pytest.raises(BadInput):
        looked(world, request)
    with pytest.raises(UnknownTransition):
        does(world, "supervisor2", contacts.approve, request, comment="")
    asked(world, row.complaint_id, at=LATER)


def test_the_asker_takes_back_a_request_or_what_was_approved(world):
    complaint = key_matter(world)
    first = asked(world, complaint)
    with pytest.raises(OfficeNotAllowed):
        does(world, "supervisor2", contacts.withdraw, first)
    does(world, "supervisor", contacts.withdraw, first)
    with pytest.raises(UnknownTransition):
        does(world, "leader", contacts.approve, first, comment="")
    second = asked(world, complaint)
    does(world, "leader", contacts.approve, second, comment="")
    does(world, "supervisor", contacts.withdraw, second)
    with pytest.raises(BadInput):
        looked(world, second)


def test_a_request_that_nobody_decides_on_lapses(world):
    complaint = key_matter(world)
    request = asked(world, complaint)
    with pytest.raises(BadInput, match="重新申请"):
        does(world, "leader", contacts.approve, request, comment="", at=NOW + ASKED_FOR)
    (one,) = does(world, "leader", contacts.listed, at=NOW + ASKED_FOR)
    assert (one.stands, one.actions) == ("lapsed", frozenset())
    asked(world, complaint, at=NOW + ASKED_FOR)


def test_a_reason_is_needed_and_one_request_at_a_time(world):
    complaint = key_matter(world)
    with pytest.raises(MissingField):
        does(world, "supervisor", contacts.ask, complaint, reason=" ")
    asked(world, complaint)
    with pytest.raises(BadInput, match="已经申请过"):
        asked(world, complaint)


def test_only_who_sees_the_complaint_asks(world):
    complaint = key_matter(world)
    with pytest.raises(NotVisible):
        asked(world, complaint, who="town_b")
    for who in ("leader", "liaison", "technician", "audit_admin", "security_admin", "system_admin"):
        with pytest.raises(NotPermitted):
            asked(world, complaint, who=who)


def test_a_clerk_asks_before_review_and_the_office_decides_without_seeing_the_text(world):
    complaint = key_matter(world, office=None)
    request = asked(world, complaint, who="clerk")
    (one,) = does(world, "leader", contacts.listed)
    assert ContactAction.APPROVE in one.actions
    does(world, "leader", contacts.approve, request, comment="")
    assert looked(world, request, who="clerk").text == CONTACT


def test_a_lower_office_does_not_approve_for_a_higher_one(world):
    request = asked(world, key_matter(world))
    with pytest.raises(NotVisible):
        does(world, "town_a", contacts.approve, request, comment="")
    assert does(world, "town_a", contacts.listed) == []


def test_the_line_that_is_spoken_of_never_approves_nor_looks_any_more(world):
    complaint = key_matter(world)
    request = asked(world, complaint, who="town_a")
    does(world, "leader", contacts.approve, request, comment="")
    assert looked(world, request, who="town_a").text == CONTACT
    with world.sessions.begin() as session:
        session.get_one(Complaint, complaint).about = TOWN_A
    with pytest.raises(NotVisible):
        looked(world, request, who="town_a")
    other = asked(world, key_matter(world, about=TOWN_A, office=COUNTY, number=2))
    with pytest.raises(NotVisible):
        does(world, "town_a", contacts.approve, other, comment="")


def test_an_office_of_one_is_told_who_approves_above_it(world):
    complaint = key_matter(world)
    with world.sessions.begin() as session:
        actor = world.actor(session, "town_a")
        told = contacts.who_decides(session, actor, session.get_one(Complaint, complaint))
    assert told == "本单位没有可以批准的第二人，由上级批准：青山县 330102的监督检查人员或领导。"
    with world.sessions.begin() as session:
        for login in ("leader", "supervisor2"):
            session.get_one(User, world.users[login]).active = False
        actor = world.actor(session, "supervisor")
        told = contacts.who_decides(session, actor, session.get_one(Complaint, complaint))
    assert "上级（3301）的监督检查人员或领导批准" in told
    with pytest.raises(OfficeNotAllowed, match="3301"):
        asked(world, complaint)
    with world.sessions.begin() as session:
        city = create_user(
            session, login="city", name="市领导", password=PASSWORD, role=Role.LEADER, division="3301", at=NOW
        )
        world.users["city"] = city.id
    request = asked(world, complaint)
    does(world, "city", contacts.approve, request, comment="")
    assert looked(world, request).text == CONTACT


def test_within_an_office_the_other_one_approves(world):
    complaint = key_matter(world)
    with world.sessions.begin() as session:
        actor = world.actor(session, "supervisor")
        told = contacts.who_decides(session, actor, session.get_one(Complaint, complaint))
    assert told == "由本单位另一位监督检查人员或领导批准。"


def test_a_sender_who_left_nothing_is_told_as_such(world):
    request = asked(world, key_matter(world, sender=None))
    does(world, "leader", contacts.approve, request, comment="")
    assert looked(world, request).text == ""


def test_the_original_of_the_text_never_comes_with_the_contact():
    for sender in (CONTACT, "张三\n13800000000", "\n", "", None):
        opened = sender_of(sealed_text(sender, TEXT))
        assert opened == " ".join((sender or "").split())


def test_the_list_agrees_with_the_pure_rule(world):
    """Every role and office against requests of every office and place, on both databases."""
    abouts = (None, COUNTY, TOWN_A, VILLAGE_A)
    with world.sessions.begin() as session:
        for number, (about, division) in enumerate(product(abouts, ("3301", COUNTY, TOWN_A, TOWN_B))):
            complaint = Complaint(
                receipt=f"r{number}", channel="web", message_id=str(number), received_at=NOW, division=COUNTY,
                about=about, sealed=b"", work_text="", simulated=True, reasons=[], office=None,
                state=ComplaintState.TRIAGED,
            )  # fmt: skip
            session.add(complaint)
            session.flush()
            session.add(
                ContactRequest(
                    complaint_id=complaint.id, division=division, reason="x", requested_at=NOW,
                    requested_by=world.users["supervisor"], state=ContactState.REQUESTED,
                )
            )  # fmt: skip
        session.flush()
        pairs = session.execute(select(ContactRequest, Complaint).join(Complaint)).all()
        seen = 0
        for role, division in product(Role, ("33", "3301", COUNTY, TOWN_A, TOWN_B, VILLAGE_A, "", "%")):
            actor = Actor(id=99, name="某", role=role, division=division)
            query = select(ContactRequest.id).join(Complaint).where(decidable_contacts(actor))
            shown = set(session.scalars(query))
            assert shown == {
                row.id
                for row, complaint in pairs
                if may_decide_contact(actor, asked_in=row.division, about=complaint.about)
            }
            seen += len(shown)
        assert seen


def test_an_account_that_was_switched_off_counts_for_nobody(world):
    complaint = key_matter(world)
    with world.sessions.begin() as session:
        session.get_one(User, world.users["leader"]).active = False
        actor = actor_of(session.get_one(User, world.users["supervisor"]))
        told = contacts.who_decides(session, actor, session.get_one(Complaint, complaint))
    assert told == "由本单位另一位监督检查人员批准。"


def test_what_was_approved_can_be_taken_back_within_its_day(world):
    request = asked(world, key_matter(world))
    does(world, "leader", contacts.approve, request, comment="")
    with pytest.raises(MissingField):
        does(world, "leader", contacts.refuse, request, comment="", at=LATER)
    with pytest.raises((NotPermitted, SecondPersonRequired)):
        does(world, "supervisor", contacts.refuse, request, comment="不用了", at=LATER)
    does(world, "leader", contacts.refuse, request, comment="已另案处理", at=LATER)
    with pytest.raises(BadInput):
        does(world, "supervisor", contacts.look, request, sealer=world.sealer, at=LATER)


def test_what_is_over_need_not_be_taken_back(world):
    request = asked(world, key_matter(world))
    does(world, "leader", contacts.approve, request, comment="")
    with pytest.raises(BadInput, match="时间已过"):
        does(world, "leader", contacts.refuse, request, comment="另案", at=NOW + OPEN_FOR)


def test_what_is_open_is_listed_before_what_has_lapsed(world, monkeypatch):
    monkeypatch.setattr(contacts, "MOST_LISTED", 2)
    late = NOW + ASKED_FOR + timedelta(days=1)
    first = asked(world, key_matter(world, number=1), at=late)
    for number in (2, 3):
        asked(world, key_matter(world, number=number), at=NOW)
    does(world, "leader", contacts.approve, first, comment="", at=late)
    found = does(world, "supervisor", contacts.listed, at=late)
    assert found[0].request.id == first
    assert len(found) == 2
