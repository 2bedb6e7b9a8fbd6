"""What is to mend in a draft, in Chinese, with the line of the file.

The checks themselves stay where they are: `supervision.catalogue`, `registers.query`, `supervision.cases`. Here their
English messages get Chinese words; one without words is shown as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import yaml
from pydantic import ValidationError

from registers.query import QueryError
from supervision.cases import CaseFailure
from supervision.catalogue import ModelError
from supervision.pages import LEVEL_NAMES, VERDICT_NAMES

Path = tuple[str | int, ...]

TEXTS: Final[Sequence[tuple[str, str, str]]] = (
    # the SQL subset
    (r"not SQL: .*", "不是正确的 SQL", "核对括号、引号、逗号和关键字"),
    (r"write exactly one SELECT", "应恰好是一个 SELECT", "删去其他语句"),
    (r"WITH (\S+) hides a relation.*", r"WITH 的名字 \1 与登记表同名", "换一个名字"),
    (
        r"relation '(.+)' is not declared.*",
        r"用了没有声明的登记表 \1",
        "写到 registers 下（连同所用的列），或改正拼写",
    ),
    (
        r"parameter :(\S+) is not declared.*",
        r"用了没有声明的参数 :\1",
        "写到 parameters 下：值、单位、范围、来源",
    ),
    (r"function (\S+) is not in the subset; bind :as_of.*", r"不能用函数 \1", "要当天日期时写 :as_of"),
    (r"function (\S+) is not in the subset.*", r"不能用函数 \1", "换成写法说明里列出的函数"),
    (r"SELECT \* hides.*", "不能写 SELECT *", "逐个写出列名"),
    (r"a sample is chance.*", "不能抽样", "选出全部有关的行"),
    (r"relation (.+) names a schema.*", r"\1 带了库名", "只写登记表的英文名"),
    (r"the result depends on the order of rows.*", "结果取决于行的先后", "写明 ORDER BY，或改用汇总"),
    (r"string_agg on every engine.*", "string_agg 只能按自身的值排序", "ORDER BY 写同一个值"),
    (
        r"DISTINCT or string_agg OVER.*",
        "不是每种引擎都能在 OVER 里用 DISTINCT 或 string_agg",
        "先在 WITH 里汇总，再关联",
    ),
    (
        r"how 2\.5 becomes an integer.*",
        "小数变整数在各引擎不一样",
        "写明 round(…) 或 floor(…)",
    ),
    (r"substr counts from 1.*", "substr 从 1 数起", "把 0 改成 1"),
    (r"date_diff counts in.*", "date_diff 只能按 'day'、'month'、'year' 数", "改用其中一种"),
    (r"extract gives (.+); other.*", "extract 不能取这一部分", r"只能取：\1"),
    (r"(.+) lies two queries outside.*", r"\1 在外面两层的查询里", "在 WITH 里先关联"),
    (r"a division by zero.*", "除数可能是零", "除以 NULLIF(…, 0)"),
    (r"date - date differs.*", "日期不能直接相减", "改用 date_diff('day', 早, 晚)"),
    (r"LEFT JOIN … IS NULL.*", "LEFT JOIN … IS NULL 其实是“不存在”", "改写成 NOT EXISTS (SELECT 1 …)"),
    (r"not an SQL expression: (.*)", r"不是正确的 SQL 表达式：\1", "核对括号、引号和列名"),
    # the parts of a model
    (r"there is no register '(.+)'", r"没有登记表 \1", "核对登记表目录里的英文名"),
    (r"there is no '(.+)'; there are (.+)", r"没有派生关系 \1", r"现有：\2"),
    (r"(\S+) has no column '(.+)'", r"登记表 \1 没有列 \2", "核对登记表目录里的列名"),
    (r"declare (\S+): (.+)", r"查询用了登记表 \1 的列 \2，没有声明", r"写到 registers 的 \1 下"),
    (r"(\S+): (.+) is not read; remove it", r"声明了登记表 \1 的列 \2，查询没有用", "删去"),
    (r"select (.+)", r"证据查询缺少列：\1", "在 SELECT 里选出"),
    (r"legal_basis is empty.*", "没有法律依据", "引用条款；没有核对过原文的标 to_be_confirmed: true"),
    (r"(.+): give the article.*", r"《\1》没有写条款", "写明第几条，或标 to_be_confirmed: true"),
    (r"a hit has a level, and only a hit", "只有命中才写等级，命中必须写等级", "补上或删去 level"),
    (r"partition: (\S+) is not among.*", r"partition 的 \1 不在所用的列里", "改成 registers 里有的列"),
    (r"levels: write the most serious first", "等级的次序不对", "从重到轻写：red、yellow、blue"),
    (
        r"cases: write one of kind (.+)",
        r"缺少这些种类的用例：\1",
        "命中、未命中、边界、排除、无法计算各至少写一个",
    ),
    (r"cases: no case shows level (.+)", r"没有用例显示等级：\1", "每个等级至少写一个命中的用例"),
    (r"reason names (.+), which is.*", r"理由里的 \1 没有定义", "只能用 finding 里的汇总和参数的名字"),
    (r"value (.+) is outside its bounds (.+) to (.+)", r"值 \1 不在范围 \2 至 \3 内", "改值或改范围"),
)
_SHAPES: Final[Mapping[str, tuple[str, str]]] = {
    "missing": ("缺少 {name}", "补上这一项"),
    "extra_forbidden": ("没有叫 {name} 的项", "删去，或改正拼写"),
    "literal_error": ("{name} 不是规定的写法", "只能写：{expected}"),
    "too_short": ("{name} 条数不够", "至少写 {min_length} 条"),
    "string_pattern_mismatch": ("{name} 的写法不对", "用小写英文字母、数字和下划线，以字母开头"),
    "greater_than_equal": ("{name} 太小", "不能小于 {ge}"),
    "string_type": ("{name} 应为文字", "日期或数字当文字用时加引号"),
    "int_type": ("{name} 应为整数", "写整数，不加引号"),
    "int_parsing": ("{name} 应为整数", "写整数，不加引号"),
    "tuple_type": ("{name} 应为列表", "写成 [甲, 乙]，或每行一个“- ”"),
    "dict_type": ("{name} 应为“项: 值”", "冒号后加一个空格"),
    "mapping_type": ("{name} 应为“项: 值”", "冒号后加一个空格"),
    "model_type": ("{name} 应为“项: 值”", "冒号后加一个空格"),
}


@dataclass(frozen=True)
class Problem:
    """One thing to mend.

    Attributes:
        what: what is wrong; mend: what to write instead.
        part: the part of the file, by its English name.
        line: of the file, from 1.
        detail: the checker's own message, for whoever knows the code.
    """

    what: str
    mend: str = ""
    part: str = ""
    line: int | None = None
    detail: str = ""

    def __str__(self) -> str:
        place = f"第 {self.line} 行" if self.line else ""
        place += f"（{self.part}）" if self.part else ""
        mend = f"；改法：{self.mend}" if self.mend else ""
        detail = f"〔{self.detail}〕" if self.detail else ""
        return f"{place}{'：' if place else ''}{self.what}{mend}{detail}"


def yaml_problem(error: Exception) -> Problem:
    """A text that is no YAML."""
    mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
    mend = "核对缩进（只用空格）、冒号后的空格、成对的引号和括号"
    detail = str(getattr(error, "problem", None) or type(error).__name__)
    return Problem("不是正确的 YAML", mend, line=mark.line + 1 if mark else None, detail=detail)


def load_problems(text: str, error: ModelError) -> list[Problem]:
    """What kept a draft from loading; `text` is YAML."""
    cause = error.__cause__
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if isinstance(cause, ValidationError):
        return list(_shape_problems(cause, root))
    if isinstance(cause, QueryError):
        part = cause.source.partition(" ")[2]
        return [_worded(cause.message, part=part, line=_query_line(root, part, cause.line))]
    return [yaml_problem(cause)] if isinstance(cause, yaml.YAMLError) else [Problem(str(error))]


def case_problem(text: str, position: int, failure: CaseFailure) -> Problem:
    """A case whose expectation does not hold."""
    line = _line_at(_root(text), ("cases", position))
    if failure.error:
        return Problem(
            f"用例不成立：“{failure.case}”算不出", "核对用例里的列名和值", "cases", line, failure.error
        )
    return Problem(
        f"用例不成立：“{failure.case}”中 {failure.subject} 应为{_answer(failure.expected)}，实际为{_answer(failure.found)}",
        "改查询、等级条件，或改用例",
        "cases",
        line,
    )


def case_data_problem(text: str, position: int, *, case: str, error: Exception) -> Problem:
    """A case whose rows do not fit the registers."""
    line = _line_at(_root(text), ("cases", position))
    what = f"用例里的数据与登记表的列不符：“{case}”"
    return Problem(what, "核对各列的类型：日期写 2025-05-01，金额写整数分", "cases", line, str(error))


def problem_at(text: str, key: str, what: str) -> Problem:
    """A problem with one part at the top of the file."""
    return Problem(what, part=key, line=_line_at(_root(text), (key,)))


def _root(text: str) -> yaml.Node | None:
    return yaml.compose(text, Loader=yaml.SafeLoader)


def _answer(answer: tuple[str, str | None] | None) -> str:
    verdict, level = answer or ("", None)
    return VERDICT_NAMES.get(verdict, verdict) + (f"（{LEVEL_NAMES[level]}）" if level else "")


def _worded(message: str, *, part: str, line: int | None) -> Problem:
    for pattern, what, mend in TEXTS:
        if match := re.fullmatch(pattern, message, re.DOTALL):
            return Problem(match.expand(what), match.expand(mend), part, line, message)
    return Problem("检查没有通过", part=part, line=line, detail=message)


def _shape_problems(error: ValidationError, root: yaml.Node | None) -> Iterator[Problem]:
    """One problem a place: of the alternatives that a value could have been, the first is told."""
    told: set[Path] = set()
    for item in error.errors(include_url=False, include_input=False):
        known = _known_path(root, item["loc"], missing=item["type"] == "missing")
        if known in told:
            continue
        told.add(known)
        part = ".".join(map(str, known))
        line = _line_at(root, known)
        context = item.get("ctx", {})
        if item["type"] == "value_error":
            message = str(context["error"])
            if not known:  # a check of the whole model begins with the part that it is about
                part = re.split(r"\W", message, maxsplit=1)[0]
                line = _line_at(root, (part,))
            yield _worded(message, part=part, line=line)
            continue
        words = _SHAPES.get(item["type"])
        if words is None:
            yield Problem(f"{part or '草稿'} 的写法不对", part=part, line=line, detail=item["msg"])
            continue
        name = str(known[-1]) if known else "草稿"
        expected = str(context.get("expected", "")).replace("'", "").replace(" or ", ", ").replace(", ", "、")
        what, mend = (word.format(**{**context, "expected": expected, "name": name}) for word in words)
        yield Problem(what, mend, part, line)


def _known_path(root: yaml.Node | None, loc: Iterable[str | int], *, missing: bool) -> Path:
    """The part of a location that the file holds (the rest names alternatives), and the part that is missing."""
    known: list[str | int] = []
    node = root
    for step in loc:
        below = _below(node, step)
        if below is None:
            return (*known, step) if missing else tuple(known)
        known.append(step)
        node = below[1]
    return tuple(known)


def _below(node: yaml.Node | None, step: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    """The key and the value at a step, or an element as both."""
    if isinstance(node, yaml.MappingNode):
        pairs = ((key, value) for key, value in node.value if key.value == str(step))
        return next(pairs, None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None


def _line_at(root: yaml.Node | None, path: Path) -> int | None:
    """The line of what a path names, or of the nearest thing around it that the file holds."""
    line: int | None = None
    node = root
    for step in path:
        below = _below(node, step)
        if below is None:
            break
        line, node = below[0].start_mark.line + 1, below[1]
    return line


def _query_line(root: yaml.Node | None, part: str, line: int | None) -> int | None:
    """The line of the file for a line of the SQL of a part."""
    below = _below(root, part)
    if below is None:
        return None
    key, value = below
    if line is None or not isinstance(value, yaml.ScalarNode):
        return key.start_mark.line + 1
    first = value.start_mark.line + (1 if value.style in ("|", ">") else 0)
    return first + line
