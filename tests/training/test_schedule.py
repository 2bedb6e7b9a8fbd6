"""When training is due, case by case; and the lock that a killed process lets go."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from training.schedule import (
    MOST_DAYS,
    NEW_OUTCOMES,
    REST_DAYS,
    AlreadyTraining,
    LastTraining,
    only_one,
    why_train,
)

DAY = date(2026, 6, 30)


def last(*, age: int = 1, outcomes: int | None = 50, reported: bool = True) -> LastTraining:
    return LastTraining("4", DAY - timedelta(days=age), outcomes, reported)


@pytest.mark.parametrize(
    ("before", "now", "reasons"),
    [
        (None, {}, ["还没有训练过"]),
        (last(), {}, []),
        (last(age=MOST_DAYS - 1), {}, []),
        (last(age=MOST_DAYS), {}, ["满 90 天"]),
        (last(), {"outcomes": 50 + NEW_OUTCOMES - 1}, []),
        (last(), {"outcomes": 50 + NEW_OUTCOMES}, ["新增核查结果 30 件"]),
        (last(outcomes=None), {"outcomes": 500}, []),
        (last(age=REST_DAYS - 1), {"alarms": ["变了"]}, []),
        (last(age=REST_DAYS), {"alarms": ["变了"]}, ["1 项漂移报警"]),
        (last(reported=False), {}, ["没有完成"]),
        (last(), {"definitions_changed": True}, ["特征定义改过"]),
        (last(age=200), {"outcomes": 90, "alarms": ["变了"]}, ["满 90 天", "新增核查结果 40 件", "漂移报警"]),
    ],
)
def test_why_train(before: LastTraining | None, now: dict[str, object], reasons: list[str]) -> None:
    known = {"as_of": DAY, "outcomes": 50, "alarms": [], "definitions_changed": False} | now
    found = why_train(before, **known)  # type: ignore[arg-type]  # a table of cases
    assert len(found) == len(reasons)
    assert all(part in sentence for part, sentence in zip(reasons, found, strict=True))


HOLD = """
import sys, time
from pathlib import Path
from training.schedule import only_one
with only_one(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def test_two_never_train_at_once_and_a_killed_one_lets_go(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    with pytest.raises(AlreadyTraining, match="请等它结束"), only_one(tmp_path):
        pass
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    with only_one(tmp_path):
        pass


def test_an_error_lets_go_of_the_lock(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), only_one(tmp_path):
        raise ZeroDivisionError
    with only_one(tmp_path):
        pass
