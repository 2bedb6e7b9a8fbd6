"""Which rows can matter to a model when one row is added: read off the joins of its SQL, once.

A partitioned register is read where its column holds the part's value. Any other register is read along the
equations of the SQL: a row of it that equals nothing on the other side of such an equation changes no answer, so
rows are fetched register by register, from those that are already fetched. As many hops as the SQL has joins in a
chain are enough, because each equation leads from one occurrence of a register to the next. A model with an
occurrence that no equation leads to is not checked before payment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, build_scope

from registers.catalogue import Catalogue, Register
from supervision.catalogue import Model
from supervision.precheck.shapes import conjuncts, keeps_rows, passes
from supervision.precheck.ways import Reach, Sieve, Step, Way

Occurrence = tuple[int, ...]
"""A place where the SQL reads a relation, every WITH written out where it is used."""

KEY_TYPES: Final = frozenset({"person", "party", "credit_code", "account", "phone", "division", "text"})
MOST_HOPS: Final = 4
NAMING_TYPES: Final = KEY_TYPES - {"text"}


@dataclass(frozen=True)
class _Origin:
    """A column of a register that a column of the SQL comes from."""

    place: Occurrence
    register: str
    column: str
    plain: bool
    """Its value is passed on unchanged, and rows of another value have no part in the rows of this one."""
    own: bool
    """Its value is passed on unchanged, of one row each, whatever part other rows have in other columns."""


@dataclass(frozen=True)
class _Link:
    """A row at `place` matters only if `column` holds a value that one of the parents holds."""

    place: Occurrence
    ways: tuple[tuple[str, tuple[_Origin, ...]], ...]


@dataclass(frozen=True)
class _Frame:
    """A SELECT with the place where it is used and the SELECT around it."""

    scope: Scope
    path: Occurrence
    outer: _Frame | None = None

    def source(self, alias: str) -> tuple[_Frame, Occurrence, exp.Table | Scope] | None:
        """The source of an alias here or further out, with the frame that reads it."""
        frame: _Frame | None = self
        while frame is not None:
            found = frame.scope.selected_sources.get(alias)
            if found is not None:
                node, source = found
                return frame, (*frame.path, id(node)), source
            frame = frame.outer
        return None


def is_whole(register: Register) -> bool:
    """Whether a register names nobody and no place: a short list, such as the programmes, read whole."""
    return not any(column.type in NAMING_TYPES for column in register.columns)


def reach_of(model: Model, catalogue: Catalogue) -> Reach:
    """How the rows that matter to a model are found, and which registers its proof rows come from."""
    reader = _Reader(catalogue)
    evidence = reader.read(model.queries.evidence.tree)
    origins = reader.origins_of(evidence, "row_id")
    if not origins:
        return Reach((), obstacle="看不出证据行来自哪张登记表")
    sieves = tuple(
        reader.sieve(place) for place in sorted({o.place for o in origins if o.column == "row_id"})
    )
    if model.derived:
        return Reach(sieves, obstacle="用到按全县计算的派生关系")
    reader.read(model.queries.population.tree)
    split = model.partition.registers if model.partition else {}
    reached = {place for place, name in reader.places.items() if name in split or is_whole(catalogue[name])}
    steps: dict[tuple[str, str, str, str], Step] = {}
    depth = 0
    while waiting := reader.places.keys() - reached:
        depth += 1
        chosen = {place: link for place in waiting if (link := reader.link_to(place, reached))}
        if not chosen:
            names = sorted({catalogue[reader.places[place]].name for place in waiting})
            return Reach(sieves, obstacle=f"“{'、'.join(names)}”的关联不在键上")
        for place, link in chosen.items():
            for column, parents in link.ways:
                for parent in parents:
                    parts = (reader.places[place], column, parent.register, parent.column)
                    steps.setdefault((*parts,), Step(depth, *parts))
        reached |= chosen.keys()
    return Reach(sieves, tuple(sorted(steps.values(), key=lambda s: (s.depth, s.register, s.column))))


class _Reader:
    """Walks queries and keeps the places where registers are read and the equations between them."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self.places: dict[Occurrence, str] = {}
        self._links: list[_Link] = []
        self._conditions: dict[Occurrence, list[exp.Expr]] = {}
        self._proof_conditions: dict[Occurrence, list[exp.Expr]] = {}
        """Further ones, which a row must fulfil to be proof; one that does not may still count in a sum over a window."""
        self._trees: list[exp.Expr] = []  # kept alive: a place is named by the ids of nodes

    def read(self, tree: exp.Query) -> _Frame:
        self._trees.append(tree)
        scope = build_scope(tree)
        assert scope is not None  # noqa: S101  a query has a scope
        frame = _Frame(scope, (len(self._trees),))
        self._walk(frame)
        return frame

    def link_to(self, place: Occurrence, reached: set[Occurrence]) -> _Link | None:
        """An equation from reached places to this one."""
        for link in self._links:
            parents = [parent for _, way in link.ways for parent in way]
            if link.place == place and all(parent.place in reached for parent in parents):
                return link
        return None

    def sieve(self, place: Occurrence) -> Sieve:
        """What the rows at a place must fulfil."""
        register = self.places[place]
        needs = self._needs(place, frozenset({place}), register)
        conditions = (*self._conditions.get(place, ()), *self._proof_conditions.get(place, ()))
        return Sieve(register, conditions, tuple(needs))

    def _needs(
        self, place: Occurrence, visited: frozenset[Occurrence], register: str
    ) -> Iterator[tuple[Way, ...]]:
        """The links of a place. One that leads to the payment's own register holds by the payment itself."""
        for link in self._links:
            parents = [parent for _, way in link.ways for parent in way]
            if link.place != place or len(visited) > MOST_HOPS:
                continue
            if any(parent.place in visited or parent.register == register for parent in parents):
                continue
            yield tuple(
                Way(column, tuple(self._values(parent, visited, register) for parent in way))
                for column, way in link.ways
            )

    def _values(self, origin: _Origin, visited: frozenset[Occurrence], register: str) -> exp.Select:
        """The values that a column can hold at its place, or more of them."""
        select = exp.select(origin.column).distinct().from_(origin.register)
        for condition in self._conditions.get(origin.place, ()):
            if not condition.find(exp.Placeholder):
                select = select.where(condition)
        for need in self._needs(origin.place, visited | {origin.place}, register):
            ways = [exp.column(way.column).isin(query=values) for way in need for values in way.values]
            select = select.where(exp.or_(*ways) if ways else exp.false())
        return select

    def _walk(self, frame: _Frame) -> None:
        for number, branch in enumerate(frame.scope.set_operation_scopes):
            self._walk(_Frame(branch, (*frame.path, number), frame.outer))
        for node, source in frame.scope.selected_sources.values():
            place = (*frame.path, id(node))
            if isinstance(source, exp.Table):
                self.places[place] = source.name
            else:
                self._walk(_Frame(source, place))
        if isinstance(frame.scope.expression, exp.Select):
            self._links += self._links_in(frame)
        for inner in frame.scope.subquery_scopes:
            self._walk(_Frame(inner, frame.path, frame))

    def _links_in(self, frame: _Frame) -> Iterator[_Link]:
        select = frame.scope.expression
        where = select.args.get("where")
        for condition in conjuncts(where.this) if where else ():
            self._keep_condition(condition, frame, optional=None)
            yield from self._links_of(condition, frame, optional=None)
        for join in select.args.get("joins") or ():
            if join.side in ("RIGHT", "FULL") or not join.args.get("on"):
                continue
            optional = join.alias_or_name if join.side == "LEFT" else None
            for condition in conjuncts(join.args["on"]):
                self._keep_condition(condition, frame, optional=optional)
                yield from self._links_of(condition, frame, optional=optional)

    def _keep_condition(self, condition: exp.Expr, frame: _Frame, *, optional: str | None) -> None:
        """Keep what a condition asks of the columns of the register at one place alone."""
        if condition.find(exp.Query):
            return
        condition = self._with_latest_day(condition, frame)
        origins: dict[tuple[str, str], _Origin] = {}
        for column in condition.find_all(exp.Column):
            alias = _alias(column, frame)
            found = self._of_column(column, frame) or []
            if alias not in frame.scope.selected_sources or (optional and alias != optional):
                return
            if len(found) != 1 or not found[0].own:
                return
            origins[column.table, column.name] = found[0]
        if len({origin.place for origin in origins.values()}) != 1:
            return
        own = condition.copy().transform(
            lambda n: exp.column(origins[n.table, n.name].column) if isinstance(n, exp.Column) else n
        )
        plain = all(origin.plain for origin in origins.values())
        kept = self._conditions if plain else self._proof_conditions
        kept.setdefault(next(iter(origins.values())).place, []).append(own)

    def _with_latest_day(self, condition: exp.Expr, frame: _Frame) -> exp.Expr:
        """At least so many days from one day to another: the other is as_of at the latest, which asks no more.

        No register shows a day that lies after as_of, but in columns that are declared to hold such days.
        """
        if not isinstance(condition, exp.GTE | exp.GT):
            return condition
        days = condition.left.unnest()
        if not isinstance(days, exp.DateDiff) or condition.right.find(exp.Column):
            return condition
        begins, ends = days.expression, days.this
        if not isinstance(begins, exp.Column) or not isinstance(ends, exp.Column):
            return condition
        origins = self._origins(ends, frame)
        if begins.table == ends.table or not origins or any(self._may_lie_ahead(o) for o in origins):
            return condition
        latest = days.copy()
        latest.set("this", exp.Placeholder(this="as_of"))
        return type(condition)(this=latest, expression=condition.right.copy())

    def _may_lie_ahead(self, origin: _Origin) -> bool:
        columns = {column.name: column for column in self._catalogue[origin.register].lake_columns}
        column = columns.get(origin.column)
        return column is None or column.sql_type != "DATE" or column.future

    def _links_of(self, condition: exp.Expr, frame: _Frame, *, optional: str | None) -> list[_Link]:
        condition = condition.unnest()
        if isinstance(condition, exp.Or):
            return self._either(condition, frame, optional=optional)
        if not isinstance(condition, exp.EQ):
            return []
        sides = (condition.left.unnest(), condition.right.unnest())
        links = []
        for child, parent in (sides, sides[::-1]):
            if not isinstance(child, exp.Column) or not self._restricts(child, frame, optional):
                continue
            parents = self._origins(parent, frame)
            if parents is None or any(not self._is_key(p) for p in parents):
                continue
            links += [
                _Link(origin.place, ((origin.column, tuple(parents)),))
                for origin in self._origins(child, frame) or ()
                if origin.plain and self._is_key(origin) and all(p.place != origin.place for p in parents)
            ]
        return links

    def _either(self, condition: exp.Or, frame: _Frame, *, optional: str | None) -> list[_Link]:
        """Places that both alternatives restrict."""
        first, second = (
            [link for part in conjuncts(side) for link in self._links_of(part, frame, optional=optional)]
            for side in (condition.left, condition.right)
        )
        return [_Link(a.place, (*a.ways, *b.ways)) for a in first for b in second if a.place == b.place]

    def _restricts(self, column: exp.Column, frame: _Frame, optional: str | None) -> bool:
        """Whether rows that fail an equation of this column have no part in the SELECT's answer."""
        found = frame.source(_alias(column, frame))
        if found is None:
            return False
        if found[0] is frame:
            return optional is None or column.table == optional
        return found[0] is frame.outer and optional is None and _must_exist(frame, found[0])

    def _origins(self, value: exp.Expr, frame: _Frame) -> list[_Origin] | None:
        """Where the values of an expression come from; None when it is not made of register columns alone."""
        value = value.unnest()
        match value:
            case exp.Column():
                return self._of_column(value, frame)
            case exp.Alias() | exp.Min() | exp.Max() | exp.Cast():
                return _changed(self._origins(value.this, frame))
            case exp.Null():
                return []
            case exp.Coalesce():
                parts = [self._origins(part, frame) for part in (value.this, *value.expressions)]
                return None if None in parts else _changed([o for part in parts for o in part or ()])
            case _:
                return None

    def _of_column(self, column: exp.Column, frame: _Frame) -> list[_Origin] | None:
        found = frame.source(_alias(column, frame))
        if found is None:
            return None
        _, place, source = found
        if isinstance(source, exp.Table):
            return [_Origin(place, source.name, column.name, plain=True, own=True)]
        return self._of_output(_Frame(source, place), column.name)

    def _of_output(self, frame: _Frame, name: str) -> list[_Origin] | None:
        """Where an output column of a WITH, a subquery or a UNION comes from."""
        query = frame.scope.expression
        names = query.named_selects if isinstance(query, exp.Query) else []
        return self._of_position(frame, names.index(name)) if name in names else None

    def _of_position(self, frame: _Frame, position: int) -> list[_Origin] | None:
        if branches := frame.scope.set_operation_scopes:
            parts = [
                self._of_position(_Frame(branch, (*frame.path, number), frame.outer), position)
                for number, branch in enumerate(branches)
            ]
            return None if None in parts else [o for part in parts for o in part or ()]
        select = frame.scope.expression
        if not isinstance(select, exp.Select):
            return None
        value = select.selects[position].unalias()
        origins = self._origins(value, frame)
        if origins is None or passes(select, value):
            return origins
        return [replace(o, plain=False) for o in origins] if keeps_rows(select) else _changed(origins)

    def origins_of(self, frame: _Frame, name: str) -> list[_Origin]:
        """Where an output column may come from, whatever is done to it on the way."""
        return self._of_output(frame, name) or []

    def _is_key(self, origin: _Origin) -> bool:
        register = self._catalogue.get(origin.register)
        return register is not None and any(
            c.name == origin.column and c.type in KEY_TYPES for c in register.lake_columns
        )


def _must_exist(frame: _Frame, outer: _Frame) -> bool:
    """Whether the outer SELECT keeps only rows for which this subquery has one."""
    node = frame.scope.expression.parent
    where = outer.scope.expression.args.get("where")
    return isinstance(node, exp.Exists) and any(
        condition.unnest() is node for condition in (conjuncts(where.this) if where else ())
    )


def _alias(column: exp.Column, frame: _Frame) -> str:
    """The source that a column names; without a name, the only one there is."""
    sources = list(frame.scope.selected_sources)
    return column.table or (sources[0] if len(sources) == 1 else "")


def _changed(origins: list[_Origin] | None) -> list[_Origin] | None:
    return origins and [replace(o, plain=False, own=False) for o in origins]
