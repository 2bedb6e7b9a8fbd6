"""What is read out of messages: precision, recall and F1 per kind on read messages and on tagged addresses; speed.

    python -m benchmarks.extraction DATA     DATA/complaints holds the board files and address_ner.parquet

`training/labels/spans.csv` was read once by one reader (a language model): figures say how far we agree with that
reader, not how far either is right. The messages are split by the hash of their id. Rules and weights were made on the
development half, so there the tagger is trained anew without the fold that it reads (five folds); the other half is
read by what is shipped, and nobody looked at its errors. Who is accused and who writes is known of 700 further messages
(`parties.csv`), on which the same is measured in folds. A span counts when kind, start and end are equal, accused and
sender also when they overlap. The board replaced many names of places by letters, so places are easier than in life.

Addresses: the same features and trainer on the train part, tested on the test part, beside a tagger of single
characters without context of labels (logistic regression on the same features).
"""

from __future__ import annotations

import calendar
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
from borax.calendars.lunardate import LCalendars, LunarDate
from sklearn.feature_extraction import FeatureHasher
from sklearn.linear_model import SGDClassifier

from benchmarks.printing import print_table
from ml.extraction.folding import fold
from ml.extraction.reading import Reading, read
from ml.extraction.spans import Kind, Money, Period, Span
from ml.extraction.tagging import Tagger, features_of, shipped_tagger
from training import label_files
from training.extraction import (
    Tagged,
    is_development,
    messages_with_parties,
    parties_of_spans,
    read_addresses,
    read_texts,
    tagged_messages,
    train_tagger,
    written_with_parties,
)

AS_OF: Final = date(2020, 1, 8)
"""Stands for the day of every message; the values of the labels are relative where the text is."""
FOLDS: Final = 5
ADDRESSES: Final = 1_500
"""Of the 8,957 addresses of the train part, so that it takes minutes and not an hour; more would bring more."""
_PARTIES: Final = (Kind.ACCUSED, Kind.SENDER)
_KINDS: Final = tuple(Kind(name) for name in (*label_files.NAMED, *label_files.PARTIES))


@dataclass
class Score:
    """Counts of one kind."""

    right: int = 0
    found: int = 0
    wanted: int = 0
    overlapping: int = 0
    values: Counter[bool] = field(default_factory=Counter)

    def row(self) -> tuple[str, ...]:
        return (str(self.wanted), *_figures(self.right, self.found, self.wanted))


def _figures(right: int, found: int, wanted: int) -> tuple[str, str, str]:
    precision, recall = right / max(1, found), right / max(1, wanted)
    f1 = 2 * precision * recall / max(1e-9, precision + recall)
    return f"{precision:.3f}", f"{recall:.3f}", f"{f1:.3f}"


def main(data: Path) -> None:
    labels = label_files.load_spans()
    texts = read_texts(data / "complaints", {span.message_id for span in labels})
    development = sorted(message_id for message_id in texts if is_development(message_id))
    held_back = sorted(set(texts) - set(development))
    parties = label_files.load_parties()
    further = read_texts(data / "complaints", {one.message_id for one in parties})
    told = [*messages_with_parties(further, parties).values(), *written_with_parties()]
    readings = _read_in_folds(texts, development, labels, further=told)
    for name, readings_of_half in (
        (f"development half, {len(development)} messages, tagger by {FOLDS} folds", readings),
        (
            f"other half, {len(held_back)} messages, as shipped",
            {message_id: read(texts[message_id], as_of=AS_OF) for message_id in held_back},
        ),
    ):
        _print_kinds(name, texts, readings_of_half, labels)
    _print_parties(further, parties)
    _speed(texts)
    _addresses(data / "complaints")


def _read_in_folds(
    texts: Mapping[str, str],
    development: Sequence[str],
    labels: Sequence[label_files.Span],
    *,
    further: Sequence[Tagged],
) -> dict[str, Reading]:
    rows = tagged_messages({message_id: texts[message_id] for message_id in development}, labels)
    parties = parties_of_spans(span for span in labels if span.message_id in rows)
    told = messages_with_parties(dict(texts), parties)
    readings = {}
    for fold_number in range(FOLDS):
        others = [message_id for n, message_id in enumerate(development) if n % FOLDS != fold_number]
        tagger = Tagger.from_json(train_tagger([rows[message_id] for message_id in others]))
        party_tagger = Tagger.from_json(train_tagger([*further, *(told[i] for i in others if i in told)]))
        for message_id in development[fold_number::FOLDS]:
            readings[message_id] = read(
                texts[message_id], as_of=AS_OF, tagger=tagger, party_tagger=party_tagger
            )
    return readings


