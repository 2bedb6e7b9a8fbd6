"""Triage from the command line: a file of messages in, the same file with answers out; training and registering."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from cunjian.settings import Settings
from ml.bundle import read_champion, write_bundle
from ml.triage import TriageModel
from ml.triage.table import TriageSummary, triage_file
from registers.pseudonyms import load_key
from training.registry import register
from training.triage import train_triage
from training.triage_evaluation import Figure

KIND = "triage"
SIGNING_KEY = "signing"
BASE_VERSION = "base"

Done = Callable[[int, int], None]


@dataclass(frozen=True)
class TriageTrained:
    """A registered challenger and its figures on held-out messages."""

    version: str
    messages: int
    labels: int
    figures: Mapping[str, Figure]


def champion_triage(settings: Settings) -> tuple[TriageModel, str]:
    """The promoted triage model and its version, else the shipped base model."""
    bundle = read_champion(settings.home, KIND, key=load_key(settings.home, SIGNING_KEY))
    if bundle is None:
        return TriageModel.load(), BASE_VERSION
    return TriageModel.from_files(bundle.files), str(bundle.meta["version"])


def triage_stage(
    settings: Settings, file: Path, *, out: Path, column: str | None, done: Done | None = None
) -> TriageSummary:
    """Triage the rows of a table file with the champion and write them with their answers."""
    model, _ = champion_triage(settings)
    return triage_file(file, out, model=model, text_column=column, progress=done)


def train_triage_stage(
    settings: Settings, data: Path, *, seed: int, encoder: bool = False, done: Done | None = None
) -> TriageTrained:
    """Train on the labelled messages of `data` and register the model as challenger.

    With ``encoder`` the second stage is trained, too: a quarter of an hour more on two cores.

    Raises:
        NoEncoderSource: an encoder was asked for and there are no pre-trained weights on this machine.
    """
    with TemporaryDirectory() as folder:
        report = train_triage(data, out=Path(folder) / "model", seed=seed, progress=done)
        model = TriageModel.load(report.folder)
        about: dict[str, object] = {
            "seed": seed,
            "messages": report.messages,
            "labels": report.labels,
            "encoder": encoder,
        }
        figures = dict(report.figures)
        if encoder:
            model, second = _with_second_stage(settings, data, model, seed=seed)
            figures |= second
        bundle = Path(folder) / "bundle"
        write_bundle(bundle, model.to_files(), about, key=load_key(settings.home, SIGNING_KEY))
        metrics = {_metric(name): figure.value for name, figure in figures.items()}
        registered = register(KIND, bundle, mlruns=settings.mlruns, params=about, metrics=metrics)
    return TriageTrained(registered.version, report.messages, report.labels, figures)


def _with_second_stage(
    settings: Settings, data: Path, fast: TriageModel, *, seed: int
) -> tuple[TriageModel, dict[str, Figure]]:
    from training.encoder import train_cascade  # noqa: PLC0415  # torch, 2 s and 300 MB, only where it trains
    from training.encoder_evaluation import held_out_figures  # noqa: PLC0415

    model, held_out = train_cascade(data, fast=fast, home=settings.home, source=settings.encoder, seed=seed)
    return model, held_out_figures(held_out)


def _metric(name: str) -> str:
    """Return a name that MLflow takes."""
    return name.replace(" ", "_").replace(":", "").replace("%", "percent")
