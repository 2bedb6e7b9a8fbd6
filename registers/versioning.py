"""What a batch adds to the lake: repeated rows dropped, conflicts set aside, changed rows as new versions.

Works on whole columns in DuckDB. The queries are fixed texts over two prepared relations, `incoming` (the staged
rows) and `open_rows` (the versions that are valid now); only these two are put together from the catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
from sqlglot import exp

from registers.catalogue import Catalogue, Column, Register
from registers.engine import connect, read_parquet
from registers.lake import Batch, Lake
from registers.query import DIALECT, literal, to_sql

NOT_PLACED = "all"  # partition of rows that belong to no county

SEPARATOR = "\x1f"  # a control character, which no cleaned text holds

KEYED = "SELECT source_row, row_key, content FROM incoming"
REPEATED = "SELECT row_key, min(source_row) AS first_row FROM keyed GROUP BY row_key HAVING count(*) > 1"
COPIES = """
SELECT k.source_row, r.first_row, k.content = f.content AS same
FROM keyed AS k
JOIN repeated AS r ON r.row_key = k.row_key AND k.source_row > r.first_row
JOIN keyed AS f ON f.source_row = r.first_row
"""
KEPT = """
SELECT k.source_row, k.row_key, k.content FROM keyed AS k
WHERE NOT EXISTS (SELECT 1 FROM copies AS c WHERE c.source_row = k.source_row)
  AND NOT EXISTS (SELECT 1 FROM orphan_rows AS o WHERE o.source_row = k.source_row)
"""
MET = """
SELECT k.source_row, o.row_id, k.content = o.content AS same
FROM kept AS k JOIN open_rows AS o ON o.row_key = k.row_key
WHERE NOT EXISTS (SELECT 1 FROM superseded AS s WHERE s.source_row = k.source_row)
"""
SUPERSEDED = """
SELECT k.source_row, bool_or(k.content = v.content) AS same
FROM kept AS k JOIN versions AS v ON v.row_key = k.row_key
GROUP BY k.source_row HAVING bool_or(k.content = v.content OR v.later)
"""
ACCEPTED = """
SELECT k.source_row, k.row_key, k.content, m.row_id AS replaces
FROM kept AS k LEFT JOIN met AS m ON m.source_row = k.source_row
WHERE (m.same IS NULL OR NOT m.same)
  AND NOT EXISTS (SELECT 1 FROM superseded AS s WHERE s.source_row = k.source_row)
"""


@dataclass(frozen=True)
class Resolved:
    """The new files of a batch (where they are now, where they belong in the lake) and what was counted."""

    accepted: int
    unchanged: int
    duplicates: int
    replaced: int
    set_aside: Mapping[int, list[str]]  # reasons by row number
    orphans: Mapping[str, int]
    coverage: Mapping[str, float]
    first_event: str | None
    last_event: str | None
    files: list[tuple[Path, str]]
    closures: tuple[Path, str] | None


def resolve_versions(
    folder: Path,
    *,
    lake: Lake,
    catalogue: Catalogue,
    register: Register,
    batch_id: str,
    delivered_on: date,
    backfill: bool,
    imported_before: Batch | None,
) -> Resolved:
    """Compare the staged rows of `folder` with each other and with the lake, and write the new files aside.

    Args:
        imported_before: the first import of the same file, when it comes again because its references were missing.
            Its rows then give way to every version that was delivered after it.
    """
    staged = sorted(str(path) for path in folder.glob("rows-*.parquet"))
    if not staged:
        return Resolved(0, 0, 0, 0, {}, {}, {}, None, None, [], None)
    with connect(spill=folder / "spill") as connection:
        work = _Work(connection)
        work.view("incoming", _with_keys(register, exp.select("*").from_(read_parquet(staged)), content=True))
        work.table("keyed", KEYED)
        work.table("repeated", REPEATED)
        work.table("copies", COPIES)
        orphans = _find_orphans(work, lake, catalogue, register)
        work.table("kept", KEPT)
        work.view("open_rows", _open_rows(lake, register))
        work.view("versions", _versions(lake, register, imported_before))
        work.table("superseded", SUPERSEDED)
        work.table("met", MET)
        work.table("accepted", ACCEPTED)
        work.view("new_rows", _new_rows(register, batch_id, delivered_on, backfill=backfill))
        return Resolved(
            accepted=work.count("SELECT count(*) FROM accepted"),
            unchanged=work.count("SELECT count(*) FROM met WHERE same")
            + work.count("SELECT count(*) FROM superseded WHERE same"),
            duplicates=work.count("SELECT count(*) FROM copies WHERE same"),
            replaced=work.count("SELECT count(*) FROM accepted WHERE replaces IS NOT NULL"),
            set_aside=_set_aside(work),
            orphans=orphans,
            coverage=_coverage(work, register),
            **_events(work, register),
            files=_write_rows(work, folder, register, batch_id),
            closures=_write_closures(work, folder, register, batch_id, delivered_on),
        )


class _Work:
    """A DuckDB connection with the few verbs that this module uses."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection

    def table(self, name: str, query: str) -> None:
        self.connection.sql(query).create(name)

    def view(self, name: str, select: exp.Query) -> None:
        self.connection.sql(to_sql(exp.Create(this=exp.to_table(name), kind="VIEW", expression=select)))

    def count(self, query: str) -> int:
        return int(self.rows(query)[0][0] or 0)

    def rows(self, query: str | exp.Query) -> list[tuple[int | str | None, ...]]:
        return self.connection.sql(query if isinstance(query, str) else to_sql(query)).fetchall()


