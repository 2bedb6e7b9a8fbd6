"""The lake: Parquet by register and county, written once, never changed, read as it was known on a day.

A batch becomes visible when its manifest is renamed into place, and not before: files without a manifest are
leftovers of a killed import and are ignored (the next import of the same file writes them again). A newer
version of a row does not touch the older one; it adds a closure (`row_id`, `known_to`) beside it.

    lake/<register>/county=<6 digits | all>/<batch>.parquet   rows
    lake/<register>/closed/<batch>.parquet                     closures
    lake/<register>/batches/<batch>.json                       manifest, written last
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

META_COLUMNS = {"row_id": "VARCHAR", "batch_id": "VARCHAR", "source_row": "BIGINT", "known_from": "DATE"}
"""Columns that every row of the lake has besides those of its register."""


PARQUET_MAGIC = b"PAR1"


class LakeDamaged(RuntimeError):
    """A file of the lake that is gone or broken. The message is Chinese, names the file and says what to do."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"数据湖中的文件缺失或损坏：{path}；请从备份恢复这个文件，再重新运行")


@dataclass(frozen=True)
class Batch:
    """The manifest of one import: what was read, and the files that hold it (paths relative to the lake)."""

    batch_id: str
    register: str
    source_file: str
    source_sha256: str
    delivered_on: str
    backfill: bool
    simulated: bool
    files: tuple[str, ...]
    closures: str | None
    rows: int
    orphans: int
    sequence: int


class Lake:
    """All batches under one home folder."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.root = home / "lake"

    def batches(self, register: str) -> list[Batch]:
        """Committed batches of a register in the order in which they were committed."""
        folder = self.root / register / "batches"
        found = [_read_manifest(path) for path in folder.glob("*.json")] if folder.is_dir() else []
        return sorted(found, key=lambda batch: (batch.sequence, batch.batch_id))

    def files(self, register: str) -> list[str]:
        """Paths of the row files of a register. Raises `LakeDamaged` when one is not whole."""
        return self.files_of(self.batches(register))

    def closures(self, register: str) -> list[str]:
        """Paths of the closure files of a register. Raises `LakeDamaged` when one is not whole."""
        return self.closures_of(self.batches(register))

    def files_of(self, batches: Iterable[Batch]) -> list[str]:
        """Paths of the row files of some batches. Raises `LakeDamaged` when one is not whole."""
        return [_whole(self.root / file) for batch in batches for file in batch.files]

    def closures_of(self, batches: Iterable[Batch]) -> list[str]:
        """Paths of the closure files of some batches. Raises `LakeDamaged` when one is not whole."""
        return [_whole(self.root / batch.closures) for batch in batches if batch.closures is not None]

    def registers(self) -> frozenset[str]:
        """Registers that hold rows."""
        folders = self.root.iterdir() if self.root.is_dir() else ()
        return frozenset(f.name for f in folders if any(batch.files for batch in self.batches(f.name)))

    def batch(self, register: str, batch_id: str) -> Batch | None:
        path = self.root / register / "batches" / f"{batch_id}.json"
        return _read_manifest(path) if path.exists() else None

    def state(self) -> str:
        """A hash of what the lake holds: equal states give equal runs."""
        digest = hashlib.sha256()
        for path in sorted(self.root.glob("*/batches/*.json")):
            digest.update(path.read_bytes())
        return digest.hexdigest()[:16]

    def simulated(self) -> bool:
        """Whether any row in the lake is simulated; then everything computed from it is called so."""
        return any(batch.simulated for register in self.registers() for batch in self.batches(register))

    def commit(self, batch: Batch) -> None:
        """Make a batch visible, all of it at once."""
        write_json(self.root / batch.register / "batches" / f"{batch.batch_id}.json", asdict(batch))

    @contextmanager
    def lock(self) -> Iterator[None]:
        """One import at a time in one home; the lock goes with the process, so a killed one leaves none behind."""
        import fcntl  # noqa: PLC0415  not on Windows, where only reading is supported

        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def write_json(path: Path, content: object) -> None:
    """Write a JSON file aside, then rename it into place: a reader sees the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with aside.open("w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=False, indent=1, sort_keys=True)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def _read_manifest(path: Path) -> Batch:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Batch(**{**content, "files": tuple(content["files"])})
    except (ValueError, KeyError, TypeError) as error:
        raise LakeDamaged(path) from error


def _whole(path: Path) -> str:
    """The path of a Parquet file that begins and ends as one; a file that was cut off does not."""
    try:
        with path.open("rb") as file:
            begins = file.read(len(PARQUET_MAGIC))
            file.seek(-len(PARQUET_MAGIC), os.SEEK_END)
            ends = file.read()
    except OSError as error:
        raise LakeDamaged(path) from error
    if begins != PARQUET_MAGIC or ends != PARQUET_MAGIC:
        raise LakeDamaged(path)
    return str(path)
