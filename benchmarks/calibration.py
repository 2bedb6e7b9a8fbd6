"""How far the probability of confirmation is from the truth, before and after calibration, on held-out rows.

    python -m benchmarks calibration

Real outcomes, 1 and 0: car claims (learnt on 1994, held out 1995) and the larger public anomaly sets (60 / 40).
Expected calibration error (ECE): cases in ten parts of equal size by probability; mean gap between the mean
probability and the share confirmed. Even a perfect probability has an ECE above 0 on few cases; what chance alone
gives stands beside it (outcomes drawn with our probabilities). 95 % bootstrap intervals over held-out rows.

- before: margin of the same model as log-odds, without the curve.
- biased choice: only a part is verified, 80 % of the top sixth by anomaly score and 5 % of the rest, with these chances
  as propensities; with and without weights. Held-out rows are all counted, so the truth is that of all rows.

"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.model_selection import train_test_split

from benchmarks.claims import claims
from benchmarks.printing import print_table
from ml.anomaly import AnomalyModel
from ml.matrix import Floats
from ml.risk import RiskModel
from training.evaluation import calibration_error

SETS: Final = ("2_annthyroid", "28_pendigits", "7_Cardiotocography", "41_Waveform", "47_yeast", "29_Pima")
RESAMPLES: Final = 1_000
TOP, CHANCE_TOP, CHANCE_REST = 1 / 6, 0.8, 0.05


def main(data: Path, *, seed: int = 0) -> None:
    """Measure and print the table."""
    lines = [
        line for name, X, y, old in _sets(data, seed=seed) for line in measure(name, X, y, old, seed=seed)
    ]
    if not lines:
        print(f"neither claims nor anomaly sets under {data}: nothing measured")
        return
    print_table(
        "Expected calibration error in percent (95 % over held-out rows)",
        [
            "set",
            "verified",
            "confirmed",
            "before",
            "after",
            "chance alone",
            "curve",
            "mean probability / truth",
        ],
        lines,
    )


def measure(name: str, X: Floats, y: Floats, old: np.ndarray, *, seed: int) -> Iterator[list[str]]:
    """The lines of one set: all of `old` verified, and a biased choice of them without and with weights."""
    anomaly = AnomalyModel(random_state=seed).fit(X[old]).score(X[old])
    chance = np.where(anomaly >= np.quantile(anomaly, 1 - TOP), CHANCE_TOP, CHANCE_REST)
    chosen = np.random.default_rng(seed).random(len(chance)) < chance
    known = np.where(chosen, y[old], np.nan)
    propensity = np.where(chosen, chance, np.nan)
    for told, outcome, chances in (
        ("all verified", y[old], None),
        ("biased, no weights", known, None),
        ("biased, weights", known, propensity),
    ):
        model = RiskModel(random_state=seed).fit(X[old], outcome, propensity=chances)
        yield [f"{name}: {told}", *_figures(model, X[~old], y[~old])]


def _figures(model: RiskModel, new: Floats, truth: Floats) -> list[str]:
    verified, confirmed = model.confirmed_ + model.refuted_, model.confirmed_
    after = model.probability(new)
    if model.calibration_ is None:
        return [str(verified), str(confirmed), "", "too few cases", "", "", ""]
    random = np.random.default_rng(0)
    by_chance = [
        calibration_error(after, (random.random(len(after)) < after).astype(float))
        for _ in range(RESAMPLES // 5)
    ]
    return [
        str(verified),
        str(confirmed),
        _with_interval(expit(model.margin(new)), truth),
        _with_interval(after, truth),
        f"{100 * np.mean(by_chance):.1f}",
        type(model.calibration_).__name__.lower(),
        f"{100 * after.mean():.1f} / {100 * truth.mean():.1f}",
    ]


def _with_interval(probability: Floats, truth: Floats) -> str:
    random = np.random.default_rng(0)
    drawn = [random.integers(0, len(truth), len(truth)) for _ in range(RESAMPLES)]
    low, high = np.percentile(
        [calibration_error(probability[rows], truth[rows]) for rows in drawn], [2.5, 97.5]
    )
    return f"{100 * calibration_error(probability, truth):.1f} ({100 * low:.1f} to {100 * high:.1f})"


def _sets(data: Path, *, seed: int) -> Iterator[tuple[str, Floats, Floats, np.ndarray]]:
    """Name, inputs, outcome, and which rows are learnt from."""
    found = claims(data)
    if found is not None:
        X, y, year = found
        yield "car claims", X.to_numpy(), y, (year == 1994).to_numpy()
    for name in SETS:
        path = data / "anomaly" / f"{name}.parquet"
        if path.exists():
            table = pd.read_parquet(path)
            truth = table.pop("y").to_numpy(dtype=np.float64)
            known, _ = train_test_split(
                np.arange(len(truth)), train_size=0.6, stratify=truth, random_state=seed
            )
            yield name, table.to_numpy(dtype=np.float64), truth, np.isin(np.arange(len(truth)), known)
