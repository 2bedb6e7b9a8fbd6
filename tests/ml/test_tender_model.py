"""The tender model learns from judged tenders, leans on directions where few are, and repeats itself bit for bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.tender import screens
from ml.bundle import read_bundle, write_bundle
from ml.errors import BundleRefused, FeatureMismatch, ModelError
from ml.tender_members import FIRST_VOTES, MEMBERS, dealt, votes
from ml.tenders import TenderModel, screen_score

NAN = float("nan")


def _tenders(count: int, *, seed: int = 0) -> tuple[pd.DataFrame, pd.Series]:
    """Made-up bids: every second tender is rigged, four of its bidders bunch above the agreed winner."""
    random = np.random.default_rng(seed)
    rows, outcome = [], {}
    for number in range(count):
        name, size = f"T{number:04d}", int(random.integers(5, 9))
        amounts = 100 * (1 + random.normal(0, 0.08, size))
        if number % 2:
            amounts[:4] = amounts[0] * np.array([1, 1.04, 1.045, 1.05]) * (1 + random.normal(0, 0.004, 4))
        rows += [(name, f"{name}-{place}", amount) for place, amount in enumerate(amounts)]
        outcome[name] = float(number % 2)
    return pd.DataFrame(rows, columns=["tender", "bidder", "amount"]), pd.Series(outcome)


@pytest.fixture(scope="module")
def learnt() -> tuple[TenderModel, pd.DataFrame, pd.Series]:
    bids, y = _tenders(120)
    return TenderModel(random_state=3).fit(screens(bids), y), *_tenders(80, seed=1)


def test_it_finds_rigged_tenders_that_it_has_not_seen(learnt):
    model, bids, y = learnt
    found = screens(bids)
    right = model.predict(found) == (y.loc[found.index] == 1)
    assert right.mean() > 0.8
    assert right.mean() > ((screen_score(found) >= 0.5) == (y.loc[found.index] == 1)).mean()
    score, probability = model.score(found), model.probability(found)
    assert ((score >= 0) & (score <= 1) & (probability >= 0) & (probability <= 1)).all()
    assert (np.diff(probability[np.argsort(score)]) >= 0).all()


def test_a_score_depends_on_its_own_bids_only(learnt):
    model, bids, _ = learnt
    found = screens(bids)
    assert model.score(found.iloc[[5]]) == model.score(found)[5]
    assert model.score(found[found.columns[::-1]]) == pytest.approx(model.score(found), abs=0)


def test_renaming_tenders_and_bidders_changes_nothing():
    bids, y = _tenders(60)
    names = {name: f"{hash(name) % 7}{place}" for place, name in enumerate(y.index)}  # another order too
    order = np.random.default_rng(0).permutation(len(bids))
    renamed = bids.iloc[order].assign(tender=lambda b: b["tender"].map(names), bidder="one")
    model, new = screens(bids), screens(renamed)
    pd.testing.assert_frame_equal(new.loc[[names[name] for name in model.index]].set_axis(model.index), model)
    by_new_name = y.rename(names).loc[new.index]
    same_rows = new.loc[[names[name] for name in model.index]]
    first = TenderModel().fit(model, y.loc[model.index])
    second = TenderModel().fit(same_rows, by_new_name.loc[same_rows.index])
    assert (first.score(model) == second.score(same_rows)).all()


@pytest.mark.parametrize(("confirmed", "refuted"), [(0, 0), (9, 40), (40, 9)])
def test_with_few_judged_tenders_the_directions_decide(confirmed: int, refuted: int):
    found = screens(_tenders(100)[0])
    y = np.full(len(found), NAN)
    y[1::2][:confirmed], y[0::2][:refuted] = 1, 0
    model = TenderModel().fit(found, y)
    assert model.score(found) == pytest.approx(screen_score(found), abs=0)
    assert np.isnan(model.probability(found)).all()
    assert model.contributions(found)["CV"].abs().max() > 0


def test_tenders_that_nobody_judged_teach_no_outcome():
    bids, y = _tenders(80)
    found, judged = screens(bids), np.arange(80) < 50
    y = y.loc[found.index].where(judged)
    both = TenderModel().fit(found, y)
    assert (both.confirmed_, both.refuted_) == (25, 25)
    assert sum(map(len, both.forests_.values())) == 20


def test_contributions_sum_to_what_the_members_say(learnt):
    """Each forest starts at its root's share, the others at one half or their base; the sum of rises is exact."""
    model, bids, _ = learnt
    found = screens(bids)
    total = model.contributions(found).sum(axis=1).to_numpy()
    mean = model.members(found) @ model.votes_
    assert np.ptp(mean - total) < 0.02  # members are kept off 0 and 1 by 0.01
    assert model.contributions(found).shape == found.shape


