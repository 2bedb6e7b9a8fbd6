"""The broker library: persons and accounts that stand behind many different bidders."""

from __future__ import annotations

from collections import defaultdict

from registers.definitions import Parameter
from supervision.derived.relation import Derived, Numbers, Row, Source

PERSONS = """
SELECT DISTINCT 'person' AS kind, tr.person_key AS broker_key, tr.tender_id, tr.bidder_id
FROM bid_trace AS tr
WHERE tr.kind = 'agent' AND tr.person_key IS NOT NULL AND date_diff('day', tr.recorded_on, :as_of) < :window_days
  AND NOT EXISTS (SELECT 1 FROM bid AS b WHERE b.tender_id = tr.tender_id AND b.bidder_id = tr.bidder_id AND b.members > 1)
"""
PHONES = """
SELECT DISTINCT 'phone' AS kind, tr.phone_key AS broker_key, tr.tender_id, tr.bidder_id
FROM bid_trace AS tr
WHERE tr.kind = 'phone' AND tr.phone_key IS NOT NULL AND date_diff('day', tr.recorded_on, :as_of) < :window_days
  AND NOT EXISTS (SELECT 1 FROM bid AS b WHERE b.tender_id = tr.tender_id AND b.bidder_id = tr.bidder_id AND b.members > 1)
"""
ACCOUNTS = """
SELECT DISTINCT 'account' AS kind, b.deposit_account_key AS broker_key, b.tender_id, b.bidder_id
FROM bid AS b
WHERE b.deposit_account_key IS NOT NULL AND coalesce(b.members, 1) = 1 AND date_diff('day', b.submitted_on, :as_of) < :window_days
"""
WINS = "SELECT DISTINCT b.tender_id, b.bidder_id FROM bid AS b WHERE b.won"


def build(source: Source, numbers: Numbers) -> list[Row]:
    """One row a person, phone or account that enough bidders of enough tenders have in common."""
    won = {(win["tender_id"], win["bidder_id"]) for win in source.rows("wins")}
    served: dict[tuple[str, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for query in ("persons", "phones", "accounts"):
        for row in source.rows(query):
            served[row["kind"], row["broker_key"]][row["tender_id"]].add(row["bidder_id"])
    rows = []
    for (kind, key), tenders in served.items():
        bidders = {bidder for firms in tenders.values() for bidder in firms}
        if not numbers["min_bidders"] <= len(bidders) <= numbers["max_bidders"]:
            continue
        if len(tenders) < numbers["min_tenders"]:
            continue
        rows.append({
            "kind": kind, "broker_key": key, "bidders": len(bidders), "tenders": len(tenders),
            "tenders_with_several": sum(len(firms) > 1 for firms in tenders.values()),
            "wins": sum((tender, firm) in won for tender, firms in tenders.items() for firm in firms),
        })  # fmt: skip
    return rows


BROKER = Derived(
    name="broker",
    version=2,
    about="多家代理名录（俗称黄牛库）：三年内为三家以上不同投标人、在三个以上标段办理投标的人（委托代理人）、联系电话或保证金账户，"
    "一行一个。背后投标人多得像银行、担保公司的账户不列入，联合体的投标不计。",
    columns={
        "kind": "VARCHAR",
        "broker_key": "VARCHAR",
        "bidders": "BIGINT",
        "tenders": "BIGINT",
        "tenders_with_several": "BIGINT",
        "wins": "BIGINT",
    },
    texts={"persons": PERSONS, "phones": PHONES, "accounts": ACCOUNTS, "wins": WINS},
    reads=("bid", "bid_trace"),
    parameters={
        "window_days": Parameter(value=1095, unit="day", min=180, max=3650, source="业务口径：三年内"),
        "min_bidders": Parameter(
            value=3,
            unit="company",
            min=3,
            max=20,
            source="业务口径：一个人正常换一次单位，三年内不会代表三家",
        ),
        "min_tenders": Parameter(
            value=3, unit="tender", min=2, max=50, source="业务口径：出现三次以上才入库"
        ),
        "max_bidders": Parameter(
            value=40,
            unit="company",
            min=10,
            max=1000,
            source="业务口径：更多的多半是银行、担保公司或交易中心",
        ),
    },
    build=build,
)
