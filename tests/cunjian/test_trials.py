"""Trial runs, the same-problem search and a full run with a county's model, over a small imported register."""

from __future__ import annotations

import csv
import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from api.trial_jobs import TrialFailed, TrialQuestion
from casework import drafts
from casework.accounts import actor_of, create_user
from casework.database import open_engine, sessions
from casework.drafts import Desk
from casework.migrations import upgrade
from casework.models import CaseWarning
from casework.outcomes import VerifiedWarning
from casework.roles import Role
from cunjian.cli import app
from cunjian.settings import Settings
from cunjian.stages import run_stage
from cunjian.trials import newest_verified, trial_runner
from registers.catalogue import load_catalogue
from registers.importing import import_file
from registers.lake import Lake
from supervision.catalogue import load_models, model_from_text
from supervision.published import models_in_force
from supervision.trial import Hit, Verified
from tests.supervision.drafts import OWN, SHIPPED, draft_text, stricter_text

AT = datetime(2025, 7, 1, tzinfo=UTC)
LAST = date(2025, 6, 30)
COUNTY, OTHER = "990101", "990102"
VILLAGES = {f"{COUNTY}001201": (101, 102), f"{OTHER}001201": (103, 104)}
HALF_DAYS = {101: 4, 102: 3, 103: 4, 104: 3}
"""Half days on one day by person: four are a hit of the shipped model, three of the draft alone."""


def identity_number(serial: int) -> str:
    """A well-formed identity number of nobody."""
    digits = f"99010119800101{serial:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return digits + "10X98765432"[sum(int(d) * w for d, w in zip(digits, weights, strict=True)) % 11]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A home with labour sheets of two counties, where the shipped model is the only one."""
    model = load_models()[SHIPPED]
    monkeypatch.setattr("supervision.published.load_models", lambda: {SHIPPED: model})
    monkeypatch.setenv("CUNJIAN_HOME", str(tmp_path / "home"))
    path = tmp_path / "labour_day.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["村代码", "用工单号", "身份证号", "用工日期", "用工事项", "半工日数", "金额"])
        for village, people in VILLAGES.items():
            for person in people:
                for sheet, half_days in enumerate((2, HALF_DAYS[person] - 2)):
                    number = f"S{person}{sheet}"
                    rows.writerow(
                        [village, number, identity_number(person), "2025-06-01", "清沟", half_days, "100.00"]
                    )
    report = import_file(
        path,
        lake=Lake(tmp_path / "home"),
        catalogue=load_catalogue(),
        delivered_on=LAST,
        register="labour_day",
        backfill=True,
    )
    assert report.accepted == 8
    return Settings()


@pytest.fixture
def draft_file(tmp_path: Path) -> Path:
    path = tmp_path / "draft.yaml"
    path.write_text(stricter_text(model_id=SHIPPED, version=2), encoding="utf-8")
    return path


