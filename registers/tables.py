"""A table being read: batches of text with row numbers, the search for its header, and what is not data.

Shared by the readers of the file kinds; `registers.reading` opens a file with the right one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time

import pyarrow as pa
import pyarrow.compute as pc

HEADER_ROWS_SEARCHED = 20
ROWS_PER_BATCH = 100_000
TOTALS = ("合计", "总计", "小计", "共计", "累计", "本页合计", "本月合计", "本年累计")
EXACT_DIGITS = 15  # a spreadsheet keeps no more of a number
NO_HEADER = "没有找到表头：前 20 行里没有认得的列名，请核对是不是这张登记表"

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
        raise ReadError(NO_HEADER)
    return best_position, best_names


def only_data(batch: TextBatch, table: TableFile) -> TextBatch:
    """Without blank rows, which hold nothing, and rows of totals, which are rejected."""
    trimmed = [pc.utf8_trim_whitespace(column) for column in batch.columns]
    first = pc.coalesce(*(pc.if_else(pc.equal(column, ""), None, column) for column in trimmed))
    plain = pc.replace_substring_regex(first, r"[\s:：]", "")
    total = pc.is_in(plain, pa.array(TOTALS))
    for row in pc.indices_nonzero(total).to_pylist():
        cells = tuple(column[row].as_py() for column in batch.columns)
        table.rejected.append(RejectedRow(batch.numbers[row].as_py(), "合计行，不是数据", cells))
    kept = pc.and_(pc.is_valid(first), pc.invert(total))
    return TextBatch([column.filter(kept) for column in batch.columns], batch.numbers.filter(kept))


@contextmanager
def complaint(message: str) -> Iterator[None]:
    """Whatever a damaged file makes a library raise (they raise everything) becomes one sentence.

    What the operating system reports by number (no space, no permission) is not about the file and goes through.
    """
    try:
        yield
    except ReadError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise ReadError(message) from error


def cell_text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "是" if value else "否"
        case float() | int():
            return _number_text(value)
        case datetime():
            return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")
        case date():
            return value.isoformat()
        case _:
            return str(value).strip()


def _number_text(value: float) -> str:
    """A number's digits; in scientific form where the sheet has lost some, so that no ID number is made of it."""
    if isinstance(value, float) and not value.is_integer():
        return repr(value)
    digits = str(int(value))
    lost = len(digits) - EXACT_DIGITS
    if lost > 0 and (isinstance(value, float) or digits.endswith("0" * lost)):
        return f"{int(value):.{EXACT_DIGITS - 1}e}"
    return digits
