"""The village's books: everyday income and expense by season, vouchers, invoices, late postings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from simulation.records import LedgerEntry
from simulation.timeline import EVEN, FLOOD_SEASON, SPRING_FESTIVAL, after, seasonal_day
from simulation.village import Village

ACCOUNTS: Final = {
    "银行存款": "102",
    "应收款": "112",
    "在建工程": "153",
    "应付款": "211",
    "应付工资": "212",
    "应付劳务费": "213",
    "专项应付款": "241",
    "经营收入": "501",
    "投资收益": "511",
    "补助收入": "521",
    "其他收入": "531",
    "经营支出": "541",
    "管理费用": "551",
    "公益支出": "561",
    "其他支出": "571",
}
"""Accounts by name, as the accounting system for rural collectives has them; numbers vary from place to place."""


@dataclass(frozen=True, slots=True)
class Habit:
    """A kind of everyday entry: how many a year, its median amount in yuan and spread, season and other side."""

    account: str
    summary: str
    a_year: float
    median: float
    spread: float
    other_side: str  # utility | shop | supplier | service | resident | official | town | bank | none
    season: tuple[float, ...] = EVEN
    income: bool = False
    invoice: bool = True


HABITS: Final = (
    Habit("管理费用", "村委会电费", 12, 620, 0.4, "utility"),
    Habit("公益支出", "路灯电费", 12, 480, 0.5, "utility"),
    Habit("管理费用", "电话网络费", 6, 260, 0.3, "utility"),
    Habit("管理费用", "办公用品", 9, 420, 0.9, "shop"),
    Habit("管理费用", "会议用水、茶叶等", 6, 260, 0.7, "shop", SPRING_FESTIVAL),
    Habit("管理费用", "报刊订阅费", 1, 2300, 0.3, "none", (0, 0, 0, 0, 0, 0, 0, 0, 0, 0.3, 0.4, 0.3)),
    Habit("管理费用", "差旅交通费", 7, 180, 0.8, "official"),
    Habit("管理费用", "复印装订费", 4, 210, 0.7, "service"),
    Habit("公益支出", "垃圾清运费", 12, 1500, 0.5, "service"),
    Habit("公益支出", "公共厕所维护", 5, 800, 0.7, "supplier"),
    Habit("公益支出", "自来水管维修材料", 5, 700, 0.9, "supplier"),
    Habit("公益支出", "春节慰问困难户", 5, 400, 0.3, "resident", (0.5, 0.5) + (0,) * 10, invoice=False),
    Habit("公益支出", "重阳节慰问老人", 4, 260, 0.3, "resident", (0,) * 9 + (1, 0, 0), invoice=False),
    Habit("公益支出", "防汛物资", 3, 1300, 0.8, "supplier", FLOOD_SEASON),
    Habit("公益支出", "文化活动费", 4, 1700, 0.8, "service", SPRING_FESTIVAL),
    Habit("公益支出", "宣传栏制作", 3, 950, 0.7, "service"),
    Habit("其他支出", "零星支出", 7, 240, 1.0, "shop", SPRING_FESTIVAL),
    Habit("其他支出", "银行手续费", 6, 18, 0.6, "bank", invoice=False),
    Habit("经营支出", "资产维修费", 3, 1600, 0.8, "supplier"),
    Habit("应付款", "上年欠付材料款", 2, 5200, 0.7, "supplier", SPRING_FESTIVAL),
    Habit("补助收入", "村级运转经费补助", 4, 30000, 0.3, "town", income=True, invoice=False),
    Habit("补助收入", "专项补助", 2, 22000, 0.8, "town", SPRING_FESTIVAL, income=True, invoice=False),
    Habit("其他收入", "利息收入", 4, 140, 0.6, "bank", income=True, invoice=False),
    Habit("其他收入", "废旧物资处置", 1, 600, 0.8, "none", income=True, invoice=False),
    Habit("投资收益", "入股分红", 1, 15000, 0.7, "supplier", (0.5, 0.2) + (0,) * 9 + (0.3,), income=True, invoice=False),
)  # fmt: skip


def keep_books(village: Village) -> None:
    """Everyday entries of all years; larger villages have more of them and larger amounts."""
    rnd = village.rnd
    size = (len(village.households) / 85) ** 0.5
    for year in village.period.years():
        for habit in HABITS:
            expected = habit.a_year * (size if habit.a_year < 12 else 1)
            for _ in range(int(expected) + (rnd.random() < expected % 1)):
                _enter(village, habit, year=year, scale=size)

        for _ in range(village.rnd.randint(4, 8)):
            _draw_cash(village, on=seasonal_day(rnd, year, EVEN))


def _draw_cash(village: Village, *, on: date) -> None:
    entry = spend(village, on=on, account="银行存款", summary="提取备用金", payee=None, invoice=False, method="internal",
                  fen=village.rnd.randrange(100_000, 500_000, 50_000))  # fmt: skip
    if entry is not None:
        entry.flow = "transfer"


def _enter(village: Village, habit: Habit, *, year: int, scale: float) -> None:
    rnd = village.rnd
    on = seasonal_day(rnd, year, habit.season)
    if on not in village.period:
        return
    fen = max(100, round(habit.median * scale * rnd.lognormvariate(0, habit.spread) * 100))
    payee = _other_side(village, habit.other_side, on=on)
    if habit.income:
        receive(village, on=on, account=habit.account, summary=habit.summary, fen=fen, payer=payee)
        return
    method = "cash" if habit.other_side == "resident" else None
    spend(village, on=on, account=habit.account, summary=habit.summary, fen=fen, payee=payee,
          invoice=habit.invoice, method=method)  # fmt: skip


def _other_side(village: Village, side: str, *, on: date) -> str | None:
    """Who is paid or pays: a credit code, an ID number, a name in words, or nobody."""
    rnd = village.rnd
    in_words = {
        "utility": f"模拟第{int(village.plan.county_code[-2:])}县供电供水公司",
        "bank": "模拟农村商业银行",
        "town": f"{village.plan.town_name}财政所",
        "none": None,
    }
    if side in in_words:
        return in_words[side]
    if side == "resident":
        some = [resident for resident in rnd.sample(list(village.residents), 6) if resident.alive(on)]
        return min(some, key=lambda resident: resident.birth).id_number if some else None
    if side == "official":
        return rnd.choice(village.posts).resident.id_number
    return rnd.choice(village.shops).code if side == "shop" else village.market.pick(side, rnd).code


def spend(
    village: Village,
    *,
    on: date,
    account: str,
    summary: str,
    fen: int,
    payee: str | None,
    invoice: bool = True,
    method: str | None = None,
    project_id: str | None = None,
    contract_id: str | None = None,
) -> LedgerEntry | None:
    """An entry that pays money out; None if it is not posted in time.

    Approved by the director, handled by the accountant; without `method` large sums go by bank.
    """
    rnd = village.rnd
    posted_on = _posting_day(village, on)
    if posted_on not in village.period or on not in village.period:
        return None
    invoiced = invoice and rnd.random() < 0.96
    entry = LedgerEntry(
        village_code=village.code,
        voucher_no="",
        line_no=1,
        entry_date=on,
        posted_on=posted_on,
        account_code=ACCOUNTS[account],
        account_name=account,
        flow="expense",
        amount_fen=fen,
        summary=summary,
        counterparty_id=payee,
        invoice_no=invoice_number(village) if invoiced else None,
        invoice_date=on - timedelta(days=rnd.randint(0, 40)) if invoiced else None,
        payment_method=method or _method(village, fen),
        approver_key=village.holder("director", on).id_number,
        handler_key=village.holder("accountant", on).id_number,
        project_id=project_id,
        contract_id=contract_id,
    )
    village.entries.append(entry)
    return entry


def _method(village: Village, fen: int) -> str:
    draw = village.rnd.random()
    if fen < 100_000 and draw < 0.22:
        return "cash"
    if fen < 300_000 and draw < 0.45:
        return "card"
    return "personal_account" if fen < 60_000 and draw > 0.997 else "bank"


def receive(
    village: Village,
    *,
    on: date,
    account: str,
    summary: str,
    fen: int,
    payer: str | None,
    contract_id: str | None = None,
    method: str = "bank",
) -> LedgerEntry | None:
    """An entry that takes money in; None if it is not posted in time."""
    posted_on = _posting_day(village, on)
    if posted_on not in village.period or on not in village.period:
        return None
    entry = LedgerEntry(
        village_code=village.code,
        voucher_no="",
        line_no=1,
        entry_date=on,
        posted_on=posted_on,
        account_code=ACCOUNTS[account],
        account_name=account,
        flow="income",
        amount_fen=fen,
        summary=summary,
        counterparty_id=payer,
        payment_method=method,
        handler_key=village.holder("accountant", on).id_number,
        contract_id=contract_id,
    )
    village.entries.append(entry)
    return entry


def _posting_day(village: Village, on: date) -> date:
    """Vouchers are posted within four weeks; one in thirty waits two to eight months."""
    late = village.rnd.random() < 1 / 30
    return after(village.rnd, on, least=60 if late else 0, most=240 if late else 28)


def invoice_number(village: Village) -> str:
    """A 20-digit number of a fully digital invoice; the leading 99 belongs to no tax office."""
    return f"99{village.rnd.randrange(10**18):018d}"


def number_vouchers(village: Village) -> None:
    """Number the vouchers by date within each month and file their lines.

    Bills of one account and day share a voucher, as an accountant would book them.
    """
    numbers: dict[str, int] = {}
    bundles: dict[tuple[date, str | None], list[LedgerEntry]] = {}
    for entry in sorted(village.entries, key=lambda entry: entry.entry_date):
        bundles.setdefault((entry.entry_date, entry.account_code), []).append(entry)
    for lines in bundles.values():
        month = f"{lines[0].entry_date:%Y%m}"
        numbers[month] = numbers.get(month, 0) + 1
        for turn, line in enumerate(lines, start=1):
            line.voucher_no = f"记{month}-{numbers[month]:03d}"
            line.line_no = turn
        village.rows.ledger_entry += lines
    village.entries.clear()
