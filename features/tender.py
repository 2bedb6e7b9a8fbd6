"""Screens of a tender: what the amounts of its bids alone say, without dates, places or names.

Bids that firms agree on lie closer together and less evenly than bids made in competition. A screen measures one
such trait; none of them proves anything. A cartel that does not hold all bidders of a tender shows in some of the
bids only: so the screens are taken of every pair, triple and quadruple of bids too, and summed up per tender.

Sources: Imhof, Karagök & Rutz (2018); Huber & Imhof (2019); García Rodríguez et al. (2022); for subgroups
Wallimann, Imhof & Huber (2022), "A machine learning approach for flagging incomplete bid-rigging cartels".
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import cache
from itertools import combinations
from math import comb
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

SCREENS: Final = ("CV", "SPD", "DIFFP", "RD", "KURT", "SKEW", "KSTEST")
BIDS: Final = "BIDS"
SHAPE: Final = (
    "RDNOR", "RDALT", "LOWEST", "HIGHEST", "MAD", "IQR", "Q25", "MEDIAN", "Q75", "GAPMAX", "GAPSPREAD", "GAPEVEN",
)  # fmt: skip
SUBGROUPS: Final = {
    "PAIR": (2, ("CV",)),
    "TRIPLE": (3, ("CV", "SPD", "DIFFP", "RD")),
    "FOUR": (4, ("CV", "SPD", "DIFFP", "RD", "SKEW", "KURT")),
}
"""Size of a subgroup and its screens; those left out say the same again (a triple has only two gaps)."""
SUMMARIES: Final = ("MEAN", "MEDIAN", "MIN", "MAX", "SD")
SUBGROUP_COLUMNS: Final = tuple(
    f"{group}_{screen}_{summary}"
    for group, (_, names) in SUBGROUPS.items()
    for screen in names
    for summary in SUMMARIES
)
ALL_SCREENS: Final = (BIDS, *SCREENS, *SHAPE, *SUBGROUP_COLUMNS)

VERSION: Final = 1
"""Of the definitions: count it up whenever a screen of the same name gets another value."""
MAX_SUBGROUPS: Final = 20_000
"""All subgroups of a tender up to here (pairs of 200 bids, triples of 50, quadruples of 27); beyond, runs."""
_CELLS: Final = 1_000_000


def screens(bids: pd.DataFrame) -> pd.DataFrame:
    """The screens of every tender, with b1 ≤ b2 ≤ … its different bids and s their sample standard deviation.

    A consortium may be listed once per member with one bid: equal amounts of a tender count once. Bids without an
    amount above zero carry no price and are left out. All screens but the number of bids are free of the unit of
    money, and none depends on the order of the rows or on the names of tenders and bidders.

    Args:
        bids: columns `tender`, `bidder`, `amount` (any unit of money), one row a bid. `bidder` is not read: who bids
            must not enter a screen, and how often bidders meet tells who they are (docs/decisions/0016).

    Returns:
        Float columns ALL_SCREENS, indexed by tender in ascending order; NaN where there are too few bids:

        - `BIDS` number of different bids
        - `CV` s / mean (2 bids or more)
        - `SPD` (highest − lowest) / lowest (2)
        - `DIFFP` (b2 − b1) / b1 (2)
        - `RD` (b2 − b1) / s of the losing bids b2, b3, … (3)
        - `KURT` excess kurtosis as pandas defines it (4)
        - `SKEW` skewness as pandas defines it (3)
        - `KSTEST` Kolmogorov-Smirnov statistic against the uniform distribution on [lowest, highest] (2)
        - `RDNOR` (b2 − b1) / mean gap between neighbours; `RDALT` the same to the mean gap of the losing bids (3)
        - `LOWEST`, `HIGHEST` b1 / mean and highest / mean (2)
        - `MAD`, `IQR` median distance from the median, and distance of the quartiles, both / median (3)
        - `Q25`, `MEDIAN`, `Q75` where the quartiles lie between lowest (0) and highest (1) (3)
        - `GAPMAX` largest gap / (highest − lowest); `GAPSPREAD` standard deviation of the gaps / their mean (n);
          `GAPEVEN` entropy of the gaps' shares / its maximum, 1 = all gaps alike (3)
        - `PAIR_…`, `TRIPLE_…`, `FOUR_…` mean, median, least, largest value and standard deviation (n) of a screen
          over the subgroups of 2, 3, 4 bids (as many bids). `KURT` and `SKEW` of subgroups are plain moments. Above
          MAX_SUBGROUPS the subgroups are the runs of neighbours in order of amount: agreed bids lie beside one
          another, and the others are millions.

    Raises:
        KeyError: a column is missing.
    """
    tenders = pd.Index(sorted(bids["tender"].unique()), name="tender")
    priced = bids.loc[bids["amount"] > 0, ["tender", "amount"]].astype({"amount": "float64"})
    priced = priced.drop_duplicates().sort_values(["tender", "amount"], ignore_index=True)
    if len(priced):
        with np.errstate(
            divide="ignore", invalid="ignore", over="ignore"
        ):  # bids alike to the last bit: no screen
            parts = [
                pd.DataFrame(_of_equal_size(bids_of), index=members, columns=list(ALL_SCREENS))
                for members, bids_of in _blocks(priced)
            ]
        found = pd.concat(parts).reindex(tenders).astype("float64").replace([np.inf, -np.inf], np.nan)
    else:
        found = pd.DataFrame(np.nan, index=tenders, columns=list(ALL_SCREENS))
    return found.rename_axis(index="tender").fillna({BIDS: 0.0})


def definition_hash() -> str:
    """Names the definitions of the screens: a model that was trained on other ones must refuse these."""
    text = json.dumps([VERSION, MAX_SUBGROUPS, ALL_SCREENS])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _blocks(priced: pd.DataFrame) -> Iterator[tuple[pd.Index, Floats]]:
    """Tenders with equally many bids, and their bids in ascending order, shape (tenders, bids)."""
    sizes = priced.groupby("tender")["amount"].transform("size").to_numpy()
    for size in np.unique(sizes):
        rows = priced[sizes == size]
        members = pd.Index(rows["tender"].to_numpy()[::size])
        amounts = rows["amount"].to_numpy().reshape(-1, size)
        cells = max(len(subgroups(int(size), k)) * k for k, _ in SUBGROUPS.values())
        step = max(1, _CELLS // max(cells, 1))
        for start in range(0, len(members), step):
            yield members[start : start + step], amounts[start : start + step]


@cache
def subgroups(bids: int, size: int) -> Integers:
    """Places of the bids of each subgroup, ascending, shape (subgroups, size); see `screens` for the rule."""
    if comb(bids, size) > MAX_SUBGROUPS:
        return np.arange(bids - size + 1)[:, None] + np.arange(size)
    return np.array(list(combinations(range(bids), size)), dtype=np.int64).reshape(-1, size)


def _of_equal_size(bids: Floats) -> dict[str, Floats]:
    """Every screen that so many bids allow; `bids` ascending and different, shape (tenders, bids)."""
    count = bids.shape[1]
    found = {BIDS: np.full(len(bids), float(count))}
    if count < 2:
        return found
    found |= _basic(bids) | {
        "LOWEST": bids[:, 0] / bids.mean(axis=1),
        "HIGHEST": bids[:, -1] / bids.mean(axis=1),
        "KSTEST": _uniform_distance(bids),
    }
    if count > 2:
        found |= _shape(bids) | {"SKEW": found["SKEW"] * np.sqrt(count * (count - 1)) / (count - 2)}
    if count > 3:
        kurtosis = (count + 1) * (found["KURT"] - 3) + 6
        found["KURT"] = kurtosis * (count - 1) / ((count - 2) * (count - 3))
    for group, (size, names) in SUBGROUPS.items():
        if count >= size:
            values = _basic(bids[:, subgroups(count, size)])
            for name in names:
                found |= _summed_up(values[name], f"{group}_{name}")
    return found


def _basic(bids: Floats) -> dict[str, Floats]:
    """Screens of ascending bids along the last axis; `SKEW` and `KURT` are plain standardised moments."""
    count, mean = bids.shape[-1], bids.mean(axis=-1)
    away = bids - mean[..., None]
    squares = (away**2).sum(axis=-1)
    step = bids[..., 1] - bids[..., 0]
    found = {
        "CV": np.sqrt(squares / (count - 1)) / mean,
        "SPD": (bids[..., -1] - bids[..., 0]) / bids[..., 0],
        "DIFFP": step / bids[..., 0],
    }
    if count > 2:
        found["RD"] = step / bids[..., 1:].std(axis=-1, ddof=1)
        found["SKEW"] = (away**3).sum(axis=-1) / count / (squares / count) ** 1.5
    if count > 3:
        found["KURT"] = (away**4).sum(axis=-1) / count / (squares / count) ** 2
    return found


def _shape(bids: Floats) -> dict[str, Floats]:
    gaps = np.diff(bids, axis=1)
    shares = gaps / gaps.sum(axis=1, keepdims=True)
    low, middle, high = np.quantile(bids, [0.25, 0.5, 0.75], axis=1)
    reach = bids[:, -1] - bids[:, 0]
    entropy = -(shares * np.log(np.maximum(shares, np.finfo(float).tiny))).sum(axis=1)
    return {
        "RDNOR": gaps[:, 0] / gaps.mean(axis=1),
        "RDALT": gaps[:, 0] / gaps[:, 1:].mean(axis=1),
        "MAD": np.median(np.abs(bids - middle[:, None]), axis=1) / middle,
        "IQR": (high - low) / middle,
        "Q25": (low - bids[:, 0]) / reach,
        "MEDIAN": (middle - bids[:, 0]) / reach,
        "Q75": (high - bids[:, 0]) / reach,
        "GAPMAX": shares.max(axis=1),
        "GAPSPREAD": gaps.std(axis=1) / gaps.mean(axis=1),
        "GAPEVEN": entropy / np.log(gaps.shape[1]),
    }


def _uniform_distance(bids: Floats) -> Floats:
    """The largest distance between the shares of the sorted bids and the straight line from lowest to highest."""
    count, place = bids.shape[1], np.arange(bids.shape[1])
    line = (bids - bids[:, :1]) / (bids[:, -1:] - bids[:, :1])
    return np.asarray(np.maximum((place + 1) / count - line, line - place / count).max(axis=1))


def _summed_up(values: Floats, name: str) -> dict[str, Floats]:
    """The SUMMARIES of a screen over the subgroups of each tender, shape (tenders, subgroups)."""
    return {
        f"{name}_MEAN": values.mean(axis=1),
        f"{name}_MEDIAN": np.median(values, axis=1),
        f"{name}_MIN": values.min(axis=1),
        f"{name}_MAX": values.max(axis=1),
        f"{name}_SD": values.std(axis=1),
    }
