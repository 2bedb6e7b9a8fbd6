"""Of a board message that is held out no copy teaches, wherever it comes from."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ml.triage.near_duplicates import group_beside, group_near_duplicates
from tests.triage.test_near_duplicates import LETTER, OTHER
from tests.triage.test_training import site_labels
from training.board import read_board
from training.encoder_lesson import read_material
from training.triage import splits_of, with_written
from training.triage_corpus import Corpus, read_corpus

COPIED = 7
"""A board message: its row, and the number of its id."""


def corpus_of(board: Path, *, site: Path | None = None) -> Corpus:
    return read_corpus(board, labels=board, site=site, seed=3, step=lambda: None)


def test_texts_beside_others_join_their_groups_and_leave_the_first_as_they_are_alone() -> None:
    between = LETTER[:40] + OTHER[:30]
    alone, together = group_beside([OTHER, LETTER], [LETTER + "急急急", between, "好", "好"])
    assert alone.tolist() == [0, 1]
    assert together.tolist() == [0, 1, 1, 3, 4, 4]
    assert group_beside([], [LETTER])[1].tolist() == [0]
    texts = [LETTER, OTHER, LETTER + "谢谢"]
    assert all(found.tolist() == group_near_duplicates(texts).tolist() for found in group_beside(texts, []))


@pytest.mark.parametrize("question", ["key", "nature", "class", "group_event"])
def test_a_message_of_an_office_that_copies_one_of_the_board_does_not_teach_what_is_held_out(
    board: Path, tmp_path: Path, question: str
) -> None:
    copied = read_board(board)[COPIED].masked
    site = site_labels(
        tmp_path / "site.parquet", copied + "谢谢", times=1, official_class="检举控告", urgency="group_event"
    )
    corpus = corpus_of(board, site=site)
    other = site_labels(
        tmp_path / "other.parquet",
        "镇政府的班车停运了，盼恢复",
        times=1,
        official_class="检举控告",
        urgency="none",
    )
    taught_always = corpus_of(board, site=other)
    assert corpus.site == taught_always.site == 1
    for one, often in ((corpus, 4), (taught_always, 5)):
        asked = one.questions[question]
        own, taught = len(one.groups) - 1, 0
        for train, test in splits_of(one, question, seed=3):
            learnt = asked.rows[with_written(one, question, train)]
            assert not set(one.groups[learnt]) & set(one.groups[asked.rows[test]])
            taught += own in learnt
        assert taught == often


def test_a_written_message_that_copies_one_of_the_board_stays_behind_with_it(
    board: Path, tmp_path: Path
) -> None:
    labels = Path(shutil.copytree(board, tmp_path / "labels"))
    topics = pq.read_table(board / "board_topics.parquet").to_pylist()
    text = f"{topics[COPIED]['subject']}。{topics[COPIED]['detail']}"
    with (labels / "written_village.csv").open("a", encoding="utf-8") as file:
        file.write(f"w2,{text},1,accusation,assistance,检举控告,0,none,,sms\n")
    corpus = read_corpus(board, labels=labels, seed=3, step=lambda: None)
    copy = len(corpus.groups) - 1
    rows = corpus.questions["nature"].rows
    taught = [
        (copy in rows[with_written(corpus, "nature", train)], COPIED in rows[test])
        for train, test in splits_of(corpus, "nature", seed=3)
    ]
    assert sorted(taught) == [(False, True), *[(True, False)] * 4]


def test_copies_of_an_office_change_neither_words_nor_space_nor_what_the_board_groups(
    board: Path, tmp_path: Path
) -> None:
    plain = corpus_of(board)
    site = site_labels(tmp_path / "site.parquet", read_board(board)[COPIED].masked, times=2)
    with_site = corpus_of(board, site=site)
    assert with_site.distinct == plain.distinct
    assert with_site.vocabulary == plain.vocabulary
    size = len(plain.groups)
    assert with_site.groups[:size].tolist() == plain.groups.tolist()
    assert plain.groups[-1] == size - 1  # the written message is its own
    assert set(with_site.groups[size:]) == {plain.groups[COPIED]}


def test_the_second_stage_reads_the_same_groups_and_leaves_out_messages_without_a_key(
    board: Path, tmp_path: Path
) -> None:
    messages = read_board(board)
    path = site_labels(tmp_path / "site.parquet", messages[COPIED].masked, times=1)
    known = pq.read_table(path).to_pylist()
    pressing = {"masked": "有人要来", "key": None, "nature": None, "field": None, "model_field": None}
    pq.write_table(pa.Table.from_pylist([{**known[0], **pressing, "urgency": "group_event"}, *known]), path)
    corpus = corpus_of(board, site=path)
    rows = corpus.questions["key"].of_the_board
    material = read_material(messages, rows, groups=corpus.groups, labels=board, site=path)
    assert (corpus.site, material.site) == (2, 1)
    assert len(material.groups) == len(material.masked) == len(rows) + 2
    assert material.groups[-1] == corpus.groups[COPIED] == material.groups[np.flatnonzero(rows == COPIED)[0]]
    assert material.groups[-2] == len(messages)
