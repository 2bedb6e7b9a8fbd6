"""Money: 三万多元, 2.5万, 六至七万元, 上千元, 几十万, 200元/人. Counts of other things (1600多块瓷砖, 三百人) are left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from ml.extraction.numbers import DIGITS, SCALES, UNITS, spoken_number
from ml.extraction.spans import Kind, Money, Span

_PART: Final = (
    rf"(?:\d{{1,15}}(?:,\d{{3}}){{0,4}}(?:\.\d{{1,4}})?|[{DIGITS}{UNITS}])"
    rf"(?:[{DIGITS}{UNITS}{SCALES}]|\d(?:\.\d)?|个(?=亿)){{0,16}}"
)
_MONEY: Final = r"(?:块钱|圆整?|元整?|块|快(?=[、,，。赶上多少钱吗呢\s]|$)|[角毛](?![病巾笔坯村落形度上下]))"
_RUN: Final = re.compile(
    rf"(?P<lead>上(?=[百千万])|数(?=[十百千万]))?"
    rf"(?P<first>{_PART}|十?几[{UNITS}]{{0,2}}[{SCALES}]?|[百千]万|[百千万亿十])"
    rf"(?:(?P<more>[多余来几])(?P<scale>[万亿千百]{{0,2}}))?"
    rf"(?:(?P<to>[至到~～—–-]|、|或)(?P<second>{_PART})(?P<second_more>[多余])?)?"
    rf"(?P<money>(?:[多余])?{_MONEY})?"
)
_COUNTED: Final = re.compile(
    r"\s*(?:多|余|几|来)?\s*(?:左右的?)?(?:个?[人名户口位头只棵株栋幢间套层台辆部艘次遍趟回条根号楼届级页字票家所座处片段米寸尺里斤克吨升袋箱包桶"
    r"瓶车天日月年岁点分秒代届楼期路弄幢栋室队组班村乡镇度届届亩%倍折成股份场%]|个|㎡|m|kg|km|平(?:方|米)|公里|公斤|公分|厘米|千瓦|立方|小时|"
    r"分钟|百分|群众|村民|百姓|居民|业主|学生|职工|民工|农民|师生|余人|地块|块(?:地|田|瓷|石|砖|板|牌)|种|项|件|张|份|支|本|把|吨|"
    r"[a-zA-Z])"
)
_MONEY_BEFORE: Final = re.compile(
    r"(?:交|收|给|花|欠|罚|补|赔|卖|买|付|拿|借|贷|捐|拨|领|要|得|骗|贪|吞|值|售|报|共|计|约|达|只|仅|才|近|每[人月年天户亩]|标准|价|费|款|钱|资|金|额|"
    r"薪|租|销|支出?|收入|损失|低保|补助|工资|债|押|投|送|为|是|有|到|余|用|入|出|需|另|以|了|由|多|额|万,|学期|人|户|[每一][吨斤桶车趟次个亩])(?:了|为|是|约|近|过|起|我|[:：,，(（])?\s*$"
)
_MONEY_SURELY: Final = re.compile(
    r"(?:价钱?|费用?|工资|[罚借贷]款|报销|标准|收取|[交花付给欠补])了?(?:为|是|近|约)?$"
)
_PIECES: Final = re.compile(r"(?![左每一多以的也都就才还到给])[\u4e00-\u9fff]")
_MONEY_BEHIND: Final = re.compile(
    r"\s*(?:左右|以上|上下|不等|以内)?\s*(?:的|作为|当)?(?:元|块|现金|存款|贷款|借款|欠款|欠债|债|赔偿|补偿|补贴|补助|押金|工资|罚款|罚金|保证金|好处费|红包|回扣|"
    r"租金|资金|款|钱|费|建校费|手术费|安全|赞助|彩礼|定金|首付|利息|本金|投资|修|建|买|承包|/人|/月|/年|/亩|每人|每月|每年|每亩|一[人年月户亩])"
)
_PER: Final = r"(?:[人月年天日户亩头吨斤桶车趟次]|学期|季度|平方米?|㎡|平米)"
_PER_BEFORE: Final = re.compile(rf"((?:[每按]一?个?{_PER}){{1,2}})[^,，。;；!！?？\n]{{0,8}}$")
_PER_BEHIND: Final = re.compile(
    r"\s*(?:左右|多)?\s*(?:[/／]|[一每]个?)([人月年天日户亩头吨斤]|㎡|平方|平米|学期|季度|桶|只|个|趟|车|次)"
)
_SHORT_FOR_TEN_THOUSAND: Final = re.compile(r"(?<=\d)(?:w(?![A-Za-z0-9])|W(?=[元块]))")
_SIGNS: Final = ("¥", "￥")
_NO_MONEY: Final = re.compile(
    r"万一|千万(?:不|别|要|请)|百姓|百货|十分|十足|一[些样直般切定起旦]|千方|万分|百般|万般|一下|两边"
)


def amounts(text: str) -> Iterator[Span]:
    """Every sum and rate of money in the folded ``text``, in order."""
    place, text = 0, _SHORT_FOR_TEN_THOUSAND.sub("万", text)
    while match := _RUN.search(text, place):
        span = _span(text, match)
        place = span.end if span else match.end("first")
        if span:
            yield span


def _span(text: str, match: re.Match[str]) -> Span | None:
    end = match.end()
    if match["second"] and not match["money"] and not _is_range(match):
        end = match.end("scale") if match["more"] else match.end("first")
    money = match["money"] if end == match.end() else None
    before, behind = text[max(0, match.start() - 12) : match.start()], text[end : end + 12]
    if _NO_MONEY.match(text, match.start()) or before[-1:] in tuple("第.0123456789-/%"):
        return None
    sure = _sureness(match, money=money, before=before, behind=behind)
    if sure is None:
        return None
    ahead = _PER_BEFORE.search(before)
    rate = _PER_BEHIND.match(behind)
    per = re.sub("[每按一个]", "", ahead[1]) if ahead else rate[1] if rate else None
    least, most = _value(match, whole=end == match.end())
    if least is not None and least > 10**15:
        return None
    return Span(Kind.AMOUNT, match.start(), end, Money(least, most, per), sure)


def _sureness(match: re.Match[str], *, money: str | None, before: str, behind: str) -> float | None:
    """How sure it is that the number is money; None when it counts something else."""
    number = match["first"].replace("个", "")
    if money is not None or before.endswith(_SIGNS):
        pieces = money is not None and money.endswith("块") and _PIECES.match(behind)
        return None if pieces and (len(number) == 1 or re.match(r"[地田瓷石砖板牌门]", behind)) else 0.95
    if _COUNTED.match(behind) or before.endswith(
        ("分之", "人口", "辐射", "面积", "文", "国道", "G", "S", "公历")
    ):
        return None
    whole = number + (match["scale"] or "") + (match["second"] or "")
    spoken = any(sign in whole for sign in "万亿千百")
    cued, follows = _MONEY_BEFORE.search(before), _MONEY_BEHIND.match(behind)
    if not set(number) - set("百千万亿十") and not (
        match["lead"] or match["more"] == "几" or re.search(r"[达上近过数建资]$", before)
    ):
        return None
    if spoken:
        return (
            0.8
            if cued or follows
            else 0.6
            if set("万亿") & set(whole) and not number.startswith("万")
            else None
        )
    digits = len(number.replace(",", "").split(".")[0]) if number[0].isascii() else 0
    closed = not behind or behind[0] in ",，。;；、!！?？)） \n" or follows or match["more"]
    in_figures = (cued and digits >= 2 and closed) or (digits >= 3 and _MONEY_SURELY.search(before))
    if in_figures and (match["more"] or not _is_year(number, before)):
        return 0.6
    return None


def _is_year(number: str, before: str) -> bool:
    return len(number) == 4 and number[:2] in {"19", "20"} and not before.endswith(("元", "钱", "费", "款"))


def _is_range(match: re.Match[str]) -> bool:
    """Whether 三、四千 or 六至七万 is one amount; 1000、2000 without a unit is two."""
    return any(sign in match["second"] for sign in "万亿千百") and match["to"] != "或"


def _value(match: re.Match[str], *, whole: bool) -> tuple[int | None, int | None]:
    first, scale = match["first"].replace("个", ""), match["scale"] or ""
    if first.startswith("几") or match["more"] == "几" or match["lead"] == "数":
        return None, None
    if (match["more"] and scale and first[-1] in "十百千") or (first == "十" and not match["lead"]):
        base = spoken_number(first)
        least = None if base is None else base * (10**8 if "亿" in scale else 10**4 if "万" in scale else 1)
        return _fen(least, match["money"]), None
    pair = _digit_pair(first) if not match["second"] else None
    if pair:
        return _fen(pair[0], match["money"]), _fen(pair[1], match["money"])
    least = _number(first + scale)
    if match["second"] and whole:
        second = spoken_number(match["second"])
        tail = re.sub(rf"^[\d.{DIGITS}]+", "", match["second"])
        if least is not None and second is not None and least < second and not re.search("[万亿千百]", first):
            least = spoken_number(first + tail) or least
        return _fen(least, match["money"]), _fen(second, match["money"])
    open_end = match["more"] or match["lead"] or ((match["money"] or "")[:1] in "多余" and match["money"])
    return _fen(least, match["money"]), None if open_end else _fen(least, match["money"])


def _number(text: str) -> Decimal | None:
    """上千 is a thousand, 百万 a million: a bare unit counts once."""
    return spoken_number("一" + text if text[:1] in "百千万亿" else text)


def _digit_pair(text: str) -> tuple[Decimal, Decimal] | None:
    """两三千 is two to three thousand, 七八万 seven to eight; None for anything else."""
    if len(text) < 3 or text[0] not in DIGITS or text[1] not in DIGITS or text[2] not in UNITS + SCALES:
        return None
    low, high = spoken_number(text[0] + text[2:]), spoken_number(text[1:])
    return (low, high) if low is not None and high is not None and 0 < low < high else None


def _fen(yuan: Decimal | None, money: str | None) -> int | None:
    if yuan is None:
        return None
    return int(yuan * (10 if money and money[-1] in "角毛" else 100))
