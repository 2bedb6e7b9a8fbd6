"""Suppliers: seen by whoever covers one of their villages, of their rows only those of the own part."""

from __future__ import annotations

import pytest
from sqlalchemy import func, or_, select

from casework import tasks
from casework.access import RiskFacts, sees_all_of, sees_risk
from casework.errors import NotVisible
from casework.models import CaseWarning, Entity, Outcome, Score, ScorePlace, Verification
from casework.outcomes import confirmed_companies, verified_warnings
from casework.publishing import Published, publish_scores
from casework.roles import Actor, Role
from casework.scope import visible_scores
from casework.tasks import Assignment, Report
from casework.warnings import warnings_of
from casework.watchlist import Wanted, facts_of, score_of, watchlist
from ml.kinds import SCORED_NAMES
from tests.casework.supplier_world import BOTH, LOCAL, publish_suppliers
from tests.casework.test_access import ACTORS
from tests.casework_world import AS_OF, NOW, TOWN_A, TOWN_B, VILLAGE_A, VILLAGE_B

NEIGHBOUR = Actor(id=99, name="某", role=Role.SUPERVISOR, division="330103")


def names(features) -> list[str]:
    return [reason["feature"] for reason in features]


def test_what_casework_keeps_scores_of_is_what_is_scored():
    assert tuple(entity.value for entity in Entity) == tuple(SCORED_NAMES)


def test_whoever_covers_one_village_sees_the_score_and_nobody_else(world):
    publish_suppliers(world)
    with world.sessions() as session:
        for who, seen in (("supervisor", [BOTH, LOCAL]), ("town_a", [BOTH, LOCAL]), ("town_b", [BOTH])):
            found = watchlist(session, world.actor(session, who), Wanted(entity=Entity.SUPPLIER))
            assert [row.score.entity_id for row in found.rows] == seen, who
        assert watchlist(session, NEIGHBOUR, Wanted(entity=Entity.SUPPLIER)).rows == []
        for actor, company in ((world.actor(session, "town_b"), LOCAL), (NEIGHBOUR, BOTH)):
            with pytest.raises(NotVisible):
                score_of(session, actor, entity=Entity.SUPPLIER, entity_id=company)


def test_a_town_is_told_of_its_own_part_only(world):
    publish_suppliers(world)
    with world.sessions() as session:
        county, town = (
            score_of(session, world.actor(session, who), entity=Entity.SUPPLIER, entity_id=BOTH)
            for who in ("supervisor", "town_a")
        )
        assert (county.whole, county.hits, county.villages) == (True, 2, (VILLAGE_B, VILLAGE_A))
        assert (county.place, county.level) == ("柳林村等 2 个村", "red")
        assert names(county.reasons) == ["payee_concentration", "hits_tender"]
        assert (town.whole, town.hits, town.villages) == (False, 1, (VILLAGE_A,))
        assert (town.place, town.level) == ("石桥村", "yellow")
        assert names(town.reasons) == ["payee_concentration"]
        assert town.score.probability == county.score.probability
        listed = warnings_of(session, world.actor(session, "town_a"), entity=Entity.SUPPLIER, entity_id=BOTH)
        assert [warning.finding_id for warning in listed] == ["f-both-a"]


def test_a_finding_that_names_an_official_of_the_county_is_not_told_to_the_town(world):
    publish_suppliers(world)
    with world.sessions() as session:
        town = score_of(session, world.actor(session, "town_a"), entity=Entity.SUPPLIER, entity_id=LOCAL)
        county = score_of(
            session, world.actor(session, "supervisor"), entity=Entity.SUPPLIER, entity_id=LOCAL
        )
        assert (town.whole, town.hits, town.level) == (False, 0, None)
        assert "hits_tender" not in names(town.reasons)
        assert (county.whole, county.hits, county.level) == (True, 2, "yellow")


def test_the_filter_by_town_finds_suppliers_that_work_there(world):
    publish_suppliers(world)
    with world.sessions() as session:
        county = world.actor(session, "supervisor")
        for town, seen in ((TOWN_A, [BOTH, LOCAL]), (TOWN_B, [BOTH])):
            found = watchlist(session, county, Wanted(entity=Entity.SUPPLIER, town=town))
            assert [row.score.entity_id for row in found.rows] == seen
            assert found.total == len(seen)


def test_few_peers_are_counted(world):
    publish_suppliers(world)
    with world.sessions() as session:
        county = world.actor(session, "supervisor")
        row = watchlist(session, county, Wanted(entity=Entity.SUPPLIER, size=1)).rows[0]
        assert (row.peers, row.few_peers) == (2, True)


def test_the_list_in_sql_agrees_with_the_pure_rule(world):
    publish_suppliers(world)
    with world.sessions() as session:
        scores = session.scalars(select(Score)).all()
        facts = facts_of(session, scores)
        for actor in ACTORS:
            visible = or_(*(visible_scores(actor, entity) for entity in Entity))
            listed = set(session.scalars(select(Score.id).where(visible)))
            assert listed == {score.id for score in scores if sees_risk(actor, facts[score.id])}, actor


def test_all_is_seen_only_where_every_village_is_covered():
    facts = RiskFacts(village_code=VILLAGE_A, also_in=(VILLAGE_B,))
    for division, some, everything in (
        ("330102", True, True), (TOWN_A, True, False), (TOWN_B, True, False), ("330103", False, False), ("", False, False),
    ):  # fmt: skip
        actor = Actor(id=1, name="某", role=Role.SUPERVISOR, division=division)
        assert (sees_risk(actor, facts), sees_all_of(actor, facts)) == (some, everything), division


def test_publishing_again_replaces_the_places(world):
    publish_suppliers(world)
    with world.sessions.begin() as session:
        assert publish_scores(session, world.home, AS_OF, at=NOW) == Published(added=0, updated=6)
        assert session.scalar(select(func.count()).select_from(ScorePlace)) == 1


def test_what_was_found_about_a_company_counts_for_its_village_and_for_the_company(world):
    publish_suppliers(world)
    with world.sessions.begin() as session:
        one, two = world.actor(session, "supervisor"), world.actor(session, "supervisor2")
        warning = session.scalars(select(CaseWarning).where(CaseWarning.finding_id == "f-both-b")).one()
        task = tasks.open_from_warning(
            session, one, warning.id, Assignment(assignee_id=one.id), models={}, at=NOW
        )
        tasks.accept(session, one, task.id, at=NOW)
        tasks.report(session, one, task.id, Report(outcome=Outcome.SUBSTANTIATED, note="已核对"), at=NOW)
        tasks.approve(session, two, task.id, comment=None, at=NOW)
        rows = session.scalars(select(Verification).order_by(Verification.entity)).all()
        assert [(row.entity, row.entity_id, row.outcome) for row in rows] == [
            (Entity.SUPPLIER, BOTH, Outcome.SUBSTANTIATED),
            (Entity.VILLAGE, VILLAGE_B, Outcome.SUBSTANTIATED),
        ]
        assert len(verified_warnings(session)) == 1
        assert [company for company, _ in confirmed_companies(session)] == [BOTH]
