"""Reports that go up unrecorded, follow-up by receipt and code, attachments, points, and hotline exports."""

from __future__ import annotations

import hashlib
import io
import sys

import openpyxl
import pytest
from PIL import Image
from sqlalchemy import func, select

from casework import attachments, follow_ups, hotline, points
from casework.audit_models import AuditEntry
from casework.channel_models import Attachment, FollowUp, ScanState
from casework.errors import BadInput, NotPermitted, NotVisible, SealBroken
from casework.intake import receive
from casework.letters import new_key_pair, open_letter, seal_letter
from casework.models import Complaint, Event
from casework.states import ComplaintState
from casework.upward import KEY_FILE, NoWayUp, goes_up, send_up
from tests.casework_world import COUNTY, NOW, TOWN_A, VILLAGE_A, KeywordTriage, message

REPORT = "县纪委书记周某某收受石桥村承包商的钱，联系电话13800000000"


def take_in(session, world, *given):
    return receive(
        session, given, sealer=world.sealer, triage=KeywordTriage(), triage_version="base-1", at=NOW
    )


# --- up, unrecorded ----------------------------------------------------------------------------------------


def test_a_report_that_goes_up_leaves_a_hash_and_nothing_else(world):
    private, public = new_key_pair()
    (world.home / "keys").mkdir(exist_ok=True)
    (world.home / "keys" / KEY_FILE).write_bytes(public)
    with world.sessions.begin() as session:
        digest = send_up(session, world.home, REPORT, at=NOW)
    (sealed,) = (world.home / "intake" / "upward").iterdir()
    assert hashlib.sha256(sealed.read_bytes()).hexdigest() == digest
    assert open_letter(sealed.read_bytes(), private) == REPORT
    with world.sessions.begin() as session:
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert (entry.action, entry.target, entry.detail, entry.user_id) == (
            "sent_up",
            f"sha256/{digest}",
            {},
            None,
        )
        for table in (Complaint, FollowUp, Attachment):
            assert session.scalar(select(func.count()).select_from(table)) == 0
        assert session.scalar(select(func.count()).where(Event.entity == "complaint")) == 0
    for path in world.home.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert REPORT.encode() not in content, path
            assert private not in content, path


def test_without_a_key_of_the_level_above_nothing_is_stored(small_world):
    with small_world.sessions.begin() as session:
        before = session.scalar(select(func.count()).select_from(AuditEntry))
        with pytest.raises(NoWayUp):
            send_up(session, small_world.home, REPORT, at=NOW)
        assert session.scalar(select(func.count()).select_from(AuditEntry)) == before
    assert not (small_world.home / "intake").exists()


def test_only_the_private_key_of_the_level_above_opens_it():
    (private, public), (other, _) = new_key_pair(), new_key_pair()
    sealed = seal_letter(REPORT, public)
    assert seal_letter(REPORT, public) != sealed
    assert len(seal_letter("短", public)) == len(sealed)
    assert open_letter(sealed, private) == REPORT
    for key, content in ((other, sealed), (private, sealed[:-1] + bytes([sealed[-1] ^ 1]))):
        with pytest.raises(SealBroken):
            open_letter(content, key)


@pytest.mark.parametrize(
    ("about", "up"),
    [(COUNTY, True), ("3301", True), ("33", True), (TOWN_A, False), ("330103", False), (None, False)],
)
def test_what_concerns_this_office_or_a_level_above_is_never_recorded(small_world, about, up):
    assert goes_up(about, division=COUNTY) is up
    with small_world.sessions.begin() as session:
        if up:
            with pytest.raises(BadInput):
                take_in(session, small_world, message(REPORT, about=about))
        else:
            take_in(session, small_world, message(REPORT, about=about))
        assert session.scalar(select(func.count()).select_from(Complaint)) == (0 if up else 1)


# --- follow-up ---------------------------------------------------------------------------------------------


def test_questions_go_both_ways_by_receipt_and_code(world):
    with world.sessions.begin() as session:
        taken = take_in(session, world, message("石桥村低保不公开"))[0]
        code = follow_ups.query_code(world.home, taken.receipt)
        clerk = world.actor(session, "clerk")
        follow_ups.ask(session, clerk, taken.complaint_id, "是哪一年的名单？", at=NOW)
        with pytest.raises(NotVisible):
            follow_ups.ask(session, world.actor(session, "town_a"), taken.complaint_id, "谁写的？", at=NOW)
    with world.sessions.begin() as session:
        spoken = taken.receipt.replace("-", " ")
        found = follow_ups.progress(session, world.home, receipt=spoken, code=f"{code[:3]} {code[3:]}")
        assert (found.words, [entry.text for entry in found.thread]) == ("已收到", ["是哪一年的名单？"])
        text = "2024年的，我的电话13900000000"
        entry = follow_ups.answer(session, found, text, sealer=world.sealer, at=NOW)
        session.flush()
        assert "13900000000" not in entry.text
        assert world.sealer.open(entry.sealed, bound_to=taken.receipt) == text
        assert [entry.by for entry in follow_ups.thread_of(session, taken.complaint_id)] == [clerk.id, None]


