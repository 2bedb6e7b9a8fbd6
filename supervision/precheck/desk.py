"""The pre-check: yes, look or stop for one payment before it is made, by the same models that look at it afterwards.

The answer is what a full run would say with the payment imported, as far as it is among the proof rows. Only models
that split by village or by subject are asked; the others are named in the answer, and so are those that cannot be
computed. Nothing of a question is kept.
"""

from __future__ import annotations

import queue
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from threading import Lock
from typing import Final, Literal

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from registers.as_known import arrow_schema
from registers.catalogue import Catalogue, Register, load_catalogue
from registers.engine import connect
from registers.query import to_sql
from supervision.catalogue import LEVEL_RANK, Model, load_models
from supervision.precheck.conditions import plainly_false
from supervision.precheck.index import Index, Rows, newest_index
from supervision.precheck.plan import ROW_ID, Plans, Question
from supervision.precheck.questions import MOST_TEXTS, PROPOSED, Hit, Texts, hit_of
from supervision.published import published_models
from supervision.regions import Regions, Values, load_regions

Verdict = Literal["yes", "look", "stop"]
Row = Mapping[str, object]

MOST_DAYS: Final = 31
"""An index that is older than this many days at the payment's date is not used."""
LOCAL: Final = "本地自建的模型，支付后由定期运行核查"
MOST_ROWS: Final = 100_000
"""Beyond so many rows in a slice the models are not asked, because the answer would come too late."""


KEPT_OPTIMIZERS: Final = frozenset({
    "expression_rewriter", "filter_pullup", "filter_pushdown", "empty_result_pullup", "cte_filter_pusher", "cte_inlining",
    "in_clause", "deliminator", "unnest_rewriter", "unused_columns", "outer_join_simplification", "common_aggregate",
    "top_n", "window_rewriter",
})  # fmt: skip
"""Over a slice of some hundred rows planning takes longer than running: the dearer optimizers of DuckDB are left out."""


class PaymentRefused(ValueError):
    """A question that cannot be answered: a register, column or day that does not fit. Chinese, no personal data."""


@dataclass(frozen=True)
class Silent:
    """A model that says nothing on the payment, and why."""

    model: Model
    why: str


@dataclass(frozen=True)
class Answer:
    """The answer to one question.

    Attributes:
        verdict: stop for a red finding, look for another one or when no model could be asked, else yes.
        as_of: the day as of which the models were asked; data_as_of: the day of the index.
        hits: findings, the most serious first.
        checked: how many models were computed.
        unknown: models that cannot be computed here.
        unchecked: models that are never asked before payment.
        recorded: the registers already hold a row with the payment's key; the payment stood in its place.
        simulated: whether the data are simulated.
    """

    verdict: Verdict
    as_of: date
    data_as_of: date
    hits: tuple[Hit, ...]
    checked: int
    unknown: tuple[Silent, ...]
    unchecked: tuple[Silent, ...]
    recorded: bool
    simulated: bool


class Prechecks:
    """Answers questions from the newest index of a home; may be asked from several threads at once."""

    def __init__(
        self, home: Path, *, models: Iterable[Model] | None = None, catalogue: Catalogue | None = None
    ) -> None:
        self._home = home
        self._models = models
        self._catalogue = catalogue or load_catalogue()
        self._lock = Lock()
        self._opened: tuple[Path, Desk] | None = None

    def ask(self, register: str, payment: Row, *, as_of: date | None = None) -> Answer:
        """The answer for one payment.

        Args:
            register: in which the payment will stand.
            payment: lake values by column; columns that it lacks are empty.
            as_of: the day of the question; by default the payment's date, or the day of the index if that is later.

        Raises:
            PaymentRefused: an unknown register or column, a missing date, or a day that the index does not fit.
            IndexMissing: there is no index for these models.
        """
        answer = self.desk().ask(register, payment, as_of=as_of)
        village = str(payment.get(self._catalogue[register].village_column or "") or "")
        local = [
            Silent(model, LOCAL)
            for model, division in published_models(self._home)
            if register in model.registers and village.startswith(division)
        ]
        return replace(answer, unchecked=(*answer.unchecked, *local))

    def desk(self) -> Desk:
        """The newest index with everything that is prepared for it. Raises `IndexMissing`."""
        with self._lock:
            folder = newest_index(self._home)
            if self._opened is None or self._opened[0] != folder:
                self._models = list(load_models().values()) if self._models is None else list(self._models)
                plans = Plans(self._models, self._catalogue)
                index = Index(folder, plans, self._catalogue)
                regions = load_regions(self._home, {model.id: model for model in self._models})
                self._opened = folder, Desk(index, plans, self._catalogue, regions)
            return self._opened[1]


