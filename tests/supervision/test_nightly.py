"""The nightly run equals a full run, and a model's claim to split into parts holds."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from registers.catalogue import load_catalogue
from registers.changes import Changes, Moment
from registers.engine import DuckDBEngine
from registers.importing import import_file
from registers.lake import Lake
from supervision.catalogue import Model, load_models
from supervision.computability import Computability
from supervision.model_run import ModelRun
from supervision.nightly import How, Nightly, run_nightly
from supervision.parts import Parts, keep_parts, part_of
from supervision.runner import run_models
from supervision.runs import Run
from tests.supervision.county import END, NEXT_DAY, deliver, hold_back, write_county

pytestmark = pytest.mark.xdist_group("nightly")  # one worker makes what these tests share

MODELS = load_models()
SPLIT = [model for model in MODELS.values() if model.partition]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_county(tmp_path_factory.mktemp("nightly") / "county")


@pytest.fixture(scope="module")
def county(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBEngine]:
    home = tmp_path_factory.mktemp("whole")
    deliver(files, home)
    with DuckDBEngine(Lake(home), as_of=END) as engine:
        yield engine


@pytest.fixture(scope="module")
def grown(files: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Lake, Run]:
    """A lake that received the last rows of two villages after its first run, and that run."""
    folder = tmp_path_factory.mktemp("grown")
    codes = sorted({line.split(",")[0] for line in villages_of(files)})
    hold_back(files, folder / "earlier", villages=set(codes[:2]), seed=3)
    home = folder / "home"
    deliver(folder / "earlier", home)
    with DuckDBEngine(Lake(home), as_of=END) as engine:
        first = run_models(engine, MODELS.values())
    deliver(files, home)
    return Lake(home), first


def villages_of(files: Path) -> list[str]:
    lines = (files / "division.csv").read_text("utf-8-sig").splitlines()[1:]
    return [
        line for line in lines if len(line.split(",")[0]) == 12 and not line.split(",")[0].endswith("000")
    ]


def nightly(lake: Lake, previous: Run, *, as_of: date) -> tuple[Nightly, Run]:
    """The nightly run and the full one."""
    with (
        DuckDBEngine(lake, as_of=as_of) as engine,
        DuckDBEngine(lake, as_of=previous.as_of, batches=previous.batches) as before,
        Changes(
            lake,
            catalogue=load_catalogue(),
            earlier=Moment(previous.as_of, previous.batches),
            later=Moment(as_of, engine.batches),
        ) as changes,
    ):
        updated = run_nightly(engine, MODELS.values(), before=before, previous=previous, changes=changes)
        return updated, run_models(engine, MODELS.values())


def assert_equal(run: Run, full: Run) -> None:
    assert run.run_id == full.run_id
    assert run.findings.equals(full.findings)
    assert run.evidence.equals(full.evidence)
    assert run.verdicts.equals(full.verdicts)


def test_nothing_changed(grown: tuple[Lake, Run]) -> None:
    lake, _ = grown
    with DuckDBEngine(lake, as_of=END) as engine:
        full = run_models(engine, MODELS.values())
    updated, again = nightly(lake, full, as_of=END)
    assert_equal(updated.run, again)
    weigh_outcomes = {model.id for model in MODELS.values() if "contractor_credit" in model.derived}
    assert {name for name, plan in updated.plans.items() if plan.how is not How.KEPT} == weigh_outcomes


def test_new_rows_of_some_villages(grown: tuple[Lake, Run]) -> None:
    updated, full = nightly(*grown, as_of=END)
    assert_equal(updated.run, full)
    assert not updated.run.findings.equals(grown[1].findings)
    assert How.PARTS in {plan.how for plan in updated.plans.values()}


def test_a_day_later(grown: tuple[Lake, Run]) -> None:
    updated, full = nightly(*grown, as_of=NEXT_DAY)
    assert_equal(updated.run, full)


def test_a_register_behind_a_derived_relation_is_never_split(files: Path, tmp_path: Path) -> None:
    """A tender that changed in one village can move a group of bidders that meets in another."""
    groups = MODELS["co_bidding_group_takes_turns"]
    assert groups.partition
    assert "tender" in groups.partition.registers
    deliver(files, tmp_path)
    lake = Lake(tmp_path)
    with DuckDBEngine(lake, as_of=END) as engine:
        first = run_models(engine, [groups])
    lines = (files / "tender.csv").read_bytes().splitlines(keepends=True)
    raised = tmp_path / "tender.csv"
    raised.write_bytes(
        b"".join([lines[0], *(line.replace("公开".encode(), "邀请".encode()) for line in lines[1:])])
    )
    catalogue = load_catalogue()
    import_file(raised, lake=lake, catalogue=catalogue, delivered_on=END, register="tender", backfill=True)
    with (
        DuckDBEngine(lake, as_of=END) as engine,
        DuckDBEngine(lake, as_of=END, batches=first.batches) as before,
        Changes(
            lake,
            catalogue=catalogue,
            earlier=Moment(END, first.batches),
            later=Moment(END, engine.batches),
        ) as changes,
    ):
        assert changes.any_in("tender")
        updated = run_nightly(engine, [groups], before=before, previous=first, changes=changes)
    assert updated.plans[groups.id].how is How.WHOLE


def test_a_changed_model_is_run_whole(grown: tuple[Lake, Run]) -> None:
    lake, first = grown
    models = {**first.models, SPLIT[0].id: {"version": 1, "hash": "another"}}
    stale = Run(**{**vars(first), "models": models})
    updated, full = nightly(lake, stale, as_of=END)
    assert updated.plans[SPLIT[0].id].how is How.WHOLE
    assert_equal(updated.run, full)


@pytest.mark.parametrize("model", SPLIT, ids=lambda model: model.id)
def test_a_model_splits_as_it_claims(county: DuckDBEngine, model: Model) -> None:
    """The parts computed alone give what the whole gives for them."""
    assert model.partition
    computability = Computability(county, [model])
    whole = ModelRun(county, model, computability)
    by_subject = model.partition.by == "subject"
    places = [(s, v) for v, subjects in whole.population.items() for s in subjects]
    every = sorted(
        {part_of(model.partition, subject if by_subject else village) for subject, village in places}
    )
    found = sorted(
        {
            part_of(model.partition, str(f["subject_id" if by_subject else "village_code"]))
            for f in whole.findings
        }
    )
    rng = random.Random(1)  # noqa: S311
    some = {*rng.sample(every, k=min(len(every), 1 + len(every) // 3)), *found[:5]}
    parts = Parts(model.partition, frozenset(some))
    keep_parts(county, model.partition.by, parts.values, [model])
    alone = ModelRun(county, model, computability, parts=parts)
    assert sorted(map(str, alone.findings)) == sorted(
        str(finding) for finding in whole.findings if parts.hold(finding)
    )
    expected = {(s, v) for s, v in places if parts.hold({"subject_id": s, "village_code": v})}
    assert {(s, v) for v, subjects in alone.population.items() for s in subjects} == expected
