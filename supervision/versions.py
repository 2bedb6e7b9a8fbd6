"""The versions of the shipped models: a model whose content changes without a new version number is refused.

`versions.json` keeps a content hash for every version that was ever shipped, so that a finding of the past names
exactly the model that made it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from supervision.catalogue import Model

VERSIONS_FILE = Path(__file__).parent / "versions.json"

Versions = Mapping[str, Mapping[str, str]]
"""Content hash by version, by model id."""


def read_versions(path: Path = VERSIONS_FILE) -> dict[str, dict[str, str]]:
    content: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    return content


def version_problems(models: Iterable[Model], versions: Versions) -> list[str]:
    """A line for every model whose content and version do not fit what was recorded."""
    problems = []
    for model in models:
        known = versions.get(model.id, {})
        recorded = known.get(str(model.version))
        if recorded is None:
            following = next_version(model.id, versions)
            if model.version != following:
                problems.append(f"{model.id}: version {model.version}, but the next one is {following}")
            else:
                problems.append(
                    f"{model.id}: version {model.version} is not recorded; run cunjian models record"
                )
        elif recorded != model.content_hash:
            problems.append(
                f"{model.id}: its content changed; raise version to {next_version(model.id, versions)}"
            )
    return problems


def next_version(model_id: str, versions: Versions) -> int:
    """The version that follows the newest recorded one."""
    return max(map(int, versions.get(model_id, {})), default=0) + 1


def with_new_versions(models: Iterable[Model], versions: Versions) -> dict[str, dict[str, str]]:
    """The record with the models' new versions added; recorded ones never change. Models that are gone stay."""
    record = {model_id: dict(known) for model_id, known in versions.items()}
    for model in models:
        record.setdefault(model.id, {}).setdefault(str(model.version), model.content_hash)
    return dict(sorted(record.items()))


def write_versions(record: Versions, path: Path = VERSIONS_FILE) -> None:
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
