"""How a challenger does: on cases it never saw, beside the champion, over seeds and resamples, group by group.

All figures of outcomes use cases drawn by score or quota; those chosen by a complaint, a campaign or a search for
the same problem say nothing about the list. Cases are not weighted by their propensity here: the figures speak of
cases like those that were drawn, not of all villages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import norm, rankdata
from sklearn.metrics import average_precision_score
from sklearn.model_selection import StratifiedGroupKFold

from features.compute import FeatureSet
from ml.inputs import hits_total
from ml.matrix import Floats, Integers
from supervision.catalogue import FIELD_NAMES
from training.dataset import DRAWN, Dataset
from training.evaluation import Estimate, calibration_error, wilson

FOLDS: Final = 5
RESAMPLES: Final = 400
LEAST_TO_JUDGE: Final = 10
"""Cases of a group, and of a comparison, below which nothing is said."""
TOWN_DIGITS: Final = 9
BINS: Final = 10


class Learnt(Protocol):
    """A model that orders rows and may give probabilities, NaN while it cannot; both of shape (rows,)."""

    def score(self, X: pd.DataFrame, /) -> Floats: ...

    def probability(self, X: pd.DataFrame, /) -> Floats: ...


Fit = Callable[[Dataset], Learnt]


@dataclass(frozen=True)
class Agreement:
    """How alike two orders of the same entities are.

    Attributes:
        change: what was changed.
        rank_correlation: Spearman's.
        overlap: share of the first k in common.
        beyond_chance: the same, less what two random orders have in common: 0 = as by chance, 1 = all; NaN when
            the list holds everybody. A list of 20 out of 30 is two thirds alike whatever the models say.
    """

    change: str
    rank_correlation: float
    overlap: float
    beyond_chance: float


@dataclass(frozen=True)
class Compared:
    """Challenger beside champion on the same cases: differences, positive = the challenger is better."""

    cases: int
    auc: Estimate
    average_precision: Estimate


@dataclass(frozen=True)
class Bin:
    """Cases with like probabilities: what was said on average, and what came out (Wilson interval)."""

    said: float
    found: Estimate


@dataclass(frozen=True)
class Calibrated:
    """Probabilities against outcomes. by_chance: 95 % quantile of the error if every probability were right."""

    error: Estimate
    by_chance: float
    bins: tuple[Bin, ...]


@dataclass(frozen=True)
class Slice:
    """One group of cases. difference: share flagged less share confirmed, interval widened for all groups.

    Attributes:
        dimension: town, peers or field.
        flagged: share of its cases that the model would put on a list as long as the number confirmed.
        verdict: "over", "under", "even" or "too_few".
    """

    dimension: str
    name: str
    cases: int
    confirmed: Estimate
    flagged: Estimate
    auc: float
    difference: Estimate
    verdict: str


def drawn_cases(data: Dataset, features: FeatureSet) -> pd.DataFrame:
    """The drawn cases of a dataset, one row each.

    Returns:
        Columns `row` (position in `data`), entity_id, y, selected_on, town, peers, hits, and `hits_<field>` as
        they stood at selection; without rows when nothing was drawn.
    """
    rows = np.flatnonzero((data.y.notna() & data.selected_by.isin(DRAWN)).to_numpy())
    inputs = data.inputs.iloc[rows]
    ids = inputs.index.astype(str)
    fields = inputs[[f"hits_{field}" for field in FIELD_NAMES]].reset_index(drop=True)
    about = pd.DataFrame(
        {
            "row": rows,
            "entity_id": ids,
            "y": data.y.to_numpy()[rows],
            "selected_on": pd.to_datetime(data.selected_on.to_numpy()[rows]),
            "town": features.villages.reindex(ids).str[:TOWN_DIGITS].fillna("").to_numpy(),
            "peers": features.peers.reindex(ids).fillna("").to_numpy(),
            "hits": hits_total(inputs).to_numpy(),
        }
    )
    return pd.concat([about, fields], axis="columns")


def cross_fitted(data: Dataset, cases: pd.DataFrame, *, fit: Fit, seed: int) -> pd.DataFrame:
    """Score and probability of every case by a model that saw no outcome of its entity; index of `cases`.

    The entities of a fold stay among the rows as if nobody had verified them. Both columns are NaN when there are
    too few cases, or all came out alike.
    """
    scored = pd.DataFrame(np.nan, index=cases.index, columns=["score", "probability"])
    y = cases["y"].to_numpy()
    per_class = int(min(y.sum(), len(y) - y.sum())) if len(y) else 0
    if len(y) < LEAST_TO_JUDGE or per_class < 2:
        return scored
    splitter = StratifiedGroupKFold(min(FOLDS, per_class), shuffle=True, random_state=seed)
    for _, held in splitter.split(np.zeros(len(y)), y, cases["entity_id"]):
        hidden = data.inputs.index.astype(str).isin(cases["entity_id"].iloc[held])
        model = fit(replace(data, y=data.y.mask(hidden), propensity=data.propensity.mask(hidden)))
        inputs = data.inputs.iloc[cases["row"].iloc[held]]
        scored.iloc[held, 0] = model.score(inputs)
        scored.iloc[held, 1] = model.probability(inputs)
    return scored


def unseen(cases: pd.DataFrame, *, champion_as_of: date) -> npt.NDArray[np.bool_]:
    """Which cases were chosen after the champion's training data ended, so that it cannot have learnt from them."""
    return (cases["selected_on"] > pd.Timestamp(champion_as_of)).to_numpy()


