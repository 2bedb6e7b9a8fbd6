"""Firms of the village: shops, small companies of its families, and the collective's own cooperative."""

from __future__ import annotations

from datetime import date

from simulation import names
from simulation.county import Firm
from simulation.records import Company, CompanyRole
from simulation.timeline import after
from simulation.village import Resident, Village

PREFIX = {"company": "91", "individual": "92", "cooperative": "93", "collective": "N2"}


def open_firms(village: Village) -> None:
    """The collective, one to three shops, and a firm for one better-off household in twelve."""
    rnd = village.rnd
    _found_collective(village)
    grown = [
        household.head
        for household in village.households
        if household.wealth > 0.25
        and 24 <= household.head.age(village.period.start) <= 66
        and not household.head.died
    ] or [village.posts[0].resident]
    for _ in range(1 if len(village.households) < 60 else rnd.choice((1, 2, 2, 3))):
        owner = rnd.choice(grown)
        village.shops.append(found(village, owner, trade="shop", kind="individual", on=_before(village)))
    taken = village.official_ids()
    for head in grown:
        if head.household.wealth > 0.4 and head.id_number not in taken and rnd.random() < 0.14:
            trade, kind = rnd.choice(
                (("farm", "cooperative"), ("supplier", "company"), ("shop", "individual"))
            )
            partner = next(
                (r for r in head.household.residents if r is not head and r.age(village.period.start) > 20),
                None,
            )
            found(village, head, trade=trade, kind=kind, on=_before(village), partner=partner)


def _before(village: Village) -> date:
    return after(village.rnd, village.period.start, least=-3000, most=-60)


def found(
    village: Village,
    owner: Resident,
    *,
    trade: str,
    kind: str,
    on: date,
    partner: Resident | None = None,
    capital_yuan: int | None = None,
) -> Firm:
    """Register a firm with its legal representative and, perhaps, a shareholder of the family."""
    rnd = village.rnd
    firm = Firm(
        code=village.market.issuer.credit_code(PREFIX[kind]),
        name=names.firm_name(rnd, trade, place=f"模拟{village.plan.town_name}"),
        trade=trade,
    )
    capital = capital_yuan or (0 if kind == "individual" else rnd.choice((5, 10, 30, 50, 100, 200)) * 10_000)
    closed = trade != "builder" and capital_yuan is None and rnd.random() < 0.06 and kind != "individual"
    village.rows.company.append(
        Company(
            company_id=firm.code,
            name=firm.name,
            kind=kind,
            registered_on=on,
            status="cancelled" if closed else "active",
            status_date=village.period.any_day(rnd) if closed else None,
            capital_fen=capital * 100 or None,
            industry={"shop": "零售业", "farm": "农业", "builder": "建筑业"}.get(trade, "批发业"),
            village_code=village.code,
            phone_key=village.market.issuer.phone(),
            address=f"模拟{village.plan.town_name}{village.plan.name}{rnd.randint(1, 998)}号",
        )
    )
    share = 100.0 if partner is None else rnd.choice((51.0, 60.0, 70.0))
    _enter_role(village, firm, owner, role="legal_representative", share=share, on=on)
    if partner is not None:
        _enter_role(village, firm, partner, role="shareholder", share=100.0 - share, on=on)
    return firm


def _enter_role(
    village: Village,
    firm: Firm,
    person: Resident,
    *,
    role: str,
    share: float | None,
    on: date,
    to: date | None = None,
) -> None:
    village.rows.company_role.append(
        CompanyRole(
            company_id=firm.code,
            person_key=person.id_number,
            role=role,
            share_percent=share,
            from_date=on,
            to_date=to,
        )
    )


def _found_collective(village: Village) -> None:
    """The village's own cooperative; each secretary represents it by office, which is no stake of his own."""
    rnd = village.rnd
    firm = Firm(
        code=village.market.issuer.credit_code(PREFIX["collective"]),
        name=f"模拟{village.plan.town_name}{village.plan.name}股份经济合作社",
        trade="collective",
    )
    village.collective = firm
    registered = date(village.period.start.year - rnd.randint(3, 6), rnd.randint(1, 12), rnd.randint(1, 28))
    village.rows.company.append(
        Company(
            company_id=firm.code,
            name=firm.name,
            kind="collective",
            registered_on=registered,
            status="active",
            capital_fen=rnd.randint(5, 300) * 1_000_000,
            industry="农村集体经济",
            village_code=village.code,
            phone_key=village.market.issuer.phone(),
            address=f"模拟{village.plan.town_name}{village.plan.name}{rnd.randint(1, 98)}号",
        )
    )
    for post in village.posts:
        if post.post == "secretary":
            on = max(post.start, registered)
            _enter_role(village, firm, post.resident, role="ex_officio", share=None, on=on, to=post.end)
