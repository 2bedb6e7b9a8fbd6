"""Import: a file becomes a batch of the lake, all of it or nothing, and says what it set aside.

    read text → convert and check → set bad rows aside → drop what is known already → write aside → commit

Importing a file again changes nothing. A killed import leaves nothing visible; running it again gives the state
of an undisturbed one. A changed row is a new version from the day of delivery on, and closes the older one.
"""

from __future__ import annotations

import csv
import hashlib
import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from registers.catalogue import Catalogue, CatalogueError, Register, header_key
from registers.conversion import Converter
from registers.durable import write_through
from registers.identity import Identity, IdentityVault
from registers.lake import Batch, Lake
from registers.ocds import is_ocds, read_ocds
from registers.pseudonyms import Pseudonyms, load_key
from registers.quality import QualityReport
from registers.reading import read_table
from registers.tables import ReadError, TableFile
from registers.versioning import Resolved, resolve_versions

ROW_NUMBER = "#row"

Progress = Callable[[int], None]
"""Called with the number of rows read so far."""


class ImportRefused(ValueError):
    """A file that cannot be imported as a whole. The message is Chinese and says what to do."""


@dataclass
class _Stage:
    """The work folder of one import and what has been counted so far."""

    folder: Path
    quarantine: Path
    rows_in: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    quarantined: int = 0


def import_file(
    path: Path,
    *,
    lake: Lake,
    catalogue: Catalogue,
    delivered_on: date,
    register: str | None = None,
    mapping: Mapping[str, str] | None = None,
    constants: Mapping[str, str] | None = None,
    backfill: bool = False,
    redelivered: bool = False,
    simulated: bool = False,
    progress: Progress | None = None,
) -> QualityReport:
    """Import one table file into its register.

    Args:
        register: id or Chinese name; by default the file's name decides, then its headers.
        mapping: header of the file → column of the register, where neither name nor alias fits.
        constants: column → text for columns that the file leaves out because all its rows share the value;
            `ROW_NUMBER` stands for the number of each row in the file.
        backfill: history is being loaded: rows count as known from the day on which they were recorded, not
            from the day of delivery. Refused once the register receives current deliveries, because a past run
            could then no longer be repeated.

        redelivered: the department has delivered the file again on this later day: what it says is valid again and
            the register counts as delivered. Without it a file that was imported before changes nothing.

    Raises:
        ImportRefused: the file as a whole cannot be used; nothing was changed.
    """
    table, chosen, positions = _open(path, catalogue, register=register, mapping=mapping, constants=constants)
    _check_columns(path, chosen, positions)
    with lake.lock():
        digest = _sha256(path, chosen.id, mapping, constants)
        earlier = [batch for batch in lake.batches(chosen.id) if batch.source_sha256 == digest]
        blank = QualityReport(
            batch_id=f"{chosen.id}-{digest[:16]}" + (f"-{len(earlier) + 1}" if earlier else ""),
            register=chosen.id,
            source_file=path.name,
            delivered_on=delivered_on.isoformat(),
            backfill=backfill,
            simulated=simulated,
        )
        latest = max((batch.delivered_on for batch in lake.batches(chosen.id)), default="")
        renewed = redelivered and delivered_on.isoformat() > latest
        if earlier and not earlier[-1].orphans and not renewed:
            return replace(blank, batch_id=earlier[-1].batch_id, already_imported=True)
        _check_order(lake.batches(chosen.id), chosen, delivered_on, backfill=backfill)
        converter = Converter(
            chosen,
            headers=table.headers,
            positions=positions,
            pseudonyms=Pseudonyms(load_key(lake.home, "pseudonym")),
            delivered_on=delivered_on,
        )
        with _refusing(path), _staged(lake.home, blank.batch_id) as stage:
            vault = IdentityVault(lake.home)
            _convert_all(table, converter, stage, vault=vault, constants=constants or {}, progress=progress)
            resolved = resolve_versions(
                stage.folder, lake=lake, catalogue=catalogue, register=chosen, batch_id=blank.batch_id,
                delivered_on=delivered_on, backfill=backfill, imported_before=earlier[0] if earlier and not renewed else None,
            )  # fmt: skip
            _quarantine(
                stage, _with_cells(path, resolved.set_aside, catalogue, chosen, mapping), table.headers
            )
            report = _report(blank, stage, resolved, table)
            if earlier and not report.accepted and not renewed:
                return _as_before(report, earlier[-1])
            _commit(report, resolved, stage, lake=lake, digest=digest, sequence=len(lake.batches(chosen.id)))
    return report


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    """A file that turns out unreadable on the way, or a home that cannot be written, in one sentence."""
    try:
        yield
    except ReadError as error:
        raise ImportRefused(f"{path.name}：{error}") from error
    except (OSError, sqlite3.OperationalError, duckdb.IOException, duckdb.OutOfMemoryException) as error:
        raise ImportRefused(
            f"{path.name}：写入数据目录失败，没有改变任何数据；请检查磁盘空间和目录权限后重新导入（{error}）"
        ) from error


