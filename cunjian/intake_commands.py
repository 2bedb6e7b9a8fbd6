"""The commands of the complaint office: `intake labels`, `scan`, `public`, `fetch`, `upward-key`, `upward-open`."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cunjian import console
from cunjian.settings import Settings

app = typer.Typer(help="来信：导出训练标签、检查附件、独立的对外受理、直达上级的密钥。", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="输出一个 JSON 对象，供程序读取")]
_WORDS = {
    "labels": "标签", "clean": "通过", "infected": "有害，已删除", "quarantined": "仍在隔离", "damaged": "损坏、打不开", "gone": "文件缺失",
    "complaints": "来信", "additions": "补充", "upward": "直达上级", "refused": "打不开、已另存", "postponed": "未取成、下次再取", "answers": "更新进展",
}  # fmt: skip
MailboxFolder = Annotated[Path, typer.Argument(help="信箱文件夹：两边都能读写，或在两个网络之间摆渡")]
PrivateKey = Annotated[Path, typer.Argument(help="上级机关自己保管的私钥文件")]


@app.command(epilog="例：cunjian intake labels var/labels.parquet")
def labels(out: Annotated[Path, typer.Argument(help="写到哪个 Parquet 文件")], as_json: Json = False) -> None:
    """导出人工审核和双人判读的结果，文本已遮盖人名、地名、号码；train triage --site 从中学习，别处都不读它。"""
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
    counts = scan_waiting(
        sessions(open_engine(settings.database)),
        settings.home,
        sealer=load_sealer(settings.home),
        scan=command_scanner(shlex.split(settings.scan_command)),
        at=datetime.now(UTC),
    )
    console.show(counts, _say, as_json=as_json)


@app.command(epilog="例：cunjian intake public /srv/mailbox --host 0.0.0.0 --port 8001")
def public(
    mailbox: MailboxFolder,
    host: Annotated[str, typer.Option(help="监听地址")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="端口")] = 8001,
) -> None:
    """只对外受理的独立进程：不连数据库，来信加密后投入信箱，本进程自己也打不开。"""
    from cunjian.mailbox import serve_public

    serve_public(mailbox, host=host, port=port)


@app.command(epilog="例：cunjian intake fetch /srv/mailbox --every 30")
def fetch(
    mailbox: MailboxFolder,
    every: Annotated[float | None, typer.Option(min=1, help="每隔多少秒取一次；不写则只取一次")] = None,
    as_json: Json = False,
) -> None:
    """内网一侧：公布受理点和公钥，取回信箱中的来信，放回办理进展。"""
    from cunjian.mailbox import exchanges

    for counts in exchanges(Settings(), mailbox, every=every):
        console.show(counts, _say, as_json=as_json)


@app.command(name="upward-key", epilog="例：cunjian intake upward-key shi-ji.key shi-ji.pub")
def upward_key(
    private: PrivateKey,
    public: Annotated[Path, typer.Argument(help="交给下级机关的公钥文件")],
    as_json: Json = False,
) -> None:
    """上级机关生成一对密钥；公钥放到下级的 keys/upward.pub，私钥不离开上级。"""
    from casework.letters import new_key_pair

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
    from casework.letters import open_letter

    text = open_letter(sealed.read_bytes(), private.read_bytes())
    console.show(
        {"text": text}, lambda _: console.OUT.print(text, markup=False, highlight=False), as_json=as_json
    )


def _say(result: Mapping[str, int]) -> None:
    console.say("，".join(f"{_WORDS[name]} {number}" for name, number in result.items()))
