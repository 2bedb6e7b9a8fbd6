"""The generated pages of the models: what a checker, a lawyer and a programmer each need, from the one file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from registers.catalogue import Catalogue
from supervision.catalogue import FIELD_NAMES, Clause, Model
from supervision.derived.catalogue import DERIVED

LEVEL_NAMES = {"red": "红", "yellow": "黄", "blue": "蓝"}
VERDICT_NAMES = {
    "hit": "命中",
    "clear": "未见疑点",
    "not_applicable": "不适用",
    "not_computable": "无法计算",
}
UNIT_NAMES = {
    "day": "天", "fen": "分", "percent": "%", "month": "个月", "year": "年", "minute": "分钟", "person": "人",
    "household": "户", "family": "家", "village": "个村", "company": "家企业", "supplier": "家供应商", "buyer": "个采购人",
    "organisation": "个单位", "tender": "个标段", "bid": "份投标", "bidder": "个投标人", "use": "次", "stay": "次",
    "record": "条", "row": "行", "purchase": "次采购", "payment": "笔", "half day": "半个工", "mu": "亩", "mu_year": "亩·年",
    "person_month": "人·月", "share": "份额（1 为全部）", "interquartile range": "倍四分位距", "times the limit": "倍限额",
    "percent of the estimate": "%（占估价）", "percent of the winning price": "%（占中标价）",
    "percent above the lowest bid": "%（高于最低报价）", "permille of the winning price": "‰（占中标价）", "sign": "个迹象",
    "project": "个项目", "policy": "份保单", "point": "分", "lease": "份租约", "kind": "种", "house": "处房屋", "grade": "级",
    "digit of the item code": "位项目编码", "contract": "份合同", "class": "类", "change": "次变更",
    "times": "倍", "standard deviation": "个标准差", "per mille": "‰", "parcel": "块地", "number": "号", "invoice": "张发票",
}  # fmt: skip
SUBJECT_NAMES = {
    "village": "村（社区）",
    "official": "干部",
    "person": "个人",
    "household": "家庭",
    "company": "企业",
    "tender": "标段",
}


def model_page(model: Model, catalogue: Catalogue) -> str:
    """One model as a Markdown page."""
    lines = [
        f"# {model.name}",
        "",
        f"`{model.id}` · 第 {model.version} 版 · {FIELD_NAMES[model.field]} · 对象：{SUBJECT_NAMES[model.subject]} · 内容哈希 `{model.content_hash}`",
        "",
        "> 疑点是查看的理由，不是结论。",
        "",
        f"**看什么** {model.what}",
        "",
        f"**为什么** {model.why}",
        "",
        "## 法律依据",
        *(f"- {_clause(clause)}" for clause in model.legal_basis),
        "",
        "## 可能的正当理由",
        *_bullets(model.innocent_reasons),
        "",
        "## 怎么核实",
        *(f"{number}. {step}" for number, step in enumerate(model.guide.check, start=1)),
        "",
        f"**收集** {'、'.join(model.guide.evidence)}",
        "",
        f"**可以排除的情形** {'；'.join(model.guide.clears_if)}",
        "",
        "## 预警等级",
        *(f"- {LEVEL_NAMES[level]}：`{condition}`" for level, condition in model.levels.items()),
        "",
        "## 参数",
        "| 参数 | 值 | 单位 | 范围 | 来源 |",
        "| --- | --- | --- | --- | --- |",
        *(
            f"| `{n}` | {p.value} | {p.unit} | {p.min} – {p.max} | {p.source} |"
            for n, p in model.parameters.items()
        ),
        "",
        "## 需要的登记表",
        *(
            f"- {catalogue[r].name}（`{r}`）：{'、'.join(catalogue[r][c].zh for c in columns)}"
            for r, columns in model.registers.items()
        ),
        *(
            f"- 派生关系 `{name}`（第 {DERIVED[name].version} 版）：{DERIVED[name].about}"
            for name in model.derived
        ),
        "",
        "## 检验用例",
        *(f"- {case.name}" for case in model.cases),
        "",
        "## 查询",
        "可查对象：",
        "```sql",
        model.population.strip(),
        "```",
        "疑点证据：",
        "```sql",
        model.evidence.strip(),
        "```",
        "",
    ]
    return "\n".join(lines)


def models_index(models: Mapping[str, Model]) -> str:
    """All models in one table."""
    rules = sum(model.rules for model in models.values())
    lines = [
        "# 监督模型目录",
        "",
        f"{len(models)} 个模型，{rules} 条预警规则。本页由 `cunjian docs` 生成。",
        "",
        "| 领域 | 模型 | 对象 | 等级 |",
        "| --- | --- | --- | --- |",
    ]
    for model in sorted(models.values(), key=lambda m: (list(FIELD_NAMES).index(m.field), m.id)):
        levels = "、".join(LEVEL_NAMES[level] for level in model.levels)
        lines.append(
            f"| {FIELD_NAMES[model.field]} | [{model.name}]({model.id}.md) | {SUBJECT_NAMES[model.subject]} | {levels} |"
        )
    return "\n".join([*lines, ""])


def _clause(clause: Clause) -> str:
    days = ""
    if clause.in_force_from or clause.in_force_to:
        days = f"（{_day(clause.in_force_from)} 至 {_day(clause.in_force_to)}）"
    doubt = " **待核实**" if clause.to_be_confirmed else ""
    return f"{clause.title} {clause.article}{days}{doubt}"


def _day(day: date | None) -> str:
    return day.isoformat() if day else "今"


def _bullets(texts: tuple[str, ...]) -> list[str]:
    return [f"- {text}" for text in texts]
