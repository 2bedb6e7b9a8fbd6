"""From pairs to persons: links are followed from the likeliest on, and never across a contradiction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import Final

import pandas as pd

from registers.comparing import one_slip

TIMES_LIKELIER: Final = 19.0
"""Where a row could be one of two persons, the odds of the likelier one over the other: 19 to 1 is 95 %."""

Node = tuple[int, str]
"""Side and row_id: two tables may use the same ids."""


@dataclass(frozen=True)
class Pair:
    """Two rows that may be one person. `same` are the columns that agree; none for a pair that follows from others."""

    left: Node
    right: Node
    probability: float
    tier: str
    same: tuple[str, ...]

    @property
    def odds(self) -> float:
        return self.probability / max(1 - self.probability, 1e-12)

    def other_than(self, node: Node) -> Node:
        return self.left if self.right == node else self.right


class _Persons:
    """Rows in clusters; a cluster is one person as far as is known."""

    def __init__(self, tables: Sequence[pd.DataFrame], links: Iterable[Pair]) -> None:
        self._id = _known(tables, "id_number")
        self._born = _known(tables, "birth_date")
        self._linked = {(pair.left, pair.right) for pair in links}
        self._cluster: dict[Node, tuple[Node, ...]] = {}

    def of(self, node: Node) -> tuple[Node, ...]:
        return self._cluster.get(node, (node,))

    def merge(self, one: Sequence[Node], other: Sequence[Node]) -> None:
        both = (*one, *other)
        self._cluster |= dict.fromkeys(both, both)

    def contradict(self, one: Sequence[Node], other: Sequence[Node]) -> bool:
        """Two ID numbers, or two birth dates far apart of rows that are not themselves a link."""
        ids = {self._id[node] for node in (*one, *other) if node in self._id}
        return len(ids) > 1 or any(
            not one_slip(self._born[a], self._born[b])
            for a, b in product(one, other)
            if a in self._born and b in self._born and not {(a, b), (b, a)} & self._linked
        )

    def rivals(self, links: Iterable[Pair]) -> set[Pair]:
        """Links of one row to two ID numbers, of which none is `TIMES_LIKELIER` than the other."""
        by_row: Mapping[Node, list[Pair]] = defaultdict(list)
        for pair in links:
            for node in (pair.left, pair.right):
                if pair.other_than(node) in self._id:
                    by_row[node].append(pair)
        return {
            pair
            for node, pairs in by_row.items()
            for one, other in combinations(pairs, 2)
            if self._id[one.other_than(node)] != self._id[other.other_than(node)]
            for pair in (one, other)
            if pair.odds < TIMES_LIKELIER * (one if pair is other else other).odds
        }


def resolve(pairs: Iterable[Pair], tables: Sequence[pd.DataFrame]) -> list[Pair]:
    """The pairs with those that follow from links of tiers A and B, and without links that contradict a likelier one.

    A row without ID number that could be either of two persons is linked to neither unless one is far likelier. A link
    that falls becomes tier C where the name is the same. A pair that follows is as likely as the weakest link on the
    way to it.

    Args:
        tables: the prepared rows of one or two tables.
    """
    links = [pair for pair in pairs if pair.tier != "C"]
    found = {(pair.left, pair.right): pair for pair in pairs}
    persons = _Persons(tables, links)
    rivals = persons.rivals(links)
    for pair in sorted(links, key=lambda p: (p.tier, -p.probability, p.left, p.right)):
        one, other = persons.of(pair.left), persons.of(pair.right)
        if one is other and len(one) > 1:
            continue
        if pair.tier == "B" and (pair in rivals or persons.contradict(one, other)):
            del found[pair.left, pair.right]
            if "name" in pair.same:
                found[pair.left, pair.right] = replace(pair, tier="C")
            continue
        for ends in product(one, other):
            a, b = sorted(ends)
            if (len(tables) == 1 or a[0] != b[0]) and ((a, b) not in found or found[a, b].tier == "C"):
                found[a, b] = Pair(a, b, pair.probability, "B", ())
        persons.merge(one, other)
    return sorted(found.values(), key=lambda p: (p.tier, p.left, p.right))


def _known(tables: Sequence[pd.DataFrame], column: str) -> dict[Node, str]:
    """The rows in which a column is known, with its value."""
    return {
        (side, row_id): value
        for side, table in enumerate(tables)
        for row_id, value in zip(table["row_id"], table[column], strict=True)
        if isinstance(value, str)
    }
