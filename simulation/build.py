"""One whole village: people, offices, money, paper; then coincidences and, in some villages, wrongdoing."""

from __future__ import annotations

from datetime import date
from random import Random

from simulation.assets import let_assets
from simulation.business import open_firms
from simulation.county import Market, VillagePlan
from simulation.innocents import happen
from simulation.labour import hire
from simulation.ledger import keep_books, number_vouchers
from simulation.office import appoint, pay_officials
from simulation.paper import hire_services, use_seals
from simulation.people import Settlement, register_people
from simulation.records import Division
from simulation.schemes import plot
from simulation.timeline import Period
from simulation.village import Village
from simulation.welfare import pay_subsidies
from simulation.works import build, purchase


def build_village(
    plan: VillagePlan, *, period: Period, market: Market, seed: int, wrongdoing_rate: float
) -> Village:
    """Everything that the registers know about a village in the period, and the truth about it."""
    village = Village(plan, period, market, Random(f"{seed}:village:{plan.code}"))
    village.sloppiness = village.rnd.betavariate(1.1, 5)
    Settlement(village).settle()
    appoint(village)
    open_firms(village)
    pay_officials(village)
    pay_subsidies(village)
    hire(village)
    build(village)
    purchase(village)
    let_assets(village)
    hire_services(village)
    use_seals(village)
    keep_books(village)
    happen(village)
    plot(village, rate=wrongdoing_rate)
    register_people(village)
    number_vouchers(village)
    village.rows.division.append(_division(village))
    return village


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
