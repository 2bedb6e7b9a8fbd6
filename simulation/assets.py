"""What the collective owns and lets: fields, woods, ponds, shops, halls, with rents and arrears as usual."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from simulation.ledger import receive
from simulation.meetings import decide
from simulation.paper import sign_contract
from simulation.records import Lease
from simulation.records_wider import Asset, RentPayment
from simulation.timeline import after
from simulation.village import Resident, Village

KINDS: Final = {
    "plain": (("arable", 6), ("pond", 3), ("shop", 3), ("factory", 2), ("other", 1)),
    "hill": (("arable", 4), ("forest", 4), ("pond", 2), ("shop", 2), ("factory", 1), ("other", 1)),
    "mountain": (("forest", 7), ("arable", 2), ("pond", 1), ("shop", 1), ("other", 1)),
}
RENT_A_MU: Final = {  # yuan a mu and year; a shop's or hall's mu is its floor
    "arable": 620,
    "forest": 70,
    "pond": 480,
    "shop": 95_000,
    "factory": 30_000,
    "other": 900,
}
AREA: Final = {
    "arable": (6, 60),
    "forest": (30, 400),
    "pond": (4, 40),
    "shop": (0.06, 0.3),
    "factory": (0.5, 4),
    "other": (0.5, 5),
}
NAMES: Final = {
    "arable": "机动地",
    "forest": "集体山林",
    "pond": "集体鱼塘",
    "shop": "沿街店面",
    "factory": "旧厂房",
    "other": "闲置场地",
}
TERMS: Final = {"forest": (10, 15, 20, 30), "shop": (3, 3, 5), "factory": (5, 8, 10)}


def let_assets(village: Village) -> None:
    """Five to fifteen assets, let some time in the last ten years, rents paid about a year ahead."""
    rnd = village.rnd
    for _ in range(rnd.randint(4, 6) + len(village.households) // 45):
        signed = after(
            rnd, village.period.start, least=-3000, most=(village.period.end - village.period.start).days
        )
        let(village, signed_on=signed, tenant=_tenant(village))


def market_rent_fen(village: Village, kind: str, area_mu: float) -> int:
    """The usual yearly rent in this village."""
    return round(RENT_A_MU[kind] * village.plan.price_level * area_mu) * 100


def let(
    village: Village,
    *,
    signed_on: date,
    tenant: str,
    kind: str | None = None,
    rent_factor: float = 1.0,
    method: str | None = None,
    years: int | None = None,
    paid_until: date | None = None,
    with_meeting: bool = True,
) -> Lease | None:
    """A lease with the rents it brought in the period; None if it ended before the period or begins after.

    `paid_until` fixes the day up to which rent is paid (no later rent is booked); without it all is paid.
    """
    rnd, period = village.rnd, village.period
    kinds, weights = zip(*KINDS[village.plan.terrain], strict=True)
    kind = kind or rnd.choices(kinds, weights)[0]
    years = years or rnd.choice(TERMS.get(kind, (3, 5, 5, 8, 10)))
    start_on = after(rnd, signed_on, least=0, most=30)
    end_on = start_on.replace(year=start_on.year + years, day=min(start_on.day, 28))
    if signed_on > period.end or end_on <= period.start:
        return None
    low, high = AREA[kind]
    area = round(low * (high / low) ** rnd.random(), 2)
    rent = max(
        10_000,
        round(market_rent_fen(village, kind, area) * rent_factor * rnd.lognormvariate(0, 0.15) / 1000) * 1000,
    )
    asset = own(
        village, kind=kind, area_mu=area, acquired_on=start_on - timedelta(days=rnd.randint(300, 4000))
    )
    asset.status, asset.status_date = ("leased", start_on) if end_on > period.end else ("idle", end_on)
    if start_on > period.end:
        asset.status, asset.status_date = "in_use", None
    lease = Lease(
        lease_id=village.document("ZL", year=signed_on.year),
        village_code=village.code,
        asset_id=asset.asset_id,
        asset_name=asset.name,
        asset_kind=kind,
        area_mu=area,
        tenant_id=tenant,
        method=method or rnd.choices(("auction", "negotiated", "direct"), (6, 3, 1))[0],
        signed_on=signed_on,
        start_on=start_on,
        end_on=end_on,
        annual_rent_fen=rent,
        resolution_no=decide(village, signed_on, matter="contract", title=f"{NAMES[kind]}发包", fen=rent)[0]
        if with_meeting
        else None,
    )
    village.rows.lease.append(lease)
    contract = sign_contract(
        village,
        on=signed_on,
        kind="lease",
        title=f"{lease.asset_name}租赁",
        counterparty=tenant,
        fen=rent * years,
        method="tender" if lease.method == "auction" else "direct",
        years=years,
        with_meeting=with_meeting,
    )
    _collect_rent(village, lease, until=paid_until, contract_id=contract.contract_id if contract else None)
    return lease


def own(village: Village, *, kind: str, area_mu: float | None, acquired_on: date, name: str = "") -> Asset:
    """An asset of the collective on its books; measured again in one case of eight, to a slightly other area."""
    rnd = village.rnd
    number = village.serial("asset", year=0).rsplit("-", 1)[1]
    measured = (
        area_mu if area_mu is None or rnd.random() > 0.12 else round(area_mu * rnd.uniform(0.97, 1.04), 2)
    )
    asset = Asset(
        asset_id=f"{village.code[4:]}-ZC-{number}",
        village_code=village.code,
        name=name or NAMES[kind],
        kind=kind,
        area_mu=measured,
        original_fen=round((area_mu or 1) * RENT_A_MU.get(kind, 5000) * rnd.uniform(8, 20)) * 100,
        acquired_on=acquired_on,
        status="in_use",
    )
    village.rows.asset.append(asset)
    return asset


def _collect_rent(village: Village, lease: Lease, *, until: date | None, contract_id: str | None) -> None:
    """Rent is due each year on the day the lease began; people pay within seven weeks, or months where it slips.

    One rent in ten is paid in two parts; each receipt is also in the ledger.
    """
    due = lease.start_on
    paid_until = lease.start_on
    while due < lease.end_on and due <= village.period.end and (until is None or due < until):
        paid_on = after(village.rnd, due, least=-10, most=260 if village.slips(0.3) else 50)
        if paid_on > village.period.end:
            break
        due = due.replace(year=due.year + 1, day=min(due.day, 28))
        paid_until = min(due, lease.end_on)
        if paid_on >= village.period.start and lease.annual_rent_fen:
            first = lease.annual_rent_fen // 2 if village.rnd.random() < 0.1 else 0
            for fen, wait in ((lease.annual_rent_fen - first, 0), (first, village.rnd.randint(20, 90))):
                if fen:
                    _take_rent(village, lease, on=paid_on + timedelta(days=wait), fen=fen, until=paid_until,
                               contract_id=contract_id)  # fmt: skip
    lease.paid_until = paid_until if paid_until > lease.start_on else lease.start_on - timedelta(days=1)


def _take_rent(
    village: Village, lease: Lease, *, on: date, fen: int, until: date, contract_id: str | None
) -> None:
    """One receipt and its entry in the ledger; nothing if it comes after the period."""
    if on > village.period.end:
        return
    method = "cash" if fen < 300_000 and village.rnd.random() < 0.2 else "bank"
    receive(village, on=on, account="经营收入", summary=f"收{lease.asset_name}租金（{lease.lease_id}）",
                    fen=fen, payer=lease.tenant_id, contract_id=contract_id, method=method)  # fmt: skip
    give_receipt(village, lease, on=on, fen=fen, until=until, method=method)


def give_receipt(
    village: Village, lease: Lease, *, on: date, fen: int, until: date, method: str = "bank"
) -> RentPayment:
    """A line of the rent register; the cashier (or who stands in) collects."""
    row = RentPayment(
        lease_id=lease.lease_id,
        receipt_no=village.serial("SJ", year=on.year),
        village_code=village.code,
        paid_on=on,
        amount_fen=fen,
        payer_id=lease.tenant_id,
        payment_method=method,
        collector_key=village.holder("accountant", on).id_number,
        period_end=until,
    )
    village.rows.rent_payment.append(row)
    return row


def keep_assets(village: Village) -> None:
    """Assets that are not let: equipment in use, a hall or two, something idle; now and then one is sold."""
    rnd, start = village.rnd, village.period.start
    for name in rnd.sample(("会议室桌椅", "电脑和打印机", "洒水车", "广场音响", "发电机"), rnd.randint(1, 3)):
        own(
            village,
            kind="equipment",
            area_mu=None,
            acquired_on=after(rnd, start, least=-2500, most=-30),
            name=name,
        )
    for kind in rnd.sample(("shop", "factory", "other"), rnd.randint(0, 2)):
        asset = own(village, kind=kind, area_mu=round(rnd.uniform(0.1, 2), 2),
                    acquired_on=after(rnd, start, least=-4000, most=-400))  # fmt: skip
        if rnd.random() < 0.4:
            asset.status, asset.status_date = "idle", after(rnd, start, least=-300, most=300)
    if rnd.random() < 0.12:
        buyer = _tenant(village)
        sell(village, on=village.period.any_day(rnd), buyer=buyer, price=rnd.uniform(1.0, 1.25))


def sell(village: Village, *, on: date, buyer: str, price: float, method: str = "auction") -> Asset | None:
    """An asset is appraised and sold for `price` times the appraisal; None if the sale is not on file in time."""
    rnd = village.rnd
    appraised = rnd.randrange(2_000_000, 20_000_000, 100_000)
    kind, name = rnd.choice((("factory", "旧校舍"), ("equipment", "旧农机"), ("other", "旧仓储用房")))
    entry = receive(village, on=on, account="其他收入", summary=f"{name}处置收入", fen=round(appraised * price),
                    payer=buyer)  # fmt: skip
    if entry is None:
        return None
    asset = own(
        village, kind=kind, area_mu=None, acquired_on=on - timedelta(days=rnd.randint(1500, 6000)), name=name
    )
    asset.status, asset.status_date, asset.disposed_on = "disposed", on, on
    asset.appraised_fen, asset.disposed_fen = appraised, entry.amount_fen
    asset.disposal_method, asset.buyer_id = method, buyer
    asset.resolution_no = decide(village, on, matter="contract", title=f"处置{name}", fen=appraised)[0]
    return asset


def _tenant(village: Village) -> str:
    """A grown resident who is no official, or a firm."""
    rnd = village.rnd
    if rnd.random() < 0.3:
        return village.market.pick(rnd.choice(("farm", "supplier")), rnd).code
    taken = village.official_ids()
    grown = [
        r for r in village.residents if 25 <= r.age(village.period.start) <= 65 and not r.died
        and r.id_number not in taken
    ]  # fmt: skip
    tenant: Resident | None = rnd.choice(grown) if grown else None
    return tenant.id_number if tenant else village.market.pick("farm", rnd).code
