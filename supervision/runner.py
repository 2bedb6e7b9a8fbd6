"""Running supervision models: every model, every village, one of four answers, and the rows behind each hit.

`run_models` computes, `supervision.runs` stores. The SQL of a model sees the registers only through the engine's
views, so that no model can look past `as_of`.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import date

import pyarrow as pa
from sqlglot import exp

from registers.engine import Engine
from registers.query import bind
from supervision.catalogue import LEVEL_RANK, Model
from supervision.computability import Computability
from supervision.runs import EVIDENCE_SCHEMA, FINDINGS_SCHEMA, VERDICTS_SCHEMA, Run

Progress = Callable[[str], None]
"""Called with the id of each model when it is done."""

NOBODY = "本村没有适用对象"
LAW_TO_BE_CONFIRMED: dict[str, object] = {
    "title": "行为当时的依据待核实",
    "article": "",
    "to_be_confirmed": True,
}


def run_models(engine: Engine, models: Iterable[Model], *, progress: Progress | None = None) -> Run:
    """Run models as of the engine's day and return findings, evidence and the counts of all four verdicts."""
    chosen = sorted(models, key=lambda model: model.id)
    computability = Computability(engine, chosen)
    villages = list_villages(engine) or sorted(computability.villages)
    findings: list[dict[str, object]] = []
    evidence: list[pa.Table] = []
    verdicts: list[dict[str, object]] = []
    for model in chosen:
        outcome = ModelRun(engine, model, computability)
        findings += outcome.findings
        evidence.append(outcome.evidence())
        verdicts += outcome.verdicts(villages)
        if progress:
            progress(model.id)
    return Run(
        run_id=_run_id(engine, chosen),
        as_of=engine.as_of,
        models={model.id: {"version": model.version, "hash": model.content_hash} for model in chosen},
        lake=engine.state,
        simulated=engine.simulated,
        findings=pa.Table.from_pylist(findings, schema=FINDINGS_SCHEMA).sort_by("finding_id"),
        evidence=_with_sources(engine, pa.concat_tables(evidence))
        if evidence
        else EVIDENCE_SCHEMA.empty_table(),
        verdicts=pa.Table.from_pylist(verdicts, schema=VERDICTS_SCHEMA),
    )


class ModelRun:
    """One model on one engine: its population, its evidence and its findings."""

    def __init__(self, engine: Engine, model: Model, computability: Computability) -> None:
        self._engine = engine
        self._model = model
        self._computability = computability
        parameters = {**model.parameter_values, "as_of": engine.as_of}
        queries = model.queries
        engine.keep("population", bind(queries.population, parameters))
        engine.keep("evidence", bind(queries.evidence, parameters))
        self.population = self._read_population()
        rows = engine.query(bind(queries.findings, parameters)).to_pylist()
        self.findings = [
            self._finding(row) for row in rows if row["level"] is not None and self._concerns(row)
        ]

    def _concerns(self, row: Mapping[str, object]) -> bool:
        """Whether the model may speak of this subject: it could be checked, and the village can be computed."""
        village = str(row["village_code"])
        return str(row["subject_id"]) in self.population.get(village, ()) and not self.obstacle(village)

    def obstacle(self, village: str) -> str | None:
        return self._computability.obstacle(self._model, village)

    def evidence(self) -> pa.Table:
        """The rows behind the findings: proof as selected, and context from columns that end in `_row_id`."""
        ids = {(f["subject_id"], f["village_code"]): f["finding_id"] for f in self.findings}
        rows: dict[
            tuple[str, str, str], dict[str, object]
        ] = {}  # a context row stands once, however often it is met
        for row in self._engine.query(exp.select("*").from_("evidence")).to_pylist():
            finding = ids.get((row["subject_id"], row["village_code"]))
            if finding is None:
                continue
            for column, role in _row_id_columns(row):
                proof = role == "proof"
                row_id = str(row[column])
                rows[str(finding), row_id, role] = {
                    "finding_id": finding,
                    "register": row_id.partition(":")[0],
                    "row_id": row_id,
                    "role": role,
                    "occurred_on": row["occurred_on"] if proof else None,
                    "amount_fen": row["amount_fen"] if proof else None,
                }
        return pa.Table.from_pylist(list(rows.values()), schema=EVIDENCE_SCHEMA)

    def verdicts(self, villages: Iterable[str]) -> list[dict[str, object]]:
        """Counts of subjects by verdict, one row a village."""
        population = self.population
        hits = Counter(str(finding["village_code"]) for finding in self.findings)
        rows: list[dict[str, object]] = []
        for village in sorted({*villages, *population}):
            subjects = len(population.get(village, ()))
            obstacle = self.obstacle(village)
            counts = {"hit": 0, "clear": 0, "not_applicable": 0, "not_computable": 0}
            if obstacle:
                counts["not_computable"] = max(subjects, 1)
            elif not subjects:
                counts["not_applicable"] = 1
            else:
                counts |= {"hit": hits[village], "clear": subjects - hits[village]}
            reason = obstacle or (None if subjects else NOBODY)
            rows.append({"model_id": self._model.id, "village_code": village, **counts, "reason": reason})
        return rows

    def _read_population(self) -> dict[str, set[str]]:
        """The subjects that could be checked, by village."""
        subjects: dict[str, set[str]] = {}
        for row in self._engine.query(
            exp.select("subject_id", "village_code").distinct().from_("population")
        ).to_pylist():
            subjects.setdefault(str(row["village_code"]), set()).add(str(row["subject_id"]))
        return subjects

    def _finding(self, row: Mapping[str, object]) -> dict[str, object]:
        model = self._model
        measures = {name: row[name] for name in model.finding}
        officials = str(row["officials"]).split(",") if row["officials"] else []
        if model.subject == "official":
            officials = [str(row["subject_id"])]
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
            "reason": render_reason(model, measures),
            "measures": json.dumps(measures, ensure_ascii=False, default=str, sort_keys=True),
            "legal_basis": json.dumps(
                _law_in_force(model, row["first_on"], row["last_on"]), ensure_ascii=False
            ),
            "official_keys": json.dumps(officials),
        }


