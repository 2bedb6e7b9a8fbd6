"""The statement of the collective's bank account: the ledger's payments, some days apart, in batches, with fees.

It is drawn up last, from the entries as they then are; lines that no entry explains wait in `village.bank_lines`.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from simulation.records import LedgerEntry
from simulation.records_wider import BankFlow
from simulation.village import Village

CHANNELS: Final = {"bank": "transfer", "personal_account": "transfer", "card": "card"}
FEES: Final = frozenset({"银行手续费", "利息收入"})
BATCH_DAYS: Final = 4
BATCHED: Final = 0.5


def bank_line(
    village: Village,
    *,
    on: date,
    direction: str,
    fen: int,
    channel: str,
    payee: str | None,
    payee_account: str | None = None,
    summary: str | None = None,
) -> BankFlow:
    """A line of the statement, without number and balance yet."""
    return BankFlow(
        account_key=village.account,
        flow_no="",
        village_code=village.code,
        flow_on=on,
        direction=direction,
        amount_fen=fen,
        channel=channel,
        counterparty_id=payee,
        counterparty_account_key=payee_account,
        summary=summary,
    )


def draw_statement(village: Village) -> None:
    """Number all lines by day and put the balance to them; the account is never overdrawn."""
    lines = sorted([*_of_ledger(village), *village.bank_lines], key=lambda line: line.flow_on)
    signed = [line.amount_fen if line.direction == "in" else -line.amount_fen for line in lines]
    running, lowest = 0, 0
    for fen in signed:
        running += fen
        lowest = min(lowest, running)
    balance = village.rnd.randrange(500_000, 20_000_000) - lowest
    for number, (line, fen) in enumerate(zip(lines, signed, strict=True), start=1):
        balance += fen
        line.flow_no = f"{line.flow_on:%y%m%d}{number:06d}"
        line.balance_fen = balance
    village.rows.bank_flow += lines
    village.bank_lines.clear()


def _of_ledger(village: Village) -> list[BankFlow]:
    accounts = {resident.id_number: resident.account for resident in village.residents}
    lines: list[BankFlow] = []
    last: dict[tuple[str, str], BankFlow] = {}
    for entry in sorted(village.entries, key=lambda entry: entry.entry_date):
        line = _line(village, entry, accounts)
        if line is None:
            continue
        key = (line.direction, line.counterparty_id or "")
        earlier = last.get(key)
        if (
            earlier is not None
            and line.counterparty_id
            and line.channel == earlier.channel == "transfer"
            and abs((line.flow_on - earlier.flow_on).days) <= BATCH_DAYS
            and village.rnd.random() < BATCHED
        ):
            earlier.amount_fen += line.amount_fen
            earlier.summary = "批量付款" if line.direction == "out" else earlier.summary
            continue
        last[key] = line
        lines.append(line)
    return lines


def _line(village: Village, entry: LedgerEntry, accounts: dict[str, str]) -> BankFlow | None:
    """The line of the statement for an entry; None for what is paid from the cash box."""
    cash_drawn = entry.flow == "transfer" and entry.payment_method == "internal"
    deposited = entry.flow == "income" and entry.payment_method == "cash"
    channel = "cash" if cash_drawn or deposited else CHANNELS.get(entry.payment_method or "")
    if channel is None:
        return None
    moved = entry.entry_date + timedelta(days=village.rnd.choice((-1, 0, 0, 0, 0, 1, 1, 2, 3, 5)))
    return bank_line(
        village,
        on=min(max(moved, village.period.start), village.period.end),
        direction="in" if entry.flow == "income" else "out",
        fen=entry.amount_fen,
        channel="fee" if entry.summary in FEES else channel,
        payee=None if channel == "cash" else entry.counterparty_id,
        payee_account=accounts.get(entry.counterparty_id or ""),
        summary="提现" if cash_drawn else "存现" if deposited else entry.summary,
    )