def test_a_wrong_code_and_an_unknown_receipt_are_one_answer(small_world):
    with small_world.sessions.begin() as session:
        taken = take_in(session, small_world, message("石桥村低保不公开"))[0]
        code = follow_ups.query_code(small_world.home, taken.receipt)
        wrong = f"{(int(code) + 1) % 1_000_000:06d}"
        unknown = "2026-0000-0012"
        for receipt, given in ((taken.receipt, wrong), (taken.receipt, ""), (unknown, code), ("2026", code)):
            with pytest.raises(NotVisible):
                follow_ups.progress(session, small_world.home, receipt=receipt, code=given)


def test_the_sender_of_a_copy_sees_what_became_of_the_case(small_world):
    text = "石桥村征地补偿款发放不公开，村支书多报了三亩地，账目从来没有贴出来过。"
    with small_world.sessions.begin() as session:
        first, copy = take_in(session, small_world, message(text, number=1), message(text + "谢谢", number=2))
        session.get_one(Complaint, first.complaint_id).state = ComplaintState.CLOSED
        session.flush()
        code = follow_ups.query_code(small_world.home, copy.receipt)
        found = follow_ups.progress(session, small_world.home, receipt=copy.receipt, code=code)
        assert found.words == "已办结"


# --- attachments -------------------------------------------------------------------------------------------


def photograph() -> bytes:
    """A JPEG that says where and with what it was taken."""
    image = Image.new("RGB", (32, 24), (120, 30, 30))
    exif = Image.Exif()
    exif[0x010F] = "SECRET-PHONE-MAKER"
    exif.get_ifd(0x8825)[1] = "N"
    written = io.BytesIO()
    image.save(written, "JPEG", exif=exif, comment=b"SECRET-COMMENT")
    return written.getvalue()


def test_metadata_is_stripped_and_the_picture_stays():
    original = photograph()
    assert b"SECRET-PHONE-MAKER" in original
    kind, content = attachments.cleaned(original)
    assert kind == "jpg"
    assert b"SECRET" not in content
    with Image.open(io.BytesIO(content)) as image:
        assert (image.size, dict(image.getexif())) == ((32, 24), {})


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"MZ\x90\x00 a program",
        b"<html>",
        b"PK\x03\x04",
        b"\xff\xd8\xff no image",
        b"%PDF-" + bytes(10_000_001),
    ],
)
def test_other_kinds_broken_images_and_big_files_are_refused(content):
    with pytest.raises(BadInput):
        attachments.cleaned(content)


def test_nobody_opens_a_file_before_the_scanner_passed_it(world):
    command = [sys.executable, "-c", "import sys; sys.exit(1 if b'EICAR' in sys.stdin.buffer.read() else 0)"]
    broken = attachments.command_scanner([sys.executable, "-c", "import sys; sys.exit(7)"])
    with world.sessions.begin() as session:
        row_id = take_in(session, world, message("石桥村低保不公开"))[0].complaint_id
        clerk = world.actor(session, "clerk")
        good, bad = attachments.attach(
            session, world.home, row_id, [photograph(), b"%PDF-1.7 EICAR"], sealer=world.sealer, at=NOW
        )
        for scan in (broken, attachments.command_scanner(["/nonexistent/scanner"])):
            attachments.scan_waiting(session, world.home, sealer=world.sealer, scan=scan, at=NOW)
            assert {good.state, bad.state} == {ScanState.QUARANTINED}
        with pytest.raises(BadInput):
            attachments.opened(session, clerk, world.home, good.id, sealer=world.sealer)
        scan = attachments.command_scanner(command)
        counts = attachments.scan_waiting(session, world.home, sealer=world.sealer, scan=scan, at=NOW)
        assert (counts[ScanState.CLEAN], counts[ScanState.INFECTED]) == (1, 1)
        attachment, content = attachments.opened(session, clerk, world.home, good.id, sealer=world.sealer)
        assert hashlib.sha256(content).hexdigest() == attachment.sha256
        with pytest.raises(BadInput):
            attachments.opened(session, clerk, world.home, bad.id, sealer=world.sealer)
        with pytest.raises(NotVisible):
            attachments.opened(
                session, world.actor(session, "town_a"), world.home, good.id, sealer=world.sealer
            )
        kept = list((world.home / "intake" / "attachments").iterdir())
        assert [path.name for path in kept] == [good.name]
        assert b"JFIF" not in kept[0].read_bytes()


