"""Schemes with works and purchases: split orders, and the family's firm as supplier."""

from __future__ import annotations

from datetime import timedelta

from simulation.business import found
from simulation.records import Record
from simulation.schemes.plots import Plot
from simulation.village import Truth
from simulation.works import ITEMS, WORKS_TENDER_FEN, buy, carry_out

PARTS = ("一标段", "二标段", "三标段", "四标段", "五标段")


def split_works(plot: Plot) -> Truth | None:
    """One piece of work is cut into parts that each stay just below the tender limit, for one firm.

    Source: MISSION.md (village works split or directly awarded too often); RED_FLAGS A1 to A3.
    Adds two to five projects within a month, awarded directly at almost the estimate.
    """
    village, rnd = plot.village, plot.village.rnd
    title = rnd.choice(("村道硬化工程", "沟渠整治工程", "环境整治工程", "文化广场工程"))
    contractor = village.market.pick("builder", rnd).code
    first = plot.day(margin=200)
    projects = []
    for part in PARTS[: plot.count(2, 5)]:
        project = carry_out(
            village,
            approved_on=first + timedelta(days=rnd.randint(0, 28)),
            estimate_fen=round(WORKS_TENDER_FEN * rnd.uniform(0.84, 0.995) / 10_000) * 10_000,
            method="direct",
            contractor=contractor,
            name=f"{title}{part}",
            discount=(0.97, 0.999),
        )
        projects += [project] if project else []
    if len(projects) < 2:
        return None
    listed: list[tuple[str, Record]] = [("project", project) for project in projects]
    return plot.truth(
        "split_works",
        listed,
        fen=sum(project.contract_fen or 0 for project in projects),
        days=[project.approved_on for project in projects],
        subjects=[contractor],
    )


def kin_firm_purchases(plot: Plot) -> Truth | None:
    """A firm of the official's relative sells to the village, ordered directly and above the usual price.

    Source: RED_FLAGS G2 (payment to a firm with the path cadre, kin, firm) and A19; deployments in MISSION.md
    row 4. Founds the firm and adds direct purchases at 1.2 to 1.9 times the usual price.
    """
    village, rnd = plot.village, plot.village.rnd
    relative = plot.confidant()
    if relative is plot.official:
        return None
    firm = found(
        village,
        relative,
        trade="supplier",
        kind=rnd.choice(("company", "individual")),
        on=plot.start - timedelta(days=rnd.randint(20, 400)),
        capital_yuan=100_000,
    )
    factor = plot.between(1.2, 1.9)
    rows = []
    for _ in range(plot.count(4, 14)):
        row = buy(
            village,
            rnd.choice(ITEMS),
            on=plot.day(),
            supplier=firm.code,
            method="direct",
            price_factor=factor,
            quantity_factor=plot.between(0.8, 1.6),
        )
        if row is not None:
            row.approver_key = plot.official.id_number
            rows.append(row)
    listed: list[tuple[str, Record]] = [("procurement", row) for row in rows]
    return plot.truth(
        "kin_firm_purchases",
        listed,
        fen=round(sum(row.amount_fen for row in rows) * (1 - 1 / factor)),
        days=[row.purchased_on for row in rows],
        subjects=[relative.id_number, firm.code],
    )
