"""Subsidy programmes with their standards, and who is rightly paid what, month by month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from simulation.office import public_pay_ids
from simulation.records import SubsidyPayment, SubsidyProgramme
from simulation.timeline import after, day_in, next_month
from simulation.village import Household, Resident, Village


@dataclass(frozen=True, slots=True)
class Programme:
    """A subsidy programme; `standard_fen` is for the first year and rises by `rise` a year; None: no two get the same."""

    id: str
    name: str
    category: str
    standard_fen: int | None
    unit: str | None
    needs_tested: bool = False
    one_off: bool = False
    rise: float = 0.0
    min_age: int | None = None
    exclusive_with: tuple[str, ...] = ()

    def standard(self, year: int, *, first_year: int) -> int | None:
        """The standard in force that year, in whole yuan."""
        if self.standard_fen is None:
            return None
        return round(self.standard_fen * (1 + self.rise) ** (year - first_year) / 100) * 100


PROGRAMMES: Final = {
    programme.id: programme
    for programme in (
        Programme("MZ01", "农村最低生活保障金", "subsistence", 52_000, "person_month", needs_tested=True, rise=0.06,
                  exclusive_with=("MZ02",)),
        Programme("MZ02", "农村特困人员供养金", "extreme_poverty", 98_000, "person_month", needs_tested=True,
                  rise=0.05, exclusive_with=("MZ01",)),
        Programme("MZ03", "困难残疾人生活补贴", "disability", 9_000, "person_month", needs_tested=True,
                  exclusive_with=("MZ02",)),
        Programme("MZ04", "重度残疾人护理补贴", "disability", 10_000, "person_month", exclusive_with=("MZ02",)),
        Programme("MZ05", "八十周岁以上高龄津贴", "old_age", 6_000, "person_month", min_age=80,
                  exclusive_with=("MZ06",)),
        Programme("MZ06", "九十周岁以上高龄津贴", "old_age", 15_000, "person_month", min_age=90,
                  exclusive_with=("MZ05",)),
        Programme("MZ07", "临时救助金", "temporary", 300_000, "once", needs_tested=True, one_off=True),
        Programme("MZ08", "优抚对象定期补助", "veteran", 72_000, "person_month", rise=0.05, min_age=60),
        Programme("MZ09", "丧葬补助金", "funeral", 120_000, "once", one_off=True),
        Programme("NY01", "耕地地力保护补贴", "farmland", 9_500, "mu_year"),
        Programme("LY01", "公益林生态效益补偿", "forestry", 1_600, "mu_year"),
        Programme("ZJ01", "农村危房改造补助", "housing", 2_000_000, "once", needs_tested=True, one_off=True),
        Programme("CL01", "残疾人创业扶持资金", "startup", 2_500_000, "once", one_off=True),
        Programme("YL01", "城乡居民基本养老金", "pension", None, None, min_age=60),
        Programme("JY01", "雨露计划职业教育补助", "education", 150_000, "once", needs_tested=True),
        Programme("GY01", "乡村公益性岗位补贴", "public_job", 80_000, "person_month", needs_tested=True),
        Programme("NJ01", "农机购置补贴", "machinery", None, "once", one_off=True),
        Programme("YM01", "移民后期扶持资金", "relocation", 5_000, "person_month"),
    )
}  # fmt: skip
POOR: Final = 0.06  # wealth below which a household truly lives in poverty


def programme_rows(years: range) -> list[SubsidyProgramme]:
    """One row a programme and year when its standard rises, else one row in all."""
    rows = []
    for programme in PROGRAMMES.values():
        versions = list(years) if programme.rise else [years[0]]
        for year in versions:
            rows.append(
                SubsidyProgramme(
                    programme_id=programme.id,
                    name=programme.name,
                    category=programme.category,
                    needs_tested=programme.needs_tested,
                    one_off=programme.one_off,
                    standard_fen=programme.standard(year, first_year=years[0]),
                    standard_unit=programme.unit,
                    min_age=programme.min_age,
                    exclusive_with="、".join(programme.exclusive_with) or None,
                    valid_from=date(year, 1, 1),
                    valid_to=date(year, 12, 31) if programme.rise and year != versions[-1] else None,
                )
            )
    return rows


def pay_subsidies(village: Village) -> None:
    """Everything that people are entitled to."""
    paid_by_state = public_pay_ids(village)
    for household in village.households:
        if household.wealth < POOR:
            _support_the_poor(village, household, barred=paid_by_state)
        _pay_for_land(village, household)
    _support_startups(village)
    kept_by_state = {row.person_key for row in village.rows.subsidy_payment if row.programme_id == "MZ02"}
    for resident in village.residents:
        _pay_for_age(village, resident)
        if resident.id_number not in kept_by_state:
            _pay_for_disability(village, resident)
        if resident.died is not None:
            _pay_for_funeral(village, resident, died=resident.died)


def _support_startups(village: Village) -> None:
    """The grant for a disabled person's own business, to one shop or farm in thirty: firms that exist."""
    founders = {
        row.person_key: row.from_date
        for row in village.rows.company_role
        if row.role == "legal_representative"
    }
    for resident in village.residents:
        if resident.id_number in founders and resident.died is None and village.rnd.random() < 1 / 30:
            pay_once(village, resident, "CL01", on=village.period.any_day(village.rnd))


