"""A mailbox, the office behind it, and a villager before it: see `api.public_app` and `casework.mailbox_fetch`."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from api.public_app import create_public_app
from casework.channel_models import IntakePoint
from casework.letters import drop, seal_letter
from casework.mailbox import LETTERS, Letter, Mailbox
from casework.mailbox_fetch import Office, publish
from casework.models import Complaint
from casework.receipts import given_out
from casework.sealing import load_sealer
from casework.upward import ENDING
from ml.serving import Served
from tests.casework_world import COUNTY, NOW, VILLAGE_A, KeywordTriage

TEXT = "石桥村低保名单不公开，我叫王小明"
TOKEN = "Tok3n_of-A"


def contents(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def count(world, table=Complaint) -> int:
    with world.sessions() as session:
        return session.scalar(select(func.count()).select_from(table))


def forged(mailbox: Mailbox, **given: str) -> None:
    """A letter of somebody who can write into the mailbox."""
    fields = {
        "kind": "complaint", "message_id": "forged", "receipt": given_out(NOW.year, 1), "text": TEXT,
        "code": "1111111111",
    } | given  # fmt: skip
    letter = Letter(at=NOW, token=TOKEN, **fields)
    public = (mailbox.folder / "office" / "office.pub").read_bytes()
    drop(mailbox.folder / LETTERS, seal_letter(letter.model_dump_json(), public), ending=ENDING)


@pytest.fixture
def mailbox(tmp_path) -> Mailbox:
    return Mailbox(tmp_path / "mailbox")


@pytest.fixture
def office(small_world, mailbox) -> Office:
    """The office, which has a point and has published it."""
    with small_world.sessions.begin() as session:
        session.add(
            IntakePoint(
                token=TOKEN, name="石桥村", division=COUNTY, about=VILLAGE_A, active=True,
                created_by=small_world.users["clerk"], created_at=NOW,
            )
        )  # fmt: skip
    made = Office(
        home=small_world.home,
        sessions=small_world.sessions,
        sealer=load_sealer(small_world.home),
        triage=Served(KeywordTriage(), "base-1"),
        division=COUNTY,
    )
    publish(made, mailbox)
    return made


@pytest.fixture
def villager(office, mailbox, clock) -> TestClient:
    return TestClient(create_public_app(mailbox.folder, clock=clock))
