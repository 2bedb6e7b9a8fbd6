"""189,470 real payments of a company (Nigrini's Benford reference) as ledger entries of one village.

The file knows nothing of villages or vouchers, so a small mapping names its columns, and constants say the rest. What
can be computed on it is computed: the quality report, the ledger features and the ledger models; the Benford figures
are compared with the published ones (SOURCES.md) within 0.1 %.

    python -m benchmarks payments
"""

from __future__ import annotations

import tempfile
import time
from datetime import date
from pathlib import Path

from benchmarks.printing import print_table
from features.compute import feature_set
from registers.catalogue import load_catalogue
from registers.engine import DuckDBEngine
from registers.importing import ROW_NUMBER, import_file
from registers.lake import Lake
from registers.query import parse_query
from supervision.catalogue import load_models
from supervision.runner import run_models

VILLAGE = "990101001001"
MAPPING = {
    "VendorNum": "counterparty_id",
    "Date": "entry_date",
    "InvNum": "invoice_no",
    "Amount": "amount_fen",
}
CONSTANTS = {"village_code": VILLAGE, "voucher_no": ROW_NUMBER, "line_no": "1", "flow": "支出"}
PUBLISHED = {"amounts": 185_083, "first-two-digits MAD": 0.002336614, "chi-squared": 32_101}
TOLERANCE = 0.001
POSITIVE = parse_query(
    "SELECT count(*) AS amounts FROM ledger_entry WHERE amount_fen > 0",
    source="payments.py",
    relations=["ledger_entry"],
)
DELIVERED = date(2011, 1, 31)


def main(data: Path) -> None:
    """Import, compute, compare, print."""
    with tempfile.TemporaryDirectory(prefix="payments") as folder:
        lake = Lake(Path(folder))
        began = time.perf_counter()
        report = import_file(
            data / "payments" / "corporate_payment_2010.parquet",
            lake=lake,
            catalogue=load_catalogue(),
            delivered_on=DELIVERED,
            register="ledger_entry",
            mapping=MAPPING,
            constants=CONSTANTS,
        )
        seconds = time.perf_counter() - began
        counts = ("rows_in", "accepted", "duplicates", "quarantined")
        print_table(
            f"Import: {seconds:.1f} s",
            ["", "rows"],
            [[name, f"{getattr(report, name):,}"] for name in counts],
        )
        print_table("Quarantined because", ["reason", "rows"], report.reasons.items())
        with DuckDBEngine(lake, as_of=DELIVERED) as engine:
            features = feature_set(engine, "village").values.loc[VILLAGE].dropna()
            run = run_models(engine, load_models().values())
            amounts = engine.query(POSITIVE.tree).to_pylist()[0]["amounts"]
    figures = {
        "amounts": amounts,
        "first-two-digits MAD": features["benford_mad"],
        "chi-squared": features["benford_chi_square"] * amounts,  # the feature is per payment
    }
    print_table(
        "Ledger features that can be computed",
        ["feature", "value"],
        [[n, f"{v:.6g}"] for n, v in features.items()],
    )
    found = {row["model_id"]: f"{row['level']}: {row['reason']}" for row in run.findings.to_pylist()}
    verdicts = [
        [row["model_id"], row["reason"] or found.get(row["model_id"], "clear")]
        for row in run.verdicts.to_pylist()
    ]
    print_table("Models: what each answers on this data", ["model", "answer"], verdicts)
    lines = []
    for name, published in PUBLISHED.items():
        off = abs(figures[name] / published - 1)
        lines.append(
            [
                name,
                f"{figures[name]:.9g}",
                f"{published:.9g}",
                f"{off:.4%}",
                "yes" if off <= TOLERANCE else "NO",
            ]
        )
    print_table(
        "Benford: ours beside the published figures",
        ["figure", "ours", "published", "off by", "within 0.1 %"],
        lines,
    )
