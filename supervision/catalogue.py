"""The catalogue of supervision models: one YAML file each, checked when it is loaded.

What cannot be checked does not load: a model without law, a parameter without bounds, SQL outside the subset, a
level without a case. `docs/how-to/add-a-model.md` says how to write one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from string import Formatter
from typing import Annotated, Literal, Self, get_args

import yaml
from pydantic import Field, ValidationError, model_validator
from sqlglot import exp

from registers.catalogue import Catalogue, load_catalogue
from registers.definitions import Parameter, Strict, read_yaml
from registers.fractions import fractional_names
from registers.query import ParsedQuery, QueryError, check_query, columns_read, parse_expression, parse_query
from registers.same_person import check_links
from supervision.derived.catalogue import DERIVED

MODELS_FOLDER = Path(__file__).parent / "models"
CASE_DAY = date(2025, 6, 30)

Field14 = Literal[
    "collective_funds", "assets_resources", "village_projects", "procurement", "labour", "assistance",
    "agri_subsidy", "seal_use", "land_compensation", "medical_fund", "housing_insurance", "tender",
    "official_conduct", "education_pension",
]  # fmt: skip
Subject = Literal["village", "official", "person", "household", "company", "tender"]
Level = Literal["red", "yellow", "blue"]
Verdict = Literal["hit", "clear", "not_applicable", "not_computable"]
CaseKind = Literal["hit", "clear", "boundary", "exclusion", "not_computable"]

LEVEL_RANK: Mapping[str, int] = {"red": 3, "yellow": 2, "blue": 1}
FIELD_NAMES: Mapping[str, str] = {
    "collective_funds": "集体资金",
    "assets_resources": "资产资源",
    "village_projects": "村级工程",
    "procurement": "村级采购",
    "labour": "劳务用工",
    "assistance": "困难救助",
    "agri_subsidy": "惠农惠民补贴",
    "seal_use": "印章管理",
    "land_compensation": "征地拆迁补偿",
    "medical_fund": "医保医疗",
    "housing_insurance": "农房改造与涉农保险",
    "tender": "招标投标",
    "official_conduct": "公职人员廉洁与作风",
    "education_pension": "教育与养老",
}
EVIDENCE_COLUMNS = ("subject_id", "village_code", "occurred_on", "amount_fen", "row_id")
OFFICIAL_COLUMN = "official_key"  # evidence may name the official concerned


class ModelError(ValueError):
    """A model file that does not load; the message names file, part and mend."""


class Clause(Strict):
    """A clause of law with the days on which it was in force."""

    title: str
    article: str = ""
    in_force_from: date | None = None
    in_force_to: date | None = None
    to_be_confirmed: bool = False

    @model_validator(mode="after")
    def _article_or_doubt(self) -> Self:
        if not self.article and not self.to_be_confirmed:
            raise ValueError(f"{self.title}: give the article, or mark to_be_confirmed: true")
        return self

    def in_force(self, first: date, last: date) -> bool:
        """Whether the clause was in force on some day from `first` to `last`."""
        return (self.in_force_from or date.min) <= last and first <= (self.in_force_to or date.max)


class Guide(Strict):
    """What the person who verifies does: what to check, what to collect, what clears the finding."""

    check: Annotated[tuple[str, ...], Field(min_length=2)]
    evidence: Annotated[tuple[str, ...], Field(min_length=1)]
    clears_if: Annotated[tuple[str, ...], Field(min_length=1)]


class Expected(Strict):
    verdict: Verdict
    level: Level | None = None

    @model_validator(mode="after")
    def _level_of_a_hit(self) -> Self:
        if (self.verdict == "hit") != (self.level is not None):
            raise ValueError("a hit has a level, and only a hit")
        return self


class Case(Strict):
    """A sentence, the rows it speaks of, and what the model must answer for each subject."""

    name: str
    kind: CaseKind
    as_of: date = CASE_DAY
    given: Mapping[str, tuple[Mapping[str, str | int | float | bool | date | None], ...]]
    expect: Annotated[Mapping[str, Expected], Field(min_length=1)]


class Partition(Strict):
    """How a model splits into parts that can be computed one by one, so that a nightly run redoes only some.

    The findings of a part depend, in each register named, on those rows alone whose column holds the part's value:
    the village or subject itself, or for `town` and `county` a code that begins with the part's digits. Registers
    that are not named are read whole.
    """

    by: Literal["village", "town", "county", "subject"]
    registers: Annotated[Mapping[str, str], Field(min_length=1)]


class Model(Strict):
    """A supervision model: who could be checked, which rows prove what, and when that is how serious."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    version: Annotated[int, Field(ge=1)]
    name: str
    field: Field14
    subject: Subject
    what: str
    why: str
    legal_basis: tuple[Clause, ...]
    innocent_reasons: Annotated[tuple[str, ...], Field(min_length=2)]
    guide: Guide
    registers: Annotated[Mapping[str, tuple[str, ...]], Field(min_length=1)]
    derived: Mapping[str, tuple[str, ...]] = {}
    partition: Partition | None = None
    parameters: Mapping[str, Parameter] = {}
    population: str
    evidence: str
    finding: Annotated[Mapping[str, str], Field(min_length=1)]
    levels: Annotated[Mapping[Level, str], Field(min_length=1)]
    reason: str
    cases: tuple[Case, ...]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.legal_basis:
            raise ValueError("legal_basis is empty; cite the clause or mark to_be_confirmed")
        if list(self.levels) != sorted(self.levels, key=lambda level: -LEVEL_RANK[level]):
            raise ValueError("levels: write the most serious first")
        kinds = {case.kind for case in self.cases}
        if missing := set(get_args(CaseKind)) - kinds:
            raise ValueError(f"cases: write one of kind {', '.join(sorted(missing))}")
        shown = {expected.level for case in self.cases for expected in case.expect.values()}
        if untested := set(self.levels) - shown:
            raise ValueError(f"cases: no case shows level {', '.join(sorted(untested))}")
        for register, column in self.partition.registers.items() if self.partition else ():
            if column not in self.registers.get(register, ()):
                raise ValueError(
                    f"partition: {register}.{column} is not among the columns that the model reads"
                )
        unknown = self._named_in_reason() - self.reason_fields
        if unknown:
            raise ValueError(
                f"reason names {', '.join(sorted(unknown))}, which is neither in finding nor a parameter"
            )
        return self

    def _named_in_reason(self) -> set[str]:
        """What stands between braces: names alone, so that a reason can neither look into values nor pad them."""
        return {
            name + (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "")
            for _, name, spec, conversion in Formatter().parse(self.reason)
            if name is not None
        }

    @property
    def reason_fields(self) -> set[str]:
        """Names that the reason may use: aggregates, parameters, and amounts in yuan without their `_fen`."""
        names = {*self.finding, *self.parameters}
        return names | {name.removesuffix("_fen") for name in names if name.endswith("_fen")}

    @property
    def rules(self) -> int:
        """Warning rules: one a level condition."""
        return len(self.levels)

    @cached_property
    def content_hash(self) -> str:
        """A hash of what decides the findings and of what they show."""
        parts = self.model_dump(
            mode="json",
            exclude={"version", "what", "why", "innocent_reasons", "guide", "cases", "partition", "derived"},
        )
        if self.derived:
            parts["derived"] = {name: [DERIVED[name].version, *self.derived[name]] for name in self.derived}
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]

    @cached_property
    def needs(self) -> dict[str, tuple[str, ...]]:
        """The registers and columns behind the answers: those that the SQL reads, and those of derived relations."""
        needed = {register: set(columns) for register, columns in self.registers.items()}
        for name in self.derived:
            for register, columns in DERIVED[name].registers.items():
                needed.setdefault(register, set()).update(columns)
        return {register: tuple(sorted(columns)) for register, columns in needed.items()}

    @cached_property
    def parameter_values(self) -> dict[str, int | float]:
        return {name: parameter.value for name, parameter in self.parameters.items()}

    @cached_property
    def queries(self) -> Queries:
        """The checked queries. Raises `QueryError` for SQL outside the subset."""
        return Queries.of(self, load_catalogue())


