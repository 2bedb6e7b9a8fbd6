"""Which models cannot be computed on a day, in which towns, and why: what to ask a department for next."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlglot import exp

from cunjian import console
from cunjian.settings import Settings
from cunjian.stages import open_lake
from registers.engine import Engine
from supervision.catalogue import Model, load_models
from supervision.computability import Computability
from supervision.published import models_in_force

TOWN_DIGITS = 9
VILLAGE_DIGITS = 12
NAMED_MODELS = 4
_SHARE = re.compile(r"只填了 \d+%（至少 (\d+%)）")


@dataclass(frozen=True)
class Obstacle:
    """One reason for which models cannot be computed in one town, and in how many of its villages."""

    town: str
    town_name: str
    reason: str
    villages: int
    of_villages: int
    models: tuple[str, ...]


@dataclass(frozen=True)
class Status:
    """What cannot be computed on a day. A village counts once per reason."""

    as_of: str
    division: str
    models: int
    towns: int
    villages: int
    obstacles: tuple[Obstacle, ...]


def status_stage(settings: Settings, *, as_of: date, division: str = "") -> Status:
    """Ask every model in force about every village of a division ("" = all) as of a day.

    Raises:
        NothingImported: the home holds no registers.
        LookupError: the division has no village.
    """
    with open_lake(settings, as_of=as_of) as engine:
        return status_of(engine, models_in_force(settings.home), division=division)


def status_of(engine: Engine, models: Iterable[tuple[Model, str]], *, division: str = "") -> Status:
    """The same for an open engine and some models, each with the division that it speaks of ("" = everywhere)."""
    chosen = list(models)
    computability = Computability(engine, [model for model, _ in chosen])
    names = _place_names(engine)
    places = {code for code in computability.villages | names.keys() if len(code) == VILLAGE_DIGITS}
    villages = sorted(code for code in places if code.startswith(division))
    if not villages:
        raise LookupError("没有找到村（社区），请核对区划代码，或先导入行政区划")
    sizes: dict[str, int] = defaultdict(int)
    found: dict[tuple[str, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for village in villages:
        town = village[:TOWN_DIGITS]
        sizes[town] += 1
        for model, place in chosen:
            reason = computability.obstacle(model, village) if village.startswith(place) else None
            if reason:
                found[town, _SHARE.sub(r"的填写率不到 \1", reason)][model.id].add(village)
    obstacles = (
        Obstacle(
            town=town,
            town_name=names.get(town, ""),
            reason=reason,
            villages=len(set().union(*by_model.values())),
            of_villages=sizes[town],
            models=tuple(sorted(by_model)),
        )
        for (town, reason), by_model in found.items()
    )
    return Status(
        as_of=engine.as_of.isoformat(),
        division=division,
        models=len(chosen),
        towns=len(sizes),
        villages=len(villages),
        obstacles=tuple(sorted(obstacles, key=lambda o: (o.town, -len(o.models), o.reason))),
    )


def print_status(status: Status) -> None:
    """Reasons that hold in every village of every town first and once, then town by town."""
    if not status.obstacles:
        console.say(f"{status.as_of}：{status.villages} 个村的 {status.models} 个模型都能计算")
        return
    whole = Counter((o.reason, o.models) for o in status.obstacles if o.villages == o.of_villages)
    everywhere = [key for key, towns in whole.items() if towns == status.towns > 1]
    rows = [["全部乡镇", reason, status.villages, *_named(models)] for reason, models in everywhere]
    rows += [
        [o.town_name or o.town, o.reason, f"{o.villages}/{o.of_villages}", *_named(o.models)]
        for o in status.obstacles
        if (o.reason, o.models) not in everywhere
    ]
    console.show_table(f"{status.as_of} 无法计算的模型", ["乡镇", "原因", "涉及的村", "模型数", "模型"], rows)
    console.say("各模型需要哪张登记表的哪些列，见 docs/data-directory.md；补齐后重新导入即可")


def _named(models: tuple[str, ...]) -> list[object]:
    names = load_models()
    shown = [names[m].name if m in names else m for m in models[:NAMED_MODELS]]
    return [len(models), "、".join(shown) + (" 等" if len(models) > NAMED_MODELS else "")]


def _place_names(engine: Engine) -> dict[str, str]:
    if "division" not in engine.registers:
        return {}
    places = engine.query(exp.select("division_code", "name").from_("division")).to_pylist()
    return {row["division_code"]: row["name"] for row in places}
