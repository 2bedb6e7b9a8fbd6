"""Scored tenders before people: seen where they lie, with the warnings about them, and labels from their outcomes."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from casework import tasks
from casework.errors import NotVisible
from casework.models import CaseWarning, Entity, Outcome, Verification
from casework.outcomes import confirmed_companies, verified_warnings
from casework.publishing import publish_run, publish_scores
from casework.tasks import Assignment, Report
from casework.warnings import warnings_of
from casework.watchlist import Wanted, score_of, watchlist
from ml.scoring import SCORES_SCHEMA
from tests.casework_world import AS_OF, NOW, VILLAGE_A, VILLAGE_B, World, finding, score, write_run

HERE, THERE = "T-1/2026 甲", "T-2"
TENDER_RUN = "2026-11-30-ba9876543210"


def publish_tenders(world: World) -> None:
    """A tender with a finding in each village, the first with a number that is no plain text."""
    findings = [
        finding("f-here", subject_type="tender", subject_id=HERE),
        finding("f-there", subject_type="tender", subject_id=THERE, village=VILLAGE_B),
    ]
    write_run(world.home, TENDER_RUN, findings)
    rows = [score(HERE, VILLAGE_A, risk=0.95), score(THERE, VILLAGE_B, risk=0.5)]
    table = pa.table({field.name: [row[field.name] for row in rows] for field in SCORES_SCHEMA})
    pq.write_table(table.cast(SCORES_SCHEMA), world.home / "scores" / AS_OF.isoformat() / "tender.parquet")
    with world.sessions.begin() as session:
        publish_run(session, world.home, TENDER_RUN, at=NOW)
        publish_scores(session, world.home, AS_OF, at=NOW)


def test_a_tender_is_seen_where_it_lies(world):
    publish_tenders(world)
    with world.sessions() as session:
        for who, seen in (("supervisor", [HERE, THERE]), ("town_a", [HERE]), ("town_b", [THERE])):
            found = watchlist(session, world.actor(session, who), Wanted(entity=Entity.TENDER))
            assert [row.score.entity_id for row in found.rows] == seen
            assert all((row.whole, row.level) == (True, "yellow") for row in found.rows)
        with pytest.raises(NotVisible):
            score_of(session, world.actor(session, "town_b"), entity=Entity.TENDER, entity_id=HERE)
        listed = warnings_of(
            session, world.actor(session, "supervisor"), entity=Entity.TENDER, entity_id=HERE
        )
        assert [warning.finding_id for warning in listed] == ["f-here"]
        assert listed[0].legal_basis[0]["to_be_confirmed"] is True


def test_what_was_found_about_a_tender_is_its_label(world):
    publish_tenders(world)
    with world.sessions.begin() as session:
        one, two = world.actor(session, "supervisor"), world.actor(session, "supervisor2")
        warning = session.scalars(select(CaseWarning).where(CaseWarning.finding_id == "f-here")).one()
        task = tasks.open_from_warning(
            session, one, warning.id, Assignment(assignee_id=one.id), models={}, at=NOW
        )
        tasks.accept(session, one, task.id, at=NOW)
        tasks.report(session, one, task.id, Report(outcome=Outcome.NOT_SUBSTANTIATED, note="已核对"), at=NOW)
        tasks.approve(session, two, task.id, comment=None, at=NOW)
        rows = session.scalars(select(Verification).order_by(Verification.entity)).all()
        assert [(row.entity, row.entity_id) for row in rows] == [
            (Entity.TENDER, HERE),
            (Entity.VILLAGE, VILLAGE_A),
        ]
        assert len(verified_warnings(session)) == 1
        assert confirmed_companies(session) == []
