"""What a simulated county looks like as a whole: numbers, sizes, mistakes, memory, determinism, marks."""

from __future__ import annotations

import dataclasses
import gc
import hashlib
import re
import zipfile
from collections import Counter
from datetime import date
from statistics import mean, median

import numpy as np
import pytest

from registers.catalogue import load_catalogue
from registers.importing import import_file
from registers.lake import Lake
from registers.values import BadValue, parse_credit_code, parse_division, parse_id_number
from simulation import mess, records
from simulation.county import plan_counties
from simulation.mess import Style, cells
from simulation.records import REGISTERS
from simulation.village import Village

pytestmark = pytest.mark.xdist_group("simulated county")  # one worker makes what these tests share

INTENDED_MESS = ("身份证号", "必填项", "租赁编号")


NOT_SIMULATED = {"name_list", "person_link"}
"""Lists without ID numbers, and the links computed from them: no sheet of the simulated county has none."""


def valid(parse, text):
    try:
        return bool(parse(text))
    except BadValue:
        return False


def digests(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_records_are_the_columns_of_the_catalogue():
    catalogue = load_catalogue()
    assert set(REGISTERS) == set(catalogue) - NOT_SIMULATED
    for name in REGISTERS:
        kind = getattr(records, "".join(word.title() for word in name.split("_")))
        assert [f.name for f in dataclasses.fields(kind)] == [
            column.name for column in catalogue[name].file_columns
        ]


def test_numbers_are_valid_but_for_typing_errors_and_belong_to_no_province(county):
    people = [row["person_key"].strip() for row in county.texts("person")]
    assert mean(valid(parse_id_number, text) for text in people) > 0.99
    assert all(text.startswith("99") for text in people if valid(parse_id_number, text) and text.isascii())
    assert len(set(people)) > 0.995 * len(people)
    assert all(
        valid(parse_credit_code, row["company_id"]) for row in county.texts("company") if row["company_id"]
    )
    assert all(valid(parse_division, row["division_code"]) for row in county.texts("division"))


def test_sizes_are_long_tailed():
    sizes = [plan.households for county in plan_counties(700, seed=3) for plan in county.villages]
    assert len(sizes) == 700
    assert median(sizes) < mean(sizes)
    assert max(sizes) > 4 * median(sizes)
    assert 60 < median(sizes) < 110


def test_codes_are_unique_over_counties():
    plans = [plan for county in plan_counties(900, seed=3) for plan in county.villages]
    assert len({plan.code for plan in plans}) == 900
    assert len({plan.county_code for plan in plans}) >= 2
    assert all(plan.code.startswith(plan.town_code) and len(plan.code) == 12 for plan in plans)


def test_density_is_as_documented(county):
    village_years = 60 * 1.75
    assert 2_000 < county.summary.total_rows / village_years < 3_600
    assert 150 < county.summary.rows["ledger_entry"] / village_years < 250


def test_same_arguments_write_the_same_bytes_and_another_seed_does_not(write, tmp_path):
    small = {"villages": 4, "end": date(2024, 3, 31), "inbox": 40}
    first = write(tmp_path / "a", **small)
    again = write(tmp_path / "b", **small)
    other = write(tmp_path / "c", **(small | {"seed": 99}))
    assert digests(first.folder) == digests(again.folder)
    assert digests(first.folder) != digests(other.folder)


def test_workbook_holds_no_time_of_writing(county):
    with zipfile.ZipFile(county.folder / "registers" / "subsidy_programme.xlsx") as book:
        assert {entry.date_time for entry in book.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        stamps = re.findall(rb"20\d\d-\d\d-\d\dT", book.read("docProps/core.xml"))
    assert not stamps


def test_a_simulation_replaces_an_earlier_one_but_no_other_folder(write, tmp_path):
    small = {"villages": 2, "end": date(2024, 3, 31), "inbox": 5}
    write(tmp_path / "a", **(small | {"end": date(2025, 3, 31)}))
    replaced = write(tmp_path / "a", **small)
    fresh = write(tmp_path / "b", **small)
    assert digests(replaced.folder) == digests(fresh.folder)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("keep", encoding="utf-8")
    with pytest.raises(ValueError, match="not empty"):
        write(tmp_path / "mine", **small)
    assert (tmp_path / "mine" / "letter.txt").read_text(encoding="utf-8") == "keep"


@pytest.mark.parametrize(
    "wrong", [{"villages": 0}, {"wrongdoing_rate": 1.2}, {"inbox": -1}, {"end": date(2023, 6, 30)}]
)
def test_arguments_out_of_range_are_refused(write, tmp_path, wrong):
    with pytest.raises(ValueError, match=r"must|at least"):
        write(tmp_path / "a", **wrong)
    assert not (tmp_path / "a" / "registers").exists()


def test_villages_are_forgotten_once_written(write, tmp_path):
    """However many villages are done, the rows and people of at most one of them are still in memory."""
    alive = []

    def look(done, of):
        gc.collect()
        kinds = Counter(type(thing) for thing in gc.get_objects())
        alive.append((kinds[Village], kinds[records.LedgerEntry]))

    before = sum(isinstance(thing, Village) for thing in gc.get_objects())
    write(tmp_path / "a", villages=5, end=date(2024, 1, 31), inbox=0, progress=look)
    assert before == 0
    assert len(alive) == 5
    assert all(villages == 1 and entries < 600 for villages, entries in alive)


def test_progress_tells_every_village(write, tmp_path):
    seen = []
    write(
        tmp_path / "a",
        villages=3,
        end=date(2024, 1, 31),
        inbox=0,
        progress=lambda done, of: seen.append((done, of)),
    )
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_everything_says_that_it_is_simulated(county):
    manifest = county.manifest()
    assert manifest["simulated"] is True
    listed = {entry["file"] for entry in manifest["files"] + manifest["other_files"] if entry["simulated"]}
    on_disk = {
        name for name in digests(county.folder) if name not in {"manifest.json", "README_SIMULATED.txt"}
    }
    assert listed == on_disk
    readme = (county.folder / "README_SIMULATED.txt").read_text(encoding="utf-8")
    assert "模拟" in readme
    assert "SIMULATED" in readme
    for entry in manifest["files"]:
        rows = sum(1 for _ in county.texts(entry["register"]))
        assert entry["rows"] <= rows
    assert {entry["register"] for entry in manifest["files"]} == set(REGISTERS)


def test_departments_write_in_their_own_ways(county):
    files = list((county.folder / "registers").iterdir())
    heads = {path.name: path.read_bytes()[:3] for path in files}
    assert any(path.suffix == ".xlsx" for path in files)
    assert any(head == b"\xef\xbb\xbf" for head in heads.values())
    assert any(head != b"\xef\xbb\xbf" for name, head in heads.items() if name.endswith(".csv"))
    days = {_shape(row["entry_date"]) for row in county.texts("ledger_entry") if row["entry_date"]}
    assert len(days) == 5


def _shape(day):
    return next((mark for mark in "年-/." if mark in day), "")


def test_each_kind_of_mistake_occurs_at_about_its_rate():
    register = load_catalogue()["ledger_entry"]
    row = records.LedgerEntry(
        village_code="990101001001", voucher_no="1", line_no=1, entry_date=date(2024, 5, 6),
        posted_on=date(2024, 5, 7), flow="expense", amount_fen=1_230_000, summary="电费",
        approver_key="990101199001010013", handler_key="990101199001010013",
    )  # fmt: skip
    counts = Counter()
    rng = np.random.default_rng(1)
    number = 40_000
    columns = cells(Style.choose(register, rng), [row] * number, rng=rng, counts=counts)
    assert {len(column) for column in columns} == {number + counts["duplicate_row"]}
    expected = {
        "id_typo": 2 * mess.ID_TYPO,
        "wan_yuan": mess.WAN_YUAN,
        "other_date_style": 2 * mess.OTHER_DATE_STYLE,
        "duplicate_row": mess.DUPLICATE_ROW,
        "missing_required": 6 * mess.MISSING_REQUIRED,
    }
    for kind, rate in expected.items():
        assert 0.6 * rate < counts[kind] / number < 1.4 * rate, kind


def test_imports_with_no_other_rows_set_aside_than_the_intended_mess(write, tmp_path):
    county = write(tmp_path / "county", villages=30, end=date(2024, 1, 31), wrongdoing_rate=0.5, inbox=0)
    lake, catalogue = Lake(tmp_path / "home"), load_catalogue()
    entries = county.manifest()["files"]
    entries.sort(key=lambda entry: entry["register"] not in {"company", "subsidy_programme"})
    for entry in entries:
        report = import_file(
            county.folder / entry["file"],
            lake=lake,
            catalogue=catalogue,
            delivered_on=date.fromisoformat(entry["delivered_on"]),
            backfill=True,
            simulated=True,
        )
        assert report.rows_in == entry["rows"]
        assert not report.notes
        assert not report.replaced
        # a lease with a blank cell is set aside, and its rents then wait for it
        waiting = 0.03 * report.rows_in if entry["register"] == "rent_payment" else 0
        assert sum(report.orphans.values()) <= waiting
        assert report.quarantined <= 0.03 * report.rows_in + 3
        assert all(any(word in reason for word in INTENDED_MESS) for reason in report.reasons), report.reasons


def test_seasons_show_in_the_ledger(county):
    spent = Counter(
        row["entry_date"].month
        for row in county.rows("ledger_entry")
        if row["flow"] == "expense" and "慰问" in (row["summary"] or "")
    )
    assert set(spent) <= {1, 2, 10, *_procurement_months(county)}
    assert spent[1] + spent[2] > spent[10] > 0


def _procurement_months(county):
    """Months in which purchases of condolence goods were paid: their summaries carry a purchase number."""
    return {
        row["entry_date"].month
        for row in county.rows("ledger_entry")
        if "慰问" in (row["summary"] or "") and "CG-" in row["summary"]
    }
