"""Labels beside the key matters: class and urgency, written village messages, stretches of text with their meaning.

`training/labels/README.md` says what each answer means and how it came about. Readers of the files raise `LabelError`
with the row's id on an answer that is not known.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from ml.triage.labels import CLASSES, FIELDS, NATURES, URGENCIES
from training.triage_labels import FOLDER, Answer, LabelError

ACCUSED: Final = ("cadre", "office", "justice", "school", "hospital", "public_unit", "private", "none")
ACTS: Final = (
    "money", "favour", "tender", "bribe", "business", "hidden", "charge", "shield", "retaliation", "false_report",
    "dereliction", "abuse", "conduct", "inaction", "private_wrong", "none",
)  # fmt: skip
"""What the accused is said to have done, the gravest that is told as a fact; `labels/README.md` says what each means."""
NAMED: Final = (
    "amount",
    "date",
    "place",
    "village",
    "person",
    "post",
    "unit",
    "programme",
    "phone",
    "account",
)
"""Kinds of spans of which no two overlap."""
PARTIES: Final = ("accused", "sender")
"""Kinds that lie over the named ones."""

_VALUES: Final = {
    "amount": re.compile(r"(?:\d+(?:/\d+)?)?"),
    "date": re.compile(r"(?:[\d\-LHYMD+]+(?:/[\d\-LHYMD+]+)?)?"),
}


@dataclass(frozen=True)
class ClassReading:
    """One reader's answer on class, flags, urgency and accused party of one message; None where it was not asked."""

    message_id: str
    official_class: str
    no_substance: bool
    urgency: tuple[str, ...]
    accused: str | None
    sure: bool
    reader: str


@dataclass(frozen=True)
class WrittenMessage:
    """A made-up message with its labels; ``accused`` is a stretch of ``text`` or empty. For training only."""

    message_id: str
    text: str
    key: bool
    nature: str
    field: str
    official_class: str
    no_substance: bool
    urgency: tuple[str, ...]
    accused: str


@dataclass(frozen=True)
class SiteMessage:
    """A masked message of a site's own inbox with what people decided about it. For training only.

    key, nature: None where a person decided on nothing but the urgency.
    field: None where the office's field is none that the model knows.
    official_class, urgency: None where nobody said; an empty urgency where somebody saw that nothing presses.
    """

    masked: str
    key: bool | None
    nature: str | None
    field: str | None
    official_class: str | None = None
    urgency: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Span:
    """A stretch of a board message, ``span_text(...)[start:end]``, and its normalised value ("" where there is none).

    Values: an amount in fen, two with "/" between for a range, the least for "多" and "上"; a date as ISO 8601, with
    "--MM-DD" without a year, "Y-1-12" for December of last year, "M-6" and "D-1" alike, "L" before a lunar month,
    "H2" for a half year, "from/to" for a period.
    """

    message_id: str
    start: int
    end: int
    kind: str
    value: str


@dataclass(frozen=True)
class Parties:
    """Who is accused in a board message and who writes, as offsets in `span_text`; None where it does not say."""

    message_id: str
    accused: tuple[int, int] | None
    sender: tuple[int, int] | None


def span_text(subject: str | None, detail: str | None) -> str:
    """Return the text that spans count in: both columns exactly as stored, a newline between."""
    return f"{subject or ''}\n{detail or ''}"


def load_classes(folder: Path = FOLDER) -> list[ClassReading]:
    """Return the readings of ``classes.csv``."""
    return [
        ClassReading(
            row["id"],
            _one_of(CLASSES, row, "class"),
            _flag(row, "no_substance"),
            _urgency(row),
            _one_of(ACCUSED, row, "accused") if row["accused"] else None,
            _flag(row, "sure"),
            row["reader"],
        )
        for row in _rows(folder / "classes.csv")
    ]


def load_written(folder: Path = FOLDER) -> list[WrittenMessage]:
    """Return the messages of ``written_village.csv``."""
    return [
        WrittenMessage(
            row["id"],
            row["text"],
            _flag(row, "key"),
            _one_of(NATURES, row, "nature"),
            _one_of(FIELDS, row, "field"),
            _one_of(CLASSES, row, "class"),
            _flag(row, "no_substance"),
            _urgency(row),
            row["accused"],
        )
        for row in _rows(folder / "written_village.csv")
    ]


