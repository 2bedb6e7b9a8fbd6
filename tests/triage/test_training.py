"""Labels settle as documented; training on a small made-up board gives a model that can tell its two kinds."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ml.triage import TriageModel
from ml.triage.files import SUMS
from ml.triage.heads import Decision
from ml.triage.labels import NATURES
from training import triage
from training.board import read_board
from training.label_files import load_site
from training.triage import TriageReport, decide, folds, train_triage
from training.triage_evaluation import Bools, Floats, best_threshold, calibration_error
from training.triage_labels import (
    FOLDER,
    LAST,
    ROUNDS,
    Answer,
    LabelError,
    Reading,
    agreement,
    load_readings,
    load_second_readings,
    of_round,
    round_of,
    second_agreement,
    settled_labels,
)

with_the_model = pytest.mark.xdist_group("triage model")  # one worker trains what these tests compare with


def test_the_committed_labels_settle_to_the_whole_board() -> None:
    labels = settled_labels(load_readings())
    assert len(labels) == 12_312
    assert sum(label.key for label in labels.values()) == 1_651


def test_no_message_is_in_two_rounds_and_each_has_the_size_of_its_selection() -> None:
    ids = [{reading.message_id for reading in of_round(load_readings(), name)} for name in ROUNDS]
    assert [len(found) for found in ids] == [1200, 1000, 2610, 7502]
    assert sum(map(len, ids)) == len(set().union(*ids))


def test_every_reading_belongs_to_a_round() -> None:
    readings = load_readings()
    assert sum(len(of_round(readings, name)) for name in ROUNDS) == len(readings) == 12_762


def test_every_message_of_the_first_three_rounds_was_read_a_second_time() -> None:
    readings, seconds = load_readings(), load_second_readings()
    earlier = {reading.message_id for reading in readings if round_of(reading.reader) != LAST}
    assert sorted(one.message_id for one in seconds) == sorted(earlier)
    assert second_agreement(readings, seconds).kappa == pytest.approx(0.890, abs=1e-3)
    sure = second_agreement(readings, seconds, both_sure=True)
    assert (sure.messages, sure.share) == (3_208, pytest.approx(0.9997, abs=1e-4))


def test_a_second_reading_that_differs_has_to_be_settled_and_makes_the_label_unsure(tmp_path: Path) -> None:
    (tmp_path / "settlements.csv").write_text("id,key,nature,field,reason\n")
    (tmp_path / "second_readings.csv").write_text("id,reader,key,sure\ntopics:1,s,0,1\ntopics:2,s,1,0\n")
    sure = [Reading(f"topics:{n}", "r1", Answer(True, "accusation", "other", sure=True)) for n in (1, 2, 3)]
    with pytest.raises(LabelError, match="topics:1"):
        settled_labels(sure, tmp_path)
    (tmp_path / "settlements.csv").write_text(
        "id,key,nature,field,reason\ntopics:1,0,accusation,other,only a rumour\n"
    )
    labels = settled_labels(sure, tmp_path)
    assert [(one.key, one.sure) for one in labels.values()] == [(False, False), (True, False), (True, True)]


@pytest.mark.parametrize(
    ("name", "shares", "kappas"),
    [
        ("first round", [0.969, 0.900, 0.888], [0.906, 0.847, 0.834]),
        ("second round", [1.000, 0.879, 0.929], [1.000, 0.798, 0.916]),
        ("third round", [0.973, 0.820, 0.900], [0.919, 0.727, 0.871]),
    ],
)
def test_readers_agree_as_the_label_notes_say(name: str, shares: list[float], kappas: list[float]) -> None:
    found = agreement(of_round(load_readings(), name))
    assert [line.question for line in found] == ["key", "nature", "field"]
    assert [line.share for line in found] == pytest.approx(shares, abs=1e-3)
    assert [line.kappa for line in found] == pytest.approx(kappas, abs=1e-3)


def test_a_disagreement_nobody_settled_is_refused(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(FOLDER, tmp_path / "labels"))
    lines = (folder / "settlements.csv").read_text(encoding="utf-8").splitlines()
    (folder / "settlements.csv").write_text("\n".join([lines[0], *lines[2:]]) + "\n", encoding="utf-8")
    with pytest.raises(LabelError, match=lines[1].split(",")[0]):
        settled_labels(load_readings(folder), folder)


def test_an_unknown_answer_is_refused_by_its_row(tmp_path: Path) -> None:
    (tmp_path / "key_matters.csv").write_text(
        "id,reader,key,nature,field,sure\ntopics:1,r1,1,complaint,other,1\n"
    )
    with pytest.raises(LabelError, match="topics:1"):
        load_readings(tmp_path)


def test_folds_never_part_near_copies() -> None:
    groups = np.repeat(np.arange(40), 3)
    answers = np.tile(["1", "0"], 60)
    for train, test in folds(answers, groups, seed=1):
        assert not set(groups[train]) & set(groups[test])


def test_the_decision_keeps_its_promises_on_the_scores_it_was_made_from() -> None:
    generator = np.random.default_rng(0)
    keys = generator.random(2_000) < 0.3
    scores = keys * 1.5 + generator.normal(size=2_000)
    decision = decide(keys, scores)
    probability = decision.probability(scores)
    assert decision.unsure_from <= decision.threshold <= decision.unsure_to
    assert keys[probability < decision.unsure_from].mean() <= 0.051
    assert keys[probability >= decision.unsure_to].mean() >= 0.85
    assert decision.threshold == pytest.approx(best_threshold(keys, probability))
    assert calibration_error(keys, probability) < 0.05


Trained = tuple[Path, TriageReport, list[tuple[int, int]]]


@pytest.fixture(scope="module")
def trained(board: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """The model of the board's labels alone, its report, and the steps that were told."""
    folder, steps = tmp_path_factory.mktemp("trained") / "model", []
    report = train_triage(
        board,
        out=folder,
        labels=board,
        seed=3,
        progress=lambda done, total: steps.append((done, total)),
    )
    return folder, report, steps


