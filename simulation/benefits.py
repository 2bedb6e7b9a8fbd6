"""Pensions, education aid, public jobs, machinery grants and resettlement support: who is rightly paid what."""

from __future__ import annotations

from datetime import date
from typing import Final

from simulation.office import public_pay_ids
from simulation.records import SubsidyPayment
from simulation.timeline import after, day_in, next_month
from simulation.village import Resident, Village
from simulation.welfare import POOR, pay_monthly, pay_once

PENSION_FROM: Final = 60
PENSION_SHARE: Final = 0.6  # of the old: others have an employee's pension from elsewhere
MONTHS_A_PENSION: Final = 3  # paid once a quarter


def pay_benefits(village: Village) -> None:
    """Everything of this kind that people are entitled to."""
    barred = public_pay_ids(village) | village.official_ids()
    for resident in village.residents:
        if resident.age(village.period.end) >= PENSION_FROM and resident.id_number not in barred:
            _pension_for(village, resident)
    for household in village.households:
        if household.wealth < 2 * POOR:
            for resident in household.residents:
                _aid_pupil(village, resident)
    _give_jobs(village, barred=barred)
    _pay_for_machines(village)
    _support_resettled(village)


def _pension_for(village: Village, resident: Resident) -> None:
    if village.rnd.random() < PENSION_SHARE:
        sixty = date(resident.birth.year + PENSION_FROM, resident.birth.month, 1)
        first = max(next_month(sixty), village.period.start)
        pay_pension(village, resident, first=first, last=village.period.end)


def pay_pension(
    village: Village, resident: Resident, *, first: date, last: date, account: str | None = None,
    after_death: bool = False,
) -> list[SubsidyPayment]:  # fmt: skip
    """A pension of its own amount for everybody, paid each quarter in its first month."""
    rnd = village.rnd
    month_fen = rnd.randrange(14_000, 26_000, 100)
    rows = []
    month = next_month(first.replace(day=1), steps=-((first.month - 1) % MONTHS_A_PENSION))
    while month <= last:
        if month >= first.replace(day=1) and (after_death or resident.died is None or month <= resident.died):
            row = SubsidyPayment(
                programme_id="YL01",
                person_key=resident.id_number,
                village_code=village.code,
                period=month,
                pay_date=day_in(rnd, month, first=10, last=20),
                amount_fen=month_fen * MONTHS_A_PENSION,
                account_key=account or resident.account,
            )
            if row.pay_date in village.period:
                rows.append(row)
        month = next_month(month, steps=MONTHS_A_PENSION)
    village.rows.subsidy_payment += rows
    return rows


def _aid_pupil(village: Village, resident: Resident) -> None:
    """Aid for vocational pupils of poor families, each school term."""
    rnd = village.rnd
    if resident.died is not None or not 14 <= resident.age(village.period.start) <= 20 or rnd.random() < 0.4:
        return
    aid_terms(village, resident, first=village.period.start, last=village.period.end)


def aid_terms(village: Village, resident: Resident, *, first: date, last: date) -> list[SubsidyPayment]:
    """One grant in April and one in October for as long as the pupil is at most 22."""
    rows = []
    for year in village.period.years():
        for month in (4, 10):
            on = day_in(village.rnd, date(year, month, 1), first=5, last=25)
            if first <= on <= last and resident.age(on) <= 22:
                row = pay_once(village, resident, "JY01", on=on)
                rows += [row] if row else []
    return rows


def _give_jobs(village: Village, *, barred: set[str]) -> None:
    """One to three paid posts (cleaner, forest guard) for able people of the poorer households."""
    rnd, period = village.rnd, village.period
    busy = {row.person_key for row in village.rows.labour_day}
    able = [
        r for household in village.households if household.wealth < 0.25 for r in household.residents
        if 28 <= r.age(period.start) <= 62 and r.died is None and r.id_number not in barred | busy
    ]  # fmt: skip
    for resident in rnd.sample(able, min(len(able), rnd.randint(1, 3))):
        pay_monthly(village, resident, "GY01", first=period.start, last=period.end)


def _pay_for_machines(village: Village) -> None:
    """The grant for two in three of the machines registered in the period: some three tenths of the price."""
    rnd, period = village.rnd, village.period
    owners = {resident.id_number: resident for resident in village.residents}
    for vehicle in village.rows.vehicle:
        if (
            vehicle.kind in {"tractor", "harvester"}
            and vehicle.registered_on >= period.start
            and rnd.random() < 0.66
        ):
            fen = round((vehicle.price_fen or 0) * rnd.uniform(0.22, 0.32) / 10_000) * 10_000
            owner = owners[vehicle.owner_id]
            on = after(rnd, vehicle.registered_on, least=30, most=120)
            if owner.alive(on):
                pay_once(village, owner, "NJ01", on=on, fen=fen)


def _support_resettled(village: Village) -> None:
    """In one village of sixteen some households came from the bed of a reservoir."""
    rnd, period = village.rnd, village.period
    if rnd.random() < 1 / 16:
        for household in rnd.sample(village.households, min(len(village.households), rnd.randint(2, 5))):
            for resident in household.residents:
                pay_monthly(village, resident, "YM01", first=period.start, last=period.end)
