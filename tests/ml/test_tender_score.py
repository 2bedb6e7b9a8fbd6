"""The score of tenders: closer, lower-skewed bids rank higher; few bids say little; what is missing says nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2

from ml.errors import FeatureMismatch
from ml.tenders import WEIGHTS, screen_score

NAN = float("nan")


def _screens(**columns: list[float]) -> pd.DataFrame:
    rows = len(next(iter(columns.values())))
    usual = {"BIDS": [5.0] * rows, "CV": [NAN] * rows, "SPD": [NAN] * rows, "SKEW": [NAN] * rows}
    return pd.DataFrame({**usual, **columns})


def test_ranks_worked_by_hand():
    """Ranks 3/4, 2/4, 1/4 on CV and SPD, 1/4, 2/4, 3/4 on SKEW, weights 4, 2, 1."""
    score = screen_score(_screens(CV=[0.01, 0.1, 0.2], SPD=[0.02, 0.2, 0.4], SKEW=[1.0, 0.0, -1.0]))
    assert score == pytest.approx([(6 * 0.75 + 0.25) / 7, 0.5, (6 * 0.25 + 0.75) / 7])


@pytest.mark.parametrize("screen", list(WEIGHTS))
def test_a_low_value_of_each_screen_is_suspicious(screen: str):
    score = screen_score(_screens(**{screen: [0.02, 0.10, 0.30]}))
    assert (np.diff(score) < 0).all()


def test_what_is_missing_or_constant_says_nothing():
    assert screen_score(_screens(CV=[NAN, NAN])) == pytest.approx([0.5, 0.5])
    assert screen_score(_screens(CV=[0.1, 0.1], SPD=[0.2, 0.2], SKEW=[0.0, 0.0])) == pytest.approx([0.5, 0.5])
    assert screen_score(_screens(CV=[0.0, 0.0])) == pytest.approx([0.5, 0.5])
    assert len(screen_score(_screens(CV=[]))) == 0
    with_gap = screen_score(_screens(CV=[0.01, NAN, 0.3]))
    assert with_gap[0] > with_gap[1] > with_gap[2]


def test_a_low_dispersion_of_many_bids_says_more_than_of_two():
    """The chi-squared tail by hand: variance a quarter of the usual one, with 1 and with 9 degrees of freedom."""
    assert chi2.cdf(9 * 0.25, 9) < chi2.cdf(1 * 0.25, 1)
    score = screen_score(_screens(BIDS=[2, 10, 5, 5, 5], CV=[0.05, 0.05, 0.1, 0.1, 0.1]))
    assert score[1] > score[0] > score[2]


def test_the_range_is_judged_for_the_number_of_bids():
    """Ten even bids reach (10 − 1)/(10 + 1) of their range, three (3 − 1)/(3 + 1): equal spreads are not equal."""
    score = screen_score(_screens(BIDS=[3, 10, 5], SPD=[0.2, 0.2, 0.2]))
    assert score[1] > score[0]


def test_row_order_and_further_columns_do_not_matter():
    screens = _screens(CV=[0.05, 0.1, 0.2, 0.07], SPD=[0.1, 0.2, NAN, 0.3], SKEW=[1.0, NAN, 0.0, -2.0])
    order = [2, 0, 3, 1]
    assert screen_score(screens.iloc[order].assign(date=7.0)) == pytest.approx(screen_score(screens)[order])


def test_a_missing_column_raises_by_name():
    with pytest.raises(FeatureMismatch, match="SPD") as raised:
        screen_score(pd.DataFrame({"BIDS": [2.0], "CV": [0.1], "SKEW": [0.0]}))
    assert raised.value.missing == ("SPD",)
