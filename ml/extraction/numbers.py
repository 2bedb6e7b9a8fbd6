"""Numbers as people say and write them: 2万4千5百, 两万四, 一百二, 3.5万, 二〇一八.

`registers.values` refuses what a book-keeper must not write (一百二: 120 or 102?); a message means 120.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

DIGITS: Final = "〇零一二三四五六七八九两壹贰叁肆伍陆柒捌玖俩"
UNITS: Final = "十百千拾佰仟"
SCALES: Final = "万亿"

_DIGIT: Final = dict(
    zip(DIGITS, (0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 2), strict=True)
)
_UNIT: Final = dict(zip(UNITS, (10, 100, 1000, 10, 100, 1000), strict=True))
_TOKEN: Final = re.compile(rf"\d+(?:\.\d+)?|[{DIGITS}{UNITS}]", re.ASCII)
_ALLOWED: Final = re.compile(rf"[\d.{DIGITS}{UNITS}{SCALES}]{{1,24}}", re.ASCII)


def spoken_number(text: str) -> Decimal | None:
    """The number that ``text`` writes, or None when nobody would say it so (百千, 三五, 十百).

    A digit behind a unit counts in the next smaller one (两万四 = 24,000, 一百二 = 120) unless 零 stands between.
    """
    plain = text.replace(",", "")
    return _scaled(plain, Decimal(0)) if _ALLOWED.fullmatch(plain) else None


def _scaled(text: str, unit_before: Decimal) -> Decimal | None:
    """``text`` as a number; `unit_before` is what the part before it counted in (0: nothing stands before)."""
    for sign, scale in (("亿", Decimal(10**8)), ("万", Decimal(10**4))):
        head, found, tail = text.partition(sign)
        if found:
            count = _scaled(head, unit_before)
            rest = _scaled(tail, scale) if tail else Decimal(0)
            return None if not count or rest is None or rest >= scale else count * scale + rest
    return _section(text, unit_before)


def _section(text: str, unit_before: Decimal) -> Decimal | None:
    tokens = _TOKEN.findall(text)
    if not tokens or "".join(tokens) != text:
        return None
    total, digit, last, zero = Decimal(0), None, unit_before or Decimal(10**4), False
    for sign in tokens:
        if sign in _UNIT:
            unit = Decimal(_UNIT[sign])
            if unit >= last or (digit is None and (unit != 10 or total)):
                return None
            total, digit, last = total + (1 if digit is None else digit) * unit, None, unit
        elif sign in "〇零":
            if digit is not None:
                return None
            zero = True
        elif digit is not None:
            return None
        else:
            digit = Decimal(sign) if sign[0].isascii() else Decimal(_DIGIT[sign])
    if digit is not None and digit < 10 and last >= 100 and not zero and (total or unit_before):
        digit *= last / 10
    return total + (digit or 0)
