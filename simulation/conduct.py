"""Sanctions and debts of residents and officials, and ordinary changes of contracts."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from simulation.meetings import decide
from simulation.records import Contract
from simulation.records_wider import ContractChange, Sanction
from simulation.timeline import after
from simulation.village import Village

AUTHORITIES: Final = {
    "drunk_driving": "模拟县公安局交通管理大队",
    "gambling": "模拟县公安局",
    "detention": "模拟县公安局",
    "debtor": "模拟县人民法院",
    "dishonest": "模拟县人民法院",
    "party_discipline": "模拟县纪律检查委员会",
}
MARKS: Final = {"debtor": "模执", "dishonest": "模失信", "party_discipline": "模纪"}


def punish(
    village: Village,
    subject: str,
    *,
    kind: str,
    on: date,
    reported_on: date | None = None,
    fen: int | None = None,
) -> Sanction | None:
    """A sanction or court record; None if it falls outside the period."""
    if on not in village.period:
        return None
    row = Sanction(
        sanction_no=f"{MARKS.get(kind, '模公')}{village.document('字', year=on.year)}号",
        subject_id=subject,
        kind=kind,
        authority=AUTHORITIES[kind],
        decided_on=on,
        starts_on=on,
        ends_on=on + timedelta(days=village.rnd.choice((15, 180, 365))) if kind != "debtor" else None,
        amount_fen=fen,
        reported_on=reported_on,
    )
    village.rows.sanction.append(row)
    return row


def punish_some(village: Village) -> None:
    """A few residents drive drunk, gamble or owe money; an official who does reports it within days."""
    rnd, officials = village.rnd, village.official_ids()
    for resident in village.residents:
        years = resident.age(village.period.start)
        if not 22 <= years <= 65 or resident.died is not None:
            continue
        official = resident.id_number in officials
        draw = rnd.random() * (3 if official else 1)
        on = village.period.any_day(rnd)
        reported = min(after(rnd, on, least=1, most=9), village.period.end) if official else None
        if resident.sex == "male" and draw < 0.006:
            punish(village, resident.id_number, kind="drunk_driving", on=on, reported_on=reported,
                   fen=rnd.choice((100_000, 200_000)))  # fmt: skip
        elif draw < 0.01:
            kind = rnd.choice(("debtor", "debtor", "dishonest"))
            punish(village, resident.id_number, kind=kind, on=on, reported_on=reported,
                   fen=rnd.randrange(1_000_000, 60_000_000, 100_000))  # fmt: skip
        elif draw < 0.012 and not official:
            punish(village, resident.id_number, kind=rnd.choice(("gambling", "detention")), on=on, fen=50_000)


def change_contract(
    village: Village,
    contract: Contract,
    *,
    on: date,
    kind: str,
    factor: float = 1.0,
    longer_days: int = 0,
    reason: str,
    decided: bool = True,
) -> ContractChange | None:
    """A supplement to a contract, after a meeting unless told otherwise; None if outside the period."""
    if on not in village.period:
        return None
    before = contract.amount_fen or 0
    row = ContractChange(
        contract_id=contract.contract_id,
        change_no=village.document("BG", year=on.year),
        village_code=village.code,
        changed_on=on,
        kind=kind,
        before_fen=before if kind == "price" else None,
        after_fen=round(before * factor) if kind == "price" else None,
        before_end=contract.end_on if longer_days else None,
        after_end=contract.end_on + timedelta(days=longer_days) if longer_days and contract.end_on else None,
        reason=reason,
        resolution_no=decide(village, on, matter="contract", title=f"变更{contract.title}合同")[0]
        if decided
        else None,
    )
    village.rows.contract_change.append(row)
    return row


def change_some(village: Village) -> None:
    """One contract in twelve is changed once: a little dearer after a new design, or later because of rain."""
    rnd = village.rnd
    for contract in list(village.rows.contract):
        if contract.kind not in {"works", "service", "lease"} or rnd.random() > 1 / 12:
            continue
        on = after(rnd, contract.signed_on, least=50, most=250)
        if contract.kind == "works" and rnd.random() < 0.6:
            change_contract(village, contract, on=on, kind="price", factor=rnd.uniform(0.95, 1.08),
                            reason=rnd.choice(("设计变更", "工程量据实调整")))  # fmt: skip
        elif contract.kind == "service" and rnd.random() < 0.4:
            change_contract(village, contract, on=on, kind="scope", reason="服务范围调整")
        else:
            change_contract(village, contract, on=on, kind="term", longer_days=rnd.randint(15, 90),
                            reason="连续阴雨影响，顺延")  # fmt: skip
