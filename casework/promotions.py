"""Which trained model serves: asked for by one person with a signed report, approved by another, undone by any one.

The table says what serves, with both names; the pointer under the home follows it once the transaction is
committed, so nothing serves that nobody approved. A pointer that was not moved, because the machine stopped in
between, is moved by `follow`, at the start of the web service and before every scoring.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from casework.access import Permission, require, works_for_all
from casework.errors import BadInput, MissingField, NotVisible, OfficeNotAllowed
from casework.events import locked, move, record, record_start
from casework.promotion_models import ModelPromotion
from casework.roles import Actor
from casework.states import (
    PROMOTION_TRANSITIONS,
    PromotionAction,
    PromotionState,
    actions_from,
    step,
)
from casework.working_days import local_date
from ml.bundle import Bundle, bundle_folder, champion_version, read_bundle, set_champion
from ml.errors import BundleRefused
from ml.kinds import KINDS, definitions_by_kind
from ml.reports import ModelReport, read_report, versions_with_reports

REPORT_VALID_DAYS: Final = 30
"""A report says what was known when it was written; a month later there is a new delivery of most registers."""
_IN_THE_WAY: Final = frozenset({"fail", "cannot_tell"})
_log: Final = logging.getLogger("cunjian.casework")


@dataclass(frozen=True, kw_only=True)
class Registry:
    """What decisions on trained models need beside the database.

    office: code of the installation's own office. key: signs bundles and reports. definitions: hash of today's
    feature definitions by kind; a kind that is not there uses none.
    """

    home: Path
    office: str
    key: bytes
    definitions: Callable[[], Mapping[str, str]] = definitions_by_kind


def request(
    session: Session, actor: Actor, kind: str, version: str, *, reason: str, registry: Registry, at: datetime
) -> ModelPromotion:
    """A technician asks that a registered version shall serve, with the reason.

    Raises `BadInput` for a version without a valid report or bundle, for one that serves or is asked for already,
    and where a gate that nobody may override stands in the way.
    """
    _require(actor, Permission.REQUEST_PROMOTION, registry)
    if not reason.strip():
        raise MissingField(["reason"])
    report = checked_report(kind, version, registry=registry)
    rows = _locked_rows(session, kind)
    if any(row.state is PromotionState.REQUESTED and row.model_version == version for row in rows):
        raise BadInput("version", "这一版已经在等待批准")
    if champion_version(registry.home, kind) == version:
        raise BadInput("version", "这一版正在使用")
    row = ModelPromotion(
        kind=kind,
        model_version=version,
        report_digest=report.digest,
        gates=list(report.figures["gates"]),
        reason=reason.strip(),
        requested_by=_id(actor),
        requested_at=at,
        state=PromotionState.REQUESTED,
    )
    session.add(row)
    record_start(session, row, actor=actor, at=at)
    return row


def approve(
    session: Session,
    actor: Actor,
    promotion_id: int,
    *,
    comment: str,
    override: str = "",
    registry: Registry,
    at: datetime,
) -> ModelPromotion:
    """Another person lets the version serve: the pointer moves when the transaction is committed.

    override: why it shall serve although a gate stands in the way; without it such a version is not approved.
    """
    _require(actor, Permission.DECIDE_PROMOTION, registry)
    row = _locked(session, promotion_id)
    fields = {"comment": comment, "override": override.strip() or None}
    change = step(
        PROMOTION_TRANSITIONS, row.state, PromotionAction.APPROVE, actor=actor, at=at, fields=fields,
        earlier_actor=row.requested_by,
    )  # fmt: skip
    report = checked_report(row.kind, row.model_version, registry=registry)
    if report.digest != row.report_digest:
        raise BadInput("report", "申请之后报告换过；请重新申请")
    if (local_date(at) - date.fromisoformat(report.figures["reported_on"])).days > REPORT_VALID_DAYS:
        raise BadInput("report", f"报告已超过 {REPORT_VALID_DAYS} 天；请重新训练后再申请")
    if in_the_way(row.gates) and not override.strip():
        names = "、".join(str(gate["name"]) for gate in in_the_way(row.gates))
        raise BadInput("override", f"有门槛没有通过（{names}）；确要启用，须写明破例理由")
    before = next((r for r in _locked_rows(session, row.kind) if r.state is PromotionState.SERVING), None)
    serving = before.model_version if before else champion_version(registry.home, row.kind)
    _same_champion(report, serving)
    if before:
        _end(
            session,
            before,
            PromotionAction.REPLACE,
            actor=actor,
            at=at,
            comment=f"由第 {row.model_version} 版替换",
        )
    record(session, row, change)
    row.decided_by, row.decided_at, row.comment = _id(actor), at, comment.strip()
    row.override, row.previous = override.strip() or None, serving
    _point(session, registry.home, row.kind, row.model_version)
    return row


def refuse(
    session: Session, actor: Actor, promotion_id: int, *, comment: str, registry: Registry, at: datetime
) -> ModelPromotion:
    """Another person declines, with the reason."""
    _require(actor, Permission.DECIDE_PROMOTION, registry)
    row = _locked(session, promotion_id)
    move(
        session, row, PromotionAction.REFUSE, actor=actor, at=at,
        fields={"comment": comment}, earlier_actor=row.requested_by,
    )  # fmt: skip
    row.decided_by, row.decided_at, row.comment = _id(actor), at, comment.strip()
    return row


def withdraw(
    session: Session, actor: Actor, promotion_id: int, *, comment: str, registry: Registry, at: datetime
) -> ModelPromotion:
    """The one who asked takes the request back."""
    _require(actor, Permission.REQUEST_PROMOTION, registry)
    row = _locked(session, promotion_id)
    if row.requested_by != actor.id:
        raise OfficeNotAllowed("只有申请人本人可以撤回")
    _end(session, row, PromotionAction.WITHDRAW, actor=actor, at=at, comment=comment)
    return row


def roll_back(
    session: Session, actor: Actor, kind: str, *, reason: str, registry: Registry, at: datetime
) -> ModelPromotion:
    """One person puts the version before back into service; a second rollback goes one further back.

    Raises `BadInput` where no version is known to have served before, or that one cannot be used any more.
    """
    _require(actor, Permission.ROLL_BACK_MODEL, registry)
    if not reason.strip():
        raise MissingField(["reason"])
    rows = _locked_rows(session, kind)
    serving = next((row for row in rows if row.state is PromotionState.SERVING), None)
    if serving is None or serving.previous is None:
        raise BadInput("kind", "没有更早的版本可以回退")
    target = serving.previous
    _checked_bundle(kind, target, registry=registry)
    earlier = [row for row in rows if row.model_version == target and row.decided_at and row.id < serving.id]
    _end(session, serving, PromotionAction.ROLL_BACK, actor=actor, at=at, comment=reason)
    row = ModelPromotion(
        kind=kind,
        model_version=target,
        gates=[],
        reason=reason.strip(),
        requested_by=_id(actor),
        requested_at=at,
        previous=earlier[-1].previous if earlier else None,
        rollback_of=serving.id,
        state=PromotionState.SERVING,
    )
    session.add(row)
    record_start(session, row, actor=actor, at=at)
    _point(session, registry.home, kind, target)
    return row


def follow(session: Session, home: Path) -> list[str]:
    """Move every pointer to what the table says serves; returns the kinds whose pointer was moved.

    A version whose bundle is gone leaves its pointer where it is, with a warning: what can serve goes on serving.
    """
    serving = select(ModelPromotion).where(ModelPromotion.state == PromotionState.SERVING)
    moved = []
    for row in session.scalars(serving.order_by(ModelPromotion.id)):
        if _pointed(home, row.kind) == row.model_version:
            continue
        try:
            set_champion(home, row.kind, row.model_version)
        except BundleRefused as error:
            _log.warning("%s/%s should serve and cannot: %s", row.kind, row.model_version, error)
        else:
            moved.append(row.kind)
    return moved


def promotions_of(session: Session, kind: str | None = None) -> Sequence[ModelPromotion]:
    """Requests and changes of champion, the newest first; of one kind or of all."""
    query = select(ModelPromotion).order_by(ModelPromotion.id.desc())
    return session.scalars(query.where(ModelPromotion.kind == kind) if kind else query).all()


def has_serving(session: Session, kind: str) -> bool:
    """Whether people have decided what serves of this kind."""
    return any(row.state is PromotionState.SERVING for row in promotions_of(session, kind))


def offered(actor: Actor, row: ModelPromotion, *, office: str) -> frozenset[PromotionAction]:
    """The steps that this person may take with a request now: what a page shows as buttons."""
    if not works_for_all(actor, office=office):
        return frozenset()
    actions = set(actions_from(PROMOTION_TRANSITIONS, row.state, role=actor.role))
    actions -= {PromotionAction.REPLACE, PromotionAction.ROLL_BACK}
    own = row.requested_by == actor.id
    return frozenset(a for a in actions if own is (a is PromotionAction.WITHDRAW))


@dataclass(frozen=True)
class Challenger:
    """A version with a report, in few words. in_the_way: names of gates that did not pass."""

    version: str
    as_of: str
    reported_on: str
    simulated: bool
    in_the_way: tuple[str, ...]


def challengers(kind: str, *, registry: Registry, most: int = 5) -> list[Challenger]:
    """The newest versions of a kind whose reports can be read, newest first."""
    found: list[Challenger] = []
    for version in versions_with_reports(registry.home, kind):
        if len(found) == most:
            break
        try:
            figures = read_report(registry.home, kind, version, key=registry.key).figures
        except BundleRefused:
            _log.warning("report refused", extra={"kind": kind, "version": version})
            continue
        blocked = tuple(str(gate["name"]) for gate in in_the_way(figures["gates"]))
        found.append(
            Challenger(version, figures["as_of"], figures["reported_on"], bool(figures["simulated"]), blocked)
        )
    return found


def report_of(actor: Actor, kind: str, version: str, *, registry: Registry) -> ModelReport:
    """The report of a version, for whoever may see it; else `NotVisible`."""
    if kind not in KINDS or not version.isdigit() or not works_for_all(actor, office=registry.office):
        raise NotVisible
    try:
        return read_report(registry.home, kind, version, key=registry.key)
    except BundleRefused as error:
        raise NotVisible from error


def serving_version(kind: str, *, registry: Registry) -> str | None:
    """The version that the pointer names; None before the first promotion, or when it cannot be read."""
    return _pointed(registry.home, kind)


def in_the_way(gates: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The gates that did not pass."""
    return [gate for gate in gates if gate["answer"] in _IN_THE_WAY]


