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

from ml.triage.cascade import QUESTIONS
from ml.triage.labels import FIELDS, NATURES

FOLDER: Final = Path(__file__).parent / "labels"
FIRST: Final = "first round"
LAST: Final = "fourth round"
"""All that no model and no word had chosen, mostly ordinary requests: learnt from, and never decided on."""
ROUNDS: Final = {
    FIRST: frozenset({"r1", "r2", "r3", "r4"}),
    "second round": frozenset({"r5", "r6", "r7", "r8"}),
    "third round": frozenset({"r11", "r12", "r13", "r14", "r15", "r16"}),
    LAST: frozenset({"r21", "r22", "r23", "r24", "r25", "r26", "r27", "r28"}),
}
"""Readers by round. The first was drawn before there was a model, the next two with one, the fourth is all the rest."""


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
class SecondReading:
    """What another reader, who saw no other answer, said of ``key`` alone."""

    message_id: str
    reader: str
    key: bool
    sure: bool


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


def round_of(reader: str) -> str:
    """Return the name of the round that a reader belongs to, or "" for readers of other places."""
    return next((name for name, readers in ROUNDS.items() if reader in readers), "")


def of_round(readings: Iterable[Reading], name: str) -> list[Reading]:
    """Return the readings of one of `ROUNDS`."""
    return [reading for reading in readings if reading.reader in ROUNDS[name]]


def load_second_readings(folder: Path = FOLDER) -> list[SecondReading]:
    """Return every reading of ``second_readings.csv``; none where there is no such file."""
    path = folder / "second_readings.csv"
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [
            SecondReading(row["id"], row["reader"], row["key"] == "1", row["sure"] == "1")
            for row in csv.DictReader(file)
        ]


def settled_labels(readings: Iterable[Reading], folder: Path = FOLDER) -> dict[str, Answer]:
    """Return one answer per message: the only one, the common one, or the one settled in ``settlements.csv``.

    A message on which two readers differ counts as unsure, also when the second answered only ``key``. Raises
    `LabelError` when two readers differ and nobody settled it, or a settlement has no disagreement.
    """
    with (folder / "settlements.csv").open(encoding="utf-8", newline="") as file:
        settled = {row["id"]: _answer(row, sure="0") for row in csv.DictReader(file)}
    by_message = _by_message(readings)
    seconds = {one.message_id: one for one in load_second_readings(folder) if one.message_id in by_message}
    disputed = {
        message_id
        for message_id, answers in by_message.items()
        if len({_asked(a) for a in answers}) > 1 or _contradicted(answers, seconds.get(message_id))
    }
    if open_or_idle := sorted(disputed ^ settled.keys()):
        raise LabelError(f"{open_or_idle[0]}: readers differ without a settlement, or it settles nothing")
    return {
        message_id: settled.get(message_id) or _agreed(answers, seconds.get(message_id))
        for message_id, answers in by_message.items()
    }


def agreement(readings: Iterable[Reading]) -> list[Agreement]:
    """Return share of equal answers and Cohen's kappa per question over the messages that were read twice."""
    twice = [answers for answers in _by_message(readings).values() if len(answers) == 2]
    report = []
    for question in QUESTIONS if twice else ():
        first, second = (
            [str(getattr(answer, question)) for answer in side] for side in zip(*twice, strict=True)
        )
        report.append(_agreement(question, first, second))
    return report


def second_agreement(
    readings: Iterable[Reading], seconds: Iterable[SecondReading], *, both_sure: bool = False
) -> Agreement:
    """Return how far the first full reading of a message and its second reading of ``key`` agree."""
    first = {message_id: answers[0] for message_id, answers in _by_message(readings).items()}
    pairs = [
        (str(first[one.message_id].key), str(one.key))
        for one in seconds
        if not both_sure or (one.sure and first[one.message_id].sure)
    ]
    return _agreement("key", [one for one, _ in pairs], [other for _, other in pairs])


def _agreement(question: str, first: list[str], second: list[str]) -> Agreement:
    equal = sum(a == b for a, b in zip(first, second, strict=True)) / len(first)
    return Agreement(question, len(first), equal, float(cohen_kappa_score(first, second)))


def _by_message(readings: Iterable[Reading]) -> dict[str, list[Answer]]:
    answers: dict[str, list[Answer]] = {}
    for reading in readings:
        answers.setdefault(reading.message_id, []).append(reading.answer)
    return answers


def _asked(answer: Answer) -> tuple[bool, str, str]:
    return answer.key, answer.nature, answer.field


def _contradicted(answers: list[Answer], second: SecondReading | None) -> bool:
    return second is not None and second.key != answers[0].key


def _agreed(answers: list[Answer], second: SecondReading | None) -> Answer:
    sure = all(answer.sure for answer in answers) and (second is None or second.sure)
    return Answer(*_asked(answers[0]), sure=sure)


def _answer(row: Mapping[str, str], *, sure: str) -> Answer:
    if row["key"] not in {"0", "1"} or row["nature"] not in NATURES or row["field"] not in FIELDS:
        raise LabelError(f"{row['id']}: unknown answer {row['key']}, {row['nature']}, {row['field']}")
    return Answer(row["key"] == "1", row["nature"], row["field"], sure == "1")
