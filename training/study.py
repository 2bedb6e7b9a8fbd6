"""The study of a challenger before it is registered: everything that its report shows and its gates ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import pandas as pd

from features.compute import FeatureSet
from features.dictionary import Feature
from ml.anomaly import AnomalyModel
from ml.bundle import Bundle, read_champion
from ml.errors import FeatureMismatch
from ml.inputs import feature_directions
from ml.kinds import Scored, definitions_of
from ml.matrix import Floats
from ml.risk import RiskModel
from training.back_test import BackTest, fit_risk
from training.dataset import Dataset
from training.evaluation import Ranking, random_order, rank_quality
from training.gates import Facts, Interval, Verdict, judge
from training.judging import (
    Agreement,
    Calibrated,
    Compared,
    Slice,
    agreement,
    calibrate_against,
    compare,
    cross_fitted,
    drawn_cases,
    resampled,
    slices,
    unseen,
)
from training.top_features import TopFeature, top_features
from training.unknown import unknown_of

OTHER_SEEDS: Final = 2
RESAMPLED_FITS: Final = 3


class Scorer(Protocol):
    """A model that orders rows, higher = look sooner; shape (rows,)."""

    def score(self, X: pd.DataFrame, /) -> Floats: ...


@dataclass(frozen=True, kw_only=True)
class Room:
    """Where the technical support office works: the home with champions and reports, and what day it is.

    places: names of towns by code, for reports; a town without a name shows its code.
    definitions: hash of the feature definitions that scoring uses now.
    """

    home: Path
    today: date
    places: Mapping[str, str] = field(default_factory=dict)
    definitions: Callable[[Scored], str] = definitions_of


@dataclass(frozen=True)
class Champion:
    """The model that serves, beside the challenger. unknown: why there is no comparison of outcomes, or empty."""

    version: str
    as_of: str
    simulated: bool
    compared: Compared | None
    unseen_cases: int
    today: Agreement | None
    unknown: str


@dataclass(frozen=True, kw_only=True)
class Study:
    """What is known of a challenger.

    Attributes:
        cases: rankings of drawn cases by models that had not seen them.
        held_out: other figures on what the models of a cross-validation had not seen, by name.
    """

    entity: str
    as_of: date
    simulated: bool
    capacity: int
    data: Mapping[str, Any]
    cases: tuple[Ranking, ...]
    back_test: BackTest | None
    truth: tuple[Ranking, ...]
    calibration: Calibrated | None
    top: tuple[TopFeature, ...]
    stability: tuple[Agreement, ...]
    champion: Champion | None
    slices: tuple[Slice, ...]
    verdicts: tuple[Verdict, ...]
    unknown: tuple[str, ...]
    held_out: Mapping[str, Interval] = field(default_factory=dict)

    @property
    def may_be_promoted(self) -> bool:
        """Whether no gate stands in the way."""
        return not any(verdict.stands_in_the_way for verdict in self.verdicts)


def study_risk(
    model: RiskModel,
    data: Dataset,
    features: FeatureSet,
    inputs: pd.DataFrame,
    *,
    room: Room,
    dictionary: Mapping[str, Feature],
    key: bytes,
    simulated: bool,
    seed: int,
    capacity: int,
    back_test: BackTest,
    truth: tuple[Ranking, ...],
) -> Study:
    """Study a risk model trained on `data`. inputs: today's rows, which `features` describes."""

    def fit(rows: Dataset, *, with_seed: int = seed) -> RiskModel:
        return fit_risk(rows, dictionary=dictionary, seed=with_seed)

    cases = drawn_cases(data, features)
    held_out = cross_fitted(data, cases, fit=fit, seed=seed)
    now = model.score(inputs)
    stability = [
        agreement(now, fit(data, with_seed=seed + 1 + n).score(inputs), k=capacity, change=f"随机种子 {seed + 1 + n}")
        for n in range(OTHER_SEEDS)
    ] + [
        agreement(now, fit(resampled(data, seed=seed + n)).score(inputs), k=capacity, change=f"抽换训练行 {n + 1}")
        for n in range(RESAMPLED_FITS)
    ]  # fmt: skip
    bundle = read_champion(room.home, f"risk_{data.entity}", key=key)
    others = {"anomaly": model.anomaly_.score(data.inputs)[cases["row"]], "hits": cases["hits"].to_numpy()}
    score = held_out["score"].to_numpy()
    return assemble(
        data=data,
        entities=len(features.values),
        cases=cases,
        score=score,
        probability=held_out["probability"].to_numpy(),
        orders={"risk": score} | others,
        learns=True,
        reproduced=fit(data).to_files() == model.to_files(),
        top=top_features(model.contributions(inputs), dictionary=dictionary, entity=features.entity),
        stability=tuple(stability),
        champion=beside(
            bundle, _risk_scorer(bundle), cases=cases, rows=data.inputs, score=score, inputs=inputs, now=now,
            capacity=capacity, seed=seed,
        ),
        room=room, simulated=simulated, seed=seed, capacity=capacity, back_test=back_test, truth=truth,
    )  # fmt: skip


