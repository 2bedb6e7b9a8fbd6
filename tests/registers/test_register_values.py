"""Parsers of cells: what is written comes back, errors are caught, and nothing but `BadValue` is ever raised."""

from __future__ import annotations

import string
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from registers import values
from registers.catalogue import PARSERS
from registers.pseudonyms import Pseudonyms
from registers.values import (
    CREDIT_ALPHABET,
    EXCEL_EPOCH,
    PROVINCES,
    BadValue,
    clean,
    credit_code_check,
    id_check_digit,
    is_formula,
    parse_account,
    parse_amount_fen,
    parse_bool,
    parse_credit_code,
    parse_date,
    parse_decimal,
    parse_division,
    parse_id_number,
    parse_integer,
    parse_month,
    parse_phone,
    parse_text,
)

days = st.dates(date(1955, 1, 1), date(2100, 12, 31))
fen = st.integers(-(10**14), 10**14)
CHINESE = "〇一二三四五六七八九"


def chinese(number: int) -> str:
    """A number below a hundred as it is spoken: 十一, 二十, 三十一."""
    tens, ones = divmod(number, 10)
    return f"{CHINESE[tens] if tens > 1 else ''}{'十' if tens else ''}{CHINESE[ones] if ones else ''}"


def capitals(yuan: int) -> str:
    """A whole amount below a hundred million as on a receipt: 壹万零伍拾元整."""
    digits, units = "零壹贰叁肆伍陆柒捌玖", ["", "拾", "佰", "仟"]

    def section(number: int) -> str:
        parts, zero = "", False
        for place in (3, 2, 1, 0):
            digit = number // 10**place % 10
            if digit:
                parts += ("零" if zero and parts else "") + digits[digit] + units[place]
            zero = not digit
        return parts

    high, low = divmod(yuan, 10_000)
    gap = "零" if high and 0 < low < 1000 else ""
    return f"{section(high)}{'万' if high else ''}{gap}{section(low) or ('' if high else '零')}元整"


DATE_STYLES: dict[str, Callable[[date], str]] = {
    "iso": date.isoformat,
    "slashes": lambda d: f"{d.year}/{d.month}/{d.day}",
    "dots": lambda d: f"{d.year}.{d.month}.{d.day}",
    "digits": lambda d: f"{d:%Y%m%d}",
    "digits read as a number": lambda d: f"{d:%Y%m%d}.0",
    "chinese marks": lambda d: f"{d.year}年{d.month}月{d.day}日",
    "chinese numerals": lambda d: (
        f"{''.join(CHINESE[int(c)] for c in str(d.year))}年{chinese(d.month)}月{chinese(d.day)}日"
    ),
    "with time": lambda d: f"{d.isoformat()} 00:00:00",
    "full width": lambda d: f"{d:%Y-%m-%d}".translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789-"}),
    "spreadsheet number": lambda d: str((d - EXCEL_EPOCH).days),
}
AMOUNT_STYLES: dict[str, Callable[[str], str]] = {
    "plain": lambda yuan: yuan,
    "thousands": lambda yuan: f"{float(yuan):,.2f}",
    "currency": lambda yuan: f"￥{yuan}",
    "unit": lambda yuan: f" {yuan} 元",
    "full width": lambda yuan: yuan.translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789.-"}),
}


@pytest.mark.parametrize("style", DATE_STYLES)
@given(day=days)
def test_a_day_comes_back_in_every_style(style: str, day: date) -> None:
    assert parse_date(DATE_STYLES[style](day)) == day


@given(day=days)
def test_a_month_comes_back_in_every_style(day: date) -> None:
    first = day.replace(day=1)
    for text in (f"{day:%Y-%m}", f"{day:%Y%m}", f"{day.year}年{day.month}月", f"{day.year}/{day.month:02d}"):
        assert parse_month(text) == first
    assert parse_month(day.isoformat()) == first


@given(year=st.integers(1955, 2100))
def test_october_that_became_january_is_refused(year: int) -> None:
    with pytest.raises(BadValue, match="有歧义"):
        parse_month(f"{year}.1")
    assert parse_month(f"{year}.10") == date(year, 10, 1)


@given(day=days)
def test_a_day_with_the_year_last_is_refused(day: date) -> None:
    for text in (f"{day.day}/{day.month}/{day.year}", f"{day.month}-{day.day}-{day.year % 100:02d}"):
        with pytest.raises(BadValue, match="日期有歧义"):
            parse_date(text)


@pytest.mark.parametrize("style", AMOUNT_STYLES)
@given(amount=st.integers(-(10**12), 10**12))
def test_an_amount_comes_back_in_every_style(style: str, amount: int) -> None:
    sign, (yuan, rest) = ("-" if amount < 0 else ""), divmod(abs(amount), 100)
    text = f"{sign}{yuan}.{rest:02d}"
    assert parse_amount_fen(AMOUNT_STYLES[style](text)) == amount


