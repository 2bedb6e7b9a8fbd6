"""The pages of supervision models: those that come with the system, and those that counties wrote."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from api.context import Db, Svc
from api.rendering import render
from api.security import Requires
from casework import drafts
from casework.access import Permission
from casework.accounts import user_names
from casework.errors import NotVisible
from casework.models import ModelDraft
from casework.roles import COUNTY, Actor
from casework.watchlist import place_names
from supervision.catalogue import FIELD_NAMES, Model, ModelError, load_models, model_from_text
from supervision.pages import LEVEL_NAMES, SUBJECT_NAMES, UNIT_NAMES, VERDICT_NAMES
from supervision.runs import verdict_counts

router = APIRouter(include_in_schema=False)
Reader = Annotated[Actor, Depends(Requires(Permission.READ_MODELS))]


@dataclass(frozen=True)
class Line:
    """A model in the list. `draft` is None for one that comes with the system."""

    model: Model
    draft: ModelDraft | None = None


@router.get("/models")
def show_models(request: Request, session: Db, actor: Reader) -> HTMLResponse:
    local = drafts.models_in_force(session, actor)
    lines = [Line(model) for model in load_models().values()]
    lines += [Line(model, draft) for draft in local if (model := model_of(draft))]
    by_field = {
        name: sorted((line for line in lines if line.model.field == field), key=_local_first)
        for field, name in FIELD_NAMES.items()
    }
    page = {
        "by_field": {name: found for name, found in by_field.items() if found},
        "total": len(lines),
        "rules": sum(line.model.rules for line in lines),
        "local": len(lines) - len(load_models()),
        "places": place_names(session, [draft.scope or "" for draft in local]),
        "authors": user_names(session, [draft.author_id for draft in local]),
        "subjects": SUBJECT_NAMES,
    }
    return render(request, "models.html", page)


@router.get("/models/{model_id}")
def show_model(model_id: str, request: Request, session: Db, svc: Svc, actor: Reader) -> HTMLResponse:
    draft = next((d for d in drafts.models_in_force(session, actor) if d.model_id == model_id), None)
    model = load_models().get(model_id) or (model_of(draft) if draft else None)
    if model is None:
        raise NotVisible
    where = actor.division[:COUNTY]  # a town's own count would say what its office may not see of officials
    codes = [where, draft.scope or "" if draft else "", draft.division if draft else ""]
    page = {
        **model_parts(model),
        "draft": draft,
        "author": user_names(session, [draft.author_id]).get(draft.author_id) if draft else None,
        "places": place_names(session, codes),
        "where": where,
        "run": verdict_counts(svc.home, model_id, division=where),
        "verdicts": VERDICT_NAMES,
    }
    return render(request, "model.html", page)


def model_of(draft: ModelDraft) -> Model | None:
    """The model of a draft's text; None when today's checks refuse what was kept once."""
    try:
        return model_from_text(draft.content, source="草稿")
    except ModelError:
        return None


def model_parts(model: Model) -> dict[str, Any]:
    """What the template of a model's parts shows."""
    return {
        "model": model,
        "field_name": FIELD_NAMES[model.field],
        "subject_name": SUBJECT_NAMES[model.subject],
        "level_names": LEVEL_NAMES,
        "unit_names": UNIT_NAMES,
        "rules": [(level, _filled(text, model.parameter_values)) for level, text in model.levels.items()],
    }


def names_of_models(session: Db, actor: Actor, ids: Iterable[str]) -> dict[str, str]:
    """Chinese names of models that this person may see; others keep their ids."""
    shipped = {model_id: model.name for model_id, model in load_models().items()}
    local = {draft.model_id: draft.name for draft in drafts.models_in_force(session, actor)}
    known = local | shipped
    return {model_id: known[model_id] for model_id in ids if model_id in known}


def _local_first(line: Line) -> tuple[bool, str]:
    return line.draft is None, line.model.id


def _filled(condition: str, values: Mapping[str, int | float]) -> str:
    """A condition as it reads with the values of its parameters."""
    return re.sub(r":(\w+)", lambda found: str(values.get(found[1], found[0])), condition)
