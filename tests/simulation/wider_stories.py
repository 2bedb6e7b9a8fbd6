"""What each scheme and coincidence of banks, land, tenders, hospitals, insurance and offices must show in the sheets."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import pairwise

from simulation.timeline import age


def households(county):
    return {row["person_key"]: row["household_id"] for row in county.rows("person")}


def family(county, official):
    """ID numbers of the official's relatives and of everyone in their households."""
    home = households(county)
    kin = {row["relative_key"] for row in county.rows("kinship") if row["person_key"] == official}
    roofs = {home.get(person) for person in kin | {official}} - {None}
    return {person for person, roof in home.items() if roof in roofs}


def deaths(county):
    return {row["person_key"]: row["death_date"] for row in county.rows("death")}


def off_book_outflow(county, truth):
    booked = {
        (row["amount_fen"], row["counterparty_id"])
        for row in county.rows("ledger_entry")
        if row["village_code"] == truth["village_code"]
    }
    flows = county.records(truth, "bank_flow")
    return len(flows) >= 2 and all(
        row["direction"] == "out" and (row["amount_fen"], row["counterparty_id"]) not in booked
        for row in flows
    )


def rent_pocketed(county, truth):
    rows = county.records(truth, "rent_payment")
    return bool(rows) and all(
        row["collector_key"] == truth["officials"] and row["payment_method"] in {"cash", "personal_account"}
        for row in rows
    )


def long_lease_to_kin(county, truth):
    kin = family(county, truth["officials"])
    return all(
        row["method"] == "direct"
        and row["tenant_id"] in kin
        and (row["end_on"] - row["start_on"]).days > 20 * 365
        for row in county.records(truth, "lease")
    )


def asset_sold_below_appraisal(county, truth):
    return all(
        row["status"] == "disposed" and row["disposal_method"] == "negotiated"
        and row["disposed_fen"] < 0.8 * row["appraised_fen"]
        for row in county.records(truth, "asset")
    )  # fmt: skip


def works_raised_after_award(county, truth):
    (contract,) = county.records(truth, "contract")
    changes = county.records(truth, "contract_change")
    return bool(changes) and all(
        row["after_fen"] > 1.1 * row["before_fen"]
        and row["changed_on"] - contract["signed_on"] <= timedelta(days=90)
        and row["resolution_no"] is None
        for row in changes
    )


def works_paid_unbuilt(county, truth):
    projects = county.records(truth, "project")
    paid = sum(row["amount_fen"] for row in county.records(truth, "ledger_entry"))
    return bool(projects) and paid > 0 and all(row["accepted_on"] is None for row in projects)


def official_firm_supplies(county, truth):
    owner, firm = truth["detail"]["subjects"]
    owned = any(
        row["person_key"] == owner and row["company_id"] == firm for row in county.rows("company_role")
    )
    rows = county.records(truth, "procurement")
    return owned and owner == truth["officials"] and {row["supplier_id"] for row in rows} == {firm}


def labour_of_absent_workers(county, truth):
    insured = {(row["person_key"], row["period"]) for row in county.rows("social_insurance")}
    rows = county.records(truth, "labour_day")
    return len(rows) > 3 and all(
        (row["person_key"], row["work_date"].replace(day=1)) in insured for row in rows
    )


def job_without_work(county, truth):
    insured = {(row["person_key"], row["period"]) for row in county.records(truth, "social_insurance")}
    paid = {(row["person_key"], row["period"]) for row in county.records(truth, "subsidy_payment")}
    return len(paid & insured) > 0.8 * len(paid)


def shared_account_of_many(county, truth):
    rows = county.records(truth, "subsidy_payment")
    home = households(county)
    accounts = Counter(row["account_key"] for row in rows)
    return (
        accounts.most_common(1)[0][1] > 0.95 * len(rows)
        and len({home[row["person_key"]] for row in rows}) >= 3
    )


def care_allowance_without_grade(county, truth):
    certified = {row["person_key"] for row in county.rows("disability")}
    rows = county.records(truth, "subsidy_payment")
    return {row["programme_id"] for row in rows} == {"MZ04"} and not certified & set(
        truth["detail"]["subjects"]
    )


def subsidy_on_common_land(county, truth):
    (parcel,) = county.records(truth, "land_parcel")
    return parcel["owner_kind"] == "collective" and all(
        row["quantity"] == parcel["area_mu"] for row in county.records(truth, "subsidy_payment")
    )


