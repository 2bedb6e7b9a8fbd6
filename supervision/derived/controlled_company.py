"""Companies under one controller, or under controllers of one family, and from when to when."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

from registers.definitions import Parameter
from supervision.derived.relation import Derived, Numbers, Row, Source

CONTROLLERS = """
SELECT DISTINCT r.company_id, r.person_key, r.role, r.from_date, r.to_date
FROM company_role AS r
WHERE (r.role = 'legal_representative' OR (r.role = 'shareholder' AND r.share_percent >= :control_percent))
  AND EXISTS (SELECT 1 FROM company AS c
              WHERE c.company_id = r.company_id AND c.kind IN ('company', 'individual', 'cooperative'))
"""
KIN = """
SELECT DISTINCT k.person_key, k.relative_key
FROM kinship AS k
WHERE k.relation IN ('spouse', 'parent', 'child', 'sibling')
  AND EXISTS (SELECT 1 FROM company_role AS r WHERE r.person_key = k.person_key)
  AND EXISTS (SELECT 1 FROM company_role AS r WHERE r.person_key = k.relative_key)
"""
HEAD = "legal_representative"


def build(source: Source, _numbers: Numbers) -> list[Row]:
    """One row a pair of companies (in both directions), link and span of days."""
    by_person: dict[str, list[Row]] = defaultdict(list)
    for role in source.rows("controllers"):
        by_person[role["person_key"]].append(role)
    kin = {(row["person_key"], row["relative_key"]) for row in source.rows("kin")}
    related = sorted({*kin, *((b, a) for a, b in kin)})
    rows: dict[tuple[object, ...], Row] = {}
    for person, relative in [*((p, p) for p in sorted(by_person)), *related]:
        for one in by_person.get(person, ()):
            for other in by_person.get(relative, ()):
                row = _pair(one, other)
                if row is not None:
                    rows[tuple(row.values())] = row
    return list(rows.values())


def _pair(one: Row, other: Row) -> Row | None:
    """The link of two roles, if they are in different companies and overlap in time."""
    begins = max(one["from_date"], other["from_date"])
    ends = min(one["to_date"] or date.max, other["to_date"] or date.max)
    if one["company_id"] == other["company_id"] or ends <= begins:
        return None
    same = one["person_key"] == other["person_key"]
    heads = one["role"] == HEAD and other["role"] == HEAD
    return {
        "company_id": one["company_id"],
        "other_company_id": other["company_id"],
        "link": ("same_head" if heads else "same_holder") if same else "kin",
        "controller_key": one["person_key"],
        "other_controller_key": other["person_key"],
        "from_date": begins,
        "to_date": None if ends == date.max else ends,
    }


CONTROLLED_COMPANY = Derived(
    name="controlled_company",
    version=1,
    about="关联企业：法定代表人或控股股东为同一人（same_head、same_holder）或近亲属（kin）的两家企业，"
    "两个方向各一行，附关系存续的起止日期（止日当天不再存续）。集体经济组织和因职务任职的不算。",
    columns={
        "company_id": "VARCHAR",
        "other_company_id": "VARCHAR",
        "link": "VARCHAR",
        "controller_key": "VARCHAR",
        "other_controller_key": "VARCHAR",
        "from_date": "DATE",
        "to_date": "DATE",
    },
    texts={"controllers": CONTROLLERS, "kin": KIN},
    reads=("company", "company_role", "kinship"),
    parameters={
        "control_percent": Parameter(
            value=50,
            unit="percent",
            min=25,
            max=100,
            source="业务口径：出资占一半以上视为控股（公司法的定义待核实）",
        ),
    },
    build=build,
)