def compare(
    challenger: Floats, champion: Floats, truth: Floats, entities: Sequence[str], *, seed: int
) -> Compared | None:
    """Paired differences with a 95 % bootstrap over entities; None for too few cases or one class only."""
    if len(truth) < LEAST_TO_JUDGE or not 0 < truth.sum() < len(truth):
        return None
    codes = pd.factorize(np.asarray(entities))[0]
    members = [np.flatnonzero(codes == code) for code in range(codes.max() + 1)]
    random = np.random.default_rng(seed)
    drawn = [
        np.concatenate([members[one] for one in random.integers(0, len(members), len(members))])
        for _ in range(RESAMPLES)
    ]
    estimates = []
    for measure in (area, _average_precision):
        differences = [
            measure(challenger[rows], truth[rows]) - measure(champion[rows], truth[rows]) for rows in drawn
        ]
        low, high = np.nanpercentile(differences, [2.5, 97.5])
        whole = measure(challenger, truth) - measure(champion, truth)
        estimates.append(Estimate(float(whole), float(low), float(high), len(truth)))
    return Compared(len(truth), *estimates)


def area(score: Floats, truth: Floats) -> float:
    """Area under the ROC curve by mid-ranks (Mann and Whitney 1947); NaN for one class."""
    true = truth.sum()
    false = len(truth) - true
    if not true or not false:
        return float("nan")
    ranks = rankdata(score)
    return float((ranks[truth == 1].sum() - true * (true + 1) / 2) / (true * false))


