"""Values as departments write them, and the one form in which the lake keeps them.

Every parser is pure: it takes the text of a cell and returns the value, or raises `BadValue` with a
reason in Chinese that never repeats the value (a reason is shown and stored; the value may be personal).
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta
from decimal import Decimal

ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
ID_CHECK = "10X98765432"
CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
SIMULATED_PROVINCE = "99"  # no such province: the simulated county lives there
PROVINCES = frozenset(
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 "
    "50 51 52 53 54 61 62 63 64 65 71 81 82".split()
) | {SIMULATED_PROVINCE}
EXCEL_EPOCH = date(1899, 12, 30)
NOTHING = frozenset({"", "-", "--", "—", "/", "无", "空", "null", "none", "nan", "n/a", "#n/a"})

SHEET_ERRORS = frozenset({"#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#NULL!", "#SPILL!", "#CALC!"})

_PLAIN = re.compile(r"[A-Za-z]*[0-9][A-Za-z0-9.\-]*")  # most cells: nothing to clean
_ID_IN_TEXT = re.compile(
    r"(?<!\d)(?:\d{17}[\dXx]|[1-9]\d{5}\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\d{3})(?![\dXx])"
)
_PHONE_IN_TEXT = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
_ACCOUNT_IN_TEXT = re.compile(r"(?<!\d)\d{16,19}(?!\d)")
_DATE = re.compile(
    r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日号]?(?:[ T]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?",
    re.ASCII,
)
_MONTH = re.compile(r"(\d{4})\s*(?:[-/.年]\s*(\d{1,2})\s*月?|(\d{2})(?:\.0+)?)", re.ASCII)
_AMOUNT = re.compile(
    r"([-+]?)¥?([-+]?)(\d+(?:\.\d+)?|\d+\.|\.\d+)(亿|千万|百万|万|千|百)?(元)?[整正]?", re.ASCII
)
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+|\d{1,3}(?: \d{3})+|\d{1,4}(?:,\d{4})+", re.ASCII)
_SCIENTIFIC = re.compile(r"[-+]?\d+(?:\.\d+)?[eE][-+]?\d{1,3}", re.ASCII)
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?", re.ASCII)
_CHINESE_DIGITS = (
    {c: i for i, c in enumerate("〇一二三四五六七八九")}
    | {"零": 0, "两": 2}
    | {c: i + 1 for i, c in enumerate("壹贰叁肆伍陆柒捌玖")}
)
_AMOUNT_FORMS = str.maketrans("貳弍參叄弎陸萬億圓○兩", "贰贰叁叁叁陆万亿元〇两")
_DATE_FORMS = str.maketrans("0零○◯壹贰貳叁參叄肆伍陆陸柒捌玖拾元", "〇〇〇〇一二二三三三四五六六七八九十一")
_CHINESE_UNITS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_SCALES = {"百": 100, "千": 1000, "万": 10_000, "百万": 1_000_000, "千万": 10_000_000, "亿": 100_000_000}


class BadValue(ValueError):
    """A cell that cannot be read. `reason` is Chinese and holds no part of the value."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def clean(text: str) -> str:
    """Full-width to half-width, no control characters, no outer or doubled spaces; '' for "nothing here"."""
    if _PLAIN.fullmatch(text):
        return text
    folded = unicodedata.normalize("NFKC", text)
    if not folded.isprintable():
        folded = "".join(c for c in folded if c.isspace() or unicodedata.category(c) not in {"Cc", "Cf"})
    folded = " ".join(folded.split())
    if folded.startswith('="') and folded.endswith('"'):  # a text cell saved as ="…"
        folded = folded[2:-1]
    folded = folded.lstrip("' ").rstrip()
    return "" if folded.lower() in NOTHING else folded


def parse_text(text: str) -> str:
    """The cleaned text. Raises on characters that did not survive the file's encoding."""
    if "\ufffd" in text:
        raise BadValue("含有无法识别的字符，请按 UTF-8 或 GBK 重新导出")
    return clean(text)


def is_formula(text: str) -> bool:
    """Whether a cell holds a formula, or the error of one, instead of a value (`="007"` is a text)."""
    value = clean(text)
    return value.startswith("=") or value.upper() in SHEET_ERRORS


