"""Schemes with money and seals: pay beyond the standard, double invoices, private accounts, lone seals."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from simulation.ledger import spend
from simulation.office import pay
from simulation.paper import sign_contract, stamp
from simulation.records import LedgerEntry, Payroll, Record
from simulation.schemes.plots import Plot
from simulation.timeline import working_day
from simulation.village import Resident, Truth


def pay_over_standard(plot: Plot) -> Truth | None:
    """Officials pay themselves more than was approved, or an allowance that nobody approved.

    Source: MISSION.md (three cadres drew pay beyond their salary; unlawful allowances).
    Raises salaries above `standard_fen`, and in bolder cases adds allowances with a standard of zero.
    """
    village = plot.village
    rows = [
        row
        for row in village.rows.payroll
        if row.person_key == plot.official.id_number
        and row.pay_type == "salary"
        and row.pay_date >= plot.start
    ]
    gained = 0
    for row in rows:
        extra = round((row.standard_fen or row.amount_fen) * plot.between(0.06, 0.4) / 1000) * 1000
        row.amount_fen += extra
        gained += extra
    granted: list[Payroll] = []
    for row in rows[:: max(1, 12 - plot.count(0, 9))] if plot.intensity > 0.4 else []:
        extra_pay = pay(
            village,
            plot.official,
            row.period,
            kind="allowance",
            fen=plot.count(3, 20) * 10_000,
            standard_fen=0,
        )
        granted += [extra_pay] if extra_pay else []
    if not rows:
        return None
    listed: list[tuple[str, Record]] = [("payroll", row) for row in (*rows, *granted)]
    return plot.truth(
        "pay_over_standard",
        listed,
        fen=gained + sum(row.amount_fen for row in granted),
        days=[row.pay_date for row in (*rows, *granted)],
        subjects=[plot.official.id_number],
    )


def invoice_twice(plot: Plot) -> Truth | None:
    """The same invoice is reimbursed a second time, months later, under other words.

    Source: RED_FLAGS B1 and B2. Copies entries with an invoice to a later date.
    """
    village, rnd = plot.village, plot.village.rnd
    latest = plot.end - timedelta(days=60)
    invoiced = [
        entry
        for entry in village.entries
        if entry.invoice_no and plot.start <= entry.entry_date <= latest and entry.amount_fen >= 60_000
    ]
    listed: list[tuple[str, Record]] = []
    copies: list[LedgerEntry] = []
    for entry in rnd.sample(invoiced, min(len(invoiced), plot.count(1, 8))):
        on = min(entry.entry_date + timedelta(days=rnd.randint(25, 220)), latest)
        copy = replace(
            entry,
            entry_date=on,
            posted_on=on + timedelta(days=rnd.randint(1, 25)),
            summary=rnd.choice((entry.summary, f"补付{entry.summary}", f"{entry.summary}款")),
            handler_key=plot.official.id_number,
        )
        copies.append(copy)
        listed += [("ledger_entry", entry), ("ledger_entry", copy)]
    if not copies:
        return None
    village.entries.extend(copies)
    return plot.truth(
        "invoice_twice",
        listed,
        fen=sum(copy.amount_fen for copy in copies),
        days=[copy.entry_date for copy in copies],
        subjects=[copy.counterparty_id for copy in copies if copy.counterparty_id],
    )


def money_to_private_account(plot: Plot) -> Truth | None:
    """Collective money goes to the official's own account as an advance that never comes back.

    Source: MISSION.md (misappropriated collective money); RED_FLAGS B10 and B19 (Putian).
    Adds transfers to a personal account with the official as payee.
    """
    village, rnd = plot.village, plot.village.rnd
    entries = []
    for _ in range(plot.count(2, 9)):
        entry = spend(
            village,
            on=plot.day(),
            account=rnd.choice(("应收款", "其他支出")),
            summary=rnd.choice(("备用金借款", "代付材料款", "垫付工程款", "暂借款", "代发补助款")),
            fen=rnd.randrange(20, 20 + plot.count(30, 400)) * 10_000,
            payee=plot.official.id_number,
            invoice=False,
            method="personal_account",
        )
        if entry is not None:
            entry.handler_key = plot.official.id_number
            entries.append(entry)
    if not entries:
        return None
    listed: list[tuple[str, Record]] = [("ledger_entry", entry) for entry in entries]
    return plot.truth(
        "money_to_private_account",
        listed,
        fen=sum(entry.amount_fen for entry in entries),
        days=[entry.entry_date for entry in entries],
        subjects=[plot.official.id_number],
    )


def contract_without_meeting(plot: Plot) -> Truth | None:
    """The official signs large contracts and loans alone: no meeting, the own seal, in the evening.

    Source: RED_FLAGS F1, F2 and F4; the rule that land and contracts need a meeting before the seal.
    Adds contracts without a resolution, and seal uses without approval or approved by the keeper.
    """
    village, rnd = plot.village, plot.village.rnd
    listed: list[tuple[str, Record]] = []
    amounts: list[int] = []
    days: list[date] = []
    parties: list[str] = []
    for _ in range(plot.count(1, 4)):
        kind, title, party = rnd.choice(
            (
                ("loan", "流动资金借款", plot.confidant().id_number),
                ("lease", "集体土地发包", plot.confidant().id_number),
                ("works", "附属工程施工", village.market.pick("builder", rnd).code),
            )
        )
        fen = round(plot.between(30, 500)) * 100_000
        on = working_day(plot.day())
        contract = sign_contract(
            village, on=on, kind=kind, title=title, counterparty=party, fen=fen, method="direct",
            years=1 if kind == "works" else 5, with_meeting=False,
        )  # fmt: skip
        seal = lone_stamp(
            plot, on=on, purpose=f"签订{title}合同", contract_id=contract.contract_id if contract else None
        )
        if contract and seal:
            listed += [("contract", contract), seal]
            amounts.append(fen)
            days.append(on)
            parties.append(party)
    if not amounts:
        return None
    return plot.truth("contract_without_meeting", listed, fen=sum(amounts), days=days, subjects=parties)


def lone_stamp(
    plot: Plot, *, on: date, purpose: str, contract_id: str | None = None, blank: bool = False
) -> tuple[str, Record] | None:
    """A use of the seal by the official alone, often late and away from the office."""
    village, rnd = plot.village, plot.village.rnd
    row = stamp(
        village,
        on=on,
        document_kind="other" if blank else "contract",
        purpose=purpose,
        contract_id=contract_id,
    )
    if row is None:
        return None
    keeper: Resident = plot.official
    row.keeper_key = keeper.id_number
    row.approver_key, row.approved_on = rnd.choice(((None, None), (keeper.id_number, on)))
    row.used_hour = (
        rnd.choice((6, 12, 19, 20, 21, 22)) if rnd.random() < plot.between(0.3, 0.9) else row.used_hour
    )
    row.off_site = rnd.random() < plot.between(0.2, 0.8)
    row.blank = blank
    return "seal_use", row


def blank_seal(plot: Plot) -> Truth | None:
    """Blank sheets are sealed in advance, to be filled in as needed.

    Source: RED_FLAGS F3 and the village seal rules (no blank sheets). Adds uses of the seal on blanks.
    """
    village, rnd = plot.village, plot.village.rnd
    days = [working_day(plot.day()) for _ in range(plot.count(1, 7))]
    listed = []
    for on in days:
        purpose = rnd.choice(("空白介绍信盖章备用", "空白合同盖章", "备用材料盖章"))
        seal = lone_stamp(plot, on=on, purpose=purpose, blank=True)
        listed += [seal] if seal else []
    if not listed:
        return None
    return plot.truth("blank_seal", listed, fen=0, days=days, subjects=[village.code])
