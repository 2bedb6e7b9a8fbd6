"""The questions of a pre-check as SQL, rendered once, and what their rows say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from sqlglot import exp

from registers.query import bind, literal, to_sql
from supervision.catalogue import Model
from supervision.model_run import LAW_TO_BE_CONFIRMED, render_reason
from supervision.precheck.plan import PAYMENT_REGISTERS, ROW_ID
from supervision.regions import Values

PROPOSED: Final = "proposed"
"""The last part of the row id of a payment that is not made yet."""
MOST_TEXTS: Final = 2000


@dataclass(frozen=True)
class Hit:
    """A model that finds the payment among its proof rows."""

    model: Model
    subject_id: str
    village_code: str
    level: str
    reason: str
    law: tuple[Mapping[str, object], ...]


@dataclass(frozen=True)
class Text:
    """A model's question: does it name the payment as proof at all, and if so, in which findings."""

    proof: str
    findings: str
    columns: tuple[str, ...]


class Texts:
    """Rendered questions by model, parameter values and day: rendering takes longer than running."""

    def __init__(self) -> None:
        self._questions: dict[tuple[object, ...], Text] = {}

    def of(self, model: Model, values: Values, day: date) -> Text:
        """The question of a model."""
        key = (model.id, day, *values.values())
        found = self._questions.get(key)
        if found is None:
            if len(self._questions) > MOST_TEXTS:
                self._questions.clear()
            findings = findings_of(model, values, day)
            proof = to_sql(proof_of(model, values, day))
            found = Text(proof, to_sql(findings), tuple(findings.named_selects))
            self._questions[key] = found
        return found


def proof_of(model: Model, values: Values, day: date) -> exp.Select:
    """The evidence rows that the payment gives."""
    evidence = bind(model.queries.evidence, {**values, "as_of": day}).subquery("e")
    return exp.select("subject_id").from_(evidence).where(_is_payment(model))


def findings_of(model: Model, values: Values, day: date) -> exp.Select:
    """The findings that reach a level, belong to the population, and have the proposed row among their proof rows."""
    numbers = {**values, "as_of": day}
    queries = model.queries

    def same(alias: str) -> list[exp.Expr]:
        names = ("subject_id", "village_code")
        return [exp.column(name, alias).eq(exp.column(name, "h")) for name in names]

    among = exp.select("1").from_(exp.alias_(exp.to_table("evidence"), "e"))
    among = among.where(_is_payment(model), *same("e"))
    people = bind(queries.population, numbers).subquery("p")
    member = exp.select("1").from_(people).where(*same("p"))
    findings = bind(queries.findings, numbers)
    hits = exp.select(*(exp.column(name, "h") for name in findings.named_selects))
    hits = hits.from_(findings.subquery("h")).where(
        exp.column("level", "h").is_(exp.null()).not_(), exp.Exists(this=among), exp.Exists(this=member)
    )
    return hits.with_("evidence", as_=bind(queries.evidence, numbers), materialized=True)


def _is_payment(model: Model) -> exp.Expr:
    ids = [literal(f"{register}:{PROPOSED}") for register in PAYMENT_REGISTERS if register in model.registers]
    return exp.column(ROW_ID, "e").isin(*ids)


def hit_of(model: Model, values: Values, row: Mapping[str, object]) -> Hit:
    """A row of `findings_of` as a hit."""
    measures = {name: _plain(row[name]) for name in model.finding}
    first, last = row["first_on"], row["last_on"]
    law: list[Mapping[str, object]] = []
    if isinstance(first, date) and isinstance(last, date):
        cited = (clause for clause in model.legal_basis if clause.in_force(first, last))
        law = [clause.model_dump(include={"title", "article", "to_be_confirmed"}) for clause in cited]
    return Hit(
        model=model,
        subject_id=str(row["subject_id"]),
        village_code=str(row["village_code"]),
        level=str(row["level"]),
        reason=render_reason(model, {**values, **measures}),
        law=tuple(law or [LAW_TO_BE_CONFIRMED]),
    )


def _plain(value: object) -> object:
    """Numbers as every engine gives them: a decimal without places is an integer."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value
