"""The commands of trial runs: `models try` and `models alike`."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from casework.roles import is_division
from cunjian import console
from cunjian.settings import Settings

AsOf = Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="截至哪一天，默认今天")]
Json = Annotated[bool, typer.Option("--json", help="输出一个 JSON 对象，供程序读取")]


def register(models_app: typer.Typer) -> None:
    """Add the commands to `cunjian models`."""
    models_app.command(
        name="try", epilog="例：cunjian models try 我的模型.yaml --quarters 8 --division 990101"
    )(try_draft)
    models_app.command(
        epilog="例：cunjian models alike labour_more_than_a_day --subject P0a1b2 --village 990101001201 --division 9901"
    )(alike)


def try_draft(
    file: Annotated[Path, typer.Argument(help="模型草稿文件", exists=True, dir_okay=False)],
    quarters: Annotated[int, typer.Option(min=1, max=40, help="看几个季度")] = 8,
    division: Annotated[str, typer.Option(help="只看这个区划，默认全部")] = "",
    as_of: AsOf = None,
    as_json: Json = False,
) -> None:
    """试运行模型草稿：在历史上逐季与现行版本对照，看新增、减少、工作量、重叠和核查属实的比例。"""
    from cunjian.trials import print_trial, trial_json, try_stage  # noqa: PLC0415  --help stays quick
    from supervision.catalogue import model_from_text  # noqa: PLC0415

    _check_division(division)
    draft = model_from_text(file.read_text(encoding="utf-8"), source=file.name)
    with console.progress("试运行") as step:
        trial = try_stage(
            Settings(), draft, as_of=_day(as_of), quarters=quarters, division=division, done=step
        )
    if as_json:
        console.print_json(trial_json(trial))
    else:
        print_trial(trial)


def alike(
    *,
    model: Annotated[str, typer.Argument(help="模型的英文名")],
    subject: Annotated[str, typer.Option(help="样本疑点的对象")],
    village: Annotated[str, typer.Option(help="样本疑点的村代码")],
    division: Annotated[str | None, typer.Option(help="在哪个区划里找，默认样本所在的县")] = None,
    as_of: AsOf = None,
    as_json: Json = False,
) -> None:
    """同类问题：从一条查实的疑点出发，在全县或全市找同一模型的疑点，最像的在前。"""
    from cunjian.trials import alike_stage, print_alike  # noqa: PLC0415

    where = village[:6] if division is None else division
    _check_division(where)
    found = alike_stage(
        Settings(), model, subject=subject, village=village, division=where, as_of=_day(as_of)
    )
    if as_json:
        console.print_json(found)
    else:
        print_alike(found)


def _check_division(division: str) -> None:
    if division and not is_division(division):
        raise typer.BadParameter("区划代码应为 2、4、6、9 或 12 位数字（省、市、县、乡镇、村）")


def _day(moment: datetime | None) -> date:
    return moment.date() if moment else datetime.now(UTC).astimezone().date()
