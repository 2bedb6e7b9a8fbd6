"""Money in messages: what counts as money, its value in fen, ranges, vague amounts, rates."""

from __future__ import annotations

import pytest

from ml.extraction.amounts import amounts
from ml.extraction.folding import fold
from ml.extraction.numbers import spoken_number
from ml.extraction.spans import Money


def found(text):
    return [(text[span.start : span.end], span.value) for span in amounts(fold(text))]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("两万四", 24_000), ("一百二", 120), ("一百零二", 102), ("2万4千5百", 24_500), ("十七万八", 178_000), ("3亿2千万", 320_000_000),
        ("两千零八十", 2_080), ("一万零五", 10_005), ("十", 10), ("六百万", 6_000_000), ("1,500", 1_500), ("三千五", 3_500),
    ],
)  # fmt: skip
def test_spoken_numbers(text, number):
    assert spoken_number(text) == number


@pytest.mark.parametrize("text", ["百千", "三五", "万", "一万二万", "五亿三亿", "", "元", "十十", "二〇一八"])
def test_what_nobody_says_is_no_number(text):
    assert spoken_number(text) is None


@pytest.mark.parametrize(
    ("text", "stretch", "least", "most"),
    [
        ("贪了三万多元", "三万多元", 30_000, None),
        ("还剩2.5万", "2.5万", 25_000, 25_000),
        ("花了两万四", "两万四", 24_000, 24_000),
        ("要六至七万元买药", "六至七万元", 60_000, 70_000),
        ("收三、四千元", "三、四千元", 3_000, 4_000),
        ("一户两三千元", "两三千元", 2_000, 3_000),
        ("罚了上千元", "上千元", 1_000, None),
        ("投资了十多万块钱", "十多万块钱", 100_000, None),
        ("贪污公款十七万八", "十七万八", 178_000, 178_000),
        ("罚款24000，我想不通", "24000", 24_000, 24_000),
        ("工程款１，２３４．５０元", "１，２３４．５０元", 1_234.5, 1_234.5),
        ("比以前贵五毛", "五毛", 0.5, 0.5),
        ("補貼三萬元", "三萬元", 30_000, 30_000),
        ("付給他貳仟元", "貳仟元", 2_000, 2_000),
        ("收了¥3500", "3500", 3_500, 3_500),
        ("贪了3w", "3w", 30_000, 30_000),
        ("2个亿的工程款", "2个亿", 200_000_000, 200_000_000),
    ],
)
def test_sums(text, stretch, least, most):
    assert found(text) == [(stretch, Money(round(least * 100), None if most is None else round(most * 100)))]


@pytest.mark.parametrize("text", ["装了60W的灯泡", "太阳能路灯100W", "装机容量500W光伏"])
def test_watts_are_no_money(text):
    assert found(text) == []


@pytest.mark.parametrize("text", ["欠了几十万没还", "花了十几万装修", "账上有数万元"])
def test_vague_amounts_are_found_without_a_value(text):
    ((_, value),) = found(text)
    assert (value.least, value.most) == (None, None)


@pytest.mark.parametrize(
    ("text", "per"),
    [
        ("每亩200元", "亩"),
        ("每人每月400元", "人月"),
        ("修路收取农民200元/人", "人"),
        ("三年前给予的3.5万每人补贴", "人"),
        ("承包费一共200元", None),
    ],
)
def test_a_rate_says_what_it_is_per(text, per):
    ((_, value),) = found(text)
    assert value.per == per


@pytest.mark.parametrize(
    "text",
    [
        "修了1600多块瓷砖", "村里有300人", "第三百二十号", "今后千万不要这样", "万一出事", "2018年修的路", "只有20%", "走了3公里", "1000多名村民",
        "门前一块空地", "老三角村", "人口5万", "我读三年级", "栽了两千棵树", "百姓的心声", "等了2年", "G107国道", "13800138000",
    ],
)  # fmt: skip
def test_what_counts_other_things_is_no_money(text):
    assert found(text) == []


def test_two_sums_in_one_sentence_stay_two():
    assert [text for text, _ in found("收1000元或500元不等的补课费")] == ["1000元", "500元"]
