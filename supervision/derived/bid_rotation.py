"""Whether the members of a co-bidding group win in turn."""

from __future__ import annotations

import math
import random
from collections import Counter, defaultdict
from collections.abc import Sequence

from registers.definitions import Parameter
from supervision.derived.co_bidding_group import BIDS, GROUP_PARAMETERS
from supervision.derived.co_bidding_group import build as build_groups
from supervision.derived.relation import Derived, Numbers, Row, Source

SHUFFLES = 1_999

WINS = """
SELECT DISTINCT substring(t.village_code, 1, 6) AS county, t.buyer_id, coalesce(t.category, '') AS category,
       t.awarded_on, t.tender_id, b.bidder_id
FROM bid AS b
JOIN tender AS t ON t.tender_id = b.tender_id
WHERE t.method <> 'direct' AND b.won AND coalesce(b.members, 1) = 1 AND t.awarded_on IS NOT NULL
  AND date_diff('day', t.published_on, :as_of) < :window_days
"""


def build(source: Source, numbers: Numbers) -> list[Row]:
    """One row a group and buyer or category with enough tenders that a member won."""
    groups: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in build_groups(source, numbers):
        groups[row["county"], row["group_id"]].add(row["bidder_id"])
    bidders: dict[str, set[str]] = defaultdict(set)
    for bid in source.rows("bids"):
        bidders[bid["tender_id"]].add(bid["bidder_id"])
    wins = sorted(
        source.rows("wins"), key=lambda win: (win["awarded_on"], win["tender_id"], win["bidder_id"])
    )
    by_tender: dict[str, set[str]] = defaultdict(set)
    for win in wins:
        by_tender[win["tender_id"]].add(win["bidder_id"])
    rows = []
    for (county, group_id), members in sorted(groups.items()):
        sequences: dict[tuple[str, str], list[str]] = defaultdict(list)
        for win in wins:
            if (
                win["county"] == county
                and win["bidder_id"] in members
                and len(bidders[win["tender_id"]] & members) > 1
                and len(by_tender[win["tender_id"]] & members) == 1  # two winners of one tender have no order
            ):
                sequences["buyer", win["buyer_id"]].append(win["bidder_id"])
                sequences["category", win["category"]].append(win["bidder_id"])
        for (scope, scope_id), winners in sorted(sequences.items()):
            if len(winners) >= numbers["min_wins"] and len(set(winners)) > 1:
                rows.append({
                    "group_id": group_id, "county": county, "scope": scope, "scope_id": scope_id,
                    "tenders": len(winners), "winners": len(set(winners)), "entropy": entropy(winners),
                    "cycle_share": cycle_share(winners), "chance": chance(winners),
                })  # fmt: skip
    return rows


def entropy(winners: Sequence[str]) -> float:
    """How evenly the wins are spread, 0 to 1: entropy over the logarithm of the number of winners."""
    counts = sorted(Counter(winners).values())
    shares = [count / len(winners) for count in counts]
    return round(-sum(share * math.log(share) for share in shares) / math.log(len(counts)), 6)


def cycle_share(winners: Sequence[str]) -> float:
    """The share of wins that go to whoever won as many tenders before as there are winners: A B C A B C gives 1."""
    period = len(set(winners))
    later = len(winners) - period
    if later < 1:
        return 0.0
    return round(sum(winners[i] == winners[i - period] for i in range(period, len(winners))) / later, 6)


def chance(winners: Sequence[str]) -> float:
    """The probability that the same wins in random order have such a cycle share, by shuffles with a fixed seed.

    The names play no part, so that renaming a firm changes nothing.
    """
    first: dict[str, int] = {}
    order = [str(first.setdefault(winner, len(first))) for winner in winners]
    seen = cycle_share(order)
    drawn = random.Random(len(order))  # noqa: S311  a test of significance, not a secret
    as_regular = 0
    for _ in range(SHUFFLES):
        drawn.shuffle(order)
        as_regular += cycle_share(order) >= seen
    return round((as_regular + 1) / (SHUFFLES + 1), 6)


BID_ROTATION = Derived(
    name="bid_rotation",
    version=2,
    about="轮流中标：同场群在一个招标人或一个类别上的中标顺序，一行一个群和招标人（或类别）。"
    "均匀度是中标次数的熵，循环率是按固定顺序轮回的比例，偶然概率由打乱顺序（固定种子）得出。联合体的投标、几个成员同时中标的标段不计。",
    columns={
        "group_id": "VARCHAR",
        "county": "VARCHAR",
        "scope": "VARCHAR",
        "scope_id": "VARCHAR",
        "tenders": "BIGINT",
        "winners": "BIGINT",
        "entropy": "DOUBLE",
        "cycle_share": "DOUBLE",
        "chance": "DOUBLE",
    },
    texts={"bids": BIDS, "wins": WINS},
    reads=("bid", "tender"),
    parameters={
        **GROUP_PARAMETERS,
        "min_wins": Parameter(
            value=6, unit="tender", min=4, max=50, source="RED_FLAGS A23：六次以上才看得出顺序"
        ),
    },
    build=build,
)
