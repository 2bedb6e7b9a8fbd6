"""Past verifications and the inbox: chosen and written as people do, and marked with the truth."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import date, timedelta

import numpy as np
import pytest

from registers.values import clean
from simulation.phrases import ALLEGATIONS
from simulation.schemes import SCHEMES
from simulation.timeline import Period
from simulation.truth import Brief, Story
from simulation.verifications import COLUMNS, write_verifications

pytestmark = pytest.mark.xdist_group("simulated county")  # one worker makes what these tests share

OUTCOMES = {"substantiated", "irregular_rectified", "not_substantiated", "cannot_determine", "data_error"}
NATURES = {"accusation", "appeal_for_help", "consultation", "suggestion"}
FIELDS = set(
    "collective_funds assets_resources village_projects procurement_tender labour assistance agri_subsidy "
    "land_requisition medical education law_enforcement official_conduct election_governance other".split()
)


START, END = date(2023, 1, 1), date(2025, 12, 31)


def story(kind, first_on, *, shows, officials, suppliers=()):
    return Story(
        scheme="split_works" if kind == "scheme" else "urgent_repairs_after_flood",
        kind=kind,
        first_on=first_on,
        last_on=END,
        amount_fen=6_000_000,
        officials=officials,
        actor="王主任",
        conspicuous=shows,
        suppliers=suppliers,
    )


def brief(number):
    """A village with two officials and three suppliers, one of them that of the next village too.

    One in five goes wrong some time, one in four has a coincidence that looks bad.
    """
    rnd = np.random.default_rng(number)
    code = f"990101{100 + number // 900:03d}{number % 900 + 1:03d}"
    crook, other = f"{code}A", f"{code}B"
    builder, shop, shared = f"U{number}", f"S{number}", f"U{number + 1}"
    stories = []
    if number % 5 == 0:
        first = START + timedelta(days=int(rnd.integers(700)))
        stories.append(
            story("scheme", first, shows=rnd.uniform(0.2, 0.6), officials=(crook,), suppliers=(builder,))
        )
    if number % 4 == 0:
        first = START + timedelta(days=int(rnd.integers(900)))
        stories.append(story("innocent", first, shows=0.35, officials=(), suppliers=(shop,)))
    return Brief(
        code, "甲村", "乙镇", (crook, other), ("王主任",), tuple(stories), rnd.beta(1.1, 5), (builder, shop, shared)
    )  # fmt: skip


@pytest.fixture(scope="module")
def briefs():
    return [brief(number) for number in range(1500)]


@pytest.fixture(scope="module")
def checks(briefs, tmp_path_factory):
    """Past verifications over 1,500 villages of which only briefs exist."""
    path = tmp_path_factory.mktemp("checks") / "verifications.csv"
    number = write_verifications(path, briefs, period=Period(START, END), seed=3)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == number
    return rows


def test_verifications_hold_the_agreed_columns_and_values(briefs, checks):
    assert tuple(checks[0]) == COLUMNS
    ids = {
        "village": {b.code for b in briefs},
        "official": {o for b in briefs for o in b.officials},
        "supplier": {s for b in briefs for s in b.suppliers},
    }
    assert {row["entity"] for row in checks} == set(ids)
    for row in checks:
        assert row["entity_id"] in ids[row["entity"]]
        assert row["outcome"] in OUTCOMES
        assert bool(row["propensity"]) == (row["selected_by"] in {"score", "quota"})
        assert not row["propensity"] or 0 < float(row["propensity"]) <= 1
        assert START.isoformat() <= row["selected_on"] <= row["decided_on"] <= END.isoformat()
    assert {row["selected_by"] for row in checks} == {
        "score",
        "quota",
        "complaint",
        "same_problem",
        "campaign",
    }
    assert [row["decided_on"] for row in checks] == sorted(row["decided_on"] for row in checks)


def test_nobody_is_checked_again_within_a_year(checks):
    last: dict[tuple[str, str], date] = {}
    for row in sorted(checks, key=lambda row: row["selected_on"]):
        on, entity = date.fromisoformat(row["selected_on"]), (row["entity"], row["entity_id"])
        assert on - last.get(entity, date.min) > timedelta(days=365)
        last[entity] = on


@pytest.mark.parametrize("entity", ["village", "official", "supplier"])
def test_choice_by_impression_finds_more_than_the_random_quota(checks, entity):
    found, checked = Counter(), Counter()
    for row in checks:
        if row["entity"] == entity:
            checked[row["selected_by"]] += 1
            found[row["selected_by"]] += row["outcome"] == "substantiated"
    assert checked["quota"] >= 50
    assert found["score"] / checked["score"] > 1.3 * found["quota"] / checked["quota"]


def test_propensities_are_those_of_the_draw(briefs, checks):
    """The inverse propensities of the quota estimate the number of village-quarters that could be drawn."""
    quarters = 11
    quota = [row for row in checks if row["entity"] == "village" and row["selected_by"] == "quota"]
    estimate = sum(1 / float(row["propensity"]) for row in quota)
    drawable = len(briefs) * quarters
    assert 0.6 * drawable < estimate < 1.1 * drawable  # the rested ones, without checks still open at the end


def test_people_err_in_both_directions(briefs, checks):
    begun = {b.code: min((s.first_on for s in b.stories if s.kind == "scheme"), default=END) for b in briefs}
    outcomes = Counter(
        (begun[row["entity_id"]].isoformat() <= row["selected_on"], row["outcome"])
        for row in checks
        if row["entity"] == "village"
    )
    assert outcomes[True, "substantiated"] > outcomes[True, "not_substantiated"] > 0
    assert outcomes[False, "substantiated"] == 0
    assert outcomes[False, "not_substantiated"] > outcomes[False, "irregular_rectified"] > 0


@pytest.fixture(scope="module")
def usual_county(write, tmp_path_factory):
    """Forty villages and four hundred complaints."""
    folder = tmp_path_factory.mktemp("usual")
    return write(folder, villages=40, wrongdoing_rate=0.4, end=date(2024, 6, 30), inbox=400)


def test_verified_villages_officials_and_suppliers_are_in_the_registers(usual_county):
    villages = {row["division_code"] for row in usual_county.texts("division")}
    people = {clean(row["person_key"]) for row in usual_county.texts("person")}
    firms = {clean(row["company_id"]) for row in usual_county.texts("company")}
    known = {"village": villages, "official": people, "supplier": firms}
    rows = usual_county.table("verifications.csv")
    unknown = [r for r in rows if r["entity_id"] not in known[r["entity"]]]
    assert {row["entity"] for row in rows} == set(known)
    assert len(unknown) <= 0.05 * len(rows)  # whose own row has a typing error


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
