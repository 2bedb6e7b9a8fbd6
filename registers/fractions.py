"""Which values of a query may have decimals: what engines round and add differently."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from sqlglot import exp

FRACTIONAL: Final = (
    exp.Div, exp.Avg, exp.PercentileCont, exp.StddevSamp, exp.Sqrt, exp.Ln, exp.Log, exp.Exp, exp.Pow,
)  # fmt: skip


def fractional_names(tree: exp.Expr, doubles: Collection[str]) -> frozenset[str]:
    """Columns that hold values with decimals, and names that the query itself gives to such values."""
    names = set(doubles)
    while True:
        found = {a.alias for a in tree.find_all(exp.Alias) if is_fractional(a.this, names)}
        if found <= names:
            return frozenset(names)
        names |= found


def is_fractional(node: exp.Expr, names: Collection[str]) -> bool:
    """Whether a value may have decimals, told by how it is made."""
    match node:
        case exp.Floor() | exp.Ceil() | exp.Predicate() | exp.Connector() | exp.Count() | exp.DateDiff():
            return False
        case exp.Round() if not node.args.get("decimals"):
            return False
        case exp.Cast():
            return node.to.this in {*exp.DataType.FLOAT_TYPES, exp.DataType.Type.DECIMAL}
        case exp.Literal():
            return not node.is_string and not node.is_int
        case exp.Column():
            return node.name in names
    return isinstance(node, FRACTIONAL) or any(is_fractional(part, names) for part in _results(node))


def _results(node: exp.Expr) -> list[exp.Expr]:
    """The parts of an expression that may become its value; conditions and window frames do not."""
    if isinstance(node, exp.Case):
        chosen = [part.args["true"] for part in node.args["ifs"]]
        return [*chosen, node.args["default"]] if node.args.get("default") else chosen
    if isinstance(node, exp.Window | exp.Filter | exp.WithinGroup):
        return [node.this]
    return list(node.iter_expressions())
