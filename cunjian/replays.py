"""The replay of history quarter by quarter, over the home of the settings."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from functools import partial
from typing import Any, Final

from casework.database import open_engine, sessions
from casework.migrations import upgrade
from casework.outcomes import verification_frame
from cunjian import console
from cunjian.settings import Settings
from cunjian.stages import Done, Snapshots
from features.dictionary import ENTITIES, ENTITY_NAMES, dictionary
from training.evaluation import Estimate
from training.replay import Replay, replay

ORDER_NAMES: Final = {
    "risk": "风险模型",
    "risk_unweighted": "风险模型（不加权）",
    "anomaly": "异常模型",
    "hits": "疑点个数",
    "random": "随机",
}


def replay_stage(
    settings: Settings, *, as_of: date, capacity: int, seed: int, done: Done | None = None
) -> list[Replay]:
    """Replay the history of villages, officials and suppliers on the outcomes that casework keeps."""
    upgrade(settings.database)
    with sessions(open_engine(settings.database)).begin() as session:
        outcomes = verification_frame(session)
    snapshots = Snapshots(settings)
    return [
        replay(
            outcomes,
            entity=entity,
            as_of=as_of,
            features_at=partial(snapshots.at, entity),
            dictionary=dictionary(entity),
            capacity=capacity,
            seed=seed,
            done=done,
        )
        for entity in ENTITIES
    ]


def replay_json(replays: Sequence[Replay]) -> list[dict[str, Any]]:
    """A replay for machines, without the scores of single entities."""
    return [
        {
            "entity": found.entity,
            "capacity": found.capacity,
            "quarters": [
                {
                    "start": quarter.start,
                    "learnt": quarter.learnt,
                    "cases": quarter.cases,
                    "confirmed": quarter.confirmed,
                    "precision": _plain(quarter.precision),
                }
                for quarter in found.quarters
            ],
            "precision": _plain(found.precision),
            "auc": _plain(found.auc),
            "gain": _plain(found.gain),
        }
        for found in replays
    ]


def print_replay(replays: Sequence[Replay]) -> None:
    for found in replays:
        name = ENTITY_NAMES[found.entity]
        if not found.precision:
            console.say(f"{name}：抽取并有结果的个数太少，逐季回测说明不了什么")
            continue
        quarters = [
            [
                quarter.start,
                quarter.learnt,
                f"{quarter.confirmed}/{quarter.cases}",
                *(_share(quarter.precision.get(order)) for order in ORDER_NAMES),
            ]
            for quarter in found.quarters
        ]
        pooled = [
            "合计",
            "",
            f"{sum(q.confirmed for q in found.quarters)}/{sum(q.cases for q in found.quarters)}",
            *(_interval(found.precision[order]) for order in ORDER_NAMES),
        ]
        console.show_table(
            f"{name}：每季度前 {found.capacity} 个的属实率（按分数或随机选出的）",
            ["季度", "此前已知结果", "属实/选出", *ORDER_NAMES.values()],
            [*quarters, pooled],
        )


def _share(estimate: Estimate | None) -> str:
    return "—" if estimate is None else f"{estimate.value:.0%}"


def _interval(estimate: Estimate) -> str:
    return f"{estimate.value:.0%}（{estimate.low:.0%}–{estimate.high:.0%}）"


def _plain(estimates: Mapping[str, Estimate]) -> dict[str, dict[str, float | None]]:
    """Figures for JSON, which has no NaN."""
    return {
        name: {
            key: None if isinstance(value, float) and math.isnan(value) else value
            for key, value in asdict(estimate).items()
        }
        for name, estimate in estimates.items()
    }
