"""The anomaly model beside six known detectors on twenty public sets (ADBench), labels unseen.

    python -m benchmarks anomaly

AUROC and average precision in percent, per set and on average. Ours and both isolation forests run with five seeds;
ECOD, COPOD, KNN and HBOS have no seed and run once. Every detector has one configuration for all sets (the peers
their defaults) and sees the numbers as they stand in the file. No rows are left out. PyOD comes with the extra
`bench`.

The design (parts, weights, share of the core) was chosen with these twenty sets in view. How much of the gain is
owed to that is shown by choosing the weight of the forest anew on half of the sets and measuring on the other half.
"""

from __future__ import annotations

import importlib
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score

from ml.anomaly import WEIGHTS, AnomalyModel

RESAMPLES = 10_000
OURS, FOREST = "ours", "sklearn IF"
FOREST_WEIGHTS = (1.0, 0.75, 0.5, 0.4, 0.25, 0.0)
"""Weights of the forest among which the split-half check chooses; 1 is an isolation forest."""
_UNSEEDED = {"ECOD": "ecod", "COPOD": "copod", "KNN": "knn", "HBOS": "hbos"}

Detector = Callable[[np.ndarray, int], np.ndarray]
Quality = np.ndarray
"""AUROC and average precision in percent, shape (seeds, 2)."""


def peers() -> dict[str, Detector]:
    """The known detectors: rows and seed to scores, higher = more abnormal.

    Raises:
        SystemExit: PyOD is not installed; says how to install it.
    """
    found: dict[str, Detector] = {
        FOREST: lambda X, seed: -IsolationForest(random_state=seed).fit(X).score_samples(X)
    }
    try:
        pyod = {name: importlib.import_module(f"pyod.models.{module}") for name, module in _UNSEEDED.items()}
        iforest = importlib.import_module("pyod.models.iforest")
    except ModuleNotFoundError as error:
        raise SystemExit(f"{error.name} is missing: pip install 'cunjian[bench]' for the peers") from error
    found["PyOD IF"] = lambda X, seed: np.asarray(iforest.IForest(random_state=seed).fit(X).decision_scores_)
    return found | {name: _unseeded(getattr(module, name)) for name, module in pyod.items()}


def _unseeded(make: Callable[[], Any]) -> Detector:
    return lambda X, _: np.asarray(make().fit(X).decision_scores_)


def measure(
    path: Path, *, seeds: int, detectors: Mapping[str, Detector]
) -> tuple[dict[str, Quality], np.ndarray]:
    """Quality by detector on the set at `path`, and of ours by weight of the forest, shape (weights, 2)."""
    table = pd.read_parquet(path)
    truth = table.pop("y").to_numpy()
    X = table.to_numpy(dtype=np.float64)
    done: dict[str, Quality] = {}
    models = [AnomalyModel(random_state=seed).fit(X) for seed in range(seeds)]
    done[OURS] = quality([model.score(X) for model in models], truth)
    for name, detector in detectors.items():
        runs = 1 if name in _UNSEEDED else seeds
        done[name] = quality([detector(X, seed) for seed in range(runs)], truth)
    return done, np.mean([by_weight(model, X, truth) for model in models], axis=0)


