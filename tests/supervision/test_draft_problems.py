"""What is wrong with a draft is said in Chinese, with the line of the file and the mend."""

from __future__ import annotations

import pytest

from supervision.catalogue import load_models
from supervision.draft_problems import Problem
from supervision.drafts import DraftRefused, read_draft
from supervision.pages import UNIT_NAMES
from tests.supervision.drafts import SHIPPED, draft_text


def problems(text: str) -> tuple[Problem, ...]:
    with pytest.raises(DraftRefused) as caught:
        read_draft(text, taken={SHIPPED}, published={})
    return caught.value.problems


def line_of(text: str, words: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), start=1) if words in line)


@pytest.mark.parametrize(
    ("old", "new", "at", "what", "mend"),
    [
        ("> :max_half_days", "> random()", "random()", "不能用函数 rand()", "写法说明"),
        ("> :max_half_days", "> :most", ":most", "没有声明的参数 :most", "parameters"),
        ("FROM labour_day AS l\n", "FROM labour AS l\n", "FROM labour AS l", "登记表 labour", "registers"),
        ("> :max_half_days", "> (2", "> (2", "不是正确的 SQL", "括号"),
        ("subject: person", "subject: dog", "subject: dog", "subject 不是规定的写法", "village、official"),
        ("subject: person", "subjects: person", "subjects:", "没有叫 subjects 的项", "拼写"),
        ("max_half_days: {value: 3", "max_half_days: {value: 30", "value: 30", "值 30 不在范围", "改值"),
        ("reason: 有 {days} 天", "reason: 有 {weeks} 天", "reason: 有", "理由里的 weeks", "finding"),
        ("version: 1", "version: 2", "version: 2", "版本号应为 1", ""),
        ("name: ", "name: [", "", "不是正确的 YAML", "缩进"),
    ],
)
def test_a_problem_has_its_line_and_its_mend(old: str, new: str, at: str, what: str, mend: str) -> None:
    text = draft_text(**{old: new})
    found = problems(text)
    told = next(problem for problem in found if what in problem.what)
    assert mend in told.mend
    if at:
        assert told.line == line_of(text, at)
    assert str(told).startswith(f"第 {told.line} 行") or told.line is None


def test_a_case_that_does_not_hold_names_subject_and_answers() -> None:
    text = draft_text(**{"> :max_half_days": "> :max_half_days + 9"})
    first = problems(text)[0]
    assert "应为命中" in first.what
    assert "实际为未见疑点" in first.what
    assert first.line is not None
    assert text.splitlines()[first.line - 1].lstrip().startswith("- ")


def test_all_shapes_that_are_wrong_are_told_at_once() -> None:
    text = draft_text(**{"version: 1": "version: 一", "field: labour": "field: labor"})
    assert {problem.part for problem in problems(text)} == {"version", "field"}
    assert [problem.what for problem in problems("[]")] == ["草稿 应为“项: 值”"]
    assert "缺少 name" in {problem.what for problem in problems("id: a\n")}


def test_every_unit_of_a_shipped_model_has_a_word() -> None:
    units = {one.unit for model in load_models().values() for one in model.parameters.values()}
    assert {unit for unit in units if unit.isascii()} <= set(UNIT_NAMES)
