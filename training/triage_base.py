"""The triage model that is shipped, with both stages: ``python -m training.triage_base DATA`` rebuilds it.

It needs the extra `encoder` and takes three quarters of an hour on two cores. Converted weights and activations are
kept under CUNJIAN_HOME for the next time.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

from ml.triage.files import write_folder
from ml.triage.model import BASE, TriageModel
from training.encoder import Said, train_cascade
from training.encoder_evaluation import held_out_figures
from training.triage import metrics_file, train_triage

SHIPPED: Final = "cascade: "
"""What the figures of both stages together begin with; those of each alone are the benchmark's to print."""


def build_base(data: Path, *, out: Path, home: Path, seed: int = 0, say: Said | None = None) -> None:
    """Train both stages on the board messages in ``data`` and write them with their figures to ``out``.

    Raises:
        NoEncoderSource: there are no pre-trained weights on this machine.
    """
    report = train_triage(data, out=out, seed=seed)
    model, held_out = train_cascade(data, fast=TriageModel.load(out), home=home, seed=seed, say=say)
    both = {name: figure for name, figure in held_out_figures(held_out).items() if name.startswith(SHIPPED)}
    measured = replace(report, figures=report.figures | both)
    write_folder(out, {**model.to_files(), "metrics.json": metrics_file(measured)})


if __name__ == "__main__":
    build_base(Path(sys.argv[1]), out=BASE, home=Path(os.environ.get("CUNJIAN_HOME", "var")), say=print)
