"""A triage model's report: its held-out figures by name, and gates that fit a model of texts."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from ml.bundle import Bundle, write_bundle
from ml.reports import read_report
from tests.ml.synthetic import KEY
from training.encoder import HeldOut
from training.encoder_evaluation import stage_figures
from training.registry import export, register
from training.report import publish_report
from training.study import Room
from training.triage import TriageReport
from training.triage_evaluation import Figure
from training.triage_study import MEASURE_NAMES, STAGE_NAMES, study_triage


def trained(calibration: float) -> TriageReport:
    figures = {
        "key F1": Figure(0.8, 0.75, 0.84),
        "key calibration error": Figure(calibration, 0.01, 0.06),
        "first round key F1": Figure(0.82, 0.7, 0.9),
        "nature macro-F1": Figure(0.6, 0.5, 0.7),
        "cascade: precision at 90 % recall": Figure(0.58, 0.5, 0.66),
    }
    return TriageReport(
        messages=900, labels=300, key_matters=90, first_round=150, topics=7, features=500, figures=figures,
        folder=Path(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("calibration", "champion", "in_the_way"),
    [
        (0.03, None, []),
        (0.06, None, ["calibrated"]),
        (0.03, Bundle(meta={"version": "1"}, files={}, digest=""), ["not_below_champion"]),
    ],
)
def test_a_triage_report(
    calibration: float, champion: Bundle | None, in_the_way: list[str], mlruns: Path, tmp_path: Path
) -> None:
    room = Room(home=tmp_path, today=date(2026, 11, 22))
    study = study_triage(
        trained(calibration), room=room, champion=champion, reproduced=True, data_hash="a" * 64, seed=0
    )
    write_bundle(tmp_path / "bundle", {"model.json": b"{}"}, {"seed": 0}, key=KEY)
    registered = register("triage", tmp_path / "bundle", mlruns=mlruns, params={"seed": 0}, metrics={})
    export("triage", registered.version, home=tmp_path, mlruns=mlruns, key=KEY)
    publish_report(study, registered, room=room, mlruns=mlruns, key=KEY)
    report = read_report(tmp_path, "triage", "1", key=KEY)
    assert [
        gate["gate"] for gate in report.figures["gates"] if gate["answer"] in ("fail", "cannot_tell")
    ] == in_the_way
    assert "关键事项 F1（仅第一轮标注）" in report.page
    assert "0.800（0.750 至 0.840）" in report.page
    assert "两级：查全 90% 时的精确率" in report.page
    assert "模拟数据：" not in report.page
    assert "已标注的来信 300 件" in report.page
    assert "None" not in report.page


def test_every_figure_of_the_stages_has_a_chinese_name() -> None:
    keys = np.array([False, True] * 20)
    score = np.where(keys, 1.0, -1.0) + np.linspace(-0.5, 0.5, 40)
    halves = [(np.arange(20), np.arange(20, 40)), (np.arange(20, 40), np.arange(20))]
    scores = {"key": score[:, None]}
    held_out = HeldOut(keys, np.ones(40, dtype=bool), halves, scores, scores)
    figures = stage_figures(held_out, counted=np.arange(40) > 0)
    assert {name.partition(": ")[0] for name in figures} <= STAGE_NAMES.keys()
    assert {name.partition(": ")[2] for name in figures} <= MEASURE_NAMES.keys()
