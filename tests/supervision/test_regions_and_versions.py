"""Regional parameters within bounds, and no change of a model without a new version."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from registers.engine import DuckDBEngine
from supervision.catalogue import Model, load_models
from supervision.regions import FILE_NAME, RegionError, load_regions
from supervision.runner import run_models
from supervision.versions import read_versions, version_problems, with_new_versions

MODELS = load_models()
MODEL = MODELS["labour_more_than_a_day"]
DAY = date(2025, 6, 30)


def setting(**changes: object) -> str:
    entry = {
        "division": '"990101"',
        "model": MODEL.id,
        "parameter": "max_half_days",
        "value": 2,
        "reason": "县里不计加班",
        "author": "王某",
        "from": "2025-01-01",
    }
    entry |= changes
    return "- {" + ", ".join(f"{name}: {value}" for name, value in entry.items()) + "}\n"


def run(home: Path, text: str, *, as_of: date = DAY) -> list[tuple[str, str]]:
    (home / FILE_NAME).write_text(text, encoding="utf-8")
    days = [
        {
            "village_code": village,
            "sheet_no": sheet,
            "person_key": f"P{village}",
            "work_date": date(2025, 6, 1),
        }
        | {"job": "清沟", "half_days": half_days, "amount_fen": 10000}
        for village in ("990101001201", "990102001201")
        for sheet, half_days in (("S1", 2), ("S2", 1))
    ]
    with DuckDBEngine.from_rows({"labour_day": days}, as_of=as_of) as engine:
        found = run_models(engine, [MODEL], regions=load_regions(home, MODELS))
    hits = [(row["village_code"], row["reason"]) for row in found.findings.to_pylist()]
    assert sum(found.verdicts["hit"].to_pylist()) == len(hits)
    assert sum(found.verdicts["subjects"].to_pylist()) == 2
    return hits


def test_a_county_sets_its_own_parameter_for_its_villages_only(tmp_path: Path) -> None:
    assert run(tmp_path, "") == []
    hits = run(tmp_path, setting())
    assert [village for village, _ in hits] == ["990101001201"]


def test_a_longer_code_wins_and_a_setting_begins_on_its_day(tmp_path: Path) -> None:
    town_again = setting() + setting(division='"990101001"', value=3)
    assert run(tmp_path, town_again) == []
    assert run(tmp_path, setting(**{"from": "2025-07-01"})) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"value": 9}, "超出允许范围 2 至 4"),
        ({"parameter": "nothing"}, "模型没有这个参数"),
        ({"model": "nothing"}, "没有这个模型"),
        ({"division": '"99010"'}, "写法有误"),
        ({"reason": '""'}, "写法有误"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(RegionError, match=message):
        run(tmp_path, setting(**changes))


def test_settings_are_part_of_a_runs_identity(tmp_path: Path) -> None:
    with DuckDBEngine.from_rows({"labour_day": []}, as_of=DAY) as engine:
        plain = run_models(engine, [MODEL])
        (tmp_path / FILE_NAME).write_text(setting(), encoding="utf-8")
        own = run_models(engine, [MODEL], regions=load_regions(tmp_path, MODELS))
    assert plain.run_id != own.run_id
    assert len(own.settings) == 1


def test_every_model_has_the_version_that_was_recorded() -> None:
    assert version_problems(MODELS.values(), read_versions()) == []


def with_changes(model: Model, **changes: object) -> Model:
    return Model.model_validate(model.model_dump() | changes)


def test_changed_sql_needs_a_new_version() -> None:
    versions = with_new_versions([MODEL], {})
    changed = with_changes(MODEL, evidence=MODEL.evidence.replace(">", ">="))
    assert version_problems([changed], versions) == [f"{MODEL.id}: its content changed; raise version to 2"]
    raised = with_changes(changed, version=2)
    assert version_problems([raised], with_new_versions([raised], versions)) == []
    skipped = with_changes(changed, version=3)
    assert version_problems([skipped], versions) == [f"{MODEL.id}: version 3, but the next one is 2"]


def test_words_for_people_need_no_new_version() -> None:
    reworded = with_changes(MODEL, why="另一种说法")
    assert version_problems([reworded], with_new_versions([MODEL], {})) == []
