"""The risk model with cases verified from a list, on twenty public sets (ADBench) and car claims; checks may miss.

    python -m benchmarks verified

How an office begins: of 600 rows (fewer where a set has fewer) it verifies the 40 highest by an impression (the
anomaly score with noise) and a random quota of 20, in the second table 100 and 50. The public label says what is
there. A good check finds just that; one that misses finds a third of it not and faults one clean row in twenty (both
rates are made up). Order of the rows that were never seen: AUROC and average precision, mean over sets and seeds,
and a bootstrap over sets of the difference.

Chosen with these sets in view (one seed, other sizes): that with few cases of both kinds 20 trees are learnt, and that
left-out cases choose from fifty of each kind only.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import train_test_split

from benchmarks.claims import claims
from benchmarks.printing import print_table
from benchmarks.risk import plain_lightgbm
from ml.anomaly import AnomalyModel
from ml.matrix import Floats
from ml.risk import RiskModel

MODELS: Final = ("ours", "ours, no selection weights", "anomaly score alone", "plain LightGBM")
VERIFIED: Final = ((40, 20), (100, 50))
MISSED, FAULTED = 0.35, 0.05
ROWS: Final = 600
LEARNT_SHARE: Final = 0.6
NOISE: Final = 0.5
"""Of the impression, in standard deviations of the anomaly score."""
RESAMPLES: Final = 10_000


def main(data: Path, *, seeds: int = 3) -> None:
    """Measure and print a table for each size and kind of check."""
    sets = dict(public_sets(data))
    if not sets:
        print(f"no sets under {data}: nothing measured")
        return
    for top, quota in VERIFIED:
        for misses in (False, True):
            figures = np.array(
                [
                    np.nanmean(
                        [measure(*table, top=top, quota=quota, misses=misses, seed=s) for s in range(seeds)],
                        axis=0,
                    )
                    for table in sets.values()
                ]
            )
            told = "checks miss a third" if misses else "checks find what is there"
            print_report(figures, f"{top} by impression and {quota} by quota verified, {told}; {seeds} seeds")


def public_sets(data: Path) -> Iterator[tuple[str, tuple[Floats, Floats]]]:
    """Values and label of every public set that is there."""
    for path in sorted((data / "anomaly").glob("*.parquet")):
        table = pd.read_parquet(path)
        label = table.pop("y").to_numpy(dtype=np.float64)
        yield path.stem, (table.to_numpy(dtype=np.float64), label)
    if found := claims(data):
        inputs, fraud, _ = found
        yield "car claims", (inputs.to_numpy(), fraud)


def measure(X: Floats, truth: Floats, *, top: int, quota: int, misses: bool, seed: int) -> Floats:
    """AUROC and average precision in percent on rows never seen; shape (models, 2), NaN if nothing was confirmed."""
    size = min(ROWS, int(LEARNT_SHARE * len(X)))
    known, new = train_test_split(np.arange(len(X)), train_size=size, stratify=truth, random_state=seed)
    y, propensity = verified(X[known], truth[known], top=top, quota=quota, misses=misses, seed=seed)
    if not np.nansum(y):
        return np.full((len(MODELS), 2), np.nan)
    ours = RiskModel(random_state=seed).fit(X[known], y, propensity)
    seen = ~np.isnan(y)
    both = 0 < y[seen].mean() < 1
    scores = {
        "ours": ours.score(X[new]),
        "ours, no selection weights": RiskModel(random_state=seed).fit(X[known], y).score(X[new]),
        "anomaly score alone": ours.anomaly_.score(X[new]),
        "plain LightGBM": plain_lightgbm(X[known][seen], y[seen], X[new], seed=seed)
        if both
        else np.zeros(len(new)),
    }
    return np.array(
        [
            [
                100 * roc_auc_score(truth[new], scores[name]),
                100 * average_precision_score(truth[new], scores[name]),
            ]
            for name in MODELS
        ]
    )


def verified(
    X: Floats, truth: Floats, *, top: int, quota: int, misses: bool, seed: int
) -> tuple[Floats, Floats]:
    """What people found (NaN where nobody looked), and the chance with which a row was chosen."""
    random = np.random.default_rng(seed)
    anomaly = AnomalyModel(random_state=seed).fit(X).margin(X)
    impression = anomaly + random.normal(0, NOISE * anomaly.std(), len(X))
    top = min(top, len(X) // 3)
    order = np.argsort(-impression, kind="stable")
    rest = order[top:]
    by_quota = random.choice(rest, min(quota, len(rest)), replace=False)
    propensity = np.full(len(X), np.nan)
    propensity[order[:top]] = 1.0
    propensity[by_quota] = len(by_quota) / len(rest)
    seen = ~np.isnan(propensity)
    found = truth.copy()
    if misses:
        chance = random.random(len(X))
        found = np.where(truth == 1, chance >= MISSED, chance < FAULTED).astype(np.float64)
    return np.where(seen, found, np.nan), propensity


def print_report(figures: Floats, title: str) -> None:
    """`figures`: shape (sets, models, 2)."""
    figures = figures[~np.isnan(figures).any(axis=(1, 2))]
    drawn = np.random.default_rng(0).integers(0, len(figures), (RESAMPLES, len(figures)))
    rows = []
    for column, name in enumerate(MODELS):
        gain = figures[:, 0] - figures[:, column]
        low, high = np.percentile(gain[drawn].mean(axis=1), [2.5, 97.5], axis=0)
        told = [
            f"{g:+.2f} ({a:+.2f} to {b:+.2f})" for g, a, b in zip(gain.mean(axis=0), low, high, strict=True)
        ]
        means = [f"{value:.2f}" for value in figures[:, column].mean(axis=0)]
        rows.append([name, *means, *(told if column else ["", ""])])
    print_table(
        f"{len(figures)} sets; {title}",
        ["model", "AUROC", "average precision", "ours − it: AUROC (95 % over sets)", "average precision"],
        rows,
    )