def machinery_without_machine(county, truth):
    owners = {row["owner_id"] for row in county.rows("vehicle") if row["kind"] in {"tractor", "harvester"}}
    return not owners & set(truth["detail"]["subjects"])


def forged_quorum(county, truth):
    rows = county.records(truth, "meeting_resolution")
    numbers = {row["resolution_no"] for row in rows}
    return all(
        row["present"] < 2 / 3 * row["eligible"] and row["recorder_key"] == truth["officials"] for row in rows
    ) and all(row["resolution_no"] in numbers for row in county.records(truth, "contract"))


def compensation_for_common_land(county, truth):
    rows = county.records(truth, "land_compensation")
    kinds = {row["owner_kind"] for row in county.records(truth, "land_parcel")}
    return kinds == {"collective"} and {row["person_key"] for row in rows} <= family(
        county, truth["officials"]
    )


def compensation_inflated_area(county, truth):
    surveyed = {row["parcel_id"]: row["area_mu"] for row in county.records(truth, "land_parcel")}
    rows = [row for row in county.records(truth, "land_compensation") if row["item"] == "land"]
    return bool(rows) and all(row["quantity"] > 1.3 * surveyed[row["parcel_id"]] for row in rows)


def compensation_to_dead(county, truth):
    died = deaths(county)
    return all(
        row["agreed_on"] > died[row["person_key"]] for row in county.records(truth, "land_compensation")
    )


def ghost_stays(county, truth):
    rows = county.records(truth, "medical_claim")
    days = Counter(row["admitted_on"] for row in rows)
    return max(days.values()) >= 3 and {row["operator_key"] for row in rows} <= {truth["officials"], None}


def decomposed_stays(county, truth):
    stays = defaultdict(list)
    for row in county.records(truth, "medical_claim"):
        stays[row["person_key"]].append(row)
    gaps = [
        (again["admitted_on"] - first["discharged_on"]).days
        for rows in stays.values()
        for first, again in pairwise(rows)
    ]
    return bool(gaps) and all(0 <= gap <= 1 for gap in gaps)


def salesman_of_the_village(county, truth):
    first = date.fromisoformat(truth["from"])
    agents = Counter(
        row["agent_key"]
        for row in county.rows("insurance_policy")
        if row["village_code"] == truth["village_code"]
        and row["kind"] == "house"
        and row["signed_on"] >= first
    )
    return agents.most_common(1)[0][1] > 0.85 * agents.total()


def crop_area_inflated(county, truth):
    holding = defaultdict(float)
    for row in county.rows("land_parcel"):
        if row["land_use"] in {"paddy", "dry"}:
            holding[row["household_id"]] += row["area_mu"]
    home = households(county)
    return all(
        row["quantity"] > 1.8 * holding[home[row["insured_id"]]]
        for row in county.records(truth, "insurance_policy")
    )


def renovation_of_sound_house(county, truth):
    return all(row["danger_grade"] in {"a", "b", None} for row in county.records(truth, "house"))


def bid_ring(county, truth):
    shared = Counter(
        (row["tender_id"], row["value"])
        for row in county.records(truth, "bid_trace")
        if row["kind"] == "device"
    )
    winners = {row["bidder_id"] for row in county.records(truth, "bid") if row["won"]}
    return max(shared.values()) >= 2 and len(winners) >= 2


def borrowed_qualification(county, truth):
    employers = defaultdict(set)
    for row in county.rows("social_insurance"):
        employers[row["person_key"]].add(row["payer_id"])
    winners = {(row["tender_id"], row["bidder_id"]) for row in county.records(truth, "bid") if row["won"]}
    heads = [
        row
        for row in county.records(truth, "bid_trace")
        if (row["tender_id"], row["bidder_id"]) in winners
        and row["kind"] in {"safety_officer", "technical_lead"}
    ]
    return bool(heads) and all(
        row["bidder_id"] not in employers[row["person_key"]] and employers[row["person_key"]] for row in heads
    )


def broker_behind_bids(county, truth):
    broker = truth["detail"]["subjects"][-1]
    sent = {
        (row["tender_id"], row["bidder_id"])
        for row in county.records(truth, "bid_trace")
        if row["person_key"] == broker
    }
    tenders = {tender for tender, _ in sent}
    return len(tenders) >= 2 and len(sent) >= 2 * len(tenders)