def parse_note(text: str) -> str:
    """Free text, in which ID numbers, phones and accounts of persons are hidden: the lake holds no identities."""
    hidden = _ID_IN_TEXT.sub("〔证件号〕", parse_text(text))
    return _ACCOUNT_IN_TEXT.sub("〔账号〕", _PHONE_IN_TEXT.sub("〔电话〕", hidden))


def parse_date(text: str) -> date:
    """A day: 2024-01-31, 2024/1/31, 2024.1.31, 20240131, 2024年1月31日, 二〇二四年一月三十一日,
    贰零贰肆年零壹月叁拾壹日, Excel number."""
    value = _chinese_date_digits(clean(text))
    if re.fullmatch(r"\d{8}(\.0+)?", value, re.ASCII):
        value = f"{value[:4]}-{value[4:6]}-{value[6:8]}"
    match = _DATE.fullmatch(value)
    if match:
        return _day(int(match[1]), int(match[2]), int(match[3]))
    serial = re.fullmatch(r"(\d{5})(?:\.\d+)?", value, re.ASCII)
    if serial and 20_000 <= int(serial[1]) <= 80_000:  # 1954 to 2119
        return EXCEL_EPOCH + timedelta(days=int(serial[1]))
    if re.fullmatch(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}", value):
        raise BadValue("日期有歧义，请写成 年-月-日（如 2024-01-31）")
    raise BadValue("不是日期，请写成 年-月-日（如 2024-01-31）")


def parse_month(text: str) -> date:
    """The first day of a month: 2024-01, 202401, 2024年1月, or any day in it.

    2024.1 is refused: a sheet that takes 2024.10 for a number writes it like this.
    """
    value = _chinese_date_digits(clean(text))
    if re.fullmatch(r"\d{4}\.1", value, re.ASCII):
        raise BadValue("月份有歧义（1 月还是 10 月），请写成 年-月（如 2024-01）")
    match = _MONTH.fullmatch(value)
    if match:
        return _day(int(match[1]), int(match[2] or match[3]), 1)
    try:
        return parse_date(value).replace(day=1)
    except BadValue as error:
        raise BadValue("不是月份，请写成 年-月（如 2024-01）") from error


def parse_amount_fen(text: str, *, scale: int = 1) -> int:
    """An amount of money in fen. `scale` is the unit of the column header in yuan (10000 for 万元).

    Reads 1,234.50 · ￥1234.5元 · 3.5万元 · 3千元 · (100.00) · 壹万贰仟元整. A unit in the cell counts, and not that of the
    header. More precise than a fen is an error, but the noise of a spreadsheet's binary numbers
    (0.30000000000000004) is not.
    """
    value = re.sub("人民币|RMB|CNY", "", clean(text), flags=re.IGNORECASE).strip()
    value = _without_grouping(value.translate(_AMOUNT_FORMS))
    negative = value.startswith("(") and value.endswith(")")
    value = value[1:-1].strip() if negative else value
    if _SCIENTIFIC.fullmatch(value):
        value = format(Decimal(value), "f")
    match = _AMOUNT.fullmatch(value)
    if match:
        own_unit = match[4] or match[5]
        number = Decimal(match[3]) * _SCALES.get(match[4] or "", 1)
        negative = negative or "-" in (match[1], match[2])
    else:
        own_unit = re.search("[元圆角分]", value)
        number = _chinese_amount(value)
    exact = number * (1 if own_unit else scale) * 100
    fen = exact.to_integral_value()
    if abs(exact - fen) > Decimal("0.0001"):
        raise BadValue("金额精确到分以下，请核对单位（元、万元）")
    if fen.copy_abs() > 10**16:
        raise BadValue("金额过大，请核对单位（元、万元）")
    return -int(fen) if negative else int(fen)


def parse_integer(text: str) -> int:
    match = re.fullmatch(r"([-+]?\d{1,15})(?:\.0*)?", _without_grouping(clean(text)), re.ASCII)
    if not match:
        raise BadValue("不是整数")
    return int(match[1])


def parse_decimal(text: str) -> float:
    value = _without_grouping(clean(text)).removesuffix("%").removesuffix("亩").rstrip()
    if not _NUMBER.fullmatch(value) or abs(number := Decimal(value)) > 10**15:
        raise BadValue("不是数字")
    return float(number)


