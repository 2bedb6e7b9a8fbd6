"""The second stage of triage beside the first: held-out figures, the test set, speed of each.

    python -m benchmarks.triage_encoder DATA           DATA/complaints holds the board files; half an hour on two cores
    python -m benchmarks.triage_encoder DATA 1 2       held-out figures alone, with these seeds of folds and training
    python -m benchmarks.triage_encoder DATA speed     the shipped model's speed and memory, and the encoder in 32 bits

Without pre-trained weights on the machine it says so and stops: the fast path alone is measured by
`benchmarks.triage`. Converted weights and activations are kept under CUNJIAN_HOME for the next run.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow.parquet as pq

from benchmarks.printing import print_table
from benchmarks.triage import print_speed, print_test_set, speed
from cunjian.settings import Settings
from ml.triage import TriageModel
from ml.triage.cascade import Gate
from ml.triage.masking import mask
from ml.triage.text import normalise
from training.board import read_test_set, whole_text
from training.encoder import (
    HeldOut,
    Study,
    design_for,
    hold_out,
    read_study,
    stopped_early,
    train_second_stage,
)
from training.encoder_evaluation import stage_figures
from training.encoder_export import frozen_encoder, whole_encoder
from training.encoder_lesson import LABELS
from training.encoder_net import KEY, Net
from training.encoder_source import NoEncoderSource, prepare_encoder
from training.triage_evaluation import Bools, Figure

FEWER: Final = 200
SPEED: Final = (-1,)
"""In place of seeds: nothing is trained."""


def main(data: Path, seeds: Sequence[int] = ()) -> None:
    """Print the figures of both stages; with ``seeds`` the held-out ones alone, for each of them, or `SPEED`."""
    settings = Settings()
    kept = settings.home / "encoder"
    try:
        source = settings.encoder or prepare_encoder(kept / "source")
    except NoEncoderSource as missing:
        print(f"second stage not measured: {missing}")
        return
    if seeds is SPEED:
        print_speed(stages_of(TriageModel.load()), data / "complaints")
        print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")
        print_precisions(source, data / "complaints")
        return
    study = read_study(data / "complaints", source=source, kept=kept)
    for seed in seeds:
        print(f"\nseed {seed}")
        print_held_out(study, hold_out(stopped_early(study, seed=seed), seed=seed))
    if seeds:
        return
    study = stopped_early(study, seed=0, say=print)
    held_out = hold_out(study, seed=0, say=print)
    print_held_out(study, held_out)
    model = train_second_stage(study, replace(TriageModel.load(), second=None), held_out, seed=0)
    stages = stages_of(model)
    print_test_set(stages, read_test_set(data / "complaints"))
    print_speed(stages, data / "complaints")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


def print_precisions(source: Path, complaints: Path) -> None:
    """Print size and speed of the encoder with 8-bit and with 32-bit weights, untrained above its layers: as fast as trained."""
    design = design_for(source)
    hot = pq.read_table(complaints / "board_hot.parquet", columns=["subject", "detail"]).to_pylist()
    board = [mask(normalise(whole_text(row["subject"], row["detail"]))) for row in hot][:FEWER]
    (hidden,) = frozen_encoder(source, design).outputs(board[:1])
    net = Net(hidden.shape[1], design, {name: len(labels) for name, labels in LABELS.items()})
    rows = []
    for bits, quantised in (("8", True), ("32", False)):
        encoder = whole_encoder(source, net, design, quantised=quantised)
        rows.append([bits, f"{len(encoder.network) / 2**20:.0f}", *speed(encoder.outputs, board)])
    print_table(
        "Encoder alone, board messages",
        ["bits", "MB", "characters", "a second", "a second of processor time"],
        rows,
    )


def print_held_out(study: Study, held_out: HeldOut) -> None:
    """Print the figures over the messages that decide, those of which the readers were sure, and other samples."""
    samples: dict[str, Bools] = {
        "first three rounds": held_out.decisive,
        "first three rounds where readers were sure": held_out.decisive & study.corpus.questions[KEY].sure,
        "first round": study.corpus.first_round,
        "whole board": np.ones_like(held_out.keys),
    }
    for name, counted in samples.items():
        share = held_out.keys[counted].mean()
        figures = stage_figures(held_out, counted=counted)
        print_table(
            f"Key matter, 5 folds, {name}: {counted.sum()} messages, {share:.0%} key matters (mean, range over folds)",
            ["measure", "fast path", "encoder alone", "both on all", "cascade"],
            stage_rows(figures),
        )


def stage_rows(figures: dict[str, Figure]) -> list[list[str]]:
    """Return one row a measure, one column a stage."""
    stages = ["fast path", "encoder alone", "both on all", "cascade"]
    measures = list(dict.fromkeys(name.split(": ", 1)[1] for name in figures))
    return [[m, *(str(figures.get(f"{stage}: {m}", "")) for stage in stages)] for m in measures]


def stages_of(model: TriageModel) -> dict[str, TriageModel]:
    """Return the fast path alone, both stages on all messages, and the cascade."""
    if model.second is None:
        return {"fast path": model}
    everything = replace(model, second=replace(model.second, gate=Gate(0.0, 2.0)))
    return {"fast path": replace(model, second=None), "both on all": everything, "cascade": model}


if __name__ == "__main__":
    main(Path(sys.argv[1]), SPEED if sys.argv[2:] == ["speed"] else [int(seed) for seed in sys.argv[2:]])
