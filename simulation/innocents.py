"""Legitimate coincidences that look bad. They are planted everywhere, with or without wrongdoing nearby."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

from simulation.assets import let
from simulation.business import found
from simulation.innocents_wider import WIDER_COINCIDENCES
from simulation.labour import write_sheet
from simulation.ledger import receive
from simulation.records import Record, SubsidyPayment
from simulation.schemes.plots import without_support
from simulation.timeline import after, next_month, seasonal_day
from simulation.village import Household, Resident, Truth, Village
from simulation.welfare import PROGRAMMES, pay_monthly, pay_once
from simulation.works import ITEMS, WORKS_TENDER_FEN, buy, carry_out


def happen(village: Village) -> None:
    """Let each coincidence happen here with its own probability, where the village allows it."""
    for coincidence, chance in COINCIDENCES:
        if village.rnd.random() < chance:
            truth = coincidence(village)
            if truth is not None:
                village.truth.append(truth)


def _truth(
    name: str,
    rows: list[tuple[str, Record]],
    *,
    fen: int,
    days: list[date],
    subjects: list[str],
    officials: tuple[Resident, ...] = (),
    looks: float = 0.3,
) -> Truth:
    return Truth(
        scheme=name,
        kind="innocent",
        first_on=min(days),
        last_on=max(days),
        amount_fen=fen,
        officials=officials,
        subjects=tuple(dict.fromkeys(subjects)),
        register_rows=rows,
        conspicuous=looks,
    )


def _payments_truth(
    name: str, rows: list[SubsidyPayment], *, looks: float, officials: tuple[Resident, ...] = ()
) -> Truth:
    return _truth(
        name,
        [("subsidy_payment", row) for row in rows],
        fen=sum(row.amount_fen for row in rows),
        days=[row.pay_date for row in rows],
        subjects=[row.person_key for row in rows],
        officials=officials,
        looks=looks,
    )


def poor_relative_of_official(village: Village) -> Truth | None:
    """An official's relative is truly poor and rightly on subsistence allowance."""
    rnd = village.rnd
    free = without_support(village, least_wealth=0.0)
    official = rnd.choice(village.posts).resident
    households = [kin.household for kin in village.kin_apart(official) if kin.household in free]
    if not households:
        return None
    household = min(households, key=lambda h: h.wealth)
    household.wealth = 0.03
    _own_little(village, household)
    rows = [
        row
        for resident in household.residents
        for row in pay_monthly(village, resident, "MZ01", first=village.period.start, last=village.period.end)
    ]
    return (
        _payments_truth("poor_relative_of_official", rows, looks=0.45, officials=(official,))
        if rows
        else None
    )


def _own_little(village: Village, household: Household) -> None:
    """Whoever is truly poor has no car, no flat in town, no insured work."""
    people, rows = {resident.id_number for resident in household.residents}, village.rows
    rows.vehicle = [
        row for row in rows.vehicle if row.owner_id not in people or row.kind in {"motorcycle", "tricycle"}
    ]
    rows.house = [row for row in rows.house if row.owner_id not in people or row.price_fen is None]
    rows.social_insurance = [row for row in rows.social_insurance if row.person_key not in people]


def burial_grant_in_dead_name(village: Village) -> Truth | None:
    """The burial grant is paid, as it must be, after the death, and in the name of the dead."""
    for resident in village.residents:
        if resident.died is not None:
            row = pay_once(village, resident, "MZ09", on=after(village.rnd, resident.died, least=30, most=80))
            if row is not None:
                heirs = {r.id_number for r in resident.household.residents}
                village.rows.subsidy_payment = [
                    other
                    for other in village.rows.subsidy_payment
                    if other is row or other.programme_id != "MZ09" or other.person_key not in heirs
                ]
                return _payments_truth("burial_grant_in_dead_name", [row], looks=0.1)
    return None


def _monthly_of_the_dead(village: Village) -> list[tuple[Resident, date, list[SubsidyPayment]]]:
    """The dead of the period with their monthly payments, the last one last."""
    found_rows: dict[str, list[SubsidyPayment]] = {}
    for row in village.rows.subsidy_payment:
        if not PROGRAMMES[row.programme_id].one_off and PROGRAMMES[row.programme_id].unit == "person_month":
            found_rows.setdefault(row.person_key, []).append(row)
    told = {subject for truth in village.truth for subject in truth.subjects}
    return [
        (resident, resident.died, found_rows[resident.id_number])
        for resident in village.residents
        if resident.died is not None and resident.id_number in found_rows and resident.id_number not in told
    ]


