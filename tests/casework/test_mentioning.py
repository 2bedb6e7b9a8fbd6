"""A body above the village that is only mentioned sends no message up; whatever is not plain does, as it did."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casework.locating import locate
from casework.mentioning import merely_mentioned
from ml.extraction.folding import MOST_CHARACTERS, fold
from ml.extraction.gazetteer import Gazetteer
from tests.casework.test_locating import PLACES
from tests.casework_world import COUNTY, TOWN_A, TOWN_B, VILLAGE_A

NAMES = Gazetteer.of(PLACES)
MENTIONED = [
    "石桥村低保不公开，我去镇政府反映过，没人管",
    "石桥村支书克扣补贴，多次向镇政府反映，一直没有结果",
    "石桥村修路账目不清，找过镇长，没有答复",
    "石桥村支书多报了三亩地，请镇纪委调查",
    "恳请清溪镇党委政府派人来石桥村查一查低保名单",
    "希望镇政府尽快处理石桥村占地的事",
    "镇政府拨的修路款，石桥村支书只用了一半",
    "石桥村的水渠，清溪镇政府拨款二十万，村里没有修",
    "石桥村自来水停了，镇政府答应帮我们解决，到现在没修",
    "尊敬的镇长：石桥村低保名单从来没有公示",
    "清溪镇政府领导您好，石桥村支书把集体的地租给了亲戚",
    "石桥村会计不发工钱，我们到镇政府上访了两次",
    "石桥村支书打人，给镇派出所打过电话",
    "石桥村低保的事跟镇民政办的人说过，让等",
    "请镇领导管管石桥村的支书",
    "石桥村垃圾没人收，也向清溪镇人民政府反映过",
    "石桥村村委会在镇政府旁边的饭店大吃大喝",
    "镇政府下拨的救灾款被石桥村支书冒领",
    "我们向镇纪委举报过石桥村会计，一直没有回音",
    "石桥村支书占用耕地，求镇里领导给个说法",
    "到镇政府找领导反映石桥村低保问题",
    "石桥村支书打人，我找过镇政府三次",
    "石桥村低保的事向村委会、镇政府反映过",
    "石桥村支书虚报低保，去镇政府反映过，没人管，望上级领导查一查",
]
SPOKEN_OF = [
    "镇纪委书记收了石桥村支书的红包",
    "石桥村支书给镇长送礼",
    "镇政府截留石桥村补贴",
    "找过镇长，镇长收了石桥村支书的钱不办事",
    "向镇政府反映过，镇政府包庇石桥村支书",
    "向镇政府反映石桥村的事，他们收了支书的好处",
    "石桥村的事，镇里的领导压着不办",
    "我去镇政府反映石桥村低保，镇干部把举报信给了支书",
    "镇政府拨款时扣了石桥村两万",
    "镇长答应石桥村支书不查这件事",
    "石桥村支书找镇长帮忙把项目包给了小舅子",
    "石桥村支书跟镇长是亲戚，我们反映过",
    "请镇纪委调查，镇长和石桥村支书一起分了征地款",
    "石桥村补偿款被镇政府扣了，找过镇政府要钱",
    "石桥村支书和镇领导勾结",
    "镇政府的人在石桥村打人",
    "请调查清溪镇政府和石桥村支书",
    "请查清溪镇长和石桥村支书",
    "向上级举报清溪镇政府，石桥村的补贴被扣",
    "举报镇长给石桥村支书批地",
    "镇纪委查过石桥村支书，和稀泥",
    "去镇政府反映石桥村的事，对方骂人还威胁我",
    "到镇政府反映，被镇长赶出来，石桥村的地还是没还",
    "我向镇政府反映石桥村支书的事，结果消息被泄露给支书",
    "石桥村征地款，镇政府答应给的好处费都进了支书腰包",
    "请调查镇政府在石桥村征地中的问题",
    "希望镇政府领导不要再包庇石桥村支书",
    "请求查处镇政府违规占石桥村的地",
    "村委会账目不公开，石桥村支书找过镇长，就没人查了",
    "石桥村支书克扣低保多次向镇政府反映没人管",
    "尊敬的镇长，您收了石桥村支书的钱",
    "石桥村的事向镇政府反映过，收了我两百块就没下文了",
    "镇长说查过石桥村支书，没问题",
    "请镇政府自查石桥村补偿款",
]


@pytest.mark.parametrize("about", [None, VILLAGE_A])
@pytest.mark.parametrize("text", MENTIONED)
def test_a_body_that_is_addressed_asked_or_passed_by_sends_nothing_up(text, about):
    assert locate(text, NAMES, office=COUNTY, about=about) == VILLAGE_A


@pytest.mark.parametrize("about", [None, VILLAGE_A])
@pytest.mark.parametrize("text", SPOKEN_OF)
def test_a_body_that_is_spoken_of_sends_it_up(text, about):
    assert locate(text, NAMES, office=COUNTY, about=about) == TOWN_A


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("向清溪镇政府反映过低保的事，没人管", TOWN_A),  # nothing else is named
        ("石桥村低保不公开，向白云乡政府反映过", VILLAGE_A),
        ("白云乡政府截留补贴，石桥村的事也向清溪镇政府反映过", TOWN_B),
        ("向镇政府反映过，没人管", None),
    ],
)
def test_what_is_named_besides_decides(text, code):
    assert locate(text, NAMES, office=COUNTY) == code


@given(st.text(alphabet="向找去镇政府长反映过请查拨款给他们领导支书，。我石桥村", max_size=80))
def test_any_text_is_judged_mention_by_mention(text):
    places = [start for start in range(len(text)) if text.startswith("镇政府", start)]
    mentions = [(start, start + 3) for start in places]
    assert len(merely_mentioned(fold(text), mentions)) == len(mentions)


@pytest.mark.parametrize(
    "filler",
    [
        "向镇政府反映",
        "向镇政府反映，",
        "再",
        "给",
        "对进行",
        "去来",
        "他们",
        "扣，",
        "，尊敬的",
        "找几次",
        "办室",
        "支书和",
    ],
)
def test_a_long_message_takes_no_longer_than_its_length(filler):
    text = ("石桥村向镇政府" + filler * MOST_CHARACTERS)[:MOST_CHARACTERS]
    started = time.process_time()
    locate(text + "镇长", NAMES, office=COUNTY)
    assert time.process_time() - started < 1
