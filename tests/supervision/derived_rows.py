"""Rows of registers from which the derived relations are worked by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

AS_OF = date(2025, 6, 30)
VILLAGE = "990101001001"
Row = dict[str, Any]
Rows = dict[str, list[Row]]


def tender(
    number: int, *bidders: str, won: str | None = None, category: str = "works", **other: object
) -> Rows:
    """A tender on the `number`-th ten days of 2025 and its bids."""
    day = date(2024, 1, 1) + timedelta(days=number * 10)
    row = {
        "tender_id": f"T{number:02d}", "village_code": VILLAGE, "buyer_id": "BUYER", "category": category,
        "method": "open", "published_on": day, "awarded_on": day + timedelta(days=5), **other,
    }  # fmt: skip
    bids = [
        {"tender_id": row["tender_id"], "bid_no": str(i), "bidder_id": firm, "submitted_on": day, "status": "valid", "won": firm == won}
        for i, firm in enumerate(bidders)
    ]  # fmt: skip
    return {"tender": [row], "bid": bids}


def together(*parts: Rows) -> Rows:
    rows: Rows = {}
    for part in parts:
        for register, given in part.items():
            rows.setdefault(register, []).extend(given)
    return rows


def ring() -> Rows:
    """A, B, C meet in six tenders and win in turn; X and Y contest the other six."""
    contested = [tender(i, "X", "Y", won="X") for i in range(6)]
    cartel = [tender(6 + i, "A", "B", "C", won="ABC"[i % 3]) for i in range(6)]
    return together(*contested, *cartel)


def traces() -> Rows:
    def trace(firm: str, kind: str, number: int = 1, tender: str = "T1", **value: str) -> Row:
        return {
            "tender_id": tender,
            "bidder_id": firm,
            "kind": kind,
            "trace_no": number,
            "recorded_on": date(2025, 5, 1),
            **value,
        }

    found = [
        trace("A", "device", value="00-1A-2B-3C-4D-5E"), trace("B", "device", value="001a2b3c4d5e"),
        trace("A", "project_manager", person_key="P"), trace("C", "safety_officer", person_key="P"),
        trace("A", "file_author", value="Administrator"), trace("B", "file_author", value="administrator"),
        trace("A", "network", value="192.168.1.5"), trace("C", "network", value="192.168.1.5"),
        trace("B", "network", value="1.12.3.4"), trace("C", "network", value="11.2.3.4"),
        trace("D", "device", tender="T2", value="00-1A-2B-3C-4D-5E"),
    ]  # fmt: skip
    bids = [
        {"tender_id": "T1", "bid_no": f, "bidder_id": f, "submitted_on": date(2025, 5, 1), "status": "valid", "deposit_account_key": account}
        for f, account in (("A", "K1"), ("B", None), ("C", "K1"))
    ]  # fmt: skip
    return {"bid_trace": found, "bid": bids}


def brokers() -> Rows:
    """P acts for A, B, C in three tenders; Q for one firm in four; R for three firms in two tenders."""
    acts = [("P", "A", 1), ("P", "B", 1), ("P", "B", 2), ("P", "C", 3), *(("Q", "A", n) for n in range(4)),
            ("R", "A", 1), ("R", "B", 1), ("R", "C", 2)]  # fmt: skip
    return {
        "bid_trace": [
            {"tender_id": f"T{n}", "bidder_id": firm, "kind": "agent", "trace_no": i, "person_key": person, "recorded_on": date(2025, 5, 1)}
            for i, (person, firm, n) in enumerate(acts, start=1)
        ],
        "bid": [{"tender_id": "T3", "bid_no": "1", "bidder_id": "C", "submitted_on": date(2025, 5, 1), "status": "valid", "won": True}],
    }  # fmt: skip


def families() -> Rows:
    def role(
        company: str,
        person: str,
        role: str,
        start: int,
        *,
        end: date | None = None,
        share: float | None = None,
    ) -> Row:
        return {
            "company_id": company,
            "person_key": person,
            "role": role,
            "from_date": date(start, 1, 1),
            "to_date": end,
            "share_percent": share,
        }

    return {
        "company": [
            {"company_id": c, "name": c, "kind": "collective" if c == "CX" else "company", "registered_on": date(2010, 1, 1), "status": "active"}
            for c in ("C1", "C2", "C3", "C4", "CX")
        ],
        "company_role": [
            role("C1", "P", "legal_representative", 2020), role("C2", "P", "legal_representative", 2022, end=date(2024, 1, 1)),
            role("C3", "P", "shareholder", 2021, share=50), role("C4", "P", "shareholder", 2021, share=49.9),
            role("C4", "W", "legal_representative", 2023), role("CX", "P", "legal_representative", 2020),
        ],
        "kinship": [{"person_key": "W", "relative_key": "P", "relation": "spouse", "registered_on": date(2015, 1, 1)}],
    }  # fmt: skip


def records() -> Rows:
    return {
        "sanction": [
            {"sanction_no": "S1", "subject_id": "F", "kind": "tender_ban", "decided_on": date(2024, 1, 1), "starts_on": date(2024, 2, 1), "ends_on": date(2024, 7, 31)},
            {"sanction_no": "S2", "subject_id": "F", "kind": "drunk_driving", "decided_on": date(2024, 1, 1)},
        ],
        "project": [
            {"project_id": "J1", "village_code": VILLAGE, "name": "路", "method": "tender", "contractor_id": "F", "approved_on": date(2023, 1, 1), "completed_on": date(2024, 9, 1)},
            {"project_id": "J2", "village_code": VILLAGE, "name": "渠", "method": "tender", "contractor_id": "G", "approved_on": date(2023, 1, 1), "completed_on": date(2024, 5, 30)},
        ],
        "contract": [
            {"contract_id": f"K{n}", "village_code": VILLAGE, "kind": "works", "counterparty_id": firm, "signed_on": date(2023, 3, 1), "end_on": date(2024, 3, 31), "project_id": f"J{n}"}
            for n, firm in ((1, "F"), (2, "G"))
        ],
        "contract_change": [
            {"contract_id": "K1", "change_no": "1", "village_code": VILLAGE, "changed_on": date(2024, 6, 1), "kind": "price", "before_fen": 100, "after_fen": 120},
            {"contract_id": "K2", "change_no": "1", "village_code": VILLAGE, "changed_on": date(2024, 6, 1), "kind": "price", "before_fen": 100, "after_fen": 119},
        ],
    }  # fmt: skip


EXAMPLES: dict[str, Callable[[], Rows]] = {
    "bid_rotation": ring,
    "broker": brokers,
    "co_bidding_group": ring,
    "contractor_credit": records,
    "controlled_company": families,
    "shared_trace": traces,
}
