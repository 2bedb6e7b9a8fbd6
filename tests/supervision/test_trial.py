"""A trial run in numbers that were worked out by hand.

The published model speaks of people with more than three half days on one day, the draft of more than two.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import pytest

from registers.engine import DuckDBEngine
from supervision.catalogue import load_models, model_from_text
from supervision.trial import Change, Hit, Share, Trial, Verified, quarter_ends, run_trial
from tests.supervision.drafts import SHIPPED, stricter_text

PUBLISHED = load_models()[SHIPPED]
DRAFT = model_from_text(stricter_text(model_id=SHIPPED, version=2), source="draft")
RIVAL = model_from_text(stricter_text(), source="rival")
TOWN_A, TOWN_B = "990101001", "990101002"
A, B = f"{TOWN_A}201", f"{TOWN_B}201"
FIRST, LAST = date(2025, 3, 31), date(2025, 6, 30)


def day(person: str, village: str, on: date, *half_days: int) -> list[dict[str, object]]:
    return [
        {"village_code": village, "sheet_no": f"{person}{on}{number}", "person_key": person, "work_date": on}
        | {"job": "清沟", "half_days": worked, "amount_fen": 10_000}
        for number, worked in enumerate(half_days)
    ]


MARCH, JUNE = date(2025, 3, 1), date(2025, 6, 1)
ROWS = [
    *day("old_four", A, MARCH, 2, 2),  # both models, on both days
    *day("old_three", A, MARCH, 2, 1),  # the draft alone, on both days
    *day("new_four", A, JUNE, 2, 2),  # both, from June on
    *day("new_three", B, JUNE, 2, 1),  # the draft alone, from June on
    *day("two", B, JUNE, 2),  # neither
    *day("fresh", B, MARCH, 1),
]


@contextmanager
def registers_on(on: date) -> Iterator[DuckDBEngine]:
    with DuckDBEngine.from_rows({"labour_day": ROWS}, as_of=on) as engine:
        yield engine


def trial(*, days: tuple[date, ...] = (LAST, FIRST), **changes: object) -> Trial:
    given: dict[str, object] = {"published": PUBLISHED, "others": (), "open_day": registers_on}
    return run_trial(DRAFT, days=days, **(given | changes))  # type: ignore[arg-type]  # a test's shorthand


def test_gained_kept_and_lost_by_day_and_town() -> None:
    first, last = trial().days
    assert (first.as_of, last.as_of) == (FIRST, LAST)
    assert first.total == Change(gained=1, kept=1, lost=0)
    assert last.total == Change(gained=2, kept=2, lost=0)
    assert last.by_town == {
        TOWN_A: Change(gained=1, kept=2, lost=0),
        TOWN_B: Change(gained=1, kept=0, lost=0),
    }
    assert last.levels == {"yellow": 4}
    assert trial().newest_gained == (Hit("new_three", B), Hit("old_three", A))


def test_what_a_milder_draft_loses() -> None:
    other_way = run_trial(PUBLISHED, published=DRAFT, others=(), days=[LAST], open_day=registers_on)
    assert other_way.days[0].total == Change(gained=0, kept=2, lost=2)
    assert other_way.newest_lost == (Hit("new_three", B), Hit("old_three", A))


def test_without_a_published_model_everything_is_gained() -> None:
    alone = trial(published=None)
    assert alone.days[-1].total == Change(gained=4, kept=0, lost=0)
    assert alone.published_tasks_per_week is None
    assert alone.published_verified == Share(verified=0, confirmed=0)


def test_new_work_a_week() -> None:
    """From 31 March to 30 June there are 13 weeks: the draft finds two new people in them, the published one one."""
    assert trial().tasks_per_week == pytest.approx(2 / 13)
    assert trial().published_tasks_per_week == pytest.approx(1 / 13)


def test_one_day_tells_no_work_a_week() -> None:
    one = trial(days=(LAST, LAST))
    assert len(one.days) == 1
    assert one.tasks_per_week is None
    with pytest.raises(ValueError, match="at least one day"):
        trial(days=())


def test_the_share_that_another_model_finds_too() -> None:
    """Of the draft's four hits the rival with the same limit finds all, the published model two of four."""
    first = model_from_text(
        stricter_text().replace("value: 2, unit: half day", "value: 3, unit: half day"), source="mild"
    )
    assert trial(others=(RIVAL,)).overlap == {RIVAL.id: 1.0}
    assert trial(others=(first,)).overlap == {first.id: 0.5}
    assert trial(others=(PUBLISHED, DRAFT)).overlap == {}


def test_the_share_of_verified_hits_that_was_confirmed() -> None:
    verified = [
        Verified(Hit("old_four", A), confirmed=True),
        Verified(Hit("old_three", A), confirmed=False),
        Verified(Hit("new_three", B), confirmed=True),
        Verified(Hit("two", B), confirmed=True),
        Verified(Hit("old_four", B), confirmed=False),
    ]
    shown = trial(verified=verified)
    assert shown.verified == Share(verified=3, confirmed=2)
    assert shown.verified.share == pytest.approx(2 / 3)
    assert shown.published_verified == Share(verified=1, confirmed=1)
    assert trial().verified.share is None


def test_a_division_bounds_the_trial() -> None:
    inside = trial(division=TOWN_B)
    assert inside.days[-1].total == Change(gained=1, kept=0, lost=0)
    assert set(inside.days[-1].by_town) == {TOWN_B}


def test_a_day_on_which_nothing_could_be_told() -> None:
    late = trial(days=(date(2026, 6, 30),))
    assert late.days[0].total == Change(gained=0, kept=0, lost=0)
    assert late.days[0].not_computable_villages == 2


def test_the_summary_names_nobody() -> None:
    summary = trial(verified=[Verified(Hit("old_four", A), confirmed=True)]).summary()
    assert summary["content_hash"] == DRAFT.content_hash != PUBLISHED.content_hash
    assert summary["by_town"][TOWN_A] == {"gained": 1, "kept": 2, "lost": 0}
    assert summary["verified"] == {"verified": 1, "confirmed": 1}
    assert [(row["as_of"], row["gained"]) for row in summary["days"]] == [
        ("2025-03-31", 1),
        ("2025-06-30", 2),
    ]
    assert "old_four" not in str(summary)


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (date(2025, 12, 31), [date(2025, 3, 31), date(2025, 6, 30), date(2025, 9, 30), date(2025, 12, 31)]),
        (date(2025, 5, 30), [date(2024, 8, 30), date(2024, 11, 30), date(2025, 2, 28), date(2025, 5, 30)]),
    ],
)
def test_days_a_quarter_apart(last: date, expected: list[date]) -> None:
    assert quarter_ends(last, quarters=4) == expected
    assert quarter_ends(last, quarters=1) == [last]
