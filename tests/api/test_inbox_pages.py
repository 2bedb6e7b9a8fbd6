"""The clerk's pages: one key corrects, copies and their undo, keywords with their effect, reading twice, the ledger."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from casework.inbox_models import BlindCase, LexiconVersion
from casework.models import Complaint, ReviewLabel
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
