"""Train a model, judge it, and register it as a challenger: one call each for anomaly and risk."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from features.compute import FeatureSet
from features.dictionary import ENTITY_NAMES, Entity, Feature
from ml.anomaly import AnomalyModel
from ml.bundle import Meta, write_bundle
from ml.inputs import feature_directions, hits_by_entity, hits_total, model_inputs
from ml.matrix import Floats
from training.back_test import BackTest, back_test, fit_risk
from training.dataset import Dataset, FeaturesAt, Snapshots, build_dataset, data_hash, labelled
from training.evaluation import Ranking, against_truth, metrics, without_unknown
from training.registry import Registered, export, register
from training.report import publish_report
from training.study import Room, Study, study_anomaly, study_risk


class NothingToLearnFrom(ValueError):
    """There are too few rows for a model."""


@dataclass(frozen=True)
class Trained:
    """A challenger.

    Attributes:
        registered: where it lies in the registry.
        rows: entities, or entities and past selections, that it learnt from.
        confirmed: how many rows were confirmed (risk only).
        refuted: how many rows were refuted (risk only).
        back_test: how it would have done on later cases (risk only, else None).
        truth: orders compared with planted wrongdoing (simulated counties only, else empty).
        truth_unverified: the same over the entities that nobody had verified (risk only, else empty).
        metrics: every figure by name, as registered.
        report: folder of the report, None when none was asked for.
    """

    registered: Registered
    rows: int
    confirmed: int
    refuted: int
    back_test: BackTest | None
    truth: tuple[Ranking, ...]
    truth_unverified: tuple[Ranking, ...]
    metrics: Mapping[str, float]
    report: Path | None = None


def train_anomaly(
    features: FeatureSet,
    *,
    dictionary: Mapping[str, Feature],
    mlruns: Path,
    key: bytes,
    simulated: bool,
    seed: int = 0,
    capacity: int = 20,
    truth: Collection[str] | None = None,
    room: Room | None = None,
    past: Dataset | None = None,
) -> Trained:
    """Train the anomaly model of an entity on the features of one day, register it, and write its report.

    Args:
        key: signs the bundle; the same key reads it.
        capacity: cases that people can look at; where precision and recall are read.
        truth: ids of the entities with planted wrongdoing, of a simulated county.
        room: where the report goes; None = no report.
        past: verified cases that the report judges the model on; the model learns nothing from them.

    Raises:
        NothingToLearnFrom: fewer than two entities.
    """
    rows = features.normalised()
    _refuse_too_few(len(rows), entity=features.entity, as_of=features.as_of)
    directions = feature_directions(dictionary, rows.columns)
    model = AnomalyModel(directions=directions, random_state=seed).fit(rows)
    anomaly = model.score(rows)
    other_seed = AnomalyModel(directions=directions, random_state=seed + 1).fit(rows).score(rows)
    compared = _compared(pd.DataFrame({"anomaly": anomaly}, index=rows.index), truth=truth, capacity=capacity)
    figures = without_unknown(
        {"seed_rank_correlation": _rank_correlation(anomaly, other_seed)} | metrics(compared, prefix="truth_")
    )
    about: Meta = {
        "entity": features.entity,
        "as_of": features.as_of.isoformat(),
        "seed": seed,
        "simulated": simulated,
        "features": [str(name) for name in features.values.columns],
        "definition_hash": features.definition_hash,
        "data_hash": data_hash(rows),
        "rows": len(rows),
    }
    study = (
        study_anomaly(
            model, features, past, room=room, dictionary=dictionary, key=key, simulated=simulated, seed=seed,
            capacity=capacity, truth=compared,
        )
        if room and past
        else None
    )  # fmt: skip
    kind = f"anomaly_{features.entity}"
    registered = register_model(kind, model.to_files(), about=about, figures=figures, mlruns=mlruns, key=key)
    return Trained(
        registered=registered,
        rows=len(rows),
        confirmed=0,
        refuted=0,
        back_test=None,
        truth=compared,
        truth_unverified=(),
        metrics=figures,
        report=reported(study, registered, room=room, mlruns=mlruns, key=key),
    )


def train_risk(
    outcomes: pd.DataFrame,
    *,
    entity: Entity,
    as_of: date,
    features_at: FeaturesAt,
    dictionary: Mapping[str, Feature],
    mlruns: Path,
    key: bytes,
    simulated: bool,
    seed: int = 0,
    capacity: int = 20,
    snapshots: Snapshots = "quarter",
    truth: Collection[str] | None = None,
    room: Room | None = None,
) -> Trained:
    """Train the risk model of an entity on past outcomes, judge it, register it, and write its report.

    Args:
        outcomes: see `training.dataset`; later ones than `as_of` are ignored. Few or none are no error: the
            model then keeps the order of the anomaly score.
        features_at: features and findings of a day; cache it, days are asked for more than once.
        key: signs the bundle; the same key reads it.
        capacity: cases that people can look at; where precision and recall are read.
        truth: ids of the entities with planted wrongdoing, of a simulated county.
        room: where the report goes; None = no report.

    Raises:
        NothingToLearnFrom: fewer than two rows.
        OutcomesInvalid: the table of outcomes cannot be read.
    """
    data = build_dataset(outcomes, entity=entity, as_of=as_of, features_at=features_at, snapshots=snapshots)
    _refuse_too_few(len(data.inputs), entity=entity, as_of=as_of)
    model = fit_risk(data, dictionary=dictionary, seed=seed)
    tested = back_test(
        data,
        outcomes,
        features_at=features_at,
        dictionary=dictionary,
        snapshots=snapshots,
        capacity=capacity,
        seed=seed,
    )
    features, findings = features_at(as_of)
    inputs = model_inputs(features, hits_by_entity(findings, entity=entity))
    orders = pd.DataFrame(
        {
            "risk": model.score(inputs),
            "anomaly": model.anomaly_.score(inputs),
            "hits": hits_total(inputs).to_numpy(),
        },
        index=inputs.index,
    )
    verified = data.inputs.index[data.y.notna()]
    compared = _compared(orders, truth=truth, capacity=capacity)
    unverified = _compared(orders[~orders.index.isin(verified)], truth=truth, capacity=capacity)
    figures = without_unknown(
        metrics(tested.rankings, prefix="back_test_")
        | {"back_test_calibration_error": tested.calibration_error, "back_test_brier": tested.brier}
        | metrics(compared, prefix="truth_")
        | metrics(unverified, prefix="truth_unverified_")
    )
    about: Meta = {
        "entity": entity,
        "as_of": as_of.isoformat(),
        "seed": seed,
        "simulated": simulated,
        "features": list(data.features),
        "definition_hash": data.definition_hash,
        "data_hash": data.data_hash,
        "rows": len(data.inputs),
        "confirmed": model.confirmed_,
        "refuted": model.refuted_,
        "rounds": model.rounds_,
        "outcomes": len(labelled(outcomes, entity=entity, as_of=as_of)),
    }
    study = (
        study_risk(
            model, data, features, inputs, room=room, dictionary=dictionary, key=key, simulated=simulated,
            seed=seed, capacity=capacity, back_test=tested, truth=compared,
        )
        if room
        else None
    )  # fmt: skip
    registered = register_model(
        f"risk_{entity}", model.to_files(), about=about, figures=figures, mlruns=mlruns, key=key
    )
    return Trained(
        registered=registered,
        rows=len(data.inputs),
        confirmed=model.confirmed_,
        refuted=model.refuted_,
        back_test=tested,
        truth=compared,
        truth_unverified=unverified,
        metrics=figures,
        report=reported(study, registered, room=room, mlruns=mlruns, key=key),
    )


def reported(
    study: Study | None, registered: Registered, *, room: Room | None, mlruns: Path, key: bytes
) -> Path | None:
    """Write the report, then export the bundle, so that it can be promoted from the console; None without a study."""
    if study is None or room is None:
        return None
    export(registered.kind, registered.version, home=room.home, mlruns=mlruns, key=key)
    return publish_report(study, registered, room=room, mlruns=mlruns, key=key)


def register_model(
    kind: str,
    files: Mapping[str, bytes],
    *,
    about: Meta,
    figures: Mapping[str, float],
    mlruns: Path,
    key: bytes,
) -> Registered:
    """Write a signed bundle and make it the challenger of its kind. about: what the manifest and the run keep."""
    params = {name: value for name, value in about.items() if name != "features"}
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "bundle"
        write_bundle(bundle, files, about | {"kind": kind, "metrics": dict(figures)}, key=key)
        return register(kind, bundle, mlruns=mlruns, params=params, metrics=figures)


def _compared(orders: pd.DataFrame, *, truth: Collection[str] | None, capacity: int) -> tuple[Ranking, ...]:
    """The columns of `orders` (index entity id) against the truth; empty without one."""
    if truth is None:
        return ()
    names = [str(name) for name in orders.columns]
    return tuple(
        against_truth(orders.rename_axis("entity_id").reset_index(), truth, k=capacity, orders=names)
    )


def _rank_correlation(one: Floats, other: Floats) -> float:
    return float(pd.Series(one).corr(pd.Series(other), method="spearman"))


def _refuse_too_few(rows: int, *, entity: Entity, as_of: date) -> None:
    if rows < 2:
        raise NothingToLearnFrom(
            f"截至 {as_of}，登记表里只有 {rows} 个{ENTITY_NAMES[entity]}，不够训练；请先导入更多登记表"
        )
