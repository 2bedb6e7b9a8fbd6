"""Parcels of the contracted and the common land; and, in a few villages, land that the state takes and pays for."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from simulation.ledger import receive
from simulation.meetings import decide
from simulation.records_wider import LandCompensation, LandParcel
from simulation.timeline import after
from simulation.village import Household, Resident, Village
from simulation.welfare import standard_fen

TAKING_CHANCE: Final = 0.09
PRICES_FEN: Final = {
    "land": 4_200_000,
    "resettlement": 2_400_000,
    "seedlings": 180_000,
    "attachments": 60_000,
}
"""Standards a mu; of the land price the households get seven tenths, the collective the rest."""
HOUSEHOLD_SHARE: Final = 0.7
USES: Final = {"arable": "dry", "forest": "forest", "pond": "pond"}


def register_land(village: Village) -> None:
    """One to four parcels a household that add up to its holding, its share of the wood, and the common land."""
    rnd = village.rnd
    on = date(village.period.start.year - rnd.randint(5, 8), rnd.randint(1, 12), rnd.randint(1, 28))
    for household in village.households:
        left = household.holding_mu
        if left <= 0:
            continue
        pieces = min(4, 1 + int(rnd.expovariate(0.9)))
        for turn in range(pieces):
            area = left if turn == pieces - 1 else round(left * rnd.uniform(0.2, 0.7), 2)
            use = "paddy" if village.plan.terrain != "mountain" and rnd.random() < 0.6 else "dry"
            if area > 0:
                parcel(village, land_use=use, area_mu=round(area, 2), on=on, household=household)
            left = round(left - area, 2)
        if village.plan.terrain == "mountain":
            wood = round(household.holding_mu * 2.2, 1)
            parcel(village, land_use="forest", area_mu=wood, on=on, household=household)
    for asset in village.rows.asset:
        if asset.kind in USES and asset.area_mu:
            parcel(village, land_use=USES[asset.kind], area_mu=asset.area_mu, on=on)


def parcel(
    village: Village, *, land_use: str, area_mu: float, on: date, household: Household | None = None
) -> LandParcel:
    """A surveyed parcel, contracted by a household or held in common."""
    number = village.serial("parcel", year=0).rsplit("-", 1)[1].zfill(5)
    row = LandParcel(
        parcel_id=f"{village.code}00{number}",
        village_code=village.code,
        owner_kind="household" if household else "collective",
        contractor_key=household.head.id_number if household else None,
        household_id=household.id if household else None,
        land_use=land_use,
        area_mu=area_mu,
        registered_on=on,
    )
    village.rows.land_parcel.append(row)
    return row


def take_some_land(village: Village) -> None:
    """In one village of eleven a road or works takes a field from some households and a piece of common land."""
    rnd = village.rnd
    if village.plan.kind != "village" or rnd.random() >= TAKING_CHANCE:
        return
    agreed = after(
        rnd, village.period.start, least=60, most=(village.period.end - village.period.start).days - 90
    )
    fields = [
        row
        for row in village.rows.land_parcel
        if row.owner_kind == "household" and row.land_use in {"paddy", "dry"}
    ]
    taking = open_taking(village, on=agreed)
    for field in rnd.sample(fields, min(len(fields), rnd.randint(5, 18))):
        compensate(village, field, taking=taking, agreed_on=agreed + timedelta(days=rnd.randint(0, 40)))
    common = [
        row for row in village.rows.land_parcel if row.owner_kind == "collective" and row.land_use == "dry"
    ]
    if common:
        _compensate_collective(village, common[0], taking=taking, agreed_on=agreed)


def open_taking(village: Village, *, on: date) -> str:
    """The number of a land taking in this village, after a meeting about the compensation."""
    decide(village, on, matter="land", title="征地补偿分配方案")
    return village.document("ZD", year=on.year)


def compensate(
    village: Village,
    field: LandParcel,
    *,
    taking: str,
    agreed_on: date,
    payee: Resident | None = None,
    area_mu: float | None = None,
    items: tuple[str, ...] = ("land", "resettlement", "seedlings", "attachments"),
) -> list[LandCompensation]:
    """The agreement on one parcel, item by item; the farm subsidy stops for the area that is gone.

    `payee` and `area_mu` are those of the parcel unless told otherwise. Nothing if the agreement is not on file
    in time.
    """
    if agreed_on > village.period.end:
        return []
    owner = payee or _owner(village, field, on=agreed_on)
    if owner is None:
        return []
    number = village.document("BC", year=agreed_on.year)
    rnd, area = village.rnd, area_mu or field.area_mu
    paid, published = after(rnd, agreed_on, least=10, most=60), after(rnd, agreed_on, least=1, most=9)
    rows = []
    for item in items:
        price = round(PRICES_FEN[item] * (HOUSEHOLD_SHARE if item == "land" else 1))
        quantity = (
            round(area * rnd.uniform(0.2, 0.6), 2) if item == "attachments" and area_mu is None else area
        )
        rows.append(
            LandCompensation(
                compensation_no=number, village_code=village.code, taking_id=taking, person_key=owner.id_number,
                household_id=owner.household.id or None, parcel_id=field.parcel_id, item=item, quantity=quantity,
                unit="亩", unit_price_fen=price, amount_fen=round(quantity * price), agreed_on=agreed_on,
                paid_on=paid if paid <= village.period.end else None, account_key=owner.account,
                measurer_key=village.holder("member", agreed_on).id_number,
                published_on=published if published <= village.period.end and not village.slips(0.2) else None,
            )
        )  # fmt: skip
    village.rows.land_compensation += rows
    if payee is None:
        _end(village, field, on=agreed_on)
    return rows


def _owner(village: Village, field: LandParcel, *, on: date) -> Resident | None:
    """The contractor, or who is left of the household."""
    household = next((h for h in village.households if h.id == field.household_id), None)
    if household is None:
        return None
    return next((r for r in household.residents if r.alive(on) and r.age(on) >= 18), None)


def _end(village: Village, field: LandParcel, *, on: date) -> None:
    """The parcel is gone, and later farm subsidies of its household are for what is left."""
    field.ended_on = on
    household = next(h for h in village.households if h.id == field.household_id)
    people = {resident.id_number for resident in household.residents}
    for row in village.rows.subsidy_payment:
        if row.programme_id == "NY01" and row.person_key in people and row.pay_date > on and row.quantity:
            row.quantity = round(max(0.01, row.quantity - field.area_mu), 2)
            row.amount_fen = round(row.quantity * standard_fen(village, "NY01", row.pay_date.year))


def _compensate_collective(village: Village, field: LandParcel, *, taking: str, agreed_on: date) -> None:
    """Common land is paid for to the collective, and the ledger has it."""
    rnd = village.rnd
    paid = after(rnd, agreed_on, least=10, most=60)
    area = round(min(field.area_mu, rnd.uniform(0.5, 4)), 2)
    fen = round(area * PRICES_FEN["land"])
    if paid > village.period.end:
        return
    village.rows.land_compensation.append(
        LandCompensation(
            compensation_no=village.document("BC", year=agreed_on.year), village_code=village.code, taking_id=taking,
            parcel_id=field.parcel_id, item="land", quantity=area, unit="亩", unit_price_fen=PRICES_FEN["land"],
            amount_fen=fen, agreed_on=agreed_on, paid_on=paid, account_key=village.account,
            measurer_key=village.holder("member", agreed_on).id_number, published_on=agreed_on + timedelta(days=3),
        )
    )  # fmt: skip
    receive(village, on=paid, account="专项应付款", summary=f"收集体土地征收补偿款（{taking}）", fen=fen,
            payer=f"{village.plan.town_name}财政所")  # fmt: skip