@with_the_model
def test_training_is_repeatable_and_its_model_tells_the_kinds_apart(
    board: Path, trained: Trained, tmp_path: Path
) -> None:
    folder, report, steps = trained
    assert steps[-1][0] == steps[-1][1] == len(steps)
    assert (report.labels, report.key_matters) == (200, 100)
    assert report.figures["key average precision"].value > 0.95
    train_triage(board, out=tmp_path / "two", labels=board, seed=3)
    assert (folder / SUMS).read_bytes() == (tmp_path / "two" / SUMS).read_bytes()
    accusation, question = TriageModel.load(folder).predict(
        [
            "举报村支书今年以来贪污补偿款，请领导希望大家都一直没有",
            "请问今年以来医保怎么缴费，请领导希望大家都一直没有",
        ]
    )
    assert accusation.key_probability > question.key_probability


@with_the_model
def test_what_an_office_corrected_often_enough_changes_the_answer_and_no_figure_counts_it(
    board: Path, trained: Trained, tmp_path: Path
) -> None:
    asked = "请问今年以来医保怎么缴费，请领导希望大家都一直没有"
    folder, before, _ = trained
    site = site_labels(tmp_path / "site.parquet", asked, times=80)
    report = train_triage(board, out=tmp_path / "after", labels=board, site=site, seed=3)
    (old,) = TriageModel.load(folder).predict([asked])
    (new,) = TriageModel.load(tmp_path / "after").predict([asked])
    assert (old.key, new.key) == (False, True)
    assert (new.nature, new.field) == ("accusation", "assistance") != (old.nature, old.field)
    assert (before.site, report.site) == (0, 80)
    assert (report.labels, report.key_matters) == (before.labels, before.key_matters)


