"""Screens of a tender: what the amounts of its bids alone say, without dates, places or names.

Bids that firms agree on lie closer together and less evenly than bids made in competition. A screen measures one
such trait; none of them proves anything. Sources: Imhof, Karagök & Rutz (2018); Huber & Imhof (2019); García
Rodríguez et al. (2022), whose definitions these are.
"""

from __future__ import annotations

from typing import Final

import pandas as pd

SCREENS: Final = ("CV", "SPD", "DIFFP", "RD", "KURT", "SKEW", "KSTEST")
BIDS: Final = "BIDS"


def screens(bids: pd.DataFrame) -> pd.DataFrame:
    """The screens of every tender, with b1 ≤ b2 ≤ … its different bids and s their sample standard deviation.

    A consortium may be listed once per member with one bid: equal amounts of a tender count once. Bids without an
    amount above zero carry no price and are left out.

    Args:
        bids: columns `tender`, `bidder`, `amount` (any unit of money), one row a bid. `bidder` is not read: who bids
            must not enter a screen.

    Returns:
        Float columns, indexed by tender in ascending order; NaN where there are too few bids:

        - `BIDS` number of different bids
        - `CV` s / mean (2 bids or more)
        - `SPD` (highest − lowest) / lowest (2)
        - `DIFFP` (b2 − b1) / b1 (2)
        - `RD` (b2 − b1) / s of the losing bids b2, b3, … (3)
        - `KURT` excess kurtosis as pandas defines it (4)
        - `SKEW` skewness as pandas defines it (3)
        - `KSTEST` Kolmogorov-Smirnov statistic against the uniform distribution on [lowest, highest] (2)

    Raises:
        KeyError: a column is missing.
    """
    tenders = pd.Index(sorted(bids["tender"].unique()), name="tender")
    priced = bids.loc[bids["amount"] > 0, ["tender", "amount"]].astype({"amount": "float64"})
    priced = priced.drop_duplicates().sort_values(["tender", "amount"], ignore_index=True)
    grouped = priced.groupby("tender")["amount"]
    place = grouped.cumcount()
    lowest, highest = grouped.min(), grouped.max()
    step = priced[place == 1].set_index("tender")["amount"] - lowest
    losing = priced[place > 0].groupby("tender")["amount"].std()
    found = {
        BIDS: grouped.size().astype("float64"),
        "CV": grouped.std() / grouped.mean(),
        "SPD": ((highest - lowest) / lowest).where(highest > lowest),
        "DIFFP": step / lowest,
        "RD": step / losing,
        "KURT": grouped.kurt(),
        "SKEW": grouped.skew(),
        "KSTEST": _uniform_distance(priced, place),
    }
    return pd.DataFrame(found, index=tenders, dtype="float64").fillna({BIDS: 0.0})


def _uniform_distance(priced: pd.DataFrame, place: pd.Series[int]) -> pd.Series[float]:
    """The largest distance between the shares of the sorted bids and the straight line from lowest to highest."""
    grouped = priced.groupby("tender")["amount"]
    lowest, count = grouped.transform("min"), grouped.transform("size")
    line = (priced["amount"] - lowest) / (grouped.transform("max") - lowest).where(count > 1)
    distance = pd.concat([(place + 1) / count - line, line - place / count], axis=1).max(axis=1)
    return distance.groupby(priced["tender"]).max()
