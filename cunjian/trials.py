"""Trial runs of drafts and the search for the same problem, over the registers of a home."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from api.trial_jobs import TrialFailed, TrialQuestion, TrialRun
from casework.database import open_engine, sessions
from casework.outcomes import VerifiedWarning, verified_warnings
from cunjian import console
from cunjian.settings import Settings
from cunjian.stages import Done, NothingImported, current_models, open_lake
from registers.spark import SparkUnavailable
from supervision.catalogue import Model, ModelError, model_from_text
from supervision.pages import LEVEL_NAMES
from supervision.published import ModelsOfHome
from supervision.regions import RegionError, load_regions
from supervision.same_problem import Alike, search_alike
from supervision.trial import Change, Hit, Share, Trial, Verified, quarter_ends, run_trial

MOST_TOWNS = 20
MOST_RIVALS = 8


class UnknownModel(LookupError):
    """No model in force has that id."""


def try_stage(
    settings: Settings, draft: Model, *, as_of: date, quarters: int, division: str, done: Done | None = None
) -> Trial:
    """Run a draft over so many quarters beside the version in force, if there is one.

    A new version is measured by what people verified of its own model; a new model by what they verified at all.

    Raises:
        NothingImported: the home holds no registers.
    """
    in_force = [model for model, _ in current_models(settings)]
    published = next((model for model in in_force if model.id == draft.id), None)
    with sessions(open_engine(settings.database)).begin() as session:
        known = verified_warnings(session, division=division)
    models = {**ModelsOfHome(settings.home), draft.id: draft}
    return run_trial(
        draft,
        published=published,
        others=in_force,
        days=quarter_ends(as_of, quarters=quarters),
        open_day=lambda day: open_lake(settings, as_of=day),
        verified=newest_verified(known, model_id=published.id if published else None),
        division=division,
        regions=load_regions(settings.home, models),
        done=done,
    )


def trial_runner(settings: Settings) -> TrialRun:
    """Trials for the web service, which knows nothing of the lake."""

    def run(question: TrialQuestion, done: Done) -> dict[str, Any]:
        try:
            trial = try_stage(
                settings,
                model_from_text(question.content, source="草稿"),
                as_of=question.as_of,
                quarters=question.quarters,
                division=question.division,
                done=done,
            )
        except (ModelError, RegionError, NothingImported, SparkUnavailable) as error:
            raise TrialFailed(str(error)) from error
        return trial.summary()

    return run


def newest_verified(known: Iterable[VerifiedWarning], *, model_id: str | None) -> list[Verified]:
    """Each hit once with its newest answer; of one model, or of all. `known` is oldest first."""
    newest = {
        Hit(row.subject_id, row.village_code): row.confirmed
        for row in known
        if model_id is None or row.model_id == model_id
    }
    return [Verified(hit, confirmed) for hit, confirmed in newest.items()]


def trial_json(trial: Trial) -> dict[str, Any]:
    """A trial for machines: `summary` is what the draft's author hands in with the draft."""
    return {
        "model_id": trial.model_id,
        "summary": trial.summary(),
        "newest_gained": [hit._asdict() for hit in trial.newest_gained],
        "newest_lost": [hit._asdict() for hit in trial.newest_lost],
    }


def alike_stage(
    settings: Settings, model_id: str, *, subject: str, village: str, division: str, as_of: date
) -> list[Alike]:
    """Hits of a model in a division, the most like a given one first.

    Raises:
        UnknownModel: no model in force has that id.
        CaseNotFound: the model has no hit on the subject in the village.
    """
    models = ModelsOfHome(settings.home)
    if model_id not in models:
        raise UnknownModel(f"没有模型“{model_id}”；用 cunjian models list 查看")
    with open_lake(settings, as_of=as_of) as engine:
        return search_alike(
            engine,
            models[model_id],
            subject_id=subject,
            village_code=village,
            division=division,
            regions=load_regions(settings.home, models),
        )


def print_trial(trial: Trial) -> None:
    """By day, by town, and what it means in work, overlap and verified share."""
    console.show_table(
        f"试运行：{trial.model_id}",
        ["截至", "新增", "保持", "减少", *LEVEL_NAMES.values(), "答不出的村"],
        [
            [
                day.as_of,
                *_change(day.total),
                *(day.levels.get(level, 0) for level in LEVEL_NAMES),
                day.not_computable_villages,
            ]
            for day in trial.days
        ],
    )
    towns = sorted(trial.days[-1].by_town.items(), key=lambda item: (-item[1].gained - item[1].lost, item[0]))
    if towns:
        rows = [[town, *_change(change)] for town, change in towns[:MOST_TOWNS]]
        console.show_table("最近一天按乡镇", ["乡镇", "新增", "保持", "减少"], rows)
    console.say(
        f"每周新增任务：{_number(trial.tasks_per_week)}（现行版本 {_number(trial.published_tasks_per_week)}）"
    )
    console.say(f"已核查的疑点：{_share(trial.verified)}；现行版本 {_share(trial.published_verified)}")
    _print_overlap(trial.overlap)


def print_alike(found: Sequence[Alike]) -> None:
    rows = [
        [
            f"{alike.similarity:.2f}",
            alike.finding["village_code"],
            alike.finding["subject_id"],
            LEVEL_NAMES[alike.finding["level"]],
            alike.finding["reason"],
            "、".join(alike.shared),
        ]
        for alike in found
    ]
    console.show_table(
        f"同类问题 {len(rows)} 条", ["相似度", "村", "对象", "等级", "为什么", "共同之处"], rows
    )


def _print_overlap(overlap: Mapping[str, float]) -> None:
    if not overlap:
        console.say("没有其他模型提示同一对象")
        return
    rows = [[model, f"{share:.0%}"] for model, share in list(overlap.items())[:MOST_RIVALS]]
    console.show_table("同一对象也被这些模型提示", ["模型", "占比"], rows)


def _change(change: Change) -> list[int]:
    return [change.gained, change.kept, change.lost]


def _number(value: float | None) -> str:
    return "—" if value is None else f"{value:.1f} 条"


def _share(share: Share) -> str:
    if share.share is None:
        return "还没有"
    return f"{share.verified} 条中属实 {share.confirmed} 条（{share.share:.0%}）"
