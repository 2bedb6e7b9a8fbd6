"""When a model is trained again, and that two never are at once."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

MOST_DAYS: Final = 90
"""Most registers are delivered monthly or quarterly: after a quarter every one of them has something new."""
NEW_OUTCOMES: Final = 30
"""As many outcomes as a gate asks for to say anything; fewer hardly move a model."""
REST_DAYS: Final = 28
"""An alarm of drift lasts until a new model is promoted; it does not train one every night meanwhile."""


class AlreadyTraining(RuntimeError):
    """Another process is training on this home."""


@dataclass(frozen=True)
class LastTraining:
    """The newest version of a kind. outcomes: clear outcomes that it knew; None for a kind that learns from none."""

    version: str
    as_of: date
    outcomes: int | None
    reported: bool


def why_train(
    last: LastTraining | None,
    *,
    as_of: date,
    outcomes: int,
    alarms: Collection[str],
    definitions_changed: bool,
) -> tuple[str, ...]:
    """Reasons to train a kind again, as sentences; none = not due.

    outcomes: clear outcomes known now. alarms: alarms of drift of the kind's entity.
    """
    if last is None:
        return ("还没有训练过。",)
    reasons = []
    age = (as_of - last.as_of).days
    if not last.reported:
        reasons.append(f"第 {last.version} 版没有报告：上次训练没有完成。")
    if definitions_changed:
        reasons.append(f"第 {last.version} 版训练之后特征定义改过，它不能再打分。")
    if age >= MOST_DAYS:
        reasons.append(f"第 {last.version} 版的数据已过 {age} 天，满 {MOST_DAYS} 天重新训练。")
    if last.outcomes is not None and outcomes - last.outcomes >= NEW_OUTCOMES:
        reasons.append(f"新增核查结果 {outcomes - last.outcomes} 件，满 {NEW_OUTCOMES} 件重新训练。")
    if alarms and age >= REST_DAYS:
        reasons.append(f"有 {len(alarms)} 项漂移报警。")
    return tuple(reasons)


@contextmanager
def only_one(home: Path) -> Iterator[None]:
    """Hold the home's lock for training. The system lets go of it when the process ends, however it ends.

    Raises:
        AlreadyTraining: another process holds it.
    """
    folder = home / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / "retrain.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyTraining("另一个训练正在进行，请等它结束") from error
        yield
    finally:
        os.close(descriptor)