def _print_parties(texts: Mapping[str, str], parties: Sequence[label_files.Parties]) -> None:
    """Print who is accused and who writes over further messages, each read by a tagger that did not learn from it."""
    rows = messages_with_parties(dict(texts), parties)
    written = written_with_parties()
    readings = {}
    labels = []
    for fold_number in range(FOLDS):
        others = [rows[one.message_id] for n, one in enumerate(parties) if n % FOLDS != fold_number]
        tagger = Tagger.from_json(train_tagger([*others, *written]))
        for one in parties[fold_number::FOLDS]:
            readings[one.message_id] = read(texts[one.message_id], as_of=AS_OF, party_tagger=tagger)
            stretches = {Kind.ACCUSED: one.accused, Kind.SENDER: one.sender}
            labels += [
                label_files.Span(one.message_id, *offsets, kind, "")
                for kind, offsets in stretches.items()
                if offsets
            ]
    title = f"accused and sender, {len(parties)} further messages in {FOLDS} folds"
    _print_kinds(title, texts, readings, labels, kinds=_PARTIES)


def _print_kinds(
    title: str,
    texts: Mapping[str, str],
    readings: Mapping[str, Reading],
    labels: Iterable[label_files.Span],
    *,
    kinds: Sequence[Kind] = _KINDS,
) -> None:
    scores = {kind: Score() for kind in kinds}
    wanted: dict[str, list[label_files.Span]] = {message_id: [] for message_id in readings}
    for span in labels:
        if span.message_id in wanted:
            wanted[span.message_id].append(span)
    for message_id, reading in readings.items():
        found = [*reading.spans, *filter(None, (reading.accused, reading.sender))]
        for kind in kinds:
            _count(
                scores[kind],
                texts[message_id],
                [span for span in found if span.kind == kind],
                [span for span in wanted[message_id] if span.kind == kind],
            )
    rows = []
    for kind, score in scores.items():
        right_values = f"{score.values[True]} / {score.values.total()}" if score.values else ""
        overlap = (
            " / ".join(_figures(score.overlapping, score.found, score.wanted)) if kind in _PARTIES else ""
        )
        rows.append((kind, *score.row(), right_values, overlap))
    print_table(title, ("kind", "labels", "P", "R", "F1", "values right", "P / R / F1 by overlap"), rows)


def _count(score: Score, text: str, found: Sequence[Span], wanted: Sequence[label_files.Span]) -> None:
    places = {(span.start, span.end): span for span in wanted}
    score.found += len(found)
    score.wanted += len(places)
    for span in found:
        label = places.get((span.start, span.end))
        score.right += label is not None
        itself = text[span.start : span.end]
        score.overlapping += any(
            (other.start < span.end and span.start < other.end) or text[other.start : other.end] == itself
            for other in wanted
        )
        if label is not None and label.value:
            score.values[_is_value(span.value, label.value)] += 1


def _is_value(value: object, label: str) -> bool:
    if isinstance(value, Money):
        ends = [int(part) for part in label.split("/")]
        return value.least == ends[0] and (len(ends) == 1 or value.most == ends[1])
    return isinstance(value, Period) and _same_days(value, label)


def _same_days(period: Period, label: str) -> bool:
    """Whether a period is what a label says, read on `AS_OF`. Lunar labels count as right when year and month fit."""
    parts = label.split("/")
    days = [_label_days(part) for part in parts]
    if None in days:
        return False
    first, last = days[0], days[-1]
    assert first is not None
    assert last is not None
    return (period.first, period.last) == (first[0], last[1])


def _label_days(label: str) -> tuple[date, date] | None:
    if match := re.fullmatch(r"D([+-]?\d+)", label):
        day = date.fromordinal(AS_OF.toordinal() + int(match[1]))
        return day, day
    match = re.fullmatch(r"(?:Y([+-]?\d+)|(\d{4})|-)(?:-L?(\d{1,2}))?(?:-(\d{1,2}))?", label)
    if match is None or "L" in label:
        return _lunar_days(label)
    year = AS_OF.year + int(match[1]) if match[1] else int(match[2]) if match[2] else AS_OF.year
    if not match[3]:
        return date(year, 1, 1), date(year, 12, 31)
    month = int(match[3])
    if not match[1] and not match[2] and date(year, month, int(match[4] or 1)) > AS_OF:
        year -= 1
    if match[4]:
        return date(year, month, int(match[4])), date(year, month, int(match[4]))
    return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])


