"""Models in force in a home: the shipped ones everywhere, and published ones in their divisions.

A published model lies in `CUNJIAN_HOME/models/<division>/<id>.yaml`. The database of casework says which there are;
the files follow it.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from supervision.catalogue import Model, ModelError, load_models, model_from_text
from supervision.versions import read_versions

FOLDER: Final = "models"
EVERYWHERE: Final = ""
"""The division of a shipped model: its code is the beginning of every other."""


def shipped_ids() -> frozenset[str]:
    """Ids of all models that were ever shipped: findings of the past name them."""
    return frozenset({*load_models(), *read_versions()})


def write_published(home: Path, texts: Mapping[tuple[str, str], str]) -> None:
    """Make the folder hold just these texts, by division and model id. Each file is written aside and renamed."""
    wanted = {home / FOLDER / division / f"{model}.yaml": text for (division, model), text in texts.items()}
    for path, text in wanted.items():
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        aside.write_text(text, encoding="utf-8")
        aside.replace(path)
    for gone in set(_files(home)) - wanted.keys():
        gone.unlink(missing_ok=True)


def published_models(home: Path) -> list[tuple[Model, str]]:
    """Published models and the divisions that they speak of, by division and id.

    Raises:
        ModelError: a file does not load any more, or its id is now that of another model.
    """
    seen = dict.fromkeys(load_models(), "系统自带的模型")
    found = []
    for path in _files(home):
        model = _load(path, path.stat().st_mtime_ns)
        if model.id in seen:
            raise ModelError(f"{path}：英文名与{seen[model.id]}相同；请停用后换名重新发布")
        seen[model.id] = f" {path.parent.name} 的模型"
        found.append((model, path.parent.name))
    return found


def models_in_force(home: Path) -> list[tuple[Model, str]]:
    """All models that a full run computes, each with its division. Raises `ModelError`."""
    return [*((model, EVERYWHERE) for model in load_models().values()), *published_models(home)]


def scopes_of(models: list[tuple[Model, str]]) -> dict[str, str]:
    """The division by id of the models that do not speak of all villages."""
    return {model.id: division for model, division in models if division != EVERYWHERE}


class ModelsOfHome(Mapping[str, Model]):
    """The models in force by id, as they are when asked: a model published while the service runs is there."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def __getitem__(self, model_id: str) -> Model:
        shipped = load_models()
        return shipped[model_id] if model_id in shipped else self._published()[model_id]

    def __iter__(self) -> Iterator[str]:
        return iter([*load_models(), *self._published()])

    def __len__(self) -> int:
        return len(load_models()) + len(self._published())

    def _published(self) -> dict[str, Model]:
        return {model.id: model for model, _ in published_models(self._home)}


def _files(home: Path) -> list[Path]:
    return sorted((home / FOLDER).glob("[0-9]*/[!.]*.yaml"))


@lru_cache(maxsize=1024)
def _load(path: Path, _written_at: int) -> Model:
    return model_from_text(path.read_text(encoding="utf-8"), source=str(path))
