"""The pre-check from the command line: build the index of a day, and ask it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from cunjian import console
from cunjian.settings import Settings
from cunjian.stages import open_lake
from registers.catalogue import load_catalogue
from supervision.catalogue import load_models
from supervision.precheck.desk import Answer, Prechecks
from supervision.precheck.index import build_index
from supervision.precheck.payment import Cell, lake_row
from supervision.precheck.plan import Plans

ANSWERS: Mapping[str, str] = {
    "yes": "可付：未见疑点",
    "look": "先看：有疑点或算不出",
    "stop": "先停：请核实后再付",
}
LEVELS: Mapping[str, str] = {"red": "红", "yellow": "黄", "blue": "蓝"}


@dataclass(frozen=True)
class Built:
    """What an index was built of."""

    folder: Path
    as_of: date
    models: int
    megabytes: float
    seconds: float


def build(settings: Settings, *, as_of: date) -> Built:
    """Write the index of a day, so that payments of that day and the next ones can be asked about."""
    began = time.perf_counter()
    plans = Plans(load_models().values(), load_catalogue())
    with open_lake(settings, as_of=as_of) as engine:
        folder = build_index(engine, plans, settings.home)
    size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
    return Built(folder, as_of, len(plans.models), round(size, 1), round(time.perf_counter() - began, 1))


def ask(settings: Settings, register: str, cells: Mapping[str, str], *, as_of: date | None) -> Answer:
    """The answer for one payment written as `column=value`; amounts are integers of fen."""
    catalogue = load_catalogue()
    typed: dict[str, Cell] = {name: _number(name, text) for name, text in cells.items()}
    row = lake_row(register, typed, catalogue=catalogue, home=settings.home)
    return Prechecks(settings.home).ask(register, row, as_of=as_of)


def plain(answer: Answer) -> dict[str, object]:
    """An answer for programs, without the people and places that its findings speak of."""
    return {
        "answer": answer.verdict,
        "as_of": answer.as_of,
        "data_as_of": answer.data_as_of,
        "recorded": answer.recorded,
        "simulated": answer.simulated,
        "checked": answer.checked,
        "findings": [
            {"model": hit.model.id, "level": hit.level, "reason": hit.reason, "law": list(hit.law)}
            for hit in answer.hits
        ],
        "unknown": {silent.model.id: silent.why for silent in answer.unknown},
        "unchecked": {silent.model.id: silent.why for silent in answer.unchecked},
    }


def show_built(built: Built) -> None:
    """Say what was built."""
    console.say(
        f"支付前核查的索引已建好：{built.models} 个模型，{built.megabytes} MB，用时 {built.seconds} 秒；截至 {built.as_of}"
    )


def show_answer(answer: Answer) -> None:
    """The answer, its reasons, and what was not checked."""
    console.say(ANSWERS[answer.verdict])
    if answer.hits:
        rows = [
            [LEVELS[h.level], h.model.name, h.reason, "；".join(h.model.guide.clears_if)] for h in answer.hits
        ]
        console.show_table("疑点（由人核实，不是结论）", ["等级", "模型", "理由", "哪些情形可以排除"], rows)
    console.say(f"算出 {answer.checked} 个模型；数据截至 {answer.data_as_of}")
    for title, silent in (("本村算不出", answer.unknown), ("支付前不核查", answer.unchecked)):
        if silent:
            console.say(
                f"{title} {len(silent)} 个：" + "；".join(f"{s.model.name}（{s.why}）" for s in silent)
            )


def _number(name: str, text: str) -> Cell:
    """Amounts come as text from a command line."""
    return int(text) if name.endswith("_fen") and text.removeprefix("-").isdecimal() else text
