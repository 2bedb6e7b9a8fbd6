"""Names, places, phones, ID numbers and figures do not reach the features."""

from __future__ import annotations

import itertools
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.triage import TriageModel
from ml.triage.masking import PLACEHOLDERS, mask, readable
from ml.triage.text import normalise
from registers.values import id_check_digit

FAMILIES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN = ["建国", "志强", "秀英", "桂兰", "伟", "芳", "海燕", "玉梅", "德明", "小红", "国栋", "勇", "学军"]
VILLAGES = [
    "力塘",
    "石冲口",
    "向阳",
    "菊花石",
    "梨树坪",
    "大湾塘",
    "白箬",
    "上阁楼",
    "下洋孔",
    "建民",
    "小干涧",
]
TOWNS = ["普利桥", "文明", "高沙", "跳马", "榔梨", "黄花"]

names = st.builds(str.__add__, st.sampled_from(FAMILIES), st.sampled_from(GIVEN))
places = st.builds("{}镇{}村".format, st.sampled_from(TOWNS), st.sampled_from(VILLAGES))
mobiles = st.builds("1{}{:09d}".format, st.integers(3, 9), st.integers(0, 999_999_999))
first17 = st.builds(
    "{:06d}{:04d}{:02d}{:02d}{:03d}".format,
    st.integers(110_000, 659_999),
    st.integers(1930, 2010),
    st.integers(1, 12),
    st.integers(1, 28),
    st.integers(0, 999),
)
id_numbers = first17.map(lambda digits: digits + id_check_digit(digits))
plates = st.builds("湘{}{:05d}".format, st.sampled_from("ABCDEFG"), st.integers(0, 99_999))

PETITION = (
    "举报{place}村支书{cadre}贪污低保款。我叫{writer}，住{place}，电话{mobile}，身份证号{id_number}。"
    "{cadre}开着{plate}到处跑，把危房改造指标给了妻子{other}，账目从不公开。举报人：{writer}"
)


base_model = lru_cache(TriageModel.load)


def masked(text: str) -> str:
    return mask(normalise(text))


@given(
    cadre=names, writer=names, other=names, place=places, mobile=mobiles, id_number=id_numbers, plate=plates
)
def test_one_petition_about_anybody_anywhere_is_one_masked_text(**who: str) -> None:
    usual = {
        "cadre": "王建国",
        "writer": "李秀英",
        "other": "陈芳",
        "place": "普利桥镇力塘村",
        "mobile": "13800138000",
        "id_number": "11010519491231002X",
        "plate": "湘A12345",
    }
    assert masked(PETITION.format(**who)) == masked(PETITION.format(**usual))


@settings(deadline=None)  # the first example loads the model
@given(cadre=names, place=places, mobile=mobiles)
def test_exchanging_names_places_and_phones_leaves_every_answer_unchanged(
    cadre: str, place: str, mobile: str
) -> None:
    model = base_model()
    text = "我是{}的村民，村支书{}侵占征地补偿款，请联系{}。"
    usual, changed = model.predict(
        [text.format("普利桥镇力塘村", "王建国", "13800138000"), text.format(place, cadre, mobile)]
    )
    assert usual == changed


@given(number=st.one_of(id_numbers, mobiles, plates))
def test_no_digit_of_a_number_is_left(number: str) -> None:
    assert not set("0123456789") & set(masked(f"请核实{number}，谢谢"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A3区麓谷明珠小区太吵", "Ⓛ区Ⓛ小区太吵"),
        ("K2区普利桥镇和平村五组", "Ⓛ区Ⓛ镇Ⓛ村Ⓛ组"),
        ("投诉湖南省长沙市岳麓区枫林路", "投诉Ⓛ省Ⓛ市Ⓛ区Ⓛ路"),
        ("村主任李某某和会计张××", "村主任Ⓟ和会计Ⓟ"),
        ("尊敬的胡华衡书记：您好", "尊敬的Ⓟ书记:您好"),
        ("张三贪污扶贫款", "Ⓟ贪污扶贫款"),
        ("村支书张三贪污扶贫款", "村支书Ⓟ贪污扶贫款"),
        ("转账至6222021234567890123，联系人：欧阳建国", "转账至Ⓘ,联系人:Ⓟ"),
        ("邮箱abc.d@example.com，微信号wx_abc123", "邮箱Ⓒ,Ⓒ"),
        ("联系0731-88886666或+86 138 0013 8000", "联系Ⓒ或Ⓒ"),
        ("2014年3月13日领了300,000.50元", "Ⓝ年Ⓝ月Ⓝ日领了Ⓝ元"),
    ],
)
def test_examples(text: str, expected: str) -> None:
    assert masked(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "农村公路修得不好,小区和社区的道路也一样",
        "乡镇的工作组到村民小组,城市的超市",
        "村主任高兴地说安排好了,会计方面没有金额",
        "村民强烈要求公开账目,村民代表和党员干部都签了字",
        "书记您好,主任和会计都在",
    ],
)
def test_common_words_stay(text: str) -> None:
    assert mask(text) == text


@given(st.text(max_size=400))
def test_any_text_can_be_masked_and_masking_adds_nothing_but_placeholders(text: str) -> None:
    before = normalise(text)
    kept = [character for character in mask(before) if character not in PLACEHOLDERS]
    rest = iter(before)
    assert all(character in rest for character in kept), "masking wrote characters that were not there"


def test_placeholders_are_written_out_for_people() -> None:
    assert readable("Ⓛ村Ⓟ书记") == "〔地名〕村〔人名〕书记"


def test_features_of_masked_texts_are_equal_whoever_is_named() -> None:
    model = base_model()
    texts = [
        PETITION.format(
            cadre=family + given_name,
            writer="李秀英",
            other="陈芳",
            place=f"{town}镇{village}村",
            mobile="13800138000",
            id_number="11010519491231002X",
            plate="湘A12345",
        )
        for (family, given_name), (town, village) in zip(
            itertools.product(FAMILIES[:6], GIVEN[:4]),
            itertools.cycle(itertools.product(TOWNS, VILLAGES)),
            strict=False,
        )
    ]
    rows = model.features.with_opening([masked(text) for text in texts]).toarray()
    assert np.all(rows == rows[0])


@pytest.mark.parametrize(
    "village",
    [
        "新村",
        "和平村",
        "东街村",
        "大会村",
        "三都村",
        "那洪村",
        "九路寨村",
        "张村驿村",
        "旧州村",
        "亚格其阿依万村",
        "向阳村",
    ],
)
def test_a_village_is_masked_whatever_its_name_is_made_of(village: str) -> None:
    assert mask(f"我是{village}的村民") == "我是Ⓛ村的村民"


@pytest.mark.parametrize(
    "text",
    [
        "反映农村的医保问题",
        "举报本村村支书",
        "投诉我们村的路",
        "反映贫困村的问题",
        "我是一名农村的教师",
        "咨询新农村建设的问题",
        "反映拆迁安置后农民回村的问题",
        "举报镇干部勾结村支书",
    ],
)
def test_words_before_a_village_are_not_taken_for_its_name(text: str) -> None:
    assert mask(text) == text
