"""The technical support office's room on one home: training with reports, what serves, drift, retraining.

Training knows no casework and casework no training; here they meet. People are those of the accounts: a step on the
command line takes a login and its password, as on the page, and leaves the same rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

import pandas as pd
from sqlalchemy.orm import Session
from sqlglot import exp

from api.problems import WrongPassword
from casework import audit, promotions
from casework.accounts import actor_of, authenticate
from casework.database import open_engine, sessions
from casework.migrations import upgrade
from casework.outcomes import verification_frame
from casework.promotion_models import ModelPromotion
from casework.promotions import Registry
from casework.roles import Actor
from cunjian.service import office_division
from cunjian.settings import Settings
from cunjian.stages import (
    SIGNING_KEY,
    Done,
    Snapshots,
    open_lake,
)
from cunjian.tender_training import train_tender_stage
from cunjian.tenders import REGISTERS
from cunjian.training_stages import train_anomaly_stage, train_risk_stage
from features.dictionary import ENTITIES, Entity, dictionary
from ml.bundle import read_champion
from ml.kinds import FAMILIES, TENDER, Scored, definitions_of, kind_of
from ml.reports import report_folder
from registers.lake import Lake, write_json
from registers.pseudonyms import load_key
from training.dataset import labelled
from training.drift import Drift, feature_drift, outcome_drift, score_drift, weeks_up_to
from training.registry import ModelVersion, follow_champions, list_models
from training.report import plain
from training.schedule import LastTraining, only_one, why_train
from training.study import Room
from training.train import NothingToLearnFrom, Trained

TOWN_DIGITS = 9
MOST_SCORE_DAYS = 60


class Step(Protocol):
    """A step of `casework.promotions` with everything but who takes it, and when."""

    def __call__(
        self, session: Session, actor: Actor, *, registry: Registry, at: datetime
    ) -> ModelPromotion: ...


@dataclass(frozen=True)
class Retrained:
    """What a scheduled training did, by kind. reasons: why; trained: the new challengers; left_out: why not."""

    as_of: date
    reasons: dict[str, tuple[str, ...]]
    trained: tuple[Trained, ...]
    left_out: dict[str, str]


def room_of(settings: Settings, *, today: date, as_of: date) -> Room:
    """The room of a home, with the names of its towns as far as registers tell."""
    if "division" not in Lake(settings.home).registers():
        return Room(home=settings.home, today=today)
    with open_lake(settings, as_of=as_of) as engine:
        rows = engine.query(exp.select("division_code", "name", "level").from_("division")).to_pylist()
    places = {str(r["division_code"])[:TOWN_DIGITS]: str(r["name"]) for r in rows if r["level"] == "town"}
    return Room(home=settings.home, today=today, places=places)


def registry_of(settings: Settings) -> Registry:
    """What decisions on trained models need, for this installation's own office."""
    return Registry(
        home=settings.home, office=office_division(settings), key=load_key(settings.home, SIGNING_KEY)
    )


def decide(settings: Settings, step: Step, *, login: str, password: str, at: datetime) -> dict[str, Any]:
    """Take a step of `casework.promotions` as the person with this login; the registry's aliases follow.

    Raises:
        WrongPassword: login or password is wrong; the attempt leaves a row in the audit log.
    """
    registry = registry_of(settings)
    with _session(settings) as session:
        user = authenticate(session, login=login, password=password)
        if user is None:
            audit.record(session, at=at, actor=None, action="refused", target="command line")
        else:
            row = step(session, actor_of(user), registry=registry, at=at)
    if user is None:
        raise WrongPassword
    follow_champions(settings.home, settings.mlruns)
    return {
        "id": row.id,
        "kind": row.kind,
        "version": row.model_version,
        "state": row.state.value,
        "in_the_way": [gate["name"] for gate in promotions.in_the_way(row.gates)],
        "override": row.override,
        "previous": row.previous,
    }


def registered_stage(settings: Settings) -> list[dict[str, Any]]:
    """Every registered version: aliases, what it was trained on, whether it has a report."""
    follow_champions(settings.home, settings.mlruns)
    return [
        {
            "kind": model.kind,
            "version": model.version,
            "aliases": list(model.aliases),
            "as_of": model.params.get("as_of"),
            "run_id": model.run_id,
            "report": str(report_folder(settings.home, model.kind, model.version) / "report.html")
            if _has_report(settings, model)
            else None,
        }
        for model in list_models(settings.mlruns)
    ]


def drift_stage(
    settings: Settings, snapshots: Snapshots, *, as_of: date, weeks: int, done: Done | None = None
) -> list[Drift]:
    """Drift of every entity over the weeks up to a day, kept as `home/drift/latest.json` for the page."""
    with _session(settings) as session:
        outcomes = verification_frame(session)
    found = []
    for number, entity in enumerate(ENTITIES, start=1):
        found.append(_drift(settings, snapshots, outcomes, entity=entity, as_of=as_of, weeks=weeks))
        if done:
            done(number, len(ENTITIES))
    write_json(
        settings.home / "drift" / "latest.json",
        {
            "as_of": as_of.isoformat(),
            "simulated": Lake(settings.home).simulated(),
            "entities": [plain(asdict(one)) | {"alarms": one.alarms} for one in found],
        },
    )
    return found


