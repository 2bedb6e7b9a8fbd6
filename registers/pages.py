"""The generated page of the registers: whose they are, what their columns are called, what is checked."""

from __future__ import annotations

from registers.catalogue import Catalogue, Column, Register

MODES = {"append": "逐笔追加", "versioned": "按版本更新"}
FREQUENCIES = {"live": "实时", "monthly": "每月", "quarterly": "每季", "yearly": "每年"}
SHARING = {"open": "无条件共享", "restricted": "有条件共享", "approval": "审批后共享"}
PERSONAL_DATA = {"none": "不含", "personal": "个人信息", "sensitive": "敏感个人信息"}
TYPES = {
    "text": "文字", "note": "文字（隐去证件号、电话、账号）", "enum": "选项", "bool": "是否", "integer": "整数", "decimal": "数", "amount": "金额", "date": "日期",
    "month": "月份", "division": "区划代码", "credit_code": "信用代码", "person": "身份证号", "party": "单位或个人",
    "phone": "电话", "account": "银行账号", "written": "没有身份证号的人",
}  # fmt: skip


def registers_page(catalogue: Catalogue) -> str:
    """All registers as one Markdown page."""
    lines = ["# 登记表目录", "", f"{len(catalogue)} 张登记表。本页由 `cunjian docs` 生成。", ""]
    for register in catalogue.values():
        lines += [*_register(register), ""]
    return "\n".join(lines)


def _register(register: Register) -> list[str]:
    return [
        f"## {register.name} `{register.id}`",
        "",
        f"{register.owner} · {FREQUENCIES[register.frequency]}更新 · {SHARING[register.sharing]} · {MODES[register.mode]} · "
        f"个人信息：{PERSONAL_DATA[register.personal_data]} · 主键：{'、'.join(register[name].zh for name in register.key)} · "
        f"超过 {register.max_age_days} 天没有{'新数据' if register.aged_by == 'event' else '交付'}则模型答“无法计算”",
        "",
        "| 列 | 也叫 | 英文名 | 类型 | 必填 |",
        "| --- | --- | --- | --- | --- |",
        *(_column(column) for column in register.columns),
    ]


def _column(column: Column) -> str:
    kind = TYPES[column.type]
    if column.values:
        kind += "：" + "、".join(names[0] for names in column.values.values())
    if not column.in_lake:
        kind += "（只进身份库）"
    return f"| {column.zh} | {'、'.join(column.aliases)} | `{column.name}` | {kind} | {'是' if column.required else ''} |"
