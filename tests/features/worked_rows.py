"""Two villages told in full; `worked_values` holds what every feature is for them.

Village V: secretary A with company F2, accountant B, A's relative K with company F1; X, Y, H residents; D and E
died in June 2024, G in March 2025; F9 is closed. Village W: siblings M and N in office, N's company F7, worker Z. Amounts below are yuan.
"""

from __future__ import annotations

from datetime import date

AS_OF = date(2025, 6, 30)
V, W = "990101100200", "990101100201"

Row = dict[str, object]


def _person(name: str) -> str:
    return f"P{name:0>20}"


def _firm(number: int) -> str:
    return f"91{number:016d}"


A, B, D, E, G, H, K, M, N, X, Y, Z = (_person(name) for name in "ABDEGHKMNXYZ")
F1, F2, F3, F4, F6, F7, F8, F9 = (_firm(number) for number in (1, 2, 3, 4, 6, 7, 8, 9))


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _table(head: str, *rows: tuple[object, ...], **same: object) -> list[Row]:
    """Rows from tuples. Columns that end in `_on`, `_date` or are a period hold ISO texts; `_fen` columns hold yuan."""
    names = head.split()
    return [
        {name: _value(name, value) for name, value in zip(names, row, strict=True)}
        | {name: _value(name, value) for name, value in same.items()}
        for row in rows
    ]


def _value(name: str, value: object) -> object:
    if isinstance(value, str) and name.endswith(
        ("_on", "_date", "period", "_from", "_start", "_end", "_until")
    ):
        return _day(value)
    if isinstance(value, int) and name.endswith("_fen"):
        return value * 100
    return value


DIVISION = _table(
    "division_code population arable_mu",
    (V, 1000, 500.0),
    (W, 2000, 100.0),
    name="村", level="village", kind="village", terrain="hill", valid_from="2020-01-01",
)  # fmt: skip

PERSON = _table(
    "person_key birth_date village_code",
    (A, "1970-05-01", V), (B, "1985-05-01", V), (K, "1975-05-01", V), (X, "1980-05-01", V), (Y, "1990-05-01", V),
    (D, "1940-05-01", V), (_person("1"), "1991-01-01", V), (_person("2"), "1992-01-01", V),
    (_person("3"), "1993-01-01", V), (_person("4"), "1994-01-01", V),
    (M, "1970-01-01", W), (N, "1972-01-01", W), (Z, "1980-01-01", W),
    registered_on="2019-01-01",
)  # fmt: skip

HOUSEHOLD_MEMBER = _table(
    "household_id person_key village_code",
    ("户1", A, V), ("户1", Y, V), ("户2", B, V), ("户3", M, W), ("户4", N, W),
    from_date="2019-01-01",
)  # fmt: skip

KINSHIP = _table(
    "person_key relative_key", (A, K), (N, M), relation="sibling", registered_on="2020-01-01"
)  # fmt: skip

DEATH = _table(
    "person_key village_code death_date registered_on",
    (D, V, "2024-06-01", "2024-06-10"), (E, V, "2024-06-01", "2024-06-10"), (G, V, "2025-03-01", "2025-03-10"),
)  # fmt: skip

OFFICIAL = _table(
    "person_key village_code post term_start term_end",
    (A, V, "secretary", "2019-01-01", None),
    (A, V, "director", "2021-01-01", "2023-12-31"),
    (B, V, "accountant", "2023-01-01", None),
    (M, W, "secretary", "2022-01-01", None),
    (N, W, "deputy", "2022-01-01", None),
    (N, W, "cashier", "2022-01-01", None),
)

COMPANY = _table(
    "company_id registered_on status status_date",
    (F1, "2015-01-01", "active", None), (F2, "2018-01-01", "active", None), (F3, "2024-10-01", "active", None),
    (F4, "2016-01-01", "cancelled", "2025-01-01"), (F6, "2016-01-01", "active", None),
    (F7, "2016-01-01", "active", None), (F8, "2016-01-01", "active", None), (F9, "2016-01-01", "cancelled", "2024-01-01"),
    name="企业",
)  # fmt: skip

