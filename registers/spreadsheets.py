"""Spreadsheets: .xlsx and the old .xls, with the results of their formulas."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path

import openpyxl
import pyarrow as pa
import xlrd
from openpyxl.worksheet._read_only import ReadOnlyWorksheet

from registers.tables import (
    HEADER_ROWS_SEARCHED,
    NO_HEADER,
    ROWS_PER_BATCH,
    HeaderScore,
    ReadError,
    TableFile,
    TextBatch,
    cell_text,
    complaint,
    find_header,
    only_data,
)

CUT_OFF = "xlsx 文件不完整（可能传输中断），请重新导出"


def read_xlsx(path: Path, header_score: HeaderScore) -> TableFile:
    with complaint(CUT_OFF):
        with zipfile.ZipFile(path) as archive:
            if not any(name.startswith("xl/") for name in archive.namelist()):
                raise ReadError("文件是压缩包，不是 xlsx 表格；请解压后导入")
            formulas = _holds_formulas(archive)
        values = openpyxl.load_workbook(path, read_only=True, data_only=True)
        written = openpyxl.load_workbook(path, read_only=True) if formulas else None
    sheets: dict[str, Iterable[list[str]]] = {}
    for sheet in values.worksheets:
        rows = ([cell_text(cell) for cell in row] for row in _sheet_rows(sheet))
        if written is not None:
            rows = (
                _mark_uncomputed(row, raw)
                for row, raw in zip(rows, _sheet_rows(written[sheet.title]), strict=True)
            )
        sheets[sheet.title] = rows
    return _read_sheets(sheets, header_score)


def _sheet_rows(sheet: ReadOnlyWorksheet) -> Iterator[tuple[object, ...]]:
    sheet.reset_dimensions()  # some exporters write A1 there, and then one column would be read
    with complaint(CUT_OFF):
        yield from sheet.values


def _holds_formulas(archive: zipfile.ZipFile) -> bool:
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


def read_xls(path: Path, header_score: HeaderScore) -> TableFile:
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
        return cell_text(xlrd.xldate_as_datetime(cell.value, datemode))
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return str(xlrd.error_text_from_code.get(cell.value, "#VALUE!"))
    return cell_text(bool(cell.value) if cell.ctype == xlrd.XL_CELL_BOOLEAN else cell.value)


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
        raise ReadError(NO_HEADER)
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
            cells.append((row + [""] * width)[:width])
            numbers.append(number)
        if not numbers:
            return
        read = TextBatch(
            [pa.array(column, pa.string()) for column in zip(*cells, strict=True)],
            pa.array(numbers, pa.int64()),
        )
        yield only_data(read, table)
