"""All models and features over a large county, and the nightly increment against a full run.

    python -m benchmarks nightly                                 3,000 villages, 5 years
    python -m benchmarks.nightly --villages 600 --years 5
    python -m benchmarks.nightly --county FOLDER                 a county that is simulated already

The increment adds rows to the streams (ledger, bank, subsidies, labour, payroll, seals, rents, medical claims,
attendance): one row in a hundred, once all in one village in a hundred, once spread over all villages. It is brought
in on the day of the first run (a second run of one day) and on the next day, when models that count days are due.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

import pyarrow as pa

from benchmarks.printing import print_table
from cunjian.imports import import_path
from features.compute import feature_set
from registers.catalogue import load_catalogue
from registers.changes import Changes, Moment
from registers.engine import DuckDBEngine
from registers.importing import import_file
from registers.lake import Lake
from registers.query import bind
from simulation.run import simulate
from supervision.catalogue import Model, load_models
from supervision.computability import Computability
from supervision.model_run import ModelRun
from supervision.nightly import How, Nightly, run_nightly
from supervision.runner import run_models
from supervision.runs import Run

STREAMS = (
    "attendance", "bank_flow", "labour_day", "ledger_entry", "medical_claim", "payroll", "rent_payment", "seal_use",
    "subsidy_payment",
)  # fmt: skip
END = date(2025, 12, 31)
NEXT_DAY = END + timedelta(days=1)
SEED = 31
VILLAGE_DIGITS = 12
Result = TypeVar("Result")


@dataclass(frozen=True)
class Increment:
    """A nightly run beside a full one."""

    spread: str
    rows: int
    nightly: Nightly
    seconds: float
    full_seconds: float
    equal: bool


def main(villages: int = 3000, years: int = 5, *, county: Path | None = None) -> None:
    """Print the full run, its slowest models, and both increments."""
    with tempfile.TemporaryDirectory(prefix="nightly") as folder:
        work = Path(folder)
        if county is None:
            start = date(END.year - years + 1, 1, 1)
            county = work / "county"
            simulate(county, villages=villages, seed=SEED, start=start, end=END, inbox=0)
        files = county / "registers"
        late = {"one village in a hundred": _concentrated(files), "all villages": _spread}
        increments = []
        for number, (spread, chosen) in enumerate(late.items()):
            home = work / f"home{number}"
            later = work / f"later{number}"
            moved = _split(files, work / f"earlier{number}", later, chosen)
            seconds, (first, rows) = _timed(partial(_first_run, work / f"earlier{number}", home))
            if not number:
                _print_full(villages, rows, seconds, home)
            _deliver(home, later)
            for day, when in ((END, "the same day"), (NEXT_DAY, "a day later")):
                increments.append(_increment(f"{spread}, {when}", home, day, moved, first))
        _print_increments(increments)


def _first_run(files: Path, home: Path) -> tuple[Run, int]:
    rows = 0
    for report in import_path(files, home=home, catalogue=load_catalogue(), delivered_on=END, backfill=True):
        rows += getattr(report, "accepted", 0)
    with DuckDBEngine(Lake(home), as_of=END) as engine:
        return run_models(engine, load_models().values()), rows


def _print_full(villages: int, rows: int, seconds: float, home: Path) -> None:
    """Full run and features once more; then each model alone, and what the slowest spend their time on."""
    models = load_models()
    with DuckDBEngine(Lake(home), as_of=END) as engine:
        run_seconds, _ = _timed(lambda: run_models(engine, models.values()))
        feature_seconds, _ = _timed(lambda: [feature_set(engine, e) for e in ("village", "official")])
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        computability = Computability(engine, models.values())
        taken = {m.id: _timed(partial(_evidence, engine, m, computability))[0] for m in models.values()}
        slowest = sorted(taken.items(), key=lambda item: -item[1])[:5]
        plans = [[name, f"{seconds:.1f}", _dearest_steps(engine, models[name])] for name, seconds in slowest]
    print_table(
        f"Full run: {villages} villages, {rows:,} rows (simulated), two cores",
        ["step", "seconds"],
        [
            ["import and first run", f"{seconds:.0f}"],
            [f"all {len(taken)} models", f"{run_seconds:.0f}"],
            ["village and official features", f"{feature_seconds:.0f}"],
            ["peak memory of all of it", f"{peak:,.0f} MB"],
        ],
    )
    print_table("The slowest models", ["model", "seconds", "dearest steps of its plan (CPU seconds)"], plans)


def _evidence(engine: DuckDBEngine, model: Model, computability: Computability) -> pa.Table:
    return ModelRun(engine, model, computability).evidence()


def _dearest_steps(engine: DuckDBEngine, model: Model, most: int = 3) -> str:
    """The operators of the evidence's plan that took longest, with the rows that they gave."""
    evidence = bind(model.queries.evidence, {**model.parameter_values, "as_of": engine.as_of})
    connection = engine._connection
    with tempfile.NamedTemporaryFile(suffix=".json") as profile:
        connection.execute("PRAGMA enable_profiling='json'")
        connection.execute(f"SET profiling_output='{profile.name}'")
        engine.keep("profiled", evidence)
        connection.execute("PRAGMA disable_profiling")
        root = json.loads(Path(profile.name).read_text())
    steps = sorted(_steps(root.get("operator") or root["children"]), reverse=True)[:most]
    return "; ".join(f"{name} {seconds:.1f} ({rows:,} rows)" for seconds, name, rows in steps)


