"""Import of a file, or of a folder of files in the order in which registers refer to each other."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from casework.models import Entity, Outcome, SelectedBy
from casework.outcomes import PastVerification
from registers.catalogue import Catalogue
from registers.importing import ImportRefused, import_file
from registers.lake import Lake
from registers.ocds import COLUMNS as OCDS_COLUMNS
from registers.ocds import is_ocds, registers_in
from registers.person_links import link_people
from registers.pseudonyms import Pseudonyms, load_key
from registers.quality import QualityReport
from registers.tables import ReadError

TABLE_SUFFIXES = frozenset({".csv", ".tsv", ".txt", ".xlsx", ".xls", ".parquet", ".jsonl"})
VERIFICATIONS = "verifications.csv"

FileDone = Callable[[int, int], None]


@dataclass(frozen=True)
class Delivery:
    """A file to import, and what its folder's manifest says of it."""

    path: Path
    register: str | None
    delivered_on: date
    simulated: bool


@dataclass(frozen=True)
class Refused:
    """A file that could not be imported, with the reason in Chinese."""

    source_file: str
    reason: str


def import_path(
    path: Path,
    *,
    home: Path,
    catalogue: Catalogue,
    delivered_on: date,
    register: str | None = None,
    mapping: Mapping[str, str] | None = None,
    constants: Mapping[str, str] | None = None,
    backfill: bool = False,
    redelivered: bool = False,
    done: FileDone | None = None,
) -> Iterator[QualityReport | Refused]:
    """Import a file or every table of a folder; a refused file does not stop the others.

    When persons or lists without ID numbers came, the links between them are computed anew; their report comes last.
    """
    deliveries = list_deliveries(path, catalogue=catalogue, register=register, delivered_on=delivered_on)
    lake = Lake(home)
    persons_came = False
    for number, delivery in enumerate(deliveries, start=1):
        try:
            report = import_file(
                delivery.path,
                lake=lake,
                catalogue=catalogue,
                delivered_on=delivery.delivered_on,
                register=delivery.register,
                mapping=mapping,
                constants=_constants(delivery, catalogue, constants or {}),
                backfill=backfill,
                redelivered=redelivered,
                simulated=delivery.simulated,
            )
            persons_came |= not report.already_imported and catalogue[report.register].vault_key is not None
            yield report
        except ImportRefused as error:
            yield Refused(delivery.path.name, str(error))
        if done:
            done(number, len(deliveries))
    try:
        links = link_people(lake, catalogue=catalogue) if persons_came else None
    except ImportRefused as error:
        yield Refused("person_link", str(error))
    else:
        if links is not None:
            yield links


def list_deliveries(
    path: Path, *, catalogue: Catalogue, register: str | None, delivered_on: date
) -> list[Delivery]:
    """The files to import, in order. Raises `ImportRefused` when there are none."""
    if path.is_file():
        return _by_register(Delivery(path, register, delivered_on, simulated=_says_simulated(path)))
    if not path.is_dir():
        raise ImportRefused(f"找不到文件或文件夹：{path}")
    found = _from_manifest(path) or [
        Delivery(file, register, delivered_on, simulated=False)
        for file in sorted(path.iterdir())
        if file.suffix.lower() in TABLE_SUFFIXES and file.name != VERIFICATIONS
    ]
    if not found:
        raise ImportRefused(f"{path} 里没有可导入的表格（csv、xlsx、xls、parquet、jsonl）")
    order = {name: place for place, name in enumerate(catalogue.import_order())}

    def place(delivery: Delivery) -> tuple[int, str]:
        named = catalogue.by_name(delivery.register or delivery.path.stem)
        return (order[named.id] if named else len(order), delivery.path.name)

    return sorted((part for delivery in found for part in _by_register(delivery)), key=place)


def _by_register(delivery: Delivery) -> list[Delivery]:
    """Open contracting data hold several registers and are imported once for each; a table is imported once."""
    if delivery.register is not None or not is_ocds(delivery.path):
        return [delivery]
    try:
        return [replace(delivery, register=name) for name in registers_in(delivery.path)]
    except ReadError:  # the import itself will say what is wrong with the file
        return [replace(delivery, register="tender")]


def _constants(delivery: Delivery, catalogue: Catalogue, constants: Mapping[str, str]) -> Mapping[str, str]:
    """The constants for one table; for open contracting data, those that its register has a column for."""
    register = catalogue.by_name(delivery.register) if delivery.register else None
    if register is None or not is_ocds(delivery.path):
        return constants
    known = {column.name for name in OCDS_COLUMNS for column in catalogue[name].columns}
    if unknown := sorted(constants.keys() - known):
        raise ImportRefused(f"开放合同数据的登记表没有列 {'、'.join(unknown)}")
    names = {column.name for column in register.columns}
    if "village_code" in names - constants.keys():
        raise ImportRefused(
            f"{delivery.path.name}：开放合同数据没有区划代码，请用 --division 写明所属地区的 12 位代码"
        )
    return {name: text for name, text in constants.items() if name in names}


def _from_manifest(folder: Path) -> list[Delivery]:
    path = folder / "manifest.json"
    if not path.exists():
        return []
    content = json.loads(path.read_text(encoding="utf-8"))
    return [
        Delivery(
            folder / item["file"],
            item["register"],
            date.fromisoformat(item["delivered_on"]),
            bool(item["simulated"]),
        )
        for item in content["files"]
    ]


def _says_simulated(path: Path) -> bool:
    """A file taken out of a simulated folder is still simulated."""
    return any(d.simulated for parent in path.parents[:2] for d in _from_manifest(parent) if d.path == path)


def read_verifications(path: Path, *, home: Path) -> list[PastVerification]:
    """Outcomes of past verifications; officials come with ID numbers and leave with surrogate keys.

    Raises `ImportRefused` with the row when a value does not exist.
    """
    pseudonyms = Pseudonyms(load_key(home, "pseudonym"))
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [
            _verification(number, row, pseudonyms) for number, row in enumerate(csv.DictReader(file), start=2)
        ]


def _verification(number: int, row: Mapping[str, str], pseudonyms: Pseudonyms) -> PastVerification:
    try:
        entity = Entity(row["entity"])
        return PastVerification(
            entity=entity,
            entity_id=pseudonyms.person(row["entity_id"]) if entity is Entity.OFFICIAL else row["entity_id"],
            selected_on=date.fromisoformat(row["selected_on"]),
            selected_by=SelectedBy(row["selected_by"]),
            propensity=float(row["propensity"]) if row["propensity"] else None,
            decided_on=date.fromisoformat(row["decided_on"]),
            outcome=Outcome(row["outcome"]),
        )
    except (KeyError, ValueError) as error:
        raise ImportRefused(f"{VERIFICATIONS} 第 {number} 行无法读取，请核对列名、日期和取值") from error
