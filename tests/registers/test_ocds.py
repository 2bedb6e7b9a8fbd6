"""Open contracting data into the registers tender, bid, award_item and contract."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlglot import exp

from cunjian.imports import Refused, import_path
from registers.catalogue import load_catalogue
from registers.engine import DuckDBEngine
from registers.lake import Lake
from registers.ocds import is_ocds, registers_in
from registers.quality import QualityReport

DAY = date(2026, 11, 1)
VILLAGE = "990101101201"
FIRM = "91110000802100433B"
RELEASE: dict[str, Any] = {
    "ocid": "ocds-1",
    "date": "2026-05-01T09:00:00+08:00",
    "buyer": {"id": "K", "name": "某村"},
    "parties": [{"id": "P1", "identifier": {"scheme": "CN-USCC", "id": FIRM}}],
    "tender": {
        "title": "修路", "mainProcurementCategory": "works", "procurementMethod": "open",
        "procurementMethodDetails": "公开招标", "awardCriteria": "priceOnly", "numberOfTenderers": 2,
        "value": {"amount": 1000000, "currency": "CNY"},
        "tenderPeriod": {"startDate": "2026-03-01T09:00:00+08:00", "endDate": "2026-03-20T08:00:00+08:00"},
        "items": [{"classification": {"id": "72000000"}}],
    },
    "bids": {"details": [
        {"id": "a", "status": "valid", "date": "2026-03-20T08:30:00+08:00", "tenderers": [{"id": "P1"}],
         "value": {"amount": 900000.55, "currency": "CNY"}},
        {"id": "b", "status": "disqualified", "date": "2026-03-19T10:00:00+08:00", "tenderers": [{"id": "Q"}, {"id": "R"}],
         "value": {"amount": 800000, "currency": "CNY"}},
        {"id": "c", "status": "invited", "tenderers": [{"id": "S"}]},
    ]},
    "awards": [{"id": "1", "status": "active", "date": "2026-04-01T00:00:00+08:00", "suppliers": [{"id": "P1"}],
                "value": {"amount": 900000.55, "currency": "CNY"}}],
    "contracts": [
        {"id": "1", "awardID": "1", "status": "active", "dateSigned": "2026-04-10T00:00:00+08:00",
         "value": {"amount": 900000.55, "currency": "CNY"}},
        {"id": "2", "awardID": "1", "status": "pending"},
    ],
}  # fmt: skip


def written(folder: Path, *releases: Mapping[str, Any] | str, name: str = "招标.jsonl") -> Path:
    path = folder / name
    lines = [r if isinstance(r, str) else json.dumps(r, ensure_ascii=False) for r in releases]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def delivered(path: Path, home: Path, on: date = DAY, **constants: str) -> dict[str, QualityReport]:
    reports = {}
    for result in import_path(
        path,
        home=home,
        catalogue=load_catalogue(),
        delivered_on=on,
        constants={"village_code": VILLAGE} | constants,
    ):
        assert isinstance(result, QualityReport), result
        reports[result.register] = result
    return reports


def rows(home: Path, register: str, *columns: str) -> list[tuple[Any, ...]]:
    with DuckDBEngine(Lake(home), as_of=DAY) as engine:
        query = exp.select(*columns).from_(register).order_by(*columns)
        return [tuple(row.values()) for row in engine.query(query).to_pylist()]


def test_a_release_becomes_rows_of_four_registers(tmp_path: Path) -> None:
    reports = delivered(written(tmp_path, RELEASE), tmp_path / "home")
    assert {name: report.accepted for name, report in reports.items()} == {
        "tender": 1, "bid": 2, "award_item": 1, "contract": 1,
    }  # fmt: skip
    home = tmp_path / "home"
    assert rows(
        home, "tender", "estimate_fen", "award_fen", "notice_days", "bidders", "awards", "winners"
    ) == [(100_000_000, 90_000_055, 18, 2, 1, 1)]
    assert rows(
        home, "tender", "published_on", "deadline_on", "awarded_on", "status", "criterion", "item_class"
    ) == [(date(2026, 3, 1), date(2026, 3, 20), date(2026, 4, 1), "complete", "price_only", "72000000")]
    assert rows(home, "bid", "bid_no", "amount_fen", "status", "won", "members", "minutes_late") == [
        ("a", 90_000_055, "valid", True, 1, 30),
        ("b", 80_000_000, "disqualified", False, 2, -1320),
    ]
    assert rows(home, "award_item", "supplier_id", "item_class", "suppliers") == [(FIRM, "72000000", 1)]
    assert rows(home, "contract", "contract_id", "kind", "counterparty_id", "amount_fen", "method") == [
        ("ocds-1/1", "works", FIRM, 90_000_055, "tender")
    ]
    assert any("只是受邀" in note for note in reports["bid"].notes)
    assert any("尚未签订" in note for note in reports["contract"].notes)


def test_rows_lead_back_to_the_line(tmp_path: Path) -> None:
    delivered(written(tmp_path, "", RELEASE | {"ocid": "x"}), tmp_path / "home")
    assert rows(tmp_path / "home", "bid", "source_row", "bid_no") == [(20_000, "a"), (20_001, "b")]


def test_importing_again_changes_nothing_and_a_correction_is_a_new_version(tmp_path: Path) -> None:
    path, home = written(tmp_path, RELEASE), tmp_path / "home"
    delivered(path, home, on=date(2026, 5, 1))
    assert all(report.already_imported for report in delivered(path, home, on=date(2026, 5, 1)).values())
    changed = json.loads(json.dumps(RELEASE))
    changed["bids"]["details"][1]["status"] = "valid"
    reports = delivered(written(tmp_path, changed, name="更正.jsonl"), home)
    assert (reports["bid"].replaced, reports["bid"].unchanged, reports["tender"].unchanged) == (1, 1, 1)
    assert rows(home, "bid", "bid_no", "status") == [("a", "valid"), ("b", "valid")]


def test_bad_lines_and_rows_are_set_aside_with_reasons(tmp_path: Path) -> None:
    nameless = {
        **RELEASE,
        "ocid": "n",
        "bids": {"details": [{"id": "z", "status": "valid", "date": "2026-03-02"}]},
    }
    undated = {"ocid": "u", "tender": {"procurementMethod": "open"}, "buyer": {"id": "K"}}
    path = written(tmp_path, RELEASE, '{"ocid": "broken"', '{"tender": {}}', nameless, undated)
    reports = delivered(path, tmp_path / "home")
    assert (reports["tender"].rows_in, reports["tender"].accepted) == (5, 2)
    assert reports["tender"].reasons == {
        "这一行不是完整的 JSON": 1, "没有招标过程编号（ocid）": 1, "必填项“招标公告日期”为空": 1,
    }  # fmt: skip
    assert reports["bid"].reasons == {"必填项“投标人信用代码”为空": 1}
    kept = (tmp_path / "home" / str(reports["tender"].quarantine_file)).read_text(encoding="utf-8-sig")
    assert "50000,必填项“招标公告日期”为空" in kept


def test_mixed_currencies_are_not_compared_and_the_report_says_so(tmp_path: Path) -> None:
    mixed = json.loads(json.dumps(RELEASE))
    mixed["bids"]["details"][1]["value"]["currency"] = "USD"
    reports = delivered(written(tmp_path, mixed), tmp_path / "home")
    assert rows(tmp_path / "home", "bid", "amount_fen") == [(None,), (None,)]
    assert rows(tmp_path / "home", "tender", "currency", "award_fen") == [("CNY、USD", None)]
    assert any("多种币种" in note for note in reports["tender"].notes)


@pytest.mark.parametrize(("currency", "minor"), [("CNY", 123_450), ("JPY", 1234), ("KWD", 1_234_500)])
def test_amounts_are_whole_minor_units(currency: str, minor: int, tmp_path: Path) -> None:
    amount = 1234 if currency == "JPY" else 1234.5
    bid = {
        "id": "1",
        "status": "valid",
        "tenderers": [{"id": "Q"}],
        "value": {"amount": amount, "currency": currency},
    }
    tender = {"procurementMethod": "open", "tenderPeriod": RELEASE["tender"]["tenderPeriod"]}
    release = {"ocid": "m", "buyer": {"id": "K"}, "tender": tender, "bids": {"details": [bid]}}
    delivered(written(tmp_path, release), tmp_path / "home")
    assert rows(tmp_path / "home", "bid", "amount_fen") == [(minor,)]


def test_lots_are_tenders_of_their_own_when_bids_and_awards_name_them(tmp_path: Path) -> None:
    lots = json.loads(json.dumps(RELEASE))
    lots["tender"]["lots"] = [{"id": "1", "title": "一标段"}, {"id": "2", "title": "二标段"}]
    for part, lot in (
        (lots["bids"]["details"][0], "1"),
        (lots["bids"]["details"][1], "2"),
        (lots["awards"][0], "1"),
    ):
        part["relatedLots"] = [lot]
    lots["bids"]["details"].pop()
    delivered(written(tmp_path, lots), tmp_path / "home")
    assert rows(tmp_path / "home", "bid", "tender_id", "won") == [("ocds-1#1", True), ("ocds-1#2", None)]
    assert rows(tmp_path / "home", "tender", "tender_id", "awards") == [("ocds-1#1", 1), ("ocds-1#2", None)]
    del lots["bids"]["details"][0]["relatedLots"]
    reports = delivered(written(tmp_path, lots, name="b.jsonl"), tmp_path / "other")
    assert rows(tmp_path / "other", "bid", "tender_id", "amount_fen") == [("ocds-1", None), ("ocds-1", None)]
    assert any("标段" in note for note in reports["tender"].notes)


@pytest.mark.parametrize("printed", [None, 2])
def test_a_release_package_is_read_release_by_release(printed: int | None, tmp_path: Path) -> None:
    package = {"uri": "https://example.org", "releases": [RELEASE, RELEASE | {"ocid": "ocds-2"}]}
    path = tmp_path / "package.json"
    path.write_text(json.dumps(package, ensure_ascii=False, indent=printed), encoding="utf-8")
    assert is_ocds(path)
    assert registers_in(path) == ["tender", "bid", "award_item", "contract"]
    assert delivered(path, tmp_path / "home")["tender"].accepted == 2


def test_a_package_that_is_cut_off_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "package.json"
    path.write_text(json.dumps({"releases": [RELEASE]}, indent=1)[:-200], encoding="utf-8")
    results = list(
        import_path(
            path, home=tmp_path / "home", catalogue=load_catalogue(), delivered_on=DAY,
            constants={"village_code": VILLAGE},
        )
    )  # fmt: skip
    assert [isinstance(result, Refused) for result in results] == [True]
    assert Lake(tmp_path / "home").registers() == frozenset()


def test_without_a_division_the_import_says_which_option_is_missing(tmp_path: Path) -> None:
    path = written(tmp_path, RELEASE)
    results = list(import_path(path, home=tmp_path / "home", catalogue=load_catalogue(), delivered_on=DAY))
    assert all(isinstance(result, Refused) for result in results[:1])
    assert "--division" in str(results[0])
