"""The commands of the registers: `registers status`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from casework.roles import is_division
from cunjian import console
from cunjian.settings import Settings

app = typer.Typer(help="登记表：今天缺什么，哪些模型因此算不了。", no_args_is_help=True)


@app.callback()
def registers() -> None:
    """登记表：今天缺什么，哪些模型因此算不了。"""


@app.command(epilog="例：cunjian registers status --division 990101 --as-of 2025-12-31")
def status(
    division: Annotated[str, typer.Option(help="只看这个区划（2 至 12 位），默认全部")] = "",
    as_of: Annotated[
        datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="截至哪一天，默认今天")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出一个 JSON 对象，供程序读取")] = False,
) -> None:
    """哪个乡镇的哪些模型今天无法计算，缺哪张登记表、哪一列，或者哪张已经过期。"""
    from cunjian.register_status import print_status, status_stage  # noqa: PLC0415  --help stays quick

    if division and not is_division(division):
        raise typer.BadParameter("--division 应为 2、4、6、9 或 12 位数字")
    day = as_of.date() if as_of else datetime.now(UTC).astimezone().date()
    found = status_stage(Settings(), as_of=day, division=division)
    console.show(found, print_status, as_json=as_json)