@given(amount=fen)
def test_wan_in_the_header_and_in_the_cell_mean_the_same(amount: int) -> None:
    sign, (wan, rest) = ("-" if amount < 0 else ""), divmod(abs(amount), 10**6)
    text = f"{sign}{wan}.{rest:06d}"
    in_header = parse_amount_fen(text, scale=10_000)
    assert in_header == parse_amount_fen(f"{text}万元") == amount
    assert parse_amount_fen(f"{text}万元", scale=10_000) == amount, "a unit in the cell is not scaled again"


@given(amount=st.integers(0, 10**10))
def test_an_amount_in_brackets_is_negative(amount: int) -> None:
    yuan = f"{amount // 100}.{amount % 100:02d}"
    assert parse_amount_fen(f"({yuan})") == parse_amount_fen(f"（{yuan}）") == -amount


@given(amount=st.integers(0, 10**8))
def test_the_noise_of_binary_numbers_is_forgiven(amount: int) -> None:
    assert parse_amount_fen(repr(amount / 100)) == amount
    assert parse_amount_fen(repr(amount / 100 + 1e-9)) == amount


@given(amount=st.integers(0, 10**6), mills=st.integers(1, 9))
def test_more_precise_than_a_fen_is_an_error(amount: int, mills: int) -> None:
    with pytest.raises(BadValue, match="精确到分以下"):
        parse_amount_fen(f"{amount}.00{mills}")


@given(yuan=st.integers(0, 99_999_999))
@example(10_000)
@example(10_002)
@example(1_010)
def test_capital_numerals_come_back(yuan: int) -> None:
    assert parse_amount_fen(capitals(yuan)) == yuan * 100


@pytest.mark.parametrize(
    "text",
    [
        "一百二",
        "一万二",
        "一二三",
        "二百三百",
        "1234,56",
        "12,34",
        "12 34",
        "$5",
        "3万5千",
        "1e999999999",
        "五百块",
    ],
)
def test_what_could_mean_two_amounts_is_refused(text: str) -> None:
    with pytest.raises(BadValue):
        parse_amount_fen(text)


@given(number=st.integers(-(10**14), 10**14))
def test_whole_numbers_come_back(number: int) -> None:
    for text in (str(number), f"{number:,}", f"{number}.0"):
        assert parse_integer(text) == number


@given(number=st.floats(-1e12, 1e12, allow_subnormal=False))
def test_decimals_come_back(number: float) -> None:
    assert parse_decimal(repr(number)) == number


@st.composite
def id_numbers(draw: st.DrawFn) -> str:
    place = draw(st.sampled_from(sorted(PROVINCES))) + draw(st.from_regex(r"[0-9]{4}", fullmatch=True))
    born = draw(st.dates(date(1900, 1, 1), date(2024, 1, 1)))
    first17 = f"{place}{born:%Y%m%d}{draw(st.integers(0, 999)):03d}"
    return first17 + id_check_digit(first17)


@st.composite
def credit_codes(draw: st.DrawFn) -> str:
    first17 = draw(st.text(CREDIT_ALPHABET, min_size=17, max_size=17))
    return first17 + credit_code_check(first17)


@given(number=id_numbers())
def test_a_valid_id_number_is_accepted_in_either_case(number: str) -> None:
    assert parse_id_number(number) == parse_id_number(f" {number.lower()} ") == number


@given(number=id_numbers(), data=st.data())
def test_any_single_wrong_digit_of_an_id_number_is_refused(number: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, 17))
    wrong = data.draw(st.sampled_from([c for c in string.digits if c != number[place]]))
    with pytest.raises(BadValue):
        parse_id_number(number[:place] + wrong + number[place + 1 :])


@given(number=id_numbers())
def test_an_old_id_number_is_carried_over(number: str) -> None:
    assume(number[6:8] == "19")
    first17 = number[:17]
    assert parse_id_number(number[:6] + number[8:17]) == first17 + id_check_digit(first17)


@given(code=credit_codes())
def test_a_valid_credit_code_is_accepted(code: str) -> None:
    assert parse_credit_code(code.lower()) == code


@given(code=credit_codes(), data=st.data())
def test_any_single_wrong_character_of_a_credit_code_is_refused(code: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, 17))
    wrong = data.draw(st.sampled_from([c for c in CREDIT_ALPHABET if c != code[place]]))
    with pytest.raises(BadValue, match="校验位"):
        parse_credit_code(code[:place] + wrong + code[place + 1 :])


@given(code=st.from_regex(r"33[0-9]{4}(0[1-9]|[1-9][0-9])[1-9]00[1-9]", fullmatch=True))
def test_zeros_that_fill_a_division_code_are_dropped(code: str) -> None:
    for length in (6, 9, 12):
        level = code[:length]
        if not level.endswith("00"):
            assert parse_division(level.ljust(12, "0")) == level


