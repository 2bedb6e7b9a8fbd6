"""Schemes with collective assets: cheap leases for kin, rents that nobody collects."""

from __future__ import annotations

from datetime import timedelta

from simulation.assets import KINDS, let
from simulation.records import Lease, Record
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