def back_payment_after_death(village: Village) -> Truth | None:
    """Months before the death are paid late, after it: the money was due."""
    for _, died, rows in _monthly_of_the_dead(village):
        late = rows[-2:]
        paid_on = after(village.rnd, died, least=40, most=110)
        if paid_on in village.period:
            for row in late:
                row.pay_date = paid_on
            return _payments_truth("back_payment_after_death", late, looks=0.25)
    return None


def late_stop_paid_back(village: Village) -> Truth | None:
    """One payment runs on after a death because the news came late; the family pays it back."""
    for resident, died, rows in _monthly_of_the_dead(village):
        month = next_month(died)
        extra = pay_monthly(
            village, resident, rows[-1].programme_id, first=month, last=month, after_death=True
        )
        if extra:
            receive(
                village,
                on=after(village.rnd, extra[0].pay_date, least=20, most=60),
                account="其他收入",
                summary="收回死亡人员多发补助（待上缴）",
                fen=extra[0].amount_fen,
                payer=resident.household.head.id_number,
            )
            return _payments_truth("late_stop_paid_back", extra, looks=0.2)
    return None


def family_shares_account(village: Village) -> Truth | None:
    """Several workers of one family are paid to the one account that the family uses."""
    rnd = village.rnd
    officials = village.official_ids()
    families = [
        workers
        for household in village.households
        if len(
            workers := [
                r
                for r in household.residents
                if 20 <= r.age(village.period.start) <= 68 and r.died is None and r.id_number not in officials
            ]
        )
        >= 3
    ]
    if not families:
        return None
    crew = rnd.choice(families)
    rows = []
    for year in village.period.years():
        first = seasonal_day(rnd, year, (0, 0.2, 0.2, 0.2, 0.1, 0, 0, 0.1, 0.1, 0.1, 0, 0))
        days = [first + timedelta(days=step) for step in range(rnd.randint(2, 4))]
        rows += write_sheet(village, crew, days, job="绿化养护", account=crew[0].account)
    if not rows:
        return None
    return _truth(
        "family_shares_account",
        [("labour_day", row) for row in rows],
        fen=sum(row.amount_fen for row in rows),
        days=[row.work_date for row in rows],
        subjects=[row.person_key for row in rows],
    )


def hardship_lease_waiver(village: Village) -> Truth | None:
    """A tenant in hardship is let off the rent, by resolution and with the reason on file."""
    rnd, end = village.rnd, village.period.end
    tenant = min(village.households, key=lambda household: household.wealth).head
    lease = let(
        village,
        signed_on=end - timedelta(days=rnd.randint(1300, 2000)),
        tenant=tenant.id_number,
        years=10,
        method="negotiated",
        paid_until=end - timedelta(days=rnd.randint(500, 900)),
    )
    if lease is None:
        return None
    lease.exempt_reason = rnd.choice(("承租户因病致困，经村民代表会议决议减免", "水灾绝收，经决议减免租金"))
    return _truth(
        "hardship_lease_waiver",
        [("lease", lease)],
        fen=lease.annual_rent_fen or 0,
        days=[lease.signed_on, end],
        subjects=[lease.tenant_id],
        looks=0.4,
    )


def only_shop_of_small_village(village: Village) -> Truth | None:
    """A small village buys everything in its one shop, since there is no other."""
    if len(village.shops) != 1 or len(village.households) >= 70:
        return None
    rnd = village.rnd
    items = [item for item in ITEMS if item.trade == "shop"]
    rows = []
    for _ in range(rnd.randint(5, 10)):
        row = buy(village, rnd.choice(items), on=village.period.any_day(rnd), supplier=village.shops[0].code)
        rows += [row] if row else []
    return _truth(
        "only_shop_of_small_village",
        [("procurement", row) for row in rows],
        fen=sum(row.amount_fen for row in rows),
        days=[row.purchased_on for row in rows],
        subjects=[village.shops[0].code],
        looks=0.35,
    )


