"""Schemes with subsidies: allowances of the dead, for the well-off, for kin, and of others."""

from __future__ import annotations

from datetime import date, timedelta

from simulation.business import found
from simulation.people import pass_away
from simulation.records import Record, SubsidyPayment
from simulation.schemes.plots import Plot, without_support
from simulation.timeline import next_month
from simulation.village import Household, Resident, Truth
from simulation.welfare import pay_monthly, pay_once, standard_fen

MONTHLY = frozenset({"MZ01", "MZ02", "MZ03", "MZ04", "MZ05", "MZ06", "MZ08"})


def benefit_after_death(plot: Plot) -> Truth | None:
    """An old person dies, and the allowance is drawn on for months.

    The official who should report the death keeps the card and has the money fetched; in bolder cases it
    goes to an account of the official's family. Source: RED_FLAGS C1 (Jiande, Lanzhou).
    Adds payments with a period after the month of death.
    """
    village = plot.village
    dead = _dead_beneficiary(plot)
    if dead is None:
        return None
    resident, programme, died = dead
    account = plot.confidant().account if plot.intensity > 0.5 else None
    first = next_month(died)
    rows = pay_monthly(
        village,
        resident,
        programme,
        first=first,
        last=next_month(first, steps=plot.count(2, 14)),
        account=account,
        after_death=True,
    )
    return _payments_truth(plot, "benefit_after_death", rows) if rows else None


def _dead_beneficiary(plot: Plot) -> tuple[Resident, str, date] | None:
    """Somebody paid monthly who dies while the plot runs; the oldest one dies now if nobody did."""
    village = plot.village
    programmes = {
        row.person_key: row.programme_id
        for row in village.rows.subsidy_payment
        if row.programme_id in MONTHLY
    }
    told = {
        subject for truth in village.truth for subject in truth.subjects
    }  # another story has them already
    paid = [r for r in village.residents if r.id_number in programmes and r.id_number not in told]
    latest = plot.end - timedelta(days=150)
    for resident in paid:
        if resident.died is not None and plot.start <= resident.died <= latest:
            return resident, programmes[resident.id_number], resident.died
    alive = [r for r in paid if r.died is None and r.age(plot.start) >= 75]
    if not alive or plot.start > latest:
        return None
    resident = max(alive, key=lambda r: r.age(plot.start))
    died = min(plot.day(margin=150), latest)
    pass_away(village, resident, died=died)
    return resident, programmes[resident.id_number], died


def firm_owner_on_allowance(plot: Plot) -> Truth | None:
    """A household on subsistence allowance has a member who owns a registered company.

    Source: MISSION.md, the first case (about CNY 120,000 recovered); RED_FLAGS C4.
    Founds a company for a well-off household and pays the allowance to its members.
    """
    village = plot.village
    candidates = without_support(village, least_wealth=0.4)
    if not candidates:
        return None
    household = village.rnd.choice(candidates)
    founded_on = plot.start - timedelta(days=village.rnd.randint(60, 900))
    firm = found(
        village,
        household.head,
        trade="supplier",
        kind="company",
        on=founded_on,
        capital_yuan=round(plot.between(20, 300)) * 10_000,
    )
    rows = _allow(plot, household, members=plot.count(1, 4))
    return _payments_truth(plot, "firm_owner_on_allowance", rows, also=[firm.code]) if rows else None


def kin_on_allowance(plot: Plot) -> Truth | None:
    """The official puts relatives on the list who are not poor (优亲厚友).

    Source: RED_FLAGS C3 and C11 (Min county, Suizhou). Pays the allowance to one to three households of kin.
    """
    eligible = without_support(plot.village, least_wealth=0.3)
    households = list({kin.household.id: kin.household for kin in plot.relatives()}.values())
    chosen = [household for household in households if household in eligible][: plot.count(1, 3)]
    rows = [row for household in chosen for row in _allow(plot, household, members=plot.count(1, 4))]
    return _payments_truth(plot, "kin_on_allowance", rows) if rows else None


