"""Tenders of a home: their bids from the registers or from a labelled file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa
from sqlglot import exp

from registers.engine import Engine
from registers.reading import read_table
from registers.tables import ReadError

REGISTERS: Final = ("tender", "bid")
COLUMN_NAMES: Final[Mapping[str, frozenset[str]]] = {
    "tender": frozenset({"tender", "招标编号", "招标项目编号", "标段编号"}),
    "bidder": frozenset({"bidder", "投标人", "投标单位", "投标人信用代码"}),
    "amount": frozenset({"amount", "报价", "投标报价", "投标金额"}),
    "label": frozenset({"label", "标注", "结论"}),
}
"""Columns of a labelled file, and what their headers may be."""
LABELS: Final = {"1": 1.0, "0": 0.0, "": float("nan"), "属实": 1.0, "不属实": 0.0}
_SHOWN_LABELS: Final = "1、0、属实、不属实或留空"


class NoTenders(LookupError):
    """The home holds no registers of tenders and bids."""


@dataclass(frozen=True)
class Tenders:
    """Bids with columns tender, bidder, amount; division code by tender, as far as known."""

    bids: pd.DataFrame
    villages: pd.Series


def tenders_of(engine: Engine) -> Tenders:
    """All tenders known on the engine's day, without bids that were withdrawn.

    Raises:
        NoTenders: one of the two registers was not imported.
    """
    if not engine.registers.issuperset(REGISTERS):
        names = "、".join(engine.catalogue[name].name for name in REGISTERS)
        raise NoTenders(f"没有招标项目可以打分，请先导入{names}")
    kept = exp.column("status").neq(exp.Literal.string("withdrawn"))
    bids = engine.query(exp.select("tender_id", "bidder_id", "amount_fen").from_("bid").where(kept))
    places = engine.query(exp.select("tender_id", "village_code").from_("tender")).to_pandas()
    columns = {"tender_id": "tender", "bidder_id": "bidder", "amount_fen": "amount"}
    return Tenders(
        bids.to_pandas().rename(columns=columns).astype({"amount": "float64"}),
        places.drop_duplicates("tender_id").set_index("tender_id")["village_code"],
    )


def read_labelled(path: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Bids of a labelled file, and what was found of its tenders (entity_id, label, selected_on, selected_by).

    Every row of a tender carries its label, or none does.

    Raises:
        ReadError: not a table, a column or a number is missing, or the rows of a tender differ in their label.
    """
    table = read_table(path, header_score=lambda headers: sum(_column(header) != "" for header in headers))
    names = [_column(header) for header in table.headers]
    if missing := [name for name in COLUMN_NAMES if names.count(name) != 1]:
        raise ReadError(f"{path.name}：须有且只有一列 {missing[0]}；四列为 {'、'.join(COLUMN_NAMES)}")
    read = [
        dict(zip(names, batch.columns, strict=True)) | {"row": batch.numbers.cast(pa.string())}
        for batch in table.batches
    ]
    wanted = [*COLUMN_NAMES, "row"]
    rows = pd.concat([pd.DataFrame({name: batch[name].to_pylist() for name in wanted}) for batch in read])
    rows = rows.reset_index(drop=True).apply(lambda column: column.str.strip())
    rows["amount"] = _numbers(rows, path)
    rows["label"] = _labels(rows, path)
    known = rows.dropna(subset="label").groupby("tender")["label"].agg(["first", "nunique"])
    if len(odd := known.index[known["nunique"] > 1]):
        raise ReadError(f"{path.name}：招标 {odd[0]} 的各行标注不一致")
    judged = pd.DataFrame({"entity_id": known.index, "label": known["first"].to_numpy()})
    return rows[["tender", "bidder", "amount"]], judged.assign(selected_on=None, selected_by="")


def _column(header: str) -> str:
    """The column that a header names; empty for others."""
    plain = header.strip().lower()
    return next((name for name, known in COLUMN_NAMES.items() if plain in known), "")


def _numbers(rows: pd.DataFrame, path: Path) -> pd.Series:
    """Amounts; an empty one is a bid without a price."""
    found = pd.to_numeric(rows["amount"].str.replace(",", ""), errors="coerce")
    if (odd := found.isna() & (rows["amount"] != "")).any():
        first = rows[odd].iloc[0]
        raise ReadError(f"{path.name} 第 {first['row']} 行：报价“{first['amount']}”不是数字")
    return found.astype("float64")


def _labels(rows: pd.DataFrame, path: Path) -> pd.Series:
    texts = rows["label"].str.removesuffix(".0")
    if (odd := ~texts.isin(LABELS)).any():
        first = rows[odd].iloc[0]
        raise ReadError(f"{path.name} 第 {first['row']} 行：标注“{first['label']}”应为{_SHOWN_LABELS}")
    return texts.map(LABELS)
