"""Tables as departments send them: CSV in any of their encodings, XLSX, XLS and Parquet, read as text.

Nothing is interpreted here: a file becomes batches of text columns with the row number that a person sees when
the file is opened. What cannot be a table raises `ReadError` with what to do, in Chinese; a row that does not
fit its header is rejected with its number.
"""

from __future__ import annotations

import csv
import functools
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import chain, islice
from pathlib import Path
from tempfile import TemporaryDirectory

import openpyxl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import xlrd

HEADER_ROWS_SEARCHED = 20
ROWS_PER_BATCH = 100_000
CSV_BLOCK_BYTES = 16 << 20
OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
TOTALS = frozenset({"合计", "总计", "小计", "合 计", "总 计", "共计"})

HeaderScore = Callable[[list[str]], int]
"""How many headers of a candidate row are known; the best row of the first twenty is the header."""


class ReadError(ValueError):
    """A file that is not a readable table. The message is Chinese and says what to do."""


@dataclass(frozen=True)
class RejectedRow:
    """A row that could not be split into the header's columns."""

    number: int
    reason: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class TextBatch:
    """Some rows of a table: one text array a header, and the row numbers of the file (from 1)."""

    columns: list[pa.Array]
    numbers: pa.Array


@dataclass
class TableFile:
    """A table being read. `rejected` and `notes` are complete once `batches` is exhausted."""

    headers: list[str]
    batches: Iterator[TextBatch]
    rejected: list[RejectedRow] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_table(path: Path, *, header_score: HeaderScore) -> TableFile:
    """Open a table file by its content, whatever its name ends with.

    Raises:
        ReadError: not a table, empty, encrypted, cut off, or without a row that looks like a header.
    """
    if not path.is_file():
        raise ReadError(f"找不到文件：{path.name}")
    head = path.open("rb").read(4096)
    if not head.strip(b"\x00\xef\xbb\xbf \t\r\n"):
        raise ReadError("文件是空的")
    if head.startswith(b"PAR1"):
        return _read_parquet(path, header_score)
    if head.startswith(b"PK"):
        return _read_xlsx(path, header_score)
    if head.startswith(OLE_MAGIC):
        return _read_xls(path, header_score)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        raise ReadError("内容是网页（HTML）或 XML，不是表格；请用表格软件打开后另存为 xlsx 再导入")
    if head.startswith((b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b")):
        raise ReadError("文件是 PDF、图片或压缩包，不是表格；请导出为 xlsx 或 csv")
    return _read_csv(path, header_score)


def find_header(rows: Iterable[list[str]], header_score: HeaderScore) -> tuple[int, list[str]]:
    """The position and names of the best header row; blanks under a merged cell take the text above.

    Raises `ReadError` when no row has a known header.
    """
    best_score, best_position, best_names = 0, -1, list[str]()
    above: list[list[str]] = []
    for position, row in enumerate(rows):
        names = [
            next((line[i] for line in [row, *reversed(above[-2:])] if i < len(line) and line[i]), "")
            for i in range(len(row))
        ]
        score = header_score(names)
        if score > best_score:
            best_score, best_position, best_names = score, position, names
        above.append(row)
    if best_score == 0:
        raise ReadError("没有找到表头：前 20 行里没有认得的列名，请核对是不是这张登记表")
    return best_position, best_names


# --- CSV ---------------------------------------------------------------------------------------------------


def _read_csv(path: Path, header_score: HeaderScore) -> TableFile:
    encoding = detect_encoding(path)
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        lines = list(islice(file, HEADER_ROWS_SEARCHED))
    delimiter = _delimiter(lines)
    reader = csv.reader(lines, delimiter=delimiter)
    rows, ends = [], []
    for row in reader:
        rows.append([cell.strip() for cell in row])
        ends.append(reader.line_num)
    position, headers = find_header(rows, header_score)
    table = TableFile(headers, iter(()))
    table.batches = _csv_batches(path, encoding, delimiter, ends[position], table)
    return table


def detect_encoding(path: Path) -> str:
    """UTF-8 (with or without mark), UTF-16, else GB18030; with damage in both, the one that loses fewer bytes."""
    with path.open("rb") as file:
        head = file.read(4)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    losses = {encoding: _undecodable(path, encoding) for encoding in ("utf-8-sig", "gb18030")}
    return min(losses, key=lambda encoding: losses[encoding])


def _undecodable(path: Path, encoding: str) -> int:
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        return sum(block.count("\ufffd") for block in iter(lambda: file.read(1 << 20), ""))


def _delimiter(lines: list[str]) -> str:
    sample = [line for line in lines if line.strip()]
    return max(",\t;|", key=lambda mark: sum(line.count(mark) for line in sample))


def _csv_batches(
    path: Path, encoding: str, delimiter: str, skip: int, table: TableFile
) -> Iterator[TextBatch]:
    names = [str(i) for i in range(len(table.headers))]
    bad_rows: list[tuple[int, RejectedRow | None]] = []

    def on_bad_row(row: pa_csv.InvalidRow) -> str:
        reason = f"这一行有 {row.actual_columns} 列，表头有 {row.expected_columns} 列"
        blank = not row.text.strip()
        bad_rows.append((row.number, None if blank else RejectedRow(row.number, reason, (row.text,))))
        return "skip"

    with TemporaryDirectory() as folder:
        reader = pa_csv.open_csv(
            _as_utf8(path, encoding, Path(folder)),
            read_options=pa_csv.ReadOptions(
                use_threads=False, column_names=names, skip_rows=skip, block_size=CSV_BLOCK_BYTES
            ),
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
        number = skip
        try:
            for batch in reader:
                bad_numbers = {bad for bad, _ in bad_rows}
                numbers: list[int] = []
                while len(numbers) < batch.num_rows:
                    number += 1
                    if number not in bad_numbers:
                        numbers.append(number)
                yield _without_blank_rows(TextBatch(batch.columns, pa.array(numbers, pa.int64())))
        except pa.ArrowInvalid as error:
            raise ReadError(
                "引号不成对或文件被截断，无法继续读取；请检查引号，或另存为 xlsx 再导入"
            ) from error
        table.rejected.extend(row for _, row in bad_rows if row is not None)


def _without_blank_rows(batch: TextBatch) -> TextBatch:
    filled = functools.reduce(pc.or_, (pc.greater(pc.utf8_length(column), 0) for column in batch.columns))
    return TextBatch([column.filter(filled) for column in batch.columns], batch.numbers.filter(filled))


def _as_utf8(path: Path, encoding: str, folder: Path) -> Path:
    copy = folder / "utf8.csv"
    with (
        path.open(encoding=encoding, errors="replace", newline="") as source,
        copy.open("w", encoding="utf-8", newline="") as target,
    ):
        for block in iter(lambda: source.read(1 << 20), ""):
            target.write(block.replace("\x00", ""))
    return copy


# --- spreadsheets ------------------------------------------------------------------------------------------


def _read_xlsx(path: Path, header_score: HeaderScore) -> TableFile:
    try:
        if not any(name.startswith("xl/") for name in zipfile.ZipFile(path).namelist()):
            raise ReadError("文件是压缩包，不是 xlsx 表格；请解压后导入")
        formulas = _holds_formulas(path)
        values = openpyxl.load_workbook(path, read_only=True, data_only=True)
        written = openpyxl.load_workbook(path, read_only=True) if formulas else None
    except (zipfile.BadZipFile, KeyError, EOFError, OSError) as error:
        raise ReadError("xlsx 文件不完整（可能传输中断），请重新导出") from error
    sheets: dict[str, Iterable[list[str]]] = {}
    for sheet in values.worksheets:
        rows = ([_cell_text(cell) for cell in row] for row in sheet.iter_rows(values_only=True))
        if written is not None:
            rows = (
                _mark_uncomputed(row, raw)
                for row, raw in zip(rows, written[sheet.title].iter_rows(values_only=True), strict=False)
            )
        sheets[sheet.title] = rows
    return _read_sheets(sheets, header_score)


def _holds_formulas(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                content = archive.read(name)
                if b"<f>" in content or b"<f " in content:
                    return True
    return False


def _mark_uncomputed(row: list[str], raw: tuple[object, ...]) -> list[str]:
    """A formula whose result was never computed reads as the formula, so that it is refused and not lost."""
    return [
        str(cell) if not text and isinstance(cell, str) and cell.startswith("=") else text
        for text, cell in zip(row, raw, strict=False)
    ]


def _read_xls(path: Path, header_score: HeaderScore) -> TableFile:
    try:
        book = xlrd.open_workbook(path)
    except Exception as error:  # xlrd raises assertion, index and struct errors on damaged files
        raise ReadError("xls 文件已加密或损坏，请去掉密码并另存为 xlsx") from error
    sheets: dict[str, Iterable[list[str]]] = {
        sheet.name: [[_xls_text(cell, book.datemode) for cell in sheet.row(i)] for i in range(sheet.nrows)]
        for sheet in book.sheets()
    }
    return _read_sheets(sheets, header_score)


def _xls_text(cell: xlrd.sheet.Cell, datemode: int) -> str:
    if cell.ctype == xlrd.XL_CELL_DATE:
        return _cell_text(xlrd.xldate_as_datetime(cell.value, datemode))
    return _cell_text(bool(cell.value) if cell.ctype == xlrd.XL_CELL_BOOLEAN else cell.value)


def _read_sheets(sheets: dict[str, Iterable[list[str]]], header_score: HeaderScore) -> TableFile:
    """The sheet whose header is known best; what the other sheets hold is noted, not read."""
    candidates: list[tuple[int, str, int, list[str], Iterator[list[str]]]] = []
    for name, rows in sheets.items():
        source = iter(rows)
        top = list(islice(source, HEADER_ROWS_SEARCHED))
        try:
            position, headers = find_header(top, header_score)
        except ReadError:
            continue
        candidates.append(
            (header_score(headers), name, position, headers, chain(top[position + 1 :], source))
        )
    if not candidates:
        raise ReadError("没有找到表头：前 20 行里没有认得的列名，请核对是不是这张登记表")
    _, chosen, position, headers, body = max(candidates, key=lambda candidate: candidate[0])
    table = TableFile(headers, iter(()))
    others = [name for _, name, *_ in candidates if name != chosen]
    if others:
        table.notes.append(f"只读取了工作表“{chosen}”；未读取：{'、'.join(others)}")
    table.batches = _row_batches(body, position + 1, table)
    return table


def _row_batches(rows: Iterator[list[str]], number: int, table: TableFile) -> Iterator[TextBatch]:
    width = len(table.headers)
    while True:
        cells: list[list[str]] = []
        numbers: list[int] = []
        for row in islice(rows, ROWS_PER_BATCH):
            number += 1
            if not any(row):
                continue
            if next(cell for cell in row if cell).replace(" ", "") in TOTALS:
                table.rejected.append(RejectedRow(number, "合计行，不是数据", tuple(row)))
                continue
            cells.append((row + [""] * width)[:width])
            numbers.append(number)
        if not numbers:
            return
        yield TextBatch(
            [pa.array(column, pa.string()) for column in zip(*cells, strict=True)],
            pa.array(numbers, pa.int64()),
        )


def _cell_text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "是" if value else "否"
        case float():
            return str(int(value)) if value.is_integer() else repr(value)
        case datetime():
            return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")
        case date():
            return value.isoformat()
        case _:
            return str(value).strip()


# --- Parquet -----------------------------------------------------------------------------------------------


def _read_parquet(path: Path, header_score: HeaderScore) -> TableFile:
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise ReadError("Parquet 文件不完整，请重新导出") from error
    headers = list(file.schema_arrow.names)
    if header_score(headers) == 0:
        raise ReadError("没有认得的列名，请核对是不是这张登记表，或给出列名对照")
    return TableFile(headers, _parquet_batches(file))


def _parquet_batches(file: pq.ParquetFile) -> Iterator[TextBatch]:
    number = 0
    for batch in file.iter_batches(batch_size=ROWS_PER_BATCH):
        columns = [_as_text(column) for column in batch.columns]
        numbers = pa.array(range(number + 1, number + batch.num_rows + 1), pa.int64())
        number += batch.num_rows
        yield TextBatch(columns, numbers)


def _as_text(column: pa.Array) -> pa.Array:
    if pa.types.is_floating(column.type) or pa.types.is_boolean(column.type):
        return pa.array([_cell_text(value) for value in column.to_pylist()], pa.string())
    return column.cast(pa.string()).fill_null("")
