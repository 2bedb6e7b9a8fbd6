"""A county of 300 villages and one of 3,000: seconds and peak memory of each stage, and how they grow.

Every stage is the real command in a process of its own; memory is that process's peak (ru_maxrss).

    python -m benchmarks scale [--villages 300 3000]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.printing import print_table

SIZES = (300, 3000)
DAY = "2025-12-31"


@dataclass(frozen=True)
class Stage:
    """What one command took."""

    seconds: float
    peak_mb: float


def measure(villages: int, home: Path) -> tuple[dict[str, Stage], int]:
    """Seconds and peak memory by stage for one county, and its number of register rows."""
    county = home / "county"
    commands: dict[str, list[list[str]]] = {
        "simulate": [["simulate", str(county), "--villages", str(villages), "--seed", "11"]],
        "import": [["import", str(county), "--backfill", "--json"]],
        "run": [["run", "--as-of", DAY]],
        "train": [["train", "anomaly", "--as-of", DAY], ["train", "risk", "--as-of", DAY]],
        "promote": [
            ["promote", kind]
            for kind in ("anomaly_village", "anomaly_official", "risk_village", "risk_official")
        ],
        "run and score": [["run", "--as-of", DAY]],
    }
    stages = {name: _stage(lines, home) for name, lines in commands.items()}
    manifest = json.loads((county / "manifest.json").read_text(encoding="utf-8"))
    return stages, sum(file["rows"] for file in manifest["files"])


def _stage(lines: list[list[str]], home: Path) -> Stage:
    environment = {**os.environ, "CUNJIAN_HOME": str(home / "home"), "CUNJIAN_MLRUNS": str(home / "mlruns")}
    began, peak = time.perf_counter(), 0
    for line in lines:
        process = subprocess.Popen(
            [sys.executable, "-m", "cunjian", *line], env=environment, stdout=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            raise RuntimeError(f"cunjian {' '.join(line)} failed")
        peak = max(peak, usage.ru_maxrss)
    return Stage(time.perf_counter() - began, peak / 1024)


def main(sizes: tuple[int, ...] = SIZES) -> None:
    """Print the stages of each size side by side, and the growth between the smallest and the largest."""
    measured: dict[int, dict[str, Stage]] = {}
    rows: dict[int, int] = {}
    for villages in sizes:
        with tempfile.TemporaryDirectory(prefix="scale") as folder:
            measured[villages], rows[villages] = measure(villages, Path(folder))
    headers = [
        "stage",
        *(f"{v} villages, {rows[v]:,} rows" for v in sizes),
        f"growth (rows × {rows[sizes[-1]] / rows[sizes[0]]:.1f})",
    ]
    lines = []
    for name in measured[sizes[0]]:
        stages = [measured[villages][name] for villages in sizes]
        growth = stages[-1].seconds / stages[0].seconds
        lines.append([name, *(f"{s.seconds:.0f} s, {s.peak_mb:,.0f} MB" for s in stages), f"× {growth:.1f}"])
    print_table("Simulated counties, 3 years, two cores", headers, lines)
