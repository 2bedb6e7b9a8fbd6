"""The triage model: linear heads over masked text, a calibrated key-matter probability, and abstention.

With a second stage (`ml.triage.cascade`) an encoder reads, too, what the linear heads are not sure of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ml.errors import BundleRefused
from ml.triage.cascade import DESCRIPTION, QUESTIONS, SecondStage
from ml.triage.features import Features
from ml.triage.files import from_files, read_folder, to_files
from ml.triage.heads import Decision, Head
from ml.triage.labels import CLASSES
from ml.triage.masking import mask
from ml.triage.reasons import Reasons
from ml.triage.spam import SpamFilter
from ml.triage.text import normalise
from ml.triage.vocabulary import Vocabulary

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
        official_class: one of `ml.triage.labels.CLASSES`; a key matter is 检举控告.
        urgency: some of `ml.triage.labels.URGENCIES`: to be read first; about one in four holds (MODEL_CARD.md).
        no_substance: too little text to be checked or read by the model.
        reasons: the words that decided, as Chinese sentences, the weightiest first.
        spam: advertisement or fraud, to be set aside; never true of what may be a key matter or presses.
    """

    key_probability: float
    key: bool
    abstain: bool
    nature: str
    field: str
    topic: str
    official_class: str
    urgency: tuple[str, ...]
    no_substance: bool
    reasons: tuple[str, ...]
    spam: bool = False


@dataclass(frozen=True)
class TriageModel:
    """A trained model; `load` gives the shipped one, `from_files` one out of a verified bundle.

    `second` is the stage with the encoder; without one the linear heads answer alone.
    """

    vocabulary: Vocabulary
    heads: Mapping[str, Head]
    decision: Decision
    second: SecondStage | None = None

    @classmethod
    def load(cls, folder: Path = BASE) -> TriageModel:
        """Read the model in ``folder``, by default the shipped one; never a champion (`ml.bundle.read_champion`).

        Raises:
            ml.errors.BundleRefused: a file is missing, changed, or not what it should be.
        """
        return cls.from_files(read_folder(folder))

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> TriageModel:
        """Build the model from the content of its files, such as ``ml.bundle.read_champion(...).files``.

        Raises:
            ml.errors.BundleRefused: a file is missing or not what it should be.
        """
        second = SecondStage.from_files(files) if DESCRIPTION in files else None
        model = cls(*from_files(files), second)
        if second is not None:
            for name in QUESTIONS:
                if second.heads[name].labels != model.heads[name].labels:
                    raise BundleRefused(f"triage model: two sets of labels for {name}; train again")
        return model

    def to_files(self) -> dict[str, bytes]:
        """Return the model as plain files by name (see `ml.triage.files` and `ml.triage.cascade`)."""
        second = self.second.to_files() if self.second else {}
        return {**to_files(self.vocabulary, self.heads, self.decision), **second}

    @cached_property
    def features(self) -> Features:
        """The feature matrix that the weights belong to."""
        return Features(self.vocabulary)

    @cached_property
    def _spam(self) -> SpamFilter:
        return SpamFilter.load()

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
        matrix = self.features.with_opening(masked)
        scores = {name: head.scores(matrix) for name, head in self.heads.items() if name != "urgency"}
        too_short = self.features.known(matrix) < FEWEST_FEATURES
        probability, decision = self._decided(masked, scores, too_short=too_short)
        keys = probability >= decision.threshold
        abstains = decision.unsure(probability) | too_short
        natures, fields, topics, classes = (
            [self.heads[name].labels[best] for best in scores[name].argmax(axis=1)]
            for name in ("nature", "field", "topic", "class")
        )
        urgencies = self.heads["urgency"].flagged(matrix)
        presses = np.array([bool(found) for found in urgencies], dtype=np.bool_)
        spam = self._spam.flags(masked, never=keys | abstains | presses)
        reasons = self._reasons.of(matrix, keys=keys, abstains=abstains, too_short=too_short)
        for row, why in enumerate(reasons):
            yield TriageResult(
                key_probability=float(probability[row]),
                key=bool(keys[row]),
                abstain=bool(abstains[row]),
                nature=natures[row],
                field=fields[row],
                topic=topics[row],
                official_class=CLASSES[0] if keys[row] else classes[row],
                urgency=urgencies[row],
                no_substance=bool(too_short[row]),
                reasons=why,
                spam=bool(spam[row]),
            )

    def _decided(
        self, masked: list[str], scores: dict[str, NDArray[np.float64]], *, too_short: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float64], Decision]:
        """Return the probability of each message and the decision on it.

        Where the second stage is asked, its mixed scores replace those in ``scores``.
        """
        fast = scores["key"][:, 0]
        probability = self.decision.probability(fast)
        if self.second is None:
            return probability, self.decision
        odds = self.decision.slope * fast + self.decision.offset
        asked = np.flatnonzero(self.second.gate.asks(probability) & ~too_short)
        if len(asked):
            mixed = self.second.scores(
                [masked[row] for row in asked], {name: scores[name][asked] for name in QUESTIONS}
            )
            odds[asked] = mixed["key"][:, 0]
            for name in ("nature", "field"):
                scores[name][asked] = mixed[name]
        return self.second.decision.probability(odds), self.second.decision
