"""Label files are well formed, fit the board where it is there, and hold no text of it."""

from __future__ import annotations

import csv
import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from training.label_files import (
    ACCUSED,
    ACTS,
    NAMED,
    PARTIES,
    Span,
    load_classes,
    load_spans,
    load_written,
    settled_classes,
    span_text,
)
from training.triage_labels import FOLDER, ROUNDS, LabelError, load_readings, of_round, settled_labels

ROOT = Path(__file__).parents[2]
BOARD = ROOT.parent / "shared" / "data" / "complaints"
RUN = 18
"""So many Han characters in a row of a message would be its text."""
_HAN_RUN = re.compile(rf"[\u4e00-\u9fff]{{{RUN},}}")


@pytest.fixture(scope="module")
def board() -> dict[str, str]:
    if not BOARD.is_dir():
        pytest.skip("the board data is not there")
    return {
        f"{source}:{row[id_column]}": span_text(row["subject"], row["detail"])
        for source, id_column in (("topics", "id"), ("hot", "msg_id"), ("replies", "msg_id"))
        for row in pq.read_table(BOARD / f"board_{source}.parquet").to_pylist()
    }


def three_grams(text: str) -> set[str]:
    bare = re.sub(r"\W", "", text)
    return {bare[i : i + 3] for i in range(len(bare) - 2)} or {bare}


def test_classes_are_read_once_and_a_hundred_twice() -> None:
    readings = load_classes()
    third = dict.fromkeys(sorted(ROUNDS["third round"]), 460)
    rest = {f"r{number}": 1076 if number < 47 else 1075 for number in range(41, 49)}
    assert Counter(reading.reader for reading in readings) == {"r9": 1096, "r9b": 100, **third, **rest}
    first = {reading.message_id for reading in readings if reading.reader == "r9"}
    assert len(first) == 1096
    assert {reading.message_id for reading in readings if reading.reader == "r9b"} <= first
    assert all((reading.accused is None) == (reading.reader in third | rest) for reading in readings)


def test_a_settled_class_fits_the_settled_key_matter() -> None:
    labels = settled_labels(load_readings())
    classes = settled_classes(load_classes(), labels)
    assert len(classes) == 12_312 - 127  # of these the settled answer leaves no class known
    for message_id, reading in classes.items():
        accuses = reading.official_class == "检举控告"
        assert accuses if labels[message_id].key else not accuses or reading.no_substance, message_id


def test_classes_of_the_first_reading_agree_with_the_key_matters() -> None:
    readings = load_readings()
    labels = {reading.message_id: reading.answer for reading in readings}
    first = [reading for reading in load_classes() if reading.reader == "r9"]
    disputed = {
        message_id for message_id, count in Counter(r.message_id for r in readings).items() if count > 1
    }
    keys = {message_id for message_id, answer in labels.items() if answer.key} - disputed
    later = {r.message_id for name in ("third round", "fourth round") for r in of_round(readings, name)}
    assert keys - later <= {reading.message_id for reading in first}
    for reading in first:
        if reading.message_id in disputed:
            continue
        if reading.message_id in keys:
            assert (reading.official_class, reading.no_substance) == ("检举控告", False), reading
        elif reading.official_class == "检举控告":
            assert reading.no_substance, reading


