"""Same-problem search: from one confirmed case, the same model over a whole county or city, the most alike first.

A confirmed case says what the matter looks like here: its level, its amounts, its counts. Hits of the same model
elsewhere are ranked by how near they come to it, on the ranks of each measure, so that no unit weighs more than
another.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from registers.engine import Engine
from supervision.catalogue import Model
from supervision.regions import Regions
from supervision.runner import run_models

SAME_OFFICIAL: Final = 0.15
SAME_TOWN: Final = 0.05
"""What a shared official or town adds to the similarity: such cases often hang together."""


class CaseNotFound(LookupError):
    """The model does not speak of this subject on this day."""


@dataclass(frozen=True)
class Alike:
    """A hit like the confirmed case.

    Attributes:
        finding: the row of `supervision.runs.FINDINGS_SCHEMA`.
        similarity: 0 to 1.
        shared: what it has in common with the case, in Chinese.
    """

    finding: Mapping[str, Any]
    similarity: float
    shared: tuple[str, ...]


def search_alike(
    engine: Engine,
    model: Model,
    *,
    subject_id: str,
    village_code: str,
    division: str,
    regions: Regions | None = None,
) -> list[Alike]:
    """The hits of a model in a division, the most similar to a confirmed case first; the case itself is left out.

    Raises:
        CaseNotFound: the model has no hit on the subject in the village.
    """
    findings = run_models(engine, [model], regions=regions).findings.to_pylist()
    case = next(
        (f for f in findings if f["subject_id"] == subject_id and f["village_code"] == village_code), None
    )
    if case is None:
        raise CaseNotFound(f"模型“{model.name}”在这一天没有这条疑点，无法以它为样本")
    return rank_alike(case, [f for f in findings if f is not case and f["village_code"].startswith(division)])


def rank_alike(case: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> list[Alike]:
    """Findings of one model, the most similar to a case first.

    Of a finding are read: `finding_id`, `village_code`, `level`, `level_rank`, `rows`, `amount_fen`, and as JSON
    `measures` and `official_keys`.
    """
    nearness = _nearness(case, others)
    alike = [_alike(case, other, float(near)) for other, near in zip(others, nearness, strict=True)]
    return sorted(alike, key=lambda a: (-a.similarity, str(a.finding["finding_id"])))


def _alike(case: Mapping[str, Any], other: Mapping[str, Any], nearness: float) -> Alike:
    shared: list[str] = []
    similarity = nearness * (1 - SAME_OFFICIAL - SAME_TOWN)
    if set(json.loads(case["official_keys"])) & set(json.loads(other["official_keys"])):
        similarity += SAME_OFFICIAL
        shared.append("涉及同一名干部")
    if case["village_code"][:9] == other["village_code"][:9]:
        similarity += SAME_TOWN
        shared.append("同一乡镇")
    if case["level"] == other["level"]:
        shared.append("等级相同")
    return Alike(other, round(similarity, 6), tuple(shared))


def _nearness(case: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> np.ndarray:
    """1 for equal measures, towards 0 for the farthest ranks; one value an other hit."""
    if not others:
        return np.empty(0)
    table = pd.DataFrame([_numbers(case), *map(_numbers, others)])
    ranks = table.rank(pct=True).fillna(0.0)
    return 1.0 - (ranks.iloc[1:] - ranks.iloc[0]).abs().mean(axis="columns").to_numpy()


def _numbers(finding: Mapping[str, Any]) -> dict[str, float]:
    """The numbers of a finding: its level, rows, amount, and the numeric measures of its model."""
    measures = json.loads(finding["measures"])
    numbers = {name: float(v) for name, v in measures.items() if isinstance(v, int | float)}
    amount = finding["amount_fen"]
    return {
        "level": float(finding["level_rank"]),
        "rows": float(finding["rows"]),
        "amount_fen": float(amount) if amount is not None else float("nan"),
    } | numbers
