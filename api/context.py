"""What every request works with: the services that the application was made of, and one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session, sessionmaker

from api.throttle import GuessThrottle
from api.trial_jobs import TrialJobs
from casework.guides import Models
from casework.identity import Vault
from casework.intake import Triage
from casework.promotions import Registry
from casework.sealing import Sealer
from ml.serving import Served
from supervision.precheck.desk import Prechecks


@dataclass(frozen=True, kw_only=True)
class Intake:
    """How complaints come in. division: code of the receiving office. sms_secret: None closes the webhook.

    triage: the model that serves now and its version, asked for at every batch, so that a promotion is picked up.
    public_address: of the public pages, with a slash at its end; None where the service itself shows them.
    """

    triage: Callable[[], Served[Triage]]
    division: str
    sms_secret: bytes | None = None
    public_address: str | None = None


@dataclass(frozen=True, kw_only=True)
class Services:
    """The parts of one running application."""

    home: Path
    sessions: sessionmaker[Session]
    clock: Callable[[], datetime]
    sealer: Sealer
    intake: Intake
    models: Models
    vault: Vault
    throttle: GuessThrottle
    prechecks: Prechecks
    trials: TrialJobs
    registry: Registry
    secure_cookies: bool


def services(request: Request) -> Services:
    found: Services = request.app.state.services
    return found


Svc = Annotated[Services, Depends(services)]


def unit_of_work(svc: Svc) -> Iterator[Session]:
    """One transaction a request: committed before the answer leaves, rolled back on any error."""
    with svc.sessions.begin() as session:
        yield session


Db = Annotated[Session, Depends(unit_of_work, scope="function")]