class Desk:
    """One index, the plans, and workers that are used by one thread at a time."""

    def __init__(self, index: Index, plans: Plans, catalogue: Catalogue, regions: Regions) -> None:
        self._index = index
        self._plans = plans
        self._catalogue = catalogue
        self._regions = regions
        self._texts = Texts()
        self._idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()

    def ask(self, register: str, payment: Row, *, as_of: date | None) -> Answer:
        """See `Prechecks.ask`."""
        plan = self._plans.by_register.get(register)
        if plan is None:
            raise PaymentRefused(f"支付前核查的登记表只有：{'、'.join(self._plans.by_register)}")
        definition = self._catalogue[register]
        row = self._row(definition, payment)
        day = self._day(row[definition.event_date], as_of)
        coverage = self._index.coverage.with_row(definition, row, as_of=day)
        village = str(row[definition.village_column or ""] or "")
        obstacles = {q.model.id: coverage.obstacle(q.model, village) for q in plan.questions}
        silent = [Silent(q.model, why) for q in plan.questions if (why := obstacles[q.model.id])]
        asked = [q for q in plan.questions if not obstacles[q.model.id]]
        checked = len(asked)
        values = {q.model.id: self._values(q.model, village, day) for q in asked}
        asked = [q for q in asked if self._may_prove(q, {**values[q.model.id], "as_of": day}, row)]
        with self._worker() as worker:
            found, recorded = self._slice(asked, definition, row)
            if sum(map(len, found.values())) > MOST_ROWS:
                silent += [Silent(q.model, "相关的行太多，来不及在支付前算完") for q in asked]
                checked -= len(asked)
                asked = []
            with worker.showing(found, register, row):
                hits = [hit for q in asked for hit in worker.hits(q.model, values[q.model.id], day)]
        hits.sort(key=lambda hit: (-LEVEL_RANK[hit.level], hit.model.id, hit.subject_id))
        return Answer(
            verdict=_verdict(hits, checked=checked),
            as_of=day,
            data_as_of=self._index.as_of,
            hits=tuple(hits),
            checked=checked,
            unknown=tuple(silent),
            unchecked=tuple(Silent(u.model, u.why) for u in plan.unchecked),
            recorded=recorded,
            simulated=self._index.simulated,
        )

    def _row(self, register: Register, payment: Row) -> dict[str, object]:
        """The payment with every column of the register, and a row id of its own."""
        known = {column.name for column in register.lake_columns}
        if unknown := sorted(payment.keys() - known):
            raise PaymentRefused(f"“{register.name}”没有列：{'、'.join(unknown)}")
        if not isinstance(payment.get(register.event_date), date):
            raise PaymentRefused(f"缺少“{register[register.event_date].zh}”（{register.event_date}）")
        return {**dict.fromkeys(sorted(known)), **payment, ROW_ID: f"{register.id}:{PROPOSED}"}

    def _day(self, event: object, as_of: date | None) -> date:
        assert isinstance(event, date)  # noqa: S101  `_row` has seen to it
        day = as_of or max(event, self._index.as_of)
        if event > day:
            raise PaymentRefused("支付日期晚于核查日期")
        if day < self._index.as_of:
            raise PaymentRefused(f"核查日期早于索引的日期 {self._index.as_of}，不能用后来的数据回答")
        if day > self._index.as_of + timedelta(days=MOST_DAYS):
            raise PaymentRefused(f"索引是 {self._index.as_of} 的，已经太旧；请运行 cunjian precheck build")
        return day

    def _may_prove(self, question: Question, numbers: Row, row: Row) -> bool:
        """Whether the answer is not plainly no: the payment has what a proof row of the model must have."""
        return any(
            not any(plainly_false(condition, row, numbers) for condition in sieve.conditions)
            and self._index.may_prove(sieve, row)
            for sieve in question.sieves
        )

    def _slice(
        self, questions: Iterable[Question], register: Register, row: Row
    ) -> tuple[dict[str, pa.Table], bool]:
        """The rows that can matter, by register, and whether a row with the payment's key was among them."""
        rows: dict[str, list[Rows]] = {}
        for question in questions:
            for name, positions in self._index.slice_of(question, register.id, row).items():
                if name not in self._plans.whole:
                    rows.setdefault(name, []).append(positions)
        tables = {
            name: _rows_of(self._index.tables[name], np.unique(np.concatenate(parts)))
            for name, parts in rows.items()
        }
        own = tables.get(register.id, self._index.tables[register.id].slice(0, 0))
        tables[register.id] = _without_key(own, {name: row[name] for name in register.key})
        return tables, len(tables[register.id]) < len(own)

    def _values(self, model: Model, village: str, day: date) -> Values:
        if not self._regions:
            return model.parameter_values
        return self._regions.groups(model, [village], as_of=day)[-1][0]

    @contextmanager
    def _worker(self) -> Iterator[_Worker]:
        try:
            worker = self._idle.get_nowait()
        except queue.Empty:
            worker = _Worker(self._index, self._plans, self._catalogue, self._texts)
        try:
            yield worker
        finally:
            self._idle.put(worker)


