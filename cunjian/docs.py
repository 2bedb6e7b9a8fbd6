"""Pages that are written from the code, so that they cannot fall behind it; `--check` says which have."""

from __future__ import annotations

from pathlib import Path

import typer
from typer.main import get_command

from features.dictionary import ENTITIES
from features.pages import feature_page
from registers.catalogue import load_catalogue
from registers.pages import registers_page
from supervision.catalogue import load_models
from supervision.directory import data_directory
from supervision.pages import model_page, models_index

DOCS = Path("docs")


def pages() -> dict[Path, str]:
    """Every generated page by its path."""
    catalogue, models = load_catalogue(), load_models()
    written = {DOCS / "models" / f"{model.id}.md": model_page(model, catalogue) for model in models.values()}
    written |= {DOCS / f"features-{entity}.md": feature_page(entity) for entity in ENTITIES}
    return written | {
        DOCS / "models" / "README.md": models_index(models),
        DOCS / "data-directory.md": data_directory(catalogue, models),
        DOCS / "registers.md": registers_page(catalogue),
        DOCS / "commands.md": commands_page(),
    }


def write_pages() -> list[Path]:
    """Write every page, and delete pages of models that are gone."""
    written = pages()
    for path, text in written.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for orphan in set((DOCS / "models").glob("*.md")) - written.keys():
        orphan.unlink()
    return sorted(written)


def stale_pages() -> list[str]:
    """Pages that differ from what the code would write, are missing, or should not be there."""
    written = pages()
    differing = {
        path
        for path, text in written.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    }
    orphans = set((DOCS / "models").glob("*.md")) - written.keys()
    return sorted(str(path) for path in differing | orphans)


def commands_page() -> str:
    """The help of every command."""
    from cunjian.cli import app  # noqa: PLC0415  the command line imports this module

    lines = ["# 命令", "", "本页由 `cunjian docs` 生成。每个命令都可加 `--help`，多数可加 `--json`。", ""]
    _describe(get_command(app), ["cunjian"], lines)
    return "\n".join(lines)


def _describe(command: object, path: list[str], lines: list[str]) -> None:
    children = getattr(command, "commands", None)
    if children:
        for name in sorted(children):
            _describe(children[name], [*path, name], lines)
        return
    lines += [f"## {' '.join(path)}", "", (getattr(command, "help", "") or "").strip(), ""]
    for parameter in getattr(command, "params", ()):
        text = getattr(parameter, "help", None)
        if text:
            name = (
                ", ".join(parameter.opts)
                if isinstance(parameter, typer.core.TyperOption)
                else str(parameter.name).upper()
            )
            lines.append(f"- `{name}` {text}")
    epilog = (getattr(command, "epilog", "") or "").strip()
    if epilog:
        lines += ["", *epilog.splitlines()]
    lines.append("")
