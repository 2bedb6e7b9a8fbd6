"""The subset's SQL in the words of the second engine: what reads alike on both but means something else.

Models and features are written in DuckDB's dialect. sqlglot writes a tree down in Spark's dialect; where the same
word gives another result there, or none, the tree is changed first. Each change has a test that runs both engines
(`tests/registers/test_dialects.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Final, TypeVar

from sqlglot import exp

from registers.fractions import fractional_names, is_fractional

SPARK: Final = "spark"
NO_ESCAPE: Final = "\x01"
"""An escape character that no pattern holds: the embedded engine's LIKE has none."""

Tree = TypeVar("Tree", bound=exp.Expr)

INTEGERS: Final = (exp.DataType.Type.INT, exp.DataType.Type.BIGINT, exp.DataType.Type.SMALLINT)


def spark_tree(tree: Tree, *, doubles: Collection[str] = ()) -> Tree:
    """A copy of a bound tree that gives on Spark what the tree gives on DuckDB. Names are quoted.

    `doubles` names the columns that hold values with decimals.
    """
    fractional = fractional_names(tree, doubles)

    def change(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Cast) and node.to.this in INTEGERS and is_fractional(node.this, fractional):
            return _rounding_cast(node)
        found = _CHANGES.get(type(node))
        return found(node) if found else node

    copy = _bottom_up(tree.copy(), change)
    for identifier in copy.find_all(exp.Identifier):
        identifier.set("quoted", True)
    return copy


def _bottom_up(tree: Tree, change: Callable[[exp.Expr], exp.Expr]) -> Tree:
    """Change every node once, the innermost first, so that a change never meets its own work."""
    root = exp.Paren(this=tree)  # so that the topmost node has a place to be replaced in
    for node in reversed(list(tree.walk(bfs=True))):
        changed = change(node)
        if changed is not node:
            node.replace(changed)
    result: Tree = root.this
    result.parent = None
    return result


def _rounding_cast(node: exp.Cast) -> exp.Expr:
    """CAST(2.5 AS BIGINT): rounded half to even there, cut off here."""
    return exp.cast(exp.func("BROUND", _double(node.this), dialect=SPARK), node.to)


def _double(node: exp.Expr) -> exp.Expr:
    return exp.cast(node.copy(), "DOUBLE")


def _bigint(node: exp.Expr) -> exp.Expr:
    return exp.cast(node, "BIGINT")


def _whole(number: int) -> exp.Expr:
    return exp.Literal.number(number)


def _division(node: exp.Expr) -> exp.Expr:
    """a / b: always a double there; here a decimal of six places when a side is one."""
    return exp.Paren(this=exp.Div(this=_double(node.this), expression=_double(node.expression), typed=True))


def _average(node: exp.Expr) -> exp.Expr:
    """avg(decimal): a double there, a decimal here."""
    return exp.Avg(this=_double(node.this)) if not isinstance(node.this, exp.Distinct) else node


def _date_difference(node: exp.Expr) -> exp.Expr:
    """date_diff('month', a, b): the months' borders between them there, whole months here; a BIGINT there."""
    later, earlier = node.this, node.expression
    unit = node.text("unit").upper() or "DAY"
    if unit == "DAY":
        return _bigint(exp.DateDiff(this=later.copy(), expression=earlier.copy()))
    years = exp.Sub(
        this=exp.func("YEAR", later.copy(), dialect=SPARK),
        expression=exp.func("YEAR", earlier.copy(), dialect=SPARK),
    )
    if unit == "YEAR":
        return _bigint(exp.Paren(this=years))
    if unit != "MONTH":
        raise ValueError(f"date_diff({unit!r}) has no equal on Spark; use day, month or year")
    months = exp.Sub(
        this=exp.func("MONTH", later.copy(), dialect=SPARK),
        expression=exp.func("MONTH", earlier.copy(), dialect=SPARK),
    )
    total = exp.Add(
        this=exp.Mul(this=exp.Paren(this=years), expression=_whole(12)), expression=exp.Paren(this=months)
    )
    return _bigint(exp.Paren(this=total))


