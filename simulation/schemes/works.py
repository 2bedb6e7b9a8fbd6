"""Schemes with works and purchases: split orders, and the family's firm as supplier."""

from __future__ import annotations

from datetime import timedelta

from simulation.business import found
from simulation.conduct import change_contract
from simulation.ledger import spend
from simulation.records import Record
from simulation.schemes.plots import Plot
from simulation.tenders import put_out_project
from simulation.timeline import after
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


def works_raised_after_award(plot: Plot) -> Truth | None:
    """A firm wins cheaply, and within weeks supplements without any meeting raise the price.

    Source: RED_FLAGS A26 and A27 (contract above award, price changed twice in 90 days). Adds a work put out to
    tender with two price changes soon after signing, and the payment of the difference.
    """
    village, rnd = plot.village, plot.village.rnd
    project = carry_out(
        village,
        approved_on=plot.day(margin=260),
        estimate_fen=round(WORKS_TENDER_FEN * rnd.uniform(1.1, 4) / 10_000) * 10_000,
        method="tender",
        contractor=village.market.pick("builder", rnd).code,
        discount=(0.8, 0.88),
    )
    contract = next(
        (row for row in village.rows.contract if project and row.project_id == project.project_id), None
    )
    if project is None or contract is None or project.contract_fen is None:
        return None
    put_out_project(village, project)
    changes, on, raised = [], contract.signed_on, project.contract_fen
    for _ in range(2):
        on = after(rnd, on, least=6, most=35)
        factor = plot.between(1.12, 1.4)
        change = change_contract(
            village, contract, on=on, kind="price", factor=factor, reason="增加工程量", decided=False
        )
        if change is not None:
            change.before_fen, change.after_fen = raised, round(raised * factor)
            raised = change.after_fen
            changes.append(change)
    if not changes:
        return None
    if project.settled_fen is not None:
        project.settled_fen = raised
    spend(village, on=after(rnd, on, least=30, most=90), account="在建工程", summary=f"付{project.name}增项款",
          fen=raised - project.contract_fen, payee=project.contractor_id, method="bank",
          project_id=project.project_id, contract_id=contract.contract_id)  # fmt: skip
    listed: list[tuple[str, Record]] = [("project", project), ("contract", contract)]
    listed += [("contract_change", change) for change in changes]
    return plot.truth(
        "works_raised_after_award",
        listed,
        fen=raised - project.contract_fen,
        days=[change.changed_on for change in changes],
        subjects=[project.contractor_id or ""],
    )


def works_paid_unbuilt(plot: Plot) -> Truth | None:
    """A work is paid in full and was never finished: no acceptance, no audit.

    Source: RED_FLAGS B11 (payment before acceptance); MISSION.md row 8 (the whole life of a project).
    Adds works of a firm of the official's choice whose completion and acceptance stay empty.
    """
    village, rnd = plot.village, plot.village.rnd
    listed: list[tuple[str, Record]] = []
    days, paid, firms = [], 0, []
    for _ in range(plot.count(1, 3)):
        project = carry_out(
            village,
            approved_on=plot.day(margin=200),
            estimate_fen=round(WORKS_TENDER_FEN * rnd.uniform(0.25, 0.9) / 10_000) * 10_000,
            method="direct",
            contractor=village.market.pick("builder", rnd).code,
        )
        if project is None:
            continue
        entries = [entry for entry in village.entries if entry.project_id == project.project_id]
        if len(entries) < 2:
            continue
        project.completed_on = project.accepted_on = project.audited_on = project.settled_fen = None
        listed += [("project", project), *(("ledger_entry", entry) for entry in entries)]
        days += [entry.entry_date for entry in entries]
        paid += sum(entry.amount_fen for entry in entries)
        firms.append(project.contractor_id or "")
    return plot.truth("works_paid_unbuilt", listed, fen=paid, days=days, subjects=firms) if listed else None


def official_firm_supplies(plot: Plot) -> Truth | None:
    """The official holds shares of a firm, and the firm sells to the village that the official runs.

    Source: RED_FLAGS G3 (a stake at the time of the contract, with the own body). Founds the firm with the
    official as owner and adds purchases from it.
    """
    village, rnd = plot.village, plot.village.rnd
    firm = found(
        village,
        plot.official,
        trade="supplier",
        kind=rnd.choice(("company", "individual")),
        on=plot.start - timedelta(days=rnd.randint(50, 900)),
        capital_yuan=200_000,
    )
    rows = []
    for _ in range(plot.count(3, 10)):
        row = buy(
            village,
            rnd.choice(ITEMS),
            on=plot.day(),
            supplier=firm.code,
            method=rnd.choice(("direct", "inquiry")),
            price_factor=plot.between(1.0, 1.4),
        )
        rows += [row] if row else []
    listed: list[tuple[str, Record]] = [("procurement", row) for row in rows]
    return plot.truth(
        "official_firm_supplies",
        listed,
        fen=sum(row.amount_fen for row in rows),
        days=[row.purchased_on for row in rows],
        subjects=[plot.official.id_number, firm.code],
    )
