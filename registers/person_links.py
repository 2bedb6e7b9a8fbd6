"""The register `person_link`: which person with an ID number a list without ID numbers means, as surrogates only.

Names, phones and birth dates are read from the identity vault, compared in memory (`registers.linkage`) and forgotten;
what is written is two surrogate keys, the tier, the probability and the *names* of the columns that agree. Rows go
through the ordinary import: a link is known from the newest delivery on that was compared, and one that no longer holds is
withdrawn by a new version, so that past runs can be repeated.
"""

from __future__ import annotations

import csv
import hashlib
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from registers.catalogue import Catalogue
from registers.engine import DuckDBEngine
from registers.identity import IdentityVault
from registers.importing import import_file
from registers.lake import Lake
from registers.linkage import link
from registers.quality import QualityReport
from registers.query import parse_query
from registers.same_person import REGISTER

LISTS: Final = "name_list"
HIGHEST_NAMESAKES: Final = 5
"""A name that more persons bear says nothing: no row of tier C."""
WITHDRAWN: Final = "withdrawn"
HEADERS: Final = ("from_key", "to_key", "tier", "probability", "agrees", "linked_on")
BIRTH_DATE_IN_ID: Final = slice(6, 14)

WRITTEN = "SELECT DISTINCT n.written_key FROM name_list AS n"
STANDING = "SELECT l.from_key, l.to_key, l.tier, l.probability, l.agrees FROM person_link AS l"

Link = tuple[str, float, str]  # tier, probability, agreeing columns
Links = Mapping[tuple[str, str], Link]


def link_people(lake: Lake, *, catalogue: Catalogue) -> QualityReport | None:
    """Compare the lists without ID numbers with all known persons and bring `person_link` up to date.

    The links are known from the day of the newest delivery that was compared.

    Returns:
        The report of the import of what changed; None where there is no list.
    """
    if LISTS not in lake.registers():
        return None
    behind = [*lake.batches(LISTS), *lake.batches("person")]
    earlier = lake.batches(REGISTER)
    day = max(date.fromisoformat(batch.delivered_on) for batch in [*behind, *earlier])
    with DuckDBEngine(lake, as_of=day, catalogue=catalogue) as engine:
        wanted = {row["written_key"] for row in _rows(engine, WRITTEN, LISTS)}
        standing = {
            (row["from_key"], row["to_key"]): (row["tier"], row["probability"], row["agrees"] or "")
            for row in _rows(engine, STANDING, REGISTER)
        }
    changed = _changes(standing, find_links(IdentityVault(lake.home), wanted))
    # Not mapped to a column: two comparisons that write the same rows are two deliveries all the same.
    basis = hashlib.sha256(" ".join(b.batch_id for b in [*behind, *earlier]).encode()).hexdigest()[:16]
    with tempfile.TemporaryDirectory(dir=lake.home) as folder:
        path = Path(folder) / f"{REGISTER}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([*HEADERS, basis])
            writer.writerows([*pair, *changed[pair], day.isoformat(), ""] for pair in sorted(changed))
        return import_file(
            path,
            lake=lake,
            catalogue=catalogue,
            delivered_on=day,
            register=REGISTER,
            redelivered=True,
            simulated=any(batch.simulated for batch in behind),
        )


def find_links(vault: IdentityVault, wanted: set[str]) -> Links:
    """The links of the persons of lists (`wanted`, their keys) to persons with an ID number."""
    lists: list[dict[str, str | None]] = []
    persons: list[dict[str, str | None]] = []
    for key, identity in vault.for_linkage():
        row = {"row_id": key, "name": identity.name, "phone": identity.phone}
        if identity.id_number:
            born = identity.id_number[BIRTH_DATE_IN_ID]
            persons.append(row | {"id_number": identity.id_number, "birth_date": born})
        elif key in wanted:
            lists.append(row | {"id_number": None, "birth_date": identity.birth_date})
    if not lists or not persons:
        return {}
    schema = pa.schema(
        [(name, pa.string()) for name in ("row_id", "id_number", "name", "phone", "birth_date")]
    )
    pairs = link(pa.Table.from_pylist(lists, schema=schema), pa.Table.from_pylist(persons, schema=schema))
    namesakes: Mapping[str, list[tuple[str, Link]]] = defaultdict(list)
    found: dict[tuple[str, str], Link] = {}
    for pair in pairs.to_pylist():
        value = (pair["tier"], round(pair["probability"], 3), pair["same"].replace(",", "、"))
        if pair["tier"] == "C":
            namesakes[pair["left_id"]].append((pair["right_id"], value))
        else:
            found[pair["left_id"], pair["right_id"]] = value
    for key, others in namesakes.items():
        if len(others) <= HIGHEST_NAMESAKES:
            found |= {(key, other): value for other, value in others}
    return found


def _changes(standing: Links, found: Links) -> dict[tuple[str, str], Link]:
    """What to write: new and changed links, and those that no longer hold. A probability that moved is no change."""
    new = {
        pair: value
        for pair, value in found.items()
        if pair not in standing or (standing[pair][0], standing[pair][2]) != (value[0], value[2])
    }
    gone = {
        pair: (WITHDRAWN, 0.0, "")
        for pair, (tier, _, _) in standing.items()
        if pair not in found and tier != WITHDRAWN
    }
    return new | gone


def _rows(engine: DuckDBEngine, text: str, relation: str) -> list[dict[str, Any]]:
    query = parse_query(text, source=f"{Path(__file__).name} {relation}", relations=[relation])
    rows: list[dict[str, Any]] = engine.query(query.tree).to_pylist()
    return rows
