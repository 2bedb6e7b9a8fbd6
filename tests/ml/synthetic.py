"""Small made-up matrices: usual rows, a few odd ones, and what people found out about them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa

from features.compute import FeatureSet
from features.dictionary import Direction, Entity, Feature
from supervision.runs import FINDINGS_SCHEMA

AS_OF = date(2025, 6, 30)
KEY = b"a key of this test only"

_FEATURES: tuple[tuple[str, str, str, Direction, str], ...] = (
    ("payee_concentration", "收款方集中度", "share", "up", "收款方结构"),
    ("top_payee_share", "最大收款方占比", "share", "up", "收款方结构"),
    ("late_days", "平均补记天数", "day", "up", "记账时间"),
    ("income_per_resident", "人均收入", "yuan_per_resident", "down", "收支水平"),
    ("amount_spread", "支出金额离散度", "ratio", "both", "支出金额"),
)


def features_dictionary() -> dict[str, Feature]:
    """Five features in four groups."""
    return {
        name: Feature(
            name=name,
            label=label,
            unit=unit,
            direction=direction,
            meaning="仅供测试的指标",
            group=group,
            needs={},
        )
        for name, label, unit, direction, group in _FEATURES
    }


def blob(
    *, rows: int = 200, columns: int = 5, odd: int = 5, seed: int = 0
) -> tuple[pd.DataFrame, np.ndarray]:
    """Usual rows around zero and, last, `odd` rows far out; with 1 for the odd ones."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(rows, columns))
    values[rows - odd :] += 6
    truth = np.zeros(rows)
    truth[rows - odd :] = 1
    return pd.DataFrame(values, columns=[f"c{index}" for index in range(columns)]), truth


def feature_set(
    *,
    entity: Entity = "village",
    rows: int = 120,
    odd: int = 8,
    seed: int = 0,
    as_of: date = AS_OF,
    ids: str = "v",
) -> tuple[FeatureSet, list[str]]:
    """A feature set in which the last `odd` entities are wrong, and their ids."""
    random = np.random.default_rng(seed)
    standard = random.normal(size=(rows, len(_FEATURES)))
    standard[rows - odd :, :3] += 4
    index = pd.Index([f"{ids}{number:04d}" for number in range(rows)], name="entity_id")
    columns = [name for name, *_ in _FEATURES]
    z = pd.DataFrame(standard, index=index, columns=columns)
    values = z * [0.1, 0.08, 6, 90, 0.5] + [0.18, 0.3, 20, 800, 3]
    peers = pd.Series(["平原小型村", "山区小型村"] * (rows // 2) + ["平原小型村"] * (rows % 2), index=index)
    features = FeatureSet(
        entity=entity,
        as_of=as_of,
        values=values,
        counts=values * np.nan,
        typical=values.groupby(peers).transform("median"),
        standardised=z,
        peers=peers,
        villages=pd.Series([f"990101100{number:03d}" for number in range(rows)], index=index),
        definition_hash="d" * 64,
    )
    return features, list(index[rows - odd :])


def findings(rows: Sequence[Mapping[str, object]] = ()) -> pa.Table:
    """A table of findings; what a row leaves out is filled with something harmless."""
    usual = {
        "model_id": "assistance_paid_after_death",
        "model_version": 1,
        "model_name": "死亡后继续发放救助金",
        "field": "assistance",
        "subject_type": "village",
        "village_code": "990101100000",
        "level": "yellow",
        "first_on": AS_OF,
        "last_on": AS_OF,
        "amount_fen": 100,
        "rows": 1,
        "reason": "死亡 30 天后仍发放 2 笔",
        "measures": "{}",
        "legal_basis": "[]",
        "official_keys": "[]",
    }
    filled = []
    for number, row in enumerate(rows):
        full = usual | {"finding_id": f"f{number:03d}", "subject_id": "s"} | dict(row)
        full["level_rank"] = {"red": 3, "yellow": 2, "blue": 1}[str(full["level"])]
        if not isinstance(full["official_keys"], str):
            full["official_keys"] = json.dumps(full["official_keys"])
        filled.append(full)
    return pa.Table.from_pylist(filled, schema=FINDINGS_SCHEMA)
