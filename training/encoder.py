"""Training the second stage of triage: what the encoder learns of the labels, and the cascade of both stages.

Everything is decided on scores of messages held out of training, in the folds of the fast path (`training.triage`):
how both stages are weighed, when the encoder is asked, threshold and abstention. Each fold is measured with what the
other folds decided. The test set of the board is not read here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold

from ml.triage.cascade import QUESTIONS, Gate, Mix, SecondStage
from ml.triage.encoder import words_of
from ml.triage.heads import Decision, Head
from ml.triage.model import TriageModel
from training.board import read_board
from training.encoder_export import activations_of, frozen_encoder, whole_encoder
from training.encoder_lesson import LABELS, Material, read_material
from training.encoder_net import KEY, Activations, Design, Epoch, Lesson, Net, Rows, scores_of, train_net
from training.encoder_source import prepare_encoder, shape_of, unknown_share
from training.triage import Split, decide, fit_head, splits_of, with_written
from training.triage_corpus import Corpus, read_corpus
from training.triage_evaluation import Bools, Floats
from training.triage_labels import FOLDER

WATCHED: Final = 10
"""One in so many messages watches when to stop."""
SURE_BELOW: Final = 0.03
SURE_ABOVE: Final = 0.95
"""The fast path answers alone where at most, or at least, this share of held-out messages were key matters."""

CHECKED: Final = 200
UNKNOWN_AT_MOST: Final = 0.02
"""A tokenizer that knows less of so many messages is broken, or not of Chinese."""
UNSEEN: Final = -2.0
"""Score of an answer that no message of the training folds had."""

Said = Callable[[str], None]


@dataclass(frozen=True)
class HeldOut:
    """Scores of the labelled board messages by models that never saw them.

    Attributes:
        keys: which messages are key matters.
        decisive: on which of them everything is decided.
        splits: the folds.
        fast: by question, messages x labels.
        encoder: the same, by the encoder alone.
    """

    keys: Bools
    decisive: Bools
    splits: list[Split]
    fast: dict[str, Floats]
    encoder: dict[str, Floats]


@dataclass(frozen=True)
class Study:
    """Everything that training and benchmark of the second stage share.

    Attributes:
        corpus: of the fast path.
        material: labelled messages, written ones and those of a site.
        activations: of the material, by the frozen layers.
        source: the pre-trained encoder.
        design: what is trained.
    """

    corpus: Corpus
    material: Material
    activations: list[Activations]
    source: Path
    design: Design

    @property
    def keys(self) -> Bools:
        """Return which labelled board messages are key matters."""
        return self.corpus.keys


def design_for(source: Path) -> Design:
    """Return the usual design for the encoder in ``source``, with five sixths of its layers.

    Raises:
        NoEncoderSource: the folder is no transformers folder.
    """
    usual = Design()
    layers, tokens = shape_of(source)
    read = min(usual.tokens, tokens)
    return replace(usual, layers=max(1, layers * 5 // 6), tokens=read, tail=min(usual.tail, read // 4))


def read_study(
    data: Path,
    *,
    source: Path,
    kept: Path,
    labels: Path = FOLDER,
    site: Path | None = None,
    design: Design | None = None,
    seed: int = 0,
) -> Study:
    """Read messages and labels and run the frozen layers over them; ``kept`` holds the activations for next time.

    Those of messages of a ``site`` (see `train_triage`) are not kept.

    Raises:
        FileNotFoundError: a board file is missing.
        LabelError: a label is unknown, unsettled, or names a message that is not in the data.
        ValueError: the encoder's tokenizer does not know the messages.
    """
    design = design or design_for(source)
    corpus = read_corpus(data, labels=labels, site=site, seed=seed, step=lambda: None)
    rows, board = corpus.questions[KEY].of_the_board, read_board(data)
    material = read_material(board, rows, groups=corpus.groups, labels=labels, site=site)
    frozen = frozen_encoder(source, design)
    share = unknown_share(frozen.tokenizer, map(words_of, material.masked[:CHECKED]))
    if share > UNKNOWN_AT_MOST:
        raise ValueError(
            f"the tokenizer in {source.name} knows not {share:.0%} of the tokens; is its vocabulary whole?"
        )
    public = len(material.masked) - material.site
    activations = activations_of(frozen, material.masked[:public], kept=kept)
    activations += [one.astype(np.float16) for one in frozen.outputs(material.masked[public:])]
    return Study(corpus, material, activations, source, design)


def hold_out(study: Study, *, seed: int, say: Said | None = None) -> HeldOut:
    """Train both stages on all folds but one, for each of them, and score it."""
    splits = splits_of(study.corpus, KEY, seed=seed)
    labelled = study.corpus.questions[KEY].of_the_board
    size = len(labelled)
    fast = {name: np.full((size, len(LABELS[name])), UNSEEN) for name in QUESTIONS}
    encoder = {name: np.zeros((size, len(LABELS[name]))) for name in QUESTIONS}
    for number, (train, test) in enumerate(splits):
        for name in QUESTIONS:
            head = fit_head(study.corpus, name, with_written(study.corpus, name, train), seed=seed)
            columns = np.array([LABELS[name].index(label) for label in head.labels])
            fast[name][np.ix_(test, columns)] = head.scores(study.corpus.features_of(labelled[test]))
        net = fit_net(study, train, seed=seed)
        found = scores_of(net, [study.activations[row] for row in test])
        for name in QUESTIONS:
            encoder[name][test] = found[name]
        if say is not None:
            say(f"fold {number + 1} of {len(splits)}")
    return HeldOut(study.keys, study.corpus.decisive, splits, fast, encoder)


def stopped_early(study: Study, *, seed: int, say: Said | None = None) -> Study:
    """Return the study with the number of epochs after which messages that were not learnt from were ranked best.

    One training says so, on all messages but one in `WATCHED`; those that follow learn from all that they are given.
    """
    keys, board = study.material.answers[KEY], np.arange(study.material.board)
    splitter = StratifiedGroupKFold(WATCHED, shuffle=True, random_state=seed)
    _, watched = next(splitter.split(board, keys[board], study.material.groups[board]))
    reached: list[float] = []

    def note(number: int, precision: float) -> None:
        reached.append(precision)
        if say is not None:
            say(f"  epoch {number + 1}: {precision:.3f}")

    fit_net(study, board, seed=seed, watched=watched, epoch=note)
    return replace(study, design=replace(study.design, epochs=1 + int(np.argmax(reached))))


def fit_net(
    study: Study, chosen: Rows, *, seed: int, watched: Rows | None = None, epoch: Epoch | None = None
) -> Net:
    """Train the net on some of the labelled board messages and all others; ``watched``: rows of the chosen.

    Left out are copies of the board's messages from which it does not learn.
    """
    material = study.material
    learnt = chosen if watched is None else np.delete(chosen, watched)
    held_out = np.setdiff1d(np.arange(material.board), learnt)
    others = np.arange(material.board, len(material.masked))
    copies = np.isin(material.groups[others], material.groups[held_out])
    rows = np.concatenate([chosen, others[~copies]])
    lesson = Lesson(
        [study.activations[row] for row in rows],
        {name: numbers[rows] for name, numbers in material.answers.items()},
        material.weights[rows],
    )
    return train_net(
        lesson,
        sizes={name: len(labels) for name, labels in LABELS.items()},
        watched=np.array([], dtype=np.int64) if watched is None else watched,
        design=study.design,
        seed=seed,
        epoch=epoch,
    )


def key_mix(keys: Bools, fast: Floats, encoder: Floats) -> Mix:
    """Return how to weigh both key scores: a logistic regression on held-out scores."""
    model = LogisticRegression(C=1e3).fit(np.column_stack([fast, encoder]), keys)
    return Mix(float(model.coef_[0, 0]), float(model.coef_[0, 1]), float(model.intercept_[0]))


def choice_mix(fast: Floats, encoder: Floats) -> Mix:
    """Return a mix in which the scores of both stages have the same spread."""
    return Mix(float(1 / fast.std()), float(1 / encoder.std()))


def choose_gate(keys: Bools, probability: Floats) -> Gate:
    """Return the gate outside of which the fast path is sure, by its held-out probabilities."""
    order = np.argsort(probability)
    ranked, found = probability[order], keys[order]
    counts = np.arange(1, len(found) + 1)
    below = ranked[np.cumsum(found) / counts <= SURE_BELOW]
    above = ranked[np.cumsum(found[::-1])[::-1] / counts[::-1] >= SURE_ABOVE]
    return Gate(float(below.max(initial=0.0)), float(above.min(initial=1.0)))


@dataclass(frozen=True)
class Cascade:
    """What is decided on held-out scores: see `SecondStage`; `fast` is the fast path's calibration."""

    fast: Decision
    mix: Mix
    gate: Gate
    decision: Decision

    def odds(self, fast: Floats, encoder: Floats) -> Floats:
        """Return the log-odds of the cascade: of the fast path where it is sure, else of both."""
        alone = self.fast.slope * fast + self.fast.offset
        return np.where(self.asks(fast), self.mix.of(fast, encoder), alone)

    def asks(self, fast: Floats) -> Bools:
        """Return for which messages the encoder is asked."""
        return self.gate.asks(self.fast.probability(fast))