def test_acts_are_known_and_every_labelled_message_has_one() -> None:
    with (FOLDER / "acts.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    labels = settled_labels(load_readings())
    assert sorted(row["id"] for row in rows) == sorted(labels)
    assert {row["accused"] for row in rows} == set(ACCUSED)
    assert {row["act"] for row in rows} == set(ACTS)
    harmless = {"none", "inaction", "private_wrong", "conduct"}
    of_keys = [row["act"] in harmless for row in rows if labels[row["id"]].key]
    of_others = [row["act"] in harmless for row in rows if not labels[row["id"]].key]
    assert sum(of_keys) < 0.1 * len(of_keys)
    assert sum(of_others) > 0.9 * len(of_others)


def test_written_messages_are_labelled_and_unlike_one_another() -> None:
    written = load_written()
    assert len({message.message_id for message in written}) == len(written) >= 300
    for message in written:
        assert message.accused in message.text
        assert message.text == message.text.strip() != ""
        assert message.key == (message.official_class == "检举控告" and not message.no_substance), message
    grams = {message.message_id: three_grams(message.text) for message in written}
    for one, other in itertools.combinations(grams, 2):
        shared, either = grams[one] & grams[other], grams[one] | grams[other]
        assert len(shared) < 0.2 * len(either), (one, other)


def test_written_messages_hold_no_contact_that_could_be_somebodys() -> None:
    digits = re.compile(r"\d{7,}|1[3-9]\d[- ]?\d{4}")
    assert [message.message_id for message in load_written() if digits.search(message.text)] == []


def test_spans_of_names_do_not_overlap_and_parties_come_once() -> None:
    spans = load_spans()
    assert len({span.message_id for span in spans}) >= 200
    assert len(set(spans)) == len(spans)
    for named in by_message(spans, NAMED).values():
        ordered = sorted(named, key=lambda span: span.start)
        for one, following in itertools.pairwise(ordered):
            assert one.end <= following.start, (one, following)
    for parties in by_message(spans, PARTIES).values():
        assert max(Counter(span.kind for span in parties).values()) == 1, parties


def test_an_unknown_answer_is_refused_by_its_row(tmp_path: Path) -> None:
    (tmp_path / "spans.csv").write_text("id,start,end,kind,value\ntopics:1,0,2,person,Li\n")
    with pytest.raises(LabelError, match=r"topics:1: .* kind person"):
        load_spans(tmp_path)
    head = "id,class,no_substance,duplicate,urgency,accused,sure,reader"
    (tmp_path / "classes.csv").write_text(f"{head}\ntopics:1,检举,0,none,none,none,1,r9\n", encoding="utf-8")
    with pytest.raises(LabelError, match="unknown class"):
        load_classes(tmp_path)
    (tmp_path / "classes.csv").write_text(f"{head}\ntopics:1,申诉,0,none,fire,none,1,r9\n", encoding="utf-8")
    with pytest.raises(LabelError, match="unknown urgency"):
        load_classes(tmp_path)


def test_ids_are_of_the_board_and_spans_within_its_texts(board: dict[str, str]) -> None:
    assert {reading.message_id for reading in load_classes()} <= board.keys()
    for span in load_spans():
        surface = board[span.message_id][span.start : span.end]
        assert len(surface) == span.end - span.start > 0, span
        assert surface == surface.strip(), span
        assert "\n" not in surface, span
        if span.kind == "amount":
            assert re.search(r"[\dl一二两三四五六七八九十百千万几数]", surface), span
        if span.kind == "date":
            assert re.search(r"[\d一二三四五六七八九十年月日天前]", surface), span


def test_the_repository_holds_no_text_of_the_board(board: dict[str, str]) -> None:
    ours = {run: path for path in text_files() for run in runs(path.read_text(encoding="utf-8"))}
    found = [
        (message_id, str(ours[run].relative_to(ROOT)))
        for message_id, text in board.items()
        for run in runs(text)
        if run in ours
    ]
    assert found == []


def by_message(spans: list[Span], kinds: tuple[str, ...]) -> dict[str, list[Span]]:
    grouped: dict[str, list[Span]] = defaultdict(list)
    for span in spans:
        if span.kind in kinds:
            grouped[span.message_id].append(span)
    return grouped


def text_files() -> Iterator[Path]:
    for folder in ("training", "tests/training", "tests/triage", "ml/triage", "benchmarks"):
        for ending in ("*.csv", "*.md", "*.py"):
            yield from (ROOT / folder).rglob(ending)


def runs(text: str) -> Iterator[str]:
    """Yield every stretch of `RUN` Han characters."""
    for match in _HAN_RUN.finditer(text):
        yield from (match[0][i : i + RUN] for i in range(len(match[0]) - RUN + 1))
