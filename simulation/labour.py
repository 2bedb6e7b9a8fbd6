"""Casual labour for the village: work sheets, days worked, and the voucher that pays each sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from simulation.ledger import spend
from simulation.records import LabourDay
from simulation.timeline import EVEN, FLOOD_SEASON, after, seasonal_day
from simulation.village import Resident, Village

JOBS: Final = (
    ("村庄保洁", EVEN, 5),
    ("沟渠清淤", FLOOD_SEASON, 3),
    ("防汛值守", FLOOD_SEASON, 2),
    ("道路维修", EVEN, 3),
    ("绿化养护", EVEN, 3),
    ("环境整治", EVEN, 4),
    ("护林防火", (0.2, 0.2, 0.15, 0.1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.05, 0.1, 0.2), 2),
)
"""Job, its season, and how usual it is."""
DAY_RATES_FEN: Final = (12_000, 13_000, 15_000, 16_000, 18_000)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What all rows of one work sheet share. `rate_fen` is for a whole day of two half-days."""

    no: str
    job: str
    rate_fen: int
    confirmed_on: date
    pay_date: date
    confirmer: Resident


def day_rate_fen(village: Village) -> int:
    """The village's approved day rate: the same for every job and worker."""
    return DAY_RATES_FEN[int(village.code[-2:]) % len(DAY_RATES_FEN)]


def hire(village: Village) -> None:
    """About a dozen sheets a year for a regular pool of able people who are not officials."""
    rnd, period = village.rnd, village.period
    taken = village.official_ids()
    able = [
        r
        for r in village.residents
        if 24 <= r.age(period.start) <= 66 and r.died is None and r.id_number not in taken
    ]
    if not able:
        return
    pool = rnd.sample(able, max(1, len(able) * 3 // 10))
    jobs, weights = zip(*(((job, season), weight) for job, season, weight in JOBS), strict=True)
    for year in period.years():
        for _ in range(round(9 + len(village.households) / 14 + rnd.random() * 3)):
            job, season = rnd.choices(jobs, weights)[0]
            first_day = seasonal_day(rnd, year, season)
            crew = rnd.sample(pool, min(len(pool), rnd.randint(2, 8)))
            days = [first_day + timedelta(days=step) for step in range(rnd.choice((1, 2, 3, 3, 4, 6)))]
            write_sheet(village, crew, days, job=job)


def open_sheet(village: Village, *, job: str, last_day: date) -> Sheet:
    """Number, rate and dates of a new sheet; confirmed on the last day, paid 8 to 40 days later."""
    return Sheet(
        no=village.serial("YG", year=last_day.year),
        job=job,
        rate_fen=day_rate_fen(village),
        confirmed_on=last_day + timedelta(days=village.rnd.randint(1, 7) if village.slips(0.5) else 0),
        pay_date=after(village.rnd, last_day, least=8, most=40),
        confirmer=village.holder("supervisor", last_day),
    )


def write_sheet(
    village: Village,
    crew: Sequence[Resident],
    days: Sequence[date],
    *,
    job: str,
    account: str | None = None,
) -> list[LabourDay]:
    """A sheet on which everybody in the crew worked on the days they had no other work.

    Leaves everything out when it would be paid after the period, for then it is not on file yet.
    """
    sheet = open_sheet(village, job=job, last_day=max(days))
    if sheet.pay_date not in village.period or min(days) not in village.period:
        return []
    rows = []
    for worker in crew:
        for day in days:
            if (worker.id_number, day) not in village.worked:
                village.worked.add((worker.id_number, day))
                half_days = 1 if village.rnd.random() < 0.18 else 2
                rows.append(day_row(village, sheet, worker, day=day, half_days=half_days, account=account))
    pay_sheet(village, sheet, rows, payee=crew[0])
    return rows


def day_row(
    village: Village,
    sheet: Sheet,
    worker: Resident,
    *,
    day: date,
    half_days: int = 2,
    account: str | None = None,
) -> LabourDay:
    return LabourDay(
        village_code=village.code,
        sheet_no=sheet.no,
        person_key=worker.id_number,
        work_date=day,
        job=sheet.job,
        half_days=half_days,
        rate_fen=sheet.rate_fen,
        amount_fen=sheet.rate_fen * half_days // 2,
        account_key=account or worker.account,
        confirmer_key=sheet.confirmer.id_number,
        confirmed_on=sheet.confirmed_on,
        pay_date=sheet.pay_date,
    )


def pay_sheet(village: Village, sheet: Sheet, rows: Sequence[LabourDay], *, payee: Resident) -> None:
    """File the rows and one voucher for their sum."""
    if not rows:
        return
    village.rows.labour_day += rows
    spend(
        village,
        on=sheet.pay_date,
        account="应付劳务费",
        summary=f"付{sheet.confirmed_on.month}月{sheet.job}用工费（{sheet.no}）",
        fen=sum(row.amount_fen for row in rows),
        payee=payee.id_number,
        invoice=False,
    )
