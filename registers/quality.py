"""The quality report of an import: what came in, what was set aside and why, and how complete it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from registers.lake import write_json


@dataclass(frozen=True)
class QualityReport:
    """One import of one file. Counts are rows; `coverage` is the share of accepted rows that hold a value.

    rows_in = accepted + unchanged + duplicates + quarantined. `replaced` counts accepted rows that are a newer
    version of a row known before.
    """

    batch_id: str
    register: str
    source_file: str
    delivered_on: str
    backfill: bool
    simulated: bool
    already_imported: bool = False
    rows_in: int = 0
    accepted: int = 0
    unchanged: int = 0
    duplicates: int = 0
    replaced: int = 0
    quarantined: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    orphans: Mapping[str, int] = field(default_factory=dict)
    coverage: Mapping[str, float] = field(default_factory=dict)
    first_event: str | None = None
    last_event: str | None = None
    quarantine_file: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def balanced(self) -> bool:
        """Nothing lost, nothing counted twice."""
        return self.rows_in == self.accepted + self.unchanged + self.duplicates + self.quarantined

    def store(self, home: Path) -> Path:
        path = home / "quality" / f"{self.batch_id}.json"
        write_json(path, asdict(self))
        return path
