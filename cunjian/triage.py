"""Triage from the command line: a file of messages in, the same file with answers out; training and registering."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from cunjian.settings import Settings
from ml.bundle import read_champion, write_bundle
from ml.serving import Served, Serving
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


def serving_triage(settings: Settings) -> Serving[TriageModel]:
    """The triage model for a service that runs on: always the champion, else the shipped base model."""
    return Serving(
        settings.home,
        KIND,
        key=load_key(settings.home, SIGNING_KEY),
        build=lambda bundle: TriageModel.from_files(bundle.files),
        base=lambda: Served(TriageModel.load(), BASE_VERSION),
    )


def triage_stage(
    settings: Settings, file: Path, *, out: Path, column: str | None, done: Done | None = None
) -> TriageSummary:
    """Triage the rows of a table file with the champion and write them with their answers."""
    model, _ = champion_triage(settings)
    return triage_file(file, out, model=model, text_column=column, progress=done)


def train_triage_stage(
    settings: Settings, data: Path, *, seed: int, done: Done | None = None
) -> TriageTrained:
    """Train on the labelled messages of `data` and register the model as challenger."""
    with TemporaryDirectory() as folder:
        report = train_triage(data, out=Path(folder) / "model", seed=seed, progress=done)
        model = TriageModel.load(report.folder)
        about: dict[str, object] = {"seed": seed, "messages": report.messages, "labels": report.labels}
        bundle = Path(folder) / "bundle"
        write_bundle(bundle, model.to_files(), about, key=load_key(settings.home, SIGNING_KEY))
        figures = {name.replace(" ", "_"): figure.value for name, figure in report.figures.items()}
        registered = register(KIND, bundle, mlruns=settings.mlruns, params=about, metrics=figures)
    return TriageTrained(registered.version, report.messages, report.labels, report.figures)