def retrain_stage(settings: Settings, *, as_of: date, today: date, seed: int, weeks: int) -> Retrained:
    """Train what is due, with reports, and stop there: a person asks for promotion, another approves.

    Doing it again at once trains nothing. A process that was killed leaves no challenger without being trained anew.

    Raises:
        AlreadyTraining: another process trains on this home.
        NothingImported: the home holds no registers.
    """
    with only_one(settings.home):
        snapshots = Snapshots(settings)
        alarms: dict[Scored, Sequence[str]] = {
            one.entity: one.alarms for one in drift_stage(settings, snapshots, as_of=as_of, weeks=weeks)
        }
        reasons = _due(settings, as_of=as_of, alarms=alarms)
        due = {kind for kind, why in reasons.items() if why}
        if not due:
            return Retrained(as_of, reasons, (), {})
        room = room_of(settings, today=today, as_of=as_of)
        trained: list[Trained] = []
        left_out: dict[str, str] = {}
        for family, stage in (("anomaly", train_anomaly_stage), ("risk", train_risk_stage)):
            wanted = [entity for entity in ENTITIES if kind_of(family, entity) in due]
            if wanted:
                done = stage(
                    settings, snapshots, as_of=as_of, seed=seed, truth={}, room=room, entities=wanted
                )
                trained += done.trained
                left_out |= {kind_of(family, entity): why for entity, why in done.left_out.items()}
        if TENDER in due:
            try:
                trained.append(train_tender_stage(settings, as_of=as_of, seed=seed, room=room))
            except NothingToLearnFrom as error:
                left_out[TENDER] = str(error)
        follow_champions(settings.home, settings.mlruns)
        return Retrained(as_of, reasons, tuple(trained), left_out)


def _due(
    settings: Settings, *, as_of: date, alarms: Mapping[Scored, Sequence[str]]
) -> dict[str, tuple[str, ...]]:
    with _session(settings) as session:
        outcomes = verification_frame(session)
    models = list_models(settings.mlruns)
    wanted: list[tuple[str, Scored]] = [
        (kind_of(family, entity), entity) for entity in ENTITIES for family in FAMILIES
    ]
    if set(REGISTERS) <= set(Lake(settings.home).registers()):
        wanted.append((TENDER, "tender"))
    reasons: dict[str, tuple[str, ...]] = {}
    for kind, scored in wanted:
        newest = next((model for model in models if model.kind == kind), None)
        reasons[kind] = why_train(
            _last(settings, newest) if newest else None,
            as_of=as_of,
            outcomes=len(labelled(outcomes, entity=scored, as_of=as_of)),
            alarms=alarms.get(scored, ()),
            definitions_changed=newest is not None
            and newest.params.get("definition_hash") != definitions_of(scored),
        )
    return reasons


def _last(settings: Settings, model: ModelVersion) -> LastTraining:
    counted = model.params.get("outcomes")
    return LastTraining(
        version=model.version,
        as_of=date.fromisoformat(model.params["as_of"]),
        outcomes=int(counted) if counted else None,
        reported=_has_report(settings, model),
    )


def _has_report(settings: Settings, model: ModelVersion) -> bool:
    return report_folder(settings.home, model.kind, model.version).is_dir()


def _drift(
    settings: Settings,
    snapshots: Snapshots,
    outcomes: pd.DataFrame,
    *,
    entity: Entity,
    as_of: date,
    weeks: int,
) -> Drift:
    champion = read_champion(
        settings.home, kind_of("anomaly", entity), key=load_key(settings.home, SIGNING_KEY)
    )
    trained_on = date.fromisoformat(str(champion.meta["as_of"])) if champion else None
    unknown = [] if champion else ["还没有启用异常模型，没有可比较的训练日：特征是否漂移不知道。"]
    columns = []
    if trained_on:
        reference = snapshots.features(entity, trained_on)
        for day in weeks_up_to(as_of, weeks=weeks):
            if day > trained_on:
                now = snapshots.features(entity, day)
                columns += feature_drift(reference, now, dictionary=dictionary(entity))
        if not columns:
            unknown.append("训练日之后还不满一周：特征是否漂移不知道。")
    scores = score_drift(_stored_scores(settings.home, entity, as_of=as_of))
    if not scores:
        unknown.append("同一模型打分不足两天：分数是否漂移不知道。")
    cases = outcome_drift(outcomes, entity=entity, as_of=as_of, weeks=weeks)
    if not cases:
        unknown.append("按分数选出并有结论的案件太少：属实比例是否变化不知道。")
    return Drift(entity, as_of, trained_on, tuple(columns), tuple(scores), tuple(cases), tuple(unknown))


def _stored_scores(home: Path, entity: Entity, *, as_of: date) -> dict[date, pd.DataFrame]:
    """The newest days of stored scores up to a day; each is what people were shown."""
    files = sorted((home / "scores").glob(f"*/{entity}.parquet"))
    days = [(date.fromisoformat(path.parent.name), path) for path in files]
    known: Sequence[tuple[date, Path]] = [(day, path) for day, path in days if day <= as_of]
    columns = ["risk", "bundle_version"]
    return {day: pd.read_parquet(path, columns=columns) for day, path in known[-MOST_SCORE_DAYS:]}


@contextmanager
def _session(settings: Settings) -> Iterator[Session]:
    """One transaction on the newest schema."""
    upgrade(settings.database)
    engine = open_engine(settings.database)
    try:
        with sessions(engine).begin() as session:
            yield session
    finally:
        engine.dispose()
