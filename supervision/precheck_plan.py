"""Which models can answer before a payment is made, for each register that payments stand in, and why the others cannot."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from registers.catalogue import Catalogue
from supervision.catalogue import Model, Partition
from supervision.precheck_reach import Reach, Step, is_whole, reach_of

PAYMENT_REGISTERS: Final = ("subsidy_payment", "labour_day", "ledger_entry")
ROW_ID: Final = "row_id"
_WIDE: Final = {"town": "要同全乡镇的数据比较", "county": "要同全县的数据比较"}


@dataclass(frozen=True)
class Unchecked:
    """A model whose proof a payment could be, and why it says nothing before payment."""

    model: Model
    why: str


@dataclass(frozen=True)
class Group:
    """Models that split alike: `column` of the payment holds the value of their part."""

    column: str
    models: tuple[Model, ...]
    anchors: tuple[tuple[str, str], ...]
    """Registers, each with the column that holds the part's value."""
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Plan:
    """What is asked of a payment in one register."""

    register: str
    groups: tuple[Group, ...]
    unchecked: tuple[Unchecked, ...]

    @property
    def models(self) -> list[Model]:
        return [model for group in self.groups for model in group.models]


class Plans:
    """The plans of all registers that payments stand in, and what an index must hold for them."""

    def __init__(self, models: Iterable[Model], catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        chosen = sorted(models, key=lambda model: model.id)
        reaches = {m.id: reach_of(m, catalogue) for m in chosen if set(PAYMENT_REGISTERS) & m.registers.keys()}
        self.by_register = {
            register: _plan(register, [m for m in chosen if register in m.registers], reaches)
            for register in PAYMENT_REGISTERS
        }

    @cached_property
    def models(self) -> list[Model]:
        """The models that are checked, each once."""
        found = {model.id: model for plan in self.by_register.values() for model in plan.models}
        return [found[name] for name in sorted(found)]

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
        groups = [group for plan in self.by_register.values() for group in plan.groups]
        found = {(step.register, step.column) for group in groups for step in group.steps}
        return found | {anchor for group in groups for anchor in group.anchors}

    @cached_property
    def followed(self) -> set[tuple[str, str]]:
        """Columns whose values lead on to other rows."""
        groups = [group for plan in self.by_register.values() for group in plan.groups]
        return {(step.parent, step.parent_column) for group in groups for step in group.steps}

    @cached_property
    def content_hash(self) -> str:
        """A hash of what an index depends on; an index of other models is not used."""
        parts = [f"{m.id}:{m.content_hash}:{m.partition}" for m in self.models]
        parts += [f"{name}:{columns}" for name, columns in self.columns.items()]
        parts += [str(sorted(self.looked_up)), str(sorted(self.followed)), self._catalogue.content_hash]
        return hashlib.sha256("|".join(parts).encode()).hexdigest()[:16]


def _plan(register: str, models: Iterable[Model], reaches: Mapping[str, Reach]) -> Plan:
    split: dict[str, list[tuple[Model, Partition]]] = {}
    unchecked = []
    for model in models:
        reach = reaches[model.id]
        if register not in reach.proofs:
            continue
        why = _why_not(model, register, reach)
        if why or model.partition is None:
            unchecked.append(Unchecked(model, why or ""))
        else:
            split.setdefault(model.partition.registers[register], []).append((model, model.partition))
    groups = tuple(
        Group(
            column=column,
            models=tuple(model for model, _ in members),
            anchors=tuple(sorted({pair for _, part in members for pair in part.registers.items()})),
            steps=_merged(reaches[model.id].steps for model, _ in members),
        )
        for column, members in sorted(split.items())
    )
    return Plan(register, groups, tuple(unchecked))


def _why_not(model: Model, register: str, reach: Reach) -> str | None:
    if model.derived:
        return "用到按全县计算的派生关系"
    if model.partition is None:
        return "没有声明按村或按对象拆分"
    if model.partition.by in _WIDE:
        return _WIDE[model.partition.by]
    if register not in model.partition.registers:
        return "不按这张登记表拆分"
    return reach.obstacle


def _merged(all_steps: Iterable[tuple[Step, ...]]) -> tuple[Step, ...]:
    steps = {step for steps in all_steps for step in steps}
    return tuple(sorted(steps, key=lambda s: (s.depth, s.register, s.column, s.parent, s.parent_column)))
