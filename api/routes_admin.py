"""What the administrators and the technical office read: models, accounts, audit log, health."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from sqlalchemy import func, select

from api.context import Db, Svc
from api.schemas import (
    AccountRow,
    AccountsAnswer,
    AuditPage,
    AuditRow,
    BundleRow,
    ChainAnswer,
    ChainFault,
    Health,
    ModelRow,
    ModelsAnswer,
)
from api.security import Requires, open_to_all
from casework import audit
from casework.access import Permission
from casework.audit_models import AuditEntry
from casework.models import User
from casework.roles import Actor
from ml.bundle import champion_version
from ml.kinds import KINDS

router = APIRouter(prefix="/api", tags=["模型与管理"])
health = APIRouter(prefix="/health", tags=["健康检查"])


@router.get("/models", summary="监督模型目录与在用的评分模型")
def read_models(
    svc: Svc, _actor: Annotated[Actor, Depends(Requires(Permission.READ_MODELS))]
) -> ModelsAnswer:
    return ModelsAnswer(
        supervision=[ModelRow.model_validate(model) for model in svc.models.values()],
        bundles=[BundleRow(kind=kind, version=champion_version(svc.home, kind)) for kind in KINDS],
        triage=svc.intake.triage().version,
    )


@router.get("/accounts", summary="账号与角色")
def read_accounts(
    session: Db, _actor: Annotated[Actor, Depends(Requires(Permission.READ_ACCOUNTS))]
) -> AccountsAnswer:
    users = session.scalars(select(User).order_by(User.id))
    return AccountsAnswer(rows=[AccountRow.model_validate(user) for user in users])


@router.get("/audit", summary="审计日志，新的在前")
def read_audit(
    session: Db,
    _actor: Annotated[Actor, Depends(Requires(Permission.READ_AUDIT))],
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    size: Annotated[int, Query(ge=1, le=500)] = 100,
) -> AuditPage:
    total = session.scalar(select(func.count()).select_from(AuditEntry)) or 0
    entries = session.scalars(
        select(AuditEntry).order_by(AuditEntry.id.desc()).offset((page - 1) * size).limit(size)
    )
    return AuditPage(total=total, page=page, rows=[AuditRow.model_validate(entry) for entry in entries])


@router.get("/audit/verification", summary="封存并验证审计链")
def verify_audit(
    session: Db,
    svc: Svc,
    _actor: Annotated[Actor, Depends(Requires(Permission.READ_AUDIT))],
    kept_head: Annotated[list[str] | None, Query(description="此前抄存的链头")] = None,
) -> ChainAnswer:
    audit.seal(session, at=svc.clock())
    faults = audit.verify_chain(session, kept_heads=kept_head or ())
    return ChainAnswer(
        intact=not faults,
        head=audit.head(session),
        faults=[ChainFault.model_validate(fault) for fault in faults],
    )


@health.get("/live", dependencies=[Depends(open_to_all)], summary="进程存活")
def live() -> Health:
    return Health(status="ok")


@health.get("/ready", dependencies=[Depends(open_to_all)], summary="数据库可用、结构最新")
def ready(session: Db) -> Health:
    audit.head(session)
    return Health(status="ok")
