"""The technical support office on the command line: trained with reports, two people, rollback, drift, retraining."""

from __future__ import annotations

import json
import subprocess
import sys

import pyarrow.parquet as pq
import pytest

from ml.bundle import champion_version
from ml.kinds import ENTITY_OF_KIND, TENDER
from ml.reports import read_report
from registers.pseudonyms import load_key
from tests.cunjian.conftest import DAY, Office

pytestmark = pytest.mark.xdist_group("county")  # training takes a minute: once, by one worker
PASSWORD = "correct-horse-battery"
KINDS = (*ENTITY_OF_KIND, TENDER)


@pytest.fixture(scope="module")
def office(imported: Office, tmp_path_factory: pytest.TempPathFactory) -> Office:
    """A home of its own with two accounts, trained once; no test needs another before it."""
    room = imported.copied_to(tmp_path_factory.mktemp("room") / "home")
    home = room.home
    for login, role in (("zhang", "technician"), ("li", "leader")):
        added = room.run(
            "accounts", "add", login, "--name", login, "--role", role, "--division", "990101", "--password", PASSWORD
        )  # fmt: skip
        assert added.returncode == 0, added.stderr
    first = room.json("retrain", "--as-of", DAY, "--weeks", "1")
    assert isinstance(first, dict)
    assert [one["kind"] for one in first["trained"]] == list(KINDS)
    assert all(reasons == ["还没有训练过。"] for reasons in first["reasons"].values())
    assert [champion_version(home, kind) for kind in KINDS] == [None] * len(KINDS)  # a person promotes
    return room


def as_person(
    office: Office, *arguments: str, by: str, password: str = PASSWORD
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cunjian", "models", *arguments, "--by", by, "--json"],
        env=office.environment | {"CUNJIAN_PASSWORD": password},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_first_retraining_trains_everything_and_the_second_nothing(office: Office) -> None:
    for kind in KINDS:
        report = read_report(office.home, kind, "1", key=load_key(office.home, "signing"))
        assert report.figures["simulated"] is True
        gates = {gate["gate"]: gate["answer"] for gate in report.figures["gates"]}
        assert (gates["reproducible"], gates["same_features"]) == ("pass", "pass")
    second = office.json("retrain", "--as-of", DAY, "--weeks", "1")
    assert isinstance(second, dict)
    assert second["trained"] == []


def test_no_id_of_a_person_or_village_is_in_a_report(office: Office) -> None:
    folder = office.home / "lake"
    assert folder.is_dir()
    villages = {code for path in (folder / "official").rglob("*.parquet") for code in pq.read_table(path, columns=["village_code"])["village_code"].to_pylist()}  # fmt: skip
    people = {key for path in (folder / "official").rglob("*.parquet") for key in pq.read_table(path, columns=["person_key"])["person_key"].to_pylist()}  # fmt: skip
    assert len(people) > 50
    assert len(villages) == 30
    for kind in KINDS:
        report = read_report(office.home, kind, "1", key=load_key(office.home, "signing"))
        text = report.page + json.dumps(report.figures, ensure_ascii=False)
        assert not [key for key in people | villages if key and key in text]


def test_two_people_promote_on_the_command_line(office: Office) -> None:
    for kind in KINDS[:1]:
        asked = as_person(office, "request", kind, "--reason", "首次启用", by="zhang")
        assert asked.returncode == 0, asked.stderr
        row = json.loads(asked.stdout)
        assert champion_version(office.home, kind) is None
        wrong = as_person(
            office, "approve", str(row["id"]), "--comment", "同意", by="li", password="wrong-password"
        )
        assert wrong.returncode == 1
        assert "账号或密码不正确" in wrong.stderr
        own = as_person(office, "approve", str(row["id"]), "--comment", "同意", by="zhang")
        assert own.returncode == 1
        why = ["--override", "模拟数据，仅供演示"] if row["in_the_way"] else []
        done = as_person(office, "approve", str(row["id"]), "--comment", "同意", *why, by="li")
        assert done.returncode == 0, done.stderr
        assert champion_version(office.home, kind) == "1"
    listed = office.json("models", "registered")
    assert isinstance(listed, list)
    assert [one["aliases"] for one in listed if one["kind"] == KINDS[0]] == [["challenger", "champion"]]
    refused = office.run("promote", KINDS[0], "--by", "x")  # decided by people: no single person any more
    assert refused.returncode == 1
    assert "另一人批准" in refused.stderr.replace("\n", "")
    back = as_person(office, "rollback", KINDS[0], "--reason", "名单不对", by="zhang")
    assert back.returncode == 1
    assert "没有更早的版本" in back.stderr


def test_drift_is_told_week_by_week(office: Office) -> None:
    found = office.json("models", "drift", "--as-of", DAY, "--weeks", "2")
    assert isinstance(found, list)
    village = found[0]
    assert village["entity"] == "village"
    assert village["reference"] == DAY
    assert village["features"] == []
    assert any("不满一周" in sentence for sentence in village["unknown"])
    later = office.json("models", "drift", "--as-of", "2025-01-14", "--weeks", "2")
    assert isinstance(later, list)
    assert {one["as_of"] for one in later[0]["features"]} == {"2025-01-07", "2025-01-14"}
    kept = json.loads((office.home / "drift" / "latest.json").read_text(encoding="utf-8"))
    assert kept["as_of"] == "2025-01-14"
    assert kept["simulated"] is True
