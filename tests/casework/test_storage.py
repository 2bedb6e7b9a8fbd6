"""Both databases: the schema that migrations build, moments in UTC, and publications that can be repeated."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from uuid import uuid4

import pyarrow.parquet as pq
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError, StatementError

from casework.columns import UTCDateTime
from casework.database import open_engine, sessions, sqlite_url
from casework.errors import BadInput, PublicationMismatch
from casework.migrations import upgrade
from casework.models import Base, CaseWarning, Entity, Event, Outcome, Score, SelectedBy, User, Verification
from casework.outcomes import FRAME_COLUMNS, PastVerification, import_verifications, verification_frame
from casework.publishing import Published, publish_run, publish_scores
from casework.runs import NEWER_SCORE_COLUMNS, evidence_rows
from casework.states import WarningState
from casework.warnings import warnings_of
from casework.watchlist import Wanted, watchlist
from tests.casework_world import (
    ACCOUNTANT,
    AS_OF,
    NOW,
    RUN,
    SECRETARY,
    TOWN_A,
    VILLAGE_A,
    VILLAGE_B,
    finding,
    official_finding,
    write_run,
)
from tests.conftest_pg import create_database, drop_database

NEXT_RUN = "2026-11-30-ba9876543210"


def test_migrations_build_exactly_the_declared_tables(world):
    def same_kind(_context, inspected, declared, _inspected_type, _declared_type):
        return False if isinstance(declared.type, UTCDateTime) else None

    with world.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": same_kind})
        assert compare_metadata(context, Base.metadata) == []


def test_a_moment_comes_back_aware_and_in_utc(world):
    in_china = datetime(2026, 11, 22, 9, 30, 15, 123456, tzinfo=timezone(timedelta(hours=8)))
    with world.sessions.begin() as session:
        session.get_one(User, world.users["clerk"]).created_at = in_china
    with world.sessions.begin() as session:
        found = session.get_one(User, world.users["clerk"]).created_at
    assert found == in_china
    assert found.tzinfo is UTC


def test_a_naive_moment_is_refused(world):
    with world.sessions() as session:
        session.get_one(User, world.users["clerk"]).created_at = datetime(2026, 1, 1)  # noqa: DTZ001
        with pytest.raises(StatementError, match="time zone"):
            session.flush()


def test_every_score_keeps_its_day_its_models_and_its_feature_definitions(world):
    with world.sessions() as session:
        kept = set(session.execute(select(Score.as_of, Score.bundle_version, Score.feature_hash)).all())
    assert kept == {(AS_OF, "20261031-1", "0" * 16)}


def test_a_score_keeps_its_probability_with_the_band(world):
    with world.sessions() as session:
        columns = (Score.entity_id, Score.probability_low, Score.probability, Score.probability_high)
        kept = {row[0]: tuple(row[1:]) for row in session.execute(select(*columns))}
    assert kept[VILLAGE_A] == (0.05, 0.12, 0.23)
    assert kept[VILLAGE_B] == (None, None, None)


def test_scores_stored_by_an_earlier_version_are_published(small_world):
    path = small_world.home / "scores" / AS_OF.isoformat() / "village.parquet"
    pq.write_table(pq.read_table(path).drop_columns(list(NEWER_SCORE_COLUMNS)), path)
    with small_world.sessions.begin() as session:
        publish_scores(session, small_world.home, AS_OF, at=NOW)
        row = session.scalars(select(Score).where(Score.entity_id == VILLAGE_A)).one()
        assert (row.probability, row.probability_low, row.probability_high) == (0.12, None, None)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def empty_url(request, tmp_path):
    """URL of a database without a schema."""
    if request.param == "sqlite":
        yield sqlite_url(tmp_path)
        return
    server = request.getfixturevalue("postgresql_server")
    url = create_database(server, f"t{uuid4().hex}")
    yield url
    drop_database(server, url)


def put_rows(engine, table: str, *rows: dict[str, object]) -> None:
    """Rows of an older schema, by their columns."""
    with engine.begin() as connection:
        for row in rows:
            values = ", ".join(f":{name}" for name in row)
            connection.execute(text(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({values})"), row)


def test_complaints_and_what_hangs_on_them_stay_when_numbers_count_by_office(empty_url):
    upgrade(empty_url, to="0011")
    engine = open_engine(empty_url)
    old = {
        "id": 1, "receipt": "r1", "channel": "hotline", "message_id": "1", "received_at": NOW.isoformat(),
        "division": TOWN_A, "sealed": b"s", "work_text": "t", "simulated": True, "reasons": "[]",
        "state": "triaged", "version": 1, "urgency": "retaliation",
    }  # fmt: skip
    copy = old | {"id": 2, "receipt": "r2", "message_id": "2", "state": "copy", "urgency": ""}
    put_rows(engine, "complaint", old, copy)
    put_rows(engine, "complaint_copy", {"complaint_id": 2, "lead_id": 1})
    engine.dispose()
    upgrade(empty_url)
    engine = open_engine(empty_url)
    with engine.begin() as connection:
        names = ", ".join(name for name in old if name != "received_at")
        stored = connection.execute(text(f"SELECT {names} FROM complaint ORDER BY id")).mappings().all()
        assert [(row["receipt"], row["urgency"], bytes(row["sealed"])) for row in stored] == [
            ("r1", "retaliation", b"s"),
            ("r2", "", b"s"),
        ]
        assert connection.execute(text("SELECT complaint_id, lead_id FROM complaint_copy")).all() == [(2, 1)]
    put_rows(engine, "complaint", old | {"id": 3, "receipt": "r3", "division": "330102002"})
    for bad in (old | {"id": 4, "receipt": "r4"}, old | {"id": 4, "message_id": "4"}):
        with pytest.raises(IntegrityError):
            put_rows(engine, "complaint", bad)
    with pytest.raises(IntegrityError):
        put_rows(engine, "complaint_copy", {"complaint_id": 1, "lead_id": 99})
    engine.dispose()


def test_scores_of_an_older_schema_stay_when_columns_come(empty_url):
    upgrade(empty_url, to="0007")
    engine = open_engine(empty_url)
    old = {
        "entity": "village", "entity_id": VILLAGE_A, "village_code": VILLAGE_A, "managing_level": 9,
        "as_of": AS_OF, "probability": 0.12, "risk": 0.9, "percentile": 90.0, "anomaly": 0.5, "hits": 1,
        "peer_group": "g", "reasons": "[]", "bundle_version": "1", "feature_hash": "0", "simulated": True,
    }  # fmt: skip
    put_rows(engine, "score", old)
    upgrade(empty_url)
    with sessions(engine)() as session:
        row = session.scalars(select(Score)).one()
        assert (row.probability, row.probability_low, row.probability_high) == (0.12, None, None)
    engine.dispose()


def test_publishing_a_run_again_adds_nothing(world):
    with world.sessions.begin() as session:
        assert publish_run(session, world.home, RUN, at=NOW) == Published(added=0, updated=3)
        assert session.scalar(select(func.count()).select_from(CaseWarning)) == 3
        assert session.scalar(select(func.count()).select_from(Event)) == 3


def test_a_later_run_renews_level_and_reason_and_never_the_state(world):
    changed = finding(
        "f-a", level="red", level_rank=3, reason="共 5 笔", official_keys=json.dumps([ACCOUNTANT])
    )
    write_run(world.home, NEXT_RUN, [changed, finding("f-new")])
    with world.sessions.begin() as session:
        row = session.scalars(select(CaseWarning).where(CaseWarning.finding_id == "f-a")).one()
        row.state = WarningState.IN_TASK
    with world.sessions.begin() as session:
        assert publish_run(session, world.home, NEXT_RUN, at=NOW) == Published(added=1, updated=1)
    with world.sessions.begin() as session:
        row = session.scalars(select(CaseWarning).where(CaseWarning.finding_id == "f-a")).one()
        assert (row.level, row.reason, row.state) == ("red", "共 5 笔", WarningState.IN_TASK)
        assert (row.first_run, row.last_run) == (RUN, NEXT_RUN)
        supervisor = world.actor(session, "supervisor")
        concerned = warnings_of(session, supervisor, entity=Entity.OFFICIAL, entity_id=ACCOUNTANT)
        assert [warning.finding_id for warning in concerned] == ["f-a"]


def test_the_managing_level_of_a_warning_is_that_of_the_highest_official(world):
    with world.sessions.begin() as session:
        levels = dict(session.execute(select(CaseWarning.finding_id, CaseWarning.managing_level)).all())
    assert levels == {"f-a": 9, "f-b": 9, "f-o": 6}


def test_publishing_scores_again_replaces_them(world):
    with world.sessions.begin() as session:
        assert publish_scores(session, world.home, AS_OF, at=NOW) == Published(added=0, updated=4)
        assert session.scalar(select(func.count()).select_from(Score)) == 4


def test_files_without_the_contracts_columns_are_refused_by_name(small_world):
    path = small_world.home / "runs" / RUN / "findings.parquet"
    pq.write_table(pq.read_table(path).drop_columns(["reason"]), path)
    with small_world.sessions() as session, pytest.raises(PublicationMismatch, match="reason"):
        publish_run(session, small_world.home, RUN, at=NOW)


@pytest.mark.parametrize("run_id", ["../../etc", "", "2026-10-31-XYZ", RUN + "/.."])
def test_a_run_id_cannot_lead_out_of_the_home(small_world, run_id):
    with small_world.sessions() as session, pytest.raises(BadInput):
        publish_run(session, small_world.home, run_id, at=NOW)


def test_watchlist_is_ranked_filtered_and_bounded(world):
    with world.sessions.begin() as session:
        county, town = world.actor(session, "supervisor"), world.actor(session, "town_a")

        def ids(actor, **wanted) -> list[str]:
            found = watchlist(session, actor, Wanted(**({"entity": Entity.VILLAGE} | wanted)))
            assert found.total >= len(found.rows)
            return [row.score.entity_id for row in found.rows]

        assert ids(county) == [VILLAGE_A, VILLAGE_B]
        assert ids(county, town=TOWN_A) == [VILLAGE_A]
        assert ids(county, min_percentile=90) == [VILLAGE_A]
        assert ids(county, page=2, size=1) == [VILLAGE_B]
        assert ids(town) == [VILLAGE_A]
        assert ids(town, town="330102002") == []
        assert ids(county, entity=Entity.OFFICIAL) == [SECRETARY, ACCOUNTANT]
        assert ids(town, entity=Entity.OFFICIAL) == []  # managed by the county
        first = watchlist(session, county, Wanted(entity=Entity.VILLAGE)).rows[0]
        assert (first.place, first.level) == ("石桥村", "red")
        assert watchlist(session, town, Wanted(entity=Entity.VILLAGE)).rows[0].level == "yellow"


def test_evidence_is_that_of_the_run_that_found_it_last(small_world):
    with small_world.sessions.begin() as session:
        warning = session.scalars(select(CaseWarning).where(CaseWarning.finding_id == "f-a")).one()
    rows = evidence_rows(small_world.home, [warning])
    assert [(row.finding_id, row.source_row) for row in rows] == [("f-a", 118), ("f-a", 119)]
    assert rows[0].key == {"programme_id": "DB", "period": "2026-03"}
    (small_world.home / "runs" / RUN / "evidence.parquet").unlink()
    assert evidence_rows(small_world.home, [warning]) == []


def test_past_verifications_come_in_once_and_go_out_as_a_frame(world):
    past = PastVerification(
        entity=Entity.VILLAGE,
        entity_id=VILLAGE_A,
        selected_on=AS_OF,
        selected_by=SelectedBy.QUOTA,
        propensity=0.1,
        decided_on=AS_OF + timedelta(days=30),
        outcome=Outcome.SUBSTANTIATED,
    )
    with world.sessions.begin() as session:
        assert import_verifications(session, [past, past], source="simulation") == 1
        assert import_verifications(session, [past], source="simulation") == 0
        frame = verification_frame(session)
        session.query(Verification).delete()
        empty = verification_frame(session)
    assert tuple(frame.columns) == FRAME_COLUMNS == tuple(empty.columns)
    assert frame.to_dict("records") == [
        {
            "entity": "village",
            "entity_id": VILLAGE_A,
            "selected_on": AS_OF,
            "selected_by": "quota",
            "propensity": 0.1,
            "decided_on": AS_OF + timedelta(days=30),
            "outcome": "substantiated",
        }
    ]


def test_an_official_finding_links_its_subject(world):
    write_run(world.home, NEXT_RUN, [official_finding("f-x", ACCOUNTANT)])
    with world.sessions.begin() as session:
        publish_run(session, world.home, NEXT_RUN, at=NOW)
        found = warnings_of(
            session, world.actor(session, "supervisor"), entity=Entity.OFFICIAL, entity_id=ACCOUNTANT
        )
    assert [warning.finding_id for warning in found] == ["f-x"]
