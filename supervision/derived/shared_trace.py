"""Pairs of bidders of one tender that left the same trace."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache
from ipaddress import ip_address
from itertools import combinations

from registers.definitions import Parameter
from supervision.derived.relation import Derived, Numbers, Row, Source

TRACES = """
SELECT DISTINCT tr.tender_id, tr.bidder_id, tr.kind,
       CASE WHEN tr.kind IN ('project_manager', 'safety_officer', 'technical_lead', 'agent') THEN tr.person_key
            WHEN tr.kind = 'phone' THEN coalesce(tr.phone_key, tr.value)
            ELSE tr.value END AS trace
FROM bid_trace AS tr
"""
ACCOUNTS = """
SELECT DISTINCT b.tender_id, b.bidder_id, 'account' AS kind, b.deposit_account_key AS trace
FROM bid AS b
WHERE b.deposit_account_key IS NOT NULL
"""

JOINT = "SELECT DISTINCT b.tender_id, b.bidder_id FROM bid AS b WHERE b.members > 1"

FAMILIES = {
    "project_manager": "staff", "safety_officer": "staff", "technical_lead": "staff", "agent": "agent",
    "phone": "contact", "address": "contact", "device": "machine", "price_software": "machine",
    "file_author": "machine", "network": "machine", "account": "account",
}  # fmt: skip
"""Traces of one family have one cause (who uses one computer shares its network); families are independent signs."""

GENERIC = frozenset({
    "ADMIN", "ADMINISTRATOR", "USER", "PC", "HP", "DELL", "LENOVO", "ASUS", "WINDOWS", "WINDOWS用户", "微软用户", "MICROSOFT",
    "用户", "无", "未知", "暂无", "NONE", "NULL", "UNKNOWN", "000000000000", "FFFFFFFFFFFF", "0000",
})  # fmt: skip
"""What machines and people write when they write nothing."""
SHORTEST_ADDRESS = 6
PUBLIC_KINDS = {
    "network": "public_bidders", "address": "public_bidders", "file_author": "public_bidders", "account": "public_accounts",
}  # fmt: skip
"""Traces that a place or an institution leaves for everybody, and the number of bidders beyond which it is one."""


def normalise(kind: str, text: str | None) -> str | None:
    """A trace without separators and case; None when it says nothing.

    >>> normalise("device", "00-1a-2B:3c:4d:5e")
    '001A2B3C4D5E'
    """
    if text is None:
        return None
    if kind == "network":
        return _public_address(text.strip())
    plain = re.sub(r"[\s\-:.,，。、]", "", text).upper()
    empty = not plain or plain in GENERIC or (kind == "address" and len(plain) < SHORTEST_ADDRESS)
    return None if empty else plain


@cache
def _public_address(text: str) -> str | None:
    """An internet address; None for one that every office network has again, or that is none."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return None if address.is_private else str(address)


def build(source: Source, numbers: Numbers) -> list[Row]:
    """One row a tender, pair of bidders and kind of trace. Two rows of joint bids may be one bid and are no pair."""
    joint = {(row["tender_id"], row["bidder_id"]) for row in source.rows("joint")}
    behind: dict[tuple[str, str], set[str]] = defaultdict(set)
    left: dict[tuple[str, str, str], list[tuple[str, str]]] = defaultdict(list)
    for row in [*source.rows("traces"), *source.rows("accounts")]:
        kind, bidder, trace = row["kind"], row["bidder_id"], row["trace"]
        person = FAMILIES[kind] in {"staff", "agent"}
        trace = trace if person or kind == "account" else normalise(kind, trace)
        if trace is None:
            continue
        what = "person" if person else kind
        if what in PUBLIC_KINDS:
            behind[what, trace].add(bidder)
        left[row["tender_id"], what, trace].append((bidder, kind))
    found: dict[tuple[str, str, str, str], int] = defaultdict(int)
    shared = {place: _kinds_by_bidder(traces) for place, traces in left.items() if len(traces) > 1}
    for (tender, what, trace), bidders in sorted(shared.items()):
        if what in PUBLIC_KINDS and len(behind[what, trace]) > numbers[PUBLIC_KINDS[what]]:
            continue
        for one, other in combinations(sorted(bidders), 2):
            if (tender, one) in joint and (tender, other) in joint:
                continue
            kinds = bidders[one] | bidders[other]
            kind = what if what != "person" else "agent" if "agent" in kinds else min(kinds)
            found[tender, one, other, kind] += 1
    return [
        {"tender_id": tender, "bidder_id": one, "other_bidder_id": other, "kind": kind,
         "family": FAMILIES[kind], "traces": traces}
        for (tender, a, b, kind), traces in found.items()
        for one, other in ((a, b), (b, a))
    ]  # fmt: skip


def _kinds_by_bidder(traces: list[tuple[str, str]]) -> dict[str, set[str]]:
    kinds: dict[str, set[str]] = defaultdict(set)
    for bidder, kind in traces:
        kinds[bidder].add(kind)
    return kinds


SHARED_TRACE = Derived(
    name="shared_trace",
    version=2,
    about="共同痕迹：同一标段两家投标人留下的相同痕迹，一行一个标段、一对投标人（两个方向各一行）和一种痕迹。"
    "机器码等去掉分隔符和大小写后比较；通用的作者名、空值和短地址不算；"
    "许多投标人共有的网络地址、地址、作者（如交易中心、打字复印店）和保证金账户（如银行、担保公司）不算，联合体成员之间不算。",
    columns={
        "tender_id": "VARCHAR",
        "bidder_id": "VARCHAR",
        "other_bidder_id": "VARCHAR",
        "kind": "VARCHAR",
        "family": "VARCHAR",
        "traces": "BIGINT",
    },
    texts={"traces": TRACES, "accounts": ACCOUNTS, "joint": JOINT},
    reads=("bid", "bid_trace"),
    parameters={
        "public_bidders": Parameter(
            value=10,
            unit="company",
            min=4,
            max=100,
            source="业务口径：十家以上共用的网络、地址、作者名视为公共场所",
        ),
        "public_accounts": Parameter(
            value=40,
            unit="company",
            min=10,
            max=1000,
            source="业务口径：更多的多半是银行、担保公司或交易中心的账户",
        ),
    },
    build=build,
)
