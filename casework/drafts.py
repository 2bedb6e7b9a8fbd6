"""Supervision models written by counties: tried, submitted, published by a second person, adopted above.

What is in force lies in the home as files (`supervision.published`), which follow the table: every step that changes
what is in force writes them before its transaction ends, and every full run writes them again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from casework.access import (
    DraftFacts,
    Permission,
    may_adopt_draft,
    may_decide_draft,
    may_retire_draft,
    may_write_drafts,
    require,
    sees_draft,
)
from casework.errors import BadInput, NotVisible, OfficeNotAllowed
from casework.events import locked, move, record, record_start
from casework.models import Json, ModelDraft
from casework.roles import Actor
from casework.scope import visible_drafts
from casework.states import DRAFT_TRANSITIONS, Change, DraftAction, DraftState, actions_from, step
from supervision.catalogue import Model
from supervision.drafts import DraftRefused, read_draft
from supervision.published import write_published

_BY_THE_AUTHOR: Final = frozenset({DraftAction.RECORD_TRIAL, DraftAction.SUBMIT, DraftAction.WITHDRAW})
_BY_OFFICE: Final[Mapping[DraftAction, Callable[[Actor, DraftFacts], bool]]] = {
    DraftAction.PUBLISH: may_decide_draft,
    DraftAction.REJECT: may_decide_draft,
    DraftAction.ADOPT: may_adopt_draft,
    DraftAction.RETIRE: may_retire_draft,
}


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What decisions on drafts need beside the database.

    home: where the models in force lie. taken: ids that counties may not use (`supervision.published.shipped_ids`).
    """

    home: Path
    taken: Collection[str]


def create(session: Session, actor: Actor, text: str, *, desk: Desk, at: datetime) -> ModelDraft:
    """Keep a draft that loads and whose cases hold. Raises `BadInput` with all that is to mend."""
    require(actor, Permission.WRITE_DRAFT)
    if not may_write_drafts(actor):
        raise OfficeNotAllowed("模型由县级以上的技术保障人员编写")
    model = _checked(session, text, desk=desk)
    if actor.id is None:
        raise NotVisible
    draft = ModelDraft(
        model_id=model.id,
        model_version=model.version,
        name=model.name,
        division=actor.division,
        author_id=actor.id,
        content=text,
        content_hash=model.content_hash,
        created_at=at,
        state=DraftState.DRAFT,
    )
    session.add(draft)
    record_start(session, draft, actor=actor, at=at)
    return draft


def record_trial(session: Session, actor: Actor, draft_id: int, trial: Json, *, at: datetime) -> ModelDraft:
    """Keep the numbers of a trial run (`Trial.summary`) beside the draft; it must be a trial of this very content."""
    draft = _own_draft(session, actor, draft_id)
    if trial.get("content_hash") != draft.content_hash:
        raise BadInput("content_hash", "试运行的不是这份草稿的内容；请用这份草稿重新运行 cunjian models try")
    move(session, draft, DraftAction.RECORD_TRIAL, actor=actor, at=at, fields={"trial": draft.content_hash})
    draft.trial = trial
    return draft


def ready_for_trial(session: Session, actor: Actor, draft_id: int, *, at: datetime) -> ModelDraft:
    """The draft, if this person could keep a trial with it now; else what `record_trial` raises."""
    draft = _own_draft(session, actor, draft_id)
    _change(draft, DraftAction.RECORD_TRIAL, actor=actor, at=at, trial=draft.content_hash)
    return draft


def submit(session: Session, actor: Actor, draft_id: int, *, reason: str, at: datetime) -> ModelDraft:
    """The author asks for publication, with the reason; a trial must lie beside the draft."""
    draft = _own_draft(session, actor, draft_id)
    trial = draft.content_hash if draft.trial else None
    move(session, draft, DraftAction.SUBMIT, actor=actor, at=at, fields={"reason": reason, "trial": trial})
    draft.reason = reason
    return draft