def load_site(path: Path | None) -> list[SiteMessage]:
    """Return the messages that ``cunjian intake labels`` wrote to ``path``, without simulated ones; none without a path.

    Files of before class and urgency were decided say nothing of these.

    Raises:
        LabelError: the file is no such file, or an answer is unknown.
    """
    if path is None:
        return []
    try:
        rows = [
            {**row, "id": f"complaint {row['complaint_id']}"}
            for row in pq.read_table(path).to_pylist()
            if not row["simulated"]
        ]
        return [
            SiteMessage(
                row["masked"],
                row["key"],
                _known(NATURES, row, "nature"),
                _known(FIELDS, row, "model_field"),
                _known(CLASSES, row, "official_class") if "official_class" in row else None,
                None if row.get("urgency") is None else _urgency(row),
            )
            for row in rows
        ]
    except (pa.ArrowInvalid, KeyError) as error:
        raise LabelError(f"{path.name} was not written by cunjian intake labels") from error


def load_spans(folder: Path = FOLDER) -> list[Span]:
    """Return the spans of ``spans.csv``."""
    return [_span(row) for row in _rows(folder / "spans.csv")]


def load_parties(folder: Path = FOLDER) -> list[Parties]:
    """Return the messages of ``parties.csv``."""
    return [
        Parties(row["id"], _offsets(row, "accused"), _offsets(row, "sender"))
        for row in _rows(folder / "parties.csv")
    ]


def _offsets(row: Mapping[str, str], party: str) -> tuple[int, int] | None:
    start, end = row[f"{party}_start"], row[f"{party}_end"]
    if not start and not end:
        return None
    if not (start.isdecimal() and end.isdecimal() and int(start) < int(end)):
        raise LabelError(f"{row['id']}: {party} from {start!r} to {end!r} is no stretch")
    return int(start), int(end)


def settled_classes(
    readings: Iterable[ClassReading], answers: Mapping[str, Answer]
) -> dict[str, ClassReading]:
    """Return one reading per message of ``answers``: the first that fits the settled key matter.

    A key matter is a 检举控告, and what is none is one only without substance. Where no reading fits, a key matter is
    taken as what it is by definition, and what was settled as none is left out: its class is not known.
    """
    by_message: dict[str, list[ClassReading]] = {}
    for reading in readings:
        by_message.setdefault(reading.message_id, []).append(reading)
    settled: dict[str, ClassReading] = {}
    for message_id, several in by_message.items():
        if message_id not in answers:
            continue
        key = answers[message_id].key
        fitting = [one for one in several if _fits(one, key=key)]
        if fitting or key:
            settled[message_id] = (
                fitting[0] if fitting else replace(several[0], official_class=CLASSES[0], no_substance=False)
            )
    return settled


def _fits(reading: ClassReading, *, key: bool) -> bool:
    accuses = reading.official_class == CLASSES[0]
    return accuses if key else not accuses or reading.no_substance


def _span(row: Mapping[str, str]) -> Span:
    kind = _one_of((*NAMED, *PARTIES), row, "kind")
    value = row["value"]
    if not (_VALUES[kind].fullmatch(value) if kind in _VALUES else value == ""):
        raise LabelError(f"{row['id']}: {value!r} is no value of kind {kind}")
    return Span(row["id"], int(row["start"]), int(row["end"]), kind, value)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _one_of(known: tuple[str, ...] | Mapping[str, str], row: Mapping[str, str], column: str) -> str:
    if row[column] not in known:
        raise LabelError(f"{row['id']}: unknown {column} {row[column]!r}")
    return row[column]


def _known(known: tuple[str, ...] | Mapping[str, str], row: Mapping[str, str], column: str) -> str | None:
    return None if row[column] is None else _one_of(known, row, column)


def _flag(row: Mapping[str, str], column: str) -> bool:
    return _one_of(("0", "1"), row, column) == "1"


def _urgency(row: Mapping[str, str]) -> tuple[str, ...]:
    kinds = tuple(row["urgency"].split("+"))
    if kinds == ("none",):
        return ()
    if len(set(kinds)) < len(kinds) or not set(kinds) <= URGENCIES.keys():
        raise LabelError(f"{row['id']}: unknown urgency {row['urgency']!r}")
    return kinds
