"""Schemes with the medical fund and with insurance: stays that were none, a salesman who holds the village."""

from __future__ import annotations

from datetime import date, timedelta

from simulation.cover import sell_policy, suffer_loss
from simulation.health import stay
from simulation.records import Record
from simulation.records_wider import InsurancePolicy, MedicalClaim
from simulation.schemes.plots import Plot
from simulation.village import Truth


def ghost_stays(plot: Plot) -> Truth | None:
    """Cards of villagers are collected, and the town's health centre bills stays of people who never lay there.

    Source: RED_FLAGS D3 (at work and in hospital the same day); press reports of fund fraud named in the complaint
    phrases. Adds stays in batches that begin the same day under one doctor, some of people on work sheets then.
    """
    village, rnd = plot.village, plot.village.rnd
    clinic = village.market.public.clinics[village.plan.town_code]
    worked: dict[date, list[str]] = {}
    for row in village.rows.labour_day:
        if plot.start <= row.work_date <= plot.end - timedelta(days=40):
            worked.setdefault(row.work_date, []).append(row.person_key)
    people = {r.id_number: r for r in village.residents if r.died is None and r.age(plot.start) >= 18}
    rows: list[MedicalClaim] = []
    for _ in range(plot.count(1, 3)):
        on = rnd.choice(list(worked)) if worked else plot.day(margin=40)
        workers = [people[key] for key in dict.fromkeys(worked.get(on, ())) if key in people][:3]
        others = [r for r in people.values() if r.age(plot.start) >= 55 and r not in workers]
        crowd = workers + rnd.sample(others, min(len(others), plot.count(2, 6)))
        doctor = rnd.choice(clinic.people)
        for patient in crowd:
            claim = stay(village, patient, admitted_on=on, days=rnd.randint(5, 7), where=clinic, even_at_work=True,
                         diagnosis="M51.2")  # fmt: skip
            if claim is not None:
                claim.doctor_key, claim.operator_key = doctor, plot.official.id_number
                rows.append(claim)
    return _claims(plot, "ghost_stays", rows) if rows else None


def decomposed_stays(plot: Plot) -> Truth | None:
    """One long stay is billed as several: out on paper in the morning, in again the same or the next day.

    Source: RED_FLAGS A1 in the field of the medical fund (splitting below a limit). Adds three to six stays of one
    diagnosis in a row for one to three old people, handled by the official.
    """
    village, rnd = plot.village, plot.village.rnd
    clinic = village.market.public.clinics[village.plan.town_code]
    old = [r for r in village.residents if r.died is None and r.age(plot.start) >= 62]
    rows: list[MedicalClaim] = []
    for patient in rnd.sample(old, min(len(old), plot.count(1, 3))):
        on = plot.day(margin=80)
        for _ in range(plot.count(3, 6)):
            days = rnd.randint(6, 9)
            claim = stay(village, patient, admitted_on=on, days=days, where=clinic, even_at_work=True,
                         diagnosis="I63.9")  # fmt: skip
            if claim is not None:
                claim.operator_key = plot.official.id_number
                rows.append(claim)
            on += timedelta(days=days + rnd.randint(0, 1))
    return _claims(plot, "decomposed_stays", rows) if rows else None


def _claims(plot: Plot, scheme: str, rows: list[MedicalClaim]) -> Truth:
    listed: list[tuple[str, Record]] = [("medical_claim", row) for row in rows]
    return plot.truth(
        scheme,
        listed,
        fen=sum(row.fund_fen for row in rows),
        days=[row.admitted_on for row in rows],
        subjects=[row.person_key for row in rows],
    )


def salesman_of_the_village(plot: Plot) -> Truth | None:
    """One salesman gets nearly every house policy of the village; the official signs people up for a kickback.

    Source: MISSION.md (a salesman holding 200 rural housing policies, 90 % of one village, kickbacks to 20 cadres);
    Changshu. From the year of the plot the houses are insured through one agent, paid for in bulk by the official.
    """
    village = plot.village
    seller = village.agents[0]
    houses: list[InsurancePolicy] = [
        row for row in village.rows.insurance_policy if row.kind == "house" and row.signed_on >= plot.start
    ]
    covered = {(row.insured_id, row.signed_on.year) for row in houses}
    for year in village.period.years():
        on = date(year, 3, 15)
        if not plot.start <= on <= plot.end:
            continue
        for household in village.households:
            head = household.head
            if (
                (head.id_number, year) not in covered
                and head.alive(on)
                and village.rnd.random() < plot.between(0.5, 1)
            ):
                houses.append(
                    sell_policy(
                        village, head, kind="house", on=on, seller=seller, payer=plot.official.id_number
                    )
                )
    taken = [row for row in houses if village.rnd.random() < 0.95]
    if len(taken) < 10:
        return None
    for row in taken:
        row.insurer_id, row.agent_key = seller
    listed: list[tuple[str, Record]] = [("insurance_policy", row) for row in taken]
    return plot.truth(
        "salesman_of_the_village",
        listed,
        fen=round(sum(row.premium_fen for row in taken) * plot.between(0.1, 0.4)),
        days=[row.signed_on for row in taken],
        subjects=[village.code],
    )


def crop_area_inflated(plot: Plot) -> Truth | None:
    """Far more is insured than is grown; the state pays most of the premium, and a loss is reported.

    Source: RED_FLAGS C7 (area above the contracted land), in crop insurance. Adds policies of relatives with two to
    five times their holding, with claims paid to the official's account.
    """
    village, rnd = plot.village, plot.village.rnd
    kin = [plot.official, *plot.relatives()]
    farmers = {
        r.household.id: r for r in [*kin, *village.residents] if r.household.holding_mu > 0 and r.died is None
    }
    chosen = sorted(farmers.values(), key=lambda r: r not in kin)[: plot.count(2, 6)]
    rows: list[InsurancePolicy] = []
    for farmer in chosen:
        on = plot.day(margin=230)
        area = round(farmer.household.holding_mu * plot.between(2, 5), 1)
        policy = sell_policy(village, farmer, kind="crop", on=on, seller=rnd.choice(village.agents), quantity=area,
                             payer=plot.official.id_number)  # fmt: skip
        suffer_loss(village, policy, farmer, account=plot.official.account)
        rows.append(policy)
    if not rows:
        return None
    listed: list[tuple[str, Record]] = [("insurance_policy", row) for row in rows]
    return plot.truth(
        "crop_area_inflated",
        listed,
        fen=sum((row.claim_fen or 0) + (row.subsidy_fen or 0) for row in rows),
        days=[row.signed_on for row in rows],
        subjects=[row.insured_id for row in rows],
    )
