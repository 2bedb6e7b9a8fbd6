"""Attendance of officials, and who in the village is insured by an employer."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from simulation.institutions import insure
from simulation.records_wider import Attendance
from simulation.village import Post, Resident, Village

WATCHED: Final = ("secretary", "director", "accountant", "town_staff")
WATCHED_DAYS: Final = 240  # the books of attendance go back this far from the day of delivery
HOLIDAYS: Final = frozenset({(1, 1), (5, 1), (10, 1), (10, 2), (10, 3)})
EMPLOYED_SHARE: Final = 0.012


def first_watched(village: Village) -> date:
    return max(village.period.start, village.period.end - timedelta(days=WATCHED_DAYS))


def working_days(first: date, last: date) -> Iterator[date]:
    day = first
    while day <= last:
        if day.weekday() < 5 and (day.month, day.day) not in HOLIDAYS:
            yield day
        day += timedelta(days=1)


def keep_attendance(village: Village) -> None:
    """A line a working day for the secretary, director, accountant and town staff, over the last eight months."""
    seen: set[str] = set()
    for post in village.posts:
        if post.post in WATCHED and post.resident.id_number not in seen:
            seen.add(post.resident.id_number)
            last = min(village.period.end, post.end or village.period.end)
            for day in working_days(max(first_watched(village), post.start), last):
                attend(village, post, day)


def attend(village: Village, post: Post, day: date) -> Attendance:
    """One day: nearly always there, by the clock; ill while in hospital, now and then on leave or on a trip."""
    rnd = village.rnd
    draw = rnd.random()
    hour: int | None = rnd.choice((7, 8, 8, 8))
    status, source = "present", "machine"
    if (post.resident.id_number, day) in village.worked:
        status, hour = "sick", None
    elif draw < 0.03:
        status, hour = "leave", None
    elif draw < 0.055:
        status, hour, source = "trip", None, rnd.choice(("corrected", "machine"))
    elif draw < 0.08:
        status, hour = "late", 9
    elif draw < 0.2:
        source = "manual"
    recorder = None if source == "machine" else village.holder("supervisor", day).id_number
    row = Attendance(
        person_key=post.resident.id_number,
        village_code=village.code,
        unit_name=f"{village.plan.town_name}{'人民政府' if post.post == 'town_staff' else village.plan.name}",
        work_date=day,
        status=status,
        in_hour=hour,
        source=source if status != "sick" else "manual",
        recorder_key=recorder if status != "sick" else village.holder("supervisor", day).id_number,
    )
    village.rows.attendance.append(row)
    return row


def insure_workers(village: Village) -> None:
    """Companies of the village insure one to two people of it or nobody; some residents work for firms elsewhere."""
    rnd, period = village.rnd, village.period
    free = free_workers(village)
    rnd.shuffle(free)
    for company in village.rows.company:
        if company.kind == "company" and company.status == "active":
            for _ in range(rnd.choice((0, 0, 1, 2))):
                if free:
                    _employ(
                        village,
                        company.company_id,
                        free.pop(),
                        first=max(period.start, company.registered_on),
                    )
    for _ in range(round(sum(1 for _ in village.residents) * EMPLOYED_SHARE)):
        if free:
            firm = village.market.pick(rnd.choice(("supplier", "service")), rnd)
            _employ(village, firm.code, free.pop(), first=period.start)


def free_workers(village: Village) -> list[Resident]:
    """Grown residents with no public pay, post, allowance, shop or casual labour in the village."""
    taken = village.official_ids() | {row.person_key for row in village.rows.payroll}
    taken |= {row.person_key for row in village.rows.subsidy_payment}
    taken |= {row.person_key for row in village.rows.labour_day}
    taken |= {row.person_key for row in village.rows.company_role}
    return [
        resident
        for resident in village.residents
        if 22 <= resident.age(village.period.start) <= 54
        and resident.died is None
        and resident.id_number not in taken
    ]


def _employ(village: Village, payer: str, worker: Resident, *, first: date) -> None:
    end = village.period.end
    village.rows.social_insurance += insure(
        payer, worker.id_number, rnd=village.rnd, first=first, last=end, end=end
    )
