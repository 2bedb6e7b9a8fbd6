"""Schemes with casual labour: people who did not work, days that do not exist, officials paid twice."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from simulation.institutions import insure
from simulation.labour import JOBS, day_row, open_sheet, pay_sheet
from simulation.records import LabourDay, Record, SubsidyPayment
from simulation.records_wider import SocialInsurance
from simulation.schemes.plots import Plot
from simulation.staff import free_workers
from simulation.timeline import next_month
from simulation.village import Resident, Truth
from simulation.welfare import pay_monthly


def invented_labour(plot: Plot) -> Truth | None:
    """Work sheets with names of people who did not and could not work; the money goes to one account.

    Source: MISSION.md (casual labour over-reported and invented in 31 villages); RED_FLAGS D3, D5, D7.
    Adds sheets with the same roster of very old and of dead residents, paid to the official's family.
    """
    village = plot.village
    days = [plot.day() for _ in range(plot.count(2, 9))]
    frail = [r for r in village.residents if r.age(plot.start) >= 76 or not r.alive(plot.start)]
    others = [r for r in village.residents if 60 <= r.age(plot.start) < 76 and r.died is None]
    roster = (frail + others)[: plot.count(3, 8)]
    if len(roster) < 2:
        return None
    rows: list[LabourDay] = []
    for last_day in days:
        span = [last_day - timedelta(days=step) for step in range(plot.count(2, 6))]
        rows += _fake_sheet(plot, roster, span, account=plot.confidant().account)
    return _labour_truth(plot, "invented_labour", rows) if rows else None


def overreported_days(plot: Plot) -> Truth | None:
    """Half-days are written as whole ones and whole ones as two, until a month has more days than the calendar.

    Source: RED_FLAGS D1 and D2 (Zhuji: 半工上一工、一工算两工). Adds sheets on which a few real workers have
    four half-days a day for most of a month.
    """
    village = plot.village
    regular = list(dict.fromkeys(row.person_key for row in village.rows.labour_day))
    crew = [r for r in village.residents if r.id_number in regular and r.died is None][: plot.count(1, 4)]
    rows: list[LabourDay] = []
    for _ in range(plot.count(1, 4)):
        first = next_month(plot.day(margin=120))
        span = [first + timedelta(days=step) for step in range(plot.count(17, 27))]
        rows += _fake_sheet(plot, crew, span, half_days=4)
    return _labour_truth(plot, "overreported_days", rows) if rows else None


def official_draws_labour(plot: Plot) -> Truth | None:
    """An official who is paid for the post draws labour pay as well, in the office's hours.

    Source: MISSION.md (54 cadres drew labour pay, CNY 160,000 back); RED_FLAGS D4. Adds days of the official
    to sheets of the village.
    """
    rows: list[LabourDay] = []
    for _ in range(plot.count(2, 10)):
        last_day = plot.day()
        span = [last_day - timedelta(days=step) for step in range(plot.count(1, 5))]
        rows += _fake_sheet(plot, [plot.official], span)
    return _labour_truth(plot, "official_draws_labour", rows) if rows else None


def labour_of_absent_workers(plot: Plot) -> Truth | None:
    """Names of villagers who work for firms elsewhere are put on the sheets; the pay goes to one account.

    Source: RED_FLAGS D3 and D5; MISSION.md (casual labour over-reported and invented). Adds sheets with residents
    whom an employer insures in the same months.
    """
    village = plot.village
    insured = {row.person_key for row in village.rows.social_insurance if row.period >= plot.start}
    away = [r for r in village.residents if r.id_number in insured and r.died is None]
    crew = away[: plot.count(2, 6)]
    rows: list[LabourDay] = []
    for _ in range(plot.count(2, 7)):
        last_day = plot.day()
        span = [last_day - timedelta(days=step) for step in range(plot.count(2, 6))]
        rows += _fake_sheet(plot, crew, span, account=plot.confidant().account)
    return _labour_truth(plot, "labour_of_absent_workers", rows) if rows else None


def job_without_work(plot: Plot) -> Truth | None:
    """A public job goes to somebody close to the official who in truth works for a firm elsewhere.

    Source: MISSION.md (hardship assistance, labour) and RED_FLAGS C2, C9: paid job and insurance elsewhere overlap.
    Pays the job month by month to one or two people whom an employer insures.
    """
    village, end = plot.village, plot.end
    relatives = {kin.id_number for kin in plot.relatives()}
    free = sorted(free_workers(village), key=lambda r: r.id_number not in relatives)
    rows: list[SubsidyPayment] = []
    insured: list[SocialInsurance] = []
    for worker in free[: plot.count(1, 2)]:
        firm = village.market.pick("supplier", village.rnd)
        insured += insure(firm.code, worker.id_number, rnd=village.rnd, first=plot.start, last=end, end=end)
        rows += pay_monthly(village, worker, "GY01", first=plot.start, last=end)
    if not rows:
        return None
    village.rows.social_insurance += insured
    for row in rows:
        row.handler_key = plot.official.id_number
    listed: list[tuple[str, Record]] = [("subsidy_payment", row) for row in rows]
    listed += [("social_insurance", row) for row in insured]
    return plot.truth(
        "job_without_work",
        listed,
        fen=sum(row.amount_fen for row in rows),
        days=[row.pay_date for row in rows],
        subjects=[row.person_key for row in rows],
    )


def _fake_sheet(
    plot: Plot,
    crew: list[Resident],
    days: Iterable[date],
    *,
    half_days: int = 2,
    account: str | None = None,
) -> list[LabourDay]:
    """A sheet that nobody checked: everybody on it, every day, confirmed by the plotter."""
    village = plot.village
    worked = sorted(day for day in days if day in village.period)
    if not worked or not crew:
        return []
    sheet = open_sheet(village, job=village.rnd.choice(JOBS)[0], last_day=worked[-1])
    if sheet.pay_date not in village.period:
        return []
    rows = [
        day_row(village, sheet, worker, day=day, half_days=half_days, account=account)
        for worker in crew
        for day in worked
    ]
    for row in rows:
        row.confirmer_key = plot.official.id_number
    pay_sheet(village, sheet, rows, payee=crew[0])
    return rows


def _labour_truth(plot: Plot, scheme: str, rows: list[LabourDay]) -> Truth:
    listed: list[tuple[str, Record]] = [("labour_day", row) for row in rows]
    return plot.truth(
        scheme,
        listed,
        fen=sum(row.amount_fen for row in rows),
        days=[row.work_date for row in rows],
        subjects=[row.person_key for row in rows],
    )
