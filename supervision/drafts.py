"""Drafts of models that a county writes: read as a stranger's text, checked as strictly as a shipped model.

A draft is data: YAML without tags, SQL in the subset, cases that hold. What is refused says all that is to mend.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

import pyarrow as pa
import yaml

from supervision.cases import failures
from supervision.catalogue import Model, ModelError, model_from_text
from supervision.versions import Versions, next_version

MOST_CHARACTERS: Final = 100_000
MOST_VALUES: Final = 20_000
"""Values in the whole draft with every alias written out; ten times the largest shipped model."""


class DraftRefused(ValueError):
    """A draft that cannot be kept. `problems` are sentences for its author."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("；".join(problems))
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
        raise DraftRefused([f"草稿不能加载：{error}"]) from error
    if problem := identity_problem(model, taken=taken, published=published):
        raise DraftRefused([problem])
    try:
        broken = failures(model)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise DraftRefused([f"用例里的数据与登记表的列不符：{error}"]) from error
    if broken:
        raise DraftRefused([f"用例不成立：{line}" for line in broken])
    return model


def identity_problem(model: Model, *, taken: Collection[str], published: Versions) -> str | None:
    """Why a model cannot be published under its id and version; None when it can."""
    if model.id in taken:
        return (
            f"英文名 {model.id} 是系统自带模型的；请另取一个（例如加上本地拼音后缀），"
            "只想改参数时用主文件夹的 parameters.yaml"
        )
    expected = next_version(model.id, published)
    return None if model.version == expected else f"版本号应为 {expected}，草稿写的是 {model.version}"


def _check_size(text: str) -> None:
    """Refuse a text that is long, or that aliases would blow up."""
    if len(text) > MOST_CHARACTERS:
        raise DraftRefused([f"草稿太长：最多 {MOST_CHARACTERS} 个字符"])
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        values = _count_values(root, {}) if root else 0
    except (yaml.YAMLError, RecursionError) as error:
        raise DraftRefused([f"草稿不是正确的 YAML：{error}"]) from error
    if values > MOST_VALUES:
        raise DraftRefused([f"草稿展开后太大：最多 {MOST_VALUES} 个值"])


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
