"""In a county without wrongdoing the registers agree with one another, but for typing errors and late bookings."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from itertools import pairwise

import pytest

from simulation.schemes import SCHEMES
from simulation.truth import TRUTH_COLUMNS
from tests.simulation.wider_stories import deaths, households

pytestmark = pytest.mark.xdist_group("simulated county")  # one worker makes what these tests share

FIELDS = set(
    "collective_funds assets_resources village_projects procurement labour assistance agri_subsidy seal_use "
    "land_compensation medical_fund housing_insurance tender official_conduct education_pension".split()
)
BANK_METHODS = {"bank", "personal_account", "card"}


def told(county, *schemes):
    """ID numbers, codes and villages that a coincidence of that name concerns."""
    truths = [truth for name in schemes for truth in county.truths("innocent", name)]
    return {subject for truth in truths for subject in truth["detail"]["subjects"]}


def booked_by_bank(county):
    """Ledger sums by village and direction of what must pass through the bank account."""
    sums = Counter()
    for row in county.rows("ledger_entry"):
        drawn = row["flow"] == "transfer" and row["payment_method"] == "internal"
        deposited = row["flow"] == "income" and row["payment_method"] == "cash"
        if drawn or deposited or row["payment_method"] in BANK_METHODS:
            sums[row["village_code"], "in" if row["flow"] == "income" else "out"] += row["amount_fen"]
    return sums


def test_bank_and_ledger_agree_village_by_village(clean_county):
    moved = Counter()
    for row in clean_county.rows("bank_flow"):
        moved[row["village_code"], row["direction"]] += row["amount_fen"]
    booked = booked_by_bank(clean_county)
    near = [key for key, fen in booked.items() if abs(moved[key] - fen) <= 0.1 * fen]
    assert len(booked) == 60  # 30 villages, both directions
    assert len(near) > 0.9 * len(booked)  # a typing error in one large sum spoils a village


def test_bank_days_lie_near_the_ledgers_and_some_payments_are_batched(clean_county):
    entries = defaultdict(list)
    for row in clean_county.rows("ledger_entry"):
        entries[row["village_code"], row["amount_fen"]].append(row["entry_date"])
    flows = clean_county.rows("bank_flow")
    apart = [
        min(abs((row["flow_on"] - day).days) for day in entries[row["village_code"], row["amount_fen"]])
        for row in flows
        if entries[row["village_code"], row["amount_fen"]]
    ]
    assert sum(days <= 6 for days in apart) > 0.97 * len(apart)
    assert 0 in apart
    assert any(0 < days <= 6 for days in apart)
    batched = [row for row in flows if row["summary"] == "批量付款"]
    assert 0.005 < len(batched) / len(flows) < 0.2
    assert {row["channel"] for row in flows} >= {"transfer", "cash", "card", "fee"}


def test_balances_follow_from_the_flows(clean_county):
    by_account = defaultdict(list)
    for row in clean_county.rows("bank_flow"):
        by_account[row["account_key"]].append(row)
    steps = good = 0
    for rows in by_account.values():
        ordered = sorted({row["flow_no"]: row for row in rows}.values(), key=lambda row: row["flow_no"][6:])
        for before, row in pairwise(ordered):
            if before["balance_fen"] is None or row["balance_fen"] is None:
                continue
            signed = row["amount_fen"] if row["direction"] == "in" else -row["amount_fen"]
            steps += 1
            good += row["balance_fen"] == before["balance_fen"] + signed
    assert good > 0.97 * steps > 0
    assert all((row["balance_fen"] or 0) >= 0 for row in clean_county.rows("bank_flow"))


def test_parcels_of_a_household_add_up_to_what_its_subsidy_is_paid_for(clean_county):
    home, held, gone = households(clean_county), defaultdict(float), set()
    for row in clean_county.rows("land_parcel"):
        if row["land_use"] in {"paddy", "dry"} and row["household_id"]:
            held[row["household_id"]] += row["area_mu"]
            if row["ended_on"]:
                gone.add(row["household_id"])
    paid = [
        (row["quantity"], held[home[row["person_key"]]])
        for row in clean_county.rows("subsidy_payment")
        if row["programme_id"] == "NY01"
        and home.get(row["person_key"]) not in gone | {None}
        and row["quantity"]
    ]
    assert len(paid) > 1000
    assert sum(abs(mu - area) < 0.02 for mu, area in paid) > 0.97 * len(paid)


def test_every_resolution_that_is_cited_was_held(clean_county):
    held = {(row["village_code"], row["resolution_no"]) for row in clean_county.rows("meeting_resolution")}
    for register in ("project", "procurement", "contract", "lease", "seal_use", "contract_change", "asset"):
        cited = [
            (row["village_code"], row["resolution_no"])
            for row in clean_county.rows(register)
            if row["resolution_no"]
        ]
        assert cited
        assert sum(pair in held for pair in cited) >= 0.98 * len(cited), register


def test_meetings_have_their_quorum(clean_county):
    for row in clean_county.rows("meeting_resolution"):
        if row["present"] is None or row["eligible"] is None or row["in_favour"] is None:
            continue
        least = 2 / 3 if row["kind"] == "representatives" else 1 / 2
        assert least * row["eligible"] < row["present"] <= row["eligible"]
        assert row["present"] / 2 < row["in_favour"] <= row["present"]


def test_disability_allowances_rest_on_certificates(clean_county):
    grade = {row["person_key"]: row["grade"] for row in clean_county.rows("disability")}
    paid = {
        (row["person_key"], row["programme_id"])
        for row in clean_county.rows("subsidy_payment")
        if row["programme_id"] in {"MZ03", "MZ04"}
    }
    assert sum(person in grade for person, _ in paid) > 0.97 * len(paid)
    assert all(grade[person] <= 2 for person, programme in paid if programme == "MZ04" and person in grade)
    assert len(grade) > 1.2 * len({person for person, _ in paid})


def in_hospital(county):
    return {
        (row["person_key"], row["admitted_on"] + timedelta(days=step))
        for row in county.rows("medical_claim")
        if row["kind"] == "inpatient" and row["discharged_on"]
        for step in range((row["discharged_on"] - row["admitted_on"]).days + 1)
    }


def test_nobody_works_from_a_hospital_bed(clean_county):
    lying = in_hospital(clean_county)
    excused = told(clean_county, "half_day_before_hospital")
    assert not [
        row
        for row in clean_county.rows("labour_day")
        if (row["person_key"], row["work_date"]) in lying and row["person_key"] not in excused
    ]
    assert not [
        row
        for row in clean_county.rows("attendance")
        if row["status"] == "present" and (row["person_key"], row["work_date"]) in lying
    ]


def test_the_dead_draw_no_pension_and_are_not_treated(clean_county):
    died = deaths(clean_county)
    assert not [
        row
        for row in clean_county.rows("subsidy_payment")
        if row["programme_id"] == "YL01"
        and row["person_key"] in died
        and row["period"] > died[row["person_key"]]
    ]
    assert not [
        row
        for row in clean_county.rows("medical_claim")
        if row["person_key"] in died and row["admitted_on"] > died[row["person_key"]]
    ]


def test_tenders_have_three_to_nine_bidders_and_the_award_is_the_winning_bid(clean_county):
    tenders = {row["tender_id"]: row for row in clean_county.rows("tender")}
    bids = defaultdict(list)
    for row in clean_county.rows("bid"):
        bids[row["tender_id"]].append(row)
    assert len(bids) > 30
    full = [len({row["bid_no"] for row in rows}) for rows in bids.values()]
    assert sum(3 <= number <= 9 for number in full) > 0.95 * len(full)
    won = [
        (row["amount_fen"], tenders[row["tender_id"]]["award_fen"])
        for rows in bids.values()
        for row in rows
        if row["won"]
    ]
    assert sum(bid == award for bid, award in won) > 0.95 * len(won)
    spreads = [
        (max(amounts) - min(amounts)) / min(amounts)
        for rows in bids.values()
        if len(
            amounts := [row["amount_fen"] for row in rows if row["status"] == "valid" and row["amount_fen"]]
        )
        >= 3
    ]
    assert 0.02 < sorted(spreads)[len(spreads) // 2] < 0.3
    for row in tenders.values():
        assert (row["deadline_on"] - row["published_on"]).days >= 20


def test_the_people_named_in_a_bid_are_insured_and_certified_by_the_bidder(clean_county):
    insured = {(row["person_key"], row["payer_id"]) for row in clean_county.rows("social_insurance")}
    certified = {(row["person_key"], row["company_id"]) for row in clean_county.rows("certificate")}
    named = [
        (row["person_key"], row["bidder_id"])
        for row in clean_county.rows("bid_trace")
        if row["kind"] in {"project_manager", "safety_officer", "technical_lead"} and row["person_key"]
    ]
    assert len(named) > 200
    assert sum(pair in insured for pair in named) > 0.99 * len(named)
    assert sum(pair in certified for pair in named) > 0.9 * len(named)


def test_rents_belong_to_leases_and_some_are_late_or_in_parts(clean_county):
    leases = {row["lease_id"]: row for row in clean_county.rows("lease")}
    rents = [row for row in clean_county.rows("rent_payment") if row["lease_id"] in leases]
    assert len(rents) > 0.97 * len(clean_county.rows("rent_payment")) > 100
    parts = [row for row in rents if row["amount_fen"] < (leases[row["lease_id"]]["annual_rent_fen"] or 0)]
    assert 0.02 < len(parts) / len(rents) < 0.4
    assets = {row["asset_id"] for row in clean_county.rows("asset")}
    owned = [row["asset_id"] in assets for row in leases.values() if row["asset_id"]]
    assert sum(owned) > 0.97 * len(owned)


def test_several_agents_share_a_village(clean_county):
    agents = defaultdict(Counter)
    for row in clean_county.rows("insurance_policy"):
        agents[row["village_code"]][row["agent_key"]] += 1
    excused = told(clean_county, "lone_agent_of_remote_village")
    shares = [
        by_agent.most_common(1)[0][1] / by_agent.total()
        for village, by_agent in agents.items()
        if village not in excused and by_agent.total() >= 20
    ]
    assert shares
    assert max(shares) < 0.7


def test_an_official_reports_what_happened_within_days(clean_county):
    officials = {row["person_key"] for row in clean_county.rows("official")}
    rows = [row for row in clean_county.rows("sanction") if row["subject_id"] in officials]
    assert all(
        row["reported_on"] is None or row["reported_on"] - row["decided_on"] <= timedelta(days=10)
        for row in rows
    )
    assert len([row for row in rows if row["reported_on"] is None]) <= 0.2 * len(rows)


@pytest.mark.parametrize("field", sorted(FIELDS))
def test_every_field_of_supervision_has_schemes(field):
    assert sum(scheme.field == field for scheme in SCHEMES) >= 2


def test_truth_names_the_field_of_a_scheme_and_none_for_a_coincidence(county):
    fields = {scheme.id: scheme.field for scheme in SCHEMES}
    assert TRUTH_COLUMNS[-1] == "field"
    assert set(fields.values()) == FIELDS
    assert len(fields) == len(SCHEMES) >= 40
    assert all(truth["field"] == fields[truth["scheme"]] for truth in county.truths("scheme"))
    assert not any(truth["field"] for truth in county.truths("innocent"))
