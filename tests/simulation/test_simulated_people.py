"""Past verifications and the inbox: chosen and written as people do, and marked with the truth."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest

from registers.values import clean
from simulation.phrases import ALLEGATIONS
from simulation.schemes import SCHEMES
from simulation.verifications import COLUMNS

OUTCOMES = {"substantiated", "irregular_rectified", "not_substantiated", "cannot_determine", "data_error"}
NATURES = {"accusation", "appeal_for_help", "consultation", "suggestion"}
FIELDS = set(
    "collective_funds assets_resources village_projects procurement_tender labour assistance agri_subsidy "
    "land_requisition medical education law_enforcement official_conduct election_governance other".split()
)


@pytest.fixture(scope="module")
def usual_county(write, tmp_path_factory):
    """Many small histories: 150 villages over two years at a moderate rate."""
    return write(
        tmp_path_factory.mktemp("usual"),
        villages=150,
        wrongdoing_rate=0.25,
        end=date(2024, 12, 31),
        inbox=400,
    )


def test_verifications_hold_the_agreed_columns_and_values(usual_county):
    rows = usual_county.table("verifications.csv")
    assert tuple(rows[0]) == COLUMNS
    villages = {row["division_code"] for row in usual_county.texts("division")}
    officials = {clean(row["person_key"]) for row in usual_county.texts("official")}
    for row in rows:
        assert row["entity_id"] in (villages if row["entity"] == "village" else officials)
        assert row["outcome"] in OUTCOMES
        assert bool(row["propensity"]) == (row["selected_by"] in {"score", "quota"})
        assert not row["propensity"] or 0 < float(row["propensity"]) <= 1
        assert "2023-01-01" <= row["selected_on"] <= row["decided_on"] <= "2024-12-31"
    assert {row["selected_by"] for row in rows} == {"score", "quota", "complaint", "same_problem", "campaign"}


def test_nobody_is_checked_again_within_a_year(usual_county):
    last: dict[tuple[str, str], date] = {}
    for row in sorted(usual_county.table("verifications.csv"), key=lambda row: row["selected_on"]):
        on, entity = date.fromisoformat(row["selected_on"]), (row["entity"], row["entity_id"])
        assert on - last.get(entity, date.min) > timedelta(days=365)
        last[entity] = on


def test_choice_by_impression_finds_more_than_the_random_quota(usual_county):
    found = Counter()
    checked = Counter()
    for row in usual_county.table("verifications.csv"):
        if row["entity"] == "village":
            checked[row["selected_by"]] += 1
            found[row["selected_by"]] += row["outcome"] == "substantiated"
    assert checked["quota"] >= 10
    assert found["score"] / checked["score"] > found["quota"] / checked["quota"]


def test_people_err_in_both_directions(usual_county):
    begun = {}
    for truth in usual_county.truths("scheme"):
        first = begun.get(truth["village_code"], truth["from"])
        begun[truth["village_code"]] = min(first, truth["from"])
    outcomes = Counter(
        (begun.get(row["entity_id"], "9999") <= row["selected_on"], row["outcome"])
        for row in usual_county.table("verifications.csv")
        if row["entity"] == "village"
    )
    assert outcomes[True, "substantiated"] > outcomes[True, "not_substantiated"] > 0
    assert outcomes[False, "substantiated"] == 0
    assert outcomes[False, "not_substantiated"] > outcomes[False, "irregular_rectified"] > 0


def test_inbox_and_its_truth_belong_together(usual_county):
    inbox, truth = usual_county.table("inbox.csv"), usual_county.table("inbox_truth.csv")
    assert len(inbox) == 400
    assert [row["message_id"] for row in inbox] == [row["message_id"] for row in truth]
    assert len({row["message_id"] for row in inbox}) == 400
    assert [row["received_at"] for row in inbox] == sorted(row["received_at"] for row in inbox)
    assert {row["channel"] for row in inbox} == {"sms", "web"}
    assert all(row["sender_phone"].startswith("17000") and len(row["sender_phone"]) == 11 for row in inbox)
    assert all(row["text"] and "{" not in row["text"] for row in inbox)
    assert {row["nature"] for row in truth} == NATURES
    assert {row["field"] for row in truth} <= FIELDS


def test_planted_complaints_name_their_village_and_scheme(usual_county):
    told = {(row["village_code"], row["scheme"]) for row in usual_county.table("truth.csv")}
    texts = {row["message_id"]: row["text"] for row in usual_county.table("inbox.csv")}
    names = {row["division_code"]: row["name"] for row in usual_county.texts("division")}
    planted = [row for row in usual_county.table("inbox_truth.csv") if row["scheme"]]
    assert len(planted) > 80
    for row in planted:
        assert (row["village_code"], row["scheme"]) in told
        assert row["key"] == "1"
        assert names[row["village_code"]] in texts[row["message_id"]]


def test_texts_vary_and_some_are_passed_on(usual_county):
    texts = [row["text"] for row in usual_county.table("inbox.csv")]
    assert len(set(texts)) > 0.85 * len(texts)
    assert any(text.startswith("转发：") for text in texts)


def test_key_matters_are_about_half_and_every_nature_is_there(usual_county):
    truth = usual_county.table("inbox_truth.csv")
    assert 0.4 < sum(row["key"] == "1" for row in truth) / len(truth) < 0.7
    assert all(row["nature"] == "accusation" for row in truth if row["key"] == "1")


def test_every_scheme_can_be_complained_about():
    assert {scheme.id for scheme in SCHEMES} <= set(ALLEGATIONS)


def test_without_wrongdoing_no_complaint_is_about_a_scheme(clean_county):
    schemes = {scheme.id for scheme in SCHEMES}
    assert not {row["scheme"] for row in clean_county.table("inbox_truth.csv")} & schemes
    substantiated = [r for r in clean_county.table("verifications.csv") if r["outcome"] == "substantiated"]
    assert not substantiated
