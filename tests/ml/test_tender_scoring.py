"""Scores of tenders of a day: the columns of every score, reasons from the screens that decide, and its own champion."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features import tender
from features.tender import ALL_SCREENS, screens
from ml.bundle import bundle_folder, set_champion, write_bundle
from ml.errors import FeatureMismatch
from ml.scoring import SCORES_SCHEMA, NoChampion
from ml.tender_reasons import GROUP_NAMES, screen_group, screen_label, tender_reasons
from ml.tender_scoring import (
    TenderScorer,
    judgeable,
    load_tender_scorer,
    peers_of,
    score_tenders,
)
from ml.tenders import TenderModel
from tests.ml.synthetic import AS_OF, KEY, findings
from tests.ml.test_tender_model import _tenders as made_up

VILLAGE = "990101101201"


def places(bids: pd.DataFrame) -> pd.Series:
    return pd.Series(VILLAGE, index=sorted(bids["tender"].unique()))


def scored(
    bids: pd.DataFrame, model: TenderModel, found=None, villages: pd.Series | None = None
) -> pd.DataFrame:
    table = score_tenders(
        bids,
        places(bids) if villages is None else villages,
        findings() if found is None else found,
        scorer=TenderScorer(model, "7"),
        as_of=AS_OF,
        simulated=True,
    )
    assert table.schema == SCORES_SCHEMA
    return table.to_pandas().set_index("entity_id")


@pytest.fixture(scope="module")
def learnt() -> TenderModel:
    bids, y = made_up(120)
    return TenderModel(random_state=3).fit(screens(bids), y)


def test_a_tender_has_a_probability_with_its_band_and_a_percentile(learnt):
    bids, y = made_up(60, seed=1)
    scores = scored(bids, learnt)
    assert scores["risk"].is_monotonic_decreasing
    assert y[scores.index[:20]].mean() > 0.8
    assert (scores["probability_low"] <= scores["probability"]).all()
    assert (scores["probability"] <= scores["probability_high"]).all()
    assert (scores["probability_high"] - scores["probability_low"]).max() > 0.01
    assert scores["percentile"].between(0, 100).all()
    assert set(scores["bundle_version"]) == {"tender/7"}
    assert set(scores["feature_hash"]) == {tender.definition_hash()}
    assert scores["simulated"].all()
    assert [list(codes) for codes in scores["villages"]] == [[VILLAGE]] * len(scores)


def test_without_labels_there_is_an_order_and_no_probability():
    bids, _ = made_up(40)
    scores = scored(bids, TenderModel().fit(screens(bids), [float("nan")] * 40))
    assert scores[["probability", "probability_low", "probability_high"]].isna().all(axis=None)
    assert scores["risk"].tolist() == pytest.approx(scores["anomaly"].tolist())
    assert all(json.loads(told) for told in scores["reasons"][:5])


def test_tenders_of_one_bid_or_of_no_known_place_have_no_score(learnt):
    bids, _ = made_up(6)
    single = pd.DataFrame({"tender": ["one", "twice", "twice"], "bidder": "b", "amount": [100.0, 90.0, 90.0]})
    everything = pd.concat([bids, single])
    known = places(everything).drop("T0003")
    assert set(scored(everything, learnt, villages=known).index) == {f"T000{n}" for n in (0, 1, 2, 4, 5)}


def test_no_tender_at_all_gives_an_empty_table(learnt):
    bids = pd.DataFrame({"tender": ["one"], "bidder": ["b"], "amount": [100.0]})
    assert scored(bids, learnt).empty


def test_the_reasons_are_the_screens_that_raise_the_score(learnt):
    bids, _ = made_up(60, seed=1)
    found = judgeable(bids)
    scores = scored(bids, learnt)
    added = learnt.contributions(found)
    for name in scores.index[:10]:
        told = json.loads(scores.loc[name, "reasons"])
        groups = {
            group: added.loc[name, [s for s in ALL_SCREENS if screen_group(s) == group]].clip(lower=0).sum()
            for group in GROUP_NAMES
        }
        assert told[0]["feature"] == max(groups, key=lambda group: groups[group])
        weights = [one["contribution"] for one in told]
        assert weights == sorted(weights, reverse=True)
        assert len({one["feature"] for one in told}) == len(told)
        assert all("同类招标一般为" in one["sentence"] for one in told)


def test_findings_about_a_tender_are_told(learnt):
    bids, _ = made_up(20)
    about = [
        {"subject_type": "tender", "subject_id": "T0002", "field": "tender", "model_name": "开标前改控制价"},
        {"subject_type": "company", "subject_id": "T0003"},
    ]
    scores = scored(bids, learnt, findings(about))
    assert scores.loc["T0002", "hits"] == 1
    assert scores.drop("T0002")["hits"].sum() == 0
    assert "开标前改控制价" in json.loads(scores.loc["T0002", "reasons"])[-1]["sentence"]


def test_a_reason_names_the_screen_the_value_and_what_peers_have():
    bids, _ = made_up(4)
    found = judgeable(bids)
    found.loc[:, "CV"] = 0.11
    found.loc["T0001", "CV"] = 0.02
    added = found * 0.0
    added.loc["T0001", ["CV", "SPD"]] = [0.2, 0.1]
    peers = pd.Series("g", index=found.index)
    told = tender_reasons(added, screens=found, peers=peers, hits={})
    assert told["T0001"][0].sentence == "报价的离散程度（变异系数） 0.02，同类招标一般为 0.11"
    assert told["T0001"][0].contribution == pytest.approx(0.3)
    assert told["T0000"] == []


@pytest.mark.parametrize("screen", ALL_SCREENS)
def test_every_screen_has_a_chinese_name_and_a_group(screen):
    assert any("一" <= sign <= "鿿" for sign in screen_label(screen))
    assert screen_group(screen) in GROUP_NAMES


def test_screens_are_not_called_alike():
    assert len({screen_label(screen) for screen in ALL_SCREENS}) == len(ALL_SCREENS)


def test_peers_have_about_as_many_bids():
    sizes = dict(zip("abcdefghijklmnopqrstuvwx", [2] * 8 + [5] * 8 + [9] * 8, strict=True))
    found = pd.DataFrame({"BIDS": pd.Series(sizes, dtype="float64")})
    peers = peers_of(found, pd.Series(VILLAGE, index=found.index))
    assert peers.groupby(peers).size().to_dict() == {
        "990101 2–3 个报价": 8, "990101 4–6 个报价": 8, "990101 7 个及以上报价": 8,
    }  # fmt: skip


def store(home: Path, model: TenderModel, **changes: object) -> None:
    about: dict[str, object] = {
        "kind": "tender", "version": "1", "features": list(ALL_SCREENS),
        "definition_hash": tender.definition_hash(),
    }  # fmt: skip
    write_bundle(bundle_folder(home, "tender", "1"), model.to_files(), about | changes, key=KEY)
    set_champion(home, "tender", "1")


def test_the_champion_scores(tmp_path, learnt):
    with pytest.raises(NoChampion, match="cunjian train tender"):
        load_tender_scorer(tmp_path, key=KEY)
    store(tmp_path, learnt)
    scorer = load_tender_scorer(tmp_path, key=KEY)
    found = screens(made_up(20, seed=2)[0])
    assert scorer.version == "1"
    np.testing.assert_array_equal(scorer.model.score(found), learnt.score(found))
    np.testing.assert_array_equal(
        scorer.model.probability_interval(found), learnt.probability_interval(found)
    )


def test_a_champion_of_other_screens_is_refused(tmp_path, learnt):
    store(tmp_path, learnt, definition_hash="e" * 16)
    with pytest.raises(FeatureMismatch, match="definition of a feature changed"):
        load_tender_scorer(tmp_path, key=KEY)
