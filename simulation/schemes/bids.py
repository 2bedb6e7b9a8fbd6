"""Schemes around tenders: rings, borrowed heads, brokers, a relative's firm."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from simulation.business import found
from simulation.county import Firm
from simulation.institutions import furnish, outsider
from simulation.records import Record
from simulation.schemes.plots import Plot
from simulation.tenders import Held, Offer, offer, put_out, put_out_offers
from simulation.village import Truth
from simulation.works import WORKS_TENDER_FEN, carry_out

TITLES = ("村道拓宽工程", "河堤加固工程", "文化广场建设工程", "污水管网工程", "机耕路硬化工程")


def bid_ring(plot: Plot) -> Truth | None:
    """A few firms take turns to win; their bids are written on one computer and lie close to the limit.

    Source: RED_FLAGS A7, A8 and A23 (close bids, rotation); MISSION.md row 7. Adds three to six tenders among the
    same firms with a regular turn of winners and shared device, network and author.
    """
    village, rnd = plot.village, plot.village.rnd
    builders = village.market.firms["builder"]
    ring = rnd.sample(builders, min(len(builders), plot.count(3, 5)))
    desk = ring[0].desk
    held: list[Held] = []
    for turn in range(plot.count(3, 6)):
        estimate = _estimate(plot)
        winner = ring[turn % len(ring)]
        award = round(estimate * rnd.uniform(0.965, 0.985))
        offers = []
        for place, firm in enumerate(sorted(ring, key=lambda f: f is not winner)):
            fen = round(award * (1 + place * rnd.uniform(0.002, 0.005)))
            written = offer(firm, min(fen, estimate - 100), won=firm is winner, rnd=rnd)
            if desk is not None and rnd.random() < plot.between(0.6, 1.0):
                shared = replace(written.desk, device=desk.device, network=desk.network, author=desk.author)
                written = replace(written, desk=shared)
            offers.append(written)
        held += _tender(plot, estimate, offers)
    return _tenders(plot, "bid_ring", held, share=0.1) if len(held) >= 2 else None


def borrowed_qualification(plot: Plot) -> Truth | None:
    """A firm bids with people who are insured by, and registered with, other firms: it has borrowed their names.

    Source: MISSION.md (two bidders of a county road whose safety and technical heads were insured and certified
    elsewhere). Adds tenders whose winner names a manager and heads of another firm.
    """
    village, rnd = plot.village, plot.village.rnd
    builders = village.market.firms["builder"]
    held: list[Held] = []
    for _ in range(plot.count(1, 3)):
        estimate = _estimate(plot)
        winner, lender, *others = rnd.sample(builders, min(len(builders), 5))
        award = round(estimate * rnd.uniform(0.88, 0.96))
        lent = offer(lender, award, won=True, rnd=rnd).staff
        first = replace(offer(winner, award, won=True, rnd=rnd), staff=lent)
        rest = [offer(firm, round(award * rnd.uniform(1.005, 1.04)), rnd=rnd) for firm in others]
        held += _tender(plot, estimate, [first, *rest])
    return _tenders(plot, "borrowed_qualification", held, share=0.15) if held else None


def broker_behind_bids(plot: Plot) -> Truth | None:
    """One broker (黄牛) hands in the bids of several firms, tender after tender, with one phone.

    Source: MISSION.md (brokers who appear behind many tenders). Adds tenders in which three or more bidders have the
    same agent and telephone.
    """
    village, rnd = plot.village, plot.village.rnd
    builders = village.market.firms["builder"]
    broker = outsider(village.market.issuer, rnd)
    phone = village.market.issuer.phone()
    held: list[Held] = []
    for _ in range(plot.count(2, 4)):
        estimate = _estimate(plot)
        firms = rnd.sample(builders, min(len(builders), plot.count(4, 6)))
        award = round(estimate * rnd.uniform(0.9, 0.97))
        offers = []
        for place, firm in enumerate(firms):
            fen = round(award * (1 + place * rnd.uniform(0.003, 0.012)))
            written = offer(firm, min(fen, estimate - 100), won=place == 0, rnd=rnd)
            if place < 3:
                written = replace(written, desk=replace(written.desk, agent=broker, phone=phone))
            offers.append(written)
        held += _tender(plot, estimate, offers)
    truth = _tenders(plot, "broker_behind_bids", held, share=0.05) if held else None
    if truth is not None:
        truth.subjects = (*truth.subjects, broker)
    return truth


def tender_won_by_kin(plot: Plot) -> Truth | None:
    """A relative founds a building firm, and soon it wins the village's tender while the others are thrown out.

    Source: RED_FLAGS A10, A32 and G2 (all but the winner disqualified, new firm, path cadre-kin-firm). Adds a work
    with its tender won by the relative's firm.
    """
    village, rnd = plot.village, plot.village.rnd
    relative = plot.confidant()
    if relative is plot.official:
        return None
    approved = plot.day(margin=180)
    firm = found(village, relative, trade="builder", kind="company", on=approved - timedelta(days=rnd.randint(20, 150)),
                 capital_yuan=500_000)  # fmt: skip
    row = next(row for row in village.rows.company if row.company_id == firm.code)
    desk = furnish(village.market.issuer, rnd, address=row.address or "", phone=row.phone_key or "",
                   agent=relative.id_number)  # fmt: skip
    bidder = Firm(firm.code, firm.name, firm.trade, desk)
    project = carry_out(village, approved_on=approved, estimate_fen=_estimate(plot), method="tender",
                        contractor=firm.code, discount=(0.96, 0.99))  # fmt: skip
    if project is None or project.contract_fen is None or project.estimate_fen is None:
        return None
    offers = [offer(bidder, project.contract_fen, won=True, rnd=rnd)]
    for rival in rnd.sample(village.market.firms["builder"], plot.count(2, 4)):
        fen = round(project.estimate_fen * rnd.uniform(0.85, 0.95))
        offers.append(offer(rival, fen, status="disqualified", rnd=rnd))
    held = put_out_offers(village, project, offers)
    if held is None:
        return None
    truth = _tenders(plot, "tender_won_by_kin", [held], share=0.2)
    truth.register_rows.append(("project", project))
    truth.subjects = (*truth.subjects, relative.id_number)
    return truth


def _estimate(plot: Plot) -> int:
    return round(WORKS_TENDER_FEN * plot.village.rnd.uniform(1.2, 6) / 10_000) * 10_000


def _tender(plot: Plot, estimate: int, offers: list[Offer]) -> list[Held]:
    """A tender of the town in this village; empty when it is not on file."""
    village = plot.village
    held = put_out(
        village,
        title=village.plan.name + village.rnd.choice(TITLES),
        estimate_fen=estimate,
        published_on=plot.day(margin=70),
        buyer=village.market.public.towns[village.plan.town_code].code,
        offers=offers,
    )
    return [held] if held is not None and held.bids else []


def _tenders(plot: Plot, scheme: str, held: list[Held], *, share: float) -> Truth:
    """`share` of the awards is what the public overpaid."""
    listed: list[tuple[str, Record]] = []
    for one in held:
        listed += [("tender", one.tender), *(("bid", bid) for bid in one.bids)]
        listed += [("bid_trace", trace) for trace in one.traces]
    return plot.truth(
        scheme,
        listed,
        fen=round(sum(one.tender.award_fen or 0 for one in held) * share),
        days=[one.tender.published_on for one in held],
        subjects=[bid.bidder_id for one in held for bid in one.bids],
    )
