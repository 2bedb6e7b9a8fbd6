"""The command line. Every command says what it does in Chinese, prints a table for people or JSON for machines,
and ends with exit code 0 only when it did what it was asked to."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from cunjian import (
    console,
    intake_commands,
    model_commands,
    plan_commands,
    register_commands,
    report,
    room_commands,
    tender_commands,
    trial_commands,
)
from cunjian.console import show as _show
from cunjian.model_commands import chosen_model
from cunjian.settings import Settings
from ml.kinds import KINDS

app = typer.Typer(
    name="cunjian",
    help="村鉴：监督村（社区）公共资金和公共权力。分数与疑点只是查看的理由，不是结论。",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
train_app = typer.Typer(
    help="训练：anomaly（异常）、risk（风险）、tender（招标）、triage（来信分拣）。", no_args_is_help=True
)
precheck_app = typer.Typer(help="支付前核查：建索引、问一笔支付。", no_args_is_help=True)
accounts_app = typer.Typer(help="账号：新建。", no_args_is_help=True)
app.add_typer(model_commands.app, name="models")
trial_commands.register(model_commands.app)
room_commands.register(model_commands.app, app)
app.add_typer(register_commands.app, name="registers")
app.add_typer(intake_commands.app, name="intake")
app.add_typer(train_app, name="train")
plan_commands.register(train_app)
tender_commands.register(train_app)
app.add_typer(plan_commands.app, name="plan")
app.add_typer(accounts_app, name="accounts")
app.add_typer(precheck_app, name="precheck")

Json = Annotated[bool, typer.Option("--json", help="输出一个 JSON 对象，供程序读取")]
AsOf = Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="截至哪一天，默认今天")]
Seed = Annotated[int, typer.Option(help="随机种子；同样的输入和种子给出同样的结果")]
TruthFile = Annotated[Path | None, typer.Option(help="模拟县的 truth.csv，用来报告与真相的对照")]


def main() -> None:
    """Entry point: errors that a person can mend are one clear line, not a stack trace."""
    try:
        sys.exit(app(standalone_mode=False) or 0)
    except typer.Abort:
        sys.exit(130)
    except Exception as error:
        line = report.error_line(error)
        if line is None:
            raise
        console.ERR.print(line)
        sys.exit(1)


@app.command(epilog="例：cunjian simulate var/simulated --villages 120 --seed 7")
def simulate(
    out: Annotated[Path, typer.Argument(help="写到哪个文件夹（须为空，或是以前的模拟）")],
    villages: Annotated[int, typer.Option(min=1, max=30_000, help="村数")] = 120,
    seed: Seed = 7,
    start: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="第一天")] = "2023-01-01",  # type: ignore[assignment]  # typer parses it
    end: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="最后一天，也是交付日")] = "2025-12-31",  # type: ignore[assignment]
    wrongdoing_rate: Annotated[float, typer.Option(min=0, max=1, help="有人作案的村的比例")] = 0.12,
    inbox: Annotated[int, typer.Option(min=0, help="模拟来信件数")] = 300,
    as_json: Json = False,
) -> None:
    """写一个模拟的县：登记表、来信、以往核查和真相。全部是模拟数据。"""
    from simulation.run import simulate as write_county

    with console.progress("模拟") as step:
        summary = write_county(
            out, villages=villages, seed=seed, start=start.date(), end=end.date(),
            wrongdoing_rate=wrongdoing_rate, inbox=inbox, progress=step,
        )  # fmt: skip
    _show(summary, report.simulation, as_json=as_json)


@app.command(
    name="import",
    epilog="例：cunjian import 数据/ --delivered-on 2025-12-31\n\n    cunjian import 付款.csv --register ledger_entry --map 供应商号=counterparty_id\n\n    cunjian import 招标.jsonl --division 990101101201",
)
def import_(
    path: Annotated[
        Path, typer.Argument(help="一个表格文件，或一个文件夹（csv、xlsx、xls、parquet；开放合同数据 jsonl）")
    ],
    register: Annotated[
        str | None, typer.Option(help="登记表的英文名或中文名；默认按文件名和表头判断")
    ] = None,
    delivered_on: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="交付日期，默认今天；写明了，同一文件再次交付也算新的交付"),
    ] = None,
    map_: Annotated[list[str] | None, typer.Option("--map", help="列名对照：表头=英文列名，可多次")] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="整份文件同一个值的列：英文列名=值，可多次；值写 #row 表示行号"),
    ] = None,
    division: Annotated[
        str | None, typer.Option(help="开放合同数据（OCDS）所属地区的 12 位区划代码，数据本身不带")
    ] = None,
    backfill: Annotated[bool, typer.Option(help="首次补录历史：按各行登记日期算作已知")] = False,
    as_json: Json = False,
) -> None:
    """导入登记表。坏行连同原因进隔离文件，一行不丢；同一文件再导一次什么都不变。"""
    from cunjian.imports import VERIFICATIONS, Refused, import_path
    from cunjian.stages import import_outcomes
    from registers.catalogue import load_catalogue

    settings = Settings()
    with console.progress("导入") as step:
        results = list(
            import_path(
                path,
                home=settings.home,
                catalogue=load_catalogue(),
                delivered_on=_day(delivered_on),
                register=register,
                mapping=_pairs(map_),
                constants=_pairs(set_) | _placed(division),
                backfill=backfill,
                redelivered=delivered_on is not None,
                done=step,
            )
        )
    outcomes = import_outcomes(settings, path / VERIFICATIONS) if (path / VERIFICATIONS).is_file() else 0
    _show({"files": results, "outcomes": outcomes}, report.imports, as_json=as_json)
    if any(isinstance(result, Refused) for result in results):
        raise typer.Exit(1)


@app.command(epilog="例：cunjian run --as-of 2025-12-31\n\n    cunjian run --nightly")
def run(
    as_of: AsOf = None,
    model: Annotated[list[str] | None, typer.Option(help="只运行这个模型，可多次")] = None,
    nightly: Annotated[
        bool, typer.Option("--nightly", help="从上次运行接着算，只重算有变化的部分，结果与全部重算相同")
    ] = False,
    as_json: Json = False,
) -> None:
    """运行监督模型，存下四种答案和每条疑点的证据；有了训练好的模型就一并打分。"""
    from cunjian.stages import run_stage, score_stage

    if nightly and model:
        raise typer.BadParameter("--nightly 总是运行全部模型，不能与 --model 同用")
    settings, now = Settings(), datetime.now(UTC)
    chosen = [chosen_model(name) for name in model or ()]
    with console.progress("运行模型") as step:
        found, published = run_stage(
            settings, as_of=_day(as_of), at=now, models=chosen, nightly=nightly, done=step
        )
    scored = score_stage(settings, found, at=now) if published else None
    _show(report.RunSummary.of(found, published, scored), report.run, as_json=as_json)


@train_app.command(epilog="例：cunjian train anomaly --as-of 2025-12-31")
def anomaly(as_of: AsOf = None, seed: Seed = 0, truth: TruthFile = None, as_json: Json = False) -> None:
    """训练村、干部和供应商的异常模型，登记为候选，写出报告。"""
    from cunjian.room import room_of
    from cunjian.stages import Snapshots
    from cunjian.training_stages import planted_truth, train_anomaly_stage

    settings = Settings()
    planted = planted_truth(truth, home=settings.home) if truth else {}
    with console.progress("训练"):
        done = train_anomaly_stage(
            settings,
            Snapshots(settings),
            as_of=_day(as_of),
            seed=seed,
            truth=planted,
            room=room_of(settings, today=_day(None), as_of=_day(as_of)),
        )
    report.left_out(done.left_out)
    _show(done.trained, report.trained, as_json=as_json)


@train_app.command(epilog="例：cunjian train risk --as-of 2025-12-31")
def risk(as_of: AsOf = None, seed: Seed = 0, truth: TruthFile = None, as_json: Json = False) -> None:
    """用以往核查的结果训练村、干部和供应商的风险模型，评估后登记为候选，写出报告。"""
    from cunjian.room import room_of
    from cunjian.stages import Snapshots
    from cunjian.training_stages import planted_truth, train_risk_stage

    settings = Settings()
    planted = planted_truth(truth, home=settings.home) if truth else {}
    with console.progress("训练"):
        done = train_risk_stage(
            settings,
            Snapshots(settings),
            as_of=_day(as_of),
            seed=seed,
            truth=planted,
            room=room_of(settings, today=_day(None), as_of=_day(as_of)),
        )
    report.left_out(done.left_out)
    _show(done.trained, report.trained, as_json=as_json)


@train_app.command(epilog="例：cunjian train triage ../shared/data/complaints")
def triage(
    data: Annotated[Path, typer.Argument(help="留言数据所在的文件夹（board_*.parquet）")],
    fast_only: Annotated[
        bool,
        typer.Option("--fast-only", help="只训第一级，不训语义编码器（少用约一刻钟，不需要 encoder 附加包）"),
    ] = False,
    site: Annotated[
        Path | None, typer.Option(exists=True, help="intake labels 写出的文件：一并学习本单位审核过的来信")
    ] = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """用已标注的真实留言训练来信分拣模型（训练两遍以验证可复现），登记为候选，写出报告。"""
    from cunjian.triage import train_triage_stage

    with console.progress("训练来信分拣") as step:
        trained = train_triage_stage(
            Settings(), data, seed=seed, today=_day(None), encoder=not fast_only, site=site, done=step
        )
    _show(trained, report.triage_trained, as_json=as_json)


@app.command(
    epilog="例：cunjian promote risk_village\n\n    cunjian promote risk_village --version 3   （回退到第 3 版）"
)
def promote(
    kind: Annotated[str, typer.Argument(help=f"{'、'.join(KINDS[:-1])} 或 {KINDS[-1]}")],
    version: Annotated[str | None, typer.Option(help="版本号，默认最新的候选")] = None,
    by: Annotated[str, typer.Option(help="谁批准的", envvar="USER")] = "unknown",
    as_json: Json = False,
) -> None:
    """在模拟数据上试用：让一个登记过的模型立即使用。真实数据须一人申请、另一人批准（models request、approve）。"""
    from cunjian.stages import promote_stage

    _show(promote_stage(Settings(), kind, version=version, by=by), report.promoted, as_json=as_json)


@app.command(name="triage", epilog="例：cunjian triage 来信.xlsx --out 分拣结果.xlsx")
def triage_(
    file: Annotated[Path, typer.Argument(help="有文字列的表格（csv、xlsx、parquet）")],
    out: Annotated[Path, typer.Option(help="结果写到哪里，按扩展名定格式")],
    column: Annotated[str | None, typer.Option(help="文字所在的列，默认自动寻找")] = None,
    as_json: Json = False,
) -> None:
    """分拣来信：关键事项的概率、性质、领域、主题、依据的词语、重复件分组。"""
    from cunjian.triage import triage_stage

    with console.progress("分拣") as step:
        summary = triage_stage(Settings(), file, out=out, column=column, done=step)
    _show(summary, report.triaged, as_json=as_json)


@accounts_app.command(
    name="add", epilog="例：cunjian accounts add wang --name 王某 --role supervisor --division 990101"
)
def add_account(
    login: Annotated[str, typer.Argument(help="登录名")],
    name: Annotated[str, typer.Option(help="姓名")],
    role: Annotated[
        str,
        typer.Option(
            help="clerk、supervisor、liaison、leader、technician、system_admin、security_admin、audit_admin"
        ),
    ],
    division: Annotated[str, typer.Option(help="管辖的区划代码：省 2 位、市 4、县 6、乡镇 9、村 12")],
    password: Annotated[
        str, typer.Option(prompt="密码", hide_input=True, confirmation_prompt=True, help="密码")
    ],
    as_json: Json = False,
) -> None:
    """新建账号。"""
    from cunjian.service import add_account as create

    create(
        Settings(),
        login=login,
        name=name,
        role=role,
        division=division,
        password=password,
        at=datetime.now(UTC),
    )
    created = {"login": login, "role": role, "division": division}
    _show(created, lambda _: console.say(f"已新建账号 {login}"), as_json=as_json)


@precheck_app.command(name="build", epilog="例：cunjian precheck build --as-of 2025-12-31")
def build_precheck(as_of: AsOf = None, as_json: Json = False) -> None:
    """建某一天的支付前核查索引；每晚导入之后建一次。"""
    from cunjian import prechecks

    _show(prechecks.build(Settings(), as_of=_day(as_of)), prechecks.show_built, as_json=as_json)


@precheck_app.command(
    name="ask",
    epilog="例：cunjian precheck ask subsidy_payment programme_id=DB01 person_key=身份证号 village_code=990101101201 period=2025-12 pay_date=2025-12-31 amount_fen=60000",
)
def ask_precheck(
    register: Annotated[str, typer.Argument(help="subsidy_payment、labour_day 或 ledger_entry")],
    columns: Annotated[list[str], typer.Argument(help="英文列名=值，可多个；金额以分计")],
    as_of: Annotated[
        datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="核查日期，默认支付日期")
    ] = None,
    as_json: Json = False,
) -> None:
    """问一笔支付：可付、先看还是先停，附理由；什么都不保存。"""
    from cunjian import prechecks

    answer = prechecks.ask(Settings(), register, _pairs(columns), as_of=as_of.date() if as_of else None)
    _show(prechecks.plain(answer) if as_json else answer, prechecks.show_answer, as_json=as_json)


@app.command(epilog="例：cunjian serve --port 8000")
def serve(
    host: Annotated[str, typer.Option(help="监听地址")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="端口")] = 8000,
    secure: Annotated[bool, typer.Option(help="在 HTTPS 之后运行：Cookie 只走加密连接")] = False,
) -> None:
    """启动网页和接口服务。"""
    from cunjian.service import serve as start

    start(Settings(), host=host, port=port, secure=secure)


@app.command(epilog="例：cunjian demo --villages 40")
def demo(
    villages: Annotated[int, typer.Option(min=30, max=3000, help="村数")] = 40,
    seed: Seed = 7,
    as_json: Json = False,
) -> None:
    """从头演示：模拟一个县，导入，运行模型，训练，打分，分拣来信，打印报告。"""
    from cunjian.demo import demo as run_demo

    if as_json:
        console.people_on_stderr()
    summary = run_demo(Settings(), villages=villages, seed=seed, at=datetime.now(UTC))
    if as_json:
        console.print_json(summary)


@app.command(epilog="例：cunjian docs --check")
def docs(
    check_only: Annotated[bool, typer.Option("--check", help="只检查文档是否与代码一致")] = False,
    as_json: Json = False,
) -> None:
    """重写由代码生成的文档页：模型、登记表、特征、命令。"""
    from cunjian.docs import stale_pages, write_pages

    if not check_only:
        _show(write_pages(), lambda pages: console.say(f"写了 {len(pages)} 页"), as_json=as_json)
        return
    stale = stale_pages()
    _show(stale, report.stale_pages, as_json=as_json)
    if stale:
        raise typer.Exit(1)


def _day(moment: datetime | None) -> date:
    return moment.date() if moment else datetime.now(UTC).astimezone().date()


def _pairs(texts: Iterable[str] | None) -> dict[str, str]:
    pairs = {}
    for text in texts or ():
        left, mark, right = text.partition("=")
        if not mark:
            raise typer.BadParameter(f"“{text}”应写成 名称=值")
        pairs[left] = right
    return pairs


def _placed(division: str | None) -> dict[str, str]:
    """A division given for a whole file, as a constant of its rows."""
    if division is None:
        return {}
    if not re.fullmatch(r"\d{12}", division, re.ASCII):
        raise typer.BadParameter("--division 应为 12 位数字")
    return {"village_code": division}
