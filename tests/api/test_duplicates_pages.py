"""Repeats on the pages and over HTTP: told with the group, with the way to the earlier message, without the sender."""

from __future__ import annotations

import pytest

from casework.models import Complaint
from tests.api.test_inbox_pages import TEXT
from tests.casework_world import VILLAGE_A


@pytest.fixture
def clerk(signed_in):
    return signed_in("clerk")


def submit(client, text, number, sender=None) -> None:
    body = {"channel": "web", "message_id": f"w{number}", "text": text, "about": VILLAGE_A, "sender": sender}
    assert client.post("/api/complaints", json=body).status_code == 201


def test_repeats_are_told_in_the_list_on_the_page_and_over_http(clerk, small_world):
    submit(clerk, TEXT, 1, "13800000001")
    submit(clerk, TEXT + "谢谢领导", 2, "138 0000 0001")
    submit(clerk, TEXT + "盼复", 3, "13900000002")
    submit(clerk, TEXT + "请查", 4)
    assert "同批 4 件，其中重复件 1 件，至少 2 个联系方式" in clerk.get("/inbox").text
    copies = clerk.get("/inbox?state=copy").text
    assert (copies.count("<b>重复件</b>"), copies.count("与较早来信相同")) == (1, 2)
    page = clerk.get("/complaints/2").text
    assert "<b>重复件</b>：同一联系方式此前已反映同一件事" in page
    assert 'href="/complaints/1">前一件</a>' in page
    page = clerk.get("/complaints/4").text
    assert "重复件</b>" not in page
    assert "未认定为重复件" in page
    (row,) = clerk.get("/api/complaints").json()["rows"]
    assert [row[name] for name in ("duplicate", "earlier", "copies", "repeats", "senders")] == [
        "none", None, 3, 1, 2,
    ]  # fmt: skip
    told = [clerk.get(f"/api/complaints/{number}") for number in (2, 3, 4)]
    assert [(one.json()["duplicate"], one.json()["earlier"]) for one in told] == [
        ("repeat", 1), ("copy", 1), ("copy", 1),
    ]  # fmt: skip
    with small_world.sessions() as session:
        digest = session.get_one(Complaint, 1).sender_digest
    assert str(digest) not in "".join(one.text for one in told) + page + copies


def test_a_second_letter_in_other_words_is_told_as_a_repeat(clerk):
    submit(clerk, TEXT, 1, "13800000001")
    submit(clerk, "低保名单到现在还是没有公示，有车有房的家属照样领，我上次写信没有回音", 2, "13800000001")
    assert "<b>重复件</b>" in clerk.get("/inbox").text
    assert "同一联系方式此前已反映可能的同一件事" in clerk.get("/complaints/2").text
