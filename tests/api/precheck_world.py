"""A small index for questions before a payment: a pensioner died in spring, another lives."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

from registers.catalogue import load_catalogue
from registers.engine import DuckDBEngine
from registers.pseudonyms import Pseudonyms, load_key
from supervision.catalogue import load_models
from supervision.precheck.index import build_index
from supervision.precheck.plan import Plans
from tests.casework_world import VILLAGE_A

DEAD, ALIVE = "11010519491231002X", "330102196001011230"
DAY = date(2026, 11, 20)


def write_index(home: Path) -> None:
    person = Pseudonyms(load_key(home, "pseudonym")).person
    paid = {"village_code": VILLAGE_A, "programme_id": "YL", "amount_fen": 18_000}
    rows = {
        "subsidy_programme": [{"programme_id": "YL", "category": "pension", "valid_from": date(2020, 1, 1)}],
        "subsidy_payment": [
            {
                **paid,
                "person_key": person(who),
                "period": date(2026, month, 1),
                "pay_date": date(2026, month, 10),
            }
            for who in (DEAD, ALIVE)
            for month in (9, 10)
        ],
        "death": [
            {"person_key": person(DEAD), "death_date": date(2026, 3, 1)},
            {"person_key": "P0", "death_date": date(2026, 10, 1)},  # the register is alive
        ],
        "sanction": [
            {
                "subject_id": "P0",
                "kind": "criminal",
                "sanction_no": "1",
                "decided_on": date(2026, 10, 1),
                "starts_on": date(2026, 10, 2),
                "ends_on": date(2027, 10, 1),
            }
        ],
        "social_insurance": [{"person_key": "P0", "period": date(2026, 10, 1), "paid_on": date(2026, 10, 9)}],
    }
    known = {name: {column.name for column in load_catalogue()[name].lake_columns} for name in rows}
    given = {
        name: [{k: v for k, v in row.items() if k in known[name]} for row in r] for name, r in rows.items()
    }
    with DuckDBEngine.from_rows(given, as_of=DAY) as engine:
        build_index(engine, _plans(), home)


@cache
def _plans() -> Plans:
    return Plans(load_models().values(), load_catalogue())