def test_votes_go_to_the_member_that_is_right():
    y = np.array([0.0, 1.0] * 50)
    left_out = np.column_stack([np.where(y > 0, 0.8, 0.2), np.full(100, 0.5), np.where(y > 0, 0.3, 0.7)])
    given = votes(left_out, y)
    assert given.sum() == pytest.approx(1)
    assert given.argmax() == 0
    few = votes(left_out[:8], y[:8])
    assert few == pytest.approx([1 / 3] * 3)  # eight tenders give no vote: all keep the first FIRST_VOTES
    assert FIRST_VOTES > 0


def test_parts_hold_both_outcomes_alike():
    part = dealt(np.array([1.0] * 20 + [0.0] * 80), seed=1)
    assert np.bincount(part[:20]).tolist() == [2] * 10
    assert np.bincount(part).tolist() == [10] * 10


def test_the_same_rows_and_seed_give_the_same_bytes():
    bids, y = _tenders(50)
    first, second = (TenderModel(random_state=5).fit(screens(bids), y).to_files() for _ in range(2))
    assert first == second
    assert first != TenderModel(random_state=6).fit(screens(bids), y).to_files()


def test_a_bundle_gives_the_same_model_and_a_changed_byte_is_refused(learnt, tmp_path: Path):
    model, bids, _ = learnt
    found, key = screens(bids), b"k" * 32
    folder = tmp_path / "bundle"
    write_bundle(folder, model.to_files(), {"kind": "tender"}, key=key)
    again = TenderModel.from_files(read_bundle(folder, key=key).files)
    assert (again.score(found) == model.score(found)).all()
    assert (again.probability(found) == model.probability(found)).all()
    pd.testing.assert_frame_equal(again.contributions(found), model.contributions(found))
    trees = folder / "tender_0.txt"
    trees.write_bytes(trees.read_bytes()[:-1] + b"x")
    with pytest.raises(BundleRefused, match="changed"):
        read_bundle(folder, key=key)


def test_an_untaught_model_travels_too():
    found = screens(_tenders(30)[0])
    model = TenderModel().fit(found, np.full(30, NAN))
    again = TenderModel.from_files(model.to_files())
    assert (again.score(found) == model.score(found)).all()


def test_other_columns_and_other_files_are_refused_by_name(learnt):
    model, bids, _ = learnt
    found = screens(bids)
    with pytest.raises(FeatureMismatch, match="RDALT"):
        model.score(found.drop(columns="RDALT"))
    with pytest.raises(FeatureMismatch, match="SPD"):
        TenderModel().fit(found.drop(columns="SPD"), np.full(len(found), NAN))
    with pytest.raises(ModelError, match=r"tender\.json"):
        TenderModel.from_files({"risk.json": b"{}"})


@pytest.mark.parametrize("y", [[0.0, 2.0, 1.0], [1.0, 0.0]])
def test_outcomes_are_checked(y: list[float]):
    found = screens(_tenders(3)[0])
    with pytest.raises(ValueError, match="y "):
        TenderModel().fit(found, y)


def test_members_are_named_in_the_order_of_their_columns(learnt):
    model, bids, _ = learnt
    assert model.members(screens(bids)).shape == (80, len(MEMBERS))
