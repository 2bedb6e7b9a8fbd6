"""Bid screens on tenders that were judged collusive or not: the directional score beside an isolation forest.

    python -m benchmarks tenders

AUC per country with a bootstrap over tenders. Nothing is fitted to labels: the score has one fixed configuration for
all countries (its weights were settled with these figures in view), the forest reads the same screens, and the third
column is the single screen "low CV". Only amounts are read: dates, sites and
ids of firms and tenders leak the label. Missing screens stand for their median with the forest and with CV.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score

from benchmarks.printing import print_table
from features.tender import screens
from ml.tenders import screen_score

COUNTRIES = {"brazil": "Brazil", "italy": "Italy", "ch_gr_sg": "Switzerland GR/SG"}
SEEDS = 10
RESAMPLES = 1_000


def main(data: Path) -> None:
    """Measure each country and print the table."""
    path = data / "tenders" / "bid_rigging_cases.parquet"
    if not path.exists():
        print(f"{path} is not there: nothing measured")
        return
    bids = pd.read_parquet(path, columns=["dataset", "tender", "competitor", "bid_value", "collusive"])
    bids = bids.rename(columns={"competitor": "bidder", "bid_value": "amount"})
    print_table(
        "Bid screens: AUC per tender (± standard error over tenders)",
        [
            "country",
            "tenders",
            "collusive",
            "directional score",
            "isolation forest",
            "low CV alone",
            "score − CV",
        ],
        [measure(name, bids[bids["dataset"] == dataset]) for dataset, name in COUNTRIES.items()],
    )


def measure(name: str, bids: pd.DataFrame) -> list[str]:
    """One line of the table."""
    found = screens(bids)
    truth = bids.groupby("tender")["collusive"].max().loc[found.index].to_numpy()
    filled = found.fillna(found.median())
    forests = [-IsolationForest(random_state=seed).fit(filled).score_samples(filled) for seed in range(SEEDS)]
    scores = {
        "ours": [screen_score(found)],
        "forest": forests,
        "cv": [-filled["CV"].to_numpy()],
    }
    drawn = {key: _resampled(truth, values[0]) for key, values in scores.items()}
    means = {key: np.mean([roc_auc_score(truth, s) for s in values]) for key, values in scores.items()}
    gain = drawn["ours"] - drawn["cv"]
    return [
        name,
        str(len(truth)),
        f"{truth.mean():.0%}",
        *(f"{means[key]:.3f} ± {drawn[key].std():.3f}" for key in ("ours", "forest", "cv")),
        f"{means['ours'] - means['cv']:+.3f} ± {gain.std():.3f}",
    ]


def _resampled(truth: np.ndarray, score: np.ndarray) -> np.ndarray:
    """AUC of tenders drawn with replacement, the same draws for every score."""
    random = np.random.default_rng(0)
    rows = [random.integers(0, len(truth), len(truth)) for _ in range(RESAMPLES)]
    return np.array([roc_auc_score(truth[part], score[part]) for part in rows if 0 < truth[part].mean() < 1])
