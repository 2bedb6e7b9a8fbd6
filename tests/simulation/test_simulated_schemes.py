"""Each planted scheme and coincidence shows in the written sheets what its story says."""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from datetime import date, timedelta
from statistics import median

import pytest

from simulation.innocents import COINCIDENCES
from simulation.schemes import SCHEMES
from simulation.timeline import age
from simulation.works import WORKS_TENDER_FEN
from tests.simulation import wider_stories
from tests.simulation.wider_stories import deaths, family, households

pytestmark = pytest.mark.xdist_group("simulated county")  # one worker makes what these tests share


def benefit_after_death(county, truth):
    payments = county.records(truth, "subsidy_payment")
    died = deaths(county)[truth["detail"]["subjects"][0]]
    return len(payments) >= 2 and all(row["period"] > died for row in payments)


def firm_owner_on_allowance(county, truth):
    *people, firm = truth["detail"]["subjects"]
    owners = {row["person_key"] for row in county.rows("company_role") if row["company_id"] == firm}
    active = any(row["company_id"] == firm and row["status"] == "active" for row in county.rows("company"))
    return active and bool(owners & set(people)) and bool(county.records(truth, "subsidy_payment"))


def kin_on_allowance(county, truth):
    people = set(truth["detail"]["subjects"])
    paid = {row["programme_id"] for row in county.records(truth, "subsidy_payment")}
    return paid == {"MZ01"} and people <= family(county, truth["officials"])


def allowances_of_others(county, truth):
    rows = county.records(truth, "subsidy_payment")
    by_official = [row for row in rows if row["collector_key"] == truth["officials"]]
    accounts = {row["account_key"] for row in by_official} - {None}
    return len(accounts) == 1 and len({row["person_key"] for row in by_official}) >= 3


def startup_without_business(county, truth):
    owners = {row["person_key"] for row in county.rows("company_role")}
    return not owners & set(truth["detail"]["subjects"])


def farmland_over_holding(county, truth):
    home = households(county)
    size = defaultdict(int)
    for roof in home.values():
        size[roof] += 1
    return all(
        row["quantity"] > 1.82 * size[home[row["person_key"]]]
        for row in county.records(truth, "subsidy_payment")
    )


def invented_labour(county, truth):
    born = {row["person_key"]: row["birth_date"] for row in county.rows("person") if row["birth_date"]}
    rows = county.records(truth, "labour_day")
    old = all(
        age(born[row["person_key"]], row["work_date"]) >= 60 for row in rows if row["person_key"] in born
    )
    accounts = {row["account_key"] for row in rows} - {None}
    return old and len(accounts) == 1 and len({row["person_key"] for row in rows}) >= 2


def overreported_days(county, truth):
    half_days = defaultdict(int)
    for row in county.records(truth, "labour_day"):
        half_days[row["person_key"], row["work_date"].replace(day=1)] += row["half_days"]
    return any(days > 2 * monthrange(m.year, m.month)[1] for (_, m), days in half_days.items())


def official_draws_labour(county, truth):
    workers = {row["person_key"] for row in county.records(truth, "labour_day")}
    paid = {row["person_key"] for row in county.rows("payroll")}
    return workers == {truth["officials"]} and workers <= paid


def pay_over_standard(county, truth):
    return all(row["amount_fen"] > (row["standard_fen"] or 0) for row in county.records(truth, "payroll"))


def split_works(county, truth):
    rows = county.records(truth, "project")
    days = [row["approved_on"] for row in rows]
    return (
        len(rows) >= 2
        and all(row["estimate_fen"] < WORKS_TENDER_FEN and row["method"] == "direct" for row in rows)
        and sum(row["estimate_fen"] for row in rows) >= WORKS_TENDER_FEN
        and len({row["contractor_id"] for row in rows}) == 1
        and max(days) - min(days) <= timedelta(days=31)
    )


