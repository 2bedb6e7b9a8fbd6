"""Ledger features on a million rows: the embedded engine beside pandas.

    python -m benchmarks features

Two pandas peers: one vectorised by hand over all villages, and the same functions applied to one village at a time, as
features are mostly written (some minutes).
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import ledger_pandas
from features.dictionary import load_groups
from registers.catalogue import load_catalogue
from registers.engine import DuckDBEngine
from registers.lake import META_COLUMNS, Batch, Lake
from registers.query import bind

AS_OF = date(2025, 6, 30)
ROW_GROUP = 122_880  # as the importer writes them
GROUPS = {group.id: group for group in load_groups("village") if group.id in ledger_pandas.GROUPS}


@dataclass(frozen=True)
class Race:
    """Seconds for the same features over the same Parquet file, reading included; values were found equal."""

    rows: int
    features: int
    engine: float
    pandas: dict[str, float]


def race(*, rows: int = 1_000_000, by_village: bool = False, rounds: int = 3, seed: int = 1) -> Race:
    """Compute the ledger features of 1,000 villages with the engine and with pandas, and assert equal values.

    The runners take turns, and the quickest of their rounds counts: the slower ones tell of what else the machine
    was doing. Village by village is run once.
    """
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        path = write_ledger(home, synthetic_ledger(rows=rows, seed=seed))
        runners = {
            "engine": partial(engine_features, home, as_of=AS_OF),
            "vectorised by hand": partial(pandas_features, path, vectorised),
        }
        tables: dict[str, pd.DataFrame] = {}
        seconds: dict[str, float] = {}
        for _ in range(rounds):
            for name, runner in runners.items():
                tables[name], taken = timed(runner)
                seconds[name] = min(taken, seconds.get(name, taken))
        if by_village:
            name = "village by village"
            tables[name], seconds[name] = timed(partial(pandas_features, path, one_by_one))
    ours = tables.pop("engine")
    for theirs in tables.values():
        expected = theirs.reindex(index=ours.index, columns=ours.columns).astype("float64")
        pd.testing.assert_frame_equal(ours, expected, rtol=1e-9, atol=1e-9, check_names=False)
    return Race(rows, ours.shape[1], seconds.pop("engine"), seconds)


def engine_features(home: Path, *, as_of: date) -> pd.DataFrame:
    """The ledger features by village, from the files in `features/sets/village/`, over a lake."""
    with DuckDBEngine(Lake(home), as_of=as_of) as engine:
        tables = [
            engine.query(bind(group.query.parsed, {**group.query.values, "as_of": as_of}))
            for group in GROUPS.values()
        ]
    frames = [table.to_pandas().set_index("entity_id") for table in tables]
    named = [f[[x.name for x in g.features]] for f, g in zip(frames, GROUPS.values(), strict=True)]
    joined: pd.DataFrame = pd.concat(named, axis="columns").sort_index()
    return joined


def pandas_features(path: Path, compute: Callable[[pd.DataFrame], pd.DataFrame]) -> pd.DataFrame:
    dates = dict.fromkeys(("entry_date", "posted_on", "invoice_date"), "datetime64[s]")
    ledger = pd.read_parquet(path).astype(dates)
    return compute(ledger_pandas.expenses(ledger, pd.Timestamp(AS_OF)))


def vectorised(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([compute(rows) for compute in ledger_pandas.GROUPS.values()], axis="columns")


def one_by_one(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([vectorised(own) for _, own in rows.groupby("village_code")])


def synthetic_ledger(*, rows: int, seed: int, villages: int = 1000) -> dict[str, np.ndarray]:
    """Random ledger columns over three years: long-tailed amounts, round ones, repeats, and fields left empty."""
    rng = np.random.default_rng(seed)
    village = rng.integers(villages, size=rows)
    codes = np.array([f"9901{i // 100:02d}100{i % 100 + 200}" for i in range(villages)])
    firms = np.array([f"91{i:016d}" for i in range(4000)])
    amount = np.exp(rng.normal(12, 1.6, rows)).astype("int64") + 1
    amount = np.where(rng.random(rows) < 0.2, (amount // 100_000 + 1) * 100_000, amount)
    payee = firms[(village * 37 + rng.integers(40, size=rows)) % 4000].astype(object)
    person = np.char.add("P", np.char.zfill((village * 50 + rng.integers(50, size=rows)).astype(str), 20))
    payee = np.where(rng.random(rows) < 0.25, person, payee)
    entered = np.datetime64(AS_OF) - rng.integers(1095, size=rows).astype("timedelta64[D]")
    lag = rng.integers(0, 120, size=rows).astype("timedelta64[D]")
    invoiced = entered - rng.integers(-5, 300, size=rows).astype("timedelta64[D]")
    signer = np.char.add("P", np.char.zfill((village * 50).astype(str), 20))
    helper = np.char.add("P", np.char.zfill((village * 50 + rng.integers(3, size=rows)).astype(str), 20))
    order = np.arange(rows)
    return {
        "village_code": codes[village],
        "voucher_no": np.char.add("V", (order // 2).astype(str)),
        "line_no": order % 2,
        "entry_date": entered,
        "posted_on": np.minimum(entered + lag, np.datetime64(AS_OF)),
        "flow": rng.choice(["expense", "expense", "expense", "income"], size=rows),
        "amount_fen": amount,
        "counterparty_id": _thin(rng, payee, 0.1),
        "invoice_no": _thin(rng, rng.integers(10_000_000, 10_400_000, size=rows).astype(str), 0.3),
        "invoice_date": _thin(rng, np.minimum(invoiced, np.datetime64(AS_OF)), 0.3),
        "payment_method": _thin(rng, rng.choice(["bank", "cash", "personal_account"], size=rows), 0.1),
        "approver_key": _thin(rng, signer, 0.1),
        "handler_key": _thin(rng, helper, 0.1),
        "contract_id": _thin(rng, np.char.add("C", (order % 999).astype(str)), 0.8),
    }


def _thin(rng: np.random.Generator, values: np.ndarray, share: float) -> np.ndarray:
    kept = values.astype(object)
    kept[rng.random(len(kept)) < share] = None
    return kept


def write_ledger(home: Path, columns: dict[str, np.ndarray]) -> Path:
    """One committed batch of ledger entries, known on the day of entry. Returns its Parquet file."""
    rows = len(columns["village_code"])
    meta = {
        "row_id": [f"ledger_entry:{i:016x}" for i in range(rows)],
        "batch_id": ["b"] * rows,
        "source_row": np.arange(rows),
        "known_from": columns["entry_date"],
    }
    filled = columns | meta
    wanted = {c.name: c.sql_type for c in load_catalogue()["ledger_entry"].lake_columns} | META_COLUMNS
    types = {"BIGINT": pa.int64(), "DATE": pa.date32()}
    table = pa.table({
        name: pa.array(filled.get(name, [None] * rows), type=types.get(kind, pa.string()), from_pandas=True)
        for name, kind in wanted.items()
    })  # fmt: skip
    file = Path("ledger_entry") / "county=all" / "b.parquet"
    path = home / "lake" / file
    path.parent.mkdir(parents=True)
    pq.write_table(table, path, row_group_size=ROW_GROUP)
    Lake(home).commit(
        Batch(
            batch_id="b", register="ledger_entry", source_file="benchmark", source_sha256="", backfill=True,
            delivered_on=AS_OF.isoformat(), simulated=True, files=(str(file),), closures=None, rows=rows,
            orphans=0, sequence=1,
        )
    )  # fmt: skip
    return path


def timed(compute: Callable[[], pd.DataFrame]) -> tuple[pd.DataFrame, float]:
    started = time.perf_counter()
    result = compute()
    return result, time.perf_counter() - started


def main(*, rows: int = 1_000_000, by_village: bool = True) -> None:
    """Print seconds of the engine beside pandas."""
    result = race(rows=rows, by_village=by_village)
    print(f"{result.features} ledger features on {result.rows:,} rows, values equal")
    print(f"  {'engine':28} {result.engine:8.2f} s")
    for name, seconds in result.pandas.items():
        print(
            f"  {'pandas, ' + name:28} {seconds:8.2f} s   {seconds / result.engine:6.1f} times (wanted: 10)"
        )
