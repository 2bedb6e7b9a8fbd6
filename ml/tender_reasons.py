"""Why a tender is suspicious, in sentences: the screens of its bids that raise its score, beside those of its peers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd

from features.tender import ALL_SCREENS, SUBGROUPS
from ml.inputs import Hit
from ml.reasons import Reason, hit_reasons, strongest

SCREEN_NAMES: Final[Mapping[str, str]] = {
    "BIDS": "不同报价的个数",
    "CV": "报价的离散程度（变异系数）",
    "SPD": "最高报价高出最低报价的比例",
    "MAD": "报价离中位数的距离（与中位数之比）",
    "IQR": "中间一半报价的宽度（与中位数之比）",
    "LOWEST": "最低报价与平均报价之比",
    "HIGHEST": "最高报价与平均报价之比",
    "DIFFP": "第二低报价高出最低报价的比例",
    "RD": "最低两个报价之差与其余报价离散程度之比",
    "RDNOR": "最低两个报价之差与平均间隔之比",
    "RDALT": "最低两个报价之差与其余报价平均间隔之比",
    "KURT": "报价分布的峰度",
    "SKEW": "报价分布的偏度",
    "KSTEST": "报价分布与均匀分布的差别",
    "Q25": "四分之一处的报价在最低与最高之间的位置",
    "MEDIAN": "中间的报价在最低与最高之间的位置",
    "Q75": "四分之三处的报价在最低与最高之间的位置",
    "GAPMAX": "最大报价间隔占跨度的比例",
    "GAPSPREAD": "报价间隔的参差程度",
    "GAPEVEN": "报价间隔的均匀程度",
}  # fmt: skip
GROUP_NAMES: Final[Mapping[str, str]] = {
    "spread": "报价之间的差距",
    "lead": "最低报价与其他报价的距离",
    "shape": "报价的分布形状",
    "number": "报价的个数",
}
_GROUP: Final[Mapping[str, str]] = {
    **dict.fromkeys(("CV", "SPD", "MAD", "IQR", "LOWEST", "HIGHEST"), "spread"),
    **dict.fromkeys(("DIFFP", "RD", "RDNOR", "RDALT"), "lead"),
    **dict.fromkeys(("KURT", "SKEW", "KSTEST", "Q25", "MEDIAN", "Q75", "GAPMAX", "GAPSPREAD", "GAPEVEN"), "shape"),
    "BIDS": "number",
}  # fmt: skip
_SIZES: Final = {"PAIR": "每两个", "TRIPLE": "每三个", "FOUR": "每四个"}
_SUMMARIES: Final = {"MEAN": "平均", "MEDIAN": "中位数", "MIN": "最小", "MAX": "最大", "SD": "参差"}
_DECIMALS: Final = (2, 3, 4)


def screen_label(screen: str) -> str:
    """What people call a screen; one over subgroups says of how many bids and how they are summed up."""
    base, size, summary = _parts(screen)
    return (
        f"{_SIZES[size]}报价之间：{SCREEN_NAMES[base]}，{_SUMMARIES[summary]}" if size else SCREEN_NAMES[base]
    )


def screen_group(screen: str) -> str:
    """The group of screens that says the same thing: a key of GROUP_NAMES."""
    return _GROUP[_parts(screen)[0]]


def tender_reasons(
    contributions: pd.DataFrame,
    *,
    screens: pd.DataFrame,
    peers: pd.Series,
    hits: Mapping[str, list[Hit]],
) -> dict[str, list[Reason]]:
    """The reasons of every tender of `contributions`, strongest first: at most one of each group of screens.

    Args:
        contributions: what each screen adds to the score; index of tenders, columns ALL_SCREENS.
        screens: their values of all tenders, of which the peers' medians are taken.
        peers: peer group by tender.
        hits: findings about tenders; the model gives them no weight, and the first one is always told.
    """
    names = list(ALL_SCREENS)
    usual = screens[names].groupby(peers).transform("median").loc[contributions.index].to_numpy()
    own, added = screens.loc[contributions.index, names].to_numpy(), contributions[names].to_numpy()
    told = {}
    for row, tender in enumerate(map(str, contributions.index)):
        groups: dict[str, list[tuple[float, str]]] = {}
        for column in np.argsort(-added[row], kind="stable"):
            sentence = _compared(names[column], own[row, column], usual[row, column])
            if added[row, column] > 0 and sentence:
                groups.setdefault(screen_group(names[column]), []).append((added[row, column], sentence))
        reasons = [
            Reason(group, GROUP_NAMES[group], found[0][1], float(sum(part for part, _ in found)))
            for group, found in groups.items()
        ]
        told[tender] = strongest(reasons, hit_reasons(hits.get(tender, []), {}))
    return told


def _parts(screen: str) -> tuple[str, str, str]:
    """Base, subgroup and summary of a screen; the last two empty for one of all bids."""
    size, _, rest = screen.partition("_")
    if size not in SUBGROUPS:
        return screen, "", ""
    base, _, summary = rest.rpartition("_")
    return base, size, summary


def _compared(screen: str, value: float, usual: float) -> str:
    """A sentence with the value and that of the peers; empty where one cannot see that they differ."""
    if math.isnan(value) or math.isnan(usual):
        return ""
    for decimals in _decimals(screen):
        own, common = f"{value:.{decimals}f}", f"{usual:.{decimals}f}"
        if own != common:
            return f"{screen_label(screen)} {own}，同类招标一般为 {common}"
    return ""


def _decimals(screen: str) -> tuple[int, ...]:
    return (0,) if screen == "BIDS" else _DECIMALS
