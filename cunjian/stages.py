"""The stages of the main job on one home: run the models, train, promote, score, bring results before people."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path

import pyarrow as pa
from sqlglot import exp

from casework.database import open_engine, sessions
from casework.drafts import follow
from casework.migrations import upgrade
from casework.outcomes import confirmed_companies, import_verifications
from casework.promotions import follow as follow_promotions
from casework.promotions import has_serving
from casework.publishing import Post, Published, publish_directory, publish_run, publish_scores
from cunjian.imports import read_verifications
from cunjian.settings import Settings
from cunjian.tenders import NoTenders, tenders_of
from features.compute import FeatureSet, NothingToDescribe, feature_set, villages_of
from features.dictionary import ENTITIES, Entity, dictionary
from ml.bundle import champion_version
from ml.kinds import TENDER, Scored, kind_of
from ml.scoring import load_scorers, score_entities, write_scores
from ml.tender_scoring import load_tender_scorer, score_tenders
from registers.changes import Changes, Moment
from registers.engine import DuckDBEngine, Engine
from registers.lake import Lake
from registers.pseudonyms import load_key
from registers.query import literal
from registers.spark import SparkEngine
from supervision.catalogue import Model, load_models
from supervision.nightly import Nightly, run_nightly
from supervision.published import EVERYWHERE, ModelsOfHome, models_in_force, scopes_of
from supervision.regions import Regions, load_regions
from supervision.runner import Progress, find, run_models
from supervision.runs import Run, RunNotFound, latest_day, read_run, store_run
from training.registry import Promotion, challenger, promote

SIGNING_KEY = "signing"

Done = Callable[[int, int], None]


class NothingImported(LookupError):
    """The home holds no registers yet."""


@dataclass(frozen=True)
class Scoring:
    """The scores of one day by entity, highest risk first; empty where no champion was promoted."""

    as_of: date
    run_id: str
    tables: dict[Scored, pa.Table]
    published: Published | None


def open_lake(
    settings: Settings, *, as_of: date, batches: Mapping[str, Collection[str]] | None = None
) -> DuckDBEngine | SparkEngine:
    """The engine that the settings choose, over the home's registers as they were known on a day.

    Raises:
        NothingImported: the home holds no registers.
        SparkUnavailable: the settings choose Spark, and PySpark or Java is missing.
    """
    lake = Lake(settings.home)
    if not lake.registers():
        raise NothingImported(f"“{settings.home}”里还没有登记表，请先运行 cunjian import")
    opened = SparkEngine if settings.engine == "spark" else DuckDBEngine
    return opened(lake, as_of=as_of, batches=batches)


def run_stage(
    settings: Settings,
    *,
    as_of: date,
    at: datetime,
    models: Sequence[Model] = (),
    nightly: bool = False,
    done: Done | None = None,
) -> tuple[Run, Published | None]:
    """Run the models in force or some of them, store the run, and bring its findings before people as warnings.

    A run of a past day, or of some models only, is stored and shown but touches no warning: what people work on
    is the newest full run. A `nightly` run starts from the latest one and computes what changed since.

    Raises:
        NothingImported: the home holds no registers.
        RunNotFound: there is no run that a nightly one could start from.
        RegionError: the regional parameters cannot be used.
        ModelError: a model that a county published does not load any more.
    """
    in_force = [(model, EVERYWHERE) for model in models] or current_models(settings)
    chosen, scopes = [model for model, _ in in_force], scopes_of(in_force)
    finished: list[str] = []

    def model_done(model_id: str) -> None:
        finished.append(model_id)
        if done:
            done(len(finished), len(chosen))

    regions = load_regions(settings.home, ModelsOfHome(settings.home))
    outcomes = _confirmed_companies(settings)
    with open_lake(settings, as_of=as_of) as engine:
        if nightly:
            run = _update_latest(
                settings,
                engine,
                chosen,
                regions=regions,
                scopes=scopes,
                outcomes=outcomes,
                progress=model_done,
            ).run
        else:
            run = run_models(
                engine, chosen, regions=regions, progress=model_done, scopes=scopes, outcomes=outcomes
            )
        newest = latest_day(settings.home)
        current = not models and (newest is None or as_of >= newest)
        store_run(settings.home, run, latest=current)
        places, posts = _directory(engine)
    if not current:
        return run, None
    upgrade(settings.database)
    with sessions(open_engine(settings.database)).begin() as session:
        publish_directory(session, places=places, posts=posts)
        published = publish_run(session, settings.home, run.run_id, at=at)
    return run, published


def current_models(settings: Settings) -> list[tuple[Model, str]]:
    """The models in force with their divisions; files of published ones are first brought to what casework has.

    Raises:
        ModelError: a published model does not load any more.
    """
    upgrade(settings.database)
    with sessions(open_engine(settings.database)).begin() as session:
        follow(session, settings.home)
    return models_in_force(settings.home)


def _update_latest(
    settings: Settings,
    engine: Engine,
    models: Sequence[Model],
    *,
    regions: Regions,
    scopes: Mapping[str, str],
    outcomes: pa.Table,
    progress: Progress,
) -> Nightly:
    """The latest stored run brought up to date. Raises `RunNotFound` when there is none before the engine's day."""
    lake = Lake(settings.home)
    previous = read_run(settings.home)
    if previous.as_of > engine.as_of:
        raise RunNotFound(
            f"最近一次运行是 {previous.as_of} 的，晚于 {engine.as_of}；请去掉 --nightly 全部重算"
        )
    earlier, later = Moment(previous.as_of, previous.batches), Moment(engine.as_of, engine.batches)
    with (
        open_lake(settings, as_of=previous.as_of, batches=previous.batches) as before,
        Changes(lake, catalogue=engine.catalogue, earlier=earlier, later=later) as changes,
    ):
        return run_nightly(
            engine,
            models,
            before=before,
            previous=previous,
            changes=changes,
            regions=regions,
            progress=progress,
            scopes=scopes,
            outcomes=outcomes,
        )