@dataclass(frozen=True)
class Queries:
    """The three queries of a model: population, evidence, and the findings over the evidence."""

    population: ParsedQuery
    evidence: ParsedQuery
    findings: ParsedQuery
    names_officials: bool

    @classmethod
    def of(cls, model: Model, catalogue: Catalogue) -> Queries:
        columns = [c for r in model.registers if r in catalogue for c in catalogue[r].columns]
        dates = {column.name for column in columns if column.sql_type == "DATE"}
        decimals = {column.name for column in columns if column.sql_type == "DOUBLE"}
        for name in model.derived:
            if name not in DERIVED:
                raise QueryError(
                    f"{model.id}.yaml derived",
                    None,
                    f"there is no {name!r}; there are {', '.join(sorted(DERIVED))}",
                )
            kinds = DERIVED[name].columns.items()
            dates |= {column for column, kind in kinds if kind == "DATE"}
            decimals |= {column for column, kind in kinds if kind == "DOUBLE"}
        population, evidence = (
            parse_query(
                text,
                source=f"{model.id}.yaml {part}",
                relations={**model.registers, **model.derived},
                parameters=model.parameters,
                date_columns=dates,
                decimal_columns=decimals,
            )
            for part, text in (("population", model.population), ("evidence", model.evidence))
        )
        for query in (population, evidence):
            check_links(query)
        selected = evidence.tree.named_selects
        missing = [name for name in EVIDENCE_COLUMNS if name not in selected]
        if missing:
            raise QueryError(f"{model.id}.yaml evidence", None, f"select {', '.join(missing)}")
        _check_declared_columns(model, catalogue, population, evidence)
        names_officials = OFFICIAL_COLUMN in selected
        findings = _findings_tree(model, names_officials=names_officials)
        source = f"{model.id}.yaml finding"
        checked = check_query(
            findings,
            source=source,
            relations=["evidence"],
            parameters=model.parameters,
            decimal_columns=fractional_names(evidence.tree, decimals),
        )
        return cls(
            population=population, evidence=evidence, findings=checked, names_officials=names_officials
        )


