"""Plans and second readings over HTTP: the whole way, and that no answer tells how a case was chosen."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from casework.models import SelectedBy, Task
from casework.plan_models import PlanCase
from tests.casework.plan_world import more_villages
from tests.casework_world import COUNTY, PASSWORD, TOWN_A, TOWN_B

TELLING = re.compile(r"selected_by|propensity|quota|\bband\b|\bhard\b|score_band")


@pytest.fixture
def county(small_world):
    with small_world.sessions.begin() as session:
        more_villages(session)
    return small_world


def confirmed_plan(client, world) -> dict:
    plan = client.post("/api/plans", json={}).json()
    body = {
        "assignees": {TOWN_A: world.users["town_a"], TOWN_B: world.users["town_b"]},
        "second_reader_id": world.users["supervisor2"],
    }
    answer = client.post(f"/api/plans/{plan['id']}/confirm", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_plan_is_drawn_once_edited_and_confirmed(signed_in, county):
    client = signed_in("supervisor")
    plan = client.post("/api/plans", json={}).json()
    assert client.post("/api/plans", json={}).json() == plan
    assert (plan["week"], plan["division"], plan["state"]) == ("2026-11-16", COUNTY, "proposed")
    gone = plan["cases"][0]
    removed = client.post(
        f"/api/plans/{plan['id']}/cases/{gone['id']}/remove", json={"comment": "县里正在查"}
    ).json()
    assert removed["cases"][0]["removed"]
    done = confirmed_plan(client, county)
    assert done["state"] == "confirmed"
    assert [case["task_id"] is None for case in done["cases"]] == [case["removed"] for case in done["cases"]]
    results = client.get("/api/plans/results").json()
    assert (results["weeks"], results["drawn"], results["removed"]) == (1, 5, 1)
    assert results["recall"] == {"value": None, "low": 0.0, "high": 1.0, "bound": "unknown", "cases": 0}


def test_nobody_is_told_how_a_case_was_chosen(signed_in, county):
    """Neither those who verify nor those who confirm: pages, lists, details, history. Only the table knows."""
    boss = signed_in("supervisor")
    plan = confirmed_plan(boss, county)
    with county.sessions() as session:
        tasks = session.scalars(select(Task)).all()
        kinds = {task.selected_by for task in tasks}
    assert kinds == {SelectedBy.SCORE, SelectedBy.QUOTA}
    readers = {
        "supervisor": boss,
        **{who: signed_in(who) for who in ("supervisor2", "town_a", "town_b", "leader")},
    }
    seen = 0
    for who, client in readers.items():
        paths = ["/api/tasks", "/tasks"]
        paths += [f"{prefix}/tasks/{task.id}" for task in tasks for prefix in ("", "/api")]
        if who not in ("town_a", "town_b"):
            paths += ["/api/plans", "/plans", f"/api/plans/{plan['id']}", f"/plans/{plan['id']}"]
        for path in paths:
            answer = client.get(path)
            assert answer.status_code in (200, 404), path
            seen += answer.status_code == 200
            assert not TELLING.search(re.sub(r'name="selected_by"', "", answer.text)), (who, path)
    assert seen > 30


def test_the_tasks_of_list_and_quota_answer_alike(signed_in, county):
    boss = signed_in("supervisor")
    confirmed_plan(boss, county)
    with county.sessions() as session:
        by = {task.id: task.selected_by for task in session.scalars(select(Task))}
    alike = {}
    for task_id, chosen in by.items():
        body = boss.get(f"/api/tasks/{task_id}").json()
        assert len(body["guide"]["check"]) == 8
        kept = {
            name: body[name] for name in ("kind", "origin", "title", "due_on", "state", "outcome", "note")
        }
        alike.setdefault(chosen, []).append(kept | {"keys": sorted(body), "events": len(body["history"])})
    first, second = alike.values()
    assert all(one == other for one in first for other in second)


def test_a_request_cannot_claim_the_quota(signed_in, county):
    client = signed_in("supervisor")
    warning = client.get("/api/warnings").json()["rows"][-1]["id"]
    for more in ({"selected_by": "quota"}, {"selected_by": "score", "propensity": 0.5}):
        answer = client.post(
            f"/api/warnings/{warning}/tasks", json={"assignee_id": county.users["supervisor"], **more}
        )
        assert answer.status_code == 422, more


def test_towns_see_their_tasks_and_no_plan(signed_in, county):
    plan = confirmed_plan(signed_in("supervisor"), county)
    town = signed_in("town_a")
    assert town.get(f"/api/plans/{plan['id']}").status_code == 404
    assert town.get("/api/plans").json()["rows"] == []
    assert town.post("/api/plans", json={}).status_code == 422  # a plan is a county's
    assert town.post("/api/plans", json={"division": COUNTY}).status_code == 403
    rows = town.get("/api/tasks").json()["rows"]
    assert rows
    assert {row["about"][:9] for row in rows} == {TOWN_A}
    assert signed_in("liaison").get("/api/plans").status_code == 403
    assert signed_in("leader").post("/api/plans", json={}).status_code == 403


def test_a_second_reader_is_blind_over_http(signed_in, county):
    boss, second = signed_in("supervisor"), signed_in("supervisor2")
    confirmed_plan(boss, county)
    with county.sessions() as session:
        case = session.scalars(select(PlanCase).where(PlanCase.hard.is_not(None))).first()
        task_id, town = case.task_id, case.village_code[:9]
    first = signed_in("town_a" if town == TOWN_A else "town_b")
    assert first.post(f"/api/tasks/{task_id}/accept").status_code == 200
    found = {"outcome": "substantiated", "note": "现场发现账实不符", "amount_fen": 4200}
    assert first.post(f"/api/tasks/{task_id}/report", json=found).status_code == 200

    def shows(client) -> list[bool]:
        told = []
        for path in (f"/api/tasks/{task_id}", f"/tasks/{task_id}", "/api/tasks", "/tasks"):
            text = client.get(path).text
            told.append(
                "账实不符" in text
                or '"outcome":"substantiated"' in text
                or "结果：属实" in text
                or "<b>属实</b>" in text
            )
        return told

    assert shows(boss) == [True] * 4
    assert shows(second) == [False] * 4
    assert "请您作为第二人独立核查" in second.get(f"/tasks/{task_id}").text
    own = {"outcome": "not_substantiated", "note": "账实相符"}
    assert boss.post(f"/api/tasks/{task_id}/second-reading", json=own).status_code == 404
    assert second.post(f"/api/tasks/{task_id}/second-reading", json=own).status_code == 200
    assert shows(second) == [True] * 4
    assert "账实相符" not in first.get(f"/tasks/{task_id}").text
    assert "与报告不一致" in boss.get(f"/tasks/{task_id}").text
    assert boss.post(f"/api/tasks/{task_id}/approve", json={"comment": "同意"}).status_code == 422
    settled = boss.post(
        f"/api/tasks/{task_id}/approve", json={"comment": "以流水为准", "outcome": "not_substantiated"}
    )
    assert (settled.status_code, settled.json()["outcome"]) == (200, "not_substantiated")
    assert "账实相符" in first.get(f"/tasks/{task_id}").text


def test_capacity_is_set_by_the_county_and_refused_outside(signed_in, county):
    client = signed_in("supervisor")
    assert client.get("/api/plans/capacity").json()["towns"] == {TOWN_A: 2, TOWN_B: 2}
    assert client.post(f"/api/plans/capacity/{TOWN_A}", json={"cases": 3}).json()["towns"][TOWN_A] == 3
    assert client.post(f"/api/plans/capacity/{TOWN_A}", json={"cases": 51}).status_code == 422
    assert signed_in("town_a").post(f"/api/plans/capacity/{TOWN_A}", json={"cases": 3}).status_code == 404


def signed_in_browser(anyone, login: str):
    anyone.post("/login", data={"login": login, "password": PASSWORD}, follow_redirects=False)
    page = anyone.get("/plans")
    return re.search(r'name="csrf" value="([^"]+)"', page.text).group(1), page.text


def test_the_pages_lead_from_nothing_to_tasks(anyone, county):
    csrf, page = signed_in_browser(anyone, "supervisor")
    assert "还没有核实计划" in page
    assert "起草本周计划" in page
    assert "还没有确认过的计划" in anyone.get("/plans/results").text
    drawn = anyone.post("/plans", data={"csrf": csrf}, follow_redirects=False)
    path = drawn.headers["location"]
    shown = anyone.get(path).text
    assert "确认计划并派发任务" in shown
    for town, hand, stranger in ((TOWN_A, "town_a", "town_b"), (TOWN_B, "town_b", "town_a")):
        choice = re.search(rf'<select name="town_{town}".*?</select>', shown).group()
        assert f'value="{county.users[hand]}"' in choice
        assert f'value="{county.users[stranger]}"' not in choice
    second = re.search(r'<select name="second_reader".*?</select>', shown).group()
    assert f'value="{county.users["supervisor2"]}"' in second
    assert f'value="{county.users["town_a"]}"' not in second
    assert "起草本周计划" not in anyone.get("/plans").text
    refused = anyone.post(f"{path}/confirm", data={"csrf": csrf})
    assert refused.status_code == 422
    assert "缺少必填项" in refused.text
    hands = {f"town_{TOWN_A}": county.users["town_a"], f"town_{TOWN_B}": county.users["town_b"]}
    done = anyone.post(
        f"{path}/confirm",
        data={"csrf": csrf, **hands, "second_reader": county.users["supervisor2"]},
        follow_redirects=False,
    )
    assert done.status_code == 303, done.text
    assert anyone.get(path).text.count('href="/tasks/') >= 5
    results = anyone.get("/plans/results").text
    assert "还说不清" in results
    assert "（模拟数据）" in results
