"""What the shape of a SELECT says of the rows that it gives and of those that it reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlglot import exp


def passes(select: exp.Select, value: exp.Expr) -> bool:
    """Whether rows of one value of an output column are independent of rows of its other values."""
    if select.args.get("limit"):
        return False
    group = select.args.get("group")
    if not keeps_rows(select) and value not in (group.expressions if group else ()):
        return False
    return all(value in (w.args.get("partition_by") or ()) for w in _own(select, exp.Window))


def keeps_rows(select: exp.Select) -> bool:
    """Whether each row of the SELECT comes from one row of what it reads."""
    aggregated = any(a.find_ancestor(exp.Window) is None for a in _own(select, exp.AggFunc))
    return not aggregated and not select.args.get("group")


def _own(select: exp.Select, kind: type[exp.Expr]) -> Iterator[exp.Expr]:
    """Nodes of the SELECT's own expressions, without those of subqueries."""
    for node in select.find_all(kind):
        if node.find_ancestor(exp.Select) is select:
            yield node


def conjuncts(condition: exp.Expr) -> Iterable[exp.Expr]:
    """The parts of a condition that must all hold."""
    condition = condition.unnest()
    return condition.flatten() if isinstance(condition, exp.And) else [condition]
