"""Phones, accounts and ID numbers, also as the board's publishers and earlier steps masked them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ml.extraction.spans import Kind, Span
from registers.values import BadValue, parse_id_number

MOBILE: Final = r"1[3-9][0-9](?:[ -]?[0-9]{4}){2}(?![0-9])"
"""In one piece or in the usual groups; what may stand before it is the caller's."""
LANDLINE: Final = r"(?<![0-9])\(?0[0-9]{2,3}\)?[ -]?[0-9]{7,8}(?![0-9])"
CARD: Final = r"(?<![0-9])[0-9]{4}(?:[ -]?[0-9]{4}){3}(?:[ -]?[0-9]{1,3})?(?![0-9])"
MAIL: Final = r"[A-Za-z0-9_.+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"
_RULES: Final = (
    (Kind.IDENTIFIER, re.compile(r"(?<![0-9])[1-9][0-9]{16}[0-9Xx](?![0-9A-Za-z])|〔证件号〕|\[(?:身份证号?|证件号?)\]")),
    (Kind.PHONE, re.compile(rf"(?<![0-9])(?:\+?86[ -]?)?{MOBILE}")),
    (Kind.PHONE, re.compile(LANDLINE)),
    (Kind.PHONE, re.compile(r"〔(?:联系方式|电话)〕|\[(?:电话|手机)\]|(?<=[号话系机][是:])\*{4,30}|(?<=[话系机])\*{4,30}|(?<=号码是)\*{4,30}")),
    (Kind.ACCOUNT, re.compile(rf"{CARD}|〔账号〕|\[(?:银行卡号?|账号)\]")),
    (Kind.ACCOUNT, re.compile(r"(?<=[账帐卡]号[:是为])[0-9][0-9 -]{8,24}[0-9](?![0-9])|(?<=[账帐卡]号)[0-9]{10,24}(?![0-9])")),
)  # fmt: skip


def contacts(text: str) -> Iterator[Span]:
    """Spans of phones, accounts and ID numbers in the folded ``text``; a number with a wrong check digit is doubtful."""
    taken: set[int] = set()
    for kind, pattern in _RULES:
        for match in pattern.finditer(text):
            if taken.isdisjoint(range(match.start(), match.end())):
                taken.update(range(match.start(), match.end()))
                yield Span(kind, match.start(), match.end(), None, _confidence(kind, match[0]))


def _confidence(kind: Kind, number: str) -> float:
    if kind != Kind.IDENTIFIER or not number[0].isdigit():
        return 0.95
    try:
        parse_id_number(number)
    except BadValue:
        return 0.6
    return 0.99
