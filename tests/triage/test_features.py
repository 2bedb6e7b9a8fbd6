"""Features beside the n-grams: the opening by itself, and signs of what presses."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from ml.triage import TriageModel
from ml.triage.heads import Head
from ml.triage.labels import URGENCIES
from ml.triage.lexicon import SIGNS, label_of
from ml.triage.text import OPENING, opening


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("村里修路没有招标。请查", "村里修路没有招标"),
        ("谁来管管?天天停水", "谁来管管"),
        ("没有标点" * 40, ("没有标点" * 40)[:OPENING]),
        ("", ""),
    ],
)
def test_an_opening_is_the_first_sentence(text: str, begins: str) -> None:
    assert opening(text) == begins


def test_the_opening_stands_beside_the_whole_and_is_not_counted_as_known() -> None:
    features = TriageModel.load().features
    texts = ["村干部贪污补偿款。请上级来查一查账目", "。后面才是正文，说的是医保", ""]
    size = len(features.names)
    both = features.with_opening(texts)
    assert both.shape == (3, 2 * size)
    assert np.array_equal(both[:, :size].toarray(), features.matrix(texts).toarray())
    assert np.array_equal(both[:, size:].toarray(), features.matrix(["村干部贪污补偿款", "", ""]).toarray())
    assert features.known(both).tolist() == (features.matrix(texts).toarray() != 0).sum(axis=1).tolist()


@pytest.mark.parametrize(
    ("urgency", "text", "silent"),
    [
        ("threat_to_life", "房子随时会塌，一家五口危在旦夕", "房子有点旧，想翻修"),
        ("retaliation", "举报以后被村主任恐吓", "村主任态度不好"),
        ("group_event", "村民打算明天去县里集体上访", "村民开会讨论了这件事"),
        ("money_moving", "下周就要签合同付款了", "合同去年已经付清"),
    ],
)
def test_a_sign_of_what_presses_is_a_feature_with_words_for_people(
    urgency: str, text: str, silent: str
) -> None:
    features = TriageModel.load().features
    column = features.names.index(urgency)
    found = features.matrix([text, silent])[:, [column]].toarray().ravel()
    assert found[0] >= 1
    assert found[1] == 0
    assert label_of(urgency) == f"有“{URGENCIES[urgency]}”方面的话"
    assert SIGNS.keys() == URGENCIES.keys()


def test_a_head_says_every_label_that_reaches_zero() -> None:
    head = Head(("a", "b"), np.array([[1.0, -1.0]], dtype=np.float32), np.array([-1.0, 0.0]))
    assert head.flagged(csr_array([[1.0], [0.0], [-1.0]])) == [("a",), ("b",), ("b",)]
