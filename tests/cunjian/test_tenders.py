"""Tenders of a home: bids from the registers, or from a labelled file in whatever form it comes."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from cunjian.tenders import NoTenders, read_labelled, tenders_of
from registers.engine import DuckDBEngine
from registers.tables import ReadError
from tests.cunjian.conftest import DAY, Office
from tests.ml.test_tender_model import _tenders as made_up

AS_OF = date(2025, 6, 30)
VILLAGE = "990101101201"


def tender(number: str, *, village: str = VILLAGE) -> dict[str, object]:
    return {"tender_id": number, "village_code": village, "published_on": date(2025, 1, 10)}


def bid(number: str, bidder: str, fen: int | None, *, status: str = "valid", on: date = date(2025, 2, 1)):
    return {
        "tender_id": number, "bid_no": bidder, "bidder_id": bidder, "amount_fen": fen, "status": status,
        "submitted_on": on,
    }  # fmt: skip


def test_bids_that_were_withdrawn_or_came_later_are_left_out():
    rows = {
        "tender": [tender("T1"), tender("T2", village="990101102201")],
        "bid": [
            bid("T1", "A", 100), bid("T1", "B", 120, status="disqualified"), bid("T1", "C", 90, status="withdrawn"),
            bid("T2", "A", None), bid("T2", "B", 80, on=date(2025, 7, 1)),
        ],
    }  # fmt: skip
    with DuckDBEngine.from_rows(rows, as_of=AS_OF) as engine:
        found = tenders_of(engine)
    kept = found.bids.sort_values(["tender", "bidder"])
    assert list(zip(kept["tender"], kept["bidder"], strict=True)) == [("T1", "A"), ("T1", "B"), ("T2", "A")]
    assert kept["amount"].tolist()[:2] == [100.0, 120.0]
    assert kept["amount"].isna().tolist() == [False, False, True]
    assert found.villages.to_dict() == {"T1": VILLAGE, "T2": "990101102201"}


def test_a_home_without_tenders_is_told_what_to_import():
    with (
        DuckDBEngine.from_rows({"tender": [tender("T1")]}, as_of=AS_OF) as engine,
        pytest.raises(NoTenders, match="请先导入招标项目、投标"),
    ):
        tenders_of(engine)


def labelled() -> pd.DataFrame:
    bids, y = made_up(6)
    return bids.assign(label=bids["tender"].map(y)).round(2)


@pytest.mark.parametrize("form", ["parquet", "csv", "gbk", "xlsx", "chinese"])
def test_a_labelled_file_is_read_in_every_form(tmp_path: Path, form: str) -> None:
    table, path = labelled(), tmp_path / f"bids.{form if form in ('parquet', 'xlsx') else 'csv'}"
    match form:
        case "parquet":
            table.to_parquet(path)
        case "xlsx":
            table.to_excel(path, index=False)
        case "chinese":
            named = {"tender": "招标编号", "bidder": "投标人", "amount": "报价", "label": "标注"}
            words = table.assign(label=table["label"].map({1.0: "属实", 0.0: "不属实"})).rename(columns=named)
            words.to_csv(path, index=False, encoding="utf-8-sig")
        case _:
            table.to_csv(path, index=False, encoding="gbk" if form == "gbk" else "utf-8")
    bids, judged = read_labelled(path)
    pd.testing.assert_frame_equal(bids, table[["tender", "bidder", "amount"]], check_dtype=False)
    assert dict(zip(judged["entity_id"], judged["label"], strict=True)) == {
        f"T000{n}": float(n % 2) for n in range(6)
    }


def test_rows_without_a_label_or_a_price_stay(tmp_path: Path) -> None:
    path = tmp_path / "bids.csv"
    path.write_text('tender,bidder,amount,label\na,x,"1,200.5",\na,y,,\nb,x,3,1\n', encoding="utf-8")
    bids, judged = read_labelled(path)
    assert bids["amount"].tolist()[0] == 1200.5
    assert bids["amount"].isna().tolist() == [False, True, False]
    assert judged["entity_id"].tolist() == ["b"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tender,bidder,amount\na,x,1\n", "一列 label"),
        ("tender,bidder,amount,label\na,x,1,1\na,y,2,0\n", "招标 a 的各行标注不一致"),
        ("tender,bidder,amount,label\na,x,一百,1\n", "第 2 行：报价“一百”不是数字"),
        ("tender,bidder,amount,label\na,x,1,maybe\n", "第 2 行：标注“maybe”应为"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_row(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "bids.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ReadError, match=said):
        read_labelled(path)


def test_a_model_is_trained_from_a_file_on_a_home_without_registers(
    empty_office: Office, tmp_path: Path
) -> None:
    bids, y = made_up(60)
    path = tmp_path / "bids.parquet"
    bids.assign(label=bids["tender"].map(y)).to_parquet(path)
    done = empty_office.json("train", "tender", "--bids", str(path), "--as-of", DAY)
    assert isinstance(done, dict)
    assert (done["registered"]["kind"], done["rows"], done["confirmed"]) == ("tender", 60, 30)
    page = (empty_office.home / "reports" / "tender" / "1" / "report.html").read_text(encoding="utf-8")
    assert "标注来自文件，不是本系统核查的结果" in page
    nothing = empty_office.run("train", "tender", "--as-of", DAY)
    assert nothing.returncode == 1
    assert "--bids" in nothing.stderr.replace("\n", "")
    assert "Traceback" not in nothing.stderr