def _open(
    path: Path,
    catalogue: Catalogue,
    *,
    register: str | None,
    mapping: Mapping[str, str] | None,
    constants: Mapping[str, str] | None,
) -> tuple[TableFile, Register, dict[str, int]]:
    chosen = catalogue.by_name(register) if register else catalogue.by_name(path.stem)
    if register and chosen is None:
        raise ImportRefused(
            f"没有名为“{register}”的登记表；可用：{'、'.join(r.name for r in catalogue.values())}"
        )

    def known_headers(headers: list[str]) -> int:
        candidates = [chosen] if chosen else catalogue.values()
        return max(_count_known(candidate, headers, mapping) for candidate in candidates)

    try:
        table = (
            read_ocds(path, chosen.id)
            if chosen and is_ocds(path)
            else read_table(path, header_score=known_headers)
        )
        chosen = chosen or catalogue.by_headers(table.headers)
        if chosen is None:
            raise ImportRefused(f"{path.name}：认不出是哪张登记表，请用 --register 指明")
        positions = chosen.find_columns(table.headers, mapping=mapping)
    except (ReadError, CatalogueError) as error:
        raise ImportRefused(f"{path.name}：{error}") from error
    except OSError as error:
        raise ImportRefused(f"{path.name}：无法读取（{error.strerror}）") from error
    columns = {column.name for column in chosen.columns}
    for name in [*(mapping or {}).values(), *(constants or {})]:
        if name not in columns:
            raise ImportRefused(f"“{chosen.name}”没有列 {name}；可用：{'、'.join(sorted(columns))}")
    for position, name in enumerate(constants or {}, start=len(table.headers)):
        positions[name] = position
    # a new object: the reader goes by the width of its own
    table = replace(table, headers=[*table.headers, *(chosen[name].zh for name in constants or {})])
    return table, chosen, positions


def _check_columns(path: Path, register: Register, positions: Mapping[str, int]) -> None:
    missing = [column.zh for column in register.columns if column.required and column.name not in positions]
    if missing:
        raise ImportRefused(f"{path.name}：“{register.name}”缺少必需的列：{'、'.join(missing)}")


def _check_order(batches: list[Batch], register: Register, delivered_on: date, *, backfill: bool) -> None:
    if backfill and any(not batch.backfill for batch in batches):
        raise ImportRefused(f"“{register.name}”已有日常交付，不能再按历史补录导入；请去掉 --backfill")
    latest = max((batch.delivered_on for batch in batches), default="")
    if delivered_on.isoformat() < latest:
        raise ImportRefused(f"“{register.name}”已有 {latest} 交付的数据，交付日期不能更早；请按交付先后导入")


def _count_known(register: Register, headers: list[str], mapping: Mapping[str, str] | None) -> int:
    try:
        return len(register.find_columns(headers, mapping=mapping))
    except CatalogueError:
        return len({header_key(header) for header in headers if header})


def _sha256(
    path: Path, register: str, mapping: Mapping[str, str] | None, constants: Mapping[str, str] | None
) -> str:
    digest = hashlib.sha256(
        repr((register, sorted((mapping or {}).items()), sorted((constants or {}).items()))).encode()
    )
    with path.open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


@contextmanager
def _staged(home: Path, batch_id: str) -> Iterator[_Stage]:
    staging = home / "staging"
    shutil.rmtree(staging, ignore_errors=True)  # left by a killed import; the lock is ours
    folder = staging / batch_id
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield _Stage(folder, folder / "quarantine.csv")
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _convert_all(
    table: TableFile,
    converter: Converter,
    stage: _Stage,
    *,
    vault: IdentityVault,
    constants: Mapping[str, str],
    progress: Progress | None,
) -> None:
    for number, batch in enumerate(table.batches):
        for value in constants.values():
            batch.columns.append(_constant(value, batch.numbers))
        converted = converter.convert(batch)
        stage.rows_in += len(batch.numbers)
        numbers = batch.numbers.to_pylist()
        bad = (
            (numbers[row], reasons, [c[row].as_py() for c in batch.columns])
            for row, reasons in sorted(converted.bad.items())
        )
        _quarantine(stage, bad, table.headers)
        if converted.rows.num_rows:
            pq.write_table(converted.rows, stage.folder / f"rows-{number:06d}.parquet")
        if converted.vault:
            vault.store(_identities(converted.rows[converter.vault_key].to_pylist(), converted.vault))
        if progress:
            progress(stage.rows_in)
    stage.rows_in += len(table.rejected)
    _quarantine(stage, ((row.number, [row.reason], row.cells) for row in table.rejected), table.headers)