def study_anomaly(
    model: AnomalyModel,
    features: FeatureSet,
    past: Dataset,
    *,
    room: Room,
    dictionary: Mapping[str, Feature],
    key: bytes,
    simulated: bool,
    seed: int,
    capacity: int,
    truth: tuple[Ranking, ...],
) -> Study:
    """Study an anomaly model. past: verified cases as they stood when chosen; no outcome went into the model."""
    rows = features.normalised()
    directions = feature_directions(dictionary, rows.columns)
    names = [str(name) for name in rows.columns]

    def fit(of: pd.DataFrame, *, with_seed: int = seed) -> AnomalyModel:
        return AnomalyModel(directions=directions, random_state=with_seed).fit(of)

    cases = drawn_cases(past, features)
    score = model.score(past.inputs[names])[cases["row"]]
    now = model.score(rows)
    stability = [
        agreement(now, fit(rows, with_seed=seed + 1 + n).score(rows), k=capacity, change=f"随机种子 {seed + 1 + n}")
        for n in range(OTHER_SEEDS)
    ] + [
        agreement(now, fit(rows.sample(frac=1, replace=True, random_state=seed + n)).score(rows), k=capacity,
                  change=f"抽换训练行 {n + 1}")
        for n in range(RESAMPLED_FITS)
    ]  # fmt: skip
    bundle = read_champion(room.home, f"anomaly_{features.entity}", key=key)
    return assemble(
        data=past,
        entities=len(features.values),
        cases=cases,
        score=score,
        probability=np.full(len(cases), np.nan),
        orders={"anomaly": score, "hits": cases["hits"].to_numpy()},
        learns=False,
        reproduced=fit(rows).to_files() == model.to_files(),
        top=top_features(model.contributions(rows), dictionary=dictionary, entity=features.entity),
        stability=tuple(stability),
        champion=beside(
            bundle, _anomaly_scorer(bundle), cases=cases, rows=past.inputs[names], score=score, inputs=rows,
            now=now, capacity=capacity, seed=seed,
        ),
        room=room, simulated=simulated, seed=seed, capacity=capacity, back_test=None, truth=truth,
    )  # fmt: skip


def _risk_scorer(bundle: Bundle | None) -> RiskModel | None:
    return RiskModel.from_files(bundle.files) if bundle else None


def _anomaly_scorer(bundle: Bundle | None) -> AnomalyModel | None:
    return AnomalyModel.from_files(bundle.files) if bundle else None


def beside(
    bundle: Bundle | None,
    champion: Scorer | None,
    *,
    cases: pd.DataFrame,
    rows: pd.DataFrame,
    score: Floats,
    inputs: pd.DataFrame,
    now: Floats,
    capacity: int,
    seed: int,
) -> Champion | None:
    """The champion on cases that it cannot have learnt from, and its order of today beside the challenger's."""
    if bundle is None or champion is None:
        return None
    about = Champion(
        version=str(bundle.meta["version"]),
        as_of=str(bundle.meta["as_of"]),
        simulated=bool(bundle.meta.get("simulated")),
        compared=None,
        unseen_cases=0,
        today=None,
        unknown="",
    )
    fresh = unseen(cases, champion_as_of=date.fromisoformat(about.as_of)) & ~np.isnan(score)
    about = replace(about, unseen_cases=int(fresh.sum()))
    try:
        today = agreement(now, champion.score(inputs), k=capacity, change=f"现用第 {about.version} 版")
        theirs = champion.score(rows)[cases["row"]]
    except FeatureMismatch:
        return replace(about, unknown="现用模型是按另一套特征训练的，无法在今天的特征上打分")
    compared = compare(
        score[fresh],
        theirs[fresh],
        cases["y"].to_numpy()[fresh],
        cases["entity_id"].to_numpy()[fresh].tolist(),
        seed=seed,
    )
    unknown = "" if compared else "现用模型没有学过的核查结果太少，或全是同一种结果"
    return replace(about, today=today, compared=compared, unknown=unknown)