def by_weight(model: AnomalyModel, X: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Quality with other weights of the forest, the other parts sharing the rest, shape (weights, 2)."""
    parts = model.parts(X)
    others = parts[:, 1:].mean(axis=1)
    return quality([weight * parts[:, 0] + (1 - weight) * others for weight in FOREST_WEIGHTS], truth)


def quality(scores: list[np.ndarray], truth: np.ndarray) -> Quality:
    return 100 * np.array(
        [(roc_auc_score(truth, each), average_precision_score(truth, each)) for each in scores]
    )


def report(data: Path, *, seeds: int, seconds: float) -> Iterator[str]:
    """The lines of the table, as they are ready."""
    paths = sorted(data.glob("*.parquet"))
    if not paths:
        yield f"no sets under {data}: nothing measured"
        return
    detectors = peers()
    yield f"{'AUROC / average precision':20}" + "".join(f"{name:>16}" for name in (OURS, *detectors))
    started = time.perf_counter()
    done: dict[str, dict[str, Quality]] = {}
    weighted: list[np.ndarray] = []
    for path in paths:
        if time.perf_counter() - started > seconds:
            break
        done[path.stem], other_weights = measure(path, seeds=seeds, detectors=detectors)
        weighted.append(other_weights)
        yield _line(path.stem, done[path.stem])
    if len(done) < len(paths):
        yield f"left out after {seconds:.0f} s: {', '.join(path.stem for path in paths[len(done) :])}"
    yield from _summary(done, seeds=seeds)
    yield from split_half(np.array(weighted))


def _line(name: str, of_set: Mapping[str, Quality]) -> str:
    cells = [
        f"{auc:5.1f}" + (f"±{runs[:, 0].std(ddof=1):3.1f}" if len(runs) > 1 else "    ") + f"/{ap:5.1f}"
        for runs in of_set.values()
        for auc, ap in [runs.mean(axis=0)]
    ]
    return f"{name:20}" + "".join(f"{cell:>16}" for cell in cells)


def _summary(done: Mapping[str, Mapping[str, Quality]], *, seeds: int) -> Iterator[str]:
    names = list(next(iter(done.values())))
    means = {name: np.array([of_set[name].mean(axis=0) for of_set in done.values()]) for name in names}
    yield f"{'mean':20}" + "".join(
        f"{means[n][:, 0].mean():10.2f}/{means[n][:, 1].mean():5.2f}" for n in names
    )
    own = np.array([of_set[OURS] for of_set in done.values()]).mean(axis=0)
    yield f"mean over {len(done)} sets by seed: AUROC ± {own[:, 0].std(ddof=1):.2f}, AP ± {own[:, 1].std(ddof=1):.2f}"
    for column, measure_name in enumerate(("AUROC", "average precision")):
        best = max((name for name in names if name != OURS), key=lambda name: means[name][:, column].mean())
        gain = means[OURS][:, column] - means[best][:, column]
        low, high = interval(gain)
        yield (
            f"{measure_name}: {gain.mean():+.2f} above the best peer, {best}"
            f" (95 % over sets {low:+.2f} to {high:+.2f}); better on {(gain > 0).sum()} of {len(gain)} sets"
        )
    below = [
        f"{name} {gap:+.1f} (allowed {-allowed:.1f})"
        for name, of_set in done.items()
        for gap in [of_set[OURS][:, 0].mean() - of_set[FOREST][:, 0].mean()]
        for allowed in [max(3.0, 2 * of_set[FOREST][:, 0].std(ddof=1) if seeds > 1 else 0.0)]
        if gap < -allowed
    ]
    yield f"more than max(3, 2 seed deviations) below {FOREST}: {', '.join(below) or 'no set'}"


def interval(gain: np.ndarray) -> tuple[float, float]:
    """Bootstrap over sets of the mean, 95 %."""
    means = np.random.default_rng(0).choice(gain, (RESAMPLES, len(gain))).mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def split_half(weighted: np.ndarray, *, splits: int = 1_000) -> Iterator[str]:
    """Choose the weight of the forest on one half of the sets by AUROC, measure on the other.

    Args:
        weighted: shape (sets, FOREST_WEIGHTS, 2).
    """
    if len(weighted) < 4:
        return
    random = np.random.default_rng(0)
    gained, chosen = [], []
    for _ in range(splits):
        order = random.permutation(len(weighted))
        one, other = order[: len(order) // 2], order[len(order) // 2 :]
        best = int(weighted[one, :, 0].mean(axis=0).argmax())
        chosen.append(FOREST_WEIGHTS[best])
        gained.append(weighted[other, best].mean(axis=0) - weighted[other, 0].mean(axis=0))
    auc, ap = np.mean(gained, axis=0)
    yield "weight of the forest: " + ", ".join(
        f"{weight:g} {auc:.2f}/{ap:.2f}"
        for weight, (auc, ap) in zip(FOREST_WEIGHTS, weighted.mean(axis=0), strict=True)
    )
    shares = {weight: chosen.count(weight) / splits for weight in FOREST_WEIGHTS if weight in chosen}
    yield (
        f"chosen on half of the sets, measured on the other ({splits} splits): AUROC {auc:+.2f}, AP {ap:+.2f} against"
        f" the forest alone; chosen {', '.join(f'{weight:g} in {share:.0%}' for weight, share in shares.items())};"
        f" in use {WEIGHTS['forest']:g}"
    )


def main(data: Path, *, seeds: int = 5, seconds: float = 900) -> None:
    """Print the comparison on the sets in `data`/anomaly; no further set is begun after `seconds`."""
    warnings.filterwarnings("ignore", module="pyod")
    for line in report(data / "anomaly", seeds=seeds, seconds=seconds):
        print(line, flush=True)
