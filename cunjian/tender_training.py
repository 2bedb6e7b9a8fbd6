"""Training the model of tenders on one home: on its own registers and outcomes, or on a labelled file."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd

from cunjian.settings import Settings
from cunjian.stages import SIGNING_KEY, NothingImported, open_lake
from cunjian.tenders import NoTenders, Tenders, read_labelled, tenders_of
from cunjian.training_stages import verifications
from ml.tender_scoring import judgeable
from registers.lake import Lake
from registers.pseudonyms import load_key
from training.dataset import labelled
from training.study import Room
from training.train import Trained
from training.train_tender import tender_dataset, train_tender

FROM_FILE = "标注来自文件，不是本系统核查的结果；没有逐件的选出日期，不能与现用模型在没学过的案件上比较。"


def train_tender_stage(
    settings: Settings, *, as_of: date, seed: int, labelled_bids: Path | None = None, room: Room | None = None
) -> Trained:
    """Train and register the model of tenders; with a room, it gets a report.

    labelled_bids: a table with columns tender, bidder, amount, label; without it the registers of the home and the
    outcomes that casework keeps.

    Raises:
        NoTenders: neither a file nor registers of tenders and bids.
        NothingToLearnFrom: fewer than two tenders with two different bids.
        ReadError: the file cannot be read.
    """
    own = _own(settings, as_of=as_of)
    if labelled_bids is None:
        if own is None:
            raise NoTenders("没有招标和投标登记；请先导入，或用 --bids 给出已标注的投标文件")
        judged = labelled(verifications(settings), entity="tender", as_of=as_of)
        data = tender_dataset(own.bids, judged, as_of=as_of)
    else:
        bids, judged = read_labelled(labelled_bids)
        data = tender_dataset(bids, judged, as_of=as_of)
    return train_tender(
        data,
        today=judgeable(own.bids) if own else pd.DataFrame(),
        villages=own.villages if own else pd.Series(dtype=str),
        mlruns=settings.mlruns,
        key=load_key(settings.home, SIGNING_KEY),
        simulated=Lake(settings.home).simulated(),
        seed=seed,
        room=room,
        notes=() if labelled_bids is None else (FROM_FILE,),
    )


def _own(settings: Settings, *, as_of: date) -> Tenders | None:
    """The tenders of the home; None where nothing was imported."""
    try:
        with open_lake(settings, as_of=as_of) as engine:
            return tenders_of(engine)
    except (NothingImported, NoTenders):
        return None
