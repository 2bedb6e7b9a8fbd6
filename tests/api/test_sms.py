"""The SMS webhook: forms of gateways, signatures, idempotence, and bodies that are nothing of the kind."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from api.sms import CLOCK_TOLERANCE, MOST_MESSAGES, Sms, is_signed, parse_delivery, sign
from casework.errors import BadInput
from casework.models import Complaint
from tests.api.conftest import SMS_SECRET, build_app
from tests.casework_world import NOW

MESSAGE = {
    "mobile": "13800000000",
    "content": "石桥村克扣补贴",
    "msgid": "20261122093000123",
    "time": "2026-11-22 09:30:00",
}
EXPECTED = Sms("13800000000", "石桥村克扣补贴", "20261122093000123", NOW)
FORM = "application/x-www-form-urlencoded"


def deliver(client: TestClient, body: bytes, *, content_type="application/json", at=NOW, secret=SMS_SECRET):
    timestamp = str(int(at.timestamp()))
    headers = {
        "Content-Type": content_type,
        "X-Timestamp": timestamp,
        "X-Signature": sign(secret, timestamp=timestamp, body=body),
    }
    return client.post("/webhooks/sms", content=body, headers=headers)


@pytest.mark.parametrize(
    "body",
    [
        [MESSAGE],
        MESSAGE,
        {"list": [MESSAGE]},
        {"data": [{"phone": "13800000000", "msg": MESSAGE["content"], "msgId": MESSAGE["msgid"], "moTime": "20261122093000"}]},
        [{"Mobile": 13800000000, "Content": MESSAGE["content"], "msg_id": 20261122093000123, "time": "1795311000"}],
        [{**MESSAGE, "time": "1795311000000"}],
    ],
)  # fmt: skip
def test_gateways_name_the_same_things_differently(body):
    assert parse_delivery(json.dumps(body).encode(), content_type="application/json") == ([EXPECTED], [])


@pytest.mark.parametrize("charset", ["GBK", "gb2312", "utf-8", None, "no-such-charset", "ISO-8859-1"])
@pytest.mark.parametrize("written_in", ["gbk", "utf-8"])
def test_a_text_in_another_encoding_is_read_whole_or_refused(charset, written_in):
    """Where the gateway names its charset, or none that is true."""
    if (charset, written_in) in (("GBK", "utf-8"), ("gb2312", "utf-8")):
        return  # most such bytes have a meaning in GBK, too: nobody can tell
    behind = f"; charset={charset}" if charset else ""
    for content_type, body in (
        (FORM, urlencode(MESSAGE, encoding=written_in).encode()),
        (FORM, "&".join(f"{name}={value}" for name, value in MESSAGE.items()).encode(written_in)),
        ("application/json", json.dumps([MESSAGE], ensure_ascii=False).encode(written_in)),
    ):
        assert parse_delivery(body, content_type=content_type + behind) == ([EXPECTED], [])


def test_another_message_under_a_number_in_use_is_rejected_and_learns_no_receipt(anyone):
    """A counter that begins anew every day, or the parts of a long SMS under one number."""
    client = anyone
    first = deliver(client, json.dumps([MESSAGE]).encode()).json()
    other = MESSAGE | {"mobile": "13900000000", "content": "柳林村修路款不公开"}
    answer = deliver(client, json.dumps([other, MESSAGE, MESSAGE | {"msgid": "new"}]).encode()).json()
    assert [one["index"] for one in answer["rejected"]] == [0]
    assert "编号" in answer["rejected"][0]["reason"]
    assert [one["duplicate"] for one in answer["receipts"]] == [True, False]
    assert answer["receipts"][0]["receipt"] == first["receipts"][0]["receipt"]


def test_a_mark_of_the_order_of_bytes_is_no_text():
    body = b"\xef\xbb\xbf" + json.dumps([MESSAGE], ensure_ascii=False).encode()
    assert parse_delivery(body, content_type="application/json") == ([EXPECTED], [])


def test_bytes_of_no_encoding_are_refused():
    with pytest.raises(BadInput):
        parse_delivery(b"content=%FF%FF%FF&msgid=1&mobile=13800000000", content_type=FORM)


def test_a_form_is_one_message():
    assert parse_delivery(urlencode(MESSAGE).encode(), content_type=f"{FORM};charset=utf-8") == (
        [EXPECTED],
        [],
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"content": " "}, "短信内容"),
        ({"msgid": None}, "消息编号"),
        ({"msgid": "x" * 129}, "消息编号"),
        ({"time": "昨天"}, "时间格式"),
        ({"time": "0001-01-01 00:00:00"}, "时间格式"),
        ({"content": {"a": 1}}, "短信内容"),
    ],
)
def test_one_bad_message_does_not_stop_the_others(changes, reason):
    body = json.dumps([MESSAGE | changes, MESSAGE]).encode()
    taken, rejected = parse_delivery(body, content_type="application/json")
    assert taken == [EXPECTED]
    assert [refusal.index for refusal in rejected] == [0]
    assert reason in rejected[0].reason


@pytest.mark.parametrize(
    "body", [b"", b"{", b"1", b'"x"', b"null", b"\xff\xfe", pytest.param(b"[" * 100_000, id="deep")]
)
def test_a_body_that_is_no_list_is_refused_as_a_whole(body):
    with pytest.raises(BadInput):
        parse_delivery(body, content_type="application/json")


def test_a_list_too_long_is_refused_as_a_whole():
    with pytest.raises(BadInput):
        parse_delivery(json.dumps([MESSAGE] * (MOST_MESSAGES + 1)).encode(), content_type="application/json")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: (
        st.lists(children) | st.dictionaries(st.sampled_from([*MESSAGE, "list", "id"]), children)
    ),
)


@given(
    json_values.map(lambda value: json.dumps(value).encode()) | st.binary(),
    st.sampled_from(["application/json", FORM]),
)
def test_whatever_comes_is_taken_or_refused_by_name(body, content_type):
    try:
        taken, rejected = parse_delivery(body, content_type=content_type)
    except BadInput:
        return
    for message in taken:
        assert message.content.encode()
        assert "\x00" not in message.content + message.message_id + message.mobile
    assert all(refusal.reason for refusal in rejected)


@given(st.binary(max_size=50), st.integers(-900, 900))
def test_a_signature_holds_for_its_body_and_its_time(body, seconds):
    timestamp = str(int(NOW.timestamp()))
    signature = sign(SMS_SECRET, timestamp=timestamp, body=body)
    now = datetime.fromtimestamp(int(timestamp) + seconds, tz=UTC)
    in_time = abs(seconds) <= CLOCK_TOLERANCE.total_seconds()
    assert is_signed(SMS_SECRET, timestamp=timestamp, body=body, signature=signature, now=now) is in_time
    assert not is_signed(SMS_SECRET, timestamp=timestamp, body=body + b"x", signature=signature, now=now)
    assert not is_signed(b"other", timestamp=timestamp, body=body, signature=signature, now=now)


def test_the_same_delivery_twice_gives_the_same_receipts(anyone, small_world):
    body = json.dumps([MESSAGE, MESSAGE | {"msgid": "2"}, {"mobile": "1"}]).encode()
    first, second = deliver(anyone, body).json(), deliver(anyone, body).json()
    assert [receipt["receipt"] for receipt in first["receipts"]] == [r["receipt"] for r in second["receipts"]]
    assert [receipt["duplicate"] for receipt in first["receipts"]] == [False, False]
    assert [receipt["duplicate"] for receipt in second["receipts"]] == [True, True]
    assert first["rejected"][0]["index"] == 2
    with small_world.sessions() as session:
        rows = session.scalars(select(Complaint)).all()
    assert [(row.channel, row.message_id, row.received_at) for row in rows] == [
        ("sms", MESSAGE["msgid"], NOW),
        ("sms", "2", NOW),
    ]
    assert b"13800000000" not in b"".join(row.sealed + row.work_text.encode() for row in rows)


@pytest.mark.parametrize("wrong", ["2099-01-01 00:00:00", "2026-11-23 09:30:01"])
def test_a_clock_that_is_fast_dates_no_message_and_keeps_the_groups(wrong, anyone, small_world):
    """More than a day after the delivery is a wrong clock; a day is what clocks differ by."""
    ahead = "2026-11-23 09:30:00"
    for number, sent_at in enumerate((MESSAGE["time"], wrong, ahead)):
        entry = MESSAGE | {"msgid": str(number), "time": sent_at}
        assert len(deliver(anyone, json.dumps([entry]).encode()).json()["receipts"]) == 1
    with small_world.sessions() as session:
        rows = session.scalars(select(Complaint).order_by(Complaint.id)).all()
        assert [row.received_at for row in rows] == [NOW, NOW, NOW + timedelta(days=1)]
        assert [row.receipt[:4] for row in rows] == ["2026"] * 3
        assert [row.state for row in rows] == ["triaged", "copy", "copy"]


def test_a_form_delivery_is_taken(anyone):
    answer = deliver(anyone, urlencode(MESSAGE).encode(), content_type=FORM)
    assert (answer.status_code, len(answer.json()["receipts"])) == (200, 1)


def test_forged_stale_and_unsigned_deliveries_are_refused(anyone, small_world):
    body = json.dumps([MESSAGE]).encode()
    answers = [
        deliver(anyone, body, secret=b"guess"),
        deliver(anyone, body, at=NOW - CLOCK_TOLERANCE - timedelta(seconds=1)),
        anyone.post("/webhooks/sms", content=body),
        anyone.post("/webhooks/sms", content=body, headers={"X-Timestamp": "soon", "X-Signature": "00"}),
    ]
    assert [(answer.status_code, answer.json()["type"]) for answer in answers] == [(401, "bad-signature")] * 4
    with small_world.sessions() as session:
        assert session.scalars(select(Complaint)).all() == []


def test_without_a_secret_the_channel_is_closed(small_world, clock):
    client = TestClient(build_app(small_world.home, small_world.url, clock, sms_secret=None))
    answer = deliver(client, json.dumps([MESSAGE]).encode())
    assert (answer.status_code, answer.json()["type"]) == (503, "channel-closed")
