"""Class and urgency by one key, by form and over HTTP."""

from __future__ import annotations

import re

import pytest

from tests.api.test_inbox_pages import submit


@pytest.fixture
def clerk(signed_in):
    return signed_in("clerk")


def read(client, complaint_id: int = 1) -> dict:
    return client.get(f"/api/complaints/{complaint_id}").json()


@pytest.mark.parametrize(("name", "key"), [("申诉", "s"), ("批评建议", "p"), ("业务范围外", "o")])
def test_one_key_names_the_class(clerk, name, key):
    submit(clerk)
    assert f'value="class:{name}" data-key="{key}"' in clerk.get("/inbox").text
    answer = clerk.post("/complaints/1/correct", data={"choice": f"class:{name}"}).text
    assert f"已记为：<b>非关键事项</b> · 咨询 · 其他 · 类别{name}" in answer
    assert (read(clerk)["state"], read(clerk)["official_class"]) == ("not_key", name)
    assert read(clerk)["triage"]["official_class"] == "业务范围外"
    assert f"人工审核：类别{name}" in clerk.get("/complaints/1").text


def test_no_key_of_the_inbox_is_given_twice(clerk):
    submit(clerk)
    keys = re.findall(r'data-key="(.)"', clerk.get("/inbox").text)
    assert len(keys) == len(set(keys)) == 21


def test_one_key_says_what_presses_and_the_case_waits_in_its_new_place(clerk):
    submit(clerk)
    submit(clerk, text="有人扬言要报复写信的人", number=2)
    assert 'value="urgency:group_event" data-key="g"' in clerk.get("/inbox").text
    page = clerk.post("/complaints/2/correct", data={"choice": "urgency:none"}).text
    assert "已记为：<b>不紧急</b>，仍待审核" in page
    assert "（模型提示，请先看）" not in page
    page = clerk.post("/complaints/1/correct", data={"choice": "urgency:group_event"}).text
    assert "已记为：<b>紧急：群体事件</b>，仍待审核" in page
    assert "<b>紧急：群体事件</b>（人工判定，请先看）" in page
    assert page.index("/complaints/1/confirm") < page.index("/complaints/2/confirm")
    assert clerk.post("/complaints/1/correct", data={"choice": "urgency:soon"}).status_code == 422


def test_the_page_of_a_complaint_says_and_takes_what_presses(clerk, signed_in):
    submit(clerk)
    form = {"urgency": ["retaliation", "money_moving"]}
    page = clerk.post("/complaints/1/urgency", data=form).text
    assert "人工判定：<b>紧急：打击报复、资金即将转移</b>" in page
    assert page.count(" checked> ") == 3  # both, and 非关键事项
    assert "人工判定：<b>不紧急</b>" in clerk.post("/complaints/1/urgency").text
    clerk.post("/complaints/1/urgency", data=form)
    clerk.post("/complaints/1/correct", data={"choice": "key"})
    supervisor = signed_in("supervisor")
    assert "紧急：打击报复、资金即将转移</b>（人工判定" in supervisor.get("/inbox").text
    assert "/complaints/1/urgency" not in supervisor.get("/complaints/1").text


def test_what_was_decided_can_be_decided_again_on_the_page(clerk):
    submit(clerk)
    form = {"key": "no", "nature": "appeal_for_help", "field": "assistance"}
    clerk.post("/complaints/1/review", data=form | {"official_class": "申诉"})
    assert read(clerk)["official_class"] == "申诉"
    clerk.post("/complaints/1/review", data=form | {"official_class": ""})
    assert read(clerk)["official_class"] == "申诉"
    clerk.post("/complaints/1/review", data=form | {"official_class": "批评建议"})
    assert (read(clerk)["state"], read(clerk)["official_class"]) == ("not_key", "批评建议")
    refused = clerk.post("/complaints/1/review", data=form | {"key": "yes", "official_class": "申诉"})
    assert (refused.status_code, "关键事项的类别是检举控告" in refused.text) == (422, True)


def test_class_and_urgency_over_http(clerk):
    submit(clerk)
    assert (read(clerk)["official_class"], read(clerk)["urgency"]) == (None, None)
    answer = clerk.post("/api/complaints/1/urgency", json={"urgency": ["threat_to_life"]}).json()
    assert (answer["state"], answer["urgency"], answer["triage"]["urgency"]) == (
        "triaged", ["threat_to_life"], [],
    )  # fmt: skip
    assert clerk.post("/api/complaints/1/urgency", json={"urgency": []}).json()["urgency"] == []
    assert clerk.post("/api/complaints/1/urgency", json={"urgency": ["soon"]}).status_code == 422
    body = {"key": False, "nature": "appeal_for_help", "field": "other", "official_class": "申诉"}
    assert clerk.post("/api/complaints/1/review", json=body | {"key": True}).status_code == 422
    assert clerk.post("/api/complaints/1/review", json=body).json()["official_class"] == "申诉"
    submit(clerk, "请问城乡居民医保今年什么时候可以缴费", number=2)
    answer = clerk.post("/api/complaints/2/review", json={"confirm": True}).json()
    assert answer["official_class"] == "业务范围外"
