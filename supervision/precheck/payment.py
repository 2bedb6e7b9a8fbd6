"""A payment as a business system writes it: English columns, plain numbers; people and accounts become surrogates.

What comes in is read by the same parsers as an import, turned into surrogates at once, and kept nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Final

import pyarrow as pa

from registers.catalogue import Catalogue, Column, Register
from registers.conversion import Converter
from registers.pseudonyms import Pseudonyms, load_key
from registers.tables import TextBatch
from supervision.precheck.desk import PaymentRefused
from supervision.precheck.plan import PAYMENT_REGISTERS

Cell = str | int | float | bool | None

MOST_CHARACTERS: Final = 500
"""No cell of a payment is longer."""


def lake_row(
    register_id: str, cells: Mapping[str, Cell], *, catalogue: Catalogue, home: Path
) -> dict[str, object]:
    """The lake values of a payment.

    Args:
        register_id: the register in which the payment will stand.
        cells: values by English column name: an ID number for a person, integer fen for an amount, ISO dates.
        catalogue: of the registers.
        home: whose key makes the surrogates.

    Raises:
        PaymentRefused: an unknown register or column, or a value that an import would put into quarantine. The
            message names columns and reasons, never values.
    """
    if register_id not in PAYMENT_REGISTERS:
        raise PaymentRefused(f"支付前核查的登记表只有：{'、'.join(PAYMENT_REGISTERS)}")
    register = catalogue[register_id]
    known = {column.name for column in register.columns}
    if len(cells.keys() & known) < len(cells):
        raise PaymentRefused(f"“{register.name}”没有所写的某一列，可用的列：{'、'.join(sorted(known))}")
    names = list(cells)
    texts = [_text(register[name], cells[name]) for name in names]
    converter = Converter(
        register,
        headers=names,
        positions={name: place for place, name in enumerate(names)},
        pseudonyms=Pseudonyms(load_key(home, "pseudonym")),
        delivered_on=date.max.replace(year=date.max.year - 100),  # the desk judges the day
    )
    columns = [pa.array([text], pa.string()) for text in texts]
    converted = converter.convert(TextBatch(columns, pa.array([1], pa.int64())))
    if converted.bad:
        raise PaymentRefused("；".join(sorted(set(converted.bad[0]))))
    row: dict[str, object] = converted.rows.select([c.name for c in register.lake_columns]).to_pylist()[0]
    return row


def _text(column: Column, value: Cell) -> str | None:
    """A cell as a sheet would write it."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "是" if value else "否"
    if column.type == "amount":
        if not isinstance(value, int):
            raise PaymentRefused(f"{column.zh}（{column.name}）应为整数，单位分")
        return f"{'-' if value < 0 else ''}{abs(value) // 100}.{abs(value) % 100:02d}"
    text = str(value)
    if len(text) > MOST_CHARACTERS:
        raise PaymentRefused(f"{column.zh}（{column.name}）太长")
    return text


def place_of(register: Register, row: Mapping[str, object]) -> str:
    """The division code of the village that pays; empty when there is none."""
    return str(row.get(register.village_column or "") or "")
