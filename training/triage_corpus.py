"""What triage training reads, as arrays in one order: features of all messages, labels of some."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ml.triage.features import Features
from ml.triage.labels import URGENCIES
from ml.triage.masking import mask
from ml.triage.near_duplicates import group_beside
from ml.triage.text import normalise
from ml.triage.vocabulary import Vocabulary
from training.board import read_board
from training.label_files import (
    ClassReading,
    SiteMessage,
    WrittenMessage,
    load_classes,
    load_site,
    load_written,
    settled_classes,
)
from training.triage_heads import LatentSpace
from training.triage_labels import FIRST, LAST, Answer, LabelError, load_readings, round_of, settled_labels
from training.triage_vocabulary import choose_vocabulary

Rows = NDArray[np.int64]

WRITTEN_WEIGHT: Final = 0.3
"""Weight of a written message beside a real one; the key head does without them."""


@dataclass(frozen=True)
class Question:
    """Known answers to one question.

    Attributes:
        rows: the messages that have an answer.
        answers: one per row.
        sure: whether the readers were.
        written: which are not of the board, but made up or of a site: models learn from them and are never measured on
            them. They stand behind those of the board.
        weights: how much each counts for every answer but that to key.
    """

    rows: Rows
    answers: NDArray[np.str_]
    sure: NDArray[np.bool_]
    written: NDArray[np.bool_]
    weights: NDArray[np.float64]

    @classmethod
    def of_board(cls, rows: Rows, answers: NDArray[np.str_], sure: NDArray[np.bool_]) -> Question:
        """A question that only messages of the board answer."""
        return cls(rows, answers, sure, np.zeros(len(rows), dtype=np.bool_), np.ones(len(rows)))

    def and_written(self, rows: Rows, answers: Sequence[str], *, weight: float) -> Question:
        """The same question with messages that are only learnt from behind those that there are."""
        return Question(
            np.concatenate([self.rows, rows]),
            np.array([*self.answers, *answers]),
            np.concatenate([self.sure, np.ones(len(rows), dtype=np.bool_)]),
            np.concatenate([self.written, np.ones(len(rows), dtype=np.bool_)]),
            np.concatenate([self.weights, np.full(len(rows), weight)]),
        )

    @property
    def of_the_board(self) -> Rows:
        """Return the messages of the board that have an answer."""
        return np.asarray(self.rows[~self.written])


@dataclass(frozen=True)
class Corpus:
    """Everything that training reads.

    Attributes:
        vocabulary: chosen from the distinct messages.
        distinct: how many those are.
        matrix: features of all messages of the board, then of the written ones, then of the site's.
        space: latent space of the distinct ones.
        groups: near-copy group of each message, in which a written one or one of a site stands with what it copies.
        questions: known answers: key ("1" or "0"), nature, field, topic, class, and each of `URGENCIES` ("1" or "0").
        rounds: the round of each labelled message of the board (row of the key question), "" for none of `ROUNDS`.
        site: how many messages are of a site.
    """

    vocabulary: Vocabulary
    distinct: int
    matrix: csr_array
    space: LatentSpace
    groups: Rows
    questions: dict[str, Question]
    rounds: NDArray[np.str_]
    site: int = 0

    @property
    def keys(self) -> NDArray[np.bool_]:
        """Return which labelled messages of the board are key matters."""
        question = self.questions["key"]
        return np.asarray(question.answers[~question.written] == "1", dtype=np.bool_)

    @property
    def first_round(self) -> NDArray[np.bool_]:
        """Return which labelled messages were drawn before any model."""
        return np.asarray(self.rounds == FIRST, dtype=np.bool_)

    @property
    def decisive(self) -> NDArray[np.bool_]:
        """Return on which labelled messages threshold and calibration are decided: all but the last round.

        About three in ten of them are key matters, of the whole board one in eight; in an office's inbox it is more.
        """
        return np.asarray(self.rounds != LAST, dtype=np.bool_)

    def features_of(self, rows: Rows) -> csr_array:
        """Return the features of some messages."""
        return csr_array(self.matrix[rows])

    def extended(self, rows: Rows) -> csr_array:
        """Return the features of some messages with their latent places beside them."""
        return self.space.extend(self.features_of(rows))


def read_corpus(
    data_folder: Path, *, labels: Path, site: Path | None = None, seed: int, step: Callable[[], None]
) -> Corpus:
    """Read messages and labels and compute their features; ``step`` is called three times on the way.

    ``site``: the file of `load_site`. Its messages answer all questions but topic, as far as people decided; vocabulary
    and latent space do not hear of them.

    Raises:
        FileNotFoundError: a board file is missing.
        LabelError: a label is unknown, unsettled, or names a message that is not in the data.
    """
    messages = read_board(data_folder)
    step()
    written, own = load_written(labels), load_site(site)
    masked = [message.masked for message in messages]
    others = [mask(normalise(one.text)) for one in written] + [one.masked for one in own]
    of_board, groups = group_beside(masked, others)
    distinct = np.unique(of_board)
    vocabulary = choose_vocabulary([messages[row] for row in distinct])
    step()
    features = Features(vocabulary)
    masked += others
    matrix = features.with_opening(masked)
    space = LatentSpace.of(csr_array(matrix[distinct]), features=features, seed=seed)
    topical = np.array([row for row in distinct if messages[row].topic is not None])
    topics = np.array([str(messages[row].topic) for row in topical])
    row_of = {message.message_id: row for row, message in enumerate(messages)}
    settled = settled_labels(load_readings(labels), labels)
    written_rows = np.arange(len(messages), len(messages) + len(written))
    own_rows = np.arange(len(messages) + len(written), len(masked))
    labelled, rounds = _labelled_questions(row_of, settled, labels)
    for name in ("nature", "field"):
        made_up = [getattr(one, name) for one in written]
        labelled[name] = labelled[name].and_written(written_rows, made_up, weight=WRITTEN_WEIGHT)
    questions = {
        **labelled,
        **_class_questions(row_of, settled_classes(load_classes(labels), settled), written, written_rows),
        "topic": Question.of_board(topical, topics, np.ones(len(topics), dtype=bool)),
    }
    for name, answers in _site_answers(own).items():
        known = [(row, answer) for row, answer in zip(own_rows, answers, strict=True) if answer is not None]
        questions[name] = questions[name].and_written(
            np.array([row for row, _ in known], dtype=np.int64), [answer for _, answer in known], weight=1.0
        )
    step()
    return Corpus(
        vocabulary,
        len(distinct),
        matrix,
        space,
        groups,
        questions,
        rounds,
        len(own),
    )


def _labelled_questions(
    row_of: dict[str, int], answers: dict[str, Answer], folder: Path
) -> tuple[dict[str, Question], NDArray[np.str_]]:
    """Return the questions of ``key_matters.csv``, and the round of each of their messages."""
    if unknown := sorted(answers.keys() - row_of.keys()):
        raise LabelError(
            f"{unknown[0]} is labelled but not in the data; use the board files that the labels name"
        )
    rows = np.array([row_of[message_id] for message_id in answers])
    sure = np.array([answer.sure for answer in answers.values()])
    columns = {
        "key": [str(int(answer.key)) for answer in answers.values()],
        "nature": [answer.nature for answer in answers.values()],
        "field": [answer.field for answer in answers.values()],
    }
    round_by_message = {one.message_id: round_of(one.reader) for one in load_readings(folder)}
    rounds = np.array([round_by_message[message_id] for message_id in answers])
    questions = {name: Question.of_board(rows, np.array(column), sure) for name, column in columns.items()}
    return questions, rounds


def _site_answers(own: Sequence[SiteMessage]) -> dict[str, list[str | None]]:
    """Return by question what people of a site decided about each of its messages, None where nobody did."""
    answers: dict[str, list[str | None]] = {
        "key": [None if one.key is None else str(int(one.key)) for one in own],
        "nature": [one.nature for one in own],
        "field": [one.field for one in own],
        "class": [one.official_class for one in own],
    }
    for urgency in URGENCIES:
        answers[urgency] = [None if one.urgency is None else str(int(urgency in one.urgency)) for one in own]
    return answers


def _class_questions(
    row_of: dict[str, int],
    classes: dict[str, ClassReading],
    written: Sequence[WrittenMessage],
    written_rows: Rows,
) -> dict[str, Question]:
    """Return the questions of class and of every urgency, answered by board messages and by written ones."""
    known: list[ClassReading | WrittenMessage] = [*classes.values(), *written]
    rows = np.concatenate([np.array([row_of[name] for name in classes], dtype=np.int64), written_rows])
    is_written = np.arange(len(rows)) >= len(classes)
    columns = {"class": [one.official_class for one in known]} | {
        urgency: [str(int(urgency in one.urgency)) for one in known] for urgency in URGENCIES
    }
    sure = np.ones(len(rows), dtype=np.bool_)
    weights = np.where(is_written, WRITTEN_WEIGHT, 1.0)
    return {
        name: Question(rows, np.array(column), sure, is_written, weights) for name, column in columns.items()
    }
