"""Trial runs that are started from a page: one at a time in a thread of this process, the result kept with the draft.

A trial takes minutes and holds no transaction meanwhile. What is under way is known to this process alone: after a
restart the author starts again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from threading import Lock
from typing import Final

from casework.errors import BadInput, CaseworkError
from casework.models import Json

_log: Final = logging.getLogger("cunjian.api")
_BROKEN: Final = "试运行出错，已记录；请联系技术保障人员，或用 cunjian models try 运行后存入结果"

Done = Callable[[int, int], None]


class TrialFailed(CaseworkError):
    """A trial could not be run. The message is Chinese and says what to do."""


@dataclass(frozen=True, kw_only=True)
class TrialQuestion:
    """What to try: a draft's text over so many quarters up to a day, in one division."""

    content: str
    division: str
    as_of: date
    quarters: int


TrialRun = Callable[[TrialQuestion, Done], Json]
"""Runs a trial and returns its `summary`; calls `done` after each day. Raises `TrialFailed`."""


@dataclass
class TrialJob:
    """A trial under way, or one that has ended. `failed`: why it came to nothing."""

    total: int
    done: int = 0
    future: Future[None] = field(default_factory=Future)

    @property
    def running(self) -> bool:
        return not self.future.done()

    @property
    def waiting(self) -> bool:
        return self.running and not self.future.running()

    @property
    def failed(self) -> str | None:
        if self.running or self.future.cancelled() or (error := self.future.exception()) is None:
            return None
        return str(error) if isinstance(error, CaseworkError) else _BROKEN


class TrialJobs:
    """The trials of one process, the newest of each draft."""

    def __init__(self, run: TrialRun) -> None:
        self._run = run
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="trial")
        self._jobs: dict[int, TrialJob] = {}
        self._lock = Lock()

    def start(self, draft_id: int, question: TrialQuestion, *, keep: Callable[[Json], None]) -> None:
        """Queue a trial; `keep` gets its summary. Raises `BadInput` while one of the same draft is under way."""
        with self._lock:
            before = self._jobs.get(draft_id)
            if before and before.running:
                raise BadInput("trial", "这份草稿正在试运行，请等它完成")
            job = self._jobs[draft_id] = TrialJob(total=question.quarters)
            job.future = self._pool.submit(self._work, job, question, keep)
        job.future.add_done_callback(_note)

    def of(self, draft_id: int) -> TrialJob | None:
        return self._jobs.get(draft_id)

    def close(self) -> None:
        """Forget what waits; what runs ends by itself."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _work(self, job: TrialJob, question: TrialQuestion, keep: Callable[[Json], None]) -> None:
        def done(days: int, _total: int) -> None:
            job.done = days

        keep(self._run(question, done))


def _note(future: Future[None]) -> None:
    """Errors that nobody foresaw go to the log by their name; a page cannot show more."""
    if not future.cancelled() and (error := future.exception()) and not isinstance(error, CaseworkError):
        _log.error("trial failed", extra={"error": type(error).__name__})
