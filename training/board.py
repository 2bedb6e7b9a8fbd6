"""The message board that triage is trained on, read from a local folder; no text of them is ever stored.

board_topics.parquet    id, subject, detail, label (topic)
board_hot.parquet       msg_id, subject, detail
board_replies.parquet   msg_id, subject, detail
key_matter_dev.csv      the test set: subject, detail, key, nature, nature_alt, field, field_alt
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq

from ml.triage.masking import mask
from ml.triage.text import normalise

_FILES: Final = (("topics", "id"), ("hot", "msg_id"), ("replies", "msg_id"))
_CITY = re.compile(r"([A-Z])\d*(?=[市区县])")


@dataclass(frozen=True)
class Message:
    """A board message.

    Attributes:
        message_id: ``<topics|hot|replies>:<row id>``.
        normalised: subject and detail in one spelling, with its names: only to see what masking takes away.
        masked: the same, masked: all that training reads.
        city: the city letter by which the publishers replaced its name (``A3区`` is in A), if any is named.
        topic: the board's topic, where the file gives one.
    """

    message_id: str
    normalised: str
    masked: str
    city: str | None
    topic: str | None


@dataclass(frozen=True)
class JudgedMessage:
    """A message of the test set with the answers of two readers; the second only where it differs."""

    text: str
    key: bool
    natures: tuple[str, ...]
    fields: tuple[str, ...]


def whole_text(subject: str | None, detail: str | None) -> str:
    """Join subject and detail as triage reads them."""
    return "。".join(part for part in ((subject or "").strip(), (detail or "").strip()) if part)


def read_board(folder: Path) -> list[Message]:
    """Return the messages of the three board files in the order of the files."""
    return [message for source, id_column in _FILES for message in _read_file(folder, source, id_column)]


def read_test_set(folder: Path) -> list[JudgedMessage]:
    """Return the messages of ``key_matter_dev.csv``, unmasked. They are for testing only."""
    with (folder / "key_matter_dev.csv").open(encoding="utf-8-sig", newline="") as file:
        return [
            JudgedMessage(
                whole_text(row["subject"], row["detail"]),
                row["key"] == "1",
                tuple(filter(None, (row["nature"], row["nature_alt"]))),
                tuple(filter(None, (row["field"], row["field_alt"]))),
            )
            for row in csv.DictReader(file)
        ]


def _read_file(folder: Path, source: str, id_column: str) -> list[Message]:
    table = pq.read_table(folder / f"board_{source}.parquet")
    topics = table["label"].to_pylist() if "label" in table.column_names else [None] * table.num_rows
    rows = zip(
        table[id_column].to_pylist(),
        table["subject"].to_pylist(),
        table["detail"].to_pylist(),
        topics,
        strict=True,
    )
    return [
        _message(f"{source}:{row_id}", whole_text(subject, detail), topic)
        for row_id, subject, detail, topic in rows
    ]


def _message(message_id: str, text: str, topic: str | None) -> Message:
    city = _CITY.search(text)
    normalised = normalise(text)
    return Message(message_id, normalised, mask(normalised), city[1] if city else None, topic)
