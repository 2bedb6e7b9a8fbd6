"""`cunjian plan`: the week's plan is drawn by a timer, people confirm it on the page."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from casework.errors import BadInput
from casework.models import Entity, Score
from casework.plan_models import Plan
from cunjian.cli import app
from cunjian.plans import propose_stage, said
from cunjian.settings import Settings
from ml.survey import share
from tests.casework.plan_world import WEEK, more_villages
from tests.casework_world import COUNTY, NOW


@pytest.fixture
def county(small_world):
    with small_world.sessions.begin() as session:
        more_villages(session)
    return small_world


def settings(world) -> Settings:
    return Settings(home=world.home, database_url=world.url)


@pytest.fixture
def run(county, monkeypatch):
    """The command line over the county, in this process."""
    monkeypatch.setenv("CUNJIAN_HOME", str(county.home))
    monkeypatch.setenv("CUNJIAN_DATABASE_URL", county.url)

    def invoke(*arguments: str) -> str:
        done = CliRunner().invoke(app, ["plan", *arguments], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    return invoke


def test_plans_are_for_counties_with_scored_villages_only(county):
    """A supplier or a tender of the city has a score, and no plan."""
    with county.sessions.begin() as session:
        village = session.scalars(select(Score).where(Score.entity == Entity.VILLAGE)).first()
        kept = ("managing_level", "as_of", "risk", "percentile", "anomaly", "hits", "peer_group", "reasons",
                "bundle_version", "feature_hash", "simulated")  # fmt: skip
        same = {name: getattr(village, name) for name in kept}
        session.add(Score(entity=Entity.TENDER, entity_id="T1", village_code="3301", **same))
        session.add(
            Score(entity=Entity.SUPPLIER, entity_id="91330100MA2B00001X", village_code="330109001001", **same)
        )
    plans = propose_stage(settings(county), on=WEEK, division="33", at=NOW)
    assert [plan.division for plan in plans] == [COUNTY]


def test_a_plan_is_proposed_once_and_says_nothing_of_the_quota(county, run):
    on = ("--on", "2026-11-18", "--division", COUNTY)
    (plan,) = json.loads(run("propose", *on, "--json"))
    assert (plan["week"], plan["division"], plan["state"], plan["simulated"]) == (
        WEEK.isoformat(),
        COUNTY,
        "proposed",
        True,
    )
    assert len(plan["villages"]) == 5
    assert plan["villages"] == sorted(plan["villages"])
    assert "模拟数据" in run("propose", *on)
    with county.sessions() as session:
        assert len(session.scalars(select(Plan)).all()) == 1


def test_results_before_any_plan_are_said_plainly(run):
    on = ("--on", "2026-11-18", "--division", COUNTY)
    assert json.loads(run("results", *on, "--json"))["recall"] == {
        "value": None,
        "low": 0.0,
        "high": 1.0,
        "bound": "unknown",
        "cases": 0,
    }
    assert "还说不清" in run("results", *on)


def test_a_day_before_all_scores_has_no_plan(county):
    with pytest.raises(BadInput, match="还没有分数"):
        propose_stage(settings(county), on=date(2020, 1, 8), division=COUNTY, at=NOW)


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        ([], "还说不清"),
        ([0.0] * 10, "不超过 26%（10 个）"),
        ([1.0] * 10, "不低于 74%（10 个）"),
        ([1.0] * 10 + [0.0] * 30, "25%（13% 至 41%，40 个）"),
    ],
)
def test_shares_are_said_in_words(found, sentence):
    assert said(share(np.array(found))) == sentence