def urgent_repairs_after_flood(village: Village) -> Truth | None:
    """After a flood two or three urgent repairs go to the same near firm at once, each decided and reported."""
    rnd = village.rnd
    contractor = village.market.pick("builder", rnd).code
    flood = date(rnd.choice(list(village.period.years())), 7, rnd.randint(1, 25))
    rows = []
    for place in ("东侧", "西侧", "村口")[: rnd.randint(2, 3)]:
        project = carry_out(
            village,
            approved_on=flood + timedelta(days=rnd.randint(1, 15)),
            estimate_fen=round(WORKS_TENDER_FEN * rnd.uniform(0.3, 0.9) / 10_000) * 10_000,
            method="direct",
            contractor=contractor,
            name=f"水毁{place}路段应急抢险工程",
        )
        rows += [project] if project else []
    if not rows:
        return None
    return _truth(
        "urgent_repairs_after_flood",
        [("project", row) for row in rows],
        fen=sum(row.contract_fen or 0 for row in rows),
        days=[row.approved_on for row in rows],
        subjects=[contractor],
        looks=0.4,
    )


def kin_firm_at_fair_price(village: Village) -> Truth | None:
    """A firm of an official's relative wins by inquiry, at the usual price."""
    rnd = village.rnd
    officials = village.official_ids()
    official = rnd.choice(village.posts).resident
    relatives = [kin for kin in village.kin_apart(official) if kin.id_number not in officials]
    if not relatives:
        return None
    start = village.period.start
    firm = found(village, relatives[0], trade="supplier", kind="company", on=after(rnd, start, least=-2000, most=-100),
                 capital_yuan=300_000)  # fmt: skip
    rows = []
    for _ in range(rnd.randint(1, 4)):
        row = buy(village, rnd.choice(ITEMS), on=village.period.any_day(rnd), supplier=firm.code,
                  method=rnd.choice(("inquiry", "platform")))  # fmt: skip
        rows += [row] if row else []
    return _truth(
        "kin_firm_at_fair_price",
        [("procurement", row) for row in rows],
        fen=sum(row.amount_fen for row in rows),
        days=[row.purchased_on for row in rows],
        subjects=[relatives[0].id_number, firm.code],
        officials=(official,),
        looks=0.45,
    )


def lease_to_own_collective(village: Village) -> Truth | None:
    """The village lets a hall to its own cooperative, whose representative is the secretary by office."""
    if village.collective is None:
        return None
    secretary = village.holder("secretary", village.period.end)
    lease = let(
        village,
        signed_on=after(village.rnd, village.period.start, least=-400, most=300),
        tenant=village.collective.code,
        method="direct",
        years=5,
    )
    if lease is None:
        return None
    return _truth(
        "lease_to_own_collective",
        [("lease", lease)],
        fen=lease.annual_rent_fen or 0,
        days=[lease.signed_on],
        subjects=[village.collective.code],
        officials=(secretary,),
    )


def namesake_on_the_list(village: Village) -> Truth | None:
    """Somebody on subsistence allowance has the same name as an official and is no relation."""
    official = village.holder("director", village.period.end)
    kin = {relative.id_number for relative, _ in village.kin(official)}
    rows = [
        row
        for row in village.rows.subsidy_payment
        if row.programme_id == "MZ01" and row.person_key not in kin
    ]
    namesake = next((r for r in village.residents if rows and r.id_number == rows[0].person_key), None)
    if namesake is None:
        return None
    namesake.name = official.name
    mine = [row for row in rows if row.person_key == namesake.id_number]
    return _payments_truth("namesake_on_the_list", mine, looks=0.3, officials=(official,))


COINCIDENCES: Final[tuple[tuple[Callable[[Village], Truth | None], float], ...]] = (
    (poor_relative_of_official, 0.16),
    (burial_grant_in_dead_name, 0.30),
    (back_payment_after_death, 0.16),
    (late_stop_paid_back, 0.2),
    (family_shares_account, 0.22),
    (hardship_lease_waiver, 0.14),
    (only_shop_of_small_village, 0.7),
    (urgent_repairs_after_flood, 0.14),
    (kin_firm_at_fair_price, 0.12),
    (lease_to_own_collective, 0.12),
    (namesake_on_the_list, 0.12),
    *WIDER_COINCIDENCES,
)
"""Each coincidence with its probability in a village that allows it."""
