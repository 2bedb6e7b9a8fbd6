"""Derived relations: each worked by hand, the same for any order of rows, and needed like a register."""

from __future__ import annotations

import random
import subprocess
import sys
from datetime import date

import pyarrow as pa
import pytest
from sqlglot import exp

from registers.catalogue import load_catalogue
from registers.engine import DuckDBEngine
from supervision.catalogue import load_models
from supervision.computability import Computability
from supervision.derived.bid_rotation import chance, cycle_share, entropy
from supervision.derived.catalogue import DERIVED, keep_derived
from supervision.derived.co_bidding_group import chance_to_meet
from supervision.derived.shared_trace import normalise
from tests.supervision.derived_rows import (
    AS_OF,
    EXAMPLES,
    VILLAGE,
    Row,
    Rows,
    brokers,
    families,
    records,
    ring,
    tender,
    together,
    traces,
)


def compute(
    name: str, rows: Rows, *, as_of: date = AS_OF, outcomes: pa.Table | None = None, **numbers: float
) -> list[Row]:
    given = {register: rows.get(register, []) for register in DERIVED[name].registers}
    with DuckDBEngine.from_rows(given, as_of=as_of) as engine:
        found: list[Row] = DERIVED[name].compute(engine, numbers, outcomes=outcomes).to_pylist()
    return found


each = pytest.mark.parametrize("name", sorted(DERIVED))


@each
def test_columns_are_declared_and_queries_read_what_they_name(name: str) -> None:
    relation = DERIVED[name]
    assert name == relation.name
    assert name not in load_catalogue()
    assert set(relation.registers) == set(relation.reads)
    rows = compute(name, EXAMPLES[name]())
    assert rows
    assert list(rows[0]) == list(relation.columns)


@each
def test_row_order_and_twins_do_not_matter(name: str) -> None:
    rows = EXAMPLES[name]()
    expected = compute(name, rows)
    for seed in range(5):
        shuffled = {r: [dict(row) for row in [*given, given[0]]] for r, given in rows.items()}
        for given in shuffled.values():
            random.Random(seed).shuffle(given)  # noqa: S311
        assert compute(name, shuffled) == expected


@each
def test_without_rows_there_is_nothing(name: str) -> None:
    assert compute(name, {}) == []


def test_equal_in_every_process() -> None:
    """Sets of names iterate differently from process to process; results must not."""
    program = (
        "import test_derived as t\n"
        "print([(n, t.compute(n, make())) for n, make in sorted(t.EXAMPLES.items())])"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(["tests/supervision", *sys.path])},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }  # fmt: skip
    assert len(seen) == 1
    assert "A" in seen.pop()


def test_an_unknown_parameter_is_refused_by_name() -> None:
    with pytest.raises(KeyError, match="min_tohgether"):
        compute("co_bidding_group", ring(), min_tohgether=1)


def test_a_ring_of_three_is_a_group() -> None:
    """Two firms with six bids in twelve tenders meet six times by a chance of 1 in C(12, 6) = 924; four pairs met."""
    assert chance_to_meet(6, [(12, 6, 6)]) == pytest.approx(1 / 924)
    assert 4 / 924 < 0.05
    rows = compute("co_bidding_group", ring())
    assert len({row.pop("group_id") for row in rows}) == 1  # X and Y meet as often, but a pair is no group
    assert rows == [
        {"county": "990101", "bidder_id": firm, "members": 3, "tenders": 6, "tenders_together": 6,
         "wins": 2, "group_tenders": 6, "group_wins": 6}
        for firm in "ABC"
    ]  # fmt: skip
    assert compute("co_bidding_group", ring(), max_chance=4 / 925) == []


def test_chances_of_categories_are_added() -> None:
    """One of two tenders each, in two categories: they meet twice by a chance of 1/2 · 1/2, and once or more by 3/4."""
    margins = [(2, 1, 1), (2, 1, 1), (5, 0, 3)]
    assert chance_to_meet(2, margins) == pytest.approx(0.25)
    assert chance_to_meet(1, margins) == pytest.approx(0.75)


def test_firms_that_are_alone_in_the_county_are_no_group() -> None:
    """Three firms in every one of twelve tenders meet as often as they must."""
    assert (
        compute("co_bidding_group", together(*(tender(i, "A", "B", "C", won="A") for i in range(12)))) == []
    )


def test_firms_of_one_trade_meet_because_of_their_trade() -> None:
    trade = [tender(i, "A", "B", "C", won="A", category="services") for i in range(6)]
    works = [tender(6 + i, f"X{i}", f"Y{i}") for i in range(36)]
    assert compute("co_bidding_group", together(*trade, *works)) == []


def test_old_tenders_and_direct_awards_do_not_count() -> None:
    assert compute("co_bidding_group", ring(), as_of=date(2029, 1, 1)) == []
    rows = ring()
    for row in rows["tender"]:
        row["method"] = "direct"
    assert compute("co_bidding_group", rows) == []


