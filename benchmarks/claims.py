"""Car insurance claims: learn on 1994, order those of 1995; the risk model beside plain LightGBM on the same columns.

    python -m benchmarks claims

AUC and average precision of fraud, mean and spread over seeds, with a bootstrap over the claims of 1995 of the
difference. Left out of the inputs: policy number (rows stand in its order, so it is a date), number of the
representative (a person), year, month, week and day (dates), area of the accident (a place). Text columns are
coded one column per value seen in 1994. Every claim of 1994 is labelled, so nothing is unverified here. Both
models run as they come; nothing was chosen with the claims of 1995 in view.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, roc_auc_score

from benchmarks.printing import print_table
from benchmarks.risk import plain_lightgbm
from ml.matrix import Floats
from ml.risk import RiskModel

LABEL = "FraudFound_P"
NOT_INPUTS = (
    "PolicyNumber",
    "RepNumber",
    "Year",
    "Month",
    "WeekOfMonth",
    "DayOfWeek",
    "MonthClaimed",
    "WeekOfMonthClaimed",
    "DayOfWeekClaimed",
    "AccidentArea",
)
SEEDS = 5
RESAMPLES = 2_000


def claims(data: Path) -> tuple[pd.DataFrame, Floats, pd.Series] | None:
    """Inputs, outcome (1 = fraud) and year of every claim; None if the file is not there."""
    path = data / "claims" / "car_claims_1994_1995.parquet"
    if not path.exists():
        return None
    table = pd.read_parquet(path)
    inputs = pd.get_dummies(table.drop(columns=[LABEL, *NOT_INPUTS]), dtype="float64")
    first = inputs[table["Year"] == 1994]
    inputs = inputs[[name for name in inputs.columns if first[name].nunique() > 1]]
    return inputs, table[LABEL].to_numpy(dtype=np.float64), table["Year"]


def main(data: Path, *, seeds: int = SEEDS) -> None:
    """Measure and print the table."""
    found = claims(data)
    if found is None:
        print(f"no claims under {data}: nothing measured")
        return
    X, y, year = found
    values = X.to_numpy()
    old, new = (year == 1994).to_numpy(), (year == 1995).to_numpy()
    scores: dict[str, list[Floats]] = {"ours": [], "plain LightGBM": [], "anomaly score alone": []}
    for seed in range(seeds):
        model = RiskModel(random_state=seed).fit(X[old], y[old])
        scores["ours"].append(model.score(X[new]))
        scores["anomaly score alone"].append(model.anomaly_.score(X[new]))
        scores["plain LightGBM"].append(plain_lightgbm(values[old], y[old], values[new], seed=seed))
    truth = y[new]
    print_table(
        f"Car claims of 1995, learnt on 1994: {len(truth)} claims, {truth.mean():.1%} fraud, {seeds} seeds",
        ["model", "AUC", "average precision", "ours − it: AUC (95 % over claims)", "average precision"],
        [_line(name, values, ours=scores["ours"], truth=truth) for name, values in scores.items()],
    )


def _line(name: str, values: list[Floats], *, ours: list[Floats], truth: Floats) -> list[str]:
    figures = 100 * np.array([[measure(truth, score) for measure in _MEASURES] for score in values])
    cells = [
        f"{mean:.2f} ± {spread:.2f}"
        for mean, spread in zip(figures.mean(axis=0), figures.std(axis=0), strict=True)
    ]
    if values is ours:
        return [name, *cells, "", ""]
    own = np.mean(
        100 * np.array([[measure(truth, score) for measure in _MEASURES] for score in ours]), axis=0
    )
    low, high = np.percentile(_resampled_gains(ours, values, truth=truth), [2.5, 97.5], axis=0)
    gain = own - figures.mean(axis=0)
    return [
        name,
        *cells,
        *(f"{g:+.2f} ({a:+.2f} to {b:+.2f})" for g, a, b in zip(gain, low, high, strict=True)),
    ]


def _resampled_gains(ours: list[Floats], theirs: list[Floats], *, truth: Floats) -> Floats:
    """Differences of both measures on claims drawn with replacement, seeds in turn; shape (draws, 2)."""
    random = np.random.default_rng(0)
    gains = np.empty((RESAMPLES, len(_MEASURES)))
    for draw in range(RESAMPLES):
        rows, seed = random.integers(0, len(truth), len(truth)), draw % len(ours)
        for column, measure in enumerate(_MEASURES):
            gains[draw, column] = measure(truth[rows], ours[seed][rows]) - measure(
                truth[rows], theirs[seed][rows]
            )
    return 100 * gains


_MEASURES = (roc_auc_score, average_precision_score)
