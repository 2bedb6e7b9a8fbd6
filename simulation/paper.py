"""Contracts, and every use of the village's seals: approved, kept by another hand, with the meeting's number."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from simulation.meetings import decide
from simulation.records import Contract, SealUse
from simulation.timeline import EVEN, after, seasonal_day, working_day
from simulation.village import Village

MEETING_FEN: Final = 1_000_000  # contracts of 10,000 yuan and more need a village meeting
OFFICE_HOURS: Final = (8, 9, 9, 10, 10, 11, 14, 14, 15, 15, 16, 17)
CERTIFICATES: Final = ("居住证明", "亲属关系证明", "收入证明", "困难情况说明", "土地承包情况证明")


def sign_contract(
    village: Village,
    *,
    on: date,
    kind: str,
    title: str,
    counterparty: str,
    fen: int,
    method: str,
    years: int,
    project_id: str | None = None,
    with_meeting: bool = True,
    meeting: tuple[str, date] | None = None,
) -> Contract | None:
    """A contract and the use of the seal on it; None if the day lies outside the period.

    A meeting decides it first where the sum is large, unless the meeting that did is given.
    """
    if on not in village.period:
        return None
    needs_meeting = with_meeting and meeting is None and fen >= MEETING_FEN and not village.slips(0.35)
    if needs_meeting:
        matter = "loan" if kind == "loan" else "contract"
        meeting = decide(village, on, matter=matter, title=f"签订{title}合同", fen=fen)
    contract = Contract(
        contract_id=village.document("HT", year=on.year),
        village_code=village.code,
        kind=kind,
        title=title,
        counterparty_id=counterparty,
        amount_fen=fen,
        signed_on=on,
        start_on=on + timedelta(days=village.rnd.randint(0, 20)),
        end_on=on.replace(year=on.year + years, day=min(on.day, 28)),
        method=method,
        resolution_no=meeting[0] if meeting else None,
        project_id=project_id,
    )
    village.rows.contract.append(contract)
    if with_meeting:
        stamp(
            village,
            on=working_day(on),
            document_kind="loan" if kind == "loan" else "contract",
            purpose=f"签订{title}合同",
            meeting=meeting,
            contract_id=contract.contract_id,
            seal="collective" if kind in {"lease", "loan"} else "committee",
        )
    return contract


def stamp(
    village: Village,
    *,
    on: date,
    document_kind: str,
    purpose: str,
    seal: str = "committee",
    meeting: tuple[str, date] | None = None,
    contract_id: str | None = None,
) -> SealUse | None:
    """A use of a seal, approved up to three days before and kept by the accountant; None if outside.

    Sloppy villages forget the approval now and then, or stamp after hours.
    """
    if on not in village.period:
        return None
    rnd = village.rnd
    approved = not village.slips(0.12)
    row = SealUse(
        seal_use_id=village.document("YZ", year=on.year),
        village_code=village.code,
        seal=seal,
        used_on=on,
        used_hour=rnd.choice((7, 12, 18, 19)) if village.slips(0.15) else rnd.choice(OFFICE_HOURS),
        document_kind=document_kind,
        purpose=purpose,
        approver_key=village.holder("secretary", on).id_number if approved else None,
        approved_on=on - timedelta(days=rnd.randint(0, 3)) if approved else None,
        keeper_key=village.holder("accountant", on).id_number,
        resolution_no=meeting[0] if meeting else None,
        resolution_on=meeting[1] if meeting else None,
        contract_id=contract_id,
        blank=False,
        off_site=rnd.random() < 0.02,
    )
    village.rows.seal_use.append(row)
    return row


def use_seals(village: Village) -> None:
    """Everyday uses: certificates, payments, now and then a matter of land or a loan, each as it should be."""
    rnd = village.rnd
    size = (len(village.households) / 85) ** 0.5
    for year in village.period.years():
        for _ in range(round(18 * size)):
            _stamp_on(village, year, "certificate", purpose=rnd.choice(CERTIFICATES))
        for _ in range(round(12 * size)):
            _stamp_on(village, year, "payment", purpose="付款审批单", seal="finance")
        for _ in range(rnd.randint(0, 3)):
            on = working_day(seasonal_day(rnd, year, EVEN))
            if on in village.period:
                meeting = decide(village, on, matter="land", title="宅基地申请审议")
                stamp(village, on=on, document_kind="land", purpose="宅基地申请材料", meeting=meeting)
        for _ in range(rnd.randint(2, 6)):
            _stamp_on(village, year, "other", purpose="上报材料")


def _stamp_on(
    village: Village, year: int, document_kind: str, *, purpose: str, seal: str = "committee"
) -> None:
    on = working_day(seasonal_day(village.rnd, year, EVEN))
    stamp(village, on=on, document_kind=document_kind, purpose=purpose, seal=seal)


def hire_services(village: Village) -> None:
    """Yearly service contracts: waste, bookkeeping, insurance; and rarely a loan."""
    rnd = village.rnd
    for year in village.period.years():
        titles = ("村庄保洁服务", "财务代理服务", "法律顾问服务")
        for title in rnd.sample(titles, rnd.randint(1, 2)):
            fen = round(rnd.lognormvariate(9.6, 0.6)) * 100
            sign_contract(village, on=working_day(seasonal_day(rnd, year, (0.4, 0.3, 0.3) + (0.0,) * 9)),
                          kind="service", title=title, counterparty=village.market.pick("service", rnd).code,
                          fen=fen, method="inquiry", years=1)  # fmt: skip
        if rnd.random() < 0.04:
            sign_contract(village, on=working_day(after(rnd, date(year, 2, 1), least=0, most=300)), kind="loan",
                          title="村级项目周转贷款", counterparty="模拟农村商业银行", fen=rnd.randrange(10, 60) * 1_000_000,
                          method="direct", years=2)  # fmt: skip
