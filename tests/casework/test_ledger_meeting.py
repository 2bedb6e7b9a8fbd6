"""Complaint meets ledger: hits, missing data, nothing; each raises the other; and who is never told."""

from __future__ import annotations

import json
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from casework import complaints
from casework.intake import receive
from casework.ledger_meeting import complaints_beside, meeting, raise_sentences
from casework.models import CaseWarning, Complaint
from casework.runs import village_verdicts
from casework.scope import visible_complaints
from casework.states import ComplaintState, WarningState
from casework.warnings import warnings_page
from supervision.runs import VERDICTS_SCHEMA
from tests.casework_world import COUNTY, NOW, RUN, TOWN_A, VILLAGE_A, VILLAGE_B, KeywordTriage, message

MODEL_IDS = ("assistance_paid_after_death", "subsistence_car_or_houses", "disability_allowance_without_card")


def take_in(session, world, *given) -> list[int]:
    answers = receive(
        session, given, sealer=world.sealer, triage=KeywordTriage(), triage_version="base-1", at=NOW
    )
    return [answer.complaint_id for answer in answers]


def about(
    session, row_id: int, *, field: str | None = "assistance", village: str | None = VILLAGE_A
) -> Complaint:
    complaint = session.get_one(Complaint, row_id)
    complaint.field, complaint.about = field, village
    session.flush()
    return complaint


def write_verdicts(home, rows: list[tuple[str, str, int, int, int, int, str]]) -> None:
    table = pa.Table.from_pylist(
        [dict(zip(VERDICTS_SCHEMA.names, (*row[:6], sum(row[2:6]), row[6]), strict=True)) for row in rows],
        schema=VERDICTS_SCHEMA,
    )
    pq.write_table(table, home / "runs" / RUN / "verdicts.parquet")
    (home / "runs" / "latest.json").write_text(json.dumps({"run_id": RUN, "as_of": "2026-10-31"}))


def test_hits_missing_data_and_nothing_are_three_answers(world):
    hit, unknown, clear = MODEL_IDS
    write_verdicts(
        world.home,
        [
            (hit, VILLAGE_A, 1, 4, 0, 0, ""),
            (unknown, VILLAGE_A, 0, 0, 0, 1, "缺登记表：车辆"),
            (clear, VILLAGE_A, 0, 5, 0, 0, ""),
            (clear, VILLAGE_B, 0, 5, 0, 0, ""),
        ],
    )
    with world.sessions.begin() as session:
        (row_id,) = take_in(session, world, message("石桥村低保名单不公开"))
        county = world.actor(session, "supervisor")
        complaint = about(session, row_id)
        complaint.state, complaint.office = ComplaintState.KEY_MATTER, COUNTY
        found = meeting(session, county, complaint, home=world.home)
        assert found.answer == "hits"
        assert [warning.finding_id for warning in found.hits] == ["f-o", "f-a"]
        assert [(one.model_id, one.reason) for one in found.not_computable] == [(unknown, "缺登记表：车辆")]
        assert (found.clear, str(found.as_of)) == (1, "2026-10-31")
        assert found.in_period == {warning.id for warning in found.hits}
        for warning in session.scalars(select(CaseWarning)):
            warning.state = WarningState.SET_ASIDE
        assert meeting(session, county, complaint, home=world.home).answer == "missing"
        complaint.about = VILLAGE_B
        assert meeting(session, county, complaint, home=world.home).answer == "nothing"


@pytest.mark.parametrize(
    ("text", "began", "within"),
    [
        ("石桥村低保名单不公开", date(2023, 11, 23), True),
        ("去年石桥村低保名单不公开", date(2025, 1, 1), True),
        ("石桥村从2026年11月起低保名单不公开", date(2026, 11, 1), False),
        ("我1958年3月生，石桥村从2025年6月起低保名单不公开", date(2025, 6, 1), True),
        ("我是1958年3月5日出生的，石桥村低保名单不公开", date(2023, 11, 23), True),
    ],
)
def test_the_days_that_a_message_names_begin_its_period(
    small_world, text: str, began: date, within: bool
) -> None:
    write_verdicts(small_world.home, [])
    with small_world.sessions.begin() as session:
        (row_id,) = take_in(session, small_world, message(text))
        county = small_world.actor(session, "supervisor")
        complaint = about(session, row_id)
        complaint.state, complaint.office = ComplaintState.KEY_MATTER, COUNTY
        found = meeting(session, county, complaint, home=small_world.home)
        assert found.began == began
        assert {warning.last_on.year for warning in found.hits} == {2026}
        assert found.in_period == ({warning.id for warning in found.hits} if within else set())


def test_what_happened_after_a_complaint_came_in_is_not_of_its_period(small_world):
    write_verdicts(small_world.home, [])
    with small_world.sessions.begin() as session:
        (row_id,) = take_in(session, small_world, message("石桥村低保名单从2019年起不公开"))
        complaint = about(session, row_id)
        complaint.state, complaint.office = ComplaintState.KEY_MATTER, COUNTY
        county = small_world.actor(session, "supervisor")
        assert meeting(session, county, complaint, home=small_world.home).in_period
        complaint.received_at = NOW.replace(year=2020)
        found = meeting(session, county, complaint, home=small_world.home)
        assert found.hits
        assert found.in_period == frozenset()
        assert found.ended == date(2020, NOW.month, NOW.day)


