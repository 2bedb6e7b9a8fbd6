"""Reports that go up unrecorded, follow-up by receipt and code, points, and hotline exports."""

from __future__ import annotations

import hashlib

import openpyxl
import pytest
from sqlalchemy import func, select

from casework import follow_ups, hotline, points
from casework.audit_models import AuditEntry
from casework.channel_models import Attachment, FollowUp
from casework.errors import BadInput, NotPermitted, NotVisible, SealBroken
from casework.intake import receive
from casework.letters import new_key_pair, open_letter, seal_letter
from casework.models import Complaint, Event
from casework.states import ComplaintState
from casework.upward import KEY_FILE, NoWayUp, goes_up, send_up
from casework.working_days import CHINA
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


@pytest.mark.parametrize(
    ("text", "why"), [(" ", "内容为空"), ("字" * (follow_ups.LONGEST + 1), "2000 字"), ("\x00", "无法保存")]
)
def test_an_addition_that_cannot_be_kept_is_told_why(text, why):
    with pytest.raises(BadInput, match=why):
        follow_ups.check_addition(text)


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
        assert all(one.redelivered for one in again)
        assert not any(one.redelivered for one in taken)


def test_a_row_dated_in_the_future_counts_from_when_the_export_came(world, tmp_path):
    path = tmp_path / "export.csv"
    rows = [HEADER, [*ROWS[0][:3], "2099-01-01", *ROWS[0][4:]]]
    path.write_text("\n".join(",".join(row) for row in rows), encoding="utf-8")
    export = hotline.read_export(path, division=COUNTY, at=NOW)
    with world.sessions.begin() as session:
        take_in(session, world, *export.messages)
        assert session.scalars(select(Complaint.received_at)).all() == [NOW]


def test_of_several_columns_of_one_name_the_surest_and_the_filled_one_counts(tmp_path):
    """A column 编号 that counts the rows is not the number of the hotline, and an empty telephone hides no filled one."""
    path = tmp_path / "export.csv"
    path.write_text(
        "编号,工单编号,来电号码,联系电话,诉求内容,来电时间\n1,H9,,13800001111,村会计扣了补贴,2026-11-20 14：30\n",
        encoding="utf-8",
    )
    (read,) = hotline.read_export(path, division=COUNTY, at=NOW).messages
    assert (read.message_id, read.sender) == ("H9", "13800001111")
    assert (read.received_at.astimezone(CHINA).hour, read.received_at.minute) == (14, 30)


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
