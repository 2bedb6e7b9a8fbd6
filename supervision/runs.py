"""Stored runs: findings, the rows that prove them, and how many subjects got which of the four verdicts.

A run lies in `runs/<run_id>/`; it is written aside and renamed, so that it is there as a whole or not at all.
The run's id is a hash of day, models and lake: running again what was run already gives the same run.
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from registers.lake import write_json

FINDINGS_SCHEMA = pa.schema([
    ("finding_id", pa.string()), ("model_id", pa.string()), ("model_version", pa.int32()), ("model_name", pa.string()),
    ("field", pa.string()), ("subject_type", pa.string()), ("subject_id", pa.string()), ("village_code", pa.string()),
    ("level", pa.string()), ("level_rank", pa.int32()), ("first_on", pa.date32()), ("last_on", pa.date32()),
    ("amount_fen", pa.int64()), ("rows", pa.int64()), ("reason", pa.string()), ("measures", pa.string()),
    ("legal_basis", pa.string()), ("official_keys", pa.string()),
])  # fmt: skip
EVIDENCE_SCHEMA = pa.schema([
    ("finding_id", pa.string()), ("register", pa.string()), ("row_id", pa.string()), ("role", pa.string()),
    ("occurred_on", pa.date32()), ("amount_fen", pa.int64()), ("key", pa.string()), ("batch_id", pa.string()),
    ("source_file", pa.string()), ("source_row", pa.int64()),
])  # fmt: skip
VERDICTS_SCHEMA = pa.schema([
    ("model_id", pa.string()), ("village_code", pa.string()), ("hit", pa.int32()), ("clear", pa.int32()),
    ("not_applicable", pa.int32()), ("not_computable", pa.int32()), ("subjects", pa.int32()), ("reason", pa.string()),
])  # fmt: skip
TABLES = ("findings", "evidence", "verdicts")
VERDICTS = ("hit", "clear", "not_applicable", "not_computable")


@dataclass(frozen=True)
class Run:
    """The answers of some models on one day over one state of the lake.

    Attributes:
        models: version and content hash by model id.
        lake: a hash of what the engine read.
        settings: the parameters that regions chose, one line each.
        batches: the batches that the lake held, by register.
    """

    run_id: str
    as_of: date
    models: Mapping[str, Mapping[str, object]]
    lake: str
    simulated: bool
    settings: Sequence[str]
    batches: Mapping[str, Sequence[str]]
    findings: pa.Table
    evidence: pa.Table
    verdicts: pa.Table


class RunNotFound(LookupError):
    """There is no such run; run the models first."""


def store_run(home: Path, run: Run, *, latest: bool = True) -> Path:
    """Write a run and make it the latest, unless it repeats the past. Writing the same run again changes nothing."""
    folder = home / "runs" / run.run_id
    if not folder.is_dir():
        aside = folder.with_name(f".{run.run_id}.{secrets.token_hex(4)}")
        aside.mkdir(parents=True)
        for name in TABLES:
            pq.write_table(getattr(run, name), aside / f"{name}.parquet", compression="zstd")
        write_json(
            aside / "run.json",
            {
                "run_id": run.run_id,
                "as_of": run.as_of.isoformat(),
                "models": run.models,
                "lake": run.lake,
                "simulated": run.simulated,
                "settings": list(run.settings),
                "batches": {name: list(batches) for name, batches in run.batches.items()},
            },
        )
        try:
            aside.rename(folder)
        except OSError:  # another process stored the same run first
            shutil.rmtree(aside)
    if latest:
        write_json(home / "runs" / "latest.json", {"run_id": run.run_id, "as_of": run.as_of.isoformat()})
    return folder


@dataclass(frozen=True)
class VerdictCounts:
    """What the latest run said of one model in a division.

    Attributes:
        as_of: day of the run; counts: subjects by verdict; levels: findings by level.
        villages: villages that the model was asked about.
        obstacles: villages where it could not be computed, by reason, the most frequent first.
    """

    as_of: date
    counts: Mapping[str, int]
    levels: Mapping[str, int]
    villages: int
    obstacles: Mapping[str, int]


def verdict_counts(home: Path, model_id: str, *, division: str) -> VerdictCounts | None:
    """Counts of a model in the latest run; None before the first run, or when that run did not hold the model."""
    latest = home / "runs" / "latest.json"
    if not latest.exists():
        return None
    about = json.loads(latest.read_text(encoding="utf-8"))
    folder = home / "runs" / str(about["run_id"])
    of_model = [("model_id", "=", model_id)]
    verdicts = pq.read_table(folder / "verdicts.parquet", filters=of_model).to_pylist()
    rows = [row for row in verdicts if row["village_code"].startswith(division)]
    if not rows:
        return None
    findings = pq.read_table(
        folder / "findings.parquet", columns=["village_code", "level"], filters=of_model
    ).to_pylist()
    obstacles = Counter(row["reason"] or "" for row in rows if row["not_computable"])
    return VerdictCounts(
        as_of=date.fromisoformat(about["as_of"]),
        counts={name: sum(row[name] for row in rows) for name in VERDICTS},
        levels=Counter(row["level"] for row in findings if row["village_code"].startswith(division)),
        villages=len(rows),
        obstacles=dict(obstacles.most_common()),
    )


def latest_day(home: Path) -> date | None:
    """The day of the latest run, None before the first."""
    path = home / "runs" / "latest.json"
    return (
        date.fromisoformat(json.loads(path.read_text(encoding="utf-8"))["as_of"]) if path.exists() else None
    )


def read_run(home: Path, run_id: str | None = None) -> Run:
    """Read a stored run, by default the latest. Raises `RunNotFound`."""
    latest = home / "runs" / "latest.json"
    if run_id is None:
        if not latest.exists():
            raise RunNotFound("还没有运行过模型，请先运行 cunjian run")
        run_id = str(json.loads(latest.read_text(encoding="utf-8"))["run_id"])
    folder = home / "runs" / run_id
    if not folder.is_dir():
        raise RunNotFound(f"没有编号为 {run_id} 的运行")
    about = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    tables = {name: pq.read_table(folder / f"{name}.parquet") for name in TABLES}
    return Run(
        run_id=run_id,
        as_of=date.fromisoformat(about["as_of"]),
        models=about["models"],
        lake=about["lake"],
        simulated=about["simulated"],
        settings=about["settings"],
        batches=about["batches"],
        **tables,
    )
