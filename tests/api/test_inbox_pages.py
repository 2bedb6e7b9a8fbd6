"""The clerk's pages: one key corrects, copies and their undo, keywords with their effect, reading twice, the ledger."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from casework.attachments import attach
from casework.audit_models import AuditEntry
from casework.channel_models import FollowUp, ScanState
from casework.inbox_models import BlindCase, LexiconVersion, ReviewLabel
from casework.models import Complaint
from casework.sealing import load_sealer
from casework.states import ComplaintState
from tests.casework_world import NOW, VILLAGE_A

TEXT = "石桥村的低保名单从来没有公示，村干部的家属有车有房也在名单上，请查一查"


def submit(client, text=TEXT, number=1) -> None:
    body = {"channel": "web", "message_id": f"w{number}", "text": text, "about": VILLAGE_A}
    assert client.post("/api/complaints", json=body).status_code == 201


@pytest.fixture
def clerk(signed_in):
    return signed_in("clerk")


@pytest.mark.parametrize(
    ("choice", "state", "key", "field"),
    [
        ("key", "key_matter", True, "other"),
        ("not_key", "not_key", False, "other"),
        ("field:assistance", "not_key", False, "assistance"),
    ],
)
def test_one_key_corrects_and_leaves_a_label(*, clerk, small_world, choice, state, key, field):
    submit(clerk)
    page = clerk.get("/inbox").text
    button = re.search(rf'value="{choice}" data-key="([a-z0-9])"', page)
    assert button, choice
    clerk.post("/complaints/1/correct", data={"choice": choice})
    with small_world.sessions() as session:
        assert session.get_one(Complaint, 1).state == ComplaintState(state)
        label = session.scalars(select(ReviewLabel)).one()
        assert (label.key, label.field, label.by, label.at) == (key, field, small_world.users["clerk"], NOW)
        assert label.corrected is (choice != "not_key")


def test_the_answer_to_one_key_says_what_was_stored(clerk):
    submit(clerk)
    answer = clerk.post("/complaints/1/correct", data={"choice": "key"}).text
    assert "已记为：<b>关键事项</b> · 检举控告 · 其他" in answer
    submit(clerk, "请问城乡居民医保今年什么时候可以缴费", number=2)
    answer = clerk.post("/complaints/2/confirm").text
    assert "已记为：<b>非关键事项</b> · 咨询 · 其他" in answer


def test_what_a_person_may_not_see_is_not_told_as_stored(clerk, signed_in):
    submit(clerk)
    clerk.post("/complaints/1/correct", data={"choice": "not_key"})
    assert "已记为" not in signed_in("town_b").get("/inbox?decided=1").text
    assert "已记为" not in clerk.get("/inbox?decided=99").text


def test_an_unknown_choice_is_refused(clerk):
    submit(clerk)
    assert clerk.post("/complaints/1/correct", data={"choice": "field:nothing"}).status_code == 422


def test_copies_stand_behind_their_case_and_can_be_taken_out(clerk):
    submit(clerk)
    submit(clerk, TEXT + "谢谢领导", number=2)
    inbox = clerk.get("/inbox").text
    assert "同批 2 件" in inbox
    assert inbox.count("<article") == 1
    assert clerk.get("/api/complaints").json()["rows"][0]["copies"] == 1
    copy = clerk.get("/complaints/2").text
    assert "随该件办理" in copy
    assert clerk.post("/complaints/2/split", follow_redirects=False).status_code == 303
    assert clerk.get("/inbox").text.count("<article") == 2
    assert "可能是同一件事" in clerk.get("/complaints/2").text
    assert clerk.post("/complaints/2/merge", data={"lead_id": 1}, follow_redirects=False).status_code == 303
    assert "同批来信 1 件" in clerk.get("/complaints/1").text


def test_the_effect_of_keywords_is_shown_and_nothing_saved_until_asked(clerk, small_world):
    submit(clerk)
    given = {"words": "名单\n小舅子", "note": "排查"}
    page = clerk.post("/lexicon/effect", data=given).text
    assert "新增由人看 <b>1</b> 件" in page
    assert "小舅子 0 件" in page
    with small_world.sessions() as session:
        assert session.scalars(select(LexiconVersion)).all() == []
    clerk.post("/lexicon", data=given)
    assert "命中关键词“名单”" in clerk.get("/inbox").text
    clerk.post("/lexicon", data={"words": "", "note": "清空"})
    clerk.post("/lexicon/1/restore")
    assert "恢复第 1 版" in clerk.get("/lexicon").text
    assert clerk.post("/lexicon/effect", data={"words": "钱"}).status_code == 422


def test_reading_twice_shows_no_answer_of_the_model(clerk, small_world):
    submit(clerk, "好像石桥村的账有问题，亲戚都有低保")
    clerk.post("/readings/pick", data={"number": 1})
    page = clerk.get("/readings").text
    assert "亲戚都有低保" in page
    assert "模型建议" not in page
    assert "checked" not in page
    answer = {"key": "yes", "nature": "accusation", "field": "assistance"}
    with small_world.sessions() as session:
        case_id = session.scalars(select(BlindCase.id)).one()
    assert clerk.post(f"/readings/{case_id}", data=answer, follow_redirects=False).status_code == 303
    assert clerk.post(f"/readings/{case_id}", data=answer).status_code == 409
    assert "没有等您判读的来信" in clerk.get("/readings").text


def test_the_clerk_sees_that_the_ledger_speaks_and_the_office_sees_what(clerk, signed_in):
    submit(clerk)
    clerk.post(
        "/complaints/1/review",
        data={"key": "yes", "nature": "accusation", "field": "assistance", "office": "330102001"},
    )
    seen = clerk.get("/complaints/1").text
    assert "同村同领域有 <b>2</b> 条疑点" in seen
    assert "/warnings/" not in seen
    town = signed_in("town_a").get("/complaints/1").text
    assert "同村同领域有 <b>1</b> 条疑点" in town
    assert "死亡后继续发放救助金" in town
    county = signed_in("supervisor")
    warning = next(row for row in county.get("/api/warnings").json()["rows"] if row["level"] == "yellow")
    assert "同村同领域有 1 件正在办理的反映" in county.get(f"/warnings/{warning['id']}").text
    assert signed_in("town_b").get("/complaints/1").status_code == 404
    told = county.get("/api/complaints/1/ledger").json()
    assert (told["answer"], [hit["level"] for hit in told["hits"]], told["hidden"]) == (
        "hits",
        ["red", "yellow"],
        0,
    )
    told = clerk.get("/api/complaints/1/ledger").json()
    assert (told["answer"], told["hits"], told["hidden"]) == ("hits", [], 2)
    assert signed_in("town_b").get("/api/complaints/1/ledger").status_code == 404


def test_what_presses_is_told_until_it_is_reviewed(clerk):
    submit(clerk, text="有人扬言要报复写信的人")
    assert "紧急：打击报复" in clerk.get("/inbox").text
    clerk.post("/complaints/1/correct", data={"choice": "not_key"})
    assert "紧急" not in clerk.get("/inbox").text


def test_pages_and_answers_say_that_a_copy_presses(clerk):
    submit(clerk)
    submit(clerk, TEXT + "有人扬言报复", number=2)
    assert "同批来信中有紧急的：打击报复" in clerk.get("/inbox").text
    page = clerk.get("/complaints/1").text
    assert "其中有紧急的：打击报复" in page
    (row,) = clerk.get("/api/complaints").json()["rows"]
    assert (row["triage"]["urgency"], row["copies_urgency"]) == ([], ["retaliation"])


def test_pages_and_answers_say_that_a_copy_holds_a_keyword(clerk):
    clerk.post("/lexicon", data={"words": "写信的人", "note": "排查"})
    submit(clerk)
    submit(clerk, TEXT + "他打了写信的人", number=2)
    assert "优先看的理由：同批来信命中关键词“写信的人”" in clerk.get("/inbox").text
    page = clerk.get("/complaints/1").text
    assert "其中命中本件没有的关键词：写信的人" in page
    assert "<b>命中关键词：写信的人</b>" in page
    (row,) = clerk.get("/api/complaints").json()["rows"]
    assert (row["keywords"], row["copies_keywords"]) == ([], ["写信的人"])


# --- what waits, receipts, additions -----------------------------------------------------------------------


def test_the_inbox_opens_on_what_waits_for_review_however_much_is_in_work(clerk, small_world):
    for number in range(1, 27):
        submit(
            clerk, f"{TEXT}，这是第{number}个村的另一件事：{'井渠路桥'[number % 4] * number}", number=number
        )
    with small_world.sessions.begin() as session:
        for complaint in session.scalars(select(Complaint)):
            complaint.state = ComplaintState.KEY_MATTER
    submit(clerk, "请问医保在哪里交", number=99)
    page = clerk.get("/inbox").text
    assert page.count("<article") == 1
    assert "共 1 件" in page
    assert "请问医保在哪里交" in page
    every = clerk.get("/inbox?state=all").text
    assert "共 27 件" in every
    assert 'href="?page=2&amp;state=all"' in every
    assert clerk.get("/api/complaints").json()["total"] == 27


def test_an_office_that_does_not_review_opens_on_its_key_matters(clerk, signed_in, small_world):
    submit(clerk)
    with small_world.sessions.begin() as session:
        complaint = session.get_one(Complaint, 1)
        complaint.state, complaint.office = ComplaintState.KEY_MATTER, "330102001"
    town = signed_in("town_a")
    assert town.get("/inbox").text.count("<article") == 1
    with small_world.sessions.begin() as session:
        session.get_one(Complaint, 1).state = ComplaintState.CLOSED
    assert "<article" not in town.get("/inbox").text
    assert town.get("/inbox?state=all").text.count("<article") == 1


def test_a_receipt_number_leads_to_the_complaint_of_those_who_may_see_it(clerk, signed_in, small_world):
    submit(clerk)
    with small_world.sessions() as session:
        receipt = session.get_one(Complaint, 1).receipt
    for typed in (
        receipt,
        receipt.replace("-", " "),
        f" {receipt.replace('-', '')} ",
        "".join(chr(ord(c) + 0xFEE0) for c in receipt),
    ):
        answer = clerk.get("/inbox", params={"receipt": typed}, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/complaints/1")
    assert TEXT in clerk.get("/inbox", params={"receipt": receipt}).text
    with small_world.sessions() as session:
        last = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert (last.action, last.target, last.user_id) == (
            "look",
            "/complaints/1",
            small_world.users["clerk"],
        )
    unknown, wrong = "2026-0000-0012", receipt[:-1] + str((int(receipt[-1]) + 1) % 10)
    for who, typed in ((clerk, unknown), (clerk, wrong), (clerk, "低保"), (signed_in("town_a"), receipt)):
        page = who.get("/inbox", params={"receipt": typed})
        assert page.status_code == 200
        assert "未找到" in page.text
        assert page.history == []
    assert "未找到" not in clerk.get("/inbox").text


def test_what_a_sender_added_is_told_in_the_list_and_on_the_page(clerk, small_world):
    submit(clerk)
    submit(clerk, TEXT + "谢谢领导", number=2)
    assert "反映人有新补充" not in clerk.get("/inbox").text + clerk.get("/complaints/1").text
    with small_world.sessions.begin() as session:
        session.add(FollowUp(complaint_id=2, text="是2024年的名单", sealed=b"", by=None, at=NOW))
    assert "反映人有新补充" in clerk.get("/inbox").text
    assert "反映人有新补充" in clerk.get("/complaints/1").text
    clerk.post("/complaints/2/ask", data={"text": "哪个组？"})
    assert "反映人有新补充" not in clerk.get("/inbox").text + clerk.get("/complaints/1").text


def test_files_and_additions_of_copies_lie_on_the_page_of_their_case(clerk, signed_in, small_world):
    submit(clerk)
    submit(clerk, TEXT + "谢谢领导", number=2)
    with small_world.sessions.begin() as session:
        sealer, copy = load_sealer(small_world.home), session.get_one(Complaint, 2)
        (file,) = attach(session, small_world.home, copy.id, [b"%PDF-1.7"], sealer=sealer, at=NOW)
        file.state = ScanState.CLEAN
        session.add(FollowUp(complaint_id=2, text="是2024年的名单", sealed=b"", by=None, at=NOW))
        lead = session.get_one(Complaint, 1)
        lead.state, lead.office = ComplaintState.KEY_MATTER, "330102001"
        receipt = copy.receipt
    page = clerk.get("/complaints/1").text
    assert f'href="/attachments/{file.id}"' in page
    assert "是2024年的名单" in page
    assert page.count(receipt) == 3  # of the file, of the addition, and in the list of copies
    assert clerk.get(f"/attachments/{file.id}").content == b"%PDF-1.7"
    town = signed_in("town_a").get("/complaints/1").text
    assert "/attachments/" not in town
    assert "是2024年的名单" not in town
    assert receipt not in town
