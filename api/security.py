"""Who is calling, and may they: every route declares a permission or that it is open, and nothing runs without.

People come with a session cookie and, for every change, the session's CSRF token; machines with a bearer token.
Each allowed call leaves an audit row in its own transaction, each refused one a row of refusal.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from fastapi.routing import APIRoute
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.context import Db, Svc
from api.problems import ForgedRequest, NotSignedIn
from casework import audit
from casework.access import GRANTS, Permission, require
from casework.accounts import actor_of, session_of
from casework.roles import Actor, Role
from casework.watchlist import shows_simulated

COOKIE: Final = "cunjian_session"
CSRF_HEADER: Final = "X-CSRF-Token"
CSRF_FIELD: Final = "csrf"
_SAFE: Final = frozenset({"GET", "HEAD"})
_FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=()",
}


async def submitted_csrf(request: Request) -> str | None:
    """The CSRF token that came with the request, from the header or the form."""
    if CSRF_HEADER in request.headers:
        return request.headers[CSRF_HEADER]
    if request.headers.get("content-type", "").startswith(_FORMS):
        value = (await request.form()).get(CSRF_FIELD)
        return value if isinstance(value, str) else None
    return None


class Requires:
    """Dependency of a route: the caller as an `Actor` that holds `permission`.

    Raises `NotSignedIn`, `ForgedRequest` or `NotPermitted`.
    """

    def __init__(self, permission: Permission) -> None:
        self.permission = permission

    def __call__(
        self,
        request: Request,
        session: Db,
        svc: Svc,
        csrf: Annotated[str | None, Depends(submitted_csrf)],
    ) -> Actor:
        bearer = bearer_token(request)
        login = session_of(session, bearer or request.cookies.get(COOKIE, ""), at=svc.clock())
        if login is None:
            raise NotSignedIn
        by_cookie = bearer is None
        if by_cookie and request.method not in _SAFE and not hmac.compare_digest(csrf or "", login.csrf):
            raise ForgedRequest
        actor = actor_of(login.user)
        request.state.actor, request.state.csrf = actor, login.csrf
        request.state.may = GRANTS[login.user.role]
        request.state.simulated = by_cookie and shows_simulated(session)
        require(actor, self.permission)
        audit.record(
            session,
            at=svc.clock(),
            actor=actor,
            action="look" if request.method in _SAFE else "act",
            target=request.url.path[:128],
            detail={"permission": self.permission.value},
        )
        return actor


def open_to_all() -> None:
    """Dependency that says: this route is meant to need no account."""


def bearer_token(request: Request) -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


class UndeclaredRoute(Exception):
    """A route declares neither a permission nor that it is open."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path}: add Depends(Requires(Permission.…)) or Depends(open_to_all)")


def check_declared(routers: Iterable[APIRouter]) -> None:
    """Refuse to start while a route declares nothing."""
    for router in routers:
        for route in router.routes:
            if isinstance(route, APIRoute) and not declared(route):
                raise UndeclaredRoute(route.path)


def declared(route: APIRoute) -> Permission | str | None:
    """The permission that a route declares, "open", or None."""
    for dependency in route.dependant.dependencies:
        if isinstance(dependency.call, Requires):
            return dependency.call.permission
        if dependency.call is open_to_all:
            return "open"
    return None


def roles_allowed(permission: Permission) -> frozenset[Role]:
    return frozenset(role for role, granted in GRANTS.items() if permission in granted)


class BodyLimit:
    """ASGI middleware: reads of a body what a form with all its files may hold, and no more; else a stranger fills the disk.

    Raises `HTTPException` 413 where the application reads on.
    """

    def __init__(self, app: ASGIApp, *, most: int) -> None:
        self._app, self._most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        taken = 0

        async def receive_some() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._most:
                raise HTTPException(413)
            return message

        await self._app(scope, receive_some if scope["type"] == "http" else receive, send)


class SecurityHeaders:
    """ASGI middleware: the same protective headers on every answer; pages and data are not cached."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if not scope["path"].startswith("/static/"):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)
