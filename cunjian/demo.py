"""The main job from end to end on a simulated county, and a short report of it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from time import monotonic

from casework.database import open_engine, sessions
from casework.intake import Message, receive
from casework.models import Place
from casework.sealing import load_sealer
from cunjian import console, report
from cunjian.imports import VERIFICATIONS, Refused, import_path
from cunjian.service import office_division
from cunjian.settings import Settings
from cunjian.stages import (
    Scoring,
    Snapshots,
    import_outcomes,
    promote_stage,
    run_stage,
    score_stage,
)
from cunjian.tender_training import train_tender_stage
from cunjian.training_stages import planted_truth, train_anomaly_stage, train_risk_stage
from cunjian.triage import champion_triage
from ml.triage import TriageResult
from ml.triage.labels import FIELDS
from registers.catalogue import load_catalogue
from registers.identity import IdentityVault
from registers.lake import Lake
from simulation.run import simulate

START, END = date(2023, 1, 1), date(2025, 12, 31)


@dataclass(frozen=True)
class DemoSummary:
    """What the demo did, in numbers; everything is simulated."""

    villages: int
    rows: int
    findings: int
    top_villages: tuple[str, ...]
    complaints: int
    key_matters: int
    seconds: float
    simulated: bool = True


def demo(settings: Settings, *, villages: int, seed: int, at: datetime) -> DemoSummary:
    """Simulate, import, run, train, promote, score, triage, and say what was found."""
    began = monotonic()
    lake = Lake(settings.home)
    if lake.registers() and not lake.simulated():
        raise ValueError(f"“{settings.home}”里有真实数据；请用 CUNJIAN_HOME 指定另一个空文件夹再演示")
    folder = settings.home / "simulated"
    console.say("村鉴演示：下面全部是模拟数据，不涉及真实的人、单位或地方\n")
    with console.progress("1/6 模拟一个县") as step:
        summary = simulate(folder, villages=villages, seed=seed, start=START, end=END, progress=step)
    report.simulation(summary)
    _import(settings, folder)
    with console.progress("3/6 运行监督模型") as step:
        run, published = run_stage(settings, as_of=END, at=at, done=step)
    _train(settings, folder, seed=seed)
    with console.progress("5/6 打分"):
        scored = score_stage(settings, run, at=at)
    report.run(report.RunSummary.of(run, published, scored))
    _show_watchlists(settings, scored)
    complaints, key_matters = _triage_inbox(settings, folder / "inbox.csv")
    seconds = monotonic() - began
    console.say(f"\n用时 {seconds:.0f} 秒。运行 make serve，在浏览器里查看")
    return DemoSummary(
        villages=villages,
        rows=summary.total_rows,
        findings=run.findings.num_rows,
        top_villages=tuple(scored.tables["village"].column("entity_id").slice(0, 10).to_pylist()),
        complaints=complaints,
        key_matters=key_matters,
        seconds=round(seconds, 1),
    )


def _import(settings: Settings, folder: Path) -> None:
    with console.progress("2/6 导入登记表") as step:
        results = list(
            import_path(
                folder,
                home=settings.home,
                catalogue=load_catalogue(),
                delivered_on=END,
                backfill=True,
                done=step,
            )
        )
    outcomes = import_outcomes(settings, folder / VERIFICATIONS)
    report.imports({"files": results, "outcomes": outcomes})
    refused = [result for result in results if isinstance(result, Refused)]
    if refused:
        raise ValueError(f"{len(refused)} 个文件没有导入")


def _train(settings: Settings, folder: Path, *, seed: int) -> None:
    truth = planted_truth(folder / "truth.csv", home=settings.home)
    snapshots = Snapshots(settings)
    with console.progress("4/6 训练"):
        anomaly = train_anomaly_stage(settings, snapshots, as_of=END, seed=seed, truth=truth)
        risk = train_risk_stage(settings, snapshots, as_of=END, seed=seed, truth=truth)
        tender = train_tender_stage(settings, as_of=END, seed=seed)
        for model in (*anomaly.trained, *risk.trained, tender):
            promote_stage(settings, model.registered.kind, version=None, by="demo")
    report.against_truth(risk.trained)


def _show_watchlists(settings: Settings, scored: Scoring) -> None:
    with sessions(open_engine(settings.database)).begin() as session:
        places = {place.code: place.name for place in session.query(Place)}
    names: dict[str, str] = dict(places)
    officials = scored.tables["official"].slice(0, 10).to_pylist()
    vault = IdentityVault(settings.home)
    for row in officials:
        known = vault.reveal([row["entity_id"]]).get(row["entity_id"])
        names[row["entity_id"]] = (
            f"{places.get(row['village_code'], '')} {known.name if known else row['entity_id']}"
        )
    report.top_scores("风险最高的十个村（模拟）", scored.tables["village"], names)
    report.top_scores("风险最高的十名干部（模拟）", scored.tables["official"], names)
    suppliers = scored.tables["supplier"].slice(0, 10).to_pylist()
    names |= {row["entity_id"]: row["name"] for row in suppliers if row["name"]}
    report.top_scores("风险最高的十家供应商（模拟）", scored.tables["supplier"], names)
    report.top_scores("最应先看的十个招标项目（模拟）", scored.tables["tender"], names)


def _triage_inbox(settings: Settings, path: Path) -> tuple[int, int]:
    """Take the messages in and show the top ones; how many there were, and how many are key matters."""
    model, version = champion_triage(settings)
    messages = list(_messages(path, division=office_division(settings)))
    with console.progress("6/6 分拣来信") as step:
        results = model.predict([message.text for message in messages], progress=step)
        with sessions(open_engine(settings.database)).begin() as session:
            receive(
                session,
                messages,
                sealer=load_sealer(settings.home),
                triage=model,
                triage_version=version,
                at=max(message.received_at for message in messages),
            )
    keys = sorted(
        (r for r in zip(results, messages, strict=True) if r[0].key), key=lambda r: -r[0].key_probability
    )
    unsure = sum(result.abstain for result in results)
    console.say(f"\n来信 {len(messages)} 件：关键事项 {len(keys)} 件，需人工判断 {unsure} 件")
    console.show_table(
        "最可能的关键事项（模拟）", ["概率", "领域", "内容", "依据"], [_key_line(r, m) for r, m in keys[:5]]
    )
    return len(messages), len(keys)


def _key_line(result: TriageResult, message: Message) -> list[object]:
    return [
        f"{result.key_probability:.0%}",
        FIELDS[result.field],
        message.text[:60],
        "\n".join(result.reasons[:2]),
    ]


def _messages(path: Path, *, division: str) -> Iterator[Message]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            received = datetime.fromisoformat(row["received_at"])
            yield Message(
                channel=row["channel"],
                message_id=row["message_id"],
                text=row["text"],
                division=division,
                received_at=received if received.tzinfo else received.replace(tzinfo=UTC),
                sender=row["sender_phone"] or None,
                about=row["village_code"] or None,
                simulated=True,
            )
