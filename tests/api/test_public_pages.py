"""Villagers without an account: the form of a point, work instead of blocking, receipts, and what is never recorded."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from api import work
from api.work import WorkMeter, is_work
from casework.audit_models import AuditEntry
from casework.channel_models import Attachment, FollowUp, IntakePoint, ScanState
from casework.letters import new_key_pair
from casework.models import Complaint
from casework.points import qr_svg
from casework.upward import KEY_FILE
from tests.api.conftest import build_app
from tests.casework_world import COUNTY, NOW, PASSWORD, VILLAGE_A

TEXT = "石桥村低保名单不公开，我叫王小明"
FILES = [("files", ("a.pdf", b"%PDF-1.7", "x/y"))]


@pytest.fixture
def token(small_world) -> str:
    with small_world.sessions.begin() as session:
        session.add(
            IntakePoint(
                token="Tok3n_of-A", name="石桥村", division=COUNTY, about=VILLAGE_A, active=True,
                created_by=small_world.users["clerk"], created_at=NOW,
            )
        )  # fmt: skip
    return "Tok3n_of-A"


def challenge_of(page: str) -> str:
    return html.unescape(re.search(r'name="challenge" value="([^"]+)"', page)[1])


def solve(challenge: str) -> str:
    bits = int(challenge.split(".")[1])
    return next(str(n) for n in range(10**7) if is_work(challenge, str(n), bits=bits))


def submit(client, token: str, *, challenge: str | None = None, **given):
    challenge = challenge or challenge_of(client.get(f"/r/{token}").text)
    data = {"challenge": challenge, "nonce": solve(challenge), "text": TEXT} | given
    files = data.pop("files", None)
    return client.post(f"/r/{token}", data=data, files=files)


def received(page: str) -> tuple[str, str]:
    number, code = re.findall(r'<p class="text"><b>([0-9-]+)</b>', page)
    return number, code


def count(world, table=Complaint) -> int:
    with world.sessions() as session:
        return session.scalar(select(func.count()).select_from(table))


def test_a_villager_complains_asks_and_answers_without_an_account(anyone, signed_in, small_world, token):
    page = submit(anyone, token, contact="13800000000", files=[("files", ("a.exe", b"%PDF-1.7", "x/y"))])
    assert page.status_code == 200, page.text
    receipt, code = received(page.text)
    with small_world.sessions() as session:
        complaint = session.scalars(select(Complaint)).one()
        assert (complaint.receipt, complaint.channel, complaint.about) == (receipt, "web", VILLAGE_A)
        assert "王小明" not in complaint.work_text
    assert count(small_world, Attachment) == 1
    clerk = signed_in("clerk")
    seen = clerk.get("/complaints/1").text
    assert "等待安全检查" in seen
    assert "可能带有作者、拍摄地点" in seen
    assert "附带信息（如作者、拍摄地点）去不掉" in anyone.get(f"/r/{token}").text
    assert clerk.get("/attachments/1").status_code == 422
    clerk.post("/complaints/1/ask", data={"text": "哪一年的名单？"})
    seen = anyone.post("/receipts", data={"receipt": receipt, "code": code}).text
    assert "已收到" in seen
    assert "哪一年的名单？" in seen
    anyone.post("/receipts/answer", data={"receipt": receipt, "code": code, "text": "2024年"})
    assert "2024年" in clerk.get("/complaints/1").text


def test_a_damaged_attachment_says_so_and_is_not_offered(anyone, signed_in, small_world, token):
    submit(anyone, token, files=FILES)
    submit(anyone, token, text=TEXT + "谢谢", files=FILES)  # a copy, listed beside the first
    with small_world.sessions.begin() as session:
        for attachment, state in zip(session.scalars(select(Attachment)), ("damaged", "gone"), strict=True):
            attachment.state = ScanState(state)
    clerk = signed_in("clerk")
    seen = clerk.get("/complaints/1").text
    assert "文件损坏，无法检查；请联系技术保障室找回" in seen
    assert "文件缺失，无法检查" in seen
    assert "等待安全检查" not in seen
    assert 'href="/attachments/' not in seen
    for number in (1, 2):
        refused = clerk.get(f"/attachments/{number}")
        assert refused.status_code == 422
        assert "无法检查" in refused.text


def test_the_same_form_sent_twice_is_one_complaint(anyone, small_world, token):
    challenge = challenge_of(anyone.get(f"/r/{token}").text)
    first, again = (submit(anyone, token, challenge=challenge) for _ in range(2))
    assert received(first.text) == received(again.text)
    assert count(small_world) == 1


CHANGED = {
    "text": {"text": TEXT + "还有修路的钱"},
    "file": {"files": FILES},
    "contact": {"contact": "13800002222"},
}


@pytest.mark.parametrize("what", CHANGED)
def test_a_form_sent_again_with_something_else_in_it_says_so(anyone, small_world, token, what):
    challenge = challenge_of(anyone.get(f"/r/{token}").text)
    first = submit(anyone, token, challenge=challenge)
    again = submit(anyone, token, challenge=challenge, **CHANGED[what])
    assert received(first.text) == received(again.text)
    assert "没有收下" not in first.text
    assert "刚才改动的内容和新加的文件没有收下" in again.text
    assert (count(small_world), count(small_world, Attachment)) == (1, 0)


@pytest.mark.parametrize("told", [True, False], ids=["length told", "in pieces"])
def test_a_body_without_end_is_not_read(anyone, small_world, token, told):
    most, sent = 51_000_000, 0

    def pieces():
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'
        while sent < 2 * most:
            sent += 1_000_000
            yield bytes(1_000_000)

    content = b"".join(pieces()) if told else pieces()
    page = anyone.post(
        f"/r/{token}", content=content, headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    assert page.status_code == 413
    assert "文件合起来过大" in page.text
    assert count(small_world) == 0


def test_an_unknown_point_and_a_forged_or_old_challenge_take_nothing(anyone, small_world, clock, token):
    assert anyone.get("/r/nothing").status_code == 404
    good = challenge_of(anyone.get(f"/r/{token}").text)
    for bad in (good[:-1] + ("0" if good[-1] != "0" else "1"), "", "1.0.x.y.z", good.replace(token, "other")):
        page = anyone.post(f"/r/{token}", data={"challenge": bad, "nonce": "", "text": TEXT})
        assert "再按一次" in page.text
        assert TEXT in html.unescape(page.text)
    clock.now = NOW + work.LIFETIME + timedelta(minutes=1)
    assert "再按一次" in submit(anyone, token, challenge=good).text
    assert count(small_world) == 0


def test_many_of_one_address_must_work_and_nobody_is_shut_out(anyone, small_world, token):
    for number in range(work.FREE):
        assert "已收到" in submit(anyone, token, text=f"石桥村第{number}件不同的事").text
    page = anyone.get(f"/r/{token}").text
    assert f'data-bits="{work.FIRST_BITS}"' in page
    challenge = challenge_of(page)
    refused = anyone.post(f"/r/{token}", data={"challenge": challenge, "nonce": "wrong", "text": TEXT})
    assert "再按一次" in refused.text
    assert "已收到" in submit(anyone, token, challenge=challenge).text
    assert count(small_world) == work.FREE + 1


def test_challenges_fetched_before_the_rush_do_not_save_the_work(anyone, token):
    early = [challenge_of(anyone.get(f"/r/{token}").text) for _ in range(work.FREE + 1)]
    for number, challenge in enumerate(early[:-1]):
        submit(anyone, token, challenge=challenge, text=f"第{number}件")
    assert "再按一次" in submit(anyone, token, challenge=early[-1]).text


def test_work_grows_with_what_came_and_fades():
    meter, other = WorkMeter(), "203.0.113.9"
    bits = []
    for _ in range(work.FREE * 8):
        bits.append(meter.bits("198.51.100.7", at=NOW))
        meter.note("198.51.100.7", at=NOW)
    assert bits[: work.FREE] == [0] * work.FREE
    assert bits == sorted(bits)
    assert bits[-1] == work.FIRST_BITS + 2
    assert meter.bits(other, at=NOW) == 0
    assert meter.bits("198.51.100.7", at=NOW + work.WINDOW) == 0
    assert b"198.51.100.7" not in b"".join(meter._seen)


def test_a_report_on_the_office_goes_up_and_leaves_no_row(anyone, small_world, token):
    page = submit(anyone, token, upward="yes")
    assert page.status_code == 503
    assert "请直接向上级机关反映" in page.text
    _, public = new_key_pair()
    (small_world.home / "keys" / KEY_FILE).write_bytes(public)
    before = count(small_world, AuditEntry)
    page = submit(anyone, token, upward="yes", contact="13800000000")
    assert "本机关没有登记" in page.text
    assert count(small_world) == 0
    assert count(small_world, AuditEntry) == before + 1
    with small_world.sessions() as session:
        newest = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert newest.target.removeprefix("sha256/") in page.text
        assert (newest.user_id, newest.detail) == (None, {})


def shown_again(client, token: str, clock) -> str:
    """The form as it comes back to who ticked the box, chose a file and waited too long."""
    old = challenge_of(client.get(f"/r/{token}").text)
    clock.now += work.LIFETIME + timedelta(minutes=1)
    page = submit(client, token, challenge=old, upward="yes", files=FILES)
    assert "再按一次" in page.text
    return page.text


def as_shown(page: str) -> dict[str, str]:
    """What a browser would send of the form's box."""
    box = re.search(r'<input type="checkbox" name="upward" value="([^"]+)"([^>]*)>', page)
    return {"upward": box[1]} if "checked" in box[2] else {}