@pytest.mark.parametrize(
    ("field", "village"), [("other", VILLAGE_A), ("assistance", None), (None, VILLAGE_A)]
)
def test_a_complaint_without_village_or_field_meets_nothing(small_world, field, village):
    with small_world.sessions.begin() as session:
        (row_id,) = take_in(session, small_world, message("请问一下"))
        complaint = about(session, row_id, field=field, village=village)
        clerk = small_world.actor(session, "clerk")
        assert meeting(session, clerk, complaint, home=small_world.home) is None


def test_a_warning_raises_the_complaint_in_the_inbox_with_a_reason_and_no_row(world):
    with world.sessions.begin() as session:
        plain, raised = take_in(
            session, world, message("请问缴费时间", number=1), message("石桥村低保名单在哪里看", number=2)
        )
        about(session, raised)
        clerk = world.actor(session, "clerk")
        rows, _ = complaints.inbox(session, clerk, state=None, page=1, size=9)
        assert [row.id for row in rows] == [raised, plain]
        assert raise_sentences(session, clerk, rows) == {raised: "同村同领域有 2 条登记数据疑点，最高红色"}
        found = meeting(session, clerk, rows[0], home=world.home)
        assert (list(found.hits), found.hidden, found.answer) == ([], 2, "hits")


def test_a_complaint_raises_the_warning_for_those_who_see_both(world):
    with world.sessions.begin() as session:
        (row_id,) = take_in(session, world, message("柳林村低保", number=1))
        complaint = about(session, row_id, village=VILLAGE_B)
        county = world.actor(session, "supervisor")

        def listed() -> list[str]:
            rows, _ = warnings_page(session, county, state=None, level="yellow", village=None, page=1, size=9)
            return [row.finding_id for row in rows]

        assert listed() == ["f-a", "f-b"]  # not a key matter yet: the office does not know of it
        complaint.state, complaint.office = ComplaintState.KEY_MATTER, COUNTY
        session.flush()
        assert listed() == ["f-b", "f-a"]
        warning = session.scalars(select(CaseWarning).where(CaseWarning.finding_id == "f-b")).one()
        visible = visible_complaints(county)
        assert [row.id for row in complaints_beside(session, visible, warning)] == [row_id]
        complaint.state = ComplaintState.CLOSED
        session.flush()
        assert listed() == ["f-a", "f-b"]
        assert complaints_beside(session, visible, warning) == []


def test_those_whom_a_complaint_speaks_of_learn_nothing(world):
    """The town that is accused sees its warnings in their usual order, and no complaint beside them."""
    with world.sessions.begin() as session:
        (row_id,) = take_in(session, world, message("清溪镇低保办的人收好处费", number=1))
        complaint = about(session, row_id, village=TOWN_A)
        complaint.state, complaint.office = ComplaintState.KEY_MATTER, COUNTY
        session.flush()
        town = world.actor(session, "town_a")
        warning = session.scalars(select(CaseWarning).where(CaseWarning.finding_id == "f-a")).one()
        assert complaints_beside(session, visible_complaints(town), warning) == []
        assert meeting(session, town, complaint, home=world.home) is None
        assert raise_sentences(session, world.actor(session, "town_b"), [complaint]) == {}
        county = world.actor(session, "supervisor")
        assert [row.id for row in complaints_beside(session, visible_complaints(county), warning)] == [row_id]


def test_what_an_office_is_too_low_to_manage_does_not_raise(world):
    """f-o concerns an official of the county: for the town it is not there."""
    with world.sessions.begin() as session:
        (row_id,) = take_in(session, world, message("石桥村低保", number=1))
        complaint = about(session, row_id)
        complaint.state, complaint.office = ComplaintState.KEY_MATTER, TOWN_A
        session.flush()
        town = world.actor(session, "town_a")
        found = meeting(session, town, complaint, home=world.home)
        assert ([warning.finding_id for warning in found.hits], found.hidden) == (["f-a"], 0)
        assert raise_sentences(session, town, [complaint]) == {
            row_id: "同村同领域有 1 条登记数据疑点，最高黄色"
        }


def test_the_field_of_the_model_serves_until_a_person_has_decided(small_world):
    with small_world.sessions.begin() as session:
        (row_id,) = take_in(session, small_world, message("石桥村克扣补贴", number=1))
        complaint = about(session, row_id, field=None)
        assert complaint.model_field == "land_requisition"
        clerk = small_world.actor(session, "clerk")
        assert raise_sentences(session, clerk, [complaint]) == {}
        for warning in session.scalars(select(CaseWarning)):
            warning.field = "land_compensation"
        session.flush()
        assert row_id in raise_sentences(session, clerk, [complaint])


def test_of_a_town_each_model_is_named_once_with_its_commonest_obstacle(small_world):
    unknown = MODEL_IDS[1]
    write_verdicts(
        small_world.home,
        [
            (unknown, VILLAGE_A, 0, 0, 0, 1, "缺登记表：车辆"),
            (unknown, "330102001002", 0, 0, 0, 1, "缺登记表：车辆"),
            (unknown, "330102001003", 0, 0, 0, 1, "房屋登记过期"),
            (unknown, VILLAGE_B, 0, 9, 0, 0, ""),
        ],
    )
    day, (verdict,) = village_verdicts(small_world.home, TOWN_A)
    assert str(day) == "2026-10-31"
    assert (verdict.not_computable, verdict.clear, verdict.reason) == (3, 0, "缺登记表：车辆")
    assert village_verdicts(small_world.home, "330102003")[1] == []
