"""From one case to those like it: measures decide by rank, officials and town add, the division bounds."""

from __future__ import annotations

import json
from datetime import date

import pytest

from registers.engine import DuckDBEngine
from supervision.catalogue import load_models
from supervision.same_problem import SAME_OFFICIAL, SAME_TOWN, CaseNotFound, rank_alike, search_alike
from tests.supervision.drafts import SHIPPED

MODEL = load_models()[SHIPPED]
TOWN_A, TOWN_B = "990101001", "990201001"
A1, A2, B = f"{TOWN_A}201", f"{TOWN_A}202", f"{TOWN_B}201"
MEASURES = 1 - SAME_OFFICIAL - SAME_TOWN


def finding(finding_id: str, village: str = B, **changes: object) -> dict[str, object]:
    row: dict[str, object] = {
        "finding_id": finding_id,
        "village_code": village,
        "level": "yellow",
        "level_rank": 2,
        "rows": 2,
        "amount_fen": 20_000,
        "measures": json.dumps({"days": 1, "first_on": "2025-06-01"}),
        "official_keys": "[]",
    }
    return row | changes


def test_equal_measures_are_as_near_as_can_be() -> None:
    (alike,) = rank_alike(finding("case", A1), [finding("same")])
    assert alike.similarity == pytest.approx(MEASURES)
    assert alike.shared == ("等级相同",)


def test_a_shared_official_and_town_add() -> None:
    case = finding("case", A1, official_keys='["P1", "P2"]')
    (alike,) = rank_alike(case, [finding("near", A2, official_keys='["P2"]')])
    assert alike.similarity == pytest.approx(1.0)
    assert alike.shared == ("涉及同一名干部", "同一乡镇", "等级相同")


def test_ranks_decide_not_units() -> None:
    """Among three findings the amounts rank 1, 2, 3: one place away costs a third of one of four measures."""
    case = finding("case", amount_fen=100)
    near, far = finding("near", amount_fen=101), finding("far", amount_fen=90_000_000)
    first, second = rank_alike(case, [far, near])
    assert [first.finding["finding_id"], second.finding["finding_id"]] == ["near", "far"]
    town = SAME_TOWN  # all three lie in one village
    assert first.similarity == pytest.approx(MEASURES * (1 - 1 / 3 / 4) + town, abs=1e-6)
    assert second.similarity == pytest.approx(MEASURES * (1 - 2 / 3 / 4) + town, abs=1e-6)


def test_another_level_is_farther_and_a_missing_amount_does_not_break() -> None:
    case = finding("case", amount_fen=None)
    red = finding("red", level="red", level_rank=3, amount_fen=None)
    first, second = rank_alike(case, [red, finding("yellow", amount_fen=None)])
    assert (first.finding["finding_id"], second.finding["finding_id"]) == ("yellow", "red")
    assert "等级相同" not in second.shared
    assert rank_alike(case, []) == []


def rows() -> list[dict[str, object]]:
    worked = [
        ("case", A1, 2),
        ("same_town", A2, 2),
        ("same_county_other", "990101002201", 5),
        ("other_county", B, 2),
        ("nothing", A2, 0),
    ]
    return [
        {"village_code": village, "sheet_no": f"{person}{number}", "person_key": person}
        | {"work_date": date(2025, 6, 1 + number // 2), "job": "清沟", "half_days": 2, "amount_fen": 10_000}
        for person, village, days in worked
        for number in range(2 * days or 1)
    ]


def search(subject: str, *, division: str) -> list[str]:
    with DuckDBEngine.from_rows({"labour_day": rows()}, as_of=date(2025, 6, 30)) as engine:
        found = search_alike(engine, MODEL, subject_id=subject, village_code=A1, division=division)
    return [str(alike.finding["subject_id"]) for alike in found]


def test_a_county_and_a_city_are_searched_without_the_case_itself() -> None:
    assert search("case", division="990101") == ["same_town", "same_county_other"]
    assert search("case", division="99") == ["same_town", "other_county", "same_county_other"]
    assert search("case", division="9902") == ["other_county"]


def test_a_subject_that_the_model_does_not_speak_of_is_no_case() -> None:
    with pytest.raises(CaseNotFound, match="没有这条疑点"):
        search("nothing", division="99")
