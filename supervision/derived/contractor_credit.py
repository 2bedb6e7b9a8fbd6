"""A contractor's credit from 0 to 100, as a step function of time."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from registers.definitions import Parameter
from supervision.derived.relation import Derived, Numbers, Row, Source

SANCTIONS = """
SELECT DISTINCT s.sanction_no, s.subject_id AS company_id, s.kind, coalesce(s.starts_on, s.decided_on) AS starts_on, s.ends_on
FROM sanction AS s
WHERE s.kind IN ('tender_ban', 'credit', 'dishonest', 'criminal', 'administrative', 'detention', 'debtor')
"""
LATE = """
SELECT p.project_id, c.counterparty_id AS company_id, max(greatest(c.end_on, coalesce(e.after_end, c.end_on))) AS due_on,
       coalesce(p.completed_on, p.accepted_on, p.audited_on) AS completed_on
FROM project AS p
JOIN contract AS c ON c.project_id = p.project_id AND c.kind = 'works' AND c.counterparty_id = p.contractor_id
LEFT JOIN (SELECT h.contract_id, max(h.after_end) AS after_end FROM contract_change AS h GROUP BY h.contract_id) AS e
       ON e.contract_id = c.contract_id
WHERE c.end_on IS NOT NULL
GROUP BY p.project_id, c.counterparty_id, p.completed_on, p.accepted_on, p.audited_on
"""
CHANGES = """
SELECT DISTINCT ch.contract_id, ch.change_no, c.counterparty_id AS company_id, ch.changed_on
FROM contract_change AS ch
JOIN contract AS c ON c.contract_id = ch.contract_id AND c.kind = 'works'
WHERE ch.kind = 'price' AND ch.before_fen > 0 AND ch.after_fen * 100 >= ch.before_fen * (100 + :change_percent)
"""
FULL = 100
FAMILIES = ("sanctions", "late_works", "price_rises", "confirmed")


@dataclass(frozen=True)
class Deduction:
    """Points that a fact takes away from one day to another (not included)."""

    family: str
    begins: date
    ends: date
    points: float


def build(source: Source, numbers: Numbers) -> list[Row]:
    """One row a company and span of days with one score; companies without any deduction have none."""
    facts: dict[str, list[Deduction]] = defaultdict(list)
    for row in source.rows("sanctions"):
        points = numbers.get(f"points_{row['kind']}", numbers["points_other"])
        ends = row["ends_on"] + timedelta(days=1) if row["ends_on"] else _after(row["starts_on"], numbers)
        facts[row["company_id"]].append(Deduction("sanctions", row["starts_on"], ends, points))
    for row in source.rows("late"):
        known = row["due_on"] + timedelta(days=int(numbers["late_days"]) + 1)
        if (row["completed_on"] or source.as_of) >= known:
            late = Deduction("late_works", known, _after(known, numbers), numbers["points_late"])
            facts[row["company_id"]].append(late)
    for row in source.rows("changes"):
        day = row["changed_on"]
        facts[row["company_id"]].append(
            Deduction("price_rises", day, _after(day, numbers), numbers["points_rise"])
        )
    for row in source.outcomes:
        day = row["confirmed_on"]
        if day <= source.as_of:
            facts[row["company_id"]].append(
                Deduction("confirmed", day, _after(day, numbers), numbers["points_confirmed"])
            )
    return [
        row for company in sorted(facts) for row in _history(company, facts[company], source.as_of, numbers)
    ]


def _after(day: date, numbers: Numbers) -> date:
    return day + timedelta(days=int(numbers["memory_days"]))


def _history(company: str, facts: list[Deduction], as_of: date, numbers: Numbers) -> list[Row]:
    """Spans between the days on which something begins or ends, with what then counts."""
    days = sorted({day for fact in facts for day in (fact.begins, fact.ends) if day <= as_of})
    rows = []
    for begins, ends in zip(days, [*days[1:], None], strict=True):
        valid = [fact for fact in facts if fact.begins <= begins < fact.ends]
        counts = {family: sum(fact.family == family for fact in valid) for family in FAMILIES}
        lost = sum(
            min(numbers[f"most_{family}"], sum(fact.points for fact in valid if fact.family == family))
            for family in FAMILIES
        )
        rows.append(
            {
                "company_id": company,
                "from_date": begins,
                "to_date": ends,
                "score": max(0, round(FULL - lost)),
                **counts,
            }
        )
    return rows


def _points(value: int, why: str) -> Parameter:
    return Parameter(value=value, unit="point", min=0, max=100, source=f"业务口径：{why}")


CONTRACTOR_CREDIT = Derived(
    name="contractor_credit",
    version=2,
    about="承包方信用：满分 100，一行一家企业和一段分数不变的日子（止日当天不再适用）；没有扣分事实的企业没有行，即 100 分。"
    "扣分：招投标禁入 60、严重失信 40、失信被执行人 30、刑事判决 40、其他处罚 10，自起始日扣到截止日，未写截止日的扣两年，合计最多 80；"
    "完工（没有登记的看验收、审计）晚于合同工期（含登记的延期）60 天以上每项 10，最多 20；价款变更增加二成以上每次 5，最多 15；经核查属实的问题每件 20，最多 60；"
    "后三类扣两年。扣到零为止，期满自动恢复。",
    columns={
        "company_id": "VARCHAR",
        "from_date": "DATE",
        "to_date": "DATE",
        "score": "BIGINT",
        "sanctions": "BIGINT",
        "late_works": "BIGINT",
        "price_rises": "BIGINT",
        "confirmed": "BIGINT",
    },
    texts={"sanctions": SANCTIONS, "late": LATE, "changes": CHANGES},
    reads=("contract", "contract_change", "project", "sanction"),
    parameters={
        "memory_days": Parameter(
            value=730, unit="day", min=180, max=1825, source="业务口径：没有期限的事实记两年"
        ),
        "late_days": Parameter(
            value=60, unit="day", min=15, max=365, source="业务口径：雨季、验收等正常拖延不扣分"
        ),
        "change_percent": Parameter(value=20, unit="percent", min=5, max=100, source="RED_FLAGS A27"),
        "points_tender_ban": _points(60, "禁入期内一票低于及格"),
        "points_credit": _points(40, "严重失信名单"),
        "points_dishonest": _points(30, "失信被执行人"),
        "points_criminal": _points(40, "刑事判决"),
        "points_other": _points(10, "其他处罚"),
        "points_late": _points(10, "每项延期工程"),
        "points_rise": _points(5, "每次大额增项"),
        "points_confirmed": _points(20, "每件经核查属实的问题"),
        "most_sanctions": _points(80, "处罚合计上限"),
        "most_late_works": _points(20, "延期合计上限"),
        "most_price_rises": _points(15, "增项合计上限"),
        "most_confirmed": _points(60, "属实问题合计上限"),
    },
    build=build,
    build_counts_days=True,
)
