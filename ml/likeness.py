"""How much more a row is like the cases that people have confirmed than like usual rows: what few labels can teach.

Trees need dozens of confirmed cases to split on; likeness to a confirmed case orders rows from the first one.
It is the logarithm of a ratio (Neyman, Pearson 1933) of two kernel densities (Parzen 1962) with the kernel
exp(-distance): around the confirmed cases, so that a row like one of several kinds of case counts, too; and around a
few usual rows. Without the second one usual rows would be the most alike, as they lie near everything.

Of a column with a direction only counts by how much a row is less suspicious than a case, and more suspicious than a
usual row: a row never becomes less alike by becoming more suspicious.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp, softmax

from ml.blocks import by_blocks
from ml.matrix import Floats, Integers, medians, widths

MAX_CASES: Final = 32
"""Confirmed cases to which rows are compared; with more, trees know better than distances, and time matters."""

_FAR: Final = 5.0
"""Widths beyond which a value is just far away, as for the anomaly score."""
_NEAR_ROWS: Final = 512
"""Rows that are compared with the cases at once."""
_MEASURED_ROWS: Final = 2_000
"""Rows on which the scale of the score is measured."""
_USUAL_ROWS: Final = 8
"""Rows other than the cases that stand for the usual ones; 32 ranked the sets of benchmarks/risk.py alike."""
_TINY: Final = 1e-12


@dataclass(frozen=True)
class Likeness:
    """Confirmed cases, and the scale on which rows are compared with them.

    Attributes:
        typical: median per column, which stands for missing values; shape (columns,).
        reach: how far from it a value counts; shape (columns,).
        factor: sign and one over the standard deviation, 0 for a constant column; shape (columns,).
        one_sided: columns of which only the harmless side of the case is unlike it; shape (columns,).
        cases: scaled confirmed cases; shape (cases, columns).
        usual: scaled rows drawn from all that are not cases; shape (rows, columns).
        centre: mean log ratio of the rows of training.
        spread: its standard deviation.
        usual_parts: mean part of each column in it, in units of `spread`; shape (columns,).
    """

    typical: Floats
    reach: Floats
    factor: Floats
    one_sided: npt.NDArray[np.bool_]
    cases: Floats
    usual: Floats
    centre: float
    spread: float
    usual_parts: Floats

    @classmethod
    def to_rows(
        cls, values: Floats, confirmed: Integers, *, sign: Integers, random: np.random.Generator
    ) -> Likeness:
        """Likeness to the rows at the positions `confirmed` (at least one) of `values`, shape (rows, columns).

        Args:
            sign: +1, -1 or 0 per column.
            random: chooses the usual rows, and those on which the scale of the score is measured.
        """
        columns = values.shape[1]
        typical = medians(values)
        filled = np.where(np.isnan(values), typical, values)
        reach = _FAR * widths(filled)
        deviation = np.clip(filled - typical, -reach, reach).std(axis=0)
        factor = np.divide(
            np.where(sign < 0, -1.0, 1.0), deviation, out=np.zeros(columns), where=deviation > 0
        )
        none = np.empty((0, columns))
        bare = cls(typical, reach, factor, sign != 0, none, none, 0.0, 1.0, np.zeros(columns))
        order = random.permutation(len(values))
        some = values[np.sort(order[:_MEASURED_ROWS])]
        others = order[~np.isin(order, confirmed)]
        usual = values[(others if len(others) else order)[:_USUAL_ROWS]]
        unmeasured = replace(bare, cases=bare._scaled(values[confirmed]), usual=bare._scaled(usual))
        raw = unmeasured.score(some)
        measured = replace(unmeasured, centre=float(raw.mean()), spread=float(raw.std()) or np.inf)
        return replace(measured, usual_parts=measured.contributions(some).mean(axis=0))

    def score(self, values: Floats, *, not_to: npt.NDArray[np.bool_] | None = None) -> Floats:
        """Log ratio per row of `values`, shape (rows, columns), in standard deviations of training.

        Args:
            not_to: cases with which a row is not compared, shape (rows, cases); 0 where no case is left.
        """
        cases = len(self.cases)
        distances = by_blocks(self._to_all, values, width=cases + len(self.usual))
        ratio = _log_mean(-distances[:, :cases], not_to) - _log_mean(-distances[:, cases:], None)
        return np.nan_to_num((ratio - self.centre) / self.spread, nan=0.0)

    def contributions(self, values: Floats) -> Floats:
        """What each column adds to the score of a row above that of usual rows; shape of `values`.

        A row loses by a column what its squared gap there has in the distances to the cases most like it, and gains
        what it has in those to the usual rows most like it.
        """
        return by_blocks(self._parts, values, width=values.shape[1]) - self.usual_parts

    def to_bytes(self) -> bytes:
        """The arrays without pickle, for `from_bytes`."""
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **vars(self))
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, stored: bytes) -> Likeness:
        """The likeness that `to_bytes` wrote."""
        with np.load(io.BytesIO(stored), allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
        return cls(**found | {"centre": float(found["centre"]), "spread": float(found["spread"])})

    def _scaled(self, values: Floats) -> Floats:
        """Standard deviations from the usual value, turned so that the suspicious side is up."""
        filled = np.where(np.isnan(values), self.typical, values)
        return np.asarray(np.clip(filled - self.typical, -self.reach, self.reach) * self.factor)

    def _to_all(self, values: Floats) -> Floats:
        """Distances to the cases, then to the usual rows."""
        scaled, (low, high) = self._scaled(values), self._counted()
        to_cases = _distances(scaled, self.cases, low=None, high=high, columns=self._telling())
        to_usual = _distances(scaled, self.usual, low=low, high=None, columns=self._telling())
        return np.column_stack([to_cases, to_usual])

    def _parts(self, values: Floats) -> Floats:
        scaled, (low, high) = self._scaled(values), self._counted()
        cases = _taken_apart(scaled, self.cases, low=None, high=high, columns=self._telling())
        usual = _taken_apart(scaled, self.usual, low=low, high=None, columns=self._telling())
        return np.asarray((cases - usual) / self.spread)

    def _counted(self) -> tuple[Floats, Floats]:
        """The least gap to a usual row and the largest one to a case that count, per column."""
        high = np.where(self.one_sided, 0.0, np.inf)
        return -high, high

    def _telling(self) -> int:
        """Columns that are not constant, at least one."""
        return max(1, int(np.count_nonzero(self.factor)))


def likeness_to_others(
    values: Floats, confirmed: Integers, *, entities: Integers, sign: Integers, random: np.random.Generator
) -> tuple[Likeness, Floats]:
    """The likeness to (at most MAX_CASES of) the rows `confirmed`, and every row's to those of other entities.

    So no row of training is compared with itself. `entities`: a number per row; other arguments as in
    `Likeness.to_rows`.
    """
    chosen = np.sort(random.permutation(confirmed)[:MAX_CASES])
    likeness = Likeness.to_rows(values, chosen, sign=sign, random=random)
    return likeness, likeness.score(values, not_to=entities[:, None] == entities[chosen])


def _log_mean(near: Floats, left_out: npt.NDArray[np.bool_] | None) -> Floats:
    """Logarithm of the mean of exp(near) over the cases not left out, NaN where none is left; shape (rows,)."""
    if left_out is None:
        return np.asarray(logsumexp(near, axis=1) - np.log(near.shape[1]))
    count = (~left_out).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        total = logsumexp(np.where(left_out, -np.inf, near), axis=1)
        return np.asarray(np.where(count > 0, total - np.log(count), np.nan))


def _distances(
    scaled: Floats, others: Floats, *, low: Floats | None, high: Floats | None, columns: int
) -> Floats:
    """Root mean square gap of each row to each of the others over so many `columns`; shape (rows, others).

    In float32, a few rows at a time that stay near the core: a third of the time, exact to a millionth.
    """
    squares = np.empty((len(scaled), len(others)))
    least, most = (None if bound is None else bound.astype(np.float32) for bound in (low, high))
    for start in range(0, len(scaled), _NEAR_ROWS):
        near = scaled[start : start + _NEAR_ROWS].astype(np.float32)
        gaps = np.empty_like(near)
        for number, other in enumerate(others.astype(np.float32)):
            np.subtract(near, other, out=gaps)
            _bound(gaps, least, most)
            squares[start : start + _NEAR_ROWS, number] = np.einsum("ij,ij->i", gaps, gaps)
    return np.asarray(np.sqrt(squares / columns))


def _taken_apart(
    scaled: Floats, others: Floats, *, low: Floats | None, high: Floats | None, columns: int
) -> Floats:
    """What each column has in the logarithm of the kernel density around the others; shape of `scaled`."""
    distances = _distances(scaled, others, low=low, high=high, columns=columns)
    weight = softmax(-distances, axis=1) / np.maximum(distances, _TINY)
    squares = np.full_like(scaled, _TINY)
    for number, other in enumerate(others):
        gaps = scaled - other
        _bound(gaps, low, high)
        squares += weight[:, [number]] * gaps**2
    share = squares / squares.sum(axis=1, keepdims=True)
    return np.asarray(share * _log_mean(-distances, None)[:, None])


def _bound(
    gaps: npt.NDArray[np.floating],
    low: npt.NDArray[np.floating] | None,
    high: npt.NDArray[np.floating] | None,
) -> None:
    """Cut gaps in place to what counts; None = no bound on that side."""
    if low is not None:
        np.maximum(gaps, low, out=gaps)
    if high is not None:
        np.minimum(gaps, high, out=gaps)