def _allow(plot: Plot, household: Household, *, members: int) -> list[SubsidyPayment]:
    """Subsistence allowance for some of the household, the head first, from the start of the plot."""
    residents = [r for r in household.residents if r.died is None][:members]
    return [
        row
        for resident in residents
        for row in pay_monthly(plot.village, resident, "MZ01", first=plot.start, last=plot.end)
    ]


def allowances_of_others(plot: Plot) -> Truth | None:
    """An official in debt has the special-care allowances of old people paid to one account and draws them.

    Source: MISSION.md (an official in heavy private debt who drew the special-care allowances of others);
    RED_FLAGS C5 and C6. Changes account and collector of existing payments; adds beneficiaries if too few.
    """
    village = plot.village
    account = plot.official.account
    wanted = plot.count(3, 7)
    rows = [
        row
        for row in village.rows.subsidy_payment
        if row.programme_id in {"MZ03", "MZ04", "MZ05", "MZ08"} and row.period >= plot.start
    ]
    persons = list(dict.fromkeys(row.person_key for row in rows))[:wanted]
    old = [
        r
        for r in village.residents
        if r.died is None and r.age(plot.start) >= 65 and r.id_number not in persons
    ]
    for resident in old[: wanted - len(persons)]:
        rows += pay_monthly(village, resident, "MZ08", first=plot.start, last=plot.end)
        persons.append(resident.id_number)
    taken = [row for row in rows if row.person_key in persons]
    if len({row.person_key for row in taken}) < 3:
        return None
    for row in taken:
        row.account_key = account
        row.collector_key = plot.official.id_number
    return _payments_truth(plot, "allowances_of_others", taken)


def startup_without_business(plot: Plot) -> Truth | None:
    """Start-up support of 25,000 yuan, passed on a signature, for a firm that was never registered.

    Source: MISSION.md (the disabled person's firm without licence, staff or business; it came in as one of
    a mass of SMS). Adds the grant for a resident who owns no firm.
    """
    village = plot.village
    owners = {row.person_key for row in village.rows.company_role}
    rows: list[SubsidyPayment] = []
    for household in without_support(village, least_wealth=0.2)[:: max(1, len(village.households) // 9)]:
        if not any(r.id_number in owners for r in household.residents) and len(rows) < plot.count(1, 2):
            row = pay_once(village, household.head, "CL01", on=plot.day())
            rows += [row] if row else []
    return _payments_truth(plot, "startup_without_business", rows) if rows else None


def farmland_over_holding(plot: Plot) -> Truth | None:
    """Farmland subsidy for more land than the family holds: collective land is declared as its own.

    Source: RED_FLAGS C7 and C8 (Hanshou). Raises the area and amount of the payments to the official's and
    a relative's household.
    """
    village = plot.village
    households = {kin.household.id for kin in plot.relatives()[: plot.count(0, 2)]} | {
        plot.official.household.id
    }
    payees = {r.id_number for h in village.households if h.id in households for r in h.residents}
    rows = [
        row
        for row in village.rows.subsidy_payment
        if row.programme_id == "NY01" and row.person_key in payees and row.pay_date >= plot.start
    ]
    if not rows:
        return None
    gained = 0
    extra = plot.between(8, 45)
    for row in rows:
        before = row.amount_fen
        row.quantity = round((row.quantity or 0) + extra, 2)
        row.amount_fen = round(row.quantity * standard_fen(village, "NY01", row.pay_date.year))
        gained += row.amount_fen - before
    truth = _payments_truth(plot, "farmland_over_holding", rows)
    truth.amount_fen = gained
    return truth


def _payments_truth(
    plot: Plot, scheme: str, rows: list[SubsidyPayment], *, also: list[str] | None = None
) -> Truth:
    listed: list[tuple[str, Record]] = [("subsidy_payment", row) for row in rows]
    for row in rows:
        row.handler_key = plot.official.id_number
    return plot.truth(
        scheme,
        listed,
        fen=sum(row.amount_fen for row in rows),
        days=[row.pay_date for row in rows],
        subjects=[row.person_key for row in rows] + (also or []),
    )