def test_the_box_stays_ticked_when_the_form_comes_back(anyone, small_world, clock, token):
    _, public = new_key_pair()
    (small_world.home / "keys" / KEY_FILE).write_bytes(public)
    page = shown_again(anyone, token, clock)
    again = submit(anyone, token, challenge=challenge_of(page), **as_shown(page))
    assert "本机关没有登记" in again.text
    assert count(small_world) == 0
    assert len(list((small_world.home / "intake" / "upward").iterdir())) == 1
    assert as_shown(anyone.get(f"/r/{token}").text) == {}


def test_the_box_stays_ticked_when_the_text_or_the_files_are_refused(anyone, small_world, token):
    for given in ({"text": " "}, {"files": FILES}, {}):
        page = submit(anyone, token, upward="yes", **given)
        assert page.status_code in (422, 503)
        assert as_shown(page.text) == {"upward": "yes"}
    assert as_shown(submit(anyone, token, text=" ").text) == {}
    assert count(small_world) == 0


def test_who_chose_files_is_told_that_they_are_gone(anyone, clock, token):
    old = challenge_of(anyone.get(f"/r/{token}").text)
    clock.now = NOW + work.LIFETIME + timedelta(minutes=1)
    for page in (
        submit(anyone, token, challenge=old, files=FILES),
        submit(anyone, token, text=" ", files=FILES),
    ):
        assert "请重新选择文件" in page.text
    assert "不收附件" in shown_again(anyone, token, clock)
    none = submit(anyone, token, challenge=old)
    assert "再按一次" in none.text
    assert "文件没有保留" not in none.text


