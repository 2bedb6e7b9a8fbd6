"""The restricted SQL of supervision models and features: parsed, checked and bound as a tree, never as text.

A query is one SELECT (or UNION of SELECTs) in DuckDB's dialect over the relations that its file names. What
could look at the clock, at the disk, or come out differently on another engine is refused with the file, the
line and the mend. Sources: DESIGN.md (Supervision models), traps measured on DuckDB, Spark and ClickHouse.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.optimizer.scope import traverse_scope

from registers.fractions import fractional_names, is_fractional

DIALECT = "duckdb"
Value = int | float | str | bool | date

ALLOWED_FUNCTIONS: frozenset[type[exp.Expr]] = frozenset({
    exp.Count, exp.Sum, exp.Min, exp.Max, exp.Avg, exp.StddevSamp, exp.PercentileCont,
    exp.Coalesce, exp.Nullif, exp.Cast, exp.If, exp.Case, exp.Greatest, exp.Least,
    exp.Abs, exp.Round, exp.Floor, exp.Ceil, exp.Ln, exp.Log, exp.Sqrt, exp.Pow, exp.Exp, exp.Sign,
    exp.DateDiff, exp.DateTrunc, exp.TimestampTrunc, exp.Extract, exp.Year, exp.Month, exp.DayOfWeekIso, exp.Day,
    exp.Length, exp.Substring, exp.Lower, exp.Upper, exp.Trim, exp.StartsWith, exp.StrPosition, exp.Concat,
    exp.DPipe, exp.RowNumber, exp.Rank, exp.DenseRank, exp.Lag, exp.Lead, exp.RegexpLike, exp.RegexpFullMatch,
    exp.Exists, exp.And, exp.Or, exp.Xor, exp.Chr, exp.CountIf, exp.LogicalAnd, exp.LogicalOr, exp.GroupConcat,
})  # fmt: skip
"""Functions with one meaning on every engine, and no look at clock, chance or disk."""

EXTRACTED: frozenset[str] = frozenset({"year", "quarter", "month", "day", "isodow"})
"""Parts of a date that `extract` may take."""


PLACE = ("line", "col", "start", "end")
"""What the parser notes of a name's place."""


class QueryError(ValueError):
    """A query that the subset refuses. The message names file, line and mend, for whoever writes the model."""

    def __init__(self, source: str, line: int | None, message: str) -> None:
        place = f"{source}:{line}" if line else source
        super().__init__(f"{place}: {message}")
        self.source, self.line, self.message = source, line, message


@dataclass(frozen=True)
class ParsedQuery:
    """A checked query with unbound `:parameters`."""

    source: str
    tree: exp.Query
    relations: frozenset[str]
    parameters: frozenset[str]


def parse_query(
    text: str,
    *,
    source: str,
    relations: Collection[str],
    parameters: Collection[str] = (),
    date_columns: Collection[str] = (),
    decimal_columns: Collection[str] | None = None,
    first_line: int = 1,
) -> ParsedQuery:
    """Parse and check one query.

    Args:
        text: SQL in DuckDB's dialect.
        source: file and part, for messages.
        relations: names that may stand after FROM and JOIN.
        parameters: names that may stand after a colon; `as_of` always may.
        date_columns: names of date columns, so that a subtraction of dates is found.
        decimal_columns: names of columns with decimals, so that a sum that depends on the order of rows is refused;
            None = whoever asks rounds the results.
        first_line: line of the file on which the text starts.

    Raises:
        QueryError: with file, line and mend.
    """
    try:
        trees = sqlglot.parse(text, read=DIALECT)
    except ParseError as error:
        details = error.errors[0] if error.errors else {}
        line = first_line + int(details.get("line") or 1) - 1
        raise QueryError(source, line, f"not SQL: {details.get('description', error)}") from error
    except SqlglotError as error:  # an unclosed quote, before there is a tree
        raise QueryError(source, first_line, f"not SQL: {error}") from error
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        raise QueryError(source, first_line, "write exactly one SELECT")
    lint = _Linter(source, text, first_line, frozenset(date_columns), decimal_columns)
    return lint.parsed(trees[0], relations=relations, parameters=parameters)