def calibrate_against(probability: Floats, truth: Floats, *, seed: int) -> Calibrated | None:
    """Reliability of probabilities; None without them or for too few cases.

    `by_chance` redraws every outcome with its own probability (Bröcker and Smith 2007, consistency resampling).
    """
    if len(truth) < LEAST_TO_JUDGE or np.isnan(probability).any():
        return None
    random = np.random.default_rng(seed)
    errors, chance = [], []
    for _ in range(RESAMPLES):
        rows = random.integers(0, len(truth), len(truth))
        errors.append(calibration_error(probability[rows], truth[rows]))
        redrawn = (random.random(len(truth)) < probability).astype(np.float64)
        chance.append(calibration_error(probability, redrawn))
    low, high = np.percentile(errors, [2.5, 97.5])
    order = np.argsort(probability, kind="stable")
    bins = tuple(
        Bin(float(probability[part].mean()), wilson(float(truth[part].sum()), len(part)))
        for part in np.array_split(order, min(BINS, max(len(order) // LEAST_TO_JUDGE, 1)))
    )
    whole = calibration_error(probability, truth)
    return Calibrated(
        Estimate(whole, float(low), float(high), len(truth)), float(np.percentile(chance, 95)), bins
    )


def agreement(one: Floats, other: Floats, *, k: int, change: str) -> Agreement:
    """How alike two scores of the same entities order them; `change` says what was changed."""
    k = min(k, len(one))
    first, second = (set(np.argsort(-score, kind="stable")[:k].tolist()) for score in (one, other))
    ordered = len(one) > 0 and np.ptp(one) > 0 and np.ptp(other) > 0
    correlation = pd.Series(one).corr(pd.Series(other), method="spearman") if ordered else float("nan")
    overlap = len(first & second) / k if k else float("nan")
    chance = k / len(one) if len(one) else float("nan")
    beyond = (overlap - chance) / (1 - chance) if chance < 1 else float("nan")
    return Agreement(change, float(correlation), overlap, beyond)


def resampled(data: Dataset, *, seed: int) -> Dataset:
    """The dataset with its verified entities drawn with replacement; entities nobody verified stay as they are."""
    verified = data.y.notna().to_numpy()
    codes, names = pd.factorize(data.inputs.index[verified])
    rows = np.flatnonzero(verified)
    random = np.random.default_rng(seed)
    drawn = [rows[codes == one] for one in random.integers(0, len(names), len(names))] if len(names) else []
    chosen: Integers = np.concatenate([*drawn, np.flatnonzero(~verified)]).astype(np.int64)
    return replace(
        data,
        **{
            name: getattr(data, name).iloc[chosen]
            for name in ("inputs", "y", "propensity", "selected_on", "selected_by")
        },
    )


def slices(cases: pd.DataFrame, score: Floats) -> tuple[Slice, ...]:
    """Every town, kind of village and field of findings: confirmed beside flagged, and whether they part.

    The list is as long as the number of confirmed cases, so that over all cases as many are flagged as confirmed.
    A group differs when the interval of its difference, widened by Bonferroni over all groups judged, leaves out
    zero. The interval is that for paired proportions of Agresti and Min (2005), half a case added to every cell.
    """
    y = cases["y"].to_numpy()
    flagged = np.zeros(len(y))
    flagged[np.argsort(-score, kind="stable")[: int(y.sum())]] = 1
    groups = list(_groups(cases))
    judged = sum(len(rows) >= LEAST_TO_JUDGE for _, _, rows in groups)
    return tuple(
        _slice(dimension, name, flagged[rows], y[rows], score[rows], judged=judged)
        for dimension, name, rows in groups
    )


def _groups(cases: pd.DataFrame) -> list[tuple[str, str, Integers]]:
    found = [
        (dimension, str(name), np.asarray(rows, dtype=np.int64))
        for dimension in ("town", "peers")
        for name, rows in sorted(cases.reset_index(drop=True).groupby(dimension).indices.items())
        if name
    ]
    for field, label in FIELD_NAMES.items():
        rows = np.flatnonzero(cases[f"hits_{field}"].to_numpy() > 0)
        if len(rows):
            found.append(("field", label, rows))
    return found


def _slice(dimension: str, name: str, flagged: Floats, y: Floats, score: Floats, *, judged: int) -> Slice:
    difference = _paired_difference(flagged, y, comparisons=max(judged, 1))
    verdict = "even"
    if len(y) < LEAST_TO_JUDGE:
        verdict = "too_few"
    elif difference.low > 0:
        verdict = "over"
    elif difference.high < 0:
        verdict = "under"
    return Slice(
        dimension=dimension,
        name=name,
        cases=len(y),
        confirmed=wilson(float(y.sum()), len(y)),
        flagged=wilson(float(flagged.sum()), len(y)),
        auc=area(score, y) if len(y) >= LEAST_TO_JUDGE else float("nan"),
        difference=difference,
        verdict=verdict,
    )


def _paired_difference(flagged: Floats, y: Floats, *, comparisons: int) -> Estimate:
    more, less = float(((flagged == 1) & (y == 0)).sum()), float(((flagged == 0) & (y == 1)).sum())
    cases = len(y)
    b, c, n = more + 0.5, less + 0.5, cases + 2
    z = float(norm.isf(0.025 / comparisons))
    half = z * np.sqrt((b + c) - (b - c) ** 2 / n) / n
    middle = (b - c) / n
    return Estimate((more - less) / cases, float(middle - half), float(middle + half), cases)


def _average_precision(score: Floats, truth: Floats) -> float:
    return float(average_precision_score(truth, score)) if truth.any() else float("nan")
