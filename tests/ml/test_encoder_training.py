"""The whole training of the second stage on a small board, with a made-up encoder as the local folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ml.triage import TriageModel
from tests.ml.encoders import tiny_encoder
from tests.triage.conftest import board  # noqa: F401  # fixture
from tests.triage.test_training import site_labels
from training.encoder import design_for, train_cascade
from training.encoder_evaluation import (
    confidence_for,
    held_out_figures,
    lost_outside_top,
    precision_at_recall,
)
from training.encoder_source import NoEncoderSource
from training.triage import train_triage

LETTERS = "举报村支书贪污补偿款干部虚报冒领低保主任挪用集体资金账目镇收受红包庇亲戚请问医公交什么时候开通小区路灯不亮希望维修咨询退休工资怎计算今年以来我们多次去冬天到现在领导一直没有大家都据说本人两个月某，。"


def test_both_stages_are_trained_and_serve_as_one_model(board: Path, tmp_path: Path) -> None:  # noqa: F811
    site = site_labels(tmp_path / "site.parquet", "请问医保什么时候开通", times=3)
    report = train_triage(board, out=tmp_path / "fast", labels=board, site=site, seed=3)
    source = tiny_encoder(tmp_path / "source", letters=LETTERS)
    fast = TriageModel.load(report.folder)
    said: list[str] = []
    model, held_out = train_cascade(
        board, fast=fast, home=tmp_path, source=source, labels=board, site=site, seed=3, say=said.append
    )
    assert len(held_out.keys) == report.labels == 200
    assert [line for line in said if line.startswith("fold")] == [f"fold {n} of 5" for n in range(1, 6)]
    assert model.second is not None
    assert model.vocabulary == fast.vocabulary
    figures = held_out_figures(held_out)
    assert figures["cascade: F1"].value >= figures["fast path: F1"].value - 0.05
    again, _ = train_cascade(board, fast=fast, home=tmp_path, source=source, labels=board, site=site, seed=3)
    assert again.to_files() == model.to_files()


def test_a_tokenizer_that_does_not_know_chinese_is_refused(board: Path, tmp_path: Path) -> None:  # noqa: F811
    source = tiny_encoder(tmp_path / "source", letters="abcdefgh")
    report = train_triage(board, out=tmp_path / "fast", labels=board, seed=3)
    with pytest.raises(ValueError, match="vocabulary"):
        train_cascade(board, fast=TriageModel.load(report.folder), home=tmp_path, source=source, labels=board)


def test_the_design_follows_the_encoder_in_the_folder(tmp_path: Path) -> None:
    design = design_for(tiny_encoder(tmp_path / "source"))
    assert (design.layers, design.tokens, design.tail) == (1, 64, 16)
    with pytest.raises(NoEncoderSource, match="CUNJIAN_ENCODER"):
        design_for(tmp_path)


def test_figures_count_what_they_say() -> None:
    keys = np.array([True, True, False, True, False, False, False, False, False, False])
    scores = np.arange(10)[::-1] / 10
    assert lost_outside_top(keys, scores, 0.2) == pytest.approx(1 / 3)
    assert lost_outside_top(keys, scores, 0.4) == 0
    assert precision_at_recall(keys, scores) == pytest.approx(3 / 4)
    probability = np.where(keys, 0.9, 0.1)
    assert confidence_for(keys, probability) == pytest.approx(0.4)
    assert confidence_for(~keys, probability) == 1.0
