"""Import: idempotent, in order, nothing personal left readable, and files that come again or too early."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cryptography.exceptions import InvalidTag
from sqlglot import exp

from benchmarks.deliveries import HEADERS, VILLAGE, payment, person
from registers.catalogue import load_catalogue
from registers.engine import DuckDBEngine
from registers.identity import Identity, IdentityVault
from registers.importing import ImportRefused, import_file
from registers.lake import Lake
from registers.pseudonyms import Pseudonyms, load_key
from registers.values import credit_code_check, id_check_digit

JAN, FEB, MAR, APR = (date(2024, month, 28) for month in (1, 2, 3, 4))
PEOPLE = ("身份证号", "姓名", "联系电话", "户籍村代码", "登记日期")
PROGRAMMES = ("项目编码", "项目名称", "项目类别", "是否审核家庭经济状况", "生效日期")
SOME = ("DB", "最低生活保障", "低保", "是", "2020-01-01")
AMOUNTS = "SELECT programme_id, amount_fen FROM subsidy_payment ORDER BY ALL"


def early(**changed: str) -> list[str]:
    return payment(所属月份="2024-01", 发放日期="2024-01-10", **changed)


def test_the_same_file_again_changes_nothing(deliver, home: Path, ask) -> None:
    first = deliver("subsidy_payment", [HEADERS, early()], on=JAN)
    state = Lake(home).state()
    again = deliver("subsidy_payment", [HEADERS, early()], on=JAN)
    later = deliver("subsidy_payment", [HEADERS, early()], on=FEB)
    assert (first.already_imported, again.already_imported, later.already_imported) == (False, True, True)
    assert again.batch_id == later.batch_id == first.batch_id
    assert Lake(home).state() == state
    assert len(ask(AMOUNTS, as_of=MAR)) == 1


def test_the_same_rows_in_another_file_are_unchanged(deliver, ask) -> None:
    deliver("subsidy_payment", [HEADERS, early()], on=JAN)
    before = ask("SELECT row_id, known_from FROM subsidy_payment", as_of=MAR)
    report = deliver("subsidy_payment", [HEADERS, early(发放金额="500.00")], on=FEB)
    assert (report.accepted, report.unchanged, report.replaced) == (0, 1, 0)
    assert ask("SELECT row_id, known_from FROM subsidy_payment", as_of=MAR) == before


def test_a_lake_knows_when_the_same_file_was_delivered_on_another_day(
    deliver, tmp_path: Path, catalogue
) -> None:
    deliver("subsidy_payment", [HEADERS, early()], on=JAN)
    states = []
    for day in (JAN, FEB):
        other = Lake(tmp_path / f"other-{day}")
        import_file(tmp_path / "subsidy_payment.csv", lake=other, catalogue=catalogue, delivered_on=day)
        states.append(other.state())
    assert states[0] != states[1]


def test_history_is_refused_after_current_deliveries(deliver) -> None:
    deliver("subsidy_payment", [HEADERS, early()], on=JAN, backfill=True)
    deliver("subsidy_payment", [HEADERS, early(发放金额="600")], on=FEB)
    with pytest.raises(ImportRefused, match="不能再按历史补录"):
        deliver("subsidy_payment", [HEADERS, early(发放金额="700")], on=MAR, backfill=True)


def test_deliveries_come_in_order(deliver) -> None:
    deliver("subsidy_payment", [HEADERS, early()], on=FEB)
    with pytest.raises(ImportRefused, match="交付日期不能更早"):
        deliver("subsidy_payment", [HEADERS, early(发放金额="600")], on=JAN)


def test_an_orphan_gets_in_when_its_register_has_come_and_the_file_comes_again(deliver, ask) -> None:
    deliver("subsidy_programme", [PROGRAMMES, SOME], on=JAN)
    rows = [HEADERS, early(), early(项目编码="TK")]
    first = deliver("subsidy_payment", rows, on=JAN)
    assert (first.accepted, first.quarantined, dict(first.orphans)) == (1, 1, {"programme_id": 1})
    still = deliver("subsidy_payment", rows, on=FEB)
    assert still.already_imported
    assert still.quarantine_file == first.quarantine_file
    deliver("subsidy_programme", [PROGRAMMES, SOME, ("TK", *SOME[1:])], on=MAR)
    again = deliver("subsidy_payment", rows, on=MAR)
    assert (again.accepted, again.unchanged, again.quarantined) == (1, 1, 0)
    assert len(ask(AMOUNTS, as_of=FEB)) == 1
    assert len(ask(AMOUNTS, as_of=MAR)) == 2
    assert deliver("subsidy_payment", rows, on=APR).already_imported


def test_a_file_that_comes_again_does_not_undo_later_corrections(deliver, ask) -> None:
    deliver("subsidy_programme", [PROGRAMMES, SOME], on=JAN)
    rows = [HEADERS, early(), early(项目编码="TK"), early(项目编码="GL")]
    deliver("subsidy_payment", rows, on=JAN)
    deliver("subsidy_programme", [PROGRAMMES, SOME, ("TK", *SOME[1:])], on=FEB)
    deliver("subsidy_payment", [HEADERS, early(发放金额="600"), early(项目编码="TK", 发放金额="700")], on=FEB)
    deliver("subsidy_programme", [PROGRAMMES, SOME, ("TK", *SOME[1:]), ("GL", *SOME[1:])], on=MAR)
    again = deliver("subsidy_payment", rows, on=MAR)
    assert (again.accepted, again.unchanged, again.replaced, again.quarantined) == (1, 1, 0, 1)
    assert "后来的交付已有这一行的新版本" in again.reasons
    assert {row["programme_id"]: row["amount_fen"] for row in ask(AMOUNTS, as_of=MAR)} == {
        "DB": 60_000,
        "TK": 70_000,
        "GL": 50_000,
    }


def test_many_conflicts_are_one_reason_in_the_report_and_each_names_its_row(deliver, home: Path) -> None:
    rows = [[*early(身份证号=person(n))] for n in range(1, 6)]
    report = deliver("subsidy_payment", [HEADERS, *rows, *([*row[:5], "9", row[6]] for row in rows)], on=JAN)
    assert dict(report.reasons) == {"主键与前面的行相同而内容不同": 5}
    assert report.quarantine_file is not None
    assert "主键与第 3 行相同而内容不同" in (home / report.quarantine_file).read_text("utf-8-sig")


@pytest.mark.parametrize("option", ["mapping", "constants"])
def test_a_column_that_the_register_lacks_is_named(option: str, deliver) -> None:
    options = {"mapping": {"发放金额": "amonut_fen"}, "constants": {"amonut_fen": "500"}}
    with pytest.raises(ImportRefused, match="没有列 amonut_fen"):
        deliver("subsidy_payment", [HEADERS, early()], on=JAN, **{option: options[option]})


def test_constants_fill_a_column_that_the_file_leaves_out(deliver, ask) -> None:
    rows = [HEADERS[1:], early()[1:]]
    report = deliver("subsidy_payment", rows, on=JAN, constants={"programme_id": "DB"})
    assert report.accepted == 1
    assert ask(AMOUNTS, as_of=FEB) == [{"programme_id": "DB", "amount_fen": 50_000}]


def test_rows_are_numbered_as_the_file_shows_them(deliver, ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registers.delimited.CSV_BLOCK_BYTES", 4096)  # many blocks in a small file
    body = [early(身份证号=person(n), 发放金额=str(n)) for n in range(1, 400)]
    body[100], body[250] = body[100][:3], [*body[250], "多"]
    body.insert(200, [])
    report = deliver("subsidy_payment", [["某镇发放表"], [], HEADERS, *body], on=JAN)
    assert (report.rows_in, report.accepted, report.quarantined) == (399, 397, 2)
    for row in ask("SELECT source_row, amount_fen FROM subsidy_payment", as_of=FEB):
        in_file = row["amount_fen"] // 100 + 3 + (row["amount_fen"] // 100 > 200)
        assert row["source_row"] == in_file


NAME, PHONE = "欧阳测试人", "13900001234"


@pytest.fixture
def everything(deliver, home: Path) -> list[str]:
    """A home that was given personal data in every way; returns the texts that must not be readable in it."""
    first17 = next(
        f"99010119800101{n:03d}"
        for n in range(1000)
        if credit_code_check(f"99010119800101{n:03d}") == id_check_digit(f"99010119800101{n:03d}")
    )
    both = first17 + id_check_digit(first17)  # an ID number that is a valid credit code too
    account = early()[6]
    deliver("person", [PEOPLE, (person(1), NAME, PHONE, VILLAGE, "2020-01-01")], on=JAN)
    deliver("subsidy_payment", [HEADERS, early(), early(身份证号=person(2)[:17])], on=JAN)
    ledger = ("村代码", "凭证号", "分录号", "记账日期", "收支方向", "金额", "收款人", "经办人")
    entries = [
        (VILLAGE, "1", "1", "2024-01-05", "支出", "5", both, person(3)),
        (VILLAGE, "1", "2", "2024-01-05", "支出", "5", NAME, person(1)),
        (VILLAGE, "1", "3", "2024-01-05", "支出", "坏", person(4), person(4)),
    ]
    deliver("ledger_entry", [ledger, *entries], on=JAN)
    return [*(person(n) for n in range(1, 5)), person(2)[:17], both, NAME, PHONE, account]


def test_no_personal_data_is_readable_outside_vault_and_quarantine(everything: list[str], home: Path) -> None:
    readable = ""
    for path in (home / "lake").rglob("*.parquet"):
        readable += json.dumps(
            pq.read_table(path, partitioning=None).to_pylist(), default=str, ensure_ascii=False
        )
    for path in [*(home / "quality").glob("*.json"), *(home / "lake").rglob("*.json")]:
        readable += path.read_text("utf-8")
    assert len(list((home / "quality").glob("*.json"))) == 3
    assert [text for text in everything if text in readable] == []
    assert VILLAGE in readable, "the search would find something"


def test_no_personal_data_in_a_refusal(deliver, everything: list[str]) -> None:
    wrong = [("身份证号", "姓名"), (person(1), NAME)]
    unclosed = f'身份证号,户籍村代码,登记日期,姓名\n{person(1)},{VILLAGE},2020-01-01,"{NAME}\n'.encode() * 2
    for content in (wrong, unclosed):
        with pytest.raises(ImportRefused) as refusal:
            deliver("person", content, on=JAN)
        assert not [text for text in everything if text in str(refusal.value)]


def test_the_vault_is_sealed_and_opens_with_its_own_key_only(everything: list[str], home: Path) -> None:
    raw = b"".join(path.read_bytes() for path in (home / "vault").iterdir())
    assert not [text for text in (*everything, json.dumps(NAME)[1:-1]) if text.encode() in raw]
    key = Pseudonyms(load_key(home, "pseudonym")).person(person(1))
    assert IdentityVault(home).reveal([key, "Pnobody"]) == {key: Identity(person(1), NAME, PHONE)}
    (home / "keys" / "vault.key").write_bytes(b"x" * 32)
    with pytest.raises(InvalidTag):
        IdentityVault(home).reveal([key])


def test_a_sealed_identity_cannot_be_moved_to_another_person(home: Path) -> None:
    vault = IdentityVault(home)
    vault.store([("Pa", Identity(person(1), NAME)), ("Pb", Identity(person(2), "别人"))])
    with vault._connect() as connection:
        connection.execute(
            "UPDATE identity SET sealed = (SELECT sealed FROM identity WHERE person_key = 'Pa') "
            "WHERE person_key = 'Pb'"
        )
    with pytest.raises(InvalidTag):
        vault.reveal(["Pb"])


def test_a_delivery_that_leaves_out_a_name_does_not_erase_it(deliver, home: Path) -> None:
    deliver("person", [PEOPLE, (person(1), NAME, PHONE, VILLAGE, "2020-01-01")], on=JAN)
    deliver("person", [(PEOPLE[0], *PEOPLE[2:]), (person(1), "13900009999", VILLAGE, "2020-01-02")], on=FEB)
    key = Pseudonyms(load_key(home, "pseudonym")).person(person(1))
    found = IdentityVault(home).reveal([key])[key]
    assert found == Identity(person(1), NAME, "13900009999")
    assert NAME not in repr(found)
    assert person(1) not in repr(found)


def test_secrets_and_personal_files_are_for_the_owner_only(everything: list[str], home: Path) -> None:
    files = [*(home / "keys").iterdir(), *(home / "quarantine").iterdir(), home / "vault" / "identity.db"]
    assert {path.stat().st_mode & 0o077 for path in files} == {0}
    assert {(home / name).stat().st_mode & 0o077 for name in ("keys", "quarantine", "vault")} == {0}


def test_uncommitted_files_are_invisible_and_a_manifest_is_written_whole(deliver, home: Path, ask) -> None:
    report = deliver("subsidy_payment", [HEADERS, early()], on=JAN)
    lake = Lake(home)
    batch = lake.batch("subsidy_payment", report.batch_id)
    assert batch is not None
    stray = lake.root / "subsidy_payment" / "county=990101" / "killed.0.parquet"
    pq.write_table(pq.read_table(lake.root / batch.files[0], partitioning=None), stray)
    folder = lake.root / "subsidy_payment" / "batches"
    (folder / ".half.json.1234").write_text('{"batch_id": "ha')
    assert len(ask(AMOUNTS, as_of=FEB)) == 1
    assert lake.batches("subsidy_payment") == [batch]
    lake.commit(replace(batch, batch_id="second", sequence=1, files=()))
    assert [b.batch_id for b in lake.batches("subsidy_payment")] == [batch.batch_id, "second"]


def test_old_workbooks_are_read_with_their_dates_booleans_and_errors(home: Path, catalogue, ask) -> None:
    path = Path(__file__).parent / "data" / "official.xls"  # made up; written with xlwt 1.3
    report = import_file(path, lake=Lake(home), catalogue=catalogue, delivered_on=JAN)
    assert (report.rows_in, report.accepted, report.quarantined) == (4, 1, 3)
    assert sorted(report.reasons) == [
        "任职日期：是没有算出结果的公式，请粘贴为数值后重新导出",
        "是否党员：是没有算出结果的公式，请粘贴为数值后重新导出",
        "身份证号：身份证号被表格软件改成了科学计数，请把该列设为文本后重新导出",
    ]
    rows = ask("SELECT village_code, post, party_member, term_start FROM official", as_of=FEB)
    assert rows == [
        {"village_code": VILLAGE, "post": "director", "party_member": True, "term_start": date(2021, 3, 1)}
    ]


def test_a_parquet_file_keeps_its_types(home: Path, tmp_path: Path, catalogue, ask) -> None:
    row = dict(zip(HEADERS, early(), strict=True))
    table = pa.table({
        **{name: [text] for name, text in row.items()},
        "发放日期": pa.array([date(2024, 1, 10)]),
        "发放金额": pa.array([500.5]),
    })  # fmt: skip
    path = tmp_path / "subsidy_payment.parquet"
    pq.write_table(table, path)
    import_file(path, lake=Lake(home), catalogue=catalogue, delivered_on=JAN)
    assert ask("SELECT amount_fen, pay_date FROM subsidy_payment", as_of=FEB) == [
        {"amount_fen": 50_050, "pay_date": date(2024, 1, 10)}
    ]


LEDGER = "村代码,凭证号,分录号,记账日期,收支,金额,摘要\n"


def test_voucher_numbers_that_start_again_keep_their_earlier_rows(tmp_path: Path) -> None:
    """记-1 of January and 记-1 of February are two vouchers, in one file and in two."""
    lake = Lake(tmp_path / "home")
    for day, lines in (
        (date(2024, 3, 1), ["记-1,1,2024-01-05,支出,100,甲", "记-1,1,2024-02-05,支出,200,乙"]),
        (date(2025, 2, 1), ["记-1,1,2025-01-05,支出,300,丙"]),
    ):
        path = tmp_path / f"ledger_entry_{day}.csv"
        path.write_text(LEDGER + "".join(f"990101100201,{line}\n" for line in lines), encoding="utf-8")
        report = import_file(path, lake=lake, catalogue=load_catalogue(), delivered_on=day)
        assert (report.accepted, report.replaced, report.quarantined) == (len(lines), 0, 0)
    with DuckDBEngine(lake, as_of=date(2025, 3, 1)) as engine:
        rows = engine.query(
            exp.select("period", "amount_fen").from_("ledger_entry").order_by("period")
        ).to_pylist()
    assert [(row["period"].isoformat(), row["amount_fen"]) for row in rows] == [
        ("2024-01-01", 10_000),
        ("2024-02-01", 20_000),
        ("2025-01-01", 30_000),
    ]


def test_numbers_of_persons_in_free_text_do_not_enter_the_lake(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "home")
    path = tmp_path / "ledger_entry.csv"
    text = "付李某11010519491231002X劳务费，电话13900001234，卡6228480402564890018"
    path.write_text(LEDGER + f"990101100201,记-1,1,2024-01-05,支出,100,{text}\n", encoding="utf-8")
    import_file(path, lake=lake, catalogue=load_catalogue(), delivered_on=date(2024, 3, 1))
    with DuckDBEngine(lake, as_of=date(2024, 3, 1)) as engine:
        (row,) = engine.query(exp.select("summary").from_("ledger_entry")).to_pylist()
    assert row["summary"] == "付李某〔证件号〕劳务费,电话〔电话〕,卡〔账号〕"


def test_a_file_delivered_again_counts_as_delivered_and_what_it_says_is_valid_again(tmp_path: Path) -> None:
    """A, then B, then A once more: A holds; without `redelivered` an old file changes nothing."""
    lake, catalogue = Lake(tmp_path / "home"), load_catalogue()
    first, second = tmp_path / "ledger_entry_a.csv", tmp_path / "ledger_entry_b.csv"
    first.write_text(LEDGER + "990101100201,记-1,1,2024-01-05,支出,100,甲\n", encoding="utf-8")
    second.write_text(LEDGER + "990101100201,记-1,1,2024-01-05,支出,900,甲\n", encoding="utf-8")
    import_file(first, lake=lake, catalogue=catalogue, delivered_on=date(2024, 2, 1))
    import_file(second, lake=lake, catalogue=catalogue, delivered_on=date(2024, 3, 1))
    assert import_file(first, lake=lake, catalogue=catalogue, delivered_on=date(2024, 4, 1)).already_imported
    again = import_file(
        first, lake=lake, catalogue=catalogue, delivered_on=date(2024, 4, 1), redelivered=True
    )
    assert (again.already_imported, again.replaced) == (False, 1)
    unchanged = import_file(
        first, lake=lake, catalogue=catalogue, delivered_on=date(2024, 5, 1), redelivered=True
    )
    assert (unchanged.already_imported, unchanged.accepted, unchanged.unchanged) == (False, 0, 1)
    with DuckDBEngine(lake, as_of=date(2024, 6, 1)) as engine:
        amounts = engine.query(exp.select("amount_fen").from_("ledger_entry")).to_pylist()
        assert engine.delivered["ledger_entry"] == date(2024, 5, 1)
    assert amounts == [{"amount_fen": 10_000}]
