"""Villages by the register, villages of one name, short names, committees; places without a register."""

from __future__ import annotations

import pytest

from ml.extraction.folding import fold
from ml.extraction.gazetteer import Gazetteer
from ml.extraction.places import named_places
from ml.extraction.spans import Kind

NAMES = {
    "330102": "青山县", "330102001": "清溪镇", "330102002": "白云乡", "330103": "绿水县", "330103001": "清河镇",
    "330102001001": "石桥村", "330102002001": "石桥村", "330102002002": "柳林村村民委员会", "330103001001": "石桥村", "330102001002": "和平社区",
    "330102001003": "东风社区居委会",
}  # fmt: skip
REGISTER = Gazetteer.of(NAMES, {"石壁大队": "330102002002"})


def codes(text, office=""):
    return [(text[s.start : s.end], s.value.codes) for s in REGISTER.spans(fold(text), office=office)]


def villages(text, office=""):
    return [found for span, found in codes(text, office) if len(found[0]) == 12]


@pytest.mark.parametrize(
    ("text", "office", "expected"),
    [
        ("清溪镇石桥村低保不公开", "", [("330102001001",)]),
        ("白云乡的石桥村低保不公开", "", [("330102002001",)]),
        ("绿水县石桥村", "", [("330103001001",)]),
        ("石桥村低保不公开", "330102001", [("330102001001",)]),
        ("石桥村低保不公开", "330102", [("330102001001", "330102002001")]),
        ("石桥村低保不公开", "", [("330102001001", "330102002001", "330103001001")]),
        ("柳林村没有路灯", "", [("330102002002",)]),
        ("柳林村委会没有路灯", "", [("330102002002",)]),
        ("柳林支书开会", "", [("330102002002",)]),
        ("白云乡柳林修路", "", [("330102002002",)]),
        ("石壁大队的事", "", [("330102002002",)]),
        ("柳林里有很多树", "", []),
        ("向往和平", "", []),
        ("和平社区的事", "", [("330102001002",)]),
        ("东风社区的事", "", [("330102001003",)]),
        ("柳林村和和平社区都这样", "", [("330102002002",), ("330102001002",)]),
        ("清溪鎮石橋村低保不公開", "", [("330102001001",)]),
    ],
)
def test_villages_of_the_register(text, office, expected):
    assert villages(text, office) == expected


def test_a_shared_name_shares_its_confidence():
    (sure,) = [s for s in REGISTER.spans("清溪镇石桥村") if s.kind == Kind.VILLAGE]
    (open_,) = REGISTER.spans("石桥村")
    assert sure.confidence > open_.confidence * 2


def test_a_register_of_many_names_is_read_in_linear_time():
    many = Gazetteer.of({f"33{number:010d}": f"第{number}号村" for number in range(5_000)})
    lookups = 0

    class Counting(dict):
        def __contains__(self, key):
            nonlocal lookups
            lookups += 1
            return super().__contains__(key)

    counted = Gazetteer(Counting(many.codes), Counting(many.short), many.lengths)
    list(counted.spans("村" * 1_000))
    few = lookups
    list(counted.spans("村" * 2_000))
    assert lookups - few == pytest.approx(2 * few, rel=0.05)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("我是E7县岩口镇杨家村三组的", [("place", "E7县岩口镇"), ("village", "杨家村三组")]),
        ("农村公路要修", []),
        ("全村人都知道", []),
        ("希望小区居民安静", []),
    ],
)
def test_places_without_a_register(text, expected):
    assert [(str(s.kind), text[s.start : s.end]) for s in named_places(fold(text))] == expected
