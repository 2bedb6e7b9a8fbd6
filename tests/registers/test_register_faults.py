"""Faults: an import that is killed, a disk that is full, a lake that is damaged."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from benchmarks.deliveries import HEADERS, as_csv, payment, person
from registers.catalogue import load_catalogue
from registers.engine import DuckDBEngine
from registers.importing import ImportRefused, import_file
from registers.lake import Lake, LakeDamaged
from registers.query import parse_query

DAY, LATER = date(2024, 5, 31), date(2024, 6, 30)

DRIVER = """
import os, resource, signal, sys
from datetime import date
from pathlib import Path
from registers import importing
from registers.catalogue import load_catalogue
from registers.lake import Lake

where, limit, path, home = sys.argv[1:]

def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

def after(done, times=1):
    left = [times]
    def run(*args, **kwargs):
        result = done(*args, **kwargs)
        left[0] -= 1
        return result if left[0] else die()
    return run

match where:
    case "first batch staged":
        importing.pq.write_table = after(importing.pq.write_table)
    case "all rows converted":
        importing.resolve_versions = die
    case "versions resolved":
        importing.resolve_versions = after(importing.resolve_versions)
    case "some files in place":
        importing.write_through = after(importing.write_through, 2)
    case "report stored":
        importing.QualityReport.store = after(importing.QualityReport.store)
    case "manifest half written":
        os.fsync = lambda descriptor, fsync=os.fsync: (
            die() if os.readlink(f"/proc/self/fd/{descriptor}").count("/batches/") else fsync(descriptor)
        )
    case "manifest in place":
        Lake.commit = after(Lake.commit)
if int(limit):
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
try:
    importing.import_file(
        Path(path), lake=Lake(Path(home)), catalogue=load_catalogue(), delivered_on=date(2024, 6, 30)
    )
except importing.ImportRefused as refusal:
    sys.exit(str(refusal))
