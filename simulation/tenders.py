"""Tenders of the county's platform: village works above the limit, and works of bureaus that lie in the village.

Every bidder leaves traces: the people named in the bid, its computer, its network, its price software.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final

from simulation.county import Firm
from simulation.institutions import Desk, Worker
from simulation.records import Project
from simulation.records_wider import AwardItem, Bid, BidTrace, Tender
from simulation.timeline import after
from simulation.village import Village

COUNTY_WORKS: Final = ("乡道改造工程", "河道治理工程", "高标准农田建设项目", "饮水提升工程", "学校维修工程")
COUNTY_A_YEAR: Final = 0.3
MANAGERS: Final = {
    "constructor": "project_manager",
    "safety": "safety_officer",
    "technical": "technical_lead",
}
NOTICE_DAYS: Final = (20, 28)


@dataclass(frozen=True, slots=True)
class Offer:
    """A bid as it is handed in: who, how much, from whose desk, naming whom."""

    firm: Firm
    fen: int
    desk: Desk
    staff: tuple[Worker, ...]
    won: bool = False
    status: str = "valid"


@dataclass(frozen=True, slots=True)
class Held:
    """A tender with its bids, the winner's first, and their traces."""

    tender: Tender
    bids: list[Bid]
    traces: list[BidTrace]


def hold_tenders(village: Village) -> None:
    """A tender for each village work that was put out, and those of the county that lie here."""
    rnd = village.rnd
    for project in village.rows.project:
        if project.method == "tender" and project.contractor_id:
            put_out_project(village, project)
    for year in village.period.years():
        if rnd.random() < COUNTY_A_YEAR:
            estimate = round(rnd.lognormvariate(13.6, 0.7)) * 100
            published = date(year, rnd.randint(2, 10), rnd.randint(1, 28))
            winner = village.market.pick("builder", rnd)
            offers = compete(
                village, winner, award=round(estimate * rnd.uniform(0.84, 0.97)), estimate=estimate
            )
            put_out(
                village,
                title=f"{village.plan.town_name}{rnd.choice(COUNTY_WORKS)}",
                estimate_fen=estimate,
                published_on=published,
                buyer=rnd.choice(village.market.public.bureaus).code,
                offers=offers,
            )


def put_out_project(village: Village, project: Project) -> Held | None:
    """The tender behind a village work, held by the town; None where its contractor is no builder of the county."""
    winner = firm_of(village, project.contractor_id or "")
    if winner is None or project.contract_fen is None or project.estimate_fen is None:
        return None
    offers = compete(village, winner, award=project.contract_fen, estimate=project.estimate_fen)
    return put_out_offers(village, project, offers)


def put_out_offers(village: Village, project: Project, offers: Sequence[Offer]) -> Held | None:
    """The tender behind a village work with these offers."""
    return put_out(
        village,
        title=project.name,
        estimate_fen=project.estimate_fen or 0,
        published_on=after(village.rnd, project.approved_on, least=1, most=4),
        buyer=village.market.public.towns[village.plan.town_code].code,
        offers=offers,
        project_id=project.project_id,
    )


def firm_of(village: Village, code: str) -> Firm | None:
    return next((firm for firm in village.market.firms["builder"] if firm.code == code), None)


def offer(firm: Firm, fen: int, *, won: bool = False, status: str = "valid", rnd: Random) -> Offer:
    """An ordinary bid: the firm's own desk, one of its constructors, its safety and its technical head."""
    if firm.desk is None:
        raise ValueError(f"{firm.name} has no desk to bid from")
    constructors = [worker for worker in firm.staff if worker.role == "constructor"]
    named = [rnd.choice(constructors)] if constructors else []
    named += [worker for worker in firm.staff if worker.role in {"safety", "technical"}]
    return Offer(firm, fen, firm.desk, tuple(named), won, status)


def compete(village: Village, winner: Firm, *, award: int, estimate: int) -> list[Offer]:
    """The winner's bid and two to seven others: dearer as a rule, a few cheaper where quality counts, a few invalid."""
    rnd = village.rnd
    others = [firm for firm in village.market.firms["builder"] if firm.code != winner.code]
    rivals = rnd.sample(others, min(len(others), rnd.choice((2, 2, 3, 3, 4, 5, 7))))
    offers = [offer(winner, award, won=True, rnd=rnd)]
    for rival in rivals:
        draw = rnd.random()
        fen = round(award + (estimate - award) * rnd.uniform(0.08, 0.98) + award * rnd.uniform(0.0, 0.02))
        if draw > 0.92:
            fen = round(award * rnd.uniform(0.93, 0.995))
        elif fen >= estimate:  # nobody bids above the limit
            fen = round(award + (estimate - award) * rnd.uniform(0.2, 0.95))
        offers.append(offer(rival, fen, status="disqualified" if draw < 0.06 else "valid", rnd=rnd))
    return offers


