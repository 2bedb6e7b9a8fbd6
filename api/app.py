"""The application: services put together once, routers included, nothing undeclared let in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

from fastapi import APIRouter, FastAPI
from fastapi.staticfiles import StaticFiles

from api import (
    page_actions,
    pages,
    pages_channels,
    pages_contacts,
    pages_drafts,
    pages_inbox,
    pages_models,
    pages_plans,
    pages_prechecks,
    pages_public,
    pages_room,
    pages_watchlists,
    problems,
    routes_admin,
    routes_complaints,
    routes_contacts,
    routes_drafts,
    routes_message_reading,
    routes_plans,
    routes_prechecks,
    routes_risk,
    routes_room,
    routes_session,
    routes_tasks,
)
from api.context import Intake, Services
from api.pages_public import MOST_SENT, Public
from api.public_desk import office_desk
from api.security import BodyLimit, SecurityHeaders, check_declared
from api.throttle import GuessThrottle
from api.trial_jobs import TrialJobs, TrialRun
from api.work import WorkMeter
from casework.database import open_engine, sessions
from casework.guides import Models
from casework.identity import Vault
from casework.migrations import upgrade
from casework.promotions import Registry, follow
from casework.sealing import load_sealer
from registers.pseudonyms import load_key
from supervision.precheck.desk import Prechecks

SIGNING_KEY: Final = "signing"
ROUTERS: Final[tuple[APIRouter, ...]] = (
    routes_session.router,
    routes_risk.router,
    routes_complaints.router,
    routes_complaints.webhooks,
    routes_message_reading.router,
    routes_contacts.router,
    routes_tasks.router,
    routes_drafts.router,
    routes_plans.router,
    routes_prechecks.router,
    routes_room.router,
    routes_admin.router,
    routes_admin.health,
    pages.router,
    page_actions.router,
    pages_inbox.router,
    pages_channels.router,
    pages_contacts.router,
    pages_public.router,
    pages_models.router,
    pages_drafts.router,
    pages_plans.router,
    pages_prechecks.router,
    pages_room.router,
    pages_watchlists.router,
)
check_declared(ROUTERS)


def create_app(
    *,
    home: Path,
    database_url: str,
    clock: Callable[[], datetime],
    intake: Intake,
    models: Models,
    vault: Vault,
    trial: TrialRun,
    secure_cookies: bool = False,
) -> FastAPI:
    """The web service over one home and one database, which is brought to the newest schema.

    clock: aware current time. models: supervision models by id. vault: the identity vault.
    trial: runs a draft over history.
    secure_cookies: set behind HTTPS, so that the session cookie never travels in the clear.
    """
    upgrade(database_url)
    engine = open_engine(database_url)
    with sessions(engine).begin() as session:
        follow(session, home)
    trials = TrialJobs(trial)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        trials.close()
        engine.dispose()

    app = FastAPI(
        title="村鉴 Cunjian",
        version="0.1.0",
        description="分数与预警只是查看的理由，不是结论；由人核实，系统记录。",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.services = svc = Services(
        home=home,
        sessions=sessions(engine),
        clock=clock,
        sealer=load_sealer(home),
        intake=intake,
        models=models,
        vault=vault,
        throttle=GuessThrottle(),
        prechecks=Prechecks(home),
        trials=trials,
        registry=Registry(home=home, office=intake.division, key=load_key(home, SIGNING_KEY)),
        secure_cookies=secure_cookies,
    )
    app.state.public = Public(
        desk=partial(office_desk, svc), clock=clock, work=WorkMeter(), throttle=svc.throttle
    )
    for router in ROUTERS:
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    problems.install(app)
    app.add_middleware(BodyLimit, most=MOST_SENT)
    app.add_middleware(SecurityHeaders)
    return app