def finding_id(model: str, subject: str, village: str) -> str:
    """The same hit has the same id in every run."""
    return hashlib.sha256(f"{model}|{subject}|{village}".encode()).hexdigest()[:20]


def list_villages(engine: Engine) -> list[str]:
    """The villages of the division register, or none when it is missing."""
    is_village = exp.column("level").eq("village")
    rows = engine.query(
        exp.select("division_code").distinct().from_("division").where(is_village)
    ).to_pylist()
    return sorted(str(row["division_code"]) for row in rows)


def render_reason(model: Model, measures: Mapping[str, object]) -> str:
    """The model's sentence with its numbers: amounts in yuan, days in Chinese, shares in percent."""
    values: dict[str, str] = {}
    for name, value in {**model.parameter_values, **measures}.items():
        values[name] = _readable(value)
        if name.endswith("_fen") and isinstance(value, int | float):
            values[name.removesuffix("_fen")] = f"{value / 100:,.2f}"
    return model.reason.format_map(values)


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


def _row_id_columns(row: Mapping[str, object]) -> list[tuple[str, str]]:
    context = sorted(name for name in row if name.endswith("_row_id") and row[name] is not None)
    return [("row_id", "proof"), *((name, "context") for name in context)]


def _with_sources(engine: Engine, evidence: pa.Table) -> pa.Table:
    """Add the register's key and where each row came from: batch, file, row of the file."""
    found: dict[str, dict[str, object]] = {}
    for register_id in sorted(set(evidence["register"].to_pylist())):
        register = engine.catalogue[register_id]
        wanted = pa.table(
            {
                "wanted": evidence.filter(pa.compute.equal(evidence["register"], register_id))[
                    "row_id"
                ].unique()
            }
        )
        engine.keep_table("wanted_rows", wanted)
        asked = (
            exp.select("1")
            .from_("wanted_rows")
            .where(exp.column("wanted").eq(exp.column("row_id", register_id)))
        )
        select = (
            exp.select("row_id", "batch_id", "source_row", *register.key)
            .from_(register_id)
            .where(exp.Exists(this=asked))
        )
        for row in engine.query(select).to_pylist():
            key = json.dumps({name: row[name] for name in register.key}, ensure_ascii=False, default=str)
            batch = str(row["batch_id"])
            found[str(row["row_id"])] = {
                "key": key,
                "batch_id": batch,
                "source_file": engine.sources.get(batch, ""),
                "source_row": row["source_row"],
            }
    rows = [{**row, **found[str(row["row_id"])]} for row in evidence.to_pylist()]
    order = [("finding_id", "ascending"), ("role", "descending"), ("row_id", "ascending")]
    return pa.Table.from_pylist(rows, schema=EVIDENCE_SCHEMA).sort_by(order)


def _run_id(engine: Engine, models: Iterable[Model]) -> str:
    parts = [
        engine.as_of.isoformat(),
        engine.state,
        *(f"{m.id}:{m.version}:{m.content_hash}" for m in models),
    ]
    return f"{engine.as_of.isoformat()}-{hashlib.sha256('|'.join(parts).encode()).hexdigest()[:12]}"