def test_rotation_worked_by_hand() -> None:
    assert cycle_share("ABCABC") == 1.0
    assert cycle_share("ABCACB") == pytest.approx(1 / 3, abs=1e-6)  # only the fourth repeats the first
    assert cycle_share("AB") == 0.0
    assert entropy("ABCABC") == 1.0
    assert entropy("AAAB") == pytest.approx(0.811278, abs=1e-6)  # bits of a 1 : 3 coin
    # 90 orders of three times two wins, 6 of them in a fixed cycle
    assert chance("ABCABC") == pytest.approx(6 / 90, abs=0.02)
    assert chance("ABCABC") == chance("XYZXYZ")


def test_rotation_of_the_ring() -> None:
    rows = compute("bid_rotation", ring())
    assert [(r["scope"], r["scope_id"], r["tenders"], r["winners"]) for r in rows] == [
        ("buyer", "BUYER", 6, 3),
        ("category", "works", 6, 3),
    ]
    assert {r["cycle_share"] for r in rows} == {1.0}


def test_shared_traces_worked_by_hand() -> None:
    found = {
        (r["bidder_id"], r["other_bidder_id"], r["kind"], r["family"], r["traces"])
        for r in compute("shared_trace", traces())
    }
    one_way = {
        ("A", "B", "device", "machine", 1),
        ("A", "C", "project_manager", "staff", 1),
        ("A", "C", "account", "account", 1),
    }
    assert found == one_way | {(b, a, *rest) for a, b, *rest in one_way}


def test_an_address_behind_many_bidders_is_a_public_place() -> None:
    rows: Rows = {
        "bid_trace": [
            {"tender_id": "T1", "bidder_id": f"F{i}", "kind": "network", "trace_no": 1, "value": "8.8.4.4", "recorded_on": AS_OF}
            for i in range(5)
        ],
        "bid": [],
    }  # fmt: skip
    assert len(compute("shared_trace", rows, public_bidders=5)) == 20
    assert compute("shared_trace", rows, public_bidders=4) == []


@pytest.mark.parametrize(
    ("kind", "text", "plain"),
    [
        ("address", "某某镇 建设路8号", "某某镇建设路8号"),
        ("address", "建设路", None),
        ("file_author", " 微软用户 ", None),
        ("device", "00:00:00:00:00:00", None),
        ("network", "114.114.114.114", "114.114.114.114"),
        ("network", "10.0.0.1", None),
        ("network", "拨号", None),
        ("price_software", None, None),
    ],
)
def test_traces_that_say_nothing(kind: str, text: str | None, plain: str | None) -> None:
    assert normalise(kind, text) == plain


def test_the_broker_library_worked_by_hand() -> None:
    assert compute("broker", brokers()) == [
        {
            "kind": "person",
            "broker_key": "P",
            "bidders": 3,
            "tenders": 3,
            "tenders_with_several": 1,
            "wins": 1,
        }
    ]


def test_a_bank_is_no_broker() -> None:
    accounts = {"bid": [
        {"tender_id": f"T{i}", "bid_no": "1", "bidder_id": f"F{i}", "submitted_on": AS_OF, "status": "valid", "deposit_account_key": "K"}
        for i in range(11)
    ]}  # fmt: skip
    assert [row["bidders"] for row in compute("broker", accounts, max_bidders=11)] == [11]
    assert compute("broker", accounts, max_bidders=10) == []


def test_companies_under_one_controller_worked_by_hand() -> None:
    found = {
        (r["company_id"], r["other_company_id"], r["link"], r["from_date"], r["to_date"])
        for r in compute("controlled_company", families())
        if r["company_id"] < r["other_company_id"]
    }
    assert found == {
        ("C1", "C2", "same_head", date(2022, 1, 1), date(2024, 1, 1)),
        ("C1", "C3", "same_holder", date(2021, 1, 1), None),
        ("C2", "C3", "same_holder", date(2022, 1, 1), date(2024, 1, 1)),
        ("C1", "C4", "kin", date(2023, 1, 1), None),
        ("C2", "C4", "kin", date(2023, 1, 1), date(2024, 1, 1)),
        ("C3", "C4", "kin", date(2023, 1, 1), None),
    }


def test_credit_moves_with_the_facts_and_comes_back() -> None:
    """F: banned 1 February to 31 July 2024 (60), a price rise of 20 % (5) on 1 June, late by 61 days on 31 May (10)."""
    outcomes = pa.table({"company_id": ["F", "H"], "confirmed_on": [date(2025, 1, 1), date(2026, 1, 1)]})
    found = [
        (r["company_id"], r["from_date"], r["score"])
        for r in compute("contractor_credit", records(), outcomes=outcomes)
    ]
    assert found == [
        ("F", date(2024, 2, 1), 40),
        ("F", date(2024, 5, 31), 30),
        ("F", date(2024, 6, 1), 25),
        ("F", date(2024, 8, 1), 85),
        ("F", date(2025, 1, 1), 65),
    ]


def test_credit_without_outcomes_and_its_floor_and_caps() -> None:
    rows = records()
    rows["sanction"] += [
        {"sanction_no": f"N{i}", "subject_id": "G", "kind": "credit", "decided_on": date(2025, 1, 1)} for i in range(3)
    ]  # fmt: skip
    last = {r["company_id"]: r for r in compute("contractor_credit", rows)}
    assert last["F"]["score"] == 85
    assert (last["G"]["score"], last["G"]["sanctions"]) == (20, 3)  # 120 points are capped at 80
    assert last["G"]["to_date"] is None