def checked_report(kind: str, version: str, *, registry: Registry) -> ModelReport:
    """The report of a version that could serve today.

    Raises `BadInput` for a kind that does not exist, a missing or changed report or bundle, other feature
    definitions, or a gate that nobody may override.
    """
    _checked_bundle(kind, version, registry=registry)
    try:
        report = read_report(registry.home, kind, version, key=registry.key)
    except BundleRefused as error:
        raise BadInput("version", f"第 {version} 版没有可用的报告；请重新训练") from error
    if hard := [gate for gate in in_the_way(report.figures["gates"]) if gate["hard"]]:
        raise BadInput("gates", f"不可破例的门槛没有通过：{hard[0]['name']}。{hard[0]['sentence']}")
    return report


def _checked_bundle(kind: str, version: str, *, registry: Registry) -> Bundle:
    if kind not in KINDS:
        raise NotVisible
    try:
        bundle = read_bundle(bundle_folder(registry.home, kind, version), key=registry.key)
    except BundleRefused as error:
        raise BadInput("version", f"第 {version} 版的模型文件不在，或被改动过；请重新训练") from error
    if (bundle.meta.get("kind"), bundle.meta.get("version")) != (kind, version):
        raise BadInput("version", f"第 {version} 版的模型文件属于另一个模型；请重新训练")
    now = registry.definitions().get(kind)
    if now is not None and bundle.meta.get("definition_hash") != now:
        raise BadInput("version", f"第 {version} 版训练之后特征定义改过，不能再用；请重新训练")
    return bundle


