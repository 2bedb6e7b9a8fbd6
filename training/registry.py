"""The model registry: MLflow on SQLite under `mlruns/`, and the way from there into service.

Training registers a challenger; promoting it exports its bundle to `home/bundles/<kind>/<version>` and moves the
pointer that serving follows. Serving reads bundles only and never imports MLflow.

MLflow stores absolute paths; when the folder was moved they are put right on opening. Its usage reports to the
internet are switched off: nothing about this work leaves the machine.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ml.bundle import bundle_folder, champion_version, read_bundle, set_champion, write_bundle
from ml.errors import BundleRefused
from ml.kinds import KINDS

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

CHALLENGER: Final = "challenger"
CHAMPION: Final = "champion"

_DATABASE: Final = "mlflow.db"
_ARTIFACTS: Final = "artifacts"
_BUNDLE: Final = "bundle"
_REPORT: Final = "report"


class UnknownModel(LookupError):
    """No such kind or version is registered."""


@dataclass(frozen=True)
class Registered:
    """A version in the registry."""

    kind: str
    version: str
    run_id: str


@dataclass(frozen=True)
class Promotion:
    """A version that serves now, and the one that served before (None = none)."""

    kind: str
    version: str
    previous: str | None
    by: str
    folder: Path


@dataclass(frozen=True)
class ModelVersion:
    """What the list of models shows of a version."""

    kind: str
    version: str
    run_id: str
    aliases: tuple[str, ...]
    promoted_by: str | None
    params: Mapping[str, str]
    metrics: Mapping[str, float]


def tracking_uri(mlruns: Path) -> str:
    """Where MLflow keeps runs and versions; `mlflow ui --backend-store-uri <this>` shows them."""
    return f"sqlite:///{mlruns.resolve() / _DATABASE}"


def register(
    kind: str,
    bundle: Path,
    *,
    mlruns: Path,
    params: Mapping[str, object],
    metrics: Mapping[str, float],
) -> Registered:
    """Record a training run with its bundle folder, and make it the challenger of its kind.

    Raises:
        UnknownModel: no such kind.
    """
    _check_kind(kind)
    client = open_registry(mlruns)
    run_id = client.create_run(_experiment(client, kind, mlruns)).info.run_id
    try:
        for name, value in params.items():
            client.log_param(run_id, name, value)
        for name, figure in metrics.items():
            client.log_metric(run_id, name, figure)
        client.log_artifacts(run_id, str(bundle), _BUNDLE)
    except BaseException:
        client.set_terminated(run_id, status="FAILED")
        raise
    client.set_terminated(run_id)
    if not client.search_registered_models(f"name = '{kind}'"):
        client.create_registered_model(kind)
    version = client.create_model_version(kind, source=f"runs:/{run_id}/{_BUNDLE}", run_id=run_id).version
    client.set_registered_model_alias(kind, CHALLENGER, version)
    return Registered(kind, str(version), run_id)


def promote(kind: str, version: str, *, by: str, home: Path, mlruns: Path, key: bytes) -> Promotion:
    """Let a registered version serve: verify its bundle, export it, move the pointer, then the alias.

    Promoting an earlier version again is the way back. Every step can be repeated after an interruption.

    Raises:
        UnknownModel: not registered.
        BundleRefused: the registered bundle was changed, or an exported one differs from it.
    """
    previous = champion_version(home, kind)
    folder = export(kind, version, home=home, mlruns=mlruns, key=key)
    set_champion(home, kind, version)
    client = open_registry(mlruns)
    client.set_registered_model_alias(kind, CHAMPION, version)
    client.set_model_version_tag(kind, version, "promoted_by", by)
    return Promotion(kind, version, previous, by, folder)


def export(kind: str, version: str, *, home: Path, mlruns: Path, key: bytes) -> Path:
    """Write a registered version to `home/bundles`, where it may be promoted from without MLflow; return the folder.

    Nothing serves it yet. Doing it again checks what lies there.

    Raises:
        UnknownModel: not registered.
        BundleRefused: the registered bundle was changed, or an exported one differs from it.
    """
    _check_kind(kind)
    client = open_registry(mlruns)
    run_id = _run_of(client, kind, version)
    registered = read_bundle(mlruns / _ARTIFACTS / run_id / _ARTIFACTS / _BUNDLE, key=key)
    meta = registered.meta | {"kind": kind, "version": version, "run_id": run_id}
    folder = bundle_folder(home, kind, version)
    if not folder.exists():
        write_bundle(folder, registered.files, meta, key=key)
    exported = read_bundle(folder, key=key)
    if exported.files != registered.files or exported.meta != meta:
        raise BundleRefused(
            f"bundle {kind}/{version} exists with other content; move it away and promote again"
        )
    return folder


def log_report(registered: Registered, folder: Path, *, mlruns: Path) -> None:
    """Keep a report's files beside the run that it is about."""
    open_registry(mlruns).log_artifacts(registered.run_id, str(folder), _REPORT)


