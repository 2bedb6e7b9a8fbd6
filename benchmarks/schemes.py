"""What the models find of wrongdoing that was planted in a simulated county: by scheme, at town and county size.

A scheme counts as found when a finding rests on one of the rows that the scheme left. A finding that rests on rows
of an innocent coincidence only is a false hit that its guide must clear; one that rests on neither comes from the
ordinary mess. The county is simulated from descriptions of wrongdoing; it says nothing about a real county.

    python -m benchmarks schemes
"""

from __future__ import annotations

import csv
import dataclasses
import json
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from benchmarks.printing import print_table
from cunjian.imports import import_path
from registers.catalogue import Catalogue, load_catalogue
from registers.engine import DuckDBEngine
from registers.lake import Lake
from registers.pseudonyms import Pseudonyms, load_key
from simulation.run import simulate
from supervision.catalogue import FIELD_NAMES, load_models
from supervision.runner import run_models
from supervision.runs import Run

SIZES = {"a town": 15, "a county": 300}
START, END = date(2023, 1, 1), date(2025, 12, 31)
SEED = 23

RowKey = tuple[str, tuple[str, ...]]
"""A register and the values of its key."""


@dataclass
class Planted:
    """A scheme or an innocent coincidence, and the rows that show it."""

    name: str
    kind: str
    field: str
    rows: set[RowKey]
    found_by: set[str] = dataclasses.field(default_factory=set)


@dataclass(frozen=True)
class Outcome:
    """What was planted, and what the findings of each model rest on."""

    planted: list[Planted]
    rests_on: Mapping[str, Counter[str]]


def measure(villages: int, folder: Path) -> Outcome:
    """Simulate, import, run all models, and compare with the truth."""
    home = folder / "home"
    simulate(folder / "county", villages=villages, seed=SEED, start=START, end=END, inbox=0)
    catalogue = load_catalogue()
    for _ in import_path(folder / "county", home=home, catalogue=catalogue, delivered_on=END, backfill=True):
        pass
    with DuckDBEngine(Lake(home), as_of=END) as engine:
        run = run_models(engine, load_models().values())
    planted = read_truth(folder / "county" / "truth.csv", home=home, catalogue=catalogue)
    return compare(run, planted)


def read_truth(path: Path, *, home: Path, catalogue: Catalogue) -> list[Planted]:
    """The truth with its rows named as the lake names them: persons by surrogate."""
    pseudonyms = Pseudonyms(load_key(home, "pseudonym"))
    planted = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        for line in csv.DictReader(file):
            records = json.loads(line["detail"])["records"]
            rows = {_row_key(register, key, catalogue, pseudonyms) for register, key in records}
            planted.append(Planted(line["scheme"], line["kind"], line["field"], rows))
    return planted


def compare(run: Run, planted: Iterable[Planted]) -> Outcome:
    """Which finding rests on which planted rows."""
    everything, catalogue = list(planted), load_catalogue()
    by_row: dict[RowKey, list[Planted]] = defaultdict(list)
    for item in everything:
        for row in item.rows:
            by_row[row].append(item)
    model_of = dict(
        zip(run.findings["finding_id"].to_pylist(), run.findings["model_id"].to_pylist(), strict=True)
    )
    touched: dict[str, list[Planted]] = {finding: [] for finding in model_of}
    for proof in run.evidence.to_pylist():
        touched[proof["finding_id"]] += by_row.get(_proof_key(proof, catalogue), [])
    rests_on: dict[str, Counter[str]] = defaultdict(Counter)
    for finding, items in touched.items():
        for item in items:
            item.found_by.add(model_of[finding])
        kinds = {item.kind for item in items}
        rests_on[model_of[finding]][
            "scheme" if "scheme" in kinds else "innocent" if kinds else "neither"
        ] += 1
    return Outcome(everything, rests_on)


def _row_key(register_id: str, key: list[str], catalogue: Catalogue, pseudonyms: Pseudonyms) -> RowKey:
    hide = {"person": pseudonyms.person, "party": pseudonyms.party, "account": pseudonyms.account}
    columns = _key_columns(catalogue, register_id)
    kinds = [catalogue[register_id][name].type for name in columns]
    values = [hide[kind](value) if kind in hide else value for kind, value in zip(kinds, key, strict=True)]
    return register_id, tuple(values)


def _proof_key(proof: Mapping[str, str], catalogue: Catalogue) -> RowKey:
    key = json.loads(proof["key"])
    return proof["register"], tuple(str(key[name]) for name in _key_columns(catalogue, proof["register"]))


def _key_columns(catalogue: Catalogue, register_id: str) -> list[str]:
    """The key without what the lake derives: that is not in the truth."""
    register = catalogue[register_id]
    return [name for name in register.key if register[name].derived_from is None]


def main() -> None:
    """Print recall by scheme, and what the findings of each model rest on."""
    outcomes: dict[str, Outcome] = {}
    for size, villages in SIZES.items():
        with tempfile.TemporaryDirectory(prefix="schemes") as folder:
            outcomes[size] = measure(villages, Path(folder))
    _print_recall(outcomes)
    _print_models(outcomes["a county"])


def _print_recall(outcomes: Mapping[str, Outcome]) -> None:
    for kind, title in (("scheme", "Planted schemes found"), ("innocent", "Innocent coincidences hit")):
        by_name: dict[str, dict[str, list[Planted]]] = defaultdict(lambda: defaultdict(list))
        fields: dict[str, str] = {}
        for size, outcome in outcomes.items():
            for item in outcome.planted:
                if item.kind == kind:
                    by_name[item.name][size].append(item)
                    fields[item.name] = FIELD_NAMES.get(item.field, "")
        rows = []
        for name, sizes in sorted(by_name.items(), key=lambda entry: (fields[entry[0]], entry[0])):
            models = Counter(model for items in sizes.values() for item in items for model in item.found_by)
            shares = [_share(sizes.get(size, [])) for size in outcomes]
            rows.append([fields[name], name, *shares, ", ".join(m for m, _ in models.most_common(3))])
        rows.append(
            ["", "all", *(_share([i for i in o.planted if i.kind == kind]) for o in outcomes.values()), ""]
        )
        print_table(f"{title} (simulated)", ["field", kind, *outcomes, "models, most often first"], rows)


def _share(items: list[Planted]) -> str:
    found = sum(1 for item in items if item.found_by)
    return f"{found}/{len(items)} {found / len(items):.0%}" if items else "—"


def _print_models(outcome: Outcome) -> None:
    rows, total = [], Counter[str]()
    for model, counts in sorted(outcome.rests_on.items(), key=lambda entry: -sum(entry[1].values())):
        total.update(counts)
        rows.append([model, *_split(counts)])
    print_table(
        "What the findings of a county rest on (simulated)",
        ["model", "findings", "a scheme", "an innocent coincidence", "neither (mess)"],
        [["all", *_split(total)], *rows],
    )


def _split(counts: Mapping[str, int]) -> list[str]:
    whole = sum(counts.values())
    return [
        str(whole),
        *(f"{counts[k]} ({counts[k] / whole:.0%})" for k in ("scheme", "innocent", "neither")),
    ]
