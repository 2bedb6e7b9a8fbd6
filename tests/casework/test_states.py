"""Every pair that is not in a table raises by name; closing takes two; nothing is confirmed by a machine."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casework.errors import MissingField, RoleNotAllowed, SecondPersonRequired, UnknownTransition
from casework.roles import TRIAGE_MACHINE, Actor, Machine, Role
from casework.states import (
    COMPLAINT_TRANSITIONS,
    CONTACT_TRANSITIONS,
    DRAFT_TRANSITIONS,
    PLAN_TRANSITIONS,
    PROMOTION_TRANSITIONS,
    READING_TRANSITIONS,
    TASK_TRANSITIONS,
    WARNING_TRANSITIONS,
    ComplaintAction,
    ComplaintState,
    ContactAction,
    ContactState,
    DraftAction,
    DraftState,
    PlanAction,
    PlanState,
    PromotionAction,
    PromotionState,
    ReadingAction,
    ReadingState,
    TaskAction,
    TaskState,
    WarningAction,
    WarningState,
    actions_from,
    step,
)

AT = datetime(2026, 11, 22, tzinfo=UTC)
MACHINES = [
    (COMPLAINT_TRANSITIONS, ComplaintState, ComplaintAction),
    (WARNING_TRANSITIONS, WarningState, WarningAction),
    (TASK_TRANSITIONS, TaskState, TaskAction),
    (DRAFT_TRANSITIONS, DraftState, DraftAction),
    (PLAN_TRANSITIONS, PlanState, PlanAction),
    (READING_TRANSITIONS, ReadingState, ReadingAction),
    (PROMOTION_TRANSITIONS, PromotionState, PromotionAction),
    (CONTACT_TRANSITIONS, ContactState, ContactAction),
]
ALL_PAIRS = [
    (table, state, action)
    for table, states, actions in MACHINES
    for state, action in product(states, actions)
]
ABSENT = [pair for pair in ALL_PAIRS if (pair[1], pair[2]) not in pair[0]]
PRESENT = [pair for pair in ALL_PAIRS if (pair[1], pair[2]) in pair[0]]
EVERYTHING = dict.fromkeys(
    (
        "about",
        "nature",
        "field",
        "office",
        "comment",
        "destination",
        "outcome",
        "note",
        "assignee",
        "reason",
        "trial",
        "lead",
        "urgency",
    ),
    "x",
)


def person(role: Role, number: int = 1) -> Actor:
    return Actor(id=number, name="某", role=role, division="330102")


def allowed_actor(move) -> Actor:
    role = next(iter(move.roles))
    return TRIAGE_MACHINE if isinstance(role, Machine) else person(role)


@pytest.mark.parametrize(("table", "state", "action"), ABSENT, ids=lambda v: getattr(v, "value", None))
def test_a_pair_that_is_not_in_the_table_raises_by_name(table, state, action):
    for role in Role:
        with pytest.raises(UnknownTransition) as caught:
            step(table, state, action, actor=person(role), at=AT, fields=EVERYTHING, earlier_actor=2)
        assert (caught.value.state, caught.value.action) == (state, action)


@pytest.mark.parametrize(("table", "state", "action"), PRESENT, ids=lambda v: getattr(v, "value", None))
def test_a_pair_in_the_table_moves_and_says_from_where_to_where(table, state, action):
    move = table[state, action]
    change = step(table, state, action, actor=allowed_actor(move), at=AT, fields=EVERYTHING, earlier_actor=2)
    assert (change.previous, change.new, change.at) == (state, move.to, AT)


@pytest.mark.parametrize(("table", "state", "action"), PRESENT, ids=lambda v: getattr(v, "value", None))
def test_other_roles_are_refused(table, state, action):
    for role in set(Role) - table[state, action].roles:
        with pytest.raises(RoleNotAllowed):
            step(table, state, action, actor=person(role), at=AT, fields=EVERYTHING, earlier_actor=2)


@pytest.mark.parametrize(("table", "state", "action"), PRESENT, ids=lambda v: getattr(v, "value", None))
def test_each_needed_field_is_asked_for(table, state, action):
    move = table[state, action]
    for name in move.needs:
        for blank in (None, "", "  "):
            with pytest.raises(MissingField) as caught:
                step(
                    table,
                    state,
                    action,
                    actor=allowed_actor(move),
                    at=AT,
                    fields=EVERYTHING | {name: blank},
                    earlier_actor=2,
                )
            assert caught.value.fields == (name,)


@pytest.mark.parametrize(
    ("table", "closed"),
    [
        (COMPLAINT_TRANSITIONS, ComplaintState.CLOSED),
        (WARNING_TRANSITIONS, WarningState.CLOSED),
        (WARNING_TRANSITIONS, WarningState.SET_ASIDE),
        (TASK_TRANSITIONS, TaskState.CLOSED),
        (DRAFT_TRANSITIONS, DraftState.PUBLISHED),
        (DRAFT_TRANSITIONS, DraftState.ADOPTED),
        (DRAFT_TRANSITIONS, DraftState.REJECTED),
        (READING_TRANSITIONS, ReadingState.READ),
        (READING_TRANSITIONS, ReadingState.SETTLED),
        (PROMOTION_TRANSITIONS, PromotionState.SERVING),
        (PROMOTION_TRANSITIONS, PromotionState.REFUSED),
        (CONTACT_TRANSITIONS, ContactState.GRANTED),
        (CONTACT_TRANSITIONS, ContactState.REFUSED),
    ],
)
def test_closing_takes_a_second_person(table, closed):
    closing = [(pair, move) for pair, move in table.items() if move.to is closed]
    assert closing
    for (state, action), move in closing:
        assert move.second_person
        for earlier in (1, None):
            with pytest.raises(SecondPersonRequired):
                step(
                    table,
                    state,
                    action,
                    actor=allowed_actor(move),
                    at=AT,
                    fields=EVERYTHING,
                    earlier_actor=earlier,
                )


def test_a_machine_only_sorts_what_came_in():
    by_machine = [
        (state, action)
        for table, _, _ in MACHINES
        for (state, action), move in table.items()
        if Machine.TRIAGE in move.roles
    ]
    assert by_machine == [
        (ComplaintState.RECEIVED, ComplaintAction.TRIAGE),
        (ComplaintState.RECEIVED, ComplaintAction.JOIN),
    ]


@given(st.lists(st.tuples(st.sampled_from(ComplaintAction), st.sampled_from(Role)), max_size=12))
def test_no_walk_reaches_closed_without_review_and_task(walk):
    """Whatever people try in whatever order, a closed complaint was a key matter in a task before."""
    state, passed = ComplaintState.TRIAGED, []
    for number, (action, role) in enumerate(walk):
        try:
            change = step(
                COMPLAINT_TRANSITIONS,
                state,
                action,
                actor=person(role, number),
                at=AT,
                fields=EVERYTHING,
                earlier_actor=99,
            )
        except (UnknownTransition, RoleNotAllowed):
            continue
        state = change.new
        passed.append(state)
    if state is ComplaintState.CLOSED:
        assert passed[-3:] == [ComplaintState.KEY_MATTER, ComplaintState.IN_TASK, ComplaintState.CLOSED]


def test_offered_actions_are_those_of_the_role():
    assert actions_from(TASK_TRANSITIONS, TaskState.ASSIGNED, role=Role.LIAISON) == (TaskAction.ACCEPT,)
    assert actions_from(TASK_TRANSITIONS, TaskState.CLOSED, role=Role.SUPERVISOR) == ()
