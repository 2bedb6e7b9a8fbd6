"""A brake on guessing passwords and query codes."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

FAILURES: Final = 5
WINDOW: Final = timedelta(minutes=15)
_MOST_KEYS: Final = 10_000


class GuessThrottle:
    """Refuses a pair (login or receipt, and address) after `FAILURES` wrong guesses within `WINDOW`. One process's memory."""

    def __init__(self) -> None:
        self._failures: dict[tuple[str, str], deque[datetime]] = {}
        self._lock = Lock()

    def is_blocked(self, key: tuple[str, str], *, at: datetime) -> bool:
        with self._lock:
            return len(self._recent(key, at)) >= FAILURES

    def note_failure(self, key: tuple[str, str], *, at: datetime) -> None:
        with self._lock:
            if len(self._failures) >= _MOST_KEYS and key not in self._failures:
                self._failures.pop(next(iter(self._failures)))
            recent = self._recent(key, at)
            recent.append(at)
            self._failures[key] = recent

    def note_success(self, key: tuple[str, str]) -> None:
        with self._lock:
            self._failures.pop(key, None)

    def _recent(self, key: tuple[str, str], at: datetime) -> deque[datetime]:
        return deque(
            (moment for moment in self._failures.get(key, ()) if at - moment < WINDOW), maxlen=FAILURES
        )
