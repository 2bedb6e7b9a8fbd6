"""Labels of board messages: what each reader answered, how far readers agree, and the answer that counts.

`training/labels/README.md` says how messages were chosen and read. The files hold ids and answers, no text.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sklearn.metrics import cohen_kappa_score

from ml.triage.labels import FIELDS, NATURES

FOLDER: Final = Path(__file__).parent / "labels"
QUESTIONS: Final = ("key", "nature", "field")
ROUNDS: Final = {
    "first round": frozenset({"r1", "r2", "r3", "r4"}),
    "second round": frozenset({"r5", "r6", "r7", "r8"}),
    "third round": frozenset({"r11", "r12", "r13", "r14", "r15", "r16"}),
}
"""Readers by round. The first was drawn before there was a model, the others with one: shares differ."""


class LabelError(ValueError):
    """A label file says something that the guideline does not know; the message names the row."""


@dataclass(frozen=True)
class Answer:
    """What was answered about one message; ``sure`` is whether nobody hesitated on ``key``."""

    key: bool
    nature: str
    field: str
    sure: bool


@dataclass(frozen=True)
class Reading:
    """One reader's answer about one message."""

    message_id: str
    reader: str
    answer: Answer


@dataclass(frozen=True)
class Agreement:
    """How far two independent readings of the same messages agree on one question."""

    question: str
    messages: int
    share: float
    kappa: float


def load_readings(folder: Path = FOLDER) -> list[Reading]:
    """Return every reading of ``key_matters.csv``. Raises `LabelError` on an unknown answer."""
    with (folder / "key_matters.csv").open(encoding="utf-8", newline="") as file:
        return [
            Reading(row["id"], row["reader"], _answer(row, sure=row["sure"])) for row in csv.DictReader(file)
        ]


def of_round(readings: Iterable[Reading], name: str) -> list[Reading]:
    """Return the readings of one of `ROUNDS`."""
    return [reading for reading in readings if reading.reader in ROUNDS[name]]


def settled_labels(readings: Iterable[Reading], folder: Path = FOLDER) -> dict[str, Answer]:
    """Return one answer per message: the only one, the common one, or the one settled in ``settlements.csv``.

    A message on which two readers differ counts as unsure. Raises `LabelError` when two readers differ and
    nobody settled it, or a settlement has no disagreement.
    """
    with (folder / "settlements.csv").open(encoding="utf-8", newline="") as file:
        settled = {row["id"]: _answer(row, sure="0") for row in csv.DictReader(file)}
    by_message = _by_message(readings)
    disputed = {
        message_id for message_id, answers in by_message.items() if len({_asked(a) for a in answers}) > 1
    }
    if open_or_idle := sorted(disputed ^ settled.keys()):
        raise LabelError(f"{open_or_idle[0]}: readers differ without a settlement, or it settles nothing")
    return {
        message_id: settled.get(message_id) or _agreed(answers) for message_id, answers in by_message.items()
    }


def agreement(readings: Iterable[Reading]) -> list[Agreement]:
    """Return share of equal answers and Cohen's kappa per question over the messages that were read twice."""
    twice = [answers for answers in _by_message(readings).values() if len(answers) == 2]
    report = []
    for question in QUESTIONS:
        first, second = (
            [str(getattr(answer, question)) for answer in side] for side in zip(*twice, strict=True)
        )
        equal = sum(a == b for a, b in zip(first, second, strict=True)) / len(twice)
        report.append(Agreement(question, len(twice), equal, float(cohen_kappa_score(first, second))))
    return report


def _by_message(readings: Iterable[Reading]) -> dict[str, list[Answer]]:
    answers: dict[str, list[Answer]] = {}
    for reading in readings:
        answers.setdefault(reading.message_id, []).append(reading.answer)
    return answers


def _asked(answer: Answer) -> tuple[bool, str, str]:
    return answer.key, answer.nature, answer.field


def _agreed(answers: list[Answer]) -> Answer:
    return Answer(*_asked(answers[0]), sure=all(answer.sure for answer in answers))


def _answer(row: Mapping[str, str], *, sure: str) -> Answer:
    if row["key"] not in {"0", "1"} or row["nature"] not in NATURES or row["field"] not in FIELDS:
        raise LabelError(f"{row['id']}: unknown answer {row['key']}, {row['nature']}, {row['field']}")
    return Answer(row["key"] == "1", row["nature"], row["field"], sure == "1")
