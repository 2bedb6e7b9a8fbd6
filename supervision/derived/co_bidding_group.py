"""Groups of bidders that meet in tenders far more often than chance."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import combinations

import numpy as np
import numpy.typing as npt

from registers.definitions import Parameter
from supervision.derived.relation import Derived, Numbers, Row, Source

COUNTY_DIGITS = 6
SEED = 0

BIDS = """
SELECT DISTINCT substring(t.village_code, 1, 6) AS county, coalesce(t.category, '') AS category, t.tender_id,
       b.bidder_id, coalesce(CAST(b.won AS INTEGER), 0) AS won
FROM bid AS b
JOIN tender AS t ON t.tender_id = b.tender_id
WHERE t.method <> 'direct' AND coalesce(b.members, 1) = 1 AND date_diff('day', t.published_on, :as_of) < :window_days
"""

GROUP_PARAMETERS = {
    "window_days": Parameter(
        value=1095, unit="day", min=365, max=3650, source="业务口径：三年内的招标，够成规律又不太旧"
    ),
    "min_together": Parameter(
        value=3, unit="tender", min=3, max=20, source="业务口径：同场不到三次说明不了问题"
    ),
    "max_chance": Parameter(
        value=0.05,
        unit="probability",
        min=0.0001,
        max=0.05,
        source="统计惯例：全县所有组合合计的偶然概率（邦弗朗尼校正）",
    ),
    "min_members": Parameter(value=3, unit="company", min=2, max=10, source="RED_FLAGS G7；招标投标至少三家"),
}


def build(source: Source, numbers: Numbers) -> list[Row]:
    """One row a group and member."""
    counties: dict[str, list[Row]] = defaultdict(list)
    for bid in source.rows("bids"):
        counties[bid["county"]].append(bid)
    return [row for county in sorted(counties) for row in _county(county, counties[county], numbers)]


def _county(county: str, bids: Iterable[Row], numbers: Numbers) -> list[Row]:
    bidders: dict[str, set[str]] = defaultdict(set)
    winners: dict[str, set[str]] = defaultdict(set)
    category: dict[str, str] = {}
    for bid in bids:
        bidders[bid["tender_id"]].add(bid["bidder_id"])
        category[bid["tender_id"]] = bid["category"]
        if bid["won"]:
            winners[bid["tender_id"]].add(bid["bidder_id"])
    met = {tender: firms for tender, firms in sorted(bidders.items()) if len(firms) > 1}
    rows = []
    for members in find_groups(met, category, numbers):
        shared = {tender: firms & members for tender, firms in met.items() if len(firms & members) > 1}
        won = {tender: winners[tender] & members for tender in shared}
        for bidder in sorted(members):
            rows.append({
                "group_id": hashlib.sha256("|".join([county, *sorted(members)]).encode()).hexdigest()[:16],
                "county": county,
                "bidder_id": bidder,
                "members": len(members),
                "tenders": sum(bidder in firms for firms in met.values()),
                "tenders_together": sum(bidder in firms for firms in shared.values()),
                "wins": sum(bidder in firms for firms in won.values()),
                "group_tenders": len(shared),
                "group_wins": sum(bool(firms) for firms in won.values()),
            })  # fmt: skip
    return rows


def find_groups(met: dict[str, set[str]], category: dict[str, str], numbers: Numbers) -> list[frozenset[str]]:
    """Communities of the graph of significant meetings, by their smallest member.

    Two bidders with n1 and n2 bids among the N tenders of a category meet n1·n2/N times by chance, hypergeometrically
    distributed; firms of one trade meet because of their trade, so the meetings of each category are compared with
    that category and then added. An edge needs `min_together` meetings whose tail probability, times the number of
    pairs that met at all, is at most `max_chance`; its weight is the excess over the expectation.
    """
    import networkx as nx  # noqa: PLC0415  every command loads the models; only a run needs graphs

    tenders: Counter[str] = Counter(category[tender] for tender in met)
    bids: Counter[tuple[str, str]] = Counter()
    together: Counter[tuple[str, str]] = Counter()
    for tender, firms in met.items():
        bids.update((firm, category[tender]) for firm in firms)
        together.update(combinations(sorted(firms), 2))
    graph: nx.Graph[int] = nx.Graph()
    names = sorted({firm for pair in together for firm in pair})
    place = {name: index for index, name in enumerate(names)}
    for (one, other), times in sorted(together.items()):
        if times < numbers["min_together"]:
            continue
        margins = [(tenders[c], bids[one, c], bids[other, c]) for c in sorted(tenders)]
        expected = sum(n1 * n2 / n for n, n1, n2 in margins)
        if chance_to_meet(times, margins) * len(together) <= numbers["max_chance"]:
            graph.add_edge(place[one], place[other], weight=round(times - expected, 6))
    communities = nx.community.louvain_communities(graph, weight="weight", seed=SEED) if graph else []
    groups = [frozenset(names[index] for index in community) for community in communities]
    return sorted((g for g in groups if len(g) >= numbers["min_members"]), key=min)


def chance_to_meet(times: int, margins: Iterable[tuple[int, int, int]]) -> float:
    """The probability of at least so many meetings, for (tenders, bids of one, bids of the other) of each category."""
    meetings = np.ones(1)
    for tenders, one, other in margins:
        if one and other:
            meetings = np.convolve(meetings, _hypergeometric(tenders, one, other))
    return float(meetings[times:].sum())


def _hypergeometric(tenders: int, one: int, other: int) -> npt.NDArray[np.float64]:
    """The probability of 0, 1, 2 … meetings; in logarithms, because the numbers of ways have thousands of digits."""
    from scipy.special import gammaln  # noqa: PLC0415  as networkx

    met = np.arange(min(one, other) + 1)
    apart = tenders - other - one + met  # tenders without either; below zero it cannot be
    possible = apart >= 0
    met, apart = met[possible], apart[possible]
    ways = -(gammaln(met + 1) + gammaln(one - met + 1) + gammaln(other - met + 1) + gammaln(apart + 1))
    pairs = gammaln([one + 1, other + 1, tenders - one + 1, tenders - other + 1]).sum() - gammaln(tenders + 1)
    chances = np.zeros(len(possible))
    chances[possible] = np.exp(ways + pairs)
    return chances


CO_BIDDING_GROUP = Derived(
    name="co_bidding_group",
    version=2,
    about="同场群：三年内在一个县的招标中同场次数远超偶然的投标人群体，一行一个成员。"
    "两家同场的期望次数按各类别分别由各自投标次数算出，显著超出（超几何分布尾概率，按组合数校正）的连边，"
    "再用模块度划分群体。联合体的投标不算同场。",
    columns={
        "group_id": "VARCHAR",
        "county": "VARCHAR",
        "bidder_id": "VARCHAR",
        "members": "BIGINT",
        "tenders": "BIGINT",
        "tenders_together": "BIGINT",
        "wins": "BIGINT",
        "group_tenders": "BIGINT",
        "group_wins": "BIGINT",
    },
    texts={"bids": BIDS},
    reads=("bid", "tender"),
    parameters=GROUP_PARAMETERS,
    build=build,
)
