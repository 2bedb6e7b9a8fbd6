"""Who sees what: the pure rules, and that lists in SQL give the same answers."""

from __future__ import annotations

from itertools import product

import pytest
from sqlalchemy import or_, select

from casework.access import (
    GRANTS,
    ComplaintFacts,
    Permission,
    RiskFacts,
    TaskFacts,
    TaskKind,
    allows,
    default_office,
    managing_level,
    may_receive,
    office_may_handle,
    sees_complaint,
    sees_draft,
    sees_risk,
    sees_task,
)
from casework.complaints import facts_of as complaint_facts
from casework.drafts import facts_of as draft_facts
from casework.models import CaseWarning, Complaint, Entity, ModelDraft, Origin, Score, SelectedBy, Task
from casework.roles import COUNTY as COUNTY_LEVEL
from casework.roles import TOWN as TOWN_LEVEL
from casework.roles import Actor, Role, covers
from casework.scope import visible_complaints, visible_drafts, visible_risks, visible_scores, visible_tasks
from casework.states import ComplaintState, DraftState, TaskState
from casework.tasks import facts_of as task_facts
from tests.casework_world import COUNTY, NOW, TOWN_A, TOWN_B, VILLAGE_A, VILLAGE_B

DIVISIONS = ["33", "3301", COUNTY, TOWN_A, TOWN_B, VILLAGE_A, VILLAGE_B, "", "330", "33010x", "%"]
ACTORS = [
    Actor(id=number, name="某", role=role, division=division)
    for number, (role, division) in enumerate(product(Role, DIVISIONS), start=1)
]
CASE_CONTENT = {
    Permission.READ_WATCHLIST,
    Permission.READ_WARNING,
    Permission.READ_COMPLAINT,
    Permission.READ_TASK,
    Permission.REVEAL_IDENTITY,
    Permission.READ_CONTACT_REQUESTS,
    Permission.ASK_CONTACT,
    Permission.DECIDE_CONTACT,
}


def one(role: Role, division: str = COUNTY, number: int = 1) -> Actor:
    return Actor(id=number, name="某", role=role, division=division)


@pytest.mark.parametrize("role", [Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN, Role.TECHNICIAN])
def test_administrators_see_no_case_content(role):
    assert not GRANTS[role] & CASE_CONTENT


def test_only_the_audit_administrator_reads_the_log():
    assert [role for role in Role if Permission.READ_AUDIT in GRANTS[role]] == [Role.AUDIT_ADMIN]


def test_a_leader_reads_cases_changes_none_and_approves_what_takes_two():
    changing = {
        p for p in Permission if p.value.startswith(("act_", "work_", "decide_", "review_", "submit_"))
    }
    assert GRANTS[Role.LEADER] & CASE_CONTENT
    assert GRANTS[Role.LEADER] & changing == {Permission.DECIDE_PROMOTION, Permission.DECIDE_CONTACT}


@pytest.mark.parametrize(
    ("jurisdiction", "code", "inside"),
    [
        (COUNTY, VILLAGE_A, True),
        (TOWN_A, VILLAGE_A, True),
        (TOWN_B, VILLAGE_A, False),
        (VILLAGE_A, TOWN_A, False),
        ("", VILLAGE_A, False),
        ("3", VILLAGE_A, False),
        (COUNTY, "", False),
        ("３３０１０２", "３３０１０２", False),
    ],
)
def test_a_division_covers_itself_and_what_lies_below(jurisdiction, code, inside):
    assert covers(jurisdiction, code) is inside


def test_a_town_does_not_see_an_official_whom_the_county_manages():
    facts = RiskFacts(village_code=VILLAGE_A, managing_level=COUNTY_LEVEL)
    assert sees_risk(one(Role.SUPERVISOR, COUNTY), facts)
    assert not sees_risk(one(Role.SUPERVISOR, TOWN_A), facts)


@pytest.mark.parametrize(
    ("words", "level"),
    [
        (None, 9), ("", 9), ("清溪镇党委", 9), ("街道党工委", 9), ("县委组织部", 6), ("区管", 6), ("市管干部", 4),
        ("省委管理", 2), ("说不清", 6),
    ],
)  # fmt: skip
def test_managing_authority_is_read_narrowly(words, level):
    assert managing_level(words) == level


def test_a_complaint_never_reaches_the_body_it_names_nor_anything_below():
    facts = ComplaintFacts(division=COUNTY, about=TOWN_A, office=COUNTY, state=ComplaintState.KEY_MATTER)
    assert sees_complaint(one(Role.SUPERVISOR, COUNTY), facts)
    for division in (TOWN_A, VILLAGE_A):
        for role in Role:
            assert not sees_complaint(one(role, division), facts)
            assert not sees_task(
                one(role, division, number=7),
                TaskFacts(
                    kind=TaskKind.VERIFICATION, office=COUNTY, about=TOWN_A, managing_level=9, assignee_id=7
                ),
            )


