"""The second stage of triage: where the fast path is not sure, the encoder reads too, and both are weighed together.

cascade.json             when to ask, how to weigh, decision, labels and intercepts of the encoder's heads
encoder_<question>.npy   weights of a head as 16-bit floats: vector x labels
encoder.onnx …           the encoder (`ml.triage.encoder`)
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ml.errors import BundleRefused
from ml.triage.encoder import Encoder
from ml.triage.files import describe_heads, read_head, weights_to_bytes
from ml.triage.heads import Decision, Head

DESCRIPTION: Final = "cascade.json"
FORMAT: Final = 1
QUESTIONS: Final = ("key", "nature", "field")
"""What the encoder answers beside the fast path. The topic is left to the fast path."""

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Gate:
    """Which messages the encoder reads: those whose fast probability is from `low` up to but below `high`."""

    low: float
    high: float

    def asks(self, probability: Floats) -> Bools:
        """Return for which of the fast probabilities the encoder is asked."""
        return np.asarray((probability >= self.low) & (probability < self.high), dtype=np.bool_)


@dataclass(frozen=True)
class Mix:
    """How the scores of both stages become one: ``fast * score + encoder * score + offset``."""

    fast: float
    encoder: float
    offset: float = 0.0

    def of(self, fast: Floats, encoder: Floats) -> Floats:
        """Return the mixed scores; of a key question they are log-odds."""
        return np.asarray(self.fast * fast + self.encoder * encoder + self.offset, dtype=np.float64)


@dataclass(frozen=True)
class SecondStage:
    """The encoder with its heads, when it is asked, and how its word is weighed.

    Attributes:
        encoder: gives the vectors.
        heads: of `QUESTIONS`, over the vectors; labels in the order of the fast path's heads.
        mixes: of `QUESTIONS`.
        gate: on the fast path's probability.
        decision: on the log-odds of the whole cascade: the fast path's own, or the mixed ones.
    """

    encoder: Encoder
    heads: Mapping[str, Head]
    mixes: Mapping[str, Mix]
    gate: Gate
    decision: Decision

    def scores(self, masked: Sequence[str], fast: Mapping[str, Floats]) -> dict[str, Floats]:
        """Return the mixed scores of some messages, given the fast path's scores (messages x labels)."""
        vectors = [vector.astype(np.float64) for vector in self.encoder.outputs(masked)]
        return {
            # Row by row: a product of matrices rounds a row differently in another company.
            name: self.mixes[name].of(
                fast[name], np.stack([vector @ head.weights + head.intercepts for vector in vectors])
            )
            for name, head in self.heads.items()
        }

    def to_files(self) -> dict[str, bytes]:
        """Return the second stage as files by name; the same stage always gives the same bytes."""
        described = {
            "format": FORMAT,
            "gate": asdict(self.gate),
            "decision": asdict(self.decision),
            "mixes": {name: asdict(self.mixes[name]) for name in QUESTIONS},
            "heads": describe_heads(self.heads),
        }
        text = json.dumps(described, ensure_ascii=False, indent=1, allow_nan=False)
        weights = {f"encoder_{name}.npy": weights_to_bytes(head.weights) for name, head in self.heads.items()}
        return {**self.encoder.to_files(), DESCRIPTION: text.encode() + b"\n", **weights}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> SecondStage:
        """Read what `to_files` wrote.

        Raises:
            BundleRefused: a file is missing, cannot be read, or does not fit the others.
        """
        encoder = Encoder.from_files(files)
        try:
            described = json.loads(files[DESCRIPTION])
            if described["format"] != FORMAT:
                raise BundleRefused(
                    f"cascade: format {described['format']}, this version reads {FORMAT}; train again"
                )
            heads = {name: _head(name, described["heads"][name], files) for name in QUESTIONS}
            mixes = {name: Mix(**described["mixes"][name]) for name in QUESTIONS}
            return cls(encoder, heads, mixes, Gate(**described["gate"]), Decision(**described["decision"]))
        except KeyError as error:
            raise BundleRefused(f"cascade: {error.args[0]} is missing; train again") from error
        except (ValueError, TypeError, EOFError) as error:
            raise BundleRefused(f"cascade: a file cannot be read ({error}); train again") from error


def _head(name: str, described: Mapping[str, Any], files: Mapping[str, bytes]) -> Head:
    head = read_head(described, files[f"encoder_{name}.npy"])
    shape, labels = head.weights.shape, len(head.labels)
    if len(shape) != 2 or shape[1] != labels or len(head.intercepts) != labels:
        raise BundleRefused(f"cascade: encoder_{name}.npy has shape {shape} for {labels} labels")
    return head
