"""Train the model of tenders on the screens of their bids and on what people found, and register it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from features.tender import ALL_SCREENS, definition_hash
from ml.bundle import Meta
from ml.kinds import TENDER
from ml.tender_scoring import judgeable
from ml.tenders import MIN_PER_OUTCOME, TenderModel
from training.dataset import Dataset, data_hash
from training.evaluation import metrics
from training.study import Room
from training.tender_study import study_tender
from training.train import NothingToLearnFrom, Trained, register_model, reported

JUDGED_COLUMNS: Final = ("label", "selected_on", "selected_by")


def tender_dataset(bids: pd.DataFrame, judged: pd.DataFrame, *, as_of: date) -> Dataset:
    """Screens of tenders with what people found of them, one row a tender.

    Args:
        bids: columns tender, bidder, amount, one row a bid.
        judged: columns entity_id and JUDGED_COLUMNS, label 1 or 0, oldest first; the newest of a tender counts.

    Raises:
        NothingToLearnFrom: fewer than two tenders with two different bids.
    """
    inputs = judgeable(bids)
    if len(inputs) < 2:
        raise NothingToLearnFrom(f"有两个以上不同报价的招标项目只有 {len(inputs)} 个，不够训练")
    newest = judged.drop_duplicates("entity_id", keep="last").set_index("entity_id")[list(JUDGED_COLUMNS)]
    about = newest.reindex(inputs.index)
    y = about["label"].astype("float64")
    return Dataset(
        entity="tender",
        inputs=inputs,
        y=y,
        propensity=pd.Series(np.nan, index=inputs.index),
        selected_on=pd.to_datetime(about["selected_on"]),
        selected_by=about["selected_by"].fillna("").astype(str),
        features=ALL_SCREENS,
        definition_hash=definition_hash(),
        as_of=as_of,
        data_hash=data_hash(inputs, y),
    )


def train_tender(
    data: Dataset,
    *,
    today: pd.DataFrame,
    villages: pd.Series,
    mlruns: Path,
    key: bytes,
    simulated: bool,
    seed: int = 0,
    capacity: int = 20,
    room: Room | None = None,
    notes: Sequence[str] = (),
) -> Trained:
    """Train the model of tenders on `data`, judge it on tenders left out, register it, and write its report.

    Few labels or none are no error: below ten confirmed or ten refuted tenders the model orders by the directions of
    the screens and gives no probability, and its report says so.

    Args:
        today: screens of the tenders that are scored now; those of `data` where there are none.
        villages: division code by tender, as far as known.
        key: signs the bundle; the same key reads it.
        capacity: tenders that people can look at.
        room: where the report goes; None = no report.
        notes: what else the report is to say, in sentences.
    """
    model = TenderModel(random_state=seed).fit(data.inputs, data.y)
    about: Meta = {
        "entity": data.entity,
        "as_of": data.as_of.isoformat(),
        "seed": seed,
        "simulated": simulated,
        "features": list(data.features),
        "definition_hash": data.definition_hash,
        "data_hash": data.data_hash,
        "rows": len(data.inputs),
        "confirmed": model.confirmed_,
        "refuted": model.refuted_,
        "outcomes": model.confirmed_ + model.refuted_,
    }
    study = (
        study_tender(
            model, data, today=today if len(today) else data.inputs, villages=villages, room=room, key=key,
            simulated=simulated, seed=seed, capacity=capacity, unknown=(*_told(model), *notes),
        )
        if room
        else None
    )  # fmt: skip
    figures = metrics(study.cases, prefix="left_out_") if study else {}
    registered = register_model(
        TENDER, model.to_files(), about=about, figures=figures, mlruns=mlruns, key=key
    )
    return Trained(
        registered=registered,
        rows=len(data.inputs),
        confirmed=model.confirmed_,
        refuted=model.refuted_,
        back_test=None,
        truth=(),
        truth_unverified=(),
        metrics=figures,
        report=reported(study, registered, room=room, mlruns=mlruns, key=key),
    )


def _told(model: TenderModel) -> tuple[str, ...]:
    sentences = ["报价的形状不能证明串通；换一个地方、换一种评标办法，学到的不再适用。"]
    if min(model.confirmed_, model.refuted_) < MIN_PER_OUTCOME:
        sentences.append(
            f"有结论的招标项目太少（属实 {model.confirmed_}、不属实 {model.refuted_}，各须不少于 {MIN_PER_OUTCOME} 个）："
            "只按报价指标的方向排序，不给概率。"
        )
    return tuple(sentences)
