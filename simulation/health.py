"""Disability certificates, and what the medical fund pays: visits and stays in hospital."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from simulation.institutions import Body
from simulation.records_wider import Disability, MedicalClaim
from simulation.timeline import after
from simulation.village import Resident, Village

DIAGNOSES: Final = ("I10", "J18.9", "E11.9", "I63.9", "M51.2", "K35.8", "J44.9", "I25.1", "N20.0", "S82.2")
DAY_COST_YUAN: Final = (520, 1100)


def certify_disability(
    village: Village, resident: Resident, *, severe: bool, on: date | None = None
) -> Disability:
    """A certificate of grade 1 or 2 (severe), else 3 or 4; valid ten years."""
    rnd = village.rnd
    certified = on or max(resident.birth, after(rnd, village.period.start, least=-2200, most=-40))
    category = rnd.choices(
        ("physical", "visual", "hearing", "intellectual", "mental", "multiple", "speech"),
        (50, 14, 12, 8, 9, 4, 3),
    )[0]
    row = Disability(
        person_key=resident.id_number,
        village_code=village.code,
        category=category,
        grade=rnd.choice((1, 2, 2) if severe else (3, 3, 4, 4)),
        certified_on=certified,
        valid_to=certified.replace(year=certified.year + 10, day=min(certified.day, 28)),
        status="valid",
    )
    village.rows.disability.append(row)
    return row


def certify_all(village: Village) -> None:
    """Whoever draws a disability allowance has the grade for it; as many again have a low grade and draw none."""
    rnd = village.rnd
    drawn: dict[str, set[str]] = {}
    for row in village.rows.subsidy_payment:
        if row.programme_id in {"MZ03", "MZ04"}:
            drawn.setdefault(row.person_key, set()).add(row.programme_id)
    for resident in village.residents:
        kinds = drawn.get(resident.id_number)
        if kinds:
            certify_disability(village, resident, severe="MZ04" in kinds or rnd.random() < 0.5)
        elif rnd.random() < 0.008 + 0.0003 * max(0, resident.age(village.period.start) - 30):
            certify_disability(village, resident, severe=False)


def treat(village: Village) -> None:
    """Stays in hospital by age, a third of them in the town's own, and some visits; nobody works meanwhile."""
    rnd = village.rnd
    for resident in village.residents:
        years = max(0, resident.age(village.period.start))
        for year in village.period.years():
            if rnd.random() < 0.014 + 0.0011 * max(0, years - 25):
                on = date(year, rnd.randint(1, 12), rnd.randint(1, 28))
                stay(village, resident, admitted_on=on, days=rnd.randint(4, 13))
            if rnd.random() < 0.045:
                visit(village, resident, on=date(year, rnd.randint(1, 12), rnd.randint(1, 28)))


def institution(village: Village) -> Body:
    """The town's health centre, or one of the county's hospitals."""
    public = village.market.public
    if village.rnd.random() < 0.35:
        return public.clinics[village.plan.town_code]
    return village.rnd.choice(public.hospitals)


def stay(
    village: Village,
    resident: Resident,
    *,
    admitted_on: date,
    days: int,
    where: Body | None = None,
    even_at_work: bool = False,
    diagnosis: str | None = None,
) -> MedicalClaim | None:
    """A stay in hospital; None if it is not settled in time, the patient dies, or is at work on one of the days."""
    rnd = village.rnd
    out = admitted_on + timedelta(days=days)
    if admitted_on < village.period.start or out > village.period.end or not resident.alive(out):
        return None
    inside = [(resident.id_number, admitted_on + timedelta(days=step)) for step in range(days + 1)]
    if not even_at_work and any(day in village.worked for day in inside):
        return None
    village.worked.update(inside)
    total = round(days * rnd.uniform(*DAY_COST_YUAN)) * 100
    return _file(village, resident, where or institution(village), kind="inpatient", admitted_on=admitted_on,
                 out=out, total=total, share=rnd.uniform(0.55, 0.75), diagnosis=diagnosis)  # fmt: skip


def visit(village: Village, resident: Resident, *, on: date) -> MedicalClaim | None:
    if on not in village.period or not resident.alive(on) or resident.birth > on:
        return None
    rnd = village.rnd
    kind = rnd.choices(("outpatient", "clinic", "chronic", "pharmacy"), (4, 4, 2, 1))[0]
    where = (
        village.market.public.clinics[village.plan.town_code] if kind == "clinic" else institution(village)
    )
    return _file(village, resident, where, kind=kind, admitted_on=on, out=None,
                 total=round(rnd.lognormvariate(5.1, 0.6)) * 100, share=rnd.uniform(0.4, 0.6))  # fmt: skip


def _file(
    village: Village,
    resident: Resident,
    where: Body,
    *,
    kind: str,
    admitted_on: date,
    out: date | None,
    total: int,
    share: float,
    diagnosis: str | None = None,
) -> MedicalClaim:
    rnd = village.rnd
    row = MedicalClaim(
        claim_id=village.document("YB", year=admitted_on.year),
        person_key=resident.id_number,
        village_code=village.code,
        institution_id=where.code,
        kind=kind,
        admitted_on=admitted_on,
        discharged_on=out,
        settled_on=out or admitted_on,
        total_fen=total,
        fund_fen=round(total * share),
        diagnosis=diagnosis or rnd.choice(DIAGNOSES),
        doctor_key=rnd.choice(where.people),
    )
    village.rows.medical_claim.append(row)
    return row
