"""Schemes past the books: money that leaves the bank without an entry, rent that never reaches the bank."""

from __future__ import annotations

from datetime import timedelta

from simulation.assets import give_receipt, let
from simulation.bank import bank_line
from simulation.records import Record
from simulation.records_wider import BankFlow, RentPayment
from simulation.schemes.plots import Plot
from simulation.timeline import after
from simulation.village import Truth


def off_book_outflow(plot: Plot) -> Truth | None:
    """Money is moved from the collective's account to people close to the official, and nothing is booked.

    Source: RED_FLAGS B12 (bank and ledger do not match); MISSION.md (misappropriated collective money).
    Adds transfers to the bank's statement that have no entry in the ledger.
    """
    village, rnd = plot.village, plot.village.rnd
    payee = plot.confidant()
    lines: list[BankFlow] = []
    for _ in range(plot.count(2, 8)):
        line = bank_line(
            village,
            on=plot.day(),
            direction="out",
            fen=rnd.randrange(40, 40 + plot.count(40, 500)) * 10_000,
            channel="transfer",
            payee=payee.id_number,
            payee_account=payee.account,
            summary=rnd.choice(("往来款", "代付", "借支", None)),
        )
        lines.append(line)
    village.bank_lines += lines
    listed: list[tuple[str, Record]] = [("bank_flow", line) for line in lines]
    return plot.truth(
        "off_book_outflow",
        listed,
        fen=sum(line.amount_fen for line in lines),
        days=[line.flow_on for line in lines],
        subjects=[payee.id_number],
    )


def rent_pocketed(plot: Plot) -> Truth | None:
    """The official collects rents of collective assets in cash or on the own phone, gives a receipt and keeps them.

    Source: MISSION.md (overdue rent, misappropriated money); RED_FLAGS B10 and E1. Lets one to three assets
    whose rent is booked until the plot begins; later receipts name the official and no entry follows.
    """
    village, rnd = plot.village, plot.village.rnd
    rows: list[RentPayment] = []
    listed: list[tuple[str, Record]] = []
    for _ in range(plot.count(1, 3)):
        lease = let(
            village,
            signed_on=plot.start - timedelta(days=rnd.randint(400, 1000)),
            tenant=rnd.choice(
                [r for r in village.residents if r.age(plot.start) >= 25 and r.died is None]
            ).id_number,
            years=10,
            paid_until=plot.start,
        )
        if lease is None or not lease.annual_rent_fen:
            continue
        due = lease.start_on
        while due < plot.end:
            paid_on, until = (
                after(rnd, due, least=0, most=40),
                due.replace(year=due.year + 1, day=min(due.day, 28)),
            )
            if plot.start <= due and paid_on <= plot.end:
                method = rnd.choice(("cash", "personal_account"))
                row = give_receipt(
                    village, lease, on=paid_on, fen=lease.annual_rent_fen, until=until, method=method
                )
                row.collector_key = plot.official.id_number
                lease.paid_until = until
                rows.append(row)
                listed += [("rent_payment", row), ("lease", lease)]
            due = until
    if not rows:
        return None
    return plot.truth(
        "rent_pocketed",
        listed,
        fen=sum(row.amount_fen for row in rows),
        days=[row.paid_on for row in rows],
        subjects=[plot.official.id_number, *(row.payer_id for row in rows if row.payer_id)],
    )
