"""What those who verify may read: no sender, no witness, no third party; the accused stays."""

from __future__ import annotations

from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casework.redaction import redact_for_checking, redact_for_work
from tests.casework.petitions import HELD_OUT, TRIED_ONCE, WRITTEN_WITH, Petition

FLOOR_HIDDEN, FLOOR_KEPT = 0.8, 0.9
TITLES = ("大娘", "大姐", "大妈", "大爷", "老汉", "老太", "婶")
BOTH = (*WRITTEN_WITH, *TRIED_ONCE)


def shown(text: str) -> str:
    return redact_for_checking(redact_for_work(text))


def left_of(name: str, text: str, petition: Petition) -> bool:
    """Whether two neighbouring characters of a name still stand outside the names of the accused."""
    for kept in petition.kept:
        text = text.replace(kept, "…")
    for title in TITLES:
        name = name.removesuffix(title) if len(name) > len(title) else name
    return name in text if len(name) == 1 else any(name[at : at + 2] in text for at in range(len(name) - 1))


@pytest.mark.parametrize("petition", WRITTEN_WITH, ids=lambda one: one.text[:12])
def test_senders_and_third_parties_are_hidden_and_the_accused_stays(petition):
    text = shown(petition.text)
    assert [name for name in petition.hidden if left_of(name, text, petition)] == []
    assert [name for name in petition.kept if name not in text] == []


def test_of_unseen_messages_most_names_are_hidden_and_most_accused_stay():
    """The honest figure: see `petitions.HELD_OUT`. The floors lie a little below what was measured."""
    hidden = [not left_of(name, shown(one.text), one) for one in HELD_OUT for name in one.hidden]
    kept = [name in shown(one.text) for one in HELD_OUT for name in one.kept]
    assert sum(hidden) / len(hidden) >= FLOOR_HIDDEN
    assert sum(kept) / len(kept) >= FLOOR_KEPT


@pytest.mark.parametrize("petition", BOTH, ids=lambda one: one.text[:12])
def test_redacting_twice_changes_nothing_more(petition):
    stored = redact_for_work(petition.text)
    assert redact_for_work(stored) == stored
    assert redact_for_checking(shown(petition.text)) == shown(petition.text)


def test_the_named_accused_is_no_sender():
    text = "被举报人：张大山，石桥村村支书"
    assert redact_for_work(text) == text


def test_a_long_petition_is_read_to_its_end():
    text = "村支书张大山克扣补贴。" + "大家都知道这件事情。" * 1_900 + "证人：刘老四。\n村民 李小梅"
    assert len(text) > 10_000
    assert "刘老四" not in shown(text)
    assert "李小梅" not in redact_for_work(text)


@given(st.text(max_size=300))
@settings(max_examples=60, deadline=None)
def test_any_text_can_be_redacted(text):
    shown(text)


@pytest.mark.parametrize(
    "text",
    [
        "举报" + "村" * 5_000,
        "张三、" * 2_000,
        "2024年3月" * 900,
        "张三把" + "把" * 3_000 + "贪污",
        "我是" * 3_000,
    ],
    ids=["places", "names", "dates", "deeds", "self"],
)
def test_no_text_takes_long(text):
    started = perf_counter()
    shown(text)
    assert perf_counter() - started < 20


@pytest.mark.parametrize(
    "text",
    [
        "我们是来举报村里的张大山贪污修路款",
        "我是反映石桥村张大山侵占林地的",
        "我们都是受害人，张大山骗了我们的钱",
        "我是受害群众张大山冒领了我的粮补",
        "我要举报人大代表张大山贿选",
        "举报人大代表张大山贿选",
        "举报 张大山贪污",
        "举报石桥村贪官 张大山",
        "把救灾款拿走的就是 张大山",
        "举报：张大山挪用公款",
        "我是要求处理村主任张大山，他贪污",
        "我就是告村主任张大山，他贪污公款",
        "我是不满村会计张大山，他克扣低保",
        "我是怕村支书张大山，他会报复",
        "我叫村支书张大山，他不理我",
        "我就是想问村支书张大山，钱去哪了",
    ],
)
def test_whom_a_sender_accuses_in_the_same_breath_is_no_sender(text):
    assert "张大山" in redact_for_work(text)
    assert "〔反映人〕" not in redact_for_work(text)
