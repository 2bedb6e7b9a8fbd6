"""What the encoder learns from: board messages with every answer known of them, written ones, and those of a site."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ml.triage.labels import CLASSES, FIELDS, NATURES, TOPICS
from ml.triage.masking import mask
from ml.triage.text import normalise
from training.board import Message
from training.encoder_net import KEY, UNKNOWN, Rows
from training.label_files import ACCUSED, ACTS, load_classes, load_site, settled_classes
from training.triage_heads import UNSURE_WEIGHT
from training.triage_labels import LabelError, load_readings, settled_labels

LABELS: Final = {
    KEY: ("key",),
    "nature": tuple(sorted(NATURES)),
    "field": tuple(sorted(FIELDS)),
    "topic": TOPICS,
    "class": CLASSES,
    "accused": ACCUSED,
    "act": ACTS,
}
"""Questions with their answers. Class, accused party and act only help to learn; they are not asked of the encoder."""

WRITTEN_WEIGHT: Final = 0.5
"""Weight of a written message beside a real one for the key answer, which the fast path does not learn from them."""


@dataclass(frozen=True)
class Material:
    """Messages in one order: the labelled ones of the board, then the written ones, then those of a site.

    Attributes:
        masked: what the encoder reads.
        answers: by question, the number of the answer in `LABELS`, or `UNKNOWN`; of the key question 1 or 0.
        weights: how much the key answer counts.
        groups: near-copy group of each message, in which a written one or one of a site stands with what it copies.
        board: how many of the messages are of the board. Only those are ever held out.
        site: how many are of a site, the last ones.
    """

    masked: list[str]
    answers: dict[str, Rows]
    weights: NDArray[np.float64]
    groups: Rows
    board: int
    site: int = 0


def read_material(
    messages: list[Message], rows: Rows, *, groups: Rows, labels: Path, site: Path | None = None
) -> Material:
    """Return the labelled messages in the order of ``rows``, then the others, with all known answers.

    ``groups`` are those of `triage_corpus.Corpus`: of ``messages``, then of all written ones, then of all of the site.

    Class (``classes.csv``), accused party and act (``acts.csv``) and written messages (``written_village.csv``) are used
    where the folder ``labels`` has them; ``site`` is the file of `load_site`, of which those messages count on which
    a person decided more than the urgency.

    Raises:
        LabelError: an answer is not known to the guideline.
    """
    settled = settled_labels(load_readings(labels), labels)
    readings = load_classes(labels) if (labels / "classes.csv").is_file() else []
    classes = settled_classes(readings, settled)
    acts = {row["id"]: row for row in _rows(labels / "acts.csv")}
    written = _rows(labels / "written_village.csv")
    chosen = [messages[row] for row in rows]
    answers: dict[str, list[int]] = {name: [] for name in LABELS}
    weights = []
    for message in chosen:
        answer, extra = settled[message.message_id], acts.get(message.message_id, {})
        of_class = classes.get(message.message_id)
        known = {
            "nature": answer.nature,
            "field": answer.field,
            "topic": message.topic,
            "class": of_class.official_class if of_class else None,
            "accused": extra.get("accused"),
            "act": extra.get("act"),
        }
        _note(answers, message.message_id, key=answer.key, known=known)
        weights.append(1.0 if answer.sure else UNSURE_WEIGHT)
    for row in written:
        _note(
            answers, row["id"], key=row["key"] == "1", known={q: row[q] for q in ("nature", "field", "class")}
        )
        weights.append(WRITTEN_WEIGHT)
    every = load_site(site)
    own = [one for one in every if one.key is not None]
    for one in own:
        known = {"nature": one.nature, "field": one.field, "class": one.official_class}
        _note(answers, "site", key=bool(one.key), known=known)
        weights.append(1.0)
    after = np.ones(len(written) + len(every), dtype=np.bool_)
    after[len(written) :] = [one.key is not None for one in every]
    made_up = [mask(normalise(row["text"])) for row in written]
    return Material(
        [message.masked for message in chosen] + made_up + [one.masked for one in own],
        {name: np.array(numbers, dtype=np.int64) for name, numbers in answers.items()},
        np.array(weights),
        np.concatenate([groups[rows], groups[len(messages) :][after]]),
        len(chosen),
        len(own),
    )


def _note(answers: dict[str, list[int]], message_id: str, *, key: bool, known: dict[str, str | None]) -> None:
    answers[KEY].append(int(key))
    for name, labels in LABELS.items():
        if name == KEY:
            continue
        answer = known.get(name)
        if answer is not None and answer not in labels:
            raise LabelError(f"{message_id}: unknown {name} {answer!r}")
        answers[name].append(UNKNOWN if answer is None else labels.index(answer))


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
