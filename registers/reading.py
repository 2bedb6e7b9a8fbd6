"""Tables as departments send them: CSV in any of their encodings, XLSX, XLS and Parquet, read as text.

Nothing is interpreted here: a file becomes batches of text columns with the row number that a person sees when
the file is opened. What cannot be a table raises `ReadError` with what to do, in Chinese; a row that does not
fit its header is rejected with its number.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from registers.delimited import read_csv
from registers.spreadsheets import read_xls, read_xlsx
from registers.tables import (
    ROWS_PER_BATCH,
    HeaderScore,
    ReadError,
    TableFile,
    TextBatch,
    cell_text,
    complaint,
    only_data,
)

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
CUT_OFF = "Parquet 文件不完整，请重新导出"


def read_table(path: Path, *, header_score: HeaderScore) -> TableFile:
    """Open a table file by its content, whatever its name ends with.

    Raises:
        ReadError: not a table, empty, encrypted, cut off, or without a row that looks like a header.
    """
    if not path.is_file():
        raise ReadError(f"找不到文件：{path.name}")
    with path.open("rb") as file:
        head = file.read(4096)
    if not head.strip(b"\x00\xef\xbb\xbf \t\r\n"):
        raise ReadError("文件是空的")
    if head.startswith(b"PAR1"):
        return _read_parquet(path, header_score)
    if head.startswith(b"PK"):
        return read_xlsx(path, header_score)
    if head.startswith(OLE_MAGIC):
        return read_xls(path, header_score)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<":
        raise ReadError("内容是网页（HTML）或 XML，不是表格；请用表格软件打开后另存为 xlsx 再导入")
    if head.startswith((b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b")):
        raise ReadError("文件是 PDF、图片或压缩包，不是表格；请导出为 xlsx 或 csv")
    return read_csv(path, header_score)


def _read_parquet(path: Path, header_score: HeaderScore) -> TableFile:
    with complaint(CUT_OFF):
        file = pq.ParquetFile(path)
    headers = list(file.schema_arrow.names)
    if header_score(headers) == 0:
        raise ReadError("没有认得的列名，请核对是不是这张登记表，或给出列名对照")
    table = TableFile(headers, iter(()))
    table.batches = _parquet_batches(file, table)
    return table


def _parquet_batches(file: pq.ParquetFile, table: TableFile) -> Iterator[TextBatch]:
    number = 0
    with complaint(CUT_OFF):
        for batch in file.iter_batches(batch_size=ROWS_PER_BATCH):
            columns = [_as_text(column) for column in batch.columns]
            numbers = pa.array(range(number + 1, number + batch.num_rows + 1), pa.int64())
            number += batch.num_rows
            yield only_data(TextBatch(columns, numbers), table)


def _as_text(column: pa.Array) -> pa.Array:
    castable = pa.types.is_string(column.type) or pa.types.is_temporal(column.type)
    if not castable and not pa.types.is_decimal(column.type):
        return pa.array([cell_text(value) for value in column.to_pylist()], pa.string())
    return column.cast(pa.string()).fill_null("")
