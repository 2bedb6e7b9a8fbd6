"""People without ID numbers: pairs of rows of one person, found by `registers.linkage`, beside exact name + birth date.

    python -m benchmarks linkage

One fixed configuration for every set; only the columns are named. Pairs are scored against all true pairs of the set.
`febrl 3, half with ID` leaves the number to every second row (by its id), as when one register has it and one has not.
Tier C (the same name and nothing else) is printed to show why it never counts; it is in no overall figure.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.printing import print_table
from registers.comparing import prepare
from registers.linkage import link, links

Pairs = set[tuple[str, str]]


def main(data: Path) -> None:
    """Measure each set and print the table."""
    folder = data / "linkage"
    if not folder.is_dir():
        print(f"{folder} is not there: nothing measured")
        return
    print_table(
        "Linking people: precision, recall and F1 over pairs",
        ["set", "true pairs", "who", "pairs", "precision", "recall", "F1"],
        [line for name, rows, person in sets(folder) for line in measure(name, rows, person)],
    )


def sets(folder: Path) -> list[tuple[str, pd.DataFrame, pd.Series]]:
    """Name, rows with the columns that `link` reads, and the person behind each row id."""
    febrl = pd.read_csv(folder / "febrl_dataset3.csv", skipinitialspace=True, dtype=str).fillna("")
    place = ["street_number", "address_1", "address_2", "suburb", "postcode"]
    rows = pd.DataFrame(
        {
            "row_id": febrl["rec_id"],
            "name": febrl["given_name"] + " " + febrl["surname"],
            "address": febrl[place].agg(" ".join, axis=1),
            "birth_date": febrl["date_of_birth"],
        }
    )
    half = febrl["rec_id"].map(lambda text: hashlib.sha256(text.encode()).digest()[0] % 2 == 0)
    with_id = rows.assign(id_number=febrl["soc_sec_id"].where(half, ""))
    febrl_person = febrl.set_index("rec_id").index.to_series().str.extract(r"rec-(\d+)")[0]
    fake = pd.read_csv(folder / "splink_fake_1000.csv", dtype=str).fillna("")
    fake_rows = pd.DataFrame(
        {
            "row_id": fake["unique_id"],
            "name": fake["first_name"] + " " + fake["surname"],
            "phone": fake["email"],
            "address": fake["city"],
            "birth_date": fake["dob"],
        }
    )
    return [
        ("febrl 3, no ID", rows, febrl_person),
        ("febrl 3, half with ID", with_id, febrl_person),
        ("splink fake 1000", fake_rows, fake.set_index("unique_id")["cluster"]),
    ]


def measure(name: str, rows: pd.DataFrame, person: pd.Series) -> list[list[str]]:
    """The lines of one set: each tier, the links (A and B), and the baseline."""
    table = pa.Table.from_pandas(rows.replace(r"^\s*$", None, regex=True), preserve_index=False)
    found = link(table)
    true = _equal(pd.DataFrame({"row_id": person.index, "person": person.to_numpy()}), ["person"])
    tiers = {tier: _as_pairs(found.filter(pc.equal(found["tier"], tier))) for tier in "ABC"}
    lines = {f"tier {tier}": pairs for tier, pairs in tiers.items() if pairs}
    lines |= {"links (A and B)": _as_pairs(links(found))}
    lines |= {"baseline: equal name and birth date": _equal(prepare(table), ["name", "birth_date"])}
    return [[name, f"{len(true):,}", who, *_scores(pairs, true)] for who, pairs in lines.items()]


def _scores(pairs: Pairs, true: Pairs) -> list[str]:
    right = len(pairs & true)
    precision, recall = right / max(len(pairs), 1), right / len(true)
    f1 = 2 * right / (len(pairs) + len(true))
    return [f"{len(pairs):,}", *(f"{value:.3f}" for value in (precision, recall, f1))]


def _as_pairs(table: pa.Table) -> Pairs:
    return set(zip(table["left_id"].to_pylist(), table["right_id"].to_pylist(), strict=True))


def _equal(rows: pd.DataFrame, columns: list[str]) -> Pairs:
    """The pairs of rows that have the same values, none of them empty."""
    known = rows.dropna(subset=columns)[["row_id", *columns]]
    pairs = known.merge(known, on=columns)
    pairs = pairs[pairs["row_id_x"] < pairs["row_id_y"]]
    return set(zip(pairs["row_id_x"], pairs["row_id_y"], strict=True))
