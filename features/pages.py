"""The dictionary of features as a page for people, generated from the files that compute them."""

from __future__ import annotations

from typing import Final

from features.dictionary import ENTITY_NAMES, UNITS, Entity, Feature, Group, load_groups
from registers.catalogue import load_catalogue

DIRECTIONS: Final = {"up": "越高越需关注", "down": "越低越需关注", "both": "偏离同类即需关注"}


def feature_page(entity: Entity) -> str:
    """The features of an entity as Markdown: one section a group with its registers, parameters and features."""
    groups = load_groups(entity)
    total = sum(len(group.features) for group in groups)
    parts = [f"## {ENTITY_NAMES[entity]}特征（{total} 项，{len(groups)} 组）"]
    parts += [_section(group) for group in groups]
    return "\n\n".join(parts) + "\n"


def _section(group: Group) -> str:
    catalogue = load_catalogue()
    registers = "、".join(f"{catalogue[register].name}（`{register}`）" for register in group.query.needs)
    lines = [f"### {group.name} `{group.id}`", "", f"登记册：{registers}", ""]
    if group.query.parameters:
        lines += ["| 参数 | 取值 | 范围 | 来源 |", "| --- | --- | --- | --- |"]
        lines += [
            f"| `{name}` | {p.value} {p.unit} | {p.min}–{p.max} | {p.source} |"
            for name, p in group.query.parameters.items()
        ]
        lines.append("")
    lines += ["| 特征 | 名称 | 单位 | 方向 | 含义 | 小样本收缩 |", "| --- | --- | --- | --- | --- | --- |"]
    lines += [_row(feature) for feature in group.features]
    return "\n".join(lines)


def _row(feature: Feature) -> str:
    shrink = f"`{feature.shrink.count}`，{feature.shrink.weight:g}" if feature.shrink else "—"
    cells = (
        f"`{feature.name}`",
        feature.label,
        UNITS[feature.unit].label,
        DIRECTIONS[feature.direction],
        feature.meaning,
        shrink,
    )
    return "| " + " | ".join(cells) + " |"
