"""The commands of the complaint office: `intake labels`, `scan`, `upward-key` and `upward-open`."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cunjian import console
from cunjian.settings import Settings

app = typer.Typer(help="来信：导出训练标签、检查附件、直达上级的密钥。", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="输出一个 JSON 对象，供程序读取")]
_WORDS = {"labels": "标签", "clean": "通过", "infected": "有害，已删除", "quarantined": "仍在隔离"}
PrivateKey = Annotated[Path, typer.Argument(help="上级机关自己保管的私钥文件")]


@app.command(epilog="例：cunjian intake labels var/labels.parquet")
def labels(out: Annotated[Path, typer.Argument(help="写到哪个 Parquet 文件")], as_json: Json = False) -> None:
    """导出人工审核和双人判读的结果，供训练；文本已遮盖人名、地名、号码。"""
    from casework.database import open_engine, sessions
    from casework.training_labels import export_labels

    with sessions(open_engine(Settings().database)).begin() as session:
        written = export_labels(session, out)
    console.show({"labels": written}, _say, as_json=as_json)


@app.command(epilog="例：cunjian intake scan（CUNJIAN_SCAN_COMMAND='clamdscan --no-summary -'）")
def scan(as_json: Json = False) -> None:
    """把等候的附件交给查毒命令（CUNJIAN_SCAN_COMMAND）；没有通过的谁也打不开。"""
    from casework.attachments import command_scanner, scan_waiting
    from casework.database import open_engine, sessions
    from casework.sealing import load_sealer

    settings = Settings()
    if not settings.scan_command:
        raise typer.BadParameter("没有设置 CUNJIAN_SCAN_COMMAND：附件留在隔离区")
    with sessions(open_engine(settings.database)).begin() as session:
        counts = scan_waiting(
            session,
            settings.home,
            sealer=load_sealer(settings.home),
            scan=command_scanner(shlex.split(settings.scan_command)),
            at=datetime.now(UTC),
        )
    console.show({state.value: number for state, number in counts.items()}, _say, as_json=as_json)


@app.command(name="upward-key", epilog="例：cunjian intake upward-key shi-ji.key shi-ji.pub")
def upward_key(
    private: PrivateKey,
    public: Annotated[Path, typer.Argument(help="交给下级机关的公钥文件")],
    as_json: Json = False,
) -> None:
    """上级机关生成一对密钥；公钥放到下级的 keys/upward.pub，私钥不离开上级。"""
    from casework.upward import new_key_pair

    if private.exists() or public.exists():
        raise typer.BadParameter("文件已存在，不覆盖")
    secret, shared = new_key_pair()
    private.touch(mode=0o600)
    private.write_bytes(secret)
    public.write_bytes(shared)
    written = {"private": str(private), "public": str(public)}
    console.show(written, lambda _: console.say(f"私钥 {private}，公钥 {public}"), as_json=as_json)


@app.command(name="upward-open", epilog="例：cunjian intake upward-open shi-ji.key 0f3a….sealed")
def upward_open(
    private: PrivateKey,
    sealed: Annotated[Path, typer.Argument(help="下级送来的密文文件")],
    as_json: Json = False,
) -> None:
    """上级机关打开一件直达的反映。"""
    from casework.upward import open_up

    text = open_up(sealed.read_bytes(), private.read_bytes())
    console.show(
        {"text": text}, lambda _: console.OUT.print(text, markup=False, highlight=False), as_json=as_json
    )


def _say(result: Mapping[str, int]) -> None:
    console.say("，".join(f"{_WORDS[name]} {number}" for name, number in result.items()))
