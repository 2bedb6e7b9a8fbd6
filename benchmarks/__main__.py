"""Every figure that we report, ours beside the peer of the same run: `make bench`, or one part by name.

python -m benchmarks                    all parts: well over an hour on two cores (triage and triage_encoder take half an
                                        hour each, grouping five minutes; the county of 3,000 comes on top)
python -m benchmarks payments triage    these parts
python -m benchmarks --data FOLDER      data from elsewhere than ../shared/data
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from benchmarks import (
    anomaly,
    back_test,
    bad_input,
    calibration,
    claims,
    extraction,
    features,
    grouping,
    linkage,
    mutants,
    nightly,
    payments,
    precheck,
    reasons,
    risk,
    scale,
    schemes,
    scoring,
    tenders,
    triage,
    triage_encoder,
    verified,
)

DATA = Path(__file__).parents[2] / "shared" / "data"
PARTS: dict[str, Callable[[Path], object]] = {
    "triage": triage.main,
    "extraction": extraction.main,
    "grouping": grouping.main,
    "triage_encoder": triage_encoder.main,
    "payments": payments.main,
    "features": lambda _: features.main(),
    "anomaly": anomaly.main,
    "risk": risk.main,
    "verified": verified.main,
    "claims": claims.main,
    "calibration": calibration.main,
    "reasons": reasons.main,
    "scoring": lambda _: scoring.main(),
    "tenders": tenders.main,
    "back_test": lambda _: back_test.main(),
    "mutants": lambda _: mutants.main(),
    "schemes": lambda _: schemes.main(),
    "bad_input": lambda _: bad_input.main(),
    "nightly": lambda _: nightly.main(),
    "linkage": linkage.main,
    "precheck": lambda _: precheck.main(),
    "scale": lambda _: scale.main(),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="which parts; all by default")
    parser.add_argument("--data", type=Path, default=DATA)
    arguments = parser.parse_args()
    for name in arguments.parts or PARTS:
        print(f"\n=== {name} ===", flush=True)
        PARTS[name](arguments.data)


if __name__ == "__main__":
    main()
