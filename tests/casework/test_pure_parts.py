"""Receipts, redaction, sealing, locating and the working calendar."""

from __future__ import annotations

import stat
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casework.errors import SealBroken
from casework.locating import locate
from casework.receipts import given_out, in_groups, is_receipt, new_receipt
from casework.redaction import redact_for_work
from casework.sealing import Sealer, load_sealer
from casework.working_days import working_calendar
from ml.extraction.gazetteer import Gazetteer

receipts = st.integers(2020, 2099).map(new_receipt)


@given(receipts)
def test_a_receipt_checks_itself_with_or_without_dashes(receipt):
    assert is_receipt(receipt)
    assert is_receipt(receipt.replace("-", ""))
    wide = receipt.translate({ord(one): chr(ord(one) + 0xFEE0) for one in "-0123456789"})
    for typed in (wide, receipt.replace("-", " — "), f" {receipt}\u3000"):
        assert is_receipt(typed)
        assert in_groups(typed) == receipt


@given(receipts, st.integers(0, 11), st.integers(1, 9))
def test_any_wrong_digit_is_noticed(receipt, place, by):
    digits = list(receipt.replace("-", ""))
    digits[place] = str((int(digits[place]) + by) % 10)
    assert not is_receipt("".join(digits))


@given(receipts, st.integers(0, 10))
def test_any_swap_of_neighbours_is_noticed(receipt, place):
    digits = list(receipt.replace("-", ""))
    digits[place], digits[place + 1] = digits[place + 1], digits[place]
    swapped = "".join(digits)
    assert is_receipt(swapped) == (swapped == receipt.replace("-", ""))


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-4821-395x", "２０２６４８２１３９５７", "2026-4821-39570"]
)
def test_what_is_no_receipt(text):
    assert not is_receipt(text)


@given(
    st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), st.sampled_from(["请回电{}谢谢", "{}", "电话：+86{}。"])
)
def test_no_mobile_number_remains(number, sentence):
    assert number not in redact_for_work(sentence.format(number))


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("身份证11010519491231002X，请查", "11010519491231002X"),
        ("卡号6222 0202 0000 1234 567", "6222 0202"),
        ("邮箱 li.ming@example.com", "li.ming"),
        ("微信号：abc_12345", "abc_12345"),
        ("车牌浙A12345停在村委", "浙A12345"),
        ("我叫王小明，住在三组", "王小明"),
        ("联系人：李四，", "李四"),
        ("座机0571-87654321", "87654321"),
        ("１３８００００００００", "138"),
    ],
)
def test_what_leads_to_the_sender_is_hidden(text, hidden):
    assert hidden not in redact_for_work(text)


def test_the_accused_stays_readable():
    text = "反映石桥村村支书赵一山克扣2023年补贴1200元"
    assert redact_for_work(text) == text


def test_sealed_text_opens_only_unchanged_and_in_its_place():
    sealer = Sealer(b"1" * 32)
    sealed = sealer.seal("原文", bound_to="2026-1")
    assert "原文".encode() not in sealed
    assert sealer.open(sealed, bound_to="2026-1") == "原文"
    for key, data, place in [
        (b"2" * 32, sealed, "2026-1"),
        (b"1" * 32, sealed[:-1] + bytes([sealed[-1] ^ 1]), "2026-1"),
        (b"1" * 32, sealed, "2026-2"),
        (b"1" * 32, b"short", "2026-1"),
    ]:
        with pytest.raises(SealBroken):
            Sealer(key).open(data, bound_to=place)


def test_the_key_of_a_home_is_made_once_and_is_private(tmp_path):
    sealed = load_sealer(tmp_path).seal("原文", bound_to="r")
    assert load_sealer(tmp_path).open(sealed, bound_to="r") == "原文"
    assert stat.S_IMODE((tmp_path / "keys" / "intake.key").stat().st_mode) == 0o600


PLACES = {"330102001": "清溪镇", "330102001001": "石桥村", "330102002001": "柳林村", "330102002002": "王村"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("石桥村低保不公开", "330102001001"),
        ("清溪镇石桥村低保不公开", "330102001001"),
        ("清溪镇政府不作为", "330102001"),
        ("石桥村和柳林村都这样", None),
        ("清溪镇政府截留补贴，石桥村支书也有份", "330102001"),
        ("石桥村的路，清溪镇领导收了好处", "330102001"),
        ("清溪镇石桥支书的事", "330102001001"),
        ("清溪鎮石橋村低保不公開", "330102001001"),
        ("王村的事", None),
        ("没有写地方", None),
    ],
)
def test_a_place_is_found_only_when_it_is_the_only_one(text, code):
    assert locate(text, Gazetteer.of(PLACES)) == code


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        (date(2026, 11, 20), 1, date(2026, 11, 23)),
        (date(2026, 9, 30), 1, date(2026, 10, 8)),
        (date(2026, 9, 30), 3, date(2026, 10, 10)),
        (date(2026, 2, 13), 1, date(2026, 2, 14)),
        (date(2026, 2, 14), 1, date(2026, 2, 24)),
    ],
)
def test_deadlines_skip_holidays_and_count_worked_weekends(start, days, due):
    deadline = working_calendar().deadline(start, working_days=days)
    assert (deadline.due_on, deadline.provisional) == (due, False)


def test_a_deadline_into_an_unpublished_year_is_provisional():
    assert working_calendar().deadline(date(2026, 12, 31), working_days=1).provisional
    assert working_calendar().deadline(date(2035, 5, 1), working_days=1).provisional
    with pytest.raises(ValueError, match="at least one"):
        working_calendar().deadline(date(2026, 1, 5), working_days=0)


@given(st.dates(date(2026, 1, 1), date(2026, 10, 1)), st.integers(1, 30))
def test_one_day_more_is_the_next_working_day(start, days):
    calendar = working_calendar()
    sooner = calendar.deadline(start, working_days=days).due_on
    later = calendar.deadline(start, working_days=days + 1).due_on
    assert calendar.is_working(sooner)
    assert calendar.deadline(sooner, working_days=1).due_on == later


@given(number=st.integers(0, 2**64 - 1))
def test_the_public_intake_and_the_office_never_draw_the_same_receipt(number: int) -> None:
    outside, inside = given_out(2026, number), new_receipt(2026)
    assert is_receipt(outside)
    assert outside[5] >= "5" > inside[5]
