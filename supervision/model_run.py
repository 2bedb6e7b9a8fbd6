"""One model on one engine: its population, its findings and the rows behind them.

The relational work stays in the engine; what comes back is the hits and counts by village.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from datetime import date
from functools import cached_property

import pyarrow as pa
from sqlglot import exp

from registers.engine import Engine
from registers.query import bind
from supervision.catalogue import LEVEL_RANK, Model, Queries
from supervision.computability import Computability
from supervision.derived.catalogue import keep_derived
from supervision.parts import Parts
from supervision.runs import EVIDENCE_SCHEMA

LAW_TO_BE_CONFIRMED: dict[str, object] = {
    "title": "行为当时的依据待核实",
    "article": "",
    "to_be_confirmed": True,
}


class ModelRun:
    """A model's answers. `findings` holds the hits of villages for which the model can be computed.

    Args:
        queries: stand in for the model's own (mutants).
        values: parameter values that stand in for the model's own (regions).
        villages: only these are spoken of; None = all.
        parts: only these parts are computed; None = all.
    """

    def __init__(
        self,
        engine: Engine,
        model: Model,
        computability: Computability,
        *,
        queries: Queries | None = None,
        values: Mapping[str, int | float] | None = None,
        villages: Collection[str] | None = None,
        parts: Parts | None = None,
    ) -> None:
        self._engine = engine
        self._model = model
        self._computability = computability
        self._values = model.parameter_values if values is None else values
        self._villages = villages
        parameters = {**self._values, "as_of": engine.as_of}
        queries = queries or model.queries
        keep_derived(engine, model.derived)
        _keep_population(engine, bind(queries.population, parameters), parts)
        evidence = bind(queries.evidence, parameters)
        engine.keep("evidence", parts.narrowed(evidence) if parts else evidence)
        hits = engine.query(_hits(bind(queries.findings, parameters))).to_pylist()
        self.findings = [self._finding(row) for row in hits if self._speaks_of(row["village_code"])]

    def obstacle(self, village: str) -> str | None:
        """Why the model cannot be computed for a village; None when it can."""
        return self._computability.obstacle(self._model, village)

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many subjects could be checked, by village."""
        counts = _population_counts(self._engine)
        return {village: number for village, number in counts.items() if self._covers(village)}

    @cached_property
    def population(self) -> dict[str, set[str]]:
        """The subjects that could be checked, by village: for cases, not for a county."""
        subjects: dict[str, set[str]] = {}
        for row in self._engine.query(
            exp.select("subject_id", "village_code").from_("population")
        ).to_pylist():
            subjects.setdefault(row["village_code"], set()).add(row["subject_id"])
        return subjects

    def evidence(self) -> pa.Table:
        """The rows behind the findings: proof as selected, and context from columns that end in `_row_id`."""
        if not self.findings:
            return EVIDENCE_SCHEMA.empty_table()
        names = ("finding_id", "subject_id", "village_code")
        self._engine.keep_table(
            "found", pa.table({f"found_{n}": [str(f[n]) for f in self.findings] for n in names})
        )
        on = exp.and_(
            exp.column("subject_id", "e").eq(exp.column("found_subject_id")),
            exp.column("village_code", "e").eq(exp.column("found_village_code")),
        )
        select = exp.select("found_finding_id", "e.*").from_(exp.alias_(exp.to_table("evidence"), "e"))
        # A row stands once, with its first day, however often and in whatever order it is met.
        rows: dict[tuple[str, str, str], dict[str, object]] = {}
        for row in self._engine.query(select.join("found", on=on)).to_pylist():
            finding = row.pop("found_finding_id")
            for column, role in _row_id_columns(row):
                proof = role == "proof"
                row_id = str(row[column])
                met = {
                    "finding_id": finding,
                    "register": row_id.partition(":")[0],
                    "row_id": row_id,
                    "role": role,
                    "occurred_on": row["occurred_on"] if proof else None,
                    "amount_fen": row["amount_fen"] if proof else None,
                }
                known = rows.setdefault((finding, row_id, role), met)
                if _first(met) < _first(known):
                    rows[finding, row_id, role] = met
        return pa.Table.from_pylist(list(rows.values()), schema=EVIDENCE_SCHEMA)

    def _covers(self, village: str) -> bool:
        return self._villages is None or village in self._villages

    def _speaks_of(self, village: str) -> bool:
        return self._covers(village) and not self.obstacle(village)

    def _finding(self, row: Mapping[str, object]) -> dict[str, object]:
        model = self._model
        measures = {name: row[name] for name in model.finding}
        officials = str(row["officials"]).split(",") if row["officials"] else []
        if model.subject == "official":
            officials = [str(row["subject_id"])]
        law = _law_in_force(model, row["first_on"], row["last_on"])
        return {
            "finding_id": finding_id(model.id, str(row["subject_id"]), str(row["village_code"])),
            "model_id": model.id,
            "model_version": model.version,
            "model_name": model.name,
            "field": model.field,
            "subject_type": model.subject,
            "subject_id": row["subject_id"],
            "village_code": row["village_code"],
            "level": row["level"],
            "level_rank": LEVEL_RANK[str(row["level"])],
            "first_on": row["first_on"],
            "last_on": row["last_on"],
            "amount_fen": row["amount_fen"],
            "rows": row["rows"],
            "reason": render_reason(model, {**self._values, **measures}),
            "measures": json.dumps(measures, ensure_ascii=False, default=str, sort_keys=True),
            "legal_basis": json.dumps(law, ensure_ascii=False),
            "official_keys": json.dumps(officials),
        }


