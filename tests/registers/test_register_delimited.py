"""Quotes in CSV: a text of several lines is a text, a quote left open is never the end of a file in silence."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registers.reading import read_table
from registers.tables import ReadError, TableFile

HEADERS = ["编号", "日期", "内容"]


def read(path: Path, content: str | bytes) -> tuple[list[list[str]], TableFile]:
    """All rows of a CSV with `HEADERS`, and the table after reading."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    table = read_table(path, header_score=lambda row: len(set(row) & set(HEADERS)))
    rows = [list(row) for b in table.batches for row in zip(*(c.to_pylist() for c in b.columns), strict=True)]
    return rows, table


texts = st.text(st.sampled_from("村账,，;\n\"' 甲1"), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.lists(st.tuples(st.sampled_from("123"), texts, texts), min_size=1, max_size=5))
def test_whatever_is_quoted_as_it_should_be_comes_back(body: list[tuple[str, ...]], tmp_path: Path) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([HEADERS, *body])
    rows, table = read(tmp_path / "inbox.csv", out.getvalue())
    assert rows == [list(row) for row in body]
    assert table.rejected == []


@pytest.mark.parametrize("column", [0, 1, 2])
@pytest.mark.parametrize("closed_again", [None, 3, 4])
def test_an_open_quote_refuses_the_file_with_its_row(
    column: int, closed_again: int | None, tmp_path: Path
) -> None:
    rows = [[str(n), "2024-01-01", "反映问题"] for n in range(1, 7)]
    for row in [1] if closed_again is None else [1, closed_again]:
        rows[row][column] = '"' + rows[row][column]
    text = "\n".join(",".join(row) for row in [HEADERS, *rows]) + "\n"
    with pytest.raises(ReadError, match=r"第 3 行附近的引号不成对|引号不成对，无法继续读取"):
        read(tmp_path / "inbox.csv", text)


def test_a_quote_within_a_cell_is_a_character(tmp_path: Path) -> None:
    rows, table = read(
        tmp_path / "inbox.csv", '编号,日期,内容\n1,2024-01-01,6"管\n2,2024-01-02,直径 5" 的管\n'
    )
    assert [row[2] for row in rows] == ['6"管', '直径 5" 的管']
    assert table.rejected == []


def test_rows_that_do_not_fit_are_rejected_with_their_numbers(tmp_path: Path) -> None:
    rows, table = read(
        tmp_path / "inbox.csv", "编号,日期,内容\n1,2,3\n\n1,2\n , ,\n1,2,3,4\n合计：,,9\n1,2,3\n"
    )
    assert len(rows) == 2
    assert sorted((row.number, row.reason) for row in table.rejected) == [
        (4, "这一行有 2 列，表头有 3 列"),
        (6, "这一行有 4 列，表头有 3 列"),
        (7, "合计行，不是数据"),
    ]
