"""The commands of the technical support office: versions, requests and approvals, rollback, drift, retraining."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from cunjian import console
from cunjian.settings import Settings
from features.dictionary import ENTITY_NAMES
from ml.kinds import KINDS

Json = Annotated[bool, typer.Option("--json", help="输出一个 JSON 对象，供程序读取")]
AsOf = Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="截至哪一天，默认今天")]
Kind = Annotated[str, typer.Argument(help=f"{'、'.join(KINDS[:-1])} 或 {KINDS[-1]}")]
Login = Annotated[str, typer.Option("--by", help="办理人的登录名")]
Password = Annotated[
    str,
    typer.Option(prompt="密码", hide_input=True, envvar="CUNJIAN_PASSWORD", help="办理人的密码，默认询问"),
]
Weeks = Annotated[int, typer.Option(min=1, max=53, help="看几周")]


def register(models_app: typer.Typer, app: typer.Typer) -> None:
    """Add the commands to `cunjian models` and to `cunjian`."""
    models_app.command(epilog="例：cunjian models registered")(registered)
    models_app.command(
        epilog='例：cunjian models request risk_village --reason "新增 60 件核查结果" --by zhang'
    )(request)
    models_app.command(epilog='例：cunjian models approve 3 --comment "看过报告，同意" --by li')(approve)
    models_app.command(epilog='例：cunjian models refuse 3 --comment "核查结果太少" --by li')(refuse)
    models_app.command(epilog='例：cunjian models withdraw 3 --comment "重新训练后再报" --by zhang')(withdraw)
    models_app.command(epilog='例：cunjian models rollback risk_village --reason "名单明显不对" --by zhang')(
        rollback
    )
    models_app.command(epilog="例：cunjian models drift --as-of 2025-12-31 --weeks 8")(drift)
    app.command(epilog="例：cunjian retrain\n\n    cunjian retrain --as-of 2025-12-31")(retrain)


def registered(as_json: Json = False) -> None:
    """列出训练并登记过的模型版本：现用的、候选的、报告在哪里。"""
    from cunjian.room import registered_stage

    console.show(registered_stage(Settings()), _show_registered, as_json=as_json)


def request(
    kind: Kind,
    *,
    reason: Annotated[str, typer.Option(help="为什么启用")],
    by: Login,
    password: Password,
    version: Annotated[str | None, typer.Option(help="版本号，默认最新的候选")] = None,
    as_json: Json = False,
) -> None:
    """申请启用一个候选模型；由另一人批准后生效。"""
    from casework import promotions
    from cunjian.room import decide
    from training.registry import challenger

    settings = Settings()
    chosen = version or challenger(kind, mlruns=settings.mlruns)
    step = partial(promotions.request, kind=kind, version=chosen, reason=reason)
    done = decide(settings, step, login=by, password=password, at=datetime.now(UTC))
    console.show(done, _show_asked, as_json=as_json)


def approve(
    promotion: Annotated[int, typer.Argument(help="申请的编号")],
    *,
    comment: Annotated[str, typer.Option(help="批准意见")],
    by: Login,
    password: Password,
    override: Annotated[str, typer.Option(help="有门槛没有通过时，为什么仍然启用")] = "",
    as_json: Json = False,
) -> None:
    """批准启用（须非申请人）；正在运行的服务自动换用，不须重启。"""
    from casework import promotions
    from cunjian.room import decide

    step = partial(promotions.approve, promotion_id=promotion, comment=comment, override=override)
    done = decide(Settings(), step, login=by, password=password, at=datetime.now(UTC))
    console.show(done, _show_done, as_json=as_json)


def refuse(
    promotion: Annotated[int, typer.Argument(help="申请的编号")],
    *,
    comment: Annotated[str, typer.Option(help="不批准的原因")],
    by: Login,
    password: Password,
    as_json: Json = False,
) -> None:
    """不批准一项申请，写明原因（须非申请人）。"""
    from casework import promotions
    from cunjian.room import decide

    step = partial(promotions.refuse, promotion_id=promotion, comment=comment)
    done = decide(Settings(), step, login=by, password=password, at=datetime.now(UTC))
    console.show(done, _show_done, as_json=as_json)


def withdraw(
    promotion: Annotated[int, typer.Argument(help="申请的编号")],
    *,
    comment: Annotated[str, typer.Option(help="撤回的原因")],
    by: Login,
    password: Password,
    as_json: Json = False,
) -> None:
    """申请人撤回自己的申请。"""
    from casework import promotions
    from cunjian.room import decide

    step = partial(promotions.withdraw, promotion_id=promotion, comment=comment)
    done = decide(Settings(), step, login=by, password=password, at=datetime.now(UTC))
    console.show(done, _show_done, as_json=as_json)


def rollback(
    kind: Kind,
    *,
    reason: Annotated[str, typer.Option(help="为什么回退")],
    by: Login,
    password: Password,
    as_json: Json = False,
) -> None:
    """回退到上一个现用版本：一人即可，立即生效，留痕。"""
    from casework import promotions
    from cunjian.room import decide

    step = partial(promotions.roll_back, kind=kind, reason=reason)
    done = decide(Settings(), step, login=by, password=password, at=datetime.now(UTC))
    console.show(done, _show_done, as_json=as_json)


def drift(as_of: AsOf = None, weeks: Weeks = 8, as_json: Json = False) -> None:
    """看漂移：逐周的特征、分数和核查结果与训练时是否还一样，超出界限的报警。"""
    from cunjian.room import drift_stage
    from cunjian.stages import Snapshots
    from training.report import plain

    settings = Settings()
    with console.progress("逐周计算") as step:
        found = drift_stage(settings, Snapshots(settings), as_of=_day(as_of), weeks=weeks, done=step)
    if as_json:
        console.print_json([plain(one) | {"alarms": one.alarms} for one in found])
    else:
        _show_drift(found)


def retrain(
    as_of: AsOf = None,
    seed: Annotated[int, typer.Option(help="随机种子；同样的输入和种子给出同样的结果")] = 0,
    weeks: Weeks = 8,
    as_json: Json = False,
) -> None:
    """到期才训练：按数据新旧、新增核查结果和漂移判断；训练、评估、登记、出报告，启用仍由人决定。"""
    from cunjian.room import retrain_stage

    with console.progress("判断与训练"):
        done = retrain_stage(Settings(), as_of=_day(as_of), today=_day(None), seed=seed, weeks=weeks)
    console.show(
        {
            "as_of": done.as_of,
            "reasons": done.reasons,
            "trained": [
                {"kind": one.registered.kind, "version": one.registered.version, "report": one.report}
                for one in done.trained
            ],
            "left_out": done.left_out,
        },
        _show_retrained,
        as_json=as_json,
    )


def _show_registered(rows: list[dict[str, Any]]) -> None:
    names = {"champion": "现用", "challenger": "候选"}
    console.show_table(
        "登记过的模型",
        ["类别", "版本", "", "数据截至", "报告"],
        [
            [
                row["kind"],
                row["version"],
                "、".join(names.get(alias, alias) for alias in row["aliases"]),
                row["as_of"],
                row["report"] or "没有",
            ]
            for row in rows
        ],
    )


def _show_asked(row: dict[str, Any]) -> None:
    console.say(f"已申请启用 {row['kind']} 第 {row['version']} 版，编号 {row['id']}")
    if row["in_the_way"]:
        console.say(f"没有通过的门槛：{'、'.join(row['in_the_way'])}；批准人须写破例理由（--override）")
    console.say(f"由另一人批准：cunjian models approve {row['id']} --comment 意见 --by 登录名")


def _show_done(row: dict[str, Any]) -> None:
    if row["state"] == "serving":
        console.say(f"{row['kind']} 现用第 {row['version']} 版")
    else:
        console.say(f"申请 {row['id']} 已办结，{row['kind']} 第 {row['version']} 版没有启用")


def _show_drift(found: Any) -> None:
    for one in found:
        newest = max((column.as_of for column in one.features), default=None)
        top = sorted((c for c in one.features if c.as_of == newest), key=lambda c: -c.psi)[:8]
        console.show_table(
            f"{ENTITY_NAMES[one.entity]}：变化最大的特征（与 {one.reference or '—'} 相比）",
            ["特征", "PSI", "巧合界限", "缺失", "训练时缺失"],
            [
                [c.label, f"{c.psi:.2f}", f"{c.psi_by_chance:.2f}", f"{c.missing_now:.0%}", f"{c.missing_then:.0%}"]
                for c in top
            ],
        )  # fmt: skip
        for alarm in one.alarms:
            console.say(f"报警：{alarm}")
        if not one.alarms:
            console.say("没有报警")
        for sentence in one.unknown:
            console.say(f"不知道：{sentence}")


def _show_retrained(done: dict[str, Any]) -> None:
    for kind, reasons in done["reasons"].items():
        console.say(f"{kind}：{''.join(reasons) or '没有到期。'}")
    for kind, why in done["left_out"].items():
        console.say(f"{kind} 没有训练：{why}")
    for one in done["trained"]:
        report: Path | None = one["report"]
        console.say(f"{one['kind']} 第 {one['version']} 版已登记为候选，报告在 {report}")
        console.say(f"申请启用：cunjian models request {one['kind']} --reason 理由 --by 登录名")


def _day(moment: datetime | None) -> date:
    return moment.date() if moment else datetime.now(UTC).astimezone().date()
