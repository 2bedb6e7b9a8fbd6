"""One whole village: people, offices, money, paper; then coincidences and, in some villages, wrongdoing."""

from __future__ import annotations

from datetime import date
from random import Random

from simulation.assets import keep_assets, let_assets
from simulation.bank import draw_statement
from simulation.benefits import pay_benefits
from simulation.business import open_firms
from simulation.conduct import change_some, punish_some
from simulation.county import Market, VillagePlan
from simulation.cover import insure_village
from simulation.health import certify_all, treat
from simulation.innocents import happen
from simulation.labour import hire
from simulation.land import register_land, take_some_land
from simulation.ledger import keep_books, number_vouchers
from simulation.meetings import meet
from simulation.office import appoint, pay_officials
from simulation.paper import hire_services, use_seals
from simulation.people import register_people, settle
from simulation.records import Division
from simulation.records_wider import Unit
from simulation.schemes import plot
from simulation.staff import insure_workers, keep_attendance
from simulation.tenders import hold_tenders
from simulation.timeline import Period
from simulation.village import Village
from simulation.wealth import own_things
from simulation.welfare import pay_subsidies
from simulation.works import build, purchase


def build_village(
    plan: VillagePlan, *, period: Period, market: Market, seed: int, wrongdoing_rate: float
) -> Village:
    """Everything that the registers know about a village in the period, and the truth about it."""
    village = honest_village(plan, period=period, market=market, seed=seed)
    happen(village)
    plot(village, rate=wrongdoing_rate)
    close_books(village)
    return village


def honest_village(plan: VillagePlan, *, period: Period, market: Market, seed: int) -> Village:
    """A village in which all goes as it should, its books still open."""
    village = Village(plan, period, market, Random(f"{seed}:village:{plan.code}"))
    village.sloppiness = village.rnd.betavariate(1.1, 5)
    village.account = market.issuer.account()
    for step in (
        settle, appoint, open_firms, pay_officials, pay_subsidies, hire, own_things, pay_benefits,
        build, purchase, let_assets, keep_assets, hire_services, use_seals, keep_books, meet, hold_tenders,
        change_some, register_land, take_some_land, certify_all, treat, insure_village, insure_workers,
        keep_attendance, punish_some,
    ):  # fmt: skip
        step(village)
    return village


def close_books(village: Village) -> None:
    """What is drawn up last: registers of people, the bank's statement, voucher numbers, the village itself."""
    register_people(village)
    draw_statement(village)
    number_vouchers(village)
    village.rows.division.append(_division(village))
    village.rows.unit += _units(village)


def _units(village: Village) -> list[Unit]:
    """The village committee and its collective, under the town."""
    plan, market = village.plan, village.market
    kinds = [("village", market.issuer.credit_code("54"), f"{plan.town_name}{plan.name}委员会")]
    if village.collective is not None:
        kinds.append(("collective", village.collective.code, village.collective.name))
    return [
        Unit(unit_id=code, name=name, kind=kind, division_code=plan.code,
             parent_unit_id=market.public.towns[plan.town_code].code, established_on=date(village.period.start.year - 9, 1, 1))
        for kind, code, name in kinds
    ]  # fmt: skip


def _division(village: Village) -> Division:
    plan, rnd = village.plan, village.rnd
    held = sum(household.holding_mu for household in village.households)
    common = sum(lease.area_mu or 0 for lease in village.rows.lease if lease.asset_kind == "arable")
    return Division(
        division_code=plan.code,
        name=plan.name,
        level="village",
        parent_code=plan.town_code,
        kind=plan.kind,
        population=round(sum(1 for _ in village.residents) * rnd.uniform(0.95, 1.06)),
        households=len(village.households),
        arable_mu=round(held * rnd.uniform(1.0, 1.05) + common, 1),
        terrain=plan.terrain,
        longitude=plan.longitude,
        latitude=plan.latitude,
        valid_from=date(village.period.start.year - 4, 1, 1),
    )
