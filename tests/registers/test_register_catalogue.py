"""Conformance of every register in the catalogue: a new one is covered on the day it is added."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from benchmarks.deliveries import VILLAGE, as_csv, as_parquet, as_xlsx, company, person
from registers.catalogue import (
    CATALOGUE_FOLDER,
    Catalogue,
    CatalogueError,
    Column,
    Register,
    header_key,
    load_catalogue,
)
from registers.engine import DuckDBEngine
from registers.importing import import_file
from registers.lake import META_COLUMNS, Lake
from registers.query import parse_query
from registers.values import BadValue, clean

CATALOGUE = load_catalogue()
COLUMNS = [(register, column) for register in CATALOGUE.values() for column in register.columns]
DELIVERED = date(2024, 6, 30)
every_register = pytest.mark.parametrize("register", CATALOGUE.values(), ids=lambda register: register.id)
every_column = pytest.mark.parametrize(
    ("register", "column"), COLUMNS, ids=[f"{register.id}.{column.name}" for register, column in COLUMNS]
)


def sample(column: Column) -> str:
    """A valid cell of a column, as a department writes it."""
    match column.type:
        case "enum":
            return next(name for names in column.values.values() for name in names)
        case "integer" | "decimal" | "amount":
            scale = 100 if column.type == "amount" else 1
            return str(int(max(column.min or 1, 1) / scale) or 1)
    return {
        "text": "甲",
        "note": "甲",
        "bool": "是",
        "date": "2024-05-10",
        "month": "2024-05",
        "division": VILLAGE,
        "credit_code": company(1),
        "person": person(1),
        "party": company(2),
        "phone": "13900001234",
        "written": "",
        "account": "6228480402564890018",
    }[column.type]


WRITERS: dict[str, Callable[[list[str], list[str]], bytes]] = {
    "csv": lambda headers, row: as_csv([headers, row]),
    "xlsx": lambda headers, row: as_xlsx([headers, row]),
    "parquet": lambda headers, row: as_parquet(
        pa.table({header: [cell] for header, cell in zip(headers, row, strict=True)})
    ),
}


@every_register
def test_a_register_says_whose_it_is_and_what_a_row_is(register: Register) -> None:
    assert register.owner
    assert register.name
    assert register.key
    assert (CATALOGUE_FOLDER / f"{register.id}.yaml").is_file()
    assert register[register.event_date].type in ("date", "month")
    assert register[register.recorded_on or register.event_date].type in ("date", "month")
    assert all(register[name].required or register[name].derived_from for name in register.key), (
        "a key without a value cannot tell rows apart"
    )
    assert register[register.event_date].required
    assert all(register[name].in_lake for name in register.key)
    assert not {column.name for column in register.columns} & {*META_COLUMNS, "content", "county", "row_key"}


@every_register
def test_no_header_means_two_columns_and_names_do_not_repeat(register: Register) -> None:
    headers = Counter(
        header_key(name)
        for column in register.columns
        for name in {header_key(n) for n in (column.name, column.zh, *column.aliases)}
    )
    assert [header for header, count in headers.items() if count > 1] == []


@every_register
def test_personal_columns_have_a_personal_class(register: Register) -> None:
    personal = {"person", "party", "account"} & {column.type for column in register.columns}
    if personal or any(column.vault for column in register.columns):
        assert register.personal_data != "none"


@every_column
def test_a_column_is_named_in_chinese_and_its_settings_hold_together(
    register: Register, column: Column
) -> None:
    assert any("\u4e00" <= character <= "\u9fff" for character in column.zh)
    if column.references:
        target, _, name = column.references.partition(".")
        assert CATALOGUE[target][name].sql_type == column.sql_type
    if column.known_with:
        assert register[column.known_with].sql_type == "DATE"
        assert column.otherwise is None or not column.values or column.otherwise in column.values
    assert column.min is None or column.max is None or column.min < column.max
    assert column.type == "amount" or not column.name.endswith("_fen")
    assert column.name.endswith("_fen") or column.type != "amount"


@every_column
def test_every_way_to_write_an_enum_value_is_read(register: Register, column: Column) -> None:
    written = [name for names in column.values.values() for name in names if clean(name)]  # 无 is no value
    assert len(written) == len(set(written)), "one text for two values"
    for value, names in column.values.items():
        assert not clean(value) or column.enum_value(value) == value
        assert {column.enum_value(name) for name in names if clean(name)} <= {value}
    if column.values:
        with pytest.raises(BadValue, match="取值不在范围内"):
            column.enum_value("没有这个取值")


@every_register
def test_a_register_is_imported_by_chinese_and_english_headers_from_every_kind_of_file(
    register: Register, tmp_path: Path
) -> None:
    required = [column for column in register.columns if column.required]
    for kind, write in WRITERS.items():
        lake = Lake(tmp_path / kind)
        for columns, day in ((register.columns, 29), (required, 30)):
            chinese = columns is register.columns
            path = tmp_path / f"{register.name if chinese else register.id}_2024.{kind}"
            headers = [column.zh if chinese else column.name for column in columns]
            path.write_bytes(write(headers, [sample(column) for column in columns]))
            report = import_file(path, lake=lake, catalogue=CATALOGUE, delivered_on=date(2024, 6, day))
            assert report.register == register.id
            assert (report.rows_in, report.quarantined) == (1, 0), report.reasons
            assert not chinese or set(report.coverage.values()) == {1.0}
    names = ", ".join((*(column.name for column in register.lake_columns), *META_COLUMNS))
    with DuckDBEngine(lake, as_of=DELIVERED, catalogue=CATALOGUE) as engine:
        query = parse_query(f"SELECT {names} FROM {register.id}", source="t", relations=[register.id])
        found = engine.query(query.tree).to_pylist()
    assert len(found) == 1, "a row without its optional columns is a new version of the same row"
    assert found[0]["row_id"].startswith(f"{register.id}:")


@every_register
def test_a_register_is_known_by_the_headers_alone(register: Register) -> None:
    assert CATALOGUE.by_headers([column.zh for column in register.columns]) == register


GOOD = """
id: pond
name: 鱼塘
owner: 农业农村局
frequency: yearly
sharing: open
personal_data: none
mode: versioned
key: [pond_id]
event_date: dug_on
max_age_days: 800
aged_by: delivery
columns:
  - {name: pond_id, zh: 鱼塘编号, type: text, required: true}
  - {name: dug_on, zh: 开挖日期, type: date, required: true}