def _steps(node: object) -> Iterator[tuple[float, str, int]]:
    if isinstance(node, list):
        for child in node:
            yield from _steps(child)
    elif isinstance(node, dict):
        name = str(node.get("name", node.get("operator_name", "")))
        seconds = float(node.get("timing") or node.get("operator_timing") or 0.0)
        yield seconds, name, int(node.get("intermediate_rows") or node.get("operator_cardinality") or 0)
        yield from _steps(node.get("children", []))


def _deliver(home: Path, later: Path) -> None:
    """Import what was held back."""
    for path in sorted(later.iterdir()):
        register = next(name for name in STREAMS if path.stem.startswith(name))
        import_file(path, lake=Lake(home), catalogue=load_catalogue(), delivered_on=END, register=register)


def _increment(spread: str, home: Path, day: date, moved: int, first: Run) -> Increment:
    lake, catalogue = Lake(home), load_catalogue()
    with (
        DuckDBEngine(lake, as_of=day) as engine,
        DuckDBEngine(lake, as_of=first.as_of, batches=first.batches) as before,
        Changes(
            lake,
            catalogue=catalogue,
            earlier=Moment(first.as_of, first.batches),
            later=Moment(day, engine.batches),
        ) as changes,
    ):
        models = load_models().values()
        seconds, nightly = _timed(
            lambda: run_nightly(engine, models, before=before, previous=first, changes=changes)
        )
    with DuckDBEngine(lake, as_of=day) as engine:
        full_seconds, full = _timed(lambda: run_models(engine, models))
    equal = all(
        getattr(nightly.run, n).equals(getattr(full, n)) for n in ("findings", "evidence", "verdicts")
    )
    return Increment(spread, moved, nightly, seconds, full_seconds, equal)


def _print_increments(increments: list[Increment]) -> None:
    rows = []
    for done in increments:
        hows = [plan.how for plan in done.nightly.plans.values()]
        rows.append([
            done.spread, f"{done.rows:,}", f"{done.full_seconds:.1f}", f"{done.seconds:.1f}",
            f"{done.full_seconds / done.seconds:.1f} times", "yes" if done.equal else "NO",
            *(hows.count(how) for how in How),
        ])  # fmt: skip
    headers = ["changes in", "rows", "full run s", "nightly s", "faster", "equal", "kept", "parts", "whole"]
    print_table("Nightly increment", headers, rows)
    for name, plan in increments[1].nightly.plans.items():
        if plan.how is How.WHOLE:
            print(f"  whole: {name}: {plan.reason}")


Chosen = Callable[[bytes], bool]


def _concentrated(files: Path) -> Chosen:
    """All stream rows of one village in a hundred."""
    lines = (files / "division.csv").read_bytes().splitlines()[1:]
    codes = [line.split(b",")[0] for line in lines]
    villages = [code for code in codes if len(code) == VILLAGE_DIGITS and not code.endswith(b"000")]
    some = random.Random(SEED).sample(villages, max(1, len(villages) // 100))  # noqa: S311
    return lambda line: any(code in line for code in some)


def _spread(line: bytes) -> bool:
    return zlib.crc32(line) % 100 == 0


def _split(files: Path, earlier: Path, later: Path, chosen: Chosen) -> int:
    """Hold back the chosen rows of the streams; how many."""
    earlier.mkdir()
    later.mkdir()
    moved = 0
    for path in sorted(files.iterdir()):
        if not path.stem.startswith(STREAMS):
            (earlier / path.name).symlink_to(path)
            continue
        with path.open("rb") as source, (earlier / path.name).open("wb") as old:
            header = source.readline()
            old.write(header)
            held = []
            for line in source:
                if chosen(line):
                    held.append(line)
                else:
                    old.write(line)
        if held:
            (later / path.name).write_bytes(b"".join([header, *held]))
            moved += len(held)
    return moved


def _timed(work: Callable[[], Result]) -> tuple[float, Result]:
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--villages", type=int, default=3000)
    parser.add_argument("--years", type=int, default=5)
    parser.add_argument(
        "--county", type=Path, help="what `cunjian simulate` wrote, with that number of villages"
    )
    arguments = parser.parse_args()
    main(arguments.villages, arguments.years, county=arguments.county)
