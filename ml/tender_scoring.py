"""Scores of all tenders on one day: the screens of their bids, findings and the champion, put together."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Final

import pandas as pd
import pyarrow as pa

from features.dictionary import PeerAttribute
from features.peers import peer_groups
from features.tender import ALL_SCREENS, BIDS, definition_hash, screens
from ml.bundle import check_definitions, read_champion
from ml.inputs import hits_by_entity
from ml.kinds import TENDER
from ml.scoring import MAX_REASONED, SCORES_SCHEMA, NoChampion, percentiles
from ml.tender_reasons import tender_reasons
from ml.tenders import TenderModel, screen_score

LEAST_BIDS: Final = 2
"""Different bids from which a tender says anything."""
_SIZES: Final = PeerAttribute(
    name="size", values={"few": "2–3 个报价", "some": "4–6 个报价", "many": "7 个及以上报价"}
)


@dataclass(frozen=True)
class TenderScorer:
    """The model that scores tenders, and its version."""

    model: TenderModel
    version: str


def load_tender_scorer(home: Path, *, key: bytes) -> TenderScorer:
    """The champion.

    Raises:
        NoChampion: none was promoted.
        BundleRefused: its bundle is damaged or foreign.
        FeatureMismatch: it was trained on other screens or other definitions.
    """
    bundle = read_champion(home, TENDER, key=key)
    if bundle is None:
        raise NoChampion("还没有启用招标模型：先 cunjian train tender，再 cunjian models request 和 approve")
    check_definitions(bundle, definition_hash=definition_hash(), features=list(ALL_SCREENS))
    return TenderScorer(TenderModel.from_files(bundle.files), str(bundle.meta["version"]))


def judgeable(bids: pd.DataFrame) -> pd.DataFrame:
    """The screens of the tenders with at least LEAST_BIDS different bids; see `features.tender.screens`."""
    found = screens(bids)
    return found[found[BIDS] >= LEAST_BIDS]


def peers_of(found: pd.DataFrame, villages: pd.Series) -> pd.Series:
    """Peer group by tender: tenders of one county with about as many bids.

    Args:
        found: screens.
        villages: division code by tender.
    """
    size = pd.cut(found[BIDS], [0, 3, 6, float("inf")], labels=list(_SIZES.values)).astype(str)
    return peer_groups(villages.loc[found.index], size.to_frame("size"), [_SIZES])


def score_tenders(
    bids: pd.DataFrame,
    villages: pd.Series,
    findings: pa.Table,
    *,
    scorer: TenderScorer,
    as_of: date,
    simulated: bool,
) -> pa.Table:
    """One row per tender with the columns of `ml.scoring.SCORES_SCHEMA`, highest risk first.

    `anomaly` is the directional score, `risk` that of the model; tenders with fewer than two different bids, or of
    which nobody knows the place, have no row.

    Args:
        bids: see `features.tender.screens`.
        villages: division code by tender.
    """
    found = judgeable(bids[bids["tender"].isin(villages.index)])
    if found.empty:
        return SCORES_SCHEMA.empty_table()
    hits = hits_by_entity(findings, entity="tender")
    ids = found.index.astype(str)
    own = villages.loc[found.index].to_numpy()
    model, peers = scorer.model, peers_of(found, villages)
    probability, band = model.probability(found), model.probability_interval(found)
    scores = pd.DataFrame(
        {
            "entity_id": ids,
            "name": [None] * len(ids),
            "village_code": own,
            "villages": [[code] for code in own],
            "as_of": as_of,
            "probability": probability,
            "probability_low": band[:, 0],
            "probability_high": band[:, 1],
            "risk": model.score(found),
            "anomaly": screen_score(found),
            "hits": [len(hits.get(tender, [])) for tender in ids],
            "peer_group": peers.to_numpy(),
            "bundle_version": f"{TENDER}/{scorer.version}",
            "feature_hash": definition_hash(),
            "simulated": simulated,
        }
    )
    scores["percentile"] = percentiles(scores["risk"], scores["peer_group"])
    scores = scores.sort_values(["risk", "entity_id"], ascending=[False, True], kind="stable")
    top = found.index[scores.index[:MAX_REASONED]]
    told = tender_reasons(model.contributions(found.loc[top]), screens=found, peers=peers, hits=hits)
    scores["reasons"] = [
        json.dumps([asdict(reason) for reason in told.get(tender, [])], ensure_ascii=False)
        for tender in scores["entity_id"]
    ]
    return pa.Table.from_pandas(scores[SCORES_SCHEMA.names], schema=SCORES_SCHEMA, preserve_index=False)
