"""The parts by which copies and like messages are found, one by one."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.triage.copies import BANDS, SHORTEST, band_keys, compact, shingle_sets, similarity
from ml.triage.likeness import likeness, likest, spread_out

TEXT = "石桥村征地补偿款发放不公开村支书的亲戚多报了三亩地账目从来没有贴出来过"
texts = st.text(alphabet="村民款账贪补低保查路修", min_size=1, max_size=40)


def test_spelling_does_not_count_and_names_do() -> None:
    assert compact("石橋村，2０24 年！<b>低保</b>😀") == compact("石桥村2024年低保")
    assert compact("张三") != compact("李四")
    assert compact("！？…") == ""


def test_similarity_is_the_share_of_common_shingles() -> None:
    one, other = shingle_sets([TEXT, TEXT[:-5]])
    assert similarity(one, other) == len(other) / len(one)
    short, changed = shingle_sets(["村支书张三克扣低保", "村支书李四克扣低保"])
    assert len(short) < SHORTEST
    assert (similarity(short, short), similarity(short, changed)) == (1.0, 0.0)
    (empty,) = shingle_sets([""])
    assert similarity(empty, empty) == 0.0


@settings(deadline=None)
@given(st.lists(texts, min_size=1, max_size=12))
def test_keys_depend_on_text_and_salt_alone(some: list[str]) -> None:
    together = band_keys(some, salts=[7] * len(some))
    assert together.shape == (len(some), BANDS)
    for row, text in enumerate(some):
        assert np.array_equal(together[row], band_keys([text], salts=[7])[0])
    assert not set(together.ravel()) & set(band_keys(some, salts=[8] * len(some)).ravel())


def test_copies_share_a_band_and_strangers_do_not() -> None:
    edited = TEXT.replace("三亩", "四亩") + "谢谢"
    other = "请问城乡居民医保今年什么时候可以缴费在外地打工能不能在手机上交需要带哪些材料"
    one, two, three = band_keys([TEXT, edited, other], salts=[1] * 3)
    assert set(one) & set(two)
    assert not set(one) & set(three)


@settings(deadline=None)
@given(st.lists(texts, min_size=1, max_size=12))
def test_likeness_is_a_cosine(some: list[str]) -> None:
    matrix = likeness(some)
    products = (matrix @ matrix.T).toarray()
    assert np.allclose(products, products.T)
    assert products.min() >= 0
    assert products.max() <= 1 + 1e-9
    for row, text in enumerate(some):
        assert np.isclose(products[row, row], 1.0 if len(text) > 1 else 0.0)


def test_the_like_stand_first_and_the_spread_are_unlike() -> None:
    some = ["石桥村低保名单不公示", "石桥村的低保名单没有公示", "路灯坏了没人修"]
    found = likest(some, to=0)
    assert found[0] > found[1] > found[2]
    assert spread_out(some, number=2) == [0, 2]
    assert spread_out([], number=3) == []
    assert sorted(spread_out(some, number=9)) == [0, 1, 2]
