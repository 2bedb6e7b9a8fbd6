"""A running service picks up promotions, never serves half a model, and outlives a broken one."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Event, Thread

import pytest

from ml.bundle import Bundle, bundle_folder, champion_version, read_bundle, set_champion, write_bundle
from ml.errors import BundleRefused
from ml.serving import Served, Serving
from tests.ml.synthetic import KEY

KIND = "triage"
FILES = 20


def add(home: Path, version: str) -> None:
    """A bundle all of whose files say which version they are."""
    files = {f"part{number}.txt": version.encode() * 50 for number in range(FILES)}
    write_bundle(bundle_folder(home, KIND, version), files, {"kind": KIND, "version": version}, key=KEY)


def promote(home: Path, version: str) -> None:
    add(home, version)
    set_champion(home, KIND, version)


def whole(bundle: Bundle) -> str:
    """The version that every file says; files of two versions would be two values."""
    (said,) = {content.decode()[: len(str(bundle.meta["version"]))] for content in bundle.files.values()}
    return said


def serving(home: Path) -> Serving[str]:
    return Serving(home, KIND, key=KEY, build=whole, base=lambda: Served("base", "base"))


def test_a_promotion_and_a_way_back_are_picked_up_without_restart(tmp_path: Path) -> None:
    model = serving(tmp_path)
    assert model.current() == Served("base", "base")
    served = []
    promote(tmp_path, "1")
    served.append(model.current().version)
    promote(tmp_path, "2")
    served.append(model.current().version)
    set_champion(tmp_path, KIND, "1")
    served.append(model.current().version)
    assert served == ["1", "2", "1"]


def test_a_model_is_loaded_once_while_nothing_changes(tmp_path: Path) -> None:
    promote(tmp_path, "1")
    built: list[str] = []

    def build(bundle: Bundle) -> str:
        built.append(whole(bundle))
        return built[-1]

    model = Serving(tmp_path, KIND, key=KEY, build=build, base=lambda: Served("base", "base"))
    for _ in range(5):
        model.current()
    assert built == ["1"]


def test_threads_see_whole_models_while_one_promotes(tmp_path: Path) -> None:
    """Readers run against twenty promotions; model and version always belong together, and the last one is seen."""
    promote(tmp_path, "100")
    model = serving(tmp_path)
    done = Event()
    seen: list[Served[str]] = []

    def read() -> None:
        while not done.is_set():
            seen.append(model.current())

    readers = [Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for version in range(101, 121):
        promote(tmp_path, str(version))
    done.set()
    for reader in readers:
        reader.join()
    assert all(one.model == one.version for one in seen)
    assert model.current() == Served("120", "120")
    assert len({one.version for one in seen}) > 1


@pytest.mark.parametrize("damage", ["byte", "missing", "pointer", "no_version", "gone"])
def test_a_broken_champion_leaves_the_old_one_serving_with_a_warning(
    damage: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    promote(tmp_path, "1")
    model = serving(tmp_path)
    add(tmp_path, "2")
    file = bundle_folder(tmp_path, KIND, "2") / "part3.txt"
    pointer = tmp_path / "bundles" / KIND / "champion.json"
    good = file.read_bytes()
    if damage == "byte":
        file.write_bytes(b"3" + good[1:])
    elif damage == "missing":
        file.unlink()
    set_champion(tmp_path, KIND, "2")
    if damage == "pointer":
        pointer.write_bytes(b'{"version"')
    elif damage == "no_version":
        pointer.write_bytes(b'{"version": "9"}')
    elif damage == "gone":
        pointer.unlink()
    with caplog.at_level(logging.WARNING, logger="cunjian.ml"):
        answers = [model.current() for _ in range(3)]
    assert answers == [Served("1", "1")] * 3
    (warning,) = caplog.records  # said once, not at every message
    assert "version 1 goes on serving" in warning.getMessage()
    file.write_bytes(good)
    set_champion(tmp_path, KIND, "2")
    assert model.current() == Served("2", "2")


def test_a_service_does_not_start_on_a_broken_champion(tmp_path: Path) -> None:
    promote(tmp_path, "1")
    (bundle_folder(tmp_path, KIND, "1") / "part0.txt").write_bytes(b"x")
    with pytest.raises(BundleRefused, match="changed after signing"):
        serving(tmp_path)


EXPORT = """
import sys
from pathlib import Path
from ml.bundle import bundle_folder, set_champion, write_bundle
home, key, sizes = Path(sys.argv[1]), sys.argv[2].encode(), 200_000
print("ready", flush=True)
for version in range(2, 10_000):
    files = {f"part{n}.txt": str(version).encode() * sizes for n in range(20)}
    meta = {"kind": "triage", "version": str(version)}
    write_bundle(bundle_folder(home, "triage", str(version)), files, meta, key=key)
    set_champion(home, "triage", str(version))
"""


@pytest.mark.parametrize("after", [0.05, 0.3, 0.7])
def test_kill_in_the_middle_of_an_export_leaves_a_whole_champion(after: float, tmp_path: Path) -> None:
    promote(tmp_path, "1")
    model = serving(tmp_path)
    process = subprocess.Popen(
        [sys.executable, "-c", EXPORT, str(tmp_path), KEY.decode()], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(after)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    version = champion_version(tmp_path, KIND)
    assert version is not None
    assert model.current().version == version
    for folder in (tmp_path / "bundles" / KIND).iterdir():
        if folder.is_dir() and not folder.name.startswith("."):
            whole(read_bundle(folder, key=KEY))  # every bundle that has its name is complete
    promote(tmp_path, "20000")
    assert model.current().version == "20000"
