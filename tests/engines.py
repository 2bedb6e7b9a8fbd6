"""Comparing the two engines: the same rows in the same types, whatever their order."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pyarrow as pa

TOLERANCE = 1e-9  # of doubles: the last bits of a sum depend on the order of its rows


def assert_same_rows(found: pa.Table, expected: pa.Table, *, what: str) -> None:
    """Equal columns, types and rows; doubles within `TOLERANCE` of their size."""
    assert found.schema.equals(expected.schema), f"{what}: {found.schema} is not {expected.schema}"
    assert found.num_rows == expected.num_rows, what
    for one, other in zip(_sorted(found), _sorted(expected), strict=True):
        for name in other:
            assert _same(one[name], other[name]), f"{what}, {name}: {one} is not {other}"


def _sorted(table: pa.Table) -> Sequence[Mapping[str, object]]:
    rows: list[dict[str, object]] = table.to_pylist()
    return sorted(rows, key=lambda row: [_rank(value) for value in row.values()])


def _rank(value: object) -> tuple[bool, str]:
    return value is None, f"{value:.6g}" if isinstance(value, float) else repr(value)


def _same(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return one == other