def test_an_empty_report_does_not_go_up(anyone, small_world, token):
    _, public = new_key_pair()
    (small_world.home / "keys" / KEY_FILE).write_bytes(public)
    page = submit(anyone, token, upward="yes", contact="13800000000", text=" ")
    assert page.status_code == 422
    assert not (small_world.home / "intake" / "upward").exists()


def test_a_complaint_with_a_refused_file_leaves_no_row_and_keeps_its_text(anyone, small_world, token):
    page = submit(anyone, token, files=[("files", ("a.jpg", b"\xff\xd8\xff broken", "image/jpeg"))])
    assert page.status_code == 422
    assert TEXT in html.unescape(page.text)
    assert (count(small_world), count(small_world, Attachment)) == (0, 0)


def test_a_refused_addition_stays_in_its_field(anyone, small_world, token):
    receipt, code = received(submit(anyone, token).text)
    asked = {"receipt": receipt, "code": f"{code[:3]} {code[3:]}"}
    page = anyone.post("/receipts/answer", data=asked | {"text": "长" * 2_001})
    assert page.status_code == 422
    assert "长" * 2_001 in page.text
    assert anyone.post("/receipts/answer", data=asked | {"text": "短"}).status_code == 200
    assert count(small_world, FollowUp) == 1
    assert anyone.post("/receipts/answer", data=asked | {"code": "0", "text": "短"}).status_code == 404