def decide_cascade(
    keys: Bools, fast: Floats, encoder: Floats, *, calibrated: Decision | None = None, ask_all: bool = False
) -> Cascade:
    """Return gate, mix and decision from held-out key scores.

    Args:
        keys: which messages are key matters.
        fast: scores of the fast path.
        encoder: scores of the encoder.
        calibrated: calibration of the fast path, if it has one of its own.
        ask_all: the encoder reads every message.
    """
    calibrated = calibrated or decide(keys, fast)
    gate = Gate(0.0, 2.0) if ask_all else choose_gate(keys, calibrated.probability(fast))
    mix = key_mix(keys, fast, encoder)
    undecided = Cascade(calibrated, mix, gate, calibrated)
    return Cascade(calibrated, mix, gate, decide(keys, undecided.odds(fast, encoder)))


def train_second_stage(study: Study, fast: TriageModel, held_out: HeldOut, *, seed: int) -> TriageModel:
    """Train on all labels and return ``fast`` with its second stage, decided by ``held_out``."""
    net = fit_net(study, np.arange(study.material.board), seed=seed)
    rows = held_out.decisive
    cascade = decide_cascade(
        study.keys[rows],
        held_out.fast[KEY][rows, 0],
        held_out.encoder[KEY][rows, 0],
        calibrated=fast.decision,
    )
    heads = {}
    for name in QUESTIONS:
        order = [LABELS[name].index(label) for label in fast.heads[name].labels]
        weights, intercepts = net.head(name)
        heads[name] = Head(
            fast.heads[name].labels, np.ascontiguousarray(weights[:, order]), intercepts[order]
        )
    mixes = {
        name: choice_mix(held_out.fast[name], held_out.encoder[name]) for name in QUESTIONS if name != KEY
    }
    second = SecondStage(
        whole_encoder(study.source, net, study.design),
        heads,
        {**mixes, KEY: cascade.mix},
        cascade.gate,
        cascade.decision,
    )
    return TriageModel(fast.vocabulary, fast.heads, fast.decision, second)


def train_cascade(
    data: Path,
    *,
    fast: TriageModel,
    home: Path,
    source: Path | None = None,
    labels: Path = FOLDER,
    site: Path | None = None,
    seed: int = 0,
    say: Said | None = None,
) -> tuple[TriageModel, HeldOut]:
    """Train the second stage to ``fast`` on the board messages in ``data``; return both stages as one model.

    Args:
        home: its folder ``encoder`` keeps the converted weights and the activations.
        source: a transformers folder instead of the packaged weights.
        site: what people of an office decided about their own messages, as for `train_triage`.

    Raises:
        NoEncoderSource: there are no pre-trained weights on this machine.
    """
    kept = home / "encoder"
    source = source or prepare_encoder(kept / "source")
    study = read_study(data, source=source, kept=kept, labels=labels, site=site, seed=seed)
    study = stopped_early(study, seed=seed, say=say)
    held_out = hold_out(study, seed=seed, say=say)
    return train_second_stage(study, fast, held_out, seed=seed), held_out
