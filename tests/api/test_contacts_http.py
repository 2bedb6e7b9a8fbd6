"""Sealed contacts over HTTP and on pages: asked for, approved by another, seen for a day, told to nobody else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from casework.models import Complaint
from casework.states import ComplaintState
from tests.casework_world import COUNTY, VILLAGE_A

PHONE = "13800001111"


@pytest.fixture
def key_matter(signed_in, small_world):
    body = {
        "channel": "phone", "message_id": "w1", "text": "石桥村村支书克扣补贴", "about": VILLAGE_A, "sender": PHONE,
    }  # fmt: skip
    assert signed_in("clerk").post("/api/complaints", json=body).status_code == 201
    with small_world.sessions.begin() as session:
        row = session.get_one(Complaint, 1)
        row.state, row.office = ComplaintState.KEY_MATTER, COUNTY


def good(answer):
    assert answer.status_code < 300, answer.text
    return answer.json()


def test_over_http_two_people_open_it_for_a_day(key_matter, signed_in, clock):
    asker, approver = signed_in("supervisor"), signed_in("leader")
    told = good(asker.post("/api/contacts/complaints/1", json={"reason": "核实发放日期"}))
    assert told["who_decides"] == "由本单位另一位监督检查人员或领导批准。"
    path = f"/api/contacts/{told['request']['id']}"
    assert told["request"]["actions"] == ["withdraw"]
    assert asker.post(f"{path}/approve", json={}).json()["type"] == "second-person-required"
    assert asker.post(f"{path}/look").status_code == 422
    (row,) = good(approver.get("/api/contacts"))["rows"]
    assert (row["actions"], row["reason"], row["state"]) == (
        ["approve", "refuse"],
        "核实发放日期",
        "requested",
    )
    assert good(approver.post(f"{path}/approve", json={"comment": "同意"}))["state"] == "granted"
    assert good(asker.post(f"{path}/look"))["contact"] == PHONE
    assert approver.post(f"{path}/look").status_code == 403
    assert signed_in("supervisor2").post(f"{path}/look").status_code == 404
    clock.now += timedelta(hours=6)
    again = signed_in("supervisor")
    assert good(again.post(f"{path}/look"))["contact"] == PHONE
    clock.now += timedelta(hours=18)
    again = signed_in("supervisor")
    assert again.post(f"{path}/look").status_code == 422
    assert good(again.get("/api/contacts"))["rows"][0]["state"] == "lapsed"


def test_a_refusal_needs_a_reason(key_matter, signed_in):
    asker, approver = signed_in("supervisor"), signed_in("supervisor2")
    path = f"/api/contacts/{good(asker.post('/api/contacts/complaints/1', json={'reason': '核实'}))['request']['id']}"
    assert approver.post(f"{path}/refuse", json={"comment": ""}).status_code == 422
    assert good(approver.post(f"{path}/refuse", json={"comment": "先提问"}))["state"] == "refused"
    assert good(asker.get("/api/contacts"))["rows"][0]["comment"] == "先提问"


def test_on_pages_the_phone_stands_on_the_page_of_the_look_only(key_matter, signed_in):
    asker, approver = signed_in("supervisor"), signed_in("leader")
    page = asker.get("/complaints/1").text
    assert "申请查看联系方式" in page
    assert "由本单位另一位监督检查人员或领导批准。" in page
    asker.post("/complaints/1/contact", data={"reason": "核实发放日期"})
    assert "批准查看 24 小时" in approver.get("/contacts").text
    assert "批准查看" not in asker.get("/contacts").text
    approver.post("/contacts/1/approve", data={"comment": ""})
    listed = asker.get("/contacts").text
    assert "查看联系方式" in listed
    assert PHONE not in listed + asker.get("/complaints/1").text + approver.get("/contacts").text
    shown = asker.post("/contacts/1/look")
    assert PHONE in shown.text
    assert shown.headers["cache-control"] == "no-store"
    asker.post("/contacts/1/withdraw")
    assert asker.post("/contacts/1/look").status_code == 422


def test_who_is_of_another_town_sees_no_request(key_matter, signed_in):
    good(signed_in("supervisor").post("/api/contacts/complaints/1", json={"reason": "核实"}))
    for who in ("town_a", "town_b", "clerk"):
        assert good(signed_in(who).get("/api/contacts"))["rows"] == []
    assert signed_in("town_b").post("/api/contacts/1/approve", json={}).status_code == 404
    assert signed_in("audit_admin").get("/contacts").status_code == 403


def test_an_office_of_one_reads_who_approves(key_matter, signed_in, small_world):
    with small_world.sessions.begin() as session:
        session.get_one(Complaint, 1).office = "330102001"
    assert "由上级批准：青山县 330102的监督检查人员或领导。" in signed_in("town_a").get("/complaints/1").text
