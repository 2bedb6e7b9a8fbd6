"""What a pre-check asks of a payment before it runs a model, and on which ways it fetches the rows that matter."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from sqlglot import exp

from registers.query import to_sql


@dataclass(frozen=True)
class Step:
    """Fetch the rows of a register whose column holds a value that fetched rows of another one hold."""

    depth: int
    register: str
    column: str
    parent: str
    parent_column: str


@dataclass(frozen=True)
class Way:
    """A column of the payment, and the values of which it must hold one."""

    column: str
    values: tuple[exp.Select, ...]

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The queries for the values as text, which names them in an index."""
        return tuple(to_sql(select) for select in self.values)


@dataclass(frozen=True)
class Sieve:
    """What must be true of a row before a model can name it as proof: cheap to ask, and often false.

    conditions: on the row's own columns, with parameters.
    needs: of each, one of the ways must hold.
    """

    register: str
    conditions: tuple[exp.Expr, ...]
    needs: tuple[tuple[Way, ...], ...]


@dataclass(frozen=True)
class Reach:
    """How a model's rows are fetched; `obstacle` says in Chinese why they cannot be."""

    sieves: tuple[Sieve, ...]
    steps: tuple[Step, ...] = ()
    obstacle: str | None = None

    @property
    def proofs(self) -> frozenset[str]:
        """The registers that the proof rows come from."""
        return frozenset(sieve.register for sieve in self.sieves)
