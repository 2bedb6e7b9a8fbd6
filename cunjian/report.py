"""What commands print for people: short, in Chinese, with what to do next."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from casework.words import probability_words
from cunjian import console
from cunjian.imports import Refused
from features.dictionary import ENTITY_NAMES, Entity
from ml.kinds import ENTITY_OF_KIND, SCORED_NAMES, Scored
from registers.catalogue import CatalogueError, load_catalogue
from registers.importing import ImportRefused
from registers.quality import QualityReport
from registers.query import QueryError
from registers.tables import ReadError
from supervision.catalogue import FIELD_NAMES, Model, ModelError, load_models
from supervision.mutants import MutationScore
from supervision.pages import LEVEL_NAMES, SUBJECT_NAMES
from supervision.runs import Run, RunNotFound

Printer = Callable[[Any], None]
MOST_REASONS = 8


def error_line(error: Exception) -> str | None:
    """One line for an error that a person can mend; None for a defect of the program."""
    mendable = (
        ImportRefused,
        ReadError,
        CatalogueError,
        QueryError,
        ModelError,
        RunNotFound,
        LookupError,
        OSError,
        ValueError,
    )
    if isinstance(error, KeyError | IndexError) or (
        not isinstance(error, mendable) and not _named_mendable(error)
    ):
        return None
    text = str(getattr(error, "message", None) or error).strip()
    return f"错误：{text}" if text else None


def _named_mendable(error: Exception) -> bool:
    """Errors of typer and of the parts that are imported late, by the name of their family."""
    families = {"ClickException", "ModelError", "CaseworkError", "LakeDamaged", "SparkUnavailable"}
    return any(base.__name__ in families for base in type(error).__mro__)


def simulation(summary: Any) -> None:
    rows = sum(summary.rows.values())
    console.say(
        f"已写出模拟的县：{summary.villages} 个村，{rows:,} 行登记表，{summary.complaints} 件来信，{summary.verifications} 次以往核查"
    )
    console.say(f"全部为模拟数据，在 {summary.out}；下一步：cunjian import {summary.out} --backfill")


def imports(content: Mapping[str, Any]) -> None:
    results = content["files"]
    reports = [result for result in results if isinstance(result, QualityReport)]
    catalogue = load_catalogue()
    lines = [
        [catalogue[name].name, *_import_counts([r for r in reports if r.register == name])]
        for name in dict.fromkeys(r.register for r in reports)
    ]
    console.show_table("导入质量", ["登记表", "文件", "读入", "接收", "更新", "重复", "隔离", "已有"], lines)
    reasons: Counter[str] = Counter()
    for report in reports:
        reasons.update(report.reasons)
    if reasons:
        console.show_table("隔离原因", ["原因", "行数"], reasons.most_common(MOST_REASONS))
        console.say("隔离的行和原因在主文件夹的 quarantine/ 里；改好后再导一次即可")
    for report in reports:
        for note in report.notes:
            console.say(f"{report.source_file}：{note}")
    for result in results:
        if isinstance(result, Refused):
            console.ERR.print(f"未导入：{result.reason}")
    if content["outcomes"]:
        console.say(f"以往核查结果：新增 {content['outcomes']} 条")


def _import_counts(reports: Sequence[QualityReport]) -> list[str]:
    """Files, rows read, accepted, replaced, dropped as duplicates, quarantined, and known before."""
    before = sum(report.already_imported for report in reports)
    files = f"{len(reports)}（{before} 个已导入过）" if before else str(len(reports))
    columns = ("rows_in", "accepted", "replaced", "duplicates", "quarantined", "unchanged")
    return [files, *(f"{sum(getattr(report, column) for report in reports):,}" for column in columns)]


@dataclass(frozen=True)
class RunSummary:
    """A run in a few numbers."""

    run_id: str
    as_of: str
    simulated: bool
    findings: Mapping[str, Mapping[str, int]]
    not_computable: Mapping[str, int]
    reasons: Mapping[str, int]
    published: bool
    warnings_added: int
    warnings_updated: int
    scored: Mapping[Scored, int]

    @classmethod
    def of(cls, run: Run, published: Any, scored: Any) -> RunSummary:
        found: dict[str, Counter[str]] = {model: Counter() for model in run.models}
        for finding in run.findings.select(["model_id", "level"]).to_pylist():
            found[finding["model_id"]][finding["level"]] += 1
        unknown: Counter[str] = Counter()
        reasons: Counter[str] = Counter()
        for row in run.verdicts.to_pylist():
            if row["not_computable"]:
                unknown[row["model_id"]] += 1
                reasons[row["reason"]] += 1
        return cls(
            run_id=run.run_id,
            as_of=run.as_of.isoformat(),
            simulated=run.simulated,
            findings={model: dict(levels) for model, levels in found.items()},
            not_computable=dict(unknown),
            reasons=dict(reasons.most_common(MOST_REASONS)),
            published=published is not None,
            warnings_added=published.added if published else 0,
            warnings_updated=published.updated if published else 0,
            scored={entity: table.num_rows for entity, table in scored.tables.items()} if scored else {},
        )


def run(summary: RunSummary) -> None:
    """Models that found something or could not tell, those with the most serious findings first."""
    models = load_models()
    silent = [m for m, found in summary.findings.items() if not found and not summary.not_computable.get(m)]
    rows = [
        [
            models[model].name if model in models else model,
            *(levels.get(level, 0) for level in LEVEL_NAMES),
            summary.not_computable.get(model, 0),
        ]
        for model, levels in summary.findings.items()
        if model not in silent
    ]
    rows.sort(key=lambda row: row[1:], reverse=True)
    console.show_table(
        f"截至 {summary.as_of} 的疑点{_simulated(summary.simulated)}",
        ["模型", "红", "黄", "蓝", "无法计算的村"],
        rows,
    )
    if silent:
        console.say(f"其余 {len(silent)} 个模型没有疑点（cunjian models list 可列出全部模型）")
    for reason, villages in summary.reasons.items():
        console.say(f"  无法计算：{reason}（{villages} 村次）")
    if not summary.published:
        console.say(f"这是重算过去或只算部分模型，没有改动预警和打分；运行编号 {summary.run_id}")
        return
    console.say(
        f"预警新增 {summary.warnings_added} 条，更新 {summary.warnings_updated} 条；运行编号 {summary.run_id}"
    )
    if summary.scored:
        console.say("打分：" + "，".join(f"{SCORED_NAMES[e]} {rows}" for e, rows in summary.scored.items()))
    else:
        console.say(
            "还没有打分：先 cunjian train anomaly，再 cunjian models request 和 approve（模拟数据：cunjian promote）"
        )


def left_out(reasons: Mapping[Entity, str]) -> None:
    """Entities of which no model was trained, and why; beside the answer, so that JSON stays JSON."""
    for entity, why in reasons.items():
        console.ERR.print(f"{ENTITY_NAMES[entity]}没有训练：{why}")


def trained(results: Sequence[Any]) -> None:
    for result in results:
        kind, version = result.registered.kind, result.registered.version
        console.say(
            f"{kind} 第 {version} 版已登记为候选：{result.rows} 行，其中属实 {result.confirmed}、不属实 {result.refuted}"
        )
        tables = [
            ("回测", result.back_test.rankings if result.back_test else ()),
            ("对照真相（模拟）", result.truth),
            ("对照真相，未核查过的（模拟）", result.truth_unverified),
        ]
        for title, rankings in tables:
            if rankings:
                console.show_table(
                    title, ["排序", "查看前几名", "精确率", "召回率"], [_ranking_line(r) for r in rankings]
                )
        if result.report:
            console.say(f"报告：{result.report / 'report.html'}")
        console.say(
            f"申请启用：cunjian models request {kind} --reason 理由 --by 登录名（模拟数据：cunjian promote {kind}）"
        )


def against_truth(results: Sequence[Any]) -> None:
    """How the orders compare on the entities that nobody had verified; only a simulated county knows the truth."""
    lines = [
        [ENTITY_NAMES[ENTITY_OF_KIND[result.registered.kind]], *_ranking_line(ranking)]
        for result in results
        for ranking in result.truth_unverified
    ]
    title = "与埋设的真相对照：以往没有核查过的（模拟）"
    console.show_table(title, ["", "排序", "查看前几名", "精确率", "召回率"], lines)


def _ranking_line(ranking: Any) -> list[object]:
    names = {"risk": "风险模型", "anomaly": "异常模型", "hits": "疑点个数", "random": "随机"}
    return [
        names.get(ranking.name, ranking.name),
        ranking.k,
        _estimate(ranking.precision),
        _estimate(ranking.recall),
    ]


def _estimate(estimate: Any) -> str:
    return f"{estimate.value:.2f}（{estimate.low:.2f}–{estimate.high:.2f}）"


def triage_trained(result: Any) -> None:
    rows = [
        [name, f"{figure.value:.3f}", f"{figure.low:.3f}–{figure.high:.3f}"]
        for name, figure in result.figures.items()
    ]
    console.show_table("来信分拣：交叉验证", ["指标", "均值", "区间"], rows)
    if result.site:
        console.say(f"另学了本单位审核过的来信 {result.site} 件，上述指标不在其上测量")
    console.say(
        f"triage 第 {result.version} 版已登记为候选。申请启用：cunjian models request triage --reason 理由 --by 登录名"
    )


def promoted(promotion: Any) -> None:
    before = f"，原为第 {promotion.previous} 版" if promotion.previous else ""
    console.say(f"{promotion.kind} 现用第 {promotion.version} 版{before}")


def triaged(summary: Any) -> None:
    console.say(
        f"{summary.messages} 件：关键事项 {summary.keys} 件，需人工判断 {summary.abstained} 件，重复或近似 {summary.duplicates} 件；"
        f"结果在 {summary.out}"
    )


@dataclass(frozen=True)
class ModelLine:
    """A model in the list."""

    id: str
    version: int
    name: str
    field: str
    subject: str
    levels: tuple[str, ...]

    @classmethod
    def of(cls, model: Model) -> ModelLine:
        return cls(model.id, model.version, model.name, model.field, model.subject, tuple(model.levels))


def model_list(lines: Sequence[ModelLine]) -> None:
    rows = [
        [
            line.id,
            line.name,
            FIELD_NAMES[line.field],
            SUBJECT_NAMES[line.subject],
            "".join(LEVEL_NAMES[level] for level in line.levels),
        ]
        for line in lines
    ]
    console.show_table(f"{len(lines)} 个监督模型", ["英文名", "名称", "领域", "对象", "等级"], rows)


@dataclass(frozen=True)
class CheckSummary:
    """What `models check` found."""

    models: int
    rules: int
    cases: int
    failures: tuple[str, ...]
    mutants: int
    survivors: tuple[str, ...]

    @classmethod
    def of(
        cls, models: Sequence[Model], failures: Sequence[str], scores: Sequence[MutationScore]
    ) -> CheckSummary:
        return cls(
            models=len(models),
            rules=sum(m.rules for m in models),
            cases=sum(len(m.cases) for m in models),
            failures=tuple(failures),
            mutants=sum(score.mutants for score in scores),
            survivors=tuple(f"{s.model_id}: {mutant}" for s in scores for mutant in s.survivors),
        )


def check(summary: CheckSummary) -> None:
    for line in (*summary.failures, *summary.survivors):
        console.ERR.print(line, markup=False, highlight=False, soft_wrap=True)
    verdict = "全部成立" if not summary.failures else f"{len(summary.failures)} 处不成立"
    console.say(f"{summary.models} 个模型，{summary.rules} 条预警规则，{summary.cases} 个用例：{verdict}")
    if summary.mutants:
        killed = summary.mutants - len(summary.survivors)
        console.say(f"{summary.mutants} 处改动，用例发现 {killed} 处（{killed / summary.mutants:.1%}）")


def recorded(result: Mapping[str, Sequence[str]]) -> None:
    for problem in result["problems"]:
        console.ERR.print(problem)
    if not result["problems"]:
        console.say("模型版本已登记")


def stale_pages(stale: Sequence[str]) -> None:
    if stale:
        console.ERR.print(f"文档与代码不一致，请运行 make docs：{'、'.join(stale)}")
    else:
        console.say("文档与代码一致")


def top_scores(title: str, table: pa.Table, names: Mapping[str, str], *, most: int = 10) -> None:
    """The first rows of a watchlist with their reasons."""
    rows = []
    for place, row in enumerate(table.slice(0, most).to_pylist(), start=1):
        told = [reason["sentence"] for reason in json.loads(row["reasons"])]
        band = (row["probability"], row["probability_low"], row["probability_high"])
        rows.append(
            [
                place,
                names.get(row["entity_id"], row["entity_id"]),
                f"{row['percentile']:.0f}",
                probability_words(*band),
                "\n".join(f"· {t}" for t in told[:3]),
            ]
        )
    console.show_table(title, ["", "对象", "百分位", "查实概率（95% 区间）", "为什么"], rows)


def _simulated(simulated: bool) -> str:
    return "（模拟数据）" if simulated else ""
