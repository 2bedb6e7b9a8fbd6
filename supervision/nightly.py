"""The nightly run: what changed since the last run is computed anew, the rest is taken from it.

The result equals that of a full run, table for table. A model is run whole when a register that it does not split by
changed, when it counts the days up to today, when it reads a derived relation whose registers changed, or when it or
its parameters are new.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from registers.changes import Changes
from registers.engine import Engine
from supervision.catalogue import Model, Partition
from supervision.computability import Computability
from supervision.derived.catalogue import DERIVED, keep_derived
from supervision.model_run import ModelRun, count_subjects
from supervision.parts import Parts, keep_parts, part_of
from supervision.regions import Regions
from supervision.runner import (
    Progress,
    list_villages,
    make_run,
    run_models,
    within_scope,
)
from supervision.runs import EVIDENCE_SCHEMA, Run
from supervision.verdicts import verdict_table

Row = dict[str, Any]
OUTCOMES_COUNT: Final = "contractor_credit"
"""The derived relation that weighs what people confirmed; that is no part of the lake."""
WORTH_SPLITTING: Final = 1 / 2
"""Beyond this share of changed parts a full run of the model is no slower."""


class How(Enum):
    """How a model was brought up to date."""

    KEPT = "kept"
    PARTS = "parts"
    WHOLE = "whole"


@dataclass(frozen=True)
class Plan:
    """What the nightly run does with a model, and why."""

    how: How
    reason: str
    parts: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Nightly:
    """A run, and how each model came to its answers."""

    run: Run
    plans: Mapping[str, Plan]


def run_nightly(
    engine: Engine,
    models: Iterable[Model],
    *,
    before: Engine,
    previous: Run,
    changes: Changes,
    regions: Regions | None = None,
    progress: Progress | None = None,
    scopes: Mapping[str, str] | None = None,
    outcomes: pa.Table | None = None,
) -> Nightly:
    """Bring a previous run up to date.

    Args:
        engine: shows the registers as they are known now.
        before: shows them as the previous run saw them.
        previous: the run to start from.
        changes: between the two.
        regions: their parameters, then or now, need a full run.
        scopes: the division of a model that does not speak of all villages, by id; such a model is run whole.
        outcomes: as for `run_models`; a model that weighs them is run whole.
    """
    chosen = sorted(models, key=lambda model: model.id)
    if regions or previous.settings or list_villages(engine) != list_villages(before):
        run = run_models(engine, chosen, regions=regions, progress=progress, scopes=scopes, outcomes=outcomes)
        return Nightly(run, {model.id: Plan(How.WHOLE, "地区参数或村的名单有变") for model in chosen})
    computability = Computability(engine, chosen)
    villages = list_villages(engine) or sorted(computability.villages)
    spoken_of = {model: within_scope(villages, division) for model, division in (scopes or {}).items()}
    night = _Night(engine, before, _Previous(previous), computability, spoken_of)
    plans = _shared_parts(chosen, {model.id: _plan(model, night, changes) for model in chosen}, night)
    renewed = [model for model in chosen if plans[model.id].how is not How.KEPT]
    keep_derived(engine, {name for model in renewed for name in model.derived}, outcomes=outcomes)
    findings: list[Row] = []
    evidence: list[pa.Table] = []
    verdicts: list[pa.Table] = []
    for model in chosen:
        update = _update(model, plans[model.id], night)
        findings += update.findings
        evidence.append(update.evidence)
        verdicts.append(
            verdict_table(
                model,
                spoken_of.get(model.id, villages),
                subjects=update.subjects,
                hits=Counter(str(finding["village_code"]) for finding in update.findings),
                computability=computability,
            )
        )
        if progress:
            progress(model.id)
    run = make_run(
        engine,
        chosen,
        findings=findings,
        evidence=evidence,
        verdicts=verdicts,
        regions=None,
        outcomes=outcomes,
        scopes=scopes,
    )
    return Nightly(run, plans)


@dataclass(frozen=True)
class _Night:
    """What every model's update needs. spoken_of: the villages of models that do not speak of all, by id."""

    engine: Engine
    before: Engine
    old: _Previous
    computability: Computability
    spoken_of: Mapping[str, Collection[str]]


class _Previous:
    """The rows of the previous run by model."""

    def __init__(self, run: Run) -> None:
        self.models = run.models
        self.findings: dict[str, list[Row]] = {}
        for row in run.findings.to_pylist():
            self.findings.setdefault(str(row["model_id"]), []).append(row)
        self.evidence = run.evidence
        self._verdicts = {model: _of_model(run.verdicts, model) for model in run.models}

    def subjects(self, model: Model) -> Counter[str]:
        """How many subjects could be checked, by village."""
        return Counter(self._by_village(model, "subjects"))

    def number_of_parts(self, model: Model, split: Partition) -> int:
        """How many parts the model had, at most."""
        counts = self._by_village(model, "subjects")
        return sum(counts.values()) if split.by == "subject" else len({part_of(split, v) for v in counts})

    def obstacles(self, model: Model) -> set[str]:
        """The villages for which the model could not be computed."""
        return {village for village, number in self._by_village(model, "not_computable").items() if number}

    def _by_village(self, model: Model, column: str) -> dict[str, int]:
        rows = self._verdicts[model.id]
        return dict(zip(rows["village_code"].to_pylist(), rows[column].to_pylist(), strict=True))


