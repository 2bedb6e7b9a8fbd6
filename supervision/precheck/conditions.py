"""Conditions on a payment's own columns, asked without an engine: most models' answer is plainly no."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

from sqlglot import exp

Row = Mapping[str, object]

UNKNOWN: Final = object()
"""The value of an expression that is not read here; the engine will read it."""
COMPARISONS: Final[Mapping[type[exp.Expr], Callable[[object, object], bool]]] = {
    exp.EQ: operator.eq,
    exp.NEQ: operator.ne,
    exp.GT: operator.gt,  # type: ignore[dict-item]  # operands of one kind, `_comparable` sees to it
    exp.GTE: operator.ge,  # type: ignore[dict-item]
    exp.LT: operator.lt,  # type: ignore[dict-item]
    exp.LTE: operator.le,  # type: ignore[dict-item]
}


def plainly_false(condition: exp.Expr, row: Row, numbers: Row) -> bool:
    """Whether a condition is certainly false or NULL for a row; numbers: the values of its placeholders."""
    value = value_of(condition, row, numbers)
    return value is not UNKNOWN and not value


def value_of(node: exp.Expr, row: Row, numbers: Row) -> object:
    """The value of an expression as SQL has it, None for NULL, or UNKNOWN."""
    reader = _READERS.get(type(node))
    return reader(node, row, numbers) if reader else UNKNOWN


def _opposite(node: exp.Expr, row: Row, numbers: Row) -> object:
    inner = value_of(node.this, row, numbers)
    return -inner if isinstance(inner, int | float) else UNKNOWN


def _is_null(node: exp.Expr, row: Row, numbers: Row) -> object:
    inner = value_of(node.this, row, numbers)
    return UNKNOWN if inner is UNKNOWN or not isinstance(node.expression, exp.Null) else inner is None


def _negated(node: exp.Expr, row: Row, numbers: Row) -> object:
    inner = value_of(node.this, row, numbers)
    return inner if inner is UNKNOWN or inner is None else not inner


def _among(node: exp.Expr, row: Row, numbers: Row) -> object:
    if node.args.get("query"):
        return UNKNOWN
    return _any([_compared(exp.EQ, node.this, one, row, numbers) for one in node.expressions])


def _days(node: exp.Expr, row: Row, numbers: Row) -> object:
    begins, ends = value_of(node.expression, row, numbers), value_of(node.this, row, numbers)
    if begins is None or ends is None:
        return None if UNKNOWN not in (begins, ends) else UNKNOWN
    if (
        str(node.args.get("unit")).upper() != "DAY"
        or not isinstance(begins, date)
        or not isinstance(ends, date)
    ):
        return UNKNOWN
    return (ends - begins).days


def _compared(kind: type[exp.Expr], left: exp.Expr, right: exp.Expr, row: Row, numbers: Row) -> object:
    one, other = value_of(left, row, numbers), value_of(right, row, numbers)
    if UNKNOWN in (one, other):
        return UNKNOWN
    if one is None or other is None:
        return None
    return COMPARISONS[kind](one, other) if _comparable(one, other) else UNKNOWN


def _comparable(one: object, other: object) -> bool:
    kinds: tuple[type | tuple[type, ...], ...] = (bool, (int, float), str, date)
    return any(isinstance(one, kind) and isinstance(other, kind) for kind in kinds)


def _any(values: list[object]) -> object:
    if any(value is not UNKNOWN and value for value in values):
        return True
    if any(value is UNKNOWN for value in values):
        return UNKNOWN
    return None if any(value is None for value in values) else False


def _number(text: str) -> int | float:
    return int(text) if text.lstrip("-").isdecimal() else float(text)


_READERS: Final[Mapping[type[exp.Expr], Callable[[exp.Expr, Row, Row], object]]] = {
    exp.Column: lambda node, row, _: row.get(node.name, UNKNOWN),
    exp.Placeholder: lambda node, _, numbers: numbers.get(node.name, UNKNOWN),
    exp.Literal: lambda node, *_: node.name if node.is_string else _number(node.name),
    exp.Paren: lambda node, row, numbers: value_of(node.this, row, numbers),
    exp.Neg: _opposite,
    exp.Is: _is_null,
    exp.Not: _negated,
    exp.In: _among,
    exp.Or: lambda node, row, numbers: _any([value_of(n, row, numbers) for n in node.unnest_operands()]),
    exp.DateDiff: _days,
    **{
        kind: lambda node, row, numbers: _compared(
            type(node), node.this, node.args["expression"], row, numbers
        )
        for kind in COMPARISONS
    },
}
"""How each kind of expression is read; any other is UNKNOWN."""
