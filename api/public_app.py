"""The public pages as a process of its own, over a mailbox.

It holds no database, no model and no key that opens a complaint; on a network that is open to everybody there is
nothing else to steal.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from api import problems
from api.pages_public import MOST_SENT, Public, router
from api.security import BodyLimit, SecurityHeaders, check_declared
from api.throttle import GuessThrottle
from api.work import WorkMeter
from casework.mailbox import Mailbox


def create_public_app(folder: Path, *, clock: Callable[[], datetime]) -> FastAPI:
    """The public pages over the mailbox in `folder`. clock: aware current time."""
    check_declared([router])
    mailbox = Mailbox(folder)
    app = FastAPI(title="村鉴 反映问题", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.public = Public(
        desk=lambda: nullcontext(mailbox), clock=clock, work=WorkMeter(), throttle=GuessThrottle()
    )
    app.include_router(router)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    problems.install(app)
    app.add_middleware(BodyLimit, most=MOST_SENT)
    app.add_middleware(SecurityHeaders)
    return app
