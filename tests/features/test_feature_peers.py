"""Peer groups divide a county, and none is smaller than the minimum unless the county is."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.dictionary import PeerAttribute, load_entity
from features.peers import MINIMUM_PEERS, UNKNOWN, merge_neighbours, peer_groups

ATTRIBUTES = load_entity("village").peers.attributes


def _villages(rows: list[tuple[str, str | None, str | None, str | None]]) -> tuple[pd.Series, pd.DataFrame]:
    ids = [f"{county}{i:06d}" for i, (county, *_) in enumerate(rows)]
    properties = pd.DataFrame([row[1:] for row in rows], index=ids, columns=["kind", "size", "terrain"])
    return pd.Series(ids, index=ids), properties


def _value(name: str) -> st.SearchStrategy[str | None]:
    attribute = next(a for a in ATTRIBUTES if a.name == name)
    return st.sampled_from([*attribute.values, None])


VILLAGE = st.tuples(st.sampled_from(["990101", "990102"]), _value("kind"), _value("size"), _value("terrain"))


@given(st.lists(VILLAGE, min_size=1, max_size=120))
def test_groups_are_within_a_county_and_large_enough(rows):
    villages, properties = _villages(rows)
    groups = peer_groups(villages, properties, ATTRIBUTES)
    counties = villages.str.slice(0, 6)
    assert list(groups.index) == list(villages.index)
    for _, members in counties.groupby(groups):
        assert members.nunique() == 1
        county_size = (counties == members.iloc[0]).sum()
        assert len(members) >= min(MINIMUM_PEERS, county_size)


@given(st.lists(VILLAGE, min_size=1, max_size=60), st.randoms(use_true_random=False))
def test_the_order_of_villages_does_not_matter(rows, random):
    villages, properties = _villages(rows)
    order = random.sample(list(villages.index), len(villages))
    shuffled = peer_groups(villages.loc[order], properties.loc[order], ATTRIBUTES)
    pd.testing.assert_series_equal(
        shuffled.loc[villages.index], peer_groups(villages, properties, ATTRIBUTES)
    )


@pytest.mark.parametrize(
    ("sizes", "merged"),
    [
        ([("平原", 20), ("丘陵", 9), ("山区", 8)], [["平原"], ["丘陵"], ["山区"]]),
        ([("平原", 20), ("丘陵", 9), ("山区", 7)], [["平原"], ["丘陵", "山区"]]),
        ([("平原", 9), ("丘陵", 3), ("山区", 20)], [["平原", "丘陵"], ["山区"]]),
        ([("平原", 3), ("丘陵", 2), ("山区", 2)], [["平原", "丘陵", "山区"]]),
        ([("平原", 3)], [["平原"]]),
        ([], []),
    ],
)
def test_a_small_part_joins_its_smaller_neighbour(sizes, merged):
    assert merge_neighbours(sizes, minimum=8) == merged


def test_labels_name_what_peers_share():
    rows = [("990101", "village", "small", "hill")] * 8 + [("990101", "village", "small", "plain")] * 5
    rows += [("990101", "village", "small", "mountain")] * 5 + [("990101", None, None, None)] * 9
    groups = peer_groups(*_villages(rows), ATTRIBUTES)
    assert sorted(groups.unique()) == [
        "990101",
        "990101 行政村·小型·丘陵/山区",
        "990101 行政村·小型·平原",
    ] or sorted(groups.unique()) == ["990101", "990101 行政村·小型"]
    assert groups.iloc[-1] == "990101"


def test_entities_without_properties_are_peers_of_their_county():
    villages, properties = _villages([("990101", None, None, None)] * 3 + [("990102", None, None, None)] * 2)
    groups = peer_groups(villages, properties.iloc[:0], ATTRIBUTES)
    assert groups.value_counts().to_dict() == {"990101": 3, "990102": 2}


def test_an_attribute_value_that_is_not_declared_counts_as_unknown():
    attribute = PeerAttribute(name="kind", values={"village": "行政村", "community": "社区"})
    villages, properties = _villages(
        [("990101", "island", None, None)] * 9 + [("990101", "village", None, None)] * 9
    )
    assert set(peer_groups(villages, properties, [attribute])) == {"990101", "990101 行政村"}
    assert UNKNOWN not in "".join(peer_groups(villages, properties, [attribute]))
