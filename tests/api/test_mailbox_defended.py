"""The mailbox against what goes wrong and who means ill: forged letters, planted links, full disks, guessed codes."""

from __future__ import annotations

import os
import shutil
import stat
from datetime import timedelta

import pytest

from casework.channel_models import Attachment, FollowUp
from casework.errors import BadInput, NotVisible, SealBroken
from casework.follow_ups import progress
from casework.letters import drop, seal_letter
from casework.mailbox import LETTERS, SHARED, UPWARD, Letter, UnsafeMailbox
from casework.mailbox_fetch import REFUSED, exchange
from casework.receipts import given_out
from casework.upward import ENDING
from tests.api.mailbox_world import TEXT, TOKEN, count, forged, mailbox, office, villager
from tests.api.test_public_pages import received, submit
from tests.casework_world import NOW, VILLAGE_A

__all__ = ["mailbox", "office", "villager"]


def test_a_receipt_that_another_complaint_has_is_refused(villager, mailbox, office, small_world):
    receipt, code = received(submit(villager, TOKEN).text)
    exchange(office, mailbox, at=NOW)
    forged(mailbox, receipt=receipt)
    assert exchange(office, mailbox, at=NOW)["refused"] == 1
    assert count(small_world) == 1
    assert mailbox.progress(receipt=receipt, code=code).words == "已收到"


def test_the_sender_of_a_refused_complaint_is_told(villager, mailbox, office, small_world, monkeypatch):
    receipt, code = received(submit(villager, TOKEN, files=[("files", ("a.pdf", b"%PDF-1.7", "x/y"))]).text)
    monkeypatch.setattr("casework.attachments.MOST_BYTES", 5)
    assert exchange(office, mailbox, at=NOW)["refused"] == 1
    assert count(small_world) == 0
    assert mailbox.progress(receipt=receipt, code=code).words == "未能收下，请重新提交"
    assert "未能收下" in villager.post("/receipts", data={"receipt": receipt, "code": code}).text
    submit(villager, TOKEN)
    assert exchange(office, mailbox, at=NOW)["complaints"] == 1


def test_a_forged_letter_gets_no_hold_of_a_complaint_that_came_otherwise(
    mailbox, office, small_world, signed_in
):
    body = {"channel": "web", "message_id": "w1", "text": TEXT, "about": VILLAGE_A}
    told = signed_in("clerk").post("/api/complaints", json=body).json()
    forged(mailbox, message_id="w1", receipt=told["receipt"])
    exchange(office, mailbox, at=NOW)
    with pytest.raises(NotVisible):
        mailbox.progress(receipt=told["receipt"], code="1111111111")
    with small_world.sessions() as session, pytest.raises(NotVisible):
        progress(session, small_world.home, receipt=told["receipt"], code="1111111111")


def test_no_receipt_is_given_out_twice(mailbox, office, monkeypatch):
    monkeypatch.setattr("casework.mailbox.given_out", lambda year, number: given_out(year, number % 2))
    given = {"text": TEXT, "contact": "", "files": [], "at": NOW}
    receipts = {mailbox.complain(TOKEN, message_id=name, **given)[0] for name in ("a", "b", "a")}
    assert receipts == {given_out(NOW.year, 0), given_out(NOW.year, 1)}
    with pytest.raises(BadInput):
        mailbox.complain(TOKEN, message_id="c", **given)


@pytest.mark.parametrize("letter", [b"no letter at all", None], ids=["rubbish", "sealed rubbish"])
def test_what_cannot_be_read_is_set_aside_and_holds_nothing_up(
    letter, villager, mailbox, office, small_world
):
    public = (mailbox.folder / "office" / "office.pub").read_bytes()
    (mailbox.folder / LETTERS).mkdir()
    (mailbox.folder / LETTERS / "0.sealed").write_bytes(letter or seal_letter('{"kind": "order"}', public))
    submit(villager, TOKEN)
    counts = exchange(office, mailbox, at=NOW)
    assert (counts["refused"], counts["complaints"]) == (1, 1)
    assert [path.name for path in (mailbox.folder / REFUSED).iterdir()] == ["0.sealed"]


def test_additions_find_their_way_to_complaints_of_the_mailbox_only(
    villager, mailbox, office, small_world, signed_in
):
    body = {"channel": "phone", "message_id": "p1", "text": TEXT, "about": VILLAGE_A}
    told = signed_in("clerk").post("/api/complaints", json=body).json()
    forged(mailbox, kind="addition", receipt=told["receipt"], code=told["code"].rjust(10, "0"))
    later = NOW + timedelta(days=15)
    assert exchange(office, mailbox, at=later)["refused"] == 1
    assert count(small_world, FollowUp) == 0


