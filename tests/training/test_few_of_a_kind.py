"""Every scored entity can be trained and scored from two of a kind on; the report says in Chinese that they are few."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from features.compute import FeatureSet
from features.dictionary import ENTITIES, ENTITY_NAMES, Entity
from ml.bundle import set_champion
from ml.kinds import FAMILIES, KIND_NAMES, kind_of
from ml.reports import read_report
from ml.scoring import load_scorers, score_entities
from tests.ml.synthetic import AS_OF, KEY, feature_set, features_dictionary, findings
from tests.training.test_train_and_promote import past_outcomes
from training.dataset import build_dataset
from training.study import Room
from training.train import train_anomaly, train_risk

DICTIONARY = features_dictionary()


@pytest.mark.parametrize("rows", [2, 3, 9])
@pytest.mark.parametrize("entity", ENTITIES)
def test_a_few_are_trained_scored_and_said_to_be_few(
    mlruns: Path, tmp_path: Path, entity: Entity, rows: int
) -> None:
    features = replace(feature_set(rows=rows, odd=1)[0], entity=entity)
    found = findings([{"subject_type": "company", "subject_id": "v0001", "official_keys": ["v0001"]}])

    def known_on(_day: date) -> tuple[FeatureSet, pa.Table]:
        return features, found

    room = Room(home=tmp_path, today=AS_OF, definitions=lambda _: features.definition_hash)
    outcomes = past_outcomes().assign(entity=entity).head(0)
    past = build_dataset(outcomes, entity=entity, as_of=AS_OF, features_at=known_on)
    common = {"dictionary": DICTIONARY, "mlruns": mlruns, "key": KEY, "simulated": False, "room": room}
    train_anomaly(features, past=past, **common)
    train_risk(outcomes, entity=entity, as_of=AS_OF, features_at=known_on, **common)
    for kind in (kind_of(family, entity) for family in FAMILIES):
        figures = read_report(tmp_path, kind, "1", key=KEY).figures
        assert figures["name"] == KIND_NAMES[kind]
        assert any(f"{ENTITY_NAMES[entity]}只有 {rows} 个" in sentence for sentence in figures["unknown"])
        set_champion(tmp_path, kind, "1")
    scorers = load_scorers(tmp_path, features=features, key=KEY)
    scores = score_entities(features, found, scorers=scorers, dictionary=DICTIONARY, simulated=False)
    assert scores.num_rows == rows
    assert scores["probability"].null_count == rows
    assert scores["bundle_version"][0].as_py() == f"anomaly_{entity}/1+risk_{entity}/1"
    told = {row["entity_id"]: json.loads(row["reasons"]) for row in scores.to_pylist()}
    if entity != "village":
        assert "hits_assistance" in {reason["feature"] for reason in told["v0001"]}


def test_many_are_not_said_to_be_few(mlruns: Path, tmp_path: Path) -> None:
    features = replace(feature_set(rows=40, odd=3)[0], entity="supplier")
    train_risk(
        past_outcomes().head(0), entity="supplier", as_of=AS_OF, features_at=lambda _: (features, findings()),
        dictionary=DICTIONARY, mlruns=mlruns, key=KEY, simulated=False, room=Room(home=tmp_path, today=AS_OF),
    )  # fmt: skip
    figures = read_report(tmp_path, "risk_supplier", "1", key=KEY).figures
    assert not any("供应商只有" in sentence for sentence in figures["unknown"])
