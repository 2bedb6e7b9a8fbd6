"""Schemes with land: compensation for what is not theirs, for more than there is, for the dead; subsidies likewise."""

from __future__ import annotations

from datetime import date, timedelta

from simulation.assets import own
from simulation.land import compensate, open_taking, parcel
from simulation.people import pass_away
from simulation.records import Record, SubsidyPayment
from simulation.records_wider import LandCompensation, LandParcel
from simulation.schemes.plots import Plot
from simulation.village import Resident, Truth
from simulation.welfare import pay_area, pay_once


def compensation_for_common_land(plot: Plot) -> Truth | None:
    """Land of the collective is taken, and the compensation is agreed with a relative of the official.

    Source: MISSION.md (land requisition among the key matters); RED_FLAGS C8 (Hanshou: village land paid to a
    cadre's family). Adds agreements on one to three common parcels in the relative's name.
    """
    village = plot.village
    payee = plot.confidant()
    agreed = plot.day(margin=100)
    taking = open_taking(village, on=agreed)
    rows: list[LandCompensation] = []
    parcels = _common_parcels(plot)[: plot.count(1, 3)]
    for field in parcels:
        rows += compensate(
            village, field, taking=taking, agreed_on=agreed, payee=payee, items=("land", "seedlings")
        )
    return _compensation(plot, "compensation_for_common_land", rows, parcels) if rows else None


def _common_parcels(plot: Plot) -> list[LandParcel]:
    """Fields of the collective; one is put on the books if there is none."""
    village = plot.village
    common = [
        row
        for row in village.rows.land_parcel
        if row.owner_kind == "collective" and row.land_use in {"dry", "pond"} and row.ended_on is None
    ]
    if common:
        return common
    on = date(village.period.start.year - 6, 5, 20)
    area = round(village.rnd.uniform(3, 20), 2)
    own(village, kind="arable", area_mu=area, acquired_on=on)
    return [parcel(village, land_use="dry", area_mu=area, on=on)]


def compensation_inflated_area(plot: Plot) -> Truth | None:
    """The official measures the fields of relatives and friends and writes down much more than was surveyed.

    Source: RED_FLAGS C7 and E9 (areas that do not agree); MISSION.md (land compensation). Adds agreements whose
    quantity is 1.4 to 3 times the surveyed parcel, measured by the official.
    """
    village = plot.village
    roofs = [plot.official.household.id, *(kin.household.id for kin in plot.relatives())]
    fields = sorted(
        (
            row
            for row in village.rows.land_parcel
            if row.owner_kind == "household" and row.land_use != "forest" and row.ended_on is None
        ),
        key=lambda row: row.household_id not in roofs,
    )[: plot.count(2, 6)]
    if not fields:
        return None
    agreed = plot.day(margin=100)
    taking = open_taking(village, on=agreed)
    factor = plot.between(1.4, 3)
    rows: list[LandCompensation] = []
    for field in fields:
        area = round(field.area_mu * factor, 2)
        rows += compensate(village, field, taking=taking, agreed_on=agreed, area_mu=area)
    for row in rows:
        row.measurer_key = plot.official.id_number
    truth = _compensation(plot, "compensation_inflated_area", rows, fields) if rows else None
    if truth is not None:
        truth.amount_fen = round(truth.amount_fen * (1 - 1 / factor))
    return truth


def compensation_to_dead(plot: Plot) -> Truth | None:
    """An agreement is signed in the name of somebody who has died, and the money goes elsewhere.

    Source: RED_FLAGS C1 in the field of land (benefits after death). Adds an agreement dated after the death, on a
    parcel of the dead person's household, paid to an account close to the official.
    """
    village = plot.village
    told = {subject for truth in village.truth for subject in truth.subjects}
    fields = {
        row.household_id: row for row in village.rows.land_parcel if row.household_id and not row.ended_on
    }
    heads = [r for r in village.residents if r.household.id in fields and r.id_number not in told]
    latest = plot.end - timedelta(days=160)
    dead: Resident | None = next((r for r in heads if r.died is not None and r.died <= latest), None)
    if dead is None:
        old = [r for r in heads if r.died is None and r.age(plot.start) >= 72]
        if not old or plot.start > latest:
            return None
        dead = max(old, key=lambda r: r.age(plot.start))
        pass_away(village, dead, died=min(plot.start + timedelta(days=village.rnd.randint(1, 60)), latest))
    agreed = max(dead.died or latest, plot.start) + timedelta(days=village.rnd.randint(40, 90))
    field = fields[dead.household.id]
    taking = open_taking(village, on=agreed)
    rows = compensate(village, field, taking=taking, agreed_on=agreed, payee=dead)
    for row in rows:
        row.account_key = plot.confidant().account
    return _compensation(plot, "compensation_to_dead", rows, [field]) if rows else None


def _compensation(plot: Plot, scheme: str, rows: list[LandCompensation], fields: list[LandParcel]) -> Truth:
    listed: list[tuple[str, Record]] = [("land_compensation", row) for row in rows]
    listed += [("land_parcel", field) for field in fields]
    return plot.truth(
        scheme,
        listed,
        fen=sum(row.amount_fen for row in rows),
        days=[row.agreed_on for row in rows],
        subjects=[row.person_key for row in rows if row.person_key],
    )


def subsidy_on_common_land(plot: Plot) -> Truth | None:
    """The farm subsidy for fields of the collective is paid to the official's family, year after year.

    Source: RED_FLAGS C8 (Hanshou: village land paid to a household of a cadre). Adds a second payment a year by
    the area of a common parcel.
    """
    village = plot.village
    field = _common_parcels(plot)[0]
    payee = plot.confidant()
    rows: list[SubsidyPayment] = []
    for year in village.period.years():
        row = pay_area(village, payee, "NY01", mu=field.area_mu, year=year, month=6)
        if row is not None:
            row.pay_date = min(date(year, 6, 28), plot.end)
            row.handler_key = plot.official.id_number
            rows.append(row)
    if not rows:
        return None
    listed: list[tuple[str, Record]] = [("subsidy_payment", row) for row in rows]
    return plot.truth(
        "subsidy_on_common_land",
        [*listed, ("land_parcel", field)],
        fen=sum(row.amount_fen for row in rows),
        days=[row.pay_date for row in rows],
        subjects=[row.person_key for row in rows],
    )


def machinery_without_machine(plot: Plot) -> Truth | None:
    """Grants for tractors and harvesters are paid to people who never registered a machine.

    Source: MISSION.md (support passed on a signature, no business behind it), for machinery. Adds grants to one to
    five residents without a machine.
    """
    village, rnd = plot.village, plot.village.rnd
    owners = {row.owner_id for row in village.rows.vehicle if row.kind in {"tractor", "harvester"}}
    able = [
        h.head
        for h in village.households
        if h.head.died is None and not owners & {r.id_number for r in h.residents}
    ]
    rows: list[SubsidyPayment] = []
    for resident in rnd.sample(able, min(len(able), plot.count(1, 5))):
        row = pay_once(village, resident, "NJ01", on=plot.day(), fen=rnd.randrange(8, 40) * 100_000)
        if row is not None:
            row.handler_key = plot.official.id_number
            rows.append(row)
    if not rows:
        return None
    listed: list[tuple[str, Record]] = [("subsidy_payment", row) for row in rows]
    return plot.truth(
        "machinery_without_machine",
        listed,
        fen=sum(row.amount_fen for row in rows),
        days=[row.pay_date for row in rows],
        subjects=[row.person_key for row in rows],
    )
