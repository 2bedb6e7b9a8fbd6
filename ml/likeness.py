"""How much a row is like the cases that people have confirmed: what one to a few dozen labels can teach.

Trees need dozens of confirmed cases to split on; likeness to a confirmed case orders rows from the first one.
It is the logarithm of a kernel density of the confirmed cases (Parzen 1962) with the kernel exp(-distance),
so that a row like one of several kinds of case counts, too.

A column with a direction only counts where the row is less suspicious than the case: a row never becomes less
alike by becoming more suspicious.
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
_USUAL_ROWS: Final = 2_000
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
        centre: mean log similarity of the rows of training.
        spread: its standard deviation.
        usual_parts: mean part of each column in it, in units of `spread`; shape (columns,).
    """

    typical: Floats
    reach: Floats
    factor: Floats
    one_sided: npt.NDArray[np.bool_]
    cases: Floats
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
            random: chooses the rows on which the scale of the score is measured.
        """
        columns = values.shape[1]
        typical = medians(values)
        filled = np.where(np.isnan(values), typical, values)
        reach = _FAR * widths(filled)
        deviation = np.clip(filled - typical, -reach, reach).std(axis=0)
        factor = np.divide(
            np.where(sign < 0, -1.0, 1.0), deviation, out=np.zeros(columns), where=deviation > 0
        )
        bare = cls(typical, reach, factor, sign != 0, np.empty((0, columns)), 0.0, 1.0, np.zeros(columns))
        unmeasured = replace(bare, cases=bare._scaled(values[confirmed]))
        some = values[np.sort(random.permutation(len(values))[:_USUAL_ROWS])]
        raw = unmeasured.score(some)
        measured = replace(unmeasured, centre=float(raw.mean()), spread=float(raw.std()) or np.inf)
        return replace(measured, usual_parts=measured.contributions(some).mean(axis=0))

    def score(self, values: Floats, *, not_to: npt.NDArray[np.bool_] | None = None) -> Floats:
        """Log similarity per row of `values`, shape (rows, columns), in standard deviations of training.

        Args:
            not_to: cases with which a row is not compared, shape (rows, cases); 0 where no case is left.
        """
        distances = by_blocks(lambda rows: self._distances(self._scaled(rows)), values, width=len(self.cases))
        return np.nan_to_num((_log_mean(-distances, not_to) - self.centre) / self.spread, nan=0.0)

    def contributions(self, values: Floats) -> Floats:
        """What each column adds to the score of a row above that of usual rows; shape of `values`.

        A row loses by a column what its squared gap there has in the distances to the cases most like it.
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

    def _parts(self, values: Floats) -> Floats:
        scaled = self._scaled(values)
        distances = self._distances(scaled)
        weight = softmax(-distances, axis=1) / np.maximum(distances, _TINY)
        squares = np.full_like(scaled, _TINY)
        for number, case in enumerate(self.cases):
            squares += weight[:, [number]] * self._gaps(scaled, case) ** 2
        share = squares / squares.sum(axis=1, keepdims=True)
        return np.asarray(share * _log_mean(-distances, None)[:, None] / self.spread)

    def _gaps(self, scaled: Floats, case: Floats) -> Floats:
        return np.minimum(scaled - case, self._bound())

    def _bound(self) -> Floats:
        """The largest gap that counts, per column."""
        return np.where(self.one_sided, 0.0, np.inf)

    def _distances(self, scaled: Floats) -> Floats:
        """Root mean square gap of each row to each case over columns that are not constant; shape (rows, cases).

        In float32, a few rows at a time that stay near the core: a third of the time, exact to a millionth.
        """
        telling = max(1, int(np.count_nonzero(self.factor)))
        cases, bound = self.cases.astype(np.float32), self._bound().astype(np.float32)
        squares = np.empty((len(scaled), len(cases)))
        for start in range(0, len(scaled), _NEAR_ROWS):
            near = scaled[start : start + _NEAR_ROWS].astype(np.float32)
            gaps = np.empty_like(near)
            for number, case in enumerate(cases):
                np.subtract(near, case, out=gaps)
                np.minimum(gaps, bound, out=gaps)
                squares[start : start + _NEAR_ROWS, number] = np.einsum("ij,ij->i", gaps, gaps)
        return np.asarray(np.sqrt(squares / telling))


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
