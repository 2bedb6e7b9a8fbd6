"""A small simulated county in a lake of its own, and the same county as it was a day before its last deliveries."""

from __future__ import annotations

import random
from datetime import date, timedelta
from pathlib import Path

from registers.catalogue import load_catalogue
from registers.importing import import_file
from registers.lake import Lake
from simulation.run import simulate

END = date(2025, 12, 31)
STREAMS = (
    "attendance", "bank_flow", "labour_day", "ledger_entry", "medical_claim", "payroll", "rent_payment", "seal_use",
    "subsidy_payment",
)  # fmt: skip
VILLAGES = 8


def write_county(folder: Path) -> Path:
    """The files of a simulated county."""
    simulate(folder, villages=VILLAGES, seed=5, start=date(2024, 7, 1), end=END, wrongdoing_rate=0.5, inbox=0)
    return folder / "registers"


def deliver(files: Path, home: Path, *, on: date = END) -> None:
    """Import every file of a folder, those that others refer to first."""
    catalogue = load_catalogue()
    for register_id in catalogue.import_order():
        for path in sorted([*files.glob(f"{register_id}.*"), *files.glob(f"{register_id}_2*.csv")]):
            import_file(
                path,
                lake=Lake(home),
                catalogue=catalogue,
                delivered_on=on,
                register=register_id,
                backfill=True,
            )


def hold_back(files: Path, to: Path, *, villages: set[str], seed: int) -> None:
    """The same files as they were earlier: in the streams, three rows in ten of some villages were not there yet."""
    rng = random.Random(seed)  # noqa: S311
    to.mkdir(parents=True)
    for path in files.iterdir():
        if not path.stem.startswith(STREAMS):
            (to / path.name).write_bytes(path.read_bytes())
            continue
        lines = path.read_bytes().splitlines(keepends=True)
        codes = [village.encode() for village in villages]
        kept = [line for line in lines[1:] if not any(code in line for code in codes) or rng.random() > 0.3]
        (to / path.name).write_bytes(b"".join([lines[0], *kept]))


NEXT_DAY = END + timedelta(days=1)
