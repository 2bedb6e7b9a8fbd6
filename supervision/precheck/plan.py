"""Which models can answer before a payment is made, for each register that payments stand in, and why the others cannot."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from sqlglot import exp

from registers.catalogue import Catalogue
from supervision.catalogue import Model
from supervision.precheck.reach import is_whole, reach_of
from supervision.precheck.ways import Reach, Sieve, Step

PAYMENT_REGISTERS: Final = ("subsidy_payment", "labour_day", "ledger_entry")
ROW_ID: Final = "row_id"
_WIDE: Final[Mapping[str, str]] = {"town": "要同全乡镇的数据比较", "county": "要同全县的数据比较"}


@dataclass(frozen=True)
class Unchecked:
    """A model whose proof a payment could be, and why it says nothing before payment."""

    model: Model
    why: str


@dataclass(frozen=True)
class Question:
    """A model as it is asked about a payment: `column` of the payment holds the value of the model's part."""

    model: Model
    column: str
    anchors: tuple[tuple[str, str], ...]
    """Registers, each with the column that holds the part's value."""
    steps: tuple[Step, ...]
    sieves: tuple[Sieve, ...]


@dataclass(frozen=True)
class Plan:
    """What is asked of a payment in one register."""

    register: str
    questions: tuple[Question, ...]
    unchecked: tuple[Unchecked, ...]


class Plans:
    """The plans of all registers that payments stand in, and what an index must hold for them."""

    def __init__(self, models: Iterable[Model], catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        chosen = sorted(models, key=lambda model: model.id)
        reaches = {
            m.id: reach_of(m, catalogue) for m in chosen if set(PAYMENT_REGISTERS) & m.registers.keys()
        }
        self.by_register = {
            register: _plan(register, [m for m in chosen if register in m.registers], reaches)
            for register in PAYMENT_REGISTERS
        }

    @cached_property
    def models(self) -> list[Model]:
        """The models that are checked, each once."""
        found = {question.model.id: question.model for question in self._questions}
        return [found[name] for name in sorted(found)]

    @property
    def _questions(self) -> list[Question]:
        return [question for plan in self.by_register.values() for question in plan.questions]

    @cached_property
    def columns(self) -> dict[str, tuple[str, ...]]:
        """The columns that an index holds, by register."""
        needed: dict[str, set[str]] = {register: set() for register in self.by_register}
        for model in self.models:
            for register, columns in model.registers.items():
                needed.setdefault(register, set()).update(columns)
        for register in self.by_register:
            needed[register].update(self._catalogue[register].key)
        return {name: (*sorted(needed[name] - {ROW_ID}), ROW_ID) for name in sorted(needed)}

    @cached_property
    def whole(self) -> frozenset[str]:
        """Short registers that are read whole."""
        return frozenset(name for name in self.columns if is_whole(self._catalogue[name]))

    @cached_property
    def looked_up(self) -> set[tuple[str, str]]:
        """Columns by which rows are found."""
        found = {(step.register, step.column) for question in self._questions for step in question.steps}
        return found | {anchor for question in self._questions for anchor in question.anchors}

    @cached_property
    def followed(self) -> set[tuple[str, str]]:
        """Columns whose values lead on to other rows."""
        return {(step.parent, step.parent_column) for question in self._questions for step in question.steps}

    @cached_property
    def values(self) -> dict[str, exp.Select]:
        """The queries for the values that sieves need, by their text."""
        ways = [
            way
            for question in self._questions
            for sieve in question.sieves
            for need in sieve.needs
            for way in need
        ]
        return {text: select for way in ways for text, select in zip(way.texts, way.values, strict=True)}

    @cached_property
    def content_hash(self) -> str:
        """A hash of what an index depends on; an index of other models is not used."""
        parts = [f"{m.id}:{m.content_hash}:{m.partition}" for m in self.models]
        parts += [f"{name}:{columns}" for name, columns in self.columns.items()]
        parts += sorted(self.values)
        parts += [str(sorted(self.looked_up)), str(sorted(self.followed)), self._catalogue.content_hash]
        return hashlib.sha256("|".join(parts).encode()).hexdigest()[:16]


def _plan(register: str, models: Iterable[Model], reaches: Mapping[str, Reach]) -> Plan:
    questions = []
    unchecked = []
    for model in models:
        reach = reaches[model.id]
        if reach.sieves and register not in reach.proofs:
            continue
        why = _why_not(model, register, reach)
        if why or model.partition is None:
            unchecked.append(Unchecked(model, why or ""))
            continue
        split = model.partition.registers
        sieves = tuple(sieve for sieve in reach.sieves if sieve.register == register)
        questions.append(Question(model, split[register], tuple(sorted(split.items())), reach.steps, sieves))
    return Plan(register, tuple(questions), tuple(unchecked))


def _why_not(model: Model, register: str, reach: Reach) -> str | None:
    if model.derived or not reach.sieves:
        return reach.obstacle
    if model.partition is None:
        return "没有声明按村或按对象拆分"
    if model.partition.by in _WIDE:
        return _WIDE[model.partition.by]
    if register not in model.partition.registers:
        return "不按这张登记表拆分"
    return reach.obstacle
