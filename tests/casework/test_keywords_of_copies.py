"""A keyword of the office that only a copy holds raises the case behind which the copy stands."""

from __future__ import annotations

from casework import complaints, grouping, lexicon
from tests.casework.test_inbox import MAILING, TEXTS, take_in
from tests.casework_world import NOW

COPY = MAILING + "他打了写信的人"


def listed(session, world) -> list[int]:
    rows, _ = complaints.inbox(session, world.actor(session, "clerk"), state=None, page=1, size=10)
    return [row.id for row in rows]


def keep(session, world, words: str) -> None:
    lexicon.save(session, world.actor(session, "clerk"), lexicon.parse_keywords(words), note="排查", at=NOW)


def test_a_case_rises_when_a_later_copy_holds_a_keyword(world):
    with world.sessions.begin() as session:
        keep(session, world, "写信的人")
        lead, other = take_in(session, world, MAILING, TEXTS[2])
        assert listed(session, world) == [other, lead]
    with world.sessions.begin() as session:
        plain, copy = take_in(session, world, MAILING + "谢谢", COPY, start=5)
        assert [grouping.lead_of(session, one) for one in (plain, copy)] == [lead, lead]
        assert listed(session, world) == [lead, other]
        assert grouping.keywords_of_copies(session, [lead, other]) == {lead: ("写信的人",)}
        rows, _ = grouping.copies_page(session, world.actor(session, "clerk"), lead, page=1, size=1)
        assert [row.id for row in rows] == [copy]  # where the word stands is read first


def test_what_the_case_holds_itself_is_no_news_of_its_copies(world):
    with world.sessions.begin() as session:
        keep(session, world, "写信的人\n征地")
        lead, *_ = take_in(session, world, MAILING, COPY, COPY + "！", MAILING + "谢谢")
        assert lexicon.words_found(session, [lead]) == {lead: ["征地"]}
        assert grouping.keywords_of_copies(session, [lead]) == {lead: ("写信的人",)}


def test_a_changed_list_is_looked_for_in_copies_too_and_its_effect_shown_before(world):
    with world.sessions.begin() as session:
        lead, copy, other = take_in(session, world, MAILING, COPY, TEXTS[2])
        clerk = world.actor(session, "clerk")
        shown = lexicon.effect(session, clerk, ["写信的人", "征地"])
        assert (shown.cases, dict(shown.counts)) == (2, {"写信的人": 1, "征地": 1})
        assert [(row.id, words) for row, words in shown.raised] == [(lead, ["写信的人", "征地"])]
        keep(session, world, "写信的人")
        assert listed(session, world) == [lead, other]
        shown = lexicon.effect(session, clerk, ["医保"])
        assert [(row.id, words) for row, words in shown.raised] == [(other, ["医保"])]
        assert [(row.id, words) for row, words in shown.dropped] == [(lead, ["写信的人"])]
        keep(session, world, "医保")
        assert grouping.keywords_of_copies(session, [lead]) == {}
        assert listed(session, world) == [other, lead]
        grouping.split(session, clerk, copy, at=NOW)
        assert grouping.keywords_of_copies(session, [lead]) == {}


def test_a_copy_taken_out_takes_its_keyword_along(world):
    with world.sessions.begin() as session:
        keep(session, world, "写信的人")
        lead, copy = take_in(session, world, MAILING, COPY)
        grouping.split(session, world.actor(session, "clerk"), copy, at=NOW)
        assert grouping.keywords_of_copies(session, [lead, copy]) == {}
        assert listed(session, world) == [copy, lead]


def test_a_case_merged_into_another_raises_it_by_its_keyword(world):
    with world.sessions.begin() as session:
        keep(session, world, "小舅子")
        other, case, last = take_in(session, world, TEXTS[2], TEXTS[1], TEXTS[3])
        grouping.merge(session, world.actor(session, "clerk"), case, lead_id=other, at=NOW)
        assert grouping.keywords_of_copies(session, [other]) == {other: ("小舅子",)}
        assert listed(session, world) == [other, last]
