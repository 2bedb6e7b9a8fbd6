"""Scores of all villages, officials or suppliers on one day: features, findings and the champions, put together.

Two numbers that are never mixed: `probability` that people confirm the case, with the bounds of its 95 % band (all
three null while verified cases are too few), and `percentile` among peers (where to look first). Every score carries
what it was made with.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from features.compute import FeatureSet
from features.dictionary import Feature
from ml.anomaly import AnomalyModel
from ml.bundle import Bundle, check_definitions, read_champion
from ml.errors import ModelError
from ml.inputs import hits_by_entity, model_inputs
from ml.kinds import Scored, kind_of
from ml.matrix import squashed
from ml.reasons import reasons
from ml.risk import RiskModel

SCORES_SCHEMA: Final = pa.schema([
    ("entity_id", pa.string()), ("name", pa.string()), ("village_code", pa.string()),
    ("villages", pa.list_(pa.string())), ("as_of", pa.date32()),
    ("probability", pa.float64()), ("probability_low", pa.float64()), ("probability_high", pa.float64()),
    ("risk", pa.float64()), ("percentile", pa.float64()), ("anomaly", pa.float64()), ("hits", pa.int32()),
    ("peer_group", pa.string()), ("reasons", pa.string()),
    ("bundle_version", pa.string()), ("feature_hash", pa.string()), ("simulated", pa.bool_()),
])  # fmt: skip

MAX_REASONED: Final = 20_000
"""Rows, from the highest risk down, whose score is taken apart into reasons."""

_NOT_TOLD: Final = "[]"
"""Reasons of a row beyond those."""


class NoChampion(ModelError):
    """No model of this kind has been promoted yet."""


@dataclass(frozen=True)
class Scorers:
    """The models that score one kind of entity.

    Attributes:
        anomaly: trained on normalised features.
        risk: trained on them and on findings; None before there are outcomes.
        versions: version of each model by kind (`anomaly_village`, `risk_village`, …).
    """

    anomaly: AnomalyModel
    risk: RiskModel | None
    versions: Mapping[str, str]

    @property
    def name(self) -> str:
        """Kinds and versions as one text: `anomaly_village/2+risk_village/1`."""
        return "+".join(f"{kind}/{version}" for kind, version in sorted(self.versions.items()))


def load_scorers(home: Path, *, features: FeatureSet, key: bytes) -> Scorers:
    """The champions for the entity of `features`.

    Raises:
        NoChampion: no anomaly model was promoted.
        BundleRefused: a bundle is damaged or foreign.
        FeatureMismatch: a champion was trained on other features or other definitions.
    """
    anomaly_kind, risk_kind = kind_of("anomaly", features.entity), kind_of("risk", features.entity)
    anomaly = _champion(home, anomaly_kind, features=features, key=key)
    if anomaly is None:
        raise NoChampion(
            f"no {anomaly_kind} is promoted; run `cunjian train anomaly`, then `cunjian models request` and `approve`"
        )
    risk = _champion(home, risk_kind, features=features, key=key)
    versions = {anomaly_kind: str(anomaly.meta["version"])}
    if risk is not None:
        versions[risk_kind] = str(risk.meta["version"])
    return Scorers(
        anomaly=AnomalyModel.from_files(anomaly.files),
        risk=RiskModel.from_files(risk.files) if risk else None,
        versions=versions,
    )


def score_entities(
    features: FeatureSet,
    findings: pa.Table,
    *,
    scorers: Scorers,
    dictionary: Mapping[str, Feature],
    simulated: bool,
    villages: Mapping[str, Sequence[str]] | None = None,
    names: Mapping[str, str] | None = None,
) -> pa.Table:
    """One row per entity with the columns of SCORES_SCHEMA, highest risk first.

    Args:
        villages: all villages that an entity has to do with, where it is more than its own; they and the names
            go to the table, never into a model.
        names: names of entities that are no persons; others have none in the table.

    Raises:
        FeatureMismatch: the features are not those of training.
    """
    hits = hits_by_entity(findings, entity=features.entity)
    normalised, inputs = features.normalised(), model_inputs(features, hits)
    anomaly = scorers.anomaly.score(normalised)
    risk, calibrated = anomaly, np.full((len(anomaly), 3), np.nan)
    if scorers.risk is not None:
        margin = scorers.risk.margin(inputs)
        risk, calibrated = squashed(margin), scorers.risk.calibrated(margin)
    ids: list[str] = normalised.index.astype(str).tolist()
    own: list[str] = features.villages.loc[normalised.index].tolist()
    scores = pd.DataFrame(
        {
            "entity_id": ids,
            "name": [(names or {}).get(entity_id) for entity_id in ids],
            "village_code": own,
            "villages": _villages(ids, own, villages or {}),
            "as_of": features.as_of,
            "probability": calibrated[:, 0],
            "probability_low": calibrated[:, 1],
            "probability_high": calibrated[:, 2],
            "risk": risk,
            "peer_group": features.peers.loc[normalised.index].to_numpy(),
            "anomaly": anomaly,
            "hits": [len(hits.get(entity_id, [])) for entity_id in ids],
            "bundle_version": scorers.name,
            "feature_hash": features.definition_hash,
            "simulated": simulated,
        }
    )
    scores["percentile"] = percentiles(scores["risk"], scores["peer_group"])
    scores = scores.sort_values(["risk", "entity_id"], ascending=[False, True], kind="stable")
    top = normalised.index[scores.index[:MAX_REASONED]]
    model, columns = (scorers.anomaly, normalised) if scorers.risk is None else (scorers.risk, inputs)
    told = reasons(model.contributions(columns.loc[top]), features=features, dictionary=dictionary, hits=hits)
    as_text = {
        entity_id: json.dumps([asdict(reason) for reason in found], ensure_ascii=False)
        for entity_id, found in told.items()
    }
    scores["reasons"] = [as_text.get(entity_id, _NOT_TOLD) for entity_id in scores["entity_id"].tolist()]
    return pa.Table.from_pandas(scores[SCORES_SCHEMA.names], schema=SCORES_SCHEMA, preserve_index=False)


def _villages(ids: Sequence[str], own: Sequence[str], others: Mapping[str, Sequence[str]]) -> list[list[str]]:
    return [
        sorted({code, *others[entity_id]}) if entity_id in others else [code]
        for entity_id, code in zip(ids, own, strict=True)
    ]


def percentiles(risk: pd.Series, peers: pd.Series) -> pd.Series:
    """Share of the peers that lie below, 0 to 100; equals share the middle of their places."""
    grouped = risk.groupby(peers)
    return (grouped.rank(method="average") - 0.5) / grouped.transform("size") * 100


def write_scores(
    home: Path, tables: Mapping[Scored, pa.Table], *, as_of: date, run_id: str, bundles: Mapping[str, str]
) -> Path:
    """Store the scores of a day; every file is replaced in one step, `scores.json` last. Returns the folder."""
    folder = home / "scores" / as_of.isoformat()
    folder.mkdir(parents=True, exist_ok=True)
    for entity, table in tables.items():
        aside = folder / f".{entity}.parquet.{os.getpid()}"
        pq.write_table(table, aside, compression="zstd")
        aside.replace(folder / f"{entity}.parquet")
    about = {"as_of": as_of.isoformat(), "run_id": run_id, "bundles": dict(bundles)}
    aside = folder / f".scores.json.{os.getpid()}"
    aside.write_text(json.dumps(about, ensure_ascii=False, sort_keys=True, indent=1) + "\n", encoding="utf-8")
    aside.replace(folder / "scores.json")
    return folder


def _champion(home: Path, kind: str, *, features: FeatureSet, key: bytes) -> Bundle | None:
    bundle = read_champion(home, kind, key=key)
    if bundle is not None:
        check_definitions(
            bundle,
            definition_hash=features.definition_hash,
            features=[str(name) for name in features.values.columns],
        )
    return bundle
