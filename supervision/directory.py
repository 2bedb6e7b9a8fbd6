"""The generated data directory: which models need which register and column, whose it is, how late it may be."""

from __future__ import annotations

from collections.abc import Mapping

from registers.catalogue import Catalogue, Register
from registers.pages import FREQUENCIES
from supervision.catalogue import FIELD_NAMES, Model

_EMPTY = {"gap": "算缺数据", "telling": "本身是信息", "normal": "可以为空"}


def data_directory(catalogue: Catalogue, models: Mapping[str, Model]) -> str:
    """Registers by models on one Markdown page: an overview, then each register column by column."""
    users = {
        register: [model for model in models.values() if register in model.needs] for register in catalogue
    }
    ordered = sorted(catalogue.values(), key=lambda register: (-len(users[register.id]), register.id))
    lines = [
        "# 数据目录：哪个模型需要哪张登记表的哪一列",
        "",
        f"{len(models)} 个模型，{len(catalogue)} 张登记表，用得最多的在前。本页由 `cunjian docs` 生成；"
        "本地今天缺什么，用 `cunjian registers status` 查看。",
        "",
        "| 登记表 | 提供部门 | 更新 | 最多可晚 | 模型数 | 领域 |",
        "| --- | --- | --- | --- | --- | --- |",
        *(_overview(register, users[register.id]) for register in ordered),
        "",
    ]
    for register in ordered:
        lines += [*_register(register, users[register.id]), ""]
    return "\n".join(lines)


def _overview(register: Register, users: list[Model]) -> str:
    fields = "、".join(name for field, name in FIELD_NAMES.items() if any(m.field == field for m in users))
    return (
        f"| [{register.name}](#{register.id}) | {register.owner} | {FREQUENCIES[register.frequency]} | "
        f"{_lateness(register)} | {len(users)} | {fields} |"
    )


def _register(register: Register, users: list[Model]) -> list[str]:
    head = [
        f'<a id="{register.id}"></a>',
        "",
        f"## {register.name} `{register.id}`",
        "",
        f"{register.owner} · {FREQUENCIES[register.frequency]}更新 · {_lateness(register)}，否则下列模型答“无法计算”",
        "",
    ]
    if not users:
        return [*head, "现有模型都不用这张表。"]
    needed = [c for c in register.columns if any(c.name in m.needs[register.id] for m in users)]
    return [
        *head,
        "| 列 | 英文名 | 必填 | 空格 | 用它的模型 |",
        "| --- | --- | --- | --- | --- |",
        *(
            f"| {c.zh} | `{c.name}` | {'是' if c.required else ''} | {'' if c.required else _EMPTY[c.empty]} | "
            f"{'、'.join(_link(m) for m in users if c.name in m.needs[register.id])} |"
            for c in needed
        ),
    ]


def _lateness(register: Register) -> str:
    return f"{'最新一笔' if register.aged_by == 'event' else '最近一次交付'}距今不超过 {register.max_age_days} 天"


def _link(model: Model) -> str:
    return f"[{model.name}](models/{model.id}.md)"
