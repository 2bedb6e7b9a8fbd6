"""Signing in and out, for machines; people use the pages."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api.context import Db, Services, Svc
from api.problems import TooManyAttempts, WrongPassword
from api.schemas import Login, Me, Token
from api.security import COOKIE, Requires, bearer_token, open_to_all
from casework import audit
from casework.access import Permission
from casework.accounts import SignedIn, actor_of, authenticate, sign_in, sign_out
from casework.roles import Actor

router = APIRouter(prefix="/api/session", tags=["登录"])


@router.post("", dependencies=[Depends(open_to_all)], summary="登录，取得令牌")
def sign_in_machine(body: Login, request: Request, svc: Svc) -> Token:
    signed_in = checked_sign_in(svc, login=body.login, password=body.password, request=request)
    user = signed_in.user
    return Token(token=signed_in.token, role=user.role, division=user.division)


@router.get("", summary="当前账号")
def who_am_i(actor: Annotated[Actor, Depends(Requires(Permission.OWN_SESSION))]) -> Me:
    return Me.model_validate(actor)


@router.delete("", status_code=204, summary="退出，令牌失效", response_class=Response)
def sign_out_here(
    request: Request, session: Db, _actor: Annotated[Actor, Depends(Requires(Permission.OWN_SESSION))]
) -> None:
    sign_out(session, bearer_token(request) or request.cookies.get(COOKIE, ""))


def checked_sign_in(svc: Services, *, login: str, password: str, request: Request) -> SignedIn:
    """Sign in, or raise `WrongPassword` / `TooManyAttempts`; either way the attempt is in the audit log."""
    now = svc.clock()
    key = (login, request.client.host if request.client else "")
    if svc.throttle.is_blocked(key, at=now):
        raise TooManyAttempts
    with svc.sessions.begin() as session:
        user = authenticate(session, login=login, password=password)
        audit.record(
            session,
            at=now,
            actor=actor_of(user) if user else None,
            action="sign-in" if user else "sign-in-failed",
            target="session",
        )
        signed_in = sign_in(session, user, at=now) if user else None
    if signed_in is None:
        svc.throttle.note_failure(key, at=now)
        raise WrongPassword
    svc.throttle.note_success(key)
    return signed_in