def _confirmed_companies(settings: Settings) -> pa.Table:
    """Companies whose warnings people confirmed: a contractor's credit falls with them."""
    upgrade(settings.database)
    with sessions(open_engine(settings.database)).begin() as session:
        rows = confirmed_companies(session)
    return pa.table(
        {
            "company_id": pa.array([company for company, _ in rows], pa.string()),
            "confirmed_on": pa.array([day for _, day in rows], pa.date32()),
        }
    )


def _directory(engine: Engine) -> tuple[dict[str, str], list[Post]]:
    places = engine.query(exp.select("division_code", "name").from_("division")).to_pylist()
    columns = ("person_key", "village_code", "post", "managing_authority")
    end = exp.column("term_end")
    in_office = exp.or_(end.is_(exp.null()), end >= literal(engine.as_of))
    posts = engine.query(
        exp.select(*columns).from_("official").where(in_office).order_by(*columns)
    ).to_pylist()
    return (
        {row["division_code"]: row["name"] for row in places},
        [
            Post(
                person_key=r["person_key"],
                village_code=r["village_code"],
                post=r["post"],
                authority=r["managing_authority"],
            )
            for r in posts
        ],
    )


class Snapshots:
    """Features and findings of past days, each day computed once, with the parameters and outcomes of a run."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._regions = load_regions(settings.home, ModelsOfHome(settings.home))
        self._outcomes = _confirmed_companies(settings)
        self._findings = cache(self._compute_findings)
        self._features = cache(self._compute_features)

    def at(self, entity: Entity, day: date) -> tuple[FeatureSet, pa.Table]:
        """What was known of every entity on a day, and the findings of that day."""
        return self._features(entity, day), self._findings(day)

    def features(self, entity: Entity, day: date) -> FeatureSet:
        """What was known of every entity on a day."""
        return self._features(entity, day)

    def _compute_findings(self, day: date) -> pa.Table:
        with open_lake(self._settings, as_of=day) as engine:
            models = load_models().values()
            return find(engine, models, regions=self._regions, outcomes=self._outcomes)

    def _compute_features(self, entity: Entity, day: date) -> FeatureSet:
        with open_lake(self._settings, as_of=day) as engine:
            return feature_set(engine, entity)


class TwoPeopleNeeded(LookupError):
    """A model of real registers, or one that people decided on before, serves only after a request and an approval."""


def promote_stage(settings: Settings, kind: str, *, version: str | None, by: str) -> Promotion:
    """Let a version serve at once, by default the challenger: for trying out on a simulated home.

    Raises:
        TwoPeopleNeeded: the home is not simulated, or people have promoted a model of this kind.
    """
    upgrade(settings.database)
    with sessions(open_engine(settings.database)).begin() as session:
        decided = has_serving(session, kind)
    lake = Lake(settings.home)
    if decided or (lake.registers() and not lake.simulated()):
        raise TwoPeopleNeeded(
            f"{kind} 须一人申请、另一人批准：cunjian models request {kind}，再 cunjian models approve；回退用 cunjian models rollback {kind}"
        )
    chosen = version or challenger(kind, mlruns=settings.mlruns)
    return promote(
        kind,
        chosen,
        by=by,
        home=settings.home,
        mlruns=settings.mlruns,
        key=load_key(settings.home, SIGNING_KEY),
    )


def score_stage(settings: Settings, run: Run, *, at: datetime) -> Scoring:
    """Score every entity that has a champion, and tenders, store the scores and bring them before people."""
    key = load_key(settings.home, SIGNING_KEY)
    with sessions(open_engine(settings.database)).begin() as session:
        follow_promotions(session, settings.home)
    tables: dict[Scored, pa.Table] = {}
    bundles: dict[str, str] = {}
    with open_lake(settings, as_of=run.as_of) as engine:
        for entity in ENTITIES:
            if champion_version(settings.home, kind_of("anomaly", entity)) is None:
                continue
            try:
                features = feature_set(engine, entity)
            except NothingToDescribe:
                continue
            scorers = load_scorers(settings.home, features=features, key=key)
            tables[entity] = score_entities(
                features,
                run.findings,
                scorers=scorers,
                dictionary=dictionary(entity),
                simulated=run.simulated,
                villages=villages_of(engine, entity),
                names=_company_names(engine) if entity == "supplier" else {},
            )
            bundles |= scorers.versions
        if champion_version(settings.home, TENDER) is not None:
            scorer = load_tender_scorer(settings.home, key=key)
            with suppress(NoTenders):
                own = tenders_of(engine)
                tables["tender"] = score_tenders(
                    own.bids,
                    own.villages,
                    run.findings,
                    scorer=scorer,
                    as_of=run.as_of,
                    simulated=run.simulated,
                )
                bundles[TENDER] = scorer.version
    if not tables:
        return Scoring(run.as_of, run.run_id, {}, None)
    write_scores(settings.home, tables, as_of=run.as_of, run_id=run.run_id, bundles=bundles)
    with sessions(open_engine(settings.database)).begin() as session:
        published = publish_scores(session, settings.home, run.as_of, at=at)
    return Scoring(run.as_of, run.run_id, tables, published)


def _company_names(engine: Engine) -> dict[str, str]:
    """Names of companies by credit code, from the public register; empty where it was not imported."""
    if "company" not in engine.registers:
        return {}
    rows = engine.query(exp.select("company_id", "name").from_("company")).to_pylist()
    return {row["company_id"]: row["name"] for row in rows if row["name"]}


def import_outcomes(settings: Settings, path: Path) -> int:
    """Import past verifications into casework; the same file twice adds nothing."""
    upgrade(settings.database)
    past = read_verifications(path, home=settings.home)
    with sessions(open_engine(settings.database)).begin() as session:
        return import_verifications(session, past, source=path.name)