def _same_champion(report: ModelReport, serving: str | None) -> None:
    beside = report.figures["champion"]
    compared = str(beside["version"]) if beside else None
    if compared != serving:
        raise BadInput("report", "报告比较的不是当前使用的版本；请重新训练，与当前版本比较后再申请")


def _require(actor: Actor, permission: Permission, registry: Registry) -> None:
    require(actor, permission)
    if not works_for_all(actor, office=registry.office):
        raise OfficeNotAllowed("模型供本系统全部区划使用，只有本级或上级机关的人员可以办理")


def _end(
    session: Session,
    row: ModelPromotion,
    action: PromotionAction,
    *,
    actor: Actor,
    at: datetime,
    comment: str,
) -> None:
    move(session, row, action, actor=actor, at=at, fields={"comment": comment.strip()})


def _locked(session: Session, promotion_id: int) -> ModelPromotion:
    """The row and all others of its kind, locked: two are never approved at once."""
    found = session.get(ModelPromotion, promotion_id)
    if found is None:
        raise NotVisible
    _locked_rows(session, found.kind)
    return locked(session, ModelPromotion, promotion_id)


def _locked_rows(session: Session, kind: str) -> Sequence[ModelPromotion]:
    of_kind = select(ModelPromotion).where(ModelPromotion.kind == kind).order_by(ModelPromotion.id)
    return session.scalars(of_kind.with_for_update().execution_options(populate_existing=True)).all()


def _point(session: Session, home: Path, kind: str, version: str) -> None:
    """Move the pointer once the decision is committed, and not at all if it is not."""

    def move(_session: Session) -> None:
        set_champion(home, kind, version)

    event.listen(session, "after_commit", move, once=True)


def _pointed(home: Path, kind: str) -> str | None:
    try:
        return champion_version(home, kind)
    except BundleRefused:
        _log.warning("pointer cannot be read and is written anew", extra={"kind": kind})
        return None


def _id(actor: Actor) -> int:
    if actor.id is None:
        raise NotVisible
    return actor.id
