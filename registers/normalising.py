"""One form for what departments write in many: names, addresses, and the company numbers of before 2015.

Every function is pure and idempotent, and gives a text that is only for comparing and for keys: it never says that
two persons are one.
"""

from __future__ import annotations

import re
from typing import Literal

from registers.values import BadValue, clean, parse_chinese_number

_HAN = r"\u3007\u3400-\u9fff\ue000-\uf8ff\U00020000-\U000323af"  # with rare characters of GBK in private use
_DOTS = re.compile(r" *[·•・‧∙⋅●] *")
_DOT_BETWEEN = re.compile(rf"(?<=[{_HAN}]) *[.。．] *(?=[{_HAN}])")
_SPACE_AT_HAN = re.compile(rf"(?<=[{_HAN})(]) +| +(?=[{_HAN})(])")
_DASHES = re.compile(r"[-‐‑‒–—―−~]+")

# Traditional characters with one simplified form only, and no other reading: common in surnames and place names.
_TRADITIONAL = str.maketrans(
    "張陳劉楊黃趙吳孫馬羅鄭謝許韓馮鄧蔣賈鄒閻龍陽賀賴龔華國東銀號縣鎮鄉莊樓棟單區灣溝嶺橋崗麗蘭鳳軍勝",
    "张陈刘杨黄赵吴孙马罗郑谢许韩冯邓蒋贾邹阎龙阳贺赖龚华国东银号县镇乡庄楼栋单区湾沟岭桥岗丽兰凤军胜",
)

_PLACE_UNITS = "号|组|栋|幢|单元|室|层|楼|弄|排|户"
_PLACE_NUMBER = re.compile(rf"第?([〇零○一二两三四五六七八九十百千]+)(?={_PLACE_UNITS})")
_DASH_AFTER_UNIT = re.compile(rf"({_PLACE_UNITS})-")
_ORDINAL = re.compile(rf"第(?=\d+(?:{_PLACE_UNITS}))")

ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
OldNumber = Literal["registration", "organisation"]


def normal_name(text: str) -> str:
    """A person's or firm's name: `阿卜杜拉 • 买买提` → `阿卜杜拉·买买提`, `张　三` → `张三`; spaces between Latin words stay."""
    value = clean(text).translate(_TRADITIONAL)
    value = _DOT_BETWEEN.sub("·", _DOTS.sub("·", value))
    return _SPACE_AT_HAN.sub("", value)


def normal_address(text: str) -> str:
    """An address in one writing, its parts in the order given: `某镇 三組 第十二號` → `某镇3组12号`.

    Numerals are turned only before 号, 组, 栋, 室 and the like: 五里村 and 八一路 are names.
    """
    value = _SPACE_AT_HAN.sub("", clean(text).translate(_TRADITIONAL)).replace("組", "组").replace("層", "层")
    value = re.sub("村民小组|小组", "组", value)
    value = _PLACE_NUMBER.sub(lambda match: _arabic(match[1]), value)
    value = _DASHES.sub("-", _ORDINAL.sub("", value))
    value = _DASH_AFTER_UNIT.sub(r"\1", value)
    return re.sub(r"[\s,，、;]+", "", value)


def old_company_number(text: str) -> tuple[OldNumber, str] | None:
    """Which number of before the unified credit code a text is, and the number; None when it is neither.

    A business registration number has 15 digits with an ISO 7064 MOD 11,10 check digit; an organisation code has
    eight characters and a check character (GB 11714), and is the 9th to 17th character of the later credit code.
    """
    value = re.sub(r"[\s\-]", "", clean(text)).upper()
    if re.fullmatch(r"\d{15}", value, re.ASCII) and registration_check(value[:14]) == value[14]:
        return "registration", value
    if re.fullmatch(r"[0-9A-Z]{8}[0-9X]", value, re.ASCII) and organisation_check(value[:8]) == value[8]:
        return "organisation", value
    return None


def registration_check(first14: str) -> str:
    """The fifteenth digit of an old business registration number (ISO 7064 MOD 11,10)."""
    product = 10
    for digit in first14:
        product = ((product + int(digit)) % 10 or 10) * 2 % 11
    return str((11 - product) % 10)


def organisation_check(first8: str) -> str:
    """The ninth character of an organisation code (GB 11714; letters count from A = 10)."""
    total = sum(w * int(c, 36) for w, c in zip(ORGANISATION_WEIGHTS, first8, strict=True))
    return "0123456789X0"[11 - total % 11]


def _arabic(numerals: str) -> str:
    """三十二 → 32 and 二〇三 → 203; a number that could be read in two ways stays as it is."""
    digits = numerals.translate(str.maketrans("〇零○一二两三四五六七八九", "0001223456789"))
    if digits.isdecimal():
        return digits
    try:
        return str(parse_chinese_number(numerals))
    except BadValue:
        return numerals
