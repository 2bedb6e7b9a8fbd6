"""The public intake as a process of its own: what it takes, what it cannot read, and what the office fetches."""

from __future__ import annotations

import os
import re
import shutil
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from api.public_app import create_public_app
from casework.audit_models import AuditEntry
from casework.channel_models import Attachment, FollowUp, IntakePoint
from casework.errors import BadInput, NotVisible, SealBroken
from casework.follow_ups import progress
from casework.letters import drop, new_key_pair, open_letter, seal_letter
from casework.mailbox import LETTERS, SHARED, UPWARD, Letter, Mailbox
from casework.mailbox_fetch import REFUSED, Office, exchange, publish
from casework.models import Complaint
from casework.receipts import given_out
from casework.sealing import load_sealer
from casework.upward import ENDING, KEY_FILE
from ml.serving import Served
from tests.api.test_public_pages import challenge_of, received, submit
from tests.casework_world import COUNTY, NOW, VILLAGE_A, KeywordTriage

TEXT = "石桥村低保名单不公开，我叫王小明"
TOKEN = "Tok3n_of-A"


@pytest.fixture
def mailbox(tmp_path) -> Mailbox:
    return Mailbox(tmp_path / "mailbox")


@pytest.fixture
def office(small_world, mailbox) -> Office:
    """The office, which has a point and has published it."""
    with small_world.sessions.begin() as session:
        session.add(
            IntakePoint(
                token=TOKEN, name="石桥村", division=COUNTY, about=VILLAGE_A, active=True,
                created_by=small_world.users["clerk"], created_at=NOW,
            )
        )  # fmt: skip
    made = Office(
        home=small_world.home,
        sessions=small_world.sessions,
        sealer=load_sealer(small_world.home),
        triage=Served(KeywordTriage(), "base-1"),
        division=COUNTY,
    )
    publish(made, mailbox)
    return made


@pytest.fixture
def villager(office, mailbox, clock) -> TestClient:
    return TestClient(create_public_app(mailbox.folder, clock=clock))


def contents(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def count(world, table=Complaint) -> int:
    with world.sessions() as session:
        return session.scalar(select(func.count()).select_from(table))


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


def forged(mailbox: Mailbox, **given: str) -> None:
    """A letter of somebody who can write into the mailbox."""
    fields = {
        "kind": "complaint", "message_id": "forged", "receipt": given_out(NOW.year, 1), "text": TEXT,
        "code": "1111111111",
    } | given  # fmt: skip
    letter = Letter(at=NOW, token=TOKEN, **fields)
    public = (mailbox.folder / "office" / "office.pub").read_bytes()
    drop(mailbox.folder / LETTERS, seal_letter(letter.model_dump_json(), public), ending=ENDING)


def test_a_receipt_that_another_complaint_has_is_refused(villager, mailbox, office, small_world):
    receipt, code = received(submit(villager, TOKEN).text)
    exchange(office, mailbox, at=NOW)
    forged(mailbox, receipt=receipt)
    assert exchange(office, mailbox, at=NOW)["refused"] == 1
    assert count(small_world) == 1
    assert mailbox.answer(receipt, code).receipt == receipt


def test_a_forged_letter_gets_no_hold_of_a_complaint_that_came_otherwise(
    mailbox, office, small_world, signed_in
):
    body = {"channel": "web", "message_id": "w1", "text": TEXT, "about": VILLAGE_A}
    told = signed_in("clerk").post("/api/complaints", json=body).json()
    forged(mailbox, message_id="w1", receipt=told["receipt"])
    exchange(office, mailbox, at=NOW)
    with pytest.raises(NotVisible):
        mailbox.answer(told["receipt"], "1111111111")
    with small_world.sessions() as session, pytest.raises(NotVisible):
        progress(session, small_world.home, receipt=told["receipt"], code="1111111111")


def test_no_receipt_is_given_out_twice(mailbox, office, monkeypatch):
    monkeypatch.setattr("casework.mailbox.given_out", lambda year, number: given_out(year, number % 2))
    point = mailbox.point(TOKEN)
    given = {"text": TEXT, "contact": "", "files": [], "at": NOW}
    receipts = {mailbox.complain(point, message_id=name, **given)[0] for name in ("a", "b", "a")}
    assert receipts == {given_out(NOW.year, 0), given_out(NOW.year, 1)}
    with pytest.raises(BadInput):
        mailbox.complain(point, message_id="c", **given)


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


def test_additions_find_their_way_to_complaints_of_the_mailbox_only(
    villager, mailbox, office, small_world, signed_in
):
    body = {"channel": "phone", "message_id": "p1", "text": TEXT, "about": VILLAGE_A}
    told = signed_in("clerk").post("/api/complaints", json=body).json()
    forged(mailbox, kind="addition", receipt=told["receipt"], code=told["code"].rjust(10, "0"))
    later = NOW + timedelta(days=15)
    assert exchange(office, mailbox, at=later)["refused"] == 1
    assert count(small_world, FollowUp) == 0


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
    with pytest.raises(SealBroken):
        exchange(office, mailbox, at=NOW)
    assert secret.is_file()


def test_guessing_codes_stops_and_a_wrong_code_opens_nothing(villager, mailbox):
    receipt, code = received(submit(villager, TOKEN).text)
    wrong = f"{(int(code) + 1) % 10**10:010d}"
    with pytest.raises(NotVisible):
        mailbox.answer(receipt, wrong)
    answers = [villager.post("/receipts", data={"receipt": receipt, "code": wrong}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [404] * 5 + [429]
    assert villager.post("/receipts", data={"receipt": receipt, "code": code}).status_code == 429


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
    assert re.search("default-src 'none'", villager.get("/receipts").headers["Content-Security-Policy"])


def test_what_fails_for_another_reason_stays_and_holds_nothing_up(
    villager, mailbox, office, small_world, monkeypatch
):
    submit(villager, TOKEN, text="石桥村第一件事")
    submit(villager, TOKEN, text="石桥村第二件不同的事", files=[("files", ("a.pdf", b"%PDF-1.7", "x/y"))])
    submit(villager, TOKEN, text="石桥村第三件另外的事")

    def full(*_: object, **given: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("casework.attachments._write", full)
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