def _without_grouping(value: str) -> str:
    """1,234.50 and 1 234.50 and 1,0000 without their separators; 1234,5 and 12 34 are not one number."""
    if "," not in value and " " not in value:
        return value
    value = re.sub(r" ?([-+元百千万亿¥()]) ?", r"\1", value)
    groups = re.search(r"\d[\d, ]*", value, re.ASCII)
    if groups is None or not _GROUPED.fullmatch(groups[0]):
        return value
    return value.replace(groups[0], re.sub("[, ]", "", groups[0]), 1)


def parse_bool(text: str) -> bool:
    value = clean(text).lower()
    if value in {"是", "有", "对", "y", "yes", "true", "1", "√", "✓"}:
        return True
    if value in {"否", "没有", "不是", "n", "no", "false", "0", "×"}:
        return False
    raise BadValue("应填 是 或 否")


def parse_id_number(text: str) -> str:
    """A resident ID number of 18 characters (GB 11643); an old one of 15 digits is carried over."""
    value = clean(text).replace(" ", "").replace("-", "").upper()
    if re.fullmatch(r"\d+(\.\d+)?E\+?\d+", value, re.ASCII):
        raise BadValue("身份证号被表格软件改成了科学计数，请把该列设为文本后重新导出")
    if re.fullmatch(r"\d{15}", value, re.ASCII):
        value = f"{value[:6]}19{value[6:]}"
        value += id_check_digit(value)
    if len(value) != 18:
        raise BadValue("身份证号应为 18 位")
    if not re.fullmatch(r"\d{17}[\dX]", value, re.ASCII):
        raise BadValue("身份证号含有数字和末位 X 以外的字符（如把 0 写成字母 O）")
    try:
        date(int(value[6:10]), int(value[10:12]), int(value[12:14]))
    except ValueError as error:
        raise BadValue("身份证号中的出生日期不存在") from error
    if value[:2] not in PROVINCES:
        raise BadValue("身份证号的地区码不存在")
    if id_check_digit(value[:17]) != value[17]:
        raise BadValue("身份证号校验位不符，可能抄错")
    return value


def id_check_digit(first17: str) -> str:
    """The eighteenth character of an ID number (GB 11643, ISO 7064 MOD 11-2)."""
    return ID_CHECK[sum(w * int(d) for w, d in zip(ID_WEIGHTS, first17, strict=True)) % 11]


def parse_credit_code(text: str) -> str:
    """A unified social credit code of 18 characters (GB 32100)."""
    value = clean(text).replace(" ", "").upper()
    if re.fullmatch(r"\d{15}", value, re.ASCII):
        raise BadValue("像是旧的 15 位工商注册号，请换成 18 位统一社会信用代码")
    if re.fullmatch(r"[0-9A-Z]{8}-?[0-9X]", value):
        raise BadValue("像是旧的 9 位组织机构代码，请换成 18 位统一社会信用代码")
    if not re.fullmatch(r"[0-9A-Z]{18}", value):
        raise BadValue("统一社会信用代码应为 18 位")
    if any(c not in CREDIT_ALPHABET for c in value):
        raise BadValue("统一社会信用代码含有不使用的字母（I、O、S、V、Z）")
    if credit_code_check(value[:17]) != value[17]:
        raise BadValue("统一社会信用代码校验位不符，可能抄错")
    return value


def credit_code_check(first17: str) -> str:
    """The eighteenth character of a credit code (GB 32100: weights 3^i mod 31)."""
    total = sum(CREDIT_ALPHABET.index(c) * pow(3, i, 31) for i, c in enumerate(first17))
    return CREDIT_ALPHABET[(31 - total % 31) % 31]


def parse_division(text: str) -> str:
    """A division code, 2 to 12 digits, without the zeros that fill a higher level up to 12 digits."""
    value = re.sub(r"\.0+$", "", clean(text).replace(" ", ""))
    if not re.fullmatch(r"\d{2}|\d{4}|\d{6}|\d{9}|\d{12}", value, re.ASCII):
        raise BadValue("区划代码应为 12 位数字")
    if value[:2] not in PROVINCES:
        raise BadValue("区划代码的省份不存在")
    for length, filler in ((12, "000"), (9, "000"), (6, "00"), (4, "00")):
        if len(value) == length and value.endswith(filler):
            value = value[: -len(filler)]
    return value


