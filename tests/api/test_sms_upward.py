"""The agreed word at the head of an SMS: sealed for the level above and not recorded, as with the box of the form."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import func, select

from casework import points
from casework.audit_models import AuditEntry
from casework.channel_models import UpwardDelivery
from casework.errors import BadInput
from casework.intake import receive
from casework.letters import new_key_pair, open_letter
from casework.models import Complaint
from casework.upward import KEY_FILE, behind_mark
from tests.api.test_sms import MESSAGE, deliver
from tests.casework_world import NOW, VILLAGE_A, KeywordTriage, message

REPORT = "县纪委书记收了石桥村承包商的钱"


@pytest.mark.parametrize(
    "text",
    [
        f"上级：{REPORT}", f"上级:{REPORT}", f"上级 {REPORT}", f"上级，{REPORT}", f"上级\n{REPORT}", f"上级\u3000{REPORT}",
        f"转上级：{REPORT}", f"【上级】{REPORT}", f"「转上级」{REPORT}", f"[上级] {REPORT}", f" （转上级）{REPORT}",
        f"　。上级,{REPORT}", f"上級：{REPORT}", f"轉上級 {REPORT}", f"上级。{REPORT}", f"\u200b上级﹕{REPORT}",
    ],
)  # fmt: skip
def test_the_word_with_a_separator_is_the_mark(text):
    assert (behind_mark(text) or "").strip() == REPORT


@pytest.mark.parametrize(
    "text",
    [
        "上级领导你好", "上级拨的钱没发", "上级", "请转上级：石桥村", "石桥村低保不公开\n上级：请查", "上级、下级都不管",
        "上级（县里）拨的钱没发", "上级？为什么不管", "“上级”拨的钱没发", "转上级领导：你好", "我向上级 反映", "",
    ],
)  # fmt: skip
def test_ordinary_text_is_not_marked(text):
    assert behind_mark(text) == (None if text != "上级" else "")


@pytest.fixture
def private(small_world) -> bytes:
    secret, public = new_key_pair()
    (small_world.home / "keys").mkdir(exist_ok=True)
    (small_world.home / "keys" / KEY_FILE).write_bytes(public)
    return secret


def batch(*texts: str) -> bytes:
    return json.dumps([MESSAGE | {"msgid": str(n), "content": text} for n, text in enumerate(texts)]).encode()


def letters(world) -> list[bytes]:
    return [path.read_bytes() for path in sorted((world.home / "intake" / "upward").glob("*"))]


def test_a_marked_message_of_a_batch_goes_up_and_the_others_are_recorded(anyone, small_world, private):
    body = batch("石桥村克扣补贴", f"上级：{REPORT}", "柳林村路灯坏了", " ")
    first = deliver(anyone, body).json()
    assert len(first["receipts"]) == 2
    (sent,) = first["sent_up"]
    assert (sent["index"], sent["duplicate"]) == (1, False)
    assert [refusal["index"] for refusal in first["rejected"]] == [3]
    (letter,) = letters(small_world)
    assert open_letter(letter, private) == f"13800000000\n\n上级：{REPORT}"
    with small_world.sessions() as session:
        assert session.scalars(select(Complaint.message_id).order_by(Complaint.id)).all() == ["0", "2"]
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "sent_up")).one()
        assert (entry.target, entry.detail, entry.user_id) == (f"sha256/{sent['digest']}", {}, None)
        kept = session.scalars(select(UpwardDelivery)).one()
        assert (len(kept.name), kept.digest) == (64, sent["digest"])
    for path in small_world.home.rglob("*"):
        assert not path.is_file() or REPORT.encode() not in path.read_bytes(), path


def test_the_same_delivery_twice_goes_up_once(anyone, small_world, private):
    body = batch(f"上级：{REPORT}", "石桥村克扣补贴")
    first, second = deliver(anyone, body).json(), deliver(anyone, body).json()
    assert [one["digest"] for one in first["sent_up"]] == [one["digest"] for one in second["sent_up"]]
    assert second["sent_up"][0]["duplicate"] is True
    assert second["receipts"][0]["duplicate"] is True
    assert len(letters(small_world)) == 1
    for path in (small_world.home / "intake" / "upward").glob("*"):
        path.unlink()  # carried up
    assert deliver(anyone, body).json()["sent_up"] == second["sent_up"]
    assert letters(small_world) == []


def test_a_report_under_a_number_of_another_day_goes_up_too(anyone, small_world, private):
    """A gateway whose numbers begin anew every day: the second report must not pass for the first one."""
    told = [
        deliver(anyone, json.dumps([MESSAGE | {"content": f"上级：{text}", "time": time}]).encode()).json()
        for text, time in ((REPORT, "2026-11-22 09:30:00"), (REPORT + "，还有房子", "2026-11-22 09:31:00"))
    ]
    assert [one["sent_up"][0]["duplicate"] for one in told] == [False, False]
    assert len(letters(small_world)) == 2


def test_one_message_twice_in_a_delivery_goes_up_once(anyone, small_world, private):
    entry = MESSAGE | {"content": f"上级：{REPORT}"}
    sent = deliver(anyone, json.dumps([entry, entry]).encode()).json()["sent_up"]
    assert [(one["index"], one["duplicate"]) for one in sent] == [(0, False), (1, True)]
    assert len(letters(small_world)) == 1


@pytest.mark.parametrize("text", [f"上级：{REPORT}", "上级：", "上级"])
def test_without_a_key_or_a_text_it_is_refused_unstored_and_holds_no_other_up(text, anyone, small_world):
    answer = deliver(anyone, batch(text, "石桥村克扣补贴"))
    assert answer.status_code == 200
    assert len(answer.json()["receipts"]) == 1
    (refusal,) = answer.json()["rejected"]
    assert refusal["index"] == 0
    assert "没有保存" in refusal["reason"]
    assert REPORT not in answer.text
    assert not (small_world.home / "intake" / "upward").exists()
    with small_world.sessions() as session:
        assert session.scalars(select(Complaint.message_id)).all() == ["1"]
        assert session.scalar(select(func.count()).select_from(UpwardDelivery)) == 0


def test_no_way_in_records_a_marked_sms(small_world, signed_in):
    with small_world.sessions.begin() as session, pytest.raises(BadInput):
        receive(
            session, [message(f"上级：{REPORT}", channel="sms")], sealer=small_world.sealer, triage=KeywordTriage(),
            triage_version="base-1", at=NOW,
        )  # fmt: skip
    body = {"channel": "sms", "message_id": "1", "text": f"上级：{REPORT}"}
    assert signed_in("clerk").post("/api/complaints", json=body).status_code == 422


def test_the_word_is_told_where_senders_and_clerks_look(small_world, anyone, signed_in):
    with small_world.sessions.begin() as session:
        clerk = small_world.actor(session, "clerk")
        token = points.open_point(session, clerk, name="石桥村", about=VILLAGE_A, at=NOW).token
    for page in (signed_in("clerk").get("/points"), anyone.get(f"/r/{token}")):
        assert "开头写“上级：”" in page.text
