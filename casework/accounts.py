"""Local accounts: argon2 passwords, sessions whose tokens are kept only as hashes, demo accounts for a demo home."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from casework.errors import BadInput
from casework.models import LoginSession, User
from casework.roles import ROLE_NAMES, Actor, Role, is_division

SESSION_LENGTH: Final = timedelta(hours=10)
SHORTEST_PASSWORD: Final = 10
_HASHER: Final = PasswordHasher()


@dataclass(frozen=True)
class SignedIn:
    """A fresh session: the token goes to the client once, the database keeps its hash."""

    token: str
    csrf: str
    user: User


def actor_of(user: User) -> Actor:
    return Actor(id=user.id, name=user.name, role=user.role, division=user.division)


def create_user(
    session: Session, *, login: str, name: str, password: str, role: Role, division: str, at: datetime
) -> User:
    """Add an account. Raises `BadInput` for a taken login, a short password or a malformed division."""
    if session.scalar(select(User.id).where(User.login == login)) is not None:
        raise BadInput("login", f"账号 {login} 已存在，请换一个")
    if len(password) < SHORTEST_PASSWORD:
        raise BadInput("password", f"密码至少 {SHORTEST_PASSWORD} 位")
    if not is_division(division):
        raise BadInput("division", "区划代码应为 2、4、6、9 或 12 位数字（省、市、县、乡镇、村）")
    user = User(
        login=login,
        name=name,
        password_hash=_HASHER.hash(password),
        role=role,
        division=division,
        active=True,
        created_at=at,
    )
    session.add(user)
    session.flush()
    return user


def authenticate(session: Session, *, login: str, password: str) -> User | None:
    """The active user with that password, else None. An unknown login costs as much time as a wrong password."""
    user = session.scalar(select(User).where(User.login == login, User.active))
    try:
        _HASHER.verify(user.password_hash if user else _nobodys_hash(), password)
    except VerifyMismatchError:
        return None
    return user


def sign_in(session: Session, user: User, *, at: datetime) -> SignedIn:
    """Open a session of `SESSION_LENGTH`, and drop sessions that have run out."""
    session.execute(delete(LoginSession).where(LoginSession.expires_at <= at))
    token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
    session.add(
        LoginSession(
            token_hash=_token_hash(token),
            user_id=user.id,
            csrf=csrf,
            created_at=at,
            expires_at=at + SESSION_LENGTH,
        )
    )
    session.flush()
    return SignedIn(token=token, csrf=csrf, user=user)


def session_of(session: Session, token: str, *, at: datetime) -> LoginSession | None:
    """The open session of a token whose user is active, else None."""
    found = session.get(LoginSession, _token_hash(token))
    if found is None or found.expires_at <= at or not found.user.active:
        return None
    return found


def sign_out(session: Session, token: str) -> None:
    session.execute(delete(LoginSession).where(LoginSession.token_hash == _token_hash(token)))


def has_accounts(session: Session) -> bool:
    return session.scalar(select(User.id).limit(1)) is not None


def seed_demo_accounts(
    session: Session, division: str, *, at: datetime, village: str | None = None
) -> list[tuple[str, str, str]]:
    """One account of every role (two supervisors, because closing takes two), with random passwords.

    division: code of the demo county. village: code of the village whose liaison station is shown; without it the
    station has the county's code. Returns (login, role, password) to print once; the passwords are kept nowhere.
    """
    made = []
    for login, role in [*((role.value, role) for role in Role), ("supervisor2", Role.SUPERVISOR)]:
        password = secrets.token_urlsafe(9)
        create_user(
            session,
            login=login,
            name=f"{ROLE_NAMES[role]}{'二' if login.endswith('2') else ''}（演示）",
            password=password,
            role=role,
            division=village if village and role is Role.LIAISON else division,
            at=at,
        )
        made.append((login, role.value, password))
    return made


def _token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@cache
def _nobodys_hash() -> str:
    return _HASHER.hash(secrets.token_urlsafe(16))


def user_names(session: Session, ids: Iterable[int | None]) -> dict[int, str]:
    """Names of accounts by id, also of those that were switched off."""
    wanted = {user_id for user_id in ids if user_id is not None}
    return dict(session.execute(select(User.id, User.name).where(User.id.in_(wanted))).all())