COMPANY_ROLE = _table(
    "company_id person_key role from_date to_date",
    (F1, K, "shareholder", "2020-01-01", None),
    (F2, A, "legal_representative", "2022-01-01", None),
    (F2, A, "shareholder", "2022-01-01", None),
    (F6, A, "ex_officio", "2019-01-01", None),
    (F7, N, "manager", "2020-01-01", None),
    (F9, A, "manager", "2018-01-01", None),
    (F9, K, "manager", "2018-01-01", None),
    (F9, X, "legal_representative", "2018-01-01", None),
)

LEDGER_ENTRY = [
    *_table(
        "voucher_no entry_date posted_on counterparty_id amount_fen payment_method invoice_no invoice_date "
        "approver_key handler_key account_name contract_id",
        ("记1", "2024-07-01", "2024-07-11", F1, 4800, "bank", "24312000000000000100", "2024-06-30", A, A, "管理费用-招待费", None),
        ("记2", "2024-07-05", "2024-07-15", F1, 4800, "bank", "24312000000000000101", "2024-07-04", A, A, "管理费用-招待费", None),
        ("记3", "2024-07-10", "2024-07-20", F1, 4800, "bank", "24312000000000000100", "2024-07-09", A, B, "管理费用-办公费", None),
        ("记4", "2024-12-07", "2025-03-07", F2, 60_000, "bank", "7", "2024-12-08", A, B, "其他支出", None),
        ("记5", "2024-12-15", "2024-12-25", F3, 5200, "cash", None, None, None, B, "公益支出", None),
        ("记6", "2025-03-03", "2025-03-13", A, 2000, "personal_account", None, None, A, A, "备用金", None),
        ("记7", "2025-03-04", "2025-03-14", K, 1000, "cash", None, None, A, B, "公益支出", None),
        ("记8", "2025-03-05", "2025-03-15", B, 3400, "bank", None, None, A, B, "干部报酬", None),
        ("记9", "2025-06-02", "2025-06-12", F4, 3000, None, "555", "2024-06-02", A, B, "公益支出", "C1"),
        ("记10", "2025-06-03", "2025-06-13", None, 1000, "bank", None, None, A, None, "公益支出", None),
        ("记11", "2025-06-04", "2025-06-14", F3, -1000, "bank", None, None, A, B, "公益支出", None),
        ("记12", "2024-01-10", "2024-01-20", F3, 10_000, "bank", None, None, A, B, "公益支出", None),
        village_code=V, line_no=1, flow="expense",
    ),
    *_table(
        "voucher_no entry_date amount_fen account_name",
        ("记13", "2025-01-15", 5500, "经营收入-发包"),
        ("记14", "2025-02-01", 44_500, "补助收入"),
        village_code=V, line_no=1, flow="income",
    ),
]  # fmt: skip

PAYROLL = _table(
    "person_key unit_name period pay_type amount_fen standard_fen pay_date",
    (A, "村委会", "2025-01-01", "salary", 3000, 3000, "2025-01-25"),
    (A, "村委会", "2025-01-01", "missed_work", 500, None, "2025-01-25"),
    (A, "合作社", "2025-01-01", "bonus", 1500, 1000, "2025-01-25"),
    (A, "村委会", "2025-02-01", "salary", 3000, 3000, "2025-02-25"),
    (B, "村委会", "2025-01-01", "salary", 2000, 2000, "2025-01-25"),
    village_code=V,
)

SUBSIDY_PROGRAMME = _table(
    "programme_id category needs_tested standard_fen standard_unit exclusive_with",
    ("DB", "subsistence", True, 500, "person_month", "TK"),
    ("TK", "extreme_poverty", True, 900, "person_month", None),
    ("GD", "farmland", False, 90, "mu_year", None),
    ("SZ", "funeral", False, 1000, "once", None),
    name="项目", valid_from="2020-01-01",
)  # fmt: skip

