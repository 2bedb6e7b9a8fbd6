"""Spam: advertisements and fraud among the SMS, set aside and not deleted; whatever may be a key matter or presses passes.

The filter is a model of its own, with its own small vocabulary, learned from SMS that are public for this purpose:

    spam.json         intercept and threshold
    spam.npy          weights as 16-bit floats, one per feature
    vocabulary.json   n-grams and words, each with its count of messages (`ml.triage.vocabulary`)
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ml.errors import BundleRefused
from ml.triage.features import Features
from ml.triage.files import read_folder, weights_from_bytes, weights_to_bytes
from ml.triage.vocabulary import Vocabulary

FOLDER: Final = Path(__file__).parent / "spam_filter"
"""The shipped filter."""


@dataclass(frozen=True)
class SpamFilter:
    """A linear filter over masked text; a message is spam from `threshold` on.

    `threshold` was set so that 95 % of the spam held out of training reach it (`training.triage_spam.RECALL`).
    """

    vocabulary: Vocabulary
    weights: NDArray[np.float32]
    intercept: float
    threshold: float

    @classmethod
    def load(cls, folder: Path = FOLDER) -> SpamFilter:
        """Read the filter in ``folder``.

        Raises:
            BundleRefused: a file is missing, changed, or not what it should be.
        """
        return cls.from_files(read_folder(folder))

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> SpamFilter:
        """Read what `to_files` wrote. Raises `BundleRefused` when it does not fit together."""
        try:
            described = json.loads(files["spam.json"])
            vocabulary = Vocabulary.from_json(files["vocabulary.json"])
            weights = weights_from_bytes(files["spam.npy"])
            found = cls(vocabulary, weights, float(described["intercept"]), float(described["threshold"]))
        except (KeyError, ValueError, TypeError, EOFError) as error:
            raise BundleRefused(f"spam filter cannot be read ({error}); restore it or train again") from error
        if weights.shape != (len(found.features.names),):
            raise BundleRefused(
                f"spam filter: {weights.shape} weights for {len(found.features.names)} features"
            )
        return found

    def to_files(self) -> dict[str, bytes]:
        """Return the files of the filter by name; the same filter always gives the same bytes."""
        described = {"intercept": self.intercept, "threshold": self.threshold}
        return {
            "spam.json": json.dumps(described, indent=1).encode() + b"\n",
            "spam.npy": weights_to_bytes(self.weights),
            "vocabulary.json": self.vocabulary.to_json(),
        }

    @cached_property
    def features(self) -> Features:
        """The features that the weights belong to."""
        return Features(self.vocabulary)

    def scores(self, masked: Sequence[str]) -> NDArray[np.float64]:
        """Return a score per masked message; higher is more like spam."""
        product = self.features.matrix(masked) @ self.weights
        return np.asarray(product, dtype=np.float64) + self.intercept

    def flags(self, masked: Sequence[str], *, never: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which messages are spam; one of ``never`` is none."""
        return np.asarray((self.scores(masked) >= self.threshold) & ~never, dtype=np.bool_)
