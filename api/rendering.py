"""Server-rendered pages: one template environment, filters that turn values into words for people."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.templating import Jinja2Templates
from markupsafe import Markup, escape

from casework.fields import FIELDS
from casework.redaction import shown_entry, shown_text
from casework.roles import ROLE_NAMES
from casework.words import WORDS as CASEWORK_WORDS
from casework.words import probability_words
from casework.working_days import CHINA
from ml.triage.labels import NATURES
from registers.catalogue import Catalogue, load_catalogue

WORDS: Final[Mapping[str, str]] = {**CASEWORK_WORDS, **NATURES, **FIELDS}

_FOLDER: Final = Path(__file__).parent
_templates = Jinja2Templates(directory=_FOLDER / "templates")


def words(value: object) -> str:
    """The Chinese word for an id; what has none stays as it is."""
    return WORDS.get(str(value), str(value)) if value is not None else "—"


def money(fen: int | None) -> str:
    """Fen as yuan with thousands separators."""
    return "—" if fen is None else f"{fen / 100:,.2f} 元"


def moment(at: datetime | date | None) -> str:
    """A moment in China's time, to the minute; a day as it is."""
    if isinstance(at, datetime):
        return at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
    return at.isoformat() if at else "—"


def share(value: float | None) -> str:
    """A share of one as a percentage."""
    return "—" if value is None else f"{value:.0%}"


def highlight(text: str, found: Sequence[str]) -> Markup:
    """The text with the words that decided marked; everything is escaped."""
    if not found:
        return escape(text)
    pattern = re.compile("|".join(re.escape(word) for word in found))
    parts: list[Markup] = []
    end = 0
    for match in pattern.finditer(text):
        parts += [escape(text[end : match.start()]), Markup("<mark>{}</mark>").format(match.group())]
        end = match.end()
    return Markup("").join([*parts, escape(text[end:])])


def register_name(register_id: str) -> str:
    """Chinese name of a register; one that has left the catalogue keeps its id."""
    register = _registers().get(register_id)
    return register.name if register else register_id


def column_name(column: str, register_id: str) -> str:
    """Chinese name of a column of a register."""
    register = _registers().get(register_id)
    named = {known.name: known.zh for known in register.columns} if register else {}
    return named.get(column, column)


@cache
def _registers() -> Catalogue:
    return load_catalogue()


_templates.env.filters.update(
    words=words,
    money=money,
    moment=moment,
    share=share,
    highlight=highlight,
    register_name=register_name,
    column_name=column_name,
)
_templates.env.globals["probability_words"] = probability_words
_templates.env.globals["role_names"] = {role.value: name for role, name in ROLE_NAMES.items()}


def render(request: Request, template: str, values: Mapping[str, Any], *, status: int = 200) -> HTMLResponse:
    """A page; who is signed in and the session's token come from the request.

    `text_of(complaint)` is the only way in which a page shows the text of a complaint."""
    actor = getattr(request.state, "actor", None)
    signed_in: dict[str, Any] = {
        "actor": actor,
        "csrf": getattr(request.state, "csrf", ""),
        "may": getattr(request.state, "may", frozenset()),
        "simulated": getattr(request.state, "simulated", False),
        "text_of": partial(shown_text, actor) if actor else None,
        "entry_of": partial(shown_entry, actor) if actor else None,
    }
    return _templates.TemplateResponse(request, template, {**signed_in, **values}, status_code=status)


def go_to(path: str) -> RedirectResponse:
    """What answers a form that was taken: the page to read next."""
    return RedirectResponse(path, status_code=303)