def _support_the_poor(village: Village, household: Household, *, barred: set[str]) -> None:
    """Subsistence allowance for the whole household, or support for a lonely old person; sometimes more."""
    rnd, period = village.rnd, village.period
    if any(resident.id_number in barred for resident in household.residents):
        return
    first = period.start if rnd.random() < 0.7 else period.any_day(rnd)
    last = period.end if rnd.random() < 0.88 else period.any_day(rnd)
    alone = len(household.members) == 1 and household.head.age(first) >= 60
    for resident in household.residents:
        pay_monthly(village, resident, "MZ02" if alone else "MZ01", first=first, last=last)
    if rnd.random() < 0.15:
        day = period.any_day(rnd)
        if household.head.alive(day):
            pay_once(village, household.head, "ZJ01", on=day)
    for _ in range(rnd.choices((0, 1, 2), (6, 3, 1))[0]):
        day = period.any_day(rnd)
        if household.head.alive(day):
            pay_once(village, household.head, "MZ07", on=day, fen=rnd.randrange(50_000, 500_000, 10_000))


def _pay_for_land(village: Village, household: Household) -> None:
    forest = round(household.holding_mu * 2.2, 1) if village.plan.terrain == "mountain" else 0.0
    for year in village.period.years():
        for programme, area, month in (("NY01", household.holding_mu, 6), ("LY01", forest, 10)):
            if area > 0:
                pay_area(village, household.head, programme, mu=area, year=year, month=month)


def _pay_for_age(village: Village, resident: Resident) -> None:
    """Old-age allowance from the month after the birthday; its class changes at ninety."""
    period = village.period
    if resident.age(period.end) < 80:
        return
    eighty, ninety = (date(resident.birth.year + years, resident.birth.month, 1) for years in (80, 90))
    collector = _helper(resident) if village.rnd.random() < 0.12 else None
    for programme, first, last in (
        ("MZ05", eighty, next_month(ninety, steps=-1)),
        ("MZ06", ninety, period.end),
    ):
        if first <= period.end and last >= period.start:
            pay_monthly(village, resident, programme, first=next_month(first), last=last, collector=collector)


def _helper(resident: Resident) -> Resident | None:
    """A grown relative under the same roof who fetches the money."""
    others = [r for r in resident.household.residents if r is not resident and r.died is None]
    return max(others, key=lambda r: -abs(r.birth.year - resident.birth.year - 27), default=None)


