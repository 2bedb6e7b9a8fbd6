"""The catalogue: what each register is, whose it is, its columns as departments name them, and its checks.

One YAML file a register in `registers/catalogue/`; `docs/how-to/add-a-register.md` says how to add one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, cached_property
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from registers import values
from registers.accounts import normal_account
from registers.definitions import Strict, read_yaml
from registers.normalising import normal_address, normal_name

CATALOGUE_FOLDER = Path(__file__).parent / "catalogue"

ColumnType = Literal[
    "text", "note", "enum", "bool", "integer", "decimal", "amount", "date", "month",
    "division", "credit_code", "person", "party", "phone", "account", "written",
]  # fmt: skip

SQL_TYPES: Mapping[str, str] = {
    "bool": "BOOLEAN",
    "integer": "BIGINT",
    "amount": "BIGINT",
    "decimal": "DOUBLE",
    "date": "DATE",
    "month": "DATE",
}
"""Types in the lake; every type that is not named here is VARCHAR."""

PARSERS: Mapping[str, Callable[[str], object]] = {
    "text": values.parse_text,
    "note": values.parse_note,
    "bool": values.parse_bool,
    "integer": values.parse_integer,
    "decimal": values.parse_decimal,
    "date": values.parse_date,
    "month": values.parse_month,
    "division": values.parse_division,
    "credit_code": values.parse_credit_code,
    "person": values.parse_id_number,
    "phone": values.parse_phone,
    "account": values.parse_account,
}

NORMALISERS: Mapping[str, Callable[[str], str]] = {
    "account": normal_account,
    "name": normal_name,
    "address": normal_address,
}
"""What a text column may be brought into; each keeps what it does not know."""

HEADER_SCALES: Mapping[str, int] = {"元": 1, "万元": 10_000, "千元": 1000, "亿元": 100_000_000}


class CatalogueError(ValueError):
    """A register file that cannot be used; the message names the file and what to mend."""


class Column(Strict):
    """A column: its name in the lake, and how sheets name and write it."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    zh: str
    aliases: tuple[str, ...] = ()
    type: ColumnType
    required: bool = False
    unit: str | None = None
    min: float | None = None
    max: float | None = None
    values: Mapping[str, tuple[str, ...]] = {}
    derived_from: str | None = None  # a month that the file may leave out: that of this date
    references: str | None = None  # register.column that must hold the value
    vault: Literal["id_number", "name", "phone", "birth_date"] | None = (
        None  # kept (also) in the identity vault
    )
    normalise: Literal["account", "name", "address"] | None = None  # one writing for many, see `NORMALISERS`
    future: bool = False  # a date that may lie after the day of delivery
    max_years_ahead: int = 50
    empty: Literal["gap", "telling", "normal"] = "gap"
    """What an empty cell means: data are missing; or it says something (no approval, no resolution), unless nobody
    ever fills the column; or nothing happened (a term that has not ended)."""
    known_with: str | None = None  # the date column with which this value became known
    otherwise: str | None = None  # the value before that date

    @model_validator(mode="after")
    def _enum_has_values(self) -> Self:
        if (self.type == "enum") != bool(self.values):
            raise ValueError(f"column {self.name}: `values` belongs to an enum, and an enum needs it")
        return self

    @model_validator(mode="after")
    def _only_texts_are_normalised(self) -> Self:
        if self.normalise and self.type != "text":
            raise ValueError(f"column {self.name}: `normalise` is for texts")
        return self

    @property
    def sql_type(self) -> str:
        return SQL_TYPES.get(self.type, "VARCHAR")

    @property
    def in_lake(self) -> bool:
        """Names and plain phone numbers never enter the lake; a person's surrogate key does."""
        return self.vault is None or self.type == "person"

    def enum_value(self, text: str) -> str:
        """The English value of a Chinese or English one."""
        cleaned = values.clean(text)
        for value, names in self.values.items():
            if cleaned == value or cleaned in names:
                return value
        allowed = "、".join(names[0] for names in self.values.values() if names)
        raise values.BadValue(f"取值不在范围内，应为：{allowed}")