def test_before_review_only_clerks_see_a_complaint():
    facts = ComplaintFacts(division=COUNTY, about=VILLAGE_A, office=None, state=ComplaintState.TRIAGED)
    assert [role for role in Role if sees_complaint(one(role), facts)] == [Role.CLERK]


def test_a_station_gets_data_checks_of_its_place_and_nothing_else():
    station = one(Role.LIAISON, VILLAGE_A)

    def facts(kind: TaskKind, about: str) -> TaskFacts:
        return TaskFacts(kind=kind, office=COUNTY, about=about, managing_level=TOWN_LEVEL, assignee_id=1)

    assert may_receive(station, facts(TaskKind.DATA_CHECK, VILLAGE_A)) is None
    assert may_receive(station, facts(TaskKind.VERIFICATION, VILLAGE_A))
    assert may_receive(station, facts(TaskKind.DATA_CHECK, VILLAGE_B))
    assert not sees_task(station, facts(TaskKind.VERIFICATION, VILLAGE_A))
    assert not allows(station, Permission.READ_COMPLAINT)
    assert not allows(station, Permission.READ_WARNING)


@pytest.mark.parametrize(
    ("about", "office"),
    [(VILLAGE_A, TOWN_A), (TOWN_A, COUNTY), (COUNTY, "3301"), ("3301", "33"), (None, COUNTY)],
)
def test_a_key_matter_goes_to_the_level_above(about, office):
    assert default_office(about, received_in=COUNTY) == office
    assert office_may_handle(office, about=about)


def test_no_office_handles_itself_or_its_superior():
    assert not office_may_handle(TOWN_A, about=TOWN_A)
    assert not office_may_handle(VILLAGE_A, about=TOWN_A)
    assert not office_may_handle(TOWN_B, about=VILLAGE_A)


def test_lists_in_sql_agree_with_the_pure_rules(world):
    """Every role and division against every kind of row, on both databases."""
    with world.sessions.begin() as session:
        _every_kind_of_complaint(session)
        _every_kind_of_task(session, assignees=[world.users["liaison"], world.users["town_b"]])
        _every_kind_of_draft(session, author=world.users["technician"])
        session.flush()
        people = [*ACTORS, world.actor(session, "liaison"), world.actor(session, "town_b")]
        rules = [
            (Complaint, visible_complaints, lambda a, row: sees_complaint(a, complaint_facts(row))),
            (Task, visible_tasks, lambda a, row: sees_task(a, task_facts(row))),
            (ModelDraft, visible_drafts, lambda a, row: sees_draft(a, draft_facts(row))),
            (Score, lambda a: or_(*(visible_scores(a, e) for e in Entity)), _sees_risk_row),
            (CaseWarning, lambda a: visible_risks(a, CaseWarning), _sees_risk_row),
        ]
        for table, in_sql, in_words in rules:
            everything = session.scalars(select(table)).all()
            seen = 0
            for actor in people:
                listed = set(session.scalars(select(table.id).where(in_sql(actor))))
                assert listed == {row.id for row in everything if in_words(actor, row)}, (table, actor)
                seen += len(listed)
            assert seen


def _sees_risk_row(actor, row):
    return sees_risk(actor, RiskFacts(village_code=row.village_code, managing_level=row.managing_level))


def _every_kind_of_complaint(session) -> None:
    kinds = product(
        (COUNTY, TOWN_A), (None, COUNTY, TOWN_A, VILLAGE_A), (None, COUNTY, TOWN_A, TOWN_B), ComplaintState
    )
    for number, (division, about, office, state) in enumerate(kinds):
        session.add(
            Complaint(
                receipt=f"r{number}", channel="web", message_id=str(number), received_at=NOW, division=division,
                about=about, sealed=b"", work_text="", simulated=True, reasons=[],
                office=office, state=state,
            )
        )  # fmt: skip


def _every_kind_of_draft(session, author: int) -> None:
    for division, scope in product(
        ("3301", COUNTY, TOWN_A, "330103"), (None, "33", "3301", COUNTY, "330103")
    ):
        session.add(
            ModelDraft(
                model_id="m", model_version=1, name="", division=division, scope=scope, author_id=author,
                content="", content_hash="", created_at=NOW, state=DraftState.DRAFT,
            )
        )  # fmt: skip


def _every_kind_of_task(session, assignees) -> None:
    kinds = product(TaskKind, (COUNTY, TOWN_A), (None, TOWN_A, VILLAGE_A), (6, 9), assignees)
    for kind, office, about, level, assignee in kinds:
        session.add(
            Task(
                kind=kind, origin=Origin.WARNING, origin_id=1, title="", guide={}, office=office, about=about,
                managing_level=level, assignee_id=assignee, created_by=assignee, created_at=NOW,
                due_on=NOW.date(), due_provisional=False, selected_by=SelectedBy.SCORE, state=TaskState.ASSIGNED,
            )
        )  # fmt: skip
