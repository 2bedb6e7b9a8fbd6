"""Schemes with collective assets: cheap leases for kin, rents that nobody collects."""

from __future__ import annotations

from datetime import timedelta

from simulation.assets import KINDS, let, sell
from simulation.records import Lease, Record
from simulation.records_wider import Asset
from simulation.schemes.plots import Plot
from simulation.village import Truth


def rent_below_market(plot: Plot) -> Truth | None:
    """The official lets a field, wood or shop of the collective to a relative, far below the usual rent.

    Source: RED_FLAGS E2, E3 and E7 (audits in Yixing and Jiading found leases of 30 to 50 years).
    Adds one to three direct leases at a quarter to six tenths of the usual rent, and for long.
    """
    village, rnd = plot.village, plot.village.rnd
    tenant = plot.confidant()
    leases: list[Lease] = []
    for _ in range(plot.count(1, 3)):
        lease = let(
            village,
            signed_on=plot.start + timedelta(days=rnd.randint(0, 150)),
            tenant=tenant.id_number,
            kind=_usual_kind(plot),
            rent_factor=plot.between(0.6, 0.25),
            method="direct",
            years=plot.count(10, 30),
            with_meeting=rnd.random() < 0.3,
        )
        leases += [lease] if lease else []
    return _leases_truth(plot, "rent_below_market", leases, lost=1 / plot.between(0.6, 0.25) - 1)


def rent_uncollected(plot: Plot) -> Truth | None:
    """A tenant close to the official pays no rent for years, and nobody asks.

    Source: MISSION.md (rent in arrears among the CNY 83 million recovered); RED_FLAGS E1 (Xiaoshan: two
    months late are red). Adds leases whose rent is paid up to 14 months or longer before the period's end.
    """
    village, rnd = plot.village, plot.village.rnd
    leases: list[Lease] = []
    for _ in range(plot.count(1, 4)):
        tenant = rnd.choice([plot.confidant().id_number, village.market.pick("farm", rnd).code])
        lease = let(
            village,
            signed_on=plot.end - timedelta(days=rnd.randint(1200, 2200)),
            tenant=tenant,
            kind=_usual_kind(plot),
            method=rnd.choice(("negotiated", "direct")),
            years=10,
            paid_until=plot.end - timedelta(days=round(plot.between(800, 1500))),
        )
        leases += [lease] if lease else []
    years = plot.between(800, 1500) / 365 - 1
    return _leases_truth(plot, "rent_uncollected", leases, lost=years)


def long_lease_to_kin(plot: Plot) -> Truth | None:
    """A relative gets fields or woods of the collective for decades, at today's rent and without bidding.

    Source: RED_FLAGS E3 and E7 (leases of 30 to 50 years in Yixing and Jiading; no lease may pass 20 years).
    Adds one or two direct leases of 22 to 45 years at about the usual rent.
    """
    village, rnd = plot.village, plot.village.rnd
    tenant = plot.confidant()
    leases: list[Lease] = []
    for _ in range(plot.count(1, 2)):
        lease = let(
            village,
            signed_on=plot.start + timedelta(days=rnd.randint(0, 120)),
            tenant=tenant.id_number,
            kind=rnd.choice(("arable", "pond", "forest")),
            rent_factor=plot.between(1.0, 0.85),
            method="direct",
            years=plot.count(22, 45),
            with_meeting=rnd.random() < 0.5,
        )
        leases += [lease] if lease else []
    return _leases_truth(plot, "long_lease_to_kin", leases, lost=1.0)


def asset_sold_below_appraisal(plot: Plot) -> Truth | None:
    """Old buildings or machines of the collective are sold by agreement to a relative, far below the appraisal.

    Source: RED_FLAGS E6 and E12 (disposal below appraisal, traded off the platform). Adds one to three sales.
    """
    village = plot.village
    buyer = plot.confidant()
    sold: list[Asset] = []
    for _ in range(plot.count(1, 3)):
        asset = sell(
            village, on=plot.day(), buyer=buyer.id_number, price=plot.between(0.75, 0.3), method="negotiated"
        )
        if asset is not None:
            if village.rnd.random() < plot.between(0.3, 0.9):
                asset.resolution_no = None
            sold.append(asset)
    if not sold:
        return None
    listed: list[tuple[str, Record]] = [("asset", asset) for asset in sold]
    return plot.truth(
        "asset_sold_below_appraisal",
        listed,
        fen=sum((asset.appraised_fen or 0) - (asset.disposed_fen or 0) for asset in sold),
        days=[asset.disposed_on for asset in sold if asset.disposed_on],
        subjects=[buyer.id_number],
    )


def _usual_kind(plot: Plot) -> str:
    kinds, weights = zip(*KINDS[plot.village.plan.terrain], strict=True)
    kind: str = plot.village.rnd.choices(kinds, weights)[0]
    return kind


def _leases_truth(plot: Plot, scheme: str, leases: list[Lease], *, lost: float) -> Truth | None:
    """`lost` is what the collective misses, as a multiple of one year's rent."""
    if not leases:
        return None
    listed: list[tuple[str, Record]] = [("lease", lease) for lease in leases]
    return plot.truth(
        scheme,
        listed,
        fen=round(sum(lease.annual_rent_fen or 0 for lease in leases) * lost),
        days=[max(lease.signed_on, plot.start) for lease in leases],
        subjects=[lease.tenant_id for lease in leases],
    )
