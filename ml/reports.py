"""Reports of registered models: a page for people and the same figures as JSON, signed like a bundle.

    reports/<kind>/<version>/   report.html, report.json and manifest.json; never changed once written

Training writes them, the console reads them. What a report says about gates decides whether a model may be
promoted, so a report with a changed byte is refused as a bundle is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ml.bundle import read_bundle, write_bundle
from ml.errors import BundleRefused

PAGE: Final = "report.html"
FIGURES: Final = "report.json"


@dataclass(frozen=True)
class ModelReport:
    """A verified report: `figures` as JSON, `page` as HTML, `digest` names this very content."""

    kind: str
    version: str
    figures: Mapping[str, Any]
    page: str
    digest: str


def report_folder(home: Path, kind: str, version: str) -> Path:
    """Where the report of a version lies under `home`."""
    return home / "reports" / kind / version


def write_report(home: Path, kind: str, version: str, *, figures: bytes, page: str, key: bytes) -> Path:
    """Write a report, whole or not at all. Raises `BundleRefused` when the version has one already."""
    folder = report_folder(home, kind, version)
    files = {PAGE: page.encode(), FIGURES: figures}
    write_bundle(folder, files, {"kind": kind, "version": version, "report": True}, key=key)
    return folder


def read_report(home: Path, kind: str, version: str, *, key: bytes) -> ModelReport:
    """The report of a version.

    Raises:
        BundleRefused: there is none, it was changed after signing, or it is that of another version.
    """
    bundle = read_bundle(report_folder(home, kind, version), key=key)
    if bundle.meta != {"kind": kind, "version": version, "report": True}:
        raise BundleRefused(f"report {kind}/{version} was signed as another one; train again")
    return ModelReport(
        kind=kind,
        version=version,
        figures=json.loads(bundle.files[FIGURES]),
        page=bundle.files[PAGE].decode(),
        digest=bundle.digest,
    )


def versions_with_reports(home: Path, kind: str) -> Iterator[str]:
    """Versions of `kind` that have a report, the newest first."""
    folder = home / "reports" / kind
    found = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    yield from sorted((name for name in found if name.isdigit()), key=int, reverse=True)
