"""HTTP as clients see it: the way of a complaint, leaks between towns, sessions, problems, headers."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from api.throttle import FAILURES, WINDOW
from casework.accounts import SESSION_LENGTH
from casework.audit_models import AuditEntry
from casework.models import CaseWarning, User
from casework.roles import Role
from tests.casework.supplier_world import BOTH, LOCAL, publish_suppliers
from tests.casework.test_tender_scores import HERE, publish_tenders
from tests.casework_world import ACCOUNTANT, PASSWORD, SECRETARY, TOWN_B, VILLAGE_A, VILLAGE_B, add_user

COMPLAINT = {"channel": "web", "message_id": "w1", "text": "石桥村村支书克扣补贴，电话13800000000"}


def submit(client: TestClient, **changes) -> dict:
    answer = client.post("/api/complaints", json=COMPLAINT | changes)
    assert answer.status_code == 201, answer.text
    return answer.json()


def good(answer) -> dict:
    assert answer.status_code < 300, answer.text
    return answer.json()


def problem(answer) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    assert {"type", "title", "detail"} <= set(body)
    return answer.status_code, body["type"]


def test_from_complaint_to_closed_over_http(signed_in, small_world):
    clerk, town, county = signed_in("clerk"), signed_in("town_a"), signed_in("supervisor")
    submit(clerk)
    row = good(clerk.get("/api/complaints"))["rows"][0]
    assert (row["state"], row["about"], row["triage"]["reasons"]) == ("triaged", VILLAGE_A, ["克扣"])
    assert "13800000000" not in str(row)
    path = f"/api/complaints/{row['id']}"
    assert problem(town.get(path)) == (404, "not-found")
    assert good(clerk.post(f"{path}/review", json={"confirm": True}))["state"] == "key_matter"
    task = good(town.post(f"{path}/tasks", json={"assignee_id": small_world.users["town_a"]}))
    tasks = f"/api/tasks/{task['id']}"
    good(town.post(f"{tasks}/accept"))
    good(town.post(f"{tasks}/report", json={"outcome": "substantiated", "note": "属实"}))
    assert problem(town.post(f"{tasks}/approve", json={})) == (409, "second-person-required")
    assert good(county.post(f"{tasks}/approve", json={}))["state"] == "closed"
    assert problem(county.post(f"{tasks}/approve", json={})) == (409, "unknown-transition")
    steps = good(clerk.get(path))["history"]
    assert [step["new"] for step in steps] == ["received", "triaged", "key_matter", "in_task", "closed"]


def test_an_office_is_not_answered_the_receipt_of_another(signed_in, small_world):
    with small_world.sessions.begin() as session:
        add_user(session, "town_clerk", Role.CLERK, TOWN_B)
    county, town = signed_in("clerk"), signed_in("town_clerk")
    table = "工单编号,诉求内容\n1,{}\n".format
    texts = {county: "石桥村的路灯坏了", town: "柳林村的水管漏了"}
    for clerk, text in texts.items():
        for taken, known in ((1, 0), (0, 1)):
            page = clerk.post("/hotline", files={"file": ("x.csv", table(text).encode())}).text
            assert f"新登记 <b>{taken}</b> 件" in page
            assert f"以前已登记 {known} 件" in page
    given = {"channel": "hotline", "message_id": "1", "sender": None}
    theirs, ours = (submit(clerk, **given, text=text) for clerk, text in texts.items())
    assert theirs["receipt"] != ours["receipt"]
    assert theirs["code"] != ours["code"]
    assert [row["id"] for row in good(town.get("/api/complaints"))["rows"]] == [2]


def test_a_correction_needs_all_three_and_known_words(signed_in):
    clerk = signed_in("clerk")
    submit(clerk)
    path = f"/api/complaints/{good(clerk.get('/api/complaints'))['rows'][0]['id']}/review"
    assert problem(clerk.post(path, json={"key": True})) == (422, "missing-field")
    assert problem(clerk.post(path, json={"key": True, "nature": "x", "field": "other"})) == (
        422,
        "bad-input",
    )
    done = good(clerk.post(path, json={"key": False, "nature": "consultation", "field": "assistance"}))
    assert (done["state"], done["nature"]) == ("not_key", "consultation")
    moved = good(clerk.post(path.replace("review", "transfer"), json={"destination": "县民政局"}))
    assert moved["state"] == "transferred"


def test_a_score_tells_its_probability_with_the_band_apart_from_the_percentile(signed_in):
    county = signed_in("supervisor")
    row = good(county.get(f"/api/scores/village/{VILLAGE_A}"))["score"]
    told = {name: row[name] for name in ("probability", "probability_low", "probability_high", "percentile")}
    assert told == {"probability": 0.12, "probability_low": 0.05, "probability_high": 0.23, "percentile": 98}
    assert good(county.get(f"/api/scores/village/{VILLAGE_B}"))["score"]["probability_low"] is None
    page = county.get(f"/scores/village/{VILLAGE_A}").text
    assert "<dt>查实概率</dt><dd>12%（5%–23%）</dd>" in page
    assert "括号里是 95% 区间" in page
    assert "<dt>百分位</dt><dd>98</dd>" in page
    assert "查实概率 12%（5%–23%）" in county.get("/villages").text


def test_a_town_reads_of_a_supplier_what_lies_in_its_part(signed_in, small_world):
    publish_suppliers(small_world)
    county, town, other = signed_in("supervisor"), signed_in("town_a"), signed_in("town_b")
    whole = good(county.get(f"/api/scores/supplier/{BOTH}"))
    assert (whole["score"]["name"], whole["score"]["whole"]) == ("青山建设有限公司", True)
    assert {row["village_code"] for row in whole["warnings"]} == {VILLAGE_A, VILLAGE_B}
    part = town.get(f"/api/scores/supplier/{BOTH}")
    assert good(part)["score"]["villages"] == [VILLAGE_A]
    assert good(part)["score"]["village_code"] == VILLAGE_A
    for answer in (
        part,
        town.get(f"/scores/supplier/{BOTH}"),
        town.get("/suppliers"),
        town.get("/api/watchlists/supplier"),
    ):
        assert answer.status_code == 200
        assert BOTH in answer.text
        for hidden in (VILLAGE_B, "柳林村", "2 条线索"):
            assert hidden not in answer.text
    assert "这里只列您看得到的疑点" in town.get(f"/scores/supplier/{BOTH}").text
    page = county.get(f"/scores/supplier/{BOTH}").text
    assert "<h1>青山建设有限公司" in page
    assert "同类只有 2 个" in page
    assert "这里只列您看得到的疑点" not in page
    assert problem(other.get(f"/api/scores/supplier/{LOCAL}")) == (404, "not-found")
    assert other.get(f"/scores/supplier/{LOCAL}").status_code == 404
    assert "石桥商店" not in other.get("/suppliers").text


def test_a_tender_has_a_page_whatever_its_number(signed_in, small_world):
    publish_tenders(small_world)
    county, other = signed_in("supervisor"), signed_in("town_b")
    listed = county.get("/tenders").text
    address = f"/scores/tender/{quote(HERE)}"
    assert f'href="{address}"' in listed
    assert "招标项目关注清单" in listed
    page = county.get(address)
    assert page.status_code == 200
    assert f"<h1>{HERE}" in page.text
    assert "不能证明串通" in page.text
    assert "查实概率</dt><dd>12%（5%–23%）" in page.text
    assert good(county.get(f"/api{address}"))["score"]["entity_id"] == HERE
    assert problem(other.get(f"/api{address}")) == (404, "not-found")
    assert HERE not in other.get("/tenders").text


def test_a_town_gets_404_for_everything_of_the_other_town(signed_in, small_world):
    county, other = signed_in("supervisor"), signed_in("town_b")
    clerk = signed_in("clerk")
    submit(clerk)
    complaint = good(clerk.get("/api/complaints"))["rows"][0]["id"]
    good(clerk.post(f"/api/complaints/{complaint}/review", json={"confirm": True}))
    with small_world.sessions() as session:
        warning = session.scalars(select(CaseWarning.id).where(CaseWarning.finding_id == "f-a")).one()
    task = good(
        county.post(f"/api/warnings/{warning}/tasks", json={"assignee_id": small_world.users["supervisor"]})
    )["id"]
    for path in (
        f"/api/scores/village/{VILLAGE_A}",
        f"/api/scores/official/{SECRETARY}",
        f"/api/warnings/{warning}",
        f"/api/complaints/{complaint}",
        f"/api/complaints/{complaint}/triage",
        f"/api/tasks/{task}",
    ):
        assert county.get(path).status_code == 200, path
        assert problem(other.get(path)) == (404, "not-found"), path
        page = path.removeprefix("/api")
        if not page.endswith("/triage"):
            assert other.get(page).status_code == 404, page
    for path in (
        "/api/watchlists/village",
        "/api/watchlists/official",
        "/api/warnings",
        "/api/complaints",
        "/api/tasks",
    ):
        assert VILLAGE_A not in other.get(path).text, path
    assert good(other.get("/api/watchlists/village"))["rows"][0]["entity_id"] == VILLAGE_B
    assert good(other.get("/api/watchlists/official"))["rows"][0]["entity_id"] == ACCOUNTANT


def test_a_refused_look_is_in_the_log_and_the_log_shows_no_content(signed_in, small_world):
    signed_in("town_b").get(f"/api/scores/village/{VILLAGE_A}")
    submit(signed_in("clerk"))
    audit = signed_in("audit_admin")
    rows = good(audit.get("/api/audit?size=500"))["rows"]
    refused = [row for row in rows if row["action"] == "refused"]
    assert [(row["user_id"], row["target"]) for row in refused] == [
        (small_world.users["town_b"], f"/api/scores/village/{VILLAGE_A}")
    ]
    assert not any(word in str(rows) for word in ("克扣", "13800000000", PASSWORD))
    chain = good(audit.get("/api/audit/verification"))
    assert chain["intact"]
    with small_world.sessions.begin() as session:
        session.get_one(AuditEntry, rows[-1]["id"]).target = "elsewhere"
    tampered = good(
        audit.get("/api/audit/verification", params={"kept_head": [chain["head"], "0" * 63 + "1"]})
    )
    assert not tampered["intact"]
    assert len(tampered["faults"]) == 2


def test_a_score_opens_into_reasons_warnings_and_rows(signed_in):
    body = good(signed_in("supervisor").get(f"/api/scores/village/{VILLAGE_A}"))
    assert body["note"] == "分数只是查看的理由，不是结论。"
    assert body["score"]["reasons"][0]["sentence"].startswith("收款方集中度")
    assert [warning["level"] for warning in body["warnings"]] == ["red", "yellow"]
    assert {row["source_row"] for row in body["evidence"]} == {118, 119}
    assert body["score"]["simulated"]


def test_a_warning_carries_law_guide_and_evidence(signed_in, small_world):
    county = signed_in("supervisor")
    listed = good(county.get("/api/warnings", params={"level": "yellow", "village": VILLAGE_A}))
    assert listed["total"] == 1
    body = good(county.get(f"/api/warnings/{listed['rows'][0]['id']}"))
    assert body["guide"]["check"]
    assert body["legal_basis"][0]["to_be_confirmed"]
    aside = {"action": "propose_set_aside", "comment": "登记有误"}
    assert (
        good(county.post(f"/api/warnings/{body['id']}/actions", json=aside))["state"] == "set_aside_proposed"
    )


def test_models_are_listed_with_what_serves(signed_in, small_world):
    pointer = small_world.home / "bundles" / "triage" / "champion.json"
    pointer.parent.mkdir(parents=True)
    pointer.write_text('{"version": "v7"}')
    body = good(signed_in("technician").get("/api/models"))
    assert [model["id"] for model in body["supervision"]] == ["assistance_paid_after_death"]
    assert {row["kind"]: row["version"] for row in body["bundles"]}["triage"] == "v7"


def test_wrong_passwords_close_the_door_for_a_while(anyone, clock):
    wrong = {"login": "clerk", "password": "wrong-password"}
    for _ in range(FAILURES):
        assert problem(anyone.post("/api/session", json=wrong)) == (401, "wrong-password")
    right = {"login": "clerk", "password": PASSWORD}
    assert problem(anyone.post("/api/session", json=right)) == (429, "too-many-attempts")
    assert anyone.post("/api/session", json=right | {"login": "leader"}).status_code == 200
    clock.now += WINDOW
    assert anyone.post("/api/session", json=right).status_code == 200


def test_a_session_ends_by_leaving_by_time_and_with_the_account(signed_in, clock, small_world):
    client = signed_in("clerk")
    assert good(client.get("/api/session"))["role"] == "clerk"
    assert client.delete("/api/session").status_code == 204
    assert problem(client.get("/api/session")) == (401, "not-signed-in")
    client = signed_in("clerk")
    clock.now += SESSION_LENGTH
    assert client.get("/api/session").status_code == 401
    client = signed_in("clerk")
    with small_world.sessions.begin() as session:
        session.get_one(User, small_world.users["clerk"]).active = False
    assert client.get("/api/session").status_code == 401


def test_a_cookie_changes_nothing_without_the_csrf_token(app, small_world):
    browser = TestClient(app)
    answer = browser.post("/login", data={"login": "clerk", "password": PASSWORD}, follow_redirects=False)
    cookie = answer.headers["set-cookie"].lower()
    assert answer.headers["location"] == "/"
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    for headers in ({}, {"X-CSRF-Token": "guess"}):
        refused = browser.post("/api/complaints", json=COMPLAINT, headers=headers)
        assert problem(refused) == (403, "forged-request")
    assert browser.post("/logout", data={"csrf": "guess"}).status_code == 403
    page = browser.get("/inbox").text
    token = page.split('name="csrf" value="')[1].split('"')[0]
    assert browser.post("/api/complaints", json=COMPLAINT, headers={"X-CSRF-Token": token}).status_code == 201
    assert (
        browser.post("/logout", data={"csrf": token}, follow_redirects=False).headers["location"] == "/login"
    )
    assert browser.get("/inbox", follow_redirects=False).headers["location"] == "/login"


@pytest.mark.parametrize("path", ["/login", "/health/live", "/api/session", "/nowhere", "/static/style.css"])
def test_every_answer_carries_the_protective_headers(anyone, path):
    headers = anyone.get(path).headers
    assert "script-src 'self'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/nowhere", (404, "not-found")),
        ("/api/watchlists/planet", (422, "bad-input")),
        ("/api/watchlists/village?page=0", (422, "bad-input")),
        ("/api/watchlists/village?town=%25", (422, "bad-input")),
    ],
)
def test_problems_have_one_form(signed_in, path, expected):
    assert problem(signed_in("supervisor").get(path)) == expected


def test_a_refused_body_does_not_echo_what_was_sent(signed_in):
    answer = signed_in("clerk").post("/api/complaints", json={"text": "机密内容", "phone": "13800000000"})
    assert problem(answer) == (422, "bad-input")
    assert "机密内容" not in answer.text
    assert "13800000000" not in answer.text
    assert {item["where"] for item in answer.json()["errors"]} >= {"body.channel", "body.message_id"}


def test_health_needs_no_account(anyone):
    assert good(anyone.get("/health/live")) == good(anyone.get("/health/ready")) == {"status": "ok"}


def test_a_failure_inside_says_nothing_of_the_inside(app, signed_in, monkeypatch):
    monkeypatch.setattr("api.routes_tasks.tasks.tasks_page", lambda *_, **__: 1 / 0)
    client = signed_in("leader")
    careful = TestClient(app, raise_server_exceptions=False, headers=client.headers)
    answer = careful.get("/api/tasks")
    assert problem(answer) == (500, "internal-error")
    assert "division" not in answer.text


def test_clocks_of_two_requests_are_the_applications(signed_in, clock):
    clerk = signed_in("clerk")
    submit(clerk)
    clock.now += timedelta(hours=2)
    submit(clerk, message_id="w2", text="柳林村的路灯坏了没人修")
    rows = good(clerk.get("/api/complaints"))["rows"]
    assert sorted(row["received_at"] for row in rows) == ["2026-11-22T01:30:00Z", "2026-11-22T03:30:00Z"]