def _lunar_days(label: str) -> tuple[date, date] | None:
    match = re.fullmatch(r"(?:Y([+-]?\d+)|(\d{4}))-L(\d{1,2})(?:-(\d{1,2}))?", label)
    if match is None:
        return None
    year, month = AS_OF.year + int(match[1]) if match[1] else int(match[2]), int(match[3])
    days = LCalendars.ndays(year, month)
    first = LunarDate(year, month, min(int(match[4] or 1), days)).to_solar_date()
    last = first if match[4] else LunarDate(year, month, days).to_solar_date()
    return first, last


def _speed(texts: Mapping[str, str]) -> None:
    shipped_tagger()
    messages = list(texts.values())
    for message in messages[:5]:
        read(message, as_of=AS_OF)
    seconds = _seconds(messages)
    characters = sum(map(len, messages))
    print(
        f"reading: {len(messages) / seconds:,.0f} messages a second of processor time"
        f" ({characters / len(messages):.0f} characters each, {characters / seconds:,.0f} characters a second)"
    )
    everything = "".join(messages)
    for length in (1_250, 2_500, 5_000, 10_000):
        print(f"  one message of {length:,} characters: {_seconds([everything[:length]]):.2f} s")


def _seconds(messages: Sequence[str]) -> float:
    started = time.process_time()
    for message in messages:
        read(message, as_of=AS_OF)
    return time.process_time() - started


def _addresses(folder: Path) -> None:
    train = read_addresses(folder, "train")[:ADDRESSES]
    test = read_addresses(folder, "test")
    rows = [Tagged(features_of(fold(text)), tags) for text, tags in train]
    tagger = Tagger.from_json(train_tagger(rows, l1=0.1, l2=0.01))
    inputs = [features_of(fold(text)) for text, _ in test]
    truth = [tags for _, tags in test]
    taggers = {
        "linear chain (CRF)": [tagger.tag(features) for features in inputs],
        "single characters": _single_characters(rows, inputs),
    }
    for name, tagged in taggers.items():
        right, found, wanted = Counter[str](), Counter[str](), Counter[str]()
        for tags, expected in zip(tagged, truth, strict=True):
            ours, theirs = set(_chunks(tags)), set(_chunks(expected))
            right.update(kind for kind, _, _ in ours & theirs)
            found.update(kind for kind, _, _ in ours)
            wanted.update(kind for kind, _, _ in theirs)
        rows_of = [
            (kind, wanted[kind], *_figures(right[kind], found[kind], wanted[kind])) for kind in sorted(wanted)
        ]
        total = ("all", wanted.total(), *_figures(right.total(), found.total(), wanted.total()))
        shown = [*rows_of, total] if name.startswith("linear") else [total]
        print_table(
            f"addresses, {name}: {len(train)} to train, {len(test)} to test",
            ("tag", "labels", "P", "R", "F1"),
            shown,
        )


def _single_characters(rows: Sequence[Tagged], inputs: Sequence[Sequence[Sequence[str]]]) -> list[list[str]]:
    vectors = FeatureHasher(2**20, input_type="string", dtype=np.float32, alternate_sign=False)
    given = vectors.transform([names for row in rows for names in row.features])
    model = SGDClassifier(loss="log_loss", alpha=1e-6, max_iter=15, tol=None, random_state=0)
    model.fit(given, [label for row in rows for label in row.labels])
    return [list(model.predict(vectors.transform(features))) for features in inputs]


def _chunks(tags: Sequence[str]) -> list[tuple[str, int, int]]:
    chunks, start, kind = [], 0, ""
    for place, tag in enumerate([*tags, "O"]):
        here = tag.partition("-")[2]
        if kind and (here != kind or tag.startswith("B-")):
            chunks.append((kind, start, place))
        if tag.startswith("B-") or here != kind:
            start = place
        kind = here
    return chunks


if __name__ == "__main__":
    main(Path(sys.argv[1]))
