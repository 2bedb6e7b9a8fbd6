"""The commands of the supervision models: `models list`, `show`, `check` and `record`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cunjian import console, report
from supervision.catalogue import Model, load_models

app = typer.Typer(help="监督模型：列出、查看、检验。", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="输出一个 JSON 对象，供程序读取")]


@app.command(name="list", epilog="例：cunjian models list --json")
def list_models(as_json: Json = False) -> None:
    """列出全部监督模型。"""
    console.show(
        [report.ModelLine.of(model) for model in load_models().values()], report.model_list, as_json=as_json
    )


@app.command(epilog="例：cunjian models show assistance_paid_after_death")
def show(model: Annotated[str, typer.Argument(help="模型的英文名")], as_json: Json = False) -> None:
    """查看一个监督模型：法律依据、正当理由、核实办法、等级、参数、查询。"""
    from registers.catalogue import load_catalogue
    from supervision.pages import model_page

    chosen = chosen_model(model)
    console.show(
        chosen.model_dump(mode="json"),
        lambda _: console.OUT.print(model_page(chosen, load_catalogue())),
        as_json=as_json,
    )


@app.command(
    epilog="例：cunjian models check\n\n    cunjian models check --file 我的模型/assistance/my_model.yaml"
)
def check(
    file: Annotated[Path | None, typer.Option(help="只检验这个模型文件")] = None,
    mutants: Annotated[bool, typer.Option("--mutants", help="逐处改动查询语句，看用例能否发现")] = False,
    as_json: Json = False,
) -> None:
    """检验监督模型：能否加载，自带用例是否全部成立；加 --mutants 再看用例是否够严。"""
    from supervision.cases import failures
    from supervision.catalogue import load_model
    from supervision.mutants import mutation_score
    from supervision.versions import read_versions, version_problems

    chosen = [load_model(file)] if file else list(load_models().values())
    broken = [] if file else version_problems(chosen, read_versions())
    scores = []
    with console.progress("检验模型") as step:
        for done, model in enumerate(chosen, start=1):
            broken += failures(model)
            if mutants:
                scores.append(mutation_score(model))
            step(done, len(chosen))
    console.show(report.CheckSummary.of(chosen, broken, scores), report.check, as_json=as_json)
    if broken:
        raise typer.Exit(1)


@app.command(epilog="例：cunjian models record")
def record(as_json: Json = False) -> None:
    """登记模型的新版本：内容改了而版本没改的，拒绝登记。"""
    from supervision.versions import read_versions, version_problems, with_new_versions, write_versions

    models = load_models().values()
    versions = with_new_versions(models, read_versions())
    problems = version_problems(models, versions)
    if not problems:
        write_versions(versions)
    console.show({"problems": problems}, report.recorded, as_json=as_json)
    if problems:
        raise typer.Exit(1)


def chosen_model(name: str) -> Model:
    """A model by its id. Raises typer's error for a bad parameter when there is none of that name."""
    models = load_models()
    if name not in models:
        raise typer.BadParameter(f"没有模型“{name}”；用 cunjian models list 查看")
    return models[name]
