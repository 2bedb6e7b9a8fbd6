"""Do the reasons carry the score? The columns of the top three reasons set to the typical value must lower it.

    python -m benchmarks reasons

Twenty public sets (ADBench): the top 5 % of the rows by anomaly score, and by the risk model with labels for 10 % of
the anomalies and of the other rows. A reason names one column, as long as no dictionary groups them; its column is
set to the median of the set, which is what `contributions` compares with.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from ml.anomaly import AnomalyModel
from ml.risk import RiskModel

FLAGGED, LABELLED, NAMED, GOAL = 0.05, 0.10, 3, 0.95


def lowered(model: AnomalyModel | RiskModel, X: pd.DataFrame) -> tuple[int, int]:
    """Flagged rows whose score falls without its top three reasons, and flagged rows."""
    margin = model.margin(X)
    flagged = np.argsort(-margin, kind="stable")[: max(1, int(np.ceil(FLAGGED * len(X))))]
    added = model.contributions(X.iloc[flagged]).to_numpy()
    strongest = np.argsort(-added, axis=1, kind="stable")[:, :NAMED]
    named = np.zeros(added.shape, dtype=bool)
    np.put_along_axis(named, strongest, True, axis=1)
    named &= added > 0
    mended = np.where(named, X.median().to_numpy(), X.iloc[flagged].to_numpy())
    after = model.margin(pd.DataFrame(mended, columns=X.columns))
    return int((after < margin[flagged]).sum()), len(flagged)


def some_labels(truth: np.ndarray, *, seed: int) -> np.ndarray:
    """The truth of LABELLED of the anomalies and of the other rows, at least one each; NaN elsewhere."""
    random = np.random.default_rng(seed)
    y = np.full(len(truth), np.nan)
    for value in (0, 1):
        of_value = np.flatnonzero(truth == value)
        known = random.choice(of_value, max(1, int(np.ceil(LABELLED * len(of_value)))), replace=False)
        y[known] = value
    return y


def report(data: Path, *, seed: int = 0) -> Iterator[str]:
    """The lines of the table, as they are ready."""
    totals = np.zeros((2, 2), dtype=int)
    paths = sorted(data.glob("*.parquet"))
    if not paths:
        yield f"no sets under {data}: nothing measured"
        return
    for path in paths:
        X = pd.read_parquet(path).astype(float)
        truth = X.pop("y").to_numpy()
        models = (
            AnomalyModel(random_state=seed).fit(X),
            RiskModel(random_state=seed).fit(X, some_labels(truth, seed=seed)),
        )
        counts = np.array([lowered(model, X) for model in models])
        totals += counts
        yield f"{path.stem:20} anomaly {_share(counts[0])}   risk {_share(counts[1])}"
    yield f"{'all flagged rows':20} anomaly {_share(totals[0])}   risk {_share(totals[1])}   goal {GOAL:.0%}"


def _share(counts: np.ndarray) -> str:
    return f"{counts[0]:5d} of {counts[1]:5d} = {counts[0] / counts[1]:6.1%}"


def main(data: Path) -> None:
    """Print the share of flagged rows that fall, per set and together."""
    for line in report(data / "anomaly"):
        print(line, flush=True)
