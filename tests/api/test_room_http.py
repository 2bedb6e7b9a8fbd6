"""Trained models over HTTP: pages and routes for those who may, two people, no restart, nothing leaked."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from casework.roles import Role
from features.dictionary import definition_hash
from ml.bundle import champion_version
from registers.lake import write_json
from tests.api.conftest import build_app
from tests.api.test_http import good, problem
from tests.casework_world import World
from tests.room_world import KIND, add_version, gates

Clients = Callable[[str], TestClient]
REASON = {"reason": "在同样的案件上更好"}
COMMENT = {"comment": "看过报告，同意"}


def version(world: World, number: str, **changes: object) -> None:
    add_version(world.home, number, definition=definition_hash("village"), **changes)


def test_from_request_to_service_and_back(signed_in: Clients, small_world: World) -> None:
    technician, leader = signed_in("technician"), signed_in("leader")
    version(small_world, "1")
    first = good(technician.post(f"/api/room/{KIND}/1/request", json=REASON))
    path = f"/api/room/promotions/{first['id']}/approve"
    assert problem(technician.post(path, json=COMMENT)) == (403, "not-permitted")
    assert problem(leader.post(path, json={})) == (422, "bad-input")
    done = good(leader.post(path, json=COMMENT))
    assert (done["state"], done["requested_by"], done["decided_by"]) == (
        "serving",
        small_world.users["technician"],
        small_world.users["leader"],
    )
    assert champion_version(small_world.home, KIND) == "1"
    version(small_world, "2", champion="1", found=gates(stable="fail"))
    second = good(technician.post(f"/api/room/{KIND}/2/request", json=REASON))
    path = f"/api/room/promotions/{second['id']}/approve"
    assert problem(leader.post(path, json=COMMENT)) == (422, "bad-input")
    good(leader.post(path, json={**COMMENT, "override": "村少，名单必然不稳"}))
    good(technician.post(f"/api/room/{KIND}/rollback", json=REASON))
    (kind,) = [one for one in good(leader.get("/api/room"))["kinds"] if one["kind"] == KIND]
    assert kind["serving"] == champion_version(small_world.home, KIND) == "1"
    assert [one["version"] for one in kind["challengers"]] == ["2", "1"]
    assert kind["challengers"][0]["in_the_way"] == ["名单稳定"]
    assert [one["state"] for one in kind["promotions"]] == ["serving", "rolled_back", "ended"]
    report = good(leader.get(f"/api/room/{KIND}/2"))
    assert report["figures"]["champion"]["version"] == "1"


def test_a_hard_gate_or_changed_features_stop_the_request(signed_in: Clients, small_world: World) -> None:
    technician = signed_in("technician")
    version(small_world, "1", found=gates(reproducible="fail"))
    add_version(small_world.home, "2", definition="0" * 16)
    for number, why in (("1", "不可破例"), ("2", "特征定义改过"), ("9", "模型文件不在")):
        answer = technician.post(f"/api/room/{KIND}/{number}/request", json=REASON)
        assert problem(answer) == (422, "bad-input")
        assert why in answer.json()["detail"]


@pytest.mark.parametrize("role", Role)
def test_pages_open_for_technician_supervisor_and_leader(
    role: Role, signed_in: Clients, small_world: World
) -> None:
    version(small_world, "1")
    client = signed_in(role.value)
    may = role in {Role.TECHNICIAN, Role.SUPERVISOR, Role.LEADER}
    for path in ("/room", f"/room/{KIND}/1", f"/room/{KIND}/1/report", f"/api/room/{KIND}/1"):
        assert client.get(path).status_code == (200 if may else 403), path


def test_a_town_sees_nothing_of_it(signed_in: Clients, small_world: World) -> None:
    version(small_world, "1")
    town = signed_in("town_a")
    for path in ("/room", f"/room/{KIND}/1", f"/room/{KIND}/1/report", "/api/room", f"/api/room/{KIND}/1"):
        assert town.get(path).status_code == 404, path


@pytest.mark.parametrize(
    "path", ["/room/weather/1", f"/room/{KIND}/9", f"/room/{KIND}/..%2F1", f"/room/{KIND}/x"]
)
def test_what_is_not_a_report_is_not_found(path: str, signed_in: Clients, small_world: World) -> None:
    assert signed_in("technician").get(path).status_code == 404


def test_the_pages_lead_through_the_steps(signed_in: Clients, anyone: TestClient, small_world: World) -> None:
    version(small_world, "1", found=gates(recent_data="fail"))
    technician, leader = signed_in("technician"), signed_in("leader")
    page = technician.get(f"/room/{KIND}/1").text
    assert "申请启用" in page
    assert "数据新的说明" in page
    assert f"/room/{KIND}/1/request" not in leader.get(f"/room/{KIND}/1").text
    technician.post(f"/room/{KIND}/1/request", data=REASON)
    assert "不能批准自己的申请" in technician.get("/room").text
    page = leader.get("/room").text
    found = re.search(r'action="(/room/promotions/\d+/approve)"', page)
    assert found
    assert 'name="override" required' in page
    assert leader.post(found[1], data=COMMENT).status_code == 422
    leader.post(found[1], data={**COMMENT, "override": "登记表迟交"})
    assert "现用第 <b>1</b> 版" in leader.get("/room").text
    assert "破例：登记表迟交" in technician.get("/room").text
    assert champion_version(small_world.home, KIND) == "1"


def test_a_report_page_may_style_itself_and_nothing_else(signed_in: Clients, small_world: World) -> None:
    version(small_world, "1", page="<!doctype html><title>报告</title><script>alert(1)</script>")
    answer = signed_in("leader").get(f"/room/{KIND}/1/report")
    policy = answer.headers["content-security-policy"]
    assert "script-src" not in policy
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert answer.headers["x-frame-options"] == "DENY"


def test_starting_the_service_moves_a_pointer_that_was_left_behind(
    app: FastAPI, signed_in: Clients, small_world: World
) -> None:
    version(small_world, "1")
    asked = good(signed_in("technician").post(f"/api/room/{KIND}/1/request", json=REASON))
    good(signed_in("leader").post(f"/api/room/promotions/{asked['id']}/approve", json=COMMENT))
    (small_world.home / "bundles" / KIND / "champion.json").unlink()
    build_app(small_world.home, small_world.url, app.state.services.clock)
    assert champion_version(small_world.home, KIND) == "1"


def test_alarms_of_drift_are_on_the_page(signed_in: Clients, small_world: World) -> None:
    assert "cunjian models drift" in signed_in("technician").get("/room").text
    kept = {
        "as_of": "2026-11-16",
        "simulated": True,
        "entities": [
            {"entity": "village", "alarms": ["平均补记天数：分布与训练时明显不同"], "unknown": []},
            {"entity": "official", "alarms": [], "unknown": ["案件太少"]},
        ],
    }
    write_json(small_world.home / "drift" / "latest.json", kept)
    page = signed_in("leader").get("/room").text
    assert "平均补记天数：分布与训练时明显不同" in page
    assert "截至 2026-11-16（模拟数据）" in page
    assert page.count("没有报警") == 1
