"""What a challenger's report says: figures of cases not seen, beside the champion, group by group, signed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from ml.bundle import bundle_folder, read_bundle
from ml.errors import BundleRefused
from ml.reports import ModelReport, read_report, report_folder, versions_with_reports, write_report
from tests.ml.synthetic import AS_OF, KEY, feature_set, features_dictionary
from tests.training.test_train_and_promote import ODD, ROWS, known_on, past_outcomes
from training.dataset import build_dataset
from training.registry import list_models, open_registry, promote
from training.study import Room
from training.train import Trained, train_anomaly, train_risk

pytestmark = pytest.mark.xdist_group("challenger report")  # one worker makes what these tests share

DICTIONARY = features_dictionary()


def room(home: Path) -> Room:
    return Room(home=home, today=AS_OF, places={"990101100": "模拟镇"}, definitions=lambda _: "d" * 64)


def risk(mlruns: Path, home: Path, *, outcomes: pd.DataFrame | None = None, as_of: date = AS_OF) -> Trained:
    return train_risk(
        past_outcomes() if outcomes is None else outcomes,
        entity="village",
        as_of=as_of,
        features_at=known_on,
        dictionary=DICTIONARY,
        mlruns=mlruns,
        key=KEY,
        simulated=True,
        room=room(home),
    )


@dataclass(frozen=True)
class Office:
    """One registered risk model with its report; tests only read it."""

    home: Path
    mlruns: Path
    trained: Trained

    @property
    def report(self) -> ModelReport:
        return read_report(self.home, "risk_village", "1", key=KEY)


@pytest.fixture(scope="module")
def office(_migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Office:
    home = tmp_path_factory.mktemp("home")
    mlruns = Path(shutil.copytree(_migrated, home / "mlruns"))
    return Office(home, mlruns, risk(mlruns, home))


def answers(figures) -> dict[str, str]:
    return {gate["gate"]: gate["answer"] for gate in figures["gates"]}


def test_a_risk_report_is_complete_signed_and_free_of_ids(office: Office) -> None:
    report = office.report
    figures = report.figures
    assert figures["simulated"] is True
    assert "模拟数据" in report.page[: report.page.index("<h1>")]
    assert figures["data"]["drawn"] == figures["data"]["confirmed"] + figures["data"]["refuted"] == 80
    assert len(figures["data"]["data_hash"]) == 64
    assert [one["name"] for one in figures["cases"]] == ["risk", "anomaly", "hits", "random"]
    assert figures["cases"][0]["auc"]["low"] > 0.8
    assert figures["calibration"]["error"]["value"] >= 0
    assert sum(one["found"]["cases"] for one in figures["calibration"]["bins"]) == 80
    assert figures["top"][0]["share"] == max(one["share"] for one in figures["top"])
    assert sum(one["share"] for one in figures["top"]) == pytest.approx(1)
    assert len(figures["stability"]) == 5
    assert figures["champion"] is None
    assert {one["dimension"] for one in figures["slices"]} >= {"town", "peers"}
    assert {one["label"] for one in figures["slices"] if one["dimension"] == "town"} == {"模拟镇"}
    assert answers(figures)["reproducible"] == answers(figures)["same_features"] == "pass"
    assert answers(figures)["not_below_champion"] == "not_applicable"
    assert list(versions_with_reports(office.home, "risk_village")) == [office.trained.registered.version]
    text = report.page + json.dumps(figures)
    assert not re.search(r"\bv\d{4}\b|990101100\d{3}", text)


def test_the_page_needs_no_network_and_no_script(office: Office) -> None:
    page = office.report.page
    assert not re.search(r"https?://|<script|<link|<img|@import|url\(|\sstyle=|\son\w+=", page)
    assert page.count("<svg") == page.count("</svg>") >= 2
    assert "None" not in page
    assert "nan" not in page


def test_the_report_lies_beside_the_run(office: Office) -> None:
    run_id = office.trained.registered.run_id
    files = {file.path for file in open_registry(office.mlruns).list_artifacts(run_id, "report")}
    assert files == {"report/report.html", "report/report.json", "report/manifest.json"}


def test_a_report_with_a_changed_byte_is_refused(office: Office, tmp_path: Path) -> None:
    shutil.copytree(
        report_folder(office.home, "risk_village", "1"), report_folder(tmp_path, "risk_village", "1")
    )
    file = report_folder(tmp_path, "risk_village", "1") / "report.json"
    changed = file.read_bytes().replace(b'"not_applicable"', b'"pass"', 1)
    assert changed != file.read_bytes()
    file.write_bytes(changed)
    with pytest.raises(BundleRefused, match=r"report\.json was changed"):
        read_report(tmp_path, "risk_village", "1", key=KEY)


def test_challenger_and_champion_are_compared_on_cases_the_champion_never_saw(
    mlruns: Path, tmp_path: Path
) -> None:
    """A champion of New Year cannot have learnt from what was chosen later; turned outcomes made it worse."""
    outcomes = past_outcomes()
    turned = outcomes.copy()
    swap = {"substantiated": "not_substantiated", "not_substantiated": "substantiated"}
    turned["outcome"] = outcomes["outcome"].map(swap)
    bad = risk(mlruns, tmp_path, outcomes=turned, as_of=date(2025, 1, 1)).registered
    promote(bad.kind, bad.version, by="甲", home=tmp_path, mlruns=mlruns, key=KEY)
    risk(mlruns, tmp_path)
    figures = read_report(tmp_path, "risk_village", "2", key=KEY).figures
    champion = figures["champion"]
    after = (pd.to_datetime(outcomes["selected_on"]) > "2025-01-01").sum()
    assert (champion["version"], champion["unseen_cases"]) == ("1", after)
    assert champion["compared"]["cases"] == after
    assert champion["compared"]["auc"]["low"] > 0
    assert answers(figures)["not_below_champion"] == "pass"


def test_a_retrained_model_that_saw_the_same_cannot_be_compared(office: Office, tmp_path: Path) -> None:
    home = Path(shutil.copytree(office.home, tmp_path / "home"))
    first, mlruns = office.trained.registered, home / "mlruns"
    promote(first.kind, first.version, by="甲", home=home, mlruns=mlruns, key=KEY)
    risk(mlruns, home)
    figures = read_report(home, "risk_village", "2", key=KEY).figures
    assert figures["champion"]["compared"] is None
    assert figures["champion"]["today"]["overlap"] == 1.0
    assert answers(figures)["not_below_champion"] == "cannot_tell"
    assert figures["may_be_promoted"] is False


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_without_outcomes_a_report_says_what_it_cannot_tell(mlruns: Path, tmp_path: Path) -> None:
    risk(mlruns, tmp_path, outcomes=past_outcomes()[:0])
    report = read_report(tmp_path, "risk_village", "1", key=KEY)
    assert report.figures["cases"] == []
    assert report.figures["slices"] == []
    assert answers(report.figures)["enough_labels"] == "fail"
    assert answers(report.figures)["calibrated"] == "cannot_tell"
    assert answers(report.figures)["in_proportion"] == "cannot_tell"
    assert "核查结果太少，没有可报的指标" in report.page


def test_an_anomaly_model_is_judged_on_outcomes_it_never_learns(mlruns: Path, tmp_path: Path) -> None:
    anomaly(mlruns, tmp_path, simulated=False)
    report = read_report(tmp_path, "anomaly_village", "1", key=KEY)
    assert [one["name"] for one in report.figures["cases"]] == ["anomaly", "hits", "random"]
    assert (
        answers(report.figures)["enough_labels"] == answers(report.figures)["calibrated"] == "not_applicable"
    )
    assert "模拟数据：" not in report.page


def test_equal_training_gives_an_equal_report(office: Office, mlruns: Path, tmp_path: Path) -> None:
    risk(mlruns, tmp_path)
    again = read_report(tmp_path, "risk_village", "1", key=KEY)
    pages = [one.page.replace(one.figures["run_id"], "run") for one in (office.report, again)]
    assert pages[0] == pages[1]


def test_a_report_is_never_written_twice(office: Office) -> None:
    with pytest.raises(BundleRefused, match="never changed"):
        write_report(office.home, "risk_village", "1", figures=b"{}", page="", key=KEY)


TRAIN = """
import sys
from pathlib import Path
from tests.training.test_challenger_report import anomaly
anomaly(Path(sys.argv[1]), Path(sys.argv[2]))
"""


def anomaly(mlruns: Path, home: Path, *, simulated: bool = True) -> Trained:
    past = build_dataset(past_outcomes(), entity="village", as_of=AS_OF, features_at=known_on)
    features, _ = feature_set(rows=ROWS, odd=ODD)
    return train_anomaly(
        features, dictionary=DICTIONARY, mlruns=mlruns, key=KEY, simulated=simulated, room=room(home), past=past
    )  # fmt: skip


@pytest.mark.parametrize("sign", ["mlruns/artifacts/*", "bundles/*/*", "reports/*/*"])
def test_training_that_was_killed_is_done_again(sign: str, mlruns: Path, tmp_path: Path) -> None:
    """Killed as soon as the run, the bundle or the report begins to be there: nothing half is ever read."""
    process = subprocess.Popen([sys.executable, "-c", TRAIN, str(mlruns), str(tmp_path)])
    while process.poll() is None and not list(tmp_path.glob(sign)):
        time.sleep(0.01)
    process.kill()
    process.wait()
    for version in versions_with_reports(tmp_path, "anomaly_village"):
        read_report(tmp_path, "anomaly_village", version, key=KEY)
    again = anomaly(mlruns, tmp_path).registered
    assert read_report(tmp_path, "anomaly_village", again.version, key=KEY).figures["run_id"] == again.run_id
    newest = list_models(mlruns)[0]
    assert (newest.version, newest.aliases) == (again.version, ("challenger",))
    assert (
        read_bundle(bundle_folder(tmp_path, "anomaly_village", again.version), key=KEY).meta["version"]
        == again.version
    )