PARSERS_OF_TEXT = [*PARSERS.values(), parse_amount_fen, lambda text: parse_amount_fen(text, scale=10_000)]
cells = st.one_of(
    st.text(max_size=40),
    st.text(string.digits + ".,-+eE()¥$%元万亿年月日 /'=\"", max_size=30),
    st.text("零一二三四五六七八九十百千万亿壹贰叁拾佰仟元角分整圆", max_size=20),
    st.text("0123456789XxＯ０１２３٠١²①Ⅳ", max_size=20),
)


@pytest.mark.parametrize("parse", PARSERS_OF_TEXT, ids=[*PARSERS, "amount", "amount in wan"])
@given(text=cells)
@example("1e999999999")
@example("1e9999999999999999999")
@example("9" * 400)
@example("\x00\ufeff\u200b")
@example("一万一亿")
def test_no_parser_raises_anything_but_a_bad_value(parse: Callable[[str], object], text: str) -> None:
    reason = reason_of(parse, text)
    assert reason is None or reason


@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30))
def test_a_reason_never_holds_the_value(text: str) -> None:
    """A reason is one of a few fixed sentences of the module, so no part of the value can be in it."""
    for parse in PARSERS_OF_TEXT:
        assert reason_of(parse, f"张三{text}420000") in FIXED | {None}


def reason_of(parse: Callable[[str], object], text: str) -> str | None:
    """Why a parser refuses a text; None when it accepts it. Any other exception goes through."""
    try:
        parse(text)
    except BadValue as refusal:
        return refusal.reason
    return None


FIXED = frozenset(
    constant
    for function in vars(values).values()
    if callable(function) and hasattr(function, "__code__")
    for constant in function.__code__.co_consts
    if isinstance(constant, str)
)


@given(text=st.text(max_size=30))
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assume("'" not in text)
    assume('"' not in text)
    assert clean(clean(text)) == clean(text)


@given(word=st.text("村委会甲乙丙丁ABC123", min_size=1, max_size=8))
def test_width_and_hidden_characters_do_not_make_another_text(word: str) -> None:
    full = word.translate({ord(c): ord(c) + 0xFEE0 for c in "ABC123"})
    for written in (full, f" {word}\u3000", f"\ufeff{word}", f"\u200b{word}\x07", f"'{word}", f'="{word}"'):
        assert parse_text(written) == word


def test_rare_characters_of_names_are_kept() -> None:
    assert parse_text("王\ue863") == "王\ue863", "private use: rare characters of GBK"
    assert parse_text("王\U000323b0") == "王\U000323b0", "newer than this Python's tables"


@pytest.mark.parametrize("text", ["-", "—", "/", "无", "NULL", "N/A", "#N/A", "　", ""])
def test_words_for_nothing_are_nothing(text: str) -> None:
    assert clean(text) == ""


@pytest.mark.parametrize(
    ("text", "formula"), [("=A1+B1", True), ("#REF!", True), ('="007"', False), ("500", False)]
)
def test_formulas_are_known(text: str, formula: bool) -> None:
    assert is_formula(text) is formula


@given(number=st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True))
def test_a_phone_comes_back_in_every_style(number: str) -> None:
    for text in (number, f"+86 {number}", f"{number[:3]}-{number[3:7]}-{number[7:]}"):
        assert parse_phone(text) == number


@given(number=st.from_regex(r"[0-9]{16,19}", fullmatch=True))
def test_an_account_comes_back_and_scientific_form_is_refused(number: str) -> None:
    assert parse_account(f"{number[:4]} {number[4:]}") == number
    with pytest.raises(BadValue, match="科学计数"):
        parse_account(f"{int(number) + 10**15:.6e}")


@pytest.mark.parametrize(
    ("text", "value"), [("是", True), ("TRUE", True), ("√", True), ("否", False), ("No", False)]
)
def test_yes_and_no(text: str, value: bool) -> None:
    assert parse_bool(text) is value


@given(
    key=st.binary(min_size=32, max_size=32), other=st.binary(min_size=32, max_size=32), number=id_numbers()
)
def test_surrogates_are_of_their_home_and_tell_nothing(key: bytes, other: bytes, number: str) -> None:
    assume(key != other)
    here = Pseudonyms(key)
    assert here.person(number) == Pseudonyms(key).person(number)
    assert here.person(number) != Pseudonyms(other).person(number)
    assert number not in here.person(number)
    assert here.person(number)[1:] != here.account(number)[1:]


@given(code=credit_codes(), day=days)
def test_a_company_stays_readable_and_a_name_does_not(code: str, day: date) -> None:
    pseudonyms = Pseudonyms(b"k" * 32)
    assert pseudonyms.party(code) == code
    assert pseudonyms.party(f"张三{(day + timedelta(1)).isoformat()}").startswith("N")
