"""What triage training reads, as arrays in one order: features of all messages, labels of some."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ml.triage.features import Features
from ml.triage.near_duplicates import group_near_duplicates
from ml.triage.vocabulary import Vocabulary
from training.board import read_board
from training.triage_heads import LatentSpace
from training.triage_labels import LabelError, load_readings, of_round, settled_labels
from training.triage_vocabulary import choose_vocabulary

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Question:
    """Known answers to one question.

    Attributes:
        rows: the messages that have an answer.
        answers: one per row.
        sure: whether the readers were.
    """

    rows: Rows
    answers: NDArray[np.str_]
    sure: NDArray[np.bool_]


@dataclass(frozen=True)
class Corpus:
    """Everything that training reads.

    Attributes:
        vocabulary: chosen from the distinct messages.
        distinct: how many those are.
        matrix: features of all messages.
        space: latent space of the distinct ones.
        groups: near-copy group of each message.
        questions: known answers by head: key ("1" or "0"), nature, field, topic.
        first_round: which of the labelled messages (rows of the key question) were drawn before any model.
    """

    vocabulary: Vocabulary
    distinct: int
    matrix: csr_array
    space: LatentSpace
    groups: Rows
    questions: dict[str, Question]
    first_round: NDArray[np.bool_]

    def features_of(self, rows: Rows) -> csr_array:
        """Return the features of some messages."""
        return csr_array(self.matrix[rows])

    def extended(self, rows: Rows) -> csr_array:
        """Return the features of some messages with their latent places beside them."""
        return self.space.extend(self.features_of(rows))


def read_corpus(data_folder: Path, *, labels: Path, seed: int, step: Callable[[], None]) -> Corpus:
    """Read messages and labels and compute their features; ``step`` is called three times on the way.

    Raises:
        FileNotFoundError: a board file is missing.
        LabelError: a label is unknown, unsettled, or names a message that is not in the data.
    """
    messages = read_board(data_folder)
    step()
    groups = group_near_duplicates([message.masked for message in messages])
    distinct = np.unique(groups)
    vocabulary = choose_vocabulary([messages[row] for row in distinct])
    step()
    features = Features(vocabulary)
    matrix = features.matrix([message.masked for message in messages])
    space = LatentSpace.of(csr_array(matrix[distinct]), features=features, seed=seed)
    topical = np.array([row for row in distinct if messages[row].topic is not None])
    topics = np.array([str(messages[row].topic) for row in topical])
    row_of = {message.message_id: row for row, message in enumerate(messages)}
    labelled, first_round = _labelled_questions(row_of, labels)
    questions = {**labelled, "topic": Question(topical, topics, np.ones(len(topics), dtype=bool))}
    step()
    return Corpus(vocabulary, len(distinct), matrix, space, groups, questions, first_round)


def _labelled_questions(
    row_of: dict[str, int], folder: Path
) -> tuple[dict[str, Question], NDArray[np.bool_]]:
    """Return the questions of the label files, and which of their messages belong to the first round."""
    readings = load_readings(folder)
    answers = settled_labels(readings, folder)
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
    drawn_first = {reading.message_id for reading in of_round(readings, "first round")}
    first_round = np.array([message_id in drawn_first for message_id in answers])
    return {name: Question(rows, np.array(column), sure) for name, column in columns.items()}, first_round