def put_out(
    village: Village,
    *,
    title: str,
    estimate_fen: int,
    published_on: date,
    buyer: str,
    offers: Sequence[Offer],
    project_id: str | None = None,
) -> Held | None:
    """A tender from notice to award, as far as the period reaches; None if it begins outside."""
    rnd, end = village.rnd, village.period.end
    if published_on not in village.period:
        return None
    deadline = after(rnd, published_on, least=NOTICE_DAYS[0], most=NOTICE_DAYS[1])
    awarded = after(rnd, deadline, least=1, most=5)
    done = awarded <= end
    won = next(o for o in offers if o.won)
    cheapest = min(o.fen for o in offers if o.status == "valid")
    tender = Tender(
        tender_id=village.document("ZB", year=published_on.year),
        village_code=village.code,
        buyer_id=buyer,
        title=title,
        category="works",
        item_class="建筑安装工程",
        method="open",
        criterion="price_only" if won.fen <= cheapest else "rated",
        estimate_fen=estimate_fen,
        published_on=published_on,
        deadline_on=deadline,
        status="complete" if done else "active",
        awarded_on=awarded if done else None,
        award_fen=won.fen if done else None,
        project_id=project_id,
        bidders=len(offers) if deadline <= end else None,
        notice_days=(deadline - published_on).days,
        awards=1 if done else None,
        winners=1 if done else None,
        award_status="final" if done else None,
    )
    village.rows.tender.append(tender)
    if deadline > end:
        return Held(tender, [], [])
    if done:
        village.rows.award_item.append(
            AwardItem(
                tender_id=tender.tender_id,
                award_no="ZB1",
                supplier_id=won.firm.code,
                item_class=tender.item_class or "",
                awarded_on=awarded,
                suppliers=1,
            )
        )
    held = Held(tender, _bids(tender, offers, rnd=rnd), _traces(tender, offers))
    village.rows.bid += held.bids
    village.rows.bid_trace += held.traces
    return held


def _bids(tender: Tender, offers: Sequence[Offer], *, rnd: Random) -> list[Bid]:
    ranked = sorted((o for o in offers if o.status == "valid"), key=lambda o: (not o.won, o.fen))
    places = {o.firm.code: place for place, o in enumerate(ranked, start=1)}
    done = tender.awarded_on is not None
    deadline = tender.deadline_on or tender.published_on
    return [
        Bid(
            tender_id=tender.tender_id,
            bid_no=f"TB{number:02d}",
            bidder_id=o.firm.code,
            submitted_on=deadline - timedelta(days=rnd.choice((0, 0, 0, 1, 2))),
            amount_fen=o.fen,
            status=o.status if done else "pending",
            decided_on=tender.awarded_on,
            rank=places.get(o.firm.code) if done else None,
            won=o.won if done else None,
            members=1,
        )
        for number, o in enumerate(offers, start=1)
    ]


def _traces(tender: Tender, offers: Sequence[Offer]) -> list[BidTrace]:
    rows: list[BidTrace] = []
    for o in offers:
        for worker in o.staff:
            rows.append(_trace(tender, o, MANAGERS[worker.role], person=worker.id_number, phone=worker.phone))
        rows.append(_trace(tender, o, "agent", person=o.desk.agent, phone=o.desk.phone))
        for kind, value in (
            ("device", o.desk.device),
            ("network", o.desk.network),
            ("file_author", o.desk.author),
            ("price_software", o.desk.lock),
        ):
            rows.append(_trace(tender, o, kind, value=value))
    return rows


def _trace(
    tender: Tender,
    o: Offer,
    kind: str,
    *,
    person: str | None = None,
    phone: str | None = None,
    value: str | None = None,
) -> BidTrace:
    return BidTrace(
        tender_id=tender.tender_id,
        bidder_id=o.firm.code,
        kind=kind,
        trace_no=1,
        person_key=person,
        phone_key=phone,
        value=value,
        recorded_on=tender.deadline_on or tender.published_on,
    )