class Register(Strict):
    """A register: one kind of row that one department keeps."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    name: str
    owner: str
    frequency: Literal["live", "monthly", "quarterly", "yearly"]
    sharing: Literal["open", "restricted", "approval"]
    personal_data: Literal["none", "personal", "sensitive"]
    mode: Literal["append", "versioned"]
    key: tuple[str, ...]
    event_date: str
    recorded_on: str | None = None
    max_age_days: Annotated[
        int, Field(ge=1)
    ]  # since the newest event, or since the last delivery, see `aged_by`
    aged_by: Literal[
        "event", "delivery"
    ]  # a stream of events, or a state that may rightly not change for years
    min_coverage: Annotated[float, Field(ge=0, le=1)] = 0.6
    columns: tuple[Column, ...]

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        names = [column.name for column in self.columns]
        if len(set(names)) != len(names):
            raise ValueError("two columns have the same name")
        for used in (*self.key, self.event_date, self.recorded_on or self.event_date):
            if used not in names:
                raise ValueError(f"{used!r} is not a column")
        return self

    def __getitem__(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def file_columns(self) -> tuple[Column, ...]:
        """The columns that departments write; the others are derived from them."""
        return tuple(c for c in self.columns if c.derived_from is None and c.type != "written")

    @property
    def vault_key(self) -> str | None:
        """The column under whose surrogate the identities of the rows lie in the vault."""
        if not any(column.vault for column in self.columns):
            return None
        return next((column.name for column in self.columns if column.type == "written"), "person_key")

    @property
    def lake_columns(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.in_lake)

    @property
    def village_column(self) -> str | None:
        """The column that places a row in a village, if the register has one."""
        for name in ("village_code", "division_code"):
            if any(column.name == name for column in self.columns):
                return name
        return None

    def find_columns(self, headers: list[str], *, mapping: Mapping[str, str] | None = None) -> dict[str, int]:
        """Which header holds which column: by an explicit mapping, English name, Chinese name or alias.

        Raises `CatalogueError` in Chinese when two headers claim one column.
        """
        wanted = {
            header_key(name): column.name
            for column in self.columns
            if column.type != "written"  # made here, never read
            for name in (column.name, column.zh, *column.aliases)
        }
        wanted |= {header_key(header): name for header, name in (mapping or {}).items()}
        found: dict[str, int] = {}
        for position, header in enumerate(headers):
            name = wanted.get(header_key(header)) or wanted.get(header_key(split_unit(header)[0]))
            if name is None:
                continue
            if name in found:
                raise CatalogueError(
                    f"列“{headers[found[name]]}”和“{header}”都对应“{self[name].zh}”，请删去一列或改名"
                )
            found[name] = position
        return found


class Catalogue(Mapping[str, Register]):
    """All registers by id."""

    def __init__(self, registers: Mapping[str, Register]) -> None:
        self._registers = dict(registers)

    def __getitem__(self, register_id: str) -> Register:
        return self._registers[register_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self._registers)

    def __len__(self) -> int:
        return len(self._registers)

    @cached_property
    def content_hash(self) -> str:
        """A hash of all definitions: what a row means depends on them."""
        content = [self[name].model_dump_json() for name in sorted(self)]
        return hashlib.sha256("\n".join(content).encode()).hexdigest()[:16]

    def import_order(self) -> list[str]:
        """Register ids, those that others refer to first, so that references can be checked on the way in."""
        graph = {
            register.id: {c.references.partition(".")[0] for c in register.columns if c.references}
            for register in self.values()
        }
        for register in self.values():
            if register.id != "division" and "division" in self:
                graph[register.id].add("division")
        return list(TopologicalSorter(graph).static_order())

    def by_name(self, name: str) -> Register | None:
        """A register by id or Chinese name, as the start of a file name may give it."""
        stem = values.clean(name)
        exact = [r for r in self.values() if stem in (r.id, r.name)]
        starts = [r for r in self.values() if stem.startswith((r.id, r.name))]
        return max(exact or starts, key=lambda r: len(r.id), default=None)

    def by_headers(self, headers: list[str]) -> Register | None:
        """The register whose required columns are all among the headers; None when none or several fit."""
        fits = []
        for register in self.values():
            try:
                found = register.find_columns(headers)
            except CatalogueError:
                continue
            if all(column.name in found for column in register.columns if column.required):
                fits.append((len(found), register))
        fits.sort(key=lambda fit: -fit[0])
        if not fits or (len(fits) > 1 and fits[0][0] == fits[1][0]):
            return None
        return fits[0][1]


def header_key(header: str) -> str:
    """A header without spaces, brackets' width and letter case."""
    return re.sub(r"[\s*＊:：]", "", values.clean(header)).lower()


def split_unit(header: str) -> tuple[str, int]:
    """`金额（万元）` → (`金额`, 10000): a header's name and the scale of its unit in yuan."""
    cleaned = values.clean(header)
    match = re.fullmatch(r"(.+?)\s*[(\[](?:单位[::]?)?\s*([^()\[\]]+)[)\]]", cleaned)
    return (match[1], HEADER_SCALES.get(match[2], 1)) if match else (cleaned, 1)


@cache
def load_catalogue(folder: Path = CATALOGUE_FOLDER) -> Catalogue:
    """Read and check every register file of a folder."""
    registers: dict[str, Register] = {}
    for path in sorted(folder.glob("*.yaml")):
        try:
            register = Register.model_validate(_yaml(path))
        except ValidationError as error:
            raise CatalogueError(f"{path.name}: {error}") from error
        if register.id != path.stem:
            raise CatalogueError(f"{path.name}: id is {register.id!r}; name the file after the id")
        registers[register.id] = register
    _check_references(registers)
    return Catalogue(registers)


def _check_references(registers: Mapping[str, Register]) -> None:
    for register in registers.values():
        for column in register.columns:
            if column.references is None:
                continue
            target, _, name = column.references.partition(".")
            if target not in registers or name not in {c.name for c in registers[target].columns}:
                raise CatalogueError(
                    f"{register.id}.yaml: {column.name} references {column.references}, which is not there"
                )


def _yaml(path: Path) -> Any:
    return read_yaml(path.read_text(encoding="utf-8"))
