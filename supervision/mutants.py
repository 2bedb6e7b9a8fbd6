"""Mutants: a model's SQL changed on purpose in one place, to see whether the model's own cases would notice.

A case that stays green under every change is no test. Each mutant negates or shifts a comparison, moves a bound by
one, or drops a condition (of a join, a filter, an EXISTS, a level). A mutant that the engine refuses is no mutant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Final, Literal

import duckdb
from sqlglot import exp

from registers.engine import DuckDBEngine
from registers.query import ParsedQuery, to_sql
from supervision.cases import answers_of
from supervision.catalogue import Case, Model, Queries
from supervision.computability import Computability
from supervision.model_run import ModelRun

Part = Literal["population", "evidence", "findings"]
PARTS: Final[tuple[Part, ...]] = ("population", "evidence", "findings")

NEGATED: Final[Mapping[type[exp.Expr], type[exp.Binary]]] = {
    exp.GT: exp.LTE, exp.GTE: exp.LT, exp.LT: exp.GTE, exp.LTE: exp.GT, exp.EQ: exp.NEQ, exp.NEQ: exp.EQ,
}  # fmt: skip
SHIFTED: Final[Mapping[type[exp.Expr], type[exp.Binary]]] = {
    exp.GT: exp.GTE, exp.GTE: exp.GT, exp.LT: exp.LTE, exp.LTE: exp.LT,
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One change: which part, what stood there, and what stands there now."""

    part: Part
    kind: str
    before: str
    after: str
    queries: Queries

    def __str__(self) -> str:
        return f"{self.part}: {self.kind}: {self.before}  →  {self.after}"


@dataclass(frozen=True)
class MutationScore:
    """How many mutants a model has, and which of them no case noticed."""

    model_id: str
    mutants: int
    survivors: tuple[Mutant, ...]

    @property
    def killed(self) -> int:
        return self.mutants - len(self.survivors)


def mutation_score(model: Model) -> MutationScore:
    """Run the cases of a model against all of its mutants."""
    mutants = list(mutants_of(model))
    survivors: list[Mutant] = []
    refused = 0
    with ExitStack() as stack:
        cases = [_Prepared(stack.enter_context(_engine(case)), model, case) for case in model.cases]
        for mutant in mutants:
            try:
                if not any(case.notices(mutant.queries) for case in cases):
                    survivors.append(mutant)
            except duckdb.Error:
                refused += 1
    return MutationScore(model.id, len(mutants) - refused, tuple(survivors))


def _engine(case: Case) -> DuckDBEngine:
    return DuckDBEngine.from_rows(case.given, as_of=case.as_of)


class _Prepared:
    """A case on its engine; what does not change between mutants is read once."""

    def __init__(self, engine: DuckDBEngine, model: Model, case: Case) -> None:
        self._engine = engine
        self._model = model
        self._computability = Computability(engine, [model])
        self._expected = {subject: (e.verdict, e.level) for subject, e in case.expect.items()}

    def notices(self, queries: Queries) -> bool:
        run = ModelRun(self._engine, self._model, self._computability, queries=queries)
        return answers_of(run, self._model, self._expected) != self._expected


def mutants_of(model: Model) -> Iterator[Mutant]:
    """Every single change of the model's queries, each once."""
    seen: set[str] = set()
    for part in PARTS:
        query: ParsedQuery = getattr(model.queries, part)
        unchanged = to_sql(query.tree)
        for kind, number, new in _changes(query.tree):
            mutated, before = _changed(query, number, new)
            text = to_sql(mutated.tree)
            if text in seen or text == unchanged:
                continue
            seen.add(text)
            yield Mutant(part, kind, before, to_sql(new), _with_part(model.queries, part, mutated))


def _with_part(queries: Queries, part: Part, query: ParsedQuery) -> Queries:
    match part:
        case "population":
            return replace(queries, population=query)
        case "evidence":
            return replace(queries, evidence=query)
        case "findings":
            return replace(queries, findings=query)


def _changes(tree: exp.Query) -> Iterator[tuple[str, int, exp.Expr]]:
    """What kind of change, the number of the node in walking order, and what takes its place."""
    for number, node in enumerate(tree.walk()):
        if negated := NEGATED.get(type(node)):
            yield (
                "comparison negated",
                number,
                negated(this=node.this.copy(), expression=node.expression.copy()),
            )
        if shifted := SHIFTED.get(type(node)):
            yield (
                "bound included or left out",
                number,
                shifted(this=node.this.copy(), expression=node.expression.copy()),
            )
        if isinstance(node, exp.Placeholder) and node.name != "as_of":
            yield (
                "bound moved by one",
                number,
                exp.paren(exp.Add(this=node.copy(), expression=exp.Literal.number(1))),
            )
        if isinstance(node, exp.Exists) and not isinstance(node.parent, exp.Not | exp.And | exp.Or):
            yield "EXISTS dropped", number, exp.true()
        if _is_operand(node, exp.And) or isinstance(node.parent, exp.Where | exp.Having):
            yield "condition dropped", number, exp.true()
        if _is_operand(node, exp.Or):
            yield "alternative dropped", number, exp.false()


def _is_operand(node: exp.Expr, connector: type[exp.Expr]) -> bool:
    """Whether a node is an operand of the connector and no chain of it itself."""
    return isinstance(node.parent, connector) and not isinstance(node, connector)


def _changed(query: ParsedQuery, number: int, new: exp.Expr) -> tuple[ParsedQuery, str]:
    """A copy of the query with one node replaced, and the text of what stood there."""
    tree = query.tree.copy()
    old = next(node for position, node in enumerate(tree.walk()) if position == number)
    before = to_sql(old)
    old.replace(new.copy())
    return replace(query, tree=tree), before
