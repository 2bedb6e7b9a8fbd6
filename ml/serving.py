"""A model that a running service keeps at hand: always the champion, without a restart and never half of one.

The pointer is replaced in one step and a bundle is whole before it has its name, so a reader sees the old champion or
the new one. What cannot be read is reported once and the model at hand goes on serving; it is tried again when the
pointer or the bundle behind it changes.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final, Generic, TypeVar

from ml.bundle import CHAMPION, MANIFEST, Bundle, champion_version, read_champion
from ml.errors import BundleRefused, ModelError

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
_log: Final = logging.getLogger("cunjian.ml")
_Stamp = tuple[tuple[int, int, int] | None, ...]


@dataclass(frozen=True)
class Served(Generic[T_co]):
    """A model and the version that it is: taken together, so that an answer never names another version."""

    model: T_co
    version: str


class Serving(Generic[T]):
    """The champion of a kind, for many threads.

    Args:
        key: signs the bundles.
        build: makes the model of a verified bundle.
        base: what serves before the first promotion.

    Raises:
        ModelError: when it is made while the champion cannot be read: a service does not start on a broken model.
    """

    def __init__(
        self,
        home: Path,
        kind: str,
        *,
        key: bytes,
        build: Callable[[Bundle], T],
        base: Callable[[], Served[T]],
    ) -> None:
        self._home, self._kind, self._key, self._build, self._base = home, kind, key, build, base
        self._lock = Lock()
        self._stamp = self._look()
        self._served = self._load()

    def current(self) -> Served[T]:
        """The newest champion that can be read; costs two looks at the file system."""
        stamp = self._look()
        if stamp == self._stamp:
            return self._served
        with self._lock:
            if stamp != self._stamp:
                self._renew(stamp)
            return self._served

    def _renew(self, stamp: _Stamp) -> None:
        before = self._served
        try:
            if stamp[0] is None:
                raise BundleRefused(f"{self._kind}/{CHAMPION} is gone; promote a version again")
            self._served = self._load()
        except (ModelError, ValueError, KeyError, OSError) as error:
            _log.warning(
                "%s: the champion cannot be read, version %s goes on serving: %s",
                self._kind, before.version, error,
            )  # fmt: skip
        else:
            _log.info("%s: version %s serves, before %s", self._kind, self._served.version, before.version)
        self._stamp = stamp

    def _load(self) -> Served[T]:
        bundle = read_champion(self._home, self._kind, key=self._key)
        if bundle is None:
            return self._base()
        return Served(self._build(bundle), str(bundle.meta["version"]))

    def _look(self) -> _Stamp:
        """What tells that the pointer, or the bundle that it names, is another one."""
        folder = self._home / "bundles" / self._kind
        try:
            version = champion_version(self._home, self._kind)
        except ModelError:
            version = None
        manifest = folder / version / MANIFEST if version else None
        return (_stat(folder / CHAMPION), _stat(manifest) if manifest else None)


def _stat(path: Path) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116  one call, on the path of every message
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
