"""Bundles: what is signed is read, everything else is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ml import bundle
from ml.bundle import (
    bundle_folder,
    champion_version,
    check_definitions,
    read_bundle,
    read_champion,
    set_champion,
    write_bundle,
)
from ml.errors import BundleRefused, FeatureMismatch
from tests.ml.synthetic import KEY

FILES = {"model.json": '{"词": 1}'.encode(), "arrays.npz": bytes(range(256))}
META: bundle.Meta = {
    "kind": "anomaly_village",
    "version": "1",
    "features": ["a", "b"],
    "definition_hash": "d1",
    "说明": "模拟",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = bundle_folder(tmp_path, "anomaly_village", "1")
    write_bundle(folder, FILES, META, key=KEY)
    return folder


def test_what_was_written_is_read(folder: Path) -> None:
    read = read_bundle(folder, key=KEY)
    assert (dict(read.files), read.meta) == (FILES, META)
    assert [path.name for path in folder.parent.iterdir()] == ["1"]


def test_writing_twice_gives_equal_bytes(folder: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    write_bundle(again, FILES, META, key=KEY)
    assert (again / "manifest.json").read_bytes() == (folder / "manifest.json").read_bytes()


def test_any_changed_byte_is_refused(folder: Path) -> None:
    for path in sorted(folder.iterdir()):
        content = path.read_bytes()
        for position in (0, len(content) // 2, len(content) - 2):
            changed = bytearray(content)
            changed[position] ^= 1
            path.write_bytes(bytes(changed))
            with pytest.raises(BundleRefused):
                read_bundle(folder, key=KEY)
        path.write_bytes(content)
    read_bundle(folder, key=KEY)


def test_a_missing_an_added_and_a_cut_file_are_refused_by_name(folder: Path) -> None:
    (folder / "extra.txt").write_text("x")
    with pytest.raises(BundleRefused, match=r"extra\.txt is not in the manifest"):
        read_bundle(folder, key=KEY)
    (folder / "extra.txt").unlink()
    (folder / "arrays.npz").write_bytes(b"")
    with pytest.raises(BundleRefused, match=r"arrays\.npz was changed"):
        read_bundle(folder, key=KEY)
    (folder / "arrays.npz").unlink()
    with pytest.raises(BundleRefused, match=r"arrays\.npz is missing"):
        read_bundle(folder, key=KEY)


def test_a_foreign_signature_is_refused(folder: Path) -> None:
    with pytest.raises(BundleRefused, match="not signed by this installation"):
        read_bundle(folder, key=b"another key")


def test_a_manifest_written_otherwise_is_refused(folder: Path) -> None:
    manifest = folder / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b"\n ", b"\n\t", 1))
    with pytest.raises(BundleRefused, match="changed after signing"):
        read_bundle(folder, key=KEY)


@pytest.mark.parametrize("manifest", [b"", b"[]", b"{}", b"\xff", b'{"signature": 1}'])
def test_a_broken_manifest_is_refused(folder: Path, manifest: bytes) -> None:
    (folder / "manifest.json").write_bytes(manifest)
    with pytest.raises(BundleRefused):
        read_bundle(folder, key=KEY)


def test_no_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleRefused, match="no bundle"):
        read_bundle(tmp_path / "nothing", key=KEY)


def test_a_version_is_never_overwritten(folder: Path) -> None:
    with pytest.raises(BundleRefused, match="never changed"):
        write_bundle(folder, {"other": b"x"}, META, key=KEY)
    assert dict(read_bundle(folder, key=KEY).files) == FILES


@pytest.mark.parametrize("name", ["../x", "a/b", "manifest.json", "", ".hidden", "a b"])
def test_names_that_leave_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BundleRefused):
        write_bundle(tmp_path / "b", {name: b""}, {}, key=KEY)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("kind", "version"), [("../up", "1"), ("risk_village", ".."), ("", "1")])
def test_names_of_bundles_are_plain(tmp_path: Path, kind: str, version: str) -> None:
    with pytest.raises(BundleRefused):
        bundle_folder(tmp_path, kind, version)


def test_an_interrupted_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(path: Path, content: bytes) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(bundle, "_write_synced", full_disk)
    with pytest.raises(OSError, match="no space"):
        write_bundle(tmp_path / "kind" / "1", FILES, META, key=KEY)
    assert list((tmp_path / "kind").iterdir()) == []


def test_the_champion_is_the_one_pointed_to(folder: Path, tmp_path: Path) -> None:
    assert read_champion(tmp_path, "anomaly_village", key=KEY) is None
    write_bundle(bundle_folder(tmp_path, "anomaly_village", "2"), FILES, META | {"version": "2"}, key=KEY)
    for version in ("1", "2", "1"):
        set_champion(tmp_path, "anomaly_village", version)
        champion = read_champion(tmp_path, "anomaly_village", key=KEY)
        assert champion is not None
        assert champion.meta["version"] == version == champion_version(tmp_path, "anomaly_village")


def test_a_champion_must_exist_and_be_what_it_says(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleRefused, match="no bundle anomaly_village/9"):
        set_champion(tmp_path, "anomaly_village", "9")
    folder.rename(folder.with_name("2"))
    set_champion(tmp_path, "anomaly_village", "2")
    with pytest.raises(BundleRefused, match="signed as another model"):
        read_champion(tmp_path, "anomaly_village", key=KEY)
    (folder.parent / "champion.json").write_text(json.dumps([]))
    with pytest.raises(BundleRefused, match=r"champion\.json cannot be read"):
        champion_version(tmp_path, "anomaly_village")


def test_changed_features_are_refused_by_name(folder: Path) -> None:
    read = read_bundle(folder, key=KEY)
    check_definitions(read, definition_hash="d1", features=["a", "b"])
    with pytest.raises(FeatureMismatch, match="unexpected 'c'"):
        check_definitions(read, definition_hash="d1", features=["a", "b", "c"])
    with pytest.raises(FeatureMismatch, match="definition of a feature changed"):
        check_definitions(read, definition_hash="d2", features=["a", "b"])