def follow_champions(home: Path, mlruns: Path) -> dict[str, str]:
    """Move the alias champion of every kind to the version that serves; returns the versions.

    The pointer under `home` is the truth: an approval or a rollback in the console moves it without MLflow.
    """
    serving = {kind: version for kind in KINDS if (version := champion_version(home, kind))}
    aliased = {model.kind: model.version for model in list_models(mlruns) if CHAMPION in model.aliases}
    known = {(model.kind, model.version) for model in list_models(mlruns)} if serving != aliased else set()
    for kind, version in serving.items():
        if aliased.get(kind) != version and (kind, version) in known:
            open_registry(mlruns).set_registered_model_alias(kind, CHAMPION, version)
    return serving


def list_models(mlruns: Path) -> list[ModelVersion]:
    """All registered versions, by kind, newest first; empty before the first training."""
    if not (mlruns / _DATABASE).exists():
        return []
    client = open_registry(mlruns)
    listed = []
    for model in client.search_registered_models(order_by=["name"]):
        for version in client.search_model_versions(f"name = '{model.name}'"):
            run_id = str(version.run_id)
            run = client.get_run(run_id)
            aliases = tuple(
                sorted(alias for alias, of in model.aliases.items() if str(of) == str(version.version))
            )
            listed.append(
                ModelVersion(
                    kind=model.name,
                    version=str(version.version),
                    run_id=run_id,
                    aliases=aliases,
                    promoted_by=version.tags.get("promoted_by"),
                    params=dict(run.data.params),
                    metrics=dict(run.data.metrics),
                )
            )
    return sorted(listed, key=lambda model: (model.kind, -int(model.version)))


def challenger(kind: str, *, mlruns: Path) -> str:
    """The version of `kind` that was trained last.

    Raises:
        UnknownModel: none was trained.
    """
    for model in list_models(mlruns):
        if model.kind == kind and CHALLENGER in model.aliases:
            return model.version
    raise UnknownModel(f"no {kind} is registered; train one first")


def _check_kind(kind: str) -> None:
    if kind not in KINDS:
        raise UnknownModel(f"{kind!r} is not a kind of model; use one of {', '.join(KINDS)}")


def open_registry(mlruns: Path) -> MlflowClient:
    """MLflow's own client on `mlruns`; its tables are made on first use, which takes seconds."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # read when MLflow is imported
    from mlflow.tracking import MlflowClient  # noqa: PLC0415  # 1.6 s and 200 MB, only where it is needed

    for noisy in ("alembic", "mlflow.store.db.utils"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    mlruns.mkdir(parents=True, exist_ok=True)
    _follow_a_move(mlruns)
    uri = tracking_uri(mlruns)
    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def _experiment(client: MlflowClient, kind: str, mlruns: Path) -> str:
    found = client.get_experiment_by_name(kind)
    if found is not None:
        return str(found.experiment_id)
    return str(client.create_experiment(kind, artifact_location=_artifact_root(mlruns)))


def _artifact_root(mlruns: Path) -> str:
    return (mlruns.resolve() / _ARTIFACTS).as_uri()


def _follow_a_move(mlruns: Path) -> None:
    """Point MLflow's absolute artefact paths to where the folder lies now."""
    database = mlruns / _DATABASE
    if not database.exists():
        return
    now = _artifact_root(mlruns)
    connection = sqlite3.connect(database)
    try:
        with connection:
            stored = connection.execute("SELECT DISTINCT name, artifact_location FROM experiments").fetchall()
            for name, then in stored:
                if name not in KINDS or then == now:
                    continue
                connection.execute(
                    "UPDATE runs SET artifact_uri = ? || substr(artifact_uri, ?) WHERE substr(artifact_uri, 1, ?) = ?",
                    (now, len(then) + 1, len(then), then),
                )
                connection.execute(
                    "UPDATE experiments SET artifact_location = ? WHERE artifact_location = ?", (now, then)
                )
    finally:
        connection.close()


def _run_of(client: MlflowClient, kind: str, version: str) -> str:
    from mlflow.exceptions import MlflowException  # noqa: PLC0415  # see open_registry

    try:
        return str(client.get_model_version(kind, version).run_id)
    except MlflowException as error:
        raise UnknownModel(
            f"no version {version} of {kind} is registered; see `cunjian models list`"
        ) from error