def withdraw(session: Session, actor: Actor, draft_id: int, *, comment: str, at: datetime) -> ModelDraft:
    """The author takes back what is not in force yet."""
    draft = _own_draft(session, actor, draft_id)
    move(session, draft, DraftAction.WITHDRAW, actor=actor, at=at, fields={"comment": comment})
    return draft


def publish(
    session: Session, actor: Actor, draft_id: int, *, comment: str, desk: Desk, at: datetime
) -> ModelDraft:
    """A second person of the author's division puts the model in force there, in the place of its version before."""
    draft = _visible_and_locked(session, actor, draft_id)
    change = _change(draft, DraftAction.PUBLISH, actor=actor, at=at, comment=comment)
    _require_office(DraftAction.PUBLISH, actor, draft, "只有作者所在区划的人员可以发布")
    _supersede(session, draft, actor=actor, at=at)
    _checked(session, draft.content, desk=desk)
    record(session, draft, change)
    draft.scope, draft.checker_id = draft.division, actor.id
    draft.published_at = draft.decided_at = at
    follow(session, desk.home)
    return draft


def reject(session: Session, actor: Actor, draft_id: int, *, comment: str, at: datetime) -> ModelDraft:
    """A second person of the author's division declines, with the reason."""
    draft = _visible_and_locked(session, actor, draft_id)
    change = _change(draft, DraftAction.REJECT, actor=actor, at=at, comment=comment)
    _require_office(DraftAction.REJECT, actor, draft, "只有作者所在区划的人员可以审核")
    record(session, draft, change)
    draft.checker_id, draft.decided_at = actor.id, at
    return draft


def adopt(
    session: Session, actor: Actor, draft_id: int, *, comment: str, home: Path, at: datetime
) -> ModelDraft:
    """A city or province puts a model of a division below it in force for all below itself."""
    draft = _visible_and_locked(session, actor, draft_id)
    change = _change(draft, DraftAction.ADOPT, actor=actor, at=at, comment=comment, scope=actor.division)
    _require_office(DraftAction.ADOPT, actor, draft, "只有上级市、省的监督检查人员可以采用下级已发布的模型")
    record(session, draft, change)
    draft.scope = actor.division
    follow(session, home)
    return draft


def retire(
    session: Session, actor: Actor, draft_id: int, *, comment: str, home: Path, at: datetime
) -> ModelDraft:
    """The office that put a model in force, or one above, takes it out of force."""
    draft = _visible_and_locked(session, actor, draft_id)
    change = _change(draft, DraftAction.RETIRE, actor=actor, at=at, comment=comment)
    _require_office(DraftAction.RETIRE, actor, draft, "只有使其生效的机关或上级可以停用")
    record(session, draft, change)
    draft.scope = None
    follow(session, home)
    return draft


def follow(session: Session, home: Path) -> None:
    """Write the files of the models in force as the table has them."""
    session.flush()
    in_force = session.scalars(select(ModelDraft).where(ModelDraft.scope.is_not(None)))
    texts = {(draft.scope, draft.model_id): draft.content for draft in in_force if draft.scope is not None}
    write_published(home, texts)


def drafts_page(
    session: Session, actor: Actor, *, state: DraftState | None, page: int, size: int
) -> tuple[Sequence[ModelDraft], int]:
    """One page of the visible drafts and their number, the newest first."""
    conditions: list[ColumnElement[bool]] = [visible_drafts(actor)]
    if state is not None:
        conditions.append(ModelDraft.state == state)
    total = session.scalar(select(func.count()).select_from(ModelDraft).where(*conditions)) or 0
    rows = session.scalars(
        select(ModelDraft)
        .where(*conditions)
        .order_by(ModelDraft.id.desc())
        .offset((page - 1) * size)
        .limit(size)
    ).all()
    return rows, total


def visible_draft(session: Session, actor: Actor, draft_id: int) -> ModelDraft:
    """The draft, or `NotVisible`."""
    draft = session.get(ModelDraft, draft_id)
    if draft is None or not sees_draft(actor, facts_of(draft)):
        raise NotVisible
    return draft


