"""Village officials with their terms, and what the public purse pays them and others of the village."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from simulation.records import Official, Payroll
from simulation.timeline import day_in, next_month
from simulation.village import Post, Resident, Village

ELECTION_EVERY: Final = 5  # years; years divisible by it plus one are election years (2021, 2026, ...)
MONTHLY_FEN: Final = {
    "secretary": 360_000,
    "director": 320_000,
    "deputy": 280_000,
    "member": 240_000,
    "accountant": 260_000,
    "cashier": 200_000,
    "supervisor": 180_000,
    "town_staff": 480_000,
}
"""Approved monthly pay by post in the first year; it rises by 3 % a year."""
GROUP_LEADER_QUARTER_FEN: Final = 90_000
PARTY_POSTS: Final = frozenset({"secretary", "deputy", "town_staff"})


def appoint(village: Village) -> None:
    """Fill every post for each term that touches the period; two thirds of the holders are re-elected."""
    start, end = village.period.start, village.period.end
    opening = _election(start)
    held: dict[str, list[Resident]] = {}
    while opening <= end:
        closing = _election_after(opening)
        held = _elect(village, held, on=opening)
        for post, residents in held.items():
            for resident in residents:
                _serve(village, resident, post=post, opening=opening, closing=closing)
        opening = closing + timedelta(days=1)
    village.posts.sort(key=lambda post: (post.post != "secretary", post.start))


def _election(day: date) -> date:
    """The first day of the term in force on `day`: 10 January of an election year."""
    year = day.year - (day.year - 1) % ELECTION_EVERY
    opening = date(year, 1, 10)
    return opening if opening <= day else date(year - ELECTION_EVERY, 1, 10)


def _election_after(opening: date) -> date:
    return opening.replace(year=opening.year + ELECTION_EVERY) - timedelta(days=1)


def _elect(village: Village, before: dict[str, list[Resident]], *, on: date) -> dict[str, list[Resident]]:
    rnd = village.rnd
    size = len(village.households)
    seats = {
        "secretary": 1,
        "director": 1,
        "deputy": 1 if size > 70 else 0,
        "member": 3 if size > 110 else 2,
        "accountant": 1,
        "cashier": 1 if size > 50 else 0,
        "supervisor": 1,
        "group_leader": max(1, min(8, size // 28)),
        "town_staff": 1 if rnd.random() < 0.5 else 0,
    }
    candidates = [r for r in village.residents if 26 <= r.age(on) <= 60 and r.died is None]
    rnd.shuffle(candidates)
    chosen: dict[str, list[Resident]] = {}
    taken: set[str] = set()
    for post, number in seats.items():
        stay = [r for r in before.get(post, ()) if rnd.random() < 0.67 and r.id_number not in taken][:number]
        taken |= {r.id_number for r in stay}
        if post == "director" and not stay and rnd.random() < 0.55:
            stay = chosen["secretary"]  # one shoulder carries both loads
        while len(stay) < number and candidates:
            newcomer = candidates.pop()
            if newcomer.id_number not in taken:
                stay.append(newcomer)
                taken.add(newcomer.id_number)
        chosen[post] = stay
    return chosen


def _serve(village: Village, resident: Resident, *, post: str, opening: date, closing: date) -> None:
    """One term; the odd member or accountant leaves early and another resident takes over."""
    rnd = village.rnd
    end: date | None = closing if closing <= village.period.end else None
    if post in {"member", "accountant", "cashier"} and rnd.random() < 0.08:
        leaving = opening + timedelta(days=rnd.randint(400, 1500))
        heirs = [
            r
            for r in village.residents
            if 26 <= r.age(opening) <= 58 and r.died is None and r is not resident and rnd.random() < 0.3
        ]
        if leaving < village.period.end and heirs:
            _enter(village, Post(heirs[0], post, leaving + timedelta(days=1), end))
            end = leaving
    _enter(village, Post(resident, post, opening, end))


def _enter(village: Village, post: Post) -> None:
    town = post.post == "town_staff"
    village.posts.append(post)
    village.rows.official.append(
        Official(
            person_key=post.resident.id_number,
            village_code=village.code,
            unit_name=f"{village.plan.town_name}{'人民政府' if town else village.plan.name}",
            post=post.post,
            managing_authority=f"{village.plan.town_name}党委" if not town else "县委组织部",
            party_member=post.post in PARTY_POSTS or village.rnd.random() < 0.6,
            term_start=post.start,
            term_end=post.end,
        )
    )


def approved_pay_fen(post: str, year: int, *, first_year: int) -> int:
    """The approved monthly pay of a post, in whole ten yuan."""
    return round(MONTHLY_FEN[post] * 1.03 ** (year - first_year) / 1000) * 1000


def pay_officials(village: Village) -> None:
    """Monthly pay and a year-end bonus for officials (the better post pays), missed work for group leaders."""
    for month in village.period.months():
        paid: set[str] = set()
        ranked = sorted(village.posts, key=lambda post: -MONTHLY_FEN.get(post.post, 0))
        for held in ranked:
            if held.held(month) and held.resident.id_number not in paid:
                paid.add(held.resident.id_number)
                _pay_month(village, held, month)
    _pay_other_staff(village)


def _pay_month(village: Village, held: Post, month: date) -> None:
    if held.post == "group_leader":
        if month.month % 3 == 0:
            pay(village, held.resident, month, kind="missed_work", fen=GROUP_LEADER_QUARTER_FEN)
        return
    standard = approved_pay_fen(held.post, month.year, first_year=village.period.start.year)
    absent = village.rnd.random() < 0.02
    unit = f"{village.plan.town_name}人民政府" if held.post == "town_staff" else None
    fen = standard - 20_000 if absent else standard
    pay(village, held.resident, month, kind="salary", fen=fen, standard_fen=standard, unit=unit)
    if month.month == 12:
        bonus = standard * 2
        share = village.rnd.choice((0.8, 0.9, 1.0, 1.0))
        pay(
            village,
            held.resident,
            month,
            kind="bonus",
            fen=round(bonus * share),
            standard_fen=bonus,
            unit=unit,
        )


def pay(
    village: Village,
    resident: Resident,
    month: date,
    *,
    kind: str,
    fen: int,
    standard_fen: int | None = None,
    unit: str | None = None,
) -> Payroll | None:
    """One pay row, paid in the following month; None if that is after the period."""
    paid_on = day_in(village.rnd, next_month(month), first=8, last=15)
    if paid_on not in village.period:
        return None
    row = Payroll(
        person_key=resident.id_number,
        village_code=village.code,
        unit_name=unit or f"{village.plan.town_name}{village.plan.name}",
        period=month,
        pay_type=kind,
        amount_fen=fen,
        standard_fen=fen if standard_fen is None else standard_fen,
        pay_date=paid_on,
    )
    village.rows.payroll.append(row)
    return row


def _pay_other_staff(village: Village) -> None:
    """Teachers, nurses and station staff who live in the village."""
    rnd = village.rnd
    taken = village.official_ids()
    grown = [
        r
        for r in village.residents
        if 24 <= r.age(village.period.start) <= 54 and r.died is None and r.id_number not in taken
        and r.household.wealth > 0.3
    ]  # fmt: skip
    for resident in rnd.sample(grown, min(len(grown), rnd.randint(1, 3))):
        unit = village.plan.town_name + rnd.choice(("中心小学", "卫生院", "农技站", "文化站"))
        base = rnd.randrange(400_000, 700_000, 10_000)
        for month in village.period.months():
            pay(village, resident, month, kind="salary", fen=base, unit=unit)


def public_pay_ids(village: Village) -> set[str]:
    """ID numbers of everyone whom the public purse pays."""
    return {row.person_key for row in village.rows.payroll}
