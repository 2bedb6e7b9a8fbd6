"""Runs: repeatable in the past, stored whole or not at all, evidence traced to file and row, law of the day."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlglot import exp

from registers.catalogue import load_catalogue
from registers.engine import DuckDBEngine
from registers.importing import import_file
from registers.lake import Lake
from registers.values import id_check_digit
from supervision.catalogue import load_models
from supervision.computability import Computability
from supervision.model_run import ModelRun
from supervision.runner import find, run_models
from supervision.runs import Run, RunNotFound, read_run, store_run

MODEL = load_models()["assistance_paid_after_death"]
VILLAGE = "990101001201"
DEAD = "99010119500101001" + id_check_digit("99010119500101001")
PROGRAMMES = "项目编码,项目名称,项目类别,是否审核家庭经济状况,生效日期\nDB,低保,低保,是,2020-01-01\n"
DEATHS = f"身份证号,村代码,死亡日期,登记日期\n{DEAD},{VILLAGE},2025-01-10,2025-01-20\n"
DIVISIONS = f"区划代码,名称,级别,生效日期\n{VILLAGE},某村,村,2020-01-01\n"
HEADER = "项目编码,身份证号,村代码,所属月份,发放日期,发放金额\n"


def deliver(home: Path, name: str, text: str, day: date) -> None:
    path = home / f"{name}_{day}.csv"
    path.write_text(text, encoding="utf-8")
    import_file(path, lake=Lake(home), catalogue=load_catalogue(), delivered_on=day, register=name)


def payments(*months: int, amount: int = 600) -> str:
    return HEADER + "".join(f"DB,{DEAD},{VILLAGE},2025-{m:02d},2025-{m:02d}-15,{amount}\n" for m in months)


def run(home: Path, day: date) -> Run:
    with DuckDBEngine(Lake(home), as_of=day) as engine:
        return run_models(engine, [MODEL])


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for name, text in (("division", DIVISIONS), ("subsidy_programme", PROGRAMMES), ("death", DEATHS)):
        deliver(tmp_path, name, text, date(2025, 2, 1))
    deliver(tmp_path, "subsidy_payment", payments(3, 4), date(2025, 5, 1))
    return tmp_path


def test_a_past_run_is_repeated_after_later_corrections(home: Path) -> None:
    before = run(home, date(2025, 5, 1))
    assert [row["level"] for row in before.findings.to_pylist()] == ["yellow"]
    deliver(
        home, "subsidy_payment", payments(3, 4, amount=0) + payments(5).removeprefix(HEADER), date(2025, 6, 1)
    )
    deliver(home, "death", DEATHS.replace("2025-01-10", "2025-05-30"), date(2025, 6, 2))
    again = run(home, date(2025, 5, 1))
    assert again.findings.equals(before.findings)
    assert again.evidence.equals(before.evidence)
    assert again.verdicts.equals(before.verdicts)
    assert run(home, date(2025, 6, 5)).findings.num_rows == 0  # now the date of death has been corrected


def test_evidence_leads_back_to_file_and_row(home: Path) -> None:
    evidence = run(home, date(2025, 5, 1)).evidence.to_pylist()
    proof = [row for row in evidence if row["role"] == "proof"]
    assert {(row["register"], row["source_row"]) for row in proof} == {
        ("subsidy_payment", 2),
        ("subsidy_payment", 3),
    }
    assert all(row["source_file"] == "subsidy_payment_2025-05-01.csv" for row in proof)
    assert {row["register"] for row in evidence if row["role"] == "context"} == {"death"}
    assert DEAD not in json.dumps(evidence, default=str)


@pytest.mark.parametrize("days_later", [(0, 3), (3, 0)])
def test_a_row_met_on_several_days_stands_once_with_its_first_day(
    home: Path, days_later: tuple[int, int]
) -> None:
    queries = MODEL.queries
    met = [queries.evidence.tree.copy(), queries.evidence.tree.copy()]
    for tree, days in zip(met, days_later, strict=True):
        (place,) = (i for i, e in enumerate(tree.expressions) if e.alias_or_name == "occurred_on")
        moved = exp.Add(this=tree.expressions[place].unalias(), expression=exp.Literal.number(days))
        tree.expressions[place].replace(exp.alias_(moved, "occurred_on"))
    met_rows = [exp.select("*").from_(tree.subquery("met")) for tree in met]
    twice = replace(queries, evidence=replace(queries.evidence, tree=exp.union(*met_rows, distinct=False)))
    with DuckDBEngine(Lake(home), as_of=date(2025, 5, 1)) as engine:
        found = ModelRun(engine, MODEL, Computability(engine, [MODEL]), queries=twice).evidence()
    proof = [row for row in found.to_pylist() if row["role"] == "proof"]
    assert sorted(row["occurred_on"] for row in proof) == [date(2025, 3, 15), date(2025, 4, 15)]


def test_the_law_of_the_day_is_cited(home: Path) -> None:
    cited = json.loads(run(home, date(2025, 5, 1)).findings.to_pylist()[0]["legal_basis"])
    assert {clause["title"] for clause in cited} == {"社会救助暂行办法"}


def test_the_reason_is_a_sentence_with_the_numbers(home: Path) -> None:
    reason = run(home, date(2025, 5, 1)).findings.to_pylist()[0]["reason"]
    assert reason == "死亡满 30 天后仍发放 2 个月 2 笔，共 1,200.00 元，最早一笔在 2025年3月15日"


def test_a_stale_register_is_not_computable_and_says_why(home: Path) -> None:
    verdicts = run(home, date(2025, 12, 1)).verdicts.to_pylist()
    assert [(row["not_computable"], row["hit"], row["clear"]) for row in verdicts] == [(1, 0, 0)]
    assert "没有新数据" in verdicts[0]["reason"]


def test_a_run_is_stored_once_and_read_back(home: Path) -> None:
    done = run(home, date(2025, 5, 1))
    folder = store_run(home, done)
    written = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert store_run(home, done) == folder
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == written
    stored = read_run(home)
    assert stored.run_id == done.run_id
    assert stored.findings.equals(done.findings)
    assert not list((home / "runs").glob(".*"))


def test_a_run_that_is_not_there_says_so(home: Path) -> None:
    with pytest.raises(RunNotFound, match="cunjian run"):
        read_run(home)
    with pytest.raises(RunNotFound, match="no-such-run"):
        read_run(home, "no-such-run")


def test_findings_alone_are_those_of_a_run(home: Path) -> None:
    day = date(2025, 5, 1)
    with DuckDBEngine(Lake(home), as_of=day) as engine:
        assert find(engine, [MODEL]).equals(run(home, day).findings)