def _findings_tree(model: Model, *, names_officials: bool) -> exp.Query:
    """One row a subject and village: the aggregates of `finding`, and its level or NULL."""
    source = f"{model.id}.yaml"
    aggregates = {name: parse_expression(text, source=source) for name, text in model.finding.items()}
    standard = {
        "rows": "count(*)",
        "first_on": "min(occurred_on)",
        "last_on": "max(occurred_on)",
        "amount_fen": "sum(amount_fen)",
    }
    for name, text in standard.items():
        aggregates.setdefault(name, parse_expression(text, source=source))
    official = (
        f"string_agg(DISTINCT {OFFICIAL_COLUMN}, ',' ORDER BY {OFFICIAL_COLUMN})"
        if names_officials
        else "CAST(NULL AS VARCHAR)"
    )
    aggregates["officials"] = parse_expression(official, source=source)
    grouped = exp.select(
        "subject_id", "village_code", *(exp.alias_(tree, name) for name, tree in aggregates.items())
    )
    grouped = grouped.from_("evidence").group_by("subject_id", "village_code")
    level = exp.Case()
    for name, condition in model.levels.items():
        level = level.when(parse_expression(condition, source=source), exp.Literal.string(name))
    names = ("subject_id", "village_code", *aggregates)
    return exp.select(*names, exp.alias_(level, "level")).from_(grouped.subquery("f"))


def _check_declared_columns(model: Model, catalogue: Catalogue, *queries: ParsedQuery) -> None:
    """The columns declared under `registers` and `derived` exist, and are just those that the SQL reads."""
    read = [columns_read(query) for query in queries]
    for register, columns in model.registers.items():
        if register not in catalogue:
            raise QueryError(f"{model.id}.yaml registers", None, f"there is no register {register!r}")
        known = {column.name for column in catalogue[register].lake_columns}
        _check_columns(f"{model.id}.yaml registers", register, columns, known, read)
    for name, columns in model.derived.items():
        _check_columns(f"{model.id}.yaml derived", name, columns, set(DERIVED[name].columns), read)


def _check_columns(
    source: str,
    relation: str,
    columns: Iterable[str],
    known: set[str],
    queries: Iterable[Mapping[str, set[str]]],
) -> None:
    declared = set(columns)
    if unknown := sorted(declared - known):
        raise QueryError(source, None, f"{relation} has no column {unknown[0]!r}")
    read = {name for query in queries for name in query.get(relation, set())} & known
    if undeclared := sorted(read - declared):
        raise QueryError(source, None, f"declare {relation}: {', '.join(undeclared)}")
    if unread := sorted(declared - read):
        raise QueryError(source, None, f"{relation}: {', '.join(unread)} is not read; remove it")


def load_model(path: Path) -> Model:
    """Read and check one model file. Raises `ModelError`."""
    model = model_from_text(path.read_text(encoding="utf-8"), source=path.name)
    if model.id != path.stem or model.field != path.parent.name:
        raise ModelError(
            f"{path.name}: the file is {model.field}/{model.id}.yaml; name id, field and file alike"
        )
    return model


def model_from_text(text: str, *, source: str) -> Model:
    """Check a model given as YAML; `source` names it in messages. Raises `ModelError`."""
    try:
        model = Model.model_validate(read_yaml(text))
    except (ValidationError, yaml.YAMLError) as error:
        raise ModelError(f"{source}: {error}") from error
    try:
        _ = model.queries
    except QueryError as error:
        raise ModelError(str(error)) from error
    return model


@cache
def load_models(folder: Path = MODELS_FOLDER) -> dict[str, Model]:
    """All models of a folder by id. Raises `ModelError` on the first that does not load."""
    models: dict[str, Model] = {}
    for path in sorted(folder.glob("*/*.yaml")):
        model = load_model(path)
        if model.id in models:
            raise ModelError(f"{path.name}: another model has the id {model.id}")
        models[model.id] = model
    return models