def assemble(
    *,
    data: Dataset,
    entities: int,
    cases: pd.DataFrame,
    score: Floats,
    probability: Floats,
    orders: Mapping[str, Floats],
    learns: bool,
    reproduced: bool,
    top: tuple[TopFeature, ...],
    stability: tuple[Agreement, ...],
    champion: Champion | None,
    room: Room,
    simulated: bool,
    seed: int,
    capacity: int,
    back_test: BackTest | None,
    truth: tuple[Ranking, ...],
    unknown: Sequence[str] = (),
) -> Study:
    """Put a study together from what was measured.

    Args:
        entities: how many are scored today.
        cases: columns of `training.judging.drawn_cases`; score, probability and orders are of its rows, by models
            that saw no outcome of the entity.
        unknown: more sentences on what the report cannot say.
    """
    y = cases["y"].to_numpy()
    known = len(y) > 0 and not np.isnan(score).any()
    ranked = [
        rank_quality(each, y, k=capacity, name=name, seed=seed) for name, each in orders.items() if known
    ]
    calibration = calibrate_against(probability, y, seed=seed)
    groups = slices(cases, score) if known else ()
    facts = Facts(
        learns=learns,
        reproduced=reproduced,
        same_features=data.definition_hash == room.definitions(data.entity),
        data_age_days=None if simulated else (room.today - data.as_of).days,
        cases=len(y),
        confirmed=int(y.sum()),
        refuted=int(len(y) - y.sum()),
        champion=champion.version if champion else None,
        compared=_gain(champion),
        compared_cases=champion.unseen_cases if champion else 0,
        calibration_error=calibration.error.value if calibration else None,
        calibration_by_chance=calibration.by_chance if calibration else None,
        overlap=_mean_kept(stability),
        groups=sum(one.verdict != "too_few" for one in groups if one.dimension != "field"),
        out_of_proportion=tuple(
            named(one, room.places) for one in groups
            if one.dimension != "field" and one.verdict in ("over", "under")
        ),
    )  # fmt: skip
    return Study(
        entity=data.entity,
        as_of=data.as_of,
        simulated=simulated,
        capacity=capacity,
        data=_about_data(data, entities=entities, cases=facts, seed=seed),
        cases=(*ranked, random_order(y, k=capacity)) if known else (),
        back_test=back_test,
        truth=truth,
        calibration=calibration,
        top=top,
        stability=stability,
        champion=champion,
        slices=groups,
        verdicts=judge(facts),
        unknown=(
            *unknown_of(
                facts,
                calibrated=calibration is not None,
                entities=entities,
                entity=data.entity,
                simulated=simulated,
            ),
            *unknown,
        ),
    )


def named(one: Slice, places: Mapping[str, str]) -> str:
    """What people call a group of cases."""
    return places.get(one.name, one.name) if one.dimension == "town" else one.name


def _mean_kept(stability: Sequence[Agreement]) -> float | None:
    """Mean share of the list kept beyond chance; None when it could not be tried, or the list holds everybody."""
    kept = [one.beyond_chance for one in stability if not np.isnan(one.beyond_chance)]
    return float(np.mean(kept)) if kept else None


def _gain(champion: Champion | None) -> Interval | None:
    if champion is None or champion.compared is None:
        return None
    gain = champion.compared.average_precision
    return Interval(gain.value, gain.low, gain.high)


def _about_data(data: Dataset, *, entities: int, cases: Facts, seed: int) -> dict[str, Any]:
    chosen = data.selected_on.dropna()
    return {
        "rows": len(data.inputs),
        "entities": entities,
        "features": len(data.features),
        "verified": int(data.y.notna().sum()),
        "drawn": cases.cases,
        "confirmed": cases.confirmed,
        "refuted": cases.refuted,
        "first_selected": None if chosen.empty else chosen.min().date().isoformat(),
        "last_selected": None if chosen.empty else chosen.max().date().isoformat(),
        "data_hash": data.data_hash,
        "definition_hash": data.definition_hash,
        "seed": seed,
    }
