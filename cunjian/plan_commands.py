"""The commands of weekly plans: `plan propose`, `plan results`; and `train replay`."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated

import typer

from cunjian import console
from cunjian.settings import Settings

app = typer.Typer(help="每周核实计划：起草、看成效。确认和派发在网页上由人办理。", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="输出一个 JSON 对象，供程序读取")]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="哪一天，默认今天")]
County = Annotated[str | None, typer.Option(help="县级区划代码（6 位），默认本机关辖区内各县")]


@app.command(epilog="例：cunjian plan propose --on 2026-11-16")
def propose(on: Day = None, division: County = None, as_json: Json = False) -> None:
    """起草某天所在一周的核实计划：各乡镇清单靠前的，加全县随机抽查；同一周再运行不变。"""
    from cunjian.plans import print_proposed, propose_stage  # noqa: PLC0415  --help stays quick

    plans = propose_stage(Settings(), on=_day(on), division=division, at=datetime.now(UTC))
    console.show(plans, print_proposed, as_json=as_json)


@app.command(epilog="例：cunjian plan results --on 2026-12-31")
def results(on: Day = None, division: County = None, as_json: Json = False) -> None:
    """已核实的计划说明什么：清单属实率、查全率、两人一致程度，附 95% 区间。"""
    from api.plan_schemas import ResultsAnswer  # noqa: PLC0415
    from cunjian.plans import print_results, results_stage  # noqa: PLC0415

    found = results_stage(Settings(), until=_day(on), division=division)
    console.show(ResultsAnswer.of(found).model_dump() if as_json else found, print_results, as_json=as_json)


def register(train_app: typer.Typer) -> None:
    """Add `replay` to `cunjian train`."""
    train_app.command(epilog="例：cunjian train replay --as-of 2025-12-31 --capacity 10")(replay)


def replay(
    as_of: Annotated[
        datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="截至哪一天，默认今天")
    ] = None,
    capacity: Annotated[int, typer.Option(min=1, help="每季度能核实的个数")] = 10,
    seed: Annotated[int, typer.Option(help="随机种子；同样的输入和种子给出同样的结果")] = 0,
    as_json: Json = False,
) -> None:
    """逐季回测：每季度只用当时已知的结果训练，看排在前面的后来有多少属实。"""
    from cunjian.replays import print_replay, replay_json, replay_stage  # noqa: PLC0415

    with console.progress("逐季回测") as step:
        found = replay_stage(Settings(), as_of=_day(as_of), capacity=capacity, seed=seed, done=step)
    console.show(replay_json(found) if as_json else found, print_replay, as_json=as_json)


def _day(moment: datetime | None) -> date:
    return moment.date() if moment else datetime.now(UTC).astimezone().date()