def tender_won_by_kin(county, truth):
    bids = county.records(truth, "bid")
    relative = truth["detail"]["subjects"][-1]
    losers = {row["status"] for row in bids if not row["won"]}
    return losers <= {"disqualified", "pending"} and relative in family(county, truth["officials"])


def absent_with_false_attendance(county, truth):
    rows = county.records(truth, "attendance")
    return len(rows) >= 10 and all(
        row["status"] == "present"
        and row["source"] != "machine"
        and row["recorder_key"] == truth["officials"]
        for row in rows
    )


def drunk_driving_unreported(county, truth):
    return all(
        row["subject_id"] == truth["officials"] and row["reported_on"] is None
        for row in county.records(truth, "sanction")
    )


def pension_after_death(county, truth):
    died = deaths(county)
    rows = county.records(truth, "subsidy_payment")
    return len(rows) >= 2 and all(
        row["programme_id"] == "YL01" and row["period"] > died[row["person_key"]] for row in rows
    )


def education_aid_to_well_off(county, truth):
    born = {row["person_key"]: row["birth_date"] for row in county.rows("person")}
    poor = {row["person_key"] for row in county.rows("subsidy_payment") if row["programme_id"] == "MZ01"}
    rows = county.records(truth, "subsidy_payment")
    pupils = {row["person_key"] for row in rows}
    return not pupils & poor and all(age(born[row["person_key"]], row["pay_date"]) <= 22 for row in rows)


def print_shop_computer(county, truth):
    rows = county.records(truth, "bid_trace")
    return len({row["bidder_id"] for row in rows}) == 2 and len({row["value"] for row in rows}) == 2


def kin_rents_at_auction(county, truth):
    (row,) = county.records(truth, "lease")
    return row["method"] == "auction" and row["tenant_id"] in family(county, truth["officials"])


def disabled_relative_of_official(county, truth):
    (paper,) = county.records(truth, "disability")
    paid = county.records(truth, "subsidy_payment")
    kin = paper["person_key"] in family(county, truth["officials"])
    return kin and paper["grade"] <= 2 and all(row["pay_date"] > paper["certified_on"] for row in paid)


def half_day_before_hospital(county, truth):
    (work,), (stay,) = county.records(truth, "labour_day"), county.records(truth, "medical_claim")
    return work["half_days"] == 1 and work["work_date"] == stay["admitted_on"]


def own_cooperative_builds(county, truth):
    (project,) = county.records(truth, "project")
    return project["method"] == "self_build" and project["contractor_id"] == truth["detail"]["subjects"][0]


def lone_agent_of_remote_village(county, truth):
    rows = county.records(truth, "insurance_policy")
    return len({row["agent_key"] for row in rows} - {None}) == 1 and len(rows) <= 60


def trip_entered_late(county, truth):
    return all(
        row["status"] == "trip" and row["source"] == "corrected" and row["recorder_key"] != truth["officials"]
        for row in county.records(truth, "attendance")
    )


def cheap_car_of_disabled(county, truth):
    (car,), (paper,) = county.records(truth, "vehicle"), county.records(truth, "disability")
    return car["price_fen"] <= 1_200_000 and car["owner_id"] == paper["person_key"]


def readmitted_on_medical_grounds(county, truth):
    first, again = county.records(truth, "medical_claim")
    gap = (again["admitted_on"] - first["discharged_on"]).days
    return gap == 2 and first["diagnosis"] != again["diagnosis"]


def price_raised_by_new_design(county, truth):
    (row,) = county.records(truth, "contract_change")
    return row["resolution_no"] is not None and row["after_fen"] < 1.1 * row["before_fen"]


def family_on_one_card(county, truth):
    rows = county.records(truth, "subsidy_payment")
    home = households(county)
    accounts = Counter(row["account_key"] for row in rows)
    return len({home[row["person_key"]] for row in rows}) == 1 and accounts.most_common(1)[0][1] > 0.9 * len(
        rows
    )


def payment_booked_weeks_later(county, truth):
    (entry,) = county.records(truth, "ledger_entry")
    paid = [row for row in county.rows("bank_flow") if row["amount_fen"] == entry["amount_fen"]]
    return any((entry["posted_on"] - row["flow_on"]).days > 30 for row in paid)


def death_registered_late(county, truth):
    person = truth["detail"]["subjects"][0]
    death = next(row for row in county.rows("death") if row["person_key"] == person)
    rows = county.records(truth, "subsidy_payment")
    return all(death["death_date"] < row["pay_date"] < death["registered_on"] for row in rows)
