"""Models of a county over HTTP: from draft to publication by two people, and the search for the same problem."""

from __future__ import annotations

from sqlalchemy import select

from casework.models import CaseWarning
from casework.roles import Role
from supervision.published import published_models
from tests.api.test_http import good, problem
from tests.api.trials import trial_of
from tests.casework_world import COUNTY, add_user
from tests.supervision.drafts import OWN, SHIPPED, draft_text, stricter_text

REASON = {"reason": "本县多记半个工也应提示"}
COMMENT = {"comment": "试运行可行"}


def test_from_draft_to_publication(signed_in, small_world):
    author, checker, leader = signed_in("technician"), signed_in("supervisor"), signed_in("leader")
    draft = good(author.post("/api/drafts", json={"content": stricter_text()}))
    path = f"/api/drafts/{draft['id']}"
    assert (draft["state"], draft["scope"], draft["trial"]) == ("draft", None, None)
    assert problem(author.post(f"{path}/submit", json=REASON)) == (422, "missing-field")
    assert problem(author.put(f"{path}/trial", json=trial_of(draft_text()))) == (422, "bad-input")
    kept = good(author.put(f"{path}/trial", json=trial_of(stricter_text())))
    assert kept["trial"] == trial_of(stricter_text())
    assert problem(checker.post(f"{path}/publish", json=COMMENT)) == (409, "unknown-transition")
    good(author.post(f"{path}/submit", json=REASON))
    assert problem(author.post(f"{path}/publish", json=COMMENT)) == (409, "second-person-required")
    assert problem(leader.post(f"{path}/publish", json=COMMENT)) == (403, "not-permitted")
    assert problem(checker.post(f"{path}/publish", json={})) == (422, "bad-input")
    done = good(checker.post(f"{path}/publish", json=COMMENT))
    assert (done["state"], done["scope"], done["checker_id"]) == (
        "published",
        COUNTY,
        small_world.users["supervisor"],
    )
    assert [(model.id, division) for model, division in published_models(small_world.home)] == [(OWN, COUNTY)]
    assert [step["action"] for step in done["history"]] == ["create", "record_trial", "submit", "publish"]
    assert good(leader.get("/api/drafts?state=published"))["rows"][0]["reason"] == REASON["reason"]
    assert problem(checker.post(f"{path}/adopt", json=COMMENT)) == (403, "office-not-allowed")
    assert good(checker.post(f"{path}/retire", json=COMMENT))["state"] == "withdrawn"
    assert published_models(small_world.home) == []


def test_what_is_refused_leaves_nothing_behind(signed_in, small_world):
    author = signed_in("technician")
    for text in (draft_text(model_id=SHIPPED), "a: [1", draft_text(**{"> :max_half_days": "> random()"})):
        answer = author.post("/api/drafts", json={"content": text})
        assert problem(answer) == (422, "bad-input")
    assert "is not in the subset" in answer.json()["detail"]
    assert good(author.get("/api/drafts")) == {"total": 0, "page": 1, "rows": []}


def test_another_countys_draft_is_not_found(signed_in, small_world):
    with small_world.sessions.begin() as session:
        add_user(session, "neighbour", Role.TECHNICIAN, "330103")
    draft = good(signed_in("technician").post("/api/drafts", json={"content": draft_text()}))
    outsider = signed_in("neighbour")
    path = f"/api/drafts/{draft['id']}"
    assert problem(outsider.get(path)) == (404, "not-found")
    assert problem(outsider.post(f"{path}/withdraw", json=COMMENT)) == (404, "not-found")
    assert good(outsider.get("/api/drafts"))["rows"] == []
    assert good(signed_in("technician").post(f"{path}/withdraw", json=COMMENT))["state"] == "withdrawn"


def test_the_same_problem_elsewhere(signed_in, small_world):
    with small_world.sessions() as session:
        ids = dict(session.execute(select(CaseWarning.finding_id, CaseWarning.id)).all())
    path = f"/api/warnings/{ids['f-a']}/alike"
    rows = good(signed_in("supervisor").get(path))["rows"]
    assert [row["warning"]["finding_id"] for row in rows] == ["f-b", "f-o"]
    assert all(0 <= row["similarity"] <= 1 for row in rows)
    assert rows[0]["shared"] == ["等级相同"]
    bounded = good(signed_in("supervisor").get(f"{path}?division={COUNTY}001"))["rows"]
    assert [row["warning"]["finding_id"] for row in bounded] == ["f-o"]
    assert problem(signed_in("town_b").get(path)) == (404, "not-found")
    assert problem(signed_in("technician").get(path)) == (403, "not-permitted")