def test_files_of_a_complaint_are_counted(small_world):
    with small_world.sessions.begin() as session:
        row_id = take_in(session, small_world, message("石桥村低保不公开"))[0].complaint_id
        files = [b"%PDF-1.7"] * (attachments.MOST_FILES + 1)
        with pytest.raises(BadInput):
            attachments.attach(session, small_world.home, row_id, files, sealer=small_world.sealer, at=NOW)
        assert session.scalar(select(func.count()).select_from(Attachment)) == 0


# --- points ------------------------------------------------------------------------------------------------


def test_a_point_has_its_own_code_until_it_is_closed(world):
    with world.sessions.begin() as session:
        clerk = world.actor(session, "clerk")
        point = points.open_point(session, clerk, name="石桥村", about=VILLAGE_A, at=NOW)
        assert points.point_by_token(session, point.token) is point
        assert points.qr_svg(f"https://example.org/r/{point.token}").startswith(b"<?xml")
        points.close_point(session, clerk, point.id, at=NOW)
        session.flush()
        with pytest.raises(NotVisible):
            points.point_by_token(session, point.token)
        for name, about in ((" ", None), ("外县", "330103"), ("坏", "abc"), ("县民政局", COUNTY)):
            with pytest.raises(BadInput):
                points.open_point(session, clerk, name=name, about=about, at=NOW)
        with pytest.raises(NotPermitted):
            points.open_point(session, world.actor(session, "supervisor"), name="某村", about=None, at=NOW)


# --- hotline -----------------------------------------------------------------------------------------------

HEADER = ["工单编号", "工单标题", "诉求内容", "来电时间", "来电号码", "区划代码"]
ROWS = [
    ["GD1", "低保", "石桥村低保名单不公开", "2026-11-20 08:15:00", "13800000000", VILLAGE_A],
    ["GD2", "", "", "2026-11-20", "", ""],
    ["", "路灯", "路灯坏了", "2026-11-20", "", ""],
    ["GD4", "路灯", "路灯坏了", "去年的某天", "", ""],
    ["GD5", "补贴", "补贴没有发", "2026/11/21", "", "33x"],
    ["GD6", "书记", "县里的事", "2026/11/21", "", COUNTY],
    ["GD7", "", "水管漏了", "", "", ""],
]


def test_an_export_comes_in_once_and_bad_rows_stand_aside_with_a_reason(world, tmp_path):
    path = tmp_path / "热线.xlsx"
    book = openpyxl.Workbook()
    for row in [["某市12345工单导出"], HEADER, *ROWS]:
        book.active.append(row)
    book.save(path)
    export = hotline.read_export(path, division=COUNTY, at=NOW)
    assert [one.message_id for one in export.messages] == ["GD1", "GD7"]
    assert [row.row for row in export.refused] == [4, 5, 6, 7, 8]
    assert not any(part in row.reason for row in export.refused for part in ("去年", "33x", "县里"))
    first = export.messages[0]
    assert (first.text, first.sender, first.about) == ("石桥村低保名单不公开", "13800000000", VILLAGE_A)
    assert first.received_at.isoformat() == "2026-11-20T08:15:00+08:00"
    with world.sessions.begin() as session:
        taken = take_in(session, world, *export.messages)
        again = take_in(session, world, *export.messages)
        assert [one.receipt for one in taken] == [one.receipt for one in again]
        assert all(one.duplicate for one in again)
        assert not any(one.duplicate for one in taken)


def test_a_row_dated_in_the_future_counts_from_when_the_export_came(world, tmp_path):
    path = tmp_path / "export.csv"
    rows = [HEADER, [*ROWS[0][:3], "2099-01-01", *ROWS[0][4:]]]
    path.write_text("\n".join(",".join(row) for row in rows), encoding="utf-8")
    export = hotline.read_export(path, division=COUNTY, at=NOW)
    with world.sessions.begin() as session:
        take_in(session, world, *export.messages)
        assert session.scalars(select(Complaint.received_at)).all() == [NOW]


def test_a_csv_in_the_encoding_of_windows_is_read(tmp_path):
    path = tmp_path / "export.csv"
    path.write_bytes("\r\n".join(",".join(row) for row in [HEADER, ROWS[0]]).encode("gb18030"))
    export = hotline.read_export(path, division=COUNTY, at=NOW)
    assert [one.message_id for one in export.messages] == ["GD1"]


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xd8\xff", "甲,乙\n1,2".encode(), "工单编号,时间\n1,2".encode()]
)
def test_a_file_that_is_no_export_is_refused_as_a_whole(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(BadInput):
        hotline.read_export(path, division=COUNTY, at=NOW)
