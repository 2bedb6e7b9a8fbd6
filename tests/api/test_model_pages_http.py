"""The pages of models and payments over HTTP: who may not, what is refused, what stays in the audit log."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from threading import Event

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from casework import drafts
from casework.audit_models import AuditEntry
from casework.models import ModelDraft
from casework.roles import Role
from tests.api.precheck_world import DEAD
from tests.api.trials import trial_of
from tests.casework_world import COUNTY, NOW, PASSWORD, TOWN_A, VILLAGE_A, World, add_user
from tests.supervision.drafts import OWN, draft_text, stricter_text

Clients = Callable[[str], TestClient]
PAGES = {
    "/models": {Role.SUPERVISOR, Role.LEADER, Role.TECHNICIAN},
    "/models/labour_more_than_a_day": {Role.SUPERVISOR, Role.LEADER, Role.TECHNICIAN},
    "/drafts": {Role.SUPERVISOR, Role.LEADER, Role.TECHNICIAN},
    "/drafts/new": {Role.TECHNICIAN},
    "/prechecks": {Role.SUPERVISOR, Role.TECHNICIAN},
}


def add_neighbours(world: World) -> None:
    with world.sessions.begin() as session:
        for login, division in (("neighbour", "330103"), ("town_technician", TOWN_A)):
            add_user(session, login, Role.TECHNICIAN, division)


def kept_draft(client: TestClient, text: str | None = None) -> str:
    """The path of a new draft's page."""
    answer = client.post("/drafts", data={"content": text or draft_text()}, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def tried(client: TestClient, path: str, quarters: int = 2) -> str:
    """The draft's page once the trial has ended."""
    form = {"as_of": "2026-10-31", "quarters": quarters}
    assert client.post(f"{path}/trial", data=form, follow_redirects=False).status_code == 303
    for _ in range(200):
        text = client.get(path).text
        if "http-equiv" not in text:
            return text
        time.sleep(0.02)
    raise AssertionError("the trial does not end")


@pytest.mark.parametrize("role", Role)
def test_each_page_opens_for_its_roles_alone(role: Role, signed_in: Clients) -> None:
    client = signed_in(role.value)  # the small world has a person of each role under that name
    for path, roles in PAGES.items():
        assert client.get(path).status_code == (200 if role in roles else 403), path


def test_nothing_opens_without_a_session_or_by_a_forged_form(anyone: TestClient, small_world: World) -> None:
    for path in PAGES:
        answer = anyone.get(path, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    anyone.post("/login", data={"login": "technician", "password": PASSWORD})
    assert anyone.post("/drafts", data={"content": draft_text()}).status_code == 403
    csrf = re.search(r'name="csrf" value="([^"]+)"', anyone.get("/drafts/new").text)
    assert csrf
    sent = {"content": draft_text(), "csrf": csrf[1]}
    assert anyone.post("/drafts", data=sent, follow_redirects=False).status_code == 303


def test_another_countys_draft_has_no_page_and_no_button(signed_in: Clients, small_world: World) -> None:
    add_neighbours(small_world)
    path = kept_draft(signed_in("technician"))
    outsider = signed_in("neighbour")
    assert OWN not in outsider.get("/drafts").text
    form = {"reason": "x", "comment": "x", "as_of": "2026-10-31", "quarters": "1", "result": "{}"}
    for step in ("submit", "withdraw", "publish", "reject", "trial"):
        assert outsider.post(f"{path}/{step}", data=form).status_code == 404, step
    assert outsider.get(path).status_code == 404
    assert outsider.get(f"/drafts/new?like={path.rsplit('/', 1)[1]}").status_code == 404
    town = signed_in("town_technician")
    assert "/drafts/new" not in town.get("/drafts").text
    assert town.post("/drafts", data={"content": draft_text()}).status_code == 403


def test_a_model_in_force_is_shown_where_it_is_in_force(signed_in: Clients, small_world: World) -> None:
    add_neighbours(small_world)
    author, checker = signed_in("technician"), signed_in("supervisor")
    path = kept_draft(author, stricter_text())
    assert author.get(f"/models/{OWN}").status_code == 404
    assert "2 条中属实 1 条" in tried(author, path)
    author.post(f"{path}/submit", data={"reason": "本县需要"})
    assert author.post(f"{path}/publish", data={"comment": "可行"}).status_code == 409
    checker.post(f"{path}/publish", data={"comment": "可行"})
    for who, status in (("leader", 200), ("town_a", 200), ("neighbour", 404)):
        assert signed_in(who).get(f"/models/{OWN}").status_code == status, who
    assert signed_in("leader").get(path).status_code == 200
    with small_world.sessions() as session:
        changes = session.scalars(
            select(AuditEntry.action).where(AuditEntry.target.startswith("model_draft/"))
        )
        assert [action for action in changes if action.startswith("change:")] == [
            f"change:{step}" for step in ("create", "record_trial", "submit", "publish")
        ]


def test_a_refused_draft_leaves_a_row_of_refusal_and_no_draft(signed_in: Clients, small_world: World) -> None:
    answer = signed_in("technician").post("/drafts", data={"content": "a: [1"})
    assert answer.status_code == 422
    assert "不是正确的 YAML" in answer.text
    with small_world.sessions() as session:
        assert session.scalars(select(ModelDraft)).all() == []
        entries = session.scalars(select(AuditEntry).where(AuditEntry.target == "/drafts")).all()
        assert [(entry.action, entry.detail) for entry in entries] == [("refused", {"type": "bad-input"})]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_file_is_read_as_windows_writes_it(encoding: str, signed_in: Clients, small_world: World) -> None:
    text = draft_text().replace("\n", "\r\n")
    files = {"file": ("草稿.yaml", text.encode(encoding))}
    answer = signed_in("technician").post("/drafts", files=files, follow_redirects=False)
    assert answer.status_code == 303
    with small_world.sessions() as session:
        assert session.scalars(select(ModelDraft)).one().content == draft_text()


def test_a_trial_that_fails_says_why_and_a_result_from_elsewhere_is_kept(
    signed_in: Clients, small_world: World
) -> None:
    author = signed_in("technician")
    path = kept_draft(author)
    assert "试运行没有完成：还没有登记表" in tried(author, path, quarters=40)
    assert author.post(f"{path}/trial-result", data={"result": "[]"}).status_code == 422
    other = json.dumps({"model_id": OWN, "summary": trial_of(stricter_text())})
    assert "不是这份草稿的内容" in author.post(f"{path}/trial-result", data={"result": other}).text
    whole = json.dumps({"model_id": OWN, "summary": trial_of(draft_text()), "newest_gained": []})
    files = {"file": ("结果.json", whole.encode())}
    assert "清溪镇" in author.post(f"{path}/trial-result", files=files).text


def test_a_trial_under_way_shows_how_far_it_is_and_is_not_started_twice(
    signed_in: Clients, small_world: World, app
) -> None:
    author = signed_in("technician")
    path = kept_draft(author)
    half_way, go_on = Event(), Event()

    def slow(question, done):
        done(1, question.quarters)
        half_way.set()
        go_on.wait(timeout=10)
        return trial_of(question.content)

    app.state.services.trials._run = slow
    form = {"as_of": "2026-10-31", "quarters": "2"}
    author.post(f"{path}/trial", data=form)
    assert half_way.wait(timeout=10)
    shown = author.get(path).text
    assert "已完成 1 天，共 2 天" in shown
    assert "开始试运行" not in shown
    twice = author.post(f"{path}/trial", data=form)
    assert (twice.status_code, "正在试运行，请等它完成" in twice.text) == (422, True)
    go_on.set()
    app.state.services.trials.of(int(path.rsplit("/", 1)[1])).future.result(timeout=10)
    assert "清溪镇" in author.get(path).text


def test_a_trial_is_not_kept_with_a_draft_that_was_withdrawn_meanwhile(
    signed_in: Clients, small_world: World, app
) -> None:
    author = signed_in("technician")
    path = kept_draft(author)
    draft_id = int(path.rsplit("/", 1)[1])
    real = app.state.services.trials._run

    def withdrawn_meanwhile(question, done):
        with small_world.sessions.begin() as session:
            actor = small_world.actor(session, "technician")
            drafts.withdraw(session, actor, draft_id, comment="不做了", at=NOW)
        return real(question, done)

    app.state.services.trials._run = withdrawn_meanwhile
    assert "已撤回" in tried(author, path)
    job = app.state.services.trials.of(draft_id)
    assert "当前状态为“已撤回”" in str(job.future.exception(timeout=10))
    assert job.failed == str(job.future.exception())
    with small_world.sessions() as session:
        assert session.get_one(ModelDraft, draft_id).trial is None


def test_a_payment_elsewhere_is_refused_and_nobody_stays_in_the_log(
    signed_in: Clients, small_world: World
) -> None:
    form = {"person_key": DEAD, "village_code": "330103001001", "programme_id": "YL"}
    form |= {"period": "2026-11", "pay_date": "2026-11-20", "amount_fen": "180元"}
    client = signed_in("technician")
    assert client.post("/prechecks", data=form).status_code == 404
    here = form | {"village_code": VILLAGE_A}
    answer = client.post("/prechecks", data=here)
    assert (answer.status_code, "cunjian precheck build" in answer.text) == (503, True)
    wrong = client.post("/prechecks", data=here | {"amount_fen": "很多"})
    assert (wrong.status_code, "发放金额" in wrong.text) == (422, True)
    assert client.post("/prechecks?register=person", data=form).status_code == 422
    with small_world.sessions() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.target == "/prechecks")).all()
        assert DEAD not in json.dumps([entry.detail for entry in entries])
        assert [entry.action for entry in entries].count("refused") == 4
    assert COUNTY in client.get("/prechecks").text
