"""`cunjian registers status`: which models cannot be computed, in which town, and why."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks.deliveries import as_csv
from cunjian.cli import app
from cunjian.register_status import Status, print_status, status_of
from registers.catalogue import load_catalogue
from registers.engine import DuckDBEngine
from registers.importing import import_file
from registers.lake import Lake
from registers.pages import FREQUENCIES
from supervision.catalogue import load_models
from supervision.directory import data_directory

MODEL = "invoice_reimbursed_twice"
ENTRY = {
    "voucher_no": "1",
    "line_no": 1,
    "flow": "expense",
    "amount_fen": 100,
    "entry_date": date(2025, 6, 1),
}
EAST, WEST = "990101001", "990101002"


def status(
    *entries: dict[str, object], as_of: date = date(2025, 6, 30), division: str = "", place: str = ""
) -> Status:
    rows = [ENTRY | {"line_no": number} | entry for number, entry in enumerate(entries)]
    divisions = [
        {"division_code": code, "name": name, "level": "village", "valid_from": date(2020, 1, 1)}
        for code, name in ((f"{EAST}201", "甲村"), (f"{EAST}202", "乙村"), (f"{WEST}201", "丙村"))
    ]
    given = {"division": divisions} | ({"ledger_entry": rows} if entries else {})
    with DuckDBEngine.from_rows(given, as_of=as_of) as engine:
        return status_of(engine, [(load_models()[MODEL], place)], division=division)


def entry(village: str, *, invoiced: bool = True) -> dict[str, object]:
    return {
        "village_code": village, "invoice_no": "1" if invoiced else None, "counterparty_id": "N1",
        "invoice_date": date(2025, 5, 1), "summary": "材料款",
    }  # fmt: skip


def test_a_missing_register_is_said_town_by_town() -> None:
    found = status()
    assert [(o.town, o.villages, o.of_villages, o.models) for o in found.obstacles] == [
        (EAST, 2, 2, (MODEL,)),
        (WEST, 1, 1, (MODEL,)),
    ]
    assert {o.reason for o in found.obstacles} == {"没有“村级账务明细”"}


def test_a_full_and_fresh_register_is_no_obstacle_and_a_stale_one_is() -> None:
    rows = [entry(f"{EAST}201"), entry(f"{EAST}202"), entry(f"{WEST}201")]
    assert status(*rows).obstacles == ()
    late = date(2026, 6, 1)
    assert {o.reason for o in status(*rows, as_of=late).obstacles} == {
        "“村级账务明细”已有 365 天没有新数据（最多 120 天）"
    }


def test_a_division_and_a_local_model_narrow_the_answer() -> None:
    assert [o.town for o in status(division=WEST).obstacles] == [WEST]
    assert [o.town for o in status(place=WEST).obstacles] == [WEST]
    with pytest.raises(LookupError, match="没有找到村"):
        status(division="990102")


def test_a_reason_of_all_towns_is_printed_once(capsys: pytest.CaptureFixture[str]) -> None:
    print_status(status())
    printed = capsys.readouterr().out
    assert printed.count("没有“村级账务明细”") == 1
    assert "全部乡镇" in printed
    print_status(status(division=WEST))
    assert "990101002" in capsys.readouterr().out


def test_the_command_answers_for_a_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUNJIAN_HOME", str(tmp_path / "home"))
    village = f"{EAST}201"
    file = tmp_path / "division.csv"
    file.write_bytes(
        as_csv([["区划代码", "名称", "级别", "生效日期"], [village, "甲村", "村", "2020-01-01"]])
    )
    import_file(file, lake=Lake(tmp_path / "home"), catalogue=load_catalogue(), delivered_on=date(2025, 6, 1))
    answer = CliRunner().invoke(app, ["registers", "status", "--as-of", "2025-06-30", "--json"])
    content = json.loads(answer.stdout)
    assert (content["as_of"], content["villages"], content["towns"]) == ("2025-06-30", 1, 1)
    blocked = {model for obstacle in content["obstacles"] for model in obstacle["models"]}
    assert blocked == set(load_models())
    wrong = CliRunner().invoke(app, ["registers", "status", "--division", "99010"])
    assert wrong.exit_code != 0


def test_the_data_directory_names_every_need_once() -> None:
    catalogue, models = load_catalogue(), load_models()
    page = data_directory(catalogue, models)
    sections = {part.partition("`")[2].partition("`")[0]: part for part in page.split("\n## ")[1:]}
    assert sections.keys() == catalogue.keys()
    for model in models.values():
        for register, columns in model.needs.items():
            for column in columns:
                line = next(text for text in sections[register].splitlines() if f"| `{column}` |" in text)
                assert line.count(f"(models/{model.id}.md)") == 1
    for register in catalogue.values():
        overview = next(
            text for text in page.splitlines() if text.startswith(f"| [{register.name}](#{register.id}) |")
        )
        assert f"| {register.owner} | {FREQUENCIES[register.frequency]} |" in overview
        assert f"不超过 {register.max_age_days} 天" in overview