def kin_firm_purchases(county, truth):
    rows = county.records(truth, "procurement")
    owner, firm = truth["detail"]["subjects"]
    owned = any(
        row["person_key"] == owner and row["company_id"] == firm for row in county.rows("company_role")
    )
    direct = all(row["method"] == "direct" and row["supplier_id"] == firm for row in rows)
    return owned and direct and owner in family(county, truth["officials"]) and len(rows) >= 3


def rent_below_market(county, truth):
    def a_mu(row):
        return row["annual_rent_fen"] / row["area_mu"]

    rows = [row for row in county.records(truth, "lease") if row["area_mu"] and row["annual_rent_fen"]]
    usual = {
        kind: median(
            a_mu(row)
            for row in county.rows("lease")
            if row["asset_kind"] == kind and row["area_mu"] and row["annual_rent_fen"]
        )
        for kind in {row["asset_kind"] for row in rows}
    }
    kin = family(county, truth["officials"])
    return bool(rows) and all(
        row["method"] == "direct" and row["tenant_id"] in kin and a_mu(row) < 0.75 * usual[row["asset_kind"]]
        for row in rows
    )


def rent_uncollected(county, truth):
    end = date.fromisoformat(county.manifest()["end"])
    return all(
        (end - row["paid_until"]).days > 365 and row["exempt_reason"] is None
        for row in county.records(truth, "lease")
    )


def contract_without_meeting(county, truth):
    no_meeting = all(row["resolution_no"] is None for row in county.records(truth, "contract"))
    alone = all(row["approver_key"] in (None, row["keeper_key"]) for row in county.records(truth, "seal_use"))
    return no_meeting and alone


def blank_seal(county, truth):
    return all(row["blank"] for row in county.records(truth, "seal_use"))


def invoice_twice(county, truth):
    rows = county.by_key("ledger_entry")
    keys = [tuple(key) for _, key in truth["detail"]["records"]]
    pairs = [(rows[first], rows[again]) for first, again in zip(keys[::2], keys[1::2], strict=True)]
    return all(
        first["invoice_no"] == again["invoice_no"] is not None
        and first["voucher_no"] != again["voucher_no"]
        and first["amount_fen"] == again["amount_fen"]
        for first, again in pairs
    )


def money_to_private_account(county, truth):
    return all(
        row["payment_method"] == "personal_account" and row["counterparty_id"] == truth["officials"]
        for row in county.records(truth, "ledger_entry")
    )


def poor_relative_of_official(county, truth):
    return set(truth["detail"]["subjects"]) <= family(county, truth["officials"])


def burial_grant_in_dead_name(county, truth):
    (row,) = county.records(truth, "subsidy_payment")
    return row["programme_id"] == "MZ09" and row["pay_date"] > deaths(county)[row["person_key"]]


def back_payment_after_death(county, truth):
    rows = county.records(truth, "subsidy_payment")
    died = deaths(county)[rows[0]["person_key"]]
    return all(row["period"] <= died < row["pay_date"] for row in rows)


def late_stop_paid_back(county, truth):
    (row,) = county.records(truth, "subsidy_payment")
    back = [
        entry
        for entry in county.rows("ledger_entry")
        if entry["flow"] == "income" and entry["village_code"] == truth["village_code"]
        and entry["amount_fen"] == row["amount_fen"] and "收回" in (entry["summary"] or "")
    ]  # fmt: skip
    return row["period"] > deaths(county)[row["person_key"]] and bool(back)


def family_shares_account(county, truth):
    rows = county.records(truth, "labour_day")
    home = households(county)
    return (
        len({home[row["person_key"]] for row in rows})
        == 1
        == len({row["account_key"] for row in rows} - {None})
    )


def hardship_lease_waiver(county, truth):
    return all(row["exempt_reason"] and row["resolution_no"] for row in county.records(truth, "lease"))


def only_shop_of_small_village(county, truth):
    return len({row["supplier_id"] for row in county.records(truth, "procurement")}) == 1


def urgent_repairs_after_flood(county, truth):
    rows = county.records(truth, "project")
    return all("应急抢险" in row["name"] and row["resolution_no"] for row in rows)


def kin_firm_at_fair_price(county, truth):
    return all(row["method"] in {"inquiry", "platform"} for row in county.records(truth, "procurement"))