SUBSIDY_PAYMENT = _table(
    "programme_id person_key period pay_date amount_fen quantity account_key collector_key handler_key",
    ("DB", X, "2025-01-01", "2025-01-10", 500, None, "A1", None, B),
    ("DB", K, "2025-01-01", "2025-01-10", 500, None, "A1", A, B),
    ("TK", X, "2025-01-01", "2025-01-10", 900, None, "A1", None, None),
    ("DB", A, "2025-02-01", "2025-02-10", 600, None, "A2", A, A),
    ("DB", D, "2025-02-01", "2025-02-10", 500, None, "A1", A, None),
    ("DB", Y, "2024-08-01", "2025-02-10", 500, None, "A1", None, None),
    ("GD", X, "2025-04-01", "2025-04-10", 900, 10.0, "A2", None, None),
    ("GD", Y, "2025-04-01", "2025-04-10", 2700, 30.0, "A3", None, None),
    ("SZ", E, "2024-07-01", "2024-07-20", 1000, None, "A3", None, None),
    ("DB", G, "2025-01-01", "2025-01-10", 500, None, "A2", None, None),
    ("GD", H, "2025-04-01", "2025-04-10", 450, 5.0, "A3", None, None),
    ("GD", X, "2024-04-01", "2024-04-10", 450, 5.0, "A2", None, None),
    ("GD", Y, "2024-04-01", "2024-04-10", 2700, 30.0, "A3", None, None),
    village_code=V,
)

_WORK = "sheet_no person_key work_date half_days rate_fen amount_fen account_key confirmer_key confirmed_on"
LABOUR_DAY = [
    *_table(
        _WORK,
        *(("1", p, "2025-05-05", 2, 200, 200, "A9", B, "2025-05-06") for p in (X, K, A)),
        *(("2", p, "2025-05-06", 2, 200, 200, "A9", A, "2025-05-06") for p in (X, K, A)),
        *(("3", p, "2025-05-07", 2, 200, 200, "A9", None, None) for p in (X, K, A)),
        ("4", X, "2025-05-07", 2, 300, 300, None, B, "2025-05-20"),
        ("5", D, "2025-05-08", 2, 300, 300, "A9", B, "2025-05-08"),
        village_code=V, job="清理",
    ),
    *_table(
        _WORK,
        *((str(i), Z, f"2025-03-{i:02d}", 4, 200, 400, "A8", M, f"2025-03-{i:02d}") for i in range(1, 16)),
        village_code=W, job="清理",
    ),
]  # fmt: skip

PROJECT = _table(
    "project_id village_code method contractor_id estimate_fen contract_fen settled_fen audited_on approved_on "
    "resolution_no started_on completed_on accepted_on",
    ("G1", V, "direct", F1, 200_000, 196_000, 215_600, "2025-01-01", "2024-01-10", None, "2024-01-05", "2024-03-01", "2024-03-05"),
    ("G2", V, "direct", F1, 200_000, 150_000, None, None, "2024-03-10", "决1", "2024-03-20", None, None),
    ("G3", V, "tender", F3, 500_000, 400_000, None, None, "2024-06-10", "决2", "2024-06-20", "2024-10-01", "2024-10-09"),
    ("G4", V, "inquiry", F3, 300_000, 280_000, None, None, "2025-01-10", "决3", None, None, None),
    ("G5", V, "self_build", None, None, None, None, None, "2025-02-01", None, None, None, None),
    ("G6", W, "tender", F7, 100_000, 100_000, None, None, "2025-02-01", None, None, None, None),
    name="道路",
)  # fmt: skip

