"""The study of a triage model: its figures on held-out messages, for the same report and gates as the others."""

from __future__ import annotations

from typing import Final

from ml.bundle import Bundle
from ml.triage.labels import CLASSES, URGENCIES
from training.gates import Facts, Interval, judge
from training.study import Champion, Room, Study
from training.triage import FIRST_ROUND, WHOLE_BOARD, TriageReport

FIGURE_NAMES: Final = {
    "key F1": "关键事项 F1",
    "key average precision": "关键事项平均精确率",
    "key calibration error": "关键事项概率的校准误差",
    "share abstained": "交由人工判断的比例",
    "nature macro-F1": "性质（各类平均 F1）",
    "field macro-F1": "领域（各类平均 F1）",
    "topic macro-F1": "主题（各类平均 F1）",
    "class macro-F1": "官方类别（各类平均 F1）",
    **{f"class {name} F1": f"类别“{name}”F1" for name in CLASSES},
    **{
        f"{urgency} {measure}": f"紧急（{named}）：{words}"
        for urgency, named in URGENCIES.items()
        for measure, words in (
            ("precision", "精确率"),
            ("recall", "查全率"),
            ("average precision", "平均精确率"),
        )
    },
}
STAGE_NAMES: Final = {
    "fast path": "快速模型", "encoder alone": "仅编码器", "both on all": "两者合用", "cascade": "两级",
}  # fmt: skip
MEASURE_NAMES: Final = {
    "F1": "F1", "average precision": "平均精确率", "precision at 90 % recall": "查全 90% 时的精确率",
    "calibration error": "校准误差", "needs no second look": "不必再看的比例", "right among those": "其中判断正确的比例",
    "lost when the top 20% are read": "只看前 20% 时漏掉的关键事项", "lost when the top 30% are read": "只看前 30% 时漏掉的关键事项",
    "share read by the encoder": "交给编码器的比例",
}  # fmt: skip
SAMPLES: Final = {"": "", FIRST_ROUND: "（仅第一轮标注）", WHOLE_BOARD: "（整个留言板）"}
CALIBRATION: Final = "key calibration error"


def study_triage(
    report: TriageReport, *, room: Room, champion: Bundle | None, reproduced: bool, data_hash: str, seed: int
) -> Study:
    """Study a model trained on labelled public messages. reproduced: a second training gave equal bytes."""
    facts = Facts(
        learns=True,
        ranks=False,
        reproduced=reproduced,
        same_features=None,
        data_age_days=None,
        cases=report.labels,
        confirmed=report.key_matters,
        refuted=report.labels - report.key_matters,
        champion=str(champion.meta["version"]) if champion else None,
        calibration_error=report.figures[CALIBRATION].value,
        calibration_by_chance=0.0,
    )
    beside = Champion(
        version=str(champion.meta["version"]), as_of="", simulated=False, compared=None, unseen_cases=0, today=None,
        unknown="两版都用同样的来信训练，没有两者都没学过的",
    ) if champion else None  # fmt: skip
    return Study(
        entity="message",
        as_of=room.today,
        simulated=False,
        capacity=0,
        data={
            "rows": report.messages,
            "entities": report.messages,
            "features": report.features,
            "verified": report.labels,
            "drawn": report.labels,
            "confirmed": report.key_matters,
            "refuted": report.labels - report.key_matters,
            "first_selected": None,
            "last_selected": None,
            "data_hash": data_hash,
            "definition_hash": "",
            "seed": seed,
        },
        cases=(),
        back_test=None,
        truth=(),
        calibration=None,
        top=(),
        stability=(),
        champion=beside,
        slices=(),
        verdicts=judge(facts),
        unknown=(
            "标注来自公开留言板，不是本地来信；本地来信的效果要看受理员的更正。",
            "第二、三轮标注多是模型拿不准或认为可能的，前三轮标注上的数字偏严。",
        ),
        held_out={
            _name(name): Interval(figure.value, figure.low, figure.high)
            for name, figure in report.figures.items()
        },
    )


def _name(figure: str) -> str:
    stage, colon, measure = figure.partition(": ")
    if colon:
        return f"{STAGE_NAMES[stage]}：{MEASURE_NAMES[measure]}"
    sample = max((one for one in SAMPLES if figure.startswith(one)), key=len)
    measure = figure.removeprefix(sample)
    return FIGURE_NAMES.get(measure, measure) + SAMPLES[sample]