def lease_to_own_collective(county, truth):
    tenant = truth["detail"]["subjects"][0]
    roles = {row["role"] for row in county.rows("company_role") if row["company_id"] == tenant}
    return tenant.startswith("N2") and roles == {"ex_officio"}


def namesake_on_the_list(county, truth):
    names = {row["person_key"]: row["name"] for row in county.rows("person")}
    return names[truth["detail"]["subjects"][0]] == names[truth["officials"]]


def story(name):
    """The check of a scheme or coincidence, here or in `wider_stories`."""
    return globals().get(name) or getattr(wider_stories, name)


def holds(county, truth, check):
    """Whether the story shows; a typing error on the one row that shows it does not count against it."""
    try:
        return check(county, truth)
    except (KeyError, ValueError, TypeError):
        return False


@pytest.mark.parametrize("scheme", [scheme.id for scheme in SCHEMES])
def test_planted_scheme_shows_in_the_sheets(county, scheme):
    truths = county.truths("scheme", scheme)
    assert truths
    assert any(any(county.records(t, register) for register, _ in t["detail"]["records"]) for t in truths)
    assert any(holds(county, truth, story(scheme)) for truth in truths)


@pytest.mark.parametrize("coincidence", [function.__name__ for function, _ in COINCIDENCES])
def test_innocent_coincidence_shows_in_the_sheets(county, coincidence):
    truths = county.truths("innocent", coincidence)
    assert truths
    assert any(holds(county, truth, story(coincidence)) for truth in truths)


def test_at_least_a_dozen_schemes_each_with_its_story_and_source():
    assert len(SCHEMES) >= 12
    for scheme in SCHEMES:
        assert scheme.plant.__name__ == scheme.id
        assert "Source:" in (scheme.plant.__doc__ or "")


def test_truth_refers_to_villages_people_firms_and_rows_that_are_written(county):
    villages = {row["division_code"] for row in county.texts("division")}
    people = {row["person_key"] for row in county.texts("person")}
    officials = {row["person_key"] for row in county.texts("official")}
    named = {text.strip() for text in people | officials}
    firms = {row["company_id"] for row in county.texts("company")}
    truths = county.truths("scheme") + county.truths("innocent")
    missing = 0
    for truth in truths:
        assert truth["village_code"] in villages
        for official in filter(None, truth["officials"].split(";")):
            assert official in named
        known = people | firms | villages
        missing += sum(subject not in known for subject in truth["detail"]["subjects"])
        for register, key in truth["detail"]["records"]:
            missing += tuple(key) not in county.by_key(register)
    rows = sum(len(truth["detail"]["records"]) for truth in truths)
    assert missing <= 0.02 * rows  # those that typing errors made unreadable


def test_wrongdoing_hangs_together_through_one_official(county):
    schemes = defaultdict(set)
    for truth in county.truths("scheme"):
        schemes[truth["village_code"]].add(truth["officials"])
    assert all(len(officials) == 1 for officials in schemes.values())
    assert len(county.truths("scheme")) > 1.5 * len(schemes)


def test_rate_zero_plants_nothing_but_coincidences(clean_county):
    assert clean_county.summary.schemes == {}
    assert not clean_county.truths("scheme")
    assert clean_county.truths("innocent")
    dead = deaths(clean_county)
    late = [
        row
        for row in clean_county.rows("subsidy_payment")
        if row["person_key"] in dead
        and row["period"] > dead[row["person_key"]]
        and row["programme_id"] != "MZ09"
    ]
    innocents = clean_county.summary.innocents
    assert len(late) <= innocents["late_stop_paid_back"] + 2 * innocents["death_registered_late"]
    assert not any(row["blank"] for row in clean_county.rows("seal_use"))


def test_rate_is_the_share_of_villages(write, tmp_path):
    county = write(tmp_path / "a", villages=70, wrongdoing_rate=0.4, end=date(2024, 1, 1), inbox=0)
    share = len({truth["village_code"] for truth in county.truths("scheme")}) / 70
    assert 0.24 < share < 0.56
