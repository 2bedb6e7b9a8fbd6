"""How departments write their sheets: headers, words, dates of their own, and the ordinary mistakes.

A `Style` is one department's way of writing one register. `cells` turns rows into the texts of a sheet, column
by column, and then spoils a few of them: the rates below are per cell of the fitting kind, or per row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from operator import attrgetter
from typing import Final

import numpy as np

from registers.catalogue import Column, Register
from simulation.records import Record

ID_TYPO: Final = 0.0012  # two neighbouring digits swapped, or the letter O for a zero
FULL_WIDTH: Final = 0.002
OTHER_DATE_STYLE: Final = 0.02
WAN_YUAN: Final = 0.02  # of the amounts that are whole hundreds of at least 10,000 yuan
THOUSANDS: Final = 0.004
MISSING_OPTIONAL: Final = 0.006
MISSING_REQUIRED: Final = 0.0003
TRAILING_SPACE: Final = 0.005
DUPLICATE_ROW: Final = 0.001
UNSPOILT: Final = frozenset({"division", "subsidy_programme", "unit", "tender"})
"""Few rows, kept with care, and others refer to them."""

DATE_STYLES: Final[tuple[Callable[[date], str], ...]] = (
    date.isoformat,
    lambda day: f"{day.year}/{day.month}/{day.day}",
    lambda day: f"{day.year}{day.month:02d}{day.day:02d}",
    lambda day: f"{day.year}年{day.month}月{day.day}日",
    lambda day: f"{day.year}.{day.month:02d}.{day.day:02d}",
)
MONTH_STYLES: Final[tuple[Callable[[date], str], ...]] = (
    lambda day: f"{day.year}-{day.month:02d}",
    lambda day: f"{day.year}/{day.month}",
    lambda day: f"{day.year}{day.month:02d}",
    lambda day: f"{day.year}年{day.month}月",
    lambda day: f"{day.year}.{day.month:02d}",
)
FULL_WIDTH_DIGITS: Final = str.maketrans("0123456789", "０１２３４５６７８９")
SPOILABLE_TEXT: Final = frozenset({"text", "note", "person", "party", "enum"})


class _Written(dict[date, str]):
    """Dates as written in one style, each formatted once; its size is bounded by the days of a century."""

    def __init__(self, style: Callable[[date], str]) -> None:
        super().__init__()
        self._style = style

    def __missing__(self, day: date) -> str:
        text = self[day] = self._style(day)
        return text


DATES: Final = tuple(_Written(style) for style in DATE_STYLES)
MONTHS: Final = tuple(_Written(style) for style in MONTH_STYLES)


@dataclass(frozen=True)
class Style:
    """A register as its department writes it: header names, date style (index), a word for each enum value."""

    register: Register
    headers: tuple[str, ...]
    date_style: int
    words: Mapping[str, Mapping[str, str]]

    @classmethod
    def choose(cls, register: Register, rng: np.random.Generator) -> Style:
        headers, words = [], {}
        for column in register.file_columns:
            names = [column.zh, *(alias for alias in column.aliases if "万元" not in alias)]
            headers.append(names[int(rng.integers(len(names)))])
            words[column.name] = {
                value: texts[int(rng.integers(len(texts)))] for value, texts in column.values.items()
            }
        return cls(register, tuple(headers), int(rng.integers(len(DATE_STYLES))), words)


def cells(
    style: Style, rows: Sequence[Record], *, rng: np.random.Generator, counts: Counter[str]
) -> list[list[str]]:
    """The texts of the rows, column by column, with their mistakes; `counts` gains each kind of mistake."""
    register = style.register
    written = register.file_columns
    names = [column.name for column in written]
    columns = [
        _write(column, values, style)
        for column, values in zip(written, zip(*map(attrgetter(*names), rows), strict=True), strict=True)
    ]
    if register.id in UNSPOILT:
        return columns
    for column, texts, name in zip(written, columns, names, strict=True):
        spoiler = _Spoiler(texts, rng=rng, counts=counts)
        spoiler.spoil_kind(column, style, [getattr(row, name) for row in rows] if _is_day(column) else None)
        spoiler.spoil_any(column)
    again = _hits(rng, len(rows), DUPLICATE_ROW)
    counts["duplicate_row"] += len(again)
    for texts in columns:
        texts += [texts[row] for row in again]
    return columns


def _is_day(column: Column) -> bool:
    return column.type in {"date", "month"}


def _write(column: Column, values: Sequence[object], style: Style) -> list[str]:
    match column.type:
        case "date":
            dates = DATES[style.date_style]
            return ["" if value is None else dates[value] for value in values]  # type: ignore[index]
        case "month":
            months = MONTHS[style.date_style]
            return ["" if value is None else months[value] for value in values]  # type: ignore[index]
        case "amount":
            return ["" if value is None else f"{value / 100:.2f}" for value in values]  # type: ignore[operator]
        case "bool":
            return ["" if value is None else "是" if value else "否" for value in values]
        case "enum":
            words = style.words[column.name]
            return ["" if value is None else words[value] for value in values]  # type: ignore[index]
        case _:
            return ["" if value is None else str(value) for value in values]


def _hits(rng: np.random.Generator, size: int, rate: float) -> list[int]:
    """Positions that a mistake of this rate falls on, each at most once."""
    number = int(rng.binomial(size, rate))
    return sorted(rng.choice(size, number, replace=False).tolist()) if number else []


class _Spoiler:
    """Spoils some texts of one column in place and counts what it did."""

    def __init__(self, texts: list[str], *, rng: np.random.Generator, counts: Counter[str]) -> None:
        self.texts = texts
        self.rng = rng
        self.counts = counts

    def spoil_kind(self, column: Column, style: Style, days: Sequence[date | None] | None) -> None:
        """Mistakes of the column's type."""
        if days is not None:
            styles = DATE_STYLES if column.type == "date" else MONTH_STYLES
            for row in _hits(self.rng, len(days), OTHER_DATE_STYLE):
                other = styles[(style.date_style + 1 + int(self.rng.integers(len(styles) - 1))) % len(styles)]
                day = days[row]
                self._replace(row, other(day) if day else "", "other_date_style")
        elif column.type == "person":
            self._each(ID_TYPO, self._mistype, "id_typo")
            self._each(FULL_WIDTH, lambda text: text.translate(FULL_WIDTH_DIGITS), "full_width")
        elif column.type == "amount":
            self._each(WAN_YUAN, _in_wan, "wan_yuan")
            self._each(THOUSANDS, _with_commas, "thousands")
            self._each(FULL_WIDTH, lambda text: text.translate(FULL_WIDTH_DIGITS), "full_width")

    def spoil_any(self, column: Column) -> None:
        """Blank cells and trailing spaces."""
        kind, rate = (
            ("missing_required", MISSING_REQUIRED) if column.required else ("missing", MISSING_OPTIONAL)
        )
        self._each(rate, lambda _: "", kind)
        if column.type in SPOILABLE_TEXT:
            self._each(TRAILING_SPACE, lambda text: f"{text} ", "trailing_space")

    def _each(self, rate: float, change: Callable[[str], str], kind: str) -> None:
        for row in _hits(self.rng, len(self.texts), rate):
            if self.texts[row]:
                self._replace(row, change(self.texts[row]), kind)

    def _replace(self, row: int, text: str, kind: str) -> None:
        if text != self.texts[row]:
            self.texts[row] = text
            self.counts[kind] += 1

    def _mistype(self, text: str) -> str:
        """Swap two different neighbours, or write the letter O for a zero."""
        place = int(self.rng.integers(6, 16))
        if "0" in text[place:] and self.rng.random() < 0.3:
            return text[:place] + text[place:].replace("0", "O", 1)
        while place < 17 and text[place] == text[place + 1]:
            place += 1
        if place == 17:
            return text
        return text[:place] + text[place + 1] + text[place] + text[place + 2 :]


def _in_wan(text: str) -> str:
    """12300.00 → 1.23万元; sums that are no whole hundreds, or below 10,000 yuan, stay as they are."""
    yuan = round(float(text))
    return f"{yuan / 10_000:g}万元" if text.endswith("00.00") and yuan >= 10_000 else text


def _with_commas(text: str) -> str:
    """1234.50 → 1,234.50."""
    return f"{float(text):,.2f}" if text.replace(".", "").isdigit() else text
