"""Receipt numbers: twelve digits that can be read over the telephone, the last one a check digit.

`2026-4821-3957`: the year, seven random digits, one check digit after Damm (2004), which catches every single
wrong digit and every swap of neighbours. Random, so that a number tells nothing of how many came in.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from typing import Final

_DAMM: Final = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)


_HALF: Final = 5_000_000
_BETWEEN: Final = re.compile(r"[\s\-‐-―−_]")


def check_digit(digits: str) -> str:
    """Damm check digit of a string of digits."""
    interim = 0
    for digit in digits:
        interim = _DAMM[interim][int(digit)]
    return str(interim)


def new_receipt(year: int) -> str:
    """A fresh random receipt of that year; uniqueness is the database's to refuse."""
    return _written(year, secrets.randbelow(_HALF))


def given_out(year: int, number: int) -> str:
    """A receipt that the public intake gives out before the office knows: from numbers that `new_receipt` never draws."""
    return _written(year, _HALF + number % _HALF)


def digits_of(receipt: str) -> str:
    """The bare digits of a receipt however it is written: full-width, with spaces or any kind of dash."""
    return _BETWEEN.sub("", unicodedata.normalize("NFKC", receipt))


def in_groups(receipt: str) -> str:
    """A receipt as it is stored and printed, however it is written."""
    digits = digits_of(receipt)
    return f"{digits[:4]}-{digits[4:8]}-{digits[8:]}"


def plain_digits(text: str) -> str:
    """The digits of what somebody typed, full-width ones too."""
    return "".join(one for one in unicodedata.normalize("NFKC", text) if one in "0123456789")


def is_receipt(text: str) -> bool:
    """True when the digits (with or without dashes and spaces) carry their right check digit."""
    digits = digits_of(text)
    return digits.isascii() and digits.isdigit() and len(digits) == 12 and check_digit(digits) == "0"


def _written(year: int, number: int) -> str:
    body = f"{year:04d}{number:07d}"
    return in_groups(body + check_digit(body))
