"""Dates and periods counted from the day a message came in."""

from __future__ import annotations

from datetime import date

import pytest

from ml.extraction.dates import dates
from ml.extraction.folding import fold
from ml.extraction.spans import Period

AS_OF = date(2026, 11, 22)


def found(text, as_of=AS_OF):
    return [(text[span.start : span.end], span.value) for span in dates(fold(text), as_of=as_of)]


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2018年3月至5月", (2018, 3, 1), (2018, 5, 31)),
        ("今年一月到八月", (2026, 1, 1), (2026, 8, 31)),
        ("2015-2017年", (2015, 1, 1), (2017, 12, 31)),
        ("2017年到2019年", (2017, 1, 1), (2019, 12, 31)),
        ("2018年3月5日", (2018, 3, 5), (2018, 3, 5)),
        ("2026.7.21", (2026, 7, 21), (2026, 7, 21)),
        ("二〇一八年三月", (2018, 3, 1), (2018, 3, 31)),
        ("２０１６年１月１６日", (2016, 1, 16), (2016, 1, 16)),
        ("2O14年", (2014, 1, 1), (2014, 12, 31)),
        ("一三年底", (2013, 12, 1), (2013, 12, 31)),
        ("2021年国庆节", (2021, 10, 1), (2021, 10, 7)),
        ("08年", (2008, 1, 1), (2008, 12, 31)),
        ("去年年底", (2025, 12, 1), (2025, 12, 31)),
        ("今年上半年", (2026, 1, 1), (2026, 6, 30)),
        ("前年", (2024, 1, 1), (2024, 12, 31)),
        ("上个月", (2026, 10, 1), (2026, 10, 31)),
        ("上季度", (2026, 7, 1), (2026, 9, 30)),
        ("昨天", (2026, 11, 21), (2026, 11, 21)),
        ("20多天前", (2026, 11, 2), (2026, 11, 2)),
        ("三年前", (2023, 1, 1), (2023, 12, 31)),
        ("半年前", (2026, 5, 1), (2026, 5, 31)),
        ("九十年代", (1990, 1, 1), (1999, 12, 31)),
        ("“十二五”期间", (2011, 1, 1), (2015, 12, 31)),
        ("12月", (2025, 12, 1), (2025, 12, 31)),
        ("五月一号", (2026, 5, 1), (2026, 5, 1)),
    ],
)
def test_solar_dates(text, first, last):
    assert found(text) == [(text, Period(date(*first), date(*last)))]


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        # Spring Festival fell on 2026-02-17, on 2025-01-29 and on 2019-02-05.
        ("去年腊月", (2026, 1, 19), (2026, 2, 16)),
        ("去年腊月二十六", (2026, 2, 13), (2026, 2, 13)),
        ("今年正月初三", (2026, 2, 19), (2026, 2, 19)),
        ("2018年大年三十", (2019, 2, 4), (2019, 2, 4)),
        ("去年老历六月", (2025, 6, 25), (2025, 7, 24)),
        ("去年农历八月十五", (2025, 10, 6), (2025, 10, 6)),
        ("年前", (2026, 1, 18), (2026, 2, 16)),
        ("去年春节", (2025, 1, 29), (2025, 2, 4)),
        ("去年八月十五", (2025, 10, 6), (2025, 10, 6)),
    ],
)
def test_lunar_dates_become_the_days_they_were(text, first, last):
    assert found(text) == [(text, Period(date(*first), date(*last)))]


def test_the_lunar_month_before_the_leap_month_ends_before_it():
    # 2025 had a leap sixth month from 2025-07-25 on.
    ((_, period),) = found("2025年农历六月")
    assert period.last == date(2025, 7, 24)


def test_a_month_takes_the_year_of_the_text_before_it():
    assert [value.first for _, value in found("2017年5月有人来通知，要求在6月前搬走")] == [
        date(2017, 5, 1),
        date(2017, 6, 1),
    ]


def test_two_dates_with_their_years_stay_two():
    assert [text for text, _ in found("2015年11月至2017年7月")] == ["2015年11月", "2017年7月"]


@pytest.mark.parametrize(
    "text",
    [
        "干了三年",
        "10年来",
        "满18岁",
        "孩子上一年级",
        "2020年2月30日",
        "100至150元一月的费用",
        "几年前就规定",
        "13月",
        "月饼",
        "一个月",
    ],
)
def test_durations_and_impossible_days_are_no_dates(text):
    assert found(text) == []


def test_the_same_words_mean_other_days_on_another_day():
    assert found("去年", as_of=date(2020, 1, 8))[0][1] == Period(date(2019, 1, 1), date(2019, 12, 31))
