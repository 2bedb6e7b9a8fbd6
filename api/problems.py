"""Errors become problem+json (RFC 9457) once, here; on pages the same sentence is shown to the person."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError
from starlette.exceptions import HTTPException

from api.rendering import render
from api.trial_jobs import TrialFailed
from casework import audit
from casework.errors import (
    AssigneeNotAllowed,
    BadInput,
    CaseworkError,
    MissingField,
    NotPermitted,
    NotVisible,
    OfficeNotAllowed,
    RoleNotAllowed,
    SecondPersonRequired,
    UnknownTransition,
)
from casework.upward import NoWayUp
from supervision.precheck.desk import PaymentRefused
from supervision.precheck.index import IndexMissing

MEDIA_TYPE: Final = "application/problem+json"
_log = logging.getLogger("cunjian.api")


class NotSignedIn(CaseworkError):
    """No session, or one that has run out."""

    def __init__(self) -> None:
        super().__init__("请先登录；登录后重试")


class WrongPassword(CaseworkError):
    """Login or password is wrong; which of the two is not said."""

    def __init__(self) -> None:
        super().__init__("账号或密码不正确")


class ForgedRequest(CaseworkError):
    """A change by cookie without the session's own token."""

    def __init__(self) -> None:
        super().__init__("页面已过期，请返回并刷新后重试")


class TooManyAttempts(CaseworkError):
    """The login throttle has closed."""

    def __init__(self) -> None:
        super().__init__("密码错误次数过多，请 15 分钟后再试")


class BadSignature(CaseworkError):
    """A webhook delivery whose signature or time does not fit."""

    def __init__(self) -> None:
        super().__init__("签名不符或请求已过期；请核对密钥与服务器时间")


class ChannelClosed(CaseworkError):
    """The webhook has no secret set."""

    def __init__(self) -> None:
        super().__init__("短信通道未启用：请先设置共享密钥")


@dataclass(frozen=True)
class Kind:
    """HTTP status, slug for programs, title for people."""

    status: int
    slug: str
    title: str


KINDS: Final[dict[type[Exception], Kind]] = {
    NotSignedIn: Kind(401, "not-signed-in", "未登录"),
    WrongPassword: Kind(401, "wrong-password", "登录失败"),
    BadSignature: Kind(401, "bad-signature", "签名不符"),
    ForgedRequest: Kind(403, "forged-request", "请求无效"),
    NotPermitted: Kind(403, "not-permitted", "没有权限"),
    RoleNotAllowed: Kind(403, "role-not-allowed", "没有权限"),
    OfficeNotAllowed: Kind(403, "office-not-allowed", "不属本机关办理"),
    NotVisible: Kind(404, "not-found", "没有找到"),
    UnknownTransition: Kind(409, "unknown-transition", "状态已变化"),
    SecondPersonRequired: Kind(409, "second-person-required", "须由另一人办理"),
    StaleDataError: Kind(409, "conflict", "他人刚刚修改过"),
    MissingField: Kind(422, "missing-field", "有必填项未填"),
    AssigneeNotAllowed: Kind(422, "assignee-not-allowed", "承办人不合适"),
    BadInput: Kind(422, "bad-input", "填写有误"),
    RequestValidationError: Kind(422, "bad-input", "填写有误"),
    TooManyAttempts: Kind(429, "too-many-attempts", "请稍后再试"),
    TrialFailed: Kind(422, "trial-failed", "试运行没有完成"),
    PaymentRefused: Kind(422, "bad-input", "填写有误"),
    IndexMissing: Kind(503, "precheck-not-ready", "支付前核查未就绪"),
    NoWayUp: Kind(503, "no-way-up", "请直接向上级反映"),
    ChannelClosed: Kind(503, "channel-closed", "通道未启用"),
}
_HTTP_TITLES: Final = {404: "没有找到", 405: "不支持此操作", 413: "内容过大"}
_HTTP_DETAILS: Final = {413: "文件合起来过大，没有收下；请减少文件或缩小照片后再提交"}
_BROKEN: Final = Kind(500, "internal-error", "系统出错")


def install(app: FastAPI) -> None:
    """Register one handler for every kind of error."""
    for kind in KINDS:
        app.add_exception_handler(kind, _handle)
    app.add_exception_handler(CaseworkError, _handle)
    app.add_exception_handler(HTTPException, _handle_http)
    app.add_exception_handler(Exception, _handle_broken)


async def _handle(request: Request, error: Exception) -> Response:
    kind = KINDS.get(type(error), _BROKEN)
    _audit_refusal(request, kind)
    if isinstance(error, RequestValidationError):
        places = [{"where": ".".join(map(str, item["loc"])), "why": item["type"]} for item in error.errors()]
        return _answer(request, kind, "请按接口说明核对所列字段", errors=places)
    if isinstance(error, StaleDataError):
        return _answer(request, kind, "这条记录刚刚被他人办理，请刷新后再看")
    if isinstance(error, NotSignedIn) and not _is_machine(request):
        return RedirectResponse("/login", status_code=303)
    return _answer(request, kind, str(error))


async def _handle_http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    kind = Kind(status, "not-found" if status == 404 else "bad-request", _HTTP_TITLES.get(status, "请求无效"))
    return _answer(request, kind, _HTTP_DETAILS.get(status, "请核对网址与请求方式"))


async def _handle_broken(request: Request, error: Exception) -> Response:
    _log.error("request failed", extra={"path": request.scope.get("path"), "error": type(error).__name__})
    return _answer(request, _BROKEN, "系统出错，已记录；请稍后重试或联系技术保障人员")


def refused(request: Request, session: Session, error: Exception) -> Kind:
    """For a page that shows a refusal in its own form: the transaction is undone, the row of refusal stays."""
    session.rollback()
    kind = KINDS.get(type(error), _BROKEN)
    _audit_refusal(request, kind)
    return kind


def _answer(
    request: Request, kind: Kind, detail: str, *, errors: list[dict[str, str]] | None = None
) -> Response:
    if not _is_machine(request):
        page = {"title": kind.title, "detail": detail, "status": kind.status}
        return render(request, "error.html", page, status=kind.status)
    body: dict[str, object] = {
        "type": kind.slug,
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
    }
    if errors:
        body["errors"] = errors
    return JSONResponse(body, status_code=kind.status, media_type=MEDIA_TYPE)


def _is_machine(request: Request) -> bool:
    return request.url.path.startswith(("/api/", "/webhooks/", "/health/"))


def _audit_refusal(request: Request, kind: Kind) -> None:
    """A refused look leaves a row too; the request's own transaction has been rolled back."""
    actor = getattr(request.state, "actor", None)
    if actor is None:
        return
    svc = request.app.state.services
    with svc.sessions.begin() as session:
        audit.record(
            session,
            at=svc.clock(),
            actor=actor,
            action="refused",
            target=request.url.path[:128],
            detail={"type": kind.slug},
        )
