"""Suppliers of the small made-up world: one that works in both towns, one of the first only, with findings."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq

from casework.publishing import publish_run, publish_scores
from ml.scoring import SCORES_SCHEMA
from tests.casework_world import AS_OF, NOW, SECRETARY, VILLAGE_A, VILLAGE_B, World, finding, score, write_run

BOTH, LOCAL = "91330100MA2B00001X", "91330100MA2B00002X"
SUPPLIER_RUN = "2026-11-30-ba9876543210"


def supplier_finding(finding_id: str, company: str, **changes: object) -> dict[str, object]:
    return finding(finding_id, subject_type="company", subject_id=company, **changes)


def supplier_score(company: str, name: str, villages: list[str], *, risk: float) -> dict[str, object]:
    found = {
        "feature": "hits_tender",
        "label": "招标投标",
        "sentence": "招标投标有 2 条线索，如轮流中标",
        "contribution": 0.4,
    }
    row = score(company, villages[0], risk=risk)
    told = [*json.loads(str(row["reasons"])), found]
    return row | {"name": name, "villages": villages, "reasons": json.dumps(told), "peer_group": "投标企业"}


def publish_suppliers(world: World) -> None:
    """Findings in both villages about the supplier of both, one about the other that only the county may see."""
    findings = [
        supplier_finding("f-both-a", BOTH),
        supplier_finding("f-both-b", BOTH, village=VILLAGE_B, level="red", level_rank=3),
        supplier_finding("f-local", LOCAL, official_keys=json.dumps([SECRETARY])),
    ]
    write_run(world.home, SUPPLIER_RUN, findings)
    rows = [
        supplier_score(BOTH, "青山建设有限公司", [VILLAGE_B, VILLAGE_A], risk=0.95),
        supplier_score(LOCAL, "石桥商店", [VILLAGE_A], risk=0.5),
    ]
    table = pa.table({field.name: [row[field.name] for row in rows] for field in SCORES_SCHEMA})
    pq.write_table(table.cast(SCORES_SCHEMA), world.home / "scores" / AS_OF.isoformat() / "supplier.parquet")
    with world.sessions.begin() as session:
        publish_run(session, world.home, SUPPLIER_RUN, at=NOW)
        publish_scores(session, world.home, AS_OF, at=NOW)
