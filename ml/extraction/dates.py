"""Dates and periods, counted from the day the message came in: 2018年3月至5月, 去年腊月, 上个月, 三年前, “十二五”.

Lunar months become the days they were (`borax`, MIT, 1900 to 2100). Durations (干了三年) are no dates.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Final

from borax.calendars.lunardate import LCalendars, LunarDate

from ml.extraction.numbers import spoken_number
from ml.extraction.spans import Kind, Period, Span

_N: Final = r"(?:\d{1,2}|[〇零一二三四五六七八九十廿]{1,3})"
_YEAR: Final = r"(?:(?:19|2[0Oo〇])[\dOo〇]{2}|[一二][九〇零0Oo][〇零一二三四五六七八九]{2})"
_RELATIVE: Final = {
    "今年": 0, "本年": 0, "当年": 0, "本年度": 0, "今": 0, "去年": -1, "上年": -1, "上一年": -1, "头年": -1, "旧年": -1,
    "前年": -2, "大前年": -3, "明年": 1, "来年": 1, "后年": 2,
}  # fmt: skip
_RELATIVE_DAYS: Final = {
    "今天": 0,
    "今日": 0,
    "昨天": -1,
    "昨日": -1,
    "昨晚": -1,
    "前天": -2,
    "大前天": -3,
    "明天": 1,
    "明日": 1,
    "后天": 2,
}
_LUNAR_MONTHS: Final = {"正月": 1, "冬月": 11, "腊月": 12}
_PARTS: Final = {
    "初": (1, 2),
    "底": (12, 12),
    "末": (12, 12),
    "尾": (12, 12),
    "上半年": (1, 6),
    "下半年": (7, 12),
}
_HALF: Final = 0.5
_LUNAR_YEARS: Final = range(1901, 2100)
_PLAN_YEARS: Final = {"十": 2001, "十一": 2006, "十二": 2011, "十三": 2016, "十四": 2021, "十五": 2026}

_RELATIVE_YEAR: Final = "大前年|本年度|上一年|今年|本年|当年|去年|上年|头年|旧年|前年|明年|来年|后年"
_LUNAR: Final = (
    r"(?:(?:农历|老历|阴历|旧历)?(?P<lunar>正月|冬月|腊月)|(?:农历|老历|阴历|旧历)(?P<lunar_month>"
    + _N
    + r")月份?)"
)
_LUNAR_DAY: Final = rf"(?:初?(?P<lunar_day>{_N})(?:[日号]|(?![\d月年多余个万千百元]))|(?P<half_lunar>半))?"
_FEAST: Final = (
    r"春节(?:前后|期间)?|过年(?:前|后|时|期间|的时候)|中秋节?(?:前后)?|国庆节?(?:期间)?|五一节?(?:期间)?"
)
_POINT: Final = re.compile(
    rf"(?:(?P<year>{_YEAR}|(?<![\d第满近过])[5-9]\d(?=年(?:代|在|就|至|到|起|的|前|建|[^前后来间内以多]|$))|(?<!\d)0\d(?=年)|(?<!\d)[0-2]\d(?=年(?:\d{{1,2}}月|[初底末]))"
    rf"|[〇零一二][一二三四五六七八九〇零](?=年(?:{_N}月|[初底末])))(?:年度?|-(?=\d)|\.(?=\d)|/(?=\d)|(?=[农老阴]历))"
    rf"|(?P<relative>{_RELATIVE_YEAR}|今(?=天?{_N}月))(?!级))"
    rf"(?:(?:的|天)?(?P<big>大年(?:三十|30|夜)|除夕)|的?(?P<feast>{_FEAST})|(?:的|天)?{_LUNAR}{_LUNAR_DAY}|(?P<part>上半年|下半年|年?[初底末尾](?![一二三四五六七八九十]))"
    rf"|(?:的|天)?(?P<month>{_N})(?:月份?|[-./](?=\d))(?:(?P<day>{_N})[日号]?(?:凌晨|早上|上午|下午|晚上)?|(?P<half>半)|[初底末中](?!旬))?)?(?:号)?"
)
_DECADE: Final = re.compile(r"(?:(?:上世纪|20世纪)?(?P<tens>[五六七八九5-9])[十0]年代)")
_MONTH_ONLY: Final = re.compile(
    rf"(?<![元块钱\d])(?P<month>{_N})月(?!票|饼|亮|嫂|经|租|收入|供|薪|球|子)(?:份|(?P<day>{_N})[日号]|(?P<half>半)|[初底末])?"
)
_LUNAR_ONLY: Final = re.compile(rf"(?P<big>大年(?:三十|30|夜)|除夕)|{_LUNAR}{_LUNAR_DAY}")
_NEAR: Final = re.compile(
    r"(?P<shift>上上|上|这|本|下)(?P<many>个)?(?P<unit>月|星期|周|礼拜|季度)(?!末|边|初)[初底末]?|(?P<day>大前天|今[天日]|昨[天日晚]|前天|明[天日]|后天)"
    rf"|(?P<feast>(?<![几数多半\d一二两三四五六七八九十])年[前后]|{_FEAST})"
)
_AGO: Final = re.compile(
    r"(?P<count>\d{1,3}|[一二两三四五六七八九十半]{1,3})(?P<more>[多几来])?(?P<unit>个月|天|日|年|周|个星期)(?:多)?(?:以?前|之前)(?!后)"
)
_PLAN: Final = re.compile(r"[“\"「]?(?P<plan>十[一二三四五]?)五[”\"」]?(?:期间|时期|规划)?")
_YEARS: Final = re.compile(r"(?P<from>(?:19|20)\d\d)年?[-至到~—、]?(?P<to>(?:19|20)\d\d)年")
_YEAR_ONLY: Final = re.compile(r"(?<![\d.])(?P<year>(?:19|20)\d\d)(?=之前|以前|以后|之后|至今|度)")
_TO: Final = re.compile(r"\s?(?:至|到|—{1,2}|-|~|～)\s?")
_SHORT_YEAR: Final = re.compile(
    r"(?:(?<=[在于从自括])|(?<=[,。;、\n]))(?P<year>[01]\d|[4-9]\d)年(?![前后来间内以多半前级的])"
)

Reader = Callable[[re.Match[str], date, "int | None"], Period | None]


def dates(text: str, *, as_of: date) -> Iterator[Span]:
    """Every date or period in the folded ``text``, in order; a month without a year takes that of the text before it.

    Without one it is the last such month up to ``as_of``. ``as_of`` is the day on which the message came in.
    """
    place, year = 0, None
    found = [
        (match.start(), -(match.end() - match.start()), number, match)
        for number, (pattern, _) in enumerate(_READERS)
        for match in pattern.finditer(text)
    ]
    open_period: Span | None = None
    for start, _, number, match in sorted(found, key=lambda item: item[:3]):
        if start < place:
            continue
        period = _READERS[number][1](match, as_of, year)
        if period is None:
            continue
        end = match.end() - (len(match[0]) - len(match[0].rstrip()))
        span = Span(Kind.DATE, start, end, period, _CONFIDENCE[number])
        joined = _joined(open_period, span, text)
        if open_period and not joined:
            yield open_period
        open_period, place, year = joined or span, span.end, period.first.year
    if open_period:
        yield open_period


def _joined(first: Span | None, second: Span, text: str) -> Span | None:
    """今年一月到八月 and 2018年3月至5月 are one period; 2015年11月至2017年7月, both with a year, are two dates."""
    if first is None or not _TO.fullmatch(text, first.end, second.start):
        return None
    if re.match(rf"{_YEAR}|{_RELATIVE_YEAR}|[今昨前明]", text[second.start : second.end]):
        return None
    if not (isinstance(first.value, Period) and isinstance(second.value, Period)):
        return None
    if second.value.last < first.value.first:
        return None
    period = Period(first.value.first, second.value.last)
    return Span(Kind.DATE, first.start, second.end, period, min(first.confidence, second.confidence))


def _point(match: re.Match[str], as_of: date, _: int | None) -> Period | None:
    year = as_of.year + _RELATIVE[match["relative"]] if match["relative"] else _year(match["year"], as_of)
    if year is None:
        return None
    if match["big"] or match["lunar"] or match["lunar_month"]:
        return _lunar_of(match, year)
    if match["part"]:
        first, last = _PARTS[match["part"].removeprefix("年")]
        return _span_of(year, first, last)
    if match["feast"]:
        return _feast(match["feast"], date(year, 12, 31))
    return _in_month(match, year) if match["month"] else _span_of(year, 1, 12)


def _lunar_of(match: re.Match[str], year: int) -> Period | None:
    if match["big"]:
        return _lunar(year, 12, 30)
    month = _LUNAR_MONTHS.get(match["lunar"] or "") or _count(match["lunar_month"])
    day = 15 if match["half_lunar"] else _count(match["lunar_day"])
    return _lunar(year, month, day) if month else None


def _lunar(year: int, month: int, day: int | None) -> Period | None:
    """A lunar month or day as the days it was; the thirtieth of a short month is its last day."""
    if year not in _LUNAR_YEARS or not 1 <= month <= 12 or not 1 <= (day or 1) <= 30:
        return None
    first = LunarDate(year, month, 1).to_solar_date()
    last = first + timedelta(days=LCalendars.ndays(year, month) - 1)
    if day is None:
        return Period(first, last)
    exact = min(first + timedelta(days=day - 1), last)
    return Period(exact, exact)


def _in_month(match: re.Match[str], year: int) -> Period | None:
    month, day = _count(match["month"]), _count(match.groupdict().get("day"))
    if month is None or not 1 <= month <= 12:
        return None
    if match["half"]:
        day = 15
    if match[0].endswith("八月十五"):
        return _lunar(year, month, day)
    if day is not None:
        return _day(year, month, day)
    return _span_of(year, month, month)


def _month_only(match: re.Match[str], as_of: date, year: int | None) -> Period | None:
    period = _in_month(match, year or as_of.year)
    if period and year is None and period.first > as_of:
        return _in_month(match, as_of.year - 1)
    return period


def _lunar_only(match: re.Match[str], as_of: date, year: int | None) -> Period | None:
    period = _lunar_of(match, year or as_of.year)
    if period and year is None and period.first > as_of:
        return _lunar_of(match, as_of.year - 1)
    return period


def _near(match: re.Match[str], as_of: date, _: int | None) -> Period | None:
    if match["feast"]:
        return _feast(match["feast"], as_of)
    if match["day"]:
        return _days_from(as_of, _RELATIVE_DAYS[match["day"]])
    shift = {"上上": -2, "上": -1, "这": 0, "本": 0, "下": 1}[match["shift"]]
    if match["unit"] == "月":
        return _months_from(as_of, shift)
    if match["unit"] == "季度":
        quarter = (as_of.month - 1) // 3 + shift
        year, quarter = as_of.year + quarter // 4, quarter % 4
        return _span_of(year, quarter * 3 + 1, quarter * 3 + 3)
    monday = as_of - timedelta(days=as_of.weekday()) + timedelta(weeks=shift)
    return Period(monday, monday + timedelta(days=6))


def _feast(word: str, as_of: date) -> Period | None:
    """年前 is the lunar month before the last Spring Festival, 年后 the month after it, 春节 the first seven days."""
    if as_of.year - 1 not in _LUNAR_YEARS or as_of.year + 1 not in _LUNAR_YEARS:
        return None
    if word.startswith(("国庆", "五一")):
        first = date(as_of.year, *((10, 1) if word.startswith("国庆") else (5, 1)))
        first = first if first <= as_of else first.replace(year=as_of.year - 1)
        return Period(first, first + timedelta(days=6))
    month, day = (8, 15) if word.startswith("中秋") else (1, 1)
    feast = LunarDate(as_of.year, month, day).to_solar_date()
    if feast > as_of:
        feast = LunarDate(as_of.year - 1, month, day).to_solar_date()
    if word.endswith("前") and month == 1:
        return Period(feast - timedelta(days=30), feast - timedelta(days=1))
    return Period(feast, feast + timedelta(days=29 if word.endswith("后") and month == 1 else 6))


def _ago(match: re.Match[str], as_of: date, _: int | None) -> Period | None:
    count = _HALF if match["count"] == "半" else _count(match["count"])
    if count is None:
        return None
    if match["unit"] == "年":
        return _months_from(as_of, -6) if count == _HALF else _year_from(as_of, -int(count))
    if match["unit"] == "个月":
        return _months_from(as_of, -int(count)) if count >= 1 else _days_from(as_of, -15)
    days = int(count * 7) if match["unit"] in {"周", "个星期"} else int(count)
    return _days_from(as_of, -days)


def _plan(match: re.Match[str], _: date, __: int | None) -> Period | None:
    if match[0][0] not in '“"「' and not match[0].endswith(("期间", "时期", "规划")):
        return None
    first = _PLAN_YEARS[match["plan"]]
    return Period(date(first, 1, 1), date(first + 4, 12, 31))


def _decade(match: re.Match[str], _: date, __: int | None) -> Period:
    tens = int(_count(match["tens"]) or 0)
    return Period(date(1900 + tens * 10, 1, 1), date(1909 + tens * 10, 12, 31))


def _years(match: re.Match[str], _: date, __: int | None) -> Period | None:
    first, last = int(match["from"]), int(match["to"])
    return Period(date(first, 1, 1), date(last, 12, 31)) if first <= last else None


def _year_only(match: re.Match[str], as_of: date, _: int | None) -> Period | None:
    year = _year(match["year"], as_of)
    return None if year is None else _span_of(year, 1, 12)


def _year(text: str, as_of: date) -> int | None:
    """A year of two or four characters; two digits are of this century unless that lies ahead."""
    digits = "".join(
        str("〇一二三四五六七八九".find(c)) if c in "〇一二三四五六七八九" else "0" if c in "Oo零" else c
        for c in text
    )
    if not digits.isdigit():
        return None
    year = int(digits)
    if len(digits) == 2:
        year += 2000 if 2000 + year <= as_of.year else 1900
    return year if 1900 <= year <= as_of.year + 50 else None


def _count(text: str | None) -> int | None:
    if not text:
        return None
    number = spoken_number(text.replace("廿", "二十"))
    return None if number is None else int(number)


def _span_of(year: int, first: int, last: int) -> Period:
    return Period(date(year, first, 1), date(year, last, calendar.monthrange(year, last)[1]))


def _day(year: int, month: int, day: int) -> Period | None:
    if not 1 <= day <= calendar.monthrange(year, month)[1]:
        return None
    return Period(date(year, month, day), date(year, month, day))


def _days_from(as_of: date, days: int) -> Period:
    day = as_of + timedelta(days=days)
    return Period(day, day)


def _months_from(as_of: date, months: int) -> Period:
    number = as_of.year * 12 + as_of.month - 1 + months
    return _span_of(number // 12, number % 12 + 1, number % 12 + 1)


def _year_from(as_of: date, years: int) -> Period | None:
    return _span_of(as_of.year + years, 1, 12) if as_of.year + years >= 1900 else None


_READERS: Final[tuple[tuple[re.Pattern[str], Reader], ...]] = (
    (_YEARS, _years),
    (_POINT, _point),
    (_DECADE, _decade),
    (_LUNAR_ONLY, _lunar_only),
    (_MONTH_ONLY, _month_only),
    (_NEAR, _near),
    (_AGO, _ago),
    (_PLAN, _plan),
    (_YEAR_ONLY, _year_only),
    (_SHORT_YEAR, _year_only),
)
_CONFIDENCE: Final = (0.9, 0.95, 0.8, 0.8, 0.7, 0.8, 0.7, 0.8, 0.7, 0.5)
