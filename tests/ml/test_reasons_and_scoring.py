"""Scores of a day: the columns of the contract, sentences that a person can read, refusal of other features."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.compute import FeatureSet
from features.dictionary import ENTITIES, ENTITY_NAMES, UNITS, Entity
from ml.anomaly import AnomalyModel
from ml.bundle import bundle_folder, set_champion, write_bundle
from ml.errors import FeatureMismatch
from ml.inputs import HIT_COLUMNS, hits_by_entity, input_directions, model_inputs
from ml.reasons import MOST, reasons, shown
from ml.risk import RiskModel
from ml.scoring import (
    SCORES_SCHEMA,
    NoChampion,
    Scorers,
    load_scorers,
    percentiles,
    score_entities,
    write_scores,
)
from tests.ml.synthetic import AS_OF, KEY, feature_set, features_dictionary, findings

DICTIONARY = features_dictionary()


def scorers(features: FeatureSet, found: pa.Table, *, odd: list[str] | None = None) -> Scorers:
    anomaly = AnomalyModel(n_estimators=60).fit(features.normalised())
    if odd is None:
        return Scorers(anomaly, None, {"anomaly_village": "1"})
    inputs = model_inputs(features, hits_by_entity(found, entity=features.entity))
    y = inputs.index.isin(odd).astype(float)
    risk = RiskModel(directions=input_directions(DICTIONARY, inputs.columns)).fit(inputs, y)
    return Scorers(anomaly, risk, {"anomaly_village": "1", "risk_village": "4"})


def scored(features: FeatureSet, found: pa.Table, *, odd: list[str] | None = None) -> pd.DataFrame:
    models = scorers(features, found, odd=odd)
    table = score_entities(features, found, scorers=models, dictionary=DICTIONARY, simulated=True)
    assert table.schema == SCORES_SCHEMA
    return table.to_pandas().set_index("entity_id")


def all_suspicious() -> FeatureSet:
    """Four villages that differ from their peers to the suspicious side in everything."""
    features, _ = feature_set(rows=4, odd=1)
    side = [-1 if DICTIONARY[name].direction == "down" else 1 for name in features.values.columns]
    return replace(features, typical=features.values - side)


def test_without_outcomes_the_risk_is_the_anomaly_and_there_is_no_probability() -> None:
    features, odd = feature_set()
    scores = scored(features, findings())
    assert set(scores.index[: len(odd)]) == set(odd)
    assert scores["risk"].is_monotonic_decreasing
    assert scores[["probability", "probability_low", "probability_high"]].isna().all(axis=None)
    assert (scores["risk"] == scores["anomaly"]).all()
    assert set(scores["bundle_version"]) == {"anomaly_village/1"}
    assert set(scores["feature_hash"]) == {features.definition_hash}
    assert scores["simulated"].all()


def test_with_outcomes_there_are_two_numbers() -> None:
    features, odd = feature_set(odd=20)
    scores = scored(features, findings(), odd=odd)
    assert scores["probability"].between(0, 1).all()
    assert scores.loc[odd, "probability"].min() > scores.drop(odd)["probability"].max()
    assert set(scores["bundle_version"]) == {"anomaly_village/1+risk_village/4"}


def test_the_probability_comes_with_the_band_of_the_model() -> None:
    features, odd = feature_set(odd=20)
    models = scorers(features, findings(), odd=odd)
    table = score_entities(features, findings(), scorers=models, dictionary=DICTIONARY, simulated=True)
    scores = table.to_pandas().set_index("entity_id")
    assert models.risk is not None
    inputs = model_inputs(features, {}).loc[scores.index]
    expected = models.risk.probability_interval(inputs)
    np.testing.assert_allclose(scores[["probability_low", "probability_high"]], expected)
    np.testing.assert_allclose(scores["probability"], models.risk.probability(inputs))
    assert (scores["probability_low"] <= scores["probability"]).all()
    assert (scores["probability"] <= scores["probability_high"]).all()
    assert (scores["probability_low"] < scores["probability_high"]).any()


def test_percentile_is_among_peers() -> None:
    risk = pd.Series([0.1, 0.2, 0.2, 0.9, 0.5])
    peers = pd.Series(["a", "a", "a", "a", "b"])
    assert percentiles(risk, peers).tolist() == [12.5, 50.0, 50.0, 87.5, 50.0]


def test_findings_count_for_their_village_and_for_the_officials_concerned() -> None:
    found = findings(
        [
            {"village_code": "v1", "subject_type": "official", "subject_id": "P1", "level": "red"},
            {
                "village_code": "v1",
                "subject_type": "person",
                "subject_id": "P9",
                "official_keys": ["P1", "P2"],
            },
            {"village_code": "v2", "subject_type": "village", "subject_id": "v2", "field": "labour"},
        ]
    )
    villages, officials = (hits_by_entity(found, entity=entity) for entity in ("village", "official"))
    assert {code: [hit.level for hit in of_one] for code, of_one in villages.items()} == {
        "v1": ["red", "yellow"],
        "v2": ["yellow"],
    }
    assert {key: len(of_one) for key, of_one in officials.items()} == {"P1": 2, "P2": 1}


def test_findings_count_for_the_supplier_that_they_are_about() -> None:
    found = findings(
        [
            {"village_code": "v1", "subject_type": "company", "subject_id": "C1", "level": "red"},
            {"village_code": "v2", "subject_type": "company", "subject_id": "C1"},
            {"village_code": "v1", "subject_type": "official", "subject_id": "P1"},
            {"village_code": "v1", "subject_type": "tender", "subject_id": "T1"},
        ]
    )
    hits = hits_by_entity(found, entity="supplier")
    assert {key: [hit.level for hit in of_one] for key, of_one in hits.items()} == {"C1": ["red", "yellow"]}


@pytest.mark.parametrize("entity", ENTITIES)
def test_reasons_name_the_peers_of_every_scored_entity(entity: Entity) -> None:
    features, odd = feature_set()
    contributions = features.values * 0.0
    contributions.loc[odd[0]] = 1.0
    told = reasons(contributions, features=replace(features, entity=entity), dictionary=DICTIONARY, hits={})
    assert f"同类{ENTITY_NAMES[entity]}一般为" in told[odd[0]][0].sentence


def test_villages_and_names_go_to_the_table_only() -> None:
    features, odd = feature_set()
    models = scorers(features, findings())
    usual = score_entities(features, findings(), scorers=models, dictionary=DICTIONARY, simulated=True)
    table = score_entities(
        features, findings(), scorers=models, dictionary=DICTIONARY, simulated=True,
        villages={odd[0]: ("zz", "aa")}, names={odd[0]: "某某公司"},
    )  # fmt: skip
    kept = [name for name in SCORES_SCHEMA.names if name not in ("villages", "name")]
    assert table.select(kept).equals(usual.select(kept))
    row = table.to_pandas().set_index("entity_id").loc[odd[0]]
    assert row["name"] == "某某公司"
    assert list(row["villages"]) == sorted({"zz", "aa", row["village_code"]})
    assert usual["name"].null_count == len(usual)
    assert usual["villages"].to_pylist() == [[code] for code in usual["village_code"].to_pylist()]


def test_inputs_hold_features_and_findings_per_field_and_level() -> None:
    features, _ = feature_set(rows=4, odd=1)
    found = findings(
        [{"village_code": "v0002", "level": "red"}, {"village_code": "v0002", "field": "labour"}]
    )
    inputs = model_inputs(features, hits_by_entity(found, entity="village"))
    assert list(inputs.columns) == [*features.values.columns, *HIT_COLUMNS]
    counted = inputs.loc["v0002", list(HIT_COLUMNS)]
    assert counted[counted > 0].to_dict() == {
        "hits_assistance": 1,
        "hits_labour": 1,
        "hits_red": 1,
        "hits_yellow": 1,
    }
    assert inputs.drop("v0002")[list(HIT_COLUMNS)].to_numpy().sum() == 0


def test_a_reason_names_value_and_what_peers_have() -> None:
    features, odd = feature_set()
    features.values.loc[odd[0], "payee_concentration"] = 0.62
    features.typical["payee_concentration"] = 0.18
    contributions = features.values * 0.0
    contributions.loc[odd[0], "payee_concentration"] = 1.5
    told = reasons(contributions, features=features, dictionary=DICTIONARY, hits={})
    assert [reason.sentence for reason in told[odd[0]]] == ["收款方集中度 0.62，同类村一般为 0.18"]
    assert told[odd[1]] == []


def test_one_reason_per_group_carries_the_whole_group() -> None:
    features = all_suspicious()
    contributions = pd.DataFrame(0.0, index=features.values.index, columns=features.values.columns)
    contributions.loc["v0001", ["payee_concentration", "top_payee_share", "late_days"]] = [0.5, 0.7, 0.9]
    told = reasons(contributions, features=features, dictionary=DICTIONARY, hits={})["v0001"]
    assert [(reason.feature, round(reason.contribution, 6)) for reason in told] == [
        ("top_payee_share", 1.2),
        ("late_days", 0.9),
    ]


def test_what_cannot_be_told_or_lowers_the_score_is_no_reason() -> None:
    features, _ = feature_set(rows=4, odd=1)
    features.values.loc["v0001", "late_days"] = np.nan
    contributions = pd.DataFrame(0.0, index=features.values.index, columns=features.values.columns)
    contributions.loc["v0001", ["late_days", "amount_spread"]] = [3.0, -2.0]
    assert reasons(contributions, features=features, dictionary=DICTIONARY, hits={})["v0001"] == []


@pytest.mark.parametrize(
    ("name", "value", "is_reason"),
    [
        ("payee_concentration", 0.31, True),
        ("payee_concentration", 0.3000001, False),
        ("payee_concentration", 0.10, False),
        ("income_per_resident", -900.0, True),
        ("income_per_resident", 900.0, False),
        ("amount_spread", 0.10, True),
        ("amount_spread", 9.0, True),
    ],
)
def test_a_reason_is_a_difference_that_can_be_seen_to_the_suspicious_side(
    name: str, value: float, is_reason: bool
) -> None:
    features, _ = feature_set(rows=4, odd=1)
    features.values.loc["v0001", name] = value
    features.typical.loc["v0001", name] = 0.3
    contributions = pd.DataFrame(0.0, index=features.values.index, columns=features.values.columns)
    contributions.loc["v0001", name] = 1.0
    told = reasons(contributions, features=features, dictionary=DICTIONARY, hits={})["v0001"]
    assert [reason.feature for reason in told] == [name] * is_reason


def test_findings_are_told_even_when_the_model_gives_them_no_weight() -> None:
    features, odd = feature_set()
    found = findings([{"village_code": odd[0], "level": "red"}, {"village_code": odd[0]}])
    scores = scored(features, found)
    told = json.loads(scores.loc[odd[0], "reasons"])
    assert scores.loc[odd[0], "hits"] == 2
    assert 1 < len(told) <= MOST
    assert told[-1] == {
        "feature": "hits_assistance",
        "label": "困难救助",
        "sentence": "困难救助有 2 条线索，如死亡后继续发放救助金（死亡 30 天后仍发放 2 笔）",
        "contribution": 0.0,
    }


def test_findings_that_the_model_weighs_stand_by_their_weight() -> None:
    features, _ = feature_set(rows=200, odd=1)
    wrong = list(features.values.index[:40])
    found = findings([{"village_code": village, "field": "labour", "level": "red"} for village in wrong])
    scores = scored(features, found, odd=wrong)
    first = json.loads(scores.loc[wrong[0], "reasons"])[0]
    assert first["feature"] == "hits_labour"
    assert first["sentence"].startswith("劳务用工有 1 条线索：")
    assert first["contribution"] > 0


def test_findings_keep_a_place_among_many_strong_reasons() -> None:
    features = all_suspicious()
    apart = {name: feature.model_copy(update={"group": name}) for name, feature in DICTIONARY.items()}
    contributions = pd.DataFrame(1.0, index=features.values.index, columns=features.values.columns)
    hits = hits_by_entity(findings([{"village_code": "v0001"}]), entity="village")
    told = reasons(contributions, features=features, dictionary=apart, hits=hits)
    assert [len(of_one) for of_one in told.values()] == [MOST] * 4
    assert [reason.feature for reason in told["v0001"]][-1] == "hits_assistance"


@pytest.mark.parametrize("word", ["违纪", "违法", "nan"])
def test_no_sentence_accuses_or_shows_a_gap(word: str) -> None:
    features, _ = feature_set()
    features.typical.loc[:, "late_days"] = np.nan
    text = " ".join(scored(features, findings())["reasons"])
    assert word not in text
    assert "平均补记天数" in text


def test_every_unit_has_a_way_to_be_shown() -> None:
    feature = DICTIONARY["late_days"]
    assert all(shown(1.0, feature.model_copy(update={"unit": unit})) for unit in UNITS)
    assert shown(0.4567, DICTIONARY["top_payee_share"]) == "46%"
    assert shown(1234.5, DICTIONARY["income_per_resident"]) == "1,234 元/人"


def test_the_same_day_gives_the_same_file_twice(tmp_path: Path) -> None:
    features, _ = feature_set()
    written = []
    for home in (tmp_path / "a", tmp_path / "b"):
        models = scorers(features, findings())
        table = score_entities(features, findings(), scorers=models, dictionary=DICTIONARY, simulated=False)
        folder = write_scores(
            home, {"village": table}, as_of=AS_OF, run_id="2025-06-30-x", bundles=models.versions
        )
        written.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert written[0] == written[1]
    assert set(written[0]) == {"village.parquet", "scores.json"}
    assert json.loads(written[0]["scores.json"]) == {
        "as_of": "2025-06-30",
        "run_id": "2025-06-30-x",
        "bundles": {"anomaly_village": "1"},
    }
    assert pq.read_table(tmp_path / "a/scores/2025-06-30/village.parquet").num_rows == len(features.values)


def store(home: Path, features: FeatureSet) -> None:
    model = AnomalyModel(n_estimators=20).fit(features.normalised())
    meta = {
        "kind": "anomaly_village",
        "version": "1",
        "features": list(features.values.columns),
        "definition_hash": features.definition_hash,
    }
    write_bundle(bundle_folder(home, "anomaly_village", "1"), model.to_files(), meta, key=KEY)
    set_champion(home, "anomaly_village", "1")


def test_the_champion_scores_and_other_features_are_refused(tmp_path: Path) -> None:
    features, odd = feature_set()
    with pytest.raises(NoChampion, match="cunjian train anomaly"):
        load_scorers(tmp_path, features=features, key=KEY)
    store(tmp_path, features)
    models = load_scorers(tmp_path, features=features, key=KEY)
    assert (models.risk, models.name) == (None, "anomaly_village/1")
    assert models.anomaly.score(features.normalised())[-len(odd) :].min() > 0.5
    with pytest.raises(FeatureMismatch, match="definition of a feature changed"):
        load_scorers(tmp_path, features=replace(features, definition_hash="e" * 64), key=KEY)
    more = replace(features, values=features.values.assign(new_feature=0.0))
    with pytest.raises(FeatureMismatch, match="unexpected 'new_feature'"):
        load_scorers(tmp_path, features=more, key=KEY)
