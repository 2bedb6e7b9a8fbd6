"""What the shipped model answers, when it abstains, and what it refuses to load."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.bundle import bundle_folder, set_champion, write_bundle
from ml.errors import BundleRefused
from ml.triage import TriageModel, TriageResult
from ml.triage.files import SUMS, from_files, write_folder
from ml.triage.labels import CLASSES, FIELDS, NATURES, TOPICS, URGENCIES
from ml.triage.model import BASE
from ml.triage.reasons import TOO_SHORT, UNSURE
from registers.pseudonyms import load_key
from tests.triage.messages import ACCUSATION, QUESTION, REQUEST


@pytest.fixture(scope="module")
def model() -> TriageModel:
    return TriageModel.load()


def test_an_accusation_ranks_above_a_request_and_a_question(model: TriageModel) -> None:
    accusation, request, question = model.predict([ACCUSATION, REQUEST, QUESTION])
    assert accusation.key
    assert not request.key
    assert not question.key
    assert accusation.key_probability > 0.8
    assert max(request.key_probability, question.key_probability) < 0.2
    assert (accusation.nature, question.nature) == ("accusation", "consultation")
    assert question.field == "medical"


def test_reasons_name_words_of_the_message(model: TriageModel) -> None:
    (result,) = model.predict([ACCUSATION])
    assert "有“包庇勾结”方面的词" in result.reasons
    shown = [
        word for reason in result.reasons if "多见于关键事项" in reason for word in reason.split("“")[1:]
    ]
    assert shown
    assert all(word.split("”")[0] in ACCUSATION for word in shown)


def test_every_field_of_a_result_is_filled(model: TriageModel) -> None:
    for result in model.predict([ACCUSATION, REQUEST, QUESTION, ""]):
        assert 0 <= result.key_probability <= 1
        assert result.nature in NATURES
        assert result.field in FIELDS
        assert result.topic in TOPICS
        assert result.official_class == "检举控告" if result.key else result.official_class in CLASSES
        assert set(result.urgency) <= URGENCIES.keys()
        assert result.reasons


@pytest.mark.parametrize(
    "text", ["", "   ", "你好", "?????", "😡😡", "13800138000", "hello, is anybody there?"]
)
def test_too_little_text_is_left_to_a_person(model: TriageModel, text: str) -> None:
    (result,) = model.predict([text])
    assert result.abstain
    assert result.reasons == (TOO_SHORT,)


def test_the_band_of_abstention_decides_who_is_left_to_a_person(model: TriageModel) -> None:
    model = dataclasses.replace(model, second=None)
    (result,) = model.predict([ACCUSATION])
    probability = result.key_probability
    unsure = dataclasses.replace(model.decision, unsure_from=probability - 0.01, unsure_to=probability + 0.01)
    sure = dataclasses.replace(model.decision, unsure_from=probability + 0.01, unsure_to=1.0)
    (left,) = dataclasses.replace(model, decision=unsure).predict([ACCUSATION])
    (kept,) = dataclasses.replace(model, decision=sure).predict([ACCUSATION])
    assert (left.abstain, left.reasons[0]) == (True, UNSURE)
    assert not kept.abstain


@pytest.mark.parametrize(
    "changed",
    [
        "<div><p>" + ACCUSATION + "</p></div>",
        ACCUSATION.replace("，", ",").replace("。", " 。 "),
        ACCUSATION + "😡🙏",
        ACCUSATION.replace("村", "\u200b村"),
        "舉報我村村支書貪污徵地補償款，村幹部虛報面積冒領補償，賬目從不公開，還把低保給了自己的親戚，鎮裏領導包庇，請紀委嚴查。",
    ],
)
def test_dress_does_not_change_the_answer(model: TriageModel, changed: str) -> None:
    usual, dressed = model.predict([ACCUSATION, changed])
    assert dressed.key == usual.key
    assert dressed.key_probability == pytest.approx(usual.key_probability, abs=0.05)


def test_a_message_gets_the_same_answer_alone_and_in_any_company(model: TriageModel) -> None:
    together = model.predict([REQUEST, ACCUSATION, "", QUESTION, ACCUSATION])
    assert together[1] == together[4] == model.predict([ACCUSATION])[0]
    assert model.predict([]) == []


@settings(deadline=None, max_examples=40)
@given(text=st.text(max_size=300))
def test_any_text_gets_an_answer(model: TriageModel, text: str) -> None:
    (result,) = model.predict([text])
    assert isinstance(result, TriageResult)


def test_a_very_long_message_gets_an_answer(model: TriageModel) -> None:
    (result,) = model.predict([ACCUSATION * 5_000])
    assert result.key


def test_progress_counts_up_to_the_total(model: TriageModel) -> None:
    seen: list[tuple[int, int]] = []
    model.predict([QUESTION] * 3, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(3, 3)]


def test_a_saved_model_answers_as_before(model: TriageModel, tmp_path: Path) -> None:
    write_folder(tmp_path / "copy", model.to_files())
    again = TriageModel.load(tmp_path / "copy")
    assert again.predict([ACCUSATION, REQUEST]) == model.predict([ACCUSATION, REQUEST])
    assert again.to_files() == model.to_files()


def test_a_champion_does_not_change_what_load_gives(
    model: TriageModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUNJIAN_HOME", str(tmp_path))
    never = dataclasses.replace(model, decision=dataclasses.replace(model.decision, threshold=2.0))
    meta = {"kind": "triage", "version": "1"}
    write_bundle(
        bundle_folder(tmp_path, "triage", "1"), never.to_files(), meta, key=load_key(tmp_path, "signing")
    )
    set_champion(tmp_path, "triage", "1")
    assert TriageModel.load().to_files() == model.to_files()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(BASE, tmp_path / "copy"))


@pytest.mark.parametrize("name", ["model.json", "vocabulary.json", "key.npy", "topic.npy"])
def test_a_changed_byte_is_refused(copy: Path, name: str) -> None:
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    with pytest.raises(BundleRefused, match=f"{name} was changed"):
        TriageModel.load(copy)


@pytest.mark.parametrize("name", ["model.json", "field.npy", SUMS])
def test_a_missing_file_is_refused_by_name(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(BundleRefused, match=f"{name} is missing"):
        TriageModel.load(copy)


def test_files_that_do_not_belong_together_are_refused(model: TriageModel) -> None:
    files = model.to_files()
    shorter = dict(list(json.loads(files["vocabulary.json"])["ngrams"].items())[1:])
    vocabulary = json.loads(files["vocabulary.json"]) | {"ngrams": shorter}
    with pytest.raises(BundleRefused, match="shape"):
        from_files(files | {"vocabulary.json": json.dumps(vocabulary).encode()})
    with pytest.raises(BundleRefused, match=r"key\.npy is missing"):
        from_files({name: content for name, content in files.items() if name != "key.npy"})
    with pytest.raises(BundleRefused, match="cannot be read"):
        from_files(files | {"model.json": b"{"})
    with pytest.raises(BundleRefused, match="format 99"):
        from_files(
            files | {"model.json": json.dumps(json.loads(files["model.json"]) | {"format": 99}).encode()}
        )


def test_an_array_that_would_run_code_is_refused(model: TriageModel, tmp_path: Path) -> None:
    np.save(tmp_path / "object.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(BundleRefused, match="cannot be read"):
        from_files(model.to_files() | {"key.npy": (tmp_path / "object.npy").read_bytes()})


def test_the_model_card_quotes_the_figures_of_the_shipped_model() -> None:
    card = (BASE / "MODEL_CARD.md").read_text(encoding="utf-8")
    for name, figure in json.loads((BASE / "metrics.json").read_bytes())["figures"].items():
        assert f"| {name} | {figure['value']:.3f} | {figure['low']:.3f}–{figure['high']:.3f} |" in card
