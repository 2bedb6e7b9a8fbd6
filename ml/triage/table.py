"""Triage of a table file: every row of a CSV, XLSX, XLS or Parquet gets its answers in new columns.

Reading is that of the registers (`registers.reading`): any encoding, a header anywhere in the first rows. No row
is dropped: one that cannot be read, or has no text, is kept with the reason.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq
from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from ml.triage.labels import URGENCIES
from ml.triage.model import Progress, TriageModel, TriageResult
from ml.triage.near_duplicates import group_near_duplicates
from ml.triage.text import normalise
from registers.reading import read_table
from registers.tables import ReadError, TableFile

TEXT_HEADERS: Final = frozenset(
    "内容 留言详情 留言内容 短信内容 反映内容 诉求内容 投诉内容 举报内容 信访内容 来信内容 问题描述 事项描述 描述 详情 正文"
    " detail content text message body".split()
)
SUBJECT_HEADERS: Final = frozenset("主题 留言主题 标题 信件标题 事项标题 诉求标题 subject title".split())
SHORT_HEADER: Final = 20
SHORTEST_TEXT: Final = 8
"""Mean characters from which a column without a known name can be the text."""

NO_TEXT: Final = "没有文字内容"


@dataclass(frozen=True)
class TriageSummary:
    """What `triage_file` read and found.

    Attributes:
        out: the file that was written.
        messages: rows written: all rows of the file, readable or not.
        unread: rows without text, or that could not be split into columns.
        keys: rows called a key matter.
        abstained: rows on which the model abstains; the unread ones are among them.
        duplicates: rows that are near-copies of an earlier row.
        natures: rows by nature.
        fields: rows by field.
        text_columns: the columns that were read as text, joined in this order.
        notes: what the reader of the file noticed, in Chinese.
    """

    out: Path
    messages: int
    unread: int
    keys: int
    abstained: int
    duplicates: int
    natures: dict[str, int]
    fields: dict[str, int]
    text_columns: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Row:
    """A row of the file: its number there, its cells, and why it cannot be read, if so."""

    number: int
    cells: tuple[str, ...]
    problem: str | None = None


@dataclass(frozen=True)
class _Answer:
    """The values of the new columns for one row; None where there is no answer."""

    key_probability: float | None
    key: int | None
    abstain: int
    nature: str | None
    field: str | None
    topic: str | None
    official_class: str | None
    urgency: str | None
    no_substance: int | None
    spam: int | None
    reasons: str
    duplicate_group: int | None


_NEW_HEADERS: Final = tuple(column.name for column in fields(_Answer))

Value = str | int | float | None


def triage_file(
    path: Path,
    out: Path,
    *,
    model: TriageModel,
    text_column: str | None = None,
    progress: Progress | None = None,
) -> TriageSummary:
    """Triage the rows of ``path`` and write them to ``out`` (.csv, .xlsx or .parquet) with their answers.

    The text is ``text_column``; without it, the column with a known name (内容, 留言详情, detail, …), else the one
    with the longest texts, with the subject column, if there is one, before it. Added are key_probability, key
    (1 or 0), abstain (1 or 0), nature, field, topic, official_class, urgency (in Chinese, empty where nothing presses),
    no_substance and spam (1 or 0), reasons and duplicate_group, which is the row number in the file of the first of
    several near-copies; a name that the file already has gets the prefix ``triage_``.

    Raises:
        ReadError: the file is no table, has no text column, or ``out`` has another ending; says so in Chinese.
    """
    write = _WRITERS.get(out.suffix.lower())
    if write is None:
        raise ReadError(f"不能写成 {out.name}；输出文件请用 .csv、.xlsx 或 .parquet")
    table = read_table(path, header_score=_header_score)
    rows = _rows(table)
    columns = _text_columns(table.headers, rows, chosen=text_column)
    texts = [
        "。".join(filter(None, (row.cells[column] for column in columns))) if not row.problem else ""
        for row in rows
    ]
    answers = _answers(rows, texts, model=model, progress=progress)
    headers = [
        *table.headers,
        *(f"triage_{name}" if name in table.headers else name for name in _NEW_HEADERS),
    ]
    write(
        out,
        headers,
        ([*row.cells, *vars(answer).values()] for row, answer in zip(rows, answers, strict=True)),
    )
    return TriageSummary(
        out=out,
        messages=len(rows),
        unread=sum(answer.key is None for answer in answers),
        keys=sum(answer.key or 0 for answer in answers),
        abstained=sum(answer.abstain for answer in answers),
        duplicates=sum(
            answer.duplicate_group not in {None, row.number}
            for row, answer in zip(rows, answers, strict=True)
        ),
        natures=dict(Counter(answer.nature for answer in answers if answer.nature)),
        fields=dict(Counter(answer.field for answer in answers if answer.field)),
        text_columns=tuple(table.headers[column] for column in columns),
        notes=tuple(table.notes),
    )


def _header_score(headers: list[str]) -> int:
    """A row with known names is the header; else the first row of short cells."""
    known = sum(_plain(header) in TEXT_HEADERS | SUBJECT_HEADERS for header in headers)
    return 100 * known + sum(0 < len(header) <= SHORT_HEADER for header in headers)


def _plain(header: str) -> str:
    return header.strip().lower()


def _rows(table: TableFile) -> list[_Row]:
    width = len(table.headers)
    rows = [
        _Row(number, tuple(cells))
        for batch in table.batches
        for number, *cells in zip(
            batch.numbers.to_pylist(), *(column.to_pylist() for column in batch.columns), strict=True
        )
    ]
    for rejected in table.rejected:
        cells = (*rejected.cells, *[""] * width)[:width]
        rows.append(_Row(rejected.number, cells, f"这一行无法读取：{rejected.reason}"))
    return sorted(rows, key=lambda row: row.number)


def _text_columns(headers: list[str], rows: list[_Row], *, chosen: str | None) -> list[int]:
    if chosen is not None:
        if chosen not in headers:
            raise ReadError(f"没有“{chosen}”这一列；文件中的列有：{'、'.join(filter(None, headers))}")
        return [headers.index(chosen)]
    subjects = [column for column, header in enumerate(headers) if _plain(header) in SUBJECT_HEADERS]
    named = [column for column, header in enumerate(headers) if _plain(header) in TEXT_HEADERS]
    text = named[0] if named else _longest(headers, rows)
    return [*(column for column in subjects[:1] if column != text), text]


def _longest(headers: list[str], rows: list[_Row]) -> int:
    readable = [row for row in rows if row.problem is None]
    lengths = [sum(len(row.cells[column]) for row in readable) for column in range(len(headers))]
    best = max(range(len(headers)), key=lengths.__getitem__)
    if lengths[best] < SHORTEST_TEXT * max(1, len(readable)):
        raise ReadError("没有找到来信内容所在的列；请把列名改为“内容”，或指定文字所在的列")
    return best


def _answers(
    rows: list[_Row], texts: list[str], *, model: TriageModel, progress: Progress | None
) -> list[_Answer]:
    groups = group_near_duplicates([normalise(text) for text in texts])
    sizes = Counter(groups.tolist())
    results = model.predict(texts, progress=progress)
    return [
        _answered(result, first_copy=rows[group].number if sizes[group] > 1 else None)
        if text.strip()
        else _unanswered(row.problem or NO_TEXT)
        for row, text, result, group in zip(rows, texts, results, groups.tolist(), strict=True)
    ]


def _answered(result: TriageResult, *, first_copy: int | None) -> _Answer:
    return _Answer(
        key_probability=round(result.key_probability, 4),
        key=int(result.key),
        abstain=int(result.abstain),
        nature=result.nature,
        field=result.field,
        topic=result.topic,
        official_class=result.official_class,
        urgency="、".join(URGENCIES[urgency] for urgency in result.urgency),
        no_substance=int(result.no_substance),
        spam=int(result.spam),
        reasons="；".join(result.reasons),
        duplicate_group=first_copy,
    )


def _unanswered(reason: str) -> _Answer:
    return _Answer(None, None, 1, None, None, None, None, None, None, None, reason, None)


# --- writing -----------------------------------------------------------------------------------------------

Rows = Iterable[Sequence[Value]]


def _write_csv(out: Path, headers: list[str], rows: Rows) -> None:
    with out.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(headers)
        writer.writerows(rows)


def _write_xlsx(out: Path, headers: list[str], rows: Rows) -> None:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("分拣结果")
    for row in (headers, *rows):
        sheet.append([_text_cell(sheet, cell) if isinstance(cell, str) else cell for cell in row])
    book.save(out)


def _text_cell(sheet: WriteOnlyWorksheet, text: str) -> Cell:
    """A cell that a spreadsheet shows as text and never runs as a formula, whatever a message begins with."""
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", text))
    cell.data_type = "s"
    return cell


def _write_parquet(out: Path, headers: list[str], rows: Rows) -> None:
    answers = [*_ANSWER_TYPES.values()]
    types = [*[pa.string()] * (len(headers) - len(answers)), *answers]
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in headers]
    arrays = [pa.array(column, kind) for column, kind in zip(columns, types, strict=True)]
    pq.write_table(pa.Table.from_arrays(arrays, names=headers), out)


_ANSWER_TYPES: Final = {
    "key_probability": pa.float64(),
    "key": pa.int8(),
    "abstain": pa.int8(),
    "nature": pa.string(),
    "field": pa.string(),
    "topic": pa.string(),
    "official_class": pa.string(),
    "urgency": pa.string(),
    "no_substance": pa.int8(),
    "spam": pa.int8(),
    "reasons": pa.string(),
    "duplicate_group": pa.int64(),
}
_WRITERS: Final = {".csv": _write_csv, ".xlsx": _write_xlsx, ".parquet": _write_parquet}
