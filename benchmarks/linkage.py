"""People without ID numbers: pairs of rows of one person, found by `registers.linkage`, beside exact name + birth date.

    python -m benchmarks linkage

One fixed configuration for every set; only the columns are named. Pairs are scored against all true pairs of the set.
`febrl 3, half with ID` leaves the number to every second row (by its id), as when one register has it and one has not.
`febrl 3, half with ID` also holds ID numbers with typing errors, and two numbers are two persons: those pairs are lost by
rule. `village lists` takes made-up people of the simulated county and writes every fifth of them on a list without ID
numbers, with the slips named in `village_lists`; there a pair is a row of the list and a person, and all right pairs count, also
those of rows that give nothing but a name.
Tier C (the same name and nothing else) is printed to show why it never counts; it is in no overall figure.
"""

from __future__ import annotations

import hashlib
import io
import tempfile
from datetime import date
from pathlib import Path
from random import Random

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.printing import print_table
from registers.catalogue import load_catalogue
from registers.comparing import ALIKE, prepare
from registers.linkage import link, links
from simulation.run import simulate

Pairs = set[tuple[str, str]]


def main(data: Path) -> None:
    """Measure each set and print the table."""
    folder = data / "linkage"
    public = sets(folder) if folder.is_dir() else []
    if not public:
        print(f"{folder} is not there: only village lists are measured")
    print_table(
        "Linking people: precision, recall and F1 over pairs",
        ["set", "true pairs", "who", "pairs", "precision", "recall", "F1"],
        [*(line for name, rows, person in public for line in measure(name, rows, person)), *measure_lists()],
    )


def measure_lists() -> list[list[str]]:
    """The lines of the village lists: links, tier C, and the baseline of equal names."""
    lists, persons, true = village_lists()
    pairs = link(lists, persons)
    right = set(true.items())
    rows, people = (table.to_pandas().set_index("row_id") for table in (lists, persons))
    tell_more = {
        (row, person)
        for row, person in right
        if any(
            isinstance(rows.at[row, c], str) and rows.at[row, c] == people.at[person, c]
            for c in ("phone", "birth_date")
        )
    }
    named = rows.reset_index().merge(people.reset_index(), on="name")
    sure = _as_pairs(links(pairs))
    found = {
        "links (A and B)": sure,
        "tier C": _as_pairs(pairs.filter(pc.equal(pairs["tier"], "C"))),
        "baseline: equal name": set(zip(named["row_id_x"], named["row_id_y"], strict=True)),
    }
    lines = [
        ["village lists", f"{len(right):,}", who, *_scores(given, right)] for who, given in found.items()
    ]
    # Only the recall differs: pairs that agree in more than a name, of which every one could be found.
    scores = _scores({pair for pair in sure if pair in tell_more or pair not in right}, tell_more)
    return [*lines, ["… phone or birth date agrees", f"{len(tell_more):,}", "links (A and B)", *scores]]


def village_lists(seed: int = 7) -> tuple[pa.Table, pa.Table, dict[str, str]]:
    """Lists and persons of a simulated county of 20 villages, and which person each row of a list means.

    Of the rows, 10 % name somebody who is in no register, 5 % write another character of the same sound or shape (half of
    them one that nobody would take for it), 20 % give no phone and 10 % that of another member of the household; 30 % give
    the birth date, one in thirty with month and day exchanged.
    """
    with tempfile.TemporaryDirectory() as folder:
        simulate(
            Path(folder), villages=20, seed=seed, start=date(2024, 1, 1), end=date(2025, 12, 31), inbox=0
        )
        (path,) = Path(folder).rglob("person.csv")
        sheet = path.read_bytes()
    register = load_catalogue()["person"]
    text = sheet.decode("utf-8-sig") if sheet.startswith(b"\xef\xbb\xbf") else sheet.decode("gb18030")
    frame = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    headers = frame.columns.tolist()
    frame = frame.rename(columns={headers[i]: name for name, i in register.find_columns(headers).items()})
    frame = frame[frame["name"] != ""]
    frame = frame[frame["person_key"].str.fullmatch(r"\d{17}[\dX]")].drop_duplicates("person_key")
    random = Random(seed)  # noqa: S311  made-up slips, not a secret
    members = frame[frame["phone"] != ""].groupby("household_id")["phone"].apply(list).to_dict()
    rows, true = [], {}
    gone = set()
    for place, who in enumerate(frame.to_dict("records")):
        if random.random() >= 0.2:
            continue
        chance, key = random.random(), f"W{place:06d}"
        true[key] = who["person_key"]
        if random.random() < 0.1:
            gone.add(true.pop(key))
        others = [phone for phone in members.get(who["household_id"], []) if phone != who["phone"]]
        phone = None if chance < 0.2 else random.choice(others) if chance < 0.3 and others else who["phone"]
        born = who["person_key"][6:14] if random.random() < 0.3 else None
        if born and random.random() < 1 / 30:
            born = born[:4] + born[6:] + born[4:6]
        name = _slip(who["name"], random) if random.random() < 0.05 else who["name"]
        rows.append({"row_id": key, "name": name, "phone": phone or None, "birth_date": born})
    kept = frame[~frame["person_key"].isin(gone)]
    persons = [
        {
            "row_id": p["person_key"],
            "id_number": p["person_key"],
            "name": p["name"],
            "phone": p["phone"] or None,
            "birth_date": p["person_key"][6:14],
        }
        for p in kept.to_dict("records")
    ]
    return pa.Table.from_pylist(rows), pa.Table.from_pylist(persons), true


def _slip(name: str, random: Random) -> str:
    """One character of the given name written as another."""
    alike = [group for group in ALIKE.split() if set(group) & set(name[1:])]
    if alike and random.random() < 0.5:
        old = next(c for c in name[1:] if c in alike[0])
        return name[0] + name[1:].replace(old, random.choice(alike[0].replace(old, "")), 1)
    return name[:-1] + random.choice("甲川田石水木")


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