def _pay_for_disability(village: Village, resident: Resident) -> None:
    chance = 0.012 + 0.0004 * max(0, resident.age(village.period.start) - 30)
    draw = village.rnd.random()
    if draw < chance * 0.45:
        pay_monthly(village, resident, "MZ04", first=village.period.start, last=village.period.end)
    elif draw < chance and resident.household.wealth < 0.5:
        pay_monthly(village, resident, "MZ03", first=village.period.start, last=village.period.end)
    elif draw < chance + 0.012 and resident.sex == "male" and resident.age(village.period.start) >= 60:
        pay_monthly(village, resident, "MZ08", first=village.period.start, last=village.period.end)


def _pay_for_funeral(village: Village, resident: Resident, *, died: date) -> None:
    """The burial grant goes to a relative in the household, if one is left."""
    heirs = [r for r in resident.household.residents if r.alive(died) and r is not resident]
    if heirs:
        pay_once(village, heirs[0], "MZ09", on=after(village.rnd, died, least=30, most=90))


def standard_fen(village: Village, programme_id: str, year: int) -> int:
    """The standard of a programme that has one.

    Raises:
        ValueError: every payment of this programme has its own amount.
    """
    standard = PROGRAMMES[programme_id].standard(year, first_year=village.period.start.year)
    if standard is None:
        raise ValueError(f"{programme_id} has no standard: give the amount")
    return standard


def pay_monthly(
    village: Village,
    resident: Resident,
    programme_id: str,
    *,
    first: date,
    last: date,
    collector: Resident | None = None,
    account: str | None = None,
    after_death: bool = False,
) -> list[SubsidyPayment]:
    """One payment a month from `first` to `last`, to the month of death unless told otherwise.

    Paid in the second half of the same month; payments after the period are left out.
    """
    rows = []
    month = max(first, village.period.start).replace(day=1)
    while month <= last:
        if resident.died is not None and month > resident.died and not after_death:
            break
        row = SubsidyPayment(
            programme_id=programme_id,
            person_key=resident.id_number,
            village_code=village.code,
            period=month,
            pay_date=day_in(village.rnd, month, first=14, last=26),
            amount_fen=standard_fen(village, programme_id, month.year),
            account_key=account or resident.account,
            collector_key=collector.id_number if collector else None,
            handler_key=village.holder("member", month).id_number,
        )
        if row.pay_date in village.period:
            rows.append(row)
        month = next_month(month)
    village.rows.subsidy_payment += rows
    return rows


def pay_once(
    village: Village,
    resident: Resident,
    programme_id: str,
    *,
    on: date,
    fen: int | None = None,
    account: str | None = None,
) -> SubsidyPayment | None:
    """A single grant for the month of `on`; None if that is after the period."""
    if on not in village.period:
        return None
    row = SubsidyPayment(
        programme_id=programme_id,
        person_key=resident.id_number,
        village_code=village.code,
        period=on.replace(day=1),
        pay_date=on,
        amount_fen=fen or standard_fen(village, programme_id, on.year),
        account_key=account or resident.account,
        handler_key=village.holder("member", on).id_number,
    )
    village.rows.subsidy_payment.append(row)
    return row


def pay_area(
    village: Village, resident: Resident, programme_id: str, *, mu: float, year: int, month: int
) -> SubsidyPayment | None:
    """A year's payment by area; None if the payee is dead by then or the day lies outside the period."""
    on = day_in(village.rnd, date(year, month, 1), first=8, last=25)
    payee = next((r for r in (resident, *resident.household.residents) if r.alive(on)), None)
    if on not in village.period or payee is None:
        return None
    row = SubsidyPayment(
        programme_id=programme_id,
        person_key=payee.id_number,
        village_code=village.code,
        period=date(year, month, 1),
        pay_date=on,
        amount_fen=round(mu * standard_fen(village, programme_id, year)),
        quantity=mu,
        account_key=payee.account,
        handler_key=village.holder("member", on).id_number,
    )
    village.rows.subsidy_payment.append(row)
    return row
