"""The two times: what the engine shows is what was known on the day, and a past run can be repeated."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.deliveries import HEADERS, VILLAGE, company, payment, person
from registers.catalogue import load_catalogue
from registers.engine import DuckDBEngine
from registers.query import bind, parse_query

JAN, FEB, MAR = date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31)
PROJECTS = ("项目编号", "村代码", "项目名称", "发包方式", "立项日期", "竣工日期", "结算金额", "审计日期")
AMOUNTS = "SELECT period, amount_fen, row_id, known_from FROM subsidy_payment ORDER BY row_id"


def monthly(month: int, amount: str) -> list[str]:
    return payment(所属月份=f"2024-{month:02d}", 发放日期=f"2024-{month:02d}-10", 发放金额=amount)


def test_a_past_run_repeated_after_corrections_gives_the_same_rows(deliver, ask) -> None:
    deliver("subsidy_payment", [HEADERS, monthly(1, "500")], on=JAN)
    in_january = ask(AMOUNTS, as_of=JAN)
    deliver("subsidy_payment", [HEADERS, monthly(1, "600"), monthly(2, "500")], on=FEB)
    in_february = ask(AMOUNTS, as_of=FEB)
    deliver("subsidy_payment", [HEADERS, monthly(1, "700"), monthly(2, "500")], on=MAR)

    assert ask(AMOUNTS, as_of=JAN) == in_january
    assert ask(AMOUNTS, as_of=FEB) == in_february
    assert ask(AMOUNTS, as_of=FEB - timedelta(1)) == in_january, (
        "a correction is not known before its delivery"
    )
    assert [row["amount_fen"] for row in in_january] == [50_000]
    assert sorted(row["amount_fen"] for row in in_february) == [50_000, 60_000]
    assert sorted(row["amount_fen"] for row in ask(AMOUNTS, as_of=MAR)) == [50_000, 70_000]


def test_nothing_is_known_before_it_was_delivered(deliver, ask) -> None:
    deliver("subsidy_payment", [HEADERS, monthly(1, "500")], on=MAR)
    assert ask(AMOUNTS, as_of=MAR - timedelta(1)) == []
    assert len(ask(AMOUNTS, as_of=MAR)) == 1


def test_history_counts_as_known_from_the_day_of_its_record(deliver, ask) -> None:
    deliver("subsidy_payment", [HEADERS, monthly(1, "500"), monthly(2, "500")], on=MAR, backfill=True)
    assert [row["known_from"] for row in ask(AMOUNTS, as_of=JAN)] == [date(2024, 1, 10)]
    assert ask(AMOUNTS, as_of=date(2024, 1, 9)) == []
    assert len(ask(AMOUNTS, as_of=FEB)) == 2


def test_a_late_record_is_not_known_on_the_day_of_its_event(deliver, ask) -> None:
    rows = [("身份证号", "死亡日期", "登记日期"), (person(1), "2024-01-05", "2024-02-20")]
    deliver("death", rows, on=MAR, backfill=True)
    deaths = "SELECT death_date FROM death"
    assert ask(deaths, as_of=date(2024, 2, 19)) == []
    assert ask(deaths, as_of=date(2024, 2, 20)) == [{"death_date": date(2024, 1, 5)}]


def test_a_date_that_lies_ahead_has_not_happened_and_its_companion_is_unknown(deliver, ask) -> None:
    done = ("X1", VILLAGE, "道路", "公开招标", "2024-01-05", "2024-02-10", "900000", "2024-03-01")
    deliver("project", [PROJECTS, done], on=MAR, backfill=True)
    seen = "SELECT completed_on, settled_fen, audited_on FROM project"
    assert ask(seen, as_of=JAN) == [{"completed_on": None, "settled_fen": None, "audited_on": None}]
    assert ask(seen, as_of=FEB) == [
        {"completed_on": date(2024, 2, 10), "settled_fen": None, "audited_on": None}
    ]
    assert ask(seen, as_of=MAR) == [
        {"completed_on": date(2024, 2, 10), "settled_fen": 90_000_000, "audited_on": date(2024, 3, 1)}
    ]


def test_a_company_was_active_before_it_was_cancelled_and_a_lease_may_end_ahead(deliver, ask) -> None:
    companies = [
        ("统一社会信用代码", "企业名称", "成立日期", "登记状态", "状态日期"),
        (company(1), "甲公司", "2020-01-01", "注销", "2024-02-15"),
    ]
    leases = [
        ("租赁编号", "村代码", "资产类型", "承租方", "签订日期", "起租日期", "到期日期"),
        ("L1", VILLAGE, "鱼塘", company(1), "2024-01-02", "2024-02-01", "2034-01-31"),
    ]
    deliver("company", companies, on=MAR, backfill=True)
    deliver("lease", leases, on=MAR, backfill=True)
    status = "SELECT status, status_date FROM company"
    assert ask(status, as_of=JAN) == [{"status": "active", "status_date": None}]
    assert ask(status, as_of=MAR) == [{"status": "cancelled", "status_date": date(2024, 2, 15)}]
    assert ask("SELECT end_on FROM lease", as_of=JAN) == [{"end_on": date(2034, 1, 31)}]


days = st.dates(date(2024, 1, 1), date(2024, 3, 1))


@settings(max_examples=25, deadline=None)
@given(events=st.lists(st.tuples(days, days, st.none() | days), min_size=1, max_size=6), as_of=days)
def test_given_rows_obey_the_same_rule(events: list[tuple[date, date, date | None]], as_of: date) -> None:
    rows = [
        {"project_id": f"X{n}", "approved_on": event, "known_from": known, "completed_on": completed}
        for n, (event, known, completed) in enumerate(events)
    ]
    with DuckDBEngine.from_rows({"project": rows}, as_of=as_of, catalogue=load_catalogue()) as engine:
        text = "SELECT project_id, completed_on FROM project ORDER BY project_id"
        query = parse_query(text, source="test", relations=["project"])
        found = engine.query(bind(query, {"as_of": as_of})).to_pylist()
    assert found == [
        {
            "project_id": row["project_id"],
            "completed_on": row["completed_on"]
            if row["completed_on"] and row["completed_on"] <= as_of
            else None,
        }
        for row in rows
        if row["known_from"] <= as_of and row["approved_on"] <= as_of
    ]
