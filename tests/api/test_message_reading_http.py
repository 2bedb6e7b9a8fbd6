"""The reading of a message over HTTP and on its page."""

from __future__ import annotations

from sqlalchemy import select

from casework.audit_models import AuditEntry
from casework.models import Complaint
from tests.casework_world import TOWN_A, VILLAGE_A


def test_the_reading_and_the_place(signed_in):
    clerk = signed_in("clerk")
    text = "我叫周大勇。清溪镇石桥村支书去年3月克扣补贴三万多元，听说还挪用公款"
    receipt = clerk.post("/api/complaints", json={"channel": "phone", "message_id": "r1", "text": text})
    assert receipt.status_code == 201, receipt.text
    row = clerk.get("/api/complaints").json()["rows"][0]
    reading = clerk.get(f"/api/complaints/{row['id']}/reading").json()
    assert reading["villages"] == [{"code": VILLAGE_A, "name": "石桥村"}]
    assert (reading["first_on"], reading["last_on"]) == ("2025-03-01", "2025-03-31")
    amounts = [span["meaning"] for span in reading["spans"] if span["kind"] == "金额"]
    assert amounts == ["30,000.00 元以上"]
    assert "挪用：听说" in reading["told"]
    assert "周大勇" not in str(reading)
    page = clerk.get(f"/complaints/{row['id']}").text
    assert "文中要点" in page
    assert "30,000.00 元以上" in page


def test_a_place_is_confirmed_over_http(signed_in):
    clerk = signed_in("clerk")
    clerk.post(
        "/api/complaints", json={"channel": "phone", "message_id": "r2", "text": "石桥村和柳林村都克扣补贴"}
    )
    complaint = clerk.get("/api/complaints").json()["rows"][0]
    assert complaint["about"] is None
    assert "确认所涉地点：石桥村" in clerk.get(f"/complaints/{complaint['id']}").text
    placed = clerk.post(f"/api/complaints/{complaint['id']}/place", json={"about": VILLAGE_A})
    assert placed.json()["about"] == VILLAGE_A
    refused = clerk.post(f"/api/complaints/{complaint['id']}/place", json={"about": "110101001001"})
    assert refused.status_code == 422


def test_the_place_is_corrected_by_hand_on_the_page(signed_in, small_world):
    clerk = signed_in("clerk")
    clerk.post("/api/complaints", json={"channel": "phone", "message_id": "r3", "text": "柳林村克扣补贴"})
    assert 'action="/complaints/1/place"' in clerk.get("/complaints/1").text
    refused = clerk.post("/complaints/1/place", data={"about": "没有的村"})
    assert refused.status_code == 422
    assert "没有找到这个名称" in refused.text
    assert 'value="没有的村"' in refused.text
    assert "文中要点" in refused.text
    with small_world.sessions() as session:
        newest = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert (newest.action, newest.target) == ("refused", "/complaints/1/place")
    for written, code in (("清溪镇石桥村", VILLAGE_A), (TOWN_A, TOWN_A)):
        page = clerk.post("/complaints/1/place", data={"about": written})
        assert page.status_code == 200
        with small_world.sessions() as session:
            assert session.get_one(Complaint, 1).about == code
    clerk.post("/complaints/1/confirm")
    assert 'action="/complaints/1/place"' not in clerk.get("/complaints/1").text


def test_who_does_not_see_the_complaint_is_told_nothing_of_it(signed_in, small_world):
    clerk = signed_in("clerk")
    clerk.post("/api/complaints", json={"channel": "phone", "message_id": "r4", "text": "柳林村克扣补贴"})
    assert signed_in("supervisor").post("/complaints/1/place", data={"about": "没有的村"}).status_code == 403
    assert clerk.post("/complaints/999/place", data={"about": "没有的村"}).status_code == 404
