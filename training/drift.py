"""Does the world still look as it did when the model was trained: week by week, features, scores and outcomes.

Every threshold is of two parts: a change large enough to matter, and larger than chance makes it with so few
villages and so many columns. The weeks of one village resemble each other, so chance is less than what is allowed
here and false alarms are rarer than stated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
import pandas as pd
from scipy.stats import chi2, fisher_exact

from features.compute import FeatureSet
from features.dictionary import Entity, Feature
from ml.matrix import Floats
from training.dataset import labelled
from training.evaluation import Estimate, wilson

BINS: Final = 10
WINDOW_WEEKS: Final = 13
LEAST_CASES: Final = 30
HALF_A_CASE: Final = 0.5


@dataclass(frozen=True)
class Threshold:
    """From which value on a change is an alarm, and why."""

    id: str
    name: str
    value: float
    why: str


THRESHOLDS: Final[Mapping[str, Threshold]] = {
    one.id: one
    for one in (
        Threshold("psi", "群体稳定性指数 PSI", 0.25, "0.25 以上按惯例视为明显变化（Siddiqi，《Credit Risk Scorecards》，2006）"),
        Threshold("missing", "缺失比例的变化", 0.10, "每十个对象多一个答不出，足以改变名次（业务口径）"),
        Threshold(
            "chance", "巧合的可能", 0.00135,
            "三西格玛单侧（Shewhart 控制图）；特征再按列数分摊。PSI 的巧合界限按卡方分布（Yurdakul，2018）",
        ),
        Threshold("above", "高分比例的变化", 0.10, "训练后首次打分的前十分之一为界；高出或低于十个百分点，每周任务量明显不同（业务口径）"),
    )
}  # fmt: skip


@dataclass(frozen=True)
class ColumnDrift:
    """One feature on one day beside the day of training. alarm: a sentence, or empty."""

    as_of: date
    feature: str
    label: str
    psi: float
    psi_by_chance: float
    missing_then: float
    missing_now: float
    alarm: str


@dataclass(frozen=True)
class ScoreDrift:
    """The stored scores of one day beside the first ones of the same model.

    above: share of entities over the score that a tenth of them passed on the first day.
    """

    as_of: date
    bundle_version: str
    since: date
    psi: float
    psi_by_chance: float
    above: float
    alarm: str


@dataclass(frozen=True)
class OutcomeDrift:
    """Cases that the score put on the list, over the 13 weeks up to one week, beside all before the first of them.

    week: its Monday. precision: share confirmed of the cases of the 13 weeks (Wilson interval).
    """

    week: date
    cases: int
    precision: Estimate
    before: Estimate
    alarm: str


@dataclass(frozen=True)
class Drift:
    """All of one entity. unknown: what could not be told, in sentences."""

    entity: Entity
    as_of: date
    reference: date | None
    features: tuple[ColumnDrift, ...]
    scores: tuple[ScoreDrift, ...]
    outcomes: tuple[OutcomeDrift, ...]
    unknown: tuple[str, ...]

    @property
    def alarms(self) -> list[str]:
        """What is wrong now: alarms of the newest week of each kind."""
        found: list[str] = []
        if self.features:
            newest = max(one.as_of for one in self.features)
            found += [one.alarm for one in self.features if one.as_of == newest and one.alarm]
        found += [one.alarm for one in self.scores[-1:] if one.alarm]
        return found + [one.alarm for one in self.outcomes[-1:] if one.alarm]


def weeks_up_to(as_of: date, *, weeks: int) -> list[date]:
    """`as_of` and the same day of the weeks before, oldest first."""
    return [as_of - timedelta(weeks=back) for back in reversed(range(weeks))]


def feature_drift(
    reference: FeatureSet, now: FeatureSet, *, dictionary: Mapping[str, Feature]
) -> list[ColumnDrift]:
    """Every peer-normalised column of a day beside the reference; columns that one of them lacks are left out."""
    then, today = reference.normalised(), now.normalised()
    columns = [str(name) for name in then.columns if name in today.columns]
    chance = THRESHOLDS["chance"].value / max(len(columns), 1)
    return [
        _column(
            then[name].to_numpy(dtype=np.float64), today[name].to_numpy(dtype=np.float64), name,
            label=dictionary[name].label if name in dictionary else name, as_of=now.as_of, chance=chance,
        )
        for name in columns
    ]  # fmt: skip


def score_drift(stored: Mapping[date, pd.DataFrame]) -> list[ScoreDrift]:
    """Stored scores by day (columns risk and bundle_version), each beside the first day of its own model."""
    first: dict[str, tuple[date, Floats]] = {}
    found = []
    for day in sorted(stored):
        table = stored[day]
        version = str(table["bundle_version"].iloc[0])
        risk = table["risk"].to_numpy(dtype=np.float64)
        since, reference = first.setdefault(version, (day, risk))
        if since != day:
            found.append(_score(reference, risk, version=version, since=since, day=day))
    return found


def outcome_drift(outcomes: pd.DataFrame, *, entity: Entity, as_of: date, weeks: int) -> list[OutcomeDrift]:
    """Share confirmed of what the score chose, week by week over rolling 13 weeks.

    Weeks before there are 30 cases both before and within the 13 weeks are left out: nothing can be said of them.
    """
    table = labelled(outcomes, entity=entity, as_of=as_of)
    table = table[table["selected_by"] == "score"]
    monday = as_of - timedelta(days=as_of.weekday())
    found = []
    for week in weeks_up_to(monday, weeks=weeks):
        begin = pd.Timestamp(week - timedelta(weeks=WINDOW_WEEKS - 1))
        end = pd.Timestamp(week + timedelta(weeks=1))
        before = table[table["selected_on"] < begin]["label"]
        within = table[(table["selected_on"] >= begin) & (table["selected_on"] < end)]["label"]
        if min(len(before), len(within)) >= LEAST_CASES:
            found.append(_outcome(week, within=within, before=before))
    return found


def psi(reference: Floats, now: Floats) -> tuple[float, int]:
    """Population stability index over tenths of the reference and one bin of missing values, and the number of bins.

    PSI = sum (p - q) ln(p / q); half a case is added to every bin, so that an empty one gives a finite value.
    """
    known = reference[~np.isnan(reference)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1])) if len(known) else np.array([])
    counts = [_counted(values, edges) + HALF_A_CASE for values in (reference, now)]
    q, p = (count / count.sum() for count in counts)
    return float(((p - q) * np.log(p / q)).sum()), len(q)


def psi_by_chance(bins: int, *, before: int, now: int, chance: float) -> float:
    """The value that PSI passes with this chance when nothing has changed: chi-squared of bins - 1, scaled."""
    return float(chi2.isf(chance, max(bins - 1, 1)) * (1 / before + 1 / now))


def _counted(values: Floats, edges: Floats) -> Floats:
    known = values[~np.isnan(values)]
    counts = np.bincount(np.searchsorted(edges, known, side="left"), minlength=len(edges) + 1)
    return np.append(counts, len(values) - len(known)).astype(np.float64)


def _column(then: Floats, now: Floats, name: str, *, label: str, as_of: date, chance: float) -> ColumnDrift:
    value, bins = psi(then, now)
    limit = psi_by_chance(bins, before=len(then), now=len(now), chance=chance)
    missing = [float(np.isnan(values).mean()) for values in (then, now)]
    alarm = ""
    if abs(missing[1] - missing[0]) >= THRESHOLDS["missing"].value and _unlike(
        np.isnan(then), np.isnan(now), chance=chance
    ):
        alarm = f"{label}：答不出的对象从 {missing[0]:.0%} 变为 {missing[1]:.0%}，先查这张登记表是否迟交或换了写法。"
    elif value >= max(THRESHOLDS["psi"].value, limit):
        alarm = f"{label}：分布与训练时明显不同（PSI {value:.2f}，界限 {max(THRESHOLDS['psi'].value, limit):.2f}）。"
    return ColumnDrift(as_of, name, label, value, limit, missing[0], missing[1], alarm)


def _score(reference: Floats, now: Floats, *, version: str, since: date, day: date) -> ScoreDrift:
    value, bins = psi(reference, now)
    chance = THRESHOLDS["chance"].value
    limit = psi_by_chance(bins, before=len(reference), now=len(now), chance=chance)
    edge = float(np.quantile(reference, 0.9))
    high_then, high_now = reference > edge, now > edge
    change = float(high_now.mean() - high_then.mean())
    alarm = ""
    if abs(change) >= THRESHOLDS["above"].value and _unlike(high_then, high_now, chance=chance):
        alarm = (
            f"高分对象的比例从 {high_then.mean():.0%} 变为 {high_now.mean():.0%}（{since} 以来同一模型）。"
        )
    elif value >= max(THRESHOLDS["psi"].value, limit):
        alarm = f"分数的分布与 {since} 明显不同（PSI {value:.2f}，界限 {max(THRESHOLDS['psi'].value, limit):.2f}）。"
    return ScoreDrift(day, version, since, value, limit, float(high_now.mean()), alarm)


def _outcome(week: date, *, within: pd.Series, before: pd.Series) -> OutcomeDrift:
    now, earlier = wilson(float(within.sum()), len(within)), wilson(float(before.sum()), len(before))
    table = [[int(part.sum()), int(len(part) - part.sum())] for part in (within, before)]
    worse = fisher_exact(table, alternative="less").pvalue < THRESHOLDS["chance"].value
    alarm = (
        f"按分数选出的案件，近 {WINDOW_WEEKS} 周属实 {now.value:.0%}（{now.low:.0%} 至 {now.high:.0%}，{now.cases} 件），"
        f"低于以前的 {earlier.value:.0%}。"
        if worse
        else ""
    )
    return OutcomeDrift(week, len(within), now, earlier, alarm)


def _unlike(one: Sequence[bool] | np.ndarray, other: Sequence[bool] | np.ndarray, *, chance: float) -> bool:
    """Whether two shares differ beyond chance (Fisher's exact test, two-sided)."""
    table = [[int(np.sum(part)), int(len(part) - np.sum(part))] for part in (one, other)]
    return bool(fisher_exact(table).pvalue < chance)
