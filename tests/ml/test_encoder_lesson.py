"""What the encoder learns from: known answers only, written messages never held out."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import pytest

from tests.triage.test_training import site_labels
from training import encoder
from training.board import Message
from training.encoder import Study
from training.encoder_lesson import LABELS, WRITTEN_WEIGHT, Material, read_material
from training.encoder_net import KEY, UNKNOWN, Design, Lesson
from training.triage_corpus import Corpus
from training.triage_labels import LabelError

CLASSES = "id,class,no_substance,duplicate,urgency,accused,sure,reader\n"
MESSAGES = [
    Message("topics:1", "一", "村支书Ⓟ贪污", None, "城乡建设"),
    Message("hot:2", "二", "请问医保", None, None),
    Message("hot:3", "三", "没有标注", None, None),
]


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    (tmp_path / "key_matters.csv").write_text(
        "id,reader,key,nature,field,sure\ntopics:1,r1,1,accusation,collective_funds,1\n"
        "hot:2,r1,0,consultation,medical,0\n"
    )
    (tmp_path / "settlements.csv").write_text("id,key,nature,field,reason\n")
    return tmp_path


def test_without_the_other_label_files_their_answers_are_unknown(labels: Path) -> None:
    material = read_material(MESSAGES, np.array([0, 1]), groups=np.array([0, 1, 2]), labels=labels)
    assert material.masked == ["村支书Ⓟ贪污", "请问医保"]
    assert material.answers["key"].tolist() == [1, 0]
    assert material.answers["topic"].tolist() == [LABELS["topic"].index("城乡建设"), UNKNOWN]
    assert material.answers["class"].tolist() == [UNKNOWN, UNKNOWN]
    assert material.weights.tolist() == [1.0, 0.5]
    assert material.board == 2


def test_written_messages_come_last_masked(labels: Path) -> None:
    (labels / "classes.csv").write_text(
        f"{CLASSES}topics:1,检举控告,0,,none,,1,a\ntopics:1,批评建议,0,,none,,1,b\n", encoding="utf-8"
    )
    (labels / "acts.csv").write_text("id,reader,accused,act\ntopics:1,r1,cadre,money\n", encoding="utf-8")
    (labels / "written_village.csv").write_text(
        "id,text,key,nature,field,class\nw1,我是大圩镇上坳村的，村长王建国贪了三万元,1,accusation,assistance,检举控告\n",
        encoding="utf-8",
    )
    material = read_material(MESSAGES, np.array([0, 1]), groups=np.array([0, 1, 2, 3]), labels=labels)
    assert material.board == 2
    assert len(material.masked) == 3
    assert not any(word in material.masked[2] for word in ("大圩", "上坳", "建国"))
    assert material.weights[2] == WRITTEN_WEIGHT
    assert material.groups.tolist() == [0, 1, 3]
    assert material.answers["class"].tolist() == [LABELS["class"].index("检举控告"), UNKNOWN, 0]
    assert material.answers["accused"].tolist() == [LABELS["accused"].index("cadre"), UNKNOWN, UNKNOWN]
    assert material.answers["act"].tolist() == [LABELS["act"].index("money"), UNKNOWN, UNKNOWN]


def test_messages_of_an_office_come_after_all_others_and_count_as_much_as_those_of_the_board(
    labels: Path,
) -> None:
    site = site_labels(labels / "site.parquet", "请问Ⓛ村低保", times=2)
    groups = np.array([0, 1, 2, 1, 4])
    material = read_material(MESSAGES, np.array([0, 1]), groups=groups, labels=labels, site=site)
    assert (material.board, material.site) == (2, 2)
    assert material.masked[2:] == ["请问Ⓛ村低保"] * 2
    assert material.answers["key"][2:].tolist() == [1, 1]
    assert material.answers["field"][2:].tolist() == [LABELS["field"].index("assistance")] * 2
    assert material.answers["class"][2:].tolist() == [UNKNOWN] * 2
    assert material.weights[2:].tolist() == [1.0, 1.0]
    assert material.groups.tolist() == [0, 1, 1, 4]


def test_an_unknown_answer_is_refused_by_its_message(labels: Path) -> None:
    (labels / "classes.csv").write_text(f"{CLASSES}hot:2,投诉,0,,none,,1,a\n", encoding="utf-8")
    with pytest.raises(LabelError, match="hot:2"):
        read_material(MESSAGES, np.array([0, 1]), groups=np.array([0, 1, 2]), labels=labels)


@pytest.mark.parametrize(
    ("chosen", "watched", "learnt"),
    [([1, 2], None, [1, 2, 4]), ([0, 1, 2], None, [0, 1, 2, 3, 4]), ([0, 1, 2], [0], [0, 1, 2, 4])],
)
def test_a_copy_of_what_is_held_out_or_watched_is_not_learnt_from(
    monkeypatch: pytest.MonkeyPatch, chosen: list[int], watched: list[int] | None, learnt: list[int]
) -> None:
    groups = np.array([0, 1, 2, 0, 9])
    material = Material(list("甲乙丙甲丁"), {KEY: np.ones(5, dtype=np.int64)}, np.ones(5), groups, 3, 2)
    study = Study(
        cast(Corpus, None),
        material,
        [np.full(1, row, dtype=np.float16) for row in range(5)],
        Path(),
        Design(),
    )
    lessons: list[Lesson] = []
    monkeypatch.setattr(encoder, "train_net", lambda lesson, **_: lessons.append(lesson))
    given = None if watched is None else np.array(watched)
    encoder.fit_net(study, np.array(chosen), seed=0, watched=given)
    assert [[int(one[0]) for one in lesson.activations] for lesson in lessons] == [learnt]