def _with_keys(register: Register, rows: exp.Select, *, content: bool) -> exp.Select:
    """Add `row_key` (the key columns as one text) and `content` (a hash of every column that has a value)."""
    key = _joined(*(exp.func("coalesce", _text(name), literal("")) for name in register.key))
    select = exp.select("*", exp.alias_(key, "row_key")).from_(rows.subquery("s"))
    if content:
        named = (
            exp.DPipe(this=literal(f"{column.name}="), expression=_text(column.name))
            for column in register.lake_columns
        )
        select = select.select(exp.alias_(exp.func("md5_number_lower", _joined(*named)), "content"))
    return select


def _joined(*texts: exp.Expr) -> exp.Expr:
    """The texts that are not NULL, so that different rows never give the same text."""
    return exp.func("concat_ws", literal(SEPARATOR), *texts, dialect=DIALECT)


def _text(name: str) -> exp.Expr:
    return exp.cast(exp.column(name), "VARCHAR")


def _open_rows(lake: Lake, register: Register) -> exp.Select:
    files = lake.files(register.id)
    if not files:
        return _nothing(row_key="VARCHAR", content="UBIGINT", row_id="VARCHAR")
    rows = exp.select("content", "row_id", *register.key).from_(
        exp.alias_(read_parquet(files), "l", table=True)
    )
    closed = lake.closures(register.id)
    if closed:
        same = exp.EQ(this=exp.column("row_id", "c"), expression=exp.column("row_id", "l"))
        closures = exp.select("1").from_(exp.alias_(read_parquet(closed), "c", table=True)).where(same)
        rows = rows.where(exp.Not(this=exp.Exists(this=closures)))
    return _with_keys(register, rows, content=False)


def _versions(lake: Lake, register: Register, imported_before: Batch | None) -> exp.Select:
    """Every version of every row, closed or not, for a file that comes again; else nothing."""
    files = lake.files(register.id)
    if imported_before is None or not files:
        return _nothing(row_key="VARCHAR", content="UBIGINT", later="BOOLEAN")
    later = [b.batch_id for b in lake.batches(register.id) if b.sequence > imported_before.sequence]
    is_later = exp.column("batch_id").isin(*map(literal, later)) if later else exp.false()
    rows = exp.select("content", *register.key, exp.alias_(is_later, "later")).from_(read_parquet(files))
    return _with_keys(register, rows, content=False)


def _nothing(**columns: str) -> exp.Select:
    """A relation without rows; `columns` are names and types."""
    nulls = (exp.alias_(exp.cast(exp.null(), kind, dialect=DIALECT), name) for name, kind in columns.items())
    return exp.select(*nulls).where(exp.false())


def _find_orphans(work: _Work, lake: Lake, catalogue: Catalogue, register: Register) -> dict[str, int]:
    """Rows whose reference is not in the register it points to, if that register has been loaded."""
    work.connection.sql("CREATE TABLE orphan_rows (source_row BIGINT, reason VARCHAR)")
    found: dict[str, int] = {}
    for column in register.columns:
        target, name = _reference(column, register)
        files = lake.files(target) if target else []
        if not files:
            continue
        work.view(
            "target", exp.select(exp.alias_(exp.column(name), "value")).distinct().from_(read_parquet(files))
        )
        work.view(
            "pointing",
            exp.select("source_row", exp.alias_(exp.column(column.name), "value")).from_("incoming"),
        )
        work.connection.execute(
            "INSERT INTO orphan_rows SELECT p.source_row, ? FROM pointing AS p "
            "WHERE p.value IS NOT NULL AND NOT EXISTS (SELECT 1 FROM target AS t WHERE t.value = p.value)",
            [f"{column.zh}：在“{catalogue[target].name}”中找不到"],
        )
        count = work.count("SELECT count(*) FROM orphan_rows") - sum(found.values())
        if count:
            found[column.name] = count
        work.connection.sql("DROP VIEW target; DROP VIEW pointing")
    return found


def _reference(column: Column, register: Register) -> tuple[str, str]:
    if column.references:
        target, _, name = column.references.partition(".")
        return target, name
    if column.type == "division" and register.id != "division":
        return "division", "division_code"
    return "", ""


