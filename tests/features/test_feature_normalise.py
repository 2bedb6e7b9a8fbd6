"""Shrinkage draws small counts to the peers; robust z-scores say how far a value lies from them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.dictionary import UNITS, Feature, Shrink
from features.normalise import CLIP, robust_z, shrink, typical_values

IDS = [f"990101{i:06d}" for i in range(12)]
VILLAGES = pd.Series(IDS, index=IDS)
PEERS = pd.Series("同类", index=IDS)


def _feature(name: str = "x", *, unit: str = "share", weight: float | None = None) -> Feature:
    rule = Shrink(count="n", weight=weight) if weight else None
    return Feature(
        name=name, label="特征", unit=unit, direction="up", meaning="用于测试的特征", shrink=rule, group="g", needs={}
    )  # fmt: skip


def _column(values: list[float], name: str = "x") -> pd.DataFrame:
    return pd.DataFrame({name: values}, index=IDS[: len(values)], dtype="float64")


def _z(values: list[float], peers: pd.Series | None = None, unit: str = "share") -> pd.Series:
    frame = _column(values)
    groups = (PEERS if peers is None else peers).loc[frame.index]
    return robust_z(frame, groups, VILLAGES.loc[frame.index], {"x": _feature(unit=unit)})["x"]


def test_few_cases_are_drawn_to_the_mean_and_many_stay():
    values, counts = _column([1.0, 0.1, 0.1]), _column([1.0, 1000.0, 1000.0])
    drawn = shrink(values, counts, PEERS.iloc[:3], {"x": _feature(weight=20)})["x"]
    mean = (1 * 1.0 + 1000 * 0.1 * 2) / 2001
    assert drawn.iloc[0] == pytest.approx((1 + 20 * mean) / 21)
    assert drawn.iloc[1] == pytest.approx(0.1, abs=1e-4)


def test_unknown_stays_unknown_and_counts_for_nothing():
    values, counts = _column([np.nan, 0.5, 0.5]), _column([9.0, 5.0, 5.0])
    drawn = shrink(values, counts, PEERS.iloc[:3], {"x": _feature(weight=20)})["x"]
    assert np.isnan(drawn.iloc[0])
    assert drawn.iloc[1] == pytest.approx(0.5)


def test_a_feature_without_shrinkage_is_left_alone():
    values = _column([0.0, 1.0])
    pd.testing.assert_frame_equal(shrink(values, values * np.nan, PEERS.iloc[:2], {"x": _feature()}), values)


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 500)), min_size=2, max_size=12))
def test_shrunk_values_stay_between_the_value_and_the_range_of_peers(rows):
    values = _column([value for value, _ in rows])
    counts = _column([float(count) for _, count in rows])
    drawn = shrink(values, counts, PEERS.loc[values.index], {"x": _feature(weight=10)})["x"]
    assert drawn.between(values["x"].min() - 1e-9, values["x"].max() + 1e-9).all()


def test_the_median_is_zero_and_higher_is_higher():
    z = _z([i / 10 for i in range(11)])
    assert z.iloc[5] == 0
    assert z.is_monotonic_increasing
    assert z.iloc[10] == pytest.approx(0.5 / (0.5 / 1.349))


def test_peers_that_are_all_alike_do_not_make_a_trifle_odd():
    z = _z([0.0] * 11 + [0.001])
    assert z.iloc[-1] == pytest.approx(0.001 / UNITS["share"].floor)


def test_far_outside_is_clipped():
    assert _z([0.0] * 11 + [1.0]).iloc[-1] == CLIP


def test_too_few_known_peers_fall_back_to_the_county():
    peers = pd.Series(["甲"] * 10 + ["乙"] * 2, index=IDS)
    values = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 0.5, 0.0]
    z = _z(values, peers)
    assert z.iloc[10] == pytest.approx(
        (0.5 - np.median(values)) / ((np.subtract(*np.percentile(values, [75, 25]))) / 1.349)
    )


def test_too_few_in_the_county_cannot_be_told():
    assert _z([0.1] * 7).isna().all()


def test_typical_value_is_the_median_of_the_peers():
    peers = pd.Series(["甲"] * 8 + ["乙"] * 4, index=IDS)
    values = _column([float(i) for i in range(12)])
    typical = typical_values(values, peers, VILLAGES.str.slice(0, 6))["x"]
    assert typical.iloc[0] == 3.5
    assert typical.iloc[11] == 5.5  # four peers are too few: the county
