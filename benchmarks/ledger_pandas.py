"""The ledger features of villages once more, in pandas: the peer that the engine is measured beside.

Each function takes rows of `expenses` and returns a table by village with the columns of the group of the same name
in `features/sets/village/`. Given all rows at once they are pandas at its best: vectorised, grouped once where one
grouping serves. Given one village at a time (`groupby` and a function) they are pandas as features are mostly written.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

WINDOW, LIMITS, BAND = 365, (500_000, 1_000_000), 10


def expenses(ledger: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Expense rows with a positive amount, their age in days, and whether another voucher has their invoice."""
    rows = ledger[(ledger["flow"] == "expense") & (ledger["amount_fen"] > 0)]
    invoiced = rows[rows["invoice_no"].notna() & rows["counterparty_id"].notna()]
    voucher = invoiced["village_code"] + "/" + invoiced["voucher_no"]
    uses = voucher.groupby([invoiced["invoice_no"], invoiced["counterparty_id"]]).transform("nunique")
    duplicated = (uses > 1).reindex(rows.index, fill_value=False)
    return rows.assign(age=(as_of - rows["entry_date"]).dt.days, duplicated=duplicated)


def ledger_payees(rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows[rows["age"] < WINDOW + 730]
    recent = rows["age"] < WINDOW
    payee = (
        rows.assign(fen=rows["amount_fen"].where(recent, 0), recent=recent, earlier=~recent)
        .groupby(["village_code", "counterparty_id"], dropna=False)
        .agg(fen=("fen", "sum"), payments=("recent", "sum"), earlier=("earlier", "sum"))
        .reset_index()
    )
    payee["fen"] = payee["fen"].astype("float64")
    known = payee["counterparty_id"].notna()
    named = payee["fen"].where(known, 0)
    person = (payee["counterparty_id"].str.len() == 21) & payee["counterparty_id"].str.startswith("P")
    village = (
        payee.assign(
            known_fen=named,
            squared=named**2,
            once=named.where(payee["payments"] == 1, 0),
            new=named.where(payee["earlier"] == 0, 0),
            person=payee["fen"].where(person.fillna(False).astype(bool), 0),
        )
        .groupby("village_code")
        .agg(payments=("payments", "sum"), earlier=("earlier", "sum"), fen=("fen", "sum"), top=("known_fen", "max"),
             known=("known_fen", "sum"), squared=("squared", "sum"), once=("once", "sum"), new=("new", "sum"),
             person=("person", "sum"))
    )  # fmt: skip
    village = village[village["payments"] > 0]
    told = village["known"].where(village["known"] >= 0.5 * village["fen"])
    return pd.DataFrame({
        "payee_concentration": village["squared"] / told**2,
        "top_payee_share": village["top"] / told,
        "one_off_payee_share": village["once"] / told,
        "new_payee_share": (village["new"] / told).where(village["earlier"] > 0),
        "person_payee_share": village["person"] / told,
        "unnamed_payee_share": 1 - village["known"] / village["fen"],
    })  # fmt: skip


def ledger_amounts(rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows[rows["age"] < WINDOW]
    fen = rows["amount_fen"]
    around, below = pd.Series(False, index=rows.index), pd.Series(False, index=rows.index)
    for limit in LIMITS:
        near = fen * 100 >= limit * (100 - BAND)
        around |= near & (fen * 100 < limit * (100 + BAND))
        below |= near & (fen < limit)
    same = rows.groupby(["village_code", "counterparty_id", "amount_fen"])["amount_fen"].transform("size")
    marked = rows.assign(
        sizeable=fen >= 100_000, round=(fen >= 100_000) & (fen % 100_000 == 0), around=around, below=below,
        repeats=same >= 3,
    )  # fmt: skip
    grouped = marked.groupby("village_code")
    village = grouped[["sizeable", "round", "around", "below", "repeats"]].sum()
    amounts = grouped["amount_fen"]
    size, high = amounts.size(), amounts.quantile(0.95)
    return pd.DataFrame({
        "round_amount_share": village["round"] / village["sizeable"],
        "just_below_limit_share": village["below"] / village["around"],
        "near_limit_share": village["below"] / size,
        "repeated_amount_share": village["repeats"] / size,
        "largest_payment_share": amounts.max() / amounts.sum(),
        "amount_spread": high / amounts.median(),
    })  # fmt: skip


def ledger_benford(rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows[rows["age"] < 1826]
    digits = (rows["amount_fen"].astype("str") + "0").str.slice(0, 2).astype("int64")
    hits = digits.groupby(rows["village_code"]).value_counts().unstack(fill_value=0)
    hits = hits.reindex(columns=range(10, 100), fill_value=0)
    total = hits.sum(axis="columns")
    expected = np.log10(1 + 1 / np.arange(10, 100))
    actual = hits.div(total, axis="index")
    enough = total >= 1000
    return pd.DataFrame({
        "benford_mad": ((actual - expected).abs().sum(axis="columns") / 90).where(enough),
        "benford_chi_square": (actual - expected).pow(2).div(expected).sum(axis="columns").where(enough),
    })  # fmt: skip


def ledger_timing(rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows[rows["age"] < WINDOW]
    entered, fen = rows["entry_date"], rows["amount_fen"]
    lag = (rows["posted_on"] - entered).dt.days
    invoice_age = (entered - rows["invoice_date"]).dt.days
    marked = rows.assign(
        december=fen.where(entered.dt.month == 12, 0), weekend=entered.dt.dayofweek >= 5, lag=lag,
        late=lag > 60, old=invoice_age > 180, early=invoice_age < 0, month=entered.dt.month,
    )  # fmt: skip
    village = marked.groupby("village_code").agg(
        payments=("amount_fen", "size"), fen=("amount_fen", "sum"), december=("december", "sum"),
        weekend=("weekend", "sum"), lag=("lag", "sum"), late=("late", "sum"), old=("old", "sum"),
        early=("early", "sum"), posted=("posted_on", "count"), invoiced=("invoice_date", "count"),
    )  # fmt: skip
    month = marked.groupby(["village_code", "month"])["amount_fen"].sum().groupby("village_code").max()
    day = marked.groupby(["village_code", "entry_date"]).size().groupby("village_code").max()
    return pd.DataFrame({
        "december_share": village["december"] / village["fen"],
        "busiest_month_share": month / village["fen"],
        "busiest_day_share": day / village["payments"],
        "weekend_share": village["weekend"] / village["payments"],
        "posting_lag_days": village["lag"] / village["posted"],
        "late_posting_share": village["late"] / village["posted"],
        "old_invoice_share": village["old"] / village["invoiced"],
        "paid_before_invoice_share": village["early"] / village["invoiced"],
    })  # fmt: skip


def ledger_payment(rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows[rows["age"] < WINDOW]
    fen, method = rows["amount_fen"], rows["payment_method"]
    village = (
        rows.assign(
            known=fen.where(method.notna(), 0), cash=fen.where(method == "cash", 0),
            personal=fen.where(method == "personal_account", 0), large=(method == "cash") & (fen > 100_000),
        )
        .groupby("village_code")
        .agg(fen=("amount_fen", "sum"), known=("known", "sum"), cash=("cash", "sum"), personal=("personal", "sum"),
             large=("large", "sum"), methods=("payment_method", "count"))
    )  # fmt: skip
    told = village["known"] >= 0.5 * village["fen"]
    return pd.DataFrame({
        "cash_share": (village["cash"] / village["known"]).where(told),
        "personal_account_share": (village["personal"] / village["known"]).where(told),
        "large_cash_share": (village["large"] / village["methods"]).where(told),
        "unknown_method_share": 1 - village["known"] / village["fen"],
    })  # fmt: skip


def ledger_vouchers(rows: pd.DataFrame) -> pd.DataFrame:
    recent = rows[rows["age"] < WINDOW]
    number = pd.to_numeric(recent["invoice_no"], errors="coerce").astype("Int64")
    firm = (recent["counterparty_id"].str.len() == 18).fillna(False).astype(bool)
    due = firm & (recent["amount_fen"] > 100_000)
    village = (
        recent.assign(
            invoiced_fen=recent["amount_fen"].where(recent["invoice_no"].notna(), 0),
            duplicated_fen=recent["amount_fen"].where(recent["duplicated"], 0),
            due=due, lacking=due & recent["invoice_no"].isna(), named=recent["counterparty_id"].notna(),
        )
        .groupby("village_code")
        .agg(invoices=("invoice_no", "count"), invoiced_fen=("invoiced_fen", "sum"), due=("due", "sum"),
             duplicated_fen=("duplicated_fen", "sum"), lacking=("lacking", "sum"), named=("named", "sum"))
    )  # fmt: skip
    series = _consecutive(recent.assign(number=number))
    near = _repeated(recent)
    return pd.DataFrame({
        "duplicate_invoice_share": village["duplicated_fen"] / village["invoiced_fen"],
        "consecutive_invoice_share": series["consecutive"] / series["invoices"],
        "missing_invoice_share": (village["lacking"] / village["due"]).where(village["invoices"] > 0),
        "repeated_voucher_share": near / village["named"],
    })  # fmt: skip


def _consecutive(recent: pd.DataFrame) -> pd.DataFrame:
    keys = ["village_code", "counterparty_id"]
    numbered = recent[recent["number"].notna() & recent["counterparty_id"].notna()]
    numbered = numbered.sort_values([*keys, "number", "entry_date", "voucher_no", "line_no"])
    earlier = numbered.groupby(keys)[["number", "entry_date"]].shift()
    gap = (numbered["number"] - earlier["number"]).fillna(0)
    other_day = earlier["entry_date"].notna() & (earlier["entry_date"] != numbered["entry_date"])
    marked = numbered.assign(consecutive=gap.between(1, 2) & other_day)
    return marked.groupby("village_code").agg(invoices=("number", "size"), consecutive=("consecutive", "sum"))


def _repeated(recent: pd.DataFrame) -> pd.Series:
    keys = ["village_code", "counterparty_id", "amount_fen"]
    named = recent[recent["counterparty_id"].notna()].sort_values(
        [*keys, "entry_date", "voucher_no", "line_no"]
    )
    earlier = named.groupby(keys)[["entry_date", "voucher_no"]].shift()
    close = (named["entry_date"] - earlier["entry_date"]).dt.days <= 7
    again = close & earlier["voucher_no"].notna() & (earlier["voucher_no"] != named["voucher_no"])
    return again.groupby(named["village_code"]).sum()


def ledger_approval(rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows[rows["age"] < WINDOW]
    approver, handler, payee = rows["approver_key"], rows["handler_key"], rows["counterparty_id"]
    firm = (payee.str.len() == 18).fillna(False).astype(bool)
    due = firm & (rows["amount_fen"] >= 5_000_000)
    signed = approver.notna() & handler.notna()
    village = (
        rows.assign(
            signed=signed, alone=signed & (approver == handler).fillna(False).astype(bool),
            to_self=((approver == payee).fillna(False) | (handler == payee).fillna(False)).astype(bool),
            due=due, lacking=due & rows["contract_id"].isna(),
        )
        .groupby("village_code")
        .agg(payments=("amount_fen", "size"), approved=("approver_key", "count"), signed=("signed", "sum"),
             alone=("alone", "sum"), to_self=("to_self", "sum"), contracts=("contract_id", "count"),
             due=("due", "sum"), lacking=("lacking", "sum"), handlers=("handler_key", "count"))
    )  # fmt: skip
    handled = rows.groupby(["village_code", "handler_key"])["amount_fen"].sum().groupby("village_code")
    signs = (village["approved"] > 0) | (village["handlers"] > 0)
    return pd.DataFrame({
        "approver_is_handler_share": village["alone"] / village["signed"],
        "unapproved_share": (1 - village["approved"] / village["payments"]).where(village["approved"] > 0),
        "self_payment_share": (village["to_self"] / village["payments"]).where(signs),
        "top_handler_share": handled.max() / handled.sum(),
        "large_without_contract_share": (village["lacking"] / village["due"]).where(village["contracts"] > 0),
    })  # fmt: skip


GROUPS = {
    function.__name__: function
    for function in (
        ledger_payees, ledger_amounts, ledger_benford, ledger_timing, ledger_payment, ledger_vouchers, ledger_approval
    )
}  # fmt: skip