class _Worker:
    """A private database with empty registers; a slice is put in for one question and rolled back."""

    def __init__(self, index: Index, plans: Plans, catalogue: Catalogue, texts: Texts) -> None:
        self._connection = connect(threads=1)
        known = {
            name for (name,) in self._connection.execute("SELECT name FROM duckdb_optimizers()").fetchall()
        }
        self._connection.execute(f"SET disabled_optimizers = '{','.join(sorted(known - KEPT_OPTIMIZERS))}'")
        self._schemas: dict[str, pa.Schema] = {}
        self._inserts: dict[str, str] = {}
        self._index = index
        self._texts = texts
        self._parsed: dict[str, duckdb.Statement] = {}
        for register, columns in plans.columns.items():
            full = arrow_schema(catalogue[register])
            self._schemas[register] = pa.schema([full.field(name) for name in columns])
            rows = index.tables[register] if register in plans.whole else index.tables[register].slice(0, 0)
            self._connection.register("rows_given", rows.cast(self._schemas[register]))
            select = exp.select(*columns).from_("rows_given")
            create = exp.Create(this=exp.to_table(register), kind="TABLE", expression=select)
            self._connection.execute(to_sql(create))
            self._connection.unregister("rows_given")
            source = exp.select(*columns).from_(f"slice_{register}")
            self._inserts[register] = to_sql(exp.insert(source, register, columns=list(columns)))

    @contextmanager
    def showing(self, tables: Mapping[str, pa.Table], register: str, row: Row) -> Iterator[None]:
        """Within, the registers hold these rows and the payment."""
        self._connection.execute("BEGIN")
        try:
            for name, rows in tables.items():
                shown = pa.concat_tables([rows, self._payment(register, row)]) if name == register else rows
                if len(shown):
                    self._connection.register(f"slice_{name}", shown)
                    self._run(self._inserts[name])
            yield
        finally:
            self._connection.execute("ROLLBACK")

    def _run(self, text: str) -> duckdb.DuckDBPyConnection:
        """Run a statement that was parsed when it was first asked; parsing is a quarter of its time."""
        if text not in self._parsed:
            if len(self._parsed) >= MOST_TEXTS:
                self._parsed.clear()
            self._parsed[text] = self._connection.extract_statements(text)[0]
        return self._connection.execute(self._parsed[text])

    def _payment(self, register: str, row: Row) -> pa.Table:
        """The payment as a table of one row."""
        schema = self._schemas[register]
        return pa.Table.from_pylist([{column: row[column] for column in schema.names}], schema=schema)

    def hits(self, model: Model, values: Values, day: date) -> list[Hit]:
        """The findings of a model that the payment is a proof row of."""
        texts = self._texts.of(model, values, day)
        if not self._run(texts.proof).fetchall():
            return []
        rows = self._run(texts.findings).fetchall()
        return [hit_of(model, values, dict(zip(texts.columns, row, strict=True))) for row in rows]


def _rows_of(table: pa.Table, positions: Rows) -> pa.Table:
    """Some rows of a table, in ascending order; a run of neighbours is not copied."""
    if len(positions) and positions[-1] - positions[0] + 1 == len(positions):
        return table.slice(int(positions[0]), len(positions))
    return table.take(pa.array(positions))


def _without_key(table: pa.Table, key: Row) -> pa.Table:
    """The rows that do not have this key; a key with an empty part is no key."""
    if any(value is None for value in key.values()) or not len(table):
        return table
    same = None
    for name, value in key.items():
        equal = pc.fill_null(pc.equal(table[name], value), False)
        same = equal if same is None else pc.and_(same, equal)
    return table.filter(pc.invert(same)) if pc.any(same).as_py() else table


def _verdict(hits: Iterable[Hit], *, checked: int) -> Verdict:
    levels = {hit.level for hit in hits}
    if "red" in levels:
        return "stop"
    return "look" if levels or not checked else "yes"
