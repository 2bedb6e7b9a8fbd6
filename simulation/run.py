"""Write a whole simulated county: registers, truth, past verifications, inbox, and what says it is simulated."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from random import Random
from typing import Final

import numpy as np

from simulation.build import build_village
from simulation.county import open_market, plan_counties
from simulation.inbox import write_inbox
from simulation.records import Rows
from simulation.timeline import Period
from simulation.truth import TRUTH_COLUMNS, Brief, brief, truth_line
from simulation.verifications import write_verifications
from simulation.village import Village
from simulation.welfare import programme_rows
from simulation.writer import SheetWriter

README: Final = "README_SIMULATED.txt"
README_TEXT: Final = """本文件夹全部内容均为模拟数据（SIMULATED），由程序随机生成，不涉及任何真实的人、单位或地方。
区划代码以 99 开头（不存在的省份），身份证号、统一社会信用代码仅校验位有效，电话和银行账号为未启用号段。
truth.csv 记录了程序植入的违规情形（scheme）和看似可疑实则正常的情形（innocent）。

Everything in this folder is SIMULATED: generated at random, about no real person, body or place.
Division codes begin with 99 (no such province); ID numbers and credit codes are valid in their check digits
only; phone numbers and bank accounts come from ranges that nobody has been given.
  registers/            the registers as departments would send them, mistakes included; listed in manifest.json
  truth.csv             planted schemes and innocent coincidences, with the keys of their rows
  verifications.csv     what people checked in the past, how they chose it, and what they found
  inbox.csv             complaints by SMS and web; inbox_truth.csv says what each is about
  manifest.json         files with delivery dates and row counts; simulated: true
