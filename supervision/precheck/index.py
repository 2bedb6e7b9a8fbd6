"""The index of one day: the columns that pre-checks need, on disk, found by key without reading the rest.

precheck/<lake state>-<as_of>/index.json        what it is of; the folder is renamed into place, whole
precheck/<…>/<register>.arrow                   rows in the order of villages, mapped into memory
precheck/<…>/keys.arrow                         every value of every key column, sorted: its place is its code
precheck/<…>/<register>.<column>.sorted.npy     codes in order, and beside it `.rows.npy`: the rows that hold them
precheck/<…>/<register>.<column>.codes.npy      the code of each row, for columns that lead on to other rows
precheck/<…>/<name>.values.npy                  the codes that a column of a payment must hold to be a model's proof
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from registers.catalogue import Catalogue
from registers.engine import Engine
from registers.lake import write_json
from supervision.precheck.coverage import Coverage
from supervision.precheck.plan import ROW_ID, Plans, Question
from supervision.precheck.ways import Sieve

FOLDER: Final = "precheck"
KEPT: Final = 2
"""How many indexes stay: the newest, and the one before, which a service may still be reading."""

MOST_PLACES: Final = 10_000
"""So many codes are remembered; the keys of one question are looked up again and again."""

Codes = npt.NDArray[np.int32]
Rows = npt.NDArray[np.int32]
NO_ROWS: Final[Rows] = np.empty(0, np.int32)


class IndexMissing(LookupError):
    """There is no index that can be used. The message is Chinese and says what to run."""

    def __init__(self, why: str) -> None:
        super().__init__(f"{why}；请运行 cunjian precheck build")


def build_index(engine: Engine, plans: Plans, home: Path) -> Path:
    """Write the index of the engine's day and return its folder. Older ones but one are removed."""
    folder = home / FOLDER / f"{engine.state}-{engine.as_of.isoformat()}"
    aside = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    aside.mkdir(parents=True)
    tables = {name: _read(engine, name, columns) for name, columns in plans.columns.items()}
    pairs = plans.looked_up | plans.followed
    values = {text: engine.query(select).column(0) for text, select in plans.values.items()}
    keys = _all_keys([*(tables[register][column] for register, column in sorted(pairs)), *values.values()])
    _write(aside / "keys.arrow", pa.table({"key": keys}))
    for register, table in tables.items():
        _write(aside / f"{register}.arrow", table)
    for register, column in sorted(pairs):
        codes = _codes(tables[register][column], keys)
        if (register, column) in plans.followed:
            np.save(aside / f"{register}.{column}.codes.npy", codes)
        if (register, column) in plans.looked_up:
            known = np.flatnonzero(codes >= 0).astype(np.int32)
            order = known[np.argsort(codes[known], kind="stable")]
            np.save(aside / f"{register}.{column}.sorted.npy", codes[order])
            np.save(aside / f"{register}.{column}.rows.npy", order)
    for text, column in values.items():
        np.save(aside / f"{_name_of(text)}.values.npy", _known(_codes(column, keys)))
    Coverage(engine, plans.models).save(aside / "coverage.json")
    about = {"as_of": engine.as_of.isoformat(), "lake": engine.state, "simulated": engine.simulated}
    counts = {name: table.num_rows for name, table in tables.items()}
    write_json(aside / "index.json", {**about, "plans": plans.content_hash, "rows": counts})
    if folder.exists():
        folder.rename(aside.with_name(f"{aside.name}.old"))
    aside.rename(folder)
    _tidy(folder)
    return folder


def newest_index(home: Path) -> Path:
    """The folder of the index of the latest day. Raises `IndexMissing`."""
    folders = [path for path in (home / FOLDER).glob("[!.]*") if (path / "index.json").exists()]
    if not folders:
        raise IndexMissing("还没有支付前核查的索引")
    return max(folders, key=lambda path: (path.name[-10:], path.stat().st_mtime_ns))


