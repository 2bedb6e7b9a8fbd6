"""The pages of models that counties write. The steps are those of `casework.drafts`; so are all their rules."""

from __future__ import annotations

import json
from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, File, Form, Query, Request, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import ValidationError
from sqlalchemy.orm import Session

from api.context import Db, Svc
from api.draft_schemas import TrialBody
from api.pages_models import model_of, model_parts, names_of_models
from api.problems import refused
from api.rendering import go_to, render
from api.routes_drafts import desk_of
from api.security import Requires
from api.trial_jobs import TrialQuestion
from casework import drafts
from casework.access import Permission, may_write_drafts
from casework.accounts import user_names
from casework.errors import BadInput
from casework.events import history
from casework.models import Json
from casework.roles import Actor
from casework.states import DraftState
from casework.watchlist import place_names
from casework.working_days import local_date
from supervision.catalogue import FIELD_NAMES
from supervision.drafts import MOST_CHARACTERS
from supervision.pages import LEVEL_NAMES
from supervision.runs import latest_day

router = APIRouter(include_in_schema=False)
PAGE_SIZE: Final = 25
MOST_TOWNS: Final = 50
MOST_RIVALS: Final = 12
QUARTERS: Final = 8
_MOST_BYTES: Final = 4 * MOST_CHARACTERS
Page = Annotated[int, Query(ge=1, le=10_000)]
Text = Annotated[str, Form()]
Reader = Annotated[Actor, Depends(Requires(Permission.READ_MODELS))]
Writer = Annotated[Actor, Depends(Requires(Permission.WRITE_DRAFT))]
Decider = Annotated[Actor, Depends(Requires(Permission.DECIDE_DRAFT))]
Adopter = Annotated[Actor, Depends(Requires(Permission.ADOPT_DRAFT))]


@router.get("/drafts")
def show_drafts(
    request: Request, session: Db, actor: Reader, state: str = "", page: Page = 1
) -> HTMLResponse:
    wanted = DraftState(state) if state in set(DraftState) else None
    found, total = drafts.drafts_page(session, actor, state=wanted, page=page, size=PAGE_SIZE)
    shown = {"rows": found, "total": total, "page": page, "size": PAGE_SIZE}
    codes = [code for draft in found for code in (draft.division, draft.scope) if code]
    return render(
        request,
        "drafts.html",
        shown
        | {
            "wanted": wanted,
            "states": list(DraftState),
            "places": place_names(session, codes),
            "authors": user_names(session, [draft.author_id for draft in found]),
            "writes": may_write_drafts(actor),
            "offered": {draft.id: drafts.offered(actor, draft) for draft in found},
        },
    )


@router.get("/drafts/new")
def show_new_draft(
    request: Request,
    session: Db,
    actor: Writer,
    like: Annotated[int | None, Query(description="以哪份草稿为底稿")] = None,
) -> HTMLResponse:
    content = drafts.visible_draft(session, actor, like).content if like else ""
    return _form(request, content, problems=())