def parse_phone(text: str) -> str:
    """A mobile or landline number as digits: without +86 or 0086, hyphens, and the 0 that some write before a mobile."""
    value = re.sub(r"[\s\-‐‑–—()]", "", clean(text)).removesuffix(".0")
    abroad = re.fullmatch(r"(?:(?:\+|00)86|86(?=1[3-9]\d{9}$))0?(\d{10,11})", value, re.ASCII)
    if abroad:
        value = abroad[1] if re.fullmatch(r"1[3-9]\d{9}", abroad[1], re.ASCII) else f"0{abroad[1]}"
    value = re.sub(r"^0(?=1[3-9]\d{9}$)", "", value, flags=re.ASCII)
    if not re.fullmatch(r"1\d{10}|0\d{9,11}|\d{7,8}", value, re.ASCII):
        raise BadValue("不是电话号码")
    return value


def parse_account(text: str) -> str:
    value = re.sub(r"[\s\-]", "", clean(text))
    if re.fullmatch(r"\d+(\.\d+)?[eE]\+?\d+", value, re.ASCII):
        raise BadValue("银行账号被表格软件改成了科学计数，请把该列设为文本后重新导出")
    if not re.fullmatch(r"\d{8,30}", value, re.ASCII):
        raise BadValue("银行账号应为 8 至 30 位数字")
    return value


def _day(year: int, month: int, day: int) -> date:
    try:
        value = date(year, month, day)
    except ValueError as error:
        raise BadValue("日期不存在") from error
    if not 1900 <= year <= 2200:
        raise BadValue("日期的年份不合理")
    return value


def _chinese_date_digits(value: str) -> str:
    """Turn 二〇二四年十一月三十日 (and 贰零贰肆年零壹月廿五号) into 2024年11月30日; leave everything else as it is."""
    match = re.fullmatch(
        r"([〇一二三四五六七八九1-9]{4})年([〇一二三四五六七八九十]{1,4})月(?:([〇一二三四五六七八九十]{1,4})[日号])?",
        value.translate(_DATE_FORMS).replace("廿", "二十").replace("卅", "三十"),
    )
    if not match:
        return value
    year = "".join(str(_CHINESE_DIGITS.get(c, c)) for c in match[1])
    try:
        day = f"{parse_chinese_number(match[3])}日" if match[3] else ""
        return f"{year}年{parse_chinese_number(match[2])}月{day}"
    except BadValue as error:
        raise BadValue("日期不存在") from error


def parse_chinese_number(text: str) -> int:
    """A Chinese number below ten thousand, such as 三百二十 or 壹仟零伍.

    一百二 is refused (120 or 102?), and so is what no one would say (二百三百, 一二三).
    """
    total, digit, last_unit, after_zero = 0, 0, 10_000, False
    for character in text:
        unit = _CHINESE_UNITS.get(character)
        number = _CHINESE_DIGITS.get(character)
        if unit is not None and unit < last_unit and (digit or unit == 10):
            total, digit, last_unit, after_zero = total + (digit or 1) * unit, 0, unit, False
        elif number is not None and not digit:
            digit, after_zero = number, after_zero or number == 0
        else:
            raise BadValue("不是金额")
    if digit and 100 <= last_unit < 10_000 and not after_zero:
        raise BadValue("金额的写法有歧义，请写成数字")
    return total + digit


def _chinese_amount(value: str) -> Decimal:
    """壹万贰仟叁佰元伍角整 in yuan."""
    match = re.fullmatch(
        r"(?:([^亿万元圆角分整正]+)亿)?(?:([^亿万元圆角分整正]+)万)?([^亿万元圆角分整正]*)[元圆]?(?:(.)角)?(?:零?(.)分)?[整正]?",
        value,
    )
    if not value or not match or not any(match.groups()):
        raise BadValue("不是金额")
    hundred_million, ten_thousand, ones, jiao, fen = (
        parse_chinese_number(part) if part else 0 for part in match.groups()
    )
    if match[2] and match[3] and len(match[3]) == 1:
        raise BadValue("金额的写法有歧义，请写成数字")
    return Decimal(hundred_million * 10**8 + ten_thousand * 10**4 + ones) + Decimal(jiao * 10 + fen) / 100