def _constant(value: str, numbers: pa.Array) -> pa.Array:
    return numbers.cast(pa.string()) if value == ROW_NUMBER else pa.array([value] * len(numbers), pa.string())


def _identities(keys: list[str], vault: Mapping[str, list[str | None]]) -> Iterator[tuple[str, Identity]]:
    fields = list(vault)
    for key, *texts in zip(keys, *vault.values(), strict=True):
        known = dict(zip(fields, texts, strict=True))
        yield key, Identity(**known | {"id_number": known.get("id_number") or ""})


def _quarantine(
    stage: _Stage, rows: Iterable[tuple[int, list[str], Iterable[str]]], headers: list[str]
) -> None:
    """Set rows aside with their number, reasons and cells; the file is for the department that must mend it."""
    new = not stage.quarantine.exists()
    with stage.quarantine.open("a", encoding="utf-8-sig" if new else "utf-8", newline="") as file:
        writer = csv.writer(file)
        if new:
            stage.quarantine.chmod(0o600)
            writer.writerow(["行号", "原因", *headers])
        for number, reasons, cells in rows:
            writer.writerow([number, "；".join(reasons), *(_harmless(cell) for cell in cells)])
            stage.reasons.update(re.sub(r"第 \d+ 行", "前面的行", reason) for reason in reasons)
            stage.quarantined += 1


def _harmless(cell: str) -> str:
    """A cell that a spreadsheet would run as a formula, marked as text; an import takes the mark off again."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def _with_cells(
    path: Path,
    set_aside: Mapping[int, list[str]],
    catalogue: Catalogue,
    register: Register,
    mapping: Mapping[str, str] | None,
) -> Iterator[tuple[int, list[str], Iterable[str]]]:
    """Rows that were set aside after conversion, with their cells as the file has them: a second, rare reading."""
    if not set_aside:
        return
    table, _, _ = _open(path, catalogue, register=register.id, mapping=mapping, constants=None)
    for batch in table.batches:
        for position, number in enumerate(batch.numbers.to_pylist()):
            if number in set_aside:
                yield number, set_aside[number], [column[position].as_py() for column in batch.columns]


def _report(blank: QualityReport, stage: _Stage, resolved: Resolved, table: TableFile) -> QualityReport:
    report = replace(
        blank,
        rows_in=stage.rows_in,
        accepted=resolved.accepted,
        unchanged=resolved.unchanged,
        duplicates=resolved.duplicates,
        replaced=resolved.replaced,
        quarantined=stage.quarantined,
        reasons=dict(stage.reasons.most_common()),
        orphans=resolved.orphans,
        coverage=resolved.coverage,
        first_event=resolved.first_event,
        last_event=resolved.last_event,
        quarantine_file=f"quarantine/{blank.batch_id}.csv" if stage.quarantined else None,
        notes=tuple(table.notes if stage.rows_in else [*table.notes, "只有表头，没有数据行"]),
    )
    if not report.balanced:
        raise RuntimeError(f"rows lost or counted twice in {report.batch_id}: {report}")
    return report


def _as_before(report: QualityReport, batch: Batch) -> QualityReport:
    """The file came again and still brings nothing new: nothing is written."""
    quarantine_file = f"quarantine/{batch.batch_id}.csv" if report.quarantine_file else None
    return replace(report, batch_id=batch.batch_id, already_imported=True, quarantine_file=quarantine_file)


def _commit(
    report: QualityReport, resolved: Resolved, stage: _Stage, *, lake: Lake, digest: str, sequence: int
) -> None:
    """Move the files into place, then make them visible with the manifest; every step may be repeated."""
    if report.quarantine_file:
        target = lake.home / report.quarantine_file
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        stage.quarantine.replace(target)
    for source, relative in [*resolved.files, *([resolved.closures] if resolved.closures else [])]:
        target = lake.root / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        write_through(source)  # a manifest must not outlive a power cut that its files did not
        source.replace(target)
    report.store(lake.home)
    lake.commit(
        Batch(
            batch_id=report.batch_id,
            register=report.register,
            source_file=report.source_file,
            source_sha256=digest,
            delivered_on=report.delivered_on,
            backfill=report.backfill,
            simulated=report.simulated,
            files=tuple(relative for _, relative in resolved.files),
            closures=resolved.closures[1] if resolved.closures else None,
            rows=report.accepted,
            orphans=sum(report.orphans.values()),
            sequence=sequence,
        )
    )
