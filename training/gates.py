"""What a challenger must pass before it may serve: named gates as data, and one answer with a sentence for each.

A gate answers pass, fail, cannot tell or not applicable. Whatever did not pass stands in the way of promotion: a
gate marked `hard` for good, any other until the approver writes why the model shall serve all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final


class Answer(StrEnum):
    PASS = "pass"  # noqa: S105  an answer, no password
    FAIL = "fail"
    CANNOT_TELL = "cannot_tell"
    NOT_APPLICABLE = "not_applicable"


@dataclass(frozen=True)
class Gate:
    """A condition. bound: what the measured value is held to. why: the reason of the bound, for people.

    hard: nobody can override it, because the model would be another one than the one that was looked at.
    """

    id: str
    name: str
    bound: float | None
    unit: str
    why: str
    hard: bool = False


GATES: Final[Mapping[str, Gate]] = {
    gate.id: gate
    for gate in (
        Gate(
            "reproducible", "可复现", None, "", "同样的数据和种子再训练一次，须逐字节相同；否则看过的和启用的不是同一个模型", hard=True
        ),
        Gate("same_features", "特征定义一致", None, "", "特征定义变了，旧模型会拒绝打分", hard=True),
        Gate("recent_data", "数据新", 45, "天", "登记表多按月交付；超过一个半月，模型没有见过最近一期（业务口径）"),
        Gate(
            "enough_labels", "核查结果够用", 30, "件",
            "少于 30 件抽取核查的结果，或属实、不属实任一不足 10 件，指标的区间宽到说明不了问题（与概率校准的最低要求一致）",
        ),
        Gate(
            "not_below_champion", "不低于现用模型", 0, "",
            "在现用模型没有学过的同一批核查结果上成对比较；差值的 95% 区间整个低于零，才算确实变差",
        ),
        Gate(
            "calibrated", "概率可信", 0.05, "",
            "校准误差在 5 个百分点以内不改变任何决定；超过时与“概率完全正确”时同样件数本会出现的误差（95% 分位）比较（Bröcker 与 Smith，2007）",
        ),
        Gate(
            "stable", "名单稳定", 0.6, "",
            "换随机种子、抽换训练行后，前列名单扣除巧合平均至少六成相同（两份随机名单算零）；低于此，谁在名单上多半取决于运气（业务口径）",
        ),
        Gate(
            "in_proportion", "没有一类村被不成比例地提示", None, "",
            "按乡镇和村型逐组比较提示与属实的比例；比较多组时区间按 Bonferroni 放宽，避免巧合被当成偏差",
        ),
    )
}  # fmt: skip

LEAST_CASES: Final = 30
LEAST_PER_CLASS: Final = 10


@dataclass(frozen=True)
class Interval:
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What was measured of a challenger; None = it could not be measured.

    Attributes:
        learns: whether the kind learns from outcomes (an anomaly model does not).
        ranks: whether it puts villages or officials into an order (a model of texts does not).
        data_age_days: from the day of the data to the day of the report; None for simulated data.
        cases, confirmed, refuted: outcomes of drawn cases on which it was judged.
        champion: version that serves; None = none yet.
        compared: difference of average precision to the champion (positive = better), and on how many cases.
        calibration_error, calibration_by_chance: ECE, and the 95 % quantile of the ECE of a perfect model.
        overlap: mean share of the top list kept over other seeds and resampled rows, beyond chance.
        groups, out_of_proportion: how many groups could be judged, and the names of those that stand out.
    """

    learns: bool
    reproduced: bool | None
    same_features: bool | None
    data_age_days: int | None
    cases: int = 0
    confirmed: int = 0
    refuted: int = 0
    champion: str | None = None
    compared: Interval | None = None
    compared_cases: int = 0
    calibration_error: float | None = None
    calibration_by_chance: float | None = None
    ranks: bool = True
    overlap: float | None = None
    groups: int = 0
    out_of_proportion: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """The answer of one gate, with a Chinese sentence."""

    gate: str
    name: str
    answer: Answer
    sentence: str
    why: str
    hard: bool

    @property
    def stands_in_the_way(self) -> bool:
        return self.answer in (Answer.FAIL, Answer.CANNOT_TELL)

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"answer": self.answer.value}


def judge(facts: Facts) -> tuple[Verdict, ...]:
    """Every gate, in the order of `GATES`."""
    answers = {
        "reproducible": _reproducible(facts),
        "same_features": _same_features(facts),
        "recent_data": _recent(facts),
        "enough_labels": _labels(facts),
        "not_below_champion": _not_below(facts),
        "calibrated": _calibrated(facts),
        "stable": _stable(facts),
        "in_proportion": _in_proportion(facts),
    }
    return tuple(
        Verdict(gate.id, gate.name, *answers[gate.id], why=gate.why, hard=gate.hard)
        for gate in GATES.values()
    )


_Told = tuple[Answer, str]


def _bound(gate: str) -> float:
    bound = GATES[gate].bound
    if bound is None:
        raise ValueError(f"gate {gate} has no bound")
    return bound


