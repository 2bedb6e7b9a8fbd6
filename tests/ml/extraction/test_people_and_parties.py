"""Names beside posts, programmes, contacts; who is accused and who writes."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from ml.extraction.contacts import contacts
from ml.extraction.folding import fold
from ml.extraction.people import people, post_of, programmes
from ml.extraction.reading import read
from ml.extraction.spans import Kind
from ml.extraction.tagging import Tagger

AS_OF = date(2026, 11, 22)


def names(text):
    return {text[s.start : s.end] for s in people(fold(text)) if s.kind == Kind.PERSON}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("村支书赵大海把钱拿走", {"赵大海"}),
        ("书记王峮说国家补贴", {"王峮"}),
        ("问支书老周他不讲", {"老周"}),
        ("我们村的王村长借了六万", {"王"}),
        ("李主任说字都签好了", {"李"}),
        ("张某是会计", {"张某"}),
        ("我叫李小兰，求你们", {"李小兰"}),
        ("高兴的事", set()),
        ("村主任说金额不对", set()),
        ("会计和出纳", set()),
        ("书记全家吃低保", set()),
    ],
)
def test_names_beside_posts(text, expected):
    assert names(text) == expected


@pytest.mark.parametrize(
    ("word", "post"),
    [
        ("村支书", "secretary"),
        ("党支部副书记", "deputy"),
        ("监委会主任", "supervisor"),
        ("村主任", "director"),
        ("村会计", "accountant"),
        ("县长", None),
    ],
)
def test_posts_of_the_register(word, post):
    assert post_of(word) == post


def test_programmes_by_what_people_call_them_and_by_the_register():
    text = "低保和退耕还林款没发，山茶油补助也没发"
    found = [(text[s.start : s.end], s.value) for s in programmes(text, {"山茶油补助": "other"})]
    assert found == [("低保", "subsistence"), ("退耕还林款", "forestry"), ("山茶油补助", "other")]


@pytest.mark.parametrize(
    ("text", "kind", "stretch"),
    [
        ("电话13800138000", Kind.PHONE, "13800138000"),
        ("电话１３８００１３８０００", Kind.PHONE, "１３８００１３８０００"),
        ("座机0571-88776655", Kind.PHONE, "0571-88776655"),
        ("身份证11010519491231002X", Kind.IDENTIFIER, "11010519491231002X"),
        ("打到6222020200112233445", Kind.ACCOUNT, "6222020200112233445"),
        ("账号:1234567890123", Kind.ACCOUNT, "1234567890123"),
        ("联系〔联系方式〕", Kind.PHONE, "〔联系方式〕"),
    ],
)
def test_contacts(text, kind, stretch):
    assert [(s.kind, text[s.start : s.end]) for s in contacts(fold(text))] == [(kind, stretch)]


def test_an_id_number_with_a_wrong_check_digit_is_doubtful():
    right, wrong = (
        next(contacts(number)).confidence for number in ("11010519491231002X", "110105194912310021")
    )
    assert right > 0.9 > wrong


def party(text, which):
    span = getattr(read(text, as_of=AS_OF), which)
    return None if span is None else text[span.start : span.end]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("举报石桥村支书赵大海贪污低保款三万元", "石桥村支书赵大海"),
        ("我们村的王村长把集体的钱借给他小舅子", "王村长"),
        ("村会计虚报误工人数", "村会计"),
        ("镇林业站每月从护林员补贴里扣一百元", "镇林业站"),
        ("请问低保怎么申请，要什么材料", None),
        ("被举报人：王建国，石桥村党支部书记", "王建国"),
        ("反映人：周大勇。被反映人：王建国，石桥村支书", "王建国"),
    ],
)
def test_the_accused(text, expected):
    assert party(text, "accused") == expected


def test_the_addressee_is_not_accused():
    assert party("尊敬的陈书记：您好！我们村会计赵大海贪污了三万元", "accused") != "陈书记"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("我叫李小兰，是石桥村的。村支书扣了低保", "李小兰"),
        ("我们是清溪镇石桥村的村民，反映修路的事", "清溪镇石桥村的村民"),
        ("反映修路的事。反映人：周大勇", "周大勇"),
        ("村支书扣了低保", None),
        ("被举报人：王建国，石桥村党支部书记", None),
        ("被反映人：王建国，石桥村支书。反映人：周大勇", "周大勇"),
    ],
)
def test_the_sender(text, expected):
    assert party(text, "sender") == expected


def test_the_accused_is_where_the_tagger_sees_it():
    text = "投诉某某广场乱收费\n书记好，请物业管一管"
    states = {"c0=某": np.array([5.0, 0.0], dtype=np.float32), "bias": np.array([0.0, 1.0], dtype=np.float32)}
    seen = Tagger(("B-accused", "O"), states, np.zeros((2, 2), dtype=np.float32))
    found = read(text, as_of=AS_OF, party_tagger=seen).accused
    assert found is not None
    assert (found.start, found.end) == (2, 3)
