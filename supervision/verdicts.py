"""Counts of subjects by verdict: hit, clear, not applicable, not computable, a row a model and village."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pyarrow as pa

from supervision.catalogue import Model
from supervision.computability import Computability
from supervision.runs import VERDICTS_SCHEMA

NOBODY = "本村没有适用对象"


def verdict_table(
    model: Model,
    villages: Iterable[str],
    *,
    subjects: Mapping[str, int],
    hits: Mapping[str, int],
    computability: Computability,
) -> pa.Table:
    """How many subjects of each village got which verdict, and why not if none could be told.

    Args:
        villages: those that the model speaks of; villages with subjects are added.
        subjects, hits: how many could be checked and how many were found, by village.
    """
    places = sorted({*villages, *(village for village, number in subjects.items() if number)})
    rows = [
        _row(
            model,
            village,
            subjects=subjects.get(village, 0),
            hits=hits.get(village, 0),
            obstacle=computability.obstacle(model, village),
        )
        for village in places
    ]
    columns = [list(values) for values in zip(*rows, strict=True)] or [[] for _ in VERDICTS_SCHEMA]
    return pa.table(columns, schema=VERDICTS_SCHEMA)


def _row(
    model: Model, village: str, *, subjects: int, hits: int, obstacle: str | None
) -> tuple[str, str, int, int, int, int, int, str | None]:
    if obstacle:
        return (model.id, village, 0, 0, 0, max(subjects, 1), subjects, obstacle)
    if not subjects:
        return (model.id, village, 0, 0, 1, 0, 0, NOBODY)
    return (model.id, village, hits, subjects - hits, 0, 0, subjects, None)