"""


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("id: pond\n", "id: lake\n", "name the file after the id"),
        ("owner: 农业农村局\n", "", "owner"),
        ("key: [pond_id]", "key: [number]", "'number' is not a column"),
        ("event_date: dug_on", "event_date: filled_on", "'filled_on' is not a column"),
        ("type: text", "type: string", "columns.0.type"),
        ("type: text", "type: text, reference: a.b", "Extra inputs"),
        ("type: text", "type: enum", "an enum needs it"),
        ("type: text", "type: text, references: pool.pool_id", "which is not there"),
        ("name: dug_on, zh", "name: pond_id, zh", "the same name"),
        ("frequency: yearly", "frequency: sometimes", "frequency"),
    ],
)
def test_a_register_file_that_cannot_be_used_says_why(
    old: str, new: str, complaint: str, tmp_path: Path
) -> None:
    assert old in GOOD
    (tmp_path / "pond.yaml").write_text(GOOD.replace(old, new), "utf-8")
    with pytest.raises(CatalogueError, match=r"pond\.yaml") as refusal:
        load_catalogue(tmp_path)
    assert complaint in str(refusal.value)


def test_the_catalogue_has_the_registers_of_the_design() -> None:
    assert isinstance(CATALOGUE, Catalogue)
    assert len(CATALOGUE) >= 18
