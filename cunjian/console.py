"""What a command shows: tables and progress for people on stderr and stdout, one JSON object for machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

OUT = Console(highlight=False, markup=False)  # texts of citizens and file names are no markup
ERR = Console(stderr=True, highlight=False, markup=False)

Step = Callable[[int, int], None]
"""Called with how much is done and how much there is in all."""


@contextmanager
def progress(title: str) -> Iterator[Step]:
    """A progress bar on stderr that vanishes when the work is done; silent when stderr is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=ERR, transient=True, disable=not ERR.is_terminal) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def show_table(title: str, headers: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table for people; long cells wrap."""
    table = Table(title=title, title_justify="left", header_style="bold", expand=False)
    for header in headers:
        table.add_column(header, overflow="fold")
    for row in rows:
        table.add_row(*("" if cell is None else str(cell) for cell in row))
    OUT.print(table)


def people_on_stderr() -> None:
    """Leave stdout to one JSON object; what is meant for people goes to stderr."""
    OUT.file = sys.stderr


def say(text: str) -> None:
    OUT.print(text)


def show(content: object, human: Callable[[Any], None], *, as_json: bool) -> None:
    """What a command found: one JSON object for machines, or what `human` prints of it."""
    if as_json:
        print_json(content)
    else:
        human(content)


def print_json(content: object) -> None:
    """One JSON document on stdout."""
    print(json.dumps(_plain(content), ensure_ascii=False, indent=1, default=str))  # noqa: T201


def _plain(content: object) -> object:
    if is_dataclass(content) and not isinstance(content, type):
        return _plain(asdict(content))
    if isinstance(content, Mapping):
        return {str(key): _plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple | set | frozenset):
        return [_plain(item) for item in content]
    if isinstance(content, date | Path):
        return str(content)
    return content
