"""From what people found out to rows that a model can learn from, without a look into the future.

Every row shows an entity as it was known on a day not later than the one on which it was chosen for
verification; an outcome counts only once it was decided and known.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

import numpy as np
import pandas as pd
import pyarrow as pa

from features.compute import FeatureSet
from ml.errors import FeatureMismatch
from ml.inputs import hits_by_entity, model_inputs
from ml.kinds import Scored

FeaturesAt = Callable[[date], tuple[FeatureSet, pa.Table]]
"""The features and the findings as they were known on a day."""

Snapshots = Literal["day", "month", "quarter"]

HORIZON_DAYS: Final = 180
"""An outcome belongs to the selection that led to it when it was decided within so many days."""

LABELS: Final = {
    "substantiated": 1.0,
    "irregular_rectified": 1.0,
    "not_substantiated": 0.0,
    "data_error": np.nan,
    "cannot_determine": np.nan,
}
DRAWN: Final = ("score", "quota")
"""Ways of choosing that have a known chance; only these give estimates of precision and recall."""

OUTCOME_COLUMNS: Final = (
    "entity",
    "entity_id",
    "selected_on",
    "selected_by",
    "propensity",
    "decided_on",
    "outcome",
)

_ABOUT_SELECTION: Final = {
    "label": "float64",
    "propensity": "float64",
    "selected_on": "datetime64[ns]",
    "selected_by": "str",
}


class OutcomesInvalid(ValueError):
    """The table of past outcomes lacks a column or holds a value that does not exist."""


@dataclass(frozen=True)
class Dataset:
    """Rows for the risk model; all parts have the same length and order.

    Attributes:
        inputs: the columns of `ml.inputs.model_inputs`; index is the entity id, repeated if chosen again.
        y: 1 confirmed, 0 refuted, NaN not verified.
        propensity: chance of having been chosen, NaN where nothing was drawn.
        selected_on: day of selection, NaT for rows nobody verified.
        selected_by: how the case was chosen, empty for rows nobody verified.
        features: names of the features among the columns of `inputs`.
        definition_hash: of the features.
        as_of: the day up to which everything was known.
        data_hash: SHA-256 over rows and outcomes.
    """

    entity: Scored
    inputs: pd.DataFrame
    y: pd.Series
    propensity: pd.Series
    selected_on: pd.Series
    selected_by: pd.Series
    features: tuple[str, ...]
    definition_hash: str
    as_of: date
    data_hash: str


def labelled(outcomes: pd.DataFrame, *, entity: Scored, as_of: date) -> pd.DataFrame:
    """The outcomes of `entity` that were known on `as_of`, with a column `label` (1 or 0).

    Left out: decided later than `as_of`, decided more than 180 days after selection, and outcomes that say
    nothing of the entity (data error, cannot be determined). Dates become datetime64.

    Raises:
        OutcomesInvalid: a column is missing, or an outcome or a way of choosing does not exist.
    """
    table = _checked(outcomes)
    table["label"] = table["outcome"].map(LABELS)
    within = table["decided_on"] - table["selected_on"] <= timedelta(days=HORIZON_DAYS)
    known = table["decided_on"] <= pd.Timestamp(as_of)
    ordered = table["decided_on"] >= table["selected_on"]
    rows = (table["entity"] == entity) & known & within & ordered & table["label"].notna()
    return table[rows].sort_values(["selected_on", "entity_id"], kind="stable").reset_index(drop=True)


def build_dataset(
    outcomes: pd.DataFrame,
    *,
    entity: Scored,
    as_of: date,
    features_at: FeaturesAt,
    snapshots: Snapshots = "quarter",
) -> Dataset:
    """Verified rows as they stood when chosen, and the other entities as they stand on `as_of`.

    Args:
        outcomes: past outcomes with OUTCOME_COLUMNS; later ones than `as_of` are ignored.
        features_at: called once per snapshot; cache it if it is dear.
        snapshots: the day shown is the first of the month or quarter of selection (never later than the
            selection), or the day itself.

    Raises:
        OutcomesInvalid: see `labelled`.
        FeatureMismatch: features changed between snapshots.
    """
    table = labelled(outcomes, entity=entity, as_of=as_of)
    today, findings = features_at(as_of)
    present = model_inputs(today, hits_by_entity(findings, entity=entity))
    unverified = present[~present.index.isin(table["entity_id"])]
    parts = list(_verified(table, today=today, features_at=features_at, snapshots=snapshots))
    inputs = pd.concat([*(inputs for inputs, _ in parts), unverified])[list(present.columns)]
    nobody = pd.DataFrame(index=unverified.index, columns=list(_ABOUT_SELECTION)).astype(_ABOUT_SELECTION)
    about = pd.concat(
        [*(chosen.set_index("entity_id")[list(_ABOUT_SELECTION)] for _, chosen in parts), nobody]
    )
    return Dataset(
        entity=entity,
        inputs=inputs,
        y=about["label"],
        propensity=about["propensity"],
        selected_on=about["selected_on"],
        selected_by=about["selected_by"].fillna(""),
        features=tuple(map(str, today.values.columns)),
        definition_hash=today.definition_hash,
        as_of=as_of,
        data_hash=data_hash(inputs, about["label"], about["propensity"]),
    )


def data_hash(*parts: pd.DataFrame | pd.Series) -> str:
    """SHA-256 over values, index and column names, whatever the machine."""
    digest = hashlib.sha256()
    for part in parts:
        frame = part.to_frame() if isinstance(part, pd.Series) else part
        digest.update("\n".join(map(str, frame.columns)).encode())
        digest.update("\n".join(map(str, frame.index)).encode())
        digest.update(np.ascontiguousarray(frame.to_numpy(dtype="<f8")).tobytes())
    return digest.hexdigest()


def _checked(outcomes: pd.DataFrame) -> pd.DataFrame:
    if missing := [name for name in OUTCOME_COLUMNS if name not in outcomes.columns]:
        raise OutcomesInvalid(f"the table of outcomes has no column {missing[0]!r}")
    table = outcomes[list(OUTCOME_COLUMNS)].copy()
    unknown = set(table["outcome"].dropna()) - LABELS.keys()
    if unknown:
        raise OutcomesInvalid(
            f"outcome {sorted(unknown)[0]!r} does not exist; use one of {', '.join(LABELS)}"
        )
    table["entity_id"] = table["entity_id"].astype(str)
    for column in ("selected_on", "decided_on"):
        table[column] = pd.to_datetime(table[column])
    drawn = table["selected_by"].isin(DRAWN)
    table["propensity"] = pd.to_numeric(table["propensity"]).where(drawn)
    return table


def _verified(
    table: pd.DataFrame, *, today: FeatureSet, features_at: FeaturesAt, snapshots: Snapshots
) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Per snapshot the inputs of the entities chosen, and their outcomes; without entities unknown on that day."""
    for day, chosen in table.groupby(_snapshot_days(table["selected_on"], snapshots), sort=True):
        features, findings = features_at(pd.Timestamp(day).date())
        if features.definition_hash != today.definition_hash:
            raise FeatureMismatch(
                f"features of {pd.Timestamp(day).date()} have other definitions than today's"
            )
        inputs = model_inputs(features, hits_by_entity(findings, entity=features.entity))
        known = chosen[chosen["entity_id"].isin(inputs.index)]
        yield inputs.loc[known["entity_id"]], known


def _snapshot_days(selected_on: pd.Series, snapshots: Snapshots) -> pd.Series:
    if snapshots == "day":
        return selected_on
    period = {"month": "M", "quarter": "Q"}[snapshots]
    return pd.Series(selected_on.dt.to_period(period).dt.start_time)
