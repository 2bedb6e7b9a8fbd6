"""Pre-checks under load: questions arrive fifty a second, whether or not earlier ones have been answered.

A county is simulated, imported and indexed; rows of its last days are asked about as payments to come, by two threads
of one process. A latency counts from the moment at which the question was due, so that waiting counts too.

    python -m benchmarks precheck                      300 villages
    python -m benchmarks.precheck --villages 3000      the county of the figures that we report
    python -m benchmarks.precheck --home HOME          a home that is there already (as of 2025-12-31)
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from benchmarks.printing import print_table
from registers.catalogue import load_catalogue
from registers.engine import DuckDBEngine
from registers.lake import Lake
from supervision.catalogue import load_models
from supervision.precheck.desk import Prechecks
from supervision.precheck.index import Index, build_index
from supervision.precheck.plan import PAYMENT_REGISTERS, ROW_ID, Plans

VILLAGES = 300
DAY = date(2025, 12, 31)
PER_SECOND = 50
SECONDS = 60
THREADS = 2
WARM_UP = 500
"""Questions asked at the same pace before those that count: both workers have then met every model."""
SEED = 11
GOAL_MS = 50

Payment = tuple[str, dict[str, object]]


@dataclass(frozen=True)
class Asked:
    """One question: its register, the answer, and milliseconds from when it was due and from when it was begun."""

    register: str
    answer: str
    waited: float
    took: float


def simulate(home: Path, villages: int) -> None:
    """Simulate and import a county with the real commands."""
    environment = {**os.environ, "CUNJIAN_HOME": str(home), "CUNJIAN_MLRUNS": str(home / "mlruns")}
    county = str(home / "county")
    for line in (
        ["simulate", county, "--villages", str(villages), "--seed", str(SEED)],
        ["import", county, "--backfill", "--json"],
    ):
        subprocess.run(
            [sys.executable, "-m", "cunjian", *line], env=environment, check=True, stdout=subprocess.DEVNULL
        )


def payments(index: Index, wanted: int) -> list[Payment]:
    """Rows of the three registers in equal parts, by chance; each stands for itself as a payment to come."""
    chance = random.Random(SEED)  # noqa: S311  a sample, no secret
    found: list[Payment] = []
    for register in PAYMENT_REGISTERS:
        table = index.tables[register]
        places = [chance.randrange(len(table)) for _ in range(wanted // len(PAYMENT_REGISTERS) + 1)]
        rows = table.take(places).to_pylist()
        found += [(register, {name: row[name] for name in row if name != ROW_ID}) for row in rows]
    chance.shuffle(found)
    return found[:wanted]


def load(prechecks: Prechecks, questions: Sequence[Payment], *, per_second: int) -> list[Asked]:
    """Ask at a steady pace that does not wait for answers."""
    began = time.perf_counter() + 0.1

    def ask(number: int, payment: Payment) -> Asked:
        due, started = began + number / per_second, time.perf_counter()
        answer = prechecks.ask(*payment, as_of=DAY)
        now = time.perf_counter()
        return Asked(payment[0], answer.verdict, (now - due) * 1000, (now - started) * 1000)

    with ThreadPoolExecutor(THREADS) as pool:
        waiting = []
        for number, payment in enumerate(questions):
            time.sleep(max(0.0, began + number / per_second - time.perf_counter()))
            waiting.append(pool.submit(ask, number, payment))
        return [future.result() for future in waiting]


def report(asked: Sequence[Asked], *, per_second: int) -> None:
    """Print percentiles by register, and the answers by kind."""
    groups = {"all": asked} | {r: [a for a in asked if a.register == r] for r in PAYMENT_REGISTERS}
    rows = []
    for name, group in groups.items():
        waited = sorted(a.waited for a in group)
        took = sorted(a.took for a in group)
        kinds = Counter(a.answer for a in group)
        rows.append(
            [
                name,
                len(group),
                *(f"{_percentile(waited, share):.1f}" for share in (0.5, 0.95, 0.99, 1)),
                f"{_percentile(took, 0.5):.1f}",
                ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items())),
            ]
        )
    print_table(
        f"{per_second} questions a second, {THREADS} threads; milliseconds from when a question was due "
        f"(goal: p99 at most {GOAL_MS})",
        ["register", "questions", "p50", "p95", "p99", "max", "p50 of the work", "answers"],
        rows,
    )


def _percentile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def measure(home: Path, *, per_second: int, seconds: int) -> None:
    """Build the index of a home, then ask."""
    catalogue = load_catalogue()
    plans = Plans(load_models().values(), catalogue)
    began = time.perf_counter()
    with DuckDBEngine(Lake(home), as_of=DAY) as engine:
        folder = build_index(engine, plans, home)
    built = time.perf_counter() - began
    index = Index(folder, plans, catalogue)
    prechecks = Prechecks(home)
    began = time.perf_counter()
    prechecks.desk()
    opened = time.perf_counter() - began
    questions = payments(index, per_second * seconds + WARM_UP)
    load(prechecks, questions[:WARM_UP], per_second=per_second)
    before = time.process_time()
    asked = load(prechecks, questions[WARM_UP:], per_second=per_second)
    spent = (time.process_time() - before) / len(asked) * 1000
    size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
    figures = [
        ["rows indexed", f"{sum(map(len, index.tables.values())):,}"],
        ["index", f"{size:,.0f} MB, built in {built:.0f} s, opened in {opened:.1f} s"],
        ["models", ", ".join(f"{name} {len(p.questions)}" for name, p in plans.by_register.items())],
        ["CPU a question", f"{spent:.1f} ms"],
        ["peak memory", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB"],
    ]
    print_table("Pre-check index", ["figure", "value"], figures)
    report(asked, per_second=per_second)


def main(
    villages: int = VILLAGES,
    *,
    home: Path | None = None,
    per_second: int = PER_SECOND,
    seconds: int = SECONDS,
) -> None:
    """Measure over a home that is there, or over a new simulated county."""
    if home is not None:
        measure(home, per_second=per_second, seconds=seconds)
        return
    with tempfile.TemporaryDirectory(prefix="precheck") as folder:
        simulate(Path(folder), villages)
        measure(Path(folder), per_second=per_second, seconds=seconds)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--villages", type=int, default=VILLAGES)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--per-second", type=int, default=PER_SECOND)
    parser.add_argument("--seconds", type=int, default=SECONDS)
    arguments = parser.parse_args()
    main(
        arguments.villages,
        home=arguments.home,
        per_second=arguments.per_second,
        seconds=arguments.seconds,
    )