def run_command(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["models", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_trial_from_the_command_line(settings: Settings, draft_file: Path) -> None:
    given = ("try", str(draft_file), "--quarters", "2", "--as-of", LAST.isoformat())
    tried = json.loads(run_command(*given, "--json"))
    summary = tried["summary"]
    draft = model_from_text(draft_file.read_text(encoding="utf-8"), source="draft")
    assert summary["content_hash"] == draft.content_hash
    assert [(day["gained"], day["kept"], day["lost"]) for day in summary["days"]] == [(0, 0, 0), (2, 2, 0)]
    assert len(tried["newest_gained"]) == 2
    bounded = json.loads(run_command(*given, "--division", COUNTY, "--json"))["summary"]
    assert bounded["by_town"] == {f"{COUNTY}001": {"gained": 1, "kept": 1, "lost": 0}}
    assert "每周新增任务" in run_command(*given)


def test_a_trial_from_a_page_gives_the_same_summary(settings: Settings, draft_file: Path) -> None:
    text = draft_file.read_text(encoding="utf-8")
    days: list[tuple[int, int]] = []
    upgrade(settings.database)
    summary = trial_runner(settings)(
        TrialQuestion(content=text, division=COUNTY, as_of=LAST, quarters=2),
        lambda done, total: days.append((done, total)),
    )
    given = ("--quarters", "2", "--as-of", LAST.isoformat(), "--division", COUNTY, "--json")
    assert summary == json.loads(run_command("try", str(draft_file), *given))["summary"]
    assert days == [(1, 2), (2, 2)]


def test_a_trial_without_registers_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUNJIAN_HOME", str(tmp_path / "empty"))
    empty = Settings()
    upgrade(empty.database)
    asked = TrialQuestion(content=draft_text(), division=COUNTY, as_of=LAST, quarters=1)
    with pytest.raises(TrialFailed, match="cunjian import"):
        trial_runner(empty)(asked, lambda _done, _total: None)


def test_the_same_problem_from_the_command_line(settings: Settings, draft_file: Path) -> None:
    upgrade(settings.database)
    gained = json.loads(run_command("try", str(draft_file), "--as-of", LAST.isoformat(), "--json"))
    assert {hit["village_code"] for hit in gained["newest_gained"]} == set(VILLAGES)
    run, _ = run_stage(settings, as_of=LAST, at=AT)
    case = next(f for f in run.findings.to_pylist() if f["village_code"].startswith(COUNTY))
    given = ("alike", SHIPPED, "--subject", case["subject_id"], "--village", case["village_code"])
    given += ("--as-of", LAST.isoformat())
    assert json.loads(run_command(*given, "--json")) == []
    found = json.loads(run_command(*given, "--division", "99", "--json"))
    assert [alike["finding"]["village_code"] for alike in found] == [f"{OTHER}001201"]
    assert "同类问题 1 条" in run_command(*given, "--division", "99")


def test_a_published_model_runs_for_its_county_and_is_gone_when_retired(settings: Settings) -> None:
    upgrade(settings.database)
    opened = sessions(open_engine(settings.database))
    with opened.begin() as session:
        author, checker = (
            actor_of(
                create_user(
                    session,
                    login=login,
                    name=login,
                    password="a-long-password",
                    role=role,
                    division=COUNTY,
                    at=AT,
                )
            )
            for login, role in (("author", Role.TECHNICIAN), ("checker", Role.SUPERVISOR))
        )
        desk = Desk(home=settings.home, taken=frozenset({SHIPPED}))
        draft = drafts.create(session, author, stricter_text(), desk=desk, at=AT)
        drafts.record_trial(session, author, draft.id, {"content_hash": draft.content_hash}, at=AT)
        drafts.submit(session, author, draft.id, reason="本县", at=AT)
        drafts.publish(session, checker, draft.id, comment="可以", desk=desk, at=AT)
    run, published = run_stage(settings, as_of=LAST, at=AT)
    found = [(row["model_id"], row["village_code"]) for row in run.findings.to_pylist()]
    own = f"{COUNTY}001201"
    assert sorted(found) == [(OWN, own), (OWN, own), (SHIPPED, own), (SHIPPED, f"{OTHER}001201")]
    assert published is not None
    assert published.added == 4
    nightly, _ = run_stage(settings, as_of=LAST, at=AT, nightly=True)
    assert nightly.run_id == run.run_id
    with opened.begin() as session:
        assert session.scalars(select(CaseWarning.model_id).where(CaseWarning.model_id == OWN)).all()
        drafts.retire(session, checker, draft.id, comment="停用", home=settings.home, at=AT)
    (settings.home / "models" / COUNTY).mkdir(parents=True, exist_ok=True)
    (settings.home / "models" / COUNTY / f"{OWN}.yaml").write_text(draft_text(), encoding="utf-8")
    after, _ = run_stage(settings, as_of=LAST, at=AT)
    assert set(after.models) == {SHIPPED}
    assert [model.id for model, _ in models_in_force(settings.home)] == [SHIPPED]


def test_the_newest_answer_of_a_hit_counts() -> None:
    known = [
        VerifiedWarning(
            model_id=model,
            subject_id="A",
            village_code="V",
            decided_on=date(2025, 1, day),
            confirmed=confirmed,
        )
        for day, model, confirmed in ((1, "own", False), (2, "own", True), (3, "other", False))
    ]
    assert newest_verified(known, model_id="own") == [Verified(Hit("A", "V"), confirmed=True)]
    assert newest_verified(known, model_id=None) == [Verified(Hit("A", "V"), confirmed=False)]
    assert newest_verified(known, model_id="unheard") == []
