"""Spam is set aside, complaints are not, and what may be a key matter never is."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from ml.errors import BundleRefused
from ml.triage import TriageModel
from ml.triage.heads import Head
from ml.triage.masking import mask
from ml.triage.spam import FOLDER, SpamFilter
from ml.triage.text import normalise
from ml.triage.vocabulary import Vocabulary
from tests.triage.messages import ACCUSATION, QUESTION, REQUEST

SPAM = [
    "【某某贷款】无抵押无担保，最快当天放款，额度高利息低，详情请来电咨询13800138000",
    "尊敬的客户您好，本店开业大酬宾，全场八折优惠，欢迎光临选购，地址人民路88号，电话13912345678",
    "您好，我公司专业代开各种增值税发票，点数优惠，可先验后付款，联系电话13700001111王经理",
]


@pytest.fixture(scope="module")
def model() -> TriageModel:
    return TriageModel.load()


def test_advertisements_are_spam_and_complaints_are_not(model: TriageModel) -> None:
    assert all(result.spam for result in model.predict(SPAM))
    assert not any(result.spam for result in model.predict([ACCUSATION, REQUEST, QUESTION, "", "你好"]))


def test_what_may_be_a_key_matter_is_never_spam() -> None:
    masked = [mask(normalise(text)) for text in SPAM]
    found = SpamFilter.load()
    assert found.flags(masked, never=np.zeros(3, dtype=bool)).all()
    assert not found.flags(masked, never=np.ones(3, dtype=bool)).any()


@pytest.mark.parametrize(("score", "spam"), [(1.0, False), (-1.0, True)])
def test_what_presses_is_never_spam(model: TriageModel, score: float, *, spam: bool) -> None:
    urgency = model.heads["urgency"]
    always = Head(urgency.labels, np.zeros_like(urgency.weights), np.full(len(urgency.labels), score))
    same_everywhere = dataclasses.replace(model, heads={**model.heads, "urgency": always})
    assert [result.spam for result in same_everywhere.predict(SPAM)] == [spam] * len(SPAM)


def test_an_accusation_in_the_words_of_an_advertisement_passes(model: TriageModel) -> None:
    (result,) = model.predict(["举报村支书用村集体的钱给自家饭店开业大酬宾，代开发票套取公款，" + ACCUSATION])
    assert not result.spam


def test_the_shipped_filter_keeps_what_it_promises() -> None:
    figures = json.loads((FOLDER / "metrics.json").read_bytes())
    assert figures["spam_recall"] >= 0.9
    assert figures["key_matters_flagged"] == 0
    assert figures["ham_flagged"] < 0.01


def test_a_saved_filter_answers_as_before() -> None:
    found = SpamFilter.load()
    again = SpamFilter.from_files(found.to_files())
    assert np.array_equal(again.scores(SPAM), found.scores(SPAM))
    assert again.to_files() == found.to_files()


def test_a_changed_or_unfitting_file_is_refused(tmp_path: Path) -> None:
    copy = Path(shutil.copytree(FOLDER, tmp_path / "copy"))
    (copy / "spam.json").write_text('{"intercept": 9, "threshold": 0}')
    with pytest.raises(BundleRefused, match="changed"):
        SpamFilter.load(copy)
    files = SpamFilter.load().to_files()
    vocabulary = Vocabulary(100, {"村": 50}, {})
    with pytest.raises(BundleRefused, match="weights for"):
        SpamFilter.from_files(files | {"vocabulary.json": vocabulary.to_json()})
    with pytest.raises(BundleRefused, match="cannot be read"):
        SpamFilter.from_files({"spam.json": files["spam.json"]})