@with_the_model
def test_what_was_simulated_in_an_office_teaches_nothing(
    board: Path, trained: Trained, tmp_path: Path
) -> None:
    site = site_labels(tmp_path / "site.parquet", "请问医保怎么缴费", times=80, simulated=True)
    assert train_triage(board, out=tmp_path / "after", labels=board, site=site, seed=3).site == 0
    before, after = (TriageModel.load(folder).to_files() for folder in (trained[0], tmp_path / "after"))
    assert before == after


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"nature": "complaint"}, "complaint 7"),
        ({"model_field": "water"}, "complaint 7"),
        ({}, "intake labels"),
    ],
)
def test_a_file_of_an_office_that_cannot_be_read_is_refused(
    tmp_path: Path, change: dict[str, str], said: str
) -> None:
    path = site_labels(tmp_path / "site.parquet", "请问医保怎么缴费", times=1, **change)
    if not change:
        path.write_text("no parquet")
    with pytest.raises(LabelError, match=said):
        load_site(path)


def site_labels(
    path: Path, masked: str, *, times: int, simulated: bool = False, **change: str | bool
) -> Path:
    """What `casework.training_labels` writes, with one message as often as it is said."""
    row = {"complaint_id": 7, "masked": masked, "key": True, "nature": "accusation"}
    row |= {"field": "assistance", "model_field": "assistance", "simulated": simulated, **change}
    pq.write_table(pa.Table.from_pylist([row] * times), path)
    return path


def test_figures_of_the_first_round_stand_beside_those_of_all_labels(board: Path, tmp_path: Path) -> None:
    labels = Path(shutil.copytree(board, tmp_path / "labels"))
    with (labels / "key_matters.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    generator = np.random.default_rng(0)
    with (labels / "key_matters.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        for place, row in enumerate(rows):
            guessed = {
                "reader": "r5",
                "key": generator.integers(2),
                "nature": generator.choice(list(NATURES)),
            }
            writer.writerow(row if place < 120 else row | guessed)
    report = train_triage(board, out=tmp_path / "out", labels=labels, seed=3)
    assert (report.labels, report.first_round) == (200, 120)
    for name in ("key average precision", "nature macro-F1"):
        assert report.figures[f"first round {name}"].value > report.figures[name].value + 0.05
    assert "first round topic macro-F1" not in report.figures


def test_the_last_round_teaches_and_decides_nothing(
    board: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided_on: list[int] = []

    def noted(keys: Bools, scores: Floats) -> Decision:
        decided_on.append(len(keys))
        return decide(keys, scores)

    monkeypatch.setattr(triage, "decide", noted)
    labels = Path(shutil.copytree(board, tmp_path / "labels"))
    text = (labels / "key_matters.csv").read_text(encoding="utf-8")
    head, *rows = text.splitlines()
    ordinary = [row.replace(",r1,", ",r21,") if place % 3 else row for place, row in enumerate(rows)]
    (labels / "key_matters.csv").write_text("\n".join([head, *ordinary]) + "\n", encoding="utf-8")
    report = train_triage(board, out=tmp_path / "out", labels=labels, seed=3)
    assert report.labels == len(rows) == 200
    assert max(decided_on) == sum(place % 3 == 0 for place in range(len(rows)))
    assert {"key F1", "whole board key F1"} <= report.figures.keys()


def test_a_label_without_its_message_is_refused(board: Path, tmp_path: Path) -> None:
    labels = Path(shutil.copytree(board, tmp_path / "labels"))
    with (labels / "key_matters.csv").open("a", newline="") as file:
        file.write("hot:999999,r1,0,consultation,other,1\n")
    with pytest.raises(LabelError, match="hot:999999"):
        train_triage(board, out=tmp_path / "out", labels=labels)


def test_masked_text_is_what_training_reads(board: Path) -> None:
    assert all(
        message.masked.startswith("Ⓛ区") and message.city in {"A", "B", "C"} for message in read_board(board)
    )