def _date_truncation(node: exp.Expr) -> exp.Expr:
    """date_trunc('month', d): midnight without a zone there, an instant of the session's zone here."""
    unit = node.text("unit").upper()
    day = exp.cast(node.this.copy(), "DATE")
    start = day if unit == "DAY" else exp.func("TRUNC", day, exp.Literal.string(unit), dialect=SPARK)
    return exp.cast(start, exp.DataType.build("TIMESTAMP_NTZ", dialect=SPARK))


def _percentile(node: exp.Expr) -> exp.Expr:
    """percentile_cont: written down as the approximate one; PERCENTILE is exact and interpolates."""
    if isinstance(node, exp.WithinGroup) and isinstance(node.this, exp.PercentileCont):
        ordered = node.expression.expressions[0]
        share = node.this.this
        if ordered.args.get("desc"):
            share = exp.Paren(this=exp.Sub(this=_whole(1), expression=share.copy()))
        return _exact_percentile(ordered.this, share)
    return node


def _continuous_quantile(node: exp.Expr) -> exp.Expr:
    """quantile_cont(x, share)."""
    share = node.expression
    return node if share is None else _exact_percentile(node.this, share)


def _exact_percentile(values: exp.Expr, share: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this="PERCENTILE", expressions=[_double(values), _double(share)])


def _full_match(node: exp.Expr) -> exp.Expr:
    """regexp_full_match(text, pattern): there is none here; anchored at both ends."""
    start, end = exp.Literal.string("^(?:"), exp.Literal.string(r")\z")
    pattern = exp.Concat(expressions=[start, node.expression.copy(), end], safe=True, coalesce=False)
    return exp.RegexpLike(this=node.this.copy(), expression=pattern)


def _like(node: exp.Expr) -> exp.Expr:
    """LIKE: a backslash is itself there, an escape here."""
    pattern = node.expression
    plain = isinstance(pattern, exp.Literal) and "\\" not in pattern.name
    if plain or isinstance(node.parent, exp.Escape):
        return node
    return exp.Escape(this=node.copy(), expression=exp.Literal.string(NO_ESCAPE))


def _logarithm(node: exp.Expr) -> exp.Expr:
    """log(x): of base ten there, natural here."""
    return node if node.expression else exp.func("LOG10", node.this.copy(), dialect=SPARK)


def _iso_weekday(node: exp.Expr) -> exp.Expr:
    """isodow(d): Monday is 1."""
    weekday = exp.Anonymous(this="WEEKDAY", expressions=[node.this.copy()])
    return exp.Paren(this=exp.Add(this=weekday, expression=_whole(1)))


def _extraction(node: exp.Expr) -> exp.Expr:
    """extract(isodow FROM d): the unit is unknown here."""
    return _iso_weekday(exp.DayOfWeekIso(this=node.expression)) if node.name.upper() == "ISODOW" else node


def _stays_double(node: exp.Expr) -> exp.Expr:
    """floor(x), ceil(x): a double there, a BIGINT here."""
    return _double(node)


def _rounding(node: exp.Expr) -> exp.Expr:
    """round(x, 2): x * 100 is rounded there, the decimal text of x here, so that 1.005 gives 1.0 and 1.01."""
    decimals = node.args.get("decimals")
    if decimals is None:
        return node
    scale = exp.Anonymous(this="POWER", expressions=[_double(_whole(10)), decimals.copy()])
    scaled = exp.Mul(this=_double(node.this), expression=scale)
    return exp.Paren(this=exp.Div(this=exp.func("ROUND", scaled), expression=scale.copy(), typed=True))


def _sign(node: exp.Expr) -> exp.Expr:
    """sign(x): a whole number there, a double here."""
    return exp.cast(node.copy(), "INT")


