"""SQL of models and features may take two names for one person only where the link says so: tiers A and B, never a namesake (C)."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from registers.query import ParsedQuery, QueryError

REGISTER: Final = "person_link"

LINKED: Final = frozenset({"A", "B"})
MEND: Final = (
    f"{REGISTER}: add l.tier IN ('A', 'B'); the same name (C) or a withdrawn link is not the same person"
)


def check_links(query: ParsedQuery) -> None:
    """Every place that reads `person_link` asks for the tier. Raises `QueryError` where one does not."""
    for table in query.tree.find_all(exp.Table):
        if table.name != REGISTER:
            continue
        select = table.find_ancestor(exp.Select)
        join = table.find_ancestor(exp.Join)
        conditions = [select.args.get("where")] if select else []
        if join is not None and join.this is table:
            conditions.append(join.args.get("on"))
        if not any(
            _asks(part, table.alias_or_name) for c in conditions if c is not None for part in _all_of(c)
        ):
            raise QueryError(query.source, None, MEND)


def _all_of(condition: exp.Expr) -> list[exp.Expr]:
    """The conditions that must all hold."""
    inner = condition.this if isinstance(condition, exp.Where | exp.Paren) else condition
    if isinstance(inner, exp.And):
        return [part for side in (inner.left, inner.right) for part in _all_of(side)]
    return _all_of(inner) if isinstance(inner, exp.Paren) else [inner]


def _asks(condition: exp.Expr, alias: str) -> bool:
    """`alias.tier IN ('A', 'B')`, or equal to one of them."""
    column = condition.this
    if not isinstance(column, exp.Column) or (column.name, column.table) != ("tier", alias):
        return False
    match condition:
        case exp.In():
            values = condition.expressions
        case exp.EQ():
            values = [condition.expression]
        case _:
            return False
    return bool(values) and all(
        isinstance(v, exp.Literal) and v.is_string and v.this in LINKED for v in values
    )
