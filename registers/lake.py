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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

META_COLUMNS = {"row_id": "VARCHAR", "batch_id": "VARCHAR", "source_row": "BIGINT", "known_from": "DATE"}
"""Columns that every row of the lake has besides those of its register."""


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
        return [str(self.root / file) for batch in self.batches(register) for file in batch.files]

    def closures(self, register: str) -> list[str]:
        return [str(self.root / b.closures) for b in self.batches(register) if b.closures is not None]

    def registers(self) -> frozenset[str]:
        """Registers that hold rows."""
        folders = self.root.iterdir() if self.root.is_dir() else ()
        return frozenset(folder.name for folder in folders if folder.is_dir() and self.files(folder.name))

    def batch(self, register: str, batch_id: str) -> Batch | None:
        path = self.root / register / "batches" / f"{batch_id}.json"
        return _read_manifest(path) if path.exists() else None

    def state(self) -> str:
        """A hash of what the lake holds: equal states give equal runs."""
        names = sorted(str(path.relative_to(self.root)) for path in self.root.glob("*/batches/*.json"))
        return hashlib.sha256("\n".join(names).encode()).hexdigest()[:16]

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
    content = json.loads(path.read_text(encoding="utf-8"))
    return Batch(**{**content, "files": tuple(content["files"])})