def _set_aside(work: _Work) -> dict[int, list[str]]:
    reasons: dict[int, list[str]] = {}
    for row, first in work.rows(
        "SELECT source_row, first_row FROM copies WHERE NOT same ORDER BY source_row"
    ):
        reasons.setdefault(int(row or 0), []).append(f"主键与第 {first} 行相同而内容不同")
    for row, reason in work.rows(
        "SELECT source_row, reason FROM orphan_rows AS o "
        "WHERE NOT EXISTS (SELECT 1 FROM copies AS c WHERE c.source_row = o.source_row AND c.same) ORDER BY ALL"
    ):
        reasons.setdefault(int(row or 0), []).append(str(reason))
    for row, *_ in work.rows("SELECT source_row FROM superseded WHERE NOT same ORDER BY source_row"):
        reasons.setdefault(int(row or 0), []).append("后来的交付已有这一行的新版本")
    return reasons


def _new_rows(register: Register, batch_id: str, delivered_on: date, *, backfill: bool) -> exp.Select:
    delivered = literal(delivered_on)
    known: exp.Expr = delivered
    if backfill:
        recorded = [exp.column(name, "i") for name in (register.recorded_on, register.event_date) if name]
        first_known = exp.func("least", exp.func("coalesce", *recorded, delivered), delivered)
        known = exp.Case().when(exp.column("replaces", "a").is_(exp.null()), first_known).else_(delivered)
    unique = _joined(
        exp.column("row_key", "a"),
        exp.cast(exp.column("content", "a"), "VARCHAR"),
        literal(batch_id),
    )
    row_id = exp.DPipe(
        this=literal(f"{register.id}:"),
        expression=exp.func("substr", exp.func("md5", unique), literal(1), literal(16)),
    )
    return (
        exp.select(
            *(exp.column(column.name, "i") for column in register.lake_columns),
            exp.alias_(row_id, "row_id"),
            exp.alias_(literal(batch_id), "batch_id"),
            exp.column("source_row", "i"),
            exp.alias_(known, "known_from"),
            exp.column("content", "a"),
            exp.alias_(_county(register), "county"),
        )
        .from_(exp.alias_(exp.to_table("incoming"), "i", table=True))
        .join("accepted AS a", on="a.source_row = i.source_row")
    )


def _county(register: Register) -> exp.Expr:
    if register.village_column is None:
        return literal(NOT_PLACED)
    code = exp.column(register.village_column, "i")
    placed = exp.func("length", code) >= literal(6)
    return (
        exp.Case().when(placed, exp.func("substr", code, literal(1), literal(6))).else_(literal(NOT_PLACED))
    )


def _coverage(work: _Work, register: Register) -> dict[str, float]:
    names = [column.name for column in register.lake_columns]
    counts = work.rows(
        exp.select(exp.Count(this=exp.Star()), *(exp.Count(this=exp.column(n)) for n in names)).from_(
            "new_rows"
        )
    )[0]
    total = int(counts[0] or 0)
    return (
        {name: round(int(count or 0) / total, 4) for name, count in zip(names, counts[1:], strict=True)}
        if total
        else {}
    )


def _events(work: _Work, register: Register) -> dict[str, str | None]:
    event = exp.column(register.event_date)
    first, last = work.rows(
        exp.select(*(exp.cast(f(this=event), "VARCHAR") for f in (exp.Min, exp.Max))).from_("new_rows")
    )[0]
    return {"first_event": str(first) if first else None, "last_event": str(last) if last else None}


def _write_rows(work: _Work, folder: Path, register: Register, batch_id: str) -> list[tuple[Path, str]]:
    if not work.count("SELECT count(*) FROM accepted"):
        return []
    out = folder / "out"
    work.connection.sql("SELECT * FROM new_rows").write_parquet(
        str(out), partition_by=["county"], compression="zstd"
    )
    files = []
    for county in sorted(out.iterdir()):
        for number, path in enumerate(sorted(county.glob("*.parquet"))):
            files.append((path, f"{register.id}/{county.name}/{batch_id}.{number}.parquet"))
    return files


def _write_closures(
    work: _Work, folder: Path, register: Register, batch_id: str, delivered_on: date
) -> tuple[Path, str] | None:
    if not work.count("SELECT count(*) FROM accepted WHERE replaces IS NOT NULL"):
        return None
    path = folder / "closures.parquet"
    closed = exp.select(
        exp.alias_(exp.column("replaces"), "row_id"), exp.alias_(literal(delivered_on), "known_to")
    )
    closed = closed.from_("accepted").where(exp.Not(this=exp.column("replaces").is_(exp.null())))
    work.connection.sql(to_sql(closed)).write_parquet(str(path))
    return path, f"{register.id}/closed/{batch_id}.parquet"
