"""From text to typed columns: each distinct text of a column is read once, and what cannot be read says why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from registers.catalogue import NORMALISERS, PARSERS, Column, Register, split_unit
from registers.pseudonyms import Pseudonyms
from registers.tables import TextBatch
from registers.values import BadValue, clean, is_formula, parse_amount_fen, parse_text

ARROW_TYPES = {
    "BOOLEAN": pa.bool_(),
    "BIGINT": pa.int64(),
    "DOUBLE": pa.float64(),
    "DATE": pa.date32(),
    "VARCHAR": pa.string(),
}


@dataclass(frozen=True)
class Converted:
    """A batch after conversion.

    `rows` holds the lake columns and `source_row` of the good rows; `vault` the columns of the identity vault for
    the same rows; `bad` the positions of the other rows in the batch with their reasons.
    """

    rows: pa.Table
    vault: dict[str, list[str | None]]
    bad: dict[int, list[str]]


@dataclass(frozen=True)
class _Values:
    lake: pa.Array
    plain: pa.Array | None
    reasons: list[str | None]
    codes: np.ndarray


class Converter:
    """Reads the batches of one file into one register."""

    def __init__(
        self,
        register: Register,
        *,
        headers: list[str],
        positions: dict[str, int],
        pseudonyms: Pseudonyms,
        delivered_on: date,
    ) -> None:
        self._register = register
        self._headers = headers
        self._positions = positions
        self._pseudonyms = pseudonyms
        self._delivered_on = delivered_on

    def convert(self, batch: TextBatch) -> Converted:
        rows = len(batch.numbers)
        values = {column.name: self._column(column, batch, rows) for column in self._register.columns}
        for column in self._register.columns:
            if column.derived_from:
                values[column.name] = _filled(values[column.name], values[column.derived_from])
            if column.type == "written":
                values[column.name] = self._written(values, rows)
        bad: dict[int, list[str]] = {}
        for result in values.values():
            for row in np.flatnonzero(result.codes):
                bad.setdefault(int(row), []).append(result.reasons[result.codes[row]] or "")
        good = pa.array(np.setdiff1d(np.arange(rows), np.fromiter(bad, dtype=np.int64, count=len(bad))))
        table = pa.table(
            {c.name: values[c.name].lake for c in self._register.lake_columns} | {"source_row": batch.numbers}
        )
        vault = {
            str(c.vault): _plain(values[c.name]).take(good).to_pylist()
            for c in self._register.columns
            if c.vault
        }
        return Converted(table.take(good), vault, bad)

    @property
    def vault_key(self) -> str:
        assert self._register.vault_key is not None  # noqa: S101  asked for where there are vault columns
        return self._register.vault_key

    def _written(self, values: Mapping[str, _Values], rows: int) -> _Values:
        """The surrogate of the person as the row writes one: name, village, and the other columns of the vault."""
        told = [
            _plain(values[c.name]).to_pylist()
            for c in self._register.columns
            if c.vault and c.vault != "name"
        ]
        if self._register.village_column:
            told.append(values[self._register.village_column].lake.to_pylist())
        names = next(_plain(values[c.name]).to_pylist() for c in self._register.columns if c.vault == "name")
        keys = [
            self._pseudonyms.written(name, *more) if name else None
            for name, *more in zip(names, *told, strict=True)
        ]
        return _Values(pa.array(keys, pa.string()), None, [None], np.zeros(rows, dtype=np.int64))

    def _column(self, column: Column, batch: TextBatch, rows: int) -> _Values:
        """Convert one column; a column that the file lacks is all NULL, and bad where it is required."""
        position = self._positions.get(column.name)
        texts = batch.columns[position] if position is not None else pa.nulls(rows, pa.string())
        encoded = texts.fill_null("").dictionary_encode()
        read = self._reader(column)
        lake: list[object] = []
        plain: list[str | None] = []
        reasons: list[str | None] = [None]
        codes = np.zeros(len(encoded.dictionary), dtype=np.int64)
        for index, text in enumerate(encoded.dictionary.to_pylist()):
            value, reason = _read_cell(column, text, read)
            if reason is not None:
                codes[index] = len(reasons)
                reasons.append(reason)
            plain.append(str(value) if value is not None else None)
            lake.append(self._for_lake(column, value))
        indices = encoded.indices.to_numpy(zero_copy_only=False)
        return _Values(
            lake=pa.array(lake, ARROW_TYPES[column.sql_type]).take(encoded.indices),
            plain=pa.array(plain, pa.string()).take(encoded.indices) if column.vault else None,
            reasons=reasons,
            codes=codes[indices] if len(codes) else np.zeros(rows, dtype=np.int64),
        )

    def _reader(self, column: Column) -> Callable[[str], object]:
        match column.type:
            case "enum":
                return column.enum_value
            case "amount":
                position = self._positions.get(column.name)
                scale = split_unit(self._headers[position])[1] if position is not None else 1
                return lambda text: _in_range(column, parse_amount_fen(text, scale=scale))
            case "integer" | "decimal":
                return lambda text: _in_range(column, PARSERS[column.type](text))
            case "date" | "month":
                return lambda text: self._in_time(column, PARSERS[column.type](text))
            case "text" if column.normalise or column.vault == "name":
                normalise = NORMALISERS[column.normalise or "name"]
                return lambda text: normalise(parse_text(text))
            case _:
                return PARSERS["text" if column.type in ("party", "written") else column.type]

    def _in_time(self, column: Column, value: object) -> date:
        assert isinstance(value, date)  # noqa: S101  what the parsers of dates return
        if not column.future and value > self._delivered_on:
            raise BadValue("日期晚于交付日期")
        if value.year > self._delivered_on.year + column.max_years_ahead:
            raise BadValue("日期过于久远，请核对年份")
        return value

    def _for_lake(self, column: Column, value: object) -> object:
        if value is None:
            return None
        match column.type:
            case "person":
                return self._pseudonyms.person(str(value))
            case "party":
                return self._pseudonyms.party(str(value))
            case "phone":
                return self._pseudonyms.phone(str(value))
            case "account":
                return self._pseudonyms.account(str(value))
            case _:
                return value


def _filled(months: _Values, dates: _Values) -> _Values:
    """Months that the file leaves out, from the date of the same row."""
    of_date = pc.floor_temporal(dates.lake, unit="month").cast(pa.date32())
    return replace(months, lake=pc.coalesce(months.lake, of_date))


def _read_cell(column: Column, text: str, read: Callable[[str], object]) -> tuple[object, str | None]:
    if not clean(text):
        return None, f"必填项“{column.zh}”为空" if column.required else None
    if is_formula(text):
        return None, f"{column.zh}：是没有算出结果的公式，请粘贴为数值后重新导出"
    try:
        return read(text), None
    except BadValue as error:
        return None, f"{column.zh}：{error.reason}"


def _in_range(column: Column, value: object) -> object:
    assert isinstance(value, int | float)  # noqa: S101  what the parsers of numbers return
    if (column.min is not None and value < column.min) or (column.max is not None and value > column.max):
        raise BadValue("数值超出合理范围，请核对单位")
    return value


def _plain(values: _Values) -> pa.Array:
    assert values.plain is not None  # noqa: S101  kept for every vault column
    return values.plain