def joint(rows: Rows, *bidders: str) -> Rows:
    """The same rows, with the bids of these firms handed in as members of a joint bid."""
    bids = [row | {"members": 2} if row["bidder_id"] in bidders else row for row in rows["bid"]]
    return rows | {"bid": bids}


def test_members_of_a_joint_bid_are_partners_and_no_ring() -> None:
    assert compute("co_bidding_group", joint(ring(), "A", "B")) == []
    assert compute("bid_rotation", joint(ring(), "A", "B")) == []
    assert compute("broker", joint(brokers(), "C")) == []
    pairs = {
        (r["bidder_id"], r["other_bidder_id"]) for r in compute("shared_trace", joint(traces(), "A", "C"))
    }
    assert pairs == {("A", "B"), ("B", "A")}  # a member and an outsider with one computer are still a pair


def test_accounts_and_telephones_of_joint_bids_make_no_broker() -> None:
    def rows(members: int) -> Rows:
        bids = [
            {"tender_id": f"T{i}", "bid_no": "1", "bidder_id": f"F{i}", "submitted_on": AS_OF, "status": "valid",
             "deposit_account_key": "K", "members": members}
            for i in range(3)
        ]  # fmt: skip
        phones = [
            {"tender_id": f"T{i}", "bidder_id": f"F{i}", "kind": "phone", "trace_no": 1, "phone_key": "H", "recorded_on": AS_OF}
            for i in range(3)
        ]  # fmt: skip
        return {"bid": bids, "bid_trace": phones}

    assert sorted(row["kind"] for row in compute("broker", rows(1))) == ["account", "phone"]
    assert compute("broker", rows(2)) == []


def test_a_tender_with_two_winners_of_the_group_has_no_order() -> None:
    rows = ring()
    second = next(row for row in rows["bid"] if row["tender_id"] == "T06" and row["bidder_id"] == "B")
    second["won"] = True
    assert compute("bid_rotation", rows) == []  # five wins are left, six are asked for
    assert {row["tenders"] for row in compute("bid_rotation", rows, min_wins=5)} == {5}


def test_the_account_of_a_bank_is_no_shared_trace() -> None:
    bids = [
        {"tender_id": "T1", "bid_no": f"{i}", "bidder_id": f"F{i}", "submitted_on": AS_OF, "status": "valid", "deposit_account_key": "K"}
        for i in range(11)
    ]  # fmt: skip
    rows: Rows = {"bid": bids, "bid_trace": []}
    assert len(compute("shared_trace", rows, public_accounts=11)) == 110
    assert compute("shared_trace", rows, public_accounts=10) == []


def test_an_extended_or_accepted_work_is_not_late() -> None:
    def late(rows: Rows) -> list[int]:
        return [row["late_works"] for row in compute("contractor_credit", rows) if row["company_id"] == "F"]

    assert any(late(records()))
    extended = records()
    extended["contract_change"].append(
        {"contract_id": "K1", "change_no": "2", "village_code": VILLAGE, "changed_on": date(2024, 3, 1), "kind": "term", "after_end": date(2024, 7, 31)}
    )  # fmt: skip
    assert not any(late(extended))
    accepted = records()
    accepted["project"][0] |= {"completed_on": None, "accepted_on": date(2024, 4, 1)}
    assert not any(late(accepted))
    accepted["project"][0] |= {"accepted_on": None, "audited_on": date(2024, 4, 1)}
    assert not any(late(accepted))


def test_an_administrative_penalty_of_a_firm_counts() -> None:
    fined = {
        "sanction": [
            {"sanction_no": "S9", "subject_id": "H", "kind": "detention", "decided_on": date(2025, 1, 1)}
        ]
    }
    assert [(row["company_id"], row["score"]) for row in compute("contractor_credit", fined)] == [("H", 90)]


def test_kept_once_an_engine() -> None:
    with DuckDBEngine.from_rows(ring(), as_of=AS_OF) as engine:
        outcomes = pa.table({"company_id": ["F"], "confirmed_on": [AS_OF]})
        keep_derived(engine, ["contractor_credit"], outcomes=outcomes)
        keep_derived(engine, ["contractor_credit", "co_bidding_group"])
        kept = engine.query(exp.select("score").from_("contractor_credit"))
    assert kept.to_pylist() == [{"score": 80}]


def test_a_model_needs_the_registers_behind_its_relations() -> None:
    models = [model for model in load_models().values() if model.derived]
    assert models
    for model in models:
        hit = next(case for case in model.cases if case.kind == "hit")
        for name in model.derived:
            for register in DERIVED[name].registers:
                rows = {key: value for key, value in hit.given.items() if key != register}
                with DuckDBEngine.from_rows(rows, as_of=hit.as_of) as engine:
                    computability = Computability(engine, [model])
                    assert load_catalogue()[register].name in str(computability.obstacle(model, VILLAGE)), (
                        model.id
                    )
