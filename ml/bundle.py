"""Bundles: a model as a folder of plain files with a signed manifest, and the pointer to the champion.

    bundles/<kind>/<version>/   the files of one model and manifest.json; never changed once written
    bundles/<kind>/champion.json   {"version": ...}; replaced in one step, so a reader sees the old or the new one

A manifest holds the SHA-256 and size of every file and is signed with HMAC-SHA256, so a bundle with a changed
byte, a missing or an added file, or a foreign signature is refused before anything of it is parsed. Files are
text or arrays read without pickle: nothing in a bundle can run code.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ml.errors import BundleRefused, FeatureMismatch
from registers.durable import write_through

MANIFEST: Final = "manifest.json"
CHAMPION: Final = "champion.json"
FORMAT: Final = 1
_SIGNED_AS: Final = b"cunjian bundle\x00"
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")

Meta = dict[str, object]
"""What is known of a model: kind, version, feature names and definition hash, figures of evaluation; JSON only."""


@dataclass(frozen=True)
class Bundle:
    """A verified bundle: `files` by name, as signed, and what the manifest says of them; `digest` names both."""

    meta: Meta
    files: Mapping[str, bytes]
    digest: str


def write_bundle(folder: Path, files: Mapping[str, bytes], meta: Meta, *, key: bytes) -> None:
    """Write `files` and their signed manifest as `folder`, whole or not at all.

    Raises:
        BundleRefused: the folder exists (a version is never changed), or a file's name is not plain.
    """
    if folder.exists():
        raise BundleRefused(
            f"bundle {_shown(folder)} exists and is never changed; write it under a new version"
        )
    for name in files:
        if name == MANIFEST or not _PLAIN_NAME.fullmatch(name):
            raise BundleRefused(
                f"{name!r} cannot be the name of a file in a bundle; use letters, digits, _ . -"
            )
    manifest = _signed({"format": FORMAT, "meta": meta, "files": _digests(files)}, key)
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        for name, content in files.items():
            _write_synced(aside / name, content)
        _write_synced(aside / MANIFEST, manifest)
        aside.replace(folder)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    write_through(folder.parent)


def read_bundle(folder: Path, *, key: bytes) -> Bundle:
    """The bundle in `folder`, after every byte of it has been checked against the signed manifest.

    Raises:
        BundleRefused: no bundle there, a foreign signature, or a file changed, missing or added.
    """
    manifest = _read_manifest(folder, key)
    expected = manifest["files"]
    present = {path.name for path in folder.iterdir()} - {MANIFEST}
    if missing := sorted(expected.keys() - present):
        raise BundleRefused(f"bundle {_shown(folder)}: {missing[0]} is missing; restore it or promote again")
    if added := sorted(present - expected.keys()):
        raise BundleRefused(f"bundle {_shown(folder)}: {added[0]} is not in the manifest; remove it")
    files = {name: (folder / name).read_bytes() for name in sorted(expected)}
    for name, digest in _digests(files).items():
        if digest != expected[name]:
            raise BundleRefused(f"bundle {_shown(folder)}: {name} was changed after signing; promote again")
    digest = hashlib.sha256(_canonical(manifest)).hexdigest()
    return Bundle(meta=manifest["meta"], files=files, digest=digest)


def set_champion(home: Path, kind: str, version: str) -> None:
    """Let `version` serve from now on, in one step.

    Raises:
        BundleRefused: no such version under `home`.
    """
    folder = bundle_folder(home, kind, version)
    if not (folder / MANIFEST).is_file():
        raise BundleRefused(f"no bundle {_shown(folder)}; promote a registered version first")
    pointer = folder.parent / CHAMPION
    aside = pointer.with_name(f".{CHAMPION}.{os.getpid()}")
    _write_synced(aside, _canonical({"version": version}))
    aside.replace(pointer)
    write_through(pointer.parent)


def champion_version(home: Path, kind: str) -> str | None:
    """The version that serves, or None before the first promotion.

    Raises:
        BundleRefused: the pointer cannot be read.
    """
    pointer = home / "bundles" / kind / CHAMPION
    if not pointer.exists():
        return None
    try:
        return str(json.loads(pointer.read_bytes())["version"])
    except (ValueError, KeyError, TypeError) as error:
        raise BundleRefused(f"{kind}/{CHAMPION} cannot be read; promote a version again") from error


def read_champion(home: Path, kind: str, *, key: bytes) -> Bundle | None:
    """The verified champion of `kind`, or None before the first promotion.

    Raises:
        BundleRefused: as `read_bundle`, or the bundle says that it is another kind or version.
    """
    version = champion_version(home, kind)
    if version is None:
        return None
    bundle = read_bundle(bundle_folder(home, kind, version), key=key)
    if (bundle.meta.get("kind"), bundle.meta.get("version")) != (kind, version):
        raise BundleRefused(f"bundle {kind}/{version} was signed as another model; promote again")
    return bundle


def bundle_folder(home: Path, kind: str, version: str) -> Path:
    """Where a version of `kind` lies under `home`.

    Raises:
        BundleRefused: kind or version is not a plain name.
    """
    for name in (kind, version):
        if not _PLAIN_NAME.fullmatch(name):
            raise BundleRefused(f"{name!r} is not the name of a bundle; use letters, digits, _ . -")
    return home / "bundles" / kind / version


def check_definitions(bundle: Bundle, *, definition_hash: str, features: list[str]) -> None:
    """Refuse features that are not those of training, by name where names differ.

    Raises:
        FeatureMismatch: names or definitions differ.
    """
    trained = [str(name) for name in _list(bundle.meta.get("features"))]
    if trained != features:
        raise FeatureMismatch.of_columns(expected=trained, given=features)
    if bundle.meta.get("definition_hash") != definition_hash:
        raise FeatureMismatch(
            f"the definition of a feature changed since {bundle.meta.get('kind')}/{bundle.meta.get('version')} "
            f"was trained ({str(bundle.meta.get('definition_hash'))[:12]} then, {definition_hash[:12]} now); "
            "train again on this feature set"
        )


def _read_manifest(folder: Path, key: bytes) -> dict[str, dict[str, object]]:
    try:
        raw = (folder / MANIFEST).read_bytes()
        content = json.loads(raw)
        del content["signature"]
        genuine = hmac.compare_digest(raw, _signed(content, key))
    except FileNotFoundError as error:
        raise BundleRefused(f"no bundle {_shown(folder)}: it has no {MANIFEST}") from error
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise BundleRefused(f"bundle {_shown(folder)}: {MANIFEST} cannot be read; promote again") from error
    if not genuine:
        raise BundleRefused(
            f"bundle {_shown(folder)}: not signed by this installation, or changed after signing"
        )
    if content["format"] != FORMAT:
        raise BundleRefused(
            f"bundle {_shown(folder)}: format {content['format']}, this version reads {FORMAT}"
        )
    return {"meta": content["meta"], "files": content["files"]}


def _signed(content: dict[str, object], key: bytes) -> bytes:
    return _canonical(content | {"signature": _signature(content, key)})


def _signature(content: object, key: bytes) -> str:
    return hmac.new(key, _SIGNED_AS + _canonical(content), hashlib.sha256).hexdigest()


def _canonical(content: object) -> bytes:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, indent=1, allow_nan=False)
    return text.encode() + b"\n"


def _digests(files: Mapping[str, bytes]) -> dict[str, object]:
    return {
        name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        for name, content in files.items()
    }


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else []


def _shown(folder: Path) -> str:
    return f"{folder.parent.name}/{folder.name}"
