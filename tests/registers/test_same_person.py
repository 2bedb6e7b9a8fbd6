"""SQL that takes two keys for one person asks for the tier of the link, wherever it reads the links."""

from __future__ import annotations

import pytest

from registers.query import QueryError, parse_query
from registers.same_person import check_links

JOINED = "SELECT n.amount_fen FROM name_list AS n JOIN person_link AS l ON l.from_key = n.written_key"
FOUND = "SELECT n.amount_fen FROM name_list AS n WHERE EXISTS (SELECT 1 FROM person_link AS l WHERE l.from_key = n.written_key{})"


def check(sql: str) -> None:
    check_links(parse_query(sql, source="m.yaml evidence", relations=["name_list", "person_link"]))


@pytest.mark.parametrize(
    "sql",
    [
        f"{JOINED} AND l.tier IN ('A', 'B')",
        f"{JOINED} WHERE l.tier = 'B'",
        f"{JOINED} WHERE (n.amount_fen > 0 AND l.tier IN ('A', 'B')) AND n.kind = 'labour'",
        FOUND.format(" AND l.tier IN ('A')"),
        "SELECT n.amount_fen FROM name_list AS n",
    ],
)
def test_asking_for_the_tier_is_enough(sql: str) -> None:
    check(sql)


@pytest.mark.parametrize(
    "sql",
    [
        JOINED,
        f"{JOINED} AND l.tier IN ('A', 'B', 'C')",
        f"{JOINED} WHERE l.tier <> 'C'",
        f"{JOINED} WHERE l.tier IN ('A', 'B') OR n.amount_fen > 0",
        f"{JOINED} WHERE NOT l.tier IN ('A', 'B')",
        f"{JOINED} WHERE n.kind IN ('A', 'B')",
        FOUND.format(""),
        f"SELECT l.from_key FROM person_link AS l WHERE l.tier = 'A' UNION {FOUND.format('')}".replace(
            "n.amount_fen", "n.written_key"
        ),
        f"WITH w AS ({JOINED}) SELECT w.amount_fen FROM w",
        f"{JOINED} JOIN person_link AS k ON k.to_key = l.to_key WHERE l.tier IN ('A', 'B')",
    ],
)
def test_a_namesake_or_a_withdrawn_link_does_not_load(sql: str) -> None:
    with pytest.raises(QueryError, match=r"m\.yaml evidence: person_link: add l\.tier IN"):
        check(sql)
