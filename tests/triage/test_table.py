"""A table file in, the same file with answers out; no row is lost."""

from __future__ import annotations

import csv
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ml.triage import TriageModel
from ml.triage.table import NO_TEXT, triage_file
from registers.tables import ReadError
from tests.triage.messages import ACCUSATION, QUESTION, REQUEST

NEW = [
    "key_probability", "key", "abstain", "nature", "field", "topic", "official_class", "urgency", "no_substance", "spam",
    "reasons", "duplicate_group",
]  # fmt: skip


@pytest.fixture(scope="module")
def model() -> TriageModel:
    return TriageModel.load()


def write_csv(path: Path, rows: list[list[str]], *, encoding: str = "utf-8") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_csv_in_any_encoding_keeps_its_columns_and_gets_the_answers(
    model: TriageModel, tmp_path: Path, encoding: str
) -> None:
    path = write_csv(
        tmp_path / "来信.csv", [["编号", "内容"], ["1", ACCUSATION], ["2", QUESTION]], encoding=encoding
    )
    summary = triage_file(path, tmp_path / "out.csv", model=model)
    first, second = read_csv(tmp_path / "out.csv")
    assert list(first) == ["编号", "内容", *NEW]
    assert (first["编号"], first["key"], first["nature"]) == ("1", "1", "accusation")
    assert (second["key"], second["nature"], second["duplicate_group"]) == ("0", "consultation", "")
    assert (summary.messages, summary.keys, summary.text_columns) == (2, 1, ("内容",))
    assert summary.natures == {"accusation": 1, "consultation": 1}


def test_the_answer_in_a_file_is_the_answer_of_the_model(model: TriageModel, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "in.csv", [["subject", "detail"], ["举报村支书", ACCUSATION]])
    summary = triage_file(path, tmp_path / "out.csv", model=model)
    (row,) = read_csv(tmp_path / "out.csv")
    (expected,) = model.predict([f"举报村支书。{ACCUSATION}"])
    assert summary.text_columns == ("subject", "detail")
    assert float(row["key_probability"]) == pytest.approx(expected.key_probability, abs=1e-4)
    assert row["reasons"] == "；".join(expected.reasons)


@pytest.mark.parametrize("suffix", [".xlsx", ".parquet"])
def test_other_formats_in_and_out(model: TriageModel, tmp_path: Path, suffix: str) -> None:
    table = pa.table({"msg_id": ["1", "2"], "短信内容": [REQUEST, ACCUSATION]})
    pq.write_table(table, tmp_path / "in.parquet")
    triage_file(tmp_path / "in.parquet", tmp_path / f"middle{suffix}", model=model)
    summary = triage_file(tmp_path / f"middle{suffix}", tmp_path / "out.parquet", model=model)
    written = pq.read_table(tmp_path / "out.parquet")
    assert written.column_names == ["msg_id", "短信内容", *NEW, *(f"triage_{name}" for name in NEW)]
    assert written["triage_key"].to_pylist() == [0, 1]
    assert [str(value) for value in written["key"].to_pylist()] == ["0", "1"]
    assert summary.text_columns == ("短信内容",)


def test_near_copies_share_the_row_number_of_the_first(model: TriageModel, tmp_path: Path) -> None:
    rows = [["内容"], [QUESTION], [ACCUSATION], [ACCUSATION + "急"], [ACCUSATION.replace("严查", "查处")]]
    summary = triage_file(write_csv(tmp_path / "in.csv", rows), tmp_path / "out.csv", model=model)
    assert [row["duplicate_group"] for row in read_csv(tmp_path / "out.csv")] == ["", "3", "3", "3"]
    assert summary.duplicates == 2


def test_rows_without_text_or_shape_are_kept_with_the_reason(model: TriageModel, tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text(f"编号,内容\n1,{ACCUSATION}\n2,\n3,a,b,c,d\n4,{QUESTION}\n", encoding="utf-8")
    summary = triage_file(path, tmp_path / "out.csv", model=model)
    rows = read_csv(tmp_path / "out.csv")
    assert [row["key"] for row in rows] == ["1", "", "", "0"]
    assert rows[1]["reasons"] == NO_TEXT
    assert "无法读取" in rows[2]["reasons"]
    assert (summary.messages, summary.unread) == (4, 2)
    assert {rows[1]["abstain"], rows[2]["abstain"]} == {"1"}


def test_the_longest_column_is_the_text_when_no_name_is_known(model: TriageModel, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "in.csv", [["a", "b"], ["1", ACCUSATION], ["2", REQUEST]])
    assert triage_file(path, tmp_path / "out.csv", model=model).text_columns == ("b",)
    chosen = triage_file(path, tmp_path / "out.csv", model=model, text_column="a")
    assert (chosen.text_columns, chosen.abstained) == (("a",), 2)


def test_a_cell_that_looks_like_a_formula_stays_text(model: TriageModel, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "in.csv", [["内容"], ['=HYPERLINK("http://a","村支书贪污")' + ACCUSATION]])
    triage_file(path, tmp_path / "out.xlsx", model=model)
    cell = openpyxl.load_workbook(tmp_path / "out.xlsx").active["A2"]
    assert (cell.data_type, cell.value[:10]) == ("s", "=HYPERLINK")


def test_a_table_without_a_text_column_is_refused(model: TriageModel, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "in.csv", [["编号", "日期"], ["1", "2026"]])
    with pytest.raises(ReadError, match="没有找到来信内容"):
        triage_file(path, tmp_path / "out.csv", model=model)


def test_an_unknown_column_and_an_unknown_ending_are_refused(model: TriageModel, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "in.csv", [["编号", "内容"], ["1", ACCUSATION]])
    with pytest.raises(ReadError, match="没有“正文”这一列；文件中的列有：编号、内容"):
        triage_file(path, tmp_path / "out.csv", model=model, text_column="正文")
    with pytest.raises(ReadError, match=r"\.csv、\.xlsx 或 \.parquet"):
        triage_file(path, tmp_path / "out.pdf", model=model)


def test_what_is_no_table_is_refused(model: TriageModel, tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_bytes(b"")
    with pytest.raises(ReadError, match="空的"):
        triage_file(tmp_path / "empty.csv", tmp_path / "out.csv", model=model)


def test_a_file_of_headers_alone_gives_a_file_of_headers(model: TriageModel, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "in.csv", [["编号", "内容"]])
    for out in ("out.csv", "out.xlsx", "out.parquet"):
        assert triage_file(path, tmp_path / out, model=model).messages == 0
    assert pq.read_table(tmp_path / "out.parquet").column_names == ["编号", "内容", *NEW]
