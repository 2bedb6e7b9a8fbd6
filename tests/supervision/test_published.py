"""Drafts are checked like shipped models; published ones speak of their own division and of nothing else."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from registers.catalogue import load_catalogue
from registers.changes import Changes, Moment
from registers.engine import DuckDBEngine
from registers.lake import Lake
from supervision.catalogue import ModelError, load_models, model_from_text
from supervision.drafts import MOST_CHARACTERS, DraftRefused, read_draft
from supervision.nightly import How, run_nightly
from supervision.published import (
    ModelsOfHome,
    models_in_force,
    published_models,
    scopes_of,
    shipped_ids,
    write_published,
)
from supervision.runner import run_models
from tests.supervision.drafts import OWN, SHIPPED, draft_text, stricter_text

COUNTY, OTHER = "990101", "990102"
DAY = date(2025, 6, 30)
DAYS = [
    {"village_code": f"{county}001201", "sheet_no": f"S{half_days}", "person_key": f"P{county}"}
    | {"work_date": date(2025, 6, 1), "job": "清沟", "half_days": half_days, "amount_fen": 10_000}
    for county in (COUNTY, OTHER)
    for half_days in (1, 2)
]


def problems(text: str, *, taken: frozenset[str] = frozenset({SHIPPED}), **known: dict[str, str]) -> str:
    with pytest.raises(DraftRefused) as caught:
        read_draft(text, taken=taken, published=known)
    return str(caught.value)


def test_a_draft_that_holds_is_read() -> None:
    assert read_draft(draft_text(), taken=shipped_ids(), published={}).id == OWN
    second = read_draft(draft_text(version=2), taken=shipped_ids(), published={OWN: {"1": "a"}})
    assert second.version == 2


def test_a_shipped_id_and_a_wrong_version_are_refused() -> None:
    assert SHIPPED in shipped_ids()
    assert "系统自带" in problems(draft_text(model_id=SHIPPED, version=2))
    assert "版本号应为 1" in problems(draft_text(version=2))
    assert "版本号应为 3" in problems(draft_text(version=2), **{OWN: {"1": "a", "2": "b"}})


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("WHERE d.half_days > :max_half_days", "WHERE d.half_days > :max_half_days + 5", "用例不成立"),
        ("WHERE d.half_days > :max_half_days", "WHERE d.half_days > random()", "不能加载"),
        ("FROM labour_day AS l\n", "FROM read_csv('/etc/passwd') AS l\n", "不能加载"),
        ("half_days: 2, amount_fen: 20000", "half_days: 很多, amount_fen: 20000", "用例里的数据"),
        ("reason: 有 {days} 天", "reason: 有 {days.__class__} 天", "不能加载"),
        ("reason: 有 {days} 天", "reason: 有 {days:>99999999} 天", "不能加载"),
        ("reason: 有 {days} 天", "reason: 有 {} 天", "不能加载"),
        ("field: labour", "field: !!python/object:os.system labour", "不能加载"),
    ],
)
def test_a_draft_that_does_not_hold_is_refused(old: str, new: str, told: str) -> None:
    assert told in problems(draft_text(**{old: new}))


def test_texts_that_would_blow_up_are_refused() -> None:
    assert "太长" in problems("#" * (MOST_CHARACTERS + 1))
    levels = [
        f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" if level else "a0: &a0 [1]"
        for level in range(12)
    ]
    assert "展开后太大" in problems("\n".join(levels))
    assert "展开后太大" in problems("a: &a [*a]")
    assert "YAML" in problems("[" * 20_000)
    assert "YAML" in problems("a: [1")


def test_the_folder_follows_what_is_in_force(tmp_path: Path) -> None:
    write_published(tmp_path, {(COUNTY, OWN): draft_text()})
    assert [(model.id, division) for model, division in published_models(tmp_path)] == [(OWN, COUNTY)]
    write_published(tmp_path, {(COUNTY, OWN): stricter_text(version=2)})
    ((model, _),) = published_models(tmp_path)
    assert (model.version, model.parameter_values["max_half_days"]) == (2, 2)
    write_published(tmp_path, {("9901", OWN): stricter_text(version=2)})
    assert [division for _, division in published_models(tmp_path)] == ["9901"]
    write_published(tmp_path, {})
    assert models_in_force(tmp_path) == [(model, "") for model in load_models().values()]


def test_a_file_with_a_shipped_id_stops_by_name(tmp_path: Path) -> None:
    write_published(tmp_path, {(COUNTY, SHIPPED): draft_text(model_id=SHIPPED)})
    with pytest.raises(ModelError, match="系统自带的模型"):
        models_in_force(tmp_path)


def test_a_service_finds_what_was_published_meanwhile(tmp_path: Path) -> None:
    models = ModelsOfHome(tmp_path)
    assert OWN not in models
    write_published(tmp_path, {(COUNTY, OWN): draft_text()})
    assert models[OWN].id == OWN
    assert len(models) == len(list(models)) == len(load_models()) + 1


def test_a_published_model_speaks_of_its_division_only() -> None:
    draft = model_from_text(stricter_text(), source="draft")
    with DuckDBEngine.from_rows({"labour_day": DAYS}, as_of=DAY) as engine:
        everywhere = run_models(engine, [draft])
        scoped = run_models(engine, [draft], scopes={OWN: COUNTY})
    assert set(everywhere.findings["village_code"].to_pylist()) == {f"{COUNTY}001201", f"{OTHER}001201"}
    assert scoped.findings["village_code"].to_pylist() == [f"{COUNTY}001201"]
    assert [(row["village_code"], row["hit"]) for row in scoped.verdicts.to_pylist()] == [
        (f"{COUNTY}001201", 1)
    ]
    assert everywhere.run_id != scoped.run_id
    assert scoped.models[OWN]["division"] == COUNTY


def test_a_nightly_run_keeps_the_division(tmp_path: Path) -> None:
    draft = model_from_text(stricter_text(), source="draft")
    assert scopes_of([(draft, COUNTY), (load_models()[SHIPPED], "")]) == {OWN: COUNTY}
    now = Moment(DAY, {})
    with (
        DuckDBEngine.from_rows({"labour_day": DAYS}, as_of=DAY) as engine,
        Changes(Lake(tmp_path), catalogue=load_catalogue(), earlier=now, later=now) as none,
    ):
        previous = run_models(engine, [draft])
        full = run_models(engine, [draft], scopes={OWN: COUNTY})
        night = run_nightly(
            engine, [draft], before=engine, previous=previous, changes=none, scopes={OWN: COUNTY}
        )
    assert night.plans[OWN].how is How.WHOLE
    assert night.run.findings.equals(full.findings)
    assert night.run.verdicts.equals(full.verdicts)
    assert night.run.run_id == full.run_id
