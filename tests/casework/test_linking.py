"""Linking a message to officials, programmes and projects: tiers, terms of office, names, never from a name alone."""

from __future__ import annotations

from datetime import date

import pytest

from casework.linking import Entries, Programme, Project, Target, Term, Tier, link, villages_of
from ml.extraction.gazetteer import Gazetteer
from ml.extraction.reading import read

VILLAGE, OTHER = "330102001001", "330102001002"
REGISTER = Gazetteer.of({"330102001": "清溪镇", VILLAGE: "石桥村", OTHER: "柳林村"})
AS_OF = date(2026, 11, 22)
OLD, NEW, CLERK, FAR = "P-old", "P-new", "P-accountant", "P-far"
NAMES = {OLD: "赵大海", NEW: "钱小河", CLERK: "孙一平", FAR: "赵大海"}
ENTRIES = Entries(
    [
        Term(OLD, VILLAGE, "secretary", date(2015, 1, 1), date(2020, 12, 31)),
        Term(NEW, VILLAGE, "secretary", date(2021, 1, 1), None),
        Term(CLERK, VILLAGE, "accountant", date(2018, 1, 1), None),
        Term(FAR, OTHER, "secretary", date(2018, 1, 1), None),
    ],
    [
        Programme("DB01", "农村低保", "subsistence", date(2010, 1, 1), None),
        Programme("CY01", "创业补贴", "startup", date(2010, 1, 1), None),
        Programme("CY02", "产业扶持", "startup", date(2010, 1, 1), None),
    ],
    [
        Project("XM01", VILLAGE, "石桥村三组至四组道路硬化工程", "road", date(2025, 3, 1), date(2025, 9, 1)),
        Project("XM02", OTHER, "柳林村三组道路硬化工程", "road", date(2025, 3, 1), None),
    ],
)


def links(text, *, names=NAMES, about=None):
    programmes = {programme.name: programme.category for programme in ENTRIES.programmes}
    reading = read(text, as_of=AS_OF, gazetteer=REGISTER, programme_names=programmes)
    return link(text, reading, ENTRIES, villages=villages_of(reading, about=about), as_of=AS_OF, names=names)


def officials(text, **given):
    return {(found.entry, found.tier) for found in links(text, **given) if found.target == Target.OFFICIAL}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("举报石桥村支书钱小河虚报误工", {(NEW, Tier.A)}),
        ("石桥村支书虚报误工", {(NEW, Tier.B)}),
        ("2019年3月石桥村支书虚报误工", {(OLD, Tier.B)}),
        ("2019年3月石桥村支书赵大海虚报误工", {(OLD, Tier.A)}),
        ("石桥村钱书记虚报误工", {(NEW, Tier.B)}),
        ("石桥村支书赵大海虚报误工", {(OLD, Tier.C)}),
        ("石桥村支书周同山虚报误工", {(NEW, Tier.C)}),
        ("支书钱小河虚报误工", set()),
        ("石桥村会计和支书虚报误工", {(NEW, Tier.B), (CLERK, Tier.B)}),
    ],
)
def test_officials_in_that_village_at_that_time(text, expected):
    assert officials(text) == expected


def test_without_the_right_to_names_a_post_links_without_them():
    (found,) = [f for f in links("举报石桥村支书钱小河虚报误工", names={}) if f.target == Target.OFFICIAL]
    assert (found.entry, found.tier, found.why) == (NEW, Tier.B, "村、职务和任期相符，未核对姓名")


def test_two_in_one_post_are_only_hints():
    entries = Entries([*ENTRIES.terms, Term("P-second", VILLAGE, "secretary", date(2021, 1, 1), None)])
    text = "石桥村支书虚报误工"
    reading = read(text, as_of=AS_OF, gazetteer=REGISTER)
    found = link(text, reading, entries, villages=[VILLAGE], as_of=AS_OF)
    assert {(f.entry, f.tier) for f in found} == {(NEW, Tier.C), ("P-second", Tier.C)}


def test_the_namesake_in_another_village_is_not_meant():
    assert FAR not in {entry for entry, _ in officials("2019年3月石桥村支书赵大海虚报误工")}


def test_the_village_of_the_form_counts_before_the_text():
    assert officials("支书虚报误工", about=OTHER) == {(FAR, Tier.B)}


def test_whom_one_writes_to_is_not_linked():
    assert officials("尊敬的书记：您好，石桥村的路灯坏了") == set()


def test_the_reason_never_holds_a_name():
    for found in links("举报石桥村支书钱小河、会计孙一平虚报低保"):
        assert not any(name in found.why for name in NAMES.values())


def test_the_link_of_the_accused_is_marked():
    (found,) = [f for f in links("举报石桥村支书钱小河虚报误工") if f.target == Target.OFFICIAL]
    assert found.accused


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("石桥村农村低保不公开", {("DB01", Tier.A)}),
        ("石桥村低保不公开", {("DB01", Tier.B)}),
        ("石桥村创业补贴不公开", {("CY01", Tier.A), ("CY02", Tier.C)}),
    ],
)
def test_programmes(text, expected):
    assert {(f.entry, f.tier) for f in links(text) if f.target == Target.PROGRAMME} == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("石桥村2025年5月做的道路硬化工程偷工减料", {("XM01", Tier.B)}),
        ("石桥村三组至四组道路硬化工程2025年5月偷工减料", {("XM01", Tier.A)}),
        ("石桥村2012年道路硬化工程偷工减料", {("XM01", Tier.C)}),
        ("石桥村的路灯坏了", set()),
    ],
)
def test_projects(text, expected):
    assert {(f.entry, f.tier) for f in links(text) if f.target == Target.PROJECT} == expected


@pytest.mark.parametrize(
    ("text", "about", "expected"),
    [
        ("石桥村和柳林村都这样", None, (VILLAGE, OTHER)),
        ("石桥村的事", OTHER, (OTHER,)),
        ("石桥村的事", "330102001", (VILLAGE,)),
        ("没有写地方", None, ()),
    ],
)
def test_the_villages_of_a_message(text, about, expected):
    assert villages_of(read(text, as_of=AS_OF, gazetteer=REGISTER), about=about) == expected
