"""Drafts of models that a county writes: read as a stranger's text, checked as strictly as a shipped model.

A draft is data: YAML without tags, SQL in the subset, cases that hold. What is refused says all that is to mend.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

import pyarrow as pa
import yaml

from supervision.cases import case_failures
from supervision.catalogue import Model, ModelError, model_from_text
from supervision.draft_problems import (
    Problem,
    case_data_problem,
    case_problem,
    load_problems,
    problem_at,
    yaml_problem,
)
from supervision.versions import Versions, next_version

MOST_CHARACTERS: Final = 100_000
MOST_VALUES: Final = 20_000
"""Values in the whole draft with every alias written out; ten times the largest shipped model."""


class DraftRefused(ValueError):
    """A draft that cannot be kept, with all that is to mend, for its author."""

    def __init__(self, problems: Sequence[Problem], *, heading: str = "") -> None:
        super().__init__(heading + "；".join(map(str, problems)))
        self.problems = tuple(problems)


def read_draft(text: str, *, taken: Collection[str], published: Versions) -> Model:
    """The model of a draft, after every check that needs no registers.

    Args:
        taken: ids that counties may not use: those of shipped models, now or ever.
        published: the versions that were ever in force, by model id.

    Raises:
        DraftRefused: it does not load, its id or version cannot be used, or a case does not hold.
    """
    _check_size(text)
    try:
        model = model_from_text(text, source="草稿")
    except ModelError as error:
        raise DraftRefused(load_problems(text, error), heading="草稿不能加载：") from error
    if model.id in taken:
        raise DraftRefused([problem_at(text, "id", _taken(model.id))])
    if (expected := next_version(model.id, published)) != model.version:
        what = f"版本号应为 {expected}，草稿写的是 {model.version}"
        raise DraftRefused([problem_at(text, "version", what)])
    if broken := _broken_cases(text, model):
        raise DraftRefused(broken)
    return model


def _broken_cases(text: str, model: Model) -> list[Problem]:
    problems: list[Problem] = []
    for position, case in enumerate(model.cases):
        try:
            problems += [case_problem(text, position, failure) for failure in case_failures(model, case)]
        except (pa.ArrowException, TypeError, ValueError) as error:
            problems.append(case_data_problem(text, position, case=case.name, error=error))
    return problems


def _taken(model_id: str) -> str:
    return (
        f"英文名 {model_id} 是系统自带模型的；请另取一个（例如加上本地拼音后缀），"
        "只想改参数时用主文件夹的 parameters.yaml"
    )


def _check_size(text: str) -> None:
    """Refuse a text that is long, or that aliases would blow up."""
    if len(text) > MOST_CHARACTERS:
        raise DraftRefused([Problem(f"草稿太长：最多 {MOST_CHARACTERS} 个字符")])
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        values = _count_values(root, {}) if root else 0
    except (yaml.YAMLError, RecursionError) as error:
        raise DraftRefused([yaml_problem(error)]) from error
    if values > MOST_VALUES:
        raise DraftRefused([Problem(f"草稿展开后太大：最多 {MOST_VALUES} 个值")])


def _count_values(node: yaml.Node, counted: dict[int, int]) -> int:
    """Scalars below a node, each time that an alias repeats them. A node within itself counts without end."""
    if id(node) in counted:
        return counted[id(node)]
    counted[id(node)] = MOST_VALUES + 1  # until it is known: what leads back to itself is too large
    if isinstance(node, yaml.MappingNode):
        number = sum(_count_values(key, counted) + _count_values(value, counted) for key, value in node.value)
    elif isinstance(node, yaml.SequenceNode):
        number = sum(_count_values(value, counted) for value in node.value)
    else:
        number = 1
    counted[id(node)] = number
    return number
