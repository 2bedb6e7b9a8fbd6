"""The command of the model of tenders: `train tender`."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cunjian import console, report
from cunjian.settings import Settings

if TYPE_CHECKING:
    from training.train import Trained


def register(train_app: typer.Typer) -> None:
    """Add `tender` to `cunjian train`."""
    train_app.command(
        epilog="例：cunjian train tender --as-of 2025-12-31\n\n    cunjian train tender --bids 已标注的投标.xlsx"
    )(tender)


def tender(
    bids: Annotated[
        Path | None,
        typer.Option(
            help="已标注的投标表（csv、xlsx、parquet），列为 tender、bidder、amount、label；默认用登记表和核查结果"
        ),
    ] = None,
    as_of: Annotated[
        datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="截至哪一天，默认今天")
    ] = None,
    seed: Annotated[int, typer.Option(help="随机种子；同样的输入和种子给出同样的结果")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="输出一个 JSON 对象，供程序读取")] = False,
) -> None:
    """用报价的形状和核查结果训练招标模型，登记为候选，写出报告；核查结果太少时只按指标方向排序。"""
    from cunjian.room import room_of  # noqa: PLC0415  --help stays quick
    from cunjian.tender_training import train_tender_stage  # noqa: PLC0415

    settings, today = Settings(), datetime.now(UTC).astimezone().date()
    day: date = as_of.date() if as_of else today
    with console.progress("训练招标模型"):
        done = train_tender_stage(
            settings, as_of=day, seed=seed, labelled_bids=bids, room=room_of(settings, today=today, as_of=day)
        )
    console.show(done, _show, as_json=as_json)


def _show(done: Trained) -> None:
    from ml.tenders import MIN_PER_OUTCOME  # noqa: PLC0415

    report.trained([done])
    if min(done.confirmed, done.refuted) < MIN_PER_OUTCOME:
        console.say(
            f"有结论的招标项目太少（属实、不属实各须不少于 {MIN_PER_OUTCOME} 个）：只按报价指标的方向排序，不给查实概率"
        )