def check_query(
    tree: exp.Query,
    *,
    source: str,
    relations: Collection[str],
    parameters: Collection[str] = (),
    decimal_columns: Collection[str] | None = None,
) -> ParsedQuery:
    """Check a query that was put together from parsed parts (the aggregates and levels of a model)."""
    return _Linter(source, "", 1, frozenset(), decimal_columns).parsed(
        tree, relations=relations, parameters=parameters
    )


def parse_expression(text: str, *, source: str) -> exp.Expr:
    """One expression, such as an aggregate or a condition; it is checked with the query that it goes into."""
    try:
        return sqlglot.parse_one(text, read=DIALECT)
    except SqlglotError as error:
        raise QueryError(source, None, f"not an SQL expression: {text}") from error


def bind(query: ParsedQuery, parameters: Mapping[str, Value]) -> exp.Query:
    """The query with every parameter replaced by a typed literal. Raises `KeyError` for one that is missing."""

    def replace(node: exp.Expr) -> exp.Expr:
        return literal(parameters[node.name]) if isinstance(node, exp.Placeholder) else node

    bound = query.tree.transform(replace)  # of a copy
    assert isinstance(bound, exp.Query)  # noqa: S101  a transform of leaves keeps the root
    return bound


def literal(value: Value) -> exp.Expr:
    """A Python value as a typed SQL literal."""
    if isinstance(value, bool):
        return exp.Boolean(this=value)
    if isinstance(value, date):
        return exp.cast(exp.Literal.string(value.isoformat()), "DATE")
    if isinstance(value, str):
        return exp.Literal.string(value)
    if isinstance(value, float):
        return exp.cast(exp.Literal.number(repr(value)), "DOUBLE")
    return exp.Literal.number(value)


def to_sql(tree: exp.Expr, *, dialect: str = DIALECT) -> str:
    """The text of a tree in an engine's dialect; the only place where SQL becomes text."""
    return tree.sql(dialect=dialect)


