"""What households own: houses with their grades of danger, cars, motorcycles, farm machines."""

from __future__ import annotations

from datetime import date, timedelta

from simulation.records_wider import House, Vehicle
from simulation.timeline import after
from simulation.village import Household, Resident, Village


def own_things(village: Village) -> None:
    """A house for every household, a second one in town for some of the well-off, vehicles by wealth."""
    for household in village.households:
        _live(village, household)
        _drive(village, household)


def register_house(
    village: Village,
    owner: Resident,
    *,
    kind: str = "rural",
    area_m2: float,
    registered_on: date,
    price_fen: int | None = None,
    danger_grade: str | None = None,
    assessed_on: date | None = None,
) -> House:
    row = House(
        house_id=f"{village.code}F{village.serial('house', year=0).rsplit('-', 1)[1].zfill(5)}",
        owner_id=owner.id_number,
        village_code=village.code if kind == "rural" or village.plan.kind == "community" else None,
        kind=kind,
        area_m2=area_m2,
        price_fen=price_fen,
        danger_grade=danger_grade,
        assessed_on=assessed_on,
        registered_on=registered_on,
    )
    village.rows.house.append(row)
    return row


def _live(village: Village, household: Household) -> None:
    """The poor live small and in worse houses; whoever gets the renovation grant has a house found dangerous."""
    rnd, start = village.rnd, village.period.start
    registered = after(rnd, start, least=-4500, most=-500)
    area = round((70 + 190 * household.wealth) * rnd.uniform(0.8, 1.2), 1)
    rural = village.plan.kind == "village"
    house = register_house(village, household.head, kind="rural" if rural else "commodity", area_m2=area,
                           registered_on=registered)  # fmt: skip
    members = {resident.id_number for resident in household.residents}
    grant = next(
        (row for row in village.rows.subsidy_payment if row.programme_id == "ZJ01" and row.person_key in members),
        None,
    ) if household.wealth < 0.06 else None  # fmt: skip
    if grant is not None:
        house.danger_grade = rnd.choice(("c", "d"))
        house.assessed_on = grant.pay_date - timedelta(days=rnd.randint(60, 300))
        house.registered_on = min(house.registered_on, house.assessed_on)
        rebuilt = grant.pay_date - timedelta(days=rnd.randint(5, 50))
        house.rebuilt_on = rebuilt
    elif rural and rnd.random() < 0.35:
        weights = (5, 3, 2, 1) if household.wealth < 0.1 else (70, 25, 4, 0)
        house.danger_grade = rnd.choices(("a", "b", "c", "d"), weights)[0]
        house.assessed_on = after(rnd, start, least=-900, most=0)
    if household.wealth > 0.75 and rnd.random() < 0.35:
        size = round(rnd.uniform(85, 145), 1)
        register_house(village, household.head, kind="commodity", area_m2=size,
                       price_fen=round(size * rnd.uniform(4500, 8500)) * 100,
                       registered_on=after(rnd, start, least=-3000, most=300))  # fmt: skip


def register_vehicle(
    village: Village, owner: Resident, *, kind: str, price_yuan: float, on: date, commercial: bool = False
) -> Vehicle:
    row = Vehicle(
        vehicle_id=f"L99{village.code[4:]}{village.serial('vehicle', year=0).rsplit('-', 1)[1].zfill(5)}",
        owner_id=owner.id_number,
        kind=kind,
        price_fen=round(price_yuan / 100) * 10_000,
        commercial=commercial,
        registered_on=on,
    )
    village.rows.vehicle.append(row)
    return row


def _drive(village: Village, household: Household) -> None:
    rnd, period = village.rnd, village.period
    grown = [r for r in household.residents if 20 <= r.age(period.start) <= 70 and r.died is None]
    if not grown:
        return
    driver = min(grown, key=lambda r: abs(r.age(period.start) - 38))
    span = (period.end - period.start).days
    wealth = household.wealth
    if rnd.random() < max(0.0, wealth - 0.2) * 0.9:
        on = after(rnd, period.start, least=-2800, most=span)
        car = register_vehicle(village, driver, kind="car", on=on,
                               price_yuan=(45_000 + 240_000 * wealth**3) * rnd.lognormvariate(0, 0.25))  # fmt: skip
        if rnd.random() < 0.1:
            sold = after(rnd, on, least=200, most=2500)
            car.transferred_on = sold if sold <= period.end else None
    if rnd.random() < 0.3:
        register_vehicle(village, driver, kind=rnd.choice(("motorcycle", "motorcycle", "tricycle")),
                         on=after(rnd, period.start, least=-2000, most=span), price_yuan=rnd.uniform(2_500, 9_000))  # fmt: skip
    if wealth > 0.45 and rnd.random() < 0.03:
        register_vehicle(village, driver, kind="truck", on=after(rnd, period.start, least=-2500, most=-50),
                         price_yuan=rnd.uniform(60_000, 180_000), commercial=True)  # fmt: skip
    if household.holding_mu > 3 and rnd.random() < 0.05:
        register_vehicle(village, driver, kind=rnd.choice(("tractor", "tractor", "harvester")),
                         on=after(rnd, period.start, least=-1500, most=span - 60),
                         price_yuan=rnd.uniform(25_000, 110_000))  # fmt: skip
