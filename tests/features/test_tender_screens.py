"""The screens of a tender, worked by hand from four bids, and NaN wherever there are too few."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.tender import SCREENS, screens


def _bids(**tenders: list[float]) -> pd.DataFrame:
    rows = [(t, f"{t}{i}", amount) for t, amounts in tenders.items() for i, amount in enumerate(amounts)]
    return pd.DataFrame(rows, columns=["tender", "bidder", "amount"])


def test_four_bids_worked_by_hand():
    found = screens(_bids(T=[130, 100, 160, 110])).loc["T"]
    assert found["BIDS"] == 4
    assert found["CV"] == pytest.approx(700**0.5 / 125)
    assert found["SPD"] == pytest.approx(0.6)
    assert found["DIFFP"] == pytest.approx(0.1)
    assert found["RD"] == pytest.approx(10 / (1900 / 3) ** 0.5)  # losing bids 110, 130, 160
    assert found["SKEW"] == pytest.approx(4 / 6 * 24000 / 700**1.5)
    assert found["KURT"] == pytest.approx(20 / 6 * 1942500 / 700**2 - 13.5)
    assert found["KSTEST"] == pytest.approx(1 / 3)  # after the second bid: 2/4 of them on 1/6 of the range


@pytest.mark.parametrize(
    ("amounts", "known"),
    [
        ([], set()),
        ([100], set()),
        ([100, 120], {"CV", "SPD", "DIFFP", "KSTEST"}),
        ([100, 120, 125], {"CV", "SPD", "DIFFP", "KSTEST", "RD", "SKEW"}),
        ([100, 120, 125, 127], set(SCREENS)),
    ],
)
def test_too_few_bids_are_nan(amounts: list[float], known: set[str]):
    found = screens(_bids(T=[*amounts, np.nan], U=[1, 2])).loc["T"]
    assert {name for name in SCREENS if not np.isnan(found[name])} == known
    assert found["BIDS"] == len(amounts)


def test_a_consortium_listed_once_per_member_counts_once():
    once = screens(_bids(T=[100, 120, 125]))
    pd.testing.assert_frame_equal(screens(_bids(T=[100, 100, 120, 125, 125])), once)
    assert screens(_bids(T=[100, 100])).loc["T", list(SCREENS)].isna().all()


def test_equal_amounts_of_different_tenders_stay():
    assert screens(_bids(T=[100, 120], U=[100, 120]))["CV"].notna().all()


def test_a_bid_without_a_price_is_left_out():
    pd.testing.assert_frame_equal(screens(_bids(T=[0, 100, 120])), screens(_bids(T=[100, 120])))


def test_row_order_names_and_the_unit_of_money_do_not_matter():
    bids = _bids(B=[100, 117, 121, 140], A=[90, 91, 99])
    found = screens(bids)
    shuffled = bids.sample(frac=1, random_state=3).assign(bidder="x", amount=lambda b: b["amount"] * 100)
    pd.testing.assert_frame_equal(screens(shuffled), found)
    assert list(found.index) == ["A", "B"]


def test_a_missing_column_raises():
    with pytest.raises(KeyError, match="amount"):
        screens(pd.DataFrame({"tender": ["T"], "bidder": ["A"]}))