_BUY = "purchase_no purchased_on item_class method supplier_id unit unit_price_fen amount_fen approver_key handler_key accepted_on"
PROCUREMENT = [
    *_table(
        _BUY,
        ("1", "2025-03-01", "办公", "direct", F1, "个", 200, 12_000, A, A, "2025-03-05"),
        ("2", "2025-03-15", "办公", "direct", F1, "个", 100, 9000, A, B, None),
        ("3", "2025-04-01", "建材", "inquiry", F3, "批", None, 9000, A, B, "2025-04-02"),
        ("4", "2025-06-20", "绿化", "direct", F1, "项", None, 1000, A, None, None),
        village_code=V,
    ),
    *_table(
        _BUY,
        *((str(i), "2025-02-01", "办公", "tender", F7 if i < 2 else F3, "个", 100, 1000, M, N, None) for i in range(8)),
        *((item, "2025-02-01", item, "tender", F8, "件", None, 1000, M, N, None) for item in ("灯", "笔", "树", "砖")),
        village_code=W,
    ),
]  # fmt: skip

_RENT = (
    "lease_id asset_id asset_kind area_mu tenant_id annual_rent_fen method signed_on start_on end_on paid_until "
    "exempt_reason resolution_no"
)
LEASE = [
    *_table(
        _RENT,
        ("L1", "资1", "arable", 10.0, K, 1000, "direct", "2020-01-01", "2020-01-01", "2045-01-01", "2024-12-31", None, None),
        ("L2", "资1", "arable", 10.0, X, 5000, "auction", "2023-01-01", "2023-01-01", "2028-01-01", "2025-12-31", None, "决4"),
        ("L3", "资2", "shop", None, X, 4000, "negotiated", "2024-01-01", "2024-01-01", "2027-01-01", "2024-12-31", "灾害", "决5"),
        ("L4", "资3", "arable", 10.0, A, 5000, "direct", "2024-02-01", "2024-02-01", "2029-02-01", None, None, "决6"),
        village_code=V,
    ),
    *_table(
        _RENT,
        *((f"L1{i}", f"资{i}", "arable", 2.0, F3, 1000, "auction", "2024-01-01", "2024-01-01", "2029-01-01", None, None, None)
          for i in range(3)),
        village_code=W,
    ),
]  # fmt: skip

CONTRACT = _table(
    "contract_id kind counterparty_id amount_fen signed_on start_on method resolution_no",
    ("C1", "purchase", F4, 3000, "2025-05-20", "2025-06-01", "direct", None),
    ("C2", "works", F1, 196_000, "2024-02-01", "2024-01-05", "direct", None),
    ("C3", "loan", F3, 10_000, "2025-01-01", None, None, "决9"),
    ("C4", "lease", K, 1000, "2024-05-01", "2024-05-01", "tender", "决8"),
    village_code=V,
)

SEAL_USE = _table(
    "seal_use_id used_on used_hour document_kind approver_key approved_on keeper_key resolution_no resolution_on "
    "contract_id blank off_site",
    ("S1", "2025-01-06", 9, "contract", A, "2025-01-05", A, "决8", "2025-01-04", "C4", False, False),
    ("S2", "2025-01-11", 20, "loan", None, None, B, None, None, None, True, False),
    ("S3", "2025-01-13", 10, "certificate", A, "2025-01-14", B, None, None, None, False, True),
    ("S4", "2025-01-14", 6, "contract", A, "2025-01-14", B, "决7", "2025-01-20", None, False, False),
    ("S5", "2025-01-15", 10, "contract", A, "2025-01-15", B, "决7", "2025-01-14", "C1", False, False),
    village_code=V, seal="committee",
)  # fmt: skip

TENDER = _table(
    "tender_id village_code published_on",
    ("T1", V, "2024-12-20"), ("T2", V, "2025-01-20"), ("T3", V, "2025-02-20"), ("T4", W, "2025-03-20"),
    ("T5", W, "2025-04-20"), ("T0", W, "2023-01-01"),
    buyer_id="N300000000000000X1", method="open",
)  # fmt: skip

