"""Whose company, whose kin: only while both the office and the role lasted, and never by office alone."""

from __future__ import annotations

from datetime import date

import pytest

from features.compute import feature_set
from registers.engine import DuckDBEngine

AS_OF = date(2025, 6, 30)
VILLAGE = "990101100200"
CADRE, RELATIVE = "P" + "1" * 20, "P" + "2" * 20
FIRM = "91" + "0" * 16
PAID_ON = date(2025, 3, 1)
BEFORE, AFTER = date(2025, 2, 28), date(2025, 3, 2)
LONG_AGO = date(2020, 1, 1)

Row = dict[str, object]


def _rows(
    *, payee: str, owner: str, term: tuple[date, date | None], role: tuple[str, date, date | None]
) -> dict[str, list[Row]]:
    kind, since, until = role
    payment = {"village_code": VILLAGE, "voucher_no": "1", "line_no": 1, "flow": "expense", "amount_fen": 900}
    return {
        "official": [
            {"person_key": CADRE, "village_code": VILLAGE, "post": "secretary", "term_start": term[0], "term_end": term[1]}
        ],
        "kinship": [{"person_key": RELATIVE, "relative_key": CADRE, "relation": "sibling", "registered_on": LONG_AGO}],
        "company_role": [
            {"company_id": FIRM, "person_key": owner, "role": kind, "from_date": since, "to_date": until}
        ],
        "ledger_entry": [payment | {"entry_date": PAID_ON, "counterparty_id": payee}],
        "procurement": [],
        "project": [],
    }  # fmt: skip


def _value(rows: dict[str, list[Row]], name: str) -> float:
    with DuckDBEngine.from_rows(rows, as_of=AS_OF) as engine:
        values = feature_set(engine, "official" if name.startswith("own_") else "village").values
    return float(values[name].iloc[0])


PAYEES = {
    "cadre_payment_share": (CADRE, CADRE),
    "kin_payment_share": (RELATIVE, CADRE),
    "cadre_company_share": (FIRM, CADRE),
    "kin_company_share": (FIRM, RELATIVE),
}
ROLE = ("shareholder", LONG_AGO, None)


@pytest.mark.parametrize("name", PAYEES)
@pytest.mark.parametrize(
    ("term", "counts"),
    [
        ((LONG_AGO, None), True),
        ((PAID_ON, PAID_ON), True),
        ((AFTER, None), False),
        ((LONG_AGO, BEFORE), False),
    ],
)
def test_office_on_the_day_of_the_payment(name, term, counts):
    payee, owner = PAYEES[name]
    assert _value(_rows(payee=payee, owner=owner, term=term, role=ROLE), name) == float(counts)


@pytest.mark.parametrize("name", ["cadre_company_share", "kin_company_share", "own_company_payment_share"])
@pytest.mark.parametrize(
    ("role", "counts"),
    [
        (("manager", PAID_ON, PAID_ON), True),
        (("manager", AFTER, None), False),
        (("manager", LONG_AGO, BEFORE), False),
        (("ex_officio", LONG_AGO, None), False),
    ],
)
def test_role_on_the_day_of_the_payment(name, role, counts):
    owner = RELATIVE if name.startswith("kin") else CADRE
    rows = _rows(payee=FIRM, owner=owner, term=(LONG_AGO, None), role=role)
    assert _value(rows, name) == float(counts)
