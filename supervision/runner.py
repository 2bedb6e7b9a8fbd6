"""Running supervision models: every model, every village, one of four answers, and the rows behind each hit.

`run_models` computes, `supervision.runs` stores. The SQL of a model sees the registers only through the engine's
views, so that no model can look past `as_of`.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from registers.engine import Engine
from supervision.catalogue import Model
from supervision.computability import Computability
from supervision.derived.catalogue import keep_derived
from supervision.model_run import ModelRun
from supervision.regions import Regions
from supervision.runs import EVIDENCE_SCHEMA, FINDINGS_SCHEMA, VERDICTS_SCHEMA, Run
from supervision.verdicts import verdict_table

Progress = Callable[[str], None]
"""Called with the id of each model when it is done."""


def run_models(
    engine: Engine,
    models: Iterable[Model],
    *,
    regions: Regions | None = None,
    progress: Progress | None = None,
    outcomes: pa.Table | None = None,
    scopes: Mapping[str, str] | None = None,
) -> Run:
    """Run models as of the engine's day and return findings, evidence and the counts of all four verdicts.

    `scopes` gives, by model id, the division of whose villages alone a model speaks; other models speak of all.

    `outcomes` (columns `company_id`, `confirmed_on`) are findings that people confirmed; a contractor's credit falls
    with them.
    """
    chosen = sorted(models, key=lambda model: model.id)
    keep_derived(engine, {name for model in chosen for name in model.derived}, outcomes=outcomes)
    computability = Computability(engine, chosen)
    villages = list_villages(engine) or sorted(computability.villages)
    findings: list[dict[str, object]] = []
    evidence: list[pa.Table] = []
    verdicts: list[pa.Table] = []
    for model in chosen:
        subjects: Counter[str] = Counter()
        hits: Counter[str] = Counter()
        scope = (scopes or {}).get(model.id)
        spoken_of = within_scope(villages, scope)
        for run in _model_runs(engine, model, computability, spoken_of, regions=regions, whole=scope is None):
            findings += run.findings
            evidence.append(run.evidence())
            subjects.update(run.counts)
            hits.update(str(finding["village_code"]) for finding in run.findings)
        verdicts.append(
            verdict_table(model, spoken_of, subjects=subjects, hits=hits, computability=computability)
        )
        if progress:
            progress(model.id)
    return make_run(
        engine,
        chosen,
        findings=findings,
        evidence=evidence,
        verdicts=verdicts,
        regions=regions,
        outcomes=outcomes,
        scopes=scopes,
    )


def within_scope(villages: Iterable[str], scope: str | None) -> list[str]:
    """The villages of a division; all of them without a scope."""
    return [village for village in villages if village.startswith(scope or "")]


def find(
    engine: Engine,
    models: Iterable[Model],
    *,
    regions: Regions | None = None,
    outcomes: pa.Table | None = None,
) -> pa.Table:
    """The findings alone, as `run_models` gives them: what training asks of many past days."""
    chosen = sorted(models, key=lambda model: model.id)
    keep_derived(engine, {name for model in chosen for name in model.derived}, outcomes=outcomes)
    computability = Computability(engine, chosen)
    villages = list_villages(engine) or sorted(computability.villages)
    rows = [
        row
        for model in chosen
        for run in _model_runs(engine, model, computability, villages, regions=regions, whole=True)
        for row in run.findings
    ]
    return pa.Table.from_pylist(rows, schema=FINDINGS_SCHEMA).sort_by("finding_id")


def _model_runs(
    engine: Engine,
    model: Model,
    computability: Computability,
    villages: Collection[str],
    *,
    regions: Regions | None,
    whole: bool,
) -> Iterator[ModelRun]:
    """One run of a model, or one for each set of parameter values that regions chose.

    whole: it may speak of villages too that occur in no list.
    """
    first, *others = (regions or Regions()).groups(model, villages, as_of=engine.as_of)
    if not others:
        yield ModelRun(engine, model, computability, villages=None if whole else set(villages))
        return
    for values, covered in (first, *others):
        yield ModelRun(engine, model, computability, values=values, villages=covered)


def make_run(
    engine: Engine,
    models: Iterable[Model],
    *,
    findings: list[dict[str, object]],
    evidence: list[pa.Table],
    verdicts: list[pa.Table],
    regions: Regions | None,
    outcomes: pa.Table | None,
    scopes: Mapping[str, str] | None = None,
) -> Run:
    """The run with its identity, rows in a fixed order, and the source of every evidence row."""
    chosen = list(models)
    settings = regions.describe() if regions else []
    scoped = {model.id: scopes[model.id] for model in chosen if model.id in scopes} if scopes else {}
    found = pa.concat_tables(evidence) if evidence else EVIDENCE_SCHEMA.empty_table()
    return Run(
        run_id=_run_id(
            engine, chosen, [*settings, *(f"{m}:{d}" for m, d in sorted(scoped.items()))], outcomes
        ),
        as_of=engine.as_of,
        models={
            model.id: {"version": model.version, "hash": model.content_hash}
            | ({"division": scoped[model.id]} if model.id in scoped else {})
            for model in chosen
        },
        lake=engine.state,
        simulated=engine.simulated,
        settings=settings,
        batches=engine.batches,
        findings=pa.Table.from_pylist(findings, schema=FINDINGS_SCHEMA).sort_by("finding_id"),
        evidence=_with_sources(engine, found),
        verdicts=pa.concat_tables(verdicts) if verdicts else VERDICTS_SCHEMA.empty_table(),
    )


def list_villages(engine: Engine) -> list[str]:
    """The villages of the division register, or none when it is missing."""
    is_village = exp.column("level").eq("village")
    rows = engine.query(
        exp.select("division_code").distinct().from_("division").where(is_village)
    ).to_pylist()
    return sorted(str(row["division_code"]) for row in rows)


def _with_sources(engine: Engine, evidence: pa.Table) -> pa.Table:
    """Add the register's key and where each row came from: batch, file, row of the file; an earlier run's rows say so."""
    known = evidence.filter(pc.is_valid(evidence["key"]))
    evidence = evidence.filter(pc.is_null(evidence["key"]))
    found: dict[str, dict[str, object]] = {}
    for register_id in sorted(set(evidence["register"].to_pylist())):
        register = engine.catalogue[register_id]
        wanted = pa.table(
            {"wanted": evidence.filter(pc.equal(evidence["register"], register_id))["row_id"].unique()}
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
    return pa.concat_tables([known, pa.Table.from_pylist(rows, schema=EVIDENCE_SCHEMA)]).sort_by(order)


def _run_id(
    engine: Engine, models: Iterable[Model], settings: Iterable[str], outcomes: pa.Table | None
) -> str:
    parts = [
        engine.as_of.isoformat(),
        engine.state,
        *(f"{m.id}:{m.version}:{m.content_hash}" for m in models),
        *settings,
        *(sorted(map(str, outcomes.to_pylist())) if outcomes is not None else ()),
    ]
    return f"{engine.as_of.isoformat()}-{hashlib.sha256('|'.join(parts).encode()).hexdigest()[:12]}"
