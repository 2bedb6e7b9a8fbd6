"""Village works and purchases: chosen by size of the sum, decided by a meeting, built, accepted, paid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from simulation.ledger import spend
from simulation.meetings import decide
from simulation.paper import sign_contract
from simulation.records import Procurement, Project
from simulation.timeline import BUILDING_SEASON, SPRING_FESTIVAL, after, seasonal_day
from simulation.village import Village

WORKS_TENDER_FEN: Final = 10_000_000  # works of 100,000 yuan and more go to open tender
WORKS_INQUIRY_FEN: Final = 3_000_000  # from 30,000 yuan three offers are asked for
PURCHASE_INQUIRY_FEN: Final = 500_000
PURCHASE_TENDER_FEN: Final = 5_000_000

WORKS: Final = (
    ("road", ("村道硬化工程", "机耕路修复工程", "入户路硬化工程")),
    ("water", ("沟渠清淤工程", "饮水管网改造工程", "山塘整治工程")),
    ("building", ("文化礼堂修缮工程", "办公场所维修工程")),
    ("environment", ("路灯亮化工程", "公厕改造工程", "绿化提升工程")),
    ("other", ("晒谷场修整工程", "应急排险工程")),
)


@dataclass(frozen=True, slots=True)
class Item:
    """Something that villages buy: class, what, unit, usual price in yuan, usual quantity, trade of the seller."""

    item_class: str
    description: str
    unit: str
    price: float
    quantity: float
    trade: str = "supplier"


ITEMS: Final = (
    Item("办公用品", "复印纸", "箱", 165, 6, "shop"),
    Item("办公用品", "硒鼓耗材", "个", 210, 5, "shop"),
    Item("办公设备", "台式电脑", "台", 4200, 2),
    Item("保洁用品", "分类垃圾桶", "个", 190, 30),
    Item("保洁用品", "扫帚铁锹等工具", "套", 85, 20, "shop"),
    Item("建筑材料", "水泥", "吨", 430, 20),
    Item("建筑材料", "砂石", "立方米", 135, 40),
    Item("绿化苗木", "桂花树苗", "株", 95, 60, "farm"),
    Item("照明器材", "太阳能路灯", "盏", 1450, 10),
    Item("慰问物资", "食用油", "桶", 68, 60, "shop"),
    Item("慰问物资", "大米", "袋", 72, 60, "shop"),
    Item("防汛物资", "编织袋", "条", 1.6, 2000),
    Item("防汛物资", "水泵", "台", 1900, 2),
    Item("健身器材", "户外健身器材", "套", 6800, 2),
    Item("宣传制作", "宣传展板", "块", 260, 12, "service"),
)


def build(village: Village) -> None:
    """One to four works a year; the sum decides how the contractor is found."""
    rnd = village.rnd
    expected = 1.2 + len(village.households) / 110
    for year in village.period.years():
        for _ in range(int(expected) + (rnd.random() < expected % 1)):
            approved_on = seasonal_day(rnd, year, BUILDING_SEASON)
            estimate = round(rnd.lognormvariate(11.3, 0.9)) * 100
            carry_out(village, approved_on=approved_on, estimate_fen=estimate)


def works_method(village: Village, estimate_fen: int) -> str:
    if village.slips(0.2):
        return "direct"
    if estimate_fen >= WORKS_TENDER_FEN:
        return "tender"
    if estimate_fen >= WORKS_INQUIRY_FEN:
        return village.rnd.choice(("inquiry", "inquiry", "tender"))
    return village.rnd.choice(("direct", "inquiry", "inquiry", "self_build"))


def carry_out(
    village: Village,
    *,
    approved_on: date,
    estimate_fen: int,
    method: str | None = None,
    contractor: str | None = None,
    name: str | None = None,
    discount: tuple[float, float] = (0.86, 0.985),
) -> Project | None:
    """One work from approval to the last payment, as far as the period reaches; None if it begins outside."""
    if approved_on not in village.period:
        return None
    rnd = village.rnd
    kind, titles = rnd.choice(WORKS)
    method = method or works_method(village, estimate_fen)
    started = after(
        rnd, approved_on, least=55 if method == "tender" else 20, most=95 if method == "tender" else 70
    )
    completed = after(rnd, started, least=15, most=130)
    accepted = after(rnd, completed, least=5, most=40)
    audited = after(rnd, accepted, least=10, most=80)
    contract_fen = round(estimate_fen * rnd.uniform(*discount) / 100) * 100
    title = village.plan.name + (name or rnd.choice(titles))
    resolution, _ = decide(village, approved_on, matter="project", title=title, fen=estimate_fen)
    project = Project(
        project_id=village.document("GC", year=approved_on.year),
        village_code=village.code,
        name=title,
        kind=kind,
        funding=rnd.choices(("budget", "collective", "mixed"), (4, 3, 3))[0],
        method=method,
        contractor_id=contractor or village.market.pick("builder", rnd).code,
        estimate_fen=estimate_fen,
        contract_fen=contract_fen,
        approved_on=approved_on,
        resolution_no=resolution,
        started_on=_known(village, started),
        completed_on=_known(village, completed),
        accepted_on=_known(village, accepted),
        audited_on=_known(village, audited),
    )
    if project.audited_on is not None:
        project.settled_fen = round(contract_fen * rnd.uniform(0.96, 1.04))
    if project.method == "self_build":
        project.contractor_id = village.collective.code if village.collective else None
    village.rows.project.append(project)
    _pay_for_works(village, project, started=started, completed=completed, audited=audited)
    return project


def _known(village: Village, day: date) -> date | None:
    return day if day <= village.period.end else None


def _pay_for_works(
    village: Village, project: Project, *, started: date, completed: date, audited: date
) -> None:
    """A contract a week before the start, then 30 % at the start, half on completion, the rest after audit."""
    if project.contractor_id is None or project.contract_fen is None:
        return
    contract_id = None
    if project.method != "self_build":
        contract = sign_contract(
            village,
            on=started - timedelta(days=village.rnd.randint(3, 12)),
            kind="works",
            title=project.name,
            counterparty=project.contractor_id,
            fen=project.contract_fen,
            method=project.method,
            years=1,
            project_id=project.project_id,
        )
        contract_id = contract.contract_id if contract else None
    total = project.settled_fen or project.contract_fen
    stages = (
        ("首付款", started, project.contract_fen * 3 // 10),
        ("进度款", completed, project.contract_fen // 2),
    )
    left = total - sum(fen for _, _, fen in stages)
    for stage, day, fen in (*stages, ("尾款", audited, left)):
        spend(
            village,
            on=after(village.rnd, day, least=5, most=45),
            account="在建工程",
            summary=f"付{project.name}{stage}",
            fen=fen,
            payee=project.contractor_id,
            method="bank",
            project_id=project.project_id,
            contract_id=contract_id,
        )


def purchase(village: Village) -> None:
    """Half a dozen to a dozen purchases a year, more before the Spring Festival."""
    rnd = village.rnd
    for year in village.period.years():
        for _ in range(round(5 + len(village.households) / 25 + rnd.random() * 3)):
            item = rnd.choice(ITEMS)
            buy(village, item, on=seasonal_day(rnd, year, SPRING_FESTIVAL))


def purchase_method(village: Village, fen: int) -> str:
    if village.slips(0.25):
        return "direct"
    if fen >= PURCHASE_TENDER_FEN:
        return "tender"
    if fen >= PURCHASE_INQUIRY_FEN:
        return village.rnd.choice(("inquiry", "inquiry", "platform"))
    return village.rnd.choice(("direct", "platform", "inquiry"))


def buy(
    village: Village,
    item: Item,
    *,
    on: date,
    supplier: str | None = None,
    method: str | None = None,
    price_factor: float = 1.0,
    quantity_factor: float = 1.0,
) -> Procurement | None:
    """A purchase at about the usual price, and the voucher that pays it; None if outside the period."""
    if on not in village.period:
        return None
    rnd = village.rnd
    quantity = max(1, round(item.quantity * quantity_factor * rnd.lognormvariate(0, 0.5)))
    price_fen = max(1, round(item.price * price_factor * rnd.lognormvariate(0, 0.09) * 100))
    amount = quantity * price_fen
    row = Procurement(
        village_code=village.code,
        purchase_no=village.serial("CG", year=on.year),
        purchased_on=on,
        item_class=item.item_class,
        description=item.description,
        method=method or purchase_method(village, amount),
        supplier_id=supplier or _seller(village, item),
        quantity=quantity,
        unit=item.unit,
        unit_price_fen=price_fen,
        amount_fen=amount,
        approver_key=village.holder("director", on).id_number,
        handler_key=village.holder("accountant", on).id_number,
        resolution_no=decide(village, on, matter="purchase", title=f"采购{item.description}", fen=amount)[0]
        if amount >= PURCHASE_INQUIRY_FEN and not village.slips(0.3)
        else None,
        accepted_on=_known(village, after(rnd, on, least=1, most=15)),
    )
    village.rows.procurement.append(row)
    contract = None
    if amount >= 2_000_000:
        contract = sign_contract(
            village,
            on=on,
            kind="purchase",
            title=f"{item.description}采购",
            counterparty=row.supplier_id,
            fen=amount,
            method={"tender": "tender", "direct": "direct"}.get(row.method, "inquiry"),
            years=1,
        )
    spend(
        village,
        on=after(rnd, on, least=3, most=35),
        account="管理费用" if item.item_class.startswith("办公") else "公益支出",
        summary=f"购{item.description}（{row.purchase_no}）",
        fen=amount,
        payee=row.supplier_id,
        contract_id=contract.contract_id if contract else None,
    )
    return row


def _seller(village: Village, item: Item) -> str:
    if item.trade == "shop":
        return village.rnd.choice(village.shops).code
    return village.market.pick(item.trade, village.rnd).code
