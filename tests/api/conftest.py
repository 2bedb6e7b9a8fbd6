"""The application over the small world, and clients signed in as each person."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.app import create_app
from api.context import Intake
from api.trial_jobs import TrialRun
from ml.serving import Served
from tests.api.trials import counted_trial
from tests.casework_world import COUNTY, MODEL, NOW, PASSWORD, KeywordTriage, KnownNames, World

SMS_SECRET = b"shared with the gateway"


class Clock:
    """A clock that stands until a test moves it."""

    def __init__(self) -> None:
        self.now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


def build_app(
    home: Path,
    url: str,
    clock: Callable[[], datetime],
    *,
    sms_secret: bytes | None = SMS_SECRET,
    trial: TrialRun = counted_trial,
    public_address: str | None = None,
) -> FastAPI:
    return create_app(
        home=home,
        database_url=url,
        clock=clock,
        intake=Intake(
            triage=lambda: Served(KeywordTriage(), "base-1"),
            division=COUNTY,
            sms_secret=sms_secret,
            public_address=public_address,
        ),
        models={MODEL.id: MODEL},
        vault=KnownNames(),
        trial=trial,
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(small_world: World, clock: Clock) -> FastAPI:
    return build_app(small_world.home, small_world.url, clock)


@pytest.fixture
def anyone(app: FastAPI) -> Iterator[TestClient]:
    """A client without a session; errors of the server are raised."""
    with TestClient(app, base_url="http://testserver") as client:
        yield client


@pytest.fixture
def signed_in(app: FastAPI, anyone: TestClient) -> Callable[[str], TestClient]:
    """Clients with a bearer token, by login."""

    def sign_in(login: str) -> TestClient:
        answer = anyone.post("/api/session", json={"login": login, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        client = TestClient(app)
        client.headers["Authorization"] = f"Bearer {answer.json()['token']}"
        return client

    return sign_in
