"""Replay of a simulated county quarter by quarter: would the risk model have led people to more, at the same effort?

On the first day of each quarter the models learn from what had been decided by then; the cases drawn in the next three
months are put in order; what people reported later says how many of the first were confirmed. Beside it the first ones
among all villages (officials, suppliers) not verified before are held against the planted truth. The county is simulated from
descriptions of wrongdoing and of how people choose and report; it says nothing about a real county.

    python -m benchmarks back_test
"""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from pathlib import Path

import pyarrow as pa

from benchmarks.printing import print_table
from casework.database import open_engine, sessions
from casework.outcomes import verification_frame
from cunjian.imports import VERIFICATIONS, import_path
from cunjian.settings import Settings
from cunjian.stages import Snapshots, import_outcomes
from features.compute import FeatureSet
from features.dictionary import Entity, dictionary
from registers.catalogue import load_catalogue
from registers.pseudonyms import Pseudonyms, load_key
from simulation.run import simulate
from training.evaluation import Estimate
from training.replay import Replay, against_truth, replay

VILLAGES, SEED = 500, 11
START, END = date(2022, 1, 1), date(2025, 12, 31)
CAPACITY: Mapping[Entity, int] = {"village": 10, "official": 15, "supplier": 15}
"""Drawn cases looked at in a quarter: about a third of those that are drawn."""
LISTED: Mapping[Entity, int] = {"village": 25, "official": 40, "supplier": 25}
"""The first so many of all, held against the truth: a list that a county of this size can work through."""
NAMES = {
    "risk": "risk model",
    "risk_unweighted": "risk, no selection weights",
    "anomaly": "anomaly alone",
    "hits": "number of hits",
    "random": "random",
}


def main() -> None:
    """Simulate, import, replay and print."""
    with tempfile.TemporaryDirectory(prefix="back_test") as name:
        folder = Path(name)
        settings = Settings(home=folder / "home", mlruns=folder / "mlruns", database_url=None)
        simulate(folder / "county", villages=VILLAGES, seed=SEED, start=START, end=END, inbox=0)
        for _ in import_path(
            folder / "county", home=settings.home, catalogue=load_catalogue(), delivered_on=END, backfill=True
        ):
            pass
        report(folder / "county", settings, Snapshots(settings).at)


def report(
    county: Path, settings: Settings, at: Callable[[Entity, date], tuple[FeatureSet, pa.Table]]
) -> None:
    """Replay villages and officials of an imported county, and print."""
    import_outcomes(settings, county / VERIFICATIONS)
    with sessions(open_engine(settings.database)).begin() as session:
        outcomes = verification_frame(session)
    for entity in CAPACITY:
        replayed = replay(
            outcomes,
            entity=entity,
            as_of=END,
            features_at=partial(at, entity),
            dictionary=dictionary(entity),
            capacity=CAPACITY[entity],
            seed=SEED,
        )
        truth = planted(county / "truth.csv", settings.home, entity)
        print_replay(replayed)
        print_truth(replayed, partial(begun, truth))


def begun(truth: Mapping[str, date], day: date) -> set[str]:
    """The entities whose wrongdoing had begun by a day."""
    return {one for one, first in truth.items() if first <= day}


def planted(path: Path, home: Path, entity: Entity) -> dict[str, date]:
    """Entities with planted wrongdoing, and the day on which it began."""
    pseudonyms = Pseudonyms(load_key(home, "pseudonym"))
    began: dict[str, date] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            if row["kind"] != "scheme":
                continue
            first = date.fromisoformat(row["from"])
            for one in _concerned(row, entity, pseudonyms):
                began[one] = min(first, began.get(one, first))
    return began


def _concerned(row: Mapping[str, str], entity: Entity, pseudonyms: Pseudonyms) -> list[str]:
    """The ids that a row of the truth names; of a supplier its credit code, among the subjects."""
    if entity == "official":
        return [pseudonyms.person(number) for number in row["officials"].split(";") if number]
    if entity == "supplier":
        return [str(subject) for subject in json.loads(row["detail"])["subjects"]]
    return [row["village_code"]]


def print_replay(replayed: Replay) -> None:
    """Per quarter and pooled: precision at capacity among the cases that people drew."""
    rows = [
        [
            quarter.start,
            quarter.learnt,
            f"{quarter.confirmed}/{quarter.cases}",
            *(_share(quarter.precision.get(order)) for order in NAMES),
        ]
        for quarter in replayed.quarters
    ]
    print_table(
        f"{replayed.entity} (simulated): share confirmed of the first {replayed.capacity} drawn cases of a quarter",
        ["quarter", "learnt from", "confirmed/drawn", *NAMES.values()],
        rows,
    )
    pooled = [
        [
            NAMES[order],
            _interval(replayed.precision.get(order)),
            _interval(replayed.auc.get(order)),
            _interval(replayed.gain.get(order), sign=True),
        ]
        for order in NAMES
    ]
    print_table(
        f"{replayed.entity} (simulated): pooled over the quarters",
        [
            "order",
            "precision at capacity (95 %)",
            "AUC within quarters (95 %)",
            "risk model is ahead by (95 %)",
        ],
        pooled,
    )


def print_truth(replayed: Replay, truth_at: Callable[[date], set[str]]) -> None:
    """The first of all, pooled over the quarters, against the planted truth."""
    k = LISTED[replayed.entity]
    rows = [
        [NAMES[name], _interval(precision), _interval(recall)]
        for name, precision, recall in against_truth(replayed, truth_at, capacity=k)
    ]
    print_table(
        f"{replayed.entity} (simulated): the first {k} not verified before, against the planted truth",
        ["order", "precision (95 %)", "recall (95 %)"],
        rows,
    )


def _share(estimate: Estimate | None) -> str:
    return "—" if estimate is None else f"{estimate.value:.2f}"


def _interval(estimate: Estimate | None, *, sign: bool = False) -> str:
    if estimate is None:
        return "—"
    plus = "+" if sign else ""
    return f"{estimate.value:{plus}.3f} ({estimate.low:{plus}.3f} to {estimate.high:{plus}.3f})"


if __name__ == "__main__":
    main()
