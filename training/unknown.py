"""What a report cannot say, in sentences for people."""

from __future__ import annotations

from typing import Final

from ml.kinds import SCORED_NAMES, Scored
from training.gates import Facts

FEW_ENTITIES: Final = 30
"""Below so many a report says that there is little to compare: the usual least number of a sample."""


def unknown_of(
    facts: Facts, *, calibrated: bool, entities: int, entity: Scored, simulated: bool
) -> tuple[str, ...]:
    """What this report cannot say, in sentences."""
    told = [
        "指标只说明按分数或随机抽查选出的案件；没有被选中核查的对象究竟如何，本报告不知道。",
        "各组的比例没有按抽取机会加权：名单上的对象被核查得多，随机抽查的少。",
    ]
    if entities < FEW_ENTITIES:
        told.append(
            f"{SCORED_NAMES[entity]}只有 {entities} 个：什么算异常、名次和百分位都没有多少依据，请直接看理由和依据。"
        )
    if facts.cases < 200:
        told.append(
            f"抽取核查的结果只有 {facts.cases} 件，各项区间都宽；分到一个乡镇往往不足十件，看不出差别。"
        )
    if not calibrated and facts.learns:
        told.append("没有检验概率：核查结果太少，或模型还不给概率。")
    if facts.champion is None:
        told.append("没有现用模型可以比较。")
    if simulated:
        told.append("全部是模拟数据：数字只说明程序能运行，不说明在真实数据上的效果。")
    return tuple(told)
