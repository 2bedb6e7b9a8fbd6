"""Everywhere that a complaint's text is read outside the inbox, nobody's name stays but the accused's."""

from __future__ import annotations

from pathlib import Path

import pytest

import api
from casework.channel_models import FollowUp
from casework.models import Complaint
from casework.states import ComplaintState
from tests.casework_world import NOW, TOWN_A, VILLAGE_A

TEXT = "石桥村村支书张大山克扣补贴，邻居刘老四可以作证。\n此致\n敬礼\n村民 李小梅 2024年3月"


@pytest.fixture
def key_matter(signed_in, small_world):
    """A key matter of the first town, with a copy-like earlier case, a warning of its field and an addition."""
    clerk = signed_in("clerk")
    for number in (1, 2):
        text = (
            TEXT if number == 1 else "石桥村去年的补贴，出纳只发了一半，丁春秋和邻居刘老四都没有领到。" + TEXT
        )
        body = {"channel": "web", "message_id": f"w{number}", "text": text, "about": VILLAGE_A}
        assert clerk.post("/api/complaints", json=body).status_code == 201
    with small_world.sessions.begin() as session:
        session.add(FollowUp(complaint_id=2, text="证人还有马小翠", sealed=b"", by=None, at=NOW))
        for one in (1, 2):
            row = session.get_one(Complaint, one)
            row.state, row.office, row.nature, row.field = (
                ComplaintState.KEY_MATTER,
                TOWN_A,
                "accusation",
                "assistance",
            )
    return clerk


@pytest.mark.parametrize(
    "path",
    [
        "/inbox", "/complaints/2", "/warnings/1", "/api/complaints", "/api/complaints/2",
        "/api/complaints/2/reading", "/api/complaints/2/triage",
    ],
)  # fmt: skip
@pytest.mark.parametrize("who", ["supervisor", "town_a", "leader"])
def test_who_verifies_reads_no_name_but_the_accused(key_matter, signed_in, path, who):
    answer = signed_in(who).get(path)
    assert answer.status_code == 200
    for name in ("刘老四", "李小梅", "丁春秋", "马小翠"):
        assert name not in answer.text
    if "triage" not in path and "warnings" not in path:
        assert "张大山" in answer.text


def test_the_clerk_reads_who_is_named_but_not_who_signed(key_matter):
    page = key_matter.get("/complaints/2").text
    assert "刘老四" in page
    assert "李小梅" not in page


def test_no_template_shows_a_stored_text_past_the_rule():
    """Templates of people who are signed in ask `text_of` and `entry_of`; the public progress page is the sender's own."""
    for template in sorted((Path(api.__file__).parent / "templates").glob("*.html")):
        content = template.read_text(encoding="utf-8")
        assert "work_text" not in content, template.name
        assert "entry.text" not in content or template.name == "public_progress.html", template.name