def _reproducible(facts: Facts) -> _Told:
    if facts.reproduced is None:
        return Answer.CANNOT_TELL, "没有重新训练过，不知道能否得到同一个模型。"
    if facts.reproduced:
        return Answer.PASS, "用同样的数据和种子重新训练，得到逐字节相同的模型。"
    return Answer.FAIL, "用同样的数据和种子重新训练，得到的模型不同。"


def _same_features(facts: Facts) -> _Told:
    if facts.same_features is None:
        return Answer.NOT_APPLICABLE, "这一类模型不用登记表特征，本项不适用。"
    if facts.same_features:
        return Answer.PASS, "训练所用的特征定义与现在的一致。"
    return Answer.FAIL, "训练之后特征定义改过，请按新的特征重新训练。"


def _recent(facts: Facts) -> _Told:
    age = facts.data_age_days
    if age is None:
        return Answer.NOT_APPLICABLE, "模拟数据或固定的语料有自己的日历，本项不适用。"
    answer = Answer.PASS if age <= _bound("recent_data") else Answer.FAIL
    return answer, f"训练数据截至 {age} 天前，上限 {_bound('recent_data'):.0f} 天。"


def _labels(facts: Facts) -> _Told:
    what = "抽取核查的结果" if facts.ranks else "已标注的来信"
    counts = f"{what} {facts.cases} 件：属实 {facts.confirmed}，不属实 {facts.refuted}"
    if not facts.learns:
        return Answer.NOT_APPLICABLE, f"异常模型不从核查结果学习，本项不适用（{counts}）。"
    if _few(facts.cases, facts.confirmed, facts.refuted):
        return (
            Answer.FAIL,
            f"{counts}；至少要 {LEAST_CASES} 件，且两种结果各不少于 {LEAST_PER_CLASS} 件。",
        )
    return Answer.PASS, f"{counts}，够用。"


def _few(cases: int, confirmed: int, refuted: int) -> bool:
    return cases < LEAST_CASES or min(confirmed, refuted) < LEAST_PER_CLASS


def _not_below(facts: Facts) -> _Told:
    if facts.champion is None:
        return Answer.NOT_APPLICABLE, "还没有现用模型，无从比较。"
    against = f"与现用的第 {facts.champion} 版"
    if facts.compared is None and not facts.ranks:
        return (
            Answer.CANNOT_TELL,
            f"{against}学过同样的来信，没有两者都没学过的可以比较；请看报告里的交叉验证。",
        )
    if facts.compared is None:
        return (
            Answer.CANNOT_TELL,
            f"{against}无法比较：现用模型没有学过的核查结果只有 {facts.compared_cases} 件，或其特征不同。",
        )
    gain = facts.compared
    told = (
        f"{against}在同样 {facts.compared_cases} 件上成对比较，平均精确率相差 {gain.value:+.3f}"
        f"（95% 区间 {gain.low:+.3f} 至 {gain.high:+.3f}）"
    )
    if gain.high < _bound("not_below_champion"):
        return Answer.FAIL, f"{told}，确实变差。"
    if gain.low >= 0:
        return Answer.PASS, f"{told}，确实更好。"
    return Answer.PASS, f"{told}，没有看出变差，也没有看出变好。"


def _calibrated(facts: Facts) -> _Told:
    error, chance = facts.calibration_error, facts.calibration_by_chance
    if not facts.learns:
        return Answer.NOT_APPLICABLE, "异常模型不给概率，本项不适用。"
    if error is None or chance is None:
        return Answer.CANNOT_TELL, "核查结果太少，模型还不给概率，无法检验。"
    told = f"校准误差 {error:.3f}；概率完全正确时同样件数也可能到 {chance:.3f}"
    if error <= max(_bound("calibrated"), chance):
        return Answer.PASS, f"{told}，可以接受。"
    return Answer.FAIL, f"{told}，误差不能用件数少来解释。"


def _stable(facts: Facts) -> _Told:
    if not facts.ranks:
        return Answer.NOT_APPLICABLE, "这一类模型不排名单，本项不适用。"
    if facts.overlap is None:
        return Answer.CANNOT_TELL, "没有做过稳定性试验，或者名单长到包括了全部对象。"
    answer = Answer.PASS if facts.overlap >= _bound("stable") else Answer.FAIL
    return (
        answer,
        f"换种子、抽换训练行后，前列名单扣除巧合平均 {facts.overlap:.0%} 相同，下限 {_bound('stable'):.0%}。",
    )


def _in_proportion(facts: Facts) -> _Told:
    if not facts.ranks:
        return Answer.NOT_APPLICABLE, "这一类模型不提示村，本项不适用。"
    if not facts.groups:
        return Answer.CANNOT_TELL, "没有一组的核查结果够多，无法判断。"
    if facts.out_of_proportion:
        return Answer.FAIL, f"{facts.groups} 组里不成比例的：{'、'.join(facts.out_of_proportion)}。"
    return Answer.PASS, f"可判断的 {facts.groups} 组里没有不成比例的。"
