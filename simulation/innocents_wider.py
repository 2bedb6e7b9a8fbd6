"""Legitimate coincidences in the registers of banks, hospitals, land, tenders and attendance that look bad."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from simulation.assets import let
from simulation.conduct import change_contract
from simulation.health import certify_disability, stay
from simulation.ledger import receive, spend
from simulation.records import Record
from simulation.staff import working_days
from simulation.tenders import offer, put_out
from simulation.timeline import after, next_month
from simulation.village import Resident, Truth, Village
from simulation.wealth import register_vehicle
from simulation.welfare import pay_monthly
from simulation.works import WORKS_TENDER_FEN, carry_out

MONTHLY: Final = frozenset({"MZ04", "MZ05", "MZ06", "MZ08"})


def innocent(
    name: str,
    rows: list[tuple[str, Record]],
    *,
    fen: int = 0,
    subjects: list[str],
    officials: tuple[Resident, ...] = (),
    looks: float = 0.3,
    village: Village,
) -> Truth:
    """The truth of a coincidence that spans the period."""
    return Truth(
        scheme=name, kind="innocent", first_on=village.period.start, last_on=village.period.end, amount_fen=fen,
        officials=officials, subjects=tuple(dict.fromkeys(subjects)), register_rows=rows, conspicuous=looks,
    )  # fmt: skip


def print_shop_computer(village: Village) -> Truth | None:
    """Two of five bidders have their bids bound and uploaded at the same print shop: one computer, nothing else alike."""
    rnd = village.rnd
    estimate = round(WORKS_TENDER_FEN * rnd.uniform(1.2, 4) / 10_000) * 10_000
    firms = rnd.sample(village.market.firms["builder"], 5)
    offers = [offer(firm, round(estimate * rnd.uniform(0.86, 0.97)), rnd=rnd) for firm in firms]
    offers.sort(key=lambda one: one.fen)
    offers[0] = replace(offers[0], won=True)
    shop = offers[1].desk
    offers[3] = replace(offers[3], desk=replace(offers[3].desk, device=shop.device, network=shop.network))
    held = put_out(
        village, title=f"{village.plan.name}沟渠疏浚工程", estimate_fen=estimate,
        published_on=after(rnd, village.period.start, least=10, most=300),
        buyer=village.market.public.towns[village.plan.town_code].code, offers=offers,
    )  # fmt: skip
    if held is None or not held.bids:
        return None
    both = {offers[1].firm.code, offers[3].firm.code}
    traces: list[tuple[str, Record]] = [
        ("bid_trace", row)
        for row in held.traces
        if row.bidder_id in both and row.kind in {"device", "network"}
    ]
    return innocent(
        "print_shop_computer", [("tender", held.tender), *traces], subjects=sorted(both), village=village
    )


def kin_rents_at_auction(village: Village) -> Truth | None:
    """A relative of an official rents by public auction as the highest bidder, above the usual rent, and pays."""
    official = village.rnd.choice(village.posts).resident
    relatives = [kin for kin in village.kin_apart(official) if kin.id_number not in village.official_ids()]
    if not relatives:
        return None
    signed = after(village.rnd, village.period.start, least=-500, most=200)
    lease = let(
        village, signed_on=signed, tenant=relatives[0].id_number, rent_factor=1.15, method="auction", years=5
    )
    if lease is None:
        return None
    return innocent("kin_rents_at_auction", [("lease", lease)], fen=lease.annual_rent_fen or 0, looks=0.4,
                    subjects=[lease.tenant_id], officials=(official,), village=village)  # fmt: skip


def disabled_relative_of_official(village: Village) -> Truth | None:
    """A relative of an official is truly and severely disabled, certified years ago, and draws the care allowance."""
    official = village.rnd.choice(village.posts).resident
    drawing = {row.person_key for row in village.rows.subsidy_payment if row.programme_id in {"MZ02", "MZ04"}}
    certified = {row.person_key for row in village.rows.disability}
    taken = drawing | certified | village.official_ids()
    for kin in village.kin_apart(official):
        if kin.id_number not in taken:
            first = village.period.start
            row = certify_disability(
                village, kin, severe=True, on=max(kin.birth, first - timedelta(days=1500))
            )
            rows = pay_monthly(village, kin, "MZ04", first=first, last=village.period.end)
            listed: list[tuple[str, Record]] = [
                ("disability", row),
                *(("subsidy_payment", paid) for paid in rows),
            ]
            return innocent("disabled_relative_of_official", listed, fen=sum(paid.amount_fen for paid in rows),
                            looks=0.4, subjects=[kin.id_number], officials=(official,), village=village)  # fmt: skip
    return None


def half_day_before_hospital(village: Village) -> Truth | None:
    """Somebody works in the morning, feels ill, and is admitted in the afternoon of the same day."""
    people = {r.id_number: r for r in village.residents}
    for row in village.rows.labour_day:
        worker = people.get(row.person_key)
        later = [(row.person_key, row.work_date + timedelta(days=step)) for step in range(1, 6)]
        if row.half_days == 1 and worker is not None and not any(day in village.worked for day in later):
            claim = stay(
                village, worker, admitted_on=row.work_date, days=5, even_at_work=True, diagnosis="K35.8"
            )
            if claim is not None:
                return innocent("half_day_before_hospital", [("labour_day", row), ("medical_claim", claim)],
                                fen=row.amount_fen, subjects=[row.person_key], looks=0.15, village=village)  # fmt: skip
    return None


def own_cooperative_builds(village: Village) -> Truth | None:
    """Villagers build a path themselves through their cooperative, whose representative is the secretary by office."""
    if village.collective is None:
        return None
    on = after(village.rnd, village.period.start, least=20, most=200)
    project = carry_out(
        village, approved_on=on, estimate_fen=2_400_000, method="self_build", name="村民自建便道工程"
    )
    if project is None:
        return None
    secretary = village.holder("secretary", on)
    return innocent("own_cooperative_builds", [("project", project)], fen=project.contract_fen or 0,
                    subjects=[village.collective.code], officials=(secretary,), village=village)  # fmt: skip


def lone_agent_of_remote_village(village: Village) -> Truth | None:
    """One agent covers a small village in the hills because no other comes so far; few policies, each paid by itself."""
    if len(village.households) > 90 or village.plan.terrain == "plain":
        return None
    rows = [row for row in village.rows.insurance_policy if row.kind == "house"]
    if not 3 <= len(rows) <= 60:
        return None
    for row in rows:
        row.insurer_id, row.agent_key = village.agents[0]
    listed: list[tuple[str, Record]] = [("insurance_policy", row) for row in rows]
    return innocent("lone_agent_of_remote_village", listed, fen=sum(row.premium_fen for row in rows),
                    subjects=[village.code], village=village)  # fmt: skip


def trip_entered_late(village: Village) -> Truth | None:
    """An official is on a course for a week; the days are entered afterwards by the supervisor as a trip, with order."""
    first = next_month(village.period.end, steps=-4)
    days = set(working_days(first, first + timedelta(days=8)))
    rows = [row for row in village.rows.attendance if row.work_date in days and row.status == "present"]
    mine = [row for row in rows if row.person_key == rows[0].person_key]
    if len(mine) < 3:
        return None
    for row in mine:
        row.status, row.in_hour, row.source = "trip", None, "corrected"
        row.recorder_key = village.holder("supervisor", row.work_date).id_number
    official = next(r for r in village.residents if r.id_number == mine[0].person_key)
    return innocent("trip_entered_late", [("attendance", row) for row in mine], subjects=[official.id_number],
                    officials=(official,), village=village)  # fmt: skip


def cheap_car_of_disabled(village: Village) -> Truth | None:
    """Somebody on subsistence allowance owns a small second-hand car that stands in for legs."""
    poor = {row.person_key for row in village.rows.subsidy_payment if row.programme_id == "MZ01"}
    grown = [
        r
        for r in village.residents
        if r.id_number in poor and not r.died and 25 <= r.age(village.period.start) <= 65
    ]
    certified = {row.person_key: row for row in village.rows.disability}
    if not grown:
        return None
    owner = grown[0]
    paper = certified.get(owner.id_number) or certify_disability(village, owner, severe=False)
    paper.category = "physical"
    car = register_vehicle(village, owner, kind="car", price_yuan=village.rnd.uniform(4_000, 12_000),
                           on=after(village.rnd, village.period.start, least=-900, most=-30))  # fmt: skip
    return innocent("cheap_car_of_disabled", [("vehicle", car), ("disability", paper)], fen=car.price_fen or 0,
                    subjects=[owner.id_number], looks=0.35, village=village)  # fmt: skip


def readmitted_on_medical_grounds(village: Village) -> Truth | None:
    """Discharged and, two days later, admitted again to a larger hospital with another diagnosis."""
    people = {r.id_number: r for r in village.residents}
    for claim in village.rows.medical_claim:
        if claim.kind == "inpatient" and claim.discharged_on is not None:
            again = stay(village, people[claim.person_key], admitted_on=claim.discharged_on + timedelta(days=2), days=8,
                         where=village.market.public.hospitals[0], diagnosis="I26.9")  # fmt: skip
            if again is not None:
                claim.diagnosis = "J18.9"
                return innocent("readmitted_on_medical_grounds", [("medical_claim", claim), ("medical_claim", again)],
                                fen=again.fund_fen, subjects=[claim.person_key], looks=0.1, village=village)  # fmt: skip
    return None


def price_raised_by_new_design(village: Village) -> Truth | None:
    """Rock is found under the road: a new design, a meeting, and the contract becomes a tenth dearer."""
    contract = next((row for row in village.rows.contract if row.kind == "works"), None)
    if contract is None:
        return None
    on = after(village.rnd, contract.signed_on, least=30, most=80)
    change = change_contract(
        village, contract, on=on, kind="price", factor=1.09, reason="开挖遇岩层，设计变更"
    )
    if change is None:
        return None
    return innocent("price_raised_by_new_design", [("contract", contract), ("contract_change", change)],
                    fen=(change.after_fen or 0) - (change.before_fen or 0), subjects=[contract.counterparty_id],
                    village=village)  # fmt: skip


def family_on_one_card(village: Village) -> Truth | None:
    """A poor family has its allowances paid to the one card that the household owns."""
    home = {r.id_number: r.household for r in village.residents}
    rows = [row for row in village.rows.subsidy_payment if row.programme_id == "MZ01"]
    for row in rows:
        household = home[row.person_key]
        mine = [other for other in rows if home[other.person_key] is household]
        if len({other.person_key for other in mine}) >= 2:
            for other in mine:
                other.account_key = household.head.account
            return innocent("family_on_one_card", [("subsidy_payment", other) for other in mine],
                            fen=sum(other.amount_fen for other in mine),
                            subjects=[other.person_key for other in mine], village=village)  # fmt: skip
    return None


def payment_booked_weeks_later(village: Village) -> Truth | None:
    """An urgent repair is paid at once by the bank, and the invoice comes, and is booked, only weeks later."""
    rnd = village.rnd
    on = after(rnd, village.period.start, least=40, most=280)
    entry = spend(village, on=on, account="公益支出", summary="抢修饮水管道（后补发票）", fen=rnd.randrange(8, 40) * 100_000,
                  payee=village.market.pick("supplier", rnd).code, method="bank")  # fmt: skip
    if entry is None or on + timedelta(days=60) > village.period.end:
        return None
    entry.posted_on = on + timedelta(days=50)
    entry.invoice_date = on + timedelta(days=45)
    return innocent("payment_booked_weeks_later", [("ledger_entry", entry)], fen=entry.amount_fen,
                    subjects=[entry.counterparty_id or ""], village=village)  # fmt: skip


def death_registered_late(village: Village) -> Truth | None:
    """The family reports a death months late; two payments ran on meanwhile, and it pays them back."""
    told = {subject for truth in village.truth for subject in truth.subjects}
    drawn = {
        row.person_key: row.programme_id
        for row in village.rows.subsidy_payment
        if row.programme_id in MONTHLY
    }
    for resident in village.residents:
        programme = drawn.get(resident.id_number)
        died = resident.died
        if programme is None or died is None or resident.id_number in told:
            continue
        known = died + timedelta(days=150)
        if known + timedelta(days=40) > village.period.end:
            continue
        resident.death_known = known
        first = next_month(died)
        rows = pay_monthly(
            village, resident, programme, first=first, last=next_month(first), after_death=True
        )
        receive(village, on=known + timedelta(days=20), account="其他收入", summary="收回迟报死亡人员多发补助（待上缴）",
                fen=sum(row.amount_fen for row in rows), payer=resident.household.head.id_number)  # fmt: skip
        return innocent("death_registered_late", [("subsidy_payment", row) for row in rows],
                        fen=sum(row.amount_fen for row in rows), subjects=[resident.id_number], looks=0.2,
                        village=village)  # fmt: skip
    return None


WIDER_COINCIDENCES: Final[tuple[tuple[Callable[[Village], Truth | None], float], ...]] = (
    (print_shop_computer, 0.06),
    (kin_rents_at_auction, 0.12),
    (disabled_relative_of_official, 0.12),
    (half_day_before_hospital, 0.25),
    (own_cooperative_builds, 0.14),
    (lone_agent_of_remote_village, 0.5),
    (trip_entered_late, 0.2),
    (cheap_car_of_disabled, 0.14),
    (readmitted_on_medical_grounds, 0.2),
    (price_raised_by_new_design, 0.14),
    (family_on_one_card, 0.2),
    (payment_booked_weeks_later, 0.2),
    (death_registered_late, 0.2),
)
"""Each coincidence with its probability in a village that allows it."""
