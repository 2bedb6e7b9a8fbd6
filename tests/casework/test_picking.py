"""What is picked to be read twice: nothing that a person has decided already."""

from __future__ import annotations

from casework import blind_readings, complaints
from casework.complaints import Review
from casework.models import Complaint
from casework.states import ComplaintState
from tests.casework.test_inbox import take_in
from tests.casework_world import NOW


def test_what_a_clerk_has_reviewed_is_not_picked(world):
    with world.sessions.begin() as session:
        reviewed, returned, sure, waiting = take_in(
            session, world, "好像补助少发了", "好像修路的钱对不上，路只修了一半", "请问医保在哪里交",
            "好像村里的鱼塘没有招标就包出去了",
        )  # fmt: skip
        clerk, supervisor = world.actor(session, "clerk"), world.actor(session, "supervisor")
        no = Review(key=False, nature="appeal_for_help", field="other")
        complaints.review(session, clerk, reviewed, no, at=NOW)
        yes = Review(key=True, nature="accusation", field="village_projects")
        complaints.review(session, clerk, returned, yes, at=NOW)
        complaints.return_to_clerk(session, supervisor, returned, comment="请补充地点", at=NOW)
        assert session.get_one(Complaint, returned).state is ComplaintState.TRIAGED
        cases = blind_readings.pick(session, clerk, number=50, at=NOW)
        assert {case.complaint_id for case in cases} == {sure, waiting}
        assert blind_readings.pick(session, clerk, number=50, at=NOW) == []
