"""A seeded county of random rows in every register that a feature reads: no meaning, every column filled, all edges touched."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from random import Random

AS_OF = date(2025, 6, 30)
COUNTY = "990101"

Row = dict[str, object]
Rows = dict[str, list[Row]]


def village_codes(number: int, county: str = COUNTY) -> list[str]:
    return [f"{county}{100 + i // 10:03d}{200 + i % 10:03d}" for i in range(number)]


def random_county(*, villages: int = 24, seed: int = 1, rows_per_village: int = 90) -> Rows:
    """Rows by register, known on the day of their event; some fields empty as in life."""
    random = Random(seed)  # noqa: S311  seeded, no secret
    maker = _Maker(random, village_codes(villages), rows_per_village)
    return {name: make() for name, make in maker.registers.items()}


class _Maker:
    def __init__(self, random: Random, codes: list[str], rows: int) -> None:
        self.random, self.codes, self.rows = random, codes, rows
        self.people = {code: [f"P{code}{i:08d}" for i in range(30)] for code in codes}
        self.everyone = [person for people in self.people.values() for person in people]
        self.firms = [f"91{i:016d}" for i in range(40)]
        self.registers: dict[str, Callable[[], list[Row]]] = {
            "division": self.division, "person": self.person, "household_member": self.household_member,
            "kinship": self.kinship, "death": self.death, "official": self.official, "payroll": self.payroll,
            "company": self.company, "company_role": self.company_role, "ledger_entry": self.ledger_entry,
            "subsidy_programme": self.subsidy_programme, "subsidy_payment": self.subsidy_payment,
            "labour_day": self.labour_day, "project": self.project, "procurement": self.procurement,
            "contract": self.contract, "lease": self.lease, "seal_use": self.seal_use, "tender": self.tender,
            "bid": self.bid, "bid_trace": self.bid_trace, "social_insurance": self.social_insurance,
            "contract_change": self.contract_change, "sanction": self.sanction,
        }  # fmt: skip

    def day(self, back: int = 900) -> date:
        return AS_OF - timedelta(days=self.random.randrange(back))

    def maybe(self, value: object, share: float = 0.8) -> object:
        return value if self.random.random() < share else None

    def each(self, rows: int, make: Callable[[str, int], Row]) -> list[Row]:
        return [make(code, i) for code in self.codes for i in range(rows)]

    def cadres(self, code: str) -> list[str]:
        return self.people[code][:5]

    def division(self) -> list[Row]:
        kinds, terrains = ("village", "village", "community"), ("plain", "hill", "mountain")
        return [
            {"division_code": code, "name": f"村{i}", "level": "village", "kind": kinds[i % 3],
             "population": 300 + 37 * i, "arable_mu": 500.0 + i, "terrain": terrains[i % 3 if i % 5 else 0],
             "valid_from": date(2020, 1, 1)}
            for i, code in enumerate(self.codes)
        ]  # fmt: skip

    def person(self) -> list[Row]:
        return [
            {"person_key": p, "village_code": code, "birth_date": date(1940 + i * 2, 1, 5), "registered_on": date(2019, 1, 1)}
            for code, people in self.people.items()
            for i, p in enumerate(people)
        ]  # fmt: skip

    def household_member(self) -> list[Row]:
        return [
            {
                "household_id": f"{code}-{i // 4}",
                "person_key": p,
                "village_code": code,
                "from_date": date(2019, 1, 1),
            }
            for code, people in self.people.items()
            for i, p in enumerate(people)
        ]

    def kinship(self) -> list[Row]:
        return [
            {"person_key": people[i], "relative_key": people[(i * 7 + 3) % 30], "relation": "sibling",
             "registered_on": date(2020, 1, 1)}
            for people in self.people.values()
            for i in range(0, 30, 2)
        ]  # fmt: skip

    def death(self) -> list[Row]:
        dead = ((code, people[29], self.day()) for code, people in self.people.items())
        return [
            {"person_key": p, "village_code": code, "death_date": d, "registered_on": d}
            for code, p, d in dead
        ]

    def official(self) -> list[Row]:
        posts = ("secretary", "director", "accountant", "member", "supervisor")
        return [
            {"person_key": p, "village_code": code, "post": post, "term_start": self.day(2500),
             "term_end": self.maybe(AS_OF + timedelta(days=self.random.randrange(-300, 900)), 0.3)}
            for code in self.codes
            for p, post in zip(self.cadres(code), posts, strict=True)
        ]  # fmt: skip

    def payroll(self) -> list[Row]:
        types = ("salary", "performance", "allowance", "bonus", "missed_work")

        def make(code: str, i: int) -> Row:
            paid = self.day(500)
            return {"person_key": self.random.choice(self.cadres(code)), "village_code": code,
                    "unit_name": self.random.choice(("村委会", "合作社")), "period": paid.replace(day=1),
                    "pay_type": self.random.choice(types), "amount_fen": self.random.randrange(10**5, 5 * 10**5),
                    "standard_fen": self.maybe(300_000), "pay_date": paid}  # fmt: skip

        return self.each(40, make)

    def company(self) -> list[Row]:
        return [
            {"company_id": firm, "name": f"企业{i}", "registered_on": self.day(3000),
             "status": "cancelled" if i % 7 == 0 else "active", "status_date": self.day() if i % 7 == 0 else None}
            for i, firm in enumerate(self.firms)
        ]  # fmt: skip

    def company_role(self) -> list[Row]:
        roles = ("legal_representative", "shareholder", "manager", "ex_officio")
        return [
            {"company_id": firm, "person_key": self.random.choice(self.everyone), "role": roles[i % 4],
             "from_date": self.day(3000), "to_date": self.maybe(AS_OF + timedelta(days=200 - i * 30), 0.3)}
            for firm in self.firms
            for i in range(3)
        ]  # fmt: skip

    def ledger_entry(self) -> list[Row]:
        names = ("管理费用-办公费", "公益支出", "经营收入-发包", "其他支出", "管理费用-招待费", "误工补贴")

        def make(code: str, i: int) -> Row:
            entered = self.day(1000)
            payee = self.random.choice(
                (self.random.choice(self.firms), self.random.choice(self.people[code]), None)
            )
            amount = self.random.choice(
                (self.random.randrange(10, 10**6), 100_000 * self.random.randrange(1, 9), 480_000)
            )
            return {"village_code": code, "voucher_no": f"记{i // 2}", "line_no": i % 2, "entry_date": entered,
                    "posted_on": min(entered + timedelta(days=self.random.randrange(90)), AS_OF),
                    "account_name": self.random.choice(names), "summary": "付款",
                    "flow": self.random.choice(("expense", "expense", "expense", "income", "transfer")),
                    "amount_fen": -amount if i % 40 == 0 else amount, "counterparty_id": payee,
                    "invoice_no": self.maybe(str(self.random.randrange(1000, 1300))),
                    "invoice_date": self.maybe(entered - timedelta(days=self.random.randrange(-5, 300))),
                    "payment_method": self.maybe(self.random.choice(("bank", "cash", "personal_account"))),
                    "approver_key": self.maybe(self.cadres(code)[i % 2]),
                    "handler_key": self.maybe(self.cadres(code)[i % 3]),
                    "contract_id": self.maybe("合1", 0.2), "known_from": entered}  # fmt: skip

        return self.each(self.rows, make)

    def subsidy_programme(self) -> list[Row]:
        kinds = (("DB", "subsistence", True, "person_month", 50_000, "TK"), ("TK", "extreme_poverty", True, "person_month", 90_000, None),
                 ("GD", "farmland", False, "mu_year", 9_000, None), ("SZ", "funeral", False, "once", 100_000, None))  # fmt: skip
        return [
            {"programme_id": i, "name": i, "category": c, "needs_tested": t, "standard_unit": u, "standard_fen": f,
             "exclusive_with": x, "valid_from": date(2020, 1, 1)}
            for i, c, t, u, f, x in kinds
        ]  # fmt: skip

    def subsidy_payment(self) -> list[Row]:
        def make(code: str, i: int) -> Row:
            paid = self.day(800)
            person = self.random.choice(self.people[code])
            mu = self.random.randrange(1, 30)
            programme = self.random.choice(("DB", "TK", "GD", "GD", "SZ"))
            return {"programme_id": programme, "person_key": person, "village_code": code,
                    "period": (paid - timedelta(days=self.random.randrange(120))).replace(day=1), "pay_date": paid,
                    "amount_fen": mu * 9_000 + self.random.randrange(-500, 900), "quantity": float(mu),
                    "account_key": self.maybe(f"A{self.random.randrange(12)}{code}"),
                    "collector_key": self.maybe(self.random.choice(self.people[code]), 0.2),
                    "handler_key": self.maybe(self.cadres(code)[i % 2])}  # fmt: skip

        return self.each(self.rows, make)

    def labour_day(self) -> list[Row]:
        def make(code: str, i: int) -> Row:
            worked = self.day(500)
            return {"village_code": code, "sheet_no": f"{i // 4}", "person_key": self.random.choice(self.people[code][:12]),
                    "work_date": worked, "job": f"清理{i}", "half_days": self.random.choice((1, 2, 2, 3)),
                    "rate_fen": self.random.randrange(12_000, 25_000), "amount_fen": self.random.randrange(6_000, 30_000),
                    "account_key": self.maybe(f"A{self.random.randrange(5)}{code}"),
                    "confirmer_key": self.maybe(self.random.choice(self.people[code][:6])),
                    "confirmed_on": self.maybe(min(worked + timedelta(days=self.random.randrange(15)), AS_OF))}  # fmt: skip

        return self.each(60, make)

    def project(self) -> list[Row]:
        def make(code: str, i: int) -> Row:
            approved = self.day(1000)
            estimate = self.random.randrange(5_000_000, 40_000_000)
            contract = int(estimate * self.random.uniform(0.8, 1))
            return {"project_id": f"{code}-G{i}", "village_code": code, "name": "道路", "approved_on": approved,
                    "method": self.random.choice(("tender", "inquiry", "direct", "self_build")),
                    "contractor_id": self.random.choice(self.firms[:6]), "estimate_fen": estimate,
                    "contract_fen": contract, "settled_fen": self.maybe(int(contract * self.random.uniform(0.9, 1.2)), 0.5),
                    "resolution_no": self.maybe("决1"), "started_on": approved + timedelta(days=self.random.randrange(-9, 60)),
                    "completed_on": self.maybe(approved + timedelta(days=120), 0.5),
                    "accepted_on": self.maybe(approved + timedelta(days=self.random.randrange(110, 150)), 0.5)}  # fmt: skip

        return self.each(6, make)

    def procurement(self) -> list[Row]:
        def make(code: str, i: int) -> Row:
            bought = self.day(800)
            return {"village_code": code, "purchase_no": str(i), "purchased_on": bought,
                    "item_class": self.random.choice(("办公", "建材", "绿化", "宣传", "维修")),
                    "method": self.random.choice(("tender", "inquiry", "direct", "direct")),
                    "supplier_id": self.random.choice(self.firms[:8]), "unit": self.random.choice(("批", "个", "吨")),
                    "unit_price_fen": self.random.randrange(100, 90_000), "amount_fen": self.random.randrange(10**4, 3 * 10**6),
                    "approver_key": self.maybe(self.cadres(code)[i % 2]), "handler_key": self.maybe(self.cadres(code)[i % 3]),
                    "accepted_on": self.maybe(min(bought + timedelta(days=9), AS_OF), 0.7)}  # fmt: skip

        return self.each(15, make)

    def contract(self) -> list[Row]:
        def make(code: str, i: int) -> Row:
            signed = self.day(1000)
            return {"contract_id": f"{code}-C{i}", "village_code": code, "signed_on": signed,
                    "kind": self.random.choice(("works", "purchase", "lease", "loan")),
                    "counterparty_id": self.random.choice(self.firms[:9]), "amount_fen": self.random.randrange(10**5, 10**7),
                    "start_on": signed + timedelta(days=self.random.randrange(-20, 30)),
                    "method": self.random.choice(("tender", "direct")), "resolution_no": self.maybe("决2", 0.6)}  # fmt: skip

        return self.each(8, make)

    def lease(self) -> list[Row]:
        def make(code: str, i: int) -> Row:
            signed = self.day(1500)
            return {"lease_id": f"{code}-L{i}", "village_code": code, "asset_id": f"资{i % 5}",
                    "asset_kind": self.random.choice(("arable", "shop")), "area_mu": float(self.random.randrange(1, 40)),
                    "tenant_id": self.random.choice(self.people[code] + self.firms[:5]), "signed_on": signed, "start_on": signed,
                    "method": self.random.choice(("auction", "direct")), "annual_rent_fen": self.random.randrange(10**5, 10**6),
                    "end_on": signed + timedelta(days=self.random.choice((2000, 9000))),
                    "paid_until": self.maybe(self.day(300)), "exempt_reason": self.maybe("灾害", 0.1),
                    "resolution_no": self.maybe("决3")}  # fmt: skip

        return self.each(7, make)

    def seal_use(self) -> list[Row]:
        def make(code: str, i: int) -> Row:
            used = self.day(500)
            return {"seal_use_id": f"{code}-{i}", "village_code": code, "seal": "committee", "used_on": used,
                    "used_hour": self.random.randrange(5, 23), "approver_key": self.maybe(self.cadres(code)[0]),
                    "document_kind": self.random.choice(("contract", "loan", "certificate", "payment")),
                    "approved_on": used, "keeper_key": self.cadres(code)[i % 2], "resolution_no": self.maybe("决4", 0.5),
                    "resolution_on": min(used + timedelta(days=self.random.randrange(-9, 5)), AS_OF),
                    "contract_id": self.maybe("合2", 0.5), "blank": i % 17 == 0, "off_site": i % 11 == 0}  # fmt: skip

        return self.each(25, make)

    def tender(self) -> list[Row]:
        return [
            {"tender_id": f"标{i}", "village_code": self.random.choice(self.codes), "buyer_id": f"N3{i:016d}",
             "method": "open", "published_on": AS_OF - timedelta(days=20 * i + 20)}
            for i in range(50)
        ]  # fmt: skip

    def bid(self) -> list[Row]:
        def make(tender: int, place: int, bidder: str) -> Row:
            day = AS_OF - timedelta(days=20 * tender)
            status = self.random.choice(("valid", "valid", "valid", "pending", "disqualified", "withdrawn"))
            return {"tender_id": f"标{tender}", "bid_no": str(place), "bidder_id": bidder, "submitted_on": day,
                    "amount_fen": self.maybe(self.random.randrange(10**6, 2 * 10**6), 0.9), "status": status,
                    "decided_on": day, "won": self.maybe(place == 0 and status == "valid")}  # fmt: skip

        return [
            make(tender, place, bidder)
            for tender in range(50)
            for place, bidder in enumerate(self.random.sample(self.firms[:12], self.random.randrange(1, 7)))
        ]

    def bid_trace(self) -> list[Row]:
        kinds = ("device", "phone", "project_manager", "network", "address", "agent")
        return [
            {"tender_id": f"标{tender}", "bidder_id": bidder, "kind": kind, "trace_no": 1,
             "person_key": self.random.choice(self.everyone[:9]) if kind in ("project_manager", "agent") else None,
             "phone_key": f"T{self.random.randrange(6)}" if kind == "phone" else None,
             "value": f"值{self.random.randrange(6)}" if kind in ("device", "network", "address") else None,
             "recorded_on": AS_OF - timedelta(days=20 * tender)}
            for tender in range(50)
            for bidder in self.random.sample(self.firms[:12], 5)
            for kind in self.random.sample(kinds, 3)
        ]  # fmt: skip

    def social_insurance(self) -> list[Row]:
        def make() -> Row:
            paid = self.day(700)
            return {"payer_id": self.random.choice(self.firms[:15]), "person_key": self.random.choice(self.everyone[:25]),
                    "kind": self.random.choice(("pension_employee", "injury", "medical_resident")),
                    "period": paid.replace(day=1), "paid_on": paid}  # fmt: skip

        return [make() for _ in range(120)]

    def contract_change(self) -> list[Row]:
        def make(code: str, i: int) -> Row:
            before = self.random.randrange(10**5, 10**7)
            return {"contract_id": f"{code}-C{self.random.randrange(8)}", "change_no": str(i), "village_code": code,
                    "changed_on": self.day(600), "kind": self.random.choice(("price", "price", "term")),
                    "before_fen": before, "after_fen": self.maybe(before + self.random.randrange(-9999, 99999))}  # fmt: skip

        return self.each(2, make)

    def sanction(self) -> list[Row]:
        kinds = ("administrative", "dishonest", "tender_ban", "gambling", "party_discipline")
        return [
            {"sanction_no": f"文{i}", "subject_id": self.random.choice(self.firms), "decided_on": self.day(1500),
             "kind": kinds[i % 5]}
            for i in range(30)
        ]  # fmt: skip
