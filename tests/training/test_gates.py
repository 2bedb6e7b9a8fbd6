"""Every gate, case by case: what passes, what fails, and when one cannot tell."""

from __future__ import annotations

import re

import pytest

from training.gates import GATES, Answer, Facts, Interval, judge

SOUND = {
    "learns": True,
    "reproduced": True,
    "same_features": True,
    "data_age_days": 10,
    "cases": 80,
    "confirmed": 40,
    "refuted": 40,
    "champion": "3",
    "compared": Interval(0.02, -0.05, 0.09),
    "compared_cases": 40,
    "calibration_error": 0.04,
    "calibration_by_chance": 0.08,
    "overlap": 0.8,
    "groups": 4,
    "out_of_proportion": (),
}
CASES = [
    ("a sound model", {}, {}),
    ("it cannot be trained again alike", {"reproduced": False}, {"reproducible": "fail"}),
    ("nobody trained it again", {"reproduced": None}, {"reproducible": "cannot_tell"}),
    ("features were changed", {"same_features": False}, {"same_features": "fail"}),
    ("a model of texts has no features", {"same_features": None}, {"same_features": "not_applicable"}),
    ("data 45 days old", {"data_age_days": 45}, {}),
    ("data 46 days old", {"data_age_days": 46}, {"recent_data": "fail"}),
    ("simulated data", {"data_age_days": None}, {"recent_data": "not_applicable"}),
    ("30 cases, 10 of a kind", {"cases": 30, "confirmed": 10, "refuted": 20}, {}),
    ("29 cases", {"cases": 29, "confirmed": 10, "refuted": 19}, {"enough_labels": "fail"}),
    ("9 confirmed", {"cases": 80, "confirmed": 9, "refuted": 71}, {"enough_labels": "fail"}),
    ("9 refuted", {"cases": 80, "confirmed": 71, "refuted": 9}, {"enough_labels": "fail"}),
    ("no champion", {"champion": None, "compared": None}, {"not_below_champion": "not_applicable"}),
    ("no case that is new to the champion", {"compared": None}, {"not_below_champion": "cannot_tell"}),
    ("worse beyond noise", {"compared": Interval(-0.1, -0.2, -0.001)}, {"not_below_champion": "fail"}),
    ("worse within noise", {"compared": Interval(-0.1, -0.2, 0.0)}, {}),
    ("no probability yet", {"calibration_error": None}, {"calibrated": "cannot_tell"}),
    ("error at what chance gives", {"calibration_error": 0.08}, {}),
    ("error above what chance gives", {"calibration_error": 0.081}, {"calibrated": "fail"}),
    ("a small error with many cases", {"calibration_error": 0.05, "calibration_by_chance": 0.01}, {}),
    ("six of ten stay", {"overlap": 0.6}, {}),
    ("fewer stay", {"overlap": 0.59}, {"stable": "fail"}),
    ("nothing was tried", {"overlap": None}, {"stable": "cannot_tell"}),
    ("a town stands out", {"out_of_proportion": ("清溪镇",)}, {"in_proportion": "fail"}),
    ("no group with enough cases", {"groups": 0}, {"in_proportion": "cannot_tell"}),
    (
        "a model of texts",
        {"ranks": False, "compared": None, "groups": 0, "overlap": None},
        {"not_below_champion": "cannot_tell", "stable": "not_applicable", "in_proportion": "not_applicable"},
    ),
    (
        "an anomaly model",
        {"learns": False, "cases": 0, "confirmed": 0, "refuted": 0, "calibration_error": None},
        {"enough_labels": "not_applicable", "calibrated": "not_applicable"},
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_each_gate_answers(changes: dict[str, object], expected: dict[str, str]) -> None:
    verdicts = judge(Facts(**(SOUND | changes)))  # type: ignore[arg-type]  # a table of made-up facts
    assert {v.gate: v.answer.value for v in verdicts if v.answer is not Answer.PASS} == expected
    assert [v.gate for v in verdicts] == list(GATES)
    in_the_way = {gate for gate, answer in expected.items() if answer in ("fail", "cannot_tell")}
    assert {v.gate for v in verdicts if v.stands_in_the_way} == in_the_way


@pytest.mark.parametrize("changes", [case[1] for case in CASES], ids=[case[0] for case in CASES])
def test_every_answer_is_a_chinese_sentence(changes: dict[str, object]) -> None:
    for verdict in judge(Facts(**(SOUND | changes))):  # type: ignore[arg-type]  # as above
        assert re.search("[\u4e00-\u9fff]", verdict.sentence)
        assert verdict.sentence.endswith("。")
        assert "None" not in verdict.sentence
        assert "nan" not in verdict.sentence


def test_sentences_carry_the_figures() -> None:
    told = {v.gate: v.sentence for v in judge(Facts(**(SOUND | {"compared": Interval(-0.1, -0.2, -0.05)})))}  # type: ignore[arg-type]
    assert "-0.100" in told["not_below_champion"]
    assert "40 件" in told["not_below_champion"]
    assert "80%" in told["stable"]


def test_only_what_makes_it_another_model_is_beyond_override() -> None:
    assert {gate.id for gate in GATES.values() if gate.hard} == {"reproducible", "same_features"}
    assert all(gate.why for gate in GATES.values())
