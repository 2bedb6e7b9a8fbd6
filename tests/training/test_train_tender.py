"""Training the model of tenders: from outcomes or without any, judged on tenders left out, into the registry."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features import tender
from features.tender import ALL_SCREENS
from ml.bundle import read_bundle, read_champion, set_champion
from ml.reports import read_report
from ml.tender_scoring import judgeable, load_tender_scorer
from tests.ml.synthetic import AS_OF, KEY
from tests.ml.test_tender_model import _tenders as made_up
from training.gates import Answer
from training.registry import challenger, list_models
from training.study import Room
from training.tender_study import judged_tenders
from training.train import NothingToLearnFrom, Trained
from training.train_tender import tender_dataset, train_tender

pytestmark = pytest.mark.xdist_group("tender training")  # one worker makes what these tests share

TOWNS = ("990101101201", "990101102201")


@cache
def bids() -> pd.DataFrame:
    return made_up(90)[0]


def judged(count: int = 60) -> pd.DataFrame:
    """The first tenders as people found them, one every four days."""
    truth = made_up(90)[1].iloc[:count]
    first = date(2024, 7, 1)
    return pd.DataFrame(
        {
            "entity_id": truth.index,
            "label": truth.to_numpy(),
            "selected_on": [pd.Timestamp(first + timedelta(days=4 * n)) for n in range(count)],
            "selected_by": "score",
        }
    )


def villages() -> pd.Series:
    names = sorted(bids()["tender"].unique())
    return pd.Series([TOWNS[number // 2 % 2] for number in range(len(names))], index=names)


def trained(folder: Path, labels: pd.DataFrame, *, seed: int = 0, room: bool = True) -> Trained:
    return train_tender(
        tender_dataset(bids(), labels, as_of=AS_OF),
        today=judgeable(bids()),
        villages=villages(),
        mlruns=folder / "mlruns",
        key=KEY,
        simulated=True,
        seed=seed,
        capacity=10,
        room=Room(home=folder / "home", today=AS_OF, places={}) if room else None,
        notes=("别的说明。",),
    )


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Trained]:
    folder = tmp_path_factory.mktemp("learnt")
    return folder, trained(folder, judged())


def figures_of(folder: Path) -> dict:
    return read_report(folder / "home", "tender", "1", key=KEY).figures


def gates_of(folder: Path) -> dict[str, str]:
    return {gate["gate"]: gate["answer"] for gate in figures_of(folder)["gates"]}


def test_the_challenger_is_registered_with_its_report_and_can_serve(learnt):
    folder, done = learnt
    assert challenger("tender", mlruns=folder / "mlruns") == done.registered.version == "1"
    (model,) = list_models(folder / "mlruns")
    assert (model.params["confirmed"], model.params["refuted"]) == ("30", "30")
    assert model.metrics["left_out_tender_auc"] > 0.8
    set_champion(folder / "home", "tender", "1")
    scorer = load_tender_scorer(folder / "home", key=KEY)
    assert scorer.model.confirmed_ == 30
    bundle = read_champion(folder / "home", "tender", key=KEY)
    assert bundle is not None
    assert bundle.meta["features"] == list(ALL_SCREENS)
    assert bundle.meta["definition_hash"] == tender.definition_hash()


def test_the_report_judges_on_tenders_left_out(learnt):
    folder, _ = learnt
    figures = figures_of(folder)
    assert figures["name"] == "招标模型"
    assert [one["name"] for one in figures["cases"]] == ["tender", "directional", "random"]
    assert figures["calibration"]["error"]["cases"] == 60
    assert figures["data"]["verified"] == 60
    assert {one["dimension"] for one in figures["slices"]} == {"town", "peers"}
    assert figures["top"]
    assert "别的说明。" in figures["unknown"]
    gates = gates_of(folder)
    assert (gates["reproducible"], gates["same_features"], gates["enough_labels"]) == ("pass", "pass", "pass")


def test_no_tender_left_out_was_learnt_from(learnt, monkeypatch):
    """The models that judge a case saw it without its outcome."""
    from ml import tenders  # noqa: PLC0415
    from training import judging  # noqa: PLC0415

    data = tender_dataset(bids(), judged(), as_of=AS_OF)
    cases = judged_tenders(data, villages())
    seen: list[set[str]] = []
    asked: list[set[str]] = []

    class Watching(tenders.TenderModel):
        def score(self, X):
            asked.append(set(X.index))
            return np.zeros(len(X))

        def probability(self, X):
            return np.zeros(len(X))

    def fit(rows):
        seen.append(set(rows.inputs.index[rows.y.notna()]))
        return Watching()

    judging.cross_fitted(data, cases, fit=fit, seed=0)
    assert len(seen) > 1
    assert all(not (learnt_from & out) for learnt_from, out in zip(seen, asked, strict=True))
    assert set().union(*asked) == set(judged()["entity_id"])


def test_the_same_data_and_seed_give_the_same_bytes(tmp_path):
    files = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        trained(folder, judged(30), room=False)
        (run,) = (folder / "mlruns" / "artifacts").iterdir()
        files.append(read_bundle(run / "artifacts" / "bundle", key=KEY).files)
    assert files[0] == files[1]


def test_without_outcomes_it_orders_by_direction_and_says_so(tmp_path):
    done = trained(tmp_path, judged(0))
    assert (done.confirmed, done.refuted) == (0, 0)
    gates = gates_of(tmp_path)
    assert gates["enough_labels"] == Answer.FAIL
    assert gates["calibrated"] == Answer.CANNOT_TELL
    assert any("只按报价指标的方向排序，不给概率" in sentence for sentence in figures_of(tmp_path)["unknown"])


def test_few_tenders_are_said_to_be_few(tmp_path):
    some = bids()[bids()["tender"].isin(["T0000", "T0001", "T0002"])]
    train_tender(
        tender_dataset(some, judged(0), as_of=AS_OF), today=judgeable(some), villages=villages(),
        mlruns=tmp_path / "mlruns", key=KEY, simulated=False,
        room=Room(home=tmp_path / "home", today=AS_OF, places={}),
    )  # fmt: skip
    assert any("招标项目只有 3 个" in sentence for sentence in figures_of(tmp_path)["unknown"])


def test_the_newest_finding_of_a_tender_counts():
    twice = pd.concat([judged(4), judged(1).assign(label=1.0)])
    assert judged(1)["label"].tolist() == [0.0]
    assert tender_dataset(bids(), twice, as_of=AS_OF).y["T0000"] == 1.0


def test_nothing_to_learn_from_is_said_in_chinese():
    single = pd.DataFrame({"tender": ["a", "b"], "bidder": "x", "amount": [1.0, 2.0]})
    with pytest.raises(NothingToLearnFrom, match="招标项目只有 0 个"):
        tender_dataset(single, judged(0), as_of=AS_OF)
