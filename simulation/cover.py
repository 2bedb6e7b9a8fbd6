"""Insurance of houses and crops: several agents share a village, a few claims are paid."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from simulation.records_wider import InsurancePolicy
from simulation.timeline import after
from simulation.village import Resident, Village

HOUSE_PREMIUM_FEN: Final = 3_000
CROP_PREMIUM_FEN: Final = 3_600  # a mu
CROP_SUBSIDY: Final = 0.8
CLAIM_FEN_A_MU: Final = 30_000


def insure_village(village: Village) -> None:
    """Every year about a fifth of the households insure the house and as many the crop, with three or more agents."""
    rnd = village.rnd
    sellers = [(body.code, agent) for body in village.market.public.insurers for agent in body.people]
    village.agents = rnd.sample(sellers, rnd.randint(3, 5))
    weights = [rnd.uniform(0.7, 1.6) for _ in village.agents]
    taken = [row for row in village.rows.land_parcel if row.ended_on is not None]
    for year in village.period.years():
        for household in village.households:
            head = household.head
            for kind, chance, month in (("house", 0.2, 3), ("crop", 0.2 if household.holding_mu else 0.0, 4)):
                on = date(year, month, rnd.randint(1, 28))
                if rnd.random() < chance and on in village.period and head.alive(on):
                    seller = rnd.choices(village.agents, weights)[0]
                    gone = sum(r.area_mu for r in taken if r.household_id == household.id)
                    left = max(0.1, round(household.holding_mu - gone, 2)) if kind == "crop" else None
                    policy = sell_policy(village, head, kind=kind, on=on, seller=seller, quantity=left)
                    if rnd.random() < 0.05:
                        suffer_loss(village, policy, head)


def sell_policy(
    village: Village,
    insured: Resident,
    *,
    kind: str,
    on: date,
    seller: tuple[str, str],
    quantity: float | None = None,
    payer: str | None = None,
) -> InsurancePolicy:
    """A policy for a year from the day after; of a crop's premium the state pays four fifths."""
    crop = kind == "crop"
    quantity = quantity or (insured.household.holding_mu if crop else 1.0)
    premium = round(quantity * (CROP_PREMIUM_FEN if crop else HOUSE_PREMIUM_FEN))
    row = InsurancePolicy(
        policy_no=village.document("BX", year=on.year),
        insured_id=insured.id_number,
        village_code=village.code,
        kind=kind,
        insurer_id=seller[0],
        agent_key=seller[1],
        quantity=quantity,
        premium_fen=premium,
        subsidy_fen=round(premium * CROP_SUBSIDY) if crop else None,
        signed_on=on,
        start_on=on + timedelta(days=1),
        end_on=on + timedelta(days=365),
        payer_id=payer or insured.id_number,
    )
    village.rows.insurance_policy.append(row)
    return row


def suffer_loss(
    village: Village, policy: InsurancePolicy, insured: Resident, *, account: str | None = None
) -> None:
    """A loss some months on, and the claim paid to the insured; both left out where they come too late."""
    rnd = village.rnd
    loss = after(rnd, policy.signed_on, least=40, most=160)
    paid = after(rnd, loss, least=15, most=60)
    if loss > village.period.end:
        return
    policy.loss_on = loss
    if paid <= village.period.end:
        policy.claim_paid_on = paid
        policy.claim_fen = (
            round((policy.quantity or 1) * CLAIM_FEN_A_MU * rnd.uniform(0.3, 1))
            if policy.kind == "crop"
            else rnd.randrange(80_000, 1_500_000, 10_000)
        )
        policy.claim_account_key = account or insured.account