class Index:
    """One index, open for reading. Rows are mapped into memory; nothing is copied until it is asked for."""

    def __init__(self, folder: Path, plans: Plans, catalogue: Catalogue) -> None:
        about = json.loads((folder / "index.json").read_text(encoding="utf-8"))
        if about["plans"] != plans.content_hash:
            raise IndexMissing("支付前核查的索引是按别的模型建的")
        self.as_of = date.fromisoformat(about["as_of"])
        self.lake: str = about["lake"]
        self.simulated: bool = about["simulated"]
        self.coverage = Coverage.load(folder / "coverage.json", catalogue, as_of=self.as_of)
        self.tables = {name: _mapped(folder / f"{name}.arrow") for name in plans.columns}
        self._keys = _mapped(folder / "keys.arrow")["key"].combine_chunks()
        self._places: dict[str, int] = {}
        self._codes = {pair: _array(folder, pair, "codes") for pair in plans.followed}
        self._values: dict[str, Codes] = {
            text: np.load(folder / f"{_name_of(text)}.values.npy", mmap_mode="r") for text in plans.values
        }
        self._found = {
            pair: (_array(folder, pair, "sorted"), _array(folder, pair, "rows")) for pair in plans.looked_up
        }

    def code(self, value: object) -> int:
        """The code of a key value; -1 for one that no row holds."""
        if not isinstance(value, str):
            return -1
        if value not in self._places:
            if len(self._places) > MOST_PLACES:
                self._places.clear()
            self._places[value] = self._find(value)
        return self._places[value]

    def _find(self, value: str) -> int:
        place = bisect_left(range(len(self._keys)), value, key=lambda i: str(self._keys[i].as_py()))
        return place if place < len(self._keys) and self._keys[place].as_py() == value else -1

    def rows_with(self, register: str, column: str, codes: Codes) -> Rows:
        """The rows of a register whose column holds one of some distinct codes."""
        ordered, rows = self._found[register, column]
        starts = np.searchsorted(ordered, codes, side="left")
        lengths = np.searchsorted(ordered, codes, side="right") - starts
        total = int(lengths.sum())
        if not total:
            return NO_ROWS
        within = np.arange(total) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        found: Rows = rows[np.repeat(starts, lengths) + within]
        return found

    def may_prove(self, sieve: Sieve, payment: Mapping[str, object]) -> bool:
        """Whether the payment can be a proof row as far as its keys say; its conditions are not asked here."""
        return all(
            any(self._holds(self.code(payment[way.column]), text) for way in need for text in way.texts)
            for need in sieve.needs
        )

    def _holds(self, code: int, text: str) -> bool:
        values = self._values[text]
        place = int(np.searchsorted(values, code))
        return code >= 0 and place < len(values) and values[place] == code

    def slice_of(self, question: Question, register: str, payment: Mapping[str, object]) -> dict[str, Rows]:
        """The rows, by register, that can matter to a model when the payment is added to a register."""
        part = _known([self.code(payment[question.column])])
        found = {name: [self.rows_with(name, column, part)] for name, column in question.anchors}
        for step in question.steps:
            codes = [
                self._codes[step.parent, step.parent_column][rows] for rows in found.get(step.parent, [])
            ]
            if step.parent == register:
                codes.append(np.array([self.code(payment[step.parent_column])], np.int32))
            wanted = _known(np.concatenate(codes) if codes else [])
            found.setdefault(step.register, []).append(self.rows_with(step.register, step.column, wanted))
        return {name: np.concatenate(rows) for name, rows in found.items()}


def _known(codes: npt.ArrayLike) -> Codes:
    distinct: Codes = np.unique(np.asarray(codes, np.int32))
    return distinct[distinct >= 0]


def _read(engine: Engine, register: str, columns: tuple[str, ...]) -> pa.Table:
    place = engine.catalogue[register].village_column
    order = [place, ROW_ID] if place in columns else [ROW_ID]
    return engine.query(exp.select(*columns).from_(register).order_by(*order)).combine_chunks()


def _all_keys(columns: Iterable[pa.ChunkedArray]) -> pa.Array:
    values = [pc.unique(column) for column in columns]
    distinct = pc.drop_null(pc.unique(pa.chunked_array(values, pa.string())))
    return distinct.take(pc.array_sort_indices(distinct))


def _name_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def _codes(column: pa.ChunkedArray, keys: pa.Array) -> Codes:
    found = pc.fill_null(pc.index_in(column, value_set=keys), -1)
    codes: Codes = found.to_numpy().astype(np.int32)
    return codes


def _write(path: Path, table: pa.Table) -> None:
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=max(table.num_rows, 1))


def _mapped(path: Path) -> pa.Table:
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()


def _array(folder: Path, pair: tuple[str, str], kind: str) -> npt.NDArray[np.int32]:
    array: npt.NDArray[np.int32] = np.load(folder / f"{pair[0]}.{pair[1]}.{kind}.npy", mmap_mode="r")
    return array


def _tidy(newest: Path) -> None:
    folders = sorted(newest.parent.glob("[!.]*"), key=lambda path: path.stat().st_mtime_ns)
    leftovers = list(newest.parent.glob(".*"))
    for folder in [*[f for f in folders if f != newest][: -(KEPT - 1)], *leftovers]:
        shutil.rmtree(folder)
