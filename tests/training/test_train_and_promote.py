"""From training over the registry into service, and back."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from features.compute import FeatureSet
from ml.bundle import champion_version, read_bundle, read_champion, set_champion
from ml.errors import BundleRefused, FeatureMismatch
from ml.scoring import load_scorers, score_entities
from tests.ml.synthetic import AS_OF, KEY, feature_set, features_dictionary, findings
from training.registry import (
    UnknownModel,
    challenger,
    export,
    follow_champions,
    list_models,
    open_registry,
    promote,
    tracking_uri,
)
from training.train import NothingToLearnFrom, Trained, train_anomaly, train_risk

DICTIONARY = features_dictionary()
ROWS, ODD = 150, 45


@cache
def known_on(day: date) -> tuple[FeatureSet, pa.Table]:
    features, _ = feature_set(rows=ROWS, odd=ODD, as_of=day)
    return features, findings([{"village_code": "v0001", "level": "red"}])


def past_outcomes() -> pd.DataFrame:
    """Eighty verifications over a year, half of them of villages that are wrong."""
    random = np.random.default_rng(0)
    chosen = [
        *random.choice(ROWS - ODD, 40, replace=False),
        *random.choice(range(ROWS - ODD, ROWS), 40, replace=False),
    ]
    random.shuffle(chosen)
    first = date(2024, 7, 1)
    return pd.DataFrame(
        {
            "entity": "village",
            "entity_id": [f"v{number:04d}" for number in chosen],
            "selected_on": [first + timedelta(days=4 * number) for number in range(80)],
            "selected_by": ["score", "quota"] * 40,
            "propensity": [0.5, 0.1] * 40,
            "decided_on": [first + timedelta(days=4 * number + 20) for number in range(80)],
            "outcome": [
                "substantiated" if number >= ROWS - ODD else "not_substantiated" for number in chosen
            ],
        }
    )


def anomaly(mlruns: Path, *, seed: int = 0) -> Trained:
    features, odd = feature_set(rows=ROWS, odd=8)
    return train_anomaly(
        features, dictionary=DICTIONARY, mlruns=mlruns, key=KEY, simulated=True, seed=seed, truth=odd
    )


def risk(mlruns: Path, outcomes: pd.DataFrame) -> Trained:
    _, odd = feature_set(rows=ROWS, odd=ODD)
    return train_risk(
        outcomes,
        entity="village",
        as_of=AS_OF,
        features_at=known_on,
        dictionary=DICTIONARY,
        mlruns=mlruns,
        key=KEY,
        simulated=True,
        truth=odd,
    )


def test_an_anomaly_model_is_registered_with_its_figures(mlruns: Path) -> None:
    trained = anomaly(mlruns)
    assert trained.metrics["truth_anomaly_recall_at_20"] == 1.0
    assert trained.metrics["truth_random_precision_at_20"] == pytest.approx(8 / ROWS)
    assert trained.metrics["seed_rank_correlation"] > 0.9
    (listed,) = list_models(mlruns)
    assert (listed.kind, listed.version, listed.aliases) == ("anomaly_village", "1", ("challenger",))
    assert listed.params["data_hash"]
    assert listed.params["definition_hash"] == "d" * 64
    assert listed.params["simulated"] == "True"
    assert listed.metrics == pytest.approx(dict(trained.metrics))


def test_a_risk_model_is_judged_on_later_cases_beside_its_baselines(mlruns: Path) -> None:
    trained = risk(mlruns, past_outcomes())
    assert (trained.confirmed, trained.refuted, trained.rows) == (40, 40, ROWS)
    tested = trained.back_test
    assert tested is not None
    assert tested.cutoff is not None
    assert tested.cases >= 10
    assert [ranking.name for ranking in tested.rankings] == ["risk", "anomaly", "hits", "random"]
    assert trained.metrics["back_test_risk_auc"] > 0.9
    assert "back_test_brier" in trained.metrics
    assert {ranking.name for ranking in trained.truth_unverified} == {"risk", "anomaly", "hits", "random"}
    assert list_models(mlruns)[0].params["confirmed"] == "40"


def test_the_back_test_knows_nothing_of_what_came_later(
    mlruns: Path, new_mlruns: Callable[[str], Path]
) -> None:
    """Turning the outcomes decided after the cutoff round must turn the figures round, and nothing else."""
    outcomes = past_outcomes()
    first = risk(mlruns, outcomes)
    assert first.back_test is not None
    later = pd.to_datetime(outcomes["selected_on"]) > pd.Timestamp(str(first.back_test.cutoff))
    turned = outcomes.copy()
    swap = {"substantiated": "not_substantiated", "not_substantiated": "substantiated"}
    turned.loc[later, "outcome"] = outcomes.loc[later, "outcome"].map(swap)
    second = risk(new_mlruns("other"), turned)
    assert second.metrics["back_test_risk_auc"] == pytest.approx(1 - first.metrics["back_test_risk_auc"])


def test_without_outcomes_there_is_still_a_model(mlruns: Path) -> None:
    trained = risk(mlruns, past_outcomes()[:0])
    assert (trained.confirmed, trained.refuted) == (0, 0)
    assert trained.back_test is not None
    assert trained.back_test.rankings == ()
    assert trained.metrics["truth_risk_auc"] == trained.metrics["truth_anomaly_auc"]


def test_training_twice_gives_equal_bundles(mlruns: Path) -> None:
    first, second = anomaly(mlruns), anomaly(mlruns)
    folders = [
        mlruns / "artifacts" / trained.registered.run_id / "artifacts" / "bundle"
        for trained in (first, second)
    ]
    contents = [{path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders]
    assert contents[0] == contents[1]
    assert challenger("anomaly_village", mlruns=mlruns) == second.registered.version == "2"


def test_promotion_puts_a_model_into_service_and_back(mlruns: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    for seed in (0, 1):
        anomaly(mlruns, seed=seed)
    served = [
        promote("anomaly_village", version, by="技术员甲", home=home, mlruns=mlruns, key=KEY)
        for version in ("1", "2", "1")
    ]
    assert [promotion.previous for promotion in served] == [None, "1", "2"]
    champion = read_champion(home, "anomaly_village", key=KEY)
    assert champion is not None
    assert champion.meta["version"] == "1"
    assert {model.version: model.aliases for model in list_models(mlruns)} == {
        "1": ("champion",),
        "2": ("challenger",),
    }
    assert list_models(mlruns)[1].promoted_by == "技术员甲"


def test_promoted_models_score(mlruns: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    for trained in (anomaly(mlruns), risk(mlruns, past_outcomes())):
        done = trained.registered
        promote(done.kind, done.version, by="甲", home=home, mlruns=mlruns, key=KEY)
    features, odd = feature_set(rows=ROWS, odd=ODD)
    scorers = load_scorers(home, features=features, key=KEY)
    assert scorers.name == "anomaly_village/1+risk_village/1"
    table = score_entities(features, findings(), scorers=scorers, dictionary=DICTIONARY, simulated=True)
    top = table.slice(0, 20).to_pandas()
    assert top["entity_id"].isin(odd).mean() >= 0.95
    assert top["probability"].between(0.5, 1).all()


def test_a_moved_registry_still_promotes_and_trains(mlruns: Path, tmp_path: Path) -> None:
    anomaly(mlruns)
    moved = tmp_path / "elsewhere" / "runs"
    moved.parent.mkdir()
    shutil.move(mlruns, moved)
    promote("anomaly_village", "1", by="甲", home=tmp_path / "home", mlruns=moved, key=KEY)
    version = anomaly(moved).registered
    assert version.version == "2"
    client = open_registry(moved)
    for model in list_models(moved):
        assert client.get_run(model.run_id).info.artifact_uri.startswith((moved / "artifacts").as_uri())
        assert {file.path for file in client.list_artifacts(model.run_id, "bundle")} >= {
            "bundle/manifest.json"
        }
    assert not mlruns.exists()


def test_a_changed_bundle_is_not_promoted(mlruns: Path, tmp_path: Path) -> None:
    run_id = anomaly(mlruns).registered.run_id
    file = mlruns / "artifacts" / run_id / "artifacts" / "bundle" / "anomaly.json"
    file.write_bytes(file.read_bytes().replace(b'"up"', b'"do"', 1))
    with pytest.raises(BundleRefused, match=r"anomaly\.json was changed"):
        promote("anomaly_village", "1", by="甲", home=tmp_path, mlruns=mlruns, key=KEY)
    assert champion_version(tmp_path, "anomaly_village") is None


def test_what_is_not_registered_is_refused_by_name(mlruns: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownModel, match="no version 7 of anomaly_village"):
        promote("anomaly_village", "7", by="甲", home=tmp_path, mlruns=mlruns, key=KEY)
    with pytest.raises(UnknownModel, match="'weather' is not a kind"):
        promote("weather", "1", by="甲", home=tmp_path, mlruns=mlruns, key=KEY)
    with pytest.raises(UnknownModel, match="no risk_village is registered"):
        challenger("risk_village", mlruns=mlruns)


def test_one_village_is_too_few(mlruns: Path) -> None:
    features, _ = feature_set(rows=1, odd=0)
    with pytest.raises(NothingToLearnFrom, match="请先导入更多登记表"):
        train_anomaly(features, dictionary=DICTIONARY, mlruns=mlruns, key=KEY, simulated=True)
    assert list_models(mlruns) == []


def test_listing_before_the_first_training_creates_nothing(tmp_path: Path) -> None:
    assert list_models(tmp_path / "none") == []
    assert not (tmp_path / "none").exists()


def test_the_tracking_address_is_absolute_and_under_mlruns(tmp_path: Path) -> None:
    assert tracking_uri(tmp_path) == f"sqlite:///{tmp_path.resolve()}/mlflow.db"


@pytest.mark.parametrize("module", ["training.train", "training.registry", "ml.scoring"])
def test_mlflow_is_loaded_only_when_it_is_needed(module: str) -> None:
    code = f"import sys, {module}; sys.exit('mlflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_exported_version_serves_only_when_it_is_promoted(mlruns: Path, tmp_path: Path) -> None:
    anomaly(mlruns)
    folder = export("anomaly_village", "1", home=tmp_path, mlruns=mlruns, key=KEY)
    assert read_bundle(folder, key=KEY).meta["version"] == "1"
    assert champion_version(tmp_path, "anomaly_village") is None
    assert export("anomaly_village", "1", home=tmp_path, mlruns=mlruns, key=KEY) == folder
    (folder / "anomaly.json").write_bytes(b"{}")
    with pytest.raises(BundleRefused, match="changed after signing"):
        export("anomaly_village", "1", home=tmp_path, mlruns=mlruns, key=KEY)


def test_the_registrys_alias_follows_the_pointer(mlruns: Path, tmp_path: Path) -> None:
    for seed in (0, 1):
        anomaly(mlruns, seed=seed)
        export("anomaly_village", str(seed + 1), home=tmp_path, mlruns=mlruns, key=KEY)
    for version in ("1", "2", "1"):
        set_champion(tmp_path, "anomaly_village", version)
        assert follow_champions(tmp_path, mlruns) == {"anomaly_village": version}
        (champion,) = [model for model in list_models(mlruns) if "champion" in model.aliases]
        assert champion.version == version
    assert follow_champions(tmp_path / "elsewhere", mlruns) == {}


def test_a_feature_added_since_training_makes_the_bundle_refuse(mlruns: Path, tmp_path: Path) -> None:
    anomaly(mlruns)
    promote("anomaly_village", "1", by="甲", home=tmp_path, mlruns=mlruns, key=KEY)
    features, _ = feature_set(rows=ROWS, odd=ODD)
    wider = replace(
        features,
        values=features.values.assign(new_one=0.0),
        standardised=features.standardised.assign(new_one=0.0),
        definition_hash="e" * 64,
    )
    with pytest.raises(FeatureMismatch, match="unexpected 'new_one'; train again"):
        load_scorers(tmp_path, features=wider, key=KEY)
