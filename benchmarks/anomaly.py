"""The anomaly model beside scikit-learn's isolation forest on twenty public sets (ADBench), labels unseen.

    python -m benchmarks anomaly

Prints AUROC and average precision per set and on average, over seeds, and a bootstrap over sets of the mean
difference. One configuration for all sets. Data that is not there, or a set left out for lack of time, is said.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score

from ml.anomaly import AnomalyModel

RESAMPLES = 10_000


@dataclass(frozen=True)
class Compared:
    """AUROC and average precision in percent, shape (seeds, 2), and seconds for all seeds, of both on one set."""

    name: str
    ours: np.ndarray
    peer: np.ndarray
    our_seconds: float
    peer_seconds: float


def compare(path: Path, *, seeds: int) -> Compared:
    """Both models on the set at `path`: numeric columns and `y`, 1 for an anomaly."""
    table = pd.read_parquet(path)
    truth = table.pop("y").to_numpy()
    X = table.to_numpy(dtype=np.float64)
    started = time.perf_counter()
    ours = [AnomalyModel(random_state=seed).fit(X).score(X) for seed in range(seeds)]
    between = time.perf_counter()
    peer = [-IsolationForest(random_state=seed).fit(X).score_samples(X) for seed in range(seeds)]
    done = time.perf_counter()
    return Compared(
        path.stem, _quality(ours, truth), _quality(peer, truth), between - started, done - between
    )


def report(data: Path, *, seeds: int, seconds: float) -> Iterator[str]:
    """The lines of the table, as they are ready."""
    paths = sorted(data.glob("*.parquet"))
    if not paths:
        yield f"no sets under {data}: nothing measured"
        return
    yield f"{'set':20} {'AUROC ours':>12} {'forest':>12} {'diff':>6}   {'AP ours':>7} {'forest':>7}"
    started, done = time.perf_counter(), list[Compared]()
    for path in paths:
        if time.perf_counter() - started > seconds:
            break
        done.append(compare(path, seeds=seeds))
        yield _line(done[-1])
    if len(done) < len(paths):
        yield f"left out after {seconds:.0f} s: {', '.join(path.stem for path in paths[len(done) :])}"
    yield from _summary(done, seeds=seeds)


def _quality(scores: list[np.ndarray], truth: np.ndarray) -> np.ndarray:
    pairs = [(roc_auc_score(truth, score), average_precision_score(truth, score)) for score in scores]
    return 100 * np.array(pairs)


def _line(one: Compared) -> str:
    (auc, ap), (peer_auc, peer_ap) = one.ours.mean(axis=0), one.peer.mean(axis=0)
    spread, peer_spread = one.ours.std(axis=0)[0], one.peer.std(axis=0)[0]
    return (
        f"{one.name:20} {auc:6.1f} ± {spread:3.1f} {peer_auc:6.1f} ± {peer_spread:3.1f} {auc - peer_auc:+6.1f}"
        f"   {ap:7.1f} {peer_ap:7.1f}"
    )


def _summary(done: list[Compared], *, seeds: int) -> Iterator[str]:
    ours, peer = (np.array([getattr(one, side).mean(axis=0) for one in done]) for side in ("ours", "peer"))
    gain = ours - peer
    random = np.random.default_rng(0)
    low, high = np.percentile(random.choice(gain[:, 0], (RESAMPLES, len(done))).mean(axis=1), [2.5, 97.5])
    seconds = sum(one.our_seconds for one in done), sum(one.peer_seconds for one in done)
    yield (
        f"mean of {len(done)} sets, {seeds} seeds: AUROC {ours[:, 0].mean():.2f}, isolation forest"
        f" {peer[:, 0].mean():.2f}, difference {gain[:, 0].mean():+.2f} (95 % over sets {low:+.2f} to {high:+.2f});"
        f" average precision {ours[:, 1].mean():.2f}, {peer[:, 1].mean():.2f}"
    )
    yield (
        f"worst set {done[int(gain[:, 0].argmin())].name} {gain[:, 0].min():+.1f};"
        f" seconds {seconds[0]:.1f}, isolation forest {seconds[1]:.1f}"
    )


def main(data: Path, *, seeds: int = 3, seconds: float = 240) -> None:
    """Print the comparison on the sets in `data`/anomaly; no further set is begun after `seconds`."""
    for line in report(data / "anomaly", seeds=seeds, seconds=seconds):
        print(line, flush=True)
