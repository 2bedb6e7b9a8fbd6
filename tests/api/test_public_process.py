"""The public intake as a process of its own: what it takes, what it cannot read, and what the office fetches."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from casework import mailbox as module
from casework.audit_models import AuditEntry
from casework.channel_models import Attachment, FollowUp, IntakePoint
from casework.errors import SealBroken
from casework.letters import drop, new_key_pair, open_letter
from casework.mailbox import LETTERS, UPWARD
from casework.mailbox_fetch import exchange, publish
from casework.models import Complaint
from casework.upward import ENDING, KEY_FILE
from tests.api.mailbox_world import TEXT, TOKEN, contents, count, mailbox, office, villager
from tests.api.test_public_pages import as_shown, challenge_of, received, shown_again, submit
from tests.casework_world import NOW, VILLAGE_A

__all__ = ["mailbox", "office", "villager"]


def test_a_complaint_goes_in_sealed_and_its_sender_is_asked_and_answers(
    villager, mailbox, office, small_world, signed_in
):
    page = submit(villager, TOKEN, contact="13800000000", files=[("files", ("a.pdf", b"%PDF-1.7", "x/y"))])
    assert page.status_code == 200, page.text
    receipt, code = received(page.text)
    lying = contents(mailbox.folder)
    for secret in (TEXT, "王小明", "13800000000", receipt, office.private_key):
        assert (secret if isinstance(secret, bytes) else secret.encode()) not in lying
    assert count(small_world) == 0
    assert "已收到" in villager.post("/receipts", data={"receipt": receipt, "code": code}).text

    assert exchange(office, mailbox, at=NOW)["complaints"] == 1
    with small_world.sessions() as session:
        complaint = session.scalars(select(Complaint)).one()
        assert (complaint.receipt, complaint.channel, complaint.about) == (receipt, "web", VILLAGE_A)
    assert count(small_world, Attachment) == 1
    clerk = signed_in("clerk")
    clerk.post("/complaints/1/ask", data={"text": "哪一年的名单？"})
    assert exchange(office, mailbox, at=NOW)["answers"] == 1
    assert "哪一年的名单？" in villager.post("/receipts", data={"receipt": receipt, "code": code}).text

    added = villager.post("/receipts/answer", data={"receipt": receipt, "code": code, "text": "2024年"}).text
    assert "补充已加密提交" in added
    assert exchange(office, mailbox, at=NOW)["additions"] == 1
    assert "2024年" in clerk.get("/complaints/1").text
    assert "2024年" in villager.post("/receipts", data={"receipt": receipt, "code": code}).text
    assert exchange(office, mailbox, at=NOW)["answers"] == 0
    assert mailbox.waiting(LETTERS) == []


def test_the_office_answers_by_the_code_of_the_mailbox_and_by_no_other(villager, mailbox, office, anyone):
    receipt, code = received(submit(villager, TOKEN).text)
    exchange(office, mailbox, at=NOW)
    assert "已收到" in anyone.post("/receipts", data={"receipt": receipt, "code": code}).text
    wrong = f"{(int(code) + 1) % 10**10:010d}"
    assert anyone.post("/receipts", data={"receipt": receipt, "code": wrong}).status_code == 404


def test_the_same_form_sent_again_is_one_complaint_before_and_after_it_is_fetched(
    villager, mailbox, office, small_world
):
    challenge = challenge_of(villager.get(f"/r/{TOKEN}").text)
    first, again = (received(submit(villager, TOKEN, challenge=challenge).text) for _ in range(2))
    exchange(office, mailbox, at=NOW)
    later = received(submit(villager, TOKEN, challenge=challenge).text)
    exchange(office, mailbox, at=NOW)
    assert first == again == later
    assert count(small_world) == 1


@pytest.mark.parametrize("fetched", [False, True])
def test_a_form_sent_again_with_another_text_says_so(villager, mailbox, office, small_world, fetched):
    challenge = challenge_of(villager.get(f"/r/{TOKEN}").text)
    first = submit(villager, TOKEN, challenge=challenge)
    if fetched:
        exchange(office, mailbox, at=NOW)
    again = submit(villager, TOKEN, challenge=challenge, text=TEXT + "还有修路的钱")
    exchange(office, mailbox, at=NOW)
    assert received(first.text) == received(again.text)
    assert ["没有收下" in page.text for page in (first, again)] == [False, True]
    assert count(small_world) == 1


def test_a_form_whose_letter_was_lost_is_taken_when_it_comes_again_changed(
    villager, mailbox, office, small_world, monkeypatch
):
    """The disk was full between the claim and the letter: no receipt was shown, and the sender changed a word."""
    challenge = challenge_of(villager.get(f"/r/{TOKEN}").text)
    with monkeypatch.context() as patched:
        patched.setattr(module, "seal_letter", failing)
        with pytest.raises(OSError, match="full"):
            submit(villager, TOKEN, challenge=challenge)
    page = submit(villager, TOKEN, challenge=challenge, text=TEXT + "还有修路的钱")
    assert "没有收下" not in page.text
    receipt, code = received(page.text)
    assert exchange(office, mailbox, at=NOW)["complaints"] == 1
    assert "已收到" in villager.post("/receipts", data={"receipt": receipt, "code": code}).text
    assert count(small_world) == 1


def failing(*_: object) -> bytes:
    raise OSError("full")


def test_letters_that_lie_there_still_after_a_crash_are_not_taken_twice(
    villager, mailbox, office, small_world, tmp_path
):
    receipt, code = received(submit(villager, TOKEN).text)
    exchange(office, mailbox, at=NOW)
    villager.post("/receipts/answer", data={"receipt": receipt, "code": code, "text": "2024年"})
    shutil.copytree(mailbox.folder / LETTERS, tmp_path / "before")
    exchange(office, mailbox, at=NOW)
    shutil.copytree(tmp_path / "before", mailbox.folder / LETTERS, dirs_exist_ok=True)
    exchange(office, mailbox, at=NOW)
    assert (count(small_world), count(small_world, FollowUp)) == (1, 1)


def test_a_process_killed_before_the_letter_was_dropped_gives_the_same_receipt(
    villager, mailbox, office, small_world, monkeypatch
):
    challenge = challenge_of(villager.get(f"/r/{TOKEN}").text)
    broken = TestClient(villager.app, raise_server_exceptions=False)

    def full(folder: Path, content: bytes, *, ending: str, mode: int = 0o600) -> Path:
        if ending == ENDING:
            raise OSError(28, "No space left on device")
        return drop(folder, content, ending=ending, mode=mode)

    with monkeypatch.context() as patched:
        patched.setattr("casework.mailbox.drop", full)
        failed = submit(broken, TOKEN, challenge=challenge)
        assert failed.status_code == 500
        assert TEXT not in failed.text
    assert len(list((mailbox.folder / "claims").iterdir())) == 1
    received(submit(villager, TOKEN, challenge=challenge).text)
    assert len(list((mailbox.folder / "claims").iterdir())) == 1
    assert exchange(office, mailbox, at=NOW)["complaints"] == 1


def test_a_report_on_the_office_passes_unread_to_the_level_above(villager, mailbox, office, small_world):
    assert submit(villager, TOKEN, upward="yes").status_code == 503
    private, public = new_key_pair()
    (small_world.home / "keys" / KEY_FILE).write_bytes(public)
    publish(office, mailbox)
    page = submit(villager, TOKEN, upward="yes", contact="13800000000")
    assert "本机关没有登记" in page.text
    (sealed,) = mailbox.waiting(UPWARD)
    with pytest.raises(SealBroken):
        open_letter(sealed.read_bytes(), office.private_key)
    before = count(small_world, AuditEntry)
    assert exchange(office, mailbox, at=NOW)["upward"] == 1
    (outgoing,) = (small_world.home / "intake" / "upward").iterdir()
    assert TEXT in open_letter(outgoing.read_bytes(), private)
    assert (count(small_world), count(small_world, AuditEntry)) == (0, before + 1)
    with small_world.sessions() as session:
        newest = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert newest.target.removeprefix("sha256/") in page.text


def test_the_box_stays_ticked_when_the_form_comes_back(villager, mailbox, office, small_world, clock):
    _, public = new_key_pair()
    (small_world.home / "keys" / KEY_FILE).write_bytes(public)
    publish(office, mailbox)
    page = shown_again(villager, TOKEN, clock)
    again = submit(villager, TOKEN, challenge=challenge_of(page), **as_shown(page))
    assert "本机关没有登记" in again.text
    assert (len(mailbox.waiting(LETTERS)), len(mailbox.waiting(UPWARD))) == (0, 1)
    exchange(office, mailbox, at=NOW)
    assert count(small_world) == 0


def test_a_report_that_is_carried_twice_goes_up_once(villager, mailbox, office, small_world, tmp_path):
    _, public = new_key_pair()
    (small_world.home / "keys" / KEY_FILE).write_bytes(public)
    publish(office, mailbox)
    submit(villager, TOKEN, upward="yes")
    shutil.copytree(mailbox.folder / UPWARD, tmp_path / "before")
    exchange(office, mailbox, at=NOW)
    (outgoing,) = (small_world.home / "intake" / "upward").iterdir()
    outgoing.unlink()  # carried up
    before = count(small_world, AuditEntry)
    shutil.copytree(tmp_path / "before", mailbox.folder / UPWARD, dirs_exist_ok=True)
    exchange(office, mailbox, at=NOW)
    assert list((small_world.home / "intake" / "upward").iterdir()) == []
    assert count(small_world, AuditEntry) == before


def test_an_addition_waits_for_its_complaint(villager, mailbox, office, small_world, tmp_path):
    receipt, code = received(submit(villager, TOKEN).text)
    (letter,) = mailbox.waiting(LETTERS)
    letter.rename(tmp_path / letter.name)
    typed = f"{code[:5]} {code[5:]}".translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    added = villager.post("/receipts/answer", data={"receipt": receipt, "code": typed, "text": "2024年"})
    assert "补充已加密提交" in added.text
    assert exchange(office, mailbox, at=NOW)["postponed"] == 1
    (tmp_path / letter.name).rename(letter)
    exchange(office, mailbox, at=NOW)
    exchange(office, mailbox, at=NOW)
    assert (count(small_world), count(small_world, FollowUp)) == (1, 1)
    assert mailbox.waiting(LETTERS) == []


def test_more_additions_than_the_office_takes_are_refused_with_their_text(
    villager, mailbox, office, monkeypatch
):
    receipt, code = received(submit(villager, TOKEN).text)
    exchange(office, mailbox, at=NOW)
    monkeypatch.setattr("casework.mailbox.MOST_ANSWERS", 1)
    pages = []
    for text in ("2024年", "还有2023年"):
        pages.append(villager.post("/receipts/answer", data={"receipt": receipt, "code": code, "text": text}))
        exchange(office, mailbox, at=NOW)
    assert [page.status_code for page in pages] == [200, 422]
    assert "还有2023年" in pages[1].text


def test_bad_submissions_come_back_with_their_text(villager, mailbox):
    for given, why in (
        ({"text": " "}, "内容为空"),
        ({"text": "长" * 20_001}, "超过"),
        ({"files": [("files", ("a.jpg", b"\xff\xd8\xff broken", "image/jpeg"))]}, "图片无法读取"),
    ):
        page = submit(villager, TOKEN, **given)
        assert page.status_code == 422
        assert why in page.text
    assert mailbox.waiting(LETTERS) == []


def test_a_closed_point_takes_nothing(villager, mailbox, office, small_world):
    with small_world.sessions.begin() as session:
        session.scalars(select(IntakePoint)).one().active = False
    publish(office, mailbox)
    assert villager.get(f"/r/{TOKEN}").status_code == 404
    assert villager.get("/r/nothing").status_code == 404


def test_the_public_process_has_no_other_doors(villager):
    for path in ("/", "/inbox", "/api/complaints", "/login", "/openapi.json", "/health/ready"):
        assert villager.get(path).status_code == 404, path
    pages = [villager.get(path).text for path in (f"/r/{TOKEN}", "/receipts")]
    links = {link for page in pages for link in re.findall(r'<a [^>]*href="([^"]+)"', page)}
    assert all(villager.get(link).status_code == 200 for link in links), links
    assert re.search("default-src 'none'", villager.get("/receipts").headers["Content-Security-Policy"])
