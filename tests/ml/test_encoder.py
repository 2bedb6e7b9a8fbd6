"""What the encoder reads, that it reads each message alone, and that the exported network is the trained one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ml.errors import BundleRefused
from ml.triage.encoder import NETWORK, SETTINGS, TOKENIZER, Encoder, words_of
from ml.triage.masking import mask
from ml.triage.text import normalise
from tests.ml.encoders import WIDTH, tiny_encoder
from training.encoder_export import activations_of, frozen_encoder, whole_encoder
from training.encoder_lesson import LABELS
from training.encoder_net import UNKNOWN, Design, Lesson, Net, scores_of, train_net

DESIGN = Design(layers=2, tokens=24, tail=6, epochs=3, batch=4, rate=1e-2)
SIZES = {name: len(labels) for name, labels in LABELS.items()}
TEXTS = ["我村村支书侵占征地补偿款，账目从不公开。", "请问医保怎么交", "路灯坏了，" * 20, "我", ""]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_encoder(tmp_path_factory.mktemp("tiny") / "source")


@pytest.fixture(scope="module")
def encoder(folder: Path) -> Encoder:
    torch.manual_seed(1)
    return whole_encoder(folder, Net(WIDTH, DESIGN, SIZES), DESIGN)


def test_placeholders_are_read_as_words() -> None:
    masked = mask(normalise("我是大圩镇上坳村的，村支书王建国贪了三万元，电话13800138000"))
    read = words_of(masked)
    assert "某镇" in read
    assert "某某" in read
    assert "电话号码" in read
    assert not set(read) & set("ⓅⓁⒸⒾⓃ")
    assert "建国" not in read


def test_of_a_long_message_beginning_and_end_are_read(encoder: Encoder) -> None:
    ids = encoder.ids("我" * 200 + "村")
    whole = replace(encoder, reading=replace(encoder.reading, tokens=1_000)).ids("我" * 200 + "村")
    assert len(ids) == DESIGN.tokens
    assert ids == whole[:18] + whole[-6:]


def test_a_message_is_read_the_same_alone_and_in_any_company(encoder: Encoder) -> None:
    together = encoder.outputs([*TEXTS, *reversed(TEXTS)])
    for text, first, second in zip(TEXTS, together, reversed(together), strict=False):
        assert np.array_equal(first, second)
        assert np.array_equal(first, encoder.outputs([text])[0])
    assert encoder.outputs([]) == []


def test_the_exported_network_computes_what_was_trained(folder: Path) -> None:
    torch.manual_seed(1)
    net = Net(WIDTH, DESIGN, SIZES).eval()
    exported = whole_encoder(folder, net, DESIGN, quantised=False)
    frozen = frozen_encoder(folder, DESIGN, quantised=False)
    for text, hidden in zip(TEXTS, frozen.outputs(TEXTS), strict=True):
        with torch.inference_mode():
            there = torch.ones(1, len(hidden), dtype=torch.bool)
            expected = net.vector(torch.from_numpy(hidden)[None], there)[0].numpy()
        assert exported.outputs([text])[0] == pytest.approx(expected, abs=1e-4)


def test_eight_bits_change_a_vector_little(folder: Path, encoder: Encoder) -> None:
    torch.manual_seed(1)
    exact = whole_encoder(folder, Net(WIDTH, DESIGN, SIZES), DESIGN, quantised=False)
    for small, plain in zip(encoder.outputs(TEXTS), exact.outputs(TEXTS), strict=True):
        assert float(small @ plain / np.linalg.norm(small) / np.linalg.norm(plain)) > 0.99


def test_activations_are_kept_for_the_same_messages_only(folder: Path, tmp_path: Path) -> None:
    frozen = frozen_encoder(folder, DESIGN)
    first = activations_of(frozen, TEXTS, kept=tmp_path)
    again = activations_of(frozen, TEXTS, kept=tmp_path)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert [len(one) for one in first] == [len(frozen.ids(text)) for text in TEXTS]
    activations_of(frozen, TEXTS[:2], kept=tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_padding_to_a_longer_message_changes_no_score() -> None:
    net = Net(WIDTH, DESIGN, SIZES)
    hidden = activations_like(5), activations_like(23)
    alone, together = scores_of(net, hidden[:1]), scores_of(net, hidden)
    for name in SIZES:
        assert together[name][0] == pytest.approx(alone[name][0], abs=1e-4)


def activations_like(tokens: int, *, seed: int = 0, towards: float = 0.0) -> np.ndarray:
    generator = np.random.default_rng([seed, tokens])
    sides = np.where(
        np.arange(WIDTH) < WIDTH // 2, 1, -1
    )  # along the mean, layer normalisation would take it away
    return (generator.normal(size=(tokens, WIDTH)) + towards * sides).astype(np.float16)


def test_training_is_repeatable_and_learns_what_can_be_learned() -> None:
    keys = np.arange(80) % 2
    lesson = Lesson(
        [activations_like(6 + row % 9, seed=row, towards=0.5 * keys[row]) for row in range(80)],
        {name: keys if name == "key" else np.where(keys, 1, UNKNOWN) for name in SIZES},
        np.ones(80),
    )
    watched = np.arange(10)
    seen: list[float] = []
    nets = [
        train_net(
            lesson,
            sizes=SIZES,
            watched=watched,
            design=DESIGN,
            seed=5,
            epoch=lambda _, reached: seen.append(reached),
        )
        for _ in range(2)
    ]
    assert seen[: len(seen) // 2] == seen[len(seen) // 2 :]
    assert max(seen) > 0.9
    first, second = (scores_of(net, lesson.activations)["key"] for net in nets)
    assert np.array_equal(first, second)


def test_a_missing_or_broken_file_is_refused_by_name(encoder: Encoder) -> None:
    files = encoder.to_files()
    assert Encoder.from_files(files) == encoder
    for name in (NETWORK, TOKENIZER, SETTINGS):
        with pytest.raises(BundleRefused, match=name):
            Encoder.from_files({other: content for other, content in files.items() if other != name})
        with pytest.raises(BundleRefused, match=name):
            Encoder.from_files(files | {name: b"{"}).outputs(TEXTS)
