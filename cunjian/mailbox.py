"""The public intake as a process, and the office's side that exchanges with it."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from sqlalchemy.exc import SQLAlchemyError

from api.public_app import create_public_app
from casework.database import open_engine, sessions
from casework.errors import CaseworkError
from casework.mailbox import Mailbox
from casework.mailbox_fetch import Office, exchange
from casework.migrations import upgrade
from casework.sealing import load_sealer
from cunjian import console
from cunjian.service import office_division
from cunjian.settings import Settings
from cunjian.triage import serving_triage


def serve_public(folder: Path, *, host: str, port: int) -> None:
    """Serve the public intake over a mailbox until interrupted."""
    app = create_public_app(folder, clock=lambda: datetime.now(UTC))
    console.say(f"对外受理在 http://{host}:{port} 打开；按 Ctrl+C 停止")
    logging.getLogger("uvicorn.access").disabled = True  # paths hold the tokens of points
    uvicorn.run(app, host=host, port=port, log_level="warning", server_header=False)


def exchanges(settings: Settings, folder: Path, *, every: float | None) -> Iterator[Mapping[str, int]]:
    """Exchange once, or again and again with so many seconds between; what each exchange brought."""
    upgrade(settings.database)
    opened, triage, mailbox = (
        sessions(open_engine(settings.database)),
        serving_triage(settings),
        Mailbox(folder),
    )
    division, sealer = office_division(settings), load_sealer(settings.home)
    while True:
        office = Office(
            home=settings.home, sessions=opened, sealer=sealer, triage=triage.current(), division=division
        )
        if every is None:
            yield exchange(office, mailbox, at=datetime.now(UTC))
            return
        try:
            yield exchange(office, mailbox, at=datetime.now(UTC))
        except (SQLAlchemyError, OSError, CaseworkError) as error:
            console.say(f"这次没有取成（{type(error).__name__}），{every:g} 秒后再取")
        time.sleep(every)
