"""The web service: the application with everything it needs, and accounts."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import uvicorn
from fastapi import FastAPI
from sqlglot import exp

from api.app import create_app
from api.context import Intake
from casework.accounts import create_user, has_accounts, seed_demo_accounts
from casework.database import open_engine, sessions
from casework.migrations import upgrade
from casework.roles import Role
from cunjian import console
from cunjian.settings import Settings
from cunjian.triage import serving_triage
from cunjian.trials import trial_runner
from registers.engine import DuckDBEngine
from registers.identity import IdentityVault
from registers.lake import Lake
from supervision.published import ModelsOfHome

PROVINCE, CITY, COUNTY = 2, 4, 6  # digits of a division code


class DivisionUnknown(LookupError):
    """The office's own division code is neither set nor in the division register."""


def make_app(settings: Settings, *, secure: bool = False) -> FastAPI:
    """The application over the home of the settings."""
    triage = serving_triage(settings)
    return create_app(
        home=settings.home,
        database_url=settings.database,
        clock=lambda: datetime.now(UTC),
        intake=Intake(
            triage=triage.current,
            division=office_division(settings),
            sms_secret=settings.sms_secret.get_secret_value().encode() if settings.sms_secret else None,
            public_address=settings.public_address,
        ),
        models=ModelsOfHome(settings.home),
        vault=IdentityVault(settings.home),
        trial=trial_runner(settings),
        secure_cookies=secure,
    )


def office_division(settings: Settings) -> str:
    """The office's code: as set, else the county of the division register, or the office above its counties."""
    if settings.division:
        return settings.division
    lake = Lake(settings.home)
    if "division" in lake.registers():
        with DuckDBEngine(lake, as_of=datetime.now(UTC).date()) as engine:
            is_county = exp.column("level").eq("county")
            counties = engine.query(
                exp.select("division_code").distinct().from_("division").where(is_county)
            ).to_pylist()
        codes = {str(county["division_code"]) for county in counties}
        for digits in (COUNTY, CITY, PROVINCE):
            if len(offices := {code[:digits] for code in codes}) == 1:
                return offices.pop()
    raise DivisionUnknown("不知道本机关的区划代码：请设置环境变量 CUNJIAN_DIVISION，或先导入行政区划登记表")


def add_account(
    settings: Settings, *, login: str, name: str, role: str, division: str, password: str, at: datetime
) -> None:
    """Create one account. Raises `ValueError` for a role that does not exist."""
    if role not in {known.value for known in Role}:
        raise ValueError(f"没有角色“{role}”，可用：{'、'.join(known.value for known in Role)}")
    upgrade(settings.database)
    with sessions(open_engine(settings.database)).begin() as session:
        create_user(
            session, login=login, name=name, password=password, role=Role(role), division=division, at=at
        )


def serve(settings: Settings, *, host: str, port: int, secure: bool) -> None:
    """Serve until interrupted. An empty simulated home gets demo accounts, printed once."""
    app = make_app(settings, secure=secure)
    _seed_demo(settings)
    console.say(f"在 http://{host}:{port} 打开；按 Ctrl+C 停止")
    logging.getLogger("uvicorn.access").disabled = True  # paths hold receipt numbers
    uvicorn.run(app, host=host, port=port, log_level="warning", server_header=False)


def _seed_demo(settings: Settings) -> None:
    with sessions(open_engine(settings.database)).begin() as session:
        if has_accounts(session):
            return
        if not Lake(settings.home).simulated():
            console.say("还没有账号，请用 cunjian accounts add 新建")
            return
        made = seed_demo_accounts(session, office_division(settings), at=datetime.now(UTC))
    console.show_table("演示账号（只显示这一次）", ["登录名", "角色", "密码"], made)
