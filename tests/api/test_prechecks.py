"""The question before a payment over HTTP: answer, jurisdiction, refusals without personal data."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from casework.audit_models import AuditEntry
from registers.pseudonyms import Pseudonyms, load_key
from tests.api.precheck_world import ALIVE, DEAD, write_index
from tests.casework_world import VILLAGE_A


@pytest.fixture
def indexed(small_world):
    """An index in which a pensioner died in spring."""
    write_index(small_world.home)


def question(person: str, **changes):
    columns = {
        "programme_id": "YL",
        "person_key": person,
        "village_code": VILLAGE_A,
        "period": "2026-11",
        "pay_date": "2026-11-20",
        "amount_fen": 18_000,
    }
    return {"register": "subsidy_payment", "columns": {**columns, **changes}}


def ask(client, body):
    return client.post("/api/prechecks", json=body)


def test_a_pension_of_somebody_dead_is_stopped_with_reason_and_law(indexed, signed_in):
    answer = ask(signed_in("technician"), question(DEAD)).json()
    found = {finding["model_id"]: finding for finding in answer["findings"]}
    assert answer["answer"] == {"red": "stop"}.get(answer["findings"][0]["level"], "look")
    assert found["pension_paid_after_death"]["law"]
    assert found["pension_paid_after_death"]["clears_if"]
    assert answer["checked"] >= 1
    assert answer["unknown"]
    assert answer["unchecked"]


def test_somebody_alive_is_paid(indexed, signed_in):
    answer = ask(signed_in("technician"), question(ALIVE)).json()
    assert (answer["answer"], answer["findings"]) == ("yes", [])


def test_a_village_elsewhere_is_not_found(indexed, signed_in):
    assert ask(signed_in("town_b"), question(ALIVE)).status_code == 404
    assert ask(signed_in("town_a"), question(ALIVE)).status_code == 200


@pytest.mark.parametrize(
    "change",
    [{"person_key": "11010519491231002"}, {"pay_date": None}, {"amount_fen": 180.5}, {"nickname": "x"}],
)
def test_what_does_not_fit_is_refused_without_its_value(indexed, signed_in, change):
    answer = ask(signed_in("technician"), question(DEAD, **change))
    assert answer.status_code == 422
    assert answer.json()["type"] == "bad-input"
    assert DEAD[:14] not in answer.text


def test_a_day_before_the_index_is_refused(indexed, signed_in):
    body = {**question(ALIVE, pay_date="2026-11-01"), "as_of": "2026-11-01"}
    assert ask(signed_in("technician"), body).status_code == 422


def test_without_an_index_it_says_so(small_world, signed_in):
    answer = ask(signed_in("technician"), question(ALIVE))
    assert (answer.status_code, answer.json()["type"]) == (503, "precheck-not-ready")


def test_every_question_leaves_an_audit_row_and_nobody_in_it(indexed, signed_in, small_world):
    ask(signed_in("technician"), question(DEAD))
    with small_world.sessions() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.target == "/api/prechecks")).all()
        written = json.dumps([[entry.target, entry.detail] for entry in entries])
    key = Pseudonyms(load_key(small_world.home, "pseudonym")).person(DEAD)
    assert len(entries) == 1
    assert DEAD not in written
    assert key not in written
