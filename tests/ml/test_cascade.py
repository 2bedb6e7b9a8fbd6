"""The second stage: whom it is asked about, how its word is weighed, and how it is stored and refused."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ml.errors import BundleRefused
from ml.triage import TriageModel
from ml.triage.cascade import DESCRIPTION, Gate, Mix, SecondStage
from ml.triage.encoder import Encoder
from ml.triage.files import write_folder
from ml.triage.reasons import TOO_SHORT
from tests.triage.messages import ACCUSATION, QUESTION, REQUEST
from training.encoder import choose_gate, decide_cascade

MESSAGES = [ACCUSATION, REQUEST, QUESTION]


class _Watched(Encoder):
    """An encoder that tells what it was asked to read."""

    asked: list[str]

    def outputs(self, masked: Sequence[str]) -> list[np.ndarray]:
        self.asked.extend(masked)
        return super().outputs(masked)


def _watched(encoder: Encoder) -> _Watched:
    watched = _Watched(encoder.network, encoder.tokenizer, encoder.reading)
    object.__setattr__(watched, "asked", [])
    return watched


def test_the_encoder_reads_only_what_the_fast_path_is_not_sure_of(
    fast: TriageModel, second: SecondStage
) -> None:
    probabilities = [result.key_probability for result in fast.predict(MESSAGES)]
    between = (min(probabilities) + sorted(probabilities)[1]) / 2
    watched = _watched(second.encoder)
    model = replace(fast, second=replace(second, encoder=watched, gate=Gate(between, 2.0)))
    model.predict(MESSAGES)
    assert len(watched.asked) == 2
    watched.asked.clear()
    replace(fast, second=replace(second, encoder=watched, gate=Gate(1.0, 1.0))).predict(MESSAGES)
    assert watched.asked == []


def test_only_masked_words_reach_the_encoder(fast: TriageModel, second: SecondStage) -> None:
    watched = _watched(second.encoder)
    named = "举报大圩镇上坳村村主任王建国侵占补偿款，电话13800138000"
    replace(fast, second=replace(second, encoder=watched)).predict([named])
    (read,) = watched.asked
    assert not any(word in read for word in ("大圩", "上坳", "建国", "138"))


def test_the_word_of_the_encoder_changes_what_it_is_asked_about(
    fast: TriageModel, second: SecondStage
) -> None:
    heavy = {**second.mixes, "key": Mix(0.0, 0.0, 3.0)}
    results = replace(fast, second=replace(second, mixes=heavy)).predict(MESSAGES)
    assert [result.key_probability for result in results] == pytest.approx([1 / (1 + np.exp(-3))] * 3)
    alone = replace(fast, second=replace(second, gate=Gate(1.0, 1.0))).predict(MESSAGES)
    usual = fast.predict(MESSAGES)
    assert [r.key_probability for r in alone] == pytest.approx([r.key_probability for r in usual])
    assert [(r.nature, r.field) for r in alone] == [(r.nature, r.field) for r in usual]


def test_too_short_a_message_is_left_to_a_person_and_not_to_the_encoder(
    fast: TriageModel, second: SecondStage
) -> None:
    watched = _watched(second.encoder)
    results = replace(fast, second=replace(second, encoder=watched)).predict(["", "你好"])
    assert watched.asked == []
    assert all(result.abstain and result.reasons == (TOO_SHORT,) for result in results)


def test_a_message_gets_the_same_answer_alone_and_in_any_company(
    fast: TriageModel, second: SecondStage
) -> None:
    model = replace(fast, second=second)
    together = model.predict([REQUEST, ACCUSATION, "", QUESTION, ACCUSATION])
    assert together[1] == together[4] == model.predict([ACCUSATION])[0]


def test_a_saved_model_answers_as_before(fast: TriageModel, second: SecondStage, tmp_path: Path) -> None:
    model = replace(fast, second=second)
    write_folder(tmp_path / "both", model.to_files())
    again = TriageModel.load(tmp_path / "both")
    assert again.second is not None
    assert again.predict(MESSAGES) == model.predict(MESSAGES)
    assert again.to_files() == model.to_files()


def test_what_does_not_fit_is_refused(fast: TriageModel, second: SecondStage) -> None:
    files = replace(fast, second=second).to_files()
    described = json.loads(files[DESCRIPTION])

    def changed(**parts: object) -> dict[str, bytes]:
        return files | {DESCRIPTION: json.dumps(described | parts).encode()}

    with pytest.raises(BundleRefused, match="format 99"):
        TriageModel.from_files(changed(format=99))
    with pytest.raises(BundleRefused, match="gate is missing"):
        TriageModel.from_files(
            files | {DESCRIPTION: json.dumps({k: v for k, v in described.items() if k != "gate"}).encode()}
        )
    with pytest.raises(BundleRefused, match=r"encoder_key\.npy is missing"):
        TriageModel.from_files(
            {name: content for name, content in files.items() if name != "encoder_key.npy"}
        )
    with pytest.raises(BundleRefused, match="shape"):
        TriageModel.from_files(files | {"encoder_key.npy": files["encoder_field.npy"]})
    heads = json.loads(json.dumps(described["heads"]))
    heads["nature"]["labels"].reverse()
    with pytest.raises(BundleRefused, match="labels for nature"):
        TriageModel.from_files(changed(heads=heads))


def test_the_gate_lets_the_fast_path_answer_where_it_is_right() -> None:
    generator = np.random.default_rng(0)
    keys = generator.random(3_000) < 0.3
    probability = np.clip(0.5 + (keys - 0.5) * 0.5 + generator.normal(0, 0.2, 3_000), 0.001, 0.999)
    gate = choose_gate(keys, probability)
    asked = gate.asks(probability)
    assert 0.05 < asked.mean() < 0.95
    assert keys[probability < gate.low].mean() <= 0.031
    assert keys[probability >= gate.high].mean() >= 0.95


def test_the_cascade_is_no_worse_than_the_fast_path_where_the_encoder_knows_more() -> None:
    generator = np.random.default_rng(0)
    keys = generator.random(2_000) < 0.3
    fast = keys * 1.5 + generator.normal(size=2_000)
    knowing = keys * 3.0 + generator.normal(size=2_000)
    guessing = generator.normal(size=2_000)
    cascade = decide_cascade(keys, fast, knowing)
    assert cascade.mix.encoder > cascade.mix.fast > 0
    assert abs(decide_cascade(keys, fast, guessing).mix.encoder) < 0.1
    said = cascade.decision.probability(cascade.odds(fast, knowing)) >= cascade.decision.threshold
    alone = cascade.fast.probability(fast) >= cascade.fast.threshold
    assert (said == keys).mean() > (alone == keys).mean() + 0.05
