"""A person's row in the writings by which it is compared: name, parts of the name, birth date, phone, address.

Nothing here decides that two rows are one person; `registers.linkage` does.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import pandas as pd
import pyarrow as pa

from registers.normalising import normal_address, normal_name

COLUMNS: Final = ("row_id", "id_number", "name", "phone", "address", "birth_date")
NEAR_DAYS: Final = 366  # a birthday by the old calendar, a registration made late
STEM: Final = 3  # letters of a part of a Latin name that a typing error rarely reaches all of

ALIKE: Final = (
    "建健键 国囯 伟炜玮纬 芳方 英瑛 兰蓝 燕艳 霞侠 峰锋烽 波博 萧肖 傅付 阎闫 戴代 珍真贞 玲铃伶岭 娟涓 莲连 华花 军君 平萍苹 "
    "生升胜 明铭 红洪鸿宏 辉晖挥 桂贵 清青卿 福富 林琳霖 志智 成诚城 文雯 海每 永咏 新欣鑫 春椿 秀绣 凤风 龙隆 祥详翔 "
    "庆青 荣容蓉 元园圆 金今 强墙 良梁粮 启起 民敏 超朝 东冬 梅玫 云芸 丽莉利 静靖 婷亭 佳嘉家 洁杰 彬斌宾 俊峻竣 浩皓"
)
"""Characters that a clerk writes for one another, by ear or by eye, in groups; the first group that has one counts."""
_GROUP: Final = str.maketrans({c: group[0] for group in reversed(ALIKE.split()) for c in group})


def prepare(table: pa.Table) -> pd.DataFrame:
    """The rows in one writing, sorted by `row_id`; parts of a Latin name count in any order."""
    missing = {"row_id", "name"} - set(table.column_names)
    if missing:
        raise ValueError(f"linkage needs the columns {sorted(missing)}")
    given = {name: _texts(table, name) for name in COLUMNS}
    names = [normal_name(t).casefold() if t else "" for t in given["name"]]
    parts = [sorted(name.split()) for name in names]
    dates = [re.sub(r"\D", "", t) or None if t else None for t in given["birth_date"]]
    frame = pd.DataFrame(
        {
            "row_id": given["row_id"],
            "id_number": given["id_number"],
            "name": [" ".join(p) or None for p in parts],
            "latin": [_latin(name) for name in names],
            "turned": [_latin(" ".join(reversed(name.split()))) for name in names],
            "part": [p[0] if p else None for p in parts],
            "other_part": [p[-1] if len(p) > 1 else None for p in parts],
            "stem": [_stem(p) for p in parts],
            "initial": [(_stem(p) or "")[:1] or None for p in parts],
            "phone": given["phone"],
            "birth_date": dates,
            "date_digits": ["".join(sorted(d)) if d else None for d in dates],
            "birth_year": [d[:4] if d else None for d in dates],
            "address": [normal_address(t).casefold() or None if t else None for t in given["address"]],
            "latin_address": [t if t and t.isascii() else None for t in given["address"]],
            "house": [_house(t) for t in given["address"]],
            "address_parts": [_address_parts(t) for t in given["address"]],
            "numbers": [
                " ".join(re.findall(r"\d+", normal_address(t))) or None if t else None
                for t in given["address"]
            ],
        },
        dtype=object,
    ).sort_values("row_id", ignore_index=True)
    if frame["row_id"].isna().any() or frame["row_id"].duplicated().any():
        raise ValueError("linkage needs a row_id for every row, each once")
    return frame


def one_slip(date: str, other: str) -> bool:
    """Whether two dates of digits may be one that was miswritten: at most one digit differs, two neighbours are
    exchanged, or month and day are."""
    if len(date) != len(other):
        return False
    differ = [place for place in range(len(date)) if date[place] != other[place]]
    exchanged = (
        len(differ) == 2
        and differ[1] == differ[0] + 1
        and [date[i] for i in differ] == [other[i] for i in reversed(differ)]
    )
    return (
        len(differ) <= 1
        or exchanged
        or _days_apart(date, other) <= NEAR_DAYS
        or date == other[:4] + other[6:] + other[4:6]
    )


def _days_apart(date: str, other: str) -> float:
    try:
        return abs((datetime.strptime(date, "%Y%m%d") - datetime.strptime(other, "%Y%m%d")).days)  # noqa: DTZ007
    except ValueError:
        return math.inf


def _texts(table: pa.Table, name: str) -> list[str | None]:
    if name not in table.column_names:
        return [None] * table.num_rows
    return [str(v).strip() or None if v is not None else None for v in table[name].to_pylist()]


def _latin(name: str) -> str | None:
    return name if name.isascii() and name else None


def _stem(parts: Sequence[str]) -> str | None:
    """What an error in the writing of a name most often leaves as it is: the beginnings of its Latin parts, or its
    Chinese characters but for those that are taken for one another."""
    if not parts:
        return None
    if all(part.isascii() for part in parts):
        return " ".join(sorted(part[:STEM] for part in parts))
    return "".join(parts).translate(_GROUP)


def _house(address: str | None) -> str | None:
    """An address with a number in it: a village by its name alone is the address of hundreds."""
    value = normal_address(address).casefold() if address else ""
    return value if re.search(r"\d", value) else None


def _address_parts(address: str | None) -> list[str] | None:
    """`某镇某村3组12号` → 某镇, 某村, 3组, 12号; Latin addresses by word."""
    if not address:
        return None
    chinese = re.sub(
        "(省|市|县|区|镇|乡|街道|村|社区|组|号|路|栋|幢|单元|室)", r"\1 ", normal_address(address)
    )
    words = address if address.isascii() else chinese
    return sorted(set(re.findall(r"[^\s,]+", words.casefold()))) or None