class _Linter:
    """Walks one tree and refuses by name what the subset does not hold."""

    def __init__(
        self,
        source: str,
        text: str,
        first_line: int,
        date_columns: frozenset[str],
        decimal_columns: Collection[str] | None,
    ) -> None:
        self._source = source
        self._lines = text.splitlines()
        self._first_line = first_line
        self._date_columns = date_columns
        self._decimal_columns = decimal_columns

    def parsed(
        self, tree: exp.Query, *, relations: Collection[str], parameters: Collection[str]
    ) -> ParsedQuery:
        self.check(tree)
        for cte in tree.find_all(exp.CTE):
            if cte.alias in relations or any(
                table.name == cte.alias for table in cte.this.find_all(exp.Table)
            ):
                self.refuse(cte, f"WITH {cte.alias} hides a relation of that name; choose another name")
        scopes = traverse_scope(tree)
        used = {s.name for scope in scopes for s in scope.sources.values() if isinstance(s, exp.Table)}
        for name in sorted(used - set(relations)):
            table = next(table for table in tree.find_all(exp.Table) if table.name == name)
            self.refuse(
                table, f"relation {name!r} is not declared; name it under registers or mend the spelling"
            )
        names = frozenset(p.name for p in tree.find_all(exp.Placeholder))
        for name in sorted(names - set(parameters) - {"as_of"}):
            place = next(place for place in tree.find_all(exp.Placeholder) if place.name == name)
            self.refuse(place, f"parameter :{name} is not declared; declare it under parameters")
        _forget_places(tree)
        return ParsedQuery(self._source, tree, frozenset(used), names)

    def check(self, tree: exp.Query) -> None:
        for node in tree.walk():
            self._check_function(node)
            self._check_star(node)
            self._check_relation(node)
            self._check_order(node)
            self._check_engines(node)
            self._check_division(node)
            self._check_date_difference(node)
        self._check_anti_joins(tree)
        self._check_correlation(tree)
        self._check_sums(tree)

    def refuse(self, node: exp.Expr, message: str) -> None:
        raise QueryError(self._source, self._line(node), message)

    def _line(self, node: exp.Expr) -> int | None:
        lines = [part.meta["line"] for part in node.walk() if "line" in part.meta]
        if not lines and isinstance(node, exp.Func | exp.Placeholder):  # the parser keeps no place for these
            word = node.sql_name().lower() if isinstance(node, exp.Func) else f":{node.name}"
            lines = [number for number, line in enumerate(self._lines, start=1) if word in line.lower()]
        return self._first_line + min(lines) - 1 if lines else None

    def _check_function(self, node: exp.Expr) -> None:
        if isinstance(node, exp.Anonymous):
            self.refuse(node, f"function {node.name}() is not in the subset; see docs/how-to/add-a-model.md")
        if isinstance(node, exp.Func) and type(node) not in ALLOWED_FUNCTIONS:
            name = node.sql_name().lower()
            mend = "bind :as_of instead" if name.startswith("current") else "see docs/how-to/add-a-model.md"
            self.refuse(node, f"function {name}() is not in the subset; {mend}")

    def _check_star(self, node: exp.Expr) -> None:
        if isinstance(node, exp.Star) and not isinstance(node.parent, exp.Count):
            self.refuse(node.parent or node, "SELECT * hides what is read; name the columns")

    def _check_relation(self, node: exp.Expr) -> None:
        if isinstance(node, exp.TableSample):
            self.refuse(node, "a sample is chance; select all rows that matter")
        if isinstance(node, exp.Table) and (node.db or node.catalog):
            self.refuse(node, f"relation {node.sql()} names a schema; name the register alone")

    def _check_order(self, node: exp.Expr) -> None:
        """What depends on the order of rows says which order."""
        unordered = (
            (isinstance(node, exp.Limit | exp.Offset) and not (node.parent and node.parent.args.get("order")))
            or (isinstance(node, exp.Distinct) and node.args.get("on"))
            or (isinstance(node, exp.GroupConcat) and not isinstance(node.this, exp.Order))
            or (
                isinstance(node, exp.Window)
                and isinstance(node.this, exp.RowNumber | exp.Rank | exp.DenseRank | exp.Lag | exp.Lead)
                and not node.args.get("order")
            )
        )
        if unordered:
            self.refuse(
                node, "the result depends on the order of rows; say ORDER BY, or ask for an aggregate"
            )

    def _check_engines(self, node: exp.Expr) -> None:
        """What only one of the engines can do, or what no change of words makes equal."""
        if isinstance(node, exp.GroupConcat) and isinstance(node.this, exp.Order):
            distinct = node.this.this
            value = distinct.expressions[0] if isinstance(distinct, exp.Distinct) else distinct
            if [ordered.this for ordered in node.this.expressions] != [value]:
                self.refuse(node, "string_agg on every engine orders by its own value; write ORDER BY that")
        if isinstance(node, exp.Window) and node.this.find(exp.Distinct, exp.GroupConcat):
            self.refuse(
                node, "DISTINCT or string_agg OVER is not on every engine; aggregate in a WITH, then join"
            )
        if isinstance(node, exp.Cast) and node.to.this in exp.DataType.INTEGER_TYPES:
            whole = isinstance(node.this.unnest(), exp.Round | exp.Floor | exp.Ceil)
            if not whole and any(n.is_number and not n.is_int for n in node.this.find_all(exp.Literal)):
                self.refuse(
                    node, "how 2.5 becomes an integer differs between engines; say round(…) or floor(…)"
                )
        if isinstance(node, exp.Substring) and node.args["start"] == exp.Literal.number(0):
            self.refuse(node, "substr counts from 1; what 0 means differs between engines")
        if isinstance(node, exp.DateDiff) and node.text("unit").lower() not in {"day", "month", "year"}:
            self.refuse(
                node, "date_diff counts in 'day', 'month' or 'year'; other units differ between engines"
            )
        if isinstance(node, exp.Extract) and node.name.lower() not in EXTRACTED:
            self.refuse(
                node, f"extract gives {', '.join(sorted(EXTRACTED))}; other parts differ between engines"
            )

    def _check_correlation(self, tree: exp.Query) -> None:
        """A subquery may name the query around it, not the one around that."""
        for scope in traverse_scope(tree):
            outer = scope.parent
            if not scope.is_subquery or outer is None or not outer.is_subquery:
                continue
            inner = {id(column) for below in scope.subquery_scopes for column in below.columns}
            for column in scope.external_columns:
                if id(column) not in inner and column.table and column.table not in outer.selected_sources:
                    self.refuse(
                        column,
                        f"{column.sql()} lies two queries outside, which not every engine reaches; join it in a WITH",
                    )

    def _check_division(self, node: exp.Expr) -> None:
        if not isinstance(node, exp.Div | exp.IntDiv | exp.Mod):
            return
        divisor = node.expression.unnest()
        if isinstance(divisor, exp.Cast):
            divisor = divisor.this.unnest()
        safe = isinstance(divisor, exp.Nullif | exp.Placeholder) or (
            isinstance(divisor, exp.Literal) and divisor.is_number and float(divisor.name) != 0
        )
        if not safe:
            self.refuse(node, "a division by zero differs between engines; divide by NULLIF(…, 0)")

    def _check_date_difference(self, node: exp.Expr) -> None:
        if isinstance(node, exp.Sub) and all(
            isinstance(side, exp.Column) and side.name in self._date_columns
            for side in (node.left, node.right)
        ):
            self.refuse(node, "date - date differs between engines; use date_diff('day', earlier, later)")

    def _check_sums(self, tree: exp.Query) -> None:
        """Adding decimals gives other last digits in another order of rows; rounding takes them away."""
        if self._decimal_columns is None:
            return
        fractional = fractional_names(tree, self._decimal_columns)
        for node in tree.find_all(exp.Sum, exp.Avg, exp.StddevSamp):
            inexact = isinstance(node, exp.StddevSamp) or is_fractional(node.this, fractional)
            if inexact and not isinstance(node.find_ancestor(exp.Round, exp.Select), exp.Round):
                self.refuse(node, "the sum of decimals depends on the order of rows; say round(sum(…), 2)")

    def _check_anti_joins(self, tree: exp.Query) -> None:
        for select in tree.find_all(exp.Select):
            optional = {join.alias_or_name for join in select.args.get("joins") or () if join.side == "LEFT"}
            where = select.args.get("where")
            for test in where.find_all(exp.Is) if where else ():
                column = test.this
                if (
                    isinstance(column, exp.Column)
                    and column.table in optional
                    and isinstance(test.expression, exp.Null)
                ):
                    if isinstance(test.parent, exp.Not):
                        continue
                    self.refuse(
                        test, "LEFT JOIN … IS NULL is a hidden NOT EXISTS; write NOT EXISTS (SELECT 1 …)"
                    )


def _forget_places(tree: exp.Query) -> None:
    """Drop where each name stood in the text: all is checked, and every copy would take the places along."""
    for node in tree.walk():
        if node.meta_get("line") is not None:
            for key in PLACE:
                node.meta.pop(key, None)


def columns_read(query: ParsedQuery) -> dict[str, set[str]]:
    """The columns that a query names of each relation; unqualified names count for every relation in scope."""
    read: dict[str, set[str]] = {name: set() for name in query.relations}
    for scope in traverse_scope(query.tree):
        tables = {
            alias: source.name for alias, source in scope.sources.items() if isinstance(source, exp.Table)
        }
        for column in scope.expression.find_all(exp.Column):
            targets = (
                [tables[column.table]]
                if column.table in tables
                else []
                if column.table
                else list(tables.values())
            )
            for relation in targets:
                if relation in read:
                    read[relation].add(column.name)
    return read