def test_guessing_codes_stops_at_the_receipt(anyone, small_world, clock, token):
    receipt, code = received(submit(anyone, token).text)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    for _ in range(5):
        assert anyone.post("/receipts", data={"receipt": receipt, "code": wrong}).status_code == 404
    assert anyone.post("/receipts", data={"receipt": receipt, "code": code}).status_code == 429
    clock.now = NOW + timedelta(minutes=16)
    assert anyone.post("/receipts", data={"receipt": receipt, "code": code}).status_code == 200


def test_the_clerk_opens_points_writes_down_calls_and_takes_in_exports(signed_in, small_world):
    clerk = signed_in("clerk")
    clerk.post("/points", data={"name": "石桥村", "about": VILLAGE_A})
    code = clerk.get("/points/1/qr.svg")
    assert code.headers["content-type"] == "image/svg+xml"
    assert code.content.startswith(b"<?xml")
    said = clerk.post("/phone", data={"message_id": "p1", "text": TEXT, "contact": "13800000000"}).text
    assert re.search(r"回执号 <b>\d{4}-\d{4}-\d{4}</b>，查询码 <b>\d{6}</b>", said)
    table = "工单编号,诉求内容\nG1,石桥村的路灯坏了没人修\n,没有编号\n".encode()
    page = clerk.post("/hotline", files={"file": ("x.csv", table)}).text
    assert "新登记 <b>1</b> 件" in page
    assert "第 3 行：缺少工单编号" in page
    assert 'name="since" value="2026-11-22"' in page
    given = clerk.get("/hotline/receipts.csv", params={"since": "2026-11-22", "until": "2026-11-22"})
    assert given.headers["content-disposition"].endswith('"hotline-receipts-2026-11-22-2026-11-22.csv"')
    assert re.fullmatch(r"\ufeff热线.*\r\nG1,\d{4}-\d{4}-\d{4},\d{3} \d{3}\r\n", given.content.decode())
    assert clerk.get("/hotline/receipts.csv", params={"since": "2026-11-22", "until": "x"}).status_code == 422
    with small_world.sessions() as session:
        assert sorted(session.scalars(select(Complaint.channel))) == ["hotline", "phone"]


@pytest.mark.parametrize("address", [None, "https://example.org/jubao/"])
def test_a_code_holds_the_public_address(address, small_world, clock, token):
    client = TestClient(build_app(small_world.home, small_world.url, clock, public_address=address))
    signed = client.post("/api/session", json={"login": "clerk", "password": PASSWORD}).json()
    client.headers["Authorization"] = f"Bearer {signed['token']}"
    expected = f"{address or 'http://testserver/'}r/{token}"
    assert client.get("/points/1/qr.svg").content == qr_svg(expected)
    assert expected in client.get("/points").text
