"""Training of triage from the command line where the second stage cannot be trained."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

import cunjian.triage
from cunjian.settings import Settings
from cunjian.triage import train_triage_stage
from training.encoder_source import NoEncoderSource


def test_a_machine_without_pre_trained_weights_says_so_before_it_trains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_here() -> Path:
        raise NoEncoderSource("nothing installed")

    monkeypatch.setattr(cunjian.triage, "packaged_weights", none_here)
    settings = Settings(home=tmp_path / "home", mlruns=tmp_path / "mlruns", database_url=None, encoder=None)
    with pytest.raises(NoEncoderSource, match="--fast-only"):
        train_triage_stage(settings, tmp_path / "no data", seed=0, today=date(2026, 1, 1))
    assert not (tmp_path / "home").exists()


def test_what_the_office_decided_reaches_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Path] = []

    def note(data: Path, *, site: Path, **_: object) -> None:
        given.append(site)
        raise LookupError("noted")

    monkeypatch.setattr(cunjian.triage, "train_triage", note)
    settings = Settings(home=tmp_path / "home", mlruns=tmp_path / "mlruns", database_url=None, encoder=None)
    site, day = tmp_path / "labels.parquet", date(2026, 1, 1)
    with pytest.raises(LookupError, match="noted"):
        train_triage_stage(settings, tmp_path, seed=0, today=day, encoder=False, site=site)
    assert given == [site]
