"""The steps of docs/how-to/add-a-register.md, walked as they are written there."""

from __future__ import annotations

import re
import shutil
from datetime import date
from pathlib import Path

import yaml

from benchmarks.deliveries import VILLAGE, as_xlsx
from registers.catalogue import CATALOGUE_FOLDER, load_catalogue
from registers.engine import DuckDBEngine
from registers.importing import import_file
from registers.lake import Lake
from registers.query import bind, parse_query

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "add-a-register.md"
AS_OF = date(2024, 6, 30)


def test_the_steps_of_the_page(tmp_path: Path) -> None:
    text = PAGE.read_text("utf-8")
    block = re.search(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert block
    register_id = yaml.safe_load(block[1])["id"]
    folder = tmp_path / "catalogue"
    shutil.copytree(CATALOGUE_FOLDER, folder)
    (folder / f"{register_id}.yaml").write_text(block[1], "utf-8")
    catalogue = load_catalogue(folder)
    register = catalogue[register_id]

    named = re.search(r"`cunjian import (\S+?)\.xlsx`", text)
    assert named
    path = tmp_path / f"{named[1]}.xlsx"
    headers = ["行政村代码", "公示编号", "张贴日期", "事项", "金额（万元）"]
    rows = [
        [VILLAGE, "G1", "2024年5月10日", "财务收支", "0.05"],
        [VILLAGE, "G2", "2024-05-11", "其他", "1"],
    ]
    path.write_bytes(as_xlsx([headers, *rows]))
    report = import_file(path, lake=Lake(tmp_path), catalogue=catalogue, delivered_on=AS_OF)
    assert report.register == register_id
    assert (report.accepted, report.quarantined) == (1, 1)
    assert list(report.reasons) == ["公开事项：取值不在范围内，应为：财务收支、补贴名单、工程项目"]

    query = parse_query(
        f"SELECT notice_no, topic, amount_fen FROM {register.id} WHERE posted_on <= :as_of",
        source="test",
        relations=catalogue.keys(),
    )
    with DuckDBEngine(Lake(tmp_path), as_of=AS_OF, catalogue=catalogue) as engine:
        found = engine.query(bind(query, {"as_of": AS_OF})).to_pylist()
    assert found == [{"notice_no": "G1", "topic": "finance", "amount_fen": 50_000}]


def test_the_page_names_every_type_and_every_setting_of_a_register() -> None:
    text = PAGE.read_text("utf-8")
    registers = load_catalogue().values()
    types = {column.type for register in registers for column in register.columns}
    assert [name for name in types if f"`{name}`" not in text] == []
    settings = {name for register in registers for name in type(register).model_fields}
    settings -= {"min_coverage"}  # the default serves every register
    assert [name for name in settings if not re.search(rf"\b{name}\b", text)] == []
