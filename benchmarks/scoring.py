"""Scoring of all villages of the country: 600,000 rows of village features, a simulated random matrix.

    python -m benchmarks scoring

Seconds on the cores there are of (1) the anomaly and the risk model on the matrix, beside LightGBM's own `predict` of
the same trees and scikit-learn's `score_samples` of an isolation forest, both on all cores; (2) the whole way of
`ml.scoring.score_entities`: findings, percentiles and reasons for the top 1 %. The numbers in the matrix are drawn
at random; only the time says anything.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import date
from unittest.mock import patch

import lightgbm as lgb
import numpy as np
import pandas as pd
from joblib import cpu_count
from sklearn.ensemble import IsolationForest

import ml.scoring
from benchmarks.printing import print_table
from features.compute import FeatureSet
from features.dictionary import dictionary
from ml.anomaly import AnomalyModel
from ml.inputs import input_directions, model_inputs
from ml.risk import RiskModel
from ml.scoring import SCORES_SCHEMA, Scorers, score_entities
from supervision.runs import FINDINGS_SCHEMA

VILLAGES = 600_000
TRAINED_ON = 6_000
CONFIRMED = 0.05
AS_OF = date(2025, 12, 31)


def simulated(villages: int) -> FeatureSet:
    """Random numbers in the columns of the village features: a tenth heavy-tailed, a tenth flags, 2 % unknown."""
    names = list(dictionary("village"))
    random = np.random.default_rng(0)
    matrix = random.standard_normal((villages, len(names)))
    matrix[:, ::10] = np.clip(random.standard_cauchy((villages, len(names[::10]))), -10, 10)
    matrix[:, 5::10] = random.random((villages, len(names[5::10]))) < 0.1
    matrix[
        random.integers(0, villages, matrix.size // 50), random.integers(0, len(names), matrix.size // 50)
    ] = np.nan
    index = pd.Index([f"{990_000_000_000 + number}" for number in range(villages)], name="entity_id")
    values = pd.DataFrame(matrix, index=index, columns=names)
    return FeatureSet(
        entity="village",
        as_of=AS_OF,
        values=values,
        counts=values,
        typical=pd.DataFrame(np.zeros(matrix.shape), index=index, columns=names),
        standardised=values,
        peers=pd.Series(random.choice(["平原村", "山区村", "城郊村"], villages), index=index),
        villages=pd.Series(index, index=index),
        definition_hash="simulated",
    )


def trained(features: FeatureSet) -> Scorers:
    """Both models, trained on the first villages; the confirmed cases follow three of the features."""
    some = features.only(list(features.values.index[:TRAINED_ON]))
    names = dictionary("village")
    inputs = model_inputs(some, {})
    directions = input_directions(names, inputs.columns)
    signal = some.normalised().iloc[:, [1, 2, 3]].fillna(0).sum(axis=1) + np.random.default_rng(1).normal(
        size=TRAINED_ON
    )
    y = np.asarray(signal > signal.quantile(1 - CONFIRMED), dtype=np.float64)
    own = {name: direction for name, direction in directions.items() if name in names}
    return Scorers(
        anomaly=AnomalyModel(directions=own).fit(some.normalised()),
        risk=RiskModel(directions=directions).fit(inputs, y),
        versions={"anomaly_village": "1", "risk_village": "1"},
    )


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main(villages: int = VILLAGES) -> None:
    """Print seconds and ratios; `villages` fewer than VILLAGES is said in the title."""
    features = simulated(villages)
    scorers = trained(features)
    risk, inputs = scorers.risk, model_inputs(features, {})
    assert risk is not None
    trees = risk.boosted_.trees
    matrix = inputs.fillna(0).to_numpy()
    forest = IsolationForest(random_state=0, n_jobs=cpu_count()).fit(matrix[:TRAINED_ON])
    augmented = np.column_stack([matrix, np.zeros(len(matrix))])
    own_trees = trees or lgb.Booster(
        {"objective": "binary", "verbosity": -1}, lgb.Dataset(matrix[:10], np.arange(10) % 2)
    )
    peers = {
        "LightGBM predict": seconds(lambda: own_trees.predict(augmented, num_threads=cpu_count())),
        "isolation forest score_samples": seconds(lambda: forest.score_samples(matrix)),
    }
    together = sum(peers.values())
    ours = {
        "anomaly.score": seconds(lambda: scorers.anomaly.score(features.normalised())),
        "risk.score (anomaly and trees)": seconds(lambda: risk.score(inputs)),
    }
    findings = FINDINGS_SCHEMA.empty_table()
    with patch.object(ml.scoring, "MAX_REASONED", villages // 100):
        whole = seconds(
            lambda: score_entities(
                features, findings, scorers=scorers, dictionary=dictionary("village"), simulated=True
            )
        )
    rows = [(name, f"{took:.1f}", "") for name, took in peers.items()]
    rows += [("both peers", f"{together:.1f}", "1.00")]
    rows += [(name, f"{took:.1f}", f"{took / together:.2f}") for name, took in ours.items()]
    rows += [(f"whole way, reasons for {villages // 100:,}", f"{whole:.1f}", f"{whole / together:.2f}")]
    trees_told = (
        f"{risk.rounds_} trees of risk, {scorers.anomaly.n_estimators} of anomaly, peer {len(forest)}"
    )
    print_table(
        f"{villages:,} villages × {len(features.values.columns)} features, simulated random matrix; "
        f"{cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {trees_told}; {len(SCORES_SCHEMA)} columns of scores",
        ["work", "seconds", "to both peers"],
        rows,
    )