def _joined_text(node: exp.Expr) -> exp.Expr:
    """string_agg(DISTINCT x, ',' ORDER BY x): LISTAGG breaks beside a second DISTINCT; a sorted array does not.

    The linter sees to it that the order is that of the value itself.
    """
    order = node.this
    collect = "COLLECT_SET" if isinstance(order.this, exp.Distinct) else "COLLECT_LIST"
    ordered = order.expressions[0]
    value = ordered.this
    if isinstance(node.parent, exp.Filter):
        value = exp.Case().when(node.parent.expression.this.copy(), value.copy())
    found = exp.Anonymous(this=collect, expressions=[value.copy()])
    rising = exp.Boolean(this=not ordered.args.get("desc"))
    sorted_ = exp.Anonymous(this="SORT_ARRAY", expressions=[found, rising])
    joined = exp.Anonymous(this="ARRAY_JOIN", expressions=[sorted_, node.args["separator"].copy()])
    return exp.Case().when(exp.Count(this=value.copy()) > 0, joined)


def _filter(node: exp.Expr) -> exp.Expr:
    """string_agg(…) FILTER (WHERE c): by now the condition stands inside."""
    return node.this if isinstance(node.this, exp.Case) else node


def _sum(node: exp.Expr) -> exp.Expr:
    """sum(condition): counts there, refused here."""
    counted = node.this.unnest()
    if isinstance(counted, exp.Predicate | exp.Connector | exp.Not):
        return exp.Sum(this=exp.cast(counted.copy(), "INT"))
    return node


def _count_if(node: exp.Expr) -> exp.Expr:
    """count_if(condition) over no rows: NULL there, 0 here."""
    return exp.Sum(this=exp.Case().when(node.this.copy(), _whole(1)).else_(_whole(0)))


def _grouped_select(node: exp.Expr) -> exp.Expr:
    """A subquery beside the keys of a GROUP BY: known to be one value a group there; here it has to be said."""
    for value in node.expressions if node.args.get("group") else ():
        for subquery in list(value.find_all(exp.Subquery)):
            between = subquery.find_ancestor(exp.AggFunc, exp.Query, exp.Exists, exp.In)
            if between is node:
                subquery.replace(exp.Anonymous(this="FIRST", expressions=[subquery.copy()]))
    return node


def _window(node: exp.Expr) -> exp.Expr:
    """count(*) FILTER (WHERE c) OVER (…): refused here; the filter goes inside."""
    if not isinstance(node.this, exp.Filter):
        return node
    aggregate, condition = node.this.this.copy(), node.this.expression.this
    counted = _whole(1) if isinstance(aggregate.this, exp.Star) else aggregate.this
    aggregate.set("this", exp.Case().when(condition.copy(), counted.copy()))
    window = node.copy()
    window.set("this", aggregate)
    return window


_CHANGES: Final[Mapping[type[exp.Expr], Callable[[exp.Expr], exp.Expr]]] = {
    exp.Div: _division,
    exp.Avg: _average,
    exp.DateDiff: _date_difference,
    exp.TimestampTrunc: _date_truncation,
    exp.DateTrunc: _date_truncation,
    exp.WithinGroup: _percentile,
    exp.PercentileCont: _continuous_quantile,
    exp.RegexpFullMatch: _full_match,
    exp.Like: _like,
    exp.ILike: _like,
    exp.Log: _logarithm,
    exp.DayOfWeekIso: _iso_weekday,
    exp.Extract: _extraction,
    exp.Floor: _stays_double,
    exp.Ceil: _stays_double,
    exp.Round: _rounding,
    exp.Sign: _sign,
    exp.Sum: _sum,
    exp.CountIf: _count_if,
    exp.GroupConcat: _joined_text,
    exp.Filter: _filter,
    exp.Window: _window,
    exp.Select: _grouped_select,
}
