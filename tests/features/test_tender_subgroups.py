"""Screens over pairs, triples and quadruples of bids, worked by hand; what no screen may depend on."""

from __future__ import annotations

from itertools import combinations
from statistics import mean, median, pstdev, stdev

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features import tender
from features.tender import ALL_SCREENS, BIDS, SUBGROUP_COLUMNS, screens, subgroups

AMOUNTS = st.lists(st.integers(1_000, 90_000), min_size=0, max_size=9)
TENDERS = st.lists(AMOUNTS, min_size=1, max_size=4)


def _bids(tenders: list[list[int]]) -> pd.DataFrame:
    rows = [
        (f"T{t}", f"B{i}", amount) for t, amounts in enumerate(tenders) for i, amount in enumerate(amounts)
    ]
    empty = [(f"T{t}", "B", float("nan")) for t, amounts in enumerate(tenders) if not amounts]
    return pd.DataFrame(rows + empty, columns=["tender", "bidder", "amount"]).astype({"amount": "float64"})


def test_shape_of_four_bids_worked_by_hand():
    """Bids 100, 110, 130, 160: gaps 10, 20, 30, mean 125, quartiles 107.5, 120, 137.5."""
    found = screens(_bids([[130, 100, 160, 110]])).iloc[0]
    worked = {
        "RDNOR": 10 / 20, "RDALT": 10 / 25, "LOWEST": 100 / 125, "HIGHEST": 160 / 125,
        "MAD": 15 / 120, "IQR": 30 / 120, "Q25": 7.5 / 60, "MEDIAN": 20 / 60, "Q75": 37.5 / 60,
        "GAPMAX": 30 / 60, "GAPSPREAD": pstdev([10, 20, 30]) / 20,
        "GAPEVEN": -(1 / 6 * np.log(1 / 6) + 1 / 3 * np.log(1 / 3) + 1 / 2 * np.log(1 / 2)) / np.log(3),
    }  # fmt: skip
    assert {name: found[name] for name in worked} == pytest.approx(worked)


def test_subgroups_of_four_bids_follow_their_definition():
    bids = [100, 110, 130, 160]
    found = screens(_bids([bids])).iloc[0]
    summaries = {"MEAN": mean, "MEDIAN": median, "MIN": min, "MAX": max, "SD": pstdev}
    pairs = [stdev(pair) / mean(pair) for pair in combinations(bids, 2)]
    triples = list(combinations(bids, 3))
    by_screen = {
        "PAIR_CV": pairs,
        "TRIPLE_CV": [stdev(triple) / mean(triple) for triple in triples],
        "TRIPLE_SPD": [(c - a) / a for a, _, c in triples],
        "TRIPLE_DIFFP": [(b - a) / a for a, b, _ in triples],
        "TRIPLE_RD": [(b - a) / stdev([b, c]) for a, b, c in triples],
        "FOUR_RD": [10 / stdev(bids[1:])],
        "FOUR_CV": [stdev(bids) / mean(bids)],
    }
    for screen, values in by_screen.items():
        for name, summary in summaries.items():
            assert found[f"{screen}_{name}"] == pytest.approx(summary(values)), (screen, name)
    assert found["FOUR_CV_SD"] == 0


@pytest.mark.parametrize(
    ("bids", "known"), [(1, ()), (2, ("PAIR",)), (3, ("PAIR", "TRIPLE")), (4, ("PAIR", "TRIPLE", "FOUR"))]
)
def test_subgroups_that_do_not_exist_are_unknown(bids: int, known: tuple[str, ...]):
    found = screens(_bids([[100, 120, 125, 170][:bids]])).iloc[0]
    assert {name for name in SUBGROUP_COLUMNS if not np.isnan(found[name])} == {
        name for name in SUBGROUP_COLUMNS if name.startswith(known or "none")
    }


def test_many_bids_are_seen_in_runs_of_neighbours(monkeypatch):
    assert len(subgroups(27, 4)) == 17_550
    assert subgroups(28, 4).tolist() == [[i, i + 1, i + 2, i + 3] for i in range(25)]
    assert len(subgroups(200, 2)) == 19_900
    assert len(subgroups(201, 2)) == 200
    bids = [100 + 3 * i for i in range(300)]
    found = screens(_bids([bids])).iloc[0]
    assert found["TRIPLE_SPD_MAX"] == pytest.approx(6 / 100)
    assert found[list(ALL_SCREENS)].notna().all()


def test_blocks_of_tenders_do_not_matter(monkeypatch):
    bids = _bids([[100, 117, 121, 140, 155], [90, 91, 99, 120, 180], [50, 60, 70, 90, 95]])
    whole = screens(bids)
    monkeypatch.setattr(tender, "_CELLS", 1)
    pd.testing.assert_frame_equal(screens(bids), whole)


@settings(deadline=None, max_examples=40)
@given(TENDERS, st.randoms(use_true_random=False))
def test_order_names_and_duplicates_do_not_matter(tenders, random):
    bids = _bids(tenders)
    usual = screens(bids)
    order = random.sample(range(len(bids)), len(bids))
    doubled = pd.concat([bids.iloc[order], bids.iloc[order[:3]]]).assign(bidder=lambda b: b["bidder"] + "x")
    pd.testing.assert_frame_equal(screens(doubled), usual, check_exact=True)
    renamed = screens(bids.assign(tender="9" + bids["tender"], bidder=None))
    pd.testing.assert_frame_equal(renamed.set_axis(usual.index), usual, check_exact=True)


@settings(deadline=None, max_examples=40)
@given(TENDERS, st.sampled_from([0.25, 2.0, 1024.0]))
def test_the_unit_of_money_does_not_matter(tenders, factor):
    """Powers of two keep every bit, so that equality is exact."""
    bids = _bids(tenders)
    scaled = screens(bids.assign(amount=bids["amount"] * factor))
    pd.testing.assert_frame_equal(scaled, screens(bids), check_exact=True)


@settings(deadline=None, max_examples=40)
@given(TENDERS)
def test_screens_are_finite_and_a_tender_is_judged_alone(tenders):
    bids = _bids(tenders)
    together = screens(bids)
    assert not np.isinf(together.to_numpy()).any()
    assert list(together.columns) == list(ALL_SCREENS)
    for name in together.index:
        alone = screens(bids[bids["tender"] == name])
        pd.testing.assert_frame_equal(alone, together.loc[[name]], rtol=1e-12)


def test_bids_alike_to_the_last_bit_give_no_infinite_screen():
    amounts = [1e15, float(np.nextafter(1e15, 2e15)), float(np.nextafter(1e15, 0)), 1e15]
    found = screens(pd.DataFrame({"tender": "T", "bidder": list("abcd"), "amount": amounts}))
    assert not np.isinf(found.to_numpy()).any()
    assert found[BIDS].tolist() == [3]
