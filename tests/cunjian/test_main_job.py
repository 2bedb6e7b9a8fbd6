"""The main job over the command line, as a person does it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from sqlalchemy import func, select
from typer.main import get_command

from casework.database import open_engine, sessions
from casework.models import Entity, Score
from casework.roles import Actor, Role
from casework.watchlist import Wanted, watchlist
from cunjian.cli import app
from cunjian.settings import Settings
from features.dictionary import ENTITIES
from ml.kinds import SCORED_NAMES, TENDER, kind_of
from registers.catalogue import load_catalogue
from tests.cunjian.conftest import DAY, Office

in_the_county = pytest.mark.xdist_group("county")  # one worker alone simulates and imports it
NOT_SIMULATED = {"name_list", "person_link"}
"""Lists without ID numbers, and the links computed from them: no sheet of the simulated county lacks the numbers."""


@pytest.fixture(scope="module")
def run_once(imported: Office, tmp_path_factory: pytest.TempPathFactory) -> tuple[Office, dict[str, Any]]:
    """A home in which the models ran over the year, and what the run said. The tests may add to it."""
    office = imported.copied_to(tmp_path_factory.mktemp("run") / "home")
    summary = office.json("run", "--as-of", DAY)
    assert isinstance(summary, dict)
    return office, summary


@in_the_county
def test_import_accounts_for_every_row(imported: Office) -> None:
    reports = [
        json.loads(path.read_text(encoding="utf-8")) for path in (imported.home / "quality").glob("*.json")
    ]
    assert {report["register"] for report in reports} == load_catalogue().keys() - NOT_SIMULATED
    for report in reports:
        assert report["rows_in"] == sum(
            report[part] for part in ("accepted", "unchanged", "duplicates", "quarantined")
        )
        assert report["simulated"] is True
        assert report["accepted"] > 0.95 * report["rows_in"] - 2


@in_the_county
def test_importing_again_changes_nothing(imported: Office) -> None:
    again = imported.json("import", str(imported.county), "--backfill")
    assert isinstance(again, dict)
    assert all(report["already_imported"] for report in again["files"])
    assert again["outcomes"] == 0


@in_the_county
def test_from_registers_to_a_watchlist(run_once: tuple[Office, dict[str, Any]], tmp_path: Path) -> None:
    """Run, train, promote, run again: scores with reasons, called simulated."""
    office, first = run_once
    imported = office.copied_to(tmp_path / "home")
    assert first["scored"] == {}
    assert sum(sum(levels.values()) for levels in first["findings"].values()) > 0
    for kind in ("anomaly", "risk"):
        trained = imported.json("train", kind, "--as-of", DAY, "--truth", str(imported.county / "truth.csv"))
        assert isinstance(trained, list)
        assert [result["registered"]["kind"] for result in trained] == [kind_of(kind, e) for e in ENTITIES]
        for result in trained:
            imported.json("promote", result["registered"]["kind"], "--by", "test")
    tender = imported.json("train", "tender", "--as-of", DAY)
    assert isinstance(tender, dict)
    assert (tender["registered"]["kind"], tender["confirmed"], tender["refuted"]) == (TENDER, 0, 0)
    imported.json("promote", TENDER, "--by", "test")
    second = imported.json("run", "--as-of", DAY)
    assert isinstance(second, dict)
    assert second["run_id"] == first["run_id"]
    assert second["scored"]["village"] == 30
    nightly = imported.json("run", "--as-of", DAY, "--nightly")
    assert isinstance(nightly, dict)
    assert nightly["run_id"] == first["run_id"]
    assert set(second["scored"]) == set(SCORED_NAMES)
    for entity in SCORED_NAMES:
        _check_scores(pq.read_table(imported.home / "scores" / DAY / f"{entity}.parquet").to_pylist())
    suppliers = pq.read_table(imported.home / "scores" / DAY / "supplier.parquet").to_pylist()
    assert any(len(row["villages"]) > 1 for row in suppliers)
    assert sum(row["name"] is not None for row in suppliers) > 0.9 * len(suppliers)
    with sessions(open_engine(Settings(home=imported.home).database)).begin() as session:
        stored = dict(session.execute(select(Score.entity, func.count()).group_by(Score.entity)).all())
        county = Actor(id=1, name="某", role=Role.LEADER, division="990101")
        for entity in Entity:
            assert stored[entity] == second["scored"][entity.value]
            found = watchlist(session, county, Wanted(entity=entity, as_of=date.fromisoformat(DAY)))
            assert found.total == stored[entity]


def _check_scores(scores: list[dict[str, Any]]) -> None:
    assert scores == sorted(scores, key=lambda row: -row["risk"])
    assert all(row["simulated"] for row in scores)
    assert all(0 <= row["risk"] <= 1 and 0 <= row["percentile"] <= 100 for row in scores)
    assert json.loads(scores[0]["reasons"])[0]["sentence"]


@in_the_county
def test_same_lake_same_run(run_once: tuple[Office, dict[str, Any]], tmp_path: Path) -> None:
    """A second home with the same files gives the same findings, but for the keyed surrogates of persons."""
    first, told = run_once
    twin = Office(tmp_path / "twin", first.county)
    assert twin.run("import", str(first.county), "--backfill").returncode == 0
    runs = []
    for office, summary in ((first, told), (twin, twin.json("run", "--as-of", DAY))):
        assert isinstance(summary, Mapping)
        findings = pq.read_table(office.home / "runs" / str(summary["run_id"]) / "findings.parquet")
        columns = ["model_id", "village_code", "level", "first_on", "last_on", "amount_fen", "rows", "reason"]
        runs.append(sorted(str(row) for row in findings.select(columns).to_pylist()))
    assert runs[0] == runs[1]


@in_the_county
def test_a_killed_run_leaves_nothing_and_can_be_repeated(
    imported: Office, run_once: tuple[Office, dict[str, Any]], tmp_path: Path
) -> None:
    office = imported.copied_to(tmp_path / "killed")
    assert not (office.home / "spill").exists()
    process = subprocess.Popen(
        [sys.executable, "-m", "cunjian", "run", "--as-of", DAY], env=office.environment
    )
    while not (office.home / "spill").exists():  # the engine is not open yet
        assert process.poll() is None
        time.sleep(0.1)
    time.sleep(1)  # amid the models
    assert process.poll() is None
    process.kill()
    process.wait()
    stored = list((office.home / "runs").glob("2*")) if (office.home / "runs").exists() else []
    for folder in stored:  # whole or not at all
        assert {path.name for path in folder.iterdir()} == {
            "run.json",
            "findings.parquet",
            "evidence.parquet",
            "verdicts.parquet",
        }
    repeated, (_, undisturbed) = office.json("run", "--as-of", DAY), run_once
    assert isinstance(repeated, dict)
    assert sum(sum(levels.values()) for levels in undisturbed["findings"].values()) > 0
    assert repeated["findings"] == undisturbed["findings"]


@in_the_county
def test_triage_of_a_file(imported: Office, tmp_path: Path) -> None:
    out = tmp_path / "sorted.csv"
    summary = imported.json("triage", str(imported.county / "inbox.csv"), "--out", str(out))
    assert isinstance(summary, dict)
    assert summary["messages"] == 40
    assert "key_probability" in out.read_text(encoding="utf-8-sig").splitlines()[0]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "--as-of", DAY), "请先运行 cunjian import"),
        (("import", "no-such-folder"), "找不到文件或文件夹"),
        (("models", "show", "no_such_model"), "没有模型"),
        (("promote", "risk_village"), "risk_village"),
        (("triage", "no-such-file.csv", "--out", "x.csv"), "找不到文件"),
        (("train", "risk", "--as-of", DAY), "请先运行 cunjian import"),
        (("import", "README.md", "--map", "nonsense"), "名称=值"),
        (("run", "--as-of", "31.12.2024"), "31.12.2024"),
        (("run", "--as-of", DAY, "--nightly", "--model", "seal_unapproved"), "--nightly"),
    ],
)
def test_an_error_is_one_clear_line(empty_office: Office, arguments: tuple[str, ...], said: str) -> None:
    done = empty_office.run(*arguments)
    assert done.returncode != 0
    assert said in done.stderr.replace("\n", "")
    assert "Traceback" not in done.stderr


def test_a_refused_file_is_named_and_the_exit_code_says_so(empty_office: Office, tmp_path: Path) -> None:
    broken = tmp_path / "ledger_entry.xlsx"
    broken.write_bytes(b"PK\x03\x04 cut off")
    done = empty_office.run("import", str(broken))
    assert done.returncode == 1
    assert "不完整" in done.stderr


def commands() -> list[list[str]]:
    found: list[list[str]] = []

    def walk(command: object, path: list[str]) -> None:
        children = getattr(command, "commands", None)
        if children is None:
            found.append(path)
        for name, child in (children or {}).items():
            walk(child, [*path, name])

    walk(get_command(app), [])
    return found


@pytest.mark.parametrize("path", commands(), ids=" ".join)
def test_every_command_has_help_with_an_example(path: list[str]) -> None:
    command: object = get_command(app)
    for name in path:
        command = command.commands[name]  # type: ignore[attr-defined]
    assert command.help  # type: ignore[attr-defined]
    assert "例：cunjian " + " ".join(path) in command.epilog  # type: ignore[attr-defined]
    options = {name for parameter in command.params for name in parameter.opts}  # type: ignore[attr-defined]
    serves = path in (["serve"], ["intake", "public"])  # ends only when it is interrupted
    assert "--json" in options or serves


@in_the_county
def test_repeating_the_past_touches_no_warning(run_once: tuple[Office, dict[str, Any]]) -> None:
    imported, _ = run_once
    latest = (imported.home / "runs" / "latest.json").read_text(encoding="utf-8")
    past = imported.json("run", "--as-of", "2024-06-30")
    part = imported.json("run", "--as-of", DAY, "--model", "seal_unapproved")
    for summary in (past, part):
        assert isinstance(summary, dict)
        assert summary["published"] is False
    assert (imported.home / "runs" / "latest.json").read_text(encoding="utf-8") == latest


def test_the_demo_refuses_a_home_with_real_registers(empty_office: Office, tmp_path: Path) -> None:
    real = tmp_path / "division.csv"
    real.write_text("区划代码,名称,级别,生效日期\n990101100201,某村,村,2020-01-01\n", encoding="utf-8")
    assert empty_office.run("import", str(real)).returncode == 0
    done = empty_office.run("demo", "--villages", "30")
    assert done.returncode == 1
    assert "真实数据" in done.stderr
