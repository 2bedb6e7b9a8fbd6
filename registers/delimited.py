"""Delimited text (CSV): any of the encodings, delimiters and kinds of damage that departments deliver."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from registers.tables import (
    HEADER_ROWS_SEARCHED,
    NO_HEADER,
    HeaderScore,
    ReadError,
    RejectedRow,
    TableFile,
    TextBatch,
    complaint,
    find_header,
    only_data,
)

DELIMITERS = ",\t;|"
CSV_BLOCK_BYTES = 16 << 20
UNREADABLE = "文件被截断或引号不成对，无法继续读取；请检查引号，或另存为 xlsx 再导入"
OPEN_QUOTE = "附近的引号不成对，分不清行；请检查引号，或另存为 xlsx 再导入"


def read_csv(path: Path, header_score: HeaderScore) -> TableFile:
    """Open delimited text in the encoding and with the delimiter that give the best header.

    Raises `ReadError` when none gives one.
    """
    for encoding in likely_encodings(path):
        with path.open(encoding=encoding, errors="replace", newline="") as file:
            lines = list(islice(file, HEADER_ROWS_SEARCHED))
        marks = sorted(DELIMITERS, key=lambda mark: -sum(line.count(mark) for line in lines))
        found = [header for mark in marks if (header := _find_header(lines, mark, header_score))]
        if found:
            header = max(found, key=lambda header: header_score(header.names))
            table = TableFile(header.names, iter(()))
            table.batches = _csv_batches(_CsvBody(path, encoding, header), table)
            return table
    raise ReadError(NO_HEADER)


@dataclass(frozen=True)
class _Header:
    """A header found with one delimiter; what lies above the body, in lines of the file and in rows as people count."""

    delimiter: str
    names: list[str]
    lines_above: int
    rows_above: int


def _find_header(lines: list[str], delimiter: str, header_score: HeaderScore) -> _Header | None:
    reader = csv.reader(lines, delimiter=delimiter)
    rows, ends = list[list[str]](), list[int]()
    try:
        for row in reader:
            rows.append([cell.strip() for cell in row])
            ends.append(reader.line_num)
        position, names = find_header(rows, header_score)
    except (ReadError, csv.Error):
        return None
    return _Header(delimiter, names, ends[position], position + 1)


def likely_encodings(path: Path) -> list[str]:
    """UTF-16 by its mark; else UTF-8 (with or without mark) and GB18030, the one that loses fewer bytes first.

    A file with damage may lose fewer bytes in the wrong encoding; then its header is not found, and the next is tried.
    """
    with path.open("rb") as file:
        head = file.read(4)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ["utf-16"]
    losses = {encoding: _undecodable(path, encoding) for encoding in ("utf-8-sig", "gb18030")}
    return sorted(losses, key=lambda encoding: losses[encoding])


def _undecodable(path: Path, encoding: str) -> int:
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        return sum(block.count("\ufffd") for block in iter(lambda: file.read(1 << 20), ""))


@dataclass(frozen=True)
class _CsvBody:
    """The rows under the header of a file."""

    path: Path
    encoding: str
    header: _Header

    def copy_to(self, copy: IO[bytes]) -> int:
        """Write the body as UTF-8 without NUL bytes; returns its size."""
        with self.path.open(encoding=self.encoding, errors="replace", newline="") as source:
            for _ in range(self.header.lines_above):
                source.readline()
            for block in iter(lambda: source.read(1 << 20), ""):
                copy.write(block.replace("\x00", "").encode())
        size = copy.tell()
        copy.seek(0)
        return size


def _csv_batches(body: _CsvBody, table: TableFile) -> Iterator[TextBatch]:
    width, delimiter = len(body.header.names), body.header.delimiter
    bad_rows: dict[int, pa_csv.InvalidRow] = {}  # by row of the body, from 1

    def on_bad_row(row: pa_csv.InvalidRow) -> str:
        bad_rows[row.number] = row
        return "skip"

    # a temporary file without a name: a killed import leaves no copy of personal data behind
    with TemporaryFile() as copy, complaint(UNREADABLE):
        if not body.copy_to(copy):
            return
        number, swallowing = 0, list[int]()
        for batch in _open_csv(copy, delimiter, width, on_bad_row):
            numbers: list[int] = []
            while len(numbers) < batch.num_rows:
                number += 1
                if number not in bad_rows:
                    numbers.append(number + body.header.rows_above)
            read = TextBatch(batch.columns, pa.array(numbers, pa.int64()))
            swallowing += _swallowing_rows(read, delimiter)
            yield only_data(read, table)
        rejected = [_rejected(row, number + body.header.rows_above) for number, row in bad_rows.items()]
        table.rejected += [row for row in rejected if row.cells[0]]
        swallowing += [row.number for row in rejected if "\n" in row.cells[0]]
        if swallowing and not _quotes_match(copy, delimiter):
            raise ReadError(f"第 {min(swallowing)} 行{OPEN_QUOTE}")


def _rejected(row: pa_csv.InvalidRow, number: int) -> RejectedRow:
    reason = f"这一行有 {row.actual_columns} 列，表头有 {row.expected_columns} 列"
    return RejectedRow(number, reason, (row.text.strip(),))


def _open_csv(
    file: IO[bytes], delimiter: str, width: int, on_bad_row: Callable[[pa_csv.InvalidRow], str]
) -> pa_csv.CSVStreamingReader:
    names = [str(i) for i in range(width)]
    return pa_csv.open_csv(
        file,
        read_options=pa_csv.ReadOptions(use_threads=False, column_names=names, block_size=CSV_BLOCK_BYTES),
        parse_options=pa_csv.ParseOptions(
            delimiter=delimiter,
            newlines_in_values=True,
            ignore_empty_lines=False,
            invalid_row_handler=on_bad_row,
        ),
        convert_options=pa_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        ),
    )


def _swallowing_rows(batch: TextBatch, delimiter: str) -> list[int]:
    """Rows with a cell of several lines that is long enough to hold another row.

    A quote that is never closed makes one cell out of the rows that follow. A long text may look the same; whether
    all quotes match then tells them apart.
    """
    rows = []
    for column in batch.columns:
        several_lines = pc.match_substring_regex(column, r"[\r\n]")
        cells = zip(column.filter(several_lines), batch.numbers.filter(several_lines), strict=True)
        rows += [
            number.as_py()
            for cell, number in cells
            if cell.as_py().count(delimiter) >= len(batch.columns) - 1
        ]
    return rows


def _quotes_match(file: IO[bytes], delimiter: str) -> bool:
    """Whether every quote opens or closes a cell and none is left open."""
    file.seek(0)
    lines = TextIOWrapper(file, encoding="utf-8", newline="")
    try:
        deque(csv.reader(lines, delimiter=delimiter, strict=True), maxlen=0)
    except csv.Error:
        return False
    finally:
        lines.detach()
    return True
