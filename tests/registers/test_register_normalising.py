"""Names, addresses, old company numbers and account names: many writings, one form; nothing is invented."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from registers.accounts import load_chart, normal_account, standard_account
from registers.normalising import (
    normal_address,
    normal_name,
    old_company_number,
    organisation_check,
    registration_check,
)
from registers.pseudonyms import Pseudonyms
from registers.values import (
    BadValue,
    parse_amount_fen,
    parse_credit_code,
    parse_date,
    parse_month,
    parse_phone,
)

HAN = "王李张阿买提某村镇建国"
DOTS = "·•・‧∙⋅.。"


@pytest.mark.parametrize("dot", DOTS)
@given(first=st.text(HAN, min_size=1, max_size=4), last=st.text(HAN, min_size=1, max_size=4))
def test_every_middle_dot_is_one_and_spaces_in_a_chinese_name_go(dot: str, first: str, last: str) -> None:
    assert normal_name(f" {first} {dot}\u3000{last}") == f"{first}·{last}"
    assert normal_name("\u3000".join(first)) == first


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("張　三", "张三"),
        ("某村（集体） 公司", "某村(集体)公司"),
        ("ＡＢＣ 商店", "ABC商店"),
        ("John  A. Smith", "John A. Smith"),
        ("3.5公司", "3.5公司"),
        ("喆", "喆"),  # a variant of 哲 that people bear as a name of its own
    ],
)
def test_names(text: str, name: str) -> None:
    assert normal_name(text) == name


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("某縣某鎮 某村３组１２號", "某县某镇某村3组12号"),
        ("某镇某村第三村民小组一百二十号", "某镇某村3组120号"),
        ("某村三组第十二号", "某村3组12号"),
        ("某村3组-12号", "某村3组12号"),
        ("某村12—1号", "某村12-1号"),
        ("某小区二幢三单元二〇三室", "某小区2幢3单元203室"),
        ("五里村八一路四十号", "五里村八一路40号"),
        ("三河镇一百二号", "三河镇一百二号"),  # 102 or 120: left as it is
        ("12号某村某镇", "12号某村某镇"),  # parts keep their order
    ],
)
def test_addresses(text: str, address: str) -> None:
    assert normal_address(text) == address


@pytest.mark.parametrize("normalise", [normal_name, normal_address, normal_account])
@given(text=st.text(HAN + DOTS + "0123456789三十二一百〇第号组室层路-—/() \u3000ABab管理费", max_size=16))
def test_normalising_twice_is_normalising_once(normalise: Callable[[str], str], text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(first14=st.from_regex(r"33[0-9]{12}", fullmatch=True))
@example("11010800000001")
def test_an_old_registration_number_is_known_by_its_check_digit(first14: str) -> None:
    number = first14 + registration_check(first14)
    assert old_company_number(number) == ("registration", number)
    wrong = str((int(number[-1]) + 1) % 10)
    assert old_company_number(first14 + wrong) is None


@given(first8=st.text("0123456789ABCDEFGH", min_size=8, max_size=8))
@example("D2143569")
def test_an_organisation_code_is_known_by_its_check_character(first8: str) -> None:
    number = first8 + organisation_check(first8)
    assert (
        old_company_number(f"{first8}-{number[-1]}")
        == old_company_number(number.lower())
        == ("organisation", number)
    )
    assert old_company_number(first8 + ("1" if number[-1] == "0" else "0")) is None


def test_check_digits_of_published_examples() -> None:
    """ISO 7064 MOD 11,10 of a registration number, and the example of GB 11714."""
    assert registration_check("11010800000001") == "6"
    assert organisation_check("D2143569") == "X"


@pytest.mark.parametrize(
    ("code", "word"), [("110108000000016", "工商注册号"), ("D2143569-X", "组织机构代码")]
)
def test_an_old_company_number_is_refused_as_old_and_kept_as_a_party(code: str, word: str) -> None:
    with pytest.raises(BadValue, match=word):
        parse_credit_code(code)
    pseudonyms = Pseudonyms(b"k" * 32)
    kind = {"工商注册号": "B", "组织机构代码": "O"}[word]
    assert pseudonyms.party(code)[0] == kind
    assert pseudonyms.party(code) == pseudonyms.party(f" {code.lower()} ")


def test_an_organisation_code_is_the_middle_of_the_later_credit_code() -> None:
    assert Pseudonyms(b"k" * 32).party("D2143569-X") == "OD2143569X"


def test_an_old_id_number_is_a_person_even_where_it_fits_a_company() -> None:
    assert Pseudonyms(b"k" * 32).party("330106700101123").startswith("P")


def test_one_name_in_two_writings_is_one_party() -> None:
    pseudonyms = Pseudonyms(b"k" * 32)
    assert pseudonyms.party("阿卜杜拉 • 买买提") == pseudonyms.party("阿卜杜拉・买买提")
    assert pseudonyms.party("某某建筑（集团）公司") == pseudonyms.party("某某建筑(集团) 公司")


@pytest.mark.parametrize(
    "text",
    [
        "二〇二五年三月五日", "二○二五年三月五日", "二零二五年三月五号", "二0二五年三月五日", "2025年三月五日",
        "贰零贰伍年零叁月零伍日", "２０２５年３月５日", "2025年3月5号", "４５７２１", "45721.5",
    ],
)  # fmt: skip
def test_days_in_chinese(text: str) -> None:
    assert parse_date(text) == date(2025, 3, 5)


@pytest.mark.parametrize(
    ("text", "day"),
    [("二〇二五年元月廿五日", date(2025, 1, 25)), ("二〇二四年十二月卅一日", date(2024, 12, 31))],
)
def test_days_in_older_chinese(text: str, day: date) -> None:
    assert parse_date(text) == day
    assert parse_month(text) == day.replace(day=1)


@pytest.mark.parametrize("text", ["二〇二五年三月五五日", "二〇二五年十三月一日", "二〇二五年二月卅日"])
def test_days_in_chinese_that_are_none(text: str) -> None:
    with pytest.raises(BadValue, match="日期不存在"):
        parse_date(text)


@pytest.mark.parametrize(
    ("text", "yuan"),
    [
        ("3.2万元", 32_000), ("3.2 千元", 3_200), ("３．２萬圓", 32_000), ("5百元", 500), ("12000元正", 12_000),
        ("壹万贰仟元整", 12_000), ("壹萬貳仟圓正", 12_000), ("叄仟陸佰元整", 3_600), ("RMB 1,200元", 1_200),
        ("人民币壹万元整", 10_000), ("（3.2万元）", -32_000),
    ],
)  # fmt: skip
def test_amounts_with_their_unit(text: str, yuan: int) -> None:
    assert parse_amount_fen(text) == parse_amount_fen(text, scale=10_000) == yuan * 100


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0086 138 1234 5678", "13812345678"), ("86-13812345678", "13812345678"), ("013812345678", "13812345678"),
        ("＋８６１３８１２３４５６７８", "13812345678"), ("13812345678.0", "13812345678"),
        ("（0571）8888—8888", "057188888888"), ("+86 571 88888888", "057188888888"),
        ("010-88888888", "01088888888"), ("8888-8888", "88888888"), ("86881234", "86881234"),
    ],
)  # fmt: skip
def test_phones(text: str, number: str) -> None:
    assert parse_phone(text) == number


def test_the_chart_has_the_42_accounts_and_each_means_itself() -> None:
    chart = load_chart()
    assert len({account.name for account in chart.accounts}) == 42
    for account in chart.accounts:
        assert standard_account(account.name) == normal_account(account.name) == account.name
        for other in (*account.aliases, *account.details):
            assert standard_account(other) == account.name
    for name in chart.ambiguous:
        assert standard_account(name) is None
        assert normal_account(name) == name


@pytest.mark.parametrize(
    ("text", "account", "kept"),
    [
        ("管理费 - 招待费", "管理费用", "管理费用-招待费"),
        ("管理费用/差旅费/张三", "管理费用", "管理费用-差旅费-张三"),
        ("招待费", "管理费用", "管理费用-招待费"),
        ("551 管理费用", "管理费用", "管理费用"),
        ("现金", "库存现金", "库存现金"),
        ("生产（劳务）成本", "生产(劳务)成本", "生产(劳务)成本"),
        ("发包及上交收入", None, "发包及上交收入"),
        ("环境整治", None, "环境整治"),
        ("2025年应收款", None, "2025年应收款"),
    ],
)
def test_account_names_keep_their_details(text: str, account: str | None, kept: str) -> None:
    assert standard_account(text) == account
    assert normal_account(text) == kept


def test_the_ledger_holds_standard_account_names(deliver, ask) -> None:
    village = "990101101201"
    deliver("division", [["区划代码", "名称", "级别", "生效日期"], [village, "某村", "村", "2020-01-01"]])
    names = ["管理费-招待费", "其它支出", "环境整治"]
    rows = [[village, str(n), "1", "2024-05-01", "支出", "1", name] for n, name in enumerate(names)]
    header = ["村代码", "凭证号", "分录号", "记账日期", "收支方向", "金额", "科目名称"]
    report = deliver("ledger_entry", [header, *rows])
    assert report.accepted == 3, report.reasons
    found = ask("SELECT account_name, voucher_no FROM ledger_entry", as_of=date(2024, 6, 30))
    kept = {row["voucher_no"]: row["account_name"] for row in found}
    assert kept == {"0": "管理费用-招待费", "1": "其他支出", "2": "环境整治"}
