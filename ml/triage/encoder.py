"""The encoder: a masked message as one vector, by a quantised network through onnxruntime; no torch here.

    encoder.onnx     ids (1 x tokens) -> vector; 8-bit weights, dynamic quantisation
    tokenizer.json   of the `tokenizers` library
    encoder.json     prefix and longest input

The network sees masked text only, with placeholders written as Chinese words, so that names, places, phones and
figures reach it no more than they reach the fast path. Each message is read alone: dynamic quantisation takes its
scale from all that is read together, and an answer must not depend on who else wrote that day.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from ml.errors import BundleRefused
from ml.triage.masking import CONTACT, IDENTIFIER, NUMBER, PERSON, PLACE

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Tokenizer

NETWORK: Final = "encoder.onnx"
TOKENIZER: Final = "tokenizer.json"
SETTINGS: Final = "encoder.json"

WORDS: Final = {PERSON: "某某", PLACE: "某", CONTACT: "电话号码", IDENTIFIER: "证件号", NUMBER: "几"}
"""What the encoder reads for each placeholder: words that people write when they leave a name or figure out."""


@dataclass(frozen=True)
class Reading:
    """How texts become ids.

    Attributes:
        prefix: what goes before each text.
        tokens: the longest input, in tokens with the two that begin and end it.
        tail: how many of them are the end of a longer message; the rest is its beginning.
    """

    prefix: str
    tokens: int
    tail: int


@dataclass(frozen=True)
class Encoder:
    """A network with its tokenizer, as the content of their files."""

    network: bytes
    tokenizer: bytes
    reading: Reading

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Encoder:
        """Build the encoder from the files that `to_files` returned.

        Raises:
            BundleRefused: a file is missing or cannot be read.
        """
        try:
            return cls(files[NETWORK], files[TOKENIZER], Reading(**json.loads(files[SETTINGS])))
        except KeyError as error:
            raise BundleRefused(f"encoder: {error.args[0]} is missing; train again") from error
        except (ValueError, TypeError) as error:
            raise BundleRefused(f"encoder: {SETTINGS} cannot be read ({error}); train again") from error

    def to_files(self) -> dict[str, bytes]:
        """Return the files by name."""
        settings = json.dumps(asdict(self.reading), ensure_ascii=False, indent=1).encode() + b"\n"
        return {NETWORK: self.network, TOKENIZER: self.tokenizer, SETTINGS: settings}

    def outputs(self, masked: Sequence[str]) -> list[NDArray[Any]]:
        """Return the network's output for each masked message, in their order; equal messages are read once.

        Raises:
            BundleRefused: the network cannot be read.
        """
        ids = [tuple(self.ids(text)) for text in masked]
        session = self._session
        distinct = list(dict.fromkeys(ids))

        def run(one: Sequence[int]) -> NDArray[Any]:
            return np.asarray(session.run(None, {"ids": np.array([one], dtype=np.int64)})[0][0])

        with ThreadPoolExecutor(_workers()) as pool:
            found = dict(zip(distinct, pool.map(run, distinct), strict=True))
        return [found[one] for one in ids]

    def ids(self, masked: str) -> list[int]:
        """Return the token ids of a masked message: its beginning, and of a long one also its end."""
        ids = self._tokens.encode(self.reading.prefix + words_of(masked)).ids
        if len(ids) <= self.reading.tokens:
            return list(ids)
        return [*ids[: self.reading.tokens - self.reading.tail], *ids[len(ids) - self.reading.tail :]]

    @cached_property
    def _tokens(self) -> Tokenizer:
        from tokenizers import Tokenizer  # noqa: PLC0415  # only where an encoder serves

        try:
            return Tokenizer.from_buffer(self.tokenizer)
        except Exception as error:  # the library raises plain Exception
            raise BundleRefused(f"encoder: {TOKENIZER} cannot be read; train again") from error

    @cached_property
    def _session(self) -> InferenceSession:
        from onnxruntime import InferenceSession, SessionOptions  # noqa: PLC0415  # only where an encoder serves

        options = SessionOptions()
        options.intra_op_num_threads = 1  # messages are spread over the cores, not the parts of one message
        options.log_severity_level = 3
        try:
            return InferenceSession(self.network, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's errors have no common public base
            raise BundleRefused(f"encoder: {NETWORK} cannot be read; train again") from error


def words_of(masked: str) -> str:
    """Return ``masked`` as the encoder reads it: every placeholder as a word."""
    for sign, word in WORDS.items():
        masked = masked.replace(sign, word)
    return masked


def _workers() -> int:
    asked = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]
    return int(asked) if asked.isdigit() and int(asked) else len(os.sched_getaffinity(0))
