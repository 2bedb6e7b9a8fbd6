"""Everything that people meet has a Chinese word; errors speak it and name no English id."""

from __future__ import annotations

import re
from itertools import chain

import pytest

from casework.access import TaskKind
from casework.errors import (
    MissingField,
    NotPermitted,
    RoleNotAllowed,
    SecondPersonRequired,
    UnknownTransition,
)
from casework.models import Outcome
from casework.roles import ROLE_NAMES, Role
from casework.states import (
    COMPLAINT_TRANSITIONS,
    DRAFT_TRANSITIONS,
    PLAN_TRANSITIONS,
    PROMOTION_TRANSITIONS,
    READING_TRANSITIONS,
    TASK_TRANSITIONS,
    WARNING_TRANSITIONS,
    ComplaintAction,
    ComplaintState,
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
)
from casework.words import WORDS, probability_words

SHOWN = (
    ComplaintState, ComplaintAction, WarningState, WarningAction, TaskState, TaskAction, TaskKind, Outcome,
    DraftState, DraftAction, PlanState, PlanAction, ReadingState, ReadingAction, PromotionState, PromotionAction,
)  # fmt: skip


@pytest.mark.parametrize("value", list(chain.from_iterable(SHOWN)))
def test_every_state_action_and_outcome_has_a_word(value):
    assert re.search("[\u4e00-\u9fff]", WORDS[value])


def test_every_role_has_a_name():
    assert set(ROLE_NAMES) == set(Role)


def test_every_needed_field_has_a_word():
    tables = (
        COMPLAINT_TRANSITIONS, WARNING_TRANSITIONS, TASK_TRANSITIONS, DRAFT_TRANSITIONS, PLAN_TRANSITIONS,
        READING_TRANSITIONS, PROMOTION_TRANSITIONS,
    )  # fmt: skip
    assert {name for table in tables for move in table.values() for name in move.needs} <= set(WORDS)


@pytest.mark.parametrize(
    "error",
    [
        UnknownTransition("closed", "approve"),
        RoleNotAllowed("clerk", "approve"),
        MissingField(["nature", "field"]),
        SecondPersonRequired("approve"),
        NotPermitted("read_warning"),
    ],
)
def test_errors_for_people_are_chinese(error):
    assert not re.search("[A-Za-z]", str(error))


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ((0.12, 0.05, 0.23), "12%（5%–23%）"),
        ((0.12, None, None), "12%"),
        ((None, None, None), "—"),
        ((0.004, 0.0, 0.02), "不到 1%（不到 1%–2%）"),
        ((0.996, 0.91, 1.0), "99% 以上（91%–99% 以上）"),
    ],
)
def test_a_probability_is_told_with_its_band(numbers, words):
    assert probability_words(*numbers) == words
