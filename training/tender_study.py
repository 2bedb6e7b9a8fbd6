"""The study of a model of tenders, for the same report and gates as the others: judged on tenders left out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from features.tender import ALL_SCREENS
from ml.bundle import read_champion
from ml.inputs import HIT_COLUMNS
from ml.kinds import TENDER
from ml.tender_reasons import GROUP_NAMES, screen_group, screen_label
from ml.tender_scoring import peers_of
from ml.tenders import TenderModel, screen_score
from training.dataset import Dataset
from training.judging import TOWN_DIGITS, agreement, cross_fitted, resampled
from training.study import OTHER_SEEDS, RESAMPLED_FITS, Room, Study, assemble, beside
from training.top_features import TopFeature


def study_tender(
    model: TenderModel,
    data: Dataset,
    *,
    today: pd.DataFrame,
    villages: pd.Series,
    room: Room,
    key: bytes,
    simulated: bool,
    seed: int,
    capacity: int,
    unknown: Sequence[str],
) -> Study:
    """Study a model trained on `data`.

    Args:
        today: screens of the tenders that are scored now.
        villages: division code by tender; tenders that are not in it are of no town.
        unknown: more that the report cannot say.
    """

    def fit(rows: Dataset, *, with_seed: int = seed) -> TenderModel:
        return TenderModel(random_state=with_seed).fit(rows.inputs, rows.y)

    cases = judged_tenders(data, villages)
    held_out = cross_fitted(data, cases, fit=fit, seed=seed)
    score, now = held_out["score"].to_numpy(), model.score(today)
    stability = [
        agreement(now, fit(data, with_seed=seed + 1 + n).score(today), k=capacity, change=f"随机种子 {seed + 1 + n}")
        for n in range(OTHER_SEEDS)
    ] + [
        agreement(now, fit(resampled(data, seed=seed + n)).score(today), k=capacity, change=f"抽换训练行 {n + 1}")
        for n in range(RESAMPLED_FITS)
    ]  # fmt: skip
    bundle = read_champion(room.home, TENDER, key=key)
    return assemble(
        data=data,
        entities=len(today),
        cases=cases,
        score=score,
        probability=held_out["probability"].to_numpy(),
        orders={"tender": score, "directional": screen_score(data.inputs)[cases["row"]]},
        learns=True,
        reproduced=fit(data).to_files() == model.to_files(),
        top=top_screens(model.contributions(today)),
        stability=tuple(stability),
        champion=beside(
            bundle, TenderModel.from_files(bundle.files) if bundle else None, cases=cases, rows=data.inputs,
            score=score, inputs=today, now=now, capacity=capacity, seed=seed,
        ),
        room=room, simulated=simulated, seed=seed, capacity=capacity, back_test=None, truth=(), unknown=unknown,
    )  # fmt: skip


def judged_tenders(data: Dataset, villages: pd.Series) -> pd.DataFrame:
    """The judged tenders of a dataset with the columns of `training.judging.drawn_cases`; findings are no input."""
    rows = np.flatnonzero(data.y.notna().to_numpy())
    inputs = data.inputs.iloc[rows]
    codes = villages.reindex(inputs.index).fillna("").astype(str)
    placed = inputs[(codes != "").to_numpy()]
    peers = peers_of(placed, codes) if len(placed) else pd.Series(dtype=str)
    about = pd.DataFrame(
        {
            "row": rows,
            "entity_id": inputs.index.astype(str),
            "y": data.y.to_numpy()[rows],
            "selected_on": pd.to_datetime(data.selected_on.to_numpy()[rows]),
            "town": codes.str[:TOWN_DIGITS].to_numpy(),
            "peers": peers.reindex(inputs.index).fillna("").to_numpy(),
            "hits": 0.0,
        }
    )
    return about.assign(**dict.fromkeys(HIT_COLUMNS, 0.0))


def top_screens(contributions: pd.DataFrame) -> tuple[TopFeature, ...]:
    """Groups of screens by their part of all absolute contributions, heaviest first."""
    weight = contributions[list(ALL_SCREENS)].abs().mean()
    total = float(weight.sum())
    groups: dict[str, list[tuple[float, str]]] = {}
    for screen, value in weight.items():
        groups.setdefault(screen_group(str(screen)), []).append((float(value), screen_label(str(screen))))
    found = [
        TopFeature(
            group=GROUP_NAMES[group],
            labels=tuple(label for value, label in sorted(members, reverse=True) if value > 0),
            share=sum(value for value, _ in members) / total if total else 0.0,
        )
        for group, members in groups.items()
    ]
    return tuple(sorted(found, key=lambda top: -top.share))