def test_files_that_grow_when_cleaned_are_refused_while_the_sender_is_there(villager, mailbox, monkeypatch):
    monkeypatch.setattr("casework.mailbox.MOST_CARRIED", 5)
    page = submit(villager, TOKEN, files=[("files", ("a.pdf", b"%PDF-1.7", "x/y"))])
    assert page.status_code == 422
    assert "请缩小后再传" in page.text
    many = [("files", (f"{n}.pdf", b"%PDF", "x/y")) for n in range(6)]
    assert "附件至多" in submit(villager, TOKEN, files=many).text
    assert mailbox.waiting(LETTERS) == []


def test_planted_links_and_pipes_lead_nowhere(villager, mailbox, office, small_world):
    exchange(office, mailbox, at=NOW)
    secret = small_world.home / "keys" / "mailbox.key"
    (mailbox.folder / UPWARD / "0.sealed").symlink_to(secret)
    (mailbox.folder / LETTERS / "1.sealed").symlink_to(secret)
    os.mkfifo(mailbox.folder / LETTERS / "2.sealed")
    submit(villager, TOKEN)
    counts = exchange(office, mailbox, at=NOW)
    assert (counts["refused"], counts["complaints"], counts["upward"]) == (3, 1, 0)
    assert not (small_world.home / "intake" / "upward").exists()
    shutil.move(mailbox.folder / LETTERS, mailbox.folder / "elsewhere")
    (mailbox.folder / LETTERS).symlink_to(small_world.home / "keys")
    with pytest.raises(UnsafeMailbox):
        exchange(office, mailbox, at=NOW)
    assert secret.is_file()


def test_guessing_codes_stops_and_a_wrong_code_opens_nothing(villager, mailbox):
    receipt, code = received(submit(villager, TOKEN).text)
    wrong = f"{(int(code) + 1) % 10**10:010d}"
    with pytest.raises(NotVisible):
        mailbox.progress(receipt=receipt, code=wrong)
    answers = [villager.post("/receipts", data={"receipt": receipt, "code": wrong}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [404] * 5 + [429]
    assert villager.post("/receipts", data={"receipt": receipt, "code": code}).status_code == 429


def test_what_fails_for_another_reason_stays_and_holds_nothing_up(
    villager, mailbox, office, small_world, monkeypatch
):
    submit(villager, TOKEN, text="石桥村第一件事")
    submit(villager, TOKEN, text="石桥村第二件不同的事", files=[("files", ("a.pdf", b"%PDF-1.7", "x/y"))])
    submit(villager, TOKEN, text="石桥村第三件另外的事")

    def full(*_: object, **given: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("casework.attachments.drop", full)
        counts = exchange(office, mailbox, at=NOW)
    assert (counts["complaints"], counts["postponed"]) == (2, 1)
    assert count(small_world) == 2
    assert exchange(office, mailbox, at=NOW)["complaints"] == 1
    assert (count(small_world), count(small_world, Attachment)) == (3, 1)


def test_folders_keep_the_common_group_of_the_mailbox(tmp_path):
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o2770)
    drop(folder / "letters", b"x", ending=ENDING, mode=SHARED)
    assert stat.S_IMODE((folder / "letters").stat().st_mode) == 0o2770


def test_both_sides_may_be_users_of_their_own_in_a_common_group(villager, mailbox, office):
    submit(villager, TOKEN)
    exchange(office, mailbox, at=NOW)
    submit(villager, TOKEN, text="石桥村另一件事")
    modes = {
        name: {stat.S_IMODE(path.stat().st_mode) for path in [folder, *folder.iterdir()]}
        for name in ("office", LETTERS, "answers", "claims", "keys")
        if (folder := mailbox.folder / name)
    }
    shared, own = {0o770, 0o660}, {0o700, 0o600}
    assert modes == {"office": shared, LETTERS: shared, "answers": shared, "claims": own, "keys": own}


def test_a_letter_that_says_too_much_or_too_little_is_none():
    good = Letter(
        kind="complaint", message_id="m", at=NOW, receipt=given_out(NOW.year, 1), code="1234567890", text="t", files=[b"aGk="]
    )  # fmt: skip
    text = good.model_dump_json()
    assert Letter.of(text, until=NOW) == good
    assert Letter.of(text, until=NOW).files == (b"hi",)
    for old, new in (
        ('"complaint"', '"order"'),
        ('"at"', '"on"'),
        ('"text":"t"', '"text":5'),
        ("Z", ""),
        ("1234567890", "123456789"),
        ("1234567890", "１２３４５６７８９０"),
        (str(NOW.year), "0001"),
        (str(NOW.year), "2999"),
        ('"m"', f'"{"m" * 129}"'),
        (good.receipt, "2026"),
        ('"t"', '"t","more":1'),
    ):
        assert text.replace(old, new, 1) != text, old
        with pytest.raises(SealBroken):
            Letter.of(text.replace(old, new, 1), until=NOW)
    with pytest.raises(SealBroken):
        Letter.of("[]", until=NOW)