def count_subjects(engine: Engine, model: Model, parts: Parts) -> dict[str, int]:
    """How many subjects of some parts could be checked, by village."""
    parameters = {**model.parameter_values, "as_of": engine.as_of}
    population = model.queries.population
    keep_derived(engine, model.derived.keys() & population.relations)
    _keep_population(engine, bind(population, parameters), parts)
    return _population_counts(engine)


def finding_id(model: str, subject: str, village: str) -> str:
    """The same hit has the same id in every run."""
    return hashlib.sha256(f"{model}|{subject}|{village}".encode()).hexdigest()[:20]


def render_reason(model: Model, numbers: Mapping[str, object]) -> str:
    """The model's sentence with its numbers: amounts in yuan, days in Chinese, shares in percent."""
    values: dict[str, str] = {}
    for name, value in numbers.items():
        values[name] = _readable(value)
        if name.endswith("_fen"):
            in_yuan = f"{value / 100:,.2f}" if isinstance(value, int | float) else _readable(value)
            values[name.removesuffix("_fen")] = in_yuan
    return model.reason.format_map(values)


def _keep_population(engine: Engine, population: exp.Query, parts: Parts | None) -> None:
    """Keep each subject of a village once; a subject that lies in no village cannot be handed to anybody."""
    if parts:
        population = parts.only(parts.narrowed(population))
    rows = exp.select("subject_id", "village_code").distinct()
    placed = rows.from_(population.subquery("p", copy=False), copy=False).where(
        exp.column("subject_id", "p").is_(exp.null()).not_(),
        exp.column("village_code", "p").is_(exp.null()).not_(),
        copy=False,
    )
    engine.keep("population", placed)


def _population_counts(engine: Engine) -> dict[str, int]:
    count = exp.alias_(exp.Count(this=exp.Star()), "subjects")
    select = exp.select("village_code", count).from_("population").group_by("village_code")
    return {row["village_code"]: row["subjects"] for row in engine.query(select).to_pylist()}


def _hits(findings: exp.Query) -> exp.Query:
    """The findings that reach a level, of subjects that belong to the population."""
    same = exp.and_(
        exp.column("subject_id", "p").eq(exp.column("subject_id", "h")),
        exp.column("village_code", "p").eq(exp.column("village_code", "h")),
    )
    member = exp.select("1").from_(exp.alias_(exp.to_table("population"), "p")).where(same)
    hits = exp.select("*").from_(findings.subquery("h", copy=False), copy=False)
    return hits.where(exp.column("level", "h").is_(exp.null()).not_(), exp.Exists(this=member), copy=False)


def _readable(value: object) -> str:
    match value:
        case None:
            return "未知"
        case float():
            return f"{value:.2f}".rstrip("0").rstrip(".")
        case date():
            return f"{value.year}年{value.month}月{value.day}日"
        case _:
            return str(value)


def _law_in_force(model: Model, first: object, last: object) -> list[dict[str, object]]:
    """The clauses in force on the days of the act; what is to be confirmed says so, and so does a gap."""
    if not isinstance(first, date) or not isinstance(last, date):
        return [LAW_TO_BE_CONFIRMED]
    cited: list[dict[str, object]] = [
        {"title": clause.title, "article": clause.article, "to_be_confirmed": clause.to_be_confirmed}
        for clause in model.legal_basis
        if clause.in_force(first, last)
    ]
    return cited or [LAW_TO_BE_CONFIRMED]


def _first(row: Mapping[str, object]) -> tuple[str, str]:
    """By day, then by amount; what is not known comes last."""
    return (str(row["occurred_on"] or "~"), str(row["amount_fen"] if row["amount_fen"] is not None else "~"))


def _row_id_columns(row: Mapping[str, object]) -> list[tuple[str, str]]:
    context = sorted(name for name in row if name.endswith("_row_id") and row[name] is not None)
    return [("row_id", "proof"), *((name, "context") for name in context)]