def _of_model(table: pa.Table, model: str) -> pa.Table:
    return table.filter(pc.equal(table["model_id"], model))


@dataclass(frozen=True)
class _Update:
    findings: list[dict[str, object]]
    evidence: pa.Table
    subjects: Counter[str]


def _plan(model: Model, night: _Night, changes: Changes) -> Plan:
    if reason := _why_whole(model, night, changes):
        return Plan(How.WHOLE, reason)
    if model.partition is None or not any(changes.any_in(name) for name in model.partition.registers):
        return Plan(How.KEPT, "所用的登记表没有变化")
    split = model.partition
    parts = frozenset(
        part_of(split, value)
        for name, column in split.registers.items()
        for value in changes.values(name, column)
    )
    if len(parts) > WORTH_SPLITTING * night.old.number_of_parts(model, split):
        return Plan(How.WHOLE, f"有变化的部分太多：{len(parts)}")
    return Plan(How.PARTS, f"重算 {len(parts)} 个部分", parts)


def _shared_parts(models: Iterable[Model], plans: Mapping[str, Plan], night: _Night) -> dict[str, Plan]:
    """Models that split the same way compute the same parts, so that the rows of these are read once for all."""
    shared = dict(plans)
    alike: dict[str, list[Model]] = {}
    for model in models:
        if plans[model.id].how is How.PARTS and model.partition:
            alike.setdefault(model.partition.by, []).append(model)
    for by, group in sorted(alike.items()):
        parts = frozenset().union(*(plans[model.id].parts for model in group))
        keep_parts(night.engine, by, parts, group)
        keep_parts(night.before, by, parts, group, only_population=True)
        for model in group:
            shared[model.id] = replace(plans[model.id], parts=parts)
    return shared


def _why_whole(model: Model, night: _Night, changes: Changes) -> str | None:
    """Why no part of the model's earlier answers can be kept; None when it can."""
    known = night.old.models.get(model.id)
    if known is None or known["hash"] != model.content_hash:
        return "模型是新的"
    if model.id in night.spoken_of:
        return "模型只管部分区划"
    if OUTCOMES_COUNT in model.derived:
        return "模型要看核实结果"
    if changes.next_day and _counts_days(model):
        return "模型按当天计算天数"
    if any(not night.computability.obstacle(model, village) for village in night.old.obstacles(model)):
        return "有的村原来算不出，现在可以算了"
    split = model.partition.registers.keys() if model.partition else set()
    behind = {register for name in model.derived for register in DERIVED[name].registers}
    whole = sorted(name for name in model.needs if name not in split - behind and changes.any_in(name))
    return f"有变化的登记表不能拆分：{'、'.join(whole)}" if whole else None


def _counts_days(model: Model) -> bool:
    """Whether the answers change with the day alone."""
    queries = model.queries
    parts = (queries.population, queries.evidence, queries.findings)
    return any("as_of" in part.parameters for part in parts) or any(
        DERIVED[name].counts_days for name in model.derived
    )


def _update(model: Model, plan: Plan, night: _Night) -> _Update:
    if plan.how is How.WHOLE:
        run = ModelRun(night.engine, model, night.computability, villages=night.spoken_of.get(model.id))
        return _Update(run.findings, run.evidence(), Counter(run.counts))
    old, obstacle = night.old, night.computability.obstacle
    kept = [f for f in old.findings.get(model.id, ()) if not obstacle(model, f["village_code"])]
    subjects = old.subjects(model)
    if plan.how is How.KEPT or model.partition is None:
        return _Update(kept, _evidence_of(old, kept), subjects)
    parts = Parts(model.partition, plan.parts)
    kept = [finding for finding in kept if not parts.hold(finding)]
    run = ModelRun(night.engine, model, night.computability, parts=parts)
    subjects.update(run.counts)
    subjects.subtract(count_subjects(night.before, model, parts))
    evidence = pa.concat_tables([_evidence_of(old, kept), run.evidence()])
    return _Update(kept + run.findings, evidence, subjects)


def _evidence_of(old: _Previous, findings: Iterable[Mapping[str, object]]) -> pa.Table:
    ids = pa.array([str(finding["finding_id"]) for finding in findings], pa.string())
    found = old.evidence.filter(pc.is_in(old.evidence["finding_id"], value_set=ids))
    return found.cast(EVIDENCE_SCHEMA)