BID = _table(
    "tender_id bid_no bidder_id submitted_on amount_fen status won",
    ("T1", "1", F1, "2025-01-10", 100, "valid", True), ("T1", "2", F3, "2025-01-10", 102, "valid", False),
    ("T1", "3", F7, "2025-01-10", 103, "valid", False),
    ("T2", "1", F1, "2025-02-10", 200, "valid", False), ("T2", "2", F3, "2025-02-10", 198, "valid", True),
    ("T3", "1", F1, "2025-03-10", 300, "valid", True),
    ("T4", "1", F1, "2025-04-10", 400, "disqualified", None), ("T4", "2", F7, "2025-04-10", 500, "valid", True),
    ("T4", "3", F3, "2025-04-10", 400, "withdrawn", None),
    ("T5", "1", F2, "2025-05-10", 10, "pending", None), ("T5", "2", F9, "2025-05-10", None, "pending", None),
    ("T0", "1", F1, "2023-01-20", 100, "valid", True),  # outside the window
)  # fmt: skip

BID_TRACE = _table(
    "tender_id bidder_id kind trace_no person_key phone_key value recorded_on",
    ("T1", F1, "device", 1, None, None, "机1", "2025-01-10"), ("T1", F3, "device", 1, None, None, "机1", "2025-01-10"),
    ("T1", F1, "phone", 1, None, "T1", None, "2025-01-10"), ("T1", F7, "phone", 1, None, "T2", None, "2025-01-10"),
    ("T1", F1, "project_manager", 1, X, None, None, "2025-01-10"),
    ("T1", F7, "project_manager", 1, X, None, None, "2025-01-10"),
    ("T2", F1, "device", 1, None, None, "机2", "2025-02-10"), ("T2", F1, "address", 1, None, None, "北街", "2025-02-10"),
    ("T2", F3, "device", 1, None, None, "机3", "2025-02-10"), ("T2", F3, "address", 1, None, None, "北街", "2025-02-10"),
)  # fmt: skip

SOCIAL_INSURANCE = _table(
    "payer_id person_key kind period paid_on",
    (F1, X, "pension_employee", "2025-01-01", "2025-01-15"), (F3, X, "injury", "2024-11-01", "2024-11-15"),
    (F7, Z, "pension_employee", "2025-01-01", "2025-01-15"), (F3, Z, "medical_resident", "2025-01-01", "2025-01-15"),
)  # fmt: skip

CONTRACT_CHANGE = _table(
    "contract_id change_no changed_on kind before_fen after_fen",
    ("C2", "1", "2024-09-01", "price", 196_000, 215_600), ("C2", "2", "2024-10-01", "term", None, None),
    ("C3", "1", "2025-02-01", "price", 10_000, 9000),
    village_code=V,
)  # fmt: skip

SANCTION = _table(
    "sanction_no subject_id kind decided_on",
    ("罚1", F1, "dishonest", "2024-01-01"), ("罚2", F1, "tender_ban", "2020-01-01"), ("罚3", A, "gambling", "2024-01-01"),
)  # fmt: skip

ROWS: dict[str, list[Row]] = {
    "division": DIVISION, "person": PERSON, "household_member": HOUSEHOLD_MEMBER, "kinship": KINSHIP,
    "death": DEATH, "official": OFFICIAL, "company": COMPANY, "company_role": COMPANY_ROLE, "payroll": PAYROLL,
    "ledger_entry": LEDGER_ENTRY, "subsidy_programme": SUBSIDY_PROGRAMME, "subsidy_payment": SUBSIDY_PAYMENT,
    "labour_day": LABOUR_DAY, "project": PROJECT, "procurement": PROCUREMENT, "lease": LEASE,
    "contract": CONTRACT, "seal_use": SEAL_USE,
    "tender": TENDER, "bid": BID, "bid_trace": BID_TRACE, "social_insurance": SOCIAL_INSURANCE,
    "contract_change": CONTRACT_CHANGE, "sanction": SANCTION,
}  # fmt: skip
