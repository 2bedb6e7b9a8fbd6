"""Schemes with support for the poor, the disabled, the old and pupils, other than those of `assistance`."""

from __future__ import annotations

from datetime import date, timedelta

from simulation.benefits import aid_terms, pay_pension
from simulation.people import pass_away
from simulation.records import Record, SubsidyPayment
from simulation.records_wider import House
from simulation.schemes.plots import Plot, without_support
from simulation.timeline import next_month
from simulation.village import Household, Truth
from simulation.welfare import pay_monthly, pay_once


def shared_account_of_many(plot: Plot) -> Truth | None:
    """The allowances of several households run into one account that belongs to a relative of the official.

    Source: RED_FLAGS C5 (Jiawang: one account, many people). Changes the account of subsistence payments of three
    or more households; adds recipients if there are too few.
    """
    village = plot.village
    account = plot.confidant().account
    home = {r.id_number: r.household for r in village.residents}
    told = _told(plot)
    rows = [
        row
        for row in village.rows.subsidy_payment
        if row.programme_id in {"MZ01", "MZ02"} and row.period >= plot.start and row.person_key not in told
    ]
    wanted = plot.count(3, 7)
    houses: dict[str, Household] = {}
    for row in rows:
        houses.setdefault(home[row.person_key].id, home[row.person_key])
    for household in without_support(village, least_wealth=0.06):
        if len(houses) >= wanted:
            break
        if household.id not in houses:
            houses[household.id] = household
            rows += pay_monthly(village, household.head, "MZ01", first=plot.start, last=plot.end)
    chosen = set(list(houses)[:wanted])
    taken = [row for row in rows if home[row.person_key].id in chosen]
    if len({home[row.person_key].id for row in taken}) < 3:
        return None
    for row in taken:
        row.account_key = account
    return _payments(plot, "shared_account_of_many", taken)


def care_allowance_without_grade(plot: Plot) -> Truth | None:
    """The allowance for the care of the severely disabled is drawn for people who hold no certificate at all.

    Source: MISSION.md (special-care allowances), RED_FLAGS C3. Adds monthly payments for one to three residents.
    """
    village = plot.village
    certified = {row.person_key for row in village.rows.disability}
    paid = {row.person_key for row in village.rows.subsidy_payment if row.programme_id in {"MZ02", "MZ04"}}
    able = [
        r
        for household in without_support(village, least_wealth=0.2)
        for r in household.residents
        if r.id_number not in certified | paid and r.died is None and 30 <= r.age(plot.start) <= 75
    ]
    village.rnd.shuffle(able)
    rows = [
        row
        for resident in able[: plot.count(1, 3)]
        for row in pay_monthly(village, resident, "MZ04", first=plot.start, last=plot.end)
    ]
    return _payments(plot, "care_allowance_without_grade", rows) if rows else None


def renovation_of_sound_house(plot: Plot) -> Truth | None:
    """Money for dangerous houses goes to a family whose house was found sound, or which never had it examined.

    Source: MISSION.md row 2 (hardship assistance); RED_FLAGS C3 and C4. Adds renovation grants for houses of
    grade A or B, or of none.
    """
    village = plot.village
    houses = {row.owner_id: row for row in village.rows.house if row.kind == "rural"}
    rows: list[SubsidyPayment] = []
    sound: list[House] = []
    for household in without_support(village, least_wealth=0.35):
        house = houses.get(household.head.id_number)
        if house is None or house.danger_grade in {"c", "d"} or len(rows) >= plot.count(1, 4):
            continue
        on = plot.day()
        row = pay_once(village, household.head, "ZJ01", on=on)
        if row is not None:
            if house.danger_grade is None and village.rnd.random() < 0.6:
                house.danger_grade, house.assessed_on = "b", on - timedelta(days=100)
                house.registered_on = min(house.registered_on, house.assessed_on)
            rows.append(row)
            sound.append(house)
    if not rows:
        return None
    return _payments(plot, "renovation_of_sound_house", rows, also=[("house", house) for house in sound])


def pension_after_death(plot: Plot) -> Truth | None:
    """An old person dies; the family or the official says nothing, and the pension is drawn quarter by quarter.

    Source: RED_FLAGS C1 (Jiande, Lanzhou: benefits of the dead). Adds pension payments for quarters after death.
    """
    village = plot.village
    latest = plot.end - timedelta(days=240)
    drawn = {
        row.person_key: row.amount_fen for row in village.rows.subsidy_payment if row.programme_id == "YL01"
    }
    told = _told(plot)
    old = [r for r in village.residents if r.id_number in drawn and r.id_number not in told]
    dead = [r for r in old if r.died is not None and plot.start <= r.died <= latest]
    alive = sorted((r for r in old if r.died is None and r.age(plot.start) >= 70), key=lambda r: r.birth)
    if plot.start > latest or not (dead or alive):
        return None
    resident = dead[0] if dead else alive[0]
    died = resident.died or min(plot.day(margin=240), latest)
    if resident.died is None:
        pass_away(village, resident, died=died)
    rows = pay_pension(
        village,
        resident,
        first=next_month(died),
        last=next_month(died, steps=plot.count(7, 24)),
        account=plot.confidant().account if plot.intensity > 0.6 else None,
        after_death=True,
    )
    for row in rows:
        row.amount_fen = drawn[resident.id_number]
    return _payments(plot, "pension_after_death", rows) if rows else None


def education_aid_to_well_off(plot: Plot) -> Truth | None:
    """Aid for pupils of poor families is paid to the children of the well-off, relatives first.

    Source: MISSION.md (start-up support passed on a signature, hardship assistance); RED_FLAGS C3.
    Adds a grant each term for one to four pupils of households of some wealth.
    """
    village = plot.village
    kin = {relative.household.id for relative in plot.relatives()} | {plot.official.household.id}
    households = sorted(
        (h for h in village.households if h.wealth > 0.45), key=lambda h: (h.id not in kin, -h.wealth)
    )
    pupils = [r for h in households for r in h.residents if 12 <= r.age(plot.start) <= 19 and r.died is None]
    rows = [
        row
        for pupil in pupils[: plot.count(1, 4)]
        for row in aid_terms(village, pupil, first=plot.start, last=plot.end)
    ]
    return _payments(plot, "education_aid_to_well_off", rows) if rows else None


def _told(plot: Plot) -> set[str]:
    """People whom another story has already."""
    return {subject for truth in plot.village.truth for subject in truth.subjects}


def _payments(
    plot: Plot, scheme: str, rows: list[SubsidyPayment], *, also: list[tuple[str, Record]] | None = None
) -> Truth:
    listed: list[tuple[str, Record]] = [("subsidy_payment", row) for row in rows]
    for row in rows:
        row.handler_key = plot.official.id_number
    days: list[date] = [row.pay_date for row in rows]
    people: list[str] = [row.person_key for row in rows]
    return plot.truth(
        scheme, listed + (also or []), fen=sum(row.amount_fen for row in rows), days=days, subjects=people
    )
