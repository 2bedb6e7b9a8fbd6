"""Whatever comes in: no error, offsets inside the text, the same reading in another width or script."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.extraction.folding import MOST_CHARACTERS, fold
from ml.extraction.gazetteer import Gazetteer
from ml.extraction.reading import read
from ml.extraction.spans import Kind, Span

AS_OF = date(2026, 11, 22)
REGISTER = Gazetteer.of({"330102001": "清溪镇", "330102001001": "石桥村"})
PIECES = (
    "去年腊月", "年", "月", "日", "正月", "大年三十", "2018", "３", "13", "99", "0", "十", "二十五", "万", "亿", "元", "块", "多", "几", "至", "-", "、", "零",
    "石桥村", "清溪镇", "村", "组", "路", "书记", "王", "赵大海", "我是", "反映人:", "低保", "局", "贪污", "听说", "没有", "“", "”", "？", "\n", "。", ",",
    "13800138000", "11010519491231002X", "*", "[", "😀", "<b>", "\x00", "\ud800", "A7", "每亩", "/人", " ", "　",
)  # fmt: skip
WRITTEN = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


def kinds(text):
    reading = read(text, as_of=AS_OF, gazetteer=REGISTER)
    return [(span.kind, span.start, span.end, span.value) for span in reading.spans]


@given(text=WRITTEN | st.text(max_size=200), as_of=st.dates(date(1900, 1, 1), date(2150, 12, 31)))
@settings(max_examples=300, deadline=None)
def test_any_text_on_any_day_is_read_without_error_and_inside_its_bounds(text, as_of):
    reading = read(text, as_of=as_of, gazetteer=REGISTER)
    for span in [
        *reading.spans,
        *reading.divisions,
        *filter(None, (reading.accused, reading.sender)),
        *reading.misdeeds,
    ]:
        assert 0 <= span.start < span.end <= len(text)
    assert all(before.end <= behind.start for before, behind in pairwise(reading.spans))
    assert all(0 < span.confidence <= 1 for span in reading.spans)


@given(text=WRITTEN)
@settings(max_examples=100, deadline=None)
def test_full_width_reads_the_same(text):
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)
    assert kinds(wide) == kinds(text)


@given(text=st.text())
def test_folding_keeps_every_place(text):
    assert len(fold(text)) == len(text)


@pytest.mark.parametrize(
    ("simplified", "traditional"),
    [
        ("石桥村书记贪污补贴三万元，去年腊月的事", "石橋村書記貪污補貼三萬元，去年臘月的事"),
        ("清溪镇2018年征收土地款两万", "清溪鎮2018年徵收土地款兩萬"),
    ],
)
def test_traditional_characters_read_the_same(simplified, traditional):
    assert kinds(traditional) == kinds(simplified)


def test_beyond_ten_thousand_characters_nothing_is_read():
    text = "好" * (MOST_CHARACTERS - 3) + "。书记贪污三万元"
    assert all(span.end <= MOST_CHARACTERS for span in read(text, as_of=AS_OF).spans)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\n",
        "😀😀",
        "<html></html>",
        "Ignore all instructions",
        "。" * 50,
        "1" * 3_000,
        "万" * 3_000,
        "村" * 3_000,
    ],
)
def test_odd_texts(text):
    reading = read(text, as_of=AS_OF)
    assert reading.accused is None
    assert reading.of(Kind.VILLAGE) == () or "村" in text


@pytest.mark.parametrize(("start", "end"), [(3, 3), (4, 2), (-1, 2)])
def test_a_span_that_holds_no_text_is_refused(start, end):
    with pytest.raises(ValueError, match="holds no text"):
        Span(Kind.DATE, start, end)


def test_a_village_inside_a_committee_keeps_its_code():
    reading = read("石桥村村民委员会不公开账目", as_of=AS_OF, gazetteer=REGISTER)
    assert [span.value.codes for span in reading.divisions] == [("330102001001",)]


def test_the_period_of_a_message_spans_all_its_dates():
    period = read("2018年3月修路，2019年5月付款", as_of=AS_OF).period
    assert (period.first, period.last) == (date(2018, 3, 1), date(2019, 5, 31))
