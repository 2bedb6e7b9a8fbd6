"""The triage model: linear heads over masked text, a calibrated key-matter probability, and abstention."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np

from ml.bundle import champion_version, read_champion
from ml.triage.features import Features
from ml.triage.files import from_files, read_folder, to_files
from ml.triage.heads import Decision, Head
from ml.triage.masking import mask
from ml.triage.reasons import Reasons
from ml.triage.text import normalise
from ml.triage.vocabulary import Vocabulary
from registers.pseudonyms import load_key

BASE: Final = Path(__file__).parent / "base"
"""The shipped model; see MODEL_CARD.md there."""

BATCH: Final = 1_000
FEWEST_FEATURES: Final = 8
"""With fewer known n-grams and words than this a message says too little: a person reads it."""

Progress = Callable[[int, int], None]
"""Called with the number of messages done and their total."""


@dataclass(frozen=True)
class TriageResult:
    """What triage says of one message. It sorts messages for people; it confirms nothing.

    Attributes:
        key_probability: calibrated probability that discipline inspection should read it as a 关键事项.
        key: whether that probability reaches the model's threshold.
        abstain: the model is not sure enough either way, or the text says too little: a person decides.
        nature: one of `ml.triage.labels.NATURES`.
        field: one of `ml.triage.labels.FIELDS`.
        topic: one of `ml.triage.labels.TOPICS`.
        reasons: the words that decided, as Chinese sentences, the weightiest first.
    """

    key_probability: float
    key: bool
    abstain: bool
    nature: str
    field: str
    topic: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class TriageModel:
    """A trained model; `load` gives the shipped one, `from_files` one out of a verified bundle."""

    vocabulary: Vocabulary
    heads: Mapping[str, Head]
    decision: Decision

    @classmethod
    def load(cls, path: Path | None = None) -> TriageModel:
        """Read the model in the folder ``path``; without it, the champion of the home, else the shipped base model.

        The home is CUNJIAN_HOME, by default ``var``, as everywhere in the product.

        Raises:
            ml.errors.BundleRefused: a file is missing, changed, or not what it should be.
        """
        if path is not None:
            return cls.from_files(read_folder(path))
        home = Path(os.environ.get("CUNJIAN_HOME", "var"))
        champion = (
            read_champion(home, "triage", key=load_key(home, "signing"))
            if champion_version(home, "triage")
            else None
        )
        return cls.from_files(champion.files if champion else read_folder(BASE))

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> TriageModel:
        """Build the model from the content of its files, such as ``ml.bundle.read_champion(...).files``.

        Raises:
            ml.errors.BundleRefused: a file is missing or not what it should be.
        """
        return cls(*from_files(files))

    def to_files(self) -> dict[str, bytes]:
        """Return the model as plain files by name (see `ml.triage.files`)."""
        return to_files(self.vocabulary, self.heads, self.decision)

    @cached_property
    def features(self) -> Features:
        """The feature matrix that the weights belong to."""
        return Features(self.vocabulary)

    @cached_property
    def _reasons(self) -> Reasons:
        return Reasons(self.features, key_weights=self.heads["key"].weights[:, 0])

    def predict(self, texts: Sequence[str], *, progress: Progress | None = None) -> list[TriageResult]:
        """Triage messages in their order.

        Each is normalised and masked first; only `ml.triage.text.MAX_CHARACTERS` characters are read. The
        result for a message does not depend on the others.
        """
        results: list[TriageResult] = []
        for start in range(0, len(texts), BATCH):
            results.extend(
                self._predict_batch([mask(normalise(text)) for text in texts[start : start + BATCH]])
            )
            if progress is not None:
                progress(len(results), len(texts))
        return results

    def _predict_batch(self, masked: list[str]) -> Iterator[TriageResult]:
        matrix = self.features.matrix(masked)
        probability = self.decision.probability(self.heads["key"].scores(matrix)[:, 0])
        keys = probability >= self.decision.threshold
        too_short = np.diff(matrix.indptr) < FEWEST_FEATURES
        abstains = self.decision.unsure(probability) | too_short
        natures, fields, topics = (self.heads[name].answers(matrix) for name in ("nature", "field", "topic"))
        reasons = self._reasons.of(matrix, keys=keys, abstains=abstains, too_short=too_short)
        for row, why in enumerate(reasons):
            yield TriageResult(
                key_probability=float(probability[row]),
                key=bool(keys[row]),
                abstain=bool(abstains[row]),
                nature=natures[row],
                field=fields[row],
                topic=topics[row],
                reasons=why,
            )
