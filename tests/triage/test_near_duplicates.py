"""Copies of one message are one group, different messages are not."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.triage.near_duplicates import group_near_duplicates

LETTER = (
    "我们是力塘村的村民，村支书在征地补偿款发放中弄虚作假，把自己亲戚的面积多报了三亩，账目从来没有公开过，"
    "我们多次向镇里反映都没有人管，请上级派人来查一查，还我们一个公道。"
)
OTHER = "请问城乡居民医保今年什么时候可以缴费，在外地打工能不能在手机上交，需要带哪些材料，谢谢。"


def test_small_edits_are_one_group() -> None:
    copies = [LETTER, LETTER.replace("三亩", "四亩"), LETTER + "急急急", LETTER.replace("，", "")]
    assert group_near_duplicates([OTHER, *copies]).tolist() == [0, 1, 1, 1, 1]


def test_different_messages_on_one_matter_stay_apart() -> None:
    same_matter = "力塘村支书多报征地面积，补偿款被亲戚冒领，希望纪委查处。"
    assert group_near_duplicates([LETTER, same_matter]).tolist() == [0, 1]


def test_short_texts_join_only_when_equal_and_empty_ones_never() -> None:
    assert group_near_duplicates(["好", "", "好", "", "坏"]).tolist() == [0, 1, 0, 3, 4]
    assert group_near_duplicates([]).tolist() == []


def test_a_mass_mailing_is_one_group() -> None:
    generator = np.random.default_rng(0)
    mailing = [f"{LETTER}{generator.integers(10**6)}" for _ in range(3_000)]
    assert len(set(group_near_duplicates(mailing).tolist())) == 1


@settings(deadline=None)
@given(st.lists(st.text(alphabet="村民款账贪补低保查", max_size=30), max_size=30))
def test_groups_are_named_by_their_first_member_and_equal_texts_share_one(texts: list[str]) -> None:
    groups = group_near_duplicates(texts)
    for index, group in enumerate(groups.tolist()):
        assert group <= index
        assert groups[group] == group
        assert not texts[index] or groups[texts.index(texts[index])] == group
    assert np.array_equal(groups, group_near_duplicates(texts))