@router.post("/drafts", response_model=None)
def create_draft(
    *,
    request: Request,
    session: Db,
    svc: Svc,
    actor: Writer,
    content: Text = "",
    file: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Keep a draft, or show the form again with all that is to mend."""
    text = (_uploaded(file) or content).replace("\r\n", "\n")
    try:
        draft = drafts.create(session, actor, text, desk=desk_of(svc), at=svc.clock())
    except BadInput as error:
        kind = refused(request, session, error)
        return _form(request, text, problems=error.problems or (error,), status=kind.status)
    return _back(draft.id)


@router.get("/drafts/{draft_id}")
def show_draft(draft_id: int, request: Request, session: Db, svc: Svc, actor: Reader) -> HTMLResponse:
    draft = drafts.visible_draft(session, actor, draft_id)
    job = svc.trials.of(draft.id)
    page = {
        "draft": draft,
        "people": user_names(session, [draft.author_id, draft.checker_id]),
        "places": place_names(session, [draft.division, draft.scope or ""]),
        "actions": drafts.offered(actor, draft),
        "job": job if job and draft.state is DraftState.DRAFT else None,
        "trial": _trial(session, actor, draft.trial) if draft.trial else None,
        "level_names": LEVEL_NAMES,
        "last_day": latest_day(svc.home) or local_date(svc.clock()),
        "quarters": QUARTERS,
        "history": history(session, draft),
        "writes": may_write_drafts(actor),
    }
    model = model_of(draft)
    return render(request, "draft.html", page | (model_parts(model) if model else {"model": None}))


@router.post("/drafts/{draft_id}/trial")
def start_trial(
    *,
    draft_id: int,
    session: Db,
    svc: Svc,
    actor: Writer,
    as_of: Annotated[date, Form()],
    quarters: Annotated[int, Form(ge=1, le=40)],
) -> RedirectResponse:
    """Queue a trial; its result is kept as the author's own step, when it is there."""
    draft = drafts.ready_for_trial(session, actor, draft_id, at=svc.clock())
    asked = TrialQuestion(content=draft.content, division=draft.division, as_of=as_of, quarters=quarters)

    def keep(summary: Json) -> None:
        with svc.sessions.begin() as later:
            drafts.record_trial(later, actor, draft_id, summary, at=svc.clock())

    svc.trials.start(draft_id, asked, keep=keep)
    return _back(draft_id)


@router.post("/drafts/{draft_id}/trial-result")
def keep_trial_result(
    *,
    draft_id: int,
    session: Db,
    svc: Svc,
    actor: Writer,
    result: Text = "",
    file: Annotated[UploadFile | None, File()] = None,
) -> RedirectResponse:
    """A trial that was run elsewhere: what `cunjian models try --json` wrote."""
    trial = _read_result(_uploaded(file) or result)
    drafts.record_trial(session, actor, draft_id, trial.model_dump(mode="json"), at=svc.clock())
    return _back(draft_id)


@router.post("/drafts/{draft_id}/submit")
def submit_draft(draft_id: int, session: Db, svc: Svc, actor: Writer, reason: Text) -> RedirectResponse:
    drafts.submit(session, actor, draft_id, reason=reason, at=svc.clock())
    return _back(draft_id)


@router.post("/drafts/{draft_id}/withdraw")
def withdraw_draft(draft_id: int, session: Db, svc: Svc, actor: Writer, comment: Text) -> RedirectResponse:
    drafts.withdraw(session, actor, draft_id, comment=comment, at=svc.clock())
    return _back(draft_id)


@router.post("/drafts/{draft_id}/publish")
def publish_draft(draft_id: int, session: Db, svc: Svc, actor: Decider, comment: Text) -> RedirectResponse:
    drafts.publish(session, actor, draft_id, comment=comment, desk=desk_of(svc), at=svc.clock())
    return _back(draft_id)


@router.post("/drafts/{draft_id}/reject")
def reject_draft(draft_id: int, session: Db, svc: Svc, actor: Decider, comment: Text) -> RedirectResponse:
    drafts.reject(session, actor, draft_id, comment=comment, at=svc.clock())
    return _back(draft_id)


@router.post("/drafts/{draft_id}/adopt")
def adopt_draft(draft_id: int, session: Db, svc: Svc, actor: Adopter, comment: Text) -> RedirectResponse:
    drafts.adopt(session, actor, draft_id, comment=comment, home=svc.home, at=svc.clock())
    return _back(draft_id)


@router.post("/drafts/{draft_id}/retire")
def retire_draft(draft_id: int, session: Db, svc: Svc, actor: Adopter, comment: Text) -> RedirectResponse:
    drafts.retire(session, actor, draft_id, comment=comment, home=svc.home, at=svc.clock())
    return _back(draft_id)


def _back(draft_id: int) -> RedirectResponse:
    return go_to(f"/drafts/{draft_id}")


def _form(request: Request, content: str, *, problems: tuple[object, ...], status: int = 200) -> HTMLResponse:
    page = {"content": content, "problems": problems, "most": MOST_CHARACTERS, "fields": FIELD_NAMES}
    return render(request, "draft_new.html", page, status=status)


def _uploaded(file: UploadFile | None) -> str:
    """The text of an uploaded file, as UTF-8 or as older Windows programs write it; "" without one."""
    content = file.file.read(_MOST_BYTES + 1) if file else b""
    if len(content) > _MOST_BYTES:
        raise BadInput("file", f"文件太大：最多 {MOST_CHARACTERS} 个字符")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadInput("file", "文件不是文本；请另存为 UTF-8 文本后再上传")


def _read_result(text: str) -> TrialBody:
    try:
        given = json.loads(text)
        return TrialBody.model_validate(given.get("summary", given) if isinstance(given, dict) else given)
    except (ValueError, ValidationError, RecursionError) as error:
        why = "不是试运行的结果；请粘贴 cunjian models try 草稿.yaml --json 的全部输出"
        raise BadInput("result", why) from error


def _trial(session: Session, actor: Actor, trial: Json) -> dict[str, Any]:
    """A kept trial with the names of its towns and models; towns with the most change first."""
    towns = sorted(trial["by_town"].items(), key=lambda item: (-item[1]["gained"] - item[1]["lost"], item[0]))
    return trial | {
        "towns": towns[:MOST_TOWNS],
        "more_towns": max(len(towns) - MOST_TOWNS, 0),
        "town_names": place_names(session, [town for town, _ in towns[:MOST_TOWNS]]),
        "rivals": list(trial["overlap"].items())[:MOST_RIVALS],
        "model_names": names_of_models(session, actor, trial["overlap"]),
    }
