"""The derived relations by name, and keeping them on an engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final
from weakref import WeakKeyDictionary

import pyarrow as pa

from registers.engine import Engine
from supervision.derived.bid_rotation import BID_ROTATION
from supervision.derived.broker import BROKER
from supervision.derived.co_bidding_group import CO_BIDDING_GROUP
from supervision.derived.contractor_credit import CONTRACTOR_CREDIT
from supervision.derived.controlled_company import CONTROLLED_COMPANY
from supervision.derived.relation import Derived
from supervision.derived.shared_trace import SHARED_TRACE

DERIVED: Final[Mapping[str, Derived]] = {
    relation.name: relation
    for relation in (
        BID_ROTATION,
        BROKER,
        CO_BIDDING_GROUP,
        CONTRACTOR_CREDIT,
        CONTROLLED_COMPANY,
        SHARED_TRACE,
    )
}

_kept: WeakKeyDictionary[Engine, set[str]] = WeakKeyDictionary()


def keep_derived(engine: Engine, names: Iterable[str], *, outcomes: pa.Table | None = None) -> None:
    """Compute the named relations and make them readable on the engine; once an engine, which stands for one day.

    Raises:
        KeyError: there is no such relation.
    """
    kept = _kept.setdefault(engine, set())
    for name in sorted(set(names) - kept):
        engine.keep_table(name, DERIVED[name].compute(engine, outcomes=outcomes))
        kept.add(name)