def models_in_force(session: Session, actor: Actor) -> Sequence[ModelDraft]:
    """The visible drafts that are in force somewhere, by model id."""
    in_force = select(ModelDraft).where(visible_drafts(actor), ModelDraft.scope.is_not(None))
    return session.scalars(in_force.order_by(ModelDraft.model_id)).all()


def offered(actor: Actor, draft: ModelDraft) -> frozenset[DraftAction]:
    """The steps that this person may take with a visible draft now: what a page shows as buttons.

    A test holds it to what the steps themselves allow.
    """
    return frozenset(
        action
        for action in actions_from(DRAFT_TRANSITIONS, draft.state, role=actor.role)
        if (action in _BY_THE_AUTHOR and draft.author_id == actor.id)
        or (action in _BY_OFFICE and _BY_OFFICE[action](actor, facts_of(draft)))
        if not (DRAFT_TRANSITIONS[draft.state, action].second_person and draft.author_id == actor.id)
        if action is not DraftAction.SUBMIT or draft.trial
    )


def facts_of(draft: ModelDraft) -> DraftFacts:
    return DraftFacts(division=draft.division, scope=draft.scope)


def _checked(session: Session, text: str, *, desk: Desk) -> Model:
    try:
        return read_draft(text, taken=desk.taken, published=_ever_published(session))
    except DraftRefused as error:
        raise BadInput("content", str(error), problems=error.problems) from error


def _ever_published(session: Session) -> dict[str, dict[str, str]]:
    """Content hashes by version, by model id, of all that was ever in force."""
    known: dict[str, dict[str, str]] = defaultdict(dict)
    columns = (ModelDraft.model_id, ModelDraft.model_version, ModelDraft.content_hash)
    for model_id, version, content_hash in session.execute(
        select(*columns).where(ModelDraft.published_at.is_not(None))
    ):
        known[model_id][str(version)] = content_hash
    return known


def _supersede(session: Session, draft: ModelDraft, *, actor: Actor, at: datetime) -> None:
    """Take the version before out of force. Raises `BadInput` when it is not this division's to replace.

    All drafts of the id stay locked until the end of the transaction: two are never published at once.
    """
    same = select(ModelDraft).where(ModelDraft.model_id == draft.model_id).order_by(ModelDraft.id)
    rows = session.scalars(same.with_for_update().execution_options(populate_existing=True)).all()
    before = next((row for row in rows if row.scope is not None), None)
    if before is None:
        return
    if before.division != draft.division:
        raise BadInput("model_id", f"英文名 {draft.model_id} 已由 {before.division} 发布，请另取一个")
    if before.state is not DraftState.PUBLISHED:
        raise BadInput("model_id", "上一版已由上级采用；请采用机关先停用，再发布新版本")
    fields = {"comment": f"由第 {draft.model_version} 版替代"}
    move(session, before, DraftAction.SUPERSEDE, actor=actor, at=at, fields=fields)
    before.scope = None


def _own_draft(session: Session, actor: Actor, draft_id: int) -> ModelDraft:
    draft = _visible_and_locked(session, actor, draft_id)
    if draft.author_id != actor.id:
        raise OfficeNotAllowed("只有作者本人可以办理这一步")
    return draft


def _visible_and_locked(session: Session, actor: Actor, draft_id: int) -> ModelDraft:
    draft = locked(session, ModelDraft, draft_id)
    if not sees_draft(actor, facts_of(draft)):
        raise NotVisible
    return draft


def _require_office(action: DraftAction, actor: Actor, draft: ModelDraft, why: str) -> None:
    if not _BY_OFFICE[action](actor, facts_of(draft)):
        raise OfficeNotAllowed(why)


def _change(
    draft: ModelDraft, action: DraftAction, *, actor: Actor, at: datetime, **fields: str | None
) -> Change[DraftState]:
    """The step, or the table's refusal by name. The second person of a draft is anybody but its author."""
    return step(
        DRAFT_TRANSITIONS,
        draft.state,
        action,
        actor=actor,
        at=at,
        fields=fields,
        earlier_actor=draft.author_id,
    )