"""
FEWEST_VILLAGES: Final = 1
MOST_VILLAGES: Final = 30_000  # 99 counties of some 330 villages


@dataclass(frozen=True, slots=True)
class SimulationSummary:
    """What was written where. `schemes` and `innocents` count truth rows, `mess` spoilt cells and rows."""

    out: Path
    villages: int
    rows: dict[str, int]
    schemes: dict[str, int]
    innocents: dict[str, int]
    mess: dict[str, int]
    complaints: int
    verifications: int

    @property
    def total_rows(self) -> int:
        return sum(self.rows.values())


@dataclass(slots=True)
class _Tally:
    """What is kept of the villages already written: a brief of each, and counts."""

    briefs: list[Brief] = field(default_factory=list)
    counts: dict[str, Counter[str]] = field(
        default_factory=lambda: {"scheme": Counter(), "innocent": Counter()}
    )


def simulate(
    out: Path,
    *,
    villages: int,
    seed: int,
    start: date,
    end: date,
    wrongdoing_rate: float = 0.12,
    inbox: int = 300,
    progress: Callable[[int, int], None] | None = None,
) -> SimulationSummary:
    """Write a simulated county (or several, from 330 villages on) into the folder `out`.

    The same arguments write the same bytes. Villages are made, written and forgotten one by one, so memory
    grows only by a short brief of each (about 2 kB).

    Args:
        out: an empty or new folder, or one that an earlier simulation wrote, which is then replaced.
        start, end: first and last simulated day, at least a year apart; `end` is the day of delivery.
        wrongdoing_rate: probability that a village has an official who plots, 0 to 1.
        inbox: number of complaints to write.
        progress: called with villages done and villages in all.

    Raises:
        ValueError: arguments out of range, or `out` holds files that no simulation wrote.
    """
    if not FEWEST_VILLAGES <= villages <= MOST_VILLAGES:
        raise ValueError(f"villages must lie between {FEWEST_VILLAGES} and {MOST_VILLAGES}, not {villages}")
    if not 0 <= wrongdoing_rate <= 1 or inbox < 0 or seed < 0:
        raise ValueError("wrongdoing_rate must lie in 0 to 1; inbox and seed must not be negative")
    period = Period(start, end)
    _make_room(out)
    tally = _Tally()
    with (
        SheetWriter(out / "registers", period=period, seed=seed) as sheets,
        (out / "truth.csv").open("w", encoding="utf-8-sig", newline="") as truth_file,
    ):
        truth = csv.writer(truth_file)
        truth.writerow(TRUTH_COLUMNS)
        sheets.write(Rows(subsidy_programme=programme_rows(period.years())), rng=np.random.default_rng(seed))
        made = _villages(sheets, villages=villages, seed=seed, period=period, wrongdoing_rate=wrongdoing_rate)
        for done, village in enumerate(made, start=1):
            sheets.write(village.rows, rng=np.random.default_rng([seed, int(village.code)]))
            truth.writerows(truth_line(village, item) for item in village.truth)
            for item in village.truth:
                tally.counts[item.kind][item.scheme] += 1
            tally.briefs.append(brief(village))
            if progress:
                progress(done, villages)
    verified = write_verifications(out / "verifications.csv", tally.briefs, period=period, seed=seed)
    complaints = write_inbox(out, tally.briefs, number=inbox, period=period, seed=seed)
    summary = SimulationSummary(
        out=out,
        villages=villages,
        rows=_rows_by_register(sheets),
        schemes=dict(sorted(tally.counts["scheme"].items())),
        innocents=dict(sorted(tally.counts["innocent"].items())),
        mess=dict(sorted(sheets.mess.items())),
        complaints=complaints,
        verifications=verified,
    )
    _write_manifest(summary, sheets, period=period, seed=seed, wrongdoing_rate=wrongdoing_rate)
    return summary


def _make_room(out: Path) -> None:
    """Create the folder and mark it as simulated; replace what an earlier simulation wrote, refuse anything else."""
    out.mkdir(parents=True, exist_ok=True)
    if any(out.iterdir()) and not (out / README).exists():
        raise ValueError(f"{out.name} is not empty and no simulation wrote it; choose an empty folder")
    (out / README).write_text(README_TEXT, encoding="utf-8")
    for old in [*out.glob("*.csv"), *out.glob("manifest.json"), *(out / "registers").glob("*.*")]:
        old.unlink()


def _villages(
    sheets: SheetWriter, *, villages: int, seed: int, period: Period, wrongdoing_rate: float
) -> Iterator[Village]:
    """Each village in turn; a county's shared firms are written before its first village."""
    for county in plan_counties(villages, seed=seed):
        market, shared = open_market(county, rnd=Random(f"{seed}:market:{county.code}"), period=period)
        sheets.write(shared, rng=np.random.default_rng([seed, int(county.code)]))
        for plan in county.villages:
            yield build_village(
                plan, period=period, market=market, seed=seed, wrongdoing_rate=wrongdoing_rate
            )


def _rows_by_register(sheets: SheetWriter) -> dict[str, int]:
    rows: Counter[str] = Counter()
    for file in sheets.files:
        rows[file.register] += file.rows
    return dict(rows)


def _write_manifest(
    summary: SimulationSummary, sheets: SheetWriter, *, period: Period, seed: int, wrongdoing_rate: float
) -> None:
    manifest = {
        "simulated": True,
        "note": "模拟数据，不涉及真实的人、单位或地方",
        "seed": seed,
        "villages": summary.villages,
        "start": period.start.isoformat(),
        "end": period.end.isoformat(),
        "wrongdoing_rate": wrongdoing_rate,
        "files": [
            {
                "register": file.register,
                "file": f"registers/{file.path.name}",
                "delivered_on": file.delivered_on.isoformat(),
                "rows": file.rows,
                "simulated": True,
            }
            for file in sheets.files
        ],
        "other_files": [
            {"file": name, "simulated": True}
            for name in ("truth.csv", "verifications.csv", "inbox.csv", "inbox_truth.csv")
        ],
        "schemes": summary.schemes,
        "innocents": summary.innocents,
        "mess": summary.mess,
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=1)
    (summary.out / "manifest.json").write_text(text + "\n", encoding="utf-8")