"""

POINTS = [
    "first batch staged",
    "all rows converted",
    "versions resolved",
    "some files in place",
    "report stored",
    "manifest half written",
    "manifest in place",
]


def two_deliveries(folder: Path) -> tuple[Path, Path]:
    """A month, and the next delivery with corrections, new rows in two counties and bad rows."""
    first = [payment(n) for n in range(1, 300)]
    second = [payment(n, 发放金额="600" if n % 3 else "500") for n in range(1, 300)]
    second += [payment(n, 村代码="990202100201") for n in range(300, 600)]
    second += [payment(n, 发放金额="坏") for n in range(600, 610)]
    paths = folder / "first_delivery.csv", folder / "subsidy_payment.csv"
    for path, rows in zip(paths, (first, second), strict=True):
        path.write_bytes(as_csv([HEADERS, *rows]))
    return paths


def prepared(home: Path, first: Path, *, keys: Path | None = None) -> Path:
    """A home that holds the first delivery, with the secret keys of another home."""
    if keys:
        (home / "keys").mkdir(parents=True)
        for key in (keys / "keys").iterdir():
            (home / "keys" / key.name).write_bytes(key.read_bytes())
    import_file(
        first, lake=Lake(home), catalogue=load_catalogue(), register="subsidy_payment", delivered_on=DAY
    )
    return home


def contents(home: Path) -> dict[str, object]:
    """All that a home holds, apart from what is sealed anew each time."""
    lake = Lake(home)
    rows = [
        row
        for file in lake.files("subsidy_payment")
        for row in pq.read_table(file, partitioning=None).to_pylist()
    ]
    closed = [row for file in lake.closures("subsidy_payment") for row in pq.read_table(file).to_pylist()]
    with DuckDBEngine(lake, as_of=LATER) as engine:
        delivered = dict(engine.delivered)
    return {
        "rows": sorted(rows, key=lambda row: row["row_id"]),
        "closed": sorted(closed, key=lambda row: row["row_id"]),
        "state": lake.state(),
        "delivered": delivered,
        "quality": {path.name: path.read_text("utf-8") for path in (home / "quality").glob("*.json")},
        "quarantine": {path.name: path.read_text("utf-8") for path in (home / "quarantine").glob("*.csv")},
    }


def drive(
    path: Path, home: Path, *, where: str = "", limit: int = 0, scratch: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Import a file in a process of its own that dies at a point or may write no file larger than a limit."""
    environment = dict(os.environ)
    if scratch:
        scratch.mkdir()
        environment["TMPDIR"] = str(scratch)
    command = [sys.executable, "-c", DRIVER, where, str(limit), str(path), str(home)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed")
    first, second = two_deliveries(folder)
    home = prepared(folder / "home", first)
    import_file(second, lake=Lake(home), catalogue=load_catalogue(), delivered_on=LATER)
    return home


@pytest.mark.parametrize("where", POINTS)
def test_an_import_that_was_killed_and_run_again_equals_an_undisturbed_one(
    where: str, undisturbed: Path, tmp_path: Path
) -> None:
    first, second = two_deliveries(tmp_path)
    home = prepared(tmp_path / "home", first, keys=undisturbed)
    before = contents(home)
    assert drive(second, home, where=where).returncode == -signal.SIGKILL
    if where == "manifest in place":
        assert contents(home) == contents(undisturbed)
    else:
        assert {name: contents(home)[name] for name in ("rows", "closed", "state")} == {
            name: before[name] for name in ("rows", "closed", "state")
        }, "nothing of a killed import is visible"
    import_file(second, lake=Lake(home), catalogue=load_catalogue(), delivered_on=LATER)
    assert contents(home) == contents(undisturbed)
    assert contents(undisturbed)["closed"], "the delivery does correct rows"


def test_what_a_killed_import_left_in_staging_goes_with_the_next_import(tmp_path: Path) -> None:
    first, second = two_deliveries(tmp_path)
    home = prepared(tmp_path / "home", first)
    run = drive(second, home, where="all rows converted", scratch=tmp_path / "scratch")
    assert run.returncode == -signal.SIGKILL
    assert list((home / "staging").iterdir())
    assert list((tmp_path / "scratch").iterdir()) == [], "no copy of the file outside the home"
    other = tmp_path / "subsidy_payment_other.csv"
    other.write_bytes(as_csv([HEADERS, payment(999)]))
    import_file(other, lake=Lake(home), catalogue=load_catalogue(), delivered_on=LATER)
    assert not (home / "staging").exists()


@pytest.mark.parametrize("limit", [200, 30_000])
def test_a_full_disk_is_one_clear_sentence_and_changes_nothing(limit: int, tmp_path: Path) -> None:
    first, second = two_deliveries(tmp_path)
    rows = [payment(n % 999, 所属月份=f"{1990 + n // 999}-01") for n in range(6_000)]
    second.write_bytes(as_csv([HEADERS, *rows]))
    home = prepared(tmp_path / "home", first)
    before = contents(home)
    run = drive(second, home, limit=limit)
    assert run.returncode == 1
    assert "写入数据目录失败，没有改变任何数据；请检查磁盘空间和目录权限" in run.stderr
    assert "Traceback" not in run.stderr
    assert person(1) not in run.stderr
    assert contents(home) == before
    assert not (home / "staging").exists()
    assert drive(second, home).returncode == 0


def read_payments(lake: Lake) -> None:
    with DuckDBEngine(lake, as_of=LATER) as engine:
        engine.query(
            parse_query("SELECT row_id FROM subsidy_payment", source="t", relations=["subsidy_payment"]).tree
        )


DAMAGES = {
    "cut off": lambda content: content[: len(content) // 2],
    "empty": lambda content: content[:0],
    "overwritten": lambda content: b"x" * len(content),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_broken_file_of_the_lake_is_named(damage: str, tmp_path: Path) -> None:
    first, second = two_deliveries(tmp_path)
    home = prepared(tmp_path / "home", first)
    lake = Lake(home)
    broken = Path(lake.files("subsidy_payment")[0])
    broken.write_bytes(DAMAGES[damage](broken.read_bytes()))
    state = lake.state()
    with pytest.raises(LakeDamaged, match=f"{broken.name}；请从备份恢复"):
        read_payments(lake)
    with pytest.raises(LakeDamaged, match=broken.name):
        import_file(second, lake=lake, catalogue=load_catalogue(), delivered_on=LATER)
    assert lake.state() == state
    assert not (home / "staging").exists()


def test_a_lost_file_and_a_broken_manifest_are_named(tmp_path: Path) -> None:
    first, _ = two_deliveries(tmp_path)
    lake = Lake(prepared(tmp_path / "home", first))
    Path(lake.files("subsidy_payment")[0]).unlink()
    with pytest.raises(LakeDamaged, match=r"\.parquet"):
        read_payments(lake)
    manifest = next((lake.root / "subsidy_payment" / "batches").glob("*.json"))
    manifest.write_text(json.dumps({"batch_id": "x"}))
    with pytest.raises(LakeDamaged, match=manifest.name):
        lake.batches("subsidy_payment")


def test_a_file_that_may_not_be_read_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "subsidy_payment.csv"
    path.write_bytes(as_csv([HEADERS, payment()]))

    def refuse(*args: object, **kwargs: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ImportRefused, match=r"subsidy_payment\.csv：无法读取"):
        import_file(path, lake=Lake(tmp_path / "home"), catalogue=load_catalogue(), delivered_on=DAY)


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match="找不到文件"):
        import_file(
            tmp_path / "division.csv", lake=Lake(tmp_path), catalogue=load_catalogue(), delivered_on=DAY
        )
