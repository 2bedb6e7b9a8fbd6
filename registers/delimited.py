"""Delimited text (CSV): any of the encodings, delimiters and kinds of damage that departments deliver."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

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

CSV_BLOCK_BYTES = 16 << 20
OPEN_QUOTE = "附近的引号不成对，分不清行；请检查引号，或另存为 xlsx 再导入"


def read_csv(path: Path, header_score: HeaderScore) -> TableFile:
    for encoding in likely_encodings(path):
        with path.open(encoding=encoding, errors="replace", newline="") as file:
            lines = list(islice(file, HEADER_ROWS_SEARCHED))
        delimiter = _delimiter(lines)
        reader = csv.reader(lines, delimiter=delimiter)
        rows, ends = [], []
        for row in reader:
            rows.append([cell.strip() for cell in row])
            ends.append(reader.line_num)
        try:
            position, headers = find_header(rows, header_score)
        except ReadError:
            continue
        table = TableFile(headers, iter(()))
        body = _CsvBody(path, encoding, delimiter, lines_above=ends[position], rows_above=position + 1)
        table.batches = _csv_batches(body, table)
        return table
    raise ReadError(NO_HEADER)


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


def _delimiter(lines: list[str]) -> str:
    sample = [line for line in lines if line.strip()]
    return max(",\t;|", key=lambda mark: sum(line.count(mark) for line in sample))


@dataclass(frozen=True)
class _CsvBody:
    """Where the rows under the header begin, in lines of the file and in rows as a person counts them."""

    path: Path
    encoding: str
    delimiter: str
    lines_above: int
    rows_above: int

    def as_utf8(self, folder: Path) -> Path:
        copy = folder / "utf8.csv"
        with (
            self.path.open(encoding=self.encoding, errors="replace", newline="") as source,
            copy.open("w", encoding="utf-8", newline="") as target,
        ):
            for _ in range(self.lines_above):
                source.readline()
            for block in iter(lambda: source.read(1 << 20), ""):
                target.write(block.replace("\x00", ""))
        return copy


def _csv_batches(body: _CsvBody, table: TableFile) -> Iterator[TextBatch]:
    width = len(table.headers)
    bad_rows: dict[int, pa_csv.InvalidRow] = {}  # by row of the body, from 1

    def on_bad_row(row: pa_csv.InvalidRow) -> str:
        bad_rows[row.number] = row
        return "skip"

    with TemporaryDirectory() as folder:
        copy = body.as_utf8(Path(folder))
        if not copy.stat().st_size:
            return
        number = 0
        with complaint("文件被截断或引号不成对，无法继续读取；请检查引号，或另存为 xlsx 再导入"):
            for batch in _open_csv(copy, body.delimiter, width, on_bad_row):
                numbers: list[int] = []
                while len(numbers) < batch.num_rows:
                    number += 1
                    if number not in bad_rows:
                        numbers.append(number + body.rows_above)
                read = TextBatch(batch.columns, pa.array(numbers, pa.int64()))
                _refuse_swallowed_rows(read, body.delimiter)
                yield only_data(read, table)
    for number, row in bad_rows.items():
        text = row.text.strip()
        if "\n" in text and text.count(body.delimiter) >= 2 * (width - 1):
            raise ReadError(f"第 {number + body.rows_above} 行{OPEN_QUOTE}")
        if text:
            reason = f"这一行有 {row.actual_columns} 列，表头有 {row.expected_columns} 列"
            table.rejected.append(RejectedRow(number + body.rows_above, reason, (text,)))


def _open_csv(
    path: Path, delimiter: str, width: int, on_bad_row: Callable[[pa_csv.InvalidRow], str]
) -> pa_csv.CSVStreamingReader:
    names = [str(i) for i in range(width)]
    return pa_csv.open_csv(
        path,
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


def _refuse_swallowed_rows(batch: TextBatch, delimiter: str) -> None:
    """A quote that is never closed makes one cell out of all that follows, which must not pass as a long text."""
    for column in batch.columns:
        several_lines = pc.match_substring_regex(column, r"[\r\n]")
        cells = zip(column.filter(several_lines), batch.numbers.filter(several_lines), strict=True)
        for cell, number in cells:
            if cell.as_py().count(delimiter) >= len(batch.columns) - 1:
                raise ReadError(f"第 {number} 行{OPEN_QUOTE}")
