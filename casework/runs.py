"""Reading what a run and a scoring left on disk (Parquet), column by column of their contract."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from casework.errors import BadInput, PublicationMismatch
from casework.models import CaseWarning
from supervision.catalogue import load_models
from supervision.runs import VERDICTS, latest_day

FINDING_COLUMNS: Final = (
    "finding_id", "model_id", "model_version", "model_name", "field", "subject_type", "subject_id",
    "village_code", "level", "level_rank", "first_on", "last_on", "amount_fen", "rows", "reason", "measures",
    "legal_basis", "official_keys",
)  # fmt: skip
EVIDENCE_COLUMNS: Final = (
    "finding_id", "register", "row_id", "role", "occurred_on", "amount_fen", "key", "source_file", "source_row",
)  # fmt: skip
SCORE_COLUMNS: Final = (
    "entity_id", "village_code", "probability", "risk", "percentile", "anomaly", "hits", "peer_group",
    "reasons", "bundle_version", "feature_hash", "simulated",
)  # fmt: skip
NEWER_SCORE_COLUMNS: Final = {
    "probability_low": pa.float64(),
    "probability_high": pa.float64(),
    "name": pa.string(),
    "villages": pa.list_(pa.string()),
}
"""Columns that scores stored by earlier versions lack: bounds of the probability, names and villages of suppliers."""
_RUN_ID: Final = re.compile(r"\d{4}-\d{2}-\d{2}-[0-9a-f]{12}")


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One register row behind a finding. key: the register's own key; persons only as surrogates."""

    finding_id: str
    register: str
    row_id: str
    role: str
    occurred_on: date | None
    amount_fen: int | None
    key: dict[str, Any]
    source_file: str
    source_row: int


@dataclass(frozen=True, kw_only=True)
class VillageVerdict:
    """What the latest run said of one model in one village: subjects by verdict. reason: why it could not be computed."""

    model_id: str
    field: str
    name: str
    hit: int
    clear: int
    not_applicable: int
    not_computable: int
    reason: str


def village_verdicts(home: Path, division: str) -> tuple[date | None, list[VillageVerdict]]:
    """Day of the latest run and what its models said of a village, or of all villages of a division together.

    (None, []) before the first run. reason is the most frequent one; models that have left the catalogue are left out.
    """
    day = latest_day(home)
    if day is None:
        return None, []
    run_id = str(json.loads((home / "runs" / "latest.json").read_text(encoding="utf-8"))["run_id"])
    path = run_folder(home, run_id) / "verdicts.parquet"
    if not path.exists():
        return day, []
    inside = [("village_code", ">=", division), ("village_code", "<", f"{division}:")]  # ":" follows "9"
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in pq.read_table(path, filters=inside).to_pylist():
        rows.setdefault(row["model_id"], []).append(row)
    models = load_models()
    return day, [
        VillageVerdict(
            model_id=model_id,
            field=models[model_id].field,
            name=models[model_id].name,
            reason=Counter(row["reason"] or "" for row in found if row["not_computable"]).most_common(1)[0][0]
            if any(row["not_computable"] for row in found)
            else "",
            **{verdict: sum(row[verdict] or 0 for row in found) for verdict in VERDICTS},
        )
        for model_id, found in rows.items()
        if model_id in models
    ]


def run_folder(home: Path, run_id: str) -> Path:
    """Folder of a run. Raises `BadInput` for anything that is not a run id."""
    if not _RUN_ID.fullmatch(run_id):
        raise BadInput("run_id", "运行编号格式不对")
    return home / "runs" / run_id


def run_is_simulated(home: Path, run_id: str) -> bool:
    description = json.loads((run_folder(home, run_id) / "run.json").read_text(encoding="utf-8"))
    return bool(description["simulated"])


def read_findings(home: Path, run_id: str) -> pa.Table:
    return _read(run_folder(home, run_id) / "findings.parquet", FINDING_COLUMNS)


def read_scores(home: Path, as_of: date, entity: str) -> pa.Table | None:
    """The scores of a day, None where nothing of this entity was scored."""
    path = home / "scores" / as_of.isoformat() / f"{entity}.parquet"
    return _read(path, SCORE_COLUMNS, newer=NEWER_SCORE_COLUMNS) if path.exists() else None


def evidence_rows(home: Path, warnings: Sequence[CaseWarning], *, limit: int = 200) -> list[Evidence]:
    """Register rows behind the warnings, from the run that found them last; at most `limit` a run, oldest first.

    A run that is no longer kept on disk gives none.
    """
    by_run: dict[str, list[str]] = {}
    for warning in warnings:
        by_run.setdefault(warning.last_run, []).append(warning.finding_id)
    return [
        row for run_id in sorted(by_run) for row in _evidence_of(home, run_id, by_run[run_id], limit=limit)
    ]


def _evidence_of(home: Path, run_id: str, finding_ids: Sequence[str], *, limit: int) -> list[Evidence]:
    path = run_folder(home, run_id) / "evidence.parquet"
    if not path.exists():
        return []
    table = pq.read_table(path, columns=list(EVIDENCE_COLUMNS), filters=[("finding_id", "in", finding_ids)])
    rows = table.sort_by([("occurred_on", "ascending"), ("row_id", "ascending")]).slice(0, limit)
    return [Evidence(**{**row, "key": json.loads(row["key"])}) for row in rows.to_pylist()]


def _read(path: Path, columns: Sequence[str], *, newer: Mapping[str, pa.DataType] | None = None) -> pa.Table:
    stored = set(pq.read_schema(path).names)
    missing = sorted(set(columns) - stored)
    if missing:
        raise PublicationMismatch(path.name, missing)
    newer = newer or {}
    table = pq.read_table(path, columns=[*columns, *(name for name in newer if name in stored)])
    for name, kind in newer.items():
        if name not in stored:
            table = table.append_column(name, pa.nulls(len(table), kind))
    return table
