"""Training of every scored entity on one home, by what was known of it on past days."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

import pandas as pd

from casework.database import open_engine, sessions
from casework.migrations import upgrade
from casework.outcomes import verification_frame
from cunjian.settings import Settings
from cunjian.stages import SIGNING_KEY, Snapshots
from features.compute import NothingToDescribe
from features.dictionary import ENTITIES, Entity, dictionary
from registers.lake import Lake
from registers.pseudonyms import Pseudonyms, load_key
from training.dataset import build_dataset
from training.study import Room
from training.train import NothingToLearnFrom, Trained, train_anomaly, train_risk

CREDIT_CODE = 18
"""Characters of a unit's credit code; the key of a person is longer."""


@dataclass(frozen=True)
class Training:
    """What a training of several entities came to. left_out: why there is no model of an entity, in Chinese."""

    trained: list[Trained]
    left_out: dict[Entity, str]


def train_anomaly_stage(
    settings: Settings,
    snapshots: Snapshots,
    *,
    as_of: date,
    seed: int,
    truth: dict[Entity, set[str]],
    room: Room | None = None,
    entities: Sequence[Entity] = ENTITIES,
) -> Training:
    """Train and register an anomaly model of each entity; with a room, each gets a report on past outcomes."""
    outcomes = verifications(settings) if room else None

    def train(entity: Entity) -> Trained:
        return train_anomaly(
            snapshots.features(entity, as_of),
            room=room,
            past=None
            if outcomes is None
            else build_dataset(
                outcomes, entity=entity, as_of=as_of, features_at=partial(snapshots.at, entity)
            ),
            dictionary=dictionary(entity),
            mlruns=settings.mlruns,
            key=load_key(settings.home, SIGNING_KEY),
            simulated=Lake(settings.home).simulated(),
            seed=seed,
            truth=truth.get(entity),
        )

    return _train_each(entities, train)


def _train_each(entities: Sequence[Entity], train: Callable[[Entity], Trained]) -> Training:
    """Train each entity of which there is anything; of the others say why not.

    Raises:
        NothingToLearnFrom: nothing of any entity.
    """
    done, left_out = [], {}
    for entity in entities:
        try:
            done.append(train(entity))
        except (NothingToLearnFrom, NothingToDescribe) as error:
            left_out[entity] = str(error)
    if not done:
        raise NothingToLearnFrom("；".join(left_out.values()))
    return Training(done, left_out)


def verifications(settings: Settings) -> pd.DataFrame:
    """All outcomes that casework keeps, on the newest schema."""
    upgrade(settings.database)
    with sessions(open_engine(settings.database)).begin() as session:
        return verification_frame(session)


def train_risk_stage(
    settings: Settings,
    snapshots: Snapshots,
    *,
    as_of: date,
    seed: int,
    truth: dict[Entity, set[str]],
    room: Room | None = None,
    entities: Sequence[Entity] = ENTITIES,
) -> Training:
    """Train and register a risk model of each entity on the outcomes that casework keeps; with a room, report."""
    outcomes = verifications(settings)

    def train(entity: Entity) -> Trained:
        return train_risk(
            outcomes,
            room=room,
            entity=entity,
            as_of=as_of,
            features_at=partial(snapshots.at, entity),
            dictionary=dictionary(entity),
            mlruns=settings.mlruns,
            key=load_key(settings.home, SIGNING_KEY),
            simulated=Lake(settings.home).simulated(),
            seed=seed,
            truth=truth.get(entity),
        )

    return _train_each(entities, train)


def planted_truth(path: Path, *, home: Path) -> dict[Entity, set[str]]:
    """Villages, officials and suppliers with planted wrongdoing, from a simulated county's truth file."""
    pseudonyms = Pseudonyms(load_key(home, "pseudonym"))
    truth: dict[Entity, set[str]] = {entity: set() for entity in ENTITIES}
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            if row["kind"] == "scheme":
                parties = {pseudonyms.party(subject) for subject in json.loads(row["detail"])["subjects"]}
                truth["village"].add(row["village_code"])
                truth["official"] |= {pseudonyms.person(i) for i in row["officials"].split(";") if i}
                truth["supplier"] |= {party for party in parties if len(party) == CREDIT_CODE}
    return truth
